/*
 * query.c — asking the platform when nobody told, and what its answers are worth.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

/* ---- lost notifications --------------------------------------------------------------------- */

static void fallback_run(struct bench *bench)
{
    static const struct order_wish any = {};
    const struct profile *profile = bench_profile(bench);
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL))
        return;
    if (profile->query_fallback_within_ms > 0) {
        if (bench_pass_time(bench, (profile->query_fallback_within_ms + 999) / 1000))
            return;
    } else if (make_it_ask(bench, order, "ask")) {
        return;
    }
    if (bench_await_state(bench, order, ORDER_PAID, 0) || bench_status(bench, order, "after"))
        return;
}

static void fallback_decide(const struct story *story, struct ruling *ruling)
{
    decide_settled(story, ruling, "WX2-064", "although no notification came");
}

#define STEP_S 15
#define STEPS  20

static void timetable_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order)
        return;
    if (!bench_profile(bench)->query_fallback_within_ms) {
        bench_skip(bench, "the merchant does not ask by itself (query_fallback_within: 0)");
        return;
    }
    for (int i = 0; i < STEPS; i++)
        if (bench_pass_time(bench, STEP_S))
            return;
    if (bench_collect(bench))
        return;
}

struct rhythm {
    size_t queries, quick; /* quick: less than a second after the one before */
    int64_t first_s;       /* after the creation */
    int64_t first_gap_s, last_gap_s;
    const struct fact *first, *last, *hurried;
};

static struct rhythm rhythm_of(const struct story *story)
{
    struct rhythm r = { .first_s = -1 };
    int64_t made = fact_int(story_call(story, NULL, "unifiedorder", "o1"), "/virtual_ms", 0);
    int64_t before = made;

    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", "o1"));) {
        int64_t at = fact_int(f, "/virtual_ms", 0), gap_ms = at - before;
        if (!r.queries) {
            r.first_s = gap_ms / 1000;
            r.first = f;
        } else {
            if (r.queries == 1)
                r.first_gap_s = gap_ms / 1000;
            r.last_gap_s = gap_ms / 1000;
            if (gap_ms < 1000) {
                r.quick++;
                r.hurried = f;
            }
        }
        before = at;
        r.last = f;
        r.queries++;
    }
    return r;
}

/* The clock moved in steps of 15 s, so that much may be off in every figure. */
static void timetable_decide(const struct story *story, struct ruling *ruling)
{
    struct rhythm r = rhythm_of(story);

    if (!r.queries)
        rule_broken(ruling, "WX2-065", story_first(story, "create", "o1", NULL),
                    "no query within 5 minutes");
    else if (r.first_s > 60 + 2 * STEP_S)
        rule_broken(ruling, "WX2-065", r.first, "the first query came after %lld s",
                    (long long)r.first_s);
    else if (r.quick > 2)
        rule_broken(ruling, "WX2-065", r.hurried,
                    "%zu queries came less than a second after the one before", r.quick);
    else if (r.queries > 15)
        rule_broken(ruling, "WX2-065", r.last, "%zu queries of one unpaid order within 5 minutes",
                    r.queries);
    else if (r.queries > 3 && r.last_gap_s + STEP_S < r.first_gap_s)
        rule_broken(ruling, "WX2-065", r.last, "the gaps shrink from %lld s to %lld s",
                    (long long)r.first_gap_s, (long long)r.last_gap_s);
    else
        rule_holds(ruling, "WX2-065", r.first, "the first query after %lld s, %zu within 5 minutes",
                   (long long)r.first_s, r.queries);
}

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

static bool it_asked(const struct story *story, struct ruling *ruling, const char *rule)
{
    if (story_call(story, NULL, "orderquery", "o1"))
        return true;
    rule_undecided(ruling, rule, NULL, "the merchant did not query the order");
    return false;
}

static void waiting_states_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    bool moved = story_times(story, "advance", NULL, NULL) > 0;

    if (!after || !it_asked(story, ruling, "WX2-070"))
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

    if (!after || !it_asked(story, ruling, "WX2-070"))
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
    if (it_asked(story, ruling, "WX2-071"))
        decide_unsettled(story, ruling, "WX2-071",
                         "a signed answer about another order, amount or currency");
}

/* ---- faults --------------------------------------------------------------------------------- */

static void error_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL) ||
        bench_fault(
            bench, order,
            "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"system_error\",\"count\":1}") ||
        make_it_ask(bench, order, "ask") || bench_status(bench, order, "puzzled") ||
        bench_faults_off(bench) || make_it_ask(bench, order, "truth") ||
        bench_await_state(bench, order, ORDER_PAID, 3000) || bench_status(bench, order, "after"))
        return;
}

static void error_decide(const struct story *story, struct ruling *ruling)
{
    if (story_last(story, "status", "o1", "after") && it_asked(story, ruling, "WX2-068"))
        decide_settled(story, ruling, "WX2-068", "once the query worked again");
}

#define STORM_MAX 200 /* more calls than this are not waited for */

/* A few seconds in which a patient merchant makes a few calls, and one without a pause all of them. */
static int let_it_storm(struct bench *bench)
{
    if (bench_profile(bench)->clock.line && bench_pass_time(bench, 5))
        return -1;
    int err = bench_faults_off(bench);
    if (!err)
        err = bench_barrier(bench);
    return err ? err : bench_collect(bench);
}

static void storm_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order ||
        bench_fault(bench, order,
                    "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"system_error\","
                    "\"count\":200}") ||
        make_it_ask(bench, order, "ask") || let_it_storm(bench))
        return;
}

static void storm_create_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL,
                    "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"system_error\","
                    "\"count\":200}") ||
        !bench_create(bench, &wish) || let_it_storm(bench))
        return;
}

/* More than ten failed calls within one second of real time are a loop without a pause. */
static void storm_decide_api(const struct story *story, struct ruling *ruling, const char *api)
{
    int64_t times[STORM_MAX];
    size_t count = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, api, NULL)) && count < STORM_MAX;) {
        if (!fact_get(f, "/fault") || json_is_null(fact_get(f, "/fault")))
            continue;
        last = f;
        times[count++] = fact_int(f, "/real_ms", 0);
        if (count > 10 && times[count - 1] - times[count - 11] < 1000) {
            rule_broken(ruling, "WX2-119", f,
                        "eleven calls of %s within a second, all answered SYSTEMERROR", api);
            return;
        }
    }
    if (!count)
        rule_undecided(ruling, "WX2-119", NULL, "the merchant did not call %s", api);
    else
        rule_holds(ruling, "WX2-119", last, "%zu calls while the platform answered SYSTEMERROR",
                   count);
}

static void storm_decide(const struct story *story, struct ruling *ruling)
{
    storm_decide_api(story, ruling, "orderquery");
}

static void storm_create_decide(const struct story *story, struct ruling *ruling)
{
    storm_decide_api(story, ruling, "unifiedorder");
}

/* The unified order is lost on its way; whoever asks, hears that there is no such order. */
static void not_exist_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_notify_mode(bench, NULL, "suppress") ||
        bench_fault(bench, NULL,
                    "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_before\"}") ||
        !bench_create(bench, &wish))
        return;
    for (int i = 0; i < 8; i++)
        if (bench_pass_time(bench, 30))
            return;
    if (bench_collect(bench))
        return;
}

static bool says_not_exist(const struct fact *call)
{
    char code[64];

    exchange_field(call, "/answer", "err_code", code, sizeof(code));
    return strcmp(code, "ORDERNOTEXIST") == 0;
}

static void not_exist_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *lost = story_call(story, NULL, "unifiedorder", NULL), *told = NULL;
    const struct fact *next = NULL, *again = NULL;

    for (const struct fact *f = lost; lost && (f = story_call(story, f, NULL, NULL));) {
        if (told && !next)
            next = f;
        if (!told && fact_is(f, "/api", "orderquery") && says_not_exist(f))
            told = f;
        if (fact_is(f, "/api", "unifiedorder") && !again)
            again = f;
    }
    if (!lost)
        return;
    if (told && !next)
        rule_broken(ruling, "WX2-069", told,
                    "ORDERNOTEXIST ended it: no call in the four minutes after it");
    else if (told)
        rule_holds(ruling, "WX2-069", next, "ORDERNOTEXIST was followed by another %s",
                   fact_str(next, "/api"));
    else if (again)
        rule_holds(ruling, "WX2-069", again, "the lost unified order was placed again");
    else
        rule_skipped(ruling, "WX2-069", lost, "the merchant neither asked nor tried again");
}

/* An order whose code is shown: a single ORDERNOTEXIST, then the buyer pays. */
static void denied_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") ||
        bench_fault(
            bench, order,
            "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"alter\",\"sign\":\"valid\","
            "\"set\":{\"result_code\":\"FAIL\",\"err_code\":\"ORDERNOTEXIST\","
            "\"err_code_des\":\"订单不存在\"},\"drop\":[\"trade_state\",\"out_trade_no\"]}") ||
        make_it_ask(bench, order, "ask") || bench_pay(bench, order, NULL) ||
        make_it_ask(bench, order, "truth") || bench_await_state(bench, order, ORDER_PAID, 3000) ||
        bench_status(bench, order, "after"))
        return;
}

static void denied_decide(const struct story *story, struct ruling *ruling)
{
    if (story_last(story, "status", "o1", "after") && it_asked(story, ruling, "WX2-069"))
        decide_settled(story, ruling, "WX2-069", "after one ORDERNOTEXIST and a true payment");
}

/* ---- polls ---------------------------------------------------------------------------------- */

#define POLLS 20

static void polls_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    for (int i = 0; order && i < POLLS; i++)
        if (bench_status(bench, order, "poll"))
            return;
    if (order && bench_collect(bench))
        return;
}

static void polls_decide(const struct story *story, struct ruling *ruling)
{
    size_t polls = story_times(story, "status", "o1", "poll"), queries = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", "o1")); last = f)
        queries++;
    if (polls < POLLS)
        return;
    if (queries >= polls / 2)
        rule_broken(ruling, "WX2-093", last, "%zu looks at the order made %zu queries", polls,
                    queries);
    else
        rule_holds(ruling, "WX2-093", story_last(story, "status", "o1", "poll"),
                   "%zu looks at the order made %zu queries", polls, queries);
}

#define REFRESHES 4

static void refresh_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    for (int i = 0; order && i < REFRESHES; i++)
        if (bench_refresh(bench, order, "impatient"))
            return;
    if (order && bench_collect(bench))
        return;
}

static void refresh_decide(const struct story *story, struct ruling *ruling)
{
    int64_t before = INT64_MIN;
    size_t queries = 0, quick = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", "o1")); last = f) {
        int64_t at = fact_int(f, "/real_ms", 0);
        quick += queries++ && at - before < 900;
        before = at;
    }
    if (!last)
        rule_undecided(ruling, "WX2-065", NULL, "the merchant did not query the order");
    else if (quick > 1)
        rule_broken(ruling, "WX2-065", last, "%zu of %zu queries came within a second of another",
                    quick, queries);
    else
        rule_holds(ruling, "WX2-065", last,
                   "%d requests to refresh made %zu queries, a second apart", REFRESHES, queries);
}

#define STAYS_UNPAID "the order stays unpaid"

static const struct case_def cases[] = {
    { .id = "query/fallback",
      .experiment = "An order is paid and its notification never comes.",
      .claims = { { "WX2-064", "the merchant asks and the order becomes paid" } },
      .needs = NEED_STATUS,
      .run = fallback_run,
      .decide = fallback_decide },
    { .id = "query/timetable",
      .experiment = "An order stays unpaid for five minutes, in steps of 15 s.",
      .claims = { { "WX2-065",
                    "the first query within about a minute, then growing gaps, never two "
                    "in a second" } },
      .needs = NEED_CLOCK,
      .run = timetable_run,
      .decide = timetable_decide },
    { .id = "query/refresh-rate",
      .experiment = "An impatient buyer asks four times in a row whether the order is paid.",
      .claims = { { "WX2-065", "the platform is not asked more than once a second" } },
      .needs = NEED_REFRESH,
      .run = refresh_run,
      .decide = refresh_decide },
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
    { .id = "query/system-error",
      .experiment = "The query of a paid order is answered SYSTEMERROR, then truly.",
      .claims = { { "WX2-068", "the order becomes paid" } },
      .needs = NEED_STATUS,
      .run = error_run,
      .decide = error_decide },
    { .id = "query/storm",
      .experiment = "Queries are answered SYSTEMERROR for a while.",
      .claims = { { "WX2-119", "the merchant pauses between tries" } },
      .run = storm_run,
      .decide = storm_decide },
    { .id = "query/create-storm",
      .experiment = "Unified orders are answered SYSTEMERROR for a while.",
      .claims = { { "WX2-119", "the merchant pauses between tries" } },
      .run = storm_create_run,
      .decide = storm_create_decide },
    { .id = "query/not-exist",
      .experiment = "A unified order is lost on its way; the platform does not know the number.",
      .claims = { { "WX2-069", "ORDERNOTEXIST is followed by another try" } },
      .needs = NEED_CLOCK,
      .run = not_exist_run,
      .decide = not_exist_decide },
    { .id = "query/denied",
      .experiment = "A query is answered ORDERNOTEXIST once; then the buyer pays the shown code.",
      .claims = { { "WX2-069", "the payment is found" } },
      .needs = NEED_STATUS,
      .run = denied_run,
      .decide = denied_decide },
    { .id = "query/polls",
      .experiment = "The state of an unpaid order is read twenty times.",
      .claims = { { "WX2-093", "the platform is not asked for each look" } },
      .needs = NEED_STATUS,
      .run = polls_run,
      .decide = polls_decide },
};

const struct chapter chapter_query = { cases, COUNT(cases) };
