#include "shop.h"

#include "base/err.h"
#include "base/log.h"
#include "platform.h"
#include "refunds.h"
#include "routes.h"
#include "steps.h"
#include "trust.h"
#include "turns.h"

#include <assert.h>
#include <stdio.h>

/* V2 0.3: everybody knows it. */
#define PUBLISHED_KEY "192006250b4c09247ec02edce69f6a2d"

/* An address of this host that others can see: the first that is not loopback, IPv4 before IPv6. */
static int find_address(struct shop *shop)
{
    if (shop->options->ip)
        return view_copy(view_str(shop->options->ip), shop->create_ip, sizeof(shop->create_ip));

    uv_interface_address_t *list = NULL;
    int count = 0, best = -1;
    if (uv_interface_addresses(&list, &count) == 0) {
        for (int i = 0; i < count; i++) {
            bool four = list[i].address.address4.sin_family == AF_INET;
            if (!list[i].is_internal &&
                (best < 0 || (four && list[best].address.address4.sin_family != AF_INET)))
                best = i;
        }
    }
    int err = 0;
    if (best >= 0)
        err = uv_ip_name((const struct sockaddr *)&list[best].address, shop->create_ip,
                         sizeof(shop->create_ip));
    else
        err = view_copy(VIEW("0.0.0.0"), shop->create_ip, sizeof(shop->create_ip));
    if (best < 0)
        log_line(LOG_WARN, "shop", "this host has no address others can see; say --ip (WX2-038)");
    uv_free_interface_addresses(list, count);
    return err;
}

static int listen_at(struct shop *shop)
{
    struct http_server_options options = { .host = shop->options->host,
                                           .port = (uint16_t)shop->options->port,
                                           .on_call = routes_call,
                                           .owner = shop };
    shop->steps->door_limits(shop, &options);
    int err = http_server_start(&shop->server, shop->loop, &options);
    if (err)
        return err;
    const char *host = shop->options->host ? shop->options->host : "127.0.0.1";
    snprintf(shop->own_url, sizeof(shop->own_url),
             strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
             http_server_port(shop->server));
    const char *base = shop->options->notify_base ? shop->options->notify_base : shop->own_url;
    return view_copy(view_str(base), shop->base_url, sizeof(shop->base_url));
}

int shop_start(struct shop *shop, uv_loop_t *loop, const struct options *options,
               const struct steps *steps)
{
    static const struct http_client_options client = { .answer_max = PLATFORM_ANSWER_MAX };
    *shop = (struct shop){ .loop = loop, .options = options, .steps = steps };
    rng_init(&shop->rng);
    shop->key = v2_key_new(view_str(options->api_key));
    if (!shop->key)
        return ERR_NOMEM;
    if (options->api == WIRE_V2 && strcmp(options->api_key, PUBLISHED_KEY) == 0)
        log_line(LOG_WARN, "shop", "the key is the published one of the test account");
    int err = find_address(shop);
    if (!err)
        err = ledger_open(&shop->ledger, options->ledger);
    if (!err)
        err = http_client_start(&shop->client, loop, &client);
    if (!err && options->api == WIRE_V3)
        err = trust_start(shop);
    if (!err)
        err = refunds_start(shop);
    if (!err)
        err = turns_start(shop);
    if (!err)
        err = listen_at(shop);
    return err;
}

/* Last: every turn has ended by now, for its request was cancelled. */
static void on_client_stopped(void *owner)
{
    struct shop *shop = owner;
    shop->client = NULL;
    shop->on_stopped(shop->owner);
}

static void stop_client(struct shop *shop)
{
    if (shop->client)
        http_client_stop(shop->client, on_client_stopped, shop);
    else
        shop->on_stopped(shop->owner);
}

static void on_server_stopped(void *owner)
{
    struct shop *shop = owner;
    shop->server = NULL;
    stop_client(shop);
}

void shop_stop(struct shop *shop, void (*on_stopped)(void *owner), void *owner)
{
    if (shop->on_stopped)
        return; /* it is under way */
    shop->on_stopped = on_stopped;
    shop->owner = owner;
    turns_stop(shop); /* answers the calls that wait */
    refunds_stop(shop);
    trust_stop(shop);
    if (shop->server)
        http_server_stop(shop->server, on_server_stopped);
    else
        stop_client(shop);
}

void shop_release(struct shop *shop)
{
    assert(shop->open_claims == 0);
    turns_release(shop);
    refunds_release(shop);
    trust_release(shop);
    ledger_close(shop->ledger);
    v2_key_free(shop->key);
    shop->ledger = NULL;
    shop->key = NULL;
}
