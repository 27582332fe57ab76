#include "v2_refund_test.h"

#include <stdio.h>

struct door door;
struct told_merchant merchant;

struct account *refund_us(void)
{
    return door_account(&door);
}

static void on_notification(struct http_call *call, void *)
{
    const struct http_request *request = http_call_request(call);
    merchant.count++;
    buf_clear(&merchant.body);
    ck_assert_int_eq(buf_view_add(&merchant.body, request->body), 0);
    ck_assert_int_eq(view_copy(http_header_get(request->headers, "content-type"), merchant.type,
                               sizeof(merchant.type)),
                     0);
    http_call_reply(call, 200, NULL, 0, view_str(merchant.answer));
}

void refund_open_door(void)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, NULL);
    merchant = (struct told_merchant){ .body = BUF_INIT(1 << 16),
                                       .answer = "<xml><return_code>SUCCESS</return_code></xml>" };
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    refund_us()->origin_count = 1;
    snprintf(refund_us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(refund_us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
    vclock_freeze(&refund_us()->clock, account_now_ms(refund_us()));
}

static void on_stopped(void *)
{
    merchant.stopped = true;
}

void refund_close_door(void)
{
    http_server_stop(merchant.server, on_stopped);
    door_until(&door, &merchant.stopped);
    buf_release(&merchant.body);
    door_close(&door);
}

void refund_pay(const char *number, int64_t coupon_fen, bool second)
{
    struct pay_spec spec = { .outcome = PAY_PAID, .coupon_count = (coupon_fen > 0) + second };
    char code_url[CODE_URL_MAX + 1];
    spec.coupon[0].fee_fen = coupon_fen;
    spec.coupon[1].fee_fen = 10;
    spec.coupon[1].cash = true;
    refund_us()->notice_mode = NOTICE_MODE_SUPPRESS; /* of the payment */
    door_order(&door, number, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    refund_us()->notice_mode = NOTICE_MODE_SEND;
}

void refund_transaction(const char *number, char out[33])
{
    struct order_row order = {};
    struct payment_row payment;
    ck_assert_int_eq(
        order_get_by_number(door.sandbox.store, refund_us()->id, view_str(number), &order), 0);
    ck_assert_int_eq(payment_get(door.sandbox.store, order.id, &payment), 0);
    memcpy(out, payment.transaction_id, 33);
    order_row_release(&order);
}

void refund_params(struct params *params, const char *number, const char *refund_no,
                   const char *fee)
{
    params_common(params);
    params_set(params, "out_trade_no", number);
    params_set(params, "out_refund_no", refund_no);
    params_set(params, "total_fee", "88");
    params_set(params, "refund_fee", fee);
    params_set(params, "notify_url", "https://merchant.example/refund");
    params_set(params, "op_user_id", "1900000109");
}

static void ask(const char *number, const char *refund_no, const char *fee, struct answer *out)
{
    struct params params = {};
    refund_params(&params, number, refund_no, fee);
    door_call(&door, "/secapi/pay/refund", &params, out);
    params_release(&params);
    ck_assert(sign_holds(buf_view(&out->body), DEFAULT_API_KEY, false));
}

const char *refund_accepted(const char *number, const char *refund_no, const char *fee)
{
    struct answer answer;
    ask(number, refund_no, fee, &answer);
    ck_assert_msg(strcmp(xml_text(&answer, "result_code"), "SUCCESS") == 0, "%s",
                  buf_cstr(&answer.body));
    const char *refund_id = xml_text(&answer, "refund_id");
    answer_release(&answer);
    return refund_id;
}

void refund_denied(const char *number, const char *refund_no, const char *fee, const char *code)
{
    struct answer answer;
    ask(number, refund_no, fee, &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), code);
    answer_release(&answer);
}

void refund_query(const char *name, const char *value, const char *offset, struct answer *out)
{
    struct params params = {};
    params_common(&params);
    params_set(&params, name, value);
    params_set(&params, "offset", offset);
    door_call(&door, "/pay/refundquery", &params, out);
    params_release(&params);
}

void refund_refused(const char *number, const char *refund_no, const char *code)
{
    struct answer answer;
    refund_query(number ? "out_trade_no" : "out_refund_no", number ? number : refund_no, NULL,
                 &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), code);
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);
}

static void keep_last(void *ctx, const struct exchange *exchange)
{
    *(const struct exchange **)ctx = exchange;
}

bool refund_remarked(const char *id)
{
    struct exchange_filter filter = { .mch_id = VIEW(DEFAULT_MCH_ID), .limit = 1000 };
    const struct exchange *last = NULL;
    exchange_each(door.sandbox.exchanges, &filter, keep_last, &last);
    ck_assert_ptr_nonnull(last);
    for (size_t i = 0; i < last->remark_count; i++)
        if (strcmp(last->remark[i].id, id) == 0)
            return true;
    return false;
}

void refund_later(int64_t ms)
{
    vclock_set(&refund_us()->clock, account_now_ms(refund_us()) + ms);
    notify_wake(door.sandbox.notify, refund_us());
}

void refund_until_told(size_t count)
{
    for (int turn = 0; turn < 20000; turn++) {
        uv_run(&door.loop, UV_RUN_NOWAIT);
        if (turn > 20 && merchant.count >= count && notify_open(door.sandbox.notify, 0) == 0)
            break;
    }
    ck_assert_uint_eq(merchant.count, count);
}
