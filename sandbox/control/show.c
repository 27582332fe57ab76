#include "control/show.h"

#include "base/err.h"
#include "engine/notice_rule.h"
#include "engine/openid.h"
#include "engine/partner.h"

const char *const notice_mode_names[] = {
    [NOTICE_MODE_SEND] = "send",
    [NOTICE_MODE_HOLD] = "hold",
    [NOTICE_MODE_SUPPRESS] = "suppress",
    NULL,
};

const char *notice_state_name(enum notice_state state)
{
    static const char *const names[] = {
        [NOTICE_WAITING] = "waiting",       [NOTICE_SENDING] = "sending",   [NOTICE_HELD] = "held",
        [NOTICE_SUPPRESSED] = "suppressed", [NOTICE_DONE] = "acknowledged", [NOTICE_LOST] = "lost",
    };
    return state > 0 && (size_t)state < COUNT(names) ? names[state] : "unknown";
}

static void keep(struct json_out *out, int err)
{
    if (!out->err)
        out->err = err;
}

void show_clock(struct json_out *out, const char *key, const struct vclock *clock)
{
    int64_t real = clock_real_ms(), shown = vclock_ms(clock);

    out_open(out, key, '{');
    out_moment(out, "real", real);
    out_moment(out, "virtual", shown);
    out_bool(out, "frozen", clock->frozen);
    out_int(out, "offset_ms", clock->frozen ? shown - real : clock->offset_ms);
    out_close(out, '}');
}

void show_account(struct json_out *out, const char *key, const struct account *account)
{
    char openid[OPENID_MAX + 1];

    out_open(out, key, '{');
    out_str(out, "mch_id", account->mch_id);
    out_str(out, "name", account->name);
    out_open(out, "appids", '[');
    for (size_t i = 0; i < account->appid_count; i++)
        out_str(out, NULL, account->appid[i]);
    out_close(out, ']');
    out_open(out, "payers", '{');
    for (size_t i = 0; i < account->appid_count; i++) {
        openid_of(view_str(account->appid[i]), openid);
        out_str(out, account->appid[i], openid);
    }
    out_close(out, '}');
    out_text(out, "api_key", v2_key_text(account->v2_key));
    out_open(out, "products", '[');
    for (size_t i = 0; product_names[i]; i++) {
        if (account->products & (1u << i))
            out_str(out, NULL, product_names[i]);
    }
    out_close(out, ']');
    out_open(out, "sub_merchants", '{');
    for (size_t i = 0; i < account->sub_count; i++) {
        out_open(out, account->sub[i].mch_id, '[');
        for (size_t at = 0; at < account->sub[i].appid_count; at++)
            out_str(out, NULL, account->sub[i].appid[at]);
        out_close(out, ']');
    }
    out_close(out, '}');
    out_open(out, "switches", '{');
    for (int i = 0; i < SWITCH_COUNT; i++)
        out_str(out, switch_rows[i].name, switch_value(&account->switches, (enum switch_id)i));
    out_close(out, '}');
    out_open(out, "origins", '{');
    for (size_t i = 0; i < account->origin_count; i++)
        out_str(out, account->origin[i].announced, account->origin[i].real);
    out_close(out, '}');
    out_str(out, "notification_mode", notice_mode_names[account->notice_mode]);
    out_bool(out, "built_in", strcmp(account->mch_id, DEFAULT_MCH_ID) == 0);
    show_clock(out, "clock", &account->clock);
    out_close(out, '}');
}

static void show_payment(struct json_out *out, const char *key, struct sandbox *sandbox,
                         int64_t order_id)
{
    struct payment_row payment;
    int err = payment_get(sandbox->store, order_id, &payment);

    if (err) {
        out_null(out, key);
        if (err != ERR_NOT_FOUND)
            keep(out, err);
        return;
    }
    out_open(out, key, '{');
    out_str(out, "transaction_id", payment.transaction_id);
    out_str(out, "openid", payment.openid);
    out_str(out, "bank_type", payment.bank_type);
    out_int(out, "cash_fen", payment.cash_fen);
    out_open(out, "coupons", '[');
    for (size_t i = 0; i < payment.coupon_count; i++) {
        out_open(out, NULL, '{');
        out_str(out, "type", payment.coupon[i].cash ? "CASH" : "NO_CASH");
        out_int(out, "fee_fen", payment.coupon[i].fee_fen);
        out_str(out, "id", payment.coupon[i].id);
        out_close(out, '}');
    }
    out_close(out, ']');
    out_moment(out, "paid", payment.paid_ms);
    out_close(out, '}');
}

/* Which combined order a part belongs to; null for 0. */
static void show_combined(struct json_out *out, const char *key, struct sandbox *sandbox,
                          int64_t id)
{
    struct combine_row row = {};
    struct account *account;

    if (!id) {
        out_null(out, key);
        return;
    }
    keep(out, combine_get(sandbox->store, id, &row));
    account = accounts_by_id(sandbox->accounts, row.account_id);
    out_open(out, key, '{');
    out_str(out, "mch_id", account ? account->mch_id : NULL);
    out_str(out, "combine_out_trade_no", row.out_trade_no);
    out_close(out, '}');
    combine_row_release(&row);
}

/* What leads to its cashier, by its trade type. */
static void show_prepay(struct json_out *out, const struct order_row *order)
{
    bool native = order->trade_type == TRADE_TYPE_NATIVE;
    bool browser = order->trade_type == TRADE_TYPE_MWEB;
    char code_url[CODE_URL_MAX + 1], h5_url[H5_URL_MAX + 1];

    order_code_url(order, code_url);
    order_h5_url(order, h5_url);
    out_str(out, "prepay_id", order->prepay_id);
    out_str(out, "code_url", native ? code_url : NULL);
    out_str(out, "h5_url", browser ? h5_url : NULL);
}

/* The members of an order without the closing bracket. */
static void open_order(struct json_out *out, const char *key, struct sandbox *sandbox,
                       const struct order_row *order)
{
    struct account *account = accounts_by_id(sandbox->accounts, order->account_id);

    out_open(out, key, '{');
    out_int(out, "id", order->id);
    out_str(out, "mch_id", account ? account->mch_id : NULL);
    out_str(out, "out_trade_no", order->out_trade_no);
    out_str(out, "trade_type", trade_type_name(order->trade_type));
    out_str(out, "state", trade_state_name(order->state));
    out_int(out, "total_fen", order->total_fen);
    out_text(out, "body", order_field(order, "body"));
    out_text(out, "attach", order_field(order, "attach"));
    out_text(out, "notify_url", order_field(order, "notify_url"));
    struct view sub = order_field(order, "sub_mch_id");
    if (sub.len)
        out_text(out, "sub_mch_id", sub);
    else
        out_null(out, "sub_mch_id");
    show_prepay(out, order);
    out_moment(out, "created", order->created_ms);
    out_moment(out, "expire", order->expire_ms);
    out_moment(out, "closed", order->closed_ms);
    out_str(out, "sign_type", v2_sign_type_name((enum v2_sign_type)order->sign_type));
    show_payment(out, "payment", sandbox, order->id);
    show_combined(out, "combined", sandbox, order->combine_id);
}

void show_order(struct json_out *out, const char *key, struct sandbox *sandbox,
                const struct order_row *order)
{
    open_order(out, key, sandbox, order);
    out_close(out, '}');
}

/* @err is that of finding it. */
static void show_notice_found(struct json_out *out, const char *key, struct sandbox *sandbox,
                              int err, struct notice_row notice)
{
    if (err == ERR_NOT_FOUND)
        notice.id = 0;
    else
        keep(out, err);
    show_notice(out, key, sandbox, &notice);
}

void show_order_numbered(struct json_out *out, const char *key, struct sandbox *sandbox,
                         const struct account *account, struct view out_trade_no)
{
    struct order_row order = {};
    struct notice_row notice = {};
    int err = order_get_by_number(sandbox->store, account->id, out_trade_no, &order);

    if (err) {
        out_null(out, key);
        if (err != ERR_NOT_FOUND)
            keep(out, err);
    } else {
        open_order(out, key, sandbox, &order);
        err = notice_find(sandbox->store, account, out_trade_no, &notice);
        show_notice_found(out, "notification", sandbox, err, notice);
        out_close(out, '}');
    }
    order_row_release(&order);
}

void show_combine(struct json_out *out, const char *key, struct sandbox *sandbox,
                  const struct combine *combine)
{
    const struct combine_row *row = &combine->row;
    const struct order_row *first = &combine->part[0].order;
    struct notice_row notice = {};
    int err = notice_get_about(sandbox->store, NOTICE_COMBINE, row->id, &notice);

    out_open(out, key, '{');
    out_int(out, "id", row->id);
    out_str(out, "mch_id", combine->account->mch_id);
    out_str(out, "combine_out_trade_no", row->out_trade_no);
    out_str(out, "trade_type", trade_type_name(row->trade_type));
    out_str(out, "state", trade_state_name(row->state));
    out_int(out, "total_fen", combine_total_fen(combine));
    show_prepay(out, first);
    out_moment(out, "created", row->created_ms);
    out_moment(out, "expire", row->expire_ms);
    out_moment(out, "closed", row->closed_ms);
    out_moment(out, "paid", row->paid_ms);
    out_str(out, "transaction_id", row->transaction_id[0] ? row->transaction_id : NULL);
    out_open(out, "sub_orders", '[');
    for (size_t i = 0; i < combine->count; i++)
        show_order(out, NULL, sandbox, &combine->part[i].order);
    out_close(out, ']');
    show_notice_found(out, "notification", sandbox, err, notice);
    out_close(out, '}');
}

void show_combine_numbered(struct json_out *out, const char *key, struct sandbox *sandbox,
                           struct account *account, struct view number)
{
    struct combine combine;
    const struct refusal *no = combine_find(&sandbox->engine, account, number, &combine);

    if (no && no->id == REFUSE_SYSTEM_ERROR)
        keep(out, ERR_STORE);
    if (no)
        out_null(out, key);
    else
        show_combine(out, key, sandbox, &combine);
    combine_release(&combine);
}

void show_delivery(struct json_out *out, const char *key, const struct delivery_row *delivery)
{
    out_open(out, key, '{');
    out_int(out, "notification_id", delivery->notice_id);
    out_int(out, "attempt", delivery->attempt);
    out_moment(out, "sent", delivery->sent_ms);
    out_moment(out, "ended", delivery->ended_ms);
    if (delivery->status)
        out_int(out, "status", delivery->status);
    else
        out_null(out, "status");
    out_str(out, "error", delivery->error ? err_name(delivery->error) : NULL);
    out_bool(out, "acknowledged", delivery->acknowledged);
    out_str(out, "row", delivery->row[0] ? delivery->row : NULL);
    out_close(out, '}');
}

/* Of the order, or the combined order, that it is about. */
static int number_of(struct sandbox *sandbox, const struct notice_row *notice,
                     char out[OUT_TRADE_NO_MAX + 1])
{
    struct order_row order = {};
    struct combine_row combine = {};
    bool combined = notice->kind == NOTICE_COMBINE;
    int err = combined ? combine_get(sandbox->store, notice->about_id, &combine)
                       : order_get(sandbox->store, notice->order_id, &order);

    memcpy(out, combined ? combine.out_trade_no : order.out_trade_no, OUT_TRADE_NO_MAX + 1);
    combine_row_release(&combine);
    order_row_release(&order);
    return err;
}

static int add_delivery(void *ctx, const struct delivery_row *row)
{
    struct json_out *out = ctx;
    show_delivery(out, NULL, row);
    return out->err;
}

void show_notice(struct json_out *out, const char *key, struct sandbox *sandbox,
                 const struct notice_row *notice)
{
    char number[OUT_TRADE_NO_MAX + 1];

    if (!notice->id) {
        out_null(out, key);
        return;
    }
    out_open(out, key, '{');
    out_int(out, "id", notice->id);
    out_str(out, "out_trade_no", number_of(sandbox, notice, number) == 0 ? number : NULL);
    out_str(out, "of", notice_kind_name(notice->kind));
    out_str(out, "state", notice_state_name(notice->state));
    out_int(out, "attempts", notice->attempts);
    out_moment(out, "created", notice->created_ms);
    out_moment(out, "due", notice->state == NOTICE_WAITING ? notice->due_ms : 0);
    out_open(out, "deliveries", '[');
    keep(out, delivery_each(sandbox->store, notice->id, add_delivery, out));
    out_close(out, ']');
    out_close(out, '}');
}

/* What the phone shows of it: the sum, and what it is made of. */
static void show_scan_combined(struct json_out *out, const struct combine *combine)
{
    out_str(out, "payee", combine->account->name);
    out_str(out, "out_trade_no", combine->row.out_trade_no);
    out_text(out, "body", order_field(&combine->part[0].order, "body"));
    out_int(out, "total_fen", combine_total_fen(combine));
    out_str(out, "state", trade_state_name(combine->row.state));
    out_open(out, "sub_orders", '[');
    for (size_t i = 0; i < combine->count; i++) {
        const struct combine_part *part = &combine->part[i];
        out_open(out, NULL, '{');
        out_str(out, "mch_id", part->account->mch_id);
        out_str(out, "payee", part->account->name);
        out_str(out, "out_trade_no", part->order.out_trade_no);
        out_text(out, "body", order_field(&part->order, "body"));
        out_int(out, "total_fen", part->order.total_fen);
        out_close(out, '}');
    }
    out_close(out, ']');
}

void show_scan(struct json_out *out, const char *key, const struct scan *scan)
{
    struct view name = scan->account ? view_str(scan->account->name) : VIEW("");

    out_open(out, key, '{');
    out_str(out, "phone", phone_name(scan->phone));
    out_str(out, "text", phone_text(scan->phone));
    out_bool(out, "payable", scan->phone == PHONE_CASHIER);
    out_str(out, "mch_id", scan->account ? scan->account->mch_id : NULL);
    if (scan->combine) {
        show_scan_combined(out, scan->combine);
    } else if (scan->order.id) {
        out_text(out, "payee", name);
        out_str(out, "out_trade_no", scan->order.out_trade_no);
        out_text(out, "body", order_field(&scan->order, "body"));
        out_int(out, "total_fen", scan->order.total_fen);
        out_str(out, "state", trade_state_name(scan->order.state));
    } else {
        out_null(out, "payee");
        out_null(out, "out_trade_no");
        out_null(out, "body");
        out_null(out, "total_fen");
        out_null(out, "state");
    }
    out_close(out, '}');
}
