/* POST /pay/refundquery — V2 3.5 */
#include "api/v2/api_v2.h"
#include "base/err.h"
#include "engine/money.h"

#include <stdio.h>

#define PAGE       10 /* V2 3.5: refunds in one answer */
#define BY_PAGES   20 /* beyond, the refund's own number should be used */
#define OFFSET_MAX 1000000

static const struct refusal *rule_offset(struct call *call, const struct field *field,
                                         struct view value)
{
    int64_t number;
    if (view_to_i64(value, OFFSET_MAX, &number))
        return field_bad(call, field, "must be an integer of 0 or more");
    return NULL;
}

const struct field v2_refundquery_fields[V2_REFUNDQUERY_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.5 refund_id", "refund_id", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.5 out_refund_no", "out_refund_no", FIELD_OPTIONAL, 64, false, NULL },
    { "V2 3.5 transaction_id", "transaction_id", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.5 out_trade_no", "out_trade_no", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.5 offset", "offset", FIELD_OPTIONAL, 8, false, rule_offset },
};

/* The answer as it grows, and whose refunds they are. */
struct listing {
    struct call *call;
    struct order_row order; /* owned */
    struct payment_row payment;
    size_t skip, seen, shown;
    int64_t fen; /* of those shown */
};

static int add_text(struct v2_msg *out, const char *name, size_t n, const char *value)
{
    char full[64];
    snprintf(full, sizeof(full), "%s_%zu", name, n);
    return v2_msg_add_str(out, full, value);
}

static int add_int(struct v2_msg *out, const char *name, size_t n, int64_t value)
{
    char full[64];
    snprintf(full, sizeof(full), "%s_%zu", name, n);
    return v2_msg_add_int(out, full, value);
}

static int add_success_time(struct v2_msg *out, size_t n, int64_t ended_ms)
{
    char time[CN_TIME_TEXT_LEN + 1];
    cn_time_text(ended_ms, time);
    return add_text(out, "refund_success_time", n, time);
}

static int add_amounts(struct listing *listing, const struct refund_row *refund, size_t n)
{
    const struct payment_row *payment = &listing->payment;
    struct v2_msg *out = &listing->call->out;
    struct refund_share share;
    char tail[24];
    snprintf(tail, sizeof(tail), "_%zu", n);
    refund_share(&listing->order, payment, refund, &share);
    int err = add_int(out, "refund_fee", n, refund->refund_fen);
    if (!err && money_no_cash(payment))
        err = add_int(out, "settlement_refund_fee", n, share.settled_fen);
    if (!err && payment->coupon_count)
        err = v2_add_refund_coupons(out, payment, &share, tail);
    return err;
}

/* A balance has one more syllable in real answers than in the notification (V2 3.5). */
static const char *receiver(const struct payment_row *payment, char out[64])
{
    refund_receiver(payment, out);
    return view_is(view_str(out), "支付用户零钱") ? "支付用户的零钱" : out;
}

static int show(struct listing *listing, const struct refund_row *row)
{
    struct v2_msg *out = &listing->call->out;
    struct refund_row now = *row; /* what it holds stays the store's */
    char account[64];
    size_t n = listing->shown++;
    refund_see_time(listing->call->account, &now);
    listing->fen += row->refund_fen;
    int err = add_text(out, "out_refund_no", n, row->out_refund_no);
    if (!err)
        err = add_text(out, "refund_id", n, row->refund_id);
    if (!err)
        err = add_text(out, "refund_channel", n, "ORIGINAL");
    if (!err)
        err = add_text(out, "refund_status", n, v2_refund_status(now.state));
    if (!err)
        err = add_text(out, "refund_account", n, v2_refund_account(row));
    if (!err)
        err = add_text(out, "refund_recv_accout", n, receiver(&listing->payment, account));
    if (!err && now.state == REFUND_SUCCESS)
        err = add_success_time(out, n, now.ended_ms);
    return err ? err : add_amounts(listing, row, n);
}

static int visit(void *ctx, const struct refund_row *row)
{
    struct listing *listing = ctx;
    size_t index = listing->seen++;
    return index < listing->skip || listing->shown == PAGE ? 0 : show(listing, row);
}

/* cash_fee and total_fee come in CDATA; refund_fee without a number is in no table (V2 3.5). */
static int add_order(struct listing *listing, bool counted)
{
    const struct order_row *order = &listing->order;
    struct v2_msg *out = &listing->call->out;
    int64_t settled = money_settled(order, &listing->payment);
    int err = v2_msg_add_str(out, "transaction_id", listing->payment.transaction_id);
    if (!err)
        err = v2_msg_add_str(out, "out_trade_no", order->out_trade_no);
    if (!err)
        err = v2_msg_add_str(out, "fee_type", "CNY");
    if (!err)
        err = v2_msg_add_int(out, "refund_count", (int64_t)listing->shown);
    if (!err)
        err = v2_msg_add_int(out, "refund_fee", listing->fen);
    if (!err && settled < order->total_fen)
        err = v2_msg_add_int(out, "settlement_total_fee", settled);
    if (!err && counted)
        err = v2_msg_add_int(out, "total_refund_count", (int64_t)listing->seen);
    if (!err)
        err = v2_msg_add_int(out, "total_fee", order->total_fen);
    if (!err)
        out->field[out->count - 1].bare = false;
    if (!err)
        err = v2_msg_add_int(out, "cash_fee", listing->payment.cash_fen);
    if (!err)
        out->field[out->count - 1].bare = false;
    return err;
}

/* By one refund's own number. */
static const struct refusal *list_one(struct listing *listing, const struct refund_name *name)
{
    struct call *call = listing->call;
    struct refund_row refund = {};
    const struct refusal *no = refund_find(&call->sandbox->engine, call->account, name, &refund,
                                           &listing->order, &listing->payment);
    if (no)
        call_refuse(call, no, name->refund_id.len ? VIEW("refund_id") : VIEW("out_refund_no"),
                    "V2 3.5: no such refund of this merchant");
    else if (visit(listing, &refund) || add_order(listing, false))
        no = REFUSE(SYSTEM_ERROR);
    refund_row_release(&refund);
    return no;
}

static const struct refusal *find_order(struct listing *listing, struct view transaction_id,
                                        struct view number)
{
    struct call *call = listing->call;
    struct view field = transaction_id.len ? VIEW("transaction_id") : VIEW("out_trade_no");
    const struct refusal *no =
        order_find(&call->sandbox->engine, call->account, transaction_id, number, &listing->order);
    if (no && no->id != REFUSE_QUERY_UNKNOWN)
        return no;
    if (no)
        return call_refuse(call, REFUSE(REFUND_UNKNOWN), field,
                           "V2 3.5: no such order of this merchant");
    int err = payment_get(call->sandbox->store, listing->order.id, &listing->payment);
    if (err == ERR_NOT_FOUND)
        return call_refuse(call, REFUSE(REFUND_UNKNOWN), field, "V2 3.5: the order is not paid");
    return err ? REFUSE(SYSTEM_ERROR) : NULL;
}

/* All refunds of an order, ten at a time. */
static const struct refusal *list_all(struct listing *listing, struct view transaction_id,
                                      struct view number)
{
    struct call *call = listing->call;
    bool paged = v2_msg_filled(&call->in, "offset");
    if (transaction_id.len && !v2_is_transaction_id(transaction_id))
        return call_refuse(call, REFUSE(REFUND_BAD_NUMBER), VIEW("transaction_id"),
                           "V2 1.6: a transaction_id has 28 digits");
    const struct refusal *no = find_order(listing, transaction_id, number);
    if (no)
        return no;
    listing->skip = (size_t)field_number(call, "offset");
    if (refund_of_order(call->sandbox->store, listing->order.id, visit, listing))
        return REFUSE(SYSTEM_ERROR);
    if (!listing->seen)
        return call_refuse(call, REFUSE(REFUND_UNKNOWN), VIEW("out_trade_no"),
                           "V2 3.5: nothing of this order was refunded");
    if (listing->skip > listing->seen)
        return call_refuse(call, REFUSE(REFUND_OFFSET), VIEW("offset"),
                           "V2 3.5: the order has %zu refunds", listing->seen);
    if (listing->seen > BY_PAGES)
        exchange_remark(call->exchange, "many-refunds", "V2 3.5",
                        "the order has %zu refunds; beyond 20 ask by the refund's number",
                        listing->seen);
    return add_order(listing, paged || listing->seen > PAGE) ? REFUSE(SYSTEM_ERROR) : NULL;
}

const struct refusal *v2_refundquery(struct call *call)
{
    struct listing listing = { .call = call };
    struct refund_name name = { v2_msg_get(&call->in, "refund_id"),
                                v2_msg_get(&call->in, "out_refund_no") };
    struct view transaction_id = v2_msg_get(&call->in, "transaction_id");
    struct view number = v2_msg_get(&call->in, "out_trade_no");
    const struct refusal *no;
    if (name.refund_id.len || name.out_refund_no.len)
        no = list_one(&listing, &name);
    else if (transaction_id.len || number.len)
        no = list_all(&listing, transaction_id, number);
    else
        no = call_refuse(call, REFUSE(LACK_PARAMS), VIEW("out_refund_no"),
                         "V2 3.5: one of refund_id, out_refund_no, transaction_id, out_trade_no is "
                         "required");
    v2_name_order(call, &listing.order);
    order_row_release(&listing.order);
    return no;
}
