/* POST /secapi/pay/refund — V2 3.4 */
#include "api/v2/api_v2.h"
#include "base/mem.h"
#include "engine/money.h"

#include <stdio.h>

#define APART_MS 60000 /* V2 3.4: refunds of one order */

static const struct refusal *rule_out_refund_no(struct call *call, const struct field *field,
                                                struct view value)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*@";
    for (size_t i = 0; i < value.len; i++)
        if (!value.ptr[i] || !strchr(set, value.ptr[i]))
            return call_refuse(call, REFUSE(BAD_FIELD), view_str(field->name),
                               "%s: character %zu is not one of 0-9 A-Z a-z _ - | * @",
                               field->clause, i + 1);
    return NULL;
}

/* Both dialects keep the V3 name of the account that pays. */
static const struct {
    const char *v2, *v3;
} funds[] = {
    { "REFUND_SOURCE_UNSETTLED_FUNDS", "UNSETTLED" },
    { "REFUND_SOURCE_RECHARGE_FUNDS", "AVAILABLE" },
};

static const struct refusal *rule_refund_account(struct call *call, const struct field *field,
                                                 struct view value)
{
    for (size_t i = 0; i < COUNT(funds); i++)
        if (view_is(value, funds[i].v2))
            return NULL;
    return field_bad(call, field, "REFUND_SOURCE_UNSETTLED_FUNDS or REFUND_SOURCE_RECHARGE_FUNDS");
}

const struct field v2_refund_fields[V2_REFUND_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.4 transaction_id", "transaction_id", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.4 out_trade_no", "out_trade_no", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.4 out_refund_no", "out_refund_no", FIELD_REQUIRED, 64, false, rule_out_refund_no },
    { "V2 3.4 total_fee", "total_fee", FIELD_REQUIRED, 32, false, rule_total_fee },
    { "V2 3.4 refund_fee", "refund_fee", FIELD_REQUIRED, 32, false, rule_refund_fee },
    { "V2 3.4 refund_fee_type", "refund_fee_type", FIELD_OPTIONAL, 8, false, rule_fee_type },
    { "V2 3.4 refund_desc", "refund_desc", FIELD_OPTIONAL, 80, false, NULL },
    { "V2 3.4 refund_account", "refund_account", FIELD_OPTIONAL, 30, false, rule_refund_account },
    { "V2 3.4 notify_url", "notify_url", FIELD_OPTIONAL, 256, false, rule_notify_url },
    { "V2 3.4 op_user_id", "op_user_id", FIELD_OPTIONAL, 32, false,
      NULL }, /* until 2017; ignored */
    { "V2 3.4 device_info", "device_info", FIELD_OPTIONAL, 32, false, NULL },
};

/* ---- what is told ------------------------------------------------------------------------------- */

const char *v2_refund_status(enum refund_state state)
{
    static const char *const names[REFUND_STATES] = {
        [REFUND_PROCESSING] = "PROCESSING",
        [REFUND_SUCCESS] = "SUCCESS",
        [REFUND_CLOSED] = "REFUNDCLOSE",
        [REFUND_ABNORMAL] = "CHANGE",
    };
    return names[state];
}

const char *v2_refund_account(const struct refund_row *refund)
{
    return funds[strcmp(refund->funds_account, funds[0].v3) != 0].v2; /* V3: empty is AVAILABLE */
}

bool v2_is_transaction_id(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len == 28;
}

void v2_name_order(struct call *call, const struct order_row *order)
{
    if (order->out_trade_no[0])
        (void)view_copy(view_str(order->out_trade_no), call->exchange->out_trade_no,
                        sizeof(call->exchange->out_trade_no));
}

static int add_coupon(struct v2_msg *out, const struct coupon *coupon, int64_t fen,
                      const char *tail)
{
    char name[96];
    snprintf(name, sizeof(name), "coupon_type%s", tail);
    int err = v2_msg_add_str(out, name, coupon->cash ? "CASH" : "NO_CASH");
    snprintf(name, sizeof(name), "coupon_refund_id%s", tail);
    if (!err)
        err = v2_msg_add_str(out, name, coupon->id);
    snprintf(name, sizeof(name), "coupon_refund_fee%s", tail);
    return err ? err : v2_msg_add_int(out, name, fen);
}

int v2_add_refund_coupons(struct v2_msg *out, const struct payment_row *payment,
                          const struct refund_share *share, const char *tail)
{
    char name[64];
    snprintf(name, sizeof(name), "coupon_refund_fee%s", tail);
    int err = v2_msg_add_int(out, name, share->coupons_fen);
    snprintf(name, sizeof(name), "coupon_refund_count%s", tail);
    if (!err)
        err = v2_msg_add_int(out, name, (int64_t)share->coupon_count);
    size_t m = 0;
    for (size_t i = 0; !err && i < payment->coupon_count; i++) {
        if (!share->coupon_fen[i])
            continue;
        snprintf(name, sizeof(name), "%s_%zu", tail, m++);
        err = add_coupon(out, &payment->coupon[i], share->coupon_fen[i], name);
    }
    return err;
}

/* Amounts of coupons that are no cash are told only where there are any, as by orderquery. */
static int add_settlement(struct v2_msg *out, const struct order_row *order,
                          const struct payment_row *payment, const struct refund_share *share)
{
    int64_t settled = money_settled(order, payment);
    int err = 0;
    if (settled < order->total_fen)
        err = v2_msg_add_int(out, "settlement_total_fee", settled);
    if (!err && settled < order->total_fen)
        err = v2_msg_add_int(out, "settlement_refund_fee", share->settled_fen);
    return err;
}

/* In the order of real answers, with the empty refund_channel that they have (V2 3.4). */
static int fill_answer(struct v2_msg *out, const struct refund_row *refund,
                       const struct order_row *order, const struct payment_row *payment)
{
    struct refund_share share;
    refund_share(order, payment, refund, &share);
    int err = v2_msg_add_str(out, "transaction_id", payment->transaction_id);
    if (!err)
        err = v2_msg_add_str(out, "out_trade_no", order->out_trade_no);
    if (!err)
        err = v2_msg_add_str(out, "out_refund_no", refund->out_refund_no);
    if (!err)
        err = v2_msg_add_str(out, "refund_id", refund->refund_id);
    if (!err)
        err = v2_msg_add_str(out, "refund_channel", "");
    if (!err)
        err = v2_msg_add_int(out, "refund_fee", refund->refund_fen);
    if (!err)
        err = v2_add_refund_coupons(out, payment, &share, "");
    if (!err)
        err = v2_msg_add_int(out, "total_fee", order->total_fen);
    if (!err)
        err = v2_msg_add_int(out, "cash_fee", payment->cash_fen);
    if (!err)
        err = v2_msg_add_int(out, "cash_refund_fee", share.cash_fen);
    return err ? err : add_settlement(out, order, payment, &share);
}

/* ---- the call ----------------------------------------------------------------------------------- */

struct neighbour {
    const struct refund_row *self;
    bool near;
};

static int look_at_neighbour(void *ctx, const struct refund_row *row)
{
    struct neighbour *look = ctx;
    if (row->id < look->self->id && row->created_ms > look->self->created_ms - APART_MS)
        look->near = true;
    return 0;
}

/* What is accepted here and would not be in production, or should not have been asked like this. */
static void remark(struct call *call, const struct refund_row *refund,
                   const struct order_row *order)
{
    struct view number = v2_msg_get(&call->in, "out_trade_no");
    struct neighbour look = { .self = refund };
    if (number.len && !view_is(number, order->out_trade_no))
        exchange_remark(call->exchange, "numbers-differ", "V2 3.4",
                        "out_trade_no is not the order of transaction_id, which wins");
    if (refund->state == REFUND_CLOSED)
        exchange_remark(call->exchange, "refund-closed", "V2 3.5",
                        "this refund is REFUNDCLOSE: nothing is given back under its number");
    if (refund_of_order(call->sandbox->store, order->id, look_at_neighbour, &look) == 0 &&
        look.near)
        exchange_remark(call->exchange, "refunds-close", "V2 WX2-086",
                        "less than a minute after another refund of this order");
}

static struct view funds_of(const struct call *call)
{
    struct view sent = v2_msg_get(&call->in, "refund_account");
    return view_str(funds[view_is(sent, funds[1].v2)].v3);
}

const struct refusal *v2_refund(struct call *call)
{
    struct refund_spec spec = {
        .dialect = DIALECT_V2,
        .transaction_id = v2_msg_get(&call->in, "transaction_id"),
        .out_trade_no = v2_msg_get(&call->in, "out_trade_no"),
        .out_refund_no = v2_msg_get(&call->in, "out_refund_no"),
        .total_fen = field_number(call, "total_fee"),
        .refund_fen = field_number(call, "refund_fee"),
        .notify_url = v2_msg_get(&call->in, "notify_url"),
        .reason = v2_msg_get(&call->in, "refund_desc"),
        .funds_account = funds_of(call),
    };
    struct refund_row refund = {};
    struct order_row order = {};
    struct payment_row payment = {};
    field_remark_certificate(call);
    if (!spec.transaction_id.len && !spec.out_trade_no.len)
        return call_refuse(call, REFUSE(LACK_PARAMS), VIEW("transaction_id"),
                           "V2 3.4: transaction_id or out_trade_no is required");
    if (spec.transaction_id.len && !v2_is_transaction_id(spec.transaction_id))
        return call_refuse(call, REFUSE(REFUND_BAD_NUMBER), VIEW("transaction_id"),
                           "V2 1.6: a transaction_id has 28 digits");
    const struct refusal *no =
        refund_open(&call->sandbox->engine, call->account, &spec, &refund, &order, &payment);
    if (no)
        call_refuse(call, no, VIEW("out_refund_no"), "%s: %s", no->clause, no->code);
    else if (fill_answer(&call->out, &refund, &order, &payment))
        no = REFUSE(SYSTEM_ERROR);
    else
        remark(call, &refund, &order);
    v2_name_order(call, &order);
    refund_row_release(&refund);
    order_row_release(&order);
    return no;
}
