/* The payment notification — V2 6.2 */
#include "notify_priv.h"

#include "api/v2/api_v2.h"

#define NONCE_LEN 32

struct told {
    const char *name;
    struct view value;
};

static int add_filled(struct v2_msg *msg, const struct told *fields, size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        if (fields[i].value.len) /* no empty elements in normal traffic (interop) */
            err = v2_msg_add(msg, view_str(fields[i].name), fields[i].value);
    return err;
}

/* cash_fee comes in CDATA, total_fee bare: as captured (V2 6.2). */
static int add_amounts(struct v2_msg *msg, const struct order_row *order,
                       const struct payment_row *payment, const struct fault *fault)
{
    int64_t total_fen = order->total_fen, cash_fen = payment->cash_fen;
    if (fault && fault->kind == FAULT_ALTERED_AMOUNT) {
        cash_fen += fault->total_fen - total_fen; /* consistent in itself, and wrong */
        total_fen = fault->total_fen;
    }
    int err = v2_msg_add_int(msg, "total_fee", total_fen);
    if (!err)
        err = v2_msg_add_int(msg, "cash_fee", cash_fen < 0 ? 0 : cash_fen);
    if (!err)
        msg->field[msg->count - 1].bare = false;
    return err ? err : v2_add_coupons(msg, payment, total_fen);
}

static int add_fields(struct sandbox *sandbox, const struct account *account, struct v2_msg *msg,
                      const struct order_row *order, const struct payment_row *payment)
{
    char nonce[NONCE_LEN + 1], time_end[CN_TIME_LEN + 1];
    rng_alnum(&sandbox->rng, nonce, NONCE_LEN);
    cn_time_14(payment->paid_ms, time_end);
    struct view nonce_str = view_str(nonce);
    if (switch_is(&account->switches, SWITCH_notify_nonce, "order") &&
        order_field(order, "nonce_str").len)
        nonce_str = order_field(order, "nonce_str");
    bool typed = order->sign_type == V2_HMAC_SHA256 &&
                 switch_is(&account->switches, SWITCH_notify_sign_type, "present");
    const struct told fields[] = {
        /* by name, as they are sent: little is left to be sorted */
        { "appid", order_field(order, "appid") },
        { "attach", order_field(order, "attach") },
        { "bank_type", view_str(payment->bank_type) },
        { "device_info", order_field(order, "device_info") },
        { "fee_type", VIEW("CNY") },
        { "is_subscribe", VIEW("N") },
        { "mch_id", view_str(account->mch_id) },
        { "nonce_str", nonce_str },
        { "openid", view_str(payment->openid) },
        { "out_trade_no", view_str(order->out_trade_no) },
        { "result_code", VIEW("SUCCESS") },
        { "return_code", VIEW("SUCCESS") },
        { "sign_type", typed ? VIEW("HMAC-SHA256") : (struct view){} },
        { "time_end", view_str(time_end) },
        { "trade_type", view_str(trade_type_name(order->trade_type)) },
        { "transaction_id", view_str(payment->transaction_id) },
    };
    return add_filled(msg, fields, COUNT(fields));
}

int notify_body_v2(struct notify *notify, const struct account *account,
                   const struct order_row *order, const struct fault *fault, struct buf *out)
{
    struct sandbox *sandbox = notify->sandbox;
    struct v2_msg *msg = &notify->message;
    struct payment_row payment;
    v2_msg_clear(msg);
    int err = payment_get(sandbox->store, order->id, &payment);
    if (!err)
        err = add_fields(sandbox, account, msg, order, &payment);
    if (!err)
        err = add_amounts(msg, order, &payment, fault);
    if (!err)
        err = v2_msg_add_str(msg, "sign", "");
    if (err)
        return err;
    struct dress_v2 how = { .sign_type = (enum v2_sign_type)order->sign_type,
                            .key = account->v2_key,
                            .fault = fault };
    v2_msg_sort(msg);
    return dress_v2(msg, &how, out);
}
