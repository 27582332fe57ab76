/*
 * guard.h — may this request come in at all? (architecture, decision 7)
 *
 * A browser follows any page's wish to talk to loopback; Host, Origin and content type are what it
 * cannot forge, the token is what it cannot know. Pure: a request and the door's settings in, a
 * verdict out.
 */
#ifndef CONTROL_GUARD_H
#define CONTROL_GUARD_H

#include "net/http_msg.h"

struct guard {
    const char *host;  /* as bound */
    const char *token; /* NULL: none is asked for */
};

struct guard_no {
    int status;
    const char *code, *message; /* static */
};

/* 127.0.0.0/8, ::1 or "localhost". NULL is the default, which is loopback. */
bool guard_is_loopback(const char *host);

/* NULL: come in. */
const struct guard_no *guard_check(const struct guard *guard, const struct http_request *request);

#endif
