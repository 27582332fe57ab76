/*
 * goods.h — the price list. The only place where a price comes from (WX2-033).
 */
#ifndef MERCHANT_GOODS_H
#define MERCHANT_GOODS_H

#include "base/view.h"

struct goods {
    const char *sku;  /* names the goods; goes to the platform as product_id */
    const char *name; /* shown to the buyer, in the page and on the phone */
    int64_t price_fen;
};

/* The list, in the order it is shown; static. */
const struct goods *goods_list(size_t *count);

/* NULL when the shop has no such thing. */
const struct goods *goods_find(struct view sku);

#endif
