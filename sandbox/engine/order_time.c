/* What time does to an unpaid order (V2 5.4). */
#include "base/err.h"
#include "engine/order_cell.h"

#include <assert.h>

/*
 * Seven days after it was made; under auto_close=at_expiry at its time_expire if it has one; never
 * under auto_close=never. time_expire alone only ends the possibility to pay.
 */
static int64_t closes_ms(const struct account *account, int64_t created_ms, int64_t expire_ms)
{
    if (switch_is(&account->switches, SWITCH_auto_close, "never"))
        return INT64_MAX;
    if (expire_ms && switch_is(&account->switches, SWITCH_auto_close, "at_expiry"))
        return expire_ms;
    return created_ms + AUTO_CLOSE_MS;
}

int64_t order_closes_ms(const struct account *account, const struct order_row *order)
{
    return closes_ms(account, order->created_ms, order->expire_ms);
}

void order_see_time(const struct account *account, struct order_row *order)
{
    int64_t closes = order->state == TRADE_NOTPAY ? order_closes_ms(account, order) : INT64_MAX;
    if (closes > account_now_ms(account))
        return;
    const struct refusal *no = order_apply(order, ORDER_TIME);
    assert(!no && "an unpaid order can be closed");
    (void)no;
    order->closed_ms = closes;
}

int order_settle(struct engine *engine, struct account *account, struct order_row *order)
{
    enum trade_state before = order->state;
    order_see_time(account, order);
    if (order->state == before || !store_in_transaction(engine->store))
        return 0;
    int err = order_set_state(engine->store, order);
    if (!err && engine->on_order)
        engine->on_order(engine->owner, account, order);
    return err;
}

/* The unpaid order that closes first, and when. ERR_NOT_FOUND: none ever. */
static int first_to_close(struct engine *engine, const struct account *account, int64_t *id,
                          int64_t *closes)
{
    bool by_expiry = switch_is(&account->switches, SWITCH_auto_close, "at_expiry");
    enum unpaid_by kinds[] = { UNPAID_BY_CREATED_PLAIN,
                               by_expiry ? UNPAID_BY_EXPIRY : UNPAID_BY_CREATED_EXPIRING };
    *closes = INT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        int64_t found, at;
        int err = order_first_unpaid(engine->store, account->id, kinds[i], &found, &at);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err)
            return err;
        at = kinds[i] == UNPAID_BY_EXPIRY ? closes_ms(account, 0, at) : closes_ms(account, at, 0);
        if (at >= *closes)
            continue;
        *closes = at;
        *id = found;
    }
    return *closes == INT64_MAX ? ERR_NOT_FOUND : 0;
}

static int settle_one(struct engine *engine, struct account *account, int64_t id)
{
    struct order_row order;
    int err = order_get(engine->store, id, &order);
    if (err)
        return err;
    err = order_settle(engine, account, &order);
    order_row_release(&order);
    return err;
}

int order_settle_time(struct engine *engine, struct account *account, size_t *budget)
{
    int64_t id, closes;
    int err = 0;
    assert(store_in_transaction(engine->store));
    for (; !err && *budget; --*budget) {
        err = first_to_close(engine, account, &id, &closes);
        if (err || closes > account_now_ms(account))
            break;
        err = settle_one(engine, account, id);
    }
    return err == ERR_NOT_FOUND ? 0 : err;
}

int64_t order_next_due(struct engine *engine, struct account *account)
{
    int64_t id, closes;
    int err = first_to_close(engine, account, &id, &closes);
    if (err && err != ERR_NOT_FOUND)
        order_trouble(engine, "next order to close", err);
    return err ? INT64_MAX : closes;
}
