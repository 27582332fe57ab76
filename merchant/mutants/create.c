/* Mutants of the chapter "create": what the platform is asked for, and what its answer does. */
#include "mutants/mutant.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define SET(array, ...) snprintf(array, sizeof(array), __VA_ARGS__)

/* --- price ------------------------------------------------------------------------------------ */

static const char *client_price(struct shop *shop, const json_t *wish, struct order *order)
{
    static const char *const names[] = { "amount_fen", "price_fen", "total_fee",
                                         "amount",     "price",     "total" };
    json_t *sku = json_pack("{s:s}", "sku", order->sku);
    const char *why = step_price_from_list(shop, sku, order);
    json_decref(sku);
    for (size_t i = 0; i < COUNT(names); i++) {
        json_t *said = json_object_get(wish, names[i]);
        if (json_is_number(said) && json_number_value(said) > 0)
            order->total_fen = (int64_t)json_number_value(said);
    }
    return why;
}

static const char *float_price(struct shop *shop, const json_t *wish, struct order *order)
{
    const char *why = step_price_from_list(shop, wish, order);
    volatile double yuan = (double)order->total_fen / 100;
    order->total_fen = (int64_t)(yuan * 100); /* 0.29 becomes 28 */
    if (order->total_fen < 1)
        order->total_fen = 1;
    return why;
}

/* --- number ------------------------------------------------------------------------------------- */

static int long_number(struct shop *shop, struct order *order)
{
    int err = step_create_number(shop, order);
    size_t len = strlen(order->out_trade_no);
    snprintf(order->out_trade_no + len, sizeof(order->out_trade_no) - len, "-%s", order->id);
    return err;
}

static int short_number(struct shop *shop, struct order *order)
{
    rng_alnum(&shop->rng, order->out_trade_no, 4);
    return 0;
}

static int strange_number(struct shop *shop, struct order *order)
{
    char chance[13];
    rng_alnum(&shop->rng, chance, 12);
    SET(order->out_trade_no, "S.%.14s/%s#1", order->time_start, chance);
    return 0;
}

static int counted_number(struct shop *shop, struct order *order)
{
    static const struct ledger *opened;
    static unsigned count; /* forgotten at every start */
    char number[33];
    count = opened == shop->ledger ? count : 0;
    opened = shop->ledger;
    SET(number, "SHOP%08u", ++count);
    return mutant_seize_number(shop, order, number);
}

static int second_number(struct shop *shop, struct order *order)
{
    char number[33];
    SET(number, "S%.14s", order->time_start);
    return mutant_seize_number(shop, order, number);
}

/* --- other fields --------------------------------------------------------------------------------- */

static int long_text(struct shop *shop, const struct goods *goods, struct order *order)
{
    (void)shop;
    SET(order->body, "街角小店-%s：%0150d", goods->name, 1);
    SET(order->product_id, "%.32s", goods->sku);
    return 0;
}

static int control_text(struct shop *shop, const struct goods *goods, struct order *order)
{
    (void)shop;
    SET(order->body, "街角小店-\t%s\n<b>new</b>", goods->name);
    SET(order->product_id, "%.32s", goods->sku);
    return 0;
}

static int no_product(struct shop *shop, const struct goods *goods, struct order *order)
{
    int err = step_create_text(shop, goods, order);
    order->product_id[0] = '\0';
    return err;
}

static void no_times(struct shop *shop, struct order *order)
{
    step_create_times(shop, order);
    order->time_start[0] = order->time_expire[0] = '\0';
}

static void utc_times(struct shop *shop, struct order *order)
{
    step_create_times(shop, order);
    cn_time_14(order->created_ms - 8 * 3'600'000, order->time_start);
    cn_time_14(order->expire_ms - 8 * 3'600'000, order->time_expire);
}

static void dashed_times(struct shop *shop, struct order *order)
{
    step_create_times(shop, order);
    const char *at = order->time_expire;
    char text[33];
    SET(text, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", at, at + 4, at + 6, at + 8, at + 10, at + 12);
    memcpy(order->time_expire, text, sizeof(text));
}

static void short_times(struct shop *shop, struct order *order)
{
    step_create_times(shop, order);
    order->expire_ms = order->created_ms + 30'000;
    cn_time_14(order->expire_ms, order->time_expire);
}

/* Writes this into a field of the order. */
#define WRITES(function, field, ...)                                                               \
    static int function(struct shop *shop, struct order *order)                                    \
    {                                                                                              \
        (void)shop;                                                                                \
        SET(order->field, __VA_ARGS__);                                                            \
        return 0;                                                                                  \
    }

WRITES(loopback, create_ip, "127.0.0.1")

WRITES(proxy_list, create_ip, "203.0.113.7, 10.0.0.1")

WRITES(url_with_query, notify_url, "%s/wxpay/notify?order=%s", shop->base_url, order->id)

WRITES(url_on_localhost, notify_url, "http://localhost:%u/wxpay/notify",
       http_server_port(shop->server))

WRITES(url_in_the_lan, notify_url, "http://192.168.1.20/wxpay/notify")

WRITES(url_without_host, notify_url, "/wxpay/notify")

static int url_plain_http(struct shop *shop, struct order *order)
{
    int err = step_create_notify_url(shop, order);
    char *url = order->notify_url;
    if (!err && url && view_starts(view_str(url), VIEW("https://")))
        memmove(url + 4, url + 5, strlen(url) - 4);
    return err;
}

/* --- every attempt ----------------------------------------------------------------------------------- */

static int later_expire(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    char time[CN_TIME_LEN + 1];
    cn_time_14(order->expire_ms + order->fails * 1000, time);
    int err = step_create_fields(shop, order, msg);
    return err ? err : mutant_alter(msg, "time_expire", time);
}

static int other_text(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    char body[300];
    SET(body, "%s (%lld)", order->body, (long long)order->fails + 1);
    int err = step_create_fields(shop, order, msg);
    return err ? err : mutant_alter(msg, "body", body);
}

static int in_yuan(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    char yuan[32];
    SET(yuan, "%lld.%02lld", (long long)order->total_fen / 100, (long long)order->total_fen % 100);
    int err = step_create_fields(shop, order, msg);
    return err ? err : mutant_alter(msg, "total_fee", yuan);
}

/* --- answers -------------------------------------------------------------------------------------------- */

static const char *only_pr(struct shop *shop, struct order *order, struct answer *a)
{
    struct view code_url = a->told.code_url;
    if (!view_starts(code_url, VIEW("weixin://wxpay/bizpayurl?pr=")) ||
        view_find(code_url, VIEW("&")) != SIZE_MAX)
        return "this is no code_url";
    return step_create_accepted(shop, order, a);
}

static const char *accepted_is_paid(struct shop *shop, struct order *order, struct answer *a)
{
    const char *why = step_create_accepted(shop, order, a);
    if (!why)
        mutant_mark_paid(shop, order);
    return why;
}

/* The purchase goes on under another number. */
static enum move new_number(struct shop *shop, struct order *order, struct answer *)
{
    struct order other = *order;
    if (step_create_number(shop, &other) || mutant_seize_number(shop, order, other.out_trade_no))
        return MOVE_FAILED;
    return MOVE_AGAIN;
}

/* And at once. */
SAYS(failed, enum move, (struct shop *, struct order *, struct answer *), MOVE_FAILED)

SAYS(again, enum move, (struct shop *, struct order *, struct answer *), MOVE_AGAIN)

/* clang-format off */
const struct mutant mutants_create[] = {
    MUTANT("client-price", "WX2-033", "The price comes from the browser.",
      .price_from_list = client_price),
    MUTANT("float-price", "WX2-032",
      "The price goes through a binary fraction: 0.29 becomes 28 fen.",
      .price_from_list = float_price),
    MUTANT("amount-in-yuan", "WX2-032", "total_fee has a decimal point.", .create_fields = in_yuan),
    MUTANT("number-too-long", "WX2-030", "out_trade_no has more than 32 characters.",
      .create_number = long_number),
    MUTANT("number-too-short", "WX2-030", "out_trade_no has four characters.",
      .create_number = short_number),
    MUTANT("number-bad-characters", "WX2-030", "out_trade_no holds '.', '/' and '#'.",
      .create_number = strange_number),
    MUTANT("number-restarts", "WX2-031", "out_trade_no counts from 1 after every start.",
      .create_number = counted_number),
    MUTANT("number-per-second", "WX2-031", "Orders of one second share their out_trade_no.",
      .create_number = second_number),
    MUTANT("body-too-long", "WX2-029", "body has more than 128 bytes.", .create_text = long_text),
    MUTANT("body-markup", "WX2-039", "body holds control characters and markup.",
      .create_text = control_text),
    MUTANT("no-product-id", "WX2-029", "product_id is left out.", .create_text = no_product),
    MUTANT("no-time-expire", "WX2-037", "time_expire is left out.", .create_times = no_times),
    MUTANT("utc-time-expire", "WX2-037", "time_expire is in UTC.", .create_times = utc_times),
    MUTANT("bad-time-expire", "WX2-037", "time_expire is written with dashes and colons.",
      .create_times = dashed_times),
    MUTANT("short-time-expire", "WX2-037", "time_expire is 30 seconds after creation.",
      .create_times = short_times),
    MUTANT("loopback-ip", "WX2-038", "spbill_create_ip is 127.0.0.1.", .create_address = loopback),
    MUTANT("proxy-list-ip", "WX2-038", "spbill_create_ip is a list of proxies.",
      .create_address = proxy_list),
    MUTANT("notify-url-query", "WX2-042",
      "notify_url has a query.", .create_notify_url = url_with_query),
    MUTANT("notify-url-localhost", "WX2-042", "notify_url names localhost.",
      .create_notify_url = url_on_localhost),
    MUTANT("notify-url-lan", "WX2-042", "notify_url names an address of the LAN.",
      .create_notify_url = url_in_the_lan),
    MUTANT("notify-url-relative", "WX2-042", "notify_url is only a path.",
      .create_notify_url = url_without_host),
    MUTANT("notify-url-http", "WX2-043", "notify_url is plain http.",
      .create_notify_url = url_plain_http),
    MUTANT("retry-new-number", "WX2-034 WX2-073",
      "An unanswered creation is repeated under a new number.",
      .create_unknown = new_number),
    MUTANT("retry-new-expire", "WX2-034", "A repeated creation has another time_expire.",
      .create_fields = later_expire),
    MUTANT("retry-new-body", "WX2-034", "A repeated creation has another body.",
      .create_fields = other_text),
    MUTANT("lost-answer-is-failure", "WX2-013 WX2-034", "An unanswered creation is a failed order.",
      .create_unknown = failed),
    MUTANT("orderpaid-new-order", "WX2-036", "ORDERPAID at creation starts a second order.",
      .create_orderpaid = new_number),
    MUTANT("orderpaid-is-failure", "WX2-036", "ORDERPAID at creation is a failed order.",
      .create_orderpaid = failed),
    MUTANT("closed-number-reused", "WX2-035",
      "ORDERCLOSED at creation: the same number is tried again.",
      .create_refused = again),
    MUTANT("code-url-not-opaque", "WX2-090", "Only bizpayurl?pr= is taken for a code_url.",
      .create_accepted = only_pr),
    MUTANT("accepted-is-paid", "WX2-074", "A successful unified order counts as paid.",
      .create_accepted = accepted_is_paid),
    { .name = NULL },
};
