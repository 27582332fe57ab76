#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"
#include "engine/notice_rule.h"

#define NOTICES_MAX 1000

struct notices_in {
    struct view out_trade_no;
    int64_t limit, after;
};

static const struct member notices_query[] = {
    MEMBER(TEXT, struct notices_in, out_trade_no, .min = 1, .max = OUT_TRADE_NO_MAX),
    MEMBER(INT, struct notices_in, limit, .min = 1, .max = NOTICES_MAX),
    MEMBER(INT, struct notices_in, after, .max = INT64_MAX),
};

struct listing {
    struct sandbox *sandbox;
    struct json_out *out;
    size_t left;
    int64_t last;
};

enum { LISTING_FULL = 1 };

static int add_notice(void *ctx, const struct notice_row *notice)
{
    struct listing *listing = ctx;

    if (!listing->left)
        return LISTING_FULL;
    show_notice(listing->out, NULL, listing->sandbox, notice);
    listing->last = notice->id;
    listing->left--;
    return listing->out->err;
}

/* That of a payment; nothing when there is none. */
static int add_notice_of(struct ask *ask, struct view number, struct listing *listing)
{
    struct notice_row notice = {};
    int err = notice_find(listing->sandbox->store, ask->account, number, &notice);

    if (!err)
        err = add_notice(listing, &notice);
    return err == ERR_NOT_FOUND ? 0 : err;
}

int do_notifications(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct notices_in in = { .limit = 100 };
    struct listing listing = { .sandbox = sandbox, .out = &ask->out };
    int err;

    if (!ask_query(ask, notices_query, COUNT(notices_query), &in))
        return 0;
    listing.left = (size_t)in.limit;
    listing.last = in.after;
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "notifications", '[');
    if (in.out_trade_no.ptr)
        err = add_notice_of(ask, in.out_trade_no, &listing);
    else
        err = notice_each(sandbox->store, ask->account->id, in.after, add_notice, &listing);
    if (err && err != LISTING_FULL)
        return err;
    out_close(&ask->out, ']');
    out_int(&ask->out, "next", listing.last);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

struct resend_in {
    int64_t wait_ms;
};

static const struct member resend_members[] = {
    MEMBER(INT, struct resend_in, wait_ms, .max = CONTROL_WAIT_MAX),
};

/* One more delivery; ended when it has, or when wait_ms is over. */
struct resend_call {
    struct hold hold;
    int64_t notice_id;
    struct delivery_row delivery; /* id 0: has not ended */
    int err;
};

static void answer_resend(struct hold *hold, enum hold_end)
{
    struct resend_call *call = container_of(hold, struct resend_call, hold);
    struct ask *ask = hold->ask;
    struct notice_row notice = {};
    int err = call->err;

    if (!err)
        err = notice_get(ask->control->sandbox->store, call->notice_id, &notice);
    if (err == ERR_LIMIT) {
        ask_refuse(ask, 503, "BUSY", "", "too many deliveries are under way");
        return;
    }
    if (err == ERR_RANGE) {
        ask_refuse(ask, 409, "CONFLICT", "", "the account has no APIv3 key to seal it with");
        return;
    }
    if (err == ERR_USAGE) {
        ask_refuse(ask, 409, "CONFLICT", "",
                   "the refund has not ended, so there is nothing to tell");
        return;
    }
    if (err) {
        ask_refuse(ask, 500, "TROUBLE", "", "%s: %s", err_name(err), err_text(err));
        return;
    }
    out_open(&ask->out, NULL, '{');
    show_notice(&ask->out, "notification", ask->control->sandbox, &notice);
    if (call->delivery.id)
        show_delivery(&ask->out, "delivery", &call->delivery);
    else
        out_null(&ask->out, "delivery");
    out_close(&ask->out, '}');
    ask_reply(ask, 200);
}

static void free_resend(struct hold *hold)
{
    mem_free(container_of(hold, struct resend_call, hold));
}

static const struct hold_kind resend_kind = { .answer = answer_resend, .free = free_resend };

static void on_resent(void *owner, const struct delivery_row *delivery)
{
    struct resend_call *call = owner;

    if (delivery)
        call->delivery = *delivery;
    hold_end(&call->hold, HOLD_MET);
    hold_unref(&call->hold);
}

static int resend(struct ask *ask, int64_t notice_id, int64_t wait_ms)
{
    struct resend_call *call = mem_new(struct resend_call);
    int err;

    if (!call)
        return ERR_NOMEM;
    call->notice_id = notice_id;
    err = hold_start(&call->hold, ask, &resend_kind, wait_ms);
    if (err) {
        mem_free(call);
        return err;
    }
    err = turn_open(ask->control->sandbox->turn);
    if (!err)
        err =
            notify_resend(ask->control->sandbox->notify, ask->account, notice_id, on_resent, call);
    if (err) {
        call->err = err;
        hold_end(&call->hold, HOLD_MET);
    } else {
        hold_ref(&call->hold); /* on_resent() comes later, whatever happens */
    }
    return 0;
}

int do_resend(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct notice_row notice = {};
    struct resend_in in = {};
    int64_t id;
    int err;

    if (!ask_read(ask, resend_members, COUNT(resend_members), &in))
        return 0;
    if (view_to_i64(ask->param[0], INT64_MAX, &id))
        return ask_unknown(ask, "notification", ask->param[0]);
    err = notice_get(sandbox->store, id, &notice);
    if (err == ERR_NOT_FOUND)
        return ask_unknown(ask, "notification", ask->param[0]);
    if (err)
        return err;
    ask->account = accounts_by_id(sandbox->accounts, notice.account_id);
    if (!ask->account)
        return ask_unknown(ask, "notification", ask->param[0]);
    return resend(ask, id, in.wait_ms);
}

struct mode_in {
    int mode; /* enum notice_mode */
    struct view out_trade_no;
};

static const struct member mode_members[] = {
    MEMBER(CHOICE, struct mode_in, mode, .choices = notice_mode_names, .must = true),
    MEMBER(TEXT, struct mode_in, out_trade_no, .min = 1, .max = OUT_TRADE_NO_MAX),
};

static int answer_mode(struct ask *ask, struct view out_trade_no, enum notice_mode mode)
{
    out_open(&ask->out, NULL, '{');
    out_str(&ask->out, "mode", notice_mode_names[mode]);
    if (out_trade_no.ptr)
        out_text(&ask->out, "out_trade_no", out_trade_no);
    else
        out_null(&ask->out, "out_trade_no");
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_notice_mode(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct account *account = ask->account;
    struct mode_in in = {};
    int err;

    if (!ask_read(ask, mode_members, COUNT(mode_members), &in))
        return 0;
    err = ask_begin(ask);
    if (err)
        return err;
    if (in.out_trade_no.ptr)
        err = notice_rule_set(sandbox->store, account, in.out_trade_no, (enum notice_mode)in.mode);
    else
        account->notice_mode = (enum notice_mode)in.mode;
    if (!err)
        err = account_save(sandbox->accounts, account);
    err = ask_end(ask, err);
    if (err == ERR_LIMIT)
        return ask_refuse(ask, 409, "CONFLICT", "/out_trade_no",
                          "%d unpaid orders with a mode of their own are the most",
                          NOTICE_RULES_MAX);
    return err ? err : answer_mode(ask, in.out_trade_no, (enum notice_mode)in.mode);
}

int do_release(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    int err;

    if (!ask_read(ask, NULL, 0, NULL))
        return 0;
    err = ask_begin(ask);
    if (err)
        return err;
    ask->account->notice_mode = NOTICE_MODE_SEND;
    notice_rules_clear(ask->account);
    err = account_save(sandbox->accounts, ask->account);
    if (!err)
        err = notify_release(sandbox->notify, ask->account);
    err = ask_end(ask, err);
    return err ? err : answer_mode(ask, (struct view){}, NOTICE_MODE_SEND);
}
