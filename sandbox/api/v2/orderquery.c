/* POST /pay/orderquery — V2 3.2 */
#include "api/v2/api_v2.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/money.h"

#include <stdio.h>

const struct field v2_orderquery_fields[V2_ORDERQUERY_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.2 transaction_id", "transaction_id", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.2 out_trade_no", "out_trade_no", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.2 version", "version", FIELD_OPTIONAL, 32, false, rule_version },
};

static int add_coupon(struct v2_msg *out, const struct coupon *coupon, size_t n)
{
    char name[32];
    snprintf(name, sizeof(name), "coupon_type_%zu", n);
    int err = v2_msg_add_str(out, name, coupon->cash ? "CASH" : "NO_CASH");
    snprintf(name, sizeof(name), "coupon_id_%zu", n);
    if (!err)
        err = v2_msg_add_str(out, name, coupon->id);
    snprintf(name, sizeof(name), "coupon_fee_%zu", n);
    return err ? err : v2_msg_add_int(out, name, coupon->fee_fen);
}

int v2_add_coupons(struct v2_msg *out, const struct payment_row *payment, int64_t total_fen)
{
    if (payment->coupon_count == 0)
        return 0;
    int64_t all = 0, settled = total_fen - money_no_cash(payment);
    for (size_t i = 0; i < payment->coupon_count; i++)
        all += payment->coupon[i].fee_fen;
    int err = v2_msg_add_int(out, "coupon_fee", all);
    if (!err)
        err = v2_msg_add_int(out, "coupon_count", (int64_t)payment->coupon_count);
    if (!err && settled < total_fen)
        err = v2_msg_add_int(out, "settlement_total_fee", settled);
    for (size_t i = 0; !err && i < payment->coupon_count; i++)
        err = add_coupon(out, &payment->coupon[i], i);
    return err;
}

/* One row of an answer: text, or an integer when text.ptr is NULL. */
struct answer_field {
    const char *name;
    struct view text;
    int64_t number;
};

static int add_all(struct v2_msg *out, const struct answer_field *fields, size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = fields[i].text.ptr ? v2_msg_add(out, view_str(fields[i].name), fields[i].text)
                                 : v2_msg_add_int(out, fields[i].name, fields[i].number);
    return err;
}

/* As sent at order time; present and empty otherwise (interop). */
static struct view sent(const struct order_row *order, const char *name)
{
    struct view value = order_field(order, name);
    return value.ptr ? value : VIEW("");
}

/* In the order of the classic real sample (V2 3.2). */
static int fill_paid(struct v2_msg *out, const struct order_row *order,
                     const struct payment_row *payment)
{
    char time_end[CN_TIME_LEN + 1];
    cn_time_14(payment->paid_ms, time_end);
    const struct answer_field head[] = {
        { "openid", view_str(payment->openid), 0 },
        { "is_subscribe", VIEW("N"), 0 },
        { "trade_type", view_str(trade_type_name(order->trade_type)), 0 },
        { "bank_type", view_str(payment->bank_type), 0 },
        { "total_fee", {}, order->total_fen },
        { "fee_type", VIEW("CNY"), 0 },
        { "transaction_id", view_str(payment->transaction_id), 0 },
        { "out_trade_no", view_str(order->out_trade_no), 0 },
        { "attach", sent(order, "attach"), 0 },
        { "time_end", view_str(time_end), 0 },
        { "trade_state", view_str(trade_state_name(order->state)), 0 },
        { "cash_fee", {}, payment->cash_fen },
        { "cash_fee_type", VIEW("CNY"), 0 },
        { "trade_state_desc", view_str(trade_state_desc(order->state)), 0 },
    };
    int err = add_all(out, head, COUNT(head));
    return err ? err : v2_add_coupons(out, payment, order->total_fen);
}

/*
 * In the order captured in 2023 (V2 3.2), which has no attach. CLOSED answers carry one, also an
 * empty one, and so must an order that was sent one.
 */
static int fill_unpaid_newer(struct v2_msg *out, const struct order_row *order)
{
    struct view attach = sent(order, "attach");
    const struct answer_field rows[] = {
        { "trade_state", view_str(trade_state_name(order->state)), 0 },
        { "total_fee", {}, order->total_fen },
        { "out_trade_no", view_str(order->out_trade_no), 0 },
        { "trade_state_desc", view_str(trade_state_desc(order->state)), 0 },
        { "attach", attach, 0 },
    };
    bool attached = attach.len || order->state == TRADE_CLOSED;
    return add_all(out, rows, COUNT(rows) - !attached);
}

static int fill_unpaid(struct v2_msg *out, const struct order_row *order)
{
    const struct answer_field rows[] = {
        { "total_fee", {}, order->total_fen },
        { "out_trade_no", view_str(order->out_trade_no), 0 },
        { "attach", sent(order, "attach"), 0 },
        { "trade_state", view_str(trade_state_name(order->state)), 0 },
        { "trade_state_desc", view_str(trade_state_desc(order->state)), 0 },
    };
    return add_all(out, rows, COUNT(rows));
}

static int fill_answer(struct call *call, const struct order_row *order)
{
    bool unpaid = order->state == TRADE_NOTPAY || order->state == TRADE_CLOSED;
    struct payment_row payment;
    int err = v2_msg_add(&call->out, VIEW("device_info"), sent(order, "device_info"));
    if (!err && !unpaid)
        err = payment_get(call->sandbox->store, order->id, &payment);
    if (!err && !unpaid)
        return fill_paid(&call->out, order, &payment);
    if (err && err != ERR_NOT_FOUND)
        return err;
    return call_chose(call, SWITCH_query_layout, "newer") ? fill_unpaid_newer(&call->out, order)
                                                          : fill_unpaid(&call->out, order);
}

const struct refusal *v2_orderquery(struct call *call)
{
    struct view transaction_id = v2_msg_get(&call->in, "transaction_id");
    struct view number = v2_msg_get(&call->in, "out_trade_no");
    if (!transaction_id.len && !number.len)
        return call_refuse(call, REFUSE(LACK_PARAMS), VIEW("out_trade_no"),
                           "V2 3.2: transaction_id or out_trade_no is required");
    struct order_row order = {};
    const struct refusal *no =
        order_find(&call->sandbox->engine, call->account, transaction_id, number, &order);
    if (no)
        call_refuse(call, no, transaction_id.len ? VIEW("transaction_id") : VIEW("out_trade_no"),
                    "%s: no such order of this merchant", no->clause);
    else if (order.combine_id)
        no = call_refuse(call, REFUSE(COMBINED), VIEW("out_trade_no"),
                         "V3 4.7: a part of a combined order is queried with all others");
    else if (fill_answer(call, &order))
        no = REFUSE(SYSTEM_ERROR);
    order_row_release(&order);
    return no;
}
