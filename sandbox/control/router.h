/*
 * router.h — the one table of the control door: method, path, handler.
 */
#ifndef CONTROL_ROUTER_H
#define CONTROL_ROUTER_H

#include "control/door.h"

enum route_trait {
    NOTHING = 0,
    QUERY = 1 << 0,   /* the handler reads the query; otherwise a parameter is refused */
    PICTURE = 1 << 1, /* the body may have CONTROL_BODY_MAX, else CONTROL_JSON_MAX */
};

struct control_route {
    const char *method;
    const char *path; /* "{mch_id}" names an account that must exist, "{…}" any text */
    int (*handler)(struct ask *ask);
    unsigned traits; /* of enum route_trait */
};

/* NULL after the last. */
const struct control_route *control_route_at(size_t index);

/* on_call of the door's server; @owner is the struct control. */
void router_on_call(struct http_call *http, void *owner);

#endif
