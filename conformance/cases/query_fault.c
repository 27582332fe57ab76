/*
 * query_fault.c — queries that the platform answers with an error.
 */
#include "base/mem.h"
#include "cases/common.h"

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
    if (story_last(story, "status", "o1", "after") && query_was_asked(story, ruling, "WX2-068"))
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
    if (story_last(story, "status", "o1", "after") && query_was_asked(story, ruling, "WX2-069"))
        decide_settled(story, ruling, "WX2-069", "after one ORDERNOTEXIST and a true payment");
}

static const struct case_def cases[] = {
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
};

const struct chapter chapter_query_fault = { cases, COUNT(cases), API_V2 };
