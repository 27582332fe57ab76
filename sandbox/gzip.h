/*
 * gzip.h — a bill, packed.
 */
#ifndef SANDBOX_GZIP_H
#define SANDBOX_GZIP_H

#include "base/buf.h"

/* As one gzip member, appended to @out. Quickly rather than small: everybody else waits. */
[[nodiscard]] int gzip_add(struct view text, struct buf *out);

#endif
