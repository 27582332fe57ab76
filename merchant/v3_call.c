#include "v3_call.h"

#include "base/err.h"
#include "base/mem.h"
#include "steps.h"

#include <assert.h>

void v3_call_init(struct v3_call *call, const char *method)
{
    *call = (struct v3_call){ .method = method,
                              .target = BUF_INIT(512),
                              .body = BUF_INIT(V3_BODY_MAX),
                              .authorization = BUF_INIT(2048) };
}

void v3_call_release(struct v3_call *call)
{
    buf_release(&call->target);
    buf_release(&call->body);
    buf_release(&call->authorization);
}

void v3_call_header(struct v3_call *call, struct view name, struct view value)
{
    assert(call->header_count < COUNT(call->headers));
    call->headers[call->header_count++] = (struct http_header){ name, value };
}

int v3_call_send(struct shop *shop, struct v3_call *call,
                 void (*on_done)(void *owner, int err, const struct http_response *response),
                 void *owner)
{
    struct buf url = BUF_INIT(1024);
    int err = shop->steps->v3_request_sign(shop, call);
    if (!err)
        shop->steps->v3_request_headers(shop, call);
    if (!err)
        err = buf_fmt(&url, "%s%s", shop->options->platform_url, buf_cstr(&call->target));
    if (!err) {
        struct http_send send = { .method = call->method,
                                  .url = buf_view(&url),
                                  .headers = call->headers,
                                  .header_count = call->header_count,
                                  .body = buf_view(&call->body),
                                  .on_done = on_done,
                                  .owner = owner };
        err = shop->steps->v3_request_send(shop, call, &send);
    }
    buf_release(&url);
    return err;
}
