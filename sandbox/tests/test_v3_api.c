/* API V3 at the door: who is let in, what is answered, how it is signed — V3 1 to 5, 12 */
#include "door_v3.h"

#include "api/v3/fields.h"

#include <stdio.h>
#include <stdlib.h>

#define NATIVE "/v3/pay/transactions/native"
#define CERTS  "/v3/certificates"

static struct door door;

static void setup(void)
{
    door_open(&door, NULL);
}

static void teardown(void)
{
    door_close(&door);
}

static void query(const char *number, struct v3_answer *out)
{
    char target[160];
    snprintf(target, sizeof(target), "/v3/pay/transactions/out-trade-no/%s?mchid=" DEFAULT_MCH_ID,
             number);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

static void close_order(const char *number, struct v3_answer *out)
{
    char target[160];
    snprintf(target, sizeof(target), "/v3/pay/transactions/out-trade-no/%s/close", number);
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = target, .body = "{\"mchid\":\"" DEFAULT_MCH_ID "\"}" },
            out);
}

static void native(const char *number, const char *more, struct v3_answer *out)
{
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = NATIVE, .body = v3_order_body(number, more) },
            out);
}

static void expect(struct v3_answer *answer, int status, const char *code, const char *message)
{
    ck_assert_int_eq(answer->status, status);
    ck_assert_str_eq(v3_text(answer, "code"), code);
    if (message)
        ck_assert_str_eq(v3_text(answer, "message"), message);
    v3_answer_release(answer);
}

/* ---- the gate ----------------------------------------------------------------------------------- */

#define AUTH  "SIGN_ERROR"
#define STALE "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
#define FORM  "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"

/* V3 1.3, 2.4: what is wrong, and what the wire says. */
static const struct {
    struct v3_send send;
    int status;
    const char *code, *message;
    bool request_id;
} refused[] = {
    { { .method = "GET", .target = "/v3/unknown" }, 404, "", "", false },
    { { .method = "GET", .target = NATIVE }, 405, "", "", false },
    { { .method = "GET", .target = CERTS "/" }, 404, "", "", false },
    { { .method = "GET", .target = CERTS, .no_agent = true, .authorization = "" },
      400,
      "INVALID_REQUEST",
      "Http头缺少Accept或User-Agent",
      true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .no_agent = true, .authorization = "" },
      401,
      AUTH,
      "签名信息错误，验签失败",
      false },
    { { .method = "GET", .target = CERTS, .authorization = "" }, 401, AUTH, FORM, true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .authorization = "Bearer x" },
      401,
      AUTH,
      "签名信息错误，验签失败",
      false },
    { { .method = "GET", .target = CERTS, .authorization = "Bearer x" },
      401,
      AUTH,
      "Http头Authorization认证类型不正确",
      true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .shift_s = -301 },
      401,
      AUTH,
      STALE,
      true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .shift_s = 302 },
      401,
      AUTH,
      STALE,
      true },
    /* the stamp is looked at before the signature */
    { { .method = "POST", .target = NATIVE, .body = "{}", .shift_s = -400, .sign_body = "x" },
      401,
      AUTH,
      STALE,
      true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .mchid = "1900000999" },
      401,
      AUTH,
      "签名错误",
      false },
    { { .method = "GET", .target = CERTS, .serial = "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E" },
      401,
      AUTH,
      "商户证书序列号有误。",
      true },
    { { .method = "GET", .target = CERTS, .key_file = "wechatpay_key.pem" },
      401,
      AUTH,
      "错误的签名，验签失败",
      true },
    { { .method = "POST", .target = NATIVE, .body = "{}", .sign_body = "{ }" },
      401,
      AUTH,
      "错误的签名，验签失败",
      true },
    /* and what is signed is answered signed */
    { { .method = "POST", .target = NATIVE, .body = "{" }, 400, "PARAM_ERROR", "参数错误", true },
    { { .method = "POST", .target = NATIVE, .body = "[]" }, 400, "PARAM_ERROR", "参数错误", true },
    { { .method = "POST", .target = NATIVE, .body = "" }, 400, "PARAM_ERROR", "参数错误", true },
    { { .method = "POST", .target = "/v3/pay/transactions/codepay", .body = "{}" },
      501,
      "NOT_BUILT",
      "sandbox: not built yet, V3 4.10",
      true },
};

START_TEST(who_is_not_let_in)
{
    struct v3_answer answer;
    v3_send(&door, &refused[_i].send, &answer);
    ck_assert_int_eq(answer.request_id[0] != '\0', refused[_i].request_id);
    ck_assert_int_eq(answer.signature[0] != '\0',
                     refused[_i].status == 400 && !refused[_i].send.no_agent);
    if (answer.signature[0])
        ck_assert(v3_answer_holds(&answer));
    expect(&answer, refused[_i].status, refused[_i].code, refused[_i].message);
}
END_TEST

/* The wire's diagnosis: five lines, the body cut to 8 bytes, the length of all of it (V3 2.4). */
START_TEST(a_wrong_signature_is_diagnosed)
{
    struct v3_answer answer;
    char text[256];
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = NATIVE,
                               .body = "{\"a\":\"测试\"}",
                               .sign_body = "",
                               .nonce = "12345678901234567890123456789012" },
            &answer);
    const char *message = v3_text(&answer, "detail/sign_information/truncated_sign_message");
    ck_assert_int_eq(sscanf(message, "POST\n" NATIVE "\n%*10d\n%255s", text), 1);
    ck_assert_str_eq(text, "12345678901234567890123456789012");
    ck_assert(view_ends(view_str(message), VIEW("\n{\"a\":\"\n"))); /* no half character */
    ck_assert_int_eq(v3_int(&answer, "detail/sign_information/sign_message_length"),
                     5 + (int)sizeof(NATIVE) + 11 + 33 + 14 + 1);
    ck_assert_str_eq(v3_text(&answer, "detail/detail/issue"), "sign not match");
    ck_assert_str_eq(v3_text(&answer, "detail/sign_information/url"), NATIVE);
    ck_assert_str_eq(v3_text(&answer, "detail/field"), "signature");
    v3_answer_release(&answer);
}
END_TEST

/* ---- fields ------------------------------------------------------------------------------------- */

#define PARTS                                                                                      \
    "{\"appid\":\"" DEFAULT_APPID "\",\"mchid\":\"" DEFAULT_MCH_ID                                 \
    "\",\"description\":\"x\",\"out_trade_no\":\"field-01\","
#define URL    "\"notify_url\":\"https://merchant.example/n\","
#define AMOUNT "\"amount\":{\"total\":1}"
#define SOURCE "输入源“/body/"

static const struct {
    const char *body, *code, *message, *location;
} fields[] = {
    { "{\"mchid\":\"" DEFAULT_MCH_ID "\"}", "PARAM_ERROR",
      SOURCE "appid”映射到字段“公众号ID”必填性规则校验失败，此字段为必填项", "body" },
    { PARTS URL "\"amount\":{\"total\":0}}", "PARAM_ERROR",
      SOURCE "amount/total”映射到数值字段“总金额”规则校验失败，值低于最小值 1", "body" },
    { PARTS URL "\"amount\":{\"total\":0.01}}", "PARAM_ERROR",
      "无法将 JSON " SOURCE "amount/total”映射到目标字段“总金额”中，此字段需要一个合法的 64 "
      "位有符号整数",
      "body" },
    { PARTS URL "\"amount\":{\"total\":\"1\"}}", "PARAM_ERROR",
      "无法将 JSON " SOURCE "amount/total”映射到目标字段“总金额”中，此字段需要一个合法的 64 "
      "位有符号整数",
      "body" },
    { PARTS URL "\"amount\":{}}", "PARAM_ERROR",
      SOURCE "amount/total”映射到字段“总金额”必填性规则校验失败，此字段为必填项", "body" },
    { PARTS "\"notify_url\":\"https://merchant.example/n?a=1\"," AMOUNT "}", "PARAM_ERROR",
      SOURCE "notify_url”映射到值字段“通知地址”字符串规则校验失败，字符串必须匹配正则表达式“^https?"
             "://([^\\s/?#\\[\\]\\@]+\\@)?([^\\s/?#\\@:]+)(?::\\d{2,5})?([^\\s?#\\[\\]]*)$”",
      "body" },
    { PARTS "\"notify_url\":\"ftp://merchant.example/n\"," AMOUNT "}", "PARAM_ERROR", NULL,
      "body" },
    { PARTS "\"notify_url\":\"https://:80/n\"," AMOUNT "}", "PARAM_ERROR", NULL, "body" },
    { PARTS URL AMOUNT ",\"time_expire\":\"20261124\"}", "PARAM_ERROR", NULL, "body" },
    { PARTS URL AMOUNT ",\"attach\":7}", "PARAM_ERROR", NULL, "body" },
    { PARTS URL AMOUNT ",\"scene_info\":{}}", "PARAM_ERROR",
      SOURCE "scene_info/payer_client_ip”映射到字段“用户终端IP”必填性规则校验失败，此字段为必填项",
      "body" },
    { PARTS URL AMOUNT ",\"detail\":{\"goods_detail\":[{\"merchant_goods_id\":\"1\",\"quantity\":1,"
                       "\"unit_price\":1},{\"quantity\":1}]}}",
      "PARAM_ERROR",
      SOURCE "detail/goods_detail/1/"
             "merchant_goods_id”映射到字段“商户侧商品编码”必填性规则校验失败，此字段为必填项",
      "body" },
    { "{\"appid\":\"wx1\",\"mchid\":\"" DEFAULT_MCH_ID
      "\",\"description\":\"x\",\"out_trade_no\":\"field-01\"," URL AMOUNT "}",
      "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试", "" },
    { "{\"appid\":\"" DEFAULT_APPID
      "\",\"mchid\":\"1900000110\",\"description\":\"x\",\"out_trade_no\":\"field-01\"," URL AMOUNT
      "}",
      "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配", "" },
};

START_TEST(the_first_broken_field_is_named_as_on_the_wire)
{
    struct v3_answer answer;
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = NATIVE, .body = fields[_i].body },
            &answer);
    ck_assert(v3_answer_holds(&answer));
    ck_assert_str_eq(v3_text(&answer, "detail/location"), fields[_i].location);
    expect(&answer, 400, fields[_i].code, fields[_i].message);
}
END_TEST

START_TEST(lengths_are_bytes_and_said)
{
    struct v3_answer answer;
    char attach[256];
    int len = snprintf(attach, sizeof(attach), ",\"attach\":\"");
    memset(attach + len, 'x', 129);
    snprintf(attach + len + 129, sizeof(attach) - (size_t)len - 129, "\"");
    native("length-01", attach, &answer);
    ck_assert_int_eq(v3_int(&answer, "detail/value"), 129);
    expect(&answer, 400, "PARAM_ERROR",
           SOURCE "attach”映射到值字段“附加数据”字符串规则校验失败，字节数 129，大于最大值 128");
    native("12345678901234567890123456789012345", NULL, &answer);
    expect(&answer, 400, "PARAM_ERROR",
           SOURCE
           "out_trade_no”映射到值字段“商户订单号”字符串规则校验失败，字节数 35，大于最大值 32");
    close_order("12345678901234567890123456789012345", &answer);
    ck_assert_str_eq(v3_text(&answer, "detail/location"), "uri_template");
    expect(&answer, 400, "PARAM_ERROR",
           "输入源“/uri_template/"
           "out_trade_no”映射到值字段“商户订单号”字符串规则校验失败，字节数 35，大于最大值 32");
    native("a/b/c/d", NULL, &answer);
    ck_assert_str_eq(v3_text(&answer, "detail/value"), "a/b/c/d");
    expect(&answer, 400, "PARAM_ERROR",
           SOURCE "out_trade_no”映射到值字段“商户订单号”字符串规则校验失败，"
                  "字符串必须匹配正则表达式“^[0-9a-zA-Z_\\-\\|\\*]+$”");
}
END_TEST

/* ---- the life of an order ----------------------------------------------------------------------- */

START_TEST(an_order_is_made_asked_for_and_closed)
{
    struct v3_answer answer;
    char first[CODE_URL_MAX + 1], second[CODE_URL_MAX + 1];
    struct scan scan = {};
    v3_order(&door, "life-001", ",\"attach\":\"a&b\"", first);
    query("life-001", &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(v3_answer_holds(&answer));
    ck_assert(view_ends(view_str(answer.request_id), VIEW("-0")));
    ck_assert_str_eq(answer.type, "application/json; charset=utf-8");
    ck_assert_str_eq(answer.scheme, "WECHATPAY2-SHA256-RSA2048");
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "NOTPAY");
    ck_assert_str_eq(v3_text(&answer, "trade_state_desc"), "订单未支付");
    ck_assert_str_eq(v3_text(&answer, "attach"), "a&b");
    ck_assert_int_eq(v3_int(&answer, "amount/total"), 88);
    ck_assert_str_eq(v3_text(&answer, "transaction_id"), "");
    v3_answer_release(&answer);

    /* again: a new code, and the old one is dead (V3 5.3) */
    v3_order(&door, "life-001", ",\"attach\":\"a&b\"", second);
    ck_assert_str_ne(first, second);
    payer_scan(&door.sandbox.engine, view_str(first), &scan);
    ck_assert_int_eq(scan.phone, PHONE_UNKNOWN);
    scan_release(&scan);
    native("life-001", ",\"attach\":\"a\"", &answer);
    expect(&answer, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");

    close_order("life-001", &answer);
    ck_assert(v3_answer_holds(&answer)); /* an empty body is signed too */
    ck_assert_uint_eq(answer.body.len, 0);
    ck_assert_str_eq(answer.type, "application/json; charset=utf-8");
    expect(&answer, 204, "", NULL);
    close_order("life-001", &answer);
    expect(&answer, 204, "", NULL);
    native("life-001", ",\"attach\":\"a&b\"", &answer);
    expect(&answer, 400, "ORDER_CLOSED", "该订单已失效");
    query("life-001", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "CLOSED");
    v3_answer_release(&answer);
}
END_TEST

/* Other key order, other white space: the same request (V3 5.3). */
START_TEST(an_equal_body_in_other_bytes_is_the_same_order)
{
    struct v3_answer answer;
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, "same-001", NULL, code_url);
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = NATIVE,
                               .body = "{ \"amount\" : {\"currency\":\"CNY\",\"total\":88},\n"
                                       "\"notify_url\":\"https://merchant.example/wxpay/v3\","
                                       "\"out_trade_no\":\"same-001\",\"description\":\"测试商品\","
                                       "\"mchid\":\"" DEFAULT_MCH_ID "\",\"appid\":\"" DEFAULT_APPID
                                       "\"}\n" },
            &answer);
    expect(&answer, 200, "", NULL);
}
END_TEST

START_TEST(a_paid_order)
{
    struct v3_answer answer;
    struct pay_spec spec = { .outcome = PAY_PAID,
                             .coupon_count = 1,
                             .coupon = { { .cash = true, .fee_fen = 8, .id = "77" } } };
    char code_url[CODE_URL_MAX + 1], target[160];
    v3_order(&door, "paid-001", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    query("paid-001", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "SUCCESS");
    ck_assert_str_eq(v3_text(&answer, "trade_state_desc"), "支付成功");
    ck_assert_int_eq(v3_int(&answer, "amount/payer_total"), 80);
    ck_assert_int_eq(v3_int(&answer, "promotion_detail/0/amount"), 8);
    ck_assert_str_eq(v3_text(&answer, "promotion_detail/0/coupon_id"), "77");
    ck_assert_uint_eq(strlen(v3_text(&answer, "payer/openid")), 28);
    ck_assert_uint_eq(strlen(v3_text(&answer, "success_time")), 25);
    snprintf(target, sizeof(target), "/v3/pay/transactions/id/%s?mchid=" DEFAULT_MCH_ID,
             v3_text(&answer, "transaction_id"));
    v3_answer_release(&answer);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, &answer);
    ck_assert_str_eq(v3_text(&answer, "out_trade_no"), "paid-001");
    expect(&answer, 200, "", NULL);
    close_order("paid-001", &answer);
    expect(&answer, 400, "ORDERPAID", "订单已支付");
    native("paid-001", NULL, &answer);
    expect(&answer, 400, "ORDERPAID", "该订单已支付");
}
END_TEST

/* V3 4.3, 4.6 */
START_TEST(a_number_closed_before_it_was_ordered_is_dead)
{
    struct v3_answer answer;
    query("ghost-01", &answer);
    expect(&answer, 404, "ORDER_NOT_EXIST", "订单不存在");
    close_order("ghost-01", &answer);
    expect(&answer, 204, "", NULL);
    query("ghost-01", &answer);
    expect(&answer, 404, "ORDER_NOT_EXIST", "订单不存在");
    close_order("ghost-01", &answer);
    expect(&answer, 204, "", NULL);
    native("ghost-01", NULL, &answer);
    expect(&answer, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
}
END_TEST

START_TEST(the_query_s_mchid)
{
    struct v3_answer answer;
#define ORDER "/v3/pay/transactions/out-trade-no/query-01"
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = ORDER }, &answer);
    ck_assert_str_eq(v3_text(&answer, "detail/location"), "query");
    expect(&answer, 400, "PARAM_ERROR",
           "输入源“/query/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项");
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = ORDER "?mchid=1900000110" },
            &answer);
    expect(&answer, 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配");
    /* the signature is over the query as well */
    v3_send(&door,
            &(struct v3_send){
                .method = "GET", .target = ORDER "?mchid=" DEFAULT_MCH_ID, .sign_target = ORDER },
            &answer);
    expect(&answer, 401, "SIGN_ERROR", "错误的签名，验签失败");
}
END_TEST

START_TEST(the_certificate_in_the_list_is_the_one_that_signs)
{
    struct v3_answer answer;
    char pem[4096], want[4096];
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = CERTS }, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(v3_answer_holds(&answer));
    ck_assert_str_eq(v3_text(&answer, "data/0/serial_no"), answer.serial);
    const json_t *first = json_array_get(json_object_get(answer.json, "data"), 0);
    ck_assert_str_eq(v3_text(&answer, "data/0/encrypt_certificate/associated_data"), "certificate");
    ck_assert_str_eq(v3_text(&answer, "data/0/encrypt_certificate/algorithm"), "AEAD_AES_256_GCM");
    ck_assert_str_eq(v3_text(&answer, "data/0/effective_time"), "2025-01-01T08:00:00+08:00");
    v3_open_text(json_object_get(first, "encrypt_certificate"), pem, sizeof(pem));
    FILE *file = fopen(FIXTURES_DIR "/keys/platform_cert.pem", "r");
    ck_assert_ptr_nonnull(file);
    want[fread(want, 1, sizeof(want) - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(pem, want);
    v3_answer_release(&answer);
}
END_TEST

/* As perl reads the pattern: a host, and whatever else is not forbidden. */
static const struct {
    const char *url;
    bool fits;
} urls[] = {
    { "https://merchant.example:1/n", true },
    { "https://h:123456/x", true },
    { "https://h:x", true },
    { "https://a@b@c/", true },
    { "https://:80@h/x", true },
    { "https://h[1]", true },
    { "https://u@h[1]:80/x", true },
    { "http://127.0.0.1:8080/a/b", true },
    { "https://h/[1]", false },
    { "https://@h/", false },
    { "https://:80/x", false },
    { "https://a b/", false },
    { "https://h/x?y", false },
    { "https://h/x#y", false },
    { "https://", false },
    { "HTTPS://h/", false },
};

START_TEST(a_url_fits_exactly_the_pattern)
{
    ck_assert_msg(v3_url_pattern.fits(view_str(urls[_i].url)) == urls[_i].fits, "%s", urls[_i].url);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 api");
    TCase *tc = tcase_create("v3 api");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, who_is_not_let_in, 0, COUNT(refused));
    tcase_add_test(tc, a_wrong_signature_is_diagnosed);
    tcase_add_loop_test(tc, the_first_broken_field_is_named_as_on_the_wire, 0, COUNT(fields));
    tcase_add_test(tc, lengths_are_bytes_and_said);
    tcase_add_test(tc, an_order_is_made_asked_for_and_closed);
    tcase_add_test(tc, an_equal_body_in_other_bytes_is_the_same_order);
    tcase_add_test(tc, a_paid_order);
    tcase_add_test(tc, a_number_closed_before_it_was_ordered_is_dead);
    tcase_add_test(tc, the_query_s_mchid);
    tcase_add_test(tc, the_certificate_in_the_list_is_the_one_that_signs);
    tcase_add_loop_test(tc, a_url_fits_exactly_the_pattern, 0, COUNT(urls));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
