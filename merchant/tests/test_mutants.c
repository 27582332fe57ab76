/* Does each mutant really do wrong what its sentence says? A judge tested with a tame one learns
 * nothing. Every experiment here is green on the right shop and red on the mutants it names. */
#include "base/mem.h"
#include "mutants/mutant.h"
#include "tests/bench.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct bench bench;

static bool notify(const char *number, const char *name, const char *value)
{
    struct buf xml = BUF_INIT(V2_XML_MAX);
    struct got got;
    bench_notification(&bench, number, name, value, &xml);
    bench_knock(&bench, &got, "POST", "/wxpay/notify", buf_view(&xml));
    bench_wait(&bench, &got);
    bool ok = got.status == 200 && strstr(buf_cstr(&got.body), "[SUCCESS]");
    bench_forget(&got);
    buf_release(&xml);
    return ok;
}

static int64_t shipped(const struct made *made)
{
    bench_advance(&bench, 0);
    bench_status(&bench, made);
    return bench_number("shipped_count");
}

static bool is(const struct made *made, const char *status)
{
    return strcmp(bench_status(&bench, made), status) == 0;
}

static void knock(const char *method, const struct made *made, const char *tail)
{
    char path[96];
    snprintf(path, sizeof(path), "/orders/%s%s", made->id, tail);
    bench_call(&bench, method, path, NULL);
}

/* An order whose creation met @fake first; made or not after a while of the shop's time. */
static struct made order_after(struct fake fake)
{
    struct made made = {};
    struct got got;
    bench_plan(&bench, API_CREATE, fake);
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    bench_until_seen(&bench, API_CREATE, 1);
    bench_advance(&bench, 3);
    bench_wait(&bench, &got);
    snprintf(made.id, sizeof(made.id), "%s", json_string_value(json_object_get(got.json, "id")));
    bench_forget(&got);
    return made;
}

/* --- experiments: true when the shop behaved ----------------------------------------------------- */

static bool copies_in_a_row(void)
{
    struct made made = bench_order(&bench);
    return notify(made.number, NULL, NULL) && shipped(&made) == 1 &&
           notify(made.number, NULL, NULL) && shipped(&made) == 1;
}

static bool copies_with_other_nonces(void)
{
    struct made made = bench_order(&bench);
    return notify(made.number, "nonce_str", "one") && shipped(&made) == 1 &&
           notify(made.number, "nonce_str", "two") && shipped(&made) == 1;
}

static bool copies_at_once(void)
{
    struct made made = bench_order(&bench);
    struct got copies[20];
    struct buf xml = BUF_INIT(V2_XML_MAX);
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    for (size_t i = 0; i < COUNT(copies); i++)
        bench_knock(&bench, &copies[i], "POST", "/wxpay/notify", buf_view(&xml));
    for (size_t i = 0; i < COUNT(copies); i++) {
        bench_wait(&bench, &copies[i]);
        bench_forget(&copies[i]);
    }
    buf_release(&xml);
    return shipped(&made) == 1;
}

static bool late_money(void)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 7000);
    return is(&made, "closed") && notify(made.number, NULL, NULL) && shipped(&made) == 0 &&
           is(&made, "closed") && json_array_size(json_object_get(bench_json(), "alarms")) == 1;
}

static bool double_money(void)
{
    struct made made = bench_order(&bench);
    bool ok = notify(made.number, NULL, NULL) && shipped(&made) == 1 &&
              notify(made.number, "transaction_id", "4200000001202611230000000002") &&
              shipped(&made) == 1;
    return ok && json_array_size(json_object_get(bench_json(), "alarms")) == 1;
}

static bool stopped_after_the_answer(void)
{
    struct made made = bench_order(&bench);
    bool ok = notify(made.number, NULL, NULL);
    bench_status(&bench, &made);
    return ok && !is(&made, "pending");
}

static bool hostile_attach(void)
{
    struct made made = bench_order(&bench);
    return notify(made.number, "attach", "x', total_fen = '7") && shipped(&made) == 1 &&
           bench_number("amount_fen") == 1;
}

static bool two_amounts(void)
{
    struct made made = bench_order(&bench);
    struct buf xml = BUF_INIT(V2_XML_MAX);
    bench_notification(&bench, made.number, "total_fee", "900", &xml);
    xml.len -= strlen("</xml>");
    ck_assert_int_eq(buf_str(&xml, "<total_fee>1</total_fee></xml>"), 0);
    bool ok = !bench_notify(&bench, buf_view(&xml));
    buf_release(&xml);
    return ok && shipped(&made) == 0;
}

static bool an_entity(void)
{
    struct buf xml = BUF_INIT(V2_XML_MAX), entity = BUF_INIT(V2_XML_MAX);
    struct made made = bench_order(&bench);
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    size_t at = view_find(buf_view(&xml), VIEW("<![CDATA[CNY]]>"));
    ck_assert_uint_ne(at, SIZE_MAX);
    ck_assert_int_eq(buf_fmt(&entity, "<!DOCTYPE xml [<!ENTITY c \"CNY\">]>%.*s&c;%s", (int)at,
                             xml.ptr, xml.ptr + at + strlen("<![CDATA[CNY]]>")),
                     0);
    bool ok = !bench_notify(&bench, buf_view(&entity));
    buf_release(&xml);
    buf_release(&entity);
    return ok;
}

/* Signed over two million blanks and all. */
static bool two_megabytes(void)
{
    struct made made = bench_order(&bench);
    struct buf text = BUF_INIT(8 << 20), xml = BUF_INIT(8 << 20);
    struct v2_msg msg = {};
    char right[V2_SIGN_MAX + 1];
    struct got got;
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    ck_assert_int_eq(v2_msg_read(&msg, buf_view(&xml), NULL, NULL), 0);
    ck_assert_int_eq(v2_sign_text(&msg, &text), 0);
    ck_assert_int_eq(buf_fmt(&text, "&zz=%02000000d&key=" BENCH_KEY, 1), 0);
    ck_assert_int_eq(v2_digest(buf_view(&text), V2_MD5, bench.key, right), 0);
    xml.len = view_find(buf_view(&xml), VIEW("<sign>"));
    ck_assert_int_eq(buf_fmt(&xml, "<zz>%02000000d</zz><sign>%s</sign></xml>", 1, right), 0);
    bench_knock(&bench, &got, "POST", "/wxpay/notify", buf_view(&xml));
    while (!got.done)
        uv_run(&bench.loop, UV_RUN_ONCE);
    bench_forget(&got);
    buf_release(&xml);
    buf_release(&text);
    v2_msg_release(&msg);
    return shipped(&made) == 0;
}

static bool another_field_and_amount(void)
{
    struct made made = bench_order(&bench);
    return !notify(made.number, "total_fee", "2") && !notify(made.number, "fee_type", "JPY") &&
           !notify(made.number, "total_fee", "1.0") && !notify(made.number, "appid", "wx0") &&
           !notify(made.number, "mch_id", "1") && !notify(made.number, "result_code", "FAIL") &&
           !notify(made.number, "return_code", "FAIL") && !notify(made.number, "appid", NULL) &&
           shipped(&made) == 0;
}

static bool coupons_and_new_words(void)
{
    static const char *const pairs[][2] = { { "cash_fee", "0" },
                                            { "settlement_total_fee", "0" },
                                            { "bank_type", "A_BANK_OF_2031" },
                                            { "future_field", "x1" },
                                            { "attach", "" } };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct made made = bench_order(&bench);
        snprintf(bench.transaction, sizeof(bench.transaction), "42000000012026112300%08zu", i);
        if (!notify(made.number, pairs[i][0], pairs[i][1]) || shipped(&made) != 1)
            return false;
    }
    return true;
}

/* With @tail in the place of its sign. */
static bool forged(const char *tail)
{
    struct made made = bench_order(&bench);
    struct buf xml = BUF_INIT(V2_XML_MAX), bad = BUF_INIT(V2_XML_MAX);
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    size_t at = view_find(buf_view(&xml), VIEW("<sign>"));
    ck_assert_uint_ne(at, SIZE_MAX);
    ck_assert_int_eq(buf_fmt(&bad, "%.*s%s</xml>", (int)at, xml.ptr, tail), 0);
    bool ok = !bench_notify(&bench, buf_view(&bad));
    buf_release(&xml);
    buf_release(&bad);
    return ok && shipped(&made) == 0;
}

static bool forgeries(void)
{
    return forged("") && forged("<sign></sign>") && forged("<req_info>x</req_info>") &&
           forged("<sign>21865CB4FE0658B75D556FA870C4892C</sign>") &&
           forged("<sign_type>NONE</sign_type><sign>0</sign>");
}

static bool a_lost_answer(void)
{
    struct made made = order_after((struct fake){ .kind = FAKE_CUT });
    return is(&made, "pending") && bench_seen(&bench, API_CREATE) == 2 &&
           strcmp(buf_cstr(&bench.seen[0].text), buf_cstr(&bench.seen[1].text)) == 0;
}

static bool a_lost_answer_unknown_there(void)
{
    bench_plan(&bench, API_QUERY, (struct fake){ FAKE_ERROR, "ORDERNOTEXIST", NULL });
    struct made made = order_after((struct fake){ .kind = FAKE_CUT });
    return is(&made, "pending");
}

static bool a_busy_platform(void)
{
    for (int i = 0; i < 15; i++)
        bench_plan(&bench, API_CREATE, (struct fake){ FAKE_ERROR, "SYSTEMERROR", NULL });
    struct made made = order_after((struct fake){ FAKE_ERROR, "SYSTEMERROR", NULL });
    return is(&made, "creating") && bench_seen(&bench, API_CREATE) <= 5;
}

static bool orderpaid(void)
{
    bench.state = "SUCCESS";
    struct made made = order_after((struct fake){ FAKE_ERROR, "ORDERPAID", NULL });
    return shipped(&made) == 1 && bench_seen(&bench, API_CREATE) == 1;
}

static bool orderclosed(void)
{
    struct made made = order_after((struct fake){ FAKE_ERROR, "ORDERCLOSED", NULL });
    return is(&made, "closed") && bench_seen(&bench, API_CREATE) == 1;
}

static bool nobody_pays(void)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 60);
    return is(&made, "pending") && bench_seen(&bench, API_QUERY) == 1;
}

static bool money_that_nobody_told_of(void)
{
    struct made made = bench_order(&bench);
    bench.state = "SUCCESS";
    bench_advance(&bench, 60);
    return shipped(&made) == 1;
}

static bool two_hours(void)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 7200);
    return is(&made, "closed") && bench_seen(&bench, API_CLOSE) == 1 &&
           bench_text("code_url")[0] == '\0';
}

static bool a_return(void)
{
    struct made made = bench_order(&bench);
    knock("GET", &made, "/return");
    return is(&made, "pending");
}

static bool given_up_and_paid(void)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 301);
    bench_plan(&bench, API_QUERY, (struct fake){ FAKE_ALTERED, "trade_state", "NOTPAY" });
    bench_plan(&bench, API_CLOSE, (struct fake){ FAKE_ERROR, "ORDERPAID", NULL });
    bench.state = "SUCCESS";
    knock("POST", &made, "/close");
    return shipped(&made) == 1;
}

static bool given_up_and_busy(void)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 301);
    bench_plan(&bench, API_CLOSE, (struct fake){ FAKE_ERROR, "SYSTEMERROR", NULL });
    knock("POST", &made, "/close");
    return is(&made, "closing");
}

static bool given_up_early(void)
{
    struct made made = bench_order(&bench);
    knock("POST", &made, "/close");
    return is(&made, "closing") && bench_seen(&bench, API_CLOSE) == 0;
}

/* The query's answer altered so and signed: nothing may come of it. */
static bool altered_query(const char *name, const char *value)
{
    struct made made = bench_order(&bench);
    bench_plan(&bench, API_QUERY, (struct fake){ FAKE_ALTERED, name, value });
    bench.state = "SUCCESS";
    knock("POST", &made, "/refresh");
    return is(&made, "pending");
}

static bool strange_queries(void)
{
    return altered_query("total_fee", "2") && altered_query("fee_type", "JPY") &&
           altered_query("out_trade_no", "another") && altered_query("trade_state", "PAID") &&
           altered_query("mch_id", "1") && altered_query("return_code", "FAIL") &&
           altered_query("result_code", "FAIL") && altered_query("result_code", "X") &&
           altered_query("trade_state", "USERPAYING") && altered_query("trade_state", "NOTPAY");
}

static bool unsigned_query(enum fake_kind kind, const char *name, const char *value)
{
    struct made made = bench_order(&bench);
    bench_plan(&bench, API_QUERY, (struct fake){ kind, name, value });
    bench.state = "SUCCESS";
    knock("POST", &made, "/refresh");
    return is(&made, "pending");
}

static bool unproven_queries(void)
{
    return unsigned_query(FAKE_UNSIGNED, NULL, NULL) &&
           unsigned_query(FAKE_FORGED, "openid", "another") &&
           unsigned_query(FAKE_FORGED, "future_field", "x1") &&
           unsigned_query(FAKE_ERROR, "ORDERNOTEXIST", NULL) &&
           unsigned_query(FAKE_ERROR, "SYSTEMERROR", NULL) && unsigned_query(FAKE_CUT, NULL, NULL);
}

static bool refunded(void)
{
    struct made made = bench_order(&bench);
    bench.state = "REFUND";
    knock("POST", &made, "/refresh");
    return is(&made, "paid");
}

static bool numbers_after_a_restart(void)
{
    struct made one = bench_order(&bench), two;
    bench_restart(&bench);
    two = bench_order(&bench);
    return strcmp(one.number, two.number) != 0;
}

static bool numbers_at_once(void)
{
    vclock_freeze(&bench.shop.clock, shop_now_ms(&bench.shop)); /* within one second */
    struct made one = bench_order(&bench), two = bench_order(&bench);
    return strcmp(one.number, two.number) != 0 && strlen(one.number) >= 6 &&
           strlen(one.number) <= 32 && !strpbrk(one.number, "./#");
}

/* What unifiedorder must and must not say, at 10:15:00 in Beijing: no midnight may come between. */
static bool a_careful_request(void)
{
    vclock_freeze(&bench.shop.clock, INT64_C(1795400100000));
    ck_assert_int_eq(bench_call(&bench, "POST", "/orders", "{\"sku\":\"postcard\"}")->status, 201);
    const char *text = buf_cstr(&bench.seen[0].text);
    return strstr(text, "&total_fee=29&") && strstr(text, "&product_id=postcard&") &&
           strstr(text, "&spbill_create_ip=203.0.113.7&") &&
           strstr(text, "&time_expire=20261123121000&") &&
           strstr(text, "&notify_url=https://shop.example/wxpay/notify&") && !strstr(text, "\t") &&
           strstr(text, "sign_type=MD5") && strlen(bench.seen[0].nonce) == 32 &&
           !strstr(bench.seen[0].nonce, "0000001");
}

static bool a_price_of_the_buyer(void)
{
    const struct got *got =
        bench_call(&bench, "POST", "/orders", "{\"sku\":\"tea\",\"amount_fen\":1}");
    return got->status == 400 && !strstr(buf_cstr(&got->body), BENCH_KEY);
}

static bool an_opaque_code(void)
{
    bench.code_url = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00";
    struct made made = order_after((struct fake){ .kind = FAKE_RIGHT });
    return is(&made, "pending") && strcmp(bench_text("code_url"), bench.code_url) == 0;
}

static bool a_code_after_payment(void)
{
    struct made made = bench_order(&bench);
    bool ok = notify(made.number, NULL, NULL) && shipped(&made) == 1;
    char path_of_code[64];
    snprintf(path_of_code, sizeof(path_of_code), "/orders/%s/qr.png", made.id);
    return ok && bench_call(&bench, "GET", path_of_code, NULL)->status == 410;
}

static bool a_page(void)
{
    char path[64];
    ck_assert_int_eq(
        bench_call(&bench, "POST", "/orders", "{\"sku\":\"pin\",\"note\":\"<i>x</i>\"}")->status,
        201);
    snprintf(path, sizeof(path), "/orders/%s/page", bench_text("id"));
    const char *page = buf_cstr(&bench_call(&bench, "GET", path, NULL)->body);
    return !strstr(page, "<i>x") && !strstr(page, BENCH_KEY) && !strstr(page, "https://");
}

/* --- which mutants each must catch ---------------------------------------------------------------- */

static const struct experiment {
    const char *name;
    bool (*behaves)(void);
    const char *caught[12];
} experiments[] = {
#define E(function, ...)                                                                           \
    {                                                                                              \
#function, function,                                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    E(copies_in_a_row, "no-idempotency", "duplicate-refused"),
    E(copies_with_other_nonces, "dedupe-by-nonce"),
    E(copies_at_once, "no-lock"),
    E(late_money, "late-reopens", "late-unnoticed"),
    E(double_money, "double-payment-unnoticed"),
    E(stopped_after_the_answer, "ack-before-persist"),
    E(hostile_attach, "values-in-sql"),
    E(two_amounts, "duplicates-last-wins"),
    E(an_entity, "doctype-resolved"),
    E(two_megabytes, "no-body-limit"),
    E(another_field_and_amount, "no-amount-check", "amount-at-least", "currency-ignored",
      "loose-integers", "no-appid-check", "no-mch-id-check", "no-result-code-check",
      "return-code-ignored", "identity-if-present"),
    E(coupons_and_new_words, "compares-cash-fee", "compares-settlement-fee", "unknown-bank-refused",
      "known-fields-only", "refuses-unknown-fields", "refuses-empty-elements"),
    E(forgeries, "no-signature-check", "accepts-missing-sign", "accepts-empty-sign",
      "accepts-req-info", "sign-shape-only", "unknown-algorithm-unchecked"),
    E(a_lost_answer, "retry-new-number", "retry-new-expire", "retry-new-body",
      "lost-answer-is-failure"),
    E(a_lost_answer_unknown_there, "notexist-is-final"),
    E(a_busy_platform, "tight-retry"),
    E(orderpaid, "orderpaid-new-order", "orderpaid-is-failure"),
    E(orderclosed, "closed-number-reused"),
    E(nobody_pays, "trade-state-ignored", "steady-query", "accepted-is-paid"),
    E(money_that_nobody_told_of, "no-query", "late-first-query"),
    E(two_hours, "code-after-two-hours", "no-close"),
    E(a_return, "return-settles"),
    E(given_up_and_paid, "orderpaid-is-closed"),
    E(given_up_and_busy, "close-error-is-closed"),
    E(given_up_early, "early-close", "no-close"),
    E(strange_queries, "query-amount-unchecked", "query-currency-unchecked",
      "query-number-unchecked", "unknown-state-is-paid", "userpaying-is-failure",
      "answer-identity-unchecked", "answer-return-code-ignored", "answer-result-code-ignored",
      "answer-not-fail-is-success"),
    E(unproven_queries, "answers-unverified", "query-answer-unverified", "answer-sign-if-present",
      "answer-extras-accepted", "answer-known-fields-only", "notexist-closes",
      "query-error-closes"),
    E(refunded, "refund-is-failure"),
    E(numbers_after_a_restart, "number-restarts"),
    E(numbers_at_once, "number-per-second", "number-too-long", "number-too-short",
      "number-bad-characters"),
    E(a_careful_request, "float-price", "no-product-id", "loopback-ip", "notify-url-query",
      "notify-url-localhost", "no-time-expire", "utc-time-expire", "bad-time-expire",
      "short-time-expire", "body-markup", "time-nonce"),
    E(a_price_of_the_buyer, "client-price", "key-in-error"),
    E(an_opaque_code, "code-url-not-opaque", "code-url-escaped"),
    E(a_code_after_payment, "qr-stays"),
    E(a_page, "page-unescaped", "key-in-page", "qr-third-party"),
};

static char dir[] = "/tmp/wxpay-mutant-XXXXXX", path[64];

/* Each on its own ledger file, so that a restart finds it. */
static bool try(const struct experiment *experiment, const struct steps *steps)
{
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ledger.db", dir);
    bench_open(&bench, path, steps);
    bool ok = experiment->behaves();
    bench_close(&bench);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
    return ok;
}

START_TEST(the_right_shop_passes_and_the_mutants_do_not)
{
    const struct experiment *experiment = &experiments[_i];
    ck_assert_msg(try(experiment, NULL), "%s: the right shop failed", experiment->name);
    for (size_t i = 0; i < COUNT(experiment->caught) && experiment->caught[i]; i++) {
        const struct mutant *mutant = mutant_find(experiment->caught[i]);
        ck_assert_msg(mutant != NULL, "no mutant %s", experiment->caught[i]);
        struct steps steps = mutant_steps(mutant);
        ck_assert_msg(!try(experiment, &steps), "%s: %s is tame", experiment->name, mutant->name);
    }
}
END_TEST

START_TEST(every_mutant_has_a_name_and_a_step_of_its_own)
{
    const struct mutant *mutant;
    size_t count = 0;
    for (size_t i = 0; (mutant = mutant_at(i)); i++) {
        size_t replaced = 0;
#define X(name, result, arguments, rules, sentence)                                                \
    replaced += mutant->replaced.name && mutant->replaced.name != steps_right.name;
        STEP_MAP(X)
#undef X
        ck_assert_msg(replaced > 0, "%s replaces nothing", mutant->name);
        ck_assert_msg(strncmp(mutant->rules, "WX2-", 4) == 0 || mutant_is_v3(mutant),
                      "%s names no rule", mutant->name);
        ck_assert_ptr_eq(mutant_find(mutant->name), mutant);
        count++;
    }
    ck_assert_uint_ge(count, 150);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant mutants");
    TCase *tcase = tcase_create("mutants");
    tcase_add_test(tcase, every_mutant_has_a_name_and_a_step_of_its_own);
    tcase_add_loop_test(tcase, the_right_shop_passes_and_the_mutants_do_not, 0,
                        (int)COUNT(experiments));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak check per fork costs half a second */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
