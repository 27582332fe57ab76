#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#define MS_MAX          4'102'444'800'000 /* the year 2100 */
#define ADVANCE_MAX     (400LL * 86400 * 1000)
#define WAIT_MS_DEFAULT 10'000

/* The account's clock, or that of accounts made later. */
static struct vclock *clock_of(struct ask *ask)
{
    return ask->account ? &ask->account->clock
                        : accounts_default_clock(ask->control->sandbox->accounts);
}

static struct view name_of(const struct ask *ask)
{
    return ask->account ? view_str(ask->account->mch_id) : VIEW("");
}

int do_clock(struct ask *ask)
{
    show_clock(&ask->out, NULL, clock_of(ask));
    return ask_reply(ask, 200);
}

/* Set the clock to @want and answer with what it shows. */
static int set_clock(struct ask *ask, struct vclock want)
{
    struct sandbox *sandbox = ask->control->sandbox;
    int err = ask_begin(ask);

    if (err)
        return err;
    *clock_of(ask) = want;
    err = ask_end(ask, ask->account ? account_save(sandbox->accounts, ask->account) : 0);
    if (err)
        return err;
    if (ask->account)
        notify_wake(sandbox->notify, ask->account);
    events_clock(ask->control, name_of(ask), &want);
    return do_clock(ask);
}

struct freeze_in {
    int64_t at_ms;
};

static const struct member freeze_members[] = {
    MEMBER(INT, struct freeze_in, at_ms, .min = 1, .max = MS_MAX),
};

int do_clock_freeze(struct ask *ask)
{
    struct vclock want = *clock_of(ask);
    struct freeze_in in = { .at_ms = vclock_ms(&want) };

    if (!ask_read(ask, freeze_members, COUNT(freeze_members), &in))
        return 0;
    vclock_freeze(&want, in.at_ms);
    return set_clock(ask, want);
}

int do_clock_real(struct ask *ask)
{
    if (!ask_read(ask, NULL, 0, NULL))
        return 0;
    return set_clock(ask, (struct vclock){});
}

static const char *const waits[] = { "deliveries", "none", NULL };

struct advance_in {
    int64_t ms, s, wait_ms;
    int wait;
};

static const struct member advance_members[] = {
    MEMBER(INT, struct advance_in, ms, .min = 1, .max = ADVANCE_MAX),
    MEMBER(INT, struct advance_in, s, .min = 1, .max = ADVANCE_MAX / 1000),
    MEMBER(INT, struct advance_in, wait_ms, .max = CONTROL_WAIT_MAX),
    MEMBER(CHOICE, struct advance_in, wait, .choices = waits),
};

/* Until the deliveries the jump caused have ended. */
struct advance_call {
    struct hold hold;
    struct json_out ended; /* deliveries that ended meanwhile, an open list */
};

static void on_delivery(struct hold *hold, const struct account *account, const struct notice_row *,
                        const struct delivery_row *delivery)
{
    if (account == hold->ask->account)
        show_delivery(&container_of(hold, struct advance_call, hold)->ended, NULL, delivery);
}

struct open_list {
    struct sandbox *sandbox;
    struct json_out *out;
};

static int add_open(void *ctx, const struct notice_row *notice)
{
    struct open_list *list = ctx;

    if (notice->state == NOTICE_SENDING)
        show_notice(list->out, NULL, list->sandbox, notice);
    return list->out->err;
}

static void answer_advance(struct hold *hold, enum hold_end)
{
    struct advance_call *call = container_of(hold, struct advance_call, hold);
    struct ask *ask = hold->ask;
    struct sandbox *sandbox = ask->control->sandbox;
    struct open_list list = { sandbox, &ask->out };
    int err;

    out_close(&call->ended, ']');
    out_open(&ask->out, NULL, '{');
    out_moment(&ask->out, "virtual", account_now_ms(ask->account));
    out_raw(&ask->out, "deliveries", buf_view(&call->ended.text));
    out_open(&ask->out, "open", '[');
    err = notice_each(sandbox->store, ask->account->id, 0, add_open, &list);
    out_close(&ask->out, ']');
    out_close(&ask->out, '}');
    if (err || call->ended.err)
        ask_refuse(ask, 500, "TROUBLE", "", "the deliveries could not be listed");
    else
        ask_reply(ask, 200);
}

static void free_advance(struct hold *hold)
{
    struct advance_call *call = container_of(hold, struct advance_call, hold);

    json_out_release(&call->ended);
    mem_free(call);
}

static const struct hold_kind advance_kind = {
    .on_delivery = on_delivery,
    .answer = answer_advance,
    .free = free_advance,
};

static void on_advanced(void *owner, size_t, size_t)
{
    struct advance_call *call = owner;

    if (!hold_is_over(&call->hold))
        events_clock(call->hold.control, name_of(call->hold.ask), &call->hold.ask->account->clock);
    hold_end(&call->hold, HOLD_MET);
    hold_unref(&call->hold);
}

/* The machine steps the clock; its own bound is @wait_ms, ours is only a belt. */
static int advance_account(struct ask *ask, int64_t ms, int64_t wait_ms)
{
    struct advance_call *call = mem_new(struct advance_call);
    int err;

    if (!call)
        return ERR_NOMEM;
    call->ended = JSON_OUT_INIT(CONTROL_ANSWER_MAX);
    out_open(&call->ended, NULL, '[');
    err = hold_start(&call->hold, ask, &advance_kind, wait_ms + 60'000);
    if (err) {
        free_advance(&call->hold);
        return err;
    }
    err = notify_advance(ask->control->sandbox->notify, ask->account,
                         account_now_ms(ask->account) + ms, wait_ms, on_advanced, call);
    if (err) {
        call->ended.err = err;
        hold_end(&call->hold, HOLD_MET);
    } else {
        hold_ref(&call->hold); /* on_advanced() comes later, whatever happens */
    }
    return 0;
}

int do_clock_advance(struct ask *ask)
{
    struct advance_in in = { .wait_ms = WAIT_MS_DEFAULT };
    struct vclock want = *clock_of(ask);
    int64_t ms;

    if (!ask_read(ask, advance_members, COUNT(advance_members), &in))
        return 0;
    if (!in.ms == !in.s)
        return ask_refuse(ask, 400, "BAD_MEMBER", "", "exactly one of ms and s must be given");
    ms = in.ms ? in.ms : in.s * 1000;
    if (vclock_ms(&want) + ms > MS_MAX)
        return ask_refuse(ask, 400, "BAD_MEMBER", in.ms ? "/ms" : "/s", "leads past the year 2100");
    if (ask->account)
        return advance_account(ask, ms, in.wait == 1 ? 0 : in.wait_ms);
    vclock_set(&want, vclock_ms(&want) + ms);
    return set_clock(ask, want);
}
