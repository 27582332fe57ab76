/* The shop's doors, end to end, with a platform that behaves as the test wants. */
#include "base/mem.h"
#include "tests/bench.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct bench bench;

static void open_bench(void)
{
    bench_open(&bench, NULL, NULL);
}

static void close_bench(void)
{
    bench_close(&bench);
}

static bool notify(const char *number, const char *name, const char *value)
{
    struct buf xml = BUF_INIT(V2_XML_MAX);
    bench_notification(&bench, number, name, value, &xml);
    bool ok = bench_notify(&bench, buf_view(&xml));
    buf_release(&xml);
    return ok;
}

static int knock(const char *method, const struct made *made, const char *tail)
{
    char path[96];
    snprintf(path, sizeof(path), "/orders/%s%s", made->id, tail);
    return bench_call(&bench, method, path, NULL)->status;
}

/* After a look at the order: its only alarm, or "" when there is none. */
static const char *alarm_of(const struct made *made)
{
    static char kind[64];
    char path[64];
    snprintf(path, sizeof(path), "/orders/%s", made->id);
    const struct got *got = bench_call(&bench, "GET", path, NULL);
    json_t *alarms = json_object_get(got->json, "alarms");
    ck_assert_uint_le(json_array_size(alarms), 1);
    const char *text = json_string_value(json_object_get(json_array_get(alarms, 0), "kind"));
    snprintf(kind, sizeof(kind), "%s", text ? text : "");
    return kind;
}

static void expect(const struct made *made, const char *status, int64_t shipped)
{
    ck_assert_str_eq(bench_status(&bench, made), status);
    ck_assert_int_eq(bench_number("shipped_count"), shipped);
}

/* --- the thread ------------------------------------------------------------------------------ */

START_TEST(an_order_is_shown_paid_and_shipped)
{
    struct made made = bench_order(&bench);
    ck_assert_str_eq(bench_text("code_url"), "weixin://wxpay/bizpayurl?pr=oNHq98K");
    expect(&made, "pending", 0);
    ck_assert_int_eq(knock("GET", &made, "/qr.png"), 200);
    ck_assert_int_eq(knock("GET", &made, "/page"), 200);
    ck_assert(notify(made.number, NULL, NULL));
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
    ck_assert_str_eq(bench_text("transaction_id"), "4200000001202611230000000001");
    ck_assert_str_eq(bench_text("code_url"), "");
    ck_assert_int_eq(knock("GET", &made, "/qr.png"), 410);
    ck_assert_uint_eq(bench_seen(&bench, API_QUERY), 0);
    ck_assert_str_eq(alarm_of(&made), "");
}
END_TEST

START_TEST(a_hostile_note_and_name_are_text)
{
    const struct got *got =
        bench_call(&bench, "POST", "/orders",
                   "{\"sku\":\"gift & <box>\",\"note\":\" '); <script>\\u8336</script> \"}");
    ck_assert_int_eq(got->status, 201);
    struct made made = {};
    snprintf(made.id, sizeof(made.id), "%s", bench_text("id"));
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&bench.seen[0].text), "attach= '); <script>茶</script> &"));
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&bench.seen[0].text), "body=街角小店-礼盒 Gift & <Box> \"]]>\"&"));
    char path[64];
    snprintf(path, sizeof(path), "/orders/%s/page", made.id);
    got = bench_call(&bench, "GET", path, NULL);
    ck_assert_ptr_null(strstr(buf_cstr(&got->body), "<script>茶"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got->body), "&lt;script&gt;茶"));
    ck_assert_ptr_null(strstr(buf_cstr(&got->body), BENCH_KEY));
}
END_TEST

START_TEST(a_wish_that_names_a_price_is_refused)
{
    static const char *const wishes[] = {
        "{\"sku\":\"tea\",\"amount_fen\":1}",
        "{\"sku\":\"tea\",\"quantity\":0}",
        "{\"sku\":\"tea\",\"quantity\":1.5}",
        "{\"sku\":\"tea\",\"quantity\":100}",
        "{\"sku\":\"yacht\"}",
        "{\"sku\":7}",
        "{}",
        "[]",
        "sku=tea",
        "",
        "{\"sku\":\"tea\",\"note\":\"\\u0001\"}",
        "{\"sku\":\"tea\",\"sku\":\"pin\"}",
    };
    for (size_t i = 0; i < COUNT(wishes); i++)
        ck_assert_msg(bench_call(&bench, "POST", "/orders", wishes[i])->status == 400, "%s",
                      wishes[i]);
    ck_assert_uint_eq(bench.seen_count, 0);
}
END_TEST

START_TEST(unknown_doors_are_shut)
{
    ck_assert_int_eq(bench_call(&bench, "GET", "/orders/nobody", NULL)->status, 404);
    ck_assert_int_eq(bench_call(&bench, "GET", "/orders/a/b", NULL)->status, 404);
    ck_assert_int_eq(bench_call(&bench, "GET", "/wxpay/notify", NULL)->status, 405);
    ck_assert_int_eq(bench_call(&bench, "DELETE", "/orders", NULL)->status, 405);
    ck_assert_int_eq(bench_call(&bench, "GET", "/assets/../main.c", NULL)->status, 404);
    ck_assert_int_eq(bench_call(&bench, "GET", "/assets/style.css", NULL)->status, 200);
    ck_assert_int_eq(bench_call(&bench, "POST", "/test/clock", "{\"advance_s\":\"1\"}")->status,
                     400);
    bench.options.test_clock = 0;
    ck_assert_int_eq(bench_call(&bench, "POST", "/test/clock", "{\"advance_s\":1}")->status, 404);
}
END_TEST

/* --- notifications ------------------------------------------------------------------------------ */

static const struct {
    const char *name, *value; /* set before signing */
    const char *alarm;
} refused[] = {
    { "total_fee", "2", "amount-mismatch" },
    { "total_fee", "1.0", "" },
    { "total_fee", NULL, "" },
    { "fee_type", "JPY", "currency-mismatch" },
    { "appid", "wx8888888888888889", "" },
    { "appid", NULL, "" },
    { "mch_id", "1900000110", "" },
    { "result_code", "FAIL", "" },
    { "return_code", "FAIL", "" },
    { "out_trade_no", "unknown-number", "" },
    { "transaction_id", NULL, "" },
    { "sign_type", "HMAC-SHA256", "" },
};

START_TEST(a_signed_notification_that_is_not_ours_settles_nothing)
{
    struct made made = bench_order(&bench);
    ck_assert(!notify(made.number, refused[_i].name, refused[_i].value));
    expect(&made, "pending", 0);
    ck_assert_str_eq(alarm_of(&made), refused[_i].alarm);
    ck_assert(notify(made.number, NULL, NULL)); /* and the shop stands */
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
}
END_TEST

START_TEST(genuine_messages_may_look_as_they_like)
{
    static const struct {
        const char *name, *value;
    } accepted[] = {
        { "future_field", "x1" },
        { "key", "a field of that name" },
        { "attach", "" },
        { "bank_type", "A_BANK_OF_2031" },
        { "coupon_fee_0", "1" },
        { "cash_fee", "0" },
        { "settlement_total_fee", "0" },
        { "fee_type", NULL },
        { "openid", "'; DROP TABLE orders" },
        { "err_code_des", "ok" },
    };
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct made made = bench_order(&bench);
        snprintf(bench.transaction, sizeof(bench.transaction), "42000000012026112300%08zu", i);
        ck_assert_msg(notify(made.number, accepted[i].name, accepted[i].value), "%s",
                      accepted[i].name);
        bench_advance(&bench, 0);
        expect(&made, "shipped", 1);
    }
}
END_TEST

START_TEST(hostile_documents_are_refused_at_once)
{
    static const char *const documents[] = {
        "",
        "{\"id\":1}",
        "<xml>",
        "<html><body>hello</body></html>",
        "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><xml><a>&a;</a></xml>",
        "<!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><xml><a>&b;</a></xml>",
        "<xml><return_code>SUCCESS</return_code><return_code>SUCCESS</return_code></xml>",
        "<xml><total_fee>8<!-- -->8</total_fee></xml>",
        "<xml><a><b>1</b></a></xml>",
        "<xml><a>\xff\xfe</a></xml>",
    };
    struct made made = bench_order(&bench);
    for (size_t i = 0; i < COUNT(documents); i++)
        ck_assert_msg(!bench_notify(&bench, view_str(documents[i])), "%s", documents[i]);
    ck_assert(notify(made.number, NULL, NULL));
}
END_TEST

START_TEST(copies_ship_once) /* in a row, and with another nonce */
{
    struct made made = bench_order(&bench);
    for (int i = 0; i < 3; i++) {
        ck_assert(notify(made.number, NULL, NULL));
        bench_advance(&bench, 0);
    }
    ck_assert(notify(made.number, "nonce_str", "another"));
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
    ck_assert_str_eq(alarm_of(&made), "");
}
END_TEST

START_TEST(twenty_copies_at_once_ship_once)
{
    struct made made = bench_order(&bench);
    struct got copies[20];
    struct buf xml = BUF_INIT(V2_XML_MAX);
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    for (size_t i = 0; i < COUNT(copies); i++)
        bench_knock(&bench, &copies[i], "POST", "/wxpay/notify", buf_view(&xml));
    for (size_t i = 0; i < COUNT(copies); i++) {
        bench_wait(&bench, &copies[i]);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&copies[i].body), "SUCCESS"));
        bench_forget(&copies[i]);
    }
    buf_release(&xml);
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
}
END_TEST

START_TEST(a_second_transaction_is_an_alarm)
{
    struct made made = bench_order(&bench);
    ck_assert(notify(made.number, NULL, NULL));
    bench_advance(&bench, 0);
    ck_assert(notify(made.number, "transaction_id", "4200000001202611230000000002"));
    ck_assert(notify(made.number, "transaction_id", "4200000001202611230000000002"));
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
    ck_assert_str_eq(alarm_of(&made), "double-payment");
}
END_TEST

START_TEST(a_transaction_of_another_order_pays_nothing)
{
    struct made one = bench_order(&bench), two = bench_order(&bench);
    ck_assert(notify(one.number, NULL, NULL));
    ck_assert(!notify(two.number, NULL, NULL));
    expect(&two, "pending", 0);
    ck_assert_str_eq(alarm_of(&two), "transaction-reused");
}
END_TEST

START_TEST(coming_back_from_the_phone_proves_nothing)
{
    struct made made = bench_order(&bench);
    ck_assert_int_eq(knock("GET", &made, "/return"), 303);
    bench_advance(&bench, 0);
    expect(&made, "pending", 0);
}
END_TEST

/* --- creation --------------------------------------------------------------------------------------- */

static const struct fake lost[] = {
    { FAKE_CUT, NULL, NULL },
    { FAKE_HTTP_500, NULL, NULL },
    { FAKE_HALF, NULL, NULL },
    { FAKE_UNSIGNED, NULL, NULL },
    { FAKE_FAIL, NULL, NULL },
    { FAKE_RAW, "<html>busy</html>", NULL },
    { FAKE_RAW, "", NULL },
    { FAKE_ERROR, "SYSTEMERROR", NULL },
    { FAKE_ERROR, "A_CODE_OF_2031", NULL },
    { FAKE_FORGED, "code_url", "weixin://wxpay/bizpayurl?pr=EVIL" },
    { FAKE_FORGED, "extra", "unsigned" },
    { FAKE_ALTERED, "mch_id", "1900000110" },
    { FAKE_ALTERED, "appid", NULL },
    { FAKE_ALTERED, "result_code", "UNKNOWN" },
    { FAKE_ALTERED, "return_code", "SYSTEMERROR" },
    { FAKE_ALTERED, "code_url", NULL },
};

START_TEST(an_unknown_outcome_is_repeated_with_the_same_parameters)
{
    bench_plan(&bench, API_CREATE, lost[_i]);
    struct got got;
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    bench_until_seen(&bench, API_CREATE, 1);
    bench_advance(&bench, 1);
    bench_wait(&bench, &got);
    ck_assert_int_eq(got.status, 201);
    ck_assert_str_eq(json_string_value(json_object_get(got.json, "code_url")),
                     "weixin://wxpay/bizpayurl?pr=oNHq98K");
    ck_assert_uint_eq(bench.seen_count, 2);
    ck_assert_str_eq(buf_cstr(&bench.seen[0].text), buf_cstr(&bench.seen[1].text));
    ck_assert_str_ne(bench.seen[0].nonce, bench.seen[1].nonce);
    bench_forget(&got);
}
END_TEST

START_TEST(a_platform_that_stays_away_gives_502_and_the_order_goes_on)
{
    for (int i = 0; i < 5; i++)
        bench_plan(&bench, API_CREATE, (struct fake){ .kind = FAKE_CUT });
    struct got got;
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    bench_until_seen(&bench, API_CREATE, 1);
    bench_advance(&bench, 1);
    bench_wait(&bench, &got);
    ck_assert_int_eq(got.status, 502);
    struct made made = {};
    snprintf(made.id, sizeof(made.id), "%s", json_string_value(json_object_get(got.json, "id")));
    bench_forget(&got);
    expect(&made, "creating", 0);
    ck_assert_int_eq(knock("GET", &made, "/qr.png"), 409);
    bench_advance(&bench, 60);
    expect(&made, "pending", 0);
    ck_assert_uint_eq(bench_seen(&bench, API_CREATE), 6);
    for (size_t i = 2; i < 5; i++) /* the pauses grow */
        ck_assert_int_ge(bench.seen[i + 1].at_ms - bench.seen[i].at_ms,
                         bench.seen[i].at_ms - bench.seen[i - 1].at_ms);
}
END_TEST

START_TEST(orderpaid_at_creation_is_queried_and_settled)
{
    bench_plan(&bench, API_CREATE, (struct fake){ FAKE_ERROR, "ORDERPAID", NULL });
    bench.state = "SUCCESS";
    struct made made = bench_order(&bench);
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
    ck_assert_uint_eq(bench_seen(&bench, API_CREATE), 1);
}
END_TEST

START_TEST(a_definite_no_ends_the_order)
{
    static const struct {
        const char *code, *status;
        int answer;
    } rows[] = { { "ORDERCLOSED", "closed", 201 },
                 { "OUT_TRADE_NO_USED", "failed", 502 },
                 { "INVALID_REQUEST", "failed", 502 },
                 { "NOAUTH", "failed", 502 } };
    bench_plan(&bench, API_CREATE, (struct fake){ FAKE_ERROR, rows[_i].code, NULL });
    const struct got *got = bench_call(&bench, "POST", "/orders", "{\"sku\":\"sticker\"}");
    ck_assert_int_eq(got->status, rows[_i].answer);
    ck_assert_str_eq(bench_text("status"), rows[_i].status);
    bench_advance(&bench, 8000);
    ck_assert_uint_eq(bench.seen_count, 1);
}
END_TEST

START_TEST(a_notification_may_overtake_the_answer)
{
    bench_plan(&bench, API_CREATE, (struct fake){ .kind = FAKE_HTTP_500 });
    struct got got;
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    bench_until_seen(&bench, API_CREATE, 1);
    ck_assert(notify(bench.seen[0].number, NULL, NULL));
    bench_advance(&bench, 1);
    bench_wait(&bench, &got);
    struct made made = {};
    snprintf(made.id, sizeof(made.id), "%s", json_string_value(json_object_get(got.json, "id")));
    bench_forget(&got);
    expect(&made, "shipped", 1);
}
END_TEST

/* --- query ---------------------------------------------------------------------------------------------- */

START_TEST(without_a_notification_the_shop_asks)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 29);
    ck_assert_uint_eq(bench_seen(&bench, API_QUERY), 0);
    bench.state = "SUCCESS";
    bench_advance(&bench, 2);
    expect(&made, "shipped", 1);
    ck_assert_uint_eq(bench_seen(&bench, API_QUERY), 1);
    ck_assert(notify(made.number, NULL, NULL)); /* late */
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
}
END_TEST

START_TEST(the_gaps_between_queries_grow)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 3000);
    static const int64_t at_s[] = { 30, 90, 210, 510, 1110, 1710, 2310, 2910 };
    ck_assert_uint_eq(bench_seen(&bench, API_QUERY), COUNT(at_s));
    for (size_t i = 0; i < COUNT(at_s); i++) {
        int64_t late_ms = bench.seen[i + 1].at_ms - bench.seen[0].at_ms - at_s[i] * 1000;
        ck_assert_msg(late_ms >= 0 && late_ms < 5000, "query %zu: %lld ms late", i,
                      (long long)late_ms);
    }
    expect(&made, "pending", 0);
}
END_TEST

static const struct {
    struct fake fake;
    const char *state, *status, *alarm;
} asked[] = {
    { { FAKE_ALTERED, "total_fee", "2" }, "SUCCESS", "pending", "amount-mismatch" },
    { { FAKE_ALTERED, "fee_type", "JPY" }, "SUCCESS", "pending", "currency-mismatch" },
    { { FAKE_ALTERED, "out_trade_no", "another" }, "SUCCESS", "pending", "" },
    { { FAKE_ALTERED, "transaction_id", NULL }, "SUCCESS", "pending", "" },
    { { FAKE_ALTERED, "mch_id", "1900000110" }, "SUCCESS", "pending", "" },
    { { FAKE_ALTERED, "result_code", "FAIL" }, "SUCCESS", "pending", "" },
    { { FAKE_ALTERED, "return_code", "FAIL" }, "SUCCESS", "pending", "" },
    { { FAKE_ALTERED, "trade_state", "PAID" }, "SUCCESS", "pending", "" },
    { { FAKE_FORGED, "trade_state", "SUCCESS" }, "NOTPAY", "pending", "" },
    { { FAKE_UNSIGNED, NULL, NULL }, "SUCCESS", "pending", "" },
    { { FAKE_ERROR, "SYSTEMERROR", NULL }, "SUCCESS", "pending", "" },
    { { FAKE_ERROR, "ORDERNOTEXIST", NULL }, "SUCCESS", "pending", "" },
    { { FAKE_CUT, NULL, NULL }, "SUCCESS", "pending", "" },
    { { FAKE_RAW, "<html/>", NULL }, "SUCCESS", "pending", "" },
    { { FAKE_RIGHT, NULL, NULL }, "USERPAYING", "pending", "" },
    { { FAKE_RIGHT, NULL, NULL }, "PAYERROR", "pending", "" },
    { { FAKE_RIGHT, NULL, NULL }, "CLOSED", "closed", "" },
    { { FAKE_RIGHT, NULL, NULL }, "SUCCESS", "shipped", "" },
    { { FAKE_RIGHT, NULL, NULL }, "REFUND", "paid", "refund-at-platform" },
};

START_TEST(an_answer_is_checked_like_a_notification)
{
    struct made made = bench_order(&bench);
    bench_plan(&bench, API_QUERY, asked[_i].fake);
    bench.state = asked[_i].state;
    ck_assert_int_eq(knock("POST", &made, "/refresh"), 200);
    ck_assert_str_eq(bench_text("status"), asked[_i].status);
    ck_assert_str_eq(alarm_of(&made), asked[_i].alarm);
    expect(&made, asked[_i].status, strcmp(asked[_i].status, "shipped") == 0);
    if (strcmp(asked[_i].status, "pending") == 0) { /* and nothing is final */
        bench.state = "SUCCESS";
        bench_advance(&bench, 31);
        expect(&made, "shipped", 1);
    }
}
END_TEST

START_TEST(a_status_call_asks_nobody)
{
    struct made made = bench_order(&bench);
    for (int i = 0; i < 20; i++)
        expect(&made, "pending", 0);
    ck_assert_uint_eq(bench_seen(&bench, API_QUERY), 0);
}
END_TEST

/* --- close -------------------------------------------------------------------------------------------------- */

START_TEST(giving_up_waits_five_minutes_and_asks_first)
{
    struct made made = bench_order(&bench);
    ck_assert_int_eq(knock("POST", &made, "/close"), 202);
    expect(&made, "closing", 0);
    ck_assert_int_eq(knock("GET", &made, "/qr.png"), 410);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), 0);
    bench_advance(&bench, 290);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), 0);
    bench_advance(&bench, 12);
    expect(&made, "closed", 0);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), 1);
    ck_assert_int_eq(bench.seen[bench.seen_count - 2].api, API_QUERY);
    ck_assert(notify(made.number, NULL, NULL)); /* recorded, not re-opened */
    bench_advance(&bench, 0);
    expect(&made, "closed", 0);
    ck_assert_str_eq(alarm_of(&made), "paid-after-close");
}
END_TEST

START_TEST(an_expired_order_is_closed_there_too)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 115 * 60 + 1);
    expect(&made, "closed", 0);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), 1);
    size_t before = bench.seen_count;
    bench_advance(&bench, 24 * 3600);
    ck_assert_uint_eq(bench.seen_count, before);
    ck_assert_int_eq(knock("GET", &made, "/qr.png"), 410);
}
END_TEST

static const struct {
    struct fake fake;
    const char *state, *status;
    size_t closes;
} closings[] = {
    { { FAKE_ERROR, "ORDERPAID", NULL }, "SUCCESS", "shipped", 1 },
    { { FAKE_ERROR, "SYSTEMERROR", NULL }, "NOTPAY", "closed", 2 },
    { { FAKE_ERROR, "TRADE_STATE_ERROR", NULL }, "NOTPAY", "closed", 2 },
    { { FAKE_CUT, NULL, NULL }, "NOTPAY", "closed", 2 },
    { { FAKE_UNSIGNED, NULL, NULL }, "NOTPAY", "closed", 2 },
    { { FAKE_ERROR, "ORDERCLOSED", NULL }, "NOTPAY", "closed", 1 },
    { { FAKE_ERROR, "ORDERNOTEXIST", NULL }, "NOTPAY", "closed", 1 },
};

START_TEST(an_answer_to_close_is_read_by_its_code)
{
    struct made made = bench_order(&bench);
    bench_advance(&bench, 301);
    bench_plan(&bench, API_CLOSE, closings[_i].fake);
    if (closings[_i].closes == 1 && strcmp(closings[_i].state, "SUCCESS") == 0)
        bench_plan(&bench, API_QUERY, (struct fake){ FAKE_ALTERED, "trade_state", "NOTPAY" });
    bench.state = closings[_i].state;
    knock("POST", &made, "/close");
    bench_advance(&bench, 5);
    expect(&made, closings[_i].status, strcmp(closings[_i].status, "shipped") == 0);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), closings[_i].closes);
}
END_TEST

START_TEST(a_paid_order_is_not_closed)
{
    struct made made = bench_order(&bench);
    ck_assert(notify(made.number, NULL, NULL));
    ck_assert_int_eq(knock("POST", &made, "/close"), 409);
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
}
END_TEST

START_TEST(money_during_closing_counts)
{
    struct made made = bench_order(&bench);
    ck_assert_int_eq(knock("POST", &made, "/close"), 202);
    ck_assert(notify(made.number, NULL, NULL));
    bench_advance(&bench, 400);
    expect(&made, "shipped", 1);
    ck_assert_uint_eq(bench_seen(&bench, API_CLOSE), 0);
}
END_TEST

/* --- trouble of our own ---------------------------------------------------------------------- */

START_TEST(without_memory_nothing_is_lost) /* the n-th allocation fails, for every n */
{
    struct buf xml = BUF_INIT(V2_XML_MAX);
    bool hit = true;
    for (int64_t n = 1; hit; n += 3) {
        struct made made = bench_order(&bench);
        struct got got;
        snprintf(bench.transaction, sizeof(bench.transaction), "T%010lld", (long long)n);
        bench_notification(&bench, made.number, NULL, NULL, &xml);
        bench_knock(&bench, &got, "POST", "/wxpay/notify", buf_view(&xml));
        mem_fail_at(n);
        while (!got.done)
            uv_run(&bench.loop, UV_RUN_ONCE);
        hit = mem_refused();
        mem_fail_at(0);
        bench_forget(&got);
        ck_assert(bench_notify(&bench, buf_view(&xml))); /* the platform repeats */
        buf_release(&xml);
        bench_advance(&bench, 5);
        expect(&made, "shipped", 1);
    }
}
END_TEST

/* --- restart ---------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/wxpay-shop-XXXXXX", path[64];

static void open_file_bench(void)
{
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ledger.db", dir);
    bench_open(&bench, path, NULL);
}

static void close_file_bench(void)
{
    bench_close(&bench);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(after_a_restart_the_shop_goes_on)
{
    struct made waiting = bench_order(&bench), paid = bench_order(&bench);
    ck_assert(notify(paid.number, NULL, NULL)); /* the goods have not gone out yet */
    bench_plan(&bench, API_CREATE, (struct fake){ .kind = FAKE_CUT });
    struct got got; /* stopped in the middle of its creation */
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"pin\"}"));
    bench_until_seen(&bench, API_CREATE, 3);

    bench_restart(&bench);
    if (got.done)
        bench_forget(&got);
    bench_advance(&bench, 1);
    bench.total_fen = 1;
    expect(&paid, "shipped", 1);
    expect(&waiting, "pending", 0);
    ck_assert_uint_eq(bench_seen(&bench, API_CREATE), 4);
    ck_assert_str_eq(buf_cstr(&bench.seen[2].text), buf_cstr(&bench.seen[3].text));
    ck_assert(notify(paid.number, NULL, NULL));
    bench_advance(&bench, 0);
    expect(&paid, "shipped", 1);

    bench.state = "SUCCESS";
    snprintf(bench.transaction, sizeof(bench.transaction), "4200000001202611230000000009");
    knock("POST", &waiting, "/refresh");
    expect(&waiting, "shipped", 1);
}
END_TEST

START_TEST(a_locked_ledger_asks_for_a_repeat)
{
    struct ledger *other;
    struct made made = bench_order(&bench);
    ck_assert_int_eq(ledger_open(&other, path), 0);
    ck_assert_int_eq(ledger_begin(other), 0);
    ck_assert(!notify(made.number, NULL, NULL));
    ck_assert_int_eq(ledger_commit(other), 0);
    ledger_close(other);
    ck_assert(notify(made.number, NULL, NULL));
    bench_advance(&bench, 0);
    expect(&made, "shipped", 1);
}
END_TEST

#define LOOP(tcase, test, table) tcase_add_loop_test(tcase, test, 0, (int)COUNT(table))

int main(void)
{
    Suite *suite = suite_create("merchant shop");
    TCase *doors = tcase_create("doors"), *file = tcase_create("file");
    tcase_add_checked_fixture(doors, open_bench, close_bench);
    tcase_add_checked_fixture(file, open_file_bench, close_file_bench);
    tcase_add_test(doors, an_order_is_shown_paid_and_shipped);
    tcase_add_test(doors, a_hostile_note_and_name_are_text);
    tcase_add_test(doors, a_wish_that_names_a_price_is_refused);
    tcase_add_test(doors, unknown_doors_are_shut);
    LOOP(doors, a_signed_notification_that_is_not_ours_settles_nothing, refused);
    tcase_add_test(doors, genuine_messages_may_look_as_they_like);
    tcase_add_test(doors, hostile_documents_are_refused_at_once);
    tcase_add_test(doors, copies_ship_once);
    tcase_add_test(doors, twenty_copies_at_once_ship_once);
    tcase_add_test(doors, a_second_transaction_is_an_alarm);
    tcase_add_test(doors, a_transaction_of_another_order_pays_nothing);
    tcase_add_test(doors, coming_back_from_the_phone_proves_nothing);
    LOOP(doors, an_unknown_outcome_is_repeated_with_the_same_parameters, lost);
    tcase_add_test(doors, a_platform_that_stays_away_gives_502_and_the_order_goes_on);
    tcase_add_test(doors, orderpaid_at_creation_is_queried_and_settled);
    tcase_add_loop_test(doors, a_definite_no_ends_the_order, 0, 4);
    tcase_add_test(doors, a_notification_may_overtake_the_answer);
    tcase_add_test(doors, without_a_notification_the_shop_asks);
    tcase_add_test(doors, the_gaps_between_queries_grow);
    LOOP(doors, an_answer_is_checked_like_a_notification, asked);
    tcase_add_test(doors, a_status_call_asks_nobody);
    tcase_add_test(doors, giving_up_waits_five_minutes_and_asks_first);
    tcase_add_test(doors, an_expired_order_is_closed_there_too);
    LOOP(doors, an_answer_to_close_is_read_by_its_code, closings);
    tcase_add_test(doors, a_paid_order_is_not_closed);
    tcase_add_test(doors, money_during_closing_counts);
    tcase_add_test(doors, without_memory_nothing_is_lost);
    tcase_add_test(file, a_locked_ledger_asks_for_a_repeat);
    tcase_add_test(file, after_a_restart_the_shop_goes_on);
    suite_add_tcase(suite, doors);
    suite_add_tcase(suite, file);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak check per fork costs half a second */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
