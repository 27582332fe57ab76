/*
 * keys.c — what an account needs for API V3. Keys that are not there yet are made by a thread of
 * the pool, so these calls wait; two that ask at the same time get the same ones.
 */
#include "engine/keys.h"

#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#define MAKE_MAX_MS 60'000

struct keys_in {
    struct view apiv3_key;
    int mode; /* enum signing_mode */
    int64_t share_permille;
};

static const struct member change_members[] = {
    MEMBER(TEXT, struct keys_in, apiv3_key, .max = V3_APIV3_KEY_LEN),
    MEMBER(CHOICE, struct keys_in, mode, .choices = signing_mode_names),
    MEMBER(INT, struct keys_in, share_permille, .max = 1000),
};

struct platform_in {
    bool sign;
};

static const struct member platform_members[] = { MEMBER(BOOL, struct platform_in, sign) };

/* ---- showing ------------------------------------------------------------------------------------ */

static void show_private(struct json_out *out, const struct v3_private *key)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    int err = v3_private_pem(key, &pem);
    out_text(out, "private_key", buf_view(&pem));
    if (!out->err)
        out->err = err;
    if (pem.ptr)
        mem_wipe(pem.ptr, pem.cap);
    buf_release(&pem);
}

static void show_public(struct json_out *out, const struct v3_public *key)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    int err = v3_public_pem(key, &pem);
    out_text(out, "public_key", buf_view(&pem));
    if (!out->err)
        out->err = err;
    buf_release(&pem);
}

static void show_certified(struct json_out *out, const char *key, const struct identity *identity)
{
    out_open(out, key, '{');
    out_str(out, "serial", identity->serial);
    out_text(out, "certificate", buf_view(&identity->certificate));
    show_public(out, identity->public);
    show_private(out, identity->private);
    out_moment(out, "from", identity->from_ms);
    out_moment(out, "until", identity->until_ms);
}

static void show_keys(struct json_out *out, const struct account *account, const struct keys *keys)
{
    out_open(out, NULL, '{');
    out_str(out, "mch_id", account->mch_id);
    out_str(out, "apiv3_key", keys->apiv3_key);
    out_str(out, "mode", signing_mode_names[keys->mode]);
    out_int(out, "share_permille", keys->share_permille);
    show_certified(out, "merchant", &keys->merchant);
    out_close(out, '}');
    out_open(out, "platform", '[');
    for (size_t i = 0; i < keys->platform_count; i++) {
        show_certified(out, NULL, &keys->platform[i]);
        out_bool(out, "signs", i == keys->signing);
        out_close(out, '}');
    }
    out_close(out, ']');
    out_open(out, "wechatpay", '{');
    out_str(out, "id", keys->wechatpay.serial);
    show_public(out, keys->wechatpay.public);
    show_private(out, keys->wechatpay.private);
    out_close(out, '}');
    out_text(out, "authority", keys_authority());
    out_close(out, '}');
}

static int answer_keys(struct ask *ask)
{
    int err;
    const struct keys *keys = account_keys(ask->account, &err);
    if (!keys)
        return err;
    show_keys(&ask->out, ask->account, keys);
    return ask_reply(ask, 200);
}

/* ---- making ------------------------------------------------------------------------------------- */

/* A call for which a key is made; @use says what becomes of it. */
struct make_call {
    struct hold hold;
    uv_work_t work;
    struct v3_private *key; /* owned until used */
    int err;
    int (*use)(struct make_call *call, struct ask *ask);
    struct platform_in in;
};

static void make(uv_work_t *work)
{
    struct make_call *call = container_of(work, struct make_call, work);
    call->err = v3_private_make(&call->key);
}

static void answer_made(struct hold *hold, enum hold_end why)
{
    struct make_call *call = container_of(hold, struct make_call, hold);
    int err = why == HOLD_TIMEOUT ? ERR_TIMEOUT : call->err;
    if (!err)
        err = call->use(call, hold->ask);
    if (err)
        ask_refuse(hold->ask, 500, "TROUBLE", "", "no key could be made: %s", err_text(err));
}

static void free_make(struct hold *hold)
{
    struct make_call *call = container_of(hold, struct make_call, hold);
    v3_private_free(call->key);
    mem_free(call);
}

static const struct hold_kind make_kind = { .answer = answer_made, .free = free_make };

static void on_made(uv_work_t *work, int status)
{
    struct make_call *call = container_of(work, struct make_call, work);
    if (status)
        call->err = status;
    hold_end(&call->hold, HOLD_MET);
    hold_unref(&call->hold); /* last: it may free the call */
}

/* Takes the ask: it is answered when there is a key. */
static int make_then(struct ask *ask, int (*use)(struct make_call *call, struct ask *ask),
                     const struct platform_in *in)
{
    struct make_call *call = mem_new(struct make_call);
    if (!call)
        return ERR_NOMEM;
    call->use = use;
    call->in = *in;
    int err = hold_start(&call->hold, ask, &make_kind, MAKE_MAX_MS);
    if (err) {
        mem_free(call);
        return err;
    }
    hold_ref(&call->hold); /* on_made() comes later, whatever happens */
    err = uv_queue_work(ask->control->sandbox->loop, &call->work, make, on_made);
    if (err) {
        call->err = err;
        hold_end(&call->hold, HOLD_MET);
        hold_unref(&call->hold);
    }
    return 0;
}

static struct v3_private *take_key(struct make_call *call)
{
    struct v3_private *key = call->key;
    call->key = NULL;
    return key;
}

static int use_for_account(struct make_call *call, struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    if (account_has_keys(ask->account))
        return answer_keys(ask); /* somebody else was faster */
    int err = ask_begin(ask);
    if (!err)
        err = ask_end(ask, account_make_keys(accounts, ask->account, take_key(call)));
    return err ? err : answer_keys(ask);
}

int do_keys(struct ask *ask)
{
    if (account_has_keys(ask->account))
        return answer_keys(ask);
    return make_then(ask, use_for_account, &(struct platform_in){});
}

/* ---- changing ----------------------------------------------------------------------------------- */

static int no_keys_yet(struct ask *ask)
{
    return ask_refuse(ask, 409, "CONFLICT", "",
                      "this account has no V3 keys yet; GET this path makes them");
}

int do_keys_change(struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    char apiv3_key[V3_APIV3_KEY_LEN + 1] = "";
    struct keys_in in = { .mode = -1, .share_permille = -1 };
    if (!account_has_keys(ask->account))
        return no_keys_yet(ask);
    if (!ask_read(ask, change_members, COUNT(change_members), &in))
        return 0;
    enum signing_mode mode = (enum signing_mode)in.mode;
    int share = (int)in.share_permille;
    struct keys_change change = { .apiv3_key = in.apiv3_key.ptr ? apiv3_key : NULL,
                                  .mode = in.mode < 0 ? NULL : &mode,
                                  .share_permille = share < 0 ? NULL : &share };
    int err = view_copy(in.apiv3_key, apiv3_key, sizeof(apiv3_key));
    if (!err)
        err = ask_begin(ask);
    if (!err)
        err = ask_end(ask, account_change_keys(accounts, ask->account, &change));
    if (err == ERR_SYNTAX || err == ERR_TOO_LONG)
        return ask_refuse(ask, 400, "BAD_MEMBER", "/apiv3_key",
                          "must be %d letters and digits, or empty to have none", V3_APIV3_KEY_LEN);
    return err ? err : answer_keys(ask);
}

static int use_for_platform(struct make_call *call, struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    int err = ask_begin(ask);
    if (!err)
        err = ask_end(ask,
                      account_add_platform(accounts, ask->account, take_key(call), call->in.sign));
    return err ? err : answer_keys(ask);
}

int do_keys_platform(struct ask *ask)
{
    struct platform_in in = {};
    if (!account_has_keys(ask->account))
        return no_keys_yet(ask);
    if (!ask_read(ask, platform_members, COUNT(platform_members), &in))
        return 0;
    return make_then(ask, use_for_platform, &in);
}
