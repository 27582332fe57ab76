#include "base/err.h"
#include "base/mem.h"
#include "exchange.h"
#include "wxpay/v2_msg.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct exchange_log *log_;
static int64_t live_before;

static void setup(void)
{
    struct v2_msg msg = {}; /* the reader keeps its context from message to message */
    ck_assert_int_eq(v2_msg_read(&msg, VIEW("<xml><a>1</a></xml>"), NULL, NULL), 0);
    v2_msg_release(&msg);
    live_before = mem_live();
    struct exchange_log_options options = { .ring = 3 };
    ck_assert_int_eq(exchange_log_new(&log_, &options), 0);
}

static void teardown(void)
{
    exchange_log_free(log_);
    ck_assert_int_eq(mem_live(), live_before);
}

static struct exchange *begin(const char *mch_id, const char *api, const char *number)
{
    struct exchange *exchange;
    ck_assert_int_eq(exchange_begin(log_, EXCHANGE_API, &exchange), 0);
    ck_assert_int_eq(view_copy(view_str(mch_id), exchange->mch_id, sizeof(exchange->mch_id)), 0);
    ck_assert_int_eq(view_copy(view_str(api), exchange->api, sizeof(exchange->api)), 0);
    ck_assert_int_eq(
        view_copy(view_str(number), exchange->out_trade_no, sizeof(exchange->out_trade_no)), 0);
    return exchange;
}

static void one(const char *mch_id, const char *api, const char *number)
{
    exchange_end(log_, begin(mch_id, api, number));
}

struct seen {
    size_t count;
    int64_t id[16];
};

static void see(void *ctx, const struct exchange *exchange)
{
    struct seen *seen = ctx;
    seen->id[seen->count++] = exchange->id;
}

static size_t each(struct exchange_filter filter, struct seen *seen)
{
    *seen = (struct seen){};
    return exchange_each(log_, &filter, see, seen);
}

START_TEST(a_full_ring_forgets_its_oldest_and_says_how_many)
{
    struct seen seen;
    for (int i = 0; i < 5; i++)
        one("1", "orderquery", "A");
    one("2", "orderquery", "A"); /* another account loses nothing by it */
    ck_assert_uint_eq(each((struct exchange_filter){ .mch_id = VIEW("1"), .limit = 9 }, &seen), 2);
    ck_assert_uint_eq(seen.count, 3);
    ck_assert_int_eq(seen.id[0], 3);
    ck_assert_int_eq(seen.id[2], 5);
    struct exchange_filter after = { .mch_id = VIEW("1"), .after_id = 1, .limit = 9 };
    ck_assert_uint_eq(each(after, &seen), 1);
    after.after_id = 2;
    ck_assert_uint_eq(each(after, &seen), 0);
    ck_assert_uint_eq(each((struct exchange_filter){ .mch_id = VIEW("2"), .limit = 9 }, &seen), 0);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq(seen.id[0], 6);
}
END_TEST

START_TEST(a_record_that_ends_late_is_still_after_what_was_read)
{
    struct seen seen;
    struct exchange *slow = begin("1", "unifiedorder", "A");
    one("1", "orderquery", "A");
    each((struct exchange_filter){ .mch_id = VIEW("1"), .limit = 9 }, &seen);
    ck_assert_uint_eq(seen.count, 1);
    int64_t read = seen.id[0];
    exchange_end(log_, slow);
    each((struct exchange_filter){ .mch_id = VIEW("1"), .after_id = read, .limit = 9 }, &seen);
    ck_assert_uint_eq(seen.count, 1);
}
END_TEST

START_TEST(a_filter_chooses_by_api_and_number_up_to_its_limit)
{
    struct seen seen;
    one("1", "orderquery", "A");
    one("1", "unifiedorder", "A");
    one("1", "orderquery", "B");
    each((struct exchange_filter){ .mch_id = VIEW("1"), .api = VIEW("orderquery"), .limit = 9 },
         &seen);
    ck_assert_uint_eq(seen.count, 2);
    each((struct exchange_filter){ .mch_id = VIEW("1"), .out_trade_no = VIEW("B"), .limit = 9 },
         &seen);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_int_eq(seen.id[0], 3);
    each((struct exchange_filter){ .mch_id = VIEW("1"), .limit = 2 }, &seen);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_int_eq(seen.id[1], 2);
}
END_TEST

START_TEST(nobody_s_calls_are_read_as_a_dash)
{
    struct seen seen;
    one("", "unifiedorder", "");
    each((struct exchange_filter){ .mch_id = VIEW("-"), .limit = 9 }, &seen);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_ptr_nonnull(exchange_get(log_, 1));
    exchange_reset(log_, VIEW("-"));
    ck_assert_ptr_null(exchange_get(log_, 1));
}
END_TEST

START_TEST(a_recycled_record_shows_nothing_of_the_old_one)
{
    struct exchange *exchange = begin("1", "unifiedorder", "SECRET");
    exchange_raw(exchange, &exchange->request_body, VIEW("old body"));
    exchange_check(exchange, "sign", "V2 2.1", false, "%s", "old");
    exchange_remark(exchange, "x", "V2 1.2", "old %d", 1);
    exchange->status = 200;
    exchange->refusal = "BAD_SIGN";
    exchange_drop(log_, exchange);
    struct exchange *again = begin("1", "", "");
    ck_assert_ptr_eq(again, exchange);
    ck_assert_uint_eq(again->request_body.len, 0);
    ck_assert_uint_eq(again->check_count + again->remark_count, 0);
    ck_assert_int_eq(again->status, 0);
    ck_assert_ptr_null(again->refusal);
    exchange_drop(log_, again);
}
END_TEST

static json_t *json_of(const struct exchange *exchange)
{
    struct buf out = BUF_INIT(1024 * 1024);
    ck_assert_int_eq(exchange_json(exchange, &out), 0);
    json_error_t error;
    json_t *root = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root, "%s at %d in %s", error.text, error.position, buf_cstr(&out));
    buf_release(&out);
    return root;
}

START_TEST(the_json_is_the_control_api_s)
{
    struct exchange *exchange = begin("1900000109", "unifiedorder", "A1");
    exchange_raw(exchange, &exchange->request_head,
                 VIEW("POST /pay/unifiedorder HTTP/1.1\r\nHost: a:1\r\nX-Odd:  b\xff \r\n\r\n"));
    exchange_raw(
        exchange, &exchange->request_body,
        VIEW("<xml><body><![CDATA[\"\xe8\x85\xbe\\]]></body><total_fee>1</total_fee></xml>"));
    exchange_raw(exchange, &exchange->answer_head,
                 VIEW("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"));
    exchange_raw(exchange, &exchange->answer_body, VIEW("\xff\x00z"));
    exchange->status = 200;
    exchange->outcome = EXCHANGE_ANSWERED;
    exchange_check(exchange, "sign", "V2 2.1", true, "%s", "");
    exchange_check(exchange, "fields", "V2 1.8.5", false, "%s has %d bytes", "body", 129);
    exchange_remark(exchange, "product-id-absent", "V2 3.1", "%s", "no product_id");

    json_t *root = json_of(exchange);
    const char *method, *target, *body, *base64, *fee, *fields_body, *outcome, *why, *id;
    const char *host, *odd;
    int ok, status;
    ck_assert_int_eq(json_unpack(root,
                                 "{s:{s:s,s:s,s:s,s:[[s,s],[s,s]]},s:{s:s,s:s},s:{s:i,s:n,s:s},s:s,"
                                 "s:[{s:b},{s:s}],s:[{s:s}],s:n,s:n,s:n}",
                                 "request", "method", &method, "target", &target, "body", &body,
                                 "headers", &host, &id, &odd, &why, "fields", "body", &fields_body,
                                 "total_fee", &fee, "answer", "status", &status, "body",
                                 "body_base64", &base64, "outcome", &outcome, "checks", "ok", &ok,
                                 "why", &why, "remarks", "id", &id, "refusal", "hint", "fault"),
                     0);
    ck_assert_str_eq(method, "POST");
    ck_assert_str_eq(target, "/pay/unifiedorder");
    ck_assert_str_eq(host, "Host");
    ck_assert_str_eq(
        json_string_value(json_array_get(
            json_array_get(json_object_get(json_object_get(root, "request"), "headers"), 1), 1)),
        "b\xef\xbf\xbd");
    ck_assert_str_eq(fields_body, "\"\xe8\x85\xbe\\");
    ck_assert_str_eq(fee, "1");
    ck_assert_str_eq(base64, "/wB6"); /* printf '\377\000z' | base64 */
    ck_assert_str_eq(outcome, "answered");
    ck_assert_str_eq(why, "body has 129 bytes");
    ck_assert_str_eq(id, "product-id-absent");
    ck_assert_int_eq(status, 200);
    ck_assert_int_ne(ok, 0);
    json_decref(root);
    exchange_drop(log_, exchange);
}
END_TEST

START_TEST(what_is_too_long_is_cut_and_says_so)
{
    static char big[EXCHANGE_RAW_MAX + 1];
    memset(big, 1, sizeof(big)); /* the worst case: six characters of JSON per byte */
    struct exchange *exchange = begin("1", "unifiedorder", "A");
    struct buf *parts[] = { &exchange->request_head, &exchange->request_body,
                            &exchange->answer_head, &exchange->answer_body };
    for (size_t i = 0; i < COUNT(parts); i++) {
        exchange_raw(exchange, parts[i], (struct view){ big, sizeof(big) });
        ck_assert_uint_eq(parts[i]->len, EXCHANGE_RAW_MAX);
    }
    ck_assert(exchange->cut);
    for (int i = 0; i < CHECKS_MAX + 5; i++)
        exchange_check(exchange, "x", "V2 1.1", false, "%0200d", i);
    for (int i = 0; i < REMARKS_MAX + 5; i++)
        exchange_remark(exchange, "x", "V2 1.1", "%0200d", i);
    ck_assert_uint_eq(exchange->check_count, CHECKS_MAX);
    ck_assert_uint_eq(exchange->remark_count, REMARKS_MAX);
    json_t *root = json_of(exchange);
    ck_assert(json_is_true(json_object_get(json_object_get(root, "request"), "cut")));
    json_decref(root);
    exchange_drop(log_, exchange);
}
END_TEST

START_TEST(without_memory_a_record_is_shorter_and_nothing_leaks)
{
    for (int64_t n = 1;; n++) {
        struct exchange_log *log = NULL;
        struct exchange_log_options options = { .ring = 2 };
        struct exchange *exchange = NULL;
        int64_t live = mem_live();
        mem_fail_at(n);
        int err = exchange_log_new(&log, &options);
        if (!err)
            err = exchange_begin(log, EXCHANGE_API, &exchange);
        if (!err) {
            exchange_raw(exchange, &exchange->request_body, VIEW("<xml><a>1</a></xml>"));
            exchange_check(exchange, "sign", "V2 2.1", true, "%s", "");
            exchange_remark(exchange, "x", "V2 1.1", "%s", "y");
            struct buf out = BUF_INIT(64 * 1024);
            int trouble = exchange_json(exchange, &out);
            ck_assert(trouble == 0 || (trouble == ERR_NOMEM && out.len == 0));
            buf_release(&out);
            exchange_end(log, exchange);
        }
        bool refused = mem_refused();
        mem_fail_at(0);
        ck_assert(!err || err == ERR_NOMEM);
        exchange_log_free(log);
        ck_assert_int_eq(mem_live(), live);
        if (!refused)
            return;
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

START_TEST(the_file_has_one_line_per_record)
{
    char path[] = "/tmp/test_exchange_XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    struct exchange_log_options options = { .file = path };
    struct exchange_log *log;
    for (int run = 0; run < 2; run++) { /* appended over a restart */
        ck_assert_int_eq(exchange_log_new(&log, &options), 0);
        struct exchange *exchange;
        ck_assert_int_eq(exchange_begin(log, EXCHANGE_API, &exchange), 0);
        exchange_end(log, exchange);
        exchange_log_free(log);
    }
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;
    int lines = 0;
    while (getline(&line, &size, file) > 0) {
        json_t *root = json_loads(line, 0, NULL);
        ck_assert_ptr_nonnull(root);
        json_decref(root);
        lines++;
    }
    ck_assert_int_eq(lines, 2);
    free(line); /* getline's own block */
    fclose(file);
    unlink(path);
    options.file = "/no/such/folder/x";
    ck_assert_int_lt(exchange_log_new(&log, &options), 0);
    ck_assert_ptr_null(log);
}
END_TEST

static int64_t heard;

static void hear(void *owner, const struct exchange *exchange)
{
    *(int64_t *)owner = exchange->id;
}

START_TEST(the_listener_hears_of_complete_records_only)
{
    exchange_log_listen(log_, hear, &heard);
    struct exchange *dropped = begin("1", "a", "b");
    exchange_drop(log_, dropped);
    ck_assert_int_eq(heard, 0);
    one("1", "a", "b");
    ck_assert_int_eq(heard, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_full_ring_forgets_its_oldest_and_says_how_many);
    tcase_add_test(all, a_record_that_ends_late_is_still_after_what_was_read);
    tcase_add_test(all, a_filter_chooses_by_api_and_number_up_to_its_limit);
    tcase_add_test(all, nobody_s_calls_are_read_as_a_dash);
    tcase_add_test(all, a_recycled_record_shows_nothing_of_the_old_one);
    tcase_add_test(all, the_json_is_the_control_api_s);
    tcase_add_test(all, what_is_too_long_is_cut_and_says_so);
    tcase_add_test(all, without_memory_a_record_is_shorter_and_nothing_leaks);
    tcase_add_test(all, the_file_has_one_line_per_record);
    tcase_add_test(all, the_listener_hears_of_complete_records_only);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
