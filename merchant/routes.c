#include "routes.h"

#include "base/err.h"
#include "base/mem.h"
#include "claim.h"
#include "orders.h"
#include "page.h"
#include "refunds.h"
#include "reply.h"
#include "steps.h"
#include "turns.h"

#define ADVANCE_MAX_S (10LL * 366 * 24 * 3600)

static void list_goods(struct shop *, struct http_call *call)
{
    size_t count;
    const struct goods *goods = goods_list(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:I}", "sku", goods[i].sku, "name", goods[i].name,
                                        "price_fen", (json_int_t)goods[i].price_fen));
    reply_json(call, 200, list);
}

static void health(struct shop *, struct http_call *call)
{
    reply_json(call, 200, json_pack("{s:s}", "status", "ok"));
}

struct advance {
    struct shop *shop;
    struct http_call *call;
};

static void on_advanced(void *owner)
{
    struct advance *advance = owner;
    char iso[CN_TIME_ISO_LEN + 1];
    cn_time_iso(shop_now_ms(advance->shop), iso);
    reply_json(
        advance->call, 200,
        json_pack("{s:I,s:s}", "now_ms", (json_int_t)shop_now_ms(advance->shop), "now_at", iso));
    mem_free(advance);
}

static void move_clock(struct shop *shop, struct http_call *call)
{
    struct view peer = http_call_peer(call), body = http_call_request(call)->body;
    if (!view_starts(peer, VIEW("127.")) && !view_starts(peer, VIEW("[::1]"))) {
        reply_error(shop, call, 403, "LOOPBACK_ONLY", "the clock is moved from this host only",
                    NULL);
        return;
    }
    json_error_t where;
    json_t *wish = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &where);
    json_t *by = json_object_get(wish, "advance_s");
    long long by_s = json_integer_value(by);
    bool fine = json_is_integer(by) && json_object_size(wish) == 1 && by_s >= -ADVANCE_MAX_S &&
                by_s <= ADVANCE_MAX_S;
    json_decref(wish);
    if (!fine) {
        reply_error(shop, call, 400, "BAD_CLOCK", "{\"advance_s\":seconds} is expected", NULL);
        return;
    }
    struct advance *advance = mem_new(struct advance);
    int err = advance ? 0 : ERR_NOMEM;
    if (!err) {
        *advance = (struct advance){ shop, call };
        err = turns_advance(shop, by_s * 1000, on_advanced, advance);
    }
    if (err) {
        reply_error(shop, call, 409, "CLOCK_BUSY", err_text(err), NULL);
        mem_free(advance);
    }
}

static void come_back(struct shop *shop, struct http_call *call, struct order *order)
{
    char path[64];
    shop->steps->page_return(shop, order);
    snprintf(path, sizeof(path), "/orders/%s/page", order->id);
    reply_see_other(call, view_str(path));
}

/* "{id}" in a path is an order of the ledger; the second kind of handler gets it. */
static const struct route {
    const char *method, *path;
    void (*plain)(struct shop *shop, struct http_call *call);
    void (*with_order)(struct shop *shop, struct http_call *call, struct order *order);
    bool test_only;
} table[] = {
    { "GET", "/", page_shop, NULL, false },
    { "GET", "/goods", list_goods, NULL, false },
    { "POST", "/orders", orders_make, NULL, false },
    { "GET", "/orders/{id}", NULL, orders_read, false },
    { "GET", "/orders/{id}/qr.png", NULL, orders_picture, false },
    { "GET", "/orders/{id}/page", NULL, page_checkout, false },
    { "GET", "/orders/{id}/return", NULL, come_back, false },
    { "POST", "/orders/{id}/refresh", NULL, orders_refresh, false },
    { "POST", "/orders/{id}/close", NULL, orders_close, false },
    { "POST", "/orders/{id}/refund", NULL, refunds_make, false },
    { "POST", "/wxpay/notify", claim_notification, NULL, false },
    { "POST", "/wxpay/refund", claim_refund, NULL, false },
    { "GET", "/health", health, NULL, false },
    { "POST", "/test/clock", move_clock, NULL, true },
};

/* Does @path have the form of @pattern? The text at {id} into *id. */
static bool matches(const char *pattern, struct view path, struct view *id)
{
    struct view form = view_str(pattern);
    size_t at = view_find(form, VIEW("{id}"));
    if (at == SIZE_MAX)
        return view_eq(form, path);
    struct view head = { form.ptr, at }, tail = { form.ptr + at + 4, form.len - at - 4 };
    if (path.len <= head.len + tail.len || !view_starts(path, head) || !view_ends(path, tail))
        return false;
    *id = (struct view){ path.ptr + head.len, path.len - head.len - tail.len };
    return view_find(*id, VIEW("/")) == SIZE_MAX;
}

static void run(const struct route *route, struct shop *shop, struct http_call *call,
                struct view id)
{
    if (route->plain) {
        route->plain(shop, call);
        return;
    }
    struct order order;
    int err = ledger_get(shop->ledger, id, &order);
    if (!err)
        route->with_order(shop, call, &order);
    else if (err == ERR_NOT_FOUND)
        reply_error(shop, call, 404, "NOT_FOUND", "no such order", NULL);
    else
        reply_error(shop, call, 503, "NOT_NOW", err_text(err), NULL);
}

void routes_call(struct http_call *call, void *owner)
{
    struct shop *shop = owner;
    const struct http_request *request = http_call_request(call);
    bool other_method = false;

    for (size_t i = 0; i < COUNT(table); i++) {
        struct view id = {};
        if ((table[i].test_only && !shop->options->test_clock) ||
            !matches(table[i].path, request->path, &id))
            continue;
        if (view_is(request->method, table[i].method)) {
            run(&table[i], shop, call, id);
            return;
        }
        other_method = true;
    }
    struct view assets = VIEW("/assets/");
    if (view_is(request->method, "GET") && view_starts(request->path, assets))
        page_asset(shop, call,
                   (struct view){ request->path.ptr + assets.len, request->path.len - assets.len });
    else
        reply_error(shop, call, other_method ? 405 : 404, other_method ? "METHOD" : "NOT_FOUND",
                    other_method ? "another method is meant" : "no such path", NULL);
}
