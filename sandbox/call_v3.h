/*
 * call_v3.h — what a V3 call has beyond what every call has, and its way:
 *
 *   routes -> gate_v3: agent, Authorization, time, merchant, signature, JSON, fields -> api/v3/…
 *   -> reply_v3: body -> turn: commit -> a thread of the pool signs -> http_call_reply
 *
 * The signature comes last because it takes a quarter of a millisecond of a core: it is made
 * neither on the loop nor for an answer that the commit takes back.
 */
#ifndef SANDBOX_CALL_V3_H
#define SANDBOX_CALL_V3_H

#include "call.h"
#include "dress_v3.h"
#include "wxpay/v3_sign.h"

#include <jansson.h>

#define V3_PARAMS_MAX  2
#define V3_PARAM_MAX   128
#define V3_BODY_MAX    (64 * 1024) /* V3 12 */
#define V3_REPLY_HEADS 16

struct call_v3 {
    json_t *in;            /* owned: the request's body; NULL: it has none */
    json_t *out;           /* owned: filled by the handler; NULL: 204, or a file */
    struct buf file;       /* owned: instead of JSON, and never signed (V3 2.5) */
    const char *file_type; /* its Content-Type; NULL: no file */
    char param[V3_PARAMS_MAX][V3_PARAM_MAX + 1]; /* of the path, decoded, in its order */
    struct v3_auth auth;                         /* views into the request's head */
    bool proven;    /* the signature holds: the answer will be signed too */
    json_t *detail; /* owned: of the refusal; NULL: none */
    char text[600]; /* of the refusal, instead of the catalogue's; "": none */
    char request_id[72];
    struct dress_v3 dress;
    struct http_header headers[V3_REPLY_HEADS];
    size_t header_count;
    struct call *call; /* back, for the thread's end */
    uv_work_t work;
};

/* Makes call->v3. */
[[nodiscard]] int call_v3_new(struct call *call);
/* Frees it. NULL is allowed. */
void call_v3_free(struct call_v3 *v3);

#endif
