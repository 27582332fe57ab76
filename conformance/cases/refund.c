/*
 * refund.c — money that goes back over V2.
 */
#include "cases/refund_common.h"

#include "base/mem.h"

#define MINUTE_MS 60'000

/* ---- how it ends ----------------------------------------------------------------------------- */

static void accepted_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_accepted(story, ruling, "WX2-080");
}

static void told_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_told(story, ruling, "WX2-082");
}

static void found_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_found(story, ruling, "WX2-087", false);
    decide_refund_answer(story, ruling, "WX2-080");
}

static void closed_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX2-080", "REFUNDCLOSE");
}

static void abnormal_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX2-080", "CHANGE");
}

/* ---- what is asked --------------------------------------------------------------------------- */

static void sum_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_sum(story, ruling, "WX2-079");
}

static void fields_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_number(story, ruling, "WX2-076");
    decide_refund_total(story, ruling, "WX2-078");
}

static void apart_run(struct bench *bench)
{
    struct order *order = refundable(bench);
    int64_t half = order ? order->total_fen / 2 : 0;

    if (!order || bench_refund(bench, order, half, "ask") ||
        bench_await_calls(bench, order, "refund", 1) ||
        bench_refund(bench, order, order->total_fen / 2 - 1, "next") || bench_barrier(bench) ||
        bench_pass_time(bench, MINUTE_MS / 1000 + 1) ||
        bench_await_calls(bench, order, "refund", 2) || bench_collect(bench))
        return;
}

static void apart_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = refund_call(story, NULL, ruling), *second = NULL;
    struct refund_asked one, two;

    if (!first)
        return;
    refund_read(first, &one);
    for (const struct fact *f = first; !second && (f = refund_call(story, f, ruling));) {
        refund_read(f, &two);
        if (strcmp(one.number, two.number) != 0)
            second = f;
    }
    if (!second) {
        rule_undecided(ruling, "WX2-086", first, "the merchant asked for one refund only");
        return;
    }
    int64_t gap = fact_int(second, "/virtual_ms", 0) - fact_int(first, "/virtual_ms", 0);
    if (gap < MINUTE_MS - 1000)
        rule_broken(ruling, "WX2-086", second, "two refunds of the order are %lld ms apart",
                    (long long)gap);
    else
        rule_holds(ruling, "WX2-086", second, "two refunds of the order are %lld s apart",
                   (long long)(gap / 1000));
}

/* ---- weather --------------------------------------------------------------------------------- */

static void error_run(struct bench *bench)
{
    refund_fault(bench, "\"kind\":\"system_error\",\"count\":2");
}

static void cut_run(struct bench *bench)
{
    refund_fault(bench, "\"kind\":\"cut_before\",\"count\":1");
}

static void lost_run(struct bench *bench)
{
    refund_fault(bench, "\"kind\":\"cut_after\",\"count\":1");
}

static void limit_run(struct bench *bench)
{
    refund_fault(bench, "\"kind\":\"alter\",\"count\":40,\"sign\":\"valid\",\"set\":{"
                        "\"result_code\":\"FAIL\",\"err_code\":\"FREQUENCY_LIMITED\","
                        "\"err_code_des\":\"频率限制\"}");
}

static void same_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_same(story, ruling, "WX2-077");
}

static void limit_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_pauses(story, ruling, "WX2-081");
    decide_refund_same(story, ruling, "WX2-081");
}

#define SAME "every further call for it has the same number and amounts"
#define SEEN (NEED_REFUND | NEED_STATUS | NEED_REFUNDED)

static const struct case_def cases[] = {
    { .id = "refund/accepted",
      .experiment = "A refund is accepted and stays under way; then it succeeds.",
      .claims = { { "WX2-080", "the order is not refunded before the refund has succeeded" } },
      .needs = SEEN,
      .run = refund_accepted_run,
      .decide = accepted_decide },
    { .id = "refund/told",
      .experiment = "A refund succeeds and is notified, while its queries fail.",
      .claims = { { "WX2-082", "req_info is opened and understood" } },
      .needs = SEEN,
      .run = refund_told_run,
      .decide = told_decide },
    { .id = "refund/found",
      .experiment = "A refund succeeds, and its notification never comes.",
      .claims = { { "WX2-087", "the merchant asks about it" },
                  { "WX2-080", "the answer's refund_status_0 is understood" } },
      .needs = SEEN,
      .run = refund_found_run,
      .decide = found_decide },
    { .id = "refund/closed",
      .experiment = "A refund ends REFUNDCLOSE.",
      .claims = { { "WX2-080", "the order is not refunded" } },
      .needs = SEEN,
      .run = refund_closed_run,
      .decide = closed_decide },
    { .id = "refund/change",
      .experiment = "A refund ends CHANGE.",
      .claims = { { "WX2-080", "the order is not refunded" } },
      .needs = SEEN,
      .run = refund_abnormal_run,
      .decide = abnormal_decide },
    { .id = "refund/sum",
      .experiment = "More than the order is wished back, then two refunds at once that are more "
                    "than the order together.",
      .claims = { { "WX2-079", "no more than was paid is asked back" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = refund_sum_run,
      .decide = sum_decide },
    { .id = "refund/fields",
      .experiment = "Half of an order is wished back.",
      .claims = { { "WX2-076", "out_refund_no has 1 to 64 of the allowed characters" },
                  { "WX2-078", "total_fee is the order's total" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = refund_fields_run,
      .decide = fields_decide },
    { .id = "refund/apart",
      .experiment = "Two parts of an order are wished back one after the other.",
      .claims = { { "WX2-086", "the platform is asked for them a minute apart" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_CLOCK,
      .run = apart_run,
      .decide = apart_decide },
    { .id = "refund/retry-after-error",
      .experiment = "The call for a refund is answered SYSTEMERROR twice.",
      .claims = { { "WX2-077", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = error_run,
      .decide = same_decide },
    { .id = "refund/retry-after-cut",
      .experiment = "The connection is cut before the platform has taken the refund.",
      .claims = { { "WX2-077", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = cut_run,
      .decide = same_decide },
    { .id = "refund/lost-answer",
      .experiment = "The platform takes the refund, and its answer is lost.",
      .claims = { { "WX2-077", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = lost_run,
      .decide = same_decide },
    { .id = "refund/too-fast",
      .experiment = "Calls for a refund are answered FREQUENCY_LIMITED for a while.",
      .claims = { { "WX2-081", "the merchant pauses between tries and keeps the number" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = limit_run,
      .decide = limit_decide },
};

const struct chapter chapter_refund = { cases, COUNT(cases), API_V2 };
