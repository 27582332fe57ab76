/* /v3/refund/domestic/refunds — V3 4.4, 7 */
#include "engine/refund.h"
#include "api/v3/partner.h"
#include "base/err.h"
#include "engine/money.h"

#define FEN_MAX INT64_MAX

static bool is_refund_number(struct view text)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*@";
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr(set, text.ptr[i]))
            return false;
    return text.len > 0;
}

static const struct v3_pattern refund_number = { "^[0-9a-zA-Z_\\-\\|\\*@]+$", is_refund_number };

static const struct refusal *rule_funds(struct call *call, const struct v3_field *field,
                                        const json_t *value)
{
    const char *text = json_string_value(value);
    if (strcmp(text, "AVAILABLE") == 0 || strcmp(text, "UNSETTLED") == 0)
        return NULL;
    return v3_field_refuse(call, field, json_deep_copy(value), "is none of its values",
                           "输入源“/body/%s”映射到值字段“%s”枚举值校验失败，可选值为 "
                           "AVAILABLE、UNSETTLED",
                           field->path, field->label);
}

#define P "V3 4.4 "
#define G "goods_detail/*/"

const struct v3_field v3_refund_fields[] = {
    { P "sub_mchid", "sub_mchid", "子商户号", V3_TEXT, false, 1, 32, NULL, NULL, V3_BODY },
    { P "transaction_id", "transaction_id", "微信支付订单号", V3_TEXT, false, 1, 32, NULL, NULL,
      V3_BODY },
    { P "out_trade_no", "out_trade_no", "商户订单号", V3_TEXT, false, 6, 32, &v3_number_pattern,
      NULL, V3_BODY },
    { P "out_refund_no", "out_refund_no", "商户退款单号", V3_TEXT, true, 1, 64, &refund_number,
      NULL, V3_BODY },
    { P "reason", "reason", "退款原因", V3_TEXT, false, 0, 80, NULL, NULL, V3_BODY },
    { P "notify_url", "notify_url", "退款结果回调url", V3_TEXT, false, 8, 256, &v3_url_pattern,
      NULL, V3_BODY },
    { P "funds_account", "funds_account", "退款资金来源", V3_TEXT, false, 1, 32, NULL, rule_funds,
      V3_BODY },
    { P "amount", "amount", "金额信息", V3_OBJECT, true, 0, 0, NULL, NULL, V3_BODY },
    { P "amount.refund", "amount/refund", "退款金额", V3_INTEGER, true, 1, FEN_MAX, NULL, NULL,
      V3_BODY },
    { P "amount.from", "amount/from", "退款出资账户及金额", V3_ARRAY, false, 0, 10, NULL, NULL,
      V3_BODY },
    { P "amount.from.account", "amount/from/*/account", "出资账户类型", V3_TEXT, true, 1, 32, NULL,
      NULL, V3_BODY },
    { P "amount.from.amount", "amount/from/*/amount", "出资金额", V3_INTEGER, true, 1, FEN_MAX,
      NULL, NULL, V3_BODY },
    { P "amount.total", "amount/total", "原订单金额", V3_INTEGER, true, 1, FEN_MAX, NULL, NULL,
      V3_BODY },
    { P "amount.currency", "amount/currency", "退款币种", V3_TEXT, true, 1, 16, NULL,
      v3_rule_currency, V3_BODY },
    { P "goods_detail", "goods_detail", "退款商品", V3_ARRAY, false, 0, 6000, NULL, NULL, V3_BODY },
    { P "merchant_goods_id", G "merchant_goods_id", "商户侧商品编码", V3_TEXT, true, 1, 32, NULL,
      NULL, V3_BODY },
    { P "unit_price", G "unit_price", "商品单价", V3_INTEGER, true, 0, FEN_MAX, NULL, NULL,
      V3_BODY },
    { P "refund_amount", G "refund_amount", "商品退款金额", V3_INTEGER, true, 0, FEN_MAX, NULL,
      NULL, V3_BODY },
    { P "refund_quantity", G "refund_quantity", "商品退货数量", V3_INTEGER, true, 1, INT32_MAX,
      NULL, NULL, V3_BODY },
    { 0 },
};

/* ---- what is told ------------------------------------------------------------------------------- */

/* The payer's cash and the coupons go back in one share; coupons that are no cash are not settled. */
static json_t *amount_json(const struct refund_row *refund, const struct order_row *order,
                           const struct payment_row *payment)
{
    struct refund_share share;
    refund_share(order, payment, refund, &share);
    return json_pack("{s:I, s:I, s:[], s:I, s:I, s:I, s:I, s:I, s:s}", "total",
                     (json_int_t)order->total_fen, "refund", (json_int_t)refund->refund_fen, "from",
                     "payer_total", (json_int_t)payment->cash_fen, "payer_refund",
                     (json_int_t)share.cash_fen, "settlement_refund", (json_int_t)share.settled_fen,
                     "settlement_total", (json_int_t)money_settled(order, payment),
                     "discount_refund", (json_int_t)share.coupons_fen, "currency", "CNY");
}

/* Each coupon of which something goes back. */
static json_t *promotion_json(const struct refund_row *refund, const struct order_row *order,
                              const struct payment_row *payment)
{
    struct refund_share share;
    json_t *list = json_array();
    int failed = !list;
    refund_share(order, payment, refund, &share);
    for (size_t i = 0; !failed && i < payment->coupon_count; i++) {
        const struct coupon *coupon = &payment->coupon[i];
        if (share.coupon_fen[i])
            failed = json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "promotion_id", coupon->id, "scope",
                                "GLOBAL", "type", coupon->cash ? "CASH" : "NOCASH", "amount",
                                (json_int_t)coupon->fee_fen, "refund_amount",
                                (json_int_t)share.coupon_fen[i]));
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static int add_time(json_t *json, const char *name, int64_t ms)
{
    char text[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(ms, text);
    return json_object_set_new(json, name, json_string(text));
}

static int fill_answer(struct call *call, const struct refund_row *refund,
                       const struct order_row *order, const struct payment_row *payment)
{
    char receiver[64];
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "refund_id", refund->refund_id,
        "out_refund_no", refund->out_refund_no, "transaction_id", payment->transaction_id,
        "out_trade_no", order->out_trade_no, "channel", "ORIGINAL", "user_received_account",
        refund_receiver(payment, receiver), "status", refund_state_name(refund->state),
        "funds_account", refund->funds_account[0] ? refund->funds_account : "AVAILABLE", "amount",
        amount_json(refund, order, payment), "promotion_detail",
        promotion_json(refund, order, payment));
    int failed = !json || add_time(json, "create_time", refund->created_ms) != 0;
    if (!failed && refund->state == REFUND_SUCCESS)
        failed = add_time(json, "success_time", refund->ended_ms) != 0;
    call->v3->out = json;
    return failed ? ERR_NOMEM : 0;
}

json_t *v3_refund_told(const struct account *account, const struct refund_row *refund,
                       const struct order_row *order, const struct payment_row *payment)
{
    char receiver[64];
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I}}", "mchid", account->mch_id,
        "transaction_id", payment->transaction_id, "out_trade_no", order->out_trade_no, "refund_id",
        refund->refund_id, "out_refund_no", refund->out_refund_no, "refund_status",
        refund_state_name(refund->state), "user_received_account",
        refund_receiver(payment, receiver), "amount", "total", (json_int_t)order->total_fen,
        "refund", (json_int_t)refund->refund_fen, "payer_total", (json_int_t)payment->cash_fen,
        "payer_refund", (json_int_t)refund_cash(order, payment, refund));
    int err = json ? v3_tell_partner(json, account, order, payment) : 0;
    if (json && !err && refund->state == REFUND_SUCCESS)
        err = add_time(json, "success_time", refund->ended_ms);
    if (err) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* ---- the calls ---------------------------------------------------------------------------------- */

const struct refusal *v3_refund_answer(struct call *call, const struct refusal *no,
                                       struct refund_row *refund, struct order_row *order,
                                       const struct payment_row *payment)
{
    if (no)
        call_refuse(call, no, VIEW("out_refund_no"), "V3 4.4: %s", no->code);
    else if (fill_answer(call, refund, order, payment))
        no = REFUSE(SYSTEM_ERROR);
    if (order->out_trade_no[0])
        (void)view_copy(view_str(order->out_trade_no), call->exchange->out_trade_no,
                        sizeof(call->exchange->out_trade_no));
    refund_row_release(refund);
    order_row_release(order);
    return no;
}

const struct refusal *v3_refund(struct call *call)
{
    struct refund_spec spec = {
        .dialect = DIALECT_V3,
        .transaction_id = v3_body_text(call, "transaction_id"),
        .out_trade_no = v3_body_text(call, "out_trade_no"),
        .out_refund_no = v3_body_text(call, "out_refund_no"),
        .total_fen = json_integer_value(v3_body_at(call, "amount/total")),
        .refund_fen = json_integer_value(v3_body_at(call, "amount/refund")),
        .notify_url = v3_body_text(call, "notify_url"),
        .reason = v3_body_text(call, "reason"),
        .funds_account = v3_body_text(call, "funds_account"),
    };
    struct refund_row refund = {};
    struct order_row order = {};
    struct payment_row payment = {};
    if (!spec.transaction_id.len && !spec.out_trade_no.len)
        return v3_field_refuse(call, &v3_refund_fields[1], NULL,
                               "transaction_id or out_trade_no is required",
                               "输入源“/body/transaction_id”映射到字段“微信支付订单号”"
                               "必填性规则校验失败，此字段为必填项");
    struct view sub = v3_body_text(call, "sub_mchid");
    const struct refusal *no = v3_check_sub(call, sub);
    if (!no)
        no = v3_check_sub_order(call, sub, spec.transaction_id, spec.out_trade_no);
    if (no)
        return no;
    no = refund_open(&call->sandbox->engine, call->account, &spec, &refund, &order, &payment);
    return v3_refund_answer(call, no, &refund, &order, &payment);
}

const struct refusal *v3_refund_query(struct call *call)
{
    struct refund_row refund = {};
    struct order_row order = {};
    struct payment_row payment = {};
    struct refund_name name = { .out_refund_no = view_str(call->v3->param[0]) };
    char sub[65] = "";
    int err = v3_query_get(call, "sub_mchid", sub, sizeof(sub));
    const struct refusal *no =
        err && err != ERR_NOT_FOUND ? REFUSE(V3_BAD_JSON) : v3_check_sub(call, view_str(sub));
    if (no)
        return no;
    no = refund_find(&call->sandbox->engine, call->account, &name, &refund, &order, &payment);
    if (!no && !view_is(order_field(&order, "sub_mch_id"), sub))
        no = REFUSE(V3_SUB_ORDER);
    return v3_refund_answer(call, no, &refund, &order, &payment);
}
