/*
 * json_write.h — a jansson value as text in a buf, whole or not at all.
 *
 * json_dump_callback() is called here only: jansson 2.14 may return 0 although its callback failed.
 */
#ifndef ENGINE_JSON_WRITE_H
#define ENGINE_JSON_WRITE_H

#include "base/buf.h"

#include <jansson.h>

/* Compact, appended. ERR_NOMEM, ERR_TOO_LONG. */
[[nodiscard]] int json_write(const json_t *root, struct buf *out);

/* The same with jansson's @flags for dumping. */
[[nodiscard]] int json_write_as(const json_t *root, size_t flags, struct buf *out);

#endif
