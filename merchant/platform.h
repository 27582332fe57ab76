/*
 * platform.h — the seam to the platform: three questions about an order, one judged answer.
 *
 * Speaks API V2. V3 would come beside it behind the same call: what the shop wants to know (is
 * there a code, is it paid, is it closed) does not change with the wire.
 */
#ifndef MERCHANT_PLATFORM_H
#define MERCHANT_PLATFORM_H

#include "answer.h"
#include "shop.h"

struct platform_ask {
    enum api api;
    const struct order *order; /* borrowed for the call */
    /* Fires exactly once, from the loop; the answer dies when it returns, msg may be taken. */
    void (*on_answer)(struct answer *answer, void *owner);
    void *owner;
};

/* An error means: not asked, on_answer never fires. */
[[nodiscard]] int platform_send(struct shop *shop, const struct platform_ask *ask);

#endif
