/*
 * base64.h — RFC 4648 section 4: the alphabet with + and /, padded.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the text of @bytes. On failure @out keeps its content. */
[[nodiscard]] int base64_encode(struct view bytes, struct buf *out);

/*
 * Appends the bytes of @text. Strict: no white space, padding complete, unused bits zero;
 * ERR_SYNTAX otherwise. On failure @out keeps its content.
 */
[[nodiscard]] int base64_decode(struct view text, struct buf *out);

#endif
