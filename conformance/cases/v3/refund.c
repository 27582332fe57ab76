/*
 * v3/refund.c — money that goes back over V3.
 */
#include "base/mem.h"
#include "cases/refund_common.h"
#include "cases/v3/common.h"

/* ---- how it ends ----------------------------------------------------------------------------- */

static void accepted_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_accepted(story, ruling, "WX3-054");
}

static void told_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_told(story, ruling, "WX3-058");
}

static void found_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_found(story, ruling, "WX3-054", true);
    decide_refund_answer(story, ruling, "WX3-058");
}

static void closed_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX3-055", "CLOSED");
    decide_refund_renewed(story, ruling, "WX3-055");
}

static void abnormal_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX3-055", "ABNORMAL");
}

/* ---- what is asked --------------------------------------------------------------------------- */

static void sum_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_sum(story, ruling, "WX3-056");
}

static void fields_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *call = refund_call(story, NULL, ruling);
    struct refund_asked asked;

    decide_refund_number(story, ruling, "WX3-053");
    decide_refund_total(story, ruling, "WX3-057");
    if (!call)
        return;
    refund_read(call, &asked);
    if (asked.notify_url[0])
        rule_holds(ruling, "WX3-059", call, "notify_url is %.200s", asked.notify_url);
    else
        rule_broken(ruling, "WX3-059", call,
                    "the refund has no notify_url: what comes is V2's XML, or nothing");
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
    refund_fault(bench, "\"kind\":\"http_status\",\"status\":429,\"count\":40");
}

static void same_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_same(story, ruling, "WX3-053");
}

static void limit_decide(const struct story *story, struct ruling *ruling)
{
    decide_refund_pauses(story, ruling, "WX3-060");
    decide_refund_same(story, ruling, "WX3-060");
}

#define SAME "every further call for it has the same number and amounts"

static const struct case_def cases[] = {
    { .id = "v3/refund/accepted",
      .experiment = "A refund is accepted and stays under way; then it succeeds.",
      .claims = { { "WX3-054", "the order is not refunded before the refund has succeeded" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = refund_accepted_run,
      .decide = accepted_decide },
    { .id = "v3/refund/told",
      .experiment = "A refund succeeds and is notified, while its queries fail.",
      .claims = { { "WX3-058", "the notification's refund_status is understood" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = refund_told_run,
      .decide = told_decide },
    { .id = "v3/refund/found",
      .experiment = "A refund succeeds, and its notification never comes.",
      .claims = { { "WX3-054", "the merchant asks about it" },
                  { "WX3-058", "the answer's status is understood" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = refund_found_run,
      .decide = found_decide },
    { .id = "v3/refund/closed",
      .experiment = "A refund ends CLOSED, and is wished again.",
      .claims = { { "WX3-055", "the order is not refunded; the renewed refund has a new number" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = refund_closed_run,
      .decide = closed_decide },
    { .id = "v3/refund/abnormal",
      .experiment = "A refund ends ABNORMAL.",
      .claims = { { "WX3-055", "the order is not refunded" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = refund_abnormal_run,
      .decide = abnormal_decide },
    { .id = "v3/refund/sum",
      .experiment = "More than the order is wished back, then two refunds at once that are more "
                    "than the order together.",
      .claims = { { "WX3-056", "no more than was paid is asked back" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = refund_sum_run,
      .decide = sum_decide },
    { .id = "v3/refund/fields",
      .experiment = "Half of an order is wished back.",
      .claims = { { "WX3-053", "out_refund_no has 1 to 64 of the allowed characters" },
                  { "WX3-057", "amount.total is the order's total" },
                  { "WX3-059", "the refund has a notify_url" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = refund_fields_run,
      .decide = fields_decide },
    { .id = "v3/refund/retry-after-error",
      .experiment = "The call for a refund is answered SYSTEM_ERROR twice.",
      .claims = { { "WX3-053", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = error_run,
      .decide = same_decide },
    { .id = "v3/refund/retry-after-cut",
      .experiment = "The connection is cut before the platform has taken the refund.",
      .claims = { { "WX3-053", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = cut_run,
      .decide = same_decide },
    { .id = "v3/refund/lost-answer",
      .experiment = "The platform takes the refund, and its answer is lost.",
      .claims = { { "WX3-053", SAME } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = lost_run,
      .decide = same_decide },
    { .id = "v3/refund/too-fast",
      .experiment = "Calls for a refund are answered 429 for a while.",
      .claims = { { "WX3-060", "the merchant pauses between tries and keeps the number" } },
      .needs = NEED_REFUND | NEED_STATUS,
      .run = limit_run,
      .decide = limit_decide },
};

const struct chapter chapter_v3_refund = { cases, COUNT(cases), API_V3 };
