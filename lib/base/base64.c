#include "base/base64.h"

#include "base/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct view bytes, struct buf *out)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);

    if (groups > SIZE_MAX / 4)
        return ERR_TOO_LONG;
    int err = buf_reserve(out, groups * 4);
    if (err)
        return err;
    char *to = out->ptr + out->len;
    for (size_t i = 0; i < bytes.len; i += 3, to += 4) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (left > 2 ? in[i + 2] : 0);
        to[0] = alphabet[bits >> 18];
        to[1] = alphabet[bits >> 12 & 63];
        to[2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        to[3] = left > 2 ? alphabet[bits & 63] : '=';
    }
    out->len += groups * 4;
    out->ptr[out->len] = '\0';
    return 0;
}

/* By comparing, not by searching the alphabet: a signature has 344 of them. */
static int digit(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* One group of four; writes three bytes, returns how many count, 0 when it is malformed. */
static size_t read_group(const char *text, bool last, unsigned char out[3])
{
    size_t digits = 4;
    uint32_t bits = 0;

    while (last && digits > 2 && text[digits - 1] == '=')
        digits--;
    for (size_t i = 0; i < digits; i++) {
        int value = digit(text[i]);
        if (value < 0)
            return 0;
        bits |= (uint32_t)value << (18 - 6 * i);
    }
    if (digits < 4 && (bits & (digits == 2 ? 0xffff : 0xff)))
        return 0; /* bits that stand for nothing: two texts would mean the same */
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
    return digits - 1;
}

int base64_decode(struct view text, struct buf *out)
{
    size_t before = out->len;
    if (text.len % 4)
        return ERR_SYNTAX;
    int err = buf_reserve(out, text.len / 4 * 3);
    for (size_t i = 0; i < text.len && !err; i += 4) {
        bool last = i + 4 == text.len;
        size_t len = read_group(text.ptr + i, last, (unsigned char *)out->ptr + out->len);
        out->len += len;
        err = len ? 0 : ERR_SYNTAX;
    }
    if (err && out->ptr)
        out->len = before;
    if (out->ptr)
        out->ptr[out->len] = '\0';
    return err;
}
