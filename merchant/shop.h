/*
 * shop.h — the one struct that everything of the merchant hangs on.
 */
#ifndef MERCHANT_SHOP_H
#define MERCHANT_SHOP_H

#include "base/clock.h"
#include "base/rng.h"
#include "goods.h"
#include "ledger.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "options.h"
#include "wxpay/v2_sign.h"

#include <uv.h>

struct steps;
struct turns;
struct trust;
struct refunds;

struct shop {
    uv_loop_t *loop;               /* borrowed */
    const struct options *options; /* borrowed */
    const struct steps *steps;     /* borrowed; steps_right, or a mutant's */
    struct v2_key *key;            /* owned, as all below */
    struct rng rng;
    struct vclock clock; /* the shop's own time; real unless /test/clock moved it */
    struct ledger *ledger;
    struct http_client *client;
    struct http_server *server;
    struct turns *turns;
    struct trust *trust; /* API V3 only */
    struct refunds *refunds;
    size_t open_claims; /* the loop runs on until there are none */
    char base_url[320]; /* origin under which notify_url is announced */
    char create_ip[65]; /* an address of this host */
    char own_url[64];   /* http://127.0.0.1:PORT */
    void (*on_stopped)(void *owner);
    void *owner;
};

/* Opens the ledger, listens, and goes on with what the ledger holds. All borrowed until stopped. */
[[nodiscard]] int shop_start(struct shop *shop, uv_loop_t *loop, const struct options *options,
                             const struct steps *steps);

/* Answers what is open, lets running turns end or gives them up, then @on_stopped. */
void shop_stop(struct shop *shop, void (*on_stopped)(void *owner), void *owner);

/* Frees what is left after the loop has ended, or after a failed start. */
void shop_release(struct shop *shop);

/* The shop's own time. */
static inline int64_t shop_now_ms(const struct shop *shop)
{
    return vclock_ms(&shop->clock);
}

#endif
