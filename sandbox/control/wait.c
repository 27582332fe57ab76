/*
 * wait.c — a call that returns when something has happened, or when its time is over. What is
 * waited for is looked up in the store and the records, at once and after each event that may have
 * changed it; nothing is counted on the way, so nothing is missed or counted twice.
 */
#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"
#include "engine/notice_rule.h"
#include "routes.h"

#define TIMEOUT_DEFAULT_MS 10'000

enum wanted { ORDER_STATE, ACKNOWLEDGED, DELIVERY, CALLS };
static const char *const wanted_names[] = { [ORDER_STATE] = "order_state",
                                            [ACKNOWLEDGED] = "acknowledged",
                                            [DELIVERY] = "delivery",
                                            [CALLS] = "calls",
                                            NULL };

struct wait_in {
    int what; /* enum wanted */
    struct view out_trade_no, state, api;
    int64_t count, after, timeout_ms;
};

static const struct member wait_members[] = {
    { .name = "for",
      .kind = MEMBER_CHOICE,
      .offset = offsetof(struct wait_in, what),
      .choices = wanted_names,
      .must = true },
    MEMBER(TEXT, struct wait_in, out_trade_no, .min = 1, .max = OUT_TRADE_NO_MAX),
    MEMBER(TEXT, struct wait_in, state, .min = 1, .max = 20),
    MEMBER(TEXT, struct wait_in, api, .min = 1, .max = 23),
    MEMBER(INT, struct wait_in, count, .min = 1, .max = 1'000'000),
    MEMBER(INT, struct wait_in, after, .max = INT64_MAX),
    MEMBER(INT, struct wait_in, timeout_ms, .max = CONTROL_WAIT_MAX),
};

/* Which members belong to what is waited for; the others would be ignored, so they are refused. */
static const struct {
    bool number, state, api; /* must be there */
    bool count, after;       /* may be there */
} needs[] = {
    [ORDER_STATE] = { .number = true, .state = true },
    [ACKNOWLEDGED] = { .number = true },
    [DELIVERY] = { .number = true, .count = true },
    [CALLS] = { .api = true, .count = true, .after = true },
};

struct wait_call {
    struct hold hold;
    struct wait_in in; /* views into the body of the ask */
    enum trade_state state;
    int err;
};

static struct wait_call *call_of(struct hold *hold)
{
    return container_of(hold, struct wait_call, hold);
}

/* ---- is it so? ------------------------------------------------------------------------------- */

static bool order_is(struct wait_call *call, int *err)
{
    struct ask *ask = call->hold.ask;
    struct order_row order = {};
    struct combine_row combine = {};
    bool met;

    *err = order_get_by_number(ask->control->sandbox->store, ask->account->id,
                               call->in.out_trade_no, &order);
    met = *err == 0 && order.state == call->state;
    if (*err == ERR_NOT_FOUND) { /* the number of a combined one? */
        *err = combine_get_by_number(ask->control->sandbox->store, ask->account->id,
                                     call->in.out_trade_no, &combine);
        met = *err == 0 && combine.state == call->state;
        combine_row_release(&combine);
    }
    if (*err == ERR_NOT_FOUND)
        *err = 0; /* it may come */
    order_row_release(&order);
    return met;
}

static int count_ended(void *ctx, const struct delivery_row *row)
{
    int64_t *count = ctx;

    if (row->ended_ms)
        ++*count;
    return 0;
}

static bool notice_is(struct wait_call *call, int *err)
{
    struct ask *ask = call->hold.ask;
    struct store *store = ask->control->sandbox->store;
    struct notice_row notice = {};
    int64_t ended = 0;

    *err = notice_find(store, ask->account, call->in.out_trade_no, &notice);
    if (!*err && call->in.what == DELIVERY)
        *err = delivery_each(store, notice.id, count_ended, &ended);
    if (*err == ERR_NOT_FOUND)
        *err = 0;
    if (call->in.what == DELIVERY)
        return ended >= call->in.count;
    return notice.state == NOTICE_DONE;
}

struct seen_calls {
    int64_t count, last;
};

static void count_call(void *ctx, const struct exchange *exchange)
{
    struct seen_calls *seen = ctx;

    if (exchange->door == EXCHANGE_API) {
        seen->count++;
        seen->last = exchange->id;
    }
}

static struct seen_calls calls_seen(const struct wait_call *call)
{
    struct ask *ask = call->hold.ask;
    struct seen_calls seen = { 0, call->in.after };
    struct exchange_filter filter = {
        .mch_id = view_str(ask->account->mch_id),
        .api = view_is(call->in.api, "*") ? VIEW("") : call->in.api,
        .out_trade_no = call->in.out_trade_no,
        .after_id = call->in.after,
        .limit = SIZE_MAX,
    };

    exchange_each(ask->control->sandbox->exchanges, &filter, count_call, &seen);
    return seen;
}

/* ---- look again ------------------------------------------------------------------------------ */

static void look(struct wait_call *call)
{
    bool met = false;

    switch ((enum wanted)call->in.what) {
    case ORDER_STATE: met = order_is(call, &call->err); break;
    case ACKNOWLEDGED:
    case DELIVERY: met = notice_is(call, &call->err); break;
    case CALLS: met = calls_seen(call).count >= call->in.count; break;
    }
    if (met || call->err)
        hold_end(&call->hold, HOLD_MET);
}

/* Who combines may have no part of its own. */
static void on_order(struct hold *hold, const struct account *account,
                     const struct order_row *order)
{
    if ((account == hold->ask->account || order->combine_id) &&
        call_of(hold)->in.what == ORDER_STATE)
        look(call_of(hold));
}

static void on_delivery(struct hold *hold, const struct account *account, const struct notice_row *,
                        const struct delivery_row *)
{
    int what = call_of(hold)->in.what;

    if (account == hold->ask->account && (what == ACKNOWLEDGED || what == DELIVERY))
        look(call_of(hold));
}

static void on_exchange(struct hold *hold, const struct exchange *exchange)
{
    if (call_of(hold)->in.what == CALLS && exchange->door == EXCHANGE_API &&
        strcmp(exchange->mch_id, hold->ask->account->mch_id) == 0)
        look(call_of(hold));
}

static void answer(struct hold *hold, enum hold_end why)
{
    struct wait_call *call = call_of(hold);
    struct ask *ask = hold->ask;
    struct json_out *out = &ask->out;

    if (call->err) {
        ask_refuse(ask, 500, "TROUBLE", "", "%s: %s", err_name(call->err), err_text(call->err));
        return;
    }
    out_open(out, NULL, '{');
    out_bool(out, "met", why == HOLD_MET);
    out_str(out, "for", wanted_names[call->in.what]);
    if (call->in.what == CALLS) {
        struct seen_calls seen = calls_seen(call);
        out_int(out, "calls", seen.count);
        out_int(out, "last", seen.last);
    } else {
        show_order_numbered(out, "order", ask->control->sandbox, ask->account,
                            call->in.out_trade_no);
        show_combine_numbered(out, "combined", ask->control->sandbox, ask->account,
                              call->in.out_trade_no);
    }
    if (why == HOLD_TIMEOUT) {
        out_open(out, "error", '{');
        out_str(out, "code", "TIMEOUT");
        out_str(out, "where", "");
        out_str(out, "message", "it did not happen within timeout_ms; what was seen is here");
        out_close(out, '}');
    }
    out_close(out, '}');
    ask_reply(ask, why == HOLD_MET ? 200 : 408);
}

static void free_wait(struct hold *hold)
{
    mem_free(call_of(hold));
}

static const struct hold_kind wait_kind = {
    .on_order = on_order,
    .on_delivery = on_delivery,
    .on_exchange = on_exchange,
    .answer = answer,
    .free = free_wait,
};

/* ---- what is asked for ----------------------------------------------------------------------- */

static bool api_is_known(struct view api)
{
    if (view_is(api, "*"))
        return true;
    for (size_t i = 0; route_at(i); i++) {
        if (view_is(api, route_at(i)->api))
            return true;
    }
    for (size_t i = 0; route_v3_at(i); i++) {
        if (view_is(api, route_v3_at(i)->api))
            return true;
    }
    return false;
}

/* A member that is missing or has no meaning here; NULL: all is well. */
static const char *misfit(const struct wait_in *in, const char **message)
{
    static const char missing[] = "is missing for this kind of wait";
    static const char meaningless[] = "has no meaning for this kind of wait";

    *message = missing;
    if (needs[in->what].number && !in->out_trade_no.ptr)
        return "/out_trade_no";
    if (needs[in->what].state && !in->state.ptr)
        return "/state";
    if (needs[in->what].api && !in->api.ptr)
        return "/api";
    *message = meaningless;
    if (!needs[in->what].state && in->state.ptr)
        return "/state";
    if (!needs[in->what].api && in->api.ptr)
        return "/api";
    if (!needs[in->what].count && in->count)
        return "/count";
    if (!needs[in->what].after && in->after)
        return "/after";
    *message = "is no API of this sandbox";
    return in->api.ptr && !api_is_known(in->api) ? "/api" : NULL;
}

int do_wait(struct ask *ask)
{
    struct wait_in in = { .timeout_ms = TIMEOUT_DEFAULT_MS };
    enum trade_state state = 0;
    const char *where, *message;
    struct wait_call *call;
    int err;

    if (!ask_read(ask, wait_members, COUNT(wait_members), &in))
        return 0;
    where = misfit(&in, &message);
    if (!where && in.state.ptr && trade_state_parse(in.state, &state)) {
        where = "/state";
        message = "is no trade_state of the manual";
    }
    if (where)
        return ask_refuse(ask, 400, "BAD_MEMBER", where, "%s", message);
    call = mem_new(struct wait_call);
    if (!call)
        return ERR_NOMEM;
    call->in = in;
    if (!call->in.count)
        call->in.count = 1;
    call->state = state;
    err = hold_start(&call->hold, ask, &wait_kind, in.timeout_ms);
    if (err) {
        mem_free(call);
        return err;
    }
    look(call); /* last line: it may answer at once */
    return 0;
}
