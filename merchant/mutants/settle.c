/* Mutants of the chapter "settle": what a payment changes. */
#include "mutants/mutant.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

/* --- twice ------------------------------------------------------------------------------------ */

/* Settles as if it were the first time; the goods go out with every message. */
static enum step persist_again(struct claim *c)
{
    if (!order_is_paid(c->order.state))
        return step_settle_persist(c);
    return mutant_ship_again(c->shop, &c->order) ? STEP_REFUSE : STEP_GO;
}

/* Every transaction is a purchase of its own: the second one ships once more. */
static enum step known_transaction(struct claim *c)
{
    return view_is(c->payment.transaction_id, c->order.transaction_id) ? STEP_DONE : STEP_GO;
}

static struct view nonce(struct claim *c)
{
    return v2_msg_get(&c->msg->v2, "nonce_str");
}

static enum step seen_nonce(struct claim *c)
{
    static char seen[64][65];
    static size_t next;
    for (size_t i = 0; i < COUNT(seen); i++) {
        if (nonce(c).len && view_is(nonce(c), seen[i]))
            return STEP_DONE;
    }
    if (nonce(c).len < sizeof(seen[0]) && view_copy(nonce(c), seen[next], sizeof(seen[0])) == 0)
        next = (next + 1) % COUNT(seen);
    return STEP_GO;
}

/* The order was read when it was found; between that and the write others do the same. */
static enum step no_lock(struct claim *c)
{
    return mutant_wait(c, 40);
}

static enum step persist_unlocked(struct claim *c)
{
    struct shop *shop = c->shop;
    struct order *order = &c->order;
    int64_t now = shop_now_ms(shop);
    int err =
        view_copy(c->payment.transaction_id, order->transaction_id, sizeof(order->transaction_id));
    if (!err)
        err = ledger_add_payment(shop->ledger, order, &c->payment, "notification", now);
    order->due_ms = 0;
    if (!err)
        err = ledger_move(shop->ledger, order, EVENT_PAID);
    if (err && err != ERR_EXISTS)
        return STEP_REFUSE;
    if (mutant_ship_again(shop, order))
        return STEP_REFUSE;
    if (order->state == ORDER_PAID && ledger_move(shop->ledger, order, EVENT_SHIPPED))
        return STEP_REFUSE;
    return STEP_GO;
}

static enum step refuse_handled(struct claim *c)
{
    enum step said = step_settle_handled(c);
    return said == STEP_DONE ? claim_stop(c, STEP_REFUSE, "we have that already") : said;
}

/* --- late and double --------------------------------------------------------------------------- */

static enum step reopen(struct claim *c)
{
    if (!order_is_over(c->order.state))
        return step_settle_persist(c);
    c->locked = false;
    if (ledger_commit(c->shop->ledger))
        return STEP_REFUSE;
    mutant_mark_paid(c->shop, &c->order);
    return STEP_GO;
}

static enum step late_unnoticed(struct claim *c)
{
    return order_is_over(c->order.state) ? STEP_DONE : STEP_GO;
}

static enum step double_unnoticed(struct claim *c)
{
    return order_is_paid(c->order.state) ? STEP_DONE : step_settle_transaction(c);
}

/* --- durable ------------------------------------------------------------------------------------- */

static void on_later(uv_timer_t *timer)
{
    struct claim *c = container_of(timer, struct claim, timer);
    enum step said = step_settle_lock(c);
    if (said == STEP_GO)
        said = step_settle_persist(c);
    claim_resume(c, said);
}

static enum step ack_first(struct claim *c)
{
    if (c->call) {
        c->verdict = STEP_DONE;
        c->shop->steps->notify_ack(c);
        c->call = NULL;
    }
    c->locked = false;
    if (ledger_commit(c->shop->ledger))
        return STEP_REFUSE;
    uv_timer_start(&c->timer, on_later, 1500, 0);
    return STEP_WAIT;
}

/* Never copy this. */
static enum step values_in_sql(struct claim *c)
{
    struct buf sql = BUF_INIT(4096);
    int err = buf_fmt(&sql,
                      "UPDATE orders SET attach = '%.*s' WHERE id = '%s' AND '%.*s' <> '' "
                      "AND '%.*s' <> ''",
                      VIEW_ARG(v2_msg_get(&c->msg->v2, "attach")), c->order.id,
                      VIEW_ARG(v2_msg_get(&c->msg->v2, "openid")),
                      VIEW_ARG(v2_msg_get(&c->msg->v2, "bank_type")));
    if (!err)
        err = ledger_exec(c->shop->ledger, buf_cstr(&sql));
    buf_release(&sql);
    return err ? claim_stop(c, STEP_REFUSE, "the ledger did not understand")
               : step_settle_persist(c);
}

/* clang-format off */
const struct mutant mutants_settle[] = {
    MUTANT("no-idempotency", "WX2-056 WX2-112", "Every copy of a notification ships again.",
      .settle_handled = mutant_go, .settle_transaction = mutant_go, .settle_persist = persist_again),
    MUTANT("no-lock", "WX2-057", "Copies at the same time all find the order unpaid.",
      .settle_lock = no_lock, .settle_persist = persist_unlocked),
    MUTANT("dedupe-by-nonce", "WX2-058", "Only a copy with the same nonce_str is a duplicate.",
      .settle_handled = seen_nonce, .settle_transaction = mutant_go, .settle_persist = persist_again),
    MUTANT("dedupe-by-transaction", "WX2-056", "A second payment of an order ships once more.",
      .settle_handled = known_transaction, .settle_transaction = mutant_go,
      .settle_persist = persist_again),
    MUTANT("duplicate-refused", "WX2-056", "A repeated notification is answered FAIL.",
      .settle_handled = refuse_handled),
    MUTANT("late-reopens", "WX2-059", "Money for a closed order opens it again and ships.",
      .settle_late = mutant_go, .settle_persist = reopen),
    MUTANT("late-unnoticed", "WX2-059", "Money for a closed order is acknowledged and forgotten.",
      .settle_late = late_unnoticed),
    MUTANT("double-payment-unnoticed", "WX2-060",
      "A second transaction is acknowledged and forgotten.",
      .settle_transaction = double_unnoticed),
    MUTANT("ack-before-persist", "WX2-061", "SUCCESS goes out before anything is written.",
      .settle_persist = ack_first),
    MUTANT("values-in-sql", "WX2-114", "attach and openid are pasted into a statement.",
      .settle_persist = values_in_sql),
    { .name = NULL },
};
