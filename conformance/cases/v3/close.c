/*
 * v3/close.c — giving an order up while the buyer may be paying it.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

#define FIVE_MINUTES_S 300

/* ---- a payment nobody noticed ---------------------------------------------------------------- */

static void unnoticed_run(struct bench *bench)
{
    struct order *order = paid_unnoticed(bench);

    if (!order || bench_close(bench, order, "give-up") ||
        bench_await_state(bench, order, ORDER_PAID, 2000) || bench_status(bench, order, "early"))
        return;
    /* Some close at the platform only later, and learn it then. */
    if (bench_state(order) != ORDER_PAID && bench_profile(bench)->clock.line &&
        (bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
         bench_await_state(bench, order, ORDER_PAID, 2000)))
        return;
    if (bench_status(bench, order, "after"))
        return;
}

static bool met_orderpaid(const struct story *story)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/close", "o1"));) {
        char code[64];
        fact_json_text(f, "/answer", "/code", code, sizeof(code));
        if (strcmp(code, "ORDERPAID") == 0)
            return true;
    }
    return false;
}

/* A merchant that keeps the order closed and sends the money back is right too. */
static void decide_found(const struct story *story, struct ruling *ruling, const char *how)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(after) || fact_is(after, "/state", "refunded"))
        rule_holds(ruling, "WX3-033", after, "the order became \"%s\" %s", status_shown(after),
                   how);
    else if (story_call(story, NULL, "v3/refund", NULL))
        rule_undecided(ruling, "WX3-033", after, "the order is \"%s\" and a refund was asked for",
                       status_shown(after));
    else if (fact_is(after, "/state", "closed") ||
             (fact_is(after, "/state", "pending") && met_orderpaid(story)))
        rule_broken(ruling, "WX3-033", after, "the buyer has paid, and the order is \"%s\"",
                    status_shown(after));
    else
        rule_undecided(ruling, "WX3-033", after, "the order is \"%s\"", status_shown(after));
    rule_evidence(ruling, "WX3-033", story_call(story, NULL, "v3/close", "o1"));
}

static void unnoticed_decide(const struct story *story, struct ruling *ruling)
{
    decide_found(story, ruling, "when it was given up");
}

/* The query says NOTPAY as long as the close has not met the payment. */
static void orderpaid_run(struct bench *bench)
{
    struct order *order = paid_hidden(bench, "NOTPAY");

    if (!order || bench_close(bench, order, "give-up") ||
        bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
        bench_await_calls(bench, order, "v3/close", 1) || bench_faults_off(bench) ||
        bench_await_state(bench, order, ORDER_PAID, 1000))
        return;
    if (bench_state(order) != ORDER_PAID &&
        (bench_pass_time(bench, 600) || bench_await_state(bench, order, ORDER_PAID, 2000)))
        return;
    if (bench_status(bench, order, "after"))
        return;
}

static void orderpaid_decide(const struct story *story, struct ruling *ruling)
{
    if (met_orderpaid(story))
        decide_found(story, ruling, "after ORDERPAID");
    else if (story_last(story, "status", "o1", "after"))
        rule_undecided(ruling, "WX3-033", NULL, "the merchant's close did not meet ORDERPAID");
}

/* ---- a forged 204 ---------------------------------------------------------------------------- */

static void forged_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order ||
        bench_fault(
            bench, order,
            "{\"door\":\"api\",\"api\":\"v3/close\",\"kind\":\"wrong_sign\",\"count\":1}") ||
        bench_close(bench, order, "give-up") || bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
        bench_await_calls(bench, order, "v3/close", 1) || bench_pass_time(bench, 900) ||
        bench_status(bench, order, "after") || bench_collect(bench))
        return;
}

/* Whoever does not believe it asks or closes again. */
static void forged_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *forged = faulty_call(story, ruling, "WX3-016", "v3/close");
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!forged || !after)
        return;
    const struct fact *again = story_call(story, forged, NULL, "o1");
    if (again)
        rule_holds(ruling, "WX3-016", again, "after the forged 204 came %s",
                   fact_str(again, "/api"));
    else
        rule_broken(ruling, "WX3-016", forged,
                    "a 204 with a wrong signature was the last word about the order, now \"%s\"",
                    status_shown(after));
    rule_evidence(ruling, "WX3-016", forged);
}

static const struct case_def cases[] = {
    { .id = "v3/close/paid-unnoticed",
      .experiment =
          "An order is paid, its notification is lost, and the buyer's browser gives it up.",
      .claims = { { "WX3-033", "the payment is found" } },
      .needs = NEED_STATUS | NEED_CLOSE,
      .run = unnoticed_run,
      .decide = unnoticed_decide },
    { .id = "v3/close/orderpaid",
      .experiment = "The query still says NOTPAY; the close meets ORDERPAID.",
      .claims = { { "WX3-033", "the order becomes paid" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = orderpaid_run,
      .decide = orderpaid_decide },
    { .id = "v3/close/forged",
      .experiment = "The first close of an order is answered 204 with a wrong signature.",
      .claims = { { "WX3-016", "it is not believed: the merchant asks or closes again" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = forged_run,
      .decide = forged_decide },
};

const struct chapter chapter_v3_close = { cases, COUNT(cases), API_V3 };
