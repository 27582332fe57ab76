/*
 * order_json.h — an order as the shop's own doors show it. See docs/merchant-api.md.
 */
#ifndef MERCHANT_ORDER_JSON_H
#define MERCHANT_ORDER_JSON_H

#include "shop.h"

#include <jansson.h>

/* NULL when the ledger cannot be read or there is no memory. */
json_t *order_json(struct shop *shop, const struct order *order);

#endif
