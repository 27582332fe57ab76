/*
 * query_answer.c — what a query's answer says of the order, or of another one.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

/* ---- states --------------------------------------------------------------------------------- */

static int ask_with(struct bench *bench, struct order *order, const char *extra)
{
    int err = query_says_paid(bench, order, "valid", extra);

    if (!err)
        err = make_it_ask(bench, order, "ask");
    return err ? err : bench_faults_off(bench);
}

static void waiting_states_run(struct bench *bench)
{
    static const char *const states[] = {
        "{\"trade_state\":\"USERPAYING\"}",
        "{\"trade_state\":\"ACCEPT\"}",
        "{\"trade_state\":\"SETTLED_TOMORROW\"}",
    };
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_status(bench, order, "before") : ERR_NOT_FOUND;

    for (size_t i = 0; i < COUNT(states) && !err; i++)
        err = ask_with(bench, order, states[i]);
    if (!err && !bench_barrier(bench))
        err = bench_status(bench, order, "after");
    (void)err; /* recorded */
}

static void waiting_states_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    bool moved = story_times(story, "advance", NULL, NULL) > 0;

    if (!after || !query_was_asked(story, ruling, "WX2-070"))
        return;
    decide_unsettled(story, ruling, "WX2-070", "USERPAYING, ACCEPT and a state nobody knows");
    if (fact_is(after, "/state", "closed") && !moved)
        rule_broken(ruling, "WX2-070", after,
                    "USERPAYING, ACCEPT or an unknown state closed the order");
    else if (fact_is(after, "/state", "closed"))
        rule_undecided(ruling, "WX2-070", after, "the order is closed; its time may be over");
}

static void refund_state_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL) ||
        ask_with(bench, order, "{\"trade_state\":\"REFUND\"}") || bench_barrier(bench) ||
        bench_status(bench, order, "after"))
        return;
}

static void refund_state_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after || !query_was_asked(story, ruling, "WX2-070"))
        return;
    if (status_settled(after) || fact_is(after, "/state", "refunded"))
        rule_holds(ruling, "WX2-070", after, "REFUND was understood as paid: \"%s\"",
                   status_shown(after));
    else if (fact_is(after, "/state", "closed") || fact_is(after, "/state", "pending"))
        rule_broken(ruling, "WX2-070", after,
                    "a query said REFUND, so the order was paid once; it is shown as \"%s\"",
                    status_shown(after));
    else
        rule_undecided(ruling, "WX2-070", after, "the order is \"%s\"", status_shown(after));
}

/* ---- about something else ------------------------------------------------------------------- */

static void misled(struct bench *bench, const char *const *extras, size_t count)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_status(bench, order, "before") : ERR_NOT_FOUND;

    for (size_t i = 0; i < count && !err; i++)
        err = ask_with(bench, order, extras[i]);
    if (!err && !bench_barrier(bench))
        err = bench_status(bench, order, "after");
    (void)err; /* recorded */
}

static void other_order_run(struct bench *bench)
{
    static const char *const extras[] = { "{\"out_trade_no\":\"another_order_1\"}" };
    misled(bench, extras, COUNT(extras));
}

static void other_amount_run(struct bench *bench)
{
    static const char *const extras[] = { "{\"total_fee\":\"3\",\"cash_fee\":\"3\"}",
                                          "{\"total_fee\":\"100000001\"}" };
    misled(bench, extras, COUNT(extras));
}

static void other_currency_run(struct bench *bench)
{
    static const char *const extras[] = { "{\"fee_type\":\"JPY\",\"cash_fee_type\":\"JPY\"}" };
    misled(bench, extras, COUNT(extras));
}

static void misled_decide(const struct story *story, struct ruling *ruling)
{
    if (query_was_asked(story, ruling, "WX2-071"))
        decide_unsettled(story, ruling, "WX2-071",
                         "a signed answer about another order, amount or currency");
}

#define STAYS_UNPAID "the order stays unpaid"

static const struct case_def cases[] = {
    { .id = "query/waiting-states",
      .experiment = "Queries of an unpaid order say USERPAYING, ACCEPT, and a word nobody knows.",
      .claims = { { "WX2-070", "the order is neither paid nor closed by them" } },
      .needs = NEED_STATUS,
      .run = waiting_states_run,
      .decide = waiting_states_decide },
    { .id = "query/refund-state",
      .experiment = "The query of an order that was paid and refunded says REFUND.",
      .claims = { { "WX2-070", "the order counts as paid once" } },
      .needs = NEED_STATUS,
      .run = refund_state_run,
      .decide = refund_state_decide },
    { .id = "query/other-order",
      .experiment = "The query of an unpaid order is answered, signed right, about another one.",
      .claims = { { "WX2-071", STAYS_UNPAID } },
      .needs = NEED_STATUS,
      .run = other_order_run,
      .decide = misled_decide },
    { .id = "query/other-amount",
      .experiment = "The query of an unpaid order is answered paid over other amounts.",
      .claims = { { "WX2-071", STAYS_UNPAID } },
      .needs = NEED_STATUS,
      .run = other_amount_run,
      .decide = misled_decide },
    { .id = "query/other-currency",
      .experiment = "The query of an unpaid order is answered paid in yen.",
      .claims = { { "WX2-071", STAYS_UNPAID } },
      .needs = NEED_STATUS,
      .run = other_currency_run,
      .decide = misled_decide },
};

const struct chapter chapter_query_answer = { cases, COUNT(cases), API_V2 };
