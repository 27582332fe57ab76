/* Refunds at the V2 door — V2 3.4, 3.5 */
#include "v2_refund_test.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static void setup(void)
{
    refund_open_door();
}

static void teardown(void)
{
    refund_close_door();
}

/* ---- /secapi/pay/refund ---- */

/* Byte for byte, but for what is new each time: order of V2 1.4, real answer of V2 3.4. */
static void expect_answer(const struct answer *answer, const char *transaction_id)
{
    char nonce[64], sign[80], refund_id[40];
    struct buf wanted = BUF_INIT(4096);
    snprintf(nonce, sizeof(nonce), "%s", xml_text(answer, "nonce_str"));
    snprintf(sign, sizeof(sign), "%s", xml_text(answer, "sign"));
    snprintf(refund_id, sizeof(refund_id), "%s", xml_text(answer, "refund_id"));
    ck_assert_uint_eq(strlen(refund_id), 29);
    ck_assert_int_eq(buf_fmt(&wanted,
                             "<xml><return_code><![CDATA[SUCCESS]]></return_code>\n"
                             "<return_msg><![CDATA[OK]]></return_msg>\n"
                             "<appid><![CDATA[wx8888888888888888]]></appid>\n"
                             "<mch_id><![CDATA[1900000109]]></mch_id>\n"
                             "<nonce_str><![CDATA[%s]]></nonce_str>\n"
                             "<sign><![CDATA[%s]]></sign>\n"
                             "<result_code><![CDATA[SUCCESS]]></result_code>\n"
                             "<transaction_id><![CDATA[%s]]></transaction_id>\n"
                             "<out_trade_no><![CDATA[order-01]]></out_trade_no>\n"
                             "<out_refund_no><![CDATA[R1]]></out_refund_no>\n"
                             "<refund_id><![CDATA[%s]]></refund_id>\n"
                             "<refund_channel><![CDATA[]]></refund_channel>\n"
                             "<refund_fee>30</refund_fee>\n"
                             "<coupon_refund_fee>0</coupon_refund_fee>\n"
                             "<coupon_refund_count>0</coupon_refund_count>\n"
                             "<total_fee>88</total_fee>\n"
                             "<cash_fee>88</cash_fee>\n"
                             "<cash_refund_fee>30</cash_refund_fee>\n"
                             "</xml>",
                             nonce, sign, transaction_id, refund_id),
                     0);
    ck_assert_str_eq(buf_cstr(&answer->body), buf_cstr(&wanted));
    buf_release(&wanted);
}

START_TEST(a_refund_is_accepted_and_signed_as_asked) /* looped over sign types */
{
    static const char *const types[] = { NULL, "MD5", "HMAC-SHA256" };
    struct params params = {};
    struct answer answer;
    char transaction_id[33];
    refund_pay("order-01", 0, false);
    refund_transaction("order-01", transaction_id);
    refund_params(&params, "order-01", "R1", "30");
    params_set(&params, "sign_type", types[_i]);
    door_call(&door, "/secapi/pay/refund", &params, &answer);
    expect_answer(&answer, transaction_id);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, _i == 2));
    answer_release(&answer);
    params_release(&params);
}
END_TEST

START_TEST(the_order_says_refund_at_once)
{
    struct params params = {};
    struct answer answer;
    refund_pay("order-02", 0, false);
    refund_accepted("order-02", "R2", "1");
    params_common(&params);
    params_set(&params, "out_trade_no", "order-02");
    door_call(&door, "/pay/orderquery", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "trade_state"), "REFUND");
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* One field of a right refund is another. */
static const struct {
    const char *name, *value; /* NULL: absent */
    const char *protocol, *code, *text;
} wrong[] = {
    { "out_refund_no", NULL, "缺少参数", "", "" },
    { "out_refund_no", "", "out_refund_no参数长度有误", "", "" },
    { "out_refund_no", "with space", "参数格式校验错误", "", "" },
    { "out_refund_no", "中文", "参数格式校验错误", "", "" },
    { "out_refund_no", "12345678901234567890123456789012345678901234567890123456789012345",
      "out_refund_no参数长度有误", "", "" },
    { "total_fee", NULL, "缺少参数", "", "" },
    { "total_fee", "0", "参数格式校验错误", "", "" },
    { "total_fee", "89", "", "ERROR", "订单金额不一致" },
    { "refund_fee", NULL, "缺少参数", "", "" },
    { "refund_fee", "-1", "参数格式校验错误", "", "" },
    { "refund_fee", "0", "参数格式校验错误", "", "" },
    { "refund_fee", "0.5",
      "无法将输入源“/body/xml/refund_fee”映射到目标字段“退款金额”中，此字段需要一个合法的 64 "
      "位有符号整数",
      "", "" },
    { "refund_fee", "9223372036854775808",
      "无法将输入源“/body/xml/refund_fee”映射到目标字段“退款金额”中，此字段需要一个合法的 64 "
      "位有符号整数",
      "", "" },
    { "refund_fee", "89", "", "REFUND_FEE_INVALID", "累计退款金额大于支付金额" },
    { "refund_fee", "9223372036854775807", "", "REFUND_FEE_INVALID", "累计退款金额大于支付金额" },
    { "refund_fee_type", "USD", "参数格式校验错误", "", "" },
    { "refund_account", "MY_POCKET", "参数格式校验错误", "", "" },
    { "notify_url", "merchant.example/refund", "参数格式校验错误", "", "" },
    { "transaction_id", "12345", "", "INVALID_TRANSACTIONID", "无效transaction_id" },
    { "transaction_id", "4200000001202611230000000009", "", "ORDERNOTEXIST", "订单不存在" },
    { "out_trade_no", "nobody-01", "", "ORDERNOTEXIST", "订单不存在" },
    { "out_trade_no", "unpaid-01", "", "TRADE_STATE_ERROR", "订单状态错误" },
    { "out_trade_no", NULL, "缺少参数", "", "" },
};

START_TEST(what_is_wrong_is_refused)
{
    struct params params = {};
    struct answer answer;
    char code_url[CODE_URL_MAX + 1];
    refund_pay("order-03", 0, false);
    door_order(&door, "unpaid-01", code_url);
    refund_params(&params, "order-03", "R3", "30");
    params_set(&params, wrong[_i].name, wrong[_i].value);
    door_call(&door, "/secapi/pay/refund", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_code"), wrong[_i].protocol[0] ? "FAIL" : "SUCCESS");
    if (wrong[_i].protocol[0])
        ck_assert_str_eq(xml_text(&answer, "return_msg"), wrong[_i].protocol);
    else
        ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    ck_assert_str_eq(xml_text(&answer, "err_code"), wrong[_i].code);
    ck_assert_str_eq(xml_text(&answer, "err_code_des"), wrong[_i].text);
    answer_release(&answer);
    params_release(&params);
    refund_refused("order-03", NULL, "REFUNDNOTEXIST"); /* and nothing has happened */
}
END_TEST

START_TEST(the_same_number_is_the_same_refund)
{
    char first[40];
    refund_pay("order-04", 0, false);
    snprintf(first, sizeof(first), "%s", refund_accepted("order-04", "R4", "80"));
    ck_assert_str_eq(refund_accepted("order-04", "R4", "80"), first);
    refund_denied("order-04", "R4", "79", "REFUND_FEE_MISMATCH");
    refund_pay("order-05", 0, false);
    refund_denied("order-05", "R4", "80", "INVALID_REQUEST"); /* of another order */
    refund_denied("order-04", "R5", "9", "REFUND_FEE_INVALID");
    ck_assert_str_ne(refund_accepted("order-04", "R5", "8"), first);
    refund_denied("order-04", "R6", "1", "TRADE_STATE_ERROR"); /* 订单已全额退款 */
    ck_assert_str_eq(refund_accepted("order-04", "R4", "80"), first);
}
END_TEST

START_TEST(too_old_and_too_many_are_refused)
{
    char number[16];
    refund_pay("order-06", 0, false);
    for (int i = 0; i < 50; i++) {
        snprintf(number, sizeof(number), "F%d", i);
        refund_accepted("order-06", number, "1");
    }
    refund_denied("order-06", "F50", "1", "ERROR");
    refund_pay("order-07", 0, false);
    refund_later(366 * 86'400'000LL);
    refund_denied("order-07", "R7", "1", "TRADE_OVERDUE");
}
END_TEST

/* The manual: transaction_id wins. */
START_TEST(of_two_numbers_the_platforms_wins)
{
    struct params params = {};
    struct answer answer;
    char transaction_id[33];
    refund_pay("order-08", 0, false);
    refund_transaction("order-08", transaction_id);
    refund_params(&params, "another-one", "R8", "30");
    params_set(&params, "transaction_id", transaction_id);
    door_call(&door, "/secapi/pay/refund", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "out_trade_no"), "order-08");
    ck_assert(refund_remarked("numbers-differ"));
    ck_assert(refund_remarked("no-client-certificate"));
    ck_assert(!refund_remarked("refunds-close"));
    answer_release(&answer);
    params_release(&params);
    refund_later(59'999);
    refund_accepted("order-08", "R9", "1");
    ck_assert(refund_remarked("refunds-close"));
    refund_later(60'000);
    refund_accepted("order-08", "R10", "1");
    ck_assert(!refund_remarked("refunds-close"));
}
END_TEST

/*
 * 88 fen: 48 cash, coupons of 30 (no cash) and 10. In three parts nothing is lost or given twice.
 * Cash is a share of the whole, rounded down in the sum: 28/88 of 48 is 15, 58/88 is 31.
 */
static const struct {
    const char *fee, *cash, *coupons, *first, *second, *settled;
} parts[] = {
    { "28", "15", "13", "13", "", "15" },
    { "30", "16", "14", "14", "", "16" },
    { "30", "17", "13", "3", "10", "27" },
};

START_TEST(coupons_are_given_back_one_after_the_other)
{
    refund_pay("order-09", 30, true);
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct params params = {};
        struct answer answer;
        char number[8];
        snprintf(number, sizeof(number), "C%zu", i);
        refund_params(&params, "order-09", number, parts[i].fee);
        door_call(&door, "/secapi/pay/refund", &params, &answer);
        ck_assert_str_eq(xml_text(&answer, "cash_fee"), "48");
        ck_assert_str_eq(xml_text(&answer, "cash_refund_fee"), parts[i].cash);
        ck_assert_str_eq(xml_text(&answer, "coupon_refund_fee"), parts[i].coupons);
        ck_assert_str_eq(xml_text(&answer, "coupon_refund_count"), parts[i].second[0] ? "2" : "1");
        ck_assert_str_eq(xml_text(&answer, "coupon_type_0"), "NO_CASH");
        ck_assert_str_eq(xml_text(&answer, "coupon_refund_fee_0"), parts[i].first);
        ck_assert_str_eq(xml_text(&answer, "coupon_refund_fee_1"), parts[i].second);
        ck_assert_str_eq(xml_text(&answer, "settlement_total_fee"), "58");
        ck_assert_str_eq(xml_text(&answer, "settlement_refund_fee"), parts[i].settled);
        ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
        answer_release(&answer);
        params_release(&params);
    }
}
END_TEST

/* ---- /pay/refundquery ---- */

static const char *const names[] = { "refund_id", "out_refund_no", "transaction_id",
                                     "out_trade_no" };

/* Each element comes after its neighbour by name, and the two amounts are in CDATA (V2 3.5). */
static void expect_layout_b(const struct answer *answer)
{
    char before[64] = "";
    const char *root = strchr(buf_cstr(&answer->body), '<');
    ck_assert_ptr_nonnull(root);
    for (const char *at = strchr(root + 1, '<'); at && at[1] != '/';) {
        char name[64];
        size_t len = strcspn(at + 1, ">");
        snprintf(name, sizeof(name), "%.*s", (int)len, at + 1);
        ck_assert_msg(strcmp(before, name) < 0, "%s before %s", before, name);
        memcpy(before, name, sizeof(name));
        at = strstr(at, "\n<");
        at = at ? at + 1 : NULL;
    }
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer->body), "<cash_fee><![CDATA[88]]></cash_fee>"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer->body), "<total_fee><![CDATA[88]]></total_fee>"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer->body), "<refund_count>1</refund_count>"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer->body), "<refund_fee_0>30</refund_fee_0>"));
}

START_TEST(a_refund_is_found_by_each_number) /* looped over names */
{
    struct params params = {};
    struct answer answer;
    char value[4][40];
    refund_pay("order-10", 0, false);
    snprintf(value[0], 40, "%s", refund_accepted("order-10", "R10", "30"));
    snprintf(value[1], 40, "R10");
    refund_transaction("order-10", value[2]);
    snprintf(value[3], 40, "order-10");
    params_common(&params);
    params_set(&params, names[_i], value[_i]);
    door_call(&door, "/pay/refundquery", &params, &answer);
    expect_layout_b(&answer);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    ck_assert_str_eq(xml_text(&answer, "refund_id_0"), value[0]);
    ck_assert_str_eq(xml_text(&answer, "out_refund_no_0"), "R10");
    ck_assert_str_eq(xml_text(&answer, "transaction_id"), value[2]);
    ck_assert_str_eq(xml_text(&answer, "out_trade_no"), "order-10");
    ck_assert_str_eq(xml_text(&answer, "refund_status_0"), "PROCESSING");
    ck_assert_str_eq(xml_text(&answer, "refund_recv_accout_0"), "支付用户的零钱");
    ck_assert_str_eq(xml_text(&answer, "refund_account_0"), "REFUND_SOURCE_UNSETTLED_FUNDS");
    ck_assert_str_eq(xml_text(&answer, "refund_success_time_0"), "");
    ck_assert_str_eq(xml_text(&answer, "total_refund_count"), "");
    answer_release(&answer);
    /* the leftmost of several wins, whatever the others say */
    for (size_t i = (size_t)_i + 1; i < COUNT(names); i++)
        params_set(&params, names[i], "1234567890123456789012345678");
    door_call(&door, "/pay/refundquery", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "refund_id_0"), value[0]);
    answer_release(&answer);
    params_release(&params);
}
END_TEST

static const struct {
    const char *result, *status;
    bool timed;
} ends[] = {
    { "success", "SUCCESS", true },
    { "processing", "PROCESSING", false },
    { "abnormal", "CHANGE", false },
    { "closed", "REFUNDCLOSE", false },
};

START_TEST(a_refund_ends_as_the_switch_says)
{
    struct answer answer;
    refund_pay("order-11", 0, false);
    ck_assert_int_eq(
        switch_set(&refund_us()->switches, VIEW("refund_result"), view_str(ends[_i].result)), 0);
    refund_accepted("order-11", "R11", "88");
    refund_later(1999);
    refund_query("out_refund_no", "R11", NULL, &answer);
    ck_assert_str_eq(xml_text(&answer, "refund_status_0"), "PROCESSING");
    answer_release(&answer);
    refund_later(1);
    refund_query("out_refund_no", "R11", NULL, &answer);
    ck_assert_str_eq(xml_text(&answer, "refund_status_0"), ends[_i].status);
    ck_assert_uint_eq(strlen(xml_text(&answer, "refund_success_time_0")), ends[_i].timed ? 19 : 0);
    answer_release(&answer);
}
END_TEST

static const struct {
    const char *offset; /* NULL: none */
    const char *count, *total, *first, *code;
} pages[] = {
    { NULL, "10", "12", "P0", "" },      { "0", "10", "12", "P0", "" },
    { "10", "2", "12", "P10", "" },      { "12", "0", "12", "", "" },
    { "13", "", "", "", "PARAM_ERROR" },
};

START_TEST(refunds_are_told_ten_at_a_time)
{
    struct answer answer;
    char number[8];
    refund_pay("order-12", 0, false);
    for (int i = 0; i < 12; i++) {
        snprintf(number, sizeof(number), "P%d", i);
        refund_accepted("order-12", number, "2");
    }
    refund_query("out_trade_no", "order-12", pages[_i].offset, &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), pages[_i].code);
    ck_assert_str_eq(xml_text(&answer, "refund_count"), pages[_i].count);
    ck_assert_str_eq(xml_text(&answer, "total_refund_count"), pages[_i].total);
    ck_assert_str_eq(xml_text(&answer, "out_refund_no_0"), pages[_i].first);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);
}
END_TEST

START_TEST(what_was_not_refunded_is_not_found)
{
    char code_url[CODE_URL_MAX + 1];
    struct params params = {};
    struct answer answer;
    refund_pay("order-13", 0, false);
    door_order(&door, "unpaid-02", code_url);
    refund_refused("order-13", NULL, "REFUNDNOTEXIST");
    refund_refused("unpaid-02", NULL, "REFUNDNOTEXIST");
    refund_refused("nobody-02", NULL, "REFUNDNOTEXIST");
    refund_refused(NULL, "R13", "REFUNDNOTEXIST");
    params_common(&params);
    params_set(&params, "transaction_id", "x");
    door_call(&door, "/pay/refundquery", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "INVALID_TRANSACTIONID");
    answer_release(&answer);
    params_set(&params, "transaction_id", NULL);
    door_call(&door, "/pay/refundquery", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "缺少参数");
    answer_release(&answer);
    params_set(&params, "out_trade_no", "order-13");
    params_set(&params, "offset", "-1");
    door_call(&door, "/pay/refundquery", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "参数格式校验错误");
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* Another merchant's refund is nobody's. */
START_TEST(a_refund_is_its_merchants_alone)
{
    struct account *other;
    struct account_spec spec = { .api_key = VIEW("0123456789abcdef0123456789abcdef"),
                                 .appid_count = 1,
                                 .appid = { VIEW("wx1") } };
    struct params params = {};
    struct answer answer;
    struct buf xml = BUF_INIT(1 << 16);
    refund_pay("order-14", 0, false);
    char refund_id[40];
    snprintf(refund_id, sizeof(refund_id), "%s", refund_accepted("order-14", "R14", "1"));
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(accounts_add(door.sandbox.accounts, &spec, &other), 0);
    params_common(&params);
    params_set(&params, "appid", "wx1");
    params_set(&params, "mch_id", other->mch_id);
    params_set(&params, "refund_id", refund_id);
    params_sign(&params, "0123456789abcdef0123456789abcdef", &xml);
    door_send(&door, NULL, "/pay/refundquery", buf_view(&xml), &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "REFUNDNOTEXIST");
    answer_release(&answer);
    params_release(&params);
    buf_release(&xml);
}
END_TEST

/* A fault about one order finds a query by any number of its refund. */
START_TEST(a_fault_about_an_order_finds_its_refunds)
{
    struct fault_error error;
    struct answer answer;
    int64_t id;
    refund_pay("order-15", 0, false);
    refund_pay("order-16", 0, false);
    refund_accepted("order-15", "R15", "1");
    refund_accepted("order-16", "R16", "1");
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(faults_add(door.sandbox.accounts, refund_us(),
                                VIEW("{\"kind\":\"system_error\",\"api\":\"refundquery\","
                                     "\"out_trade_no\":\"order-16\",\"count\":0}"),
                                &id, &error),
                     0);
    refund_query("out_refund_no", "R15", NULL, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    refund_query("out_refund_no", "R16", NULL, &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), "SYSTEMERROR");
    answer_release(&answer);
}
END_TEST

static const struct {
    const char *code, *text;
} ordered[] = {
    { "NOTENOUGH", "基本账户余额不足，请充值后重新发起" },
    { "USER_ACCOUNT_ABNORMAL", "用户账户异常或已注销，请使用其他方式退款" },
    { "BIZERR_NEED_RETRY", "退款业务流程错误，需要商户触发重试来解决" },
    { "TRADE_OVERDUE", "订单已经超过退款期限" },
    { "FREQUENCY_LIMITED", "频率限制" },
    { "INVALID_REQ_TOO_MUCH", "无效请求过多" },
    { "ERROR", "业务错误" },
};

/* Signed, nothing has happened, and the same call again goes through. */
START_TEST(a_refusal_can_be_ordered)
{
    struct fault_error error;
    struct params params = {};
    struct answer answer;
    char json[128];
    int64_t id;
    refund_pay("order-17", 0, false);
    snprintf(json, sizeof(json), "{\"kind\":\"refuse\",\"api\":\"refund\",\"code\":\"%s\"}",
             ordered[_i].code);
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(faults_add(door.sandbox.accounts, refund_us(), view_str(json), &id, &error),
                     0);
    refund_params(&params, "order-17", "R17", "1");
    door_call(&door, "/secapi/pay/refund", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "return_code"), "SUCCESS");
    ck_assert_str_eq(xml_text(&answer, "err_code"), ordered[_i].code);
    ck_assert_str_eq(xml_text(&answer, "err_code_des"), ordered[_i].text);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);
    params_release(&params);
    refund_refused(NULL, "R17", "REFUNDNOTEXIST");
    refund_accepted("order-17", "R17", "1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2 refund");
    TCase *tc = tcase_create("v2 refund");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_refund_is_accepted_and_signed_as_asked, 0, 3);
    tcase_add_test(tc, the_order_says_refund_at_once);
    tcase_add_loop_test(tc, what_is_wrong_is_refused, 0, (int)COUNT(wrong));
    tcase_add_test(tc, the_same_number_is_the_same_refund);
    tcase_add_test(tc, too_old_and_too_many_are_refused);
    tcase_add_test(tc, of_two_numbers_the_platforms_wins);
    tcase_add_test(tc, coupons_are_given_back_one_after_the_other);
    tcase_add_loop_test(tc, a_refund_is_found_by_each_number, 0, (int)COUNT(names));
    tcase_add_loop_test(tc, a_refund_ends_as_the_switch_says, 0, (int)COUNT(ends));
    tcase_add_loop_test(tc, refunds_are_told_ten_at_a_time, 0, (int)COUNT(pages));
    tcase_add_test(tc, what_was_not_refunded_is_not_found);
    tcase_add_test(tc, a_refund_is_its_merchants_alone);
    tcase_add_test(tc, a_fault_about_an_order_finds_its_refunds);
    tcase_add_loop_test(tc, a_refusal_can_be_ordered, 0, (int)COUNT(ordered));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
