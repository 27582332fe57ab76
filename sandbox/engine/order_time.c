/* What time does to an unpaid order (V2 5.4). */
#include "base/err.h"
#include "engine/combine.h"
#include "engine/order_cell.h"

#include <assert.h>

/*
 * Seven days after it was made; under auto_close=at_expiry at its time_expire if it has one; never
 * under auto_close=never. time_expire alone only ends the possibility to pay.
 */
int64_t order_time_closes(const struct account *account, int64_t created_ms, int64_t expire_ms)
{
    if (switch_is(&account->switches, SWITCH_auto_close, "never"))
        return INT64_MAX;
    if (expire_ms && switch_is(&account->switches, SWITCH_auto_close, "at_expiry"))
        return expire_ms;
    return created_ms + AUTO_CLOSE_MS;
}

int64_t order_closes_ms(const struct account *account, const struct order_row *order)
{
    return order_time_closes(account, order->created_ms, order->expire_ms);
}

void order_see_time(struct engine *engine, const struct account *account, struct order_row *order)
{
    if (order->combine_id) { /* on the clock of who combines, with all others */
        (void)combine_see_part(engine, order);
        return;
    }
    int64_t closes = order->state == TRADE_NOTPAY ? order_closes_ms(account, order) : INT64_MAX;
    if (closes > account_now_ms(account))
        return;
    const struct refusal *no = order_apply(order, ORDER_TIME);
    assert(!no && "an unpaid order can be closed");
    (void)no;
    order->closed_ms = closes;
}

/* Writing it closes all of them. */
static int settle_combined(struct engine *engine, int64_t id)
{
    struct combine combine;
    int err = combine_load(engine, id, &combine);
    combine_release(&combine);
    return err;
}

int order_settle(struct engine *engine, struct account *account, struct order_row *order)
{
    enum trade_state before = order->state;
    order_see_time(engine, account, order);
    if (order->state == before || !store_in_transaction(engine->store))
        return 0;
    if (order->combine_id)
        return settle_combined(engine, order->combine_id);
    int err = order_set_state(engine->store, order);
    if (!err && engine->on_order)
        engine->on_order(engine->owner, account, order);
    return err;
}

/* What closes first: an unpaid order, or a combined one. */
struct first {
    int64_t id, closes;
    bool combined;
};

/* ERR_NOT_FOUND: none ever. */
static int first_to_close(struct engine *engine, const struct account *account, struct first *out)
{
    bool by_expiry = switch_is(&account->switches, SWITCH_auto_close, "at_expiry");
    enum unpaid_by kinds[] = { UNPAID_BY_CREATED_PLAIN,
                               by_expiry ? UNPAID_BY_EXPIRY : UNPAID_BY_CREATED_EXPIRING };
    out->closes = INT64_MAX;
    for (size_t i = 0; i < 4; i++) {
        int64_t found, at;
        bool combined = i >= 2;
        enum unpaid_by by = kinds[i % 2];
        int err = combined ? combine_first_unpaid(engine->store, account->id, by, &found, &at)
                           : order_first_unpaid(engine->store, account->id, by, &found, &at);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err)
            return err;
        at = by == UNPAID_BY_EXPIRY ? order_time_closes(account, 0, at)
                                    : order_time_closes(account, at, 0);
        if (at < out->closes)
            *out = (struct first){ found, at, combined };
    }
    return out->closes == INT64_MAX ? ERR_NOT_FOUND : 0;
}

static int settle_one(struct engine *engine, struct account *account, const struct first *first)
{
    struct order_row order;
    if (first->combined)
        return settle_combined(engine, first->id);
    int err = order_get(engine->store, first->id, &order);
    if (err)
        return err;
    err = order_settle(engine, account, &order);
    order_row_release(&order);
    return err;
}

int order_settle_time(struct engine *engine, struct account *account, size_t *budget)
{
    struct first first;
    int err = 0;
    assert(store_in_transaction(engine->store));
    for (; !err && *budget; --*budget) {
        err = first_to_close(engine, account, &first);
        if (err || first.closes > account_now_ms(account))
            break;
        err = settle_one(engine, account, &first);
    }
    return err == ERR_NOT_FOUND ? 0 : err;
}

int64_t order_next_due(struct engine *engine, struct account *account)
{
    struct first first;
    int err = first_to_close(engine, account, &first);
    if (err && err != ERR_NOT_FOUND)
        order_trouble(engine, "next order to close", err);
    return err ? INT64_MAX : first.closes;
}
