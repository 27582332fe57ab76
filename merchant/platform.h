/*
 * platform.h — the seam to the platform: questions about an order or a refund, one judged answer.
 *
 * What the shop wants to know (is there a code, is it paid, is it closed, has the money gone back) does not change with the
 * wire. One small client per API stands behind it: platform_v2.c, platform_v3.c.
 */
#ifndef MERCHANT_PLATFORM_H
#define MERCHANT_PLATFORM_H

#include "answer.h"
#include "shop.h"

/* Bytes of an answer that are read. */
#define PLATFORM_ANSWER_MAX ((size_t)128 * 1024)

struct platform_ask {
    enum api api;
    const struct order *order;   /* borrowed for the call, as the next */
    const struct refund *refund; /* of API_REFUND and API_REFUND_QUERY only */
    /* Fires exactly once, from the loop; the answer dies when it returns, message may be taken. */
    void (*on_answer)(struct answer *answer, void *owner);
    void *owner;
};

/* An error means: not asked, on_answer never fires. */
[[nodiscard]] int platform_send(struct shop *shop, const struct platform_ask *ask);

#endif
