/* GET /v3/pay/transactions/out-trade-no/{…}, …/id/{…} — V3 4.2 */
#include "api/v3/partner.h"
#include "base/err.h"

static const struct v3_field number_field = {
    "V3 4.2 out_trade_no", "out_trade_no", "商户订单号", V3_TEXT, true, 6, 32,
    &v3_number_pattern,    NULL,           V3_PATH
};
static const struct v3_field id_field = { "V3 4.2 transaction_id",
                                          "transaction_id",
                                          "微信支付订单号",
                                          V3_TEXT,
                                          true,
                                          1,
                                          32,
                                          NULL,
                                          NULL,
                                          V3_PATH };
static const struct v3_field sp_mchid_field = {
    "V3 4.8 sp_mchid", "sp_mchid", "服务商户号", V3_TEXT, true, 1, 32, NULL, NULL, V3_QUERY
};
static const struct v3_field mchid_field = { "V3 4.2 mchid", "mchid", "直连商户号", V3_TEXT,
                                             true,           1,       32,           NULL,
                                             NULL,           V3_QUERY };

/* ---- what is told of an order ------------------------------------------------------------------- */

/* Texts other than the first two were never seen (V3 4.2). */
static const char *state_desc(enum trade_state state)
{
    switch (state) {
    case TRADE_NOTPAY: return "订单未支付";
    case TRADE_SUCCESS: return "支付成功";
    case TRADE_REFUND: return "转入退款";
    case TRADE_CLOSED: return "订单已关闭";
    default: return trade_state_desc(state);
    }
}

static json_t *coupon_json(const struct coupon *coupon)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s}", "coupon_id", coupon->id, "scope", "GLOBAL",
                     "type", coupon->cash ? "CASH" : "NOCASH", "amount",
                     (json_int_t)coupon->fee_fen, "currency", "CNY");
}

json_t *v3_promotion_detail(const struct payment_row *payment)
{
    json_t *list = json_array();
    for (size_t i = 0; list && payment && i < payment->coupon_count; i++) {
        if (json_array_append_new(list, coupon_json(&payment->coupon[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static json_t *text_of(struct view text)
{
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}

/* Members in the order of a captured answer; @wrong counts what could not be set. */
static json_t *unpaid_json(const struct account *account, const struct order_row *order)
{
    return json_pack("{s:{s:s, s:I}, s:o, s:s, s:s, s:o, s:{s:o}, s:s, s:s}", "amount",
                     "payer_currency", "CNY", "total", (json_int_t)order->total_fen, "appid",
                     text_of(order_field(order, "appid")), "mchid", account->mch_id, "out_trade_no",
                     order->out_trade_no, "promotion_detail", v3_promotion_detail(NULL),
                     "scene_info", "device_id", text_of(order_field(order, "device_info")),
                     "trade_state", trade_state_name(order->state), "trade_state_desc",
                     state_desc(order->state));
}

static json_t *paid_json(const struct account *account, const struct order_row *order,
                         const struct payment_row *payment)
{
    char time[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(payment->paid_ms, time);
    return json_pack(
        "{s:s, s:{s:s, s:s, s:I, s:I}, s:s, s:s, s:s, s:o, s:s, s:{s:s}, s:s, s:o, s:s, s:s}",
        "transaction_id", payment->transaction_id, "amount", "currency", "CNY", "payer_currency",
        "CNY", "payer_total", (json_int_t)payment->cash_fen, "total", (json_int_t)order->total_fen,
        "mchid", account->mch_id, "trade_state", trade_state_name(order->state), "bank_type",
        payment->bank_type, "promotion_detail", v3_promotion_detail(payment), "success_time", time,
        "payer", "openid", payment->openid, "out_trade_no", order->out_trade_no, "appid",
        text_of(order_field(order, "appid")), "trade_state_desc", state_desc(order->state),
        "trade_type", trade_type_name(order->trade_type));
}

json_t *v3_transaction(const struct account *account, const struct order_row *order,
                       const struct payment_row *payment)
{
    json_t *json = payment ? paid_json(account, order, payment) : unpaid_json(account, order);
    struct view attach = order_field(order, "attach");
    bool told = payment || attach.len; /* paid ones carry it also when it is empty */
    int err = json && told && json_object_set_new(json, "attach", text_of(attach)) != 0;
    if (json && !err)
        err = v3_tell_partner(json, account, order, payment);
    if (err) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* ---- the two calls ------------------------------------------------------------------------------ */

static const struct refusal *unread(struct call *call, const char *name)
{
    return call_refuse(call, REFUSE(V3_BAD_JSON), view_str(name),
                       "V3 4.2: the query parameter %s cannot be read", name);
}

static const struct refusal *check_mchid(struct call *call)
{
    const struct v3_field *field = v3_is_partner(call) ? &sp_mchid_field : &mchid_field;
    char mchid[65] = "";
    int err = v3_query_get(call, field->path, mchid, sizeof(mchid));
    if (err && err != ERR_NOT_FOUND)
        return unread(call, field->path);
    const struct refusal *no = v3_text_check(call, field, view_str(mchid));
    if (no || view_eq(view_str(mchid), call->v3->auth.mchid))
        return no;
    return call_refuse(call, REFUSE(V3_MCHID_DIFFERS), VIEW("mchid"),
                       "V3 1.5: the query says %s, Authorization %.*s", mchid,
                       VIEW_ARG(call->v3->auth.mchid));
}

/* V3 4.8: a provider's orders are asked for with the sub-merchant's number. */
static const struct refusal *check_whose(struct call *call, struct view id, struct view number)
{
    char sub[65] = "";
    int err = v3_is_partner(call) ? v3_query_get(call, "sub_mchid", sub, sizeof(sub)) : 0;
    if (err && err != ERR_NOT_FOUND)
        return unread(call, "sub_mchid");
    const struct refusal *no = v3_check_sub(call, view_str(sub));
    return no ? no : v3_check_sub_order(call, view_str(sub), id, number);
}

static int fill_answer(struct call *call, const struct order_row *order)
{
    struct payment_row payment;
    int err = payment_get(call->sandbox->store, order->id, &payment);
    if (err && err != ERR_NOT_FOUND)
        return err;
    call->v3->out = v3_transaction(call->account, order, err ? NULL : &payment);
    return call->v3->out ? 0 : ERR_NOMEM;
}

static const struct refusal *find(struct call *call, struct view id, struct view number)
{
    struct order_row order = {};
    const struct refusal *no = check_mchid(call);
    if (!no)
        no = check_whose(call, id, number);
    if (!no)
        no = order_find(&call->sandbox->engine, call->account, id, number, &order);
    if (no && no->id == REFUSE_QUERY_UNKNOWN)
        call_refuse(call, no, id.len ? VIEW("transaction_id") : VIEW("out_trade_no"),
                    "V3 4.2: no such order of this merchant");
    else if (!no && order.combine_id)
        no = call_refuse(call, REFUSE(COMBINED), VIEW("out_trade_no"),
                         "V3 4.7: a part of a combined order is queried with all others");
    else if (!no && fill_answer(call, &order))
        no = REFUSE(SYSTEM_ERROR);
    order_row_release(&order);
    return no;
}

const struct refusal *v3_query(struct call *call)
{
    struct view number = view_str(call->v3->param[0]);
    const struct refusal *no = v3_text_check(call, &number_field, number);
    return no ? no : find(call, (struct view){}, number);
}

const struct refusal *v3_query_id(struct call *call)
{
    struct view id = view_str(call->v3->param[0]);
    const struct refusal *no = v3_text_check(call, &id_field, id);
    return no ? no : find(call, id, (struct view){});
}
