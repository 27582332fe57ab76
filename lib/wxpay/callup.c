#include "wxpay/callup.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX 24

/* ---- names ----------------------------------------------------------------------------------- */

/* @name in lower case and without underscores; false: longer than any known one. */
static bool plain_name(const char *name, char out[NAME_MAX])
{
    size_t len = 0;
    for (; *name; name++) {
        if (*name == '_')
            continue;
        if (len + 1 == NAME_MAX)
            return false;
        out[len++] = (char)(*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name);
    }
    out[len] = '\0';
    return true;
}

struct slots {
    struct view pay_sign, app_sign;
};

static struct view *slot_of(struct callup *out, struct slots *slots, const char *name)
{
    const struct {
        const char *name;
        struct view *slot;
    } known[] = {
        { "appid", &out->appid },          { "timestamp", &out->timestamp },
        { "noncestr", &out->nonce },       { "package", &out->package },
        { "packagevalue", &out->package }, { "signtype", &out->sign_type },
        { "paysign", &slots->pay_sign },   { "sign", &slots->app_sign },
        { "partnerid", &out->partner_id }, { "prepayid", &out->prepay_id },
    };
    char plain[NAME_MAX];
    for (size_t i = 0; plain_name(name, plain) && i < COUNT(known); i++)
        if (strcmp(plain, known[i].name) == 0)
            return known[i].slot;
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int blame(char why[128], const char *format, ...) __attribute__((format(printf, 2, 3)));

static int blame(char why[128], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, 128, format, args);
    va_end(args);
    return ERR_SYNTAX;
}

static int read_member(struct callup *out, struct view *slot, const char *name, const json_t *value,
                       char why[128])
{
    if (slot->ptr)
        return blame(why, "%.40s is there twice", name);
    if (json_is_integer(value) && slot == &out->timestamp) {
        snprintf(out->stamp, sizeof(out->stamp), "%lld", (long long)json_integer_value(value));
        *slot = view_str(out->stamp);
        out->number_stamp = true;
        return 0;
    }
    if (!json_is_string(value))
        return blame(why, "%.40s must be a text", name);
    *slot = (struct view){ json_string_value(value), json_string_length(value) };
    return slot->len <= CALLUP_TEXT_MAX ? 0 : blame(why, "%.40s is too long", name);
}

/* What must be there; names as the manual spells them for each kind. */
static int check(const struct callup *callup, char why[128])
{
    bool app = callup->kind == CALLUP_APP;
    const struct {
        const struct view *value;
        const char *jsapi, *app;
    } musts[] = {
        { &callup->appid, NULL, "appid" },
        { &callup->partner_id, NULL, "partnerid" },
        { &callup->timestamp, "timeStamp", "timestamp" },
        { &callup->nonce, "nonceStr", "noncestr" },
        { &callup->package, "package", "package" },
        { &callup->prepay_id, "prepay_id in package", "prepayid" },
        { &callup->sign, "paySign", "sign" },
    };
    for (size_t i = 0; i < COUNT(musts); i++) {
        const char *name = app ? musts[i].app : musts[i].jsapi;
        if (name && !musts[i].value->len)
            return blame(why, "%s is missing", name);
    }
    return 0;
}

int callup_read(const json_t *object, struct callup *out, char why[128])
{
    static const struct view front = VIEW("prepay_id=");
    struct slots slots = {};
    const char *name;
    json_t *value;
    int err = 0;
    *out = (struct callup){};
    why[0] = '\0';
    if (!json_is_object(object))
        return blame(why, "the parameters must be an object");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        struct view *slot = slot_of(out, &slots, name);
        err = slot && !json_is_null(value) ? read_member(out, slot, name, value, why) : 0;
        if (err)
            return err;
    }
    /* APP's with JSAPI's package is a mistake to be named, not another kind */
    bool page = slots.pay_sign.ptr || (!out->partner_id.len && view_starts(out->package, front));
    out->kind = page ? CALLUP_JSAPI : CALLUP_APP;
    out->sign = page ? slots.pay_sign : slots.app_sign;
    if (page)
        out->prepay_id =
            view_starts(out->package, front)
                ? (struct view){ out->package.ptr + front.len, out->package.len - front.len }
                : (struct view){};
    return check(out, why);
}

/* ---- V3's signature -------------------------------------------------------------------------- */

int v3_callup_lines(const struct callup *callup, struct view appid, struct buf *text)
{
    return v3_callup_text(callup->appid.len ? callup->appid : appid, callup->timestamp,
                          callup->nonce,
                          callup->kind == CALLUP_APP ? callup->prepay_id : callup->package, text);
}

int v3_callup_verify(const struct callup *callup, struct view appid, const struct v3_public *key,
                     struct buf *text)
{
    size_t from = text->len;
    int err = v3_callup_lines(callup, appid, text);
    struct view lines = { text->ptr + from, text->len - from };
    return err ? err : v3_verify(key, lines, callup->sign);
}
