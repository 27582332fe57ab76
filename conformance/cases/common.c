#include "cases/common.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- for run -------------------------------------------------------------------------------- */

enum oracle_algorithm notice_algorithm(const struct order *order)
{
    return strcmp(order->sign_type, "HMAC-SHA256") == 0 ? ORACLE_HMAC_SHA256 : ORACLE_MD5;
}

/* A number of the platform's look: 10 digits of a channel, the day, 10 digits. */
static void new_transaction(struct bench *bench, const char *day, char out[29])
{
    snprintf(out, 29, "4200000001%.8s%010llu", day,
             (unsigned long long)bench_random_below(bench, 10'000'000'000));
}

void notice_fields(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    char time_end[CN_TIME_LEN + 1], transaction[29], nonce[33];
    const char *attach = bench_ordered(order, "attach");

    cn_time_14(bench_now_ms(bench), time_end);
    new_transaction(bench, time_end, transaction);
    bench_random(bench, nonce, 32);
    oracle_add(msg, "appid", order->appid);
    if (attach[0])
        oracle_add(msg, "attach", attach);
    oracle_add(msg, "bank_type", order->bank_type[0] ? order->bank_type : "OTHERS");
    oracle_add_i64(msg, "cash_fee", order->total_fen);
    oracle_add(msg, "fee_type", "CNY");
    oracle_add(msg, "is_subscribe", "N");
    oracle_add(msg, "mch_id", bench_account(bench)->mch_id);
    oracle_add(msg, "nonce_str", nonce);
    oracle_add(msg, "openid", order->openid[0] ? order->openid : "oUpF8uMEb4qRXf22hE3X68TekukE");
    oracle_add(msg, "out_trade_no", order->out_trade_no);
    oracle_add(msg, "result_code", "SUCCESS");
    oracle_add(msg, "return_code", "SUCCESS");
    if (notice_algorithm(order) == ORACLE_HMAC_SHA256)
        oracle_add(msg, "sign_type", "HMAC-SHA256");
    oracle_add(msg, "time_end", order->time_end[0] ? order->time_end : time_end);
    oracle_add_i64(msg, "total_fee", order->total_fen);
    oracle_add(msg, "trade_type", "NATIVE");
    oracle_add(msg, "transaction_id",
               order->transaction_id[0] ? order->transaction_id : transaction);
}

int notice_seal(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return oracle_seal(msg, notice_algorithm(order), bench_account(bench)->api_key);
}

int notice_send(struct bench *bench, const struct order *order, const struct oracle_msg *msg,
                const struct oracle_shape *shape, const char *label)
{
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    int err = oracle_write(msg, shape, &body);

    if (!err) {
        const struct sending sending = { .label = label, .body = buf_view(&body) };
        err = bench_send(bench, order, &sending);
    }
    buf_release(&body);
    return err;
}

struct order *victim(struct bench *bench, const struct order_wish *wish)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, wish ? wish : &any);

    if (!order || bench_blind_query(bench, order) || bench_status(bench, order, "before"))
        return NULL;
    return order;
}

int look_after(struct bench *bench, struct order *order)
{
    int err = bench_alive(bench, "after");

    if (!err)
        err = bench_barrier(bench);
    return err ? err : bench_status(bench, order, "after");
}

void forge_each(struct bench *bench, const char *what, forge_fn *const *changes, size_t count)
{
    struct order *order = victim(bench, NULL);
    int err = order ? 0 : ERR_NOT_FOUND;

    if (!err)
        bench_note(bench, order, "what", what);
    for (size_t i = 0; i < count && !err; i++) {
        struct oracle_msg msg = {};
        notice_fields(bench, order, &msg);
        err = changes[i](bench, order, &msg);
        if (!err)
            err = notice_send(bench, order, &msg, NULL, "forged");
        oracle_release(&msg);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* what went wrong is recorded, and leaves the claims open */
}

void forge(struct bench *bench, const char *what, forge_fn *change)
{
    forge_each(bench, what, &change, 1);
}

int pay_and_look(struct bench *bench, struct order *order, const struct payment *payment,
                 const char *fault)
{
    int err = fault ? bench_fault(bench, order, fault) : 0;

    if (!err)
        err = bench_pay(bench, order, payment);
    if (!err)
        err = bench_await_deliveries(bench, order, 1, 0);
    if (!err)
        err = bench_await_state(bench, order, ORDER_PAID, 0);
    if (!err)
        err = bench_status(bench, order, "after");
    return err;
}

int make_it_ask(struct bench *bench, struct order *order, const char *label)
{
    const struct profile *profile = bench_profile(bench);

    if (profile->refresh.line)
        return bench_refresh(bench, order, label);
    if (profile->status_asks_platform)
        return bench_status(bench, order, label);
    if (!profile->query_fallback_within_ms) {
        bench_skip(bench, "the profile has no refresh and the merchant never asks by itself");
        return ERR_NOT_FOUND;
    }
    bench_mark(bench);
    int err = bench_pass_time(bench, (profile->query_fallback_within_ms + 999) / 1000);
    return err ? err : bench_await_calls(bench, order, bench_call_name(bench, CALL_QUERY), 1);
}

static int order_fault(struct bench *bench, const struct order *order, json_t *fault)
{
    char *text = fault ? json_dumps(fault, JSON_COMPACT) : NULL;
    int err = text ? bench_fault(bench, order, text) : ERR_NOMEM;

    free(text); /* jansson's allocator, not ours */
    json_decref(fault);
    return err;
}

int query_says_paid(struct bench *bench, const struct order *order, const char *sign,
                    const char *extra)
{
    char time_end[CN_TIME_LEN + 1], transaction[29], total[24];
    json_t *more = extra ? json_loads(extra, 0, NULL) : NULL;

    cn_time_14(bench_now_ms(bench), time_end);
    new_transaction(bench, time_end, transaction);
    snprintf(total, sizeof(total), "%lld", (long long)order->total_fen);
    json_t *set =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "return_code", "SUCCESS",
                  "result_code", "SUCCESS", "trade_state", "SUCCESS", "trade_type", "NATIVE",
                  "total_fee", total, "cash_fee", total, "fee_type", "CNY", "openid",
                  "oUpF8uMEb4qRXf22hE3X68TekukE", "is_subscribe", "N", "bank_type", "OTHERS",
                  "transaction_id", transaction, "time_end", time_end);
    int err = set && (!extra || (more && !json_object_update(set, more))) ? 0 : ERR_NOMEM;
    json_decref(more);
    if (err) {
        json_decref(set);
        return err;
    }
    return order_fault(bench, order,
                       json_pack("{s:s,s:s,s:s,s:i,s:s,s:o}", "door", "api", "api", "orderquery",
                                 "kind", "alter", "count", 0, "sign", sign, "set", set));
}

int query_says_notpay(struct bench *bench, const struct order *order)
{
    return order_fault(bench, order,
                       json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:s,s:s},s:[s,s,s,s,s,s,s]}", "door",
                                 "api", "api", "orderquery", "kind", "alter", "count", 0, "sign",
                                 "valid", "set", "trade_state", "NOTPAY", "trade_state_desc",
                                 "订单未支付", "drop", "transaction_id", "time_end", "openid",
                                 "is_subscribe", "bank_type", "cash_fee", "fee_type"));
}
