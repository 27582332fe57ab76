/*
 * routes.h — the API door: which path is which chapter of the manual.
 */
#ifndef SANDBOX_ROUTES_H
#define SANDBOX_ROUTES_H

#include "call.h"
#include "engine/payer.h"

struct field;
struct v3_field;

/* A row of the table. handler NULL: the manual has it, we do not yet (refused as NOT_BUILT). */
struct route {
    const char *path;           /* "/pay/unifiedorder" */
    const char *api;            /* "unifiedorder": the name in records, faults and waits */
    const char *chapter;        /* of the manual: "9_1" */
    const struct field *fields; /* its table of request fields; api/v2/fields.h */
    size_t field_count;
    const struct refusal *(*handler)(struct call *call);
    /* V3 only; a path may then hold {parameters} */
    const char *method;
    const struct v3_field *v3_fields; /* api/v3/fields.h */
};

/* NULL for a path the manual does not have. */
const struct route *route_find(struct view path);
const struct route *route_at(size_t index); /* NULL after the last */

/* The same for the V3 table (routes_v3.c). */
const struct route *route_v3_at(size_t index);

/* For both dialects: the fault ordered for this call, if any. */
void routes_take_fault(struct call *call);
/*
 * Fault before_answer: the order that the exchange names is paid, and the answer waits for the first
 * delivery's end.
 */
typedef void payer_find_fn(struct engine *engine, struct account *account, struct view number,
                           struct scan *out);
void routes_pay_before_answer(struct call *call, payer_find_fn *find);

/* http_server's on_call of the API door; @owner is the sandbox. */
void routes_on_call(struct http_call *http, void *owner);

#endif
