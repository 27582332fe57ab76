#include "base/buf.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

void buf_release(struct buf *buf)
{
    mem_free(buf->ptr);
    *buf = BUF_INIT(buf->max);
}

int buf_reserve(struct buf *buf, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(buf->len, more, &need) || need > buf->max)
        return ERR_TOO_LONG;
    if (buf->ptr && need < buf->cap)
        return 0;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap <= need)
        cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1; /* need <= max, so the NUL still fits */
    char *grown = mem_realloc(buf->ptr, cap);
    if (!grown)
        return ERR_NOMEM;
    grown[buf->len] = '\0';
    buf->ptr = grown;
    buf->cap = cap;
    return 0;
}

int buf_add(struct buf *buf, const void *bytes, size_t len)
{
    int err = buf_reserve(buf, len);
    if (err)
        return err;
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return 0;
}

int buf_byte(struct buf *buf, char byte)
{
    return buf_add(buf, &byte, 1);
}

int buf_vfmt(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    int err = len < 0 ? ERR_SYNTAX : buf_reserve(buf, (size_t)len);
    if (!err) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return err;
}

int buf_fmt(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int err = buf_vfmt(buf, format, args);
    va_end(args);
    return err;
}

int buf_hex(struct buf *buf, const void *bytes, size_t len, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const unsigned char *in = bytes;
    if (len > SIZE_MAX / 2)
        return ERR_TOO_LONG;
    int err = buf_reserve(buf, len * 2);
    if (err)
        return err;
    for (size_t i = 0; i < len; i++) {
        buf->ptr[buf->len++] = digits[in[i] >> 4];
        buf->ptr[buf->len++] = digits[in[i] & 15];
    }
    buf->ptr[buf->len] = '\0';
    return 0;
}
