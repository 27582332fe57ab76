/* What may come in, and JSON in and out: pure, no loop. */
#include "control/guard.h"
#include "control/json_in.h"
#include "control/json_out.h"

#include "base/err.h"
#include "base/mem.h"

#include <check.h>
#include <stdlib.h>

/* ---- the guard ------------------------------------------------------------------------------- */

#define TOKEN "s3cret"

static const struct {
    const char *bound, *token;                        /* the door */
    const char *host, *origin, *authorization, *type; /* the request; NULL: no such header */
    const char *body;
    int status; /* 0: it may come in */
} cases[] = {
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, NULL, "", 0 },
    { NULL, NULL, "localhost:18081", NULL, NULL, NULL, "", 0 },
    { NULL, NULL, "LOCALHOST", NULL, NULL, NULL, "", 0 },
    { NULL, NULL, "[::1]:18081", NULL, NULL, NULL, "", 0 },
    { NULL, NULL, NULL, NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "", NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "evil.example:18081", NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "localhost.evil.example", NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1.evil.example", NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "192.168.1.5:18081", NULL, NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", "http://127.0.0.1:18081", NULL, NULL, "", 0 },
    { NULL, NULL, "127.0.0.1:18081", "http://127.0.0.1:9999", NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", "https://127.0.0.1:18081", NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", "http://evil.example", NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", "null", NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", "", NULL, NULL, "", 403 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, "application/json", "{}", 0 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, "Application/JSON; charset=utf-8", "{}", 0 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, "text/plain", "{}", 415 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, "application/jsonp", "{}", 415 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, NULL, "{}", 415 },
    { NULL, NULL, "127.0.0.1:18081", NULL, NULL, "text/plain", "", 0 },
    { "192.168.1.5", TOKEN, "192.168.1.5:18081", NULL, "Bearer s3cret", NULL, "", 0 },
    { "192.168.1.5", TOKEN, "lab-7.example:18081", NULL, "Bearer s3cret", NULL, "", 0 },
    { "0.0.0.0", TOKEN, "192.168.1.6:18081", NULL, "bearer s3cret", NULL, "", 0 },
    { "0.0.0.0", TOKEN, "sandbox:18081", NULL, "Bearer s3cret", NULL, "", 0 },
    { "0.0.0.0", TOKEN, "evil.example:18081", "http://evil.example:18081", NULL, NULL, "", 401 },
    { "0.0.0.0", TOKEN, "sandbox:18081", "http://evil.example", "Bearer s3cret", NULL, "", 403 },
    { "0.0.0.0", TOKEN, "", NULL, "Bearer s3cret", NULL, "", 403 },
    { "0.0.0.0", NULL, "sandbox:18081", NULL, NULL, NULL, "", 403 },
    { NULL, TOKEN, "evil.example:18081", NULL, "Bearer s3cret", NULL, "", 403 },
    { "::", TOKEN, "[fd00::7]:18081", NULL, "Bearer s3cret", NULL, "", 0 },
    { NULL, TOKEN, "127.0.0.1", NULL, NULL, NULL, "", 401 },
    { NULL, TOKEN, "127.0.0.1", NULL, "Bearer s3cre", NULL, "", 401 },
    { NULL, TOKEN, "127.0.0.1", NULL, "Bearer s3cretx", NULL, "", 401 },
    { NULL, TOKEN, "127.0.0.1", NULL, "Basic s3cret", NULL, "", 401 },
    { NULL, TOKEN, "127.0.0.1", NULL, "s3cret", NULL, "", 401 },
};

START_TEST(only_what_comes_from_here_may_come_in)
{
    const struct {
        const char *name, *value;
    } given[] = {
        { "Host", cases[_i].host },
        { "Origin", cases[_i].origin },
        { "Authorization", cases[_i].authorization },
        { "Content-Type", cases[_i].type },
    };
    struct http_headers *headers = mem_new(struct http_headers);
    struct http_request request = { .headers = headers, .body = view_str(cases[_i].body) };
    struct guard guard = { cases[_i].bound, cases[_i].token };

    for (size_t i = 0; i < COUNT(given); i++) {
        if (given[i].value)
            headers->item[headers->count++] =
                (struct http_header){ view_str(given[i].name), view_str(given[i].value) };
    }
    const struct guard_no *no = guard_check(&guard, &request);
    ck_assert_int_eq(no ? no->status : 0, cases[_i].status);
    mem_free(headers);
}
END_TEST

START_TEST(loopback_is_known_by_its_address)
{
    ck_assert(guard_is_loopback(NULL));
    ck_assert(guard_is_loopback("127.0.0.1"));
    ck_assert(guard_is_loopback("127.9.9.9"));
    ck_assert(guard_is_loopback("::1"));
    ck_assert(!guard_is_loopback("0.0.0.0"));
    ck_assert(!guard_is_loopback("::"));
    ck_assert(!guard_is_loopback("10.0.0.1"));
    ck_assert(!guard_is_loopback("127.0.0.1.evil.example"));
}
END_TEST

/* ---- JSON out -------------------------------------------------------------------------------- */

/* Whatever is written must be read by a parser that did not write it, and be the same. */
START_TEST(every_byte_comes_through_as_json)
{
    struct json_out out = JSON_OUT_INIT(1 << 16);
    char text[256];
    json_t *read;

    for (int i = 0; i < 127; i++)
        text[i] = (char)(i + 1);
    text[127] = '\0';
    out_open(&out, NULL, '{');
    out_str(&out, text, text);
    out_text(&out, "broken", VIEW("a\xff\xc3(\xe8\x8c\xb6"));
    out_open(&out, "list", '[');
    out_int(&out, NULL, INT64_MIN);
    out_bool(&out, NULL, true);
    out_str(&out, NULL, NULL);
    out_open(&out, NULL, '{');
    out_close(&out, '}');
    out_raw(&out, NULL, VIEW("[1,2]"));
    out_close(&out, ']');
    out_moment(&out, "never", 0);
    out_moment(&out, "once", 1795521364107);
    out_close(&out, '}');
    ck_assert_int_eq(out.err, 0);
    read = json_loadb(out.text.ptr, out.text.len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(read);
    ck_assert_str_eq(json_string_value(json_object_get(read, text)), text);
    ck_assert_str_eq(json_string_value(json_object_get(read, "broken")),
                     "a\xef\xbf\xbd\xef\xbf\xbd(\xe8\x8c\xb6");
    ck_assert_uint_eq(json_array_size(json_object_get(read, "list")), 5);
    ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(read, "list"), 0)),
                     INT64_MIN);
    ck_assert(json_is_null(json_object_get(read, "never_ms")));
    ck_assert(json_is_null(json_object_get(read, "never_at")));
    ck_assert_str_eq(json_string_value(json_object_get(read, "once_at")),
                     "2026-11-24T19:56:04.107+08:00");
    json_decref(read);
    json_out_release(&out);
}
END_TEST

START_TEST(a_full_buffer_is_an_error_that_stays)
{
    struct json_out out = JSON_OUT_INIT(16);

    out_open(&out, NULL, '[');
    for (int i = 0; i < 20; i++)
        out_int(&out, NULL, i);
    ck_assert_int_eq(out.err, ERR_TOO_LONG);
    ck_assert_uint_le(out.text.len, 16);
    json_out_release(&out);
}
END_TEST

START_TEST(pretty_keeps_members_and_their_order)
{
    struct buf pretty = BUF_INIT(256);

    ck_assert_int_eq(json_pretty(VIEW("{\"b\":1,\"a\":[true]}"), &pretty), 0);
    ck_assert_str_eq(buf_cstr(&pretty), "{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}\n");
    ck_assert_int_eq(json_pretty(VIEW("{"), &pretty), ERR_SYNTAX);
    buf_release(&pretty);
}
END_TEST

START_TEST(pretty_that_does_not_fit_is_an_error_and_never_half)
{
    static const char whole[] =
        "{\n  \"b\": 1,\n  \"a\": [\n    true\n  ],\n  \"c\": \"x\\n\"\n}\n";

    for (size_t room = 0; room < sizeof(whole) - 1; room++) {
        struct buf pretty = BUF_INIT(room);
        ck_assert_msg(json_pretty(VIEW("{\"b\":1,\"a\":[true],\"c\":\"x\\n\"}"), &pretty) ==
                          ERR_TOO_LONG,
                      "cut at %zu bytes", room);
        ck_assert_uint_eq(pretty.len, room == sizeof(whole) - 2 ? room : 0);
        buf_release(&pretty);
    }
}
END_TEST

/* ---- JSON in --------------------------------------------------------------------------------- */

struct sample {
    struct view text;
    int64_t number;
    bool flag;
    int choice;
    json_t *list, *map;
};

static const char *const choices[] = { "one", "two", NULL };
static const struct member members[] = {
    MEMBER(TEXT, struct sample, text, .min = 2, .max = 4),
    MEMBER(INT, struct sample, number, .min = -3, .max = 7, .must = true),
    MEMBER(BOOL, struct sample, flag),
    MEMBER(CHOICE, struct sample, choice, .choices = choices),
    MEMBER(LIST, struct sample, list, .min = 1, .max = 2),
    MEMBER(MAP, struct sample, map, .max = 1),
};

static const struct {
    const char *json, *where; /* NULL: it is read */
} inputs[] = {
    { "{\"number\":7}", NULL },
    { "{\"number\":-3,\"text\":\"abcd\",\"flag\":true,\"choice\":\"two\",\"list\":[1],\"map\":{}}",
      NULL },
    { "{}", "/base/number" },
    { "{\"number\":8}", "/base/number" },
    { "{\"number\":-4}", "/base/number" },
    { "{\"number\":1.0}", "/base/number" },
    { "{\"number\":\"1\"}", "/base/number" },
    { "{\"number\":null}", "/base/number" },
    { "{\"number\":1,\"text\":\"a\"}", "/base/text" },
    { "{\"number\":1,\"text\":\"abcde\"}", "/base/text" },
    { "{\"number\":1,\"text\":1}", "/base/text" },
    { "{\"number\":1,\"flag\":1}", "/base/flag" },
    { "{\"number\":1,\"choice\":\"three\"}", "/base/choice" },
    { "{\"number\":1,\"choice\":1}", "/base/choice" },
    { "{\"number\":1,\"list\":[]}", "/base/list" },
    { "{\"number\":1,\"list\":[1,2,3]}", "/base/list" },
    { "{\"number\":1,\"list\":{}}", "/base/list" },
    { "{\"number\":1,\"map\":[]}", "/base/map" },
    { "{\"number\":1,\"map\":{\"a\":1,\"b\":2}}", "/base/map" },
    { "{\"number\":1,\"~/\":2}", "/base/~0~1" },
    { "[]", "/base" },
};

START_TEST(members_are_read_by_their_table)
{
    json_t *json = json_loads(inputs[_i].json, 0, NULL);
    struct json_trouble trouble = { .base = "/base" };
    struct sample sample = { .choice = -1 };
    int err = json_in_read(json, members, COUNT(members), &sample, &trouble);

    ck_assert_int_eq(err, inputs[_i].where ? ERR_SYNTAX : 0);
    ck_assert_str_eq(trouble.where, inputs[_i].where ? inputs[_i].where : "");
    ck_assert(!err == !trouble.message[0]);
    if (_i == 0)
        ck_assert(sample.number == 7 && sample.choice == -1 && !sample.text.ptr);
    if (_i == 1)
        ck_assert(sample.number == -3 && sample.choice == 1 && sample.flag &&
                  view_is(sample.text, "abcd") && sample.list && sample.map);
    json_decref(json);
}
END_TEST

static const struct {
    const char *query;
    int64_t number; /* -9: refused */
} queries[] = {
    { "number=5", 5 },
    { "number=%35&text=a%20b", 5 },
    { "text=a+b&number=5", 5 },
    { "&&number=5&", 5 },
    { "number=05", -9 },
    { "number=+5", -9 },
    { "number=5&number=5", -9 },
    { "number=%zz", -9 },
    { "number=5&text=%ff%fe", -9 },
    { "number=", -9 },
    { "number", -9 },
    { "number=5&colour=red", -9 },
};

START_TEST(a_query_is_read_by_the_same_table)
{
    struct json_trouble trouble = {};
    struct sample sample = {};
    json_t *json = NULL;
    int err = json_in_query(view_str(queries[_i].query), &json, &trouble);

    trouble.query = true;
    if (!err)
        err = json_in_read(json, members, COUNT(members), &sample, &trouble);
    ck_assert_int_eq(err, queries[_i].number == -9 ? ERR_SYNTAX : 0);
    if (!err)
        ck_assert_int_eq(sample.number, queries[_i].number);
    if (!err && sample.text.ptr)
        ck_assert(view_is(sample.text, "a b"));
    ck_assert(trouble.where[0] == '\0' || trouble.where[0] == '?');
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control guard");
    TCase *tc = tcase_create("pure");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, only_what_comes_from_here_may_come_in, 0, COUNT(cases));
    tcase_add_test(tc, loopback_is_known_by_its_address);
    tcase_add_test(tc, every_byte_comes_through_as_json);
    tcase_add_test(tc, a_full_buffer_is_an_error_that_stays);
    tcase_add_test(tc, pretty_keeps_members_and_their_order);
    tcase_add_test(tc, pretty_that_does_not_fit_is_an_error_and_never_half);
    tcase_add_loop_test(tc, members_are_read_by_their_table, 0, COUNT(inputs));
    tcase_add_loop_test(tc, a_query_is_read_by_the_same_table, 0, COUNT(queries));
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
