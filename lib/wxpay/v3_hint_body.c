/*
 * The body as programs sign it that then send another spelling: JSON written anew, line ends,
 * character sets, wrappings; and bodies that were signed where none was sent.
 */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v3_hint_priv.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#define DETAIL(id, text) ((struct v3_alt){ .cause = V3_CAUSE_##id, .detail = text })
#define PLAIN(id)        DETAIL(id, NULL)
#define BOM              "\xef\xbb\xbf"

/* No honest request is so long; of a longer body only its ends are looked at. */
#define SPELLED_MAX (32 * 1024)

/* ---- JSON with other members ----------------------------------------------------------------- */

static struct view without_bom(struct view body)
{
    struct view bom = VIEW(BOM);
    return view_starts(body, bom) ? (struct view){ body.ptr + bom.len, body.len - bom.len } : body;
}

json_t *v3_json_of(struct view body)
{
    body = without_bom(body);
    return body.len ? json_loadb(body.ptr, body.len, 0, NULL) : NULL;
}

static void drop_nulls(json_t *json)
{
    const char *name;
    json_t *value;
    void *next;
    size_t i;
    json_object_foreach_safe(json, next, name, value)
    {
        if (json_is_null(value))
            json_object_del(json, name);
        else
            drop_nulls(value);
    }
    json_array_foreach(json, i, value)
    {
        drop_nulls(value);
    }
}

static int dump(const json_t *json, size_t flags, struct buf *out)
{
    char *text = json_dumps(json, flags | JSON_COMPACT);
    int err = text ? buf_str(out, text) : ERR_NOMEM;
    free(text); /* jansson's own block */
    return err;
}

/* @json in all styles, each with @end behind it. */
static void fill_styles(struct v3_alts *alts, enum v3_cause_id cause, struct view json,
                        const char *end)
{
    struct buf tmp = BUF_INIT(V3_ALTS_BYTES);
    for (size_t i = 0; v3_json_style(i) && v3_alts_room(alts) > json.len / 2; i++) {
        struct v3_alt alt = { .cause = cause, .detail = v3_json_style(i) };
        int err = v3_json_restyle(i, json, &tmp);
        if (!err)
            err = buf_str(&tmp, end);
        v3_alts_add_made(alts, PART_BODY, alt, err, &tmp);
    }
    buf_release(&tmp);
}

static void fill_json(struct v3_alts *alts)
{
    struct view body = without_bom(alts->in->request.body);
    struct buf tmp = BUF_INIT(V3_ALTS_BYTES);
    json_t *json = v3_json_of(body);
    if (!json)
        return;
    int err = dump(json, JSON_SORT_KEYS, &tmp);
    fill_styles(alts, V3_CAUSE_BODY_SERIAL, body, "");
    for (size_t i = 0; !err && i < 2; i++) /* the likely ones first: two mistakes take those */
        fill_styles(alts, V3_CAUSE_BODY_SORTED, buf_view(&tmp), i ? "\n" : "");
    fill_styles(alts, V3_CAUSE_BODY_SERIAL, body, "\n");
    buf_clear(&tmp);
    if (!err && view_find(body, VIEW("null")) != SIZE_MAX) {
        drop_nulls(json);
        err = dump(json, 0, &tmp);
        if (!err)
            fill_styles(alts, V3_CAUSE_BODY_NULLS, buf_view(&tmp), "");
    }
    if (err == ERR_NOMEM)
        alts->err = err;
    buf_release(&tmp);
    json_decref(json);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int spell_line_ends(struct view body, const char *end, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < body.len; i++) {
        bool pair = body.ptr[i] == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n';
        if (pair || body.ptr[i] == '\n')
            err = buf_str(out, end);
        else
            err = buf_byte(out, body.ptr[i]);
        i += pair;
    }
    return err;
}

static int spell_charset(struct view body, const char *to, const char *from, struct buf *out)
{
    iconv_t convert = iconv_open(to, from);
    if (convert == (iconv_t)-1)
        return ERR_NOT_FOUND; /* this C library came without the table */
    char *text = mem_strndup(body.len ? body.ptr : "", body.len);
    char *at = text;
    size_t left = body.len;
    int err = text ? 0 : ERR_NOMEM;
    while (!err && left) {
        char block[256], *end = block;
        size_t room = sizeof(block);
        size_t done = iconv(convert, &at, &left, &end, &room);
        if (done == (size_t)-1 && errno != E2BIG)
            err = ERR_SYNTAX; /* a character that this charset lacks */
        else
            err = buf_add(out, block, sizeof(block) - room);
    }
    mem_free(text);
    iconv_close(convert);
    return err;
}

/* What is not ASCII as @mark; as many of them as there are bytes, or characters. */
static int spell_marks(struct view body, bool bytes, const char *mark, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < body.len; i++) {
        unsigned char c = (unsigned char)body.ptr[i];
        if (c < 0x80)
            err = buf_byte(out, (char)c);
        else if (bytes || c >= 0xc0)
            err = buf_str(out, mark);
    }
    return err;
}

static void fill_charsets(struct v3_alts *alts, struct view body, struct buf *tmp)
{
    if (utf8_broken_at(body) != SIZE_MAX)
        return;
    int err = spell_charset(body, "GBK", "UTF-8", tmp);
    v3_alts_add_made(alts, PART_BODY, PLAIN(BODY_GBK), err, tmp);
    err = spell_charset(body, "UTF-8", "ISO-8859-1", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_CHARSET, "UTF-8 encoded twice"), err, tmp);
    err = spell_charset(body, "UTF-8", "WINDOWS-1252", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_CHARSET, "UTF-8 encoded twice"), err, tmp);
    err = spell_marks(body, false, "?", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_CHARSET, "a ? for each character"), err, tmp);
    err = spell_marks(body, true, "?", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_CHARSET, "a ? for each byte"), err, tmp);
    err = spell_marks(body, false, "", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_CHARSET, "left out"), err, tmp);
}

static void fill_ends(struct v3_alts *alts, struct view body, struct buf *tmp)
{
    static const char *const ends[] = { "\n", "\r\n", "\n\n", " " };
    struct view cut = body;
    while (cut.len && strchr(" \t\r\n", cut.ptr[cut.len - 1]) && cut.ptr[cut.len - 1]) {
        cut.len--; /* all of it, and each step on the way */
        if (body.len - cut.len < 8)
            v3_alts_add(alts, PART_BODY, DETAIL(BODY_NEWLINE, "only sent"), cut);
    }
    v3_alts_add(alts, PART_BODY, DETAIL(BODY_NEWLINE, "only sent"), cut);
    v3_alts_add(alts, PART_BODY, DETAIL(BODY_NEWLINE, "white space in front, only sent"),
                view_trim(body));
    for (size_t i = 0; i < COUNT(ends); i++) {
        int err = buf_view_add(tmp, body);
        if (!err)
            err = buf_str(tmp, ends[i]);
        v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_NEWLINE, "only signed"), err, tmp);
    }
    int err = spell_line_ends(body, "\r\n", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_LINE_ENDS, "CR LF"), err, tmp);
    err = spell_line_ends(body, "\n", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_LINE_ENDS, "LF"), err, tmp);
    err = spell_line_ends(body, "", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_LINE_ENDS, "without line ends"), err, tmp);
    v3_alts_add(alts, PART_BODY, DETAIL(BODY_BOM, "only sent"), without_bom(body));
    err = buf_str(tmp, BOM);
    if (!err)
        err = buf_view_add(tmp, body);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_BOM, "only signed"), err, tmp);
}

static int spell_entities(struct view body, struct buf *out)
{
    static const char marks[] = "&<>\"";
    static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
    int err = 0;
    for (size_t i = 0; !err && i < body.len; i++) {
        const char *mark = body.ptr[i] ? strchr(marks, body.ptr[i]) : NULL;
        err = mark ? buf_str(out, names[mark - marks]) : buf_byte(out, body.ptr[i]);
    }
    return err;
}

static void fill_wrapped(struct v3_alts *alts, struct view body, struct buf *tmp)
{
    int err = v3_spell_quoted(body, tmp);
    v3_alts_add_made(alts, PART_BODY, PLAIN(BODY_QUOTED), err, tmp);
    err = v3_spell_percent(body, "-._~", "%20", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_ENCODED, "URL-encoded"), err, tmp);
    err = v3_spell_percent(body, "-._*", "+", tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_ENCODED, "form-encoded"), err, tmp);
    err = base64_encode(body, tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_ENCODED, "base64"), err, tmp);
    err = spell_entities(body, tmp);
    v3_alts_add_made(alts, PART_BODY, DETAIL(BODY_ENCODED, "HTML entities"), err, tmp);
}

/* The parameters of the query as a JSON object. */
json_t *v3_json_of_query(struct view target)
{
    struct view rest, path = view_cut(target, '?', &rest);
    json_t *json = path.len < target.len ? json_object() : NULL;
    while (json && rest.len) {
        struct view value, pair = view_cut(rest, '&', &rest);
        struct view name = view_cut(pair, '=', &value);
        char key[128];
        struct buf plain = BUF_INIT(4096);
        if (view_copy(name, key, sizeof(key)) || v3_spell_decoded(value, true, &plain) ||
            json_object_set_new(json, key, json_stringn(buf_cstr(&plain), plain.len))) {
            json_decref(json);
            json = NULL;
        }
        buf_release(&plain);
    }
    return json;
}

static void fill_invented(struct v3_alts *alts, struct buf *tmp)
{
    static const char *const nothing[] = { "{}",     "null",      "[]",   "\"\"", "\n", "nil",
                                           "[null]", "undefined", "None", "{\n}", "''", "false" };
    struct view target = alts->in->request.target, query;
    for (size_t i = 0; !alts->in->request.body.len && i < COUNT(nothing); i++)
        v3_alts_add(alts, PART_BODY, DETAIL(BODY_INVENTED, nothing[i]), view_str(nothing[i]));
    struct view path = view_cut(target, '?', &query);
    if (path.len == target.len)
        return;
    v3_alts_add(alts, PART_BODY, DETAIL(BODY_QUERY, "as in the address"), query);
    json_t *json = v3_json_of_query(target);
    int err = json ? dump(json, 0, tmp) : ERR_SYNTAX;
    if (!err)
        fill_styles(alts, V3_CAUSE_BODY_QUERY, buf_view(tmp), "");
    buf_clear(tmp);
    json_decref(json);
}

void v3_alts_fill_body(struct v3_alts *alts)
{
    struct view body = alts->in->request.body;
    struct buf tmp = BUF_INIT(V3_ALTS_BYTES);
    if (body.len) {
        v3_alts_add(alts, PART_BODY, PLAIN(BODY_LEFT_OUT), (struct view){});
        fill_ends(alts, body, &tmp);
    }
    if (body.len && body.len <= SPELLED_MAX) {
        fill_json(alts);
        fill_charsets(alts, body, &tmp);
        fill_wrapped(alts, body, &tmp);
    }
    fill_invented(alts, &tmp);
    buf_release(&tmp);
}
