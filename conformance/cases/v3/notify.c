/*
 * v3/notify.c — genuine notifications: reached, acknowledged in time, handled once.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "cases/v3/common.h"

#define HOUR_S          3600
#define CROWD           20
#define ANSWER_LIMIT_MS 5000
#define ANSWER_SOON_MS  2000

/* Paid, notified by the sandbox, acknowledged and shipped: "first" is how it looks then. */
static struct order *settled_order(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_blind_query(bench, order) || bench_pay(bench, order, NULL) ||
        bench_await_ack(bench, order, 0) || bench_await_state(bench, order, ORDER_PAID, 0) ||
        bench_await_shipped(bench, order, 1, 0) || bench_status(bench, order, "first"))
        return NULL;
    return order;
}

/* ---- the plain purchase ---------------------------------------------------------------------- */

static void paid_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_pay(bench, order, NULL) || bench_await_deliveries(bench, order, 1, 0))
        return;
    if (bench_profile(bench)->status.step.line && !bench_await_state(bench, order, ORDER_PAID, 0) &&
        bench_status(bench, order, "after"))
        return;
}

static void decide_reached(struct ruling *ruling, const struct fact *delivery)
{
    int64_t status = fact_int(delivery, "/answer/status", 0);

    if (!status)
        rule_undecided(ruling, "WX3-049", delivery,
                       "%s did not answer (%s): is notify_hosts of the profile right?",
                       fact_str(delivery, "/real_url"), fact_str(delivery, "/error"));
    else if (status >= 300 && status < 500)
        rule_broken(ruling, "WX3-049", delivery, "a genuine notification was answered with %lld",
                    (long long)status);
    else if (status >= 500)
        rule_undecided(ruling, "WX3-049", delivery, "the endpoint was reached, and answered %lld",
                       (long long)status);
    else
        rule_holds(ruling, "WX3-049", delivery, "an anonymous POST was answered with %lld",
                   (long long)status);
}

static void paid_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *delivery = story_delivery(story, NULL, "o1");

    if (!delivery)
        return;
    decide_reached(ruling, delivery);
    if (!answered(delivery))
        rule_undecided(ruling, "WX3-039", delivery, "no answer came (%s)",
                       fact_str(delivery, "/error"));
    else if (note_acked(delivery))
        rule_holds(ruling, "WX3-039", delivery, "the answer is %lld",
                   (long long)fact_int(delivery, "/answer/status", 0));
    else
        rule_broken(ruling, "WX3-039", delivery, "a genuine notification was answered with %lld",
                    (long long)fact_int(delivery, "/answer/status", 0));
}

/* ---- in time --------------------------------------------------------------------------------- */

/* Until one is quick, three times: on a busy machine a single slow one proves nothing. */
static int timed_rounds(struct bench *bench, const char *label, size_t copies)
{
    bool quick = false;

    for (int i = 0; i < 3 && !quick; i++) {
        const struct note_how how = { .label = label, .copies = copies };
        struct order *order = paid_unnoticed(bench);
        if (!order)
            return -1;
        int64_t from_us = clock_mono_us();
        int err = note_send(bench, order, note_plain(bench, order), &how);
        if (err)
            return err;
        quick = clock_mono_us() - from_us < (int64_t)ANSWER_SOON_MS * 1000;
    }
    return 0;
}

static void time_run(struct bench *bench)
{
    if (timed_rounds(bench, "single", 1) || timed_rounds(bench, "crowd", CROWD))
        return;
}

static void decide_time(const struct story *story, struct ruling *ruling, const char *label)
{
    struct timed timed = { "sent", label, "/took_ms", ANSWER_LIMIT_MS };
    const struct fact *worst = NULL;
    enum timing in_time = story_timing(story, &timed, &worst);
    long long took = fact_int(worst, "/took_ms", -1);

    if (in_time == TIMING_MISSED)
        rule_broken(ruling, "WX3-039", worst, "three times in a row it took %lld ms (%s)", took,
                    label);
    else if (in_time == TIMING_UNSURE)
        rule_undecided(ruling, "WX3-039", worst,
                       "it took %lld ms, but this machine was slow itself (%s)", took, label);
    else
        rule_holds(ruling, "WX3-039", worst, "answered in time, also 20 copies at once");
}

static void time_decide(const struct story *story, struct ruling *ruling)
{
    if (!story_first(story, "sent", NULL, "single") || !story_first(story, "sent", NULL, "crowd"))
        return;
    decide_time(story, ruling, "single");
    decide_time(story, ruling, "crowd");
}

/* ---- once ------------------------------------------------------------------------------------ */

/* Nothing more went out between "first" and "after". */
static void decide_shipped_once(const struct story *story, struct ruling *ruling, const char *rule,
                                const char *what)
{
    const struct fact *first = story_first(story, "status", "o1", "first");
    const struct fact *after = story_last(story, "status", "o1", "after");
    int64_t was = fact_int(first, "/shipped", 0), is = fact_int(after, "/shipped", -1);

    if (!after)
        return;
    if (is < 0)
        rule_undecided(ruling, rule, after, "the profile does not show how often goods went out");
    else if (is > 1 && is > was)
        rule_broken(ruling, rule, after, "goods went out %lld times after %s", (long long)is, what);
    else if (is == 0)
        rule_undecided(ruling, rule, after, "nothing was shipped at all");
    else
        rule_holds(ruling, rule, after, "goods went out once, also after %s", what);
}

/* The same order's notification again: a new stamp, nonce and signature each time (V3 6.4). */
static void send_again(struct bench *bench, struct order *order, int times)
{
    static const struct note_how copy = { .label = "copy" };
    int err = 0;

    for (int i = 0; i < times && !err; i++)
        err = note_send(bench, order, note_plain(bench, order), &copy);
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
}

static void duplicate_run(struct bench *bench)
{
    struct order *order = settled_order(bench);

    if (order && !bench_resend(bench, order))
        send_again(bench, order, 3);
}

static void duplicate_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *resent = NULL;

    decide_shipped_once(story, ruling, "WX3-041", "four more of its notifications");
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", "o1", "copy"));) {
        if (answered(f) && !note_acked(f))
            rule_broken(ruling, "WX3-042", f, "a repeat was answered %lld",
                        (long long)fact_int(f, "/answer/status", 0));
        else if (answered(f))
            rule_holds(ruling, "WX3-042", f, "repeats were acknowledged");
    }
    for (const struct fact *f = NULL; (f = story_delivery(story, f, "o1"));)
        resent = f;
    if (answered(resent) && !note_acked(resent))
        rule_broken(ruling, "WX3-042", resent, "the platform's own repeat was answered %lld",
                    (long long)fact_int(resent, "/answer/status", 0));
}

static void parallel_run(struct bench *bench)
{
    for (int round = 0; round < 2; round++) {
        static const struct order_wish any = {};
        struct order *order = bench_create(bench, &any);

        if (!order || bench_blind_query(bench, order) ||
            bench_fault(bench, order,
                        "{\"door\":\"notification\",\"kind\":\"copies\",\"copies\":20}") ||
            bench_pay(bench, order, NULL) || bench_await_deliveries(bench, order, CROWD, 0) ||
            bench_await_state(bench, order, ORDER_PAID, 0) ||
            bench_await_shipped(bench, order, 1, 0) || bench_barrier(bench) ||
            bench_status(bench, order, "after"))
            return;
    }
}

static void parallel_decide(const struct story *story, struct ruling *ruling)
{
    for (const struct fact *f = NULL; (f = story_next(story, f, "status", NULL, "after"));) {
        int64_t shipped = fact_int(f, "/shipped", -1);
        if (shipped > 1)
            rule_broken(ruling, "WX3-041", f, "goods went out %lld times after 20 copies at once",
                        (long long)shipped);
        else if (shipped < 1)
            rule_undecided(ruling, "WX3-041", f, "how often goods went out is not shown");
        else
            rule_holds(ruling, "WX3-041", f, "goods went out once after 20 copies at once");
    }
}

static void replay_run(struct bench *bench)
{
    struct order *order = settled_order(bench);

    if (order && !bench_pass_time(bench, 26 * HOUR_S))
        send_again(bench, order, 1);
}

static void replay_decide(const struct story *story, struct ruling *ruling)
{
    decide_shipped_once(story, ruling, "WX3-041", "it was notified again a day later");
}

static void second_payment_run(struct bench *bench)
{
    static const struct note_how how = { .label = "second" };
    struct order *order = settled_order(bench);

    if (!order)
        return;
    json_t *plain = note_plain(bench, order);
    if (plain)
        json_object_set_new(plain, "transaction_id", json_string("4200000002202611230000000002"));
    if (note_send(bench, order, plain, &how) || look_after(bench, order))
        return;
}

static void second_payment_decide(const struct story *story, struct ruling *ruling)
{
    decide_shipped_once(story, ruling, "WX3-041", "a second payment of the same order");
}

static const struct case_def cases[] = {
    { .id = "v3/notify/paid",
      .experiment = "An order is paid; the platform notifies the merchant.",
      .claims = { { "WX3-049", "an anonymous POST reaches the handler: no redirect, no login" },
                  { "WX3-039", "it is answered 200 or 204" } },
      .run = paid_run,
      .decide = paid_decide },
    { .id = "v3/notify/answer-time",
      .experiment = "Genuine notifications are timed, one alone and twenty copies at once.",
      .claims = { { "WX3-039", "each is answered within five seconds" } },
      .run = time_run,
      .decide = time_decide },
    { .id = "v3/notify/duplicate",
      .experiment = "A settled order is notified four more times, each signed afresh.",
      .claims = { { "WX3-041", "goods go out once" },
                  { "WX3-042", "each repeat is answered 200 or 204" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = duplicate_run,
      .decide = duplicate_decide },
    { .id = "v3/notify/duplicate-parallel",
      .experiment = "Twenty copies of an order's first notification arrive at once, twice.",
      .claims = { { "WX3-041", "goods go out once" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = parallel_run,
      .decide = parallel_decide },
    { .id = "v3/notify/second-payment",
      .experiment = "A settled order is notified again with another transaction_id.",
      .claims = { { "WX3-041", "nothing more goes out" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = second_payment_run,
      .decide = second_payment_decide },
    { .id = "v3/notify/replay",
      .experiment = "A day later a settled order is notified again.",
      .claims = { { "WX3-041", "nothing more goes out" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = replay_run,
      .decide = replay_decide },
};

const struct chapter chapter_v3_notify = { cases, COUNT(cases), API_V3 };
