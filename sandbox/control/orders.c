#include "control/handlers.h"
#include "control/show.h"

#define ORDERS_MAX 1000

struct orders_in {
    struct view state;
    int64_t limit, after;
};

static const struct member orders_query[] = {
    MEMBER(TEXT, struct orders_in, state, .min = 1, .max = 20),
    MEMBER(INT, struct orders_in, limit, .min = 1, .max = ORDERS_MAX),
    MEMBER(INT, struct orders_in, after, .max = INT64_MAX),
};

struct listing {
    struct ask *ask;
    enum trade_state state; /* 0: any */
    size_t left;
    int64_t last; /* id of the last one shown */
};

enum { LISTING_FULL = 1 };

static int add_order(void *ctx, const struct order_row *row)
{
    struct listing *listing = ctx;
    struct ask *ask = listing->ask;
    struct order_row now = *row; /* what it holds stays the store's */

    order_see_time(&ask->control->sandbox->engine, ask->account, &now);
    if (listing->state && now.state != listing->state)
        return 0;
    show_order(&ask->out, NULL, ask->control->sandbox, &now);
    listing->last = row->id;
    if (ask->out.err)
        return ask->out.err;
    return --listing->left ? 0 : LISTING_FULL;
}

int do_orders(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct orders_in in = { .limit = 100 };
    struct order_filter filter = { .account_id = ask->account->id };
    struct listing listing = { .ask = ask };
    int err;

    if (!ask_query(ask, orders_query, COUNT(orders_query), &in))
        return 0;
    if (in.state.ptr && trade_state_parse(in.state, &listing.state))
        return ask_refuse(ask, 400, "BAD_QUERY", "?state", "is no trade_state of the manual");
    filter.after_id = in.after;
    listing.left = (size_t)in.limit;
    listing.last = in.after;
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "orders", '[');
    err = order_each(sandbox->store, &filter, add_order, &listing);
    if (err && err != LISTING_FULL)
        return err;
    out_close(&ask->out, ']');
    out_int(&ask->out, "next", listing.last);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_order(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct order_row order = {};
    const struct refusal *no;
    int err = turn_open(sandbox->turn); /* looking may find that time has closed it */

    if (err)
        return err;
    no = order_find(&sandbox->engine, ask->account, VIEW(""), ask->param[1], &order);
    order_row_release(&order);
    if (no && no->id == REFUSE_SYSTEM_ERROR)
        return ask_refuse(ask, 500, "TROUBLE", "", "the store refused");
    if (no)
        return ask_unknown(ask, "order", ask->param[1]);
    show_order_numbered(&ask->out, NULL, sandbox, ask->account, ask->param[1]);
    return ask_reply(ask, 200);
}
