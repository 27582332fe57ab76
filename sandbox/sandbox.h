/*
 * sandbox.h — everything one running sandbox has. Built by sandbox_start(), in this order; taken
 * down in the reverse one.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/rng.h"
#include "engine/order.h"
#include "exchange.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "notify.h"

struct bill_shelf;
struct call_pool;
struct control;

struct sandbox_options {
    const char *host;            /* of the API door; NULL: 127.0.0.1 */
    const char *control_host;    /* NULL: 127.0.0.1 */
    uint16_t port, control_port; /* 0: a free one */
    const char *control_token;   /* NULL: none, only on loopback */
    const char *data_dir;        /* NULL: in memory */
    bool durability_full;
    bool seeded;
    uint64_t seed;
    size_t exchange_ring;
    const char *exchange_file;
    const char *qrscan; /* path of wxpay-qrscan; NULL: beside this program, then PATH */
};

struct sandbox {
    uv_loop_t *loop; /* borrowed */
    struct sandbox_options options;
    struct rng rng;
    struct store *store;
    struct accounts *accounts;
    struct engine engine;
    struct exchange_log *exchanges;
    struct http_client *client;
    struct notify *notify;
    struct call_pool *calls;
    char bill_key[33]; /* what the tokens of bills are sealed with; of this run only */
    struct bill_shelf *bills;
    struct http_server *api; /* answers leave after the turn's commit: turn.h */
    struct control *control;
    struct turn *turn;
    void (*on_stopped)(struct sandbox *sandbox); /* while it stops */
};

/*
 * Opens the store, both doors and the outbox. On an error nothing is left running; the loop is run
 * until that is so, therefore nothing else may live on it yet.
 */
[[nodiscard]] int sandbox_start(struct sandbox *sandbox, uv_loop_t *loop,
                                const struct sandbox_options *options);

/* Asynchronous: doors first, deliveries, then the store; on_stopped from the loop. */
void sandbox_stop(struct sandbox *sandbox, void (*on_stopped)(struct sandbox *sandbox));

#endif
