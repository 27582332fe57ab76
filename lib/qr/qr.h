/*
 * qr.h — a code_url as a picture. The content is drawn byte for byte (V2 4.1, WX2-089).
 */
#ifndef QR_QR_H
#define QR_QR_H

#include "base/buf.h"

#define QR_TEXT_MAX 512

struct qr_style {
    unsigned scale; /* pixels per module, 1 … 32; 0: 8 */
    unsigned quiet; /* modules of quiet zone, 0 … 16; the standard asks for 4 */
};

/* ERR_TOO_LONG above QR_TEXT_MAX, ERR_USAGE for an empty text, ERR_NOMEM. Appended to @out. */
[[nodiscard]] int qr_png(struct view text, const struct qr_style *style, struct buf *out);
[[nodiscard]] int qr_svg(struct view text, const struct qr_style *style, struct buf *out);

/* For a terminal: two modules per character cell, UTF-8 half blocks, ends with a line feed. */
[[nodiscard]] int qr_terminal(struct view text, struct buf *out);

#endif
