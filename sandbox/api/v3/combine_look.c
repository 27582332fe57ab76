/* GET /v3/combine-transactions/out-trade-no/{…}, POST …/close — V3 4.7 */
#include "api/v3/api_v3.h"
#include "base/err.h"
#include "engine/combine.h"

static const struct v3_field number_field = { "V3 4.7 combine_out_trade_no",
                                              "combine_out_trade_no",
                                              "合单商户订单号",
                                              V3_TEXT,
                                              true,
                                              6,
                                              32,
                                              &v3_number_pattern,
                                              NULL,
                                              V3_PATH };

/* ---- what is told of it ----------------------------------------------------------------------- */

static json_t *text_of(struct view text)
{
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}

/* What only a payment brings. The moment is the payment's, on the clock of who combines. */
static int add_paid(json_t *json, const struct combine *combine, const struct combine_part *part)
{
    char time[CN_TIME_ISO_LEN + 1];
    const struct payment_row *payment = &part->payment;
    cn_time_iso(combine->row.paid_ms, time);
    json_t *amount = json_object_get(json, "amount");
    int failed = json_object_set_new(amount, "payer_amount", json_integer(payment->cash_fen));
    failed |= json_object_set_new(amount, "payer_currency", json_string("CNY"));
    failed |= json_object_set_new(json, "trade_type",
                                  json_string(trade_type_name(part->order.trade_type)));
    failed |= json_object_set_new(json, "bank_type", json_string(payment->bank_type));
    failed |= json_object_set_new(json, "success_time", json_string(time));
    failed |= json_object_set_new(json, "transaction_id", json_string(payment->transaction_id));
    return failed;
}

static json_t *part_json(const struct combine *combine, const struct combine_part *part)
{
    const struct order_row *order = &part->order;
    const struct payment_row *payment = part->payment.order_id ? &part->payment : NULL;
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:{s:I, s:s}, s:s, s:o}", "mchid", part->account->mch_id, "trade_state",
        trade_state_name(order->state), "attach", text_of(order_field(order, "attach")), "amount",
        "total_amount", (json_int_t)order->total_fen, "currency", "CNY", "out_trade_no",
        order->out_trade_no, "promotion_detail", v3_promotion_detail(payment));
    if (!json || !payment || !add_paid(json, combine, part))
        return json;
    json_decref(json);
    return NULL;
}

static int add_text(json_t *json, const char *object, const char *name, struct view text)
{
    return text.len ? json_object_set_new(json, object, json_pack("{s:o}", name, text_of(text)))
                    : 0;
}

static int add_whole(json_t *json, const struct combine *combine)
{
    const struct combine_part *first = &combine->part[0];
    struct view openid = first->payment.order_id ? view_str(first->payment.openid)
                                                 : order_field(&first->order, "openid");
    int failed =
        add_text(json, "scene_info", "device_id", order_field(&first->order, "device_info"));
    failed |= add_text(json, "combine_payer_info", "openid", openid);
    if (combine->row.transaction_id[0])
        failed |= json_object_set_new(json, "combine_transaction_id",
                                      json_string(combine->row.transaction_id));
    return failed;
}

json_t *v3_combined(const struct combine *combine)
{
    json_t *list = json_array();
    int failed = !list;
    for (size_t i = 0; !failed && i < combine->count; i++)
        failed = json_array_append_new(list, part_json(combine, &combine->part[i]));
    json_t *json = json_pack("{s:o, s:s, s:s, s:o}", "combine_appid",
                             text_of(order_field(&combine->part[0].order, "appid")),
                             "combine_mchid", combine->account->mch_id, "combine_out_trade_no",
                             combine->row.out_trade_no, "sub_orders", list);
    if (!failed && json && !add_whole(json, combine))
        return json;
    json_decref(json);
    return NULL;
}

/* ---- the two calls ---------------------------------------------------------------------------- */

static const struct refusal *find(struct call *call, struct combine *out)
{
    struct view number = view_str(call->v3->param[0]);
    const struct refusal *no = v3_text_check(call, &number_field, number);
    if (!no)
        no = combine_find(&call->sandbox->engine, call->account, number, out);
    if (no && no->id == REFUSE_QUERY_UNKNOWN)
        call_refuse(call, no, VIEW("combine_out_trade_no"),
                    "V3 4.7: this merchant has combined no such order");
    return no;
}

const struct refusal *v3_combine_query(struct call *call)
{
    struct combine combine = {};
    const struct refusal *no = find(call, &combine);
    if (no)
        return no;
    call->v3->out = v3_combined(&combine);
    combine_release(&combine);
    return call->v3->out ? NULL : REFUSE(SYSTEM_ERROR);
}

static bool is_listed(const json_t *list, const struct combine_part *part)
{
    size_t i;
    json_t *sent;
    json_array_foreach((json_t *)(uintptr_t)list, i, sent)
    {
        const char *mchid = json_string_value(json_object_get(sent, "mchid"));
        const char *number = json_string_value(json_object_get(sent, "out_trade_no"));
        if (strcmp(mchid, part->account->mch_id) == 0 &&
            strcmp(number, part->order.out_trade_no) == 0)
            return true;
    }
    return false;
}

/* Exactly those that were ordered, whatever their order: each of them, and no more. */
static const struct refusal *check_list(struct call *call, const struct combine *combine)
{
    const json_t *list = v3_body_at(call, "sub_orders");
    struct view appid = v3_body_text(call, "combine_appid");
    if (!view_eq(appid, order_field(&combine->part[0].order, "appid")))
        return call_refuse(call, REFUSE(V3_COMBINE_LIST), VIEW("combine_appid"),
                           "V3 4.7: it was ordered with another combine_appid");
    if (json_array_size(list) != combine->count)
        return call_refuse(call, REFUSE(V3_COMBINE_LIST), VIEW("sub_orders"),
                           "V3 4.7: %zu sub-orders were ordered, %zu are listed", combine->count,
                           json_array_size(list));
    for (size_t i = 0; i < combine->count; i++)
        if (!is_listed(list, &combine->part[i]))
            return call_refuse(call, REFUSE(V3_COMBINE_LIST), VIEW("sub_orders"),
                               "V3 4.7: %s of merchant %s is not listed",
                               combine->part[i].order.out_trade_no,
                               combine->part[i].account->mch_id);
    return NULL;
}

const struct refusal *v3_combine_close(struct call *call)
{
    struct combine combine = {};
    const struct refusal *no = find(call, &combine);
    if (no)
        return no;
    no = check_list(call, &combine);
    if (!no) {
        no = combine_close(&call->sandbox->engine, &combine);
        if (no && no->id == REFUSE_ORDER_CLOSED)
            no = NULL; /* closing again is 204 again */
        else if (no)
            call_refuse(call, no, VIEW("combine_out_trade_no"), "V3 4.7: %s", no->code);
    }
    combine_release(&combine);
    return no;
}
