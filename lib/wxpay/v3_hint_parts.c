/*
 * The lines of a request as programs that do it wrongly write them. Everything here runs only
 * after a signature was refused.
 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_hint_priv.h"

#include <inttypes.h>

#define DETAIL(id, text) ((struct v3_alt){ .cause = V3_CAUSE_##id, .detail = text })
#define PLAIN(id)        DETAIL(id, NULL)

/* ---- the store ------------------------------------------------------------------------------- */

struct view v3_alt_view(const struct v3_alts *alts, enum v3_part part, size_t index)
{
    const struct v3_alt *alt = &alts->alt[part][index];
    return (struct view){ alts->store.ptr ? alts->store.ptr + alt->at : "", alt->len };
}

void v3_alts_add(struct v3_alts *alts, enum v3_part part, struct v3_alt alt, struct view text)
{
    if (alts->err || alts->count[part] == V3_ALTS_MAX)
        return;
    for (size_t i = 0; i < alts->count[part]; i++)
        if (view_eq(v3_alt_view(alts, part, i), text))
            return;
    alt.at = alts->store.len;
    alt.len = text.len;
    int err = buf_view_add(&alts->store, text);
    if (!err)
        alts->alt[part][alts->count[part]++] = alt;
    else if (err == ERR_NOMEM)
        alts->err = err;
}

void v3_alts_add_made(struct v3_alts *alts, enum v3_part part, struct v3_alt alt, int err,
                      struct buf *made)
{
    if (!err)
        v3_alts_add(alts, part, alt, buf_view(made));
    else if (err == ERR_NOMEM)
        alts->err = err;
    buf_clear(made);
}

/* ---- spellings ------------------------------------------------------------------------------- */

int v3_spell_letters(struct view text, enum v3_letters to, struct buf *out)
{
    int err = buf_reserve(out, text.len);
    for (size_t i = 0; !err && i < text.len; i++) {
        char c = text.ptr[i];
        if (to == LETTERS_LOWER && c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        else if (to == LETTERS_UPPER && c >= 'a' && c <= 'z')
            c = (char)(c & ~0x20);
        err = buf_byte(out, c);
    }
    return err;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int v3_spell_percent(struct view text, const char *stays, const char *blank, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    int err = buf_reserve(out, text.len);
    for (size_t i = 0; !err && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == ' ')
            err = buf_str(out, blank);
        else if (is_alnum((char)c) || (c && strchr(stays, c)))
            err = buf_byte(out, (char)c);
        else
            err = buf_add(out, (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
    }
    return err;
}

static bool is_escape(struct view text, size_t at)
{
    return at + 2 < text.len && text.ptr[at] == '%' && v3_hex_value(text.ptr[at + 1]) >= 0 &&
           v3_hex_value(text.ptr[at + 2]) >= 0;
}

int v3_spell_decoded(struct view text, bool plus, struct buf *out)
{
    int err = buf_reserve(out, text.len);
    for (size_t i = 0; !err && i < text.len; i++) {
        if (is_escape(text, i)) {
            err = buf_byte(
                out, (char)(v3_hex_value(text.ptr[i + 1]) << 4 | v3_hex_value(text.ptr[i + 2])));
            i += 2;
        } else {
            err = buf_byte(out, plus && text.ptr[i] == '+' ? ' ' : text.ptr[i]);
        }
    }
    return err;
}

/* The digits of each %XX in another case, nothing else. */
static int spell_escapes(struct view text, enum v3_letters to, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        size_t len = is_escape(text, i) ? 3 : 1;
        struct view piece = { text.ptr + i, len };
        err = len == 3 ? v3_spell_letters(piece, to, out) : buf_view_add(out, piece);
        i += len - 1;
    }
    return err;
}

static int join(struct buf *out, struct view a, struct view b, struct view c)
{
    int err = buf_view_add(out, a);
    if (!err)
        err = buf_view_add(out, b);
    return err ? err : buf_view_add(out, c);
}

/* ---- method ---------------------------------------------------------------------------------- */

static void fill_method(struct v3_alts *alts, struct buf *tmp)
{
    static const struct v3_alt others[] = {
        DETAIL(OTHER_METHOD, "GET"), DETAIL(OTHER_METHOD, "POST"),  DETAIL(OTHER_METHOD, "DELETE"),
        DETAIL(OTHER_METHOD, "PUT"), DETAIL(OTHER_METHOD, "PATCH"),
    };
    struct view method = alts->in->request.method;
    int err = v3_spell_letters(method, LETTERS_LOWER, tmp);
    v3_alts_add_made(alts, PART_METHOD, DETAIL(METHOD_CASE, "lower case"), err, tmp);
    err = v3_spell_letters(method, LETTERS_UPPER, tmp);
    v3_alts_add_made(alts, PART_METHOD, DETAIL(METHOD_CASE, "upper case"), err, tmp);
    if (method.len) {
        err = v3_spell_letters((struct view){ method.ptr, 1 }, LETTERS_UPPER, tmp);
        if (!err)
            err = v3_spell_letters((struct view){ method.ptr + 1, method.len - 1 }, LETTERS_LOWER,
                                   tmp);
        v3_alts_add_made(alts, PART_METHOD, DETAIL(METHOD_CASE, "first letter large"), err, tmp);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        v3_alts_add(alts, PART_METHOD, others[i], view_str(others[i].detail));
}

/* ---- target ---------------------------------------------------------------------------------- */

static void fill_escapes(struct v3_alts *alts, struct view target, struct buf *tmp)
{
    static const char path[] = "-._~/?&=%:@!$'()*+,;#";
    int err = v3_spell_decoded(target, false, tmp);
    v3_alts_add_made(alts, PART_TARGET, PLAIN(DECODED), err, tmp);
    err = v3_spell_decoded(target, true, tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(DECODED, "+ as a blank"), err, tmp);
    err = v3_spell_percent(target, path, "%20", tmp);
    v3_alts_add_made(alts, PART_TARGET, PLAIN(ENCODED), err, tmp);
    err = v3_spell_percent(target, path, "+", tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ENCODED, "blanks as +"), err, tmp);
    err = v3_spell_percent(target, "-._~/?&=%", "%20", tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ENCODED, "all but letters, digits, -._~"), err, tmp);
    err = v3_spell_percent(target, "-._~/?&=", "%20", tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ENCODED, "encoded twice"), err, tmp);
    err = v3_spell_percent(target, "-._~", "%20", tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ENCODED, "slashes and all"), err, tmp);
    err = spell_escapes(target, LETTERS_LOWER, tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ESCAPE_CASE, "lower case"), err, tmp);
    err = spell_escapes(target, LETTERS_UPPER, tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(ESCAPE_CASE, "upper case"), err, tmp);
}

/* @detail says what else is wrong with @target. */
static void fill_hosts(struct v3_alts *alts, struct view target, const char *detail,
                       struct buf *tmp)
{
    static const char *const scheme[] = { "https://", "http://", "", "//" };
    struct view rest;
    const struct view hosts[] = { alts->in->host,
                                  view_cut(alts->in->host, ':', &rest),
                                  VIEW("api.mch.weixin.qq.com"),
                                  VIEW("api2.mch.weixin.qq.com"),
                                  VIEW("api.wechatpay.cn"),
                                  VIEW("api2.wechatpay.cn") };
    for (size_t i = 0; i < COUNT(scheme); i++)
        for (size_t host = 0; host < COUNT(hosts); host++) {
            if (!hosts[host].len)
                continue;
            int err = join(tmp, view_str(scheme[i]), hosts[host], target);
            v3_alts_add_made(alts, PART_TARGET, DETAIL(HOST, detail), err, tmp);
        }
}

static void fill_slashes(struct v3_alts *alts, struct view path, struct view query, struct buf *tmp)
{
    struct view none = {};
    int err = join(tmp, path, VIEW("/"), query);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(SLASH, "one more at the end of the path"), err, tmp);
    if (path.len > 1 && path.ptr[path.len - 1] == '/') {
        err = join(tmp, (struct view){ path.ptr, path.len - 1 }, query, none);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(SLASH, "without the one at the end"), err, tmp);
    }
    if (path.len > 1 && path.ptr[0] == '/') {
        err = join(tmp, (struct view){ path.ptr + 1, path.len - 1 }, query, none);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(SLASH, "without the first one"), err, tmp);
    }
    err = join(tmp, VIEW("/"), path, query);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(SLASH, "two at the beginning"), err, tmp);
}

static void fill_prefixes(struct v3_alts *alts, struct view path, struct view query,
                          struct buf *tmp)
{
    size_t left = 8;
    for (size_t i = 1; left && i < path.len; i++) {
        if (path.ptr[i] != '/')
            continue;
        left--;
        int err = join(tmp, (struct view){ path.ptr + i, path.len - i }, query, (struct view){});
        v3_alts_add_made(alts, PART_TARGET, DETAIL(PATH_PREFIX, "its beginning was cut off"), err,
                         tmp);
    }
    int err = join(tmp, VIEW("/v3"), path, query);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(PATH_PREFIX, "/v3 was put in front"), err, tmp);
}

/* "/id/{transaction_id}" was signed before the number was put in. */
static void fill_templates(struct v3_alts *alts, struct view path, struct view query,
                           struct buf *tmp)
{
    static const char *const names[][2] = {
        { "/out-trade-no/", "{out_trade_no}" }, { "/out-trade-no/", ":out_trade_no" },
        { "/id/", "{transaction_id}" },         { "/id/", ":transaction_id" },
        { "/refunds/", "{out_refund_no}" },     { "/refunds/", ":out_refund_no" },
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t at = view_find(path, view_str(names[i][0]));
        if (at == SIZE_MAX)
            continue;
        at += strlen(names[i][0]);
        struct view rest = { path.ptr + at, path.len - at };
        size_t slash = view_find(rest, VIEW("/"));
        rest = slash == SIZE_MAX ? (struct view){}
                                 : (struct view){ rest.ptr + slash, rest.len - slash };
        int err = join(tmp, (struct view){ path.ptr, at }, view_str(names[i][1]), rest);
        if (!err)
            err = buf_view_add(tmp, query);
        v3_alts_add_made(alts, PART_TARGET, PLAIN(TEMPLATE), err, tmp);
    }
}

#define PAIRS_MAX 32

/* The pairs of @query in byte order, or turned round. */
static int spell_pairs(struct view path, struct view query, bool turned, struct buf *out)
{
    struct view pair[PAIRS_MAX], rest = query;
    size_t count = 0;
    while (rest.len && count < PAIRS_MAX) {
        struct view one = view_cut(rest, '&', &rest);
        size_t at = count++;
        while (at && (turned || view_cmp(pair[at - 1], one) > 0)) {
            pair[at] = pair[at - 1];
            at--;
        }
        pair[at] = one;
    }
    if (rest.len)
        return ERR_LIMIT;
    int err = buf_view_add(out, path);
    for (size_t i = 0; !err && i < count; i++)
        err = join(out, i ? VIEW("&") : VIEW("?"), pair[i], (struct view){});
    return err;
}

static void fill_query(struct v3_alts *alts, struct view path, struct view query, struct buf *tmp)
{
    struct view none = {},
                inner = { query.ptr + (query.len ? 1 : 0), query.len ? query.len - 1 : 0 };
    int err = 0;
    v3_alts_add(alts, PART_TARGET, PLAIN(QUERY_LEFT_OUT), path);
    if (inner.len) {
        err = spell_pairs(path, inner, false, tmp);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "sorted"), err, tmp);
        err = spell_pairs(path, inner, true, tmp);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "in reverse order"), err, tmp);
        v3_alts_add(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "without the path"), inner);
        err = join(tmp, path, inner, none);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "without the ?"), err, tmp);
        err = join(tmp, path, query, VIEW("&"));
        v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "a & behind it"), err, tmp);
        err = join(tmp, path, VIEW("?"), query);
        v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "two ?"), err, tmp);
    }
    err = join(tmp, path, VIEW("?"), none);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(QUERY_CHANGED, "a ? with nothing behind it"), err,
                     tmp);
}

static void fill_target(struct v3_alts *alts, struct buf *tmp)
{
    struct view target = alts->in->request.target, rest;
    struct view path = view_cut(target, '?', &rest);
    struct view query = { target.ptr + path.len, target.len - path.len };
    fill_query(alts, path, query, tmp);
    fill_escapes(alts, target, tmp);
    fill_prefixes(alts, path, query, tmp);
    fill_slashes(alts, path, query, tmp);
    fill_hosts(alts, target, NULL, tmp);
    fill_templates(alts, path, query, tmp);
    int err = v3_spell_letters(target, LETTERS_LOWER, tmp);
    v3_alts_add_made(alts, PART_TARGET, DETAIL(TARGET_CASE, "lower case"), err, tmp);
    if (query.len) { /* two mistakes of one line */
        fill_hosts(alts, path, "and the query was left out", tmp);
        fill_prefixes(alts, path, (struct view){}, tmp);
    }
}

/* ---- timestamp and nonce --------------------------------------------------------------------- */

#define SECONDS_OFF 30

static void fill_stamp(struct v3_alts *alts, struct buf *tmp)
{
    struct view stamp = alts->in->request.timestamp;
    int64_t seconds;
    int err;
    if (stamp.len == 13)
        v3_alts_add(alts, PART_STAMP, DETAIL(MILLISECONDS, "milliseconds in the header only"),
                    (struct view){ stamp.ptr, 10 });
    err = join(tmp, stamp, VIEW("000"), (struct view){});
    v3_alts_add_made(alts, PART_STAMP, DETAIL(MILLISECONDS, "milliseconds in the signed text only"),
                     err, tmp);
    v3_alts_add(alts, PART_STAMP, DETAIL(OTHER_STAMP, "an empty one"), (struct view){});
    err = join(tmp, stamp, VIEW(".0"), (struct view){});
    v3_alts_add_made(alts, PART_STAMP, DETAIL(OTHER_STAMP, "a floating-point number"), err, tmp);
    if (view_to_i64(stamp, INT64_MAX / 2, &seconds))
        return;
    for (int off = 1; off <= SECONDS_OFF; off++) {
        err = buf_fmt(tmp, "%" PRId64, seconds - off);
        v3_alts_add_made(alts, PART_STAMP, DETAIL(OTHER_STAMP, "an earlier one"), err, tmp);
        err = buf_fmt(tmp, "%" PRId64, seconds + off);
        v3_alts_add_made(alts, PART_STAMP, DETAIL(OTHER_STAMP, "a later one"), err, tmp);
    }
}

static void fill_nonce(struct v3_alts *alts, struct buf *tmp)
{
    struct view nonce = alts->in->request.nonce;
    int err = v3_spell_letters(nonce, LETTERS_LOWER, tmp);
    v3_alts_add_made(alts, PART_NONCE, DETAIL(NONCE_CASE, "lower case"), err, tmp);
    err = v3_spell_letters(nonce, LETTERS_UPPER, tmp);
    v3_alts_add_made(alts, PART_NONCE, DETAIL(NONCE_CASE, "upper case"), err, tmp);
    v3_alts_add(alts, PART_NONCE, DETAIL(OTHER_NONCE, "an empty one"), (struct view){});
    err = 0;
    for (size_t i = 0; !err && i < nonce.len; i++)
        if (nonce.ptr[i] != '-')
            err = buf_byte(tmp, nonce.ptr[i]);
    v3_alts_add_made(alts, PART_NONCE, DETAIL(OTHER_NONCE, "without its dashes"), err, tmp);
    if (nonce.len != 32)
        return;
    err = 0;
    for (size_t i = 0; !err && i < nonce.len; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            err = buf_byte(tmp, '-');
        if (!err)
            err = buf_byte(tmp, nonce.ptr[i]);
    }
    v3_alts_add_made(alts, PART_NONCE, DETAIL(OTHER_NONCE, "with the dashes of a UUID"), err, tmp);
}

void v3_alts_fill(struct v3_alts *alts)
{
    const struct v3_request *request = &alts->in->request;
    const struct view right[PARTS] = { request->method, request->target, request->timestamp,
                                       request->nonce, request->body };
    struct buf tmp = BUF_INIT(64 * 1024);
    alts->store = BUF_INIT(V3_ALTS_BYTES);
    for (size_t part = 0; part < PARTS; part++)
        v3_alts_add(alts, (enum v3_part)part, PLAIN(NONE), right[part]);
    fill_method(alts, &tmp);
    fill_target(alts, &tmp);
    fill_stamp(alts, &tmp);
    fill_nonce(alts, &tmp);
    buf_release(&tmp);
    v3_alts_fill_body(alts);
}
