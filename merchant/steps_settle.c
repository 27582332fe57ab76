/* Chapter "settle": what a proven payment changes. See steps.h for the table. */
#include "base/err.h"
#include "base/log.h"
#include "settle.h"
#include "steps.h"
#include "turns.h"

#include <stdio.h>

enum step settle_read(struct claim *c)
{
    struct payment *pay = &c->payment;
    pay->out_trade_no = v2_msg_get(&c->msg->v2, "out_trade_no");
    pay->transaction_id = v2_msg_get(&c->msg->v2, "transaction_id");
    pay->time_end = v2_msg_get(&c->msg->v2, "time_end");
    pay->openid = v2_msg_get(&c->msg->v2, "openid");
    pay->bank_type = v2_msg_get(&c->msg->v2, "bank_type");
    pay->currency = v2_msg_get(&c->msg->v2, "fee_type");
    if (pay->currency.len == 0)
        pay->currency = VIEW("CNY");

    if (pay->transaction_id.len == 0 || pay->transaction_id.len > 32)
        return claim_stop(c, STEP_REFUSE, "transaction_id is missing or too long");
    if (view_to_i64(v2_msg_get(&c->msg->v2, "total_fee"), INT64_MAX, &pay->total_fen))
        return claim_stop(c, STEP_REFUSE, "total_fee is not plain digits");
    struct view cash = v2_msg_get(&c->msg->v2, "cash_fee");
    if (cash.len && view_to_i64(cash, INT64_MAX, &pay->cash_fen))
        return claim_stop(c, STEP_REFUSE, "cash_fee is not plain digits");
    return STEP_GO;
}

static void alarm_raise(struct claim *c, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void alarm_raise(struct claim *c, const char *kind, const char *format, ...)
{
    struct buf detail = BUF_INIT(256);
    va_list args;
    va_start(args, format);
    int err = buf_vfmt(&detail, format, args);
    va_end(args);
    if (!err)
        err = ledger_alarm(c->shop->ledger, c->order.id, kind, buf_view(&detail),
                           shop_now_ms(c->shop));
    if (err)
        log_line(LOG_ERROR, "settle", "alarm %s of order %s: %s", kind, c->order.id, err_name(err));
    buf_release(&detail);
}

enum step settle_compare_amount(struct claim *c)
{
    if (c->payment.total_fen == c->order.total_fen)
        return STEP_GO;
    alarm_raise(c, "amount-mismatch", "transaction %.*s: total_fee %lld, ordered %lld",
                VIEW_ARG(c->payment.transaction_id), (long long)c->payment.total_fen,
                (long long)c->order.total_fen);
    return claim_stop(c, STEP_REFUSE, "total_fee is not the order's amount");
}

enum step settle_compare_currency(struct claim *c)
{
    if (view_is(c->payment.currency, "CNY"))
        return STEP_GO;
    alarm_raise(c, "currency-mismatch", "transaction %.*s", VIEW_ARG(c->payment.transaction_id));
    return claim_stop(c, STEP_REFUSE, "fee_type is not the order's currency");
}

enum step step_settle_lock(struct claim *c)
{
    if (ledger_begin(c->shop->ledger))
        return claim_stop(c, STEP_REFUSE, "the ledger cannot be locked");
    c->locked = true;
    if (ledger_get(c->shop->ledger, view_str(c->order.id), &c->order))
        return claim_stop(c, STEP_REFUSE, "the order cannot be read");
    return STEP_GO;
}

enum step step_settle_handled(struct claim *c)
{
    if (order_is_paid(c->order.state) &&
        view_is(c->payment.transaction_id, c->order.transaction_id))
        return claim_stop(c, STEP_DONE, "settled before");
    return STEP_GO;
}

/* Money that cannot pay the order any more: written down, and a person is told. */
static enum step record_only(struct claim *c, const char *kind)
{
    int err = ledger_add_payment(c->shop->ledger, &c->order, &c->payment,
                                 c->source == CLAIM_QUERY ? "query" : "notification",
                                 shop_now_ms(c->shop));
    if (err && err != ERR_EXISTS)
        return claim_stop(c, STEP_REFUSE, "the ledger refused the payment");
    alarm_raise(c, kind, "transaction %.*s over %lld fen must be given back",
                VIEW_ARG(c->payment.transaction_id), (long long)c->payment.total_fen);
    return claim_stop(c, STEP_DONE, kind);
}

enum step step_settle_transaction(struct claim *c)
{
    char owner[ORDER_ID_LEN + 1];
    int err = ledger_payment_order(c->shop->ledger, c->payment.transaction_id, owner);
    if (err && err != ERR_NOT_FOUND)
        return claim_stop(c, STEP_REFUSE, "the payments cannot be read");
    if (!err && strcmp(owner, c->order.id) != 0) {
        alarm_raise(c, "transaction-reused", "transaction %.*s paid order %s before",
                    VIEW_ARG(c->payment.transaction_id), owner);
        return claim_stop(c, STEP_REFUSE, "this transaction paid another order");
    }
    if (order_is_paid(c->order.state))
        return record_only(c, "double-payment");
    return STEP_GO;
}

enum step step_settle_late(struct claim *c)
{
    if (order_is_over(c->order.state))
        return record_only(c, "paid-after-close");
    return STEP_GO;
}

enum step step_settle_persist(struct claim *c)
{
    struct shop *shop = c->shop;
    int64_t now = shop_now_ms(shop);
    if (view_copy(c->payment.transaction_id, c->order.transaction_id,
                  sizeof(c->order.transaction_id)))
        return claim_stop(c, STEP_REFUSE, "transaction_id is too long");
    c->order.held = c->refunded;
    c->order.due_ms = c->refunded ? 0 : now; /* the goods go out after the answer */
    c->order.fails = 0;

    int err = ledger_add_payment(shop->ledger, &c->order, &c->payment,
                                 c->source == CLAIM_QUERY ? "query" : "notification", now);
    if (!err)
        err = ledger_move(shop->ledger, &c->order, EVENT_PAID);
    if (err) {
        ledger_rollback(shop->ledger);
        c->locked = false;
        return claim_stop(c, STEP_REFUSE, "the ledger refused the payment");
    }
    if (c->refunded)
        alarm_raise(c, "refund-at-platform", "transaction %.*s is being given back",
                    VIEW_ARG(c->payment.transaction_id));
    c->locked = false;
    if (ledger_commit(shop->ledger))
        return claim_stop(c, STEP_REFUSE, "the ledger could not commit");
    turns_wake(shop);
    return STEP_GO;
}

int step_ship_once(struct shop *shop, struct order *order)
{
    int err = ledger_begin(shop->ledger);
    if (err)
        return err;
    int64_t now = shop_now_ms(shop);
    order->due_ms = 0;
    err = ledger_add_shipment(shop->ledger, order->id, 1, now); /* the key: one first parcel */
    if (!err)
        err = ledger_move(shop->ledger, order, EVENT_SHIPPED);
    if (err)
        ledger_rollback(shop->ledger);
    else
        err = ledger_commit(shop->ledger);
    return err;
}
