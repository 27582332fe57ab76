/* combines.c — orders of several merchants that are paid by one payment, as who combines has them. */
#include "engine/combine.h"

#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#define COMBINES_SHOWN_MAX 1000

struct combines_in {
    int64_t limit, after;
};

static const struct member combines_query[] = {
    MEMBER(INT, struct combines_in, limit, .min = 1, .max = COMBINES_SHOWN_MAX),
    MEMBER(INT, struct combines_in, after, .max = INT64_MAX),
};

/* Lists do not nest, so the ids come first. */
struct listing {
    int64_t id[COMBINES_SHOWN_MAX];
    size_t count, limit;
};

static int add_id(void *ctx, const struct combine_row *row)
{
    struct listing *listing = ctx;

    listing->id[listing->count++] = row->id;
    return listing->count == listing->limit;
}

static int show_one(struct ask *ask, int64_t id)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct combine combine;
    int err = combine_load(&sandbox->engine, id, &combine);

    if (!err)
        show_combine(&ask->out, NULL, sandbox, &combine);
    combine_release(&combine);
    return err ? err : ask->out.err;
}

int do_combines(struct ask *ask)
{
    struct combines_in in = { .limit = 100 };
    struct listing listing = {};
    int err = 0;

    if (!ask_query(ask, combines_query, COUNT(combines_query), &in))
        return 0;
    listing.limit = (size_t)in.limit;
    if (combine_each(ask->control->sandbox->store, ask->account->id, in.after, add_id, &listing) <
        0)
        return ERR_STORE;
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "combines", '[');
    for (size_t i = 0; !err && i < listing.count; i++)
        err = show_one(ask, listing.id[i]);
    if (err)
        return err;
    out_close(&ask->out, ']');
    out_int(&ask->out, "next", listing.count ? listing.id[listing.count - 1] : in.after);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_combine(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct combine combine;
    const struct refusal *no;
    int err = turn_open(sandbox->turn); /* looking may find that time has closed it */

    if (err)
        return err;
    no = combine_find(&sandbox->engine, ask->account, ask->param[1], &combine);
    if (no && no->id == REFUSE_SYSTEM_ERROR)
        return ask_refuse(ask, 500, "TROUBLE", "", "the store refused");
    if (no)
        return ask_unknown(ask, "combined order", ask->param[1]);
    show_combine(&ask->out, NULL, sandbox, &combine);
    combine_release(&combine);
    return ask_reply(ask, 200);
}
