/*
 * JSON written anew in the manner of the usual libraries.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v3_hint_priv.h"

#include <inttypes.h>
#include <stdlib.h>

struct style {
    const char *name;
    const char *comma, *colon;
    const char *indent;  /* NULL: all in one line */
    const char *slash;   /* what / becomes */
    const char *escaped; /* ASCII that becomes \u00XX */
    enum { RAW, LOWER, UPPER } unicode;
    const char *empty; /* between the brackets of an empty list or object */
};

static const struct style styles[] = {
    { "compact", ",", ":", NULL, "/", "", RAW, "" },
    { "as Python's json.dumps writes it", ", ", ": ", NULL, "/", "", LOWER, "" },
    { "as Go's json.Marshal writes it", ",", ":", NULL, "/", "&<>", RAW, "" },
    { "as PHP's json_encode writes it", ",", ":", NULL, "\\/", "", LOWER, "" },
    { "a blank behind , and :", ", ", ": ", NULL, "/", "", RAW, "" },
    { "compact, \\uXXXX for Chinese", ",", ":", NULL, "/", "", LOWER, "" },
    { "compact, \\/ for slashes", ",", ":", NULL, "\\/", "", RAW, "" },
    { "indented by 2", ",", ": ", "  ", "/", "", RAW, "" },
    { "indented by 4", ",", ": ", "    ", "/", "", RAW, "" },
    { "indented by tabs", ",", ": ", "\t", "/", "", RAW, "" },
    { "indented by 2, \\uXXXX for Chinese", ",", ": ", "  ", "/", "", LOWER, "" },
    { "indented by 4, \\uXXXX for Chinese", ",", ": ", "    ", "/", "", LOWER, "" },
    { "as PHP's JSON_PRETTY_PRINT writes it", ",", ": ", "    ", "\\/", "", LOWER, "" },
    { "as Jackson's pretty printer writes it", ",", " : ", "  ", "/", "", RAW, " " },
    { "as Gson writes it", ",", ":", NULL, "/", "&<>='", RAW, "" },
    { "as System.Text.Json writes it", ",", ":", NULL, "/", "&<>'+`", UPPER, "" },
    { "compact, \\uXXXX in large letters", ",", ":", NULL, "/", "", UPPER, "" },
    { "compact, & < > and Chinese as \\uXXXX", ",", ":", NULL, "/", "&<>", LOWER, "" },
    { "a blank behind each :", ",", ": ", NULL, "/", "", RAW, "" },
    { "a blank behind each ,", ", ", ":", NULL, "/", "", RAW, "" },
};

const char *v3_json_style(size_t index)
{
    return index < COUNT(styles) ? styles[index].name : NULL;
}

static int add_unit(struct buf *out, uint32_t unit, bool upper)
{
    return upper ? buf_fmt(out, "\\u%04" PRIX32, unit) : buf_fmt(out, "\\u%04" PRIx32, unit);
}

static int add_unicode(struct buf *out, uint32_t c, bool upper)
{
    if (c < 0x10000)
        return add_unit(out, c, upper);
    int err = add_unit(out, 0xd800 + ((c - 0x10000) >> 10), upper);
    return err ? err : add_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff), upper);
}

static int add_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char front[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = len; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(front[len] | c);
    return buf_add(out, bytes, len);
}

static int add_char(const struct style *style, uint32_t c, struct buf *out)
{
    static const char special[] = "\"\\\b\f\n\r\t", instead[] = "\"\\bfnrt";
    const char *mark = c && c < 0x80 ? strchr(special, (int)c) : NULL;
    if (c < 0x80 && c && strchr(style->escaped, (int)c))
        return add_unicode(out, c, style->unicode == UPPER);
    if (mark)
        return buf_add(out, (char[]){ '\\', instead[mark - special] }, 2);
    if (c == '/')
        return buf_str(out, style->slash);
    if (c < 0x20 || (c >= 0x80 && style->unicode != RAW))
        return add_unicode(out, c, style->unicode == UPPER);
    return add_utf8(out, c);
}

static void skip(struct view *text, size_t len)
{
    len = len < text->len ? len : text->len;
    *text = (struct view){ text->ptr + len, text->len - len };
}

/* The XXXX at the front of @rest. */
static uint32_t take_hex(struct view *rest)
{
    char digits[5] = "";
    memcpy(digits, rest->ptr, rest->len < 4 ? rest->len : 4);
    skip(rest, 4);
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* One character of a string literal, escaped or not. The text is JSON, jansson says. */
static uint32_t take_char(struct view *rest)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    if (rest->ptr[0] != '\\' || rest->len < 2)
        return utf8_next(rest);
    char kind = rest->ptr[1];
    skip(rest, 2);
    const char *letter = strchr(letters, kind);
    if (kind != 'u')
        return letter && kind ? (uint32_t)bytes[letter - letters] : (unsigned char)kind;
    uint32_t c = take_hex(rest);
    if (c >= 0xd800 && c < 0xdc00 && view_starts(*rest, VIEW("\\u"))) {
        skip(rest, 2);
        c = 0x10000 + ((c - 0xd800) << 10) + (take_hex(rest) - 0xdc00);
    }
    return c;
}

/* A string literal off the front of @rest, without its quotation marks. */
static struct view take_string(struct view *rest)
{
    skip(rest, 1);
    struct view inner = *rest;
    size_t len = 0;
    while (len < inner.len && inner.ptr[len] != '"')
        len += inner.ptr[len] == '\\' ? 2 : 1;
    inner.len = len < inner.len ? len : inner.len;
    skip(rest, inner.len + 1);
    return inner;
}

/* Letters, digits and blanks are the same in every style, and most of a text: all at once. */
static int add_run(struct view *rest, struct buf *out)
{
    size_t len = 0;
    for (; len < rest->len; len++) {
        char c = rest->ptr[len], letter = (char)(c | 0x20);
        if (c != ' ' && (c < '0' || c > '9') && (letter < 'a' || letter > 'z'))
            break;
    }
    int err = len ? buf_add(out, rest->ptr, len) : 0;
    skip(rest, len);
    return err;
}

static int add_string(const struct style *style, struct view inner, struct buf *out)
{
    int err = buf_byte(out, '"');
    if (!err)
        err = add_run(&inner, out);
    while (!err && inner.len) {
        err = add_char(style, take_char(&inner), out);
        if (!err)
            err = add_run(&inner, out);
    }
    return err ? err : buf_byte(out, '"');
}

static int add_break(const struct style *style, size_t depth, struct buf *out)
{
    int err = style->indent ? buf_byte(out, '\n') : 0;
    for (size_t i = 0; !err && style->indent && i < depth; i++)
        err = buf_str(out, style->indent);
    return err;
}

static void skip_blanks(struct view *rest)
{
    while (rest->len && strchr(" \t\r\n", rest->ptr[0]))
        skip(rest, 1);
}

static int add_open(const struct style *style, struct view *rest, size_t *depth, struct buf *out)
{
    int err = buf_byte(out, rest->ptr[0]);
    skip(rest, 1);
    skip_blanks(rest);
    if (!err && rest->len && strchr("]}", rest->ptr[0])) {
        err = buf_str(out, style->empty);
        if (!err)
            err = buf_byte(out, rest->ptr[0]);
        skip(rest, 1);
        return err;
    }
    ++*depth;
    return err ? err : add_break(style, *depth, out);
}

/* Token by token, so that order and numbers stay as they are. @json is JSON, without NUL. */
int v3_json_restyle(size_t index, struct view json, struct buf *out)
{
    const struct style *style = &styles[index];
    struct view rest = json;
    size_t depth = 0;
    int err = 0;
    for (skip_blanks(&rest); !err && rest.len; skip_blanks(&rest)) {
        char c = rest.ptr[0];
        if (c == '"') {
            err = add_string(style, take_string(&rest), out);
            continue;
        }
        if (c == '{' || c == '[') {
            err = add_open(style, &rest, &depth, out);
            continue;
        }
        if (c == ',') {
            err = style->indent ? buf_byte(out, ',') : buf_str(out, style->comma);
            if (!err)
                err = add_break(style, depth, out);
        } else if (c == '}' || c == ']') {
            depth -= depth ? 1 : 0;
            err = add_break(style, depth, out);
            if (!err)
                err = buf_byte(out, c);
        } else {
            err = c == ':' ? buf_str(out, style->colon) : buf_byte(out, c);
        }
        skip(&rest, 1);
    }
    return err;
}

int v3_spell_quoted(struct view text, struct buf *out)
{
    int err = utf8_broken_at(text) == SIZE_MAX ? buf_byte(out, '"') : ERR_UTF8;
    while (!err && text.len)
        err = add_char(&styles[0], utf8_next(&text), out);
    return err ? err : buf_byte(out, '"');
}
