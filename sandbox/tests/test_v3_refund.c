/* Refunds at the door and their notifications — V3 4.4, 7 */
#include "door_v3.h"

#include "base/err.h"
#include "engine/keys.h"
#include "engine/refund.h"

#include <stdio.h>
#include <stdlib.h>

#define REFUNDS "/v3/refund/domestic/refunds"

static struct door door;

/* A merchant that keeps what it is told, and says yes. */
static struct {
    struct http_server *server;
    struct buf body;
    size_t count;
    bool stopped;
} merchant;

static struct account *us(void)
{
    return door_account(&door);
}

static void on_notification(struct http_call *call, void *)
{
    merchant.count++;
    buf_clear(&merchant.body);
    ck_assert_int_eq(buf_view_add(&merchant.body, http_call_request(call)->body), 0);
    http_call_reply(call, 204, NULL, 0, (struct view){});
}

static void setup(void)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, NULL);
    memset(&merchant, 0, sizeof(merchant));
    merchant.body = BUF_INIT(1 << 16);
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    us()->origin_count = 1;
    snprintf(us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
    vclock_freeze(&us()->clock, account_now_ms(us()));
}

static void on_stopped(void *owner)
{
    (void)owner;
    merchant.stopped = true;
}

static void teardown(void)
{
    http_server_stop(merchant.server, on_stopped);
    door_until(&door, &merchant.stopped);
    buf_release(&merchant.body);
    door_close(&door);
}

static void pay(const char *number, int64_t coupon_fen)
{
    struct pay_spec spec = { .outcome = PAY_PAID, .coupon_count = coupon_fen ? 1 : 0 };
    char code_url[CODE_URL_MAX + 1];
    spec.coupon[0].fee_fen = coupon_fen;
    us()->notice_mode = NOTICE_MODE_SUPPRESS; /* of the payment */
    v3_order(&door, number, NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    us()->notice_mode = NOTICE_MODE_SEND;
}

static void refund(const char *number, const char *refund_no, int64_t fen, struct v3_answer *out)
{
    char body[512];
    snprintf(body, sizeof(body),
             "{\"out_trade_no\":\"%s\",\"out_refund_no\":\"%s\",\"reason\":\"x\","
             "\"notify_url\":\"https://merchant.example/refund\","
             "\"amount\":{\"refund\":%lld,\"total\":88,\"currency\":\"CNY\"}}",
             number, refund_no, (long long)fen);
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = REFUNDS, .body = body }, out);
}

static void ask_for(const char *refund_no, struct v3_answer *out)
{
    char target[160];
    snprintf(target, sizeof(target), REFUNDS "/%s", refund_no);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

static void expect(struct v3_answer *answer, int status, const char *code, const char *message)
{
    ck_assert_msg(answer->status == status, "%d %s", answer->status, buf_cstr(&answer->body));
    ck_assert(v3_answer_holds(answer));
    ck_assert_str_eq(v3_text(answer, "code"), code);
    if (message)
        ck_assert_str_eq(v3_text(answer, "message"), message);
    v3_answer_release(answer);
}

static void later(int64_t ms)
{
    vclock_set(&us()->clock, account_now_ms(us()) + ms);
    notify_wake(door.sandbox.notify, us());
}

/* Until @count notifications have come. */
static void until_told(size_t count)
{
    for (int turn = 0; turn < 20000 && merchant.count < count; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(merchant.count, count);
}

START_TEST(a_refund_is_accepted_ends_and_is_told)
{
    struct v3_answer answer;
    pay("order-01", 0);
    refund("order-01", "R1", 30, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    ck_assert_str_eq(v3_text(&answer, "out_trade_no"), "order-01");
    ck_assert_str_eq(v3_text(&answer, "channel"), "ORIGINAL");
    ck_assert_str_eq(v3_text(&answer, "user_received_account"), "支付用户零钱");
    ck_assert_uint_eq(strlen(v3_text(&answer, "refund_id")), 29);
    ck_assert_int_eq(v3_int(&answer, "amount/refund"), 30);
    ck_assert_int_eq(v3_int(&answer, "amount/payer_refund"), 30);
    ck_assert_str_eq(v3_text(&answer, "success_time"), "");
    char refund_id[40];
    snprintf(refund_id, sizeof(refund_id), "%s", v3_text(&answer, "refund_id"));
    v3_answer_release(&answer);

    later(1999);
    ask_for("R1", &answer);
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    v3_answer_release(&answer);
    ck_assert_uint_eq(merchant.count, 0);
    later(1);
    until_told(1);
    json_t *told = json_loads(buf_cstr(&merchant.body), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(told, "event_type")), "REFUND.SUCCESS");
    ck_assert_str_eq(json_string_value(json_object_get(told, "summary")), "退款成功");
    json_t *plain = v3_open(json_object_get(told, "resource"));
    ck_assert_ptr_nonnull(plain);
    ck_assert_str_eq(json_string_value(json_object_get(plain, "refund_status")), "SUCCESS");
    ck_assert_ptr_null(json_object_get(plain, "status"));
    ck_assert_str_eq(json_string_value(json_object_get(plain, "refund_id")), refund_id);
    ck_assert_ptr_null(json_object_get(json_object_get(plain, "amount"), "currency"));
    json_decref(plain);
    json_decref(told);
    ask_for("R1", &answer);
    ck_assert_str_eq(v3_text(&answer, "status"), "SUCCESS");
    ck_assert_uint_eq(strlen(v3_text(&answer, "success_time")), 25);
    v3_answer_release(&answer);
}
END_TEST

START_TEST(the_order_says_refund_at_once)
{
    struct v3_answer answer;
    pay("order-02", 0);
    refund("order-02", "R2", 1, &answer);
    expect(&answer, 200, "", NULL);
    v3_send(&door,
            &(struct v3_send){
                .method = "GET",
                .target = "/v3/pay/transactions/out-trade-no/order-02?mchid=" DEFAULT_MCH_ID },
            &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "REFUND");
    v3_answer_release(&answer);
}
END_TEST

START_TEST(the_same_number_is_the_same_refund)
{
    struct v3_answer one, two;
    pay("order-03", 0);
    refund("order-03", "R3", 88, &one);
    refund("order-03", "R3", 88, &two);
    ck_assert_str_eq(v3_text(&one, "refund_id"), v3_text(&two, "refund_id"));
    v3_answer_release(&one);
    expect(&two, 200, "", NULL);
    refund("order-03", "R3", 87, &two);
    expect(&two, 400, "REFUND_FEE_MISMATCH", NULL);
    v3_send(&door,
            &(struct v3_send){
                .method = "POST",
                .target = REFUNDS,
                .body = "{\"out_trade_no\":\"order-03\",\"out_refund_no\":\"R3\","
                        "\"notify_url\":\"https://merchant.example/refund\","
                        "\"amount\":{\"refund\":88,\"total\":89,\"currency\":\"CNY\"}}" },
            &two);
    expect(&two, 400, "INVALID_REQUEST", "您的请求参数与订单信息不一致");
    refund("order-03", "R4", 1, &two);
    expect(&two, 400, "INVALID_REQUEST", "申请退款金额超过订单可退金额");
}
END_TEST

/* 88 fen, 80 of them cash, in three parts: cash is rounded in the sum, never lost. */
START_TEST(parts_give_back_the_cash_exactly)
{
    static const int64_t parts[] = { 29, 29, 30 };
    struct v3_answer answer;
    int64_t cash = 0, discount = 0, settled = 0;
    pay("order-04", 8);
    for (size_t i = 0; i < COUNT(parts); i++) {
        char number[8];
        snprintf(number, sizeof(number), "P%zu", i);
        refund("order-04", number, parts[i], &answer);
        ck_assert_int_eq(v3_int(&answer, "amount/payer_refund") +
                             v3_int(&answer, "amount/discount_refund"),
                         parts[i]);
        cash += v3_int(&answer, "amount/payer_refund");
        discount += v3_int(&answer, "amount/discount_refund");
        settled += v3_int(&answer, "amount/settlement_refund");
        ck_assert_int_eq(v3_int(&answer, "promotion_detail/0/refund_amount"),
                         v3_int(&answer, "amount/discount_refund"));
        ck_assert_int_eq(v3_int(&answer, "amount/settlement_total"), 80);
        v3_answer_release(&answer);
    }
    ck_assert_int_eq(cash, 80);
    ck_assert_int_eq(discount, 8);
    ck_assert_int_eq(settled, 80);
}
END_TEST

START_TEST(what_is_refused)
{
    struct v3_answer answer;
    refund("nobody-01", "R5", 1, &answer);
    expect(&answer, 404, "RESOURCE_NOT_EXISTS", "订单不存在");
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, "unpaid-01", NULL, code_url);
    refund("unpaid-01", "R5", 1, &answer);
    expect(&answer, 404, "RESOURCE_NOT_EXISTS", "订单不存在");
    pay("order-05", 0);
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = REFUNDS,
                               .body =
                                   "{\"out_trade_no\":\"order-05\",\"out_refund_no\":\"R5\","
                                   "\"amount\":{\"refund\":1,\"total\":87,\"currency\":\"CNY\"}}" },
            &answer);
    expect(&answer, 400, "INVALID_REQUEST", "您的请求参数与订单信息不一致");
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = REFUNDS,
                               .body =
                                   "{\"out_refund_no\":\"R5\","
                                   "\"amount\":{\"refund\":1,\"total\":88,\"currency\":\"CNY\"}}" },
            &answer);
    expect(&answer, 400, "PARAM_ERROR", NULL);
    later(366 * 86'400'000LL);
    refund("order-05", "R5", 1, &answer);
    expect(&answer, 403, "TRADE_OVERDUE", NULL);
    ask_for("R5", &answer);
    expect(&answer, 404, "RESOURCE_NOT_EXISTS", "退款单不存在");
}
END_TEST

/* What was closed counts no longer (V3 7: use a new number). */
START_TEST(a_closed_refund_leaves_the_money_to_another)
{
    struct v3_answer answer;
    pay("order-06", 0);
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("refund_result"), VIEW("closed")), 0);
    refund("order-06", "R6", 88, &answer);
    expect(&answer, 200, "", NULL);
    refund("order-06", "R7", 88, &answer);
    expect(&answer, 400, "INVALID_REQUEST", NULL);
    later(2000);
    until_told(1);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&merchant.body), "REFUND.CLOSED"));
    refund("order-06", "R7", 88, &answer);
    expect(&answer, 200, "", NULL);
}
END_TEST

START_TEST(fifty_parts_are_the_most)
{
    struct v3_answer answer;
    char number[8];
    pay("order-07", 0);
    for (int i = 0; i < 50; i++) {
        snprintf(number, sizeof(number), "F%d", i);
        refund("order-07", number, 1, &answer);
        expect(&answer, 200, "", NULL);
    }
    refund("order-07", "F50", 1, &answer);
    expect(&answer, 400, "INVALID_REQUEST", "超过部分退款次数限制");
}
END_TEST

/* By hand, as the control door does. */
static void end_refund(const char *refund_no, enum refund_state state)
{
    struct refund_row row;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(refund_get_by_number(door.sandbox.store, us()->id, view_str(refund_no), &row),
                     0);
    refund_see_time(us(), &row);
    ck_assert_int_eq(refund_end(&door.sandbox.engine, us(), &row, state), 0);
    refund_row_release(&row);
    notify_wake(door.sandbox.notify, us());
}

/* The text of a member of the last notification, or of its resource. */
static void told(const char *name, char out[64])
{
    json_t *root = json_loads(buf_cstr(&merchant.body), 0, NULL);
    json_t *value = json_object_get(root, name);
    if (!value)
        value = json_object_get(json_object_get(root, "resource"), name);
    ck_assert_ptr_nonnull(value);
    snprintf(out, 64, "%s", json_string_value(value));
    json_decref(root);
}

/* Another event has another id, and one nonce never seals two texts. */
START_TEST(a_mended_refund_is_told_as_another_event)
{
    struct v3_answer answer;
    char id[2][64], nonce[2][64], event[64];
    pay("order-08", 0);
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("refund_result"), VIEW("abnormal")), 0);
    refund("order-08", "R8", 88, &answer);
    expect(&answer, 200, "", NULL);
    later(2000);
    until_told(1);
    told("event_type", event);
    ck_assert_str_eq(event, "REFUND.ABNORMAL");
    told("id", id[0]);
    told("nonce", nonce[0]);
    end_refund("R8", REFUND_SUCCESS);
    until_told(2);
    told("event_type", event);
    ck_assert_str_eq(event, "REFUND.SUCCESS");
    told("id", id[1]);
    told("nonce", nonce[1]);
    ck_assert_str_ne(id[0], id[1]);
    ck_assert_str_ne(nonce[0], nonce[1]);
}
END_TEST

START_TEST(what_is_released_or_sent_again_waits_for_the_end)
{
    struct v3_answer answer;
    struct refund_row row;
    struct notice_row notice;
    char event[64];
    pay("order-09", 0);
    us()->notice_mode = NOTICE_MODE_HOLD;
    refund("order-09", "R9", 88, &answer);
    expect(&answer, 200, "", NULL);
    ck_assert_int_eq(refund_get_by_number(door.sandbox.store, us()->id, VIEW("R9"), &row), 0);
    ck_assert_int_eq(notice_get_about(door.sandbox.store, NOTICE_REFUND, row.id, &notice), 0);
    ck_assert_int_eq(notify_resend(door.sandbox.notify, us(), notice.id, NULL, NULL), ERR_USAGE);
    ck_assert_int_eq(notify_release(door.sandbox.notify, us()), 0);
    ask_for("R9", &answer); /* turns the loop */
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    v3_answer_release(&answer);
    ck_assert_uint_eq(merchant.count, 0);
    later(2000);
    until_told(1);
    told("event_type", event);
    ck_assert_str_eq(event, "REFUND.SUCCESS");
    refund_row_release(&row);
}
END_TEST

/* Ended early: the notification is not from the future. */
START_TEST(a_notification_is_as_old_as_the_end)
{
    struct v3_answer answer;
    char now[CN_TIME_RFC_LEN + 1], created[64];
    pay("order-10", 0);
    refund("order-10", "R10", 88, &answer);
    expect(&answer, 200, "", NULL);
    cn_time_rfc3339(account_now_ms(us()), now);
    end_refund("R10", REFUND_CLOSED);
    until_told(1);
    told("create_time", created);
    ck_assert_str_eq(created, now);
}
END_TEST

/* Wherever it is on its way, down to the thread that signs: nothing is touched when it is gone. */
START_TEST(a_stop_or_other_keys_find_an_answer_anywhere)
{
    struct door other;
    struct v3_answer answer;
    int turns = _i / 2;
    door_open(&other, NULL);
    v3_begin(&other,
             &(struct v3_send){ .method = "GET",
                                .target = "/v3/refund/domestic/refunds/nobody-knows-it" },
             &answer);
    while (turns-- > 0 && !answer.done)
        uv_run(&other.loop, UV_RUN_NOWAIT);
    if (_i % 2) {
        account_keys_forget(door_account(&other)); /* as when it is deleted */
        door_until(&other, &answer.done);
    }
    door_close(&other);
    v3_answer_release(&answer);
}
END_TEST

/* One merchant, one order: what one API gives back, the other one knows. */
START_TEST(each_api_knows_the_refunds_of_the_other)
{
    struct v3_answer answer;
    struct answer v2;
    struct params params = {};
    pay("order-twice", 0);
    refund("order-twice", "R-v3", 30, &answer);
    expect(&answer, 200, "", NULL);
    params_common(&params);
    params_set(&params, "out_trade_no", "order-twice");
    params_set(&params, "out_refund_no", "R-v2");
    params_set(&params, "total_fee", "88");
    params_set(&params, "refund_fee", "58");
    door_call(&door, "/secapi/pay/refund", &params, &v2);
    ck_assert_str_eq(xml_text(&v2, "result_code"), "SUCCESS");
    answer_release(&v2);
    ask_for("R-v2", &answer);
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    ck_assert_str_eq(v3_text(&answer, "funds_account"), "UNSETTLED");
    ck_assert_int_eq(v3_int(&answer, "amount/refund"), 58);
    v3_answer_release(&answer);
    params_set(&params, "out_refund_no", NULL);
    door_call(&door, "/pay/refundquery", &params, &v2);
    ck_assert_str_eq(xml_text(&v2, "refund_count"), "2");
    ck_assert_str_eq(xml_text(&v2, "out_refund_no_0"), "R-v3");
    ck_assert_str_eq(xml_text(&v2, "refund_account_0"), "REFUND_SOURCE_RECHARGE_FUNDS");
    ck_assert_str_eq(xml_text(&v2, "refund_account_1"), "REFUND_SOURCE_UNSETTLED_FUNDS");
    answer_release(&v2);
    params_release(&params);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 refund");
    TCase *tc = tcase_create("v3 refund");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_refund_is_accepted_ends_and_is_told);
    tcase_add_test(tc, the_order_says_refund_at_once);
    tcase_add_test(tc, the_same_number_is_the_same_refund);
    tcase_add_test(tc, parts_give_back_the_cash_exactly);
    tcase_add_test(tc, what_is_refused);
    tcase_add_test(tc, a_closed_refund_leaves_the_money_to_another);
    tcase_add_test(tc, fifty_parts_are_the_most);
    tcase_add_test(tc, a_mended_refund_is_told_as_another_event);
    tcase_add_test(tc, what_is_released_or_sent_again_waits_for_the_end);
    tcase_add_test(tc, a_notification_is_as_old_as_the_end);
    tcase_add_loop_test(tc, a_stop_or_other_keys_find_an_answer_anywhere, 0, 40);
    tcase_add_test(tc, each_api_knows_the_refunds_of_the_other);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
