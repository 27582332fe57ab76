/*
 * v3/query.c — asking the platform when nobody told, and what its answers are worth.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

/* ---- lost notifications ---------------------------------------------------------------------- */

static void fallback_run(struct bench *bench)
{
    const struct profile *profile = bench_profile(bench);
    struct order *order = paid_unnoticed(bench);

    if (!order)
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
    decide_settled(story, ruling, "WX3-051", "although no notification came");
}

/* ---- states ---------------------------------------------------------------------------------- */

static void states_run(struct bench *bench)
{
    static const char *const states[] = { "NOTPAY",  "USERPAYING", "PAYERROR",
                                          "success", "SUCCESSFUL", "ACCEPT" };
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_status(bench, order, "before") : -1;

    for (size_t i = 0; i < COUNT(states) && !err; i++) {
        err = answer_state(bench, order, states[i], order->total_fen);
        if (!err)
            err = make_it_ask(bench, order, "ask");
        if (!err)
            err = bench_faults_off(bench);
    }
    if (!err && !bench_barrier(bench))
        err = bench_status(bench, order, "after");
    (void)err; /* recorded */
}

static void states_decide(const struct story *story, struct ruling *ruling)
{
    if (faulty_call(story, ruling, "WX3-034", "v3/query"))
        decide_unsettled(story, ruling, "WX3-034",
                         "answers whose trade_state is not exactly SUCCESS");
}

/* Paid unnoticed, and refunded since: what comes first that the merchant hears is REFUND. */
static void refund_run(struct bench *bench)
{
    struct order *order = paid_hidden(bench, "REFUND");

    if (!order || make_it_ask(bench, order, "ask") || bench_barrier(bench) ||
        bench_status(bench, order, "after"))
        return;
}

static void refund_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after || !faulty_call(story, ruling, "WX3-034", "v3/query"))
        return;
    if (status_settled(after) || fact_is(after, "/state", "refunded"))
        rule_holds(ruling, "WX3-034", after, "REFUND was understood as paid: \"%s\"",
                   status_shown(after));
    else if (fact_is(after, "/state", "closed") || fact_is(after, "/state", "pending"))
        rule_broken(ruling, "WX3-034", after,
                    "a query said REFUND, so the order was paid once; it is shown as \"%s\"",
                    status_shown(after));
    else
        rule_undecided(ruling, "WX3-034", after, "the order is \"%s\"", status_shown(after));
}

/* ---- the buyer's word ------------------------------------------------------------------------ */

/* What a browser could say after a payment that never was. */
static void claim_run(struct bench *bench)
{
    static const char *const words[] = {
        "?status=success&trade_state=SUCCESS&paid=1",
        "?result=paid&success=true&out_trade_no=1",
        "?return=1&err_msg=get_brand_wcpay_request:ok",
    };
    static const struct order_wish any = { .may_fail = true }; /* it may think itself paid */
    const struct profile *profile = bench_profile(bench);
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_status(bench, order, "before") : -1;

    if (!err && profile->status.step.path && profile->status.step.method &&
        strcmp(profile->status.step.method, "GET") == 0) {
        for (size_t i = 0; i < COUNT(words) && !err; i++) {
            struct buf request = BUF_INIT((size_t)2048);
            bool query = strchr(profile->status.step.path, '?') != NULL;
            err = buf_fmt(&request, "GET %s%s%s", profile->status.step.path, query ? "&" : "?",
                          words[i] + 1);
            if (!err)
                err = bench_fetch(bench, order, buf_cstr(&request), "claim");
            buf_release(&request);
        }
    }
    for (size_t i = 0; i < profile->create.count && !err; i++) {
        const struct step *step = &profile->create.item[i];
        struct buf request = BUF_INIT((size_t)2048);
        if (step->method && strcmp(step->method, "GET") == 0) {
            err = buf_fmt(&request, "GET %s%s%s", step->path, strchr(step->path, '?') ? "&" : "?",
                          words[0] + 1);
            if (!err)
                err = bench_fetch(bench, order, buf_cstr(&request), "claim");
        }
        buf_release(&request);
    }
    /* Once before the barrier: a shop that takes every order for paid passes none. */
    if (!err)
        err = bench_status(bench, order, "after");
    if (!err && !bench_barrier(bench))
        err = bench_status(bench, order, "after");
    (void)err; /* recorded */
}

static void claim_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *claim = story_first(story, "fetch", "o1", "claim");
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!claim) {
        rule_skipped(ruling, "WX3-052", NULL, "the profile shows no page that a buyer opens");
        return;
    }
    /* nobody paid, so it does not matter how it looked before */
    if (status_settled(after))
        rule_broken(ruling, "WX3-052", after,
                    "nobody paid, a browser claimed success, and the order is \"%s\"",
                    status_shown(after));
    else if (after)
        rule_holds(ruling, "WX3-052", after,
                   "the order stayed \"%s\" when a browser claimed success", status_shown(after));
    rule_evidence(ruling, "WX3-052", claim);
}

/* ---- weather --------------------------------------------------------------------------------- */

#define STORM_MAX 200 /* more calls than this are not waited for */

static int let_it_storm(struct bench *bench)
{
    if (bench_profile(bench)->clock.line && bench_pass_time(bench, 5))
        return -1;
    int err = bench_faults_off(bench);
    if (!err)
        err = bench_barrier(bench);
    return err ? err : bench_collect(bench);
}

static void query_storm(struct bench *bench, const char *fault)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_fault(bench, order, fault) || make_it_ask(bench, order, "ask") ||
        let_it_storm(bench))
        return;
}

static void create_storm(struct bench *bench, const char *fault)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL, fault) || !bench_create(bench, &wish) || let_it_storm(bench))
        return;
}

#define STORM(api, kind) "{\"door\":\"api\",\"api\":\"" api "\",\"count\":200,\"kind\":" kind "}"
#define TOO_FAST         "\"http_status\",\"status\":429"
#define BROKEN           "\"system_error\""

static void fast_query_run(struct bench *bench)
{
    query_storm(bench, STORM("v3/query", TOO_FAST));
}

static void fast_create_run(struct bench *bench)
{
    create_storm(bench, STORM("v3/native", TOO_FAST));
}

static void broken_query_run(struct bench *bench)
{
    query_storm(bench, STORM("v3/query", BROKEN));
}

static void broken_create_run(struct bench *bench)
{
    create_storm(bench, STORM("v3/native", BROKEN));
}

/* More than ten failed calls within one second of real time are a loop without a pause. */
static void storm_decide(const struct story *story, struct ruling *ruling)
{
    const char *rule = ruling->findings[0].rule;
    int64_t times[STORM_MAX];
    char first_number[65] = "";
    size_t count = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL;
         (f = story_call(story, f, NULL, NULL)) && count < STORM_MAX;) {
        const char *number = fact_str(f, "/out_trade_no");
        if (!met_fault(f))
            continue;
        if (!first_number[0] && view_copy(view_str(number), first_number, sizeof(first_number)))
            first_number[0] = '\0';
        if (fact_is(f, "/api", "v3/native") && number[0] && strcmp(number, first_number) != 0) {
            rule_broken(ruling, rule, f, "a new number %s was taken after %s failed", number,
                        first_number);
            return;
        }
        last = f;
        times[count++] = fact_int(f, "/real_ms", 0);
        if (count > 10 && times[count - 1] - times[count - 11] < 1000) {
            rule_broken(ruling, rule, f, "eleven failed calls of %s within a second",
                        fact_str(f, "/api"));
            return;
        }
    }
    if (!count)
        rule_undecided(ruling, rule, NULL, "the merchant made no call that could fail");
    else
        rule_holds(ruling, rule, last, "%zu calls while the platform answered so", count);
}

#define PAUSES "the merchant pauses between tries and keeps the number"

static const struct case_def cases[] = {
    { .id = "v3/query/fallback",
      .experiment = "An order is paid and its notification never comes.",
      .claims = { { "WX3-051", "the merchant asks and the order becomes paid" } },
      .needs = NEED_STATUS,
      .run = fallback_run,
      .decide = fallback_decide },
    { .id = "v3/query/states",
      .experiment = "Queries of an unpaid order are answered with other states, rightly signed and "
                    "with all that a payment has.",
      .claims = { { "WX3-034", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = states_run,
      .decide = states_decide },
    { .id = "v3/query/refund-state",
      .experiment = "The query of an order that was paid and refunded says REFUND.",
      .claims = { { "WX3-034", "it is understood as paid" } },
      .needs = NEED_STATUS,
      .run = refund_run,
      .decide = refund_decide },
    { .id = "v3/query/claimed",
      .experiment = "A browser opens the unpaid order's pages with success in their addresses.",
      .claims = { { "WX3-052", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = claim_run,
      .decide = claim_decide },
    { .id = "v3/query/too-fast",
      .experiment = "Queries are answered 429 for a while.",
      .claims = { { "WX3-060", PAUSES } },
      .run = fast_query_run,
      .decide = storm_decide },
    { .id = "v3/query/create-too-fast",
      .experiment = "Create calls are answered 429 for a while.",
      .claims = { { "WX3-060", PAUSES } },
      .run = fast_create_run,
      .decide = storm_decide },
    { .id = "v3/query/storm",
      .experiment = "Queries are answered SYSTEM_ERROR for a while.",
      .claims = { { "WX3-061", PAUSES } },
      .run = broken_query_run,
      .decide = storm_decide },
    { .id = "v3/query/create-storm",
      .experiment = "Create calls are answered SYSTEM_ERROR for a while.",
      .claims = { { "WX3-061", PAUSES } },
      .run = broken_create_run,
      .decide = storm_decide },
};

const struct chapter chapter_v3_query = { cases, COUNT(cases), API_V3 };
