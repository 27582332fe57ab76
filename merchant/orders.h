/*
 * orders.h — the doors around an order: make, read, refresh, close, show. See docs/merchant-api.md.
 */
#ifndef MERCHANT_ORDERS_H
#define MERCHANT_ORDERS_H

#include "net/http_server.h"
#include "shop.h"

/* Each answers the call, now or after the order's next turn. */
void orders_make(struct shop *shop, struct http_call *call);
void orders_read(struct shop *shop, struct http_call *call, struct order *order);
void orders_refresh(struct shop *shop, struct http_call *call, struct order *order);
void orders_close(struct shop *shop, struct http_call *call, struct order *order);
void orders_picture(struct shop *shop, struct http_call *call, struct order *order);

#endif
