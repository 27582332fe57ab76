#include "order_json.h"

#include "steps.h"

#include <stdio.h>

static void add_alarm(void *owner, const char *kind, const char *detail, int64_t)
{
    json_array_append_new(owner, json_pack("{s:s,s:s}", "kind", kind, "detail", detail));
}

static void add_refund(void *owner, const struct refund *refund)
{
    json_array_append_new(owner, json_pack("{s:s,s:I,s:s}", "out_refund_no", refund->out_refund_no,
                                           "amount_fen", (json_int_t)refund->fen, "status",
                                           refund_state_name(refund->state)));
}

/* What goes back and what is back; nothing of it when nobody ever wished. */
static int show_refunds(struct shop *shop, const struct order *order, json_t *value)
{
    struct refund_sum sum;
    json_t *refunds = json_array();
    int err = ledger_refunds(shop->ledger, order->id, add_refund, refunds);
    if (!err)
        err = ledger_refund_sum(shop->ledger, order->id, &sum);
    if (!err && json_array_size(refunds)) {
        json_object_set_new(value, "refunded_fen", json_integer((json_int_t)sum.back_fen));
        json_object_set(value, "refunds", refunds);
    }
    json_decref(refunds);
    return err;
}

json_t *order_json(struct shop *shop, const struct order *order)
{
    json_t *alarms = json_array();
    if (ledger_alarms(shop->ledger, order->id, add_alarm, alarms)) {
        json_decref(alarms);
        return NULL;
    }
    json_t *value = json_pack(
        "{s:s, s:s, s:I, s:s, s:I, s:s, s:s*, s:s*, s:I, s:o}", "id", order->id, "status",
        order_state_name(order->state), "amount_fen", (json_int_t)order->total_fen, "sku",
        order->sku, "quantity", (json_int_t)order->quantity, "out_trade_no", order->out_trade_no,
        "transaction_id", order->transaction_id[0] ? order->transaction_id : NULL, "note",
        order->attach[0] ? order->attach : NULL, "shipped_count", (json_int_t)order->shipments,
        "alarms", alarms);
    if (value && shop->steps->qr_allowed(shop, order)) {
        char path[64];
        json_object_set_new(value, "code_url", json_string(order->code_url));
        snprintf(path, sizeof(path), "/orders/%s/qr.png", order->id);
        json_object_set_new(value, "qr", json_string(path));
        snprintf(path, sizeof(path), "/orders/%s/page", order->id);
        json_object_set_new(value, "page", json_string(path));
    }
    if (value && show_refunds(shop, order, value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}
