/*
 * refund_run.c — the first half of refund_common.h: what is done.
 */
#include "cases/refund_common.h"

#include "base/err.h"

#define LEAST_FEN 100
#define MINUTE_S  60

/* An amount that can be given back in parts; 0: the price list has none (recorded as skip). */
static int64_t amount(struct bench *bench)
{
    const struct profile *profile = bench_profile(bench);

    if (profile->price != PRICE_SKUS)
        return 990;
    for (size_t i = 0; i < profile->sku_count; i++) {
        if (profile->skus[i].price_fen >= LEAST_FEN)
            return profile->skus[i].price_fen;
    }
    bench_skip(bench, "the price list has no goods over %d fen to give back in parts", LEAST_FEN);
    return 0;
}

struct order *refundable(struct bench *bench)
{
    const struct order_wish wish = { .amount_fen = amount(bench) };
    struct order *order = wish.amount_fen ? bench_create(bench, &wish) : NULL;

    if (!order || bench_hold_refunds(bench) || bench_pay(bench, order, NULL) ||
        bench_await_ack(bench, order, 0) || bench_await_state(bench, order, ORDER_PAID, 0))
        return NULL;
    return order;
}

static int ask(struct bench *bench, struct order *order, int64_t fen)
{
    int err = bench_refund(bench, order, fen, "ask");
    return err ? err : bench_await_calls(bench, order, bench_call_name(bench, CALL_REFUND), 1);
}

struct order *refunding(struct bench *bench)
{
    struct order *order = refundable(bench);
    return order && !ask(bench, order, order->total_fen) ? order : NULL;
}

void refund_accepted_run(struct bench *bench)
{
    struct order *order = refunding(bench);

    if (!order || bench_barrier(bench) || bench_status(bench, order, "accepted") ||
        bench_refund_end(bench, order, "SUCCESS", true) ||
        bench_await_state(bench, order, ORDER_REFUNDED, 0) || bench_status(bench, order, "after"))
        return;
}

/* Its queries fail, so that only the notification can tell. */
void refund_told_run(struct bench *bench)
{
    struct order *order = refunding(bench);
    struct buf fault = BUF_INIT((size_t)256);
    int err = order ? buf_fmt(&fault,
                              "{\"door\":\"api\",\"api\":\"%s\",\"kind\":\"system_error\","
                              "\"count\":0}",
                              bench_call_name(bench, CALL_REFUND_QUERY))
                    : ERR_NOT_FOUND;

    if (!err)
        err = bench_fault(bench, order, buf_cstr(&fault));
    if (!err)
        err = bench_refund_end(bench, order, "SUCCESS", true);
    if (!err)
        err = bench_await_state(bench, order, ORDER_REFUNDED, 0);
    if (!err)
        err = bench_status(bench, order, "after");
    buf_release(&fault);
    (void)err; /* recorded */
}

/* Nobody tells: its own timetable, or a refresh, must find it. */
void refund_found_run(struct bench *bench)
{
    static const int64_t later_s[] = { 10 * MINUTE_S, 60 * MINUTE_S };
    const struct profile *profile = bench_profile(bench);
    struct order *order = refundable(bench);

    if (!order || bench_notify_mode(bench, NULL, "suppress") ||
        ask(bench, order, order->total_fen) || bench_refund_end(bench, order, "SUCCESS", false))
        return;
    if (profile->query_fallback_within_ms > 0
            ? bench_pass_time(bench, (profile->query_fallback_within_ms + 999) / 1000)
            : make_it_ask(bench, order, "ask"))
        return;
    if (bench_await_state(bench, order, ORDER_REFUNDED, 2000))
        return;
    for (size_t i = 0; profile->clock.line && i < 2 && bench_state(order) != ORDER_REFUNDED; i++) {
        if (bench_pass_time(bench, later_s[i]) ||
            bench_await_state(bench, order, ORDER_REFUNDED, 2000))
            return;
    }
    /* what it was told by now comes before the look */
    if (bench_collect(bench) || bench_await_state(bench, order, ORDER_REFUNDED, 0) ||
        bench_status(bench, order, "after"))
        return;
}

/* A minute passes where that costs nothing: refunds of one order may be that far apart. */
static int a_minute(struct bench *bench)
{
    return bench_profile(bench)->clock.line ? bench_pass_time(bench, MINUTE_S + 1) : 0;
}

void refund_closed_run(struct bench *bench)
{
    struct order *order = refunding(bench);

    if (!order || bench_refund_end(bench, order, "CLOSED", true) || bench_barrier(bench) ||
        bench_status(bench, order, "after") || bench_collect(bench) ||
        bench_refund(bench, order, order->total_fen, "renewed") || a_minute(bench) ||
        bench_await_calls(bench, order, bench_call_name(bench, CALL_REFUND), 2))
        return;
}

void refund_abnormal_run(struct bench *bench)
{
    struct order *order = refunding(bench);

    if (!order || bench_refund_end(bench, order, "ABNORMAL", true) || bench_barrier(bench) ||
        bench_status(bench, order, "after"))
        return;
}

void refund_sum_run(struct bench *bench)
{
    struct order *order = refundable(bench);

    if (!order || bench_refund(bench, order, order->total_fen + 1, "too-much"))
        return;
    const int64_t halves[] = { order->total_fen / 2 + 1, order->total_fen / 2 + 2 };
    if (bench_refund_many(bench, order, halves, 2, "at-once") ||
        bench_await_calls(bench, order, bench_call_name(bench, CALL_REFUND), 1) ||
        a_minute(bench) || bench_barrier(bench) || bench_collect(bench))
        return;
}

void refund_fields_run(struct bench *bench)
{
    struct order *order = refundable(bench);

    if (!order || ask(bench, order, order->total_fen / 2) || bench_collect(bench))
        return;
}

/* Until it has tried again by itself; else the staff asks again. */
static int try_again(struct bench *bench, struct order *order)
{
    static const int64_t pauses_s[] = { 5, 30, 2 * MINUTE_S };
    const char *asks = bench_call_name(bench, CALL_REFUND);
    const char *queries = bench_call_name(bench, CALL_REFUND_QUERY);
    int err = 0;

    for (size_t i = 0; !err && i < 3 && bench_profile(bench)->clock.line; i++)
        err = bench_pass_time(bench, pauses_s[i]);
    if (!err && bench_calls(bench, order, asks) < 2 && !bench_calls(bench, order, queries))
        err = bench_refund(bench, order, order->total_fen, "again");
    return err;
}

void refund_fault(struct bench *bench, const char *what)
{
    struct order *order = refundable(bench);
    struct buf fault = BUF_INIT((size_t)512);
    int err = order ? buf_fmt(&fault, "{\"door\":\"api\",\"api\":\"%s\",%s}",
                              bench_call_name(bench, CALL_REFUND), what)
                    : ERR_NOT_FOUND;

    if (!err)
        err = bench_fault(bench, order, buf_cstr(&fault));
    if (!err)
        err = ask(bench, order, order->total_fen);
    if (!err)
        err = try_again(bench, order);
    if (!err)
        err = bench_barrier(bench);
    if (!err)
        err = bench_collect(bench);
    buf_release(&fault);
    (void)err; /* recorded */
}
