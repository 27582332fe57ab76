/*
 * query.c — asking the platform when nobody told, and how often.
 */
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

/* ---- impatience ----------------------------------------------------------------------------- */

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
};

const struct chapter chapter_query = { cases, COUNT(cases), API_V2 };
