/* Bills at the V2 door — V2 3.7, 3.8 */
#include "v2_refund_test.h"

#include "base/err.h"
#include "engine/bill.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define MARK "\xef\xbb\xbf"

static char day[9], moment[32]; /* of the trades: yyyyMMdd, and the whole time */

/* At noon of a Beijing day: one order paid with nothing but cash, a part of it given back. */
static void setup(void)
{
    char full[CN_TIME_LEN + 1], text[CN_TIME_TEXT_LEN + 1];
    int64_t ms;
    refund_open_door();
    cn_time_14(account_now_ms(refund_us()), full);
    memcpy(full + 8, "120000", 7);
    ck_assert_int_eq(cn_time_parse_14(full, CN_TIME_LEN, &ms), 0);
    vclock_set(&refund_us()->clock, ms);
    snprintf(day, sizeof(day), "%.8s", full);
    cn_time_text(ms, text);
    snprintf(moment, sizeof(moment), "`%s,", text);
}

static void teardown(void)
{
    refund_close_door();
}

static void trade(void)
{
    refund_pay("order-01", 0, false);
    refund_us()->notice_mode = NOTICE_MODE_SUPPRESS;
    refund_accepted("order-01", "R1", "30");
}

static void get(const char *type, bool gzip, struct answer *out)
{
    struct params params = {};
    params_common(&params);
    params_set(&params, "bill_date", day);
    params_set(&params, "bill_type", type);
    params_set(&params, "tar_type", gzip ? "GZIP" : NULL);
    door_call(&door, "/pay/downloadbill", &params, out);
    params_release(&params);
}

static void get_flow(const char *account, const char *sign_type, struct answer *out)
{
    struct params params = {};
    params_common(&params);
    params_set(&params, "bill_date", day);
    params_set(&params, "account_type", account);
    params_set(&params, "sign_type", sign_type);
    door_call(&door, "/pay/downloadfundflow", &params, out);
    params_release(&params);
}

/* Ten o'clock of the next day. */
static void until_ready(void)
{
    refund_later(22 * 3'600'000LL);
}

static size_t lines(const struct answer *answer)
{
    size_t count = 0;
    for (const char *at = buf_cstr(&answer->body); (at = strstr(at, "\r\n")); at += 2)
        count++;
    return count;
}

static const struct {
    const char *type, *head; /* its last columns */
    size_t lines;
    bool paid, refunded;
} kinds[] = {
    { NULL, ",订单金额,申请退款金额,费率备注\r\n", 5, true, true },
    { "ALL", ",订单金额,申请退款金额,费率备注\r\n", 5, true, true },
    { "SUCCESS",
      ",货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注\r\n", 4,
      true, false },
    { "REFUND", ",代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,", 4, false,
      true },
};

START_TEST(a_bill_has_the_real_layout)
{
    struct answer answer;
    char transaction_id[33], row[256];
    trade();
    refund_transaction("order-01", transaction_id);
    until_ready();
    get(kinds[_i].type, false, &answer);
    const char *text = buf_cstr(&answer.body);
    ck_assert_str_eq(answer.type, "text/plain");
    ck_assert_msg(view_starts(buf_view(&answer.body), VIEW(MARK "交易时间,公众账号ID,商户号,")),
                  "%s", text);
    ck_assert(view_ends(buf_view(&answer.body), VIEW("\r\n")));
    ck_assert_uint_eq(lines(&answer), kinds[_i].lines);
    ck_assert_ptr_nonnull(strstr(text, kinds[_i].head));
    ck_assert_ptr_nonnull(strstr(text, "\r\n总交易单数,应结订单总金额,退款总金额,充值券退款总金额,"
                                       "手续费总金额,订单总金额,申请退款总金额\r\n`"));
    snprintf(row, sizeof(row), "\r\n%s`wx8888888888888888,`1900000109,`0,`,`%s,`order-01,`", moment,
             transaction_id);
    ck_assert_ptr_nonnull(strstr(text, row));
    ck_assert_int_eq(strstr(text, ",`SUCCESS,`OTHERS,`CNY,`0.88,") != NULL, kinds[_i].paid);
    ck_assert_int_eq(strstr(text, ",`R1,`0.30,") != NULL, kinds[_i].refunded);
    answer_release(&answer);
}
END_TEST

START_TEST(a_packed_bill_is_the_same_bill)
{
    struct answer plain, packed;
    unsigned char text[8192];
    z_stream stream = { .next_out = text, .avail_out = sizeof(text) };
    trade();
    until_ready();
    get("ALL", false, &plain);
    get("ALL", true, &packed);
    ck_assert_str_eq(packed.type, "application/x-gzip");
    stream.next_in = (unsigned char *)packed.body.ptr;
    stream.avail_in = (unsigned)packed.body.len;
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert(view_eq((struct view){ (char *)text, stream.total_out }, buf_view(&plain.body)));
    inflateEnd(&stream);
    answer_release(&plain);
    answer_release(&packed);
}
END_TEST

/* Byte for byte: no sign, no result_code (V2 3.7). */
static void expect_no_bill(const char *name, const char *value, const char *text,
                           const char *number)
{
    struct params params = {};
    struct answer answer;
    char wanted[256];
    params_common(&params);
    params_set(&params, "bill_date", day);
    params_set(&params, "bill_type", "ALL");
    params_set(&params, name, value);
    door_call(&door, "/pay/downloadbill", &params, &answer);
    snprintf(wanted, sizeof(wanted),
             "<xml><return_code><![CDATA[FAIL]]></return_code>\n"
             "<return_msg><![CDATA[%s]]></return_msg>\n"
             "<error_code><![CDATA[%s]]></error_code>\n</xml>",
             text, number);
    ck_assert_str_eq(buf_cstr(&answer.body), wanted);
    answer_release(&answer);
    params_release(&params);
}

START_TEST(no_bill_says_why)
{
    trade();
    expect_no_bill("bill_date", day, "No Bill Exist", "20002"); /* today */
    refund_later(22 * 3'600'000LL - 1);
    expect_no_bill("bill_date", day, "Bill Creating", "20000");
    refund_later(1);
    expect_no_bill("bill_type", "RECHARGE_REFUND", "No Bill Exist", "20002");
    expect_no_bill("bill_type", "all", "invalid bill_type", "20001");
    expect_no_bill("bill_date", "20260230", "data format error", "20001");
    expect_no_bill("bill_date", "2026-1-1", "data format error", "20001");
    expect_no_bill("bill_date", NULL, "missing parameter", "20001");
    expect_no_bill("tar_type", "ZIP", "data format error", "20001");
    expect_no_bill("bill_date", "20200101", "No Bill Exist", "20002");
    refund_later(86'400'000); /* a day on which nothing happened */
    cn_time_14(account_now_ms(refund_us()) - 86'400'000, moment);
    moment[8] = '\0';
    expect_no_bill("bill_date", moment, "No Bill Exist", "20002");
}
END_TEST

START_TEST(a_wrong_signature_is_told_in_the_bills_way)
{
    struct params params = {};
    struct answer answer;
    struct buf xml = BUF_INIT(1 << 16);
    params_common(&params);
    params_set(&params, "bill_date", day);
    params_sign(&params, "another key, which nobody here has", &xml);
    door_send(&door, NULL, "/pay/downloadbill", buf_view(&xml), &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "SIGN ERROR");
    ck_assert_str_eq(xml_text(&answer, "error_code"), "20001");
    answer_release(&answer);
    params_release(&params);
    buf_release(&xml);
}
END_TEST

START_TEST(a_fault_breaks_a_file_as_it_breaks_a_message)
{
    static const char *const faults[] = {
        "{\"kind\":\"system_error\",\"api\":\"downloadbill\",\"processed\":true}",
        "{\"kind\":\"truncated\",\"api\":\"downloadbill\",\"keep_bytes\":20}",
        "{\"kind\":\"raw\",\"api\":\"downloadbill\",\"body\":\"hello\"}",
    };
    struct fault_error error;
    struct answer answer;
    int64_t id;
    trade();
    until_ready();
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(
        faults_add(door.sandbox.accounts, refund_us(), view_str(faults[_i]), &id, &error), 0);
    get("ALL", true, &answer);
    if (_i == 0)
        ck_assert(view_starts(buf_view(&answer.body), VIEW("<xml>"))); /* and nothing in front */
    if (_i == 0)
        ck_assert_str_eq(xml_text(&answer, "return_msg"), "SYSTEMERROR");
    if (_i == 1)
        ck_assert_uint_eq(answer.body.len, 20);
    if (_i == 2)
        ck_assert_str_eq(buf_cstr(&answer.body), "hello");
    ck_assert_str_eq(answer.type, _i == 1 ? "application/x-gzip" : "text/plain");
    answer_release(&answer);
}
END_TEST

static void expect_digest(const struct answer *answer)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char wanted[64] = "SHA=";
    ck_assert_int_eq(EVP_Digest(answer->body.ptr, answer->body.len, sum, &len, EVP_sha1(), NULL),
                     1);
    for (unsigned i = 0; i < len; i++)
        snprintf(wanted + 4 + 2 * i, 3, "%02x", sum[i]);
    ck_assert_str_eq(answer->digest, wanted);
}

START_TEST(the_fund_flow_is_what_the_trades_moved)
{
    struct answer answer;
    trade();
    until_ready();
    get_flow("Basic", "HMAC-SHA256", &answer);
    ck_assert(
        view_starts(buf_view(&answer.body), VIEW(MARK "记账时间,微信支付业务单号,资金流水单号,")));
    ck_assert_uint_eq(lines(&answer), 5);
    expect_digest(&answer);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), ",`交易,`交易,`收入,`"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), ",`退款,`退款,`支出,`"));
    answer_release(&answer);
    get_flow("Fees", "HMAC-SHA256", &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "FAIL");
    ck_assert_str_eq(xml_text(&answer, "err_code"), "NO_BILL_EXIST");
    ck_assert_str_eq(xml_text(&answer, "sign"), "");
    answer_release(&answer);
    get_flow("basic", "HMAC-SHA256", &answer);
    ck_assert_str_eq(xml_text(&answer, "return_code"), "FAIL");
    answer_release(&answer);
    get_flow("Basic", "MD5", &answer);
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "签名错误");
    answer_release(&answer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2 bill");
    TCase *tc = tcase_create("v2 bill");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_bill_has_the_real_layout, 0, (int)COUNT(kinds));
    tcase_add_test(tc, a_packed_bill_is_the_same_bill);
    tcase_add_test(tc, no_bill_says_why);
    tcase_add_test(tc, a_wrong_signature_is_told_in_the_bills_way);
    tcase_add_loop_test(tc, a_fault_breaks_a_file_as_it_breaks_a_message, 0, 3);
    tcase_add_test(tc, the_fund_flow_is_what_the_trades_moved);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
