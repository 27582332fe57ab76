/*
 * code.h — text to modules: what the three painters share. Private to lib/qr.
 */
#ifndef QR_CODE_H
#define QR_CODE_H

#include "qr/qr.h"

/* A square of modules with its quiet zone; drawn row by row. */
struct code {
    void *symbol;                 /* owned, libqrencode's */
    const unsigned char *modules; /* lowest bit of each byte: dark */
    unsigned width;               /* modules per side, without quiet zone */
    unsigned scale, quiet;
};

/* @style NULL: the usual one. Errors as in qr.h. */
[[nodiscard]] int code_init(struct code *code, struct view text, const struct qr_style *style);
void code_release(struct code *code);

/* Modules per side, quiet zone included. */
static inline unsigned code_side(const struct code *code)
{
    return code->width + 2 * code->quiet;
}

/* @x, @y count from the corner of the quiet zone; everything outside the symbol is light. */
static inline bool code_dark(const struct code *code, unsigned x, unsigned y)
{
    x -= code->quiet; /* left of the symbol wraps to a huge number */
    y -= code->quiet;
    return x < code->width && y < code->width && (code->modules[y * code->width + x] & 1);
}

/* Cuts @out back to @len when @err says the painter failed; returns @err. */
static inline int code_undo(struct buf *out, size_t len, int err)
{
    if (err && out->ptr) {
        out->len = len;
        out->ptr[len] = '\0';
    }
    return err;
}

#endif
