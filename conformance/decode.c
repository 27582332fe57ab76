#include "decode.h"

#include "base/err.h"
#include "base/mem.h"

#include <openssl/evp.h>

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = (char)(byte | 0x20);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Exactly @len hex digits at the start of @text. */
static bool hex_number(struct view text, size_t len, uint32_t *out)
{
    *out = 0;
    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        *out = *out * 16 + (uint32_t)digit;
    }
    return true;
}

int utf8_add(struct buf *out, uint32_t point)
{
    char bytes[4];
    size_t len;

    if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return ERR_SYNTAX;
    if (point < 0x80) {
        bytes[0] = (char)point;
        len = 1;
    } else if (point < 0x800) {
        bytes[0] = (char)(0xC0 | point >> 6);
        len = 2;
    } else if (point < 0x10000) {
        bytes[0] = (char)(0xE0 | point >> 12);
        len = 3;
    } else {
        bytes[0] = (char)(0xF0 | point >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++)
        bytes[i] = (char)(0x80 | (point >> (6 * (len - 1 - i)) & 0x3F));
    return buf_add(out, bytes, len);
}

static struct view skip(struct view text, size_t count)
{
    return (struct view){ text.ptr + count, text.len - count };
}

/* &#38; &#x26; &amp; … ; an ampersand that begins no known entity stays one. */
static int html_entity(struct view text, struct buf *out, size_t *used)
{
    static const struct {
        const char *name;
        uint32_t point;
    } named[] = { { "amp", '&' },  { "lt", '<' },    { "gt", '>' },
                  { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xA0 } };
    size_t end = view_find(text, VIEW(";"));
    uint32_t point = 0;

    *used = 1;
    if (end == SIZE_MAX || end > 12 || end < 2)
        return buf_byte(out, '&');
    struct view name = { text.ptr + 1, end - 1 };
    for (size_t i = 0; i < COUNT(named); i++) {
        if (view_is(name, named[i].name))
            point = named[i].point;
    }
    if (name.ptr[0] == '#' && name.len > 1 && (name.ptr[1] | 0x20) == 'x') {
        if (!hex_number(skip(name, 2), name.len - 2, &point))
            point = 0;
    } else if (name.ptr[0] == '#') {
        int64_t number;
        if (view_to_i64(skip(name, 1), 0x10FFFF, &number) == 0)
            point = (uint32_t)number;
    }
    if (!point)
        return buf_byte(out, '&');
    *used = end + 1;
    return utf8_add(out, point);
}

static int decode_html(struct view text, struct buf *out)
{
    int err = 0;
    while (!err && text.len) {
        size_t used = 1;
        if (text.ptr[0] == '&')
            err = html_entity(text, out, &used);
        else
            err = buf_byte(out, text.ptr[0]);
        text = skip(text, used);
    }
    return err;
}

/* \uD83D\uDE00 is one character; a lone half is none. */
static int js_unicode(struct view text, struct buf *out, size_t *used)
{
    uint32_t high, low;

    if (!hex_number(skip(text, 2), 4, &high))
        return ERR_SYNTAX;
    *used = 6;
    if (high >= 0xD800 && high < 0xDC00) {
        if (text.len < 12 || text.ptr[6] != '\\' || text.ptr[7] != 'u' ||
            !hex_number(skip(text, 8), 4, &low) || low < 0xDC00 || low > 0xDFFF)
            return ERR_SYNTAX;
        *used = 12;
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    return utf8_add(out, high);
}

static int js_escape(struct view text, struct buf *out, size_t *used)
{
    static const char letters[] = "bfnrtv0", bytes[] = "\b\f\n\r\t\v";
    uint32_t point;

    *used = 2;
    if (text.len < 2)
        return ERR_SYNTAX;
    if (text.ptr[1] == 'u')
        return js_unicode(text, out, used);
    if (text.ptr[1] == 'x') {
        *used = 4;
        return hex_number(skip(text, 2), 2, &point) ? utf8_add(out, point) : ERR_SYNTAX;
    }
    const char *letter = text.ptr[1] ? strchr(letters, text.ptr[1]) : NULL;
    if (letter && *letter == '0')
        return ERR_SYNTAX; /* NUL in a link */
    return buf_byte(out, letter ? bytes[letter - letters] : text.ptr[1]);
}

static int decode_js(struct view text, struct buf *out)
{
    int err = 0;
    while (!err && text.len) {
        size_t used = 1;
        if (text.ptr[0] == '\\')
            err = js_escape(text, out, &used);
        else
            err = buf_byte(out, text.ptr[0]);
        if (!err)
            text = skip(text, used);
    }
    return err;
}

static int decode_percent(struct view text, struct buf *out)
{
    int err = 0;
    while (!err && text.len) {
        size_t used = 1;
        uint32_t byte;
        if (text.ptr[0] == '%') {
            if (!hex_number(skip(text, 1), 2, &byte))
                return ERR_SYNTAX;
            used = 3;
            err = buf_byte(out, (char)byte);
        } else {
            err = buf_byte(out, text.ptr[0]);
        }
        text = skip(text, used);
    }
    return err;
}

/* Standard or URL-safe alphabet, padded or not, white space ignored. */
static int decode_base64(struct view text, struct buf *out)
{
    struct buf clean = BUF_INIT(HTTP_ANSWER_MAX * 2);
    size_t pad = 0;
    int err = 0;

    for (size_t i = 0; !err && i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' || byte == '=')
            continue;
        err = buf_byte(&clean, byte == '-' ? '+' : byte == '_' ? '/' : byte);
    }
    if (!err && clean.len % 4 == 1)
        err = ERR_SYNTAX;
    for (; !err && clean.len % 4; pad++)
        err = buf_byte(&clean, '=');
    if (!err)
        err = buf_reserve(out, clean.len / 4 * 3 + 1);
    if (!err && clean.len) {
        int got = EVP_DecodeBlock((unsigned char *)out->ptr + out->len,
                                  (const unsigned char *)clean.ptr, (int)clean.len);
        if (got < 0)
            err = ERR_SYNTAX;
        else
            out->len += (size_t)got - pad;
    }
    if (!err && out->ptr)
        out->ptr[out->len] = '\0';
    buf_release(&clean);
    return err;
}

/* A JSON text literal, with or without its quotes. */
static int decode_json(struct view text, struct buf *out)
{
    struct buf quoted = BUF_INIT(HTTP_ANSWER_MAX * 2);
    struct view trimmed = view_trim(text);
    int err = 0;

    if (trimmed.len && trimmed.ptr[0] == '"') {
        err = buf_view_add(&quoted, trimmed);
    } else {
        err = buf_byte(&quoted, '"');
        if (!err)
            err = buf_view_add(&quoted, text);
        if (!err)
            err = buf_byte(&quoted, '"');
    }
    if (!err) {
        json_t *value = json_loadb(quoted.ptr, quoted.len, JSON_DECODE_ANY, NULL);
        err = json_is_string(value)
                  ? buf_add(out, json_string_value(value), json_string_length(value))
                  : ERR_SYNTAX;
        json_decref(value);
    }
    buf_release(&quoted);
    return err;
}

int decode_text(enum decoder decoder, struct buf *value)
{
    static int (*const decoders[])(struct view text, struct buf * out) = {
        [DECODE_HTML] = decode_html,       [DECODE_JS] = decode_js,
        [DECODE_PERCENT] = decode_percent, [DECODE_BASE64] = decode_base64,
        [DECODE_JSON] = decode_json,
    };
    struct buf out = BUF_INIT(value->max);
    int err = decoders[decoder](buf_view(value), &out);

    if (err) {
        buf_release(&out);
        return err;
    }
    buf_release(value);
    *value = buf_take(&out);
    return 0;
}
