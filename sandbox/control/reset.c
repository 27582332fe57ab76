#include "control/door.h"
#include "control/handlers.h"
#include "engine/fault.h"
#include "engine/notice_rule.h"

struct reset_in {
    struct view mch_id;
};

static const struct member reset_members[] = {
    MEMBER(TEXT, struct reset_in, mch_id, .min = 1, .max = MCH_ID_MAX),
};

/* Clock, mode and faults of one account; its rows are the store's business. */
static int forget(struct sandbox *sandbox, struct account *account)
{
    bool changed = account->clock.frozen || account->clock.offset_ms ||
                   account->notice_mode != NOTICE_MODE_SEND || account->notice_rule_count;
    int err = faults_clear(sandbox->accounts, account);

    if (!err && changed) {
        vclock_reset(&account->clock);
        account->notice_mode = NOTICE_MODE_SEND;
        notice_rules_clear(account);
        err = account_save(sandbox->accounts, account);
    }
    return err;
}

/* @account NULL: all of them, and the clock of those made later. */
static int reset(struct sandbox *sandbox, struct account *account)
{
    int err = 0;

    if (account) {
        err = forget(sandbox, account);
    } else {
        for (size_t i = 0; i < accounts_count(sandbox->accounts) && !err; i++)
            err = forget(sandbox, accounts_at(sandbox->accounts, i));
        vclock_reset(accounts_default_clock(sandbox->accounts));
    }
    return err ? err : account_clear(sandbox->store, account ? account->id : 0);
}

int do_reset(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct account *account = NULL;
    struct reset_in in = {};
    int err;

    if (!ask_read(ask, reset_members, COUNT(reset_members), &in))
        return 0;
    if (in.mch_id.ptr) {
        account = accounts_find(sandbox->accounts, in.mch_id);
        if (!account)
            return ask_unknown(ask, "account", in.mch_id);
    }
    err = ask_begin(ask);
    if (err)
        return err;
    err = ask_end(ask, reset(sandbox, account));
    if (err)
        return err;
    exchange_reset(sandbox->exchanges, in.mch_id);
    notify_wake(sandbox->notify, account);
    out_open(&ask->out, NULL, '{');
    out_str(&ask->out, "reset", account ? account->mch_id : "*");
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}
