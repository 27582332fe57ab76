/*
 * notify_after.c — what becomes of a notification afterwards: kept over a crash, and come too late.
 */
#include "base/mem.h"
#include "cases/common.h"

/* ---- durable -------------------------------------------------------------------------------- */

/* After the acknowledgement the platform's query says NOTPAY: only what was stored counts. */
#define SAY_NOTPAY                                                                                 \
    "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"alter\",\"count\":0,"                     \
    "\"set\":{\"trade_state\":\"NOTPAY\"},\"drop\":[\"transaction_id\",\"time_end\"],"             \
    "\"sign\":\"valid\"}"

static void durable_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_blind_query(bench, order) || bench_pay(bench, order, NULL) ||
        bench_await_ack(bench, order, 0) || !bench_met(bench) || bench_kill_restart(bench) ||
        bench_fault(bench, order, SAY_NOTPAY) ||
        bench_await_state(bench, order, ORDER_PAID, 2000) || bench_status(bench, order, "after"))
        return;
}

static void durable_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(after))
        rule_holds(ruling, "WX2-061", after,
                   "killed right after SUCCESS and started again, the "
                   "order was \"%s\"",
                   status_shown(after));
    else
        rule_broken(ruling, "WX2-061", after,
                    "the notification was answered SUCCESS, and after kill -9 the order was \"%s\"",
                    status_shown(after));
}

/* ---- too late ------------------------------------------------------------------------------- */

static void after_close_run(struct bench *bench)
{
    struct oracle_msg msg = {};
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_close(bench, order, "give-up"))
        return;
    if (bench_await_state(bench, order, ORDER_CLOSED, 1000))
        return;
    if (bench_state(order) != ORDER_CLOSED && bench_pass_time(bench, 6 * 60))
        return;
    if (bench_await_state(bench, order, ORDER_CLOSED, 3000) || bench_status(bench, order, "closed"))
        return;
    notice_fields(bench, order, &msg);
    int err = notice_seal(bench, order, &msg);
    for (int i = 0; i < 3 && !err; i++)
        err = notice_send(bench, order, &msg, NULL, "late");
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
    oracle_release(&msg);
}

static void after_close_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *closed = story_last(story, "status", "o1", "closed");
    const struct fact *after = story_last(story, "status", "o1", "after");
    int64_t shipped = fact_int(after, "/shipped", -1);

    if (!after)
        return;
    if (!fact_is(closed, "/state", "closed"))
        rule_undecided(ruling, "WX2-059", closed, "the order could not be closed first");
    else if (fact_is(after, "/state", "closed") && shipped > 0)
        rule_broken(ruling, "WX2-059", after, "the order is closed and goods went out %lld times",
                    (long long)shipped);
    else if (shipped > 1)
        rule_broken(ruling, "WX2-059", after,
                    "three copies of a late notification shipped %lld times", (long long)shipped);
    else if (status_settled(after))
        rule_departs(ruling, "WX2-059", after,
                     "the closed order became \"%s\": right only if that is a decision",
                     status_shown(after));
    else
        rule_holds(ruling, "WX2-059", after, "the order stayed \"%s\" and nothing went out",
                   status_shown(after));
}

static const struct case_def cases[] = {
    { .id = "notify/durable",
      .experiment = "The merchant is killed as soon as it has acknowledged, and started again.",
      .claims = { { "WX2-061", "the order is paid after the restart" } },
      .needs = NEED_STATUS | NEED_START,
      .run = durable_run,
      .decide = durable_decide },
    { .id = "notify/after-close",
      .experiment = "An order is given up and closed; then three copies of a payment's "
                    "notification arrive.",
      .claims = { { "WX2-059", "the order is not re-opened by it, and nothing goes out unseen" } },
      .needs = NEED_STATUS | NEED_CLOSE,
      .run = after_close_run,
      .decide = after_close_decide },
};

const struct chapter chapter_notify_after = { cases, COUNT(cases), API_V2 };
