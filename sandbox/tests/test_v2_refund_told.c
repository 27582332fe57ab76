/* Notifications of refunds over V2 — V2 7; opened by OpenSSL itself */
#include "v2_refund_test.h"

#include "base/base64.h"
#include "base/err.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* V2 7.4: what the built-in key's text hashes to, as the openssl command says. */
#define SECRET "d96eb16afdd491fa1e705096edbc2205"

static struct buf plain; /* of the last notification */

static void setup(void)
{
    refund_open_door();
    plain = BUF_INIT(1 << 16);
}

static void teardown(void)
{
    buf_release(&plain);
    refund_close_door();
}

static struct view between(struct view text, const char *before, const char *after)
{
    size_t from = view_find(text, view_str(before));
    ck_assert_msg(from != SIZE_MAX, "no %s", before);
    struct view rest = { text.ptr + from + strlen(before), text.len - from - strlen(before) };
    size_t len = view_find(rest, view_str(after));
    ck_assert_msg(len != SIZE_MAX, "no %s", after);
    return (struct view){ rest.ptr, len };
}

static struct view outer(const char *name)
{
    char open[80];
    snprintf(open, sizeof(open), "<%s><![CDATA[", name);
    return between(buf_view(&merchant.body), open, "]]>");
}

/* Opens the last notification into @plain; false when it does not open. */
static bool open_told(void)
{
    struct buf sealed = BUF_INIT(1 << 16);
    unsigned char text[8192];
    int len = 0, more = 0;
    ck_assert_int_eq(base64_decode(outer("req_info"), &sealed), 0);
    ck_assert_uint_lt(sealed.len, sizeof(text) - 32);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok =
        EVP_DecryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, (const unsigned char *)SECRET, NULL) ==
            1 &&
        EVP_DecryptUpdate(ctx, text, &len, (unsigned char *)sealed.ptr, (int)sealed.len) == 1 &&
        EVP_DecryptFinal_ex(ctx, text + len, &more) == 1;
    EVP_CIPHER_CTX_free(ctx);
    buf_release(&sealed);
    buf_clear(&plain);
    ck_assert_int_eq(buf_add(&plain, text, ok ? (size_t)(len + more) : 0), 0);
    return ok;
}

/* A value inside of the last notification, "" when absent. */
static const char *told(const char *name)
{
    static char value[512];
    char open[80];
    snprintf(open, sizeof(open), "<%s><![CDATA[", name);
    value[0] = '\0';
    if (view_find(buf_view(&plain), view_str(open)) != SIZE_MAX)
        ck_assert_int_eq(view_copy(between(buf_view(&plain), open, "]]>"), value, sizeof(value)),
                         0);
    return value;
}

static void result(const char *value)
{
    ck_assert_int_eq(switch_set(&refund_us()->switches, VIEW("refund_result"), view_str(value)), 0);
}

static void fault(const char *json)
{
    struct fault_error error;
    int64_t id;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(faults_add(door.sandbox.accounts, refund_us(), view_str(json), &id, &error),
                     0);
}

/* One refund of 30 fen that has ended and was told. */
static void refund_and_tell(const char *number, const char *refund_no)
{
    refund_pay(number, 0, false);
    refund_accepted(number, refund_no, "30");
    refund_later(2000);
    refund_until_told(merchant.count + 1);
}

/* Layout of V2 7.2 outside and of 7.3 inside, byte for byte. */
START_TEST(a_refund_that_ended_is_told)
{
    struct buf wanted = BUF_INIT(8192);
    struct answer answer;
    char transaction_id[33], refund_id[40];
    refund_pay("order-01", 0, false);
    refund_transaction("order-01", transaction_id);
    snprintf(refund_id, sizeof(refund_id), "%s", refund_accepted("order-01", "R1", "30"));
    refund_later(1999);
    refund_until_told(0);
    refund_later(1);
    refund_until_told(1);
    ck_assert_str_eq(merchant.type, "text/xml");
    struct view nonce = outer("nonce_str"), req_info = outer("req_info");
    ck_assert_uint_eq(nonce.len, 32);
    ck_assert_int_eq(
        buf_fmt(&wanted,
                "<xml><return_code>SUCCESS</return_code>"
                "<appid><![CDATA[wx8888888888888888]]></appid>"
                "<mch_id><![CDATA[1900000109]]></mch_id><nonce_str><![CDATA[%.*s]]></nonce_str>"
                "<req_info><![CDATA[%.*s]]></req_info></xml>",
                VIEW_ARG(nonce), VIEW_ARG(req_info)),
        0);
    ck_assert_str_eq(buf_cstr(&merchant.body), buf_cstr(&wanted));
    ck_assert(open_told());
    refund_query("out_refund_no", "R1", NULL, &answer);
    buf_clear(&wanted);
    ck_assert_int_eq(
        buf_fmt(&wanted,
                "<root>\n<out_refund_no><![CDATA[R1]]></out_refund_no>\n"
                "<out_trade_no><![CDATA[order-01]]></out_trade_no>\n"
                "<refund_account><![CDATA[REFUND_SOURCE_UNSETTLED_FUNDS]]></refund_account>\n"
                "<refund_fee><![CDATA[30]]></refund_fee>\n"
                "<refund_id><![CDATA[%s]]></refund_id>\n"
                "<refund_recv_accout><![CDATA[支付用户零钱]]></refund_recv_accout>\n"
                "<refund_request_source><![CDATA[API]]></refund_request_source>\n"
                "<refund_status><![CDATA[SUCCESS]]></refund_status>\n"
                "<settlement_refund_fee><![CDATA[30]]></settlement_refund_fee>\n"
                "<settlement_total_fee><![CDATA[88]]></settlement_total_fee>\n"
                "<success_time><![CDATA[%s]]></success_time>\n"
                "<total_fee><![CDATA[88]]></total_fee>\n"
                "<transaction_id><![CDATA[%s]]></transaction_id>\n"
                "<cash_refund_fee><![CDATA[30]]></cash_refund_fee>\n</root>",
                refund_id, xml_text(&answer, "refund_success_time_0"), transaction_id),
        0);
    ck_assert_str_eq(buf_cstr(&plain), buf_cstr(&wanted));
    answer_release(&answer);
    buf_release(&wanted);
}
END_TEST

static const struct {
    const char *result, *status;
} ends[] = { { "success", "SUCCESS" }, { "abnormal", "CHANGE" }, { "closed", "REFUNDCLOSE" } };

START_TEST(every_end_is_told)
{
    result(ends[_i].result);
    refund_and_tell("order-02", "R2");
    ck_assert(open_told());
    ck_assert_str_eq(told("refund_status"), ends[_i].status);
    ck_assert_int_eq(told("success_time")[0] != 0, _i == 0);
}
END_TEST

/* Nobody asked to be told. */
START_TEST(without_a_url_nothing_is_told)
{
    struct params params = {};
    struct answer answer;
    refund_pay("order-03", 0, false);
    refund_params(&params, "order-03", "R3", "30");
    params_set(&params, "notify_url", NULL);
    door_call(&door, "/secapi/pay/refund", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    refund_later(2000);
    refund_until_told(0);
    answer_release(&answer);
    params_release(&params);
}
END_TEST

/* As a payment's: V2 6.3, 6.4. JSON, which V3 would be content with, is no acknowledgement. */
START_TEST(it_is_repeated_by_the_timetable_until_acknowledged)
{
    merchant.answer = "{\"code\":\"SUCCESS\"}";
    refund_and_tell("order-04", "R4");
    refund_later(14'999);
    refund_until_told(1);
    refund_later(1);
    refund_until_told(2);
    merchant.answer = "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>";
    refund_later(15'000);
    refund_until_told(3);
    refund_later(86'400'000);
    refund_until_told(3);
}
END_TEST

/* CHANGE, and then the money arrives all the same. */
START_TEST(a_mended_refund_is_told_again)
{
    struct refund_row row;
    result("abnormal");
    refund_and_tell("order-05", "R5");
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(refund_get_by_number(door.sandbox.store, refund_us()->id, VIEW("R5"), &row),
                     0);
    refund_see_time(refund_us(), &row);
    ck_assert_int_eq(refund_end(&door.sandbox.engine, refund_us(), &row, REFUND_SUCCESS), 0);
    refund_row_release(&row);
    notify_wake(door.sandbox.notify, refund_us());
    refund_until_told(2);
    ck_assert(open_told());
    ck_assert_str_eq(told("refund_status"), "SUCCESS");
}
END_TEST

/* ---- faults ---- */

START_TEST(a_rogue_key_and_a_changed_digit_do_not_open)
{
    fault("{\"kind\":\"rogue_key\",\"door\":\"notification\"}");
    refund_and_tell("order-06", "R6");
    ck_assert(!open_told() || !view_starts(buf_view(&plain), VIEW("<root>")));
    fault("{\"kind\":\"tampered_ciphertext\",\"door\":\"notification\"}");
    refund_and_tell("order-07", "R7");
    ck_assert(open_told()); /* the padding is in the last block */
    ck_assert(!view_starts(buf_view(&plain), VIEW("<root>\n<out_re")));
}
END_TEST

START_TEST(an_altered_amount_is_sealed_rightly)
{
    fault("{\"kind\":\"altered_amount\",\"door\":\"notification\",\"total_fen\":1}");
    refund_and_tell("order-08", "R8");
    ck_assert(open_told());
    ck_assert_str_eq(told("refund_fee"), "1");
    ck_assert_str_eq(told("settlement_refund_fee"), "1");
    ck_assert_str_eq(told("total_fee"), "88");
}
END_TEST

START_TEST(what_is_altered_lies_where_its_name_belongs)
{
    fault("{\"kind\":\"alter\",\"door\":\"notification\",\"set\":{\"mch_id\":\"1900000110\","
          "\"refund_fee\":\"31\"},\"drop\":[\"transaction_id\",\"nonce_str\"],\"quote\":\"bare\"}");
    refund_and_tell("order-09", "R9");
    ck_assert_uint_ne(view_find(buf_view(&merchant.body), VIEW("<mch_id>1900000110</mch_id>")),
                      SIZE_MAX);
    ck_assert_uint_eq(view_find(buf_view(&merchant.body), VIEW("nonce_str")), SIZE_MAX);
    ck_assert_uint_eq(view_find(buf_view(&merchant.body), VIEW("refund_fee")), SIZE_MAX);
    /* bare outside: open_told() reads CDATA, so it is put back */
    struct buf bare = buf_take(&merchant.body);
    merchant.body = BUF_INIT(1 << 16);
    ck_assert_int_eq(buf_fmt(&merchant.body, "<req_info><![CDATA[%.*s]]></req_info>",
                             VIEW_ARG(between(buf_view(&bare), "<req_info>", "</req_info>"))),
                     0);
    buf_release(&bare);
    ck_assert(open_told());
    ck_assert_uint_ne(view_find(buf_view(&plain), VIEW("<refund_fee>31</refund_fee>")), SIZE_MAX);
    ck_assert_uint_eq(view_find(buf_view(&plain), VIEW("transaction_id")), SIZE_MAX);
    ck_assert_uint_eq(view_find(buf_view(&plain), VIEW("mch_id")), SIZE_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2 refund told");
    TCase *tc = tcase_create("v2 refund told");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_refund_that_ended_is_told);
    tcase_add_loop_test(tc, every_end_is_told, 0, (int)COUNT(ends));
    tcase_add_test(tc, without_a_url_nothing_is_told);
    tcase_add_test(tc, it_is_repeated_by_the_timetable_until_acknowledged);
    tcase_add_test(tc, a_mended_refund_is_told_again);
    tcase_add_test(tc, a_rogue_key_and_a_changed_digit_do_not_open);
    tcase_add_test(tc, an_altered_amount_is_sealed_rightly);
    tcase_add_test(tc, what_is_altered_lies_where_its_name_belongs);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
