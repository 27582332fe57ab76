/* The delivery machine: V2 6.1-6.5, and what survives a restart. */
#include "door_test.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ACK                                                                                        \
    "<xml><return_code><![CDATA[SUCCESS]]></return_code>"                                          \
    "<return_msg><![CDATA[OK]]></return_msg></xml>"
#define NACK "<xml><return_code><![CDATA[FAIL]]></return_code></xml>"

#define KEPT_MAX 64

static struct door door;

/* A merchant's endpoint: keeps every body, answers as told. */
static struct receiver {
    struct http_server *server;
    char url[64];
    struct buf body[KEPT_MAX];
    char type[32], agent[32], host[64], target[64];
    size_t count;
    int status;
    const char *answer; /* NULL: none at all, the connection is cut */
    bool stopped;
} receiver;

static void keep(char *out, size_t size, struct view value)
{
    ck_assert_int_eq(view_copy(value, out, size), 0);
}

static void on_notification(struct http_call *call, void *)
{
    const struct http_request *request = http_call_request(call);
    ck_assert_uint_lt(receiver.count, KEPT_MAX);
    receiver.body[receiver.count] = BUF_INIT(1 << 16);
    ck_assert_int_eq(buf_view_add(&receiver.body[receiver.count++], request->body), 0);
    keep(receiver.type, sizeof(receiver.type), http_header_get(request->headers, "content-type"));
    keep(receiver.agent, sizeof(receiver.agent), http_header_get(request->headers, "user-agent"));
    keep(receiver.host, sizeof(receiver.host), http_header_get(request->headers, "host"));
    keep(receiver.target, sizeof(receiver.target), request->target);
    if (receiver.answer)
        http_call_reply(call, receiver.status, NULL, 0, view_str(receiver.answer));
    else
        http_call_cut(call);
}

static void receiver_open(void)
{
    receiver = (struct receiver){ .status = 200, .answer = ACK };
    struct http_server_options options = { .on_call = on_notification };
    ck_assert_int_eq(http_server_start(&receiver.server, &door.loop, &options), 0);
    snprintf(receiver.url, sizeof(receiver.url), "http://127.0.0.1:%u",
             http_server_port(receiver.server));
    /* the announced origin of the manual's order leads here */
    struct account *account = door_account(&door);
    account->origin_count = 1;
    snprintf(account->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(account->origin[0].real, ORIGIN_MAX, "%s", receiver.url);
}

static void on_receiver_stopped(void *)
{
    receiver.stopped = true;
}

static void receiver_close(void)
{
    http_server_stop(receiver.server, on_receiver_stopped);
    door_until(&door, &receiver.stopped);
    for (size_t i = 0; i < receiver.count; i++)
        buf_release(&receiver.body[i]);
}

static void setup(void)
{
    door_open(&door, NULL);
    receiver_open();
}

static void teardown(void)
{
    receiver_close();
    door_close(&door);
}

static void settle(void)
{
    /* a payment is looked at before the loop turns again, so nothing to wait for but the answers */
    for (int turn = 0; turn < 100000; turn++) {
        uv_run(&door.loop, UV_RUN_NOWAIT);
        if (turn > 2 && notify_open(door.sandbox.notify, 0) == 0)
            return;
    }
    ck_abort_msg("a delivery did not end");
}

static struct notice_row notice_of(const char *number)
{
    struct order_row order = {};
    struct notice_row notice = {};
    ck_assert_int_eq(
        order_get_by_number(door.sandbox.store, door_account(&door)->id, view_str(number), &order),
        0);
    ck_assert_int_eq(notice_get_by_order(door.sandbox.store, order.id, NOTICE_PAYMENT, &notice), 0);
    order_row_release(&order);
    return notice;
}

static void pay_new(const char *number)
{
    char code_url[CODE_URL_MAX + 1];
    door_order(&door, number, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
}

struct advanced {
    bool done;
    size_t ended, open;
};

static void on_advanced(void *owner, size_t ended, size_t open)
{
    *(struct advanced *)owner = (struct advanced){ true, ended, open };
}

static size_t advance(int64_t ms)
{
    struct advanced advanced = {};
    struct account *account = door_account(&door);
    ck_assert_int_eq(notify_advance(door.sandbox.notify, account, account_now_ms(account) + ms,
                                    20000, on_advanced, &advanced),
                     0);
    door_until(&door, &advanced.done);
    ck_assert_uint_eq(advanced.open, 0);
    return advanced.ended;
}

START_TEST(a_payment_is_told_once_signed_and_acknowledged)
{
    pay_new("told-once");
    settle();
    ck_assert_uint_eq(receiver.count, 1);
    struct view body = buf_view(&receiver.body[0]);
    ck_assert(view_starts(body, VIEW("<xml><appid><![CDATA[wx8888888888888888]]></appid>\n")));
    ck_assert_ptr_nonnull(strstr(body.ptr, "<total_fee>88</total_fee>"));
    ck_assert_ptr_nonnull(strstr(body.ptr, "<cash_fee><![CDATA[88]]></cash_fee>"));
    ck_assert(sign_holds(body, DEFAULT_API_KEY, false));
    ck_assert_str_eq(receiver.type, "text/xml");
    ck_assert_str_eq(receiver.agent, "Mozilla/4.0");
    ck_assert_str_eq(receiver.host, "merchant.example");
    ck_assert_str_eq(receiver.target, "/wxpay/notify");
    ck_assert_int_eq(notice_of("told-once").state, NOTICE_DONE);
    ck_assert_uint_eq(advance(86400 * 1000LL * 2), 0);
    ck_assert_uint_eq(receiver.count, 1);
}
END_TEST

START_TEST(no_element_is_empty_and_attach_comes_back_verbatim)
{
    struct params params = {};
    struct answer answer;
    params_order(&params, "verbatim");
    params_set(&params, "attach", " lead & trail <x> ");
    params_set(&params, "device_info", "");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_int_eq(door_pay(&door, xml_text(&answer, "code_url"), NULL), PHONE_DONE);
    settle();
    const char *body = buf_cstr(&receiver.body[0]);
    ck_assert_ptr_nonnull(strstr(body, "<attach><![CDATA[ lead & trail <x> ]]></attach>"));
    ck_assert_ptr_null(strstr(body, "[]"));
    ck_assert_ptr_null(strstr(body, "device_info"));
    ck_assert(sign_holds(buf_view(&receiver.body[0]), DEFAULT_API_KEY, false));
    answer_release(&answer);
    params_release(&params);
}
END_TEST

START_TEST(an_hmac_order_is_told_in_hmac)
{
    struct params params = {};
    struct answer answer;
    params_order(&params, "hmac-order");
    params_set(&params, "sign_type", "HMAC-SHA256");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_int_eq(door_pay(&door, xml_text(&answer, "code_url"), NULL), PHONE_DONE);
    settle();
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&receiver.body[0]), "<sign_type><![CDATA[HMAC-SHA256]]></sign_type>"));
    ck_assert(sign_holds(buf_view(&receiver.body[0]), DEFAULT_API_KEY, true));
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* V2 6.4, cumulative seconds from the first delivery: the manual's own sums. */
static const int64_t current_s[] = { 0,    15,   30,    60,    240,   840,   2040,  3840,
                                     5640, 7440, 11040, 21840, 32640, 43440, 65040, 86640 };
static const int64_t old_s[] = { 0, 15, 30, 60, 240, 2040, 3840, 5640, 7440, 11040 };

static void follow_timetable(const int64_t *at_s, size_t count)
{
    struct account *account = door_account(&door);
    vclock_freeze(&account->clock, 1790000000000);
    receiver.answer = NACK;
    pay_new("timetable");
    settle();
    for (size_t i = 1; i < count; i++) {
        ck_assert_uint_eq(receiver.count, i);
        int64_t gap_ms = (at_s[i] - at_s[i - 1]) * 1000;
        ck_assert_uint_eq(advance(gap_ms - 1), 0); /* not a millisecond too early */
        ck_assert_uint_eq(receiver.count, i);
        ck_assert_uint_eq(advance(1), 1);
    }
    ck_assert_uint_eq(receiver.count, count);
    ck_assert_int_eq(notice_of("timetable").state, NOTICE_LOST);
    advance(10 * 86400 * 1000LL);
    ck_assert_uint_eq(receiver.count, count);
}

START_TEST(an_unacknowledged_one_follows_the_timetable_to_the_millisecond)
{
    follow_timetable(current_s, COUNT(current_s));
}
END_TEST

START_TEST(the_old_timetable_is_a_switch)
{
    ck_assert_int_eq(switch_set(&door_account(&door)->switches, VIEW("retry_table"), VIEW("old")),
                     0);
    follow_timetable(old_s, COUNT(old_s));
}
END_TEST

START_TEST(one_jump_over_a_day_delivers_every_due_moment_in_order)
{
    receiver.answer = NACK;
    struct account *account = door_account(&door);
    vclock_freeze(&account->clock, 1790000000000);
    pay_new("jump");
    settle();
    ck_assert_uint_eq(advance(86640 * 1000LL), 15);
    ck_assert_uint_eq(receiver.count, 16);
    ck_assert_int_eq(account_now_ms(account), 1790000000000 + 86640 * 1000LL);
}
END_TEST

START_TEST(every_delivery_has_a_new_nonce_and_a_new_signature)
{
    receiver.answer = NACK;
    pay_new("fresh");
    settle();
    advance(40000); /* 15 s and 15 s after their ends, and some room for the ends */
    ck_assert_uint_eq(receiver.count, 3);
    for (size_t i = 0; i < receiver.count; i++) {
        ck_assert(sign_holds(buf_view(&receiver.body[i]), DEFAULT_API_KEY, false));
        for (size_t j = 0; j < i; j++)
            ck_assert(!view_eq(buf_view(&receiver.body[i]), buf_view(&receiver.body[j])));
    }
}
END_TEST

static const struct {
    int status;
    const char *answer;
    bool done;
} answers[] = {
    { 200, ACK, true },
    { 200, "<xml><return_code>SUCCESS</return_code></xml>", true },
    { 200, NACK, false },
    { 200, "success", false },
    { 200, "", false },
    { 204, "", false },
    { 302, ACK, false },
    { 500, ACK, false },
    { 200, "{\"code\":\"SUCCESS\"}", false },
    { 200, NULL, false },
};

START_TEST(only_an_acknowledgement_stops_the_repeats)
{
    receiver.status = answers[_i].status;
    receiver.answer = answers[_i].answer;
    pay_new("answers");
    settle();
    ck_assert_uint_eq(receiver.count, 1);
    struct notice_row notice = notice_of("answers");
    ck_assert_int_eq(notice.state, answers[_i].done ? NOTICE_DONE : NOTICE_WAITING);
    ck_assert_int_eq(notice.attempts, 1);
}
END_TEST

START_TEST(a_merchant_that_is_not_there_gets_it_later)
{
    struct account *account = door_account(&door);
    snprintf(account->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:1");
    pay_new("not-there");
    settle();
    ck_assert_int_eq(notice_of("not-there").state, NOTICE_WAITING);
    snprintf(account->origin[0].real, ORIGIN_MAX, "%s", receiver.url);
    ck_assert_uint_eq(advance(15100), 1);
    ck_assert_int_eq(notice_of("not-there").state, NOTICE_DONE);
}
END_TEST

START_TEST(held_ones_wait_for_their_release_and_suppressed_ones_for_ever)
{
    struct account *account = door_account(&door);
    account->notice_mode = NOTICE_MODE_HOLD;
    pay_new("held");
    account->notice_mode = NOTICE_MODE_SUPPRESS;
    pay_new("suppressed");
    settle();
    advance(86400 * 1000LL);
    ck_assert_uint_eq(receiver.count, 0);
    ck_assert_int_eq(notify_release(door.sandbox.notify, account), 0);
    settle();
    ck_assert_uint_eq(receiver.count, 1);
    ck_assert_int_eq(notice_of("held").state, NOTICE_DONE);
    ck_assert_int_eq(notice_of("suppressed").state, NOTICE_SUPPRESSED);
}
END_TEST

static void on_resent(void *owner, const struct delivery_row *delivery)
{
    ck_assert(delivery->acknowledged);
    *(bool *)owner = true;
}

START_TEST(a_resend_delivers_once_more_whatever_the_state)
{
    bool resent = false;
    pay_new("resent");
    settle();
    ck_assert_int_eq(notify_resend(door.sandbox.notify, door_account(&door), notice_of("resent").id,
                                   on_resent, &resent),
                     0);
    door_until(&door, &resent);
    ck_assert_uint_eq(receiver.count, 2);
    ck_assert_int_eq(notice_of("resent").state, NOTICE_DONE);
    ck_assert_int_eq(notice_of("resent").attempts, 2);
}
END_TEST

static void order_fault(const char *json)
{
    int64_t id;
    struct fault_error error;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_msg(
        faults_add(door.sandbox.accounts, door_account(&door), view_str(json), &id, &error) == 0,
        "%s: %s", error.where, error.message);
}

static const struct {
    const char *json;
    size_t deliveries;
    bool sign;
    const char *contains;
} faults[] = {
    { "{\"door\":\"notification\",\"kind\":\"wrong_sign\"}", 1, false, "<sign>" },
    { "{\"door\":\"notification\",\"kind\":\"no_sign\"}", 1, false, "<total_fee>88<" },
    { "{\"door\":\"notification\",\"kind\":\"altered_amount\",\"total_fen\":1}", 1, true,
      "<total_fee>1<" },
    { "{\"door\":\"notification\",\"kind\":\"copies\",\"copies\":5}", 5, true, "<total_fee>88<" },
    { "{\"door\":\"notification\",\"kind\":\"delay\",\"delay_ms\":30}", 1, true, "<total_fee>88<" },
    { "{\"door\":\"notification\",\"kind\":\"alter\",\"set\":{\"x\":\"y\"}}", 1, true,
      "<x><![CDATA[y]]></x>" },
};

START_TEST(a_fault_of_the_notification_door_happens)
{
    order_fault(faults[_i].json);
    pay_new("faulty");
    settle();
    ck_assert_uint_eq(receiver.count, faults[_i].deliveries);
    for (size_t i = 0; i < receiver.count; i++) {
        ck_assert_int_eq(sign_holds(buf_view(&receiver.body[i]), DEFAULT_API_KEY, false),
                         faults[_i].sign);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&receiver.body[i]), faults[_i].contains));
    }
}
END_TEST

START_TEST(before_answer_tells_the_payment_first)
{
    struct params params = {};
    struct answer answer;
    struct buf xml = BUF_INIT(1 << 16);
    order_fault("{\"door\":\"notification\",\"kind\":\"before_answer\"}");
    params_order(&params, "too-fast");
    params_sign(&params, DEFAULT_API_KEY, &xml);
    door_begin(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    for (int turn = 0; turn < 100000 && receiver.count == 0; turn++)
        uv_run(&door.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(receiver.count, 1);
    ck_assert(!answer.done);
    door_until(&door, &answer.done);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    buf_release(&xml);
    params_release(&params);
}
END_TEST

START_TEST(unpaid_orders_close_after_a_week_of_virtual_time)
{
    char code_url[CODE_URL_MAX + 1];
    door_order(&door, "week", code_url);
    advance(7 * 86400 * 1000LL - 60000);
    struct order_row order = {};
    struct store *store = door.sandbox.store;
    int64_t id = door_account(&door)->id;
    ck_assert_int_eq(order_get_by_number(store, id, VIEW("week"), &order), 0);
    ck_assert_int_eq(order.state, TRADE_NOTPAY);
    order_row_release(&order);
    advance(120000);
    ck_assert_int_eq(order_get_by_number(store, id, VIEW("week"), &order), 0);
    ck_assert_int_eq(order.state, TRADE_CLOSED);
    order_row_release(&order);
}
END_TEST

START_TEST(what_was_not_acknowledged_goes_on_after_a_restart)
{
    char dir[] = "/tmp/wxpay-notify-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    receiver_close();
    door_close(&door);

    door_open(&door, dir);
    receiver_open();
    receiver.answer = NACK;
    pay_new("restart");
    settle();
    ck_assert_int_eq(notice_of("restart").attempts, 1);
    receiver_close();
    door_close(&door);

    door_open(&door, dir);
    receiver_open();
    ck_assert_int_eq(notice_of("restart").state, NOTICE_WAITING);
    ck_assert_uint_eq(advance(15000), 1);
    ck_assert_uint_eq(receiver.count, 1);
    ck_assert(sign_holds(buf_view(&receiver.body[0]), DEFAULT_API_KEY, false));
    ck_assert_int_eq(notice_of("restart").state, NOTICE_DONE);

    static const char *const files[] = { "sandbox.db", "sandbox.db-wal", "sandbox.db-shm" };
    char path[128];
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notify");
    TCase *tc = tcase_create("deliveries");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_payment_is_told_once_signed_and_acknowledged);
    tcase_add_test(tc, no_element_is_empty_and_attach_comes_back_verbatim);
    tcase_add_test(tc, an_hmac_order_is_told_in_hmac);
    tcase_add_test(tc, an_unacknowledged_one_follows_the_timetable_to_the_millisecond);
    tcase_add_test(tc, the_old_timetable_is_a_switch);
    tcase_add_test(tc, one_jump_over_a_day_delivers_every_due_moment_in_order);
    tcase_add_test(tc, every_delivery_has_a_new_nonce_and_a_new_signature);
    tcase_add_loop_test(tc, only_an_acknowledgement_stops_the_repeats, 0, COUNT(answers));
    tcase_add_test(tc, a_merchant_that_is_not_there_gets_it_later);
    tcase_add_test(tc, held_ones_wait_for_their_release_and_suppressed_ones_for_ever);
    tcase_add_test(tc, a_resend_delivers_once_more_whatever_the_state);
    tcase_add_loop_test(tc, a_fault_of_the_notification_door_happens, 0, COUNT(faults));
    tcase_add_test(tc, before_answer_tells_the_payment_first);
    tcase_add_test(tc, unpaid_orders_close_after_a_week_of_virtual_time);
    tcase_add_test(tc, what_was_not_acknowledged_goes_on_after_a_restart);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
