/*
 * v3_call.h — one signed request to API V3 (V3 1.2, 2.1, 2.2).
 */
#ifndef MERCHANT_V3_CALL_H
#define MERCHANT_V3_CALL_H

#include "shop.h"

#define V3_BODY_MAX ((size_t)64 * 1024)

struct v3_call {
    const char *method;
    struct buf target; /* path and query, as on the request line */
    struct buf body;   /* as it is sent; empty for GET */
    struct buf authorization;
    struct http_header headers[8]; /* views into the above, or static */
    size_t header_count;
    struct http_exchange *sent; /* while it is under way: for http_exchange_cancel() */
};

void v3_call_init(struct v3_call *call, const char *method);
void v3_call_release(struct v3_call *call);

/* One more header; what is beyond the array is a mistake of ours and asserted. */
void v3_call_header(struct v3_call *call, struct view name, struct view value);

/* Signs and sends; @on_done as in http_client.h. Everything is copied. */
[[nodiscard]] int v3_call_send(struct shop *shop, struct v3_call *call,
                               void (*on_done)(void *owner, int err,
                                               const struct http_response *response),
                               void *owner);

#endif
