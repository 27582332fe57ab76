#include "orders.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "order_json.h"
#include "refunds.h"
#include "reply.h"
#include "steps.h"
#include "turns.h"

#include <assert.h>

#define NUMBER_DRAWS  8         /* how often a taken number is drawn again */
#define QUICK_FAIL_US 2'000'000 /* creation that failed sooner than this is tried once more */
#define PICTURE_MAX   (64 * 1024)

/* A call that waits for the end of its order's turn. */
struct wait {
    struct shop *shop;
    struct http_call *call;
    char id[ORDER_ID_LEN + 1];
    int64_t since_us;
    bool made;  /* the call made the order */
    bool again; /* the second attempt is under way */
};

/* --- waiting for a turn --------------------------------------------------------------------- */

static void on_turn(void *owner, int err);

/* Owns nothing of @wait afterwards. */
static void wait_for(struct wait *wait, enum turn_want want)
{
    int err = turns_want(wait->shop, wait->id, want, on_turn, wait);
    if (err)
        on_turn(wait, err);
}

static void start_wait(struct shop *shop, struct http_call *call, const char *id,
                       enum turn_want want)
{
    struct wait *wait = mem_new(struct wait);
    if (!wait) {
        reply_error(shop, call, 503, "NO_MEMORY", "out of memory", NULL);
        return;
    }
    wait->shop = shop;
    wait->call = call;
    memcpy(wait->id, id, sizeof(wait->id));
    wait->since_us = clock_mono_us();
    wait->made = want == WANT_CREATE;
    wait_for(wait, want);
}

static void reply_turn(struct wait *wait, const struct order *order)
{
    struct shop *shop = wait->shop;
    json_t *value = order_json(shop, order);
    if (!wait->made)
        reply_json(wait->call, order->state == ORDER_CLOSING ? 202 : 200, value);
    else if (order->state == ORDER_CREATING)
        reply_error(shop, wait->call, 502, "PLATFORM_UNKNOWN",
                    "the platform has not answered; the order goes on with the same number", value);
    else if (order->state == ORDER_FAILED)
        reply_error(shop, wait->call, 502, "PLATFORM_REFUSED", "the platform refused the order",
                    value);
    else
        reply_json(wait->call, 201, value);
}

static void on_turn(void *owner, int err)
{
    struct wait *wait = owner;
    struct shop *shop = wait->shop;
    struct order order;
    if (!err)
        err = ledger_get(shop->ledger, view_str(wait->id), &order);

    bool quick = clock_mono_us() - wait->since_us < QUICK_FAIL_US;
    if (!err && wait->made && order.state == ORDER_CREATING && quick && !wait->again) {
        wait->again = true;
        wait_for(wait, WANT_END);
        return;
    }
    if (err)
        reply_error(shop, wait->call, 503, "NOT_NOW", err_text(err), NULL);
    else
        reply_turn(wait, &order);
    mem_free(wait);
}

/* --- a new order ------------------------------------------------------------------------------ */

/* The buyer's note goes to the platform as attach: text, bounded, without control characters. */
static bool note_is_fine(struct view note)
{
    if (note.len > 127 || utf8_broken_at(note) != SIZE_MAX)
        return false;
    for (size_t i = 0; i < note.len; i++) {
        if ((unsigned char)note.ptr[i] < 0x20 || note.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

/* NULL, or what is wrong with the wish. */
static const char *read_wish(struct shop *shop, const json_t *wish, struct order *order)
{
    if (!json_is_object(wish))
        return "the body must be a JSON object";
    json_t *sku = json_object_get(wish, "sku");
    json_t *quantity = json_object_get(wish, "quantity");
    json_t *note = json_object_get(wish, "note");
    if (!json_is_string(sku) ||
        view_copy((struct view){ json_string_value(sku), json_string_length(sku) }, order->sku,
                  sizeof(order->sku)))
        return "sku must be a short text";
    if (quantity && !json_is_integer(quantity))
        return "quantity must be a whole number";
    order->quantity = quantity ? json_integer_value(quantity) : 1;
    if (order->quantity < 1 || order->quantity > ORDER_QUANTITY_MAX)
        return "quantity must be 1 to 99";
    if (note &&
        (!json_is_string(note) ||
         !note_is_fine((struct view){ json_string_value(note), json_string_length(note) }) ||
         view_copy(view_str(json_string_value(note)), order->attach, sizeof(order->attach))))
        return "note must be text of at most 127 bytes without control characters";
    return shop->steps->price_from_list(shop, wish, order);
}

/* Everything that is agreed, before anybody is asked. */
static int agree(struct shop *shop, struct order *order)
{
    const struct steps *steps = shop->steps;
    const struct goods *goods = goods_find(view_str(order->sku));
    assert(goods && "the price came from it");
    rng_alnum(&shop->rng, order->id, ORDER_ID_LEN);
    steps->create_times(shop, order);
    int err = steps->create_text(shop, goods, order);
    if (!err)
        err = steps->create_address(shop, order);
    if (!err)
        err = steps->create_notify_url(shop, order);
    order->state = ORDER_CREATING;
    order->due_ms = order->created_ms; /* a killed shop finds it */
    return err;
}

static int add_numbered(struct shop *shop, struct order *order)
{
    int err = ERR_EXISTS;
    for (int i = 0; err == ERR_EXISTS && i < NUMBER_DRAWS; i++) {
        err = shop->steps->create_number(shop, order);
        if (!err)
            err = ledger_add(shop->ledger, order);
    }
    return err;
}

void orders_make(struct shop *shop, struct http_call *call)
{
    struct view body = http_call_request(call)->body;
    json_error_t where;
    json_t *wish = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &where);
    struct order order = {};
    const char *why = wish ? read_wish(shop, wish, &order) : where.text;
    if (why) {
        reply_error(shop, call, 400, "BAD_ORDER", why, NULL);
        json_decref(wish);
        return;
    }
    json_decref(wish);

    int err = agree(shop, &order);
    if (!err)
        err = add_numbered(shop, &order);
    if (err) {
        log_line(LOG_ERROR, "orders", "an order for %s was not made: %s", order.sku, err_text(err));
        reply_error(shop, call, 500, "NOT_MADE", err_text(err), NULL);
        return;
    }
    start_wait(shop, call, order.id, WANT_CREATE);
}

/* --- an order that exists ------------------------------------------------------------------------ */

void orders_read(struct shop *shop, struct http_call *call, struct order *order)
{
    if (shop->steps->status_asks(shop, order))
        start_wait(shop, call, order->id, WANT_QUERY);
    else
        reply_json(call, 200, order_json(shop, order));
}

void orders_refresh(struct shop *shop, struct http_call *call, struct order *order)
{
    if (order_is_paid(order->state))
        refunds_refresh(shop, call, order);
    else if (order_is_over(order->state))
        reply_json(call, 200, order_json(shop, order));
    else
        start_wait(shop, call, order->id, WANT_QUERY);
}

void orders_close(struct shop *shop, struct http_call *call, struct order *order)
{
    if (order_is_paid(order->state))
        reply_error(shop, call, 409, "ORDER_PAID", "a paid order cannot be closed",
                    order_json(shop, order));
    else if (order_is_over(order->state))
        reply_json(call, 200, order_json(shop, order));
    else
        start_wait(shop, call, order->id, WANT_CLOSE);
}

void orders_picture(struct shop *shop, struct http_call *call, struct order *order)
{
    static const struct http_header headers[] = {
        { VIEW("Content-Type"), VIEW("image/png") },
        { VIEW("Cache-Control"), VIEW("no-store") },
    };
    if (!shop->steps->qr_allowed(shop, order)) {
        reply_error(shop, call, order->state == ORDER_CREATING ? 409 : 410, "NO_CODE",
                    "this order has no code that could be paid", NULL);
        return;
    }
    struct buf picture = BUF_INIT(PICTURE_MAX);
    int err = shop->steps->qr_draw(shop, order, &picture);
    if (err)
        reply_error(shop, call, 500, "NO_PICTURE", err_text(err), NULL);
    else
        http_call_reply(call, 200, headers, COUNT(headers), buf_view(&picture));
    buf_release(&picture);
}
