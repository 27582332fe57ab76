/* Every mistake in a profile is refused, and the message names line, column and key. */
#include "base/err.h"
#include "base/mem.h"
#include "profile.h"

#include <check.h>
#include <stdlib.h>

#define HEAD                                                                                       \
    "profile: 1\n"                                                                                 \
    "name: shop\n"                                                                                 \
    "api: v2\n"                                                                                    \
    "merchant:\n"                                                                                  \
    "  base_url: http://127.0.0.1:1\n"
#define ORDER                                                                                      \
    "order:\n"                                                                                     \
    "  create:\n"                                                                                  \
    "    - request: POST /orders\n"                                                                \
    "      capture: { id: json /id, code_url: json /url }\n"

static const struct {
    const char *text;
    unsigned line, column;
    const char *key, *says;
} mistakes[] = {
    /* the text itself */
    { "profile: 1\nname: a\nname: b\n", 3, 1, "", "duplicate key: name" },
    { "profile: &x 1\n", 1, 10, "", "anchors are not allowed" },
    { "profile: 1\nname: *x\n", 2, 7, "", "aliases are not allowed" },
    { "profile: !!int 1\n", 1, 10, "", "tags are not allowed" },
    { "profile: [1\n", 2, 1, "", "" },
    { "profile: 1\n---\nprofile: 1\n", 2, 1, "", "second document" },
    { "profile: 1\n? [a]\n: b\n", 2, 3, "", "a key must be" },
    { "", 1, 1, "", "the key \"profile\" is missing" },
    { "- a\n", 1, 1, "", "a map is expected here, not a list" },
    /* keys */
    { "profile: 2\n", 1, 10, "profile", "version 1" },
    { "profile: 1\nnaem: x\n", 2, 1, "naem", "did you mean \"name\"" },
    { "profile: 1\nname: x\napi: v4\n", 3, 6, "api", "v2 or v3 is expected" },
    { HEAD "  raedy: GET /\n" ORDER, 6, 3, "merchant.raedy", "did you mean \"ready\"" },
    { HEAD "  ready: POST /\n" ORDER, 6, 10, "merchant.ready", "only GET" },
    { HEAD "  ready_timeout: 20\n" ORDER, 6, 18, "merchant.ready_timeout", "a time is expected" },
    { HEAD "  ready_timeout: 20sec\n" ORDER, 6, 18, "merchant.ready_timeout", "not \"20sec\"" },
    { HEAD "  start: []\n" ORDER, 6, 10, "merchant.start", "empty command" },
    { HEAD "  start: ./shop\n" ORDER, 6, 10, "merchant.start", "a list is expected" },
    { HEAD ORDER "  refund: FETCH /r\n", 10, 11, "order.refund", "METHOD /path" },
    { HEAD ORDER "  refrsh: POST /r\n", 10, 3, "order.refrsh", "did you mean \"refresh\"" },
    { HEAD ORDER "  qr: picture\n", 10, 7, "order.qr", "one of: GET PATH" },
    { HEAD ORDER "  refresh: FETCH /r\n", 10, 12, "order.refresh", "METHOD /path" },
    { HEAD ORDER "  close: { json: { a: 1 } }\n", 10, 10, "order.close", "either a request" },
    { HEAD ORDER "  close: { request: POST /c, json: {}, body: x }\n", 10, 46, "order.close.body",
      "one body" },
    { HEAD ORDER "  status: { request: GET /s, state: json /s }\n", 10, 11, "order.status",
      "the key \"paid\" is missing" },
    { HEAD ORDER "  status: { request: GET /s, state: jsn /s, paid: paid }\n", 10, 37,
      "order.status.state", "is no source" },
    { HEAD ORDER "  status: { request: GET /s, state: json s, paid: paid }\n", 10, 37,
      "order.status.state", "begins with /" },
    { HEAD ORDER "  status: { request: GET /s, state: regex (, paid: paid }\n", 10, 37,
      "order.status.state", "bad regular expression" },
    { HEAD ORDER "  status: { request: GET /s, state: regex abc, paid: paid }\n", 10, 37,
      "order.status.state", "no group" },
    { HEAD ORDER "  status: { request: GET /s, state: 'regex ((((a{1,99}){1,99}){1,99}){1,99})', "
                 "paid: paid }\n",
      10, 37, "order.status.state", "bad regular expression: at its byte" },
    { HEAD ORDER
      "  status: { request: GET /s, state: json /s, paid: '/(((((((a{99}){99}){99}){99}){99}"
      "){99})/' }\n",
      10, 52, "order.status.paid", "bad regular expression" },
    { HEAD ORDER "  status: { request: GET /s, state: 'xpath //[', paid: paid }\n", 10, 37,
      "order.status.state", "bad XPath" },
    { HEAD ORDER "  status: { request: GET /s, state: json /s, paid: '/(/' }\n", 10, 52,
      "order.status.paid", "bad regular expression" },
    /* the whole */
    { HEAD "order:\n  create: []\n", 7, 11, "order.create", "at least one step" },
    { HEAD "order:\n  create:\n    - POST /o\n", 8, 5, "order.create", "captures \"id\"" },
    { HEAD "order:\n  create:\n    - request: POST /o\n      capture: { id: json /id }\n", 8, 5,
      "order.create", "neither code_url" },
    /* names */
    { HEAD "  env: { KEY: '${api_kye}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "did you mean ${api_key}" },
    { HEAD "  env: { KEY: '${apiv3_key}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "is not for API v2" },
    { HEAD "  env: { KEY: '${mch_p12_file}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "known, not yet available" },
    { "profile: 1\nname: x\napi: v3\nmerchant:\n  base_url: http://h\n  env: { K: '${api_key}' "
      "}\n" ORDER,
      6, 13, "merchant.env.K", "is not for API v3" },
    { HEAD "  env: { KEY: '${amount_fen}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "has no value here" },
    { HEAD "  env: { KEY: '${env:TEST_NOT_SET}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "the environment has no TEST_NOT_SET" },
    { HEAD "  env: { KEY: '${env:TEST_SHORT}' }\n" ORDER, 6, 15, "merchant.env.KEY",
      "shorter than 4" },
    { HEAD "  env: { KEY: '${mch_id' }\n" ORDER, 6, 15, "merchant.env.KEY", "is no ${name}" },
    { HEAD ORDER "  close: POST /orders/${idd}/close\n", 10, 10, "order.close",
      "did you mean ${id}" },
    { HEAD ORDER "  refresh: { request: POST /r, json: { s: '${advance_s}' } }\n", 10, 43,
      "order.refresh.json.s", "has no value here" },
    { HEAD "order:\n  create:\n    - POST /o/${id}\n    - request: POST /p\n"
           "      capture: { id: json /id, code_url: json /u }\n",
      8, 7, "order.create[0]", "unknown name ${id}" },
    /* expectations and waivers */
    { HEAD ORDER "expect: { price: cent }\n", 10, 18, "expect.price", "fen, yuan, or a map" },
    { HEAD ORDER "expect: { price: { tea: 9.90 } }\n", 10, 25, "expect.price.tea", "price in fen" },
    { HEAD ORDER "expect: { status_asks_platform: yes }\n", 10, 33, "expect.status_asks_platform",
      "true or false" },
    { HEAD ORDER "waive:\n  - { rule: WX2-037, why: x, who: y, until: 2027-02-30 }\n", 11, 45,
      "waive[0].until", "a date is expected" },
    { HEAD ORDER "waive:\n  - { rule: WX2-037, why: x }\n", 11, 5, "waive[0]",
      "the key \"who\" is missing" },
};

START_TEST(a_mistake_is_refused_with_its_place) /* looped over the table */
{
    struct profile profile;
    struct profile_error error;

    setenv("TEST_SHORT", "abc", 1);
    int err = profile_parse(&profile, "shop.yaml", view_str(mistakes[_i].text), &error);
    profile_release(&profile);
    ck_assert_int_eq(err, ERR_SYNTAX);
    ck_assert_msg(error.line == mistakes[_i].line && error.column == mistakes[_i].column,
                  "row %d: %u:%u expected, got %s", _i, mistakes[_i].line, mistakes[_i].column,
                  error.text);
    ck_assert_str_eq(error.key, mistakes[_i].key);
    ck_assert_ptr_nonnull(strstr(error.text, mistakes[_i].says));
    ck_assert_ptr_eq(strstr(error.text, "shop.yaml:"), error.text);
}
END_TEST

START_TEST(the_reference_profile_is_read_whole)
{
    struct profile profile;
    struct profile_error error;
    int err = profile_load(&profile, FIXTURES_DIR "/profiles/reference-v2.yaml", &error);

    ck_assert_msg(!err, "%s", error.text);
    ck_assert_str_eq(profile.start[0], "wxpay-merchant");
    ck_assert_str_eq(profile.notify_hosts.item[0].name, "https://shop.example");
    ck_assert_int_eq(profile.ready_timeout_ms, 20'000);
    ck_assert_int_eq(profile.price, PRICE_SKUS);
    ck_assert_uint_eq(profile.sku_count, 8);
    ck_assert_str_eq(profile.skus[7].name, "gift & <box>");
    ck_assert_int_eq(profile.query_fallback_within_ms, 90'000);
    ck_assert(profile.clock.line && profile.refresh.line && profile.close.line);
    ck_assert(profile.refund.line && !profile.status_asks_platform);
    ck_assert(profile_uses(&profile, "merchant_port") && !profile_uses(&profile, "control_url"));
    ck_assert_uint_eq(strlen(profile.sha256), 64);
    profile_release(&profile);
}
END_TEST

START_TEST(plain_json_scalars_are_typed_and_quoted_ones_are_text)
{
    static const char text[] = HEAD ORDER "  close:\n    request: POST /c\n"
                                          "    json: { i: 1, q: '1', b: true, n: null, r: 0.5, s: "
                                          "word, m: -3, d: 1-2, o: { x: [1] } }\n";
    struct profile profile;
    struct profile_error error;
    struct buf out = BUF_INIT(1000);

    ck_assert_msg(!profile_parse(&profile, "x", view_str(text), &error), "%s", error.text);
    ck_assert_int_eq(json_text(profile.close.json, JSON_COMPACT | JSON_REAL_PRECISION(15), &out),
                     0);
    ck_assert_str_eq(buf_cstr(&out), "{\"i\":1,\"q\":\"1\",\"b\":true,\"n\":null,\"r\":0.5,"
                                     "\"s\":\"word\",\"m\":-3,\"d\":\"1-2\",\"o\":{\"x\":[1]}}");
    buf_release(&out);
    profile_release(&profile);
}
END_TEST

static const struct {
    const char *list, *shown;
    bool match;
} states[] = {
    { "[paid, shipped]", "shipped", true },
    { "[paid]", "Paid", false },
    { "[paid]", "paid ", false },
    { "['20..29']", "20", true },
    { "['20..29']", "29", true },
    { "['20..29']", "30", false },
    { "['20..29']", "2x", false },
    { "['20..29']", "", false },
    { "[/^pa/]", "paid", true },
    { "[/^pa/]", "unpaid", false },
    { "present", "", true },
    { "present", NULL, false },
    { "absent", NULL, true },
    { "absent", "", false },
    { "['present', absent]", NULL, true },
    { "[0]", "0", true },
    { "['a..b']", "a..b", true },
    { "[/]", "/", true },
};

START_TEST(a_state_is_matched_as_written) /* looped over the table */
{
    char text[1024];
    struct profile profile;
    struct profile_error error;

    snprintf(text, sizeof(text), "%s  status: { request: GET /s, state: json /s, paid: %s }\n",
             HEAD ORDER, states[_i].list);
    ck_assert_msg(!profile_parse(&profile, "x", view_str(text), &error), "%s", error.text);
    ck_assert_int_eq(matchers_match(&profile.status.paid, states[_i].shown), states[_i].match);
    profile_release(&profile);
}
END_TEST

START_TEST(without_memory_it_says_so_and_leaks_nothing)
{
    static const char text[] =
        HEAD "  start: [a, b]\n  env: { A: b }\n" ORDER
             "  status: { request: GET /s, state: 'regex (.)', paid: [/x/, 1..2] }\n"
             "expect: { price: { a: 1 } }\nwaive:\n  - { rule: WX2-037, why: x, who: y }\n";
    int err = ERR_NOMEM;

    for (int64_t n = 1; err == ERR_NOMEM; n++) {
        struct profile profile;
        struct profile_error error;
        int64_t live = mem_live();
        mem_fail_at(n);
        err = profile_parse(&profile, "x", view_str(text), &error);
        bool refused = mem_refused();
        mem_fail_at(0);
        profile_release(&profile);
        ck_assert_int_eq(mem_live(), live);
        ck_assert_msg(err == (refused ? ERR_NOMEM : 0), "allocation %d: %s", (int)n, error.text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *tcase = tcase_create("profile");
    tcase_add_loop_test(tcase, a_mistake_is_refused_with_its_place, 0, COUNT(mistakes));
    tcase_add_test(tcase, the_reference_profile_is_read_whole);
    tcase_add_test(tcase, plain_json_scalars_are_typed_and_quoted_ones_are_text);
    tcase_add_loop_test(tcase, a_state_is_matched_as_written, 0, COUNT(states));
    tcase_add_test(tcase, without_memory_it_says_so_and_leaks_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
