/* The lines of a call-up as programs that do it wrongly write them. */
#include "base/err.h"
#include "wxpay/v3_callup_priv.h"

#include <inttypes.h>

static void add(struct callup_search *search, enum callup_part part, struct callup_alt alt)
{
    if (search->count[part] == ALTS_MAX)
        return;
    for (size_t i = 0; i < search->count[part]; i++)
        if (view_eq(search->alt[part][i].text, alt.text))
            return;
    search->alt[part][search->count[part]++] = alt;
}

/* Made of two texts; dropped when there is no room. */
static void add_joined(struct callup_search *search, enum callup_part part, enum callup_cause cause,
                       struct view a, struct view b)
{
    struct buf *store = &search->store;
    size_t from = store->len;
    if (store->len + a.len + b.len > STORE_BYTES || buf_view_add(store, a) ||
        buf_view_add(store, b))
        return;
    add(search, part, (struct callup_alt){ cause, NULL, { store->ptr + from, store->len - from } });
}

static void add_letters(struct callup_search *search, enum callup_part part,
                        enum callup_cause cause, struct view text)
{
    for (int upper = 0; upper < 2; upper++) {
        struct buf *store = &search->store;
        size_t from = store->len;
        if (store->len + text.len > STORE_BYTES ||
            v3_spell_letters(text, upper ? LETTERS_UPPER : LETTERS_LOWER, store))
            return;
        add(search, part,
            (struct callup_alt){ cause,
                                 upper ? "upper case" : "lower case",
                                 { store->ptr + from, store->len - from } });
    }
}

static void fill_appid(struct callup_search *search)
{
    const struct v3_callup_hint *hint = search->hint;
    for (size_t i = 0; i < hint->other_count; i++)
        add(search, CALLUP_APPID,
            (struct callup_alt){ CALLUP_CAUSE_OTHER_APPID, "one of the account", hint->others[i] });
    add(search, CALLUP_APPID,
        (struct callup_alt){ CALLUP_CAUSE_OTHER_APPID, "the mchid", hint->mchid });
    add(search, CALLUP_APPID, (struct callup_alt){ CALLUP_CAUSE_OTHER_APPID, "an empty one", {} });
    add(search, CALLUP_APPID,
        (struct callup_alt){ CALLUP_CAUSE_OTHER_APPID, "undefined", VIEW("undefined") });
    add_letters(search, CALLUP_APPID, CALLUP_CAUSE_APPID_CASE, search->alt[CALLUP_APPID][0].text);
}

static void fill_stamp(struct callup_search *search)
{
    struct view stamp = search->alt[CALLUP_STAMP][0].text;
    int64_t seconds;
    char text[32];
    if (stamp.len == 13)
        add(search, CALLUP_STAMP,
            (struct callup_alt){
                CALLUP_CAUSE_MILLISECONDS, "milliseconds are handed over", { stamp.ptr, 10 } });
    add_joined(search, CALLUP_STAMP, CALLUP_CAUSE_MILLISECONDS, stamp, VIEW("000"));
    add(search, CALLUP_STAMP, (struct callup_alt){ CALLUP_CAUSE_OTHER_STAMP, "an empty one", {} });
    add_joined(search, CALLUP_STAMP, CALLUP_CAUSE_OTHER_STAMP, stamp, VIEW(".0"));
    if (view_to_i64(stamp, INT64_MAX / 2, &seconds))
        return;
    for (int off = 1; off <= SECONDS_OFF; off++) {
        snprintf(text, sizeof(text), "%" PRId64, seconds - off);
        add_joined(search, CALLUP_STAMP, CALLUP_CAUSE_OTHER_STAMP, view_str(text), (struct view){});
        snprintf(text, sizeof(text), "%" PRId64, seconds + off);
        add_joined(search, CALLUP_STAMP, CALLUP_CAUSE_OTHER_STAMP, view_str(text), (struct view){});
    }
}

static void fill_nonce(struct callup_search *search)
{
    struct view nonce = search->alt[CALLUP_NONCE][0].text;
    struct buf *store = &search->store;
    int err = 0;
    add_letters(search, CALLUP_NONCE, CALLUP_CAUSE_NONCE_CASE, nonce);
    size_t from = store->len;
    add(search, CALLUP_NONCE, (struct callup_alt){ CALLUP_CAUSE_OTHER_NONCE, "an empty one", {} });
    add(search, CALLUP_NONCE,
        (struct callup_alt){ CALLUP_CAUSE_OTHER_NONCE, "undefined", VIEW("undefined") });
    if (nonce.len > 32)
        add(search, CALLUP_NONCE,
            (struct callup_alt){
                CALLUP_CAUSE_OTHER_NONCE, "its first 32 characters", { nonce.ptr, 32 } });
    for (size_t i = 0; !err && i < nonce.len && store->len < STORE_BYTES; i++)
        if (nonce.ptr[i] != '-')
            err = buf_byte(store, nonce.ptr[i]);
    if (!err)
        add(search, CALLUP_NONCE,
            (struct callup_alt){ CALLUP_CAUSE_OTHER_NONCE,
                                 "without its dashes",
                                 { store->ptr + from, store->len - from } });
}

static void fill_what(struct callup_search *search)
{
    const struct callup *callup = search->hint->callup;
    struct view id = callup->prepay_id;
    bool app = callup->kind == CALLUP_APP;
    if (app) {
        add_joined(search, CALLUP_WHAT, CALLUP_CAUSE_PREFIX, VIEW("prepay_id="), id);
        add_joined(search, CALLUP_WHAT, CALLUP_CAUSE_PREFIX, VIEW("prepayid="), id);
        add(search, CALLUP_WHAT,
            (struct callup_alt){ CALLUP_CAUSE_PACKAGE, NULL, callup->package });
    } else {
        add(search, CALLUP_WHAT, (struct callup_alt){ CALLUP_CAUSE_NO_PREFIX, NULL, id });
    }
    add_joined(search, CALLUP_WHAT, CALLUP_CAUSE_PACKAGE, VIEW("package=prepay_id="), id);
    add_joined(search, CALLUP_WHAT, CALLUP_CAUSE_PACKAGE, VIEW("prepay_id:"), id);
    add(search, CALLUP_WHAT,
        (struct callup_alt){ CALLUP_CAUSE_PACKAGE, "prepay_id= with nothing behind it",
                             VIEW("prepay_id=") });
    add(search, CALLUP_WHAT,
        (struct callup_alt){ CALLUP_CAUSE_PACKAGE, "Sign=WXPay", VIEW("Sign=WXPay") });
    add(search, CALLUP_WHAT,
        (struct callup_alt){ CALLUP_CAUSE_PACKAGE, "undefined", VIEW("prepay_id=undefined") });
}

int v3_callup_fill(struct callup_search *search)
{
    const struct callup *callup = search->hint->callup;
    bool app = callup->kind == CALLUP_APP;
    const struct view right[CALLUP_PARTS] = {
        [CALLUP_APPID] = callup->appid.len ? callup->appid : search->hint->appid,
        [CALLUP_STAMP] = callup->timestamp,
        [CALLUP_NONCE] = callup->nonce,
        [CALLUP_WHAT] = app ? callup->prepay_id : callup->package,
        [CALLUP_TYPE] = callup->sign_type.len ? callup->sign_type : VIEW("RSA"),
        [CALLUP_PARTNER] = callup->partner_id,
        [CALLUP_PACKAGE] = callup->package,
    };
    for (size_t part = 0; part < CALLUP_PARTS; part++)
        add(search, (enum callup_part)part,
            (struct callup_alt){ CALLUP_CAUSE_NONE, NULL, right[part] });
    search->store = BUF_INIT(STORE_BYTES);
    int err = buf_reserve(&search->store, STORE_BYTES);
    if (err)
        return err;
    fill_appid(search);
    fill_stamp(search);
    fill_nonce(search);
    fill_what(search);
    return 0;
}
