/*
 * edit_v3.h — the ordered edits of fault `alter` in a JSON message.
 */
#ifndef SANDBOX_EDIT_V3_H
#define SANDBOX_EDIT_V3_H

#include "engine/fault.h"

#include <jansson.h>

/*
 * Names are paths with dots ("amount.total"). A value becomes what its place held before: a number
 * stays a number when it reads as one, everything else is text; what is on the way and is no object
 * becomes one. @root is an object.
 */
[[nodiscard]] int edit_v3(json_t *root, const struct fault *fault);

#endif
