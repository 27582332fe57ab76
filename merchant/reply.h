/*
 * reply.h — from a value to an HTTP answer. Each of these answers the call and so ends it.
 */
#ifndef MERCHANT_REPLY_H
#define MERCHANT_REPLY_H

#include "net/http_server.h"
#include "shop.h"

#include <jansson.h>

/* Takes @value; NULL (no memory) becomes 500. */
void reply_json(struct http_call *call, int status, json_t *value);

/* {"error":{"code","message"}} and, when not NULL, the members of @more (taken). */
void reply_error(struct shop *shop, struct http_call *call, int status, const char *code,
                 const char *message, json_t *more);

/* A page, style or script; no frames, no foreign sources, never cached. */
void reply_page(struct http_call *call, const char *type, struct view body);

/* See Other. @path holds no CR or LF. */
void reply_see_other(struct http_call *call, struct view path);

#endif
