/* Chapter "create": what the platform is asked for. See steps.h for the table. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"

#include <stdio.h>

#define TEXT(view_or_str, array) view_copy(view_or_str, array, sizeof(array))

const char *step_price_from_list(struct shop *, const json_t *wish, struct order *order)
{
    static const char *const known[] = { "sku", "quantity", "note" };
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wish, name, value)
    {
        size_t i = 0;
        while (i < COUNT(known) && strcmp(known[i], name) != 0)
            i++;
        if (i == COUNT(known))
            return "only sku, quantity and note may be said; the price is the shop's";
    }

    const struct goods *goods = goods_find(view_str(order->sku));
    if (!goods)
        return "the shop has no such thing";
    order->total_fen = goods->price_fen * order->quantity; /* whole fen, both bounded */
    return NULL;
}

int step_create_number(struct shop *shop, struct order *order)
{
    char time[CN_TIME_LEN + 1], chance[13];
    cn_time_14(shop_now_ms(shop), time);
    rng_alnum(&shop->rng, chance, sizeof(chance) - 1);
    snprintf(order->out_trade_no, sizeof(order->out_trade_no), "S%s%s", time, chance);
    return 0; /* the ledger's UNIQUE refuses the one in 10^21 */
}

int step_create_text(struct shop *, const struct goods *goods, struct order *order)
{
    snprintf(order->body, sizeof(order->body), "街角小店-%s", goods->name);
    int err = TEXT(view_str(goods->sku), order->product_id);
    return strlen(order->body) > 127 || strlen(order->product_id) > 32 ? ERR_TOO_LONG : err;
}

void step_create_times(struct shop *shop, struct order *order)
{
    order->created_ms = shop_now_ms(shop);
    order->expire_ms = order->created_ms + ORDER_LIFE_S * INT64_C(1000);
    cn_time_14(order->created_ms, order->time_start);
    if (shop->options->api == WIRE_V3)
        cn_time_rfc3339(order->expire_ms, order->time_expire);
    else
        cn_time_14(order->expire_ms, order->time_expire);
}

int step_create_address(struct shop *shop, struct order *order)
{
    return TEXT(view_str(shop->create_ip), order->create_ip);
}

int step_create_notify_url(struct shop *shop, struct order *order)
{
    int len = snprintf(order->notify_url, 257, "%s/wxpay/notify", shop->base_url);
    return len > 256 ? ERR_TOO_LONG : 0;
}

int step_create_fields(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    const struct {
        const char *name, *value;
    } fields[] = {
        { "appid", shop->options->appid },   { "mch_id", shop->options->mch_id },
        { "attach", order->attach },         { "body", order->body },
        { "notify_url", order->notify_url }, { "out_trade_no", order->out_trade_no },
        { "product_id", order->product_id }, { "spbill_create_ip", order->create_ip },
        { "time_start", order->time_start }, { "time_expire", order->time_expire },
        { "trade_type", "NATIVE" },
    };
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(fields); i++) {
        if (fields[i].value[0]) /* an empty element would be legal, and help nobody */
            err = v2_msg_add_str(msg, fields[i].name, fields[i].value);
    }
    return err ? err : v2_msg_add_int(msg, "total_fee", order->total_fen);
}

const char *step_create_accepted(struct shop *, struct order *order, struct answer *a)
{
    struct view code_url = a->told.code_url;
    if (code_url.len == 0)
        return "code_url is missing";
    if (TEXT(code_url, order->code_url))
        return "code_url is too long";
    return NULL;
}

enum move step_create_orderpaid(struct shop *, struct order *, struct answer *)
{
    return MOVE_QUERY;
}

enum move step_create_refused(struct shop *, struct order *, struct answer *a)
{
    return a->error == REFUSAL_CLOSED ? MOVE_ENDED : MOVE_FAILED;
}

enum move step_create_unknown(struct shop *, struct order *, struct answer *)
{
    return MOVE_AGAIN;
}
