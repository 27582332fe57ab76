/*
 * routes.h — every door of the shop: one table of method, path, handler.
 */
#ifndef MERCHANT_ROUTES_H
#define MERCHANT_ROUTES_H

#include "net/http_server.h"
#include "shop.h"

/* on_call of the server: owner is the shop. */
void routes_call(struct http_call *call, void *owner);

#endif
