/*
 * json_write.h — inside the engine: a jansson value as text in a buf.
 */
#ifndef ENGINE_JSON_WRITE_H
#define ENGINE_JSON_WRITE_H

#include "base/buf.h"

#include <jansson.h>

/* Compact, appended. ERR_NOMEM, ERR_TOO_LONG. */
[[nodiscard]] int json_write(const json_t *root, struct buf *out);

#endif
