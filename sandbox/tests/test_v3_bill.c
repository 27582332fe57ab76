/* The trade bill of a day, and its download — V3 4.5 */
#include "door_v3.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define NOON_MS INT64_C(1795492800000) /* 2026-11-24 12:00:00 in Beijing */
#define HOUR_MS 3'600'000LL
#define BILL    "/v3/bill/tradebill?bill_date=2026-11-24"

static struct door door;

static struct account *us(void)
{
    return door_account(&door);
}

static void setup(void)
{
    door_open(&door, NULL);
    us()->notice_mode = NOTICE_MODE_SUPPRESS;
    vclock_freeze(&us()->clock, NOON_MS);
}

static void teardown(void)
{
    door_close(&door);
}

static void get(const char *target, struct v3_answer *out)
{
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

static void expect(const char *target, int status, const char *code)
{
    struct v3_answer answer;
    get(target, &answer);
    ck_assert_msg(answer.status == status, "%s: %d %s", target, answer.status,
                  buf_cstr(&answer.body));
    ck_assert_str_eq(v3_text(&answer, "code"), code);
    v3_answer_release(&answer);
}

/* Order, pay and give a part back; ids as the platform made them. */
static void trade(const char *number, const char *attach, char transaction_id[40])
{
    struct pay_spec spec = { .outcome = PAY_PAID, .openid = VIEW("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o") };
    struct payment_row payment;
    struct order_row order = {};
    char code_url[CODE_URL_MAX + 1], more[160];
    snprintf(more, sizeof(more), ",\"attach\":\"%s\"", attach);
    v3_order(&door, number, more, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    ck_assert_int_eq(order_get_by_number(door.sandbox.store, us()->id, view_str(number), &order),
                     0);
    ck_assert_int_eq(payment_get(door.sandbox.store, order.id, &payment), 0);
    snprintf(transaction_id, 40, "%s", payment.transaction_id);
    order_row_release(&order);
}

static void refund(const char *number, char refund_id[40])
{
    struct v3_answer answer;
    char body[256];
    snprintf(body, sizeof(body),
             "{\"out_trade_no\":\"%s\",\"out_refund_no\":\"R-%s\","
             "\"amount\":{\"refund\":38,\"total\":88,\"currency\":\"CNY\"}}",
             number, number);
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = "/v3/refund/domestic/refunds", .body = body },
            &answer);
    ck_assert_int_eq(answer.status, 200);
    snprintf(refund_id, 40, "%s", v3_text(&answer, "refund_id"));
    v3_answer_release(&answer);
}

/* The path of the download in a bill's answer, whose hash lands in @hash. */
static void ask_for(const char *target, char path[600], char hash[64])
{
    struct v3_answer answer;
    get(target, &answer);
    ck_assert_msg(answer.status == 200, "%s", buf_cstr(&answer.body));
    ck_assert(v3_answer_holds(&answer));
    ck_assert_str_eq(v3_text(&answer, "hash_type"), "SHA1");
    const char *at = strstr(v3_text(&answer, "download_url"), "/v3/billdownload/file?token=");
    ck_assert_ptr_nonnull(at);
    snprintf(path, 600, "%s", at);
    snprintf(hash, 64, "%s", v3_text(&answer, "hash_value"));
    v3_answer_release(&answer);
}

static void expect_hash(struct view text, const char *hash)
{
    unsigned char sum[20];
    char hex[41];
    ck_assert_int_eq(EVP_Digest(text.ptr, text.len, sum, NULL, EVP_sha1(), NULL), 1);
    for (size_t i = 0; i < sizeof(sum); i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    ck_assert_str_eq(hex, hash);
}

#define FRONT                                                                                                                    \
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型," \
    "交易状态,"                                                                                                              \
    "付款银行,货币种类,应结订单金额,代金券金额,"
#define SUM                                                                                                              \
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额," \
    "申请退款总金额\r\n"

/* Written out by hand from the documented columns; 0.6 % of 0.88 yuan is 0.01. */
START_TEST(the_bill_of_a_day_is_its_trades)
{
    struct v3_answer answer;
    char one[40], back[40], path[600], hash[64], want[4096];
    trade("bill-01", "a,b", one);
    vclock_set(&us()->clock, NOON_MS + 60'000);
    refund("bill-01", back);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL, path, hash);
    get(path, &answer);
    snprintf(want, sizeof(want),
             FRONT "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,"
                   "商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n"
                   "`2026-11-24 12:00:00,`wx8888888888888888,`1900000109,`0,`,`%s,`bill-01,"
                   "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.88,`0.00,`0,`0,"
                   "`0.00,`0.00,`,`,`测试商品,`a,b,`0.01000,`0.60%%,`0.88,`0.00,`\r\n"
                   "`2026-11-24 12:01:00,`wx8888888888888888,`1900000109,`0,`,`%s,`bill-01,"
                   "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`%s,"
                   "`R-bill-01,`0.38,`0.00,`ORIGINAL,`SUCCESS,`测试商品,`a,b,`0.00000,`0.60%%,"
                   "`0.00,`0.38,`\r\n" SUM "`2,`0.88,`0.38,`0.00,`0.01,`0.88,`0.38\r\n",
             one, one, back);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.type, "text/plain");
    ck_assert_str_eq(answer.signature, ""); /* files are not signed */
    ck_assert_str_eq(buf_cstr(&answer.body), want);
    expect_hash(buf_view(&answer.body), hash);
    v3_answer_release(&answer);
}
END_TEST

START_TEST(a_gzip_file_is_the_same_text)
{
    struct v3_answer answer;
    char one[40], path[600], hash[64];
    unsigned char text[8192];
    trade("bill-02", "x", one);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL "&tar_type=GZIP&bill_type=SUCCESS", path, hash);
    get(path, &answer);
    z_stream stream = { .next_in = (unsigned char *)answer.body.ptr,
                        .avail_in = (unsigned)answer.body.len,
                        .next_out = text,
                        .avail_out = sizeof(text) };
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    struct view plain = { (const char *)text, stream.total_out };
    inflateEnd(&stream);
    ck_assert(
        view_starts(plain, VIEW(FRONT "商品名称,商户数据包,手续费,费率,订单金额,费率备注\r\n")));
    expect_hash(plain, hash); /* of the file as it is without gzip */
    v3_answer_release(&answer);
}
END_TEST

START_TEST(a_refund_bill_has_refunds_only)
{
    struct v3_answer answer;
    char one[40], back[40], path[600], hash[64];
    trade("bill-03", "x", one);
    refund("bill-03", back);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL "&bill_type=REFUND", path, hash);
    get(path, &answer);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), "退款申请时间,退款成功时间,"));
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&answer.body), "`2026-11-24 12:00:02,`50000")); /* ended */
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), SUM "`1,`0.00,`0.38,"));
    v3_answer_release(&answer);
}
END_TEST

START_TEST(when_there_is_a_bill)
{
    char one[40];
    trade("bill-04", "x", one);
    expect(BILL, 400, "INVALID_REQUEST"); /* the day is not over */
    vclock_set(&us()->clock, NOON_MS + 22 * HOUR_MS - 1);
    expect(BILL, 400, "STATEMENT_CREATING");
    vclock_set(&us()->clock, NOON_MS + 22 * HOUR_MS);
    expect(BILL, 200, "");
    expect("/v3/bill/tradebill?bill_date=2026-11-23", 400, "NO_STATEMENT_EXIST");
    expect(BILL "&bill_type=REFUND", 400, "NO_STATEMENT_EXIST");
    vclock_set(&us()->clock, NOON_MS + 93 * 24 * HOUR_MS);
    expect(BILL, 400, "INVALID_REQUEST");
}
END_TEST

static const char *const bad[] = {
    "/v3/bill/tradebill",
    "/v3/bill/tradebill?bill_date=20261124",
    "/v3/bill/tradebill?bill_date=2026-02-30",
    BILL "&bill_type=SOME",
    BILL "&tar_type=ZIP",
    "/v3/billdownload/file",
    "/v3/billdownload/file?token=",
    "/v3/billdownload/file?token=abc",
    "/v3/billdownload/file?token=00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff",
};

START_TEST(what_cannot_be_asked_for)
{
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    expect(bad[_i], 400, "INVALID_REQUEST");
}
END_TEST

START_TEST(a_token_is_worth_nothing_without_a_signature_or_changed)
{
    struct v3_answer answer;
    char one[40], path[600], hash[64];
    trade("bill-05", "x", one);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL, path, hash);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = path, .authorization = "" },
            &answer);
    ck_assert_int_eq(answer.status, 401);
    v3_answer_release(&answer);
    char *last = &path[strlen(path) - 9];
    *last = *last == '0' ? '1' : '0';
    expect(path, 400, "INVALID_REQUEST");
}
END_TEST

/* 0.6 % by hand: 55340232221128654.84 fen; two of them are more than 64 bits hold. */
START_TEST(the_largest_amounts_are_added_up)
{
    static const char most[] = "9223372036854775807";
    struct v3_answer answer;
    char path[600], hash[64], body[512];
    for (int i = 0; i < 2; i++) {
        snprintf(body, sizeof(body),
                 "{\"appid\":\"" DEFAULT_APPID "\",\"mchid\":\"" DEFAULT_MCH_ID
                 "\",\"description\":\"x\",\"out_trade_no\":\"largest-%d\",\"notify_url\":"
                 "\"https://merchant.example/n\",\"amount\":{\"total\":%s}}",
                 i, most);
        v3_send(&door,
                &(struct v3_send){
                    .method = "POST", .target = "/v3/pay/transactions/native", .body = body },
                &answer);
        ck_assert_msg(answer.status == 200, "%s", buf_cstr(&answer.body));
        struct pay_spec spec = { .outcome = PAY_PAID };
        ck_assert_int_eq(door_pay(&door, v3_text(&answer, "code_url"), &spec), PHONE_DONE);
        v3_answer_release(&answer);
        snprintf(body, sizeof(body),
                 "{\"out_trade_no\":\"largest-%d\",\"out_refund_no\":\"L%d\","
                 "\"amount\":{\"refund\":%s,\"total\":%s,\"currency\":\"CNY\"}}",
                 i, i, most, most);
        v3_send(&door,
                &(struct v3_send){
                    .method = "POST", .target = "/v3/refund/domestic/refunds", .body = body },
                &answer);
        ck_assert_msg(answer.status == 200, "%s", buf_cstr(&answer.body));
        v3_answer_release(&answer);
    }
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL, path, hash);
    get(path, &answer);
    ck_assert_ptr_nonnull(
        strstr(buf_cstr(&answer.body), ",`553402322211286.55000,`0.60%,`92233720368547758.07,"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), SUM
                                 "`4,`92233720368547758.07,`92233720368547758.07,`0.00,`0.00,"));
    v3_answer_release(&answer);
}
END_TEST

#define FUND "/v3/bill/fundflowbill?bill_date=2026-11-24"
#define FUND_HEAD                                                                                                                          \
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元)," \
    "资金变更提交申请人,备注,业务凭证号\r\n"
#define FUND_SUM "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"

/* A row without the number of the flow, which has the documented shape and is its own. */
static void expect_flow(char **at, const char *time, const char *number, const char *rest)
{
    char front[128], flow[32];
    snprintf(front, sizeof(front), "`%s,`%s,`", time, number);
    ck_assert_msg(strncmp(*at, front, strlen(front)) == 0, "%s", *at);
    *at += strlen(front);
    snprintf(flow, sizeof(flow), "%.28s", *at);
    ck_assert_uint_eq(strspn(flow, "0123456789"), 28);
    ck_assert_int_eq(strncmp(flow, "190000010920261124", 18), 0);
    *at += 28;
    ck_assert_msg(strncmp(*at, rest, strlen(rest)) == 0, "%s", *at);
    *at += strlen(rest);
}

/*
 * Two payments of 0.88 yuan the day before leave 0.87 each: 0.6 % is 0.01. What is given back, 0.38,
 * takes no fee along, 0.00228 being none.
 */
START_TEST(the_money_of_a_day_goes_on_from_the_day_before)
{
    struct v3_answer answer;
    char one[40], back[40], path[600], hash[64], want[256];
    vclock_set(&us()->clock, NOON_MS - 24 * HOUR_MS);
    trade("fund-01", "x", one);
    trade("fund-02", "x", one);
    vclock_set(&us()->clock, NOON_MS);
    trade("fund-03", "x", one);
    vclock_set(&us()->clock, NOON_MS + 60'000);
    refund("fund-03", back);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(FUND "&account_type=BASIC", path, hash);
    get(path, &answer);
    ck_assert_int_eq(answer.status, 200);
    expect_hash(buf_view(&answer.body), hash);
    char *at = answer.body.ptr;
    ck_assert_int_eq(strncmp(at, FUND_HEAD, strlen(FUND_HEAD)), 0);
    at += strlen(FUND_HEAD);
    snprintf(want, sizeof(want),
             ",`交易,`交易,`收入,`0.87,`2.61,`system,`结算总金额 0.88 元;含手续费 0.01 元,`%s\r\n",
             one);
    expect_flow(&at, "2026-11-24 12:00:00", one, want);
    snprintf(
        want, sizeof(want),
        ",`退款,`退款,`支出,`0.38,`2.23,`system,`退款总金额 0.38 元;含手续费 0.00 元,`REF%s\r\n",
        one);
    expect_flow(&at, "2026-11-24 12:01:00", back, want);
    ck_assert_str_eq(at, FUND_SUM "`2.0,`1.0,`0.87,`1.0,`0.38\r\n");
    v3_answer_release(&answer);
}
END_TEST

/* Of a refund that time has closed, whether or not somebody has seen it. */
START_TEST(money_of_a_closed_refund_comes_back)
{
    struct v3_answer answer;
    char one[40], back[40], path[600], hash[64];
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("refund_result"), VIEW("closed")), 0);
    trade("fund-04", "x", one);
    refund("fund-04", back);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    trade("fund-05", "x", one);
    vclock_set(&us()->clock, NOON_MS + 48 * HOUR_MS);
    ask_for(FUND, path, hash);
    get(path, &answer);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), "`退款关闭,`退款,`收入,`0.38,`0.87,"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), FUND_SUM "`3.0,`2.0,`1.25,`1.0,`0.38"));
    v3_answer_release(&answer);
    ask_for("/v3/bill/fundflowbill?bill_date=2026-11-25", path, hash);
    get(path, &answer);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&answer.body), "`收入,`0.87,`1.74,"));
    v3_answer_release(&answer);
}
END_TEST

START_TEST(only_the_basic_account_has_money)
{
    char one[40];
    trade("fund-06", "x", one);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    expect(FUND "&account_type=OPERATION", 400, "NO_STATEMENT_EXIST");
    expect(FUND "&account_type=FEES", 400, "NO_STATEMENT_EXIST");
    expect(FUND "&account_type=Basic", 400, "INVALID_REQUEST");
    expect(FUND, 200, "");
}
END_TEST

/* What was hashed is what is downloaded, also when that day has changed in between. */
START_TEST(a_file_is_made_once)
{
    struct v3_answer answer;
    char one[40], path[600], hash[64], later[600], other[64];
    trade("once-01", "x", one);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    ask_for(BILL, path, hash);
    vclock_set(&us()->clock, NOON_MS);
    trade("once-02", "x", one);
    vclock_set(&us()->clock, NOON_MS + 24 * HOUR_MS);
    get(path, &answer);
    expect_hash(buf_view(&answer.body), hash);
    v3_answer_release(&answer);
    for (int i = 0; i < 20; i++) /* more than are kept */
        ask_for(BILL, later, other);
    ck_assert_str_ne(hash, other);
    get(path, &answer); /* made again */
    expect_hash(buf_view(&answer.body), other);
    v3_answer_release(&answer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 bill");
    TCase *tc = tcase_create("v3 bill");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_bill_of_a_day_is_its_trades);
    tcase_add_test(tc, a_gzip_file_is_the_same_text);
    tcase_add_test(tc, a_refund_bill_has_refunds_only);
    tcase_add_test(tc, when_there_is_a_bill);
    tcase_add_loop_test(tc, what_cannot_be_asked_for, 0, COUNT(bad));
    tcase_add_test(tc, a_token_is_worth_nothing_without_a_signature_or_changed);
    tcase_add_test(tc, the_largest_amounts_are_added_up);
    tcase_add_test(tc, the_money_of_a_day_goes_on_from_the_day_before);
    tcase_add_test(tc, money_of_a_closed_refund_comes_back);
    tcase_add_test(tc, only_the_basic_account_has_money);
    tcase_add_test(tc, a_file_is_made_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
