/*
 * qr.h — a code_url as a picture. The content is drawn byte for byte (V2 4.1, WX2-089).
 *
 * Always 8-bit mode and error correction level M, in the smallest version that holds the text,
 * so that the same text gives the same picture everywhere.
 *
 * All three append to @out and leave its content as it was when they fail: ERR_USAGE for an empty
 * text, ERR_TOO_LONG above QR_TEXT_MAX or when @out is full, ERR_RANGE for a style outside its
 * bounds, ERR_NOMEM.
 */
#ifndef QR_QR_H
#define QR_QR_H

#include "base/buf.h"

#define QR_TEXT_MAX  512
#define QR_SCALE_MAX 32
#define QR_QUIET_MAX 16

struct qr_style {
    unsigned scale; /* pixels per module, 1 … QR_SCALE_MAX; 0: 8 */
    unsigned quiet; /* modules of quiet zone, 0 … QR_QUIET_MAX; the standard asks for 4 */
};

/* @style NULL: 8 pixels per module, a quiet zone of 4. */

/* One bit per pixel, black on white. A 64-byte code_url in the usual style is about 1 KiB. */
[[nodiscard]] int qr_png(struct view text, const struct qr_style *style, struct buf *out);

/* No XML declaration, so that it can stand inside an HTML page; the dark modules are one path. */
[[nodiscard]] int qr_svg(struct view text, const struct qr_style *style, struct buf *out);

/*
 * For a terminal: two modules per character cell, UTF-8 half blocks, a quiet zone of 4, every line
 * ends with a line feed. The light modules are drawn, the dark ones left blank: right on a dark
 * terminal; on a light one the code is inverted, which phones read as well.
 */
[[nodiscard]] int qr_terminal(struct view text, struct buf *out);

#endif
