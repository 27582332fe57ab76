#include "wxpay/v3_sign.h"

#include "base/err.h"
#include "base/mem.h"

static int add_lines(struct buf *out, const struct view *lines, size_t count)
{
    size_t need = 0, before = out->len;
    for (size_t i = 0; i < count; i++)
        need += lines[i].len + 1;
    int err = buf_reserve(out, need);
    for (size_t i = 0; !err && i < count; i++) {
        err = buf_view_add(out, lines[i]);
        if (!err)
            err = buf_byte(out, '\n');
    }
    if (err && out->ptr)
        out->ptr[out->len = before] = '\0';
    return err;
}

int v3_request_text(const struct v3_request *request, struct buf *out)
{
    const struct view lines[] = { request->method, request->target, request->timestamp,
                                  request->nonce, request->body };
    return add_lines(out, lines, COUNT(lines));
}

int v3_answer_text(struct view timestamp, struct view nonce, struct view body, struct buf *out)
{
    const struct view lines[] = { timestamp, nonce, body };
    return add_lines(out, lines, COUNT(lines));
}

int v3_callup_text(struct view appid, struct view timestamp, struct view nonce, struct view what,
                   struct buf *out)
{
    const struct view lines[] = { appid, timestamp, nonce, what };
    return add_lines(out, lines, COUNT(lines));
}

void v3_sign_probe(char signature[V3_SIGNATURE_LEN + 1])
{
    static const char front[] = "WECHATPAY/SIGNTEST/";
    memcpy(signature, front, sizeof(front) - 1);
}

/* ---- the Authorization header ------------------------------------------------------------------- */

static struct view *slot_of(struct v3_auth *auth, struct view key)
{
    const struct {
        const char *name;
        struct view *slot;
    } slots[] = {
        { "mchid", &auth->mchid },         { "nonce_str", &auth->nonce },
        { "signature", &auth->signature }, { "timestamp", &auth->timestamp },
        { "serial_no", &auth->serial },
    };
    for (size_t i = 0; i < COUNT(slots); i++)
        if (view_is(key, slots[i].name))
            return slots[i].slot;
    return NULL;
}

static struct view skip_blanks(struct view text, bool allowed)
{
    while (allowed && text.len && text.ptr[0] == ' ')
        text = (struct view){ text.ptr + 1, text.len - 1 };
    return text;
}

/* One key="value" off the front of @rest; false: there is none. */
static bool read_pair(struct v3_auth *auth, struct view *rest)
{
    struct view value, key = view_cut(*rest, '=', &value);
    struct view *slot = slot_of(auth, key);
    if (!slot || slot->ptr || !value.len || value.ptr[0] != '"')
        return false;
    struct view after, inner = { value.ptr + 1, value.len - 1 };
    struct view text = view_cut(inner, '"', &after);
    if (!text.len || text.len == inner.len)
        return false; /* empty, or no closing quote */
    *slot = text;
    *rest = after;
    return true;
}

static bool read_pairs(struct v3_auth *auth, struct view rest, bool spaces, struct view *where)
{
    *where = rest;
    for (;;) {
        if (!read_pair(auth, &rest))
            return false;
        rest = skip_blanks(rest, spaces);
        *where = rest;
        if (!rest.len)
            break;
        if (rest.ptr[0] != ',')
            return false;
        rest = skip_blanks((struct view){ rest.ptr + 1, rest.len - 1 }, spaces);
        *where = rest;
    }
    return auth->mchid.ptr && auth->nonce.ptr && auth->signature.ptr && auth->timestamp.ptr &&
           auth->serial.ptr;
}

enum v3_auth_fault v3_auth_read(struct v3_auth *out, struct view header, bool spaces,
                                struct view *where)
{
    struct view rest, broken;
    *out = (struct v3_auth){};
    if (where)
        *where = header;
    if (!header.len)
        return V3_AUTH_ABSENT;
    struct view scheme = view_cut(header, ' ', &rest);
    bool known = view_is(scheme, V3_SCHEME);
    bool right = known && read_pairs(out, skip_blanks(rest, spaces), spaces, &broken);
    if (where)
        *where = known ? (right ? (struct view){} : broken) : scheme;
    if (right)
        return V3_AUTH_FINE;
    *out = (struct v3_auth){};
    return known ? V3_AUTH_FORM : V3_AUTH_SCHEME;
}

int v3_auth_write(const struct v3_auth *auth, struct buf *out)
{
    return buf_fmt(out,
                   V3_SCHEME " mchid=\"%.*s\",nonce_str=\"%.*s\",signature=\"%.*s\","
                             "timestamp=\"%.*s\",serial_no=\"%.*s\"",
                   VIEW_ARG(auth->mchid), VIEW_ARG(auth->nonce), VIEW_ARG(auth->signature),
                   VIEW_ARG(auth->timestamp), VIEW_ARG(auth->serial));
}
