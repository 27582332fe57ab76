/* The API door, from bytes to bytes: V2 1.2-1.8, 3.1-3.3, 5.3. */
#include "door_test.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static struct door door;

static void setup(void)
{
    door_open(&door, NULL);
}

static void teardown(void)
{
    door_close(&door);
}

/* ---- steps 1 to 4: documents ---- */

static const struct {
    const char *method, *body, *return_msg;
} documents[] = {
    { "GET", "", "require POST method" },
    { "PUT", "<xml></xml>", "require POST method" },
    { "POST", "", "post数据为空" },
    { "POST", "<xml><a>\xff</a></xml>", "编码格式错误" },
    { "POST", "<?xml version=\"1.0\" encoding=\"GBK\"?><xml><a>1</a></xml>", "编码格式错误" },
    { "POST", "hello", "XML格式错误" },
    { "POST", "<xml><a>1</a>", "XML格式错误" },
    { "POST", "<html><a>1</a></html>", "XML格式错误" },
    { "POST", "<xml><a><b>1</b></a></xml>", "XML格式错误" },
    { "POST", "<xml><a>1</a><a>1</a></xml>", "XML格式错误" },
    { "POST", "<!DOCTYPE xml [<!ENTITY x \"y\">]><xml><a>&x;</a></xml>", "XML格式错误" },
    { "POST", "{\"a\":1}", "XML格式错误" },
    { "POST", "<xml><a>1</a></xml>", "缺少参数" },
};

START_TEST(a_document_is_refused_by_the_first_broken_step)
{
    struct answer answer;
    door_send(&door, documents[_i].method, "/pay/unifiedorder", view_str(documents[_i].body),
              &answer);
    ck_assert_int_eq(answer.err, 0);
    ck_assert_int_eq(answer.status, 200);
    char wanted[256];
    snprintf(wanted, sizeof(wanted),
             "<xml><return_code><![CDATA[FAIL]]></return_code>\n"
             "<return_msg><![CDATA[%s]]></return_msg>\n</xml>",
             documents[_i].return_msg);
    ck_assert_str_eq(buf_cstr(&answer.body), wanted); /* byte for byte, V2 1.7 */
    answer_release(&answer);
}
END_TEST

/* ---- step 5: fields ---- */

static const char long129[] =
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
    "123456789012345678901234567890123456789";

static const struct {
    const char *name, *value; /* NULL: taken out */
    const char *return_msg;   /* NULL: accepted */
} fields[] = {
    { "appid", NULL, "缺少参数" },
    { "appid", "", "appid参数长度有误" },
    { "appid", "123456789012345678901234567890123", "appid参数长度有误" },
    { "mch_id", NULL, "缺少参数" },
    { "mch_id", "", "mch_id参数长度有误" },
    { "nonce_str", NULL, "缺少参数" },
    { "nonce_str", "123456789012345678901234567890123", "nonce_str参数长度有误" },
    { "sign_type", "SHA1", "签名错误" },
    { "sign_type", "md5", "签名错误" },
    { "body", NULL, "缺少参数" },
    { "body", "", "body参数长度有误" },
    { "body", long129, "body参数长度有误" },
    { "attach", long129, "attach参数长度有误" },
    { "out_trade_no", NULL, "缺少参数" },
    { "out_trade_no", "", "out_trade_no参数长度有误" },
    { "out_trade_no", "123456789012345678901234567890123", "out_trade_no参数长度有误" },
    { "out_trade_no", "with space", "参数格式校验错误" },
    { "out_trade_no", "中文订单号码", "参数格式校验错误" },
    { "out_trade_no", "a@b.c/d", "参数格式校验错误" },
    { "out_trade_no", "A-1_b|c*", NULL },
    { "out_trade_no", "abc", NULL }, /* interop: as short as three */
    { "total_fee", NULL, "缺少参数" },
    { "total_fee", "0", "参数格式校验错误" },
    { "total_fee", "-1", "参数格式校验错误" },
    { "total_fee", "1.00",
      "无法将输入源“/body/xml/total_fee”映射到目标字段“标价金额”中，此字段需要一个合法的 64 "
      "位有符号整数" },
    { "total_fee", "9223372036854775808",
      "无法将输入源“/body/xml/total_fee”映射到目标字段“标价金额”中，此字段需要一个合法的 64 "
      "位有符号整数" },
    { "total_fee", "9223372036854775807", NULL },
    { "spbill_create_ip", NULL, "缺少参数" },
    { "spbill_create_ip", "300.1.1.1", "invalid spbill_create_ip" },
    { "spbill_create_ip", "1.2.3.4, 5.6.7.8", "invalid spbill_create_ip" },
    { "spbill_create_ip", "2001:db8::1", NULL },
    { "spbill_create_ip", "0.0.0.0", NULL }, /* interop */
    { "notify_url", NULL, "缺少参数" },
    { "notify_url", "merchant.example/notify", "参数格式校验错误" },
    { "notify_url", "ftp://merchant.example/", "参数格式校验错误" },
    { "notify_url", "http://127.0.0.1:1/notify?x=1", NULL },
    { "trade_type", NULL, "缺少参数" },
    { "trade_type", "QR", "参数格式校验错误" },
    { "trade_type", "JSAPI", "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试" },
    { "product_id", NULL, NULL }, /* interop */
    { "openid", "oUpF8uMEb4qRXf22hE3X68TekukE", NULL },
    { "fee_type", "USD", "参数格式校验错误" },
    { "fee_type", "CNY", NULL },
    { "time_start", "20260229000000", "【交易有效截止时间非法】" },
    { "time_expire", "2026-11-24", "【交易有效截止时间非法】" },
    { "time_expire", "20010101000000", "【交易有效截止时间非法】" },
    { "time_expire", "20991231235959", NULL },
    { "limit_pay", "no_debit", "参数格式校验错误" },
    { "limit_pay", "no_credit", NULL },
    { "profit_sharing", "y", "参数格式校验错误" },
    { "sub_mch_id", "1900000110", "sandbox: not built yet, manual sl_9_1" },
    { "sub_mch_id", "", NULL },
    { "detail", "not json", NULL },
    { "future_field", "x", NULL }, /* unknown fields take part in the signature only */
};

START_TEST(a_field_is_held_to_its_rule)
{
    struct params params = {};
    struct answer answer;
    params_order(&params, "20150806125346");
    params_set(&params, fields[_i].name, fields[_i].value);
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    if (fields[_i].return_msg) {
        ck_assert_str_eq(xml_text(&answer, "return_code"), "FAIL");
        ck_assert_str_eq(xml_text(&answer, "return_msg"), fields[_i].return_msg);
    } else {
        ck_assert_str_eq(xml_text(&answer, "return_msg"), "OK");
        ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    }
    answer_release(&answer);
    params_release(&params);
}
END_TEST

START_TEST(body_counts_bytes_unless_the_account_says_characters)
{
    struct params params = {};
    struct answer answer;
    /* 43 characters of three bytes: 129 bytes */
    params_order(&params, "length-unit");
    params_set(
        &params, "body",
        "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "body参数长度有误");
    answer_release(&answer);
    ck_assert_int_eq(
        switch_set(&door_account(&door)->switches, VIEW("length_unit"), VIEW("characters")), 0);
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* ---- steps 6 and 7: who, signed ---- */

static const struct {
    const char *appid, *mch_id, *key, *return_msg;
} callers[] = {
    { "wx0000000000000000", "1900000109", DEFAULT_API_KEY, "appid不存在" },
    { "wx8888888888888888", "1900000999", DEFAULT_API_KEY, "商户号mch_id或sub_mch_id不存在" },
    { "wxaaaaaaaaaaaaaaaa", "1900000109", DEFAULT_API_KEY, "商户号mch_id与appid不匹配" },
    { "wx8888888888888888", "1900000109", "ffffffffffffffffffffffffffffffff", "签名错误" },
    /* step 6 comes before step 7 */
    { "wx0000000000000000", "1900000109", "ffffffffffffffffffffffffffffffff", "appid不存在" },
};

START_TEST(a_caller_is_known_bound_and_signs)
{
    struct account_spec spec = { .appid_count = 1, .appid = { VIEW("wxaaaaaaaaaaaaaaaa") } };
    struct account *other;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(accounts_add(door.sandbox.accounts, &spec, &other), 0);
    struct params params = {};
    struct answer answer;
    struct buf xml = BUF_INIT(1 << 16);
    params_order(&params, "20150806125346");
    params_set(&params, "appid", callers[_i].appid);
    params_set(&params, "mch_id", callers[_i].mch_id);
    params_sign(&params, callers[_i].key, &xml);
    door_send(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), callers[_i].return_msg);
    answer_release(&answer);
    buf_release(&xml);
    params_release(&params);
}
END_TEST

/* The manual's own request, V2 2.5 S-3, with its published digests. */
static const char s3[] =
    "<xml>\n<appid>wx8888888888888888</appid>\n<attach></attach>\n"
    "<body><![CDATA[腾讯充值中心-QQ会员充值]]></body>\n<device_info></device_info>\n"
    "<mch_id>1900000109</mch_id>\n<nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str>\n"
    "<notify_url><![CDATA[https://merchant.example/wxpay/notify]]></notify_url>\n"
    "<out_trade_no>20150806125346</out_trade_no>\n"
    "<product_id>12235413214070356458058</product_id>\n<sign>%s</sign>\n"
    "<sign_type>%s</sign_type>\n<spbill_create_ip>123.12.12.123</spbill_create_ip>\n"
    "<total_fee>88</total_fee>\n<trade_type>NATIVE</trade_type>\n</xml>";

static const struct {
    const char *sign_type, *sign;
    bool hmac;
} s3_signs[] = {
    { "MD5", "6ED405E70CC27E6608DB7891497BE304", false },
    { "", "02A5AE8B06C904A6586B8F507B07A3CB", false },
    { "HMAC-SHA256", "4382F4901E81CD0DF16A150B190FB4C01DEE5135DE9664EAC3C96A962F480E0F", true },
};

START_TEST(the_published_request_is_accepted_and_answered_in_its_own_algorithm)
{
    struct buf xml = BUF_INIT(1 << 16);
    struct answer answer;
    ck_assert_int_eq(buf_fmt(&xml, s3, s3_signs[_i].sign, s3_signs[_i].sign_type), 0);
    door_send(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, s3_signs[_i].hmac));
    ck_assert_str_eq(answer.type, "text/plain");
    /* layout A, V2 1.4: the order of the elements, one line feed after each, none at the end */
    static const char *const order[] = { "<xml><return_code>", "\n<return_msg>", "\n<appid>",
                                         "\n<mch_id>",         "\n<nonce_str>",  "\n<sign>",
                                         "\n<result_code>",    "\n<prepay_id>",  "\n<trade_type>",
                                         "\n<code_url>",       "\n</xml>" };
    size_t last = 0;
    for (size_t i = 0; i < COUNT(order); i++) {
        size_t at = view_find(buf_view(&answer.body), view_str(order[i]));
        ck_assert_msg(at != SIZE_MAX && at >= last, "%s is out of order", order[i]);
        last = at;
    }
    ck_assert_str_eq(answer.body.ptr + answer.body.len - 7, "\n</xml>");
    answer_release(&answer);
    buf_release(&xml);
}
END_TEST

START_TEST(one_changed_digit_of_the_sign_is_refused_and_explained)
{
    struct buf xml = BUF_INIT(1 << 16);
    struct answer answer;
    char sign[33];
    memcpy(sign, s3_signs[0].sign, 33);
    sign[_i] = sign[_i] == '0' ? '1' : '0';
    ck_assert_int_eq(buf_fmt(&xml, s3, sign, "MD5"), 0);
    door_send(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "签名错误");
    ck_assert_str_eq(xml_text(&answer, "sign"), "");
    const struct exchange *exchange = exchange_get(door.sandbox.exchanges, 1);
    ck_assert_ptr_nonnull(exchange);
    ck_assert_str_eq(exchange->refusal, "BAD_SIGN");
    ck_assert_uint_gt(exchange->hint.len, 0);
    ck_assert_ptr_null(strstr(buf_cstr(&exchange->sign_text), DEFAULT_API_KEY));
    answer_release(&answer);
    buf_release(&xml);
}
END_TEST

/* ---- states ---- */

START_TEST(a_repeat_succeeds_unless_something_differs)
{
    static const struct {
        const char *name, *value;
        bool same;
    } rows[] = {
        { "nonce_str", "another", true },
        { "spbill_create_ip", "8.8.8.8", true },
        { "time_start", "20260101000000", true },
        { "sign_type", "HMAC-SHA256", true },
        { "total_fee", "89", false },
        { "body", "something else", false },
        { "attach", "x", false },
        { "notify_url", "https://other.example/", false },
        { "time_expire", "20991231235959", false },
    };
    struct params params = {};
    struct answer first, second;
    params_order(&params, "re-entry");
    door_call(&door, "/pay/unifiedorder", &params, &first);
    params_set(&params, rows[_i].name, rows[_i].value);
    door_call(&door, "/pay/unifiedorder", &params, &second);
    if (rows[_i].same) {
        char code_url[CODE_URL_MAX + 1];
        snprintf(code_url, sizeof(code_url), "%s", xml_text(&first, "code_url"));
        ck_assert_str_eq(xml_text(&second, "code_url"), code_url);
    } else {
        ck_assert_str_eq(xml_text(&second, "err_code"), "INVALID_REQUEST");
        ck_assert_str_eq(xml_text(&second, "err_code_des"), "201 商户订单号重复");
        ck_assert(sign_holds(buf_view(&second.body), DEFAULT_API_KEY, false));
        const struct exchange *exchange = exchange_get(door.sandbox.exchanges, 2);
        ck_assert_str_eq(exchange->refusal_where, rows[_i].name);
    }
    answer_release(&first);
    answer_release(&second);
    params_release(&params);
}
END_TEST

static void call_with_number(const char *path, const char *number, struct answer *answer)
{
    struct params params = {};
    params_common(&params);
    params_set(&params, "out_trade_no", number);
    door_call(&door, path, &params, answer);
    params_release(&params);
}

START_TEST(a_paid_order_says_so_to_query_close_and_order)
{
    char code_url[CODE_URL_MAX + 1];
    struct answer answer;
    door_order(&door, "paid-order", code_url);
    struct pay_spec spec = { .coupon_count = 2,
                             .coupon = { { .cash = true, .fee_fen = 10, .id = "1" },
                                         { .cash = false, .fee_fen = 30, .id = "2" } } };
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);

    call_with_number("/pay/orderquery", "paid-order", &answer);
    ck_assert_str_eq(xml_text(&answer, "trade_state"), "SUCCESS");
    ck_assert_str_eq(xml_text(&answer, "total_fee"), "88");
    ck_assert_str_eq(xml_text(&answer, "cash_fee"), "48");
    ck_assert_str_eq(xml_text(&answer, "coupon_fee"), "40");
    ck_assert_str_eq(xml_text(&answer, "settlement_total_fee"), "58");
    ck_assert_str_eq(xml_text(&answer, "coupon_type_1"), "NO_CASH");
    ck_assert_uint_eq(strlen(xml_text(&answer, "transaction_id")), 28);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);

    call_with_number("/pay/closeorder", "paid-order", &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "ORDERPAID");
    answer_release(&answer);

    struct params params = {};
    params_order(&params, "paid-order");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "ORDERPAID");
    answer_release(&answer);
    params_release(&params);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_PAID);
}
END_TEST

START_TEST(a_closed_order_stays_closed)
{
    char code_url[CODE_URL_MAX + 1];
    struct answer answer;
    door_order(&door, "closed-order", code_url);
    call_with_number("/pay/closeorder", "closed-order", &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    ck_assert_str_eq(xml_text(&answer, "result_msg"), "OK");
    answer_release(&answer);
    call_with_number("/pay/closeorder", "closed-order", &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "ORDERCLOSED");
    answer_release(&answer);
    call_with_number("/pay/orderquery", "closed-order", &answer);
    ck_assert_str_eq(xml_text(&answer, "trade_state"), "CLOSED");
    answer_release(&answer);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_CLOSED);
}
END_TEST

START_TEST(an_unknown_order_is_told_in_each_chapters_words)
{
    struct answer answer;
    call_with_number("/pay/orderquery", "unknown", &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "ORDERNOTEXIST");
    ck_assert_str_eq(xml_text(&answer, "err_code_des"), "order not exist");
    answer_release(&answer);
    call_with_number("/pay/closeorder", "unknown", &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code_des"), "订单不存在");
    answer_release(&answer);
}
END_TEST

START_TEST(paths_of_the_manual_are_refused_as_such_and_others_lead_to_the_404_page)
{
    struct answer answer;
    door_send(&door, NULL, "/pay/micropay", VIEW("<xml></xml>"), &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "sandbox: not built yet, manual 9_10");
    answer_release(&answer);
    door_send(&door, NULL, "/pay/nothing", VIEW("<xml></xml>"), &answer);
    ck_assert_int_eq(answer.status, 302);
    ck_assert_str_eq(answer.location, "https://wx.gtimg.com/core/404.html");
    answer_release(&answer);
}
END_TEST

START_TEST(the_documented_shape_of_errors_is_a_switch)
{
    struct params params = {};
    struct answer answer;
    ck_assert_int_eq(
        switch_set(&door_account(&door)->switches, VIEW("error_layer"), VIEW("documented")), 0);
    params_order(&params, "documented");
    params_set(&params, "body", NULL);
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_code"), "SUCCESS");
    ck_assert_str_eq(xml_text(&answer, "err_code"), "LACK_PARAMS");
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* ---- faults ---- */

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
    bool made;            /* was the order made all the same? */
    int err, status;      /* of the answer */
    const char *contains; /* NULL: anything */
    bool sign;            /* does the answer's sign hold? */
} faults[] = {
    { "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_before\"}", false, -1, 0, NULL,
      false },
    { "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_after\"}", true, -1, 0, NULL,
      false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"http_status\",\"status\":502}", false, 0, 502,
      "nginx", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"system_error\"}", false, 0, 200, "SYSTEMERROR",
      true },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"system_error\",\"processed\":true}", true, 0, 200,
      "SYSTEMERROR", true },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"wrong_sign\"}", true, 0, 200, "code_url", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"no_sign\"}", true, 0, 200, "code_url", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"truncated\",\"keep_bytes\":40}", true, 0, 200,
      "<xml><return_code><![CDATA[SUCCESS]]></r", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"delay\",\"delay_ms\":20}", true, 0, 200,
      "code_url", true },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"raw\",\"status\":200,\"content_type\":"
      "\"text/html\",\"body\":\"<html></html>\"}",
      true, 0, 200, "<html></html>", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"alter\",\"set\":{\"code_url\":\"weixin://x\"},"
      "\"sign\":\"valid\"}",
      true, 0, 200, "weixin://x", true },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"alter\",\"set\":{\"code_url\":\"weixin://x\"},"
      "\"sign\":\"stale\"}",
      true, 0, 200, "weixin://x", false },
    { "{\"door\":\"api\",\"api\":\"*\",\"kind\":\"alter\",\"drop\":[\"prepay_id\"],"
      "\"order\":\"reversed\",\"spaces\":true}",
      true, 0, 200, "<xml><code_url>", true },
};

START_TEST(a_fault_happens_as_ordered_and_once)
{
    struct params params = {};
    struct answer answer;
    order_fault(faults[_i].json);
    params_order(&params, "faulty-order");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    if (faults[_i].err) {
        ck_assert_int_lt(answer.err, 0);
    } else {
        ck_assert_int_eq(answer.err, 0);
        ck_assert_int_eq(answer.status, faults[_i].status);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), faults[_i].contains));
        if (view_starts(buf_view(&answer.body), VIEW("<xml>")) && !strstr(faults[_i].json, "trunc"))
            ck_assert_int_eq(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false),
                             faults[_i].sign);
    }
    answer_release(&answer);

    struct order_row order = {};
    int known = order_get_by_number(door.sandbox.store, door_account(&door)->id,
                                    VIEW("faulty-order"), &order);
    ck_assert_int_eq(known == 0, faults[_i].made);
    order_row_release(&order);

    /* the next call is answered as if nothing had been: a retry must succeed */
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    params_release(&params);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api");
    TCase *tc = tcase_create("door");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_document_is_refused_by_the_first_broken_step, 0, COUNT(documents));
    tcase_add_loop_test(tc, a_field_is_held_to_its_rule, 0, COUNT(fields));
    tcase_add_test(tc, body_counts_bytes_unless_the_account_says_characters);
    tcase_add_loop_test(tc, a_caller_is_known_bound_and_signs, 0, COUNT(callers));
    tcase_add_loop_test(tc, the_published_request_is_accepted_and_answered_in_its_own_algorithm, 0,
                        COUNT(s3_signs));
    tcase_add_loop_test(tc, one_changed_digit_of_the_sign_is_refused_and_explained, 0, 32);
    tcase_add_loop_test(tc, a_repeat_succeeds_unless_something_differs, 0, 9);
    tcase_add_test(tc, a_paid_order_says_so_to_query_close_and_order);
    tcase_add_test(tc, a_closed_order_stays_closed);
    tcase_add_test(tc, an_unknown_order_is_told_in_each_chapters_words);
    tcase_add_test(tc, paths_of_the_manual_are_refused_as_such_and_others_lead_to_the_404_page);
    tcase_add_test(tc, the_documented_shape_of_errors_is_a_switch);
    tcase_add_loop_test(tc, a_fault_happens_as_ordered_and_once, 0, COUNT(faults));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
