/*
 * buf.h — bytes that grow up to a ceiling.
 *
 * Born with BUF_INIT(max); reaching the ceiling is ERR_TOO_LONG and leaves the content as it was.
 * After the first append ptr[len] is a NUL that does not count. A zeroed struct buf may be
 * released and viewed, but holds nothing (its ceiling is 0).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/view.h"

#include <stdarg.h>

struct buf {
    char *ptr; /* owned */
    size_t len, cap, max;
};

#define BUF_INIT(ceiling) ((struct buf){ .max = (ceiling) })

/* Frees the bytes; the ceiling stays, so the buffer can be used again. */
void buf_release(struct buf *buf);

/* Forgets the content, keeps the memory. */
static inline void buf_clear(struct buf *buf)
{
    buf->len = 0;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

/* Room for @more bytes beyond len. */
[[nodiscard]] int buf_reserve(struct buf *buf, size_t more);

[[nodiscard]] int buf_add(struct buf *buf, const void *bytes, size_t len);
[[nodiscard]] int buf_byte(struct buf *buf, char byte);
[[nodiscard]] int buf_fmt(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
[[nodiscard]] int buf_vfmt(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

[[nodiscard]] static inline int buf_view_add(struct buf *buf, struct view text)
{
    return buf_add(buf, text.ptr, text.len);
}

[[nodiscard]] static inline int buf_str(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

/* Hex digits of @bytes, upper or lower case. */
[[nodiscard]] int buf_hex(struct buf *buf, const void *bytes, size_t len, bool upper);

static inline struct view buf_view(const struct buf *buf)
{
    return (struct view){ buf->ptr, buf->len };
}

/* The content as a C string; "" when nothing was ever added. */
static inline const char *buf_cstr(const struct buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}

/* Moves ownership out and leaves @buf empty, with its ceiling. */
static inline struct buf buf_take(struct buf *buf)
{
    struct buf taken = *buf;
    *buf = BUF_INIT(taken.max);
    return taken;
}

#endif
