/*
 * decode.h — the decoders of a source: html, js, percent, base64, json.
 */
#ifndef CONFORMANCE_DECODE_H
#define CONFORMANCE_DECODE_H

#include "extract.h"

/* Replaces the text in @value. ERR_SYNTAX when it is not coded so. */
[[nodiscard]] int decode_text(enum decoder decoder, struct buf *value);

/* One code point as UTF-8; ERR_SYNTAX for a surrogate, NUL or one above U+10FFFF. */
[[nodiscard]] int utf8_add(struct buf *out, uint32_t point);

#endif
