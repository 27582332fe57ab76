/*
 * hidden.h — fields that were encrypted for the platform (V3 3.2, 2.10): with which key, and what
 * they say.
 */
#ifndef API_V3_HIDDEN_H
#define API_V3_HIDDEN_H

#include "call_v3.h"
#include "engine/keys.h"

/* The key that the request's Wechatpay-Serial names, which must be there and in force. */
[[nodiscard]] const struct refusal *v3_hidden_key(struct call *call, const struct identity **out);

/* What the member @name of the body hides, appended to @plain; nothing when it is absent. */
[[nodiscard]] const struct refusal *v3_hidden_read(struct call *call, const struct identity *key,
                                                   const char *name, struct buf *plain);

#endif
