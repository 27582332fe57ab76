/* The four ways to order, and how their payers come to the cashier — V3 4.1, 5.2, 5.3 */
#include "control/tests/ctl_test.h"
#include "door_v3.h"

#include "engine/bill.h"
#include "engine/openid.h"

#include <stdio.h>

#define OPENID "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" /* the documentation's */
#define PAYER  ",\"payer\":{\"openid\":\"" OPENID "\"}"
#define H5     ",\"scene_info\":{\"payer_client_ip\":\"14.23.150.211\",\"h5_info\":{\"type\":\"Wap\"}}"

static struct door door;

static void setup(void)
{
    door_open(&door, NULL);
}

static void teardown(void)
{
    door_close(&door);
}

static void create(const char *way, const char *number, const char *more, struct v3_answer *out)
{
    char target[96];
    snprintf(target, sizeof(target), "/v3/pay/transactions/%s", way);
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = target, .body = v3_order_body(number, more) },
            out);
}

static void query(const char *number, struct v3_answer *out)
{
    char target[160];
    snprintf(target, sizeof(target), "/v3/pay/transactions/out-trade-no/%s?mchid=" DEFAULT_MCH_ID,
             number);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

static void expect(struct v3_answer *answer, int status, const char *code, const char *message)
{
    ck_assert_msg(answer->status == status, "%d %s", answer->status, buf_cstr(&answer->body));
    ck_assert_str_eq(v3_text(answer, "code"), code);
    ck_assert_str_eq(v3_text(answer, "message"), message);
    v3_answer_release(answer);
}

/* Make it; the credential @name of the answer goes to @out. */
static void made(const char *way, const char *number, const char *more, const char *name,
                 char out[H5_URL_MAX + 1])
{
    struct v3_answer answer;
    create(way, number, more, &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    ck_assert_uint_eq(json_object_size(answer.json), 1);
    ck_assert(v3_answer_holds(&answer));
    snprintf(out, H5_URL_MAX + 1, "%s", v3_text(&answer, name));
    ck_assert_msg(out[0], "no %s in %s", name, buf_cstr(&answer.body));
    v3_answer_release(&answer);
}

static void later(int64_t ms)
{
    struct account *us = door_account(&door);
    vclock_set(&us->clock, account_now_ms(us) + ms);
}

/* ---- the payer ---------------------------------------------------------------------------------- */

enum way { BY_CODE, BY_URL, AS_JSAPI, AS_APP };

/* What the phone shows of @credential, and pays when it is a cashier and @openid is not NULL. */
static enum phone_id go(enum way way, const char *credential, const char *openid)
{
    struct engine *engine = &door.sandbox.engine;
    struct pay_spec spec = { .openid = view_str(openid && *openid ? openid : NULL) };
    struct view what = view_str(credential);
    struct scan scan = {};
    struct paid paid = {};
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    if (way == BY_CODE)
        payer_scan(engine, what, &scan);
    else if (way == BY_URL)
        payer_open(engine, what, &scan);
    else
        payer_call(engine, what, way == AS_APP ? TRADE_TYPE_APP : TRADE_TYPE_JSAPI, &scan);
    enum phone_id phone = scan.phone;
    if (phone == PHONE_CASHIER && openid)
        phone = payer_pay(engine, &scan, &spec, &paid);
    scan_release(&scan);
    return phone;
}

static const char *code_of(const char *number)
{
    static char code_url[CODE_URL_MAX + 1];
    struct order_row order;
    ck_assert_int_eq(
        order_get_by_number(door.sandbox.store, door_account(&door)->id, view_str(number), &order),
        0);
    order_code_url(&order, code_url);
    order_row_release(&order);
    return code_url;
}

static const struct {
    const char *way, *more, *name, *trade_type;
    enum way by;
} ways[] = {
    { "native", "", "code_url", "NATIVE", BY_CODE },
    { "jsapi", PAYER, "prepay_id", "JSAPI", AS_JSAPI },
    { "app", "", "prepay_id", "APP", AS_APP },
    { "h5", H5, "h5_url", "MWEB", BY_URL },
};

START_TEST(each_way_is_ordered_paid_and_told)
{
    struct v3_answer answer;
    struct buf bill = BUF_INIT(BILL_MAX);
    char credential[H5_URL_MAX + 1], wanted[64];
    size_t rows;
    made(ways[_i].way, "each-01", ways[_i].more, ways[_i].name, credential);
    query("each-01", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "NOTPAY");
    v3_answer_release(&answer);
    for (enum way other = BY_CODE; other <= AS_APP; other++)
        if (other != ways[_i].by)
            ck_assert_int_ne(go(other, credential, ""), PHONE_DONE);
    if (ways[_i].by != BY_CODE) /* it has a code as well, which nobody was told */
        ck_assert_int_eq(go(BY_CODE, code_of("each-01"), ""), PHONE_UNKNOWN);
    ck_assert_int_eq(go(ways[_i].by, credential, ""), PHONE_DONE);
    ck_assert_int_eq(go(ways[_i].by, credential, ""), PHONE_PAID);
    query("each-01", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "SUCCESS");
    ck_assert_str_eq(v3_text(&answer, "trade_type"), ways[_i].trade_type);
    if (ways[_i].by == AS_JSAPI)
        ck_assert_str_eq(v3_text(&answer, "payer/openid"), OPENID);
    v3_answer_release(&answer);
    int64_t day_ms = account_now_ms(door_account(&door)) / BILL_DAY_MS * BILL_DAY_MS - BILL_DAY_MS;
    for (size_t day = 0; day < 3; day++, day_ms += BILL_DAY_MS) /* whichever it is in Beijing */
        ck_assert_int_eq(bill_trade(&door.sandbox.engine, door_account(&door),
                                    &(struct bill_spec){ .day_ms = day_ms, .kind = BILL_SUCCESS },
                                    &bill, &rows),
                         0);
    snprintf(wanted, sizeof(wanted), ",`%s,`SUCCESS,", ways[_i].trade_type);
    ck_assert_msg(view_find(buf_view(&bill), view_str(wanted)) != SIZE_MAX, "%s", buf_cstr(&bill));
    buf_release(&bill);
}
END_TEST

/* V3 1.7: the real forms. */
START_TEST(credentials_look_like_real_ones)
{
    char prepay[H5_URL_MAX + 1], url[H5_URL_MAX + 1], rest[64], digits[64];
    made("app", "forms-01", "", "prepay_id", prepay);
    ck_assert_uint_eq(strlen(prepay), 36);
    ck_assert_int_eq(sscanf(prepay, "wx20%[0-9]", digits), 1);
    ck_assert_uint_ge(strlen(digits), 12);
    ck_assert_uint_eq(strspn(prepay + 2, "0123456789abcdef"), 34);
    made("h5", "forms-02", H5, "h5_url", url);
    ck_assert_int_eq(sscanf(url,
                            "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?"
                            "prepay_id=%36[0-9a-zA-Z]&package=%63s",
                            rest, digits),
                     2);
    ck_assert_uint_eq(strlen(digits), 10);
    ck_assert_uint_eq(strspn(digits, "0123456789"), 10);
}
END_TEST

/* ---- what is refused ---------------------------------------------------------------------------- */

#define MISSING(place, label)                                                                      \
    "输入源“/body/" place "”映射到字段“" label "”必填性规则校验失败，此字段为必填项"
#define SCENE(text) ",\"scene_info\":{\"payer_client_ip\":\"14.23.150.211\"" text "}"

static const struct {
    const char *way, *more, *code, *message;
} refused[] = {
    { "jsapi", "", "INVALID_REQUEST", "JSAPI支付必须传openid" },
    { "jsapi", ",\"payer\":{}", "INVALID_REQUEST", "JSAPI支付必须传openid" },
    { "jsapi", ",\"payer\":{\"openid\":\"\"}", "INVALID_REQUEST", "JSAPI支付必须传openid" },
    { "jsapi", ",\"payer\":{\"openid\":\"me\"}", "INVALID_REQUEST", "无效的openid" },
    { "jsapi", ",\"payer\":{\"openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS6*\"}", "INVALID_REQUEST",
      "无效的openid" },
    { "jsapi", ",\"payer\":{\"openid\":7}", "PARAM_ERROR",
      "无法将 JSON 输入源“/body/payer/openid”映射到目标字段“用户标识”中，此字段需要一个合法的字符"
      "串" },
    { "h5", "", "PARAM_ERROR", MISSING("scene_info", "场景信息") },
    { "h5", ",\"scene_info\":{\"h5_info\":{\"type\":\"Wap\"}}", "PARAM_ERROR",
      MISSING("scene_info/payer_client_ip", "用户终端IP") },
    { "h5", SCENE(""), "PARAM_ERROR", MISSING("scene_info/h5_info", "H5场景信息") },
    { "h5", SCENE(",\"h5_info\":{}"), "PARAM_ERROR",
      MISSING("scene_info/h5_info/type", "场景类型") },
    { "h5", SCENE(",\"h5_info\":{\"type\":\"wap\"}"), "PARAM_ERROR",
      "输入源“/body/scene_info/h5_info/type”映射到值字段“场景类型”枚举值校验失败，可选值为 "
      "Wap、iOS、Android" },
};

START_TEST(what_a_way_needs)
{
    struct v3_answer answer;
    create(refused[_i].way, "needs-01", refused[_i].more, &answer);
    expect(&answer, 400, refused[_i].code, refused[_i].message);
    query("needs-01", &answer);
    expect(&answer, 404, "ORDER_NOT_EXIST", "订单不存在");
}
END_TEST

START_TEST(an_openid_belongs_to_one_appid)
{
    struct v3_answer answer;
    struct account *us = door_account(&door);
    char own[OPENID_MAX + 1], other[OPENID_MAX + 1], payer[OPENID_MAX + 64], prepay[H5_URL_MAX + 1];
    openid_of(VIEW(DEFAULT_APPID), own);
    openid_of(VIEW("wx7777777777777777"), other);
    ck_assert_str_eq(text_at(ctl_ask(&door, 200, "GET", BUILT_IN, NULL), "payers." DEFAULT_APPID),
                     own);
    snprintf(payer, sizeof(payer), ",\"payer\":{\"openid\":\"%s\"}", other);
    create("jsapi", "openid-01", payer, &answer);
    expect(&answer, 400, "INVALID_REQUEST", "appid与openid不匹配");
    snprintf(payer, sizeof(payer), ",\"payer\":{\"openid\":\"%s\"}", own);
    made("jsapi", "openid-01", payer, "prepay_id", prepay);
    ck_assert_int_eq(switch_set(&us->switches, VIEW("openid_form"), VIEW("accepted")), 0);
    made("jsapi", "openid-02", ",\"payer\":{\"openid\":\"me\"}", "prepay_id", prepay);
}
END_TEST

START_TEST(a_product_that_is_not_enabled)
{
    static const char *const products[] = { "NATIVE", "JSAPI", "APP", "MWEB" };
    struct v3_answer answer;
    char body[64], credential[H5_URL_MAX + 1];
    json_t *all = json_object_get(ctl_ask(&door, 200, "GET", BUILT_IN, NULL), "products");
    ck_assert_uint_eq(json_array_size(all), COUNT(products));
    for (size_t i = 0; i < COUNT(products); i++) {
        snprintf(body, sizeof(body), "{\"products\":[\"%s\"]}", products[i]);
        ctl_ask(&door, 200, "PATCH", BUILT_IN, body);
        if (i == (size_t)_i) {
            made(ways[_i].way, "product-1", ways[_i].more, ways[_i].name, credential);
            continue;
        }
        create(ways[_i].way, "product-2", ways[_i].more, &answer);
        expect(&answer, 403, "NO_AUTH",
               "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试");
    }
}
END_TEST

/* ---- ordered again ------------------------------------------------------------------------------ */

START_TEST(the_same_again_is_a_new_credential_and_the_old_one_is_dead)
{
    char first[H5_URL_MAX + 1], second[H5_URL_MAX + 1];
    static const enum phone_id dead[] = { PHONE_UNKNOWN, PHONE_PREPAY_UNKNOWN, PHONE_PREPAY_UNKNOWN,
                                          PHONE_PREPAY_UNKNOWN };
    made(ways[_i].way, "again-01", ways[_i].more, ways[_i].name, first);
    made(ways[_i].way, "again-01", ways[_i].more, ways[_i].name, second);
    ck_assert_str_ne(first, second);
    ck_assert_int_eq(go(ways[_i].by, first, ""), dead[_i]);
    ck_assert_int_eq(go(ways[_i].by, second, ""), PHONE_DONE);
}
END_TEST

START_TEST(another_way_or_payer_is_another_order)
{
    struct v3_answer answer;
    char credential[H5_URL_MAX + 1];
    made(ways[_i].way, "other-01", ways[_i].more, ways[_i].name, credential);
    for (size_t i = 0; i < COUNT(ways); i++) {
        if (i == (size_t)_i)
            continue;
        create(ways[i].way, "other-01", ways[i].more, &answer);
        expect(&answer, 400, "INVALID_REQUEST", "201 商户订单号重复");
    }
    if (ways[_i].by != AS_JSAPI)
        return;
    create("jsapi", "other-01", ",\"payer\":{\"openid\":\"oUpF8uMuAJO_M2pxb1Q9zNjWeS60\"}",
           &answer);
    expect(&answer, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
}
END_TEST

/* ---- time and people ---------------------------------------------------------------------------- */

static const struct {
    size_t way;
    int64_t life_ms;
    enum phone_id after;
} lives[] = {
    { 0, PREPAY_LIFE_MS, PHONE_EXPIRED },
    { 1, PREPAY_LIFE_MS, PHONE_PREPAY_EXPIRED },
    { 2, PREPAY_LIFE_MS, PHONE_PREPAY_EXPIRED },
    { 3, 300'000, PHONE_H5_EXPIRED }, /* V3 5.2: 5 min */
};

START_TEST(a_credential_lives_so_long)
{
    size_t way = lives[_i].way;
    struct account *us = door_account(&door);
    char credential[H5_URL_MAX + 1];
    vclock_freeze(&us->clock, account_now_ms(us));
    made(ways[way].way, "lives-01", ways[way].more, ways[way].name, credential);
    later(lives[_i].life_ms - 1);
    ck_assert_int_eq(go(ways[way].by, credential, NULL), PHONE_CASHIER);
    later(1);
    ck_assert_int_eq(go(ways[way].by, credential, NULL), lives[_i].after);
    made(ways[way].way, "lives-01", ways[way].more, ways[way].name, credential);
    ck_assert_int_eq(go(ways[way].by, credential, ""), PHONE_DONE);
}
END_TEST

/* V3 5.2: the order stays NOTPAY, and the payer reads why. */
START_TEST(after_time_expire_the_payer_reads_why)
{
    struct v3_answer answer;
    struct account *us = door_account(&door);
    char more[96], time[CN_TIME_RFC_LEN + 1], credential[H5_URL_MAX + 1];
    vclock_freeze(&us->clock, account_now_ms(us));
    cn_time_rfc3339(account_now_ms(us) + 120'000, time);
    snprintf(more, sizeof(more), ",\"time_expire\":\"%s\"", time);
    made("native", "expire-01", more, "code_url", credential);
    later(120'000);
    ck_assert_int_eq(go(BY_CODE, credential, ""), PHONE_TIME_EXPIRED);
    ck_assert_str_eq(phone_text(PHONE_TIME_EXPIRED),
                     "订单已超过商户设置的最晚支付成功时间，请重新发起支付");
    query("expire-01", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "NOTPAY");
    v3_answer_release(&answer);
}
END_TEST

START_TEST(only_the_person_of_a_jsapi_order_pays_it)
{
    char prepay[H5_URL_MAX + 1], code_url[H5_URL_MAX + 1];
    made("jsapi", "person-01", PAYER, "prepay_id", prepay);
    ck_assert_int_eq(go(AS_JSAPI, prepay, "oUpF8uMuAJO_M2pxb1Q9zNjWeS60"), PHONE_OTHER_PAYER);
    ck_assert_int_eq(go(AS_JSAPI, prepay, OPENID), PHONE_DONE);
    /* a payer that native carries along is with special permission, and binds nobody */
    made("native", "person-02", PAYER, "code_url", code_url);
    ck_assert_int_eq(go(BY_CODE, code_url, "oUpF8uMuAJO_M2pxb1Q9zNjWeS60"), PHONE_DONE);
}
END_TEST

/* V3 4.1: nothing but redirect_url may be put behind it. */
static const struct {
    const char *behind;
    enum phone_id phone;
} behinds[] = {
    { "", PHONE_CASHIER },
    { "&redirect_url=https%3A%2F%2Fshop.example%2Fdone", PHONE_CASHIER },
    { "&back=1", PHONE_H5_BROKEN },
    { "7", PHONE_H5_BROKEN },
    { "#top", PHONE_H5_BROKEN },
};

START_TEST(what_may_stand_behind_an_h5_url)
{
    char url[H5_URL_MAX + 1], whole[2 * H5_URL_MAX];
    made("h5", "behind-01", H5, "h5_url", url);
    snprintf(whole, sizeof(whole), "%s%s", url, behinds[_i].behind);
    ck_assert_int_eq(go(BY_URL, whole, NULL), behinds[_i].phone);
    ck_assert_int_eq(go(BY_URL, "https://shop.example/", NULL), PHONE_NOT_OURS);
    ck_assert_int_eq(go(BY_URL, H5_URL_FRONT "package=1", NULL), PHONE_H5_BROKEN);
    ck_assert_int_eq(go(BY_URL, H5_URL_FRONT "prepay_id=wx1&package=1", NULL),
                     PHONE_PREPAY_UNKNOWN);
}
END_TEST

/* ---- the control door --------------------------------------------------------------------------- */

START_TEST(an_h5_url_is_opened_through_the_control_door)
{
    char url[H5_URL_MAX + 1], body[512];
    made("h5", "control-1", H5, "h5_url", url);
    const json_t *order = ctl_ask(&door, 200, "GET", BUILT_IN "/orders/control-1", NULL);
    ck_assert_str_eq(text_at(order, "h5_url"), url);
    ck_assert(is_null_at(order, "code_url"));
    snprintf(body, sizeof(body), "{\"h5_url\":\"%s&redirect_url=https%%3A%%2F%%2Fa\"}", url);
    const json_t *shown = ctl_ask(&door, 200, "POST", "/v1/scan", body);
    ck_assert_str_eq(text_at(shown, "phone"), "cashier");
    const json_t *paid = ctl_ask(&door, 200, "POST", "/v1/pay", body);
    ck_assert_str_eq(text_at(paid, "result"), "paid");
    ck_assert_str_eq(text_at(paid, "order.trade_type"), "MWEB");
    later(H5_LIFE_MS);
    made("h5", "control-2", H5, "h5_url", url);
    later(H5_LIFE_MS);
    snprintf(body, sizeof(body), "{\"h5_url\":\"%s\"}", url);
    paid = ctl_ask(&door, 200, "POST", "/v1/pay", body);
    ck_assert_str_eq(text_at(paid, "reason"), "h5-expired");
    ck_assert_str_eq(text_at(paid, "text"), "支付请求已失效，请重新发起支付");
}
END_TEST

START_TEST(an_order_of_any_way_is_paid_by_its_number)
{
    char credential[H5_URL_MAX + 1];
    made(ways[_i].way, "number-01", ways[_i].more, ways[_i].name, credential);
    const json_t *paid =
        ctl_ask(&door, 200, "POST", "/v1/pay",
                "{\"mch_id\":\"" DEFAULT_MCH_ID "\",\"out_trade_no\":\"number-01\"}");
    ck_assert_str_eq(text_at(paid, "result"), "paid");
    ck_assert_str_eq(text_at(paid, "order.trade_type"), ways[_i].trade_type);
}
END_TEST

static const char *const apis[] = { "v3/native", "v3/jsapi", "v3/app", "v3/h5" };

START_TEST(faults_meet_each_way_by_its_name)
{
    struct v3_answer answer;
    char body[128], credential[H5_URL_MAX + 1];
    snprintf(body, sizeof(body), "{\"api\":\"%s\",\"kind\":\"http_status\",\"status\":503}",
             apis[_i]);
    ctl_ask(&door, 201, "POST", BUILT_IN "/faults", body);
    for (size_t i = 0; i < COUNT(ways); i++) {
        create(ways[i].way, i == (size_t)_i ? "fault-01" : "fault-02", ways[i].more, &answer);
        ck_assert_int_eq(answer.status == 503, i == (size_t)_i);
        v3_answer_release(&answer);
    }
    ctl_ask(&door, 204, "DELETE", BUILT_IN "/faults", NULL);
    ctl_ask(&door, 201, "POST", BUILT_IN "/faults",
            "{\"door\":\"notification\",\"kind\":\"before_answer\"}");
    made(ways[_i].way, "fault-03", ways[_i].more, ways[_i].name, credential);
    ck_assert_str_eq(
        text_at(ctl_ask(&door, 200, "GET", BUILT_IN "/orders/fault-03", NULL), "state"), "SUCCESS");
}
END_TEST

/* Products are shared, what is built is not. */
START_TEST(v2_still_refuses_what_it_has_not_built)
{
    static const char *const types[] = { "JSAPI", "APP", "MWEB" };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct params params = {};
        struct answer answer;
        params_order(&params, "v2-other-01");
        params_set(&params, "trade_type", types[i]);
        door_call(&door, "/pay/unifiedorder", &params, &answer);
        ck_assert_str_eq(xml_text(&answer, "return_code"), "FAIL");
        ck_assert_ptr_nonnull(strstr(xml_text(&answer, "return_msg"), "产品权限未开通"));
        answer_release(&answer);
        params_release(&params);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 create");
    TCase *tc = tcase_create("v3 create");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, each_way_is_ordered_paid_and_told, 0, COUNT(ways));
    tcase_add_test(tc, credentials_look_like_real_ones);
    tcase_add_loop_test(tc, what_a_way_needs, 0, COUNT(refused));
    tcase_add_test(tc, an_openid_belongs_to_one_appid);
    tcase_add_loop_test(tc, a_product_that_is_not_enabled, 0, COUNT(ways));
    tcase_add_loop_test(tc, the_same_again_is_a_new_credential_and_the_old_one_is_dead, 0,
                        COUNT(ways));
    tcase_add_loop_test(tc, another_way_or_payer_is_another_order, 0, COUNT(ways));
    tcase_add_loop_test(tc, a_credential_lives_so_long, 0, COUNT(lives));
    tcase_add_test(tc, after_time_expire_the_payer_reads_why);
    tcase_add_test(tc, only_the_person_of_a_jsapi_order_pays_it);
    tcase_add_loop_test(tc, what_may_stand_behind_an_h5_url, 0, COUNT(behinds));
    tcase_add_test(tc, an_h5_url_is_opened_through_the_control_door);
    tcase_add_loop_test(tc, an_order_of_any_way_is_paid_by_its_number, 0, COUNT(ways));
    tcase_add_loop_test(tc, faults_meet_each_way_by_its_name, 0, COUNT(apis));
    tcase_add_test(tc, v2_still_refuses_what_it_has_not_built);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
