#include "net/http_msg.h"

#include "base/err.h"

struct view http_header_get(const struct http_headers *headers, const char *name)
{
    struct view wanted = view_str(name);
    for (size_t i = 0; i < headers->count; i++)
        if (view_eq_nocase(headers->item[i].name, wanted))
            return headers->item[i].value;
    return (struct view){};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte a "%xx" at @text stands for, or -1. */
static int escaped_byte(struct view text)
{
    if (text.len < 3)
        return -1;
    int high = hex_digit(text.ptr[1]), low = hex_digit(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int http_percent_decode(struct buf *out, struct view text, bool form)
{
    size_t before = out->len;
    int err = buf_reserve(out, 0);
    for (size_t i = 0; !err && i < text.len; i++) {
        int byte = (unsigned char)text.ptr[i];
        if (byte == '%') {
            byte = escaped_byte((struct view){ text.ptr + i, text.len - i });
            i += 2;
        } else if (byte == '+' && form) {
            byte = ' ';
        }
        err = byte <= 0 ? ERR_SYNTAX : buf_byte(out, (char)byte);
    }
    if (err && out->ptr) {
        out->len = before;
        out->ptr[before] = '\0';
    }
    return err;
}

/* RFC 3986 2.3: these are never escaped, everything else always. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int http_percent_encode(struct buf *out, struct view text)
{
    size_t before = out->len;
    int err = buf_reserve(out, text.len);
    for (size_t i = 0; !err && i < text.len; i++) {
        if (is_unreserved(text.ptr[i])) {
            err = buf_byte(out, text.ptr[i]);
            continue;
        }
        err = buf_byte(out, '%');
        if (!err)
            err = buf_hex(out, text.ptr + i, 1, true);
    }
    if (err && out->ptr) {
        out->len = before;
        out->ptr[before] = '\0';
    }
    return err;
}

/* 0 when the encoded @key means @name, ERR_NOT_FOUND when it does not, ERR_SYNTAX when broken. */
static int key_is(struct view key, struct view name)
{
    size_t at = 0;
    bool same = true;
    for (size_t i = 0; i < key.len; i++, at++) {
        int byte = (unsigned char)key.ptr[i];
        if (byte == '%') {
            byte = escaped_byte((struct view){ key.ptr + i, key.len - i });
            i += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        if (byte <= 0)
            return ERR_SYNTAX; /* NUL too: it would end a string too early */
        same = same && at < name.len && (unsigned char)name.ptr[at] == byte;
    }
    return same && at == name.len ? 0 : ERR_NOT_FOUND;
}

int http_form_get(struct view form, const char *name, struct buf *out)
{
    struct view wanted = view_str(name);
    while (form.len) {
        struct view value;
        struct view pair = view_cut(form, '&', &form);
        struct view key = view_cut(pair, '=', &value);
        int err = key_is(key, wanted);
        if (!err)
            return http_percent_decode(out, value, true);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}
