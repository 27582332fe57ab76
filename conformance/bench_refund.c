/*
 * bench_refund.c — money that goes back: the merchant's door for it, and how it ends at the platform.
 */
#include "bench_priv.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>

#define AT_ONCE_MAX 8
#define DELIVERY_MS 10'000

int bench_hold_refunds(struct bench *bench)
{
    int err = bench_go(bench);
    if (err)
        return err;
    json_t *body = json_pack("{s:{s:s}}", "switches", "refund_result", "processing");
    return bench_control(
        bench,
        &(struct control_fact){
            .kind = "account", .method = "PATCH", .path = "/v1/accounts/{mch_id}", .body = body },
        NULL, NULL);
}

/* ---- the merchant's door --------------------------------------------------------------------- */

static void record(struct bench *bench, const struct order *order, int64_t fen, const char *label,
                   struct visit *visit)
{
    json_t *data = json_copy(visit->trace);
    json_object_set_new(data, "fen", json_integer((json_int_t)fen));
    bench_fact(bench, "refund", order, label, data);
    bench_hear(bench, &visit->answer);
    visit_release(visit);
}

int bench_refund_many(struct bench *bench, struct order *order, const int64_t *fens, size_t count,
                      const char *label)
{
    struct scope scopes[AT_ONCE_MAX] = {};
    const struct scope *views[AT_ONCE_MAX];
    struct visit visits[AT_ONCE_MAX] = {};
    int err = bench_go(bench);

    if (!err && (!bench->profile->refund.line || !count || count > AT_ONCE_MAX))
        err = bench_trouble(bench, "judge", "refund", "the case cannot ask for refunds so");
    if (!err)
        err = bench_login(bench, order->payer);
    if (err)
        return err;
    for (size_t i = 0; i < count && !err; i++) {
        views[i] = &scopes[i];
        scopes[i].outer = &slot_of(order)->scope;
        err = scope_set_i64(&scopes[i], "refund_fen", fens[i]);
    }
    struct errand errand = { .step = &bench->profile->refund,
                             .scope = &scopes[0],
                             .payer = order->payer,
                             .timeout_ms = bench_patience_ms(bench, 0) };
    if (!err && count == 1)
        err = shop_do(&bench->shop, &errand, &visits[0]);
    else if (!err && errand.step->command)
        err = ERR_USAGE;
    else if (!err)
        err = shop_do_all(&bench->shop, &errand, views, count, visits);
    if (err == ERR_USAGE)
        bench_skip(bench, "refunds asked for by a command cannot be asked for at the same time");
    else if (err)
        err = bench_errand_trouble(bench, "refund", err);
    for (size_t i = 0; i < count && !err; i++)
        record(bench, order, fens[i], label, &visits[i]);
    for (size_t i = 0; i < count; i++)
        scope_release(&scopes[i]);
    return err;
}

int bench_refund(struct bench *bench, struct order *order, int64_t fen, const char *label)
{
    return bench_refund_many(bench, order, &fen, 1, label);
}

/* ---- the platform's side --------------------------------------------------------------------- */

static void copy(const json_t *row, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(row, name));
    if (!text || view_copy(view_str(text), out, size))
        out[0] = '\0';
}

int bench_last_refund(struct bench *bench, const struct order *order, struct refund_known *out)
{
    json_t *answer = NULL;
    json_t *row;
    size_t i;
    struct control_call call = { "GET", "/v1/accounts/{mch_id}/refunds?limit=1000", NULL, 0 };
    int err = bench_go(bench);

    *out = (struct refund_known){};
    if (!err && platform_do(&bench->platform, &call, &answer))
        err = bench_platform_trouble(bench, "reading the refunds");
    json_array_foreach(json_object_get(answer, "refunds"), i, row)
    {
        const char *number = json_string_value(json_object_get(row, "out_trade_no"));
        if (!number || strcmp(number, order->out_trade_no) != 0)
            continue;
        copy(row, "out_refund_no", out->number, sizeof(out->number));
        copy(row, "refund_id", out->refund_id, sizeof(out->refund_id));
        copy(row, "notify_url", out->notify_url, sizeof(out->notify_url));
        out->fen = json_integer_value(json_object_get(row, "refund_fen"));
    }
    json_decref(answer);
    return err;
}

/* The order's newest notification that is not its payment's; 0 when there is none. */
static int64_t notice_of(struct bench *bench, const struct order *order)
{
    json_t *list = NULL;
    json_t *row;
    size_t i;
    int64_t id = 0, count = 0;
    struct control_call call = { "GET", "/v1/accounts/{mch_id}/notifications?limit=1000", NULL, 0 };

    if (platform_do(&bench->platform, &call, &list))
        return -1;
    json_array_foreach(json_object_get(list, "notifications"), i, row)
    {
        const char *number = json_string_value(json_object_get(row, "out_trade_no"));
        if (!number || strcmp(number, order->out_trade_no) != 0)
            continue;
        id = json_integer_value(json_object_get(row, "id"));
        count++;
    }
    json_decref(list);
    return count > 1 ? id : 0;
}

/* One delivery of it has ended, whatever the merchant says to it. */
static int deliver(struct bench *bench, struct order *order)
{
    char path[80];
    int64_t id = notice_of(bench, order);

    if (id < 0)
        return bench_platform_trouble(bench, "resend");
    if (!id) {
        bench_note(bench, order, "untold", "the merchant wants no notification of its refund");
        return 0;
    }
    snprintf(path, sizeof(path), "/v1/notifications/%" PRId64 "/resend", id);
    return bench_control(
        bench,
        &(struct control_fact){ .kind = "resend",
                                .order = order,
                                .label = "refund",
                                .method = "POST",
                                .path = path,
                                .body = json_pack("{s:i}", "wait_ms", DELIVERY_MS) },
        NULL, NULL);
}

int bench_refund_end(struct bench *bench, struct order *order, const char *state, bool told)
{
    struct refund_known known;
    struct buf path = BUF_INIT((size_t)512);
    int err = bench_last_refund(bench, order, &known);

    if (!err && !known.number[0])
        err = bench_trouble(bench, "merchant", "refund",
                            "the platform was asked for no refund of the order");
    if (!err)
        err = buf_fmt(&path, "/v1/accounts/{mch_id}/refunds/%s/end", known.number);
    if (!err)
        err = bench_control(bench,
                            &(struct control_fact){ .kind = "refund-end",
                                                    .order = order,
                                                    .method = "POST",
                                                    .path = buf_cstr(&path),
                                                    .body = json_pack("{s:s}", "state", state) },
                            NULL, NULL);
    if (!err && told)
        err = deliver(bench, order);
    buf_release(&path);
    return err;
}
