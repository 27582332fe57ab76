/*
 * query_polls.c — looks at an order, which must not become as many questions to the platform.
 */
#include "base/mem.h"
#include "cases/common.h"

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

static const struct case_def cases[] = {
    { .id = "query/polls",
      .experiment = "The state of an unpaid order is read twenty times.",
      .claims = { { "WX2-093", "the platform is not asked for each look" } },
      .needs = NEED_STATUS,
      .run = polls_run,
      .decide = polls_decide },
};

const struct chapter chapter_query_polls = { cases, COUNT(cases), API_V2 };
