/* refunds.c — what was given back, and how it ends. */
#include "engine/refund.h"

#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#define REFUNDS_SHOWN_MAX 1000

struct refunds_in {
    int64_t limit, after;
};

static const struct member refunds_query[] = {
    MEMBER(INT, struct refunds_in, limit, .min = 1, .max = REFUNDS_SHOWN_MAX),
    MEMBER(INT, struct refunds_in, after, .max = INT64_MAX),
};

static const char *const end_names[] = { "SUCCESS", "CLOSED", "ABNORMAL", NULL };

struct end_in {
    int state;
};

static const struct member end_members[] = {
    { .name = "state",
      .kind = MEMBER_CHOICE,
      .offset = offsetof(struct end_in, state),
      .choices = end_names,
      .must = true },
};

/* As of now, whether or not that was written. */
static void show_refund(struct json_out *out, const char *key, struct sandbox *sandbox,
                        const struct account *account, const struct refund_row *row)
{
    struct refund_row now = *row; /* what it holds stays the store's */
    struct order_row order = {};
    int err = order_get(sandbox->store, row->order_id, &order);
    refund_see_time(account, &now);
    out_open(out, key, '{');
    out_int(out, "id", row->id);
    out_str(out, "out_refund_no", row->out_refund_no);
    out_str(out, "refund_id", row->refund_id);
    out_str(out, "out_trade_no", order.out_trade_no);
    out_str(out, "state", refund_state_name(now.state));
    out_int(out, "refund_fen", row->refund_fen);
    out_text(out, "reason", buf_view(&row->reason));
    out_text(out, "notify_url", buf_view(&row->notify_url));
    out_moment(out, "created", row->created_ms);
    out_moment(out, "ended", now.ended_ms);
    out_close(out, '}');
    if (err && !out->err)
        out->err = err;
    order_row_release(&order);
}

struct listing {
    struct ask *ask;
    size_t left;
    int64_t last;
};

enum { LISTING_FULL = 1 };

static int add_refund(void *ctx, const struct refund_row *row)
{
    struct listing *listing = ctx;
    struct ask *ask = listing->ask;
    show_refund(&ask->out, NULL, ask->control->sandbox, ask->account, row);
    listing->last = row->id;
    if (ask->out.err)
        return ask->out.err;
    return --listing->left ? 0 : LISTING_FULL;
}

int do_refunds(struct ask *ask)
{
    struct refunds_in in = { .limit = 100 };
    if (!ask_query(ask, refunds_query, COUNT(refunds_query), &in))
        return 0;
    struct listing listing = { .ask = ask, .left = (size_t)in.limit, .last = in.after };
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "refunds", '[');
    int err =
        refund_each(ask->control->sandbox->store, ask->account->id, in.after, add_refund, &listing);
    if (err && err != LISTING_FULL)
        return err;
    out_close(&ask->out, ']');
    out_int(&ask->out, "next", listing.last);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

/* 0 or a negative code; *found tells whether the call goes on. */
static int find(struct ask *ask, struct refund_row *out, bool *found)
{
    int err =
        refund_get_by_number(ask->control->sandbox->store, ask->account->id, ask->param[1], out);
    *found = err == 0;
    return err == ERR_NOT_FOUND ? ask_unknown(ask, "refund", ask->param[1]) : err;
}

int do_refund(struct ask *ask)
{
    struct refund_row refund = {};
    bool found;
    int err = find(ask, &refund, &found);
    if (!found)
        return err;
    show_refund(&ask->out, NULL, ask->control->sandbox, ask->account, &refund);
    refund_row_release(&refund);
    return ask_reply(ask, 200);
}

int do_refund_end(struct ask *ask)
{
    static const enum refund_state states[] = { REFUND_SUCCESS, REFUND_CLOSED, REFUND_ABNORMAL };
    struct refund_row refund = {};
    struct end_in in = {};
    bool found;
    if (!ask_read(ask, end_members, COUNT(end_members), &in))
        return 0;
    int err = find(ask, &refund, &found);
    if (!found)
        return err;
    refund_see_time(ask->account, &refund);
    err = ask_begin(ask);
    if (!err)
        err = ask_end(ask, refund_end(&ask->control->sandbox->engine, ask->account, &refund,
                                      states[in.state]));
    if (err == ERR_RANGE)
        ask_refuse(ask, 409, "CONFLICT", "/state", "this refund is %s already",
                   refund_state_name(refund.state));
    else if (!err)
        show_refund(&ask->out, NULL, ask->control->sandbox, ask->account, &refund);
    refund_row_release(&refund);
    if (err)
        return err == ERR_RANGE ? 0 : err;
    return ask_reply(ask, 200);
}
