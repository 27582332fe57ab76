#include "engine/callup_check.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/keys.h"
#include "engine/order_cell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HINT_MAX  4096
#define NONCE_MAX 32 /* V3 4.13: string(32) */

void callup_check_release(struct callup_check *check)
{
    scan_release(&check->scan);
    buf_release(&check->hint);
    buf_release(&check->sign_text);
    buf_release(&check->signed_text);
    *check = (struct callup_check){};
}

/* The phone refuses, and this is why. Always false. */
static bool refuse(struct callup_check *check, enum phone_id phone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct callup_check *check, enum phone_id phone, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(check->why, sizeof(check->why), format, args);
    va_end(args);
    check->scan.phone = phone;
    return false;
}

static void remark(struct callup_check *check, const char *id, const char *text)
{
    if (check->remark_count < CALLUP_REMARKS_MAX)
        check->remark[check->remark_count++] = (struct callup_remark){ id, text };
}

/* ---- which order ----------------------------------------------------------------------------- */

/* Nobody's, or an older one of an order that was made again. */
static bool tell_unknown(struct engine *engine, struct view prepay_id, struct callup_check *check)
{
    struct order_row order;
    if (order_get_by_prepay(engine, prepay_id, &order) == 0)
        refuse(check, PHONE_PREPAY_UNKNOWN,
               "V3 5.3: %.*s is an older prepay_id of order %s, or never was one; the present one "
               "is %s",
               VIEW_ARG(prepay_id), order.out_trade_no, order.prepay_id);
    else
        refuse(check, PHONE_PREPAY_UNKNOWN, "V3 4.13: no order here has the prepay_id %.*s",
               (int)(prepay_id.len < 80 ? prepay_id.len : 80), prepay_id.ptr);
    order_row_release(&order);
    return false;
}

static bool find_order(struct engine *engine, const struct callup *callup,
                       struct callup_check *check)
{
    bool app = callup->kind == CALLUP_APP;
    payer_call(engine, callup->prepay_id, app ? TRADE_TYPE_APP : TRADE_TYPE_JSAPI, &check->scan);
    if (check->scan.phone == PHONE_PREPAY_UNKNOWN)
        return tell_unknown(engine, callup->prepay_id, check);
    if (check->scan.phone == PHONE_TROUBLE)
        return false;
    const struct order_row *order = &check->scan.order;
    if (check->scan.phone == PHONE_OTHER_WAY)
        return refuse(
            check, PHONE_OTHER_WAY, "V3 4.13: order %s is %s, these are the parameters of %s",
            order->out_trade_no, trade_type_name(order->trade_type), app ? "APP" : "JSAPI");
    if (order->dialect != DIALECT_V3)
        return refuse(check, PHONE_CALLUP_BROKEN, "call-ups of V2 orders are not built yet");
    return true;
}

/* ---- do they fit it -------------------------------------------------------------------------- */

static bool check_package(const struct callup *callup, struct callup_check *check)
{
    bool app = callup->kind == CALLUP_APP;
    if (app && !view_is(callup->package, "Sign=WXPay"))
        return refuse(check, PHONE_CALLUP_BROKEN, "V3 4.13: package of APP is Sign=WXPay, not %.*s",
                      (int)(callup->package.len < 80 ? callup->package.len : 80),
                      callup->package.ptr);
    struct view type = callup->sign_type.len ? callup->sign_type : VIEW("missing");
    if (!app && !view_is(type, "RSA"))
        return refuse(check, PHONE_CALLUP_BROKEN,
                      "V3 4.13: signType is RSA, here it is %.*s; without it the phone takes MD5",
                      (int)(type.len < 20 ? type.len : 20), type.ptr);
    return true;
}

/* The order's own appid, and a sub-merchant's; first the one by which its payer was named. */
static size_t appids_of(const struct order_row *order, struct view out[2])
{
    struct view own = order_field(order, "appid"), sub = order_field(order, "sub_appid");
    bool by_sub = order_field(order, "sub_openid").len > 0;
    out[0] = by_sub ? sub : own;
    out[1] = by_sub ? own : sub;
    return sub.len ? 2 : 1;
}

static bool check_names(const struct callup *callup, struct callup_check *check)
{
    const struct order_row *order = &check->scan.order;
    struct view appid[2], sub = order_field(order, "sub_mch_id");
    size_t count = appids_of(order, appid);
    bool own = !callup->appid.len;
    for (size_t i = 0; i < count; i++)
        own |= view_eq(callup->appid, appid[i]);
    if (!own)
        return refuse(check, PHONE_CALLUP_BROKEN,
                      "V3 4.13: the appid handed over is %.*s, that of order %s is %.*s",
                      (int)(callup->appid.len < 40 ? callup->appid.len : 40), callup->appid.ptr,
                      order->out_trade_no, VIEW_ARG(appid[0]));
    if (callup->kind == CALLUP_APP && !view_is(callup->partner_id, check->scan.account->mch_id) &&
        !(sub.len && view_eq(callup->partner_id, sub)))
        return refuse(check, PHONE_CALLUP_BROKEN,
                      "V3 4.13: partnerid is %.*s, order %s is one of %s",
                      (int)(callup->partner_id.len < 40 ? callup->partner_id.len : 40),
                      callup->partner_id.ptr, order->out_trade_no, check->scan.account->mch_id);
    return true;
}

/* ---- is it signed ---------------------------------------------------------------------------- */

/* Which account is looked at next for another key. */
struct look {
    struct engine *engine;
    const struct account *own;
    size_t next;
};

static const struct v3_public *other_key(void *owner, size_t index, struct v3_hint_key *whose)
{
    struct look *look = owner;
    struct account *account;
    if (index == 0)
        look->next = 0;
    while ((account = accounts_at(look->engine->accounts, look->next++))) {
        int err;
        const struct keys *keys = account_keys(account, &err);
        if (!keys)
            continue;
        *whose = (struct v3_hint_key){ .mchid = view_str(account->mch_id),
                                       .serial = view_str(keys->merchant.serial),
                                       .own = account == look->own };
        return keys->merchant.public;
    }
    return NULL;
}

static void explain(struct engine *engine, const struct callup *callup, const struct keys *keys,
                    struct callup_check *check)
{
    const struct account *account = check->scan.account;
    struct view appids[APPIDS_MAX + 2];
    size_t count = appids_of(&check->scan.order, appids);
    for (size_t i = 0; i < account->appid_count; i++)
        appids[count++] = view_str(account->appid[i]);
    struct look look = { engine, account, 0 };
    struct buf detail = BUF_INIT(HINT_MAX);
    struct v3_hint_input in = { .key = keys->merchant.public,
                                .platform_key = keys->platform[keys->signing].public,
                                .other_key = other_key,
                                .owner = &look,
                                .api_key = v2_key_text(account->v2_key),
                                .apiv3_key = view_str(keys->apiv3_key),
                                .signed_text = &check->signed_text };
    struct v3_callup_hint hint = { callup, appids[0], appids, count, view_str(account->mch_id) };
    buf_clear(&check->sign_text);
    check->cause = v3_callup_hint_find(&hint, &in, &check->sign_text, &detail);
    if (check->cause &&
        buf_fmt(&check->hint, "%s%s%.*s. Repair: %s.", check->cause->what, detail.len ? ": " : "",
                VIEW_ARG(buf_view(&detail)), check->cause->repair))
        buf_clear(&check->hint); /* a courtesy: without memory there is none */
    buf_release(&detail);
}

static bool check_signature(struct engine *engine, const struct callup *callup,
                            struct callup_check *check)
{
    struct view appid[2];
    appids_of(&check->scan.order, appid);
    int err = 0;
    const struct keys *keys = account_keys(check->scan.account, &err);
    if (keys)
        err = v3_callup_verify(callup, appid[0], keys->merchant.public, &check->sign_text);
    if (keys && err == ERR_SIGNATURE) {
        explain(engine, callup, keys, check);
        return refuse(check, PHONE_CALLUP_SIGN, "V3 4.13: the signature does not hold");
    }
    if (err) {
        order_trouble(engine, "check a call-up", err);
        check->scan.phone = PHONE_TROUBLE;
    }
    return !err;
}

/* ---- what works here and is no good ---------------------------------------------------------- */

static void look_closer(const struct callup *callup, struct callup_check *check)
{
    const struct account *account = check->scan.account;
    bool turned = account && switch_is(&account->switches, SWITCH_stamp_clock, "virtual");
    int64_t stamp_s, now_s = (turned ? account_now_ms(account) : clock_real_ms()) / 1000;
    int err = view_to_i64(callup->timestamp, INT64_MAX / 2, &stamp_s);
    if (callup->number_stamp)
        remark(check, "timestamp-number", "timeStamp is a number; iPhones want a text");
    if (err)
        remark(check, "timestamp-odd", "the timestamp is no number of seconds");
    else if (stamp_s > now_s * 100)
        remark(check, "timestamp-milliseconds", "the timestamp is in milliseconds, not seconds");
    else if (llabs(stamp_s - now_s) > V3_SKEW_S)
        remark(check, "timestamp-stale",
               "the timestamp is more than 5 minutes from now: make the parameters anew for each "
               "call");
    if (callup->nonce.len > NONCE_MAX)
        remark(check, "nonce-long", "the nonce is longer than the documented 32 characters");
    if (!callup->appid.len)
        remark(check, "appid-absent",
               "there is no appId, as in a mini program; a page must hand it over");
}

void callup_check(struct engine *engine, const json_t *json, struct callup_check *out)
{
    struct callup callup;
    char why[128];
    *out = (struct callup_check){ .hint = BUF_INIT(HINT_MAX),
                                  .sign_text = BUF_INIT(HINT_MAX),
                                  .signed_text = BUF_INIT(4 * HINT_MAX) };
    if (callup_read(json, &callup, why))
        refuse(out, PHONE_CALLUP_BROKEN, "V3 4.13: %s", why);
    else
        out->fits = find_order(engine, &callup, out) && check_package(&callup, out) &&
                    check_names(&callup, out) && check_signature(engine, &callup, out);
    if (out->scan.order.id)
        look_closer(&callup, out);
    if (!out->fits)
        log_event(LOG_INFO, "callup", "refused", "reason", view_str(phone_name(out->scan.phone)),
                  "why", view_str(out->why), "cause", view_str(out->cause ? out->cause->id : ""),
                  NULL);
}
