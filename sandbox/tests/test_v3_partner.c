/* A service provider acts for its sub-merchants — V3 4.8 */
#include "control/tests/ctl_test.h"
#include "door_v3.h"

#include "api/v3/api_v3.h"
#include "engine/bill.h"
#include "engine/openid.h"

#include <stdio.h>

#define P         "/v3/pay/partner/transactions/"
#define SUB       "1900000222"
#define OTHER     "1900000333"
#define SUB_APPID "wx2222222222222222"
#define H5        ",\"scene_info\":{\"payer_client_ip\":\"14.23.150.211\",\"h5_info\":{\"type\":\"Wap\"}}"

static struct door door;
static char sp_openid[OPENID_MAX + 1], sub_openid[OPENID_MAX + 1];

static void setup(void)
{
    door_open(&door, NULL);
    openid_of(VIEW(DEFAULT_APPID), sp_openid);
    openid_of(VIEW(SUB_APPID), sub_openid);
    const json_t *us =
        ctl_ask(&door, 200, "PATCH", BUILT_IN,
                "{\"sub_merchants\":{\"" SUB "\":[\"" SUB_APPID "\"],\"" OTHER "\":[]}}");
    ck_assert_str_eq(text_at(us, "sub_merchants." SUB ".0"), SUB_APPID);
}

static void teardown(void)
{
    door_close(&door);
}

static void expect(struct v3_answer *answer, int status, const char *code, const char *message)
{
    ck_assert_msg(answer->status == status, "%d %s", answer->status, buf_cstr(&answer->body));
    ck_assert_str_eq(v3_text(answer, "code"), code);
    if (message)
        ck_assert_str_eq(v3_text(answer, "message"), message);
    v3_answer_release(answer);
}

static void post(const char *target, const char *body, struct v3_answer *out)
{
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = target, .body = body }, out);
}

/* @value takes the place of the %s in @path. */
static void get(struct v3_answer *out, const char *path, const char *value)
{
    char target[256];
    const char *at = strstr(path, "%s");
    snprintf(target, sizeof(target), "%.*s%s%s", (int)(at - path), path, value, at + 2);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

/* @sub: members behind sp_mchid, each with its comma. Static. */
static const char *body_of(const char *number, const char *sub, const char *more)
{
    static char body[2048];
    snprintf(body, sizeof(body),
             "{\"sp_appid\":\"" DEFAULT_APPID "\",\"sp_mchid\":\"" DEFAULT_MCH_ID
             "\",%s\"description\":\"x\",\"out_trade_no\":\"%s\","
             "\"notify_url\":\"https://merchant.example/n\",\"amount\":{\"total\":88}%s}",
             sub, number, more);
    return body;
}

#define OURS "\"sub_appid\":\"" SUB_APPID "\",\"sub_mchid\":\"" SUB "\","

static void order(const char *way, const char *number, const char *sub, const char *more)
{
    struct v3_answer answer;
    char target[96];
    snprintf(target, sizeof(target), P "%s", way);
    post(target, body_of(number, sub, more), &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    v3_answer_release(&answer);
}

/* By @openid, or by whoever it is for; what became of it. */
static const char *pay_by(const char *number, const char *openid)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"mch_id\":\"" DEFAULT_MCH_ID "\",\"out_trade_no\":\"%s\"%s%s%s}", number,
             openid ? ",\"openid\":\"" : "", openid ? openid : "", openid ? "\"" : "");
    return text_at(ctl_ask(&door, 200, "POST", "/v1/pay", body), "result");
}

static void pay(const char *number)
{
    ck_assert_str_eq(pay_by(number, NULL), "paid");
}

#define QUERY P "out-trade-no/%s?sp_mchid=" DEFAULT_MCH_ID "&sub_mchid="

/* ---- told --------------------------------------------------------------------------------------- */

static const struct {
    const char *way, *type, *more;
    bool by_sub;
} ways[] = {
    { "native", "NATIVE", "", false },
    { "app", "APP", "", false },
    { "h5", "MWEB", H5, false },
    { "jsapi", "JSAPI", ",\"payer\":{\"sp_openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}", false },
    { "jsapi", "JSAPI", ",\"payer\":{\"sub_openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}", true },
};

START_TEST(an_order_of_a_sub_merchant_is_told_with_both)
{
    struct v3_answer answer;
    char id[64];
    bool named = strcmp(ways[_i].way, "jsapi") == 0;
    order(ways[_i].way, "told-001", OURS, ways[_i].more);
    get(&answer, QUERY SUB, "told-001");
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "NOTPAY");
    ck_assert_str_eq(v3_text(&answer, "sub_mchid"), SUB);
    v3_answer_release(&answer);
    if (named) {
        ck_assert_str_eq(pay_by("told-001", "oUpF8uMuAJO_M2pxb1Q9zNjWeS60"), "refused");
        ck_assert_str_eq(pay_by("told-001", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), "paid");
    } else {
        pay("told-001");
    }
    get(&answer, QUERY SUB, "told-001");
    ck_assert_str_eq(v3_text(&answer, "trade_type"), ways[_i].type);
    ck_assert_str_eq(v3_text(&answer, "sp_mchid"), DEFAULT_MCH_ID);
    ck_assert_str_eq(v3_text(&answer, "sp_appid"), DEFAULT_APPID);
    ck_assert_str_eq(v3_text(&answer, "sub_appid"), SUB_APPID);
    ck_assert_str_eq(v3_text(&answer, "mchid"), "");
    ck_assert_str_eq(v3_text(&answer, "appid"), "");
    ck_assert_str_eq(v3_text(&answer, "payer/sp_openid"),
                     named && !ways[_i].by_sub ? "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" : sp_openid);
    ck_assert_str_eq(v3_text(&answer, "payer/sub_openid"),
                     ways[_i].by_sub ? "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" : sub_openid);
    ck_assert_str_eq(v3_text(&answer, "payer/openid"), "");
    snprintf(id, sizeof(id), "%s", v3_text(&answer, "transaction_id"));
    v3_answer_release(&answer);
    get(&answer, P "id/%s?sp_mchid=" DEFAULT_MCH_ID "&sub_mchid=" SUB, id);
    ck_assert_str_eq(v3_text(&answer, "out_trade_no"), "told-001");
    expect(&answer, 200, "", NULL);
}
END_TEST

START_TEST(without_a_sub_appid_there_is_no_sub_openid)
{
    struct v3_answer answer;
    order("native", "bare-001", "\"sub_mchid\":\"" OTHER "\",", "");
    pay("bare-001");
    get(&answer, QUERY OTHER, "bare-001");
    ck_assert_str_eq(v3_text(&answer, "payer/sp_openid"), sp_openid);
    ck_assert_str_eq(v3_text(&answer, "payer/sub_openid"), "");
    ck_assert_str_eq(v3_text(&answer, "sub_appid"), "");
    expect(&answer, 200, "", NULL);
}
END_TEST

/* ---- refused ------------------------------------------------------------------------------------ */

#define MISSING "受理机构必须传入sub_mch_id"

static const struct {
    const char *way, *sub, *more, *code, *message;
} refused[] = {
    { "native", "", "", "PARAM_ERROR", MISSING },
    { "native", "\"sub_mchid\":\"1900000444\",", "", "INVALID_REQUEST", "受理关系不存在" },
    { "native", "\"sub_mchid\":\"" DEFAULT_MCH_ID "\",", "", "INVALID_REQUEST",
      "子商户mchid不能与自身mchid相同" },
    { "native", "\"sub_mchid\":\"" OTHER "\",\"sub_appid\":\"" SUB_APPID "\",", "",
      "INVALID_REQUEST", "sub_mch_id与sub_appid不匹配" },
    { "jsapi", OURS, "", "INVALID_REQUEST", "JSAPI支付必须传openid" },
    { "jsapi", "\"sub_mchid\":\"" SUB "\",",
      ",\"payer\":{\"sub_openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"}", "INVALID_REQUEST",
      "sub_mch_id与sub_appid不匹配" },
    { "jsapi", OURS, ",\"payer\":{\"sub_openid\":\"me\"}", "INVALID_REQUEST", "无效的openid" },
    { "h5", OURS, "", "PARAM_ERROR",
      "输入源“/body/scene_info”映射到字段“场景信息”必填性规则校验失败，此字段为必填项" },
};

START_TEST(what_a_provider_must_name)
{
    struct v3_answer answer;
    char target[96];
    snprintf(target, sizeof(target), P "%s", refused[_i].way);
    post(target, body_of("needs-01", refused[_i].sub, refused[_i].more), &answer);
    expect(&answer, 400, refused[_i].code, refused[_i].message);
    ctl_ask(&door, 404, "GET", BUILT_IN "/orders/needs-01", NULL);
}
END_TEST

START_TEST(a_provider_has_no_direct_orders_and_a_merchant_no_partner_ones)
{
    struct v3_answer answer;
    post("/v3/pay/transactions/native", v3_order_body("direct-1", NULL), &answer);
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    order("native", "direct-2", OURS, "");
    get(&answer, "/v3/pay/transactions/out-trade-no/%s?mchid=" DEFAULT_MCH_ID, "direct-2");
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    post("/v3/pay/transactions/out-trade-no/direct-2/close", "{\"mchid\":\"" DEFAULT_MCH_ID "\"}",
         &answer);
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    ctl_ask(&door, 200, "PATCH", BUILT_IN, "{\"sub_merchants\":{}}");
    post(P "native", body_of("direct-3", OURS, ""), &answer);
    expect(&answer, 400, "INVALID_REQUEST", "受理关系不存在");
    post("/v3/pay/transactions/native", v3_order_body("direct-1", NULL), &answer);
    expect(&answer, 200, "", NULL);
}
END_TEST

START_TEST(another_sub_merchants_order_is_nobodys_business)
{
    struct v3_answer answer;
    order("native", "whose-01", OURS, "");
    get(&answer, QUERY OTHER, "whose-01");
    expect(&answer, 400, "INVALID_REQUEST", "子商户号和订单信息不匹配");
    get(&answer, P "out-trade-no/%s?sp_mchid=" DEFAULT_MCH_ID, "whose-01");
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    get(&answer, P "out-trade-no/%s?sub_mchid=" SUB, "whose-01");
    expect(&answer, 400, "PARAM_ERROR",
           "输入源“/query/sp_mchid”映射到字段“服务商户号”必填性规则校验失败，此字段为必填项");
    get(&answer, P "out-trade-no/%s?sp_mchid=1900000110&sub_mchid=" SUB, "whose-01");
    expect(&answer, 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配");
    post(P "out-trade-no/whose-01/close",
         "{\"sp_mchid\":\"" DEFAULT_MCH_ID "\",\"sub_mchid\":\"" OTHER "\"}", &answer);
    expect(&answer, 400, "INVALID_REQUEST", "子商户号和订单信息不匹配");
    post(P "out-trade-no/whose-01/close", "{\"sp_mchid\":\"1900000110\",\"sub_mchid\":\"" SUB "\"}",
         &answer);
    expect(&answer, 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配");
    post(P "out-trade-no/whose-01/close",
         "{\"mchid\":\"" DEFAULT_MCH_ID "\",\"sp_mchid\":\"1900000110\",\"sub_mchid\":\"" SUB "\"}",
         &answer); /* a right one beside it hides nothing */
    expect(&answer, 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配");
    post(P "out-trade-no/whose-01/close",
         "{\"sp_mchid\":\"" DEFAULT_MCH_ID "\",\"sub_mchid\":\"" SUB "\"}", &answer);
    expect(&answer, 204, "", NULL);
    get(&answer, QUERY SUB, "whose-01");
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "CLOSED");
    expect(&answer, 200, "", NULL);
}
END_TEST

/* ---- money -------------------------------------------------------------------------------------- */

#define REFUND(sub)                                                                                \
    "{" sub "\"out_trade_no\":\"refund-1\",\"out_refund_no\":\"R1\","                              \
    "\"amount\":{\"refund\":8,\"total\":88,\"currency\":\"CNY\"}}"
#define R "/v3/refund/domestic/refunds"

/* What its notification would tell. */
static json_t *told(const char *number)
{
    struct store *store = door.sandbox.store;
    struct account *us = door_account(&door);
    struct refund_row refund;
    struct order_row order;
    struct payment_row payment;
    ck_assert_int_eq(refund_get_by_number(store, us->id, view_str(number), &refund), 0);
    ck_assert_int_eq(order_get(store, refund.order_id, &order), 0);
    ck_assert_int_eq(payment_get(store, refund.order_id, &payment), 0);
    json_t *json = v3_refund_told(us, &refund, &order, &payment);
    refund_row_release(&refund);
    order_row_release(&order);
    return json;
}

START_TEST(a_refund_names_the_sub_merchant)
{
    struct v3_answer answer;
    order("native", "refund-1", OURS, "");
    pay("refund-1");
    post(R, REFUND(""), &answer);
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    post(R, REFUND("\"sub_mchid\":\"" OTHER "\","), &answer);
    expect(&answer, 400, "INVALID_REQUEST", "子商户号和订单信息不匹配");
    post(R, REFUND("\"sub_mchid\":\"" SUB "\","), &answer);
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    expect(&answer, 200, "", NULL);
    get(&answer, R "/%s", "R1");
    expect(&answer, 400, "PARAM_ERROR", MISSING);
    get(&answer, R "/%s?sub_mchid=" OTHER, "R1");
    expect(&answer, 400, "INVALID_REQUEST", "子商户号和订单信息不匹配");
    get(&answer, R "/%s?sub_mchid=" SUB, "R1");
    expect(&answer, 200, "", NULL);
    json_t *json = told("R1");
    ck_assert_str_eq(text_at(json, "sp_mchid"), DEFAULT_MCH_ID);
    ck_assert_str_eq(text_at(json, "sub_mchid"), SUB);
    ck_assert_ptr_null(json_object_get(json, "mchid"));
    ck_assert_ptr_null(json_object_get(json, "sp_appid"));
    json_decref(json);
}
END_TEST

static size_t bill_of(const char *sub, struct buf *text)
{
    struct account *us = door_account(&door);
    int64_t day_ms = account_now_ms(us) / BILL_DAY_MS * BILL_DAY_MS - BILL_DAY_MS;
    size_t rows, all = 0;
    for (size_t day = 0; day < 3; day++, day_ms += BILL_DAY_MS) { /* whichever it is in Beijing */
        struct bill_spec spec = { day_ms, BILL_ALL, view_str(sub) };
        ck_assert_int_eq(bill_trade(&door.sandbox.engine, us, &spec, text, &rows), 0);
        all += rows;
    }
    return all;
}

START_TEST(a_bill_of_all_or_of_one)
{
    struct buf text = BUF_INIT(BILL_MAX);
    struct v3_answer answer;
    order("native", "bill-001", OURS, "");
    order("native", "bill-002", "\"sub_mchid\":\"" OTHER "\",", "");
    pay("bill-001");
    pay("bill-002");
    ck_assert_uint_eq(bill_of("", &text), 2);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&text), ",`" DEFAULT_MCH_ID ",`" SUB ",`"));
    buf_clear(&text);
    ck_assert_uint_eq(bill_of(OTHER, &text), 1);
    ck_assert_ptr_null(strstr(buf_cstr(&text), "bill-001"));
    buf_release(&text);
    struct account *us = door_account(&door);
    vclock_freeze(&us->clock, INT64_C(1795492800000)); /* 2026-11-24 12:00 in Beijing */
    order("native", "bill-003", OURS, "");
    pay("bill-003");
    vclock_set(&us->clock, account_now_ms(us) + BILL_DAY_MS);
    get(&answer, "/v3/bill/tradebill?bill_date=2026-11-24&sub_mchid=%s", "1900000444");
    expect(&answer, 400, "INVALID_REQUEST", "受理关系不存在");
    get(&answer, "/v3/bill/tradebill?bill_date=2026-11-24&sub_mchid=%s", SUB);
    char target[1024];
    snprintf(target, sizeof(target), "%s", strstr(v3_text(&answer, "download_url"), "/v3/"));
    v3_answer_release(&answer);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, &answer);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), "bill-003"));
    v3_answer_release(&answer);
}
END_TEST

/* ---- kept and told ------------------------------------------------------------------------------ */

START_TEST(the_relation_is_kept_and_checked)
{
    static const char *const bad[] = { "{\"sub_merchants\":{\"19\":[]}}",
                                       "{\"sub_merchants\":{\"1900000222\":7}}",
                                       "{\"sub_merchants\":{\"1900000222\":[\"*\"]}}" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        const json_t *no = ctl_ask(&door, 400, "PATCH", BUILT_IN, bad[i]);
        ck_assert(view_starts(view_str(text_at(no, "error.where")), VIEW("/sub_merchants/19")));
    }
    ck_assert_int_eq(accounts_reload(door.sandbox.accounts), 0);
    const json_t *us = ctl_ask(&door, 200, "GET", BUILT_IN, NULL);
    ck_assert_str_eq(text_at(us, "sub_merchants." SUB ".0"), SUB_APPID);
    order("native", "kept-001", OURS, "");
    const json_t *kept = ctl_ask(&door, 200, "GET", BUILT_IN "/orders/kept-001", NULL);
    ck_assert_str_eq(text_at(kept, "sub_mch_id"), SUB);
}
END_TEST

static const char *const apis[] = { "v3/partner_native", "v3/partner_query", "v3/partner_close" };

START_TEST(faults_meet_partner_calls_by_their_names)
{
    struct v3_answer answer;
    char body[128];
    order("native", "fault-01", OURS, "");
    snprintf(body, sizeof(body), "{\"api\":\"%s\",\"kind\":\"http_status\",\"status\":503}",
             apis[_i]);
    ctl_ask(&door, 201, "POST", BUILT_IN "/faults", body);
    if (_i == 0)
        post(P "native", body_of("fault-02", OURS, ""), &answer);
    else if (_i == 1)
        get(&answer, QUERY SUB, "fault-01");
    else
        post(P "out-trade-no/fault-01/close",
             "{\"sp_mchid\":\"" DEFAULT_MCH_ID "\",\"sub_mchid\":\"" SUB "\"}", &answer);
    expect(&answer, 503, "", NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 partner");
    TCase *tc = tcase_create("v3 partner");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, an_order_of_a_sub_merchant_is_told_with_both, 0, COUNT(ways));
    tcase_add_test(tc, without_a_sub_appid_there_is_no_sub_openid);
    tcase_add_loop_test(tc, what_a_provider_must_name, 0, COUNT(refused));
    tcase_add_test(tc, a_provider_has_no_direct_orders_and_a_merchant_no_partner_ones);
    tcase_add_test(tc, another_sub_merchants_order_is_nobodys_business);
    tcase_add_test(tc, a_refund_names_the_sub_merchant);
    tcase_add_test(tc, a_bill_of_all_or_of_one);
    tcase_add_test(tc, the_relation_is_kept_and_checked);
    tcase_add_loop_test(tc, faults_meet_partner_calls_by_their_names, 0, COUNT(apis));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
