/*
 * Builds texts the way programs that do it wrongly build them. Everything here runs only after a
 * signature was refused.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v2_hint_priv.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdlib.h>

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* ---- styles ---------------------------------------------------------------------------------- */

/* What stays, what a blank becomes, the hex digits. */
const char *const url_rfc3986[] = { ALNUM "-._~", "%20", "0123456789ABCDEF" };
const char *const url_form[] = { ALNUM "-._", "+", "0123456789ABCDEF" };
const char *const url_form_lower[] = { ALNUM "-._!*()", "+", "0123456789abcdef" };
const char *const url_js[] = { ALNUM "-._~!*'()", "%20", "0123456789ABCDEF" };

/* & < > " ' */
const char *const xml_three[] = { "&amp;", "&lt;", "&gt;", "\"", "'" };
const char *const xml_four[] = { "&amp;", "&lt;", "&gt;", "&quot;", "'" };
const char *const xml_five[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
const char *const xml_39[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
const char *const xml_039[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#039;" };

/* What a slash becomes; what is not ASCII becomes \uXXXX when there is a second entry. */
const char *const json_plain[] = { "/", NULL };
const char *const json_slash[] = { "\\/", NULL };
const char *const json_ascii[] = { "/", "u" };
const char *const json_ascii_slash[] = { "\\/", "u" };

const char *const around_cdata[] = { "<![CDATA[", "]]>" };
const char *const around_quotes[] = { "\"", "\"" };
const char *const charset_gbk[] = { "GBK" };

const char *const yuan_two_places[] = { "2" };
const char *const yuan_short[] = { "0" };
const char *const fen_as_float[] = { "f" };

/* ---- spellings ------------------------------------------------------------------------------- */

int spell_trimmed(const struct recipe *, const struct v2_hint_input *, const struct v2_field *field,
                  struct buf *out)
{
    return buf_view_add(out, view_trim(field->value));
}

int spell_url(const struct recipe *recipe, const struct v2_hint_input *,
              const struct v2_field *field, struct buf *out)
{
    const char *safe = recipe->style[0], *digits = recipe->style[2];
    int err = 0;
    for (size_t i = 0; !err && i < field->value.len; i++) {
        unsigned char c = (unsigned char)field->value.ptr[i];
        if (c == ' ')
            err = buf_str(out, recipe->style[1]);
        else if (c && strchr(safe, c))
            err = buf_byte(out, (char)c);
        else
            err = buf_add(out, (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
    }
    return err;
}

int spell_xml(const struct recipe *recipe, const struct v2_hint_input *,
              const struct v2_field *field, struct buf *out)
{
    static const char marks[] = "&<>\"'";
    int err = 0;
    for (size_t i = 0; !err && i < field->value.len; i++) {
        char c = field->value.ptr[i];
        const char *mark = c ? strchr(marks, c) : NULL;
        err = mark ? buf_str(out, recipe->style[mark - marks]) : buf_byte(out, c);
    }
    return err;
}

static int json_unicode(struct buf *out, uint32_t c)
{
    if (c < 0x10000)
        return buf_fmt(out, "\\u%04" PRIx32, c);
    c -= 0x10000;
    return buf_fmt(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

int spell_json(const struct recipe *recipe, const struct v2_hint_input *,
               const struct v2_field *field, struct buf *out)
{
    static const char special[] = "\"\\\n\r\t", instead[] = "\"\\nrt";
    struct view rest = field->value;
    int err = 0;
    while (!err && rest.len) {
        const char *at = rest.ptr;
        uint32_t c = utf8_next(&rest);
        const char *mark = c && c < 0x80 ? strchr(special, (int)c) : NULL;
        if (mark)
            err = buf_add(out, (char[]){ '\\', instead[mark - special] }, 2);
        else if (c == '/')
            err = buf_str(out, recipe->style[0]);
        else if (c >= 0x80 && recipe->style[1])
            err = json_unicode(out, c);
        else
            err = buf_add(out, at, (size_t)(rest.ptr - at));
    }
    return err;
}

int spell_around(const struct recipe *recipe, const struct v2_hint_input *,
                 const struct v2_field *field, struct buf *out)
{
    int err = buf_str(out, recipe->style[0]);
    if (!err)
        err = buf_view_add(out, field->value);
    return err ? err : buf_str(out, recipe->style[1]);
}

/* What stands between the tags in the document: nothing unpacked. */
int spell_document(const struct recipe *, const struct v2_hint_input *in,
                   const struct v2_field *field, struct buf *out)
{
    struct view rest = in->raw;
    for (;;) {
        size_t open = view_find(rest, VIEW("<"));
        if (open == SIZE_MAX)
            return ERR_NOT_FOUND;
        rest = (struct view){ rest.ptr + open + 1, rest.len - open - 1 };
        if (view_starts(rest, field->name) && rest.len > field->name.len &&
            strchr("> \t\r\n", rest.ptr[field->name.len]))
            break;
    }
    size_t close = view_find(rest, VIEW(">"));
    if (close == SIZE_MAX)
        return ERR_NOT_FOUND;
    rest = (struct view){ rest.ptr + close + 1, rest.len - close - 1 };
    for (size_t at = 0; at + 2 + field->name.len <= rest.len; at++) {
        struct view here = { rest.ptr + at, rest.len - at };
        if (view_starts(here, VIEW("</")) &&
            view_starts((struct view){ here.ptr + 2, here.len - 2 }, field->name))
            return buf_add(out, rest.ptr, at);
    }
    return ERR_NOT_FOUND;
}

int spell_crlf(const struct recipe *, const struct v2_hint_input *, const struct v2_field *field,
               struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < field->value.len; i++)
        err =
            field->value.ptr[i] == '\n' ? buf_str(out, "\r\n") : buf_byte(out, field->value.ptr[i]);
    return err;
}

int spell_charset(const struct recipe *recipe, const struct v2_hint_input *,
                  const struct v2_field *field, struct buf *out)
{
    iconv_t convert = iconv_open(recipe->style[0], "UTF-8");
    if (convert == (iconv_t)-1)
        return ERR_NOT_FOUND; /* this C library came without the table */
    char *text = mem_strndup(field->value.ptr, field->value.len);
    char *from = text;
    size_t left = field->value.len;
    int err = text ? 0 : ERR_NOMEM;
    while (!err && left) {
        char block[256], *to = block;
        size_t room = sizeof(block);
        size_t done = iconv(convert, &from, &left, &to, &room);
        if (done == (size_t)-1 && errno != E2BIG)
            err = ERR_SYNTAX; /* a character that this charset lacks */
        else
            err = buf_add(out, block, sizeof(block) - room);
    }
    mem_free(text);
    iconv_close(convert);
    return err;
}

int spell_question_marks(const struct recipe *, const struct v2_hint_input *,
                         const struct v2_field *field, struct buf *out)
{
    struct view rest = field->value;
    int err = 0;
    while (!err && rest.len) {
        uint32_t c = utf8_next(&rest);
        err = buf_byte(out, c < 0x80 ? (char)c : '?');
    }
    return err;
}

/* Amounts only; the rest as it is. */
int spell_yuan(const struct recipe *recipe, const struct v2_hint_input *,
               const struct v2_field *field, struct buf *out)
{
    int64_t fen;
    if (!view_ends(field->name, VIEW("_fee")) || view_to_i64(field->value, INT64_MAX, &fen))
        return buf_view_add(out, field->value);
    if (recipe->style[0][0] == 'f')
        return buf_fmt(out, "%" PRId64 ".0", fen);
    int64_t yuan = fen / 100, cents = fen % 100;
    if (recipe->style[0][0] == '2' || cents % 10)
        return buf_fmt(out, "%" PRId64 ".%02" PRId64, yuan, cents);
    return cents ? buf_fmt(out, "%" PRId64 ".%" PRId64, yuan, cents / 10)
                 : buf_fmt(out, "%" PRId64, yuan);
}

/* ---- the text -------------------------------------------------------------------------------- */

static const struct {
    const char *front, *back;
    bool has_key;
} key_text[] = {
    [KEY_LAST] = { "", "&key=", true },
    [KEY_NONE] = { "", "", false },
    [KEY_EMPTY] = { "", "&key=", false },
    [KEY_FIRST] = { "key=", "&", true },
    [KEY_SORTED] = { "", "", false },
    [KEY_NO_AMPERSAND] = { "", "key=", true },
    [KEY_TWO_AMPERSANDS] = { "", "&&key=", true },
    [KEY_NO_NAME] = { "", "&", true },
    [KEY_GLUED] = { "", "", true },
};

void recipe_letters(char *text, size_t len, enum recipe_case to)
{
    for (size_t i = 0; to != CASE_KEPT && i < len; i++) {
        if (to == CASE_LOWER && text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] | 0x20);
        else if (to == CASE_UPPER && text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] & ~0x20);
    }
}

static unsigned char folded(char c, bool upper)
{
    unsigned char byte = (unsigned char)c;
    if (upper)
        return byte >= 'a' && byte <= 'z' ? (unsigned char)(byte - 0x20) : byte;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 0x20) : byte;
}

static int folded_cmp(const void *a, const void *b, bool upper)
{
    struct view left = ((const struct v2_field *)a)->name;
    struct view right = ((const struct v2_field *)b)->name;
    for (size_t i = 0; i < left.len && i < right.len; i++) {
        int diff = folded(left.ptr[i], upper) - folded(right.ptr[i], upper);
        if (diff)
            return diff;
    }
    return left.len < right.len ? -1 : left.len > right.len;
}

static int by_lower(const void *a, const void *b)
{
    return folded_cmp(a, b, false);
}

static int by_upper(const void *a, const void *b)
{
    return folded_cmp(a, b, true);
}

static void sort(struct v2_msg *list, enum recipe_order order)
{
    if (order == ORDER_BYTES)
        v2_msg_sort(list);
    else if (order != ORDER_ARRIVAL && list->count)
        qsort(list->field, list->count, sizeof(*list->field),
              order == ORDER_LOWER ? by_lower : by_upper);
}

/* The fields that this recipe signs, spelled its way. */
static int pick(const struct recipe *recipe, const struct v2_hint_input *in, struct view key,
                struct v2_msg *list)
{
    struct buf value = BUF_INIT(V2_XML_MAX);
    int err = 0;
    for (size_t i = 0; !err && i < in->msg->count; i++) {
        const struct v2_field *field = &in->msg->field[i];
        if (view_eq(field->name, VIEW("sign")) ||
            (recipe->without && view_is(field->name, recipe->without)))
            continue;
        buf_clear(&value);
        err = recipe->spell ? recipe->spell(recipe, in, field, &value)
                            : buf_view_add(&value, field->value);
        if (!err && (value.len || recipe->keep_empty))
            err = v2_msg_add(list, field->name, buf_view(&value));
    }
    if (!err && recipe->extra)
        err = v2_msg_add_str(list, recipe->extra, recipe->extra_text);
    if (!err && recipe->key == KEY_SORTED)
        err = v2_msg_add(list, VIEW("key"), key);
    buf_release(&value);
    return err;
}

static int join(const struct v2_msg *list, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < list->count; i++) {
        if (i)
            err = buf_byte(out, '&');
        if (!err)
            err = buf_view_add(out, list->field[i].name);
        if (!err)
            err = buf_byte(out, '=');
        if (!err)
            err = buf_view_add(out, list->field[i].value);
    }
    return err;
}

int recipe_text(const struct recipe *recipe, const struct v2_hint_input *in, struct view key,
                struct buf *out)
{
    bool first = recipe->key == KEY_FIRST;
    struct view last = key_text[recipe->key].has_key && !first ? key : VIEW("");
    struct v2_msg list = {};
    size_t from = out->len;
    int err = pick(recipe, in, key, &list);
    if (!err) {
        sort(&list, recipe->order);
        err = buf_str(out, key_text[recipe->key].front);
    }
    if (!err && first)
        err = buf_view_add(out, key);
    if (!err && first)
        err = buf_str(out, key_text[recipe->key].back);
    if (!err)
        err = join(&list, out);
    if (!err && !first)
        err = buf_str(out, key_text[recipe->key].back);
    if (!err)
        err = buf_view_add(out, last);
    if (!err)
        recipe_letters(out->ptr + from, out->len - from, recipe->text_case);
    v2_msg_release(&list);
    return err;
}
