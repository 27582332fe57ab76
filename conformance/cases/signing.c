/*
 * signing.c — which of the platform's answers are believed.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

/* ---- answers to the unified order ----------------------------------------------------------- */

#define CREATE_ALTER "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"alter\",\"count\":0,"

/* An order whose every answer is changed so; what the merchant then shows is looked at. */
static struct order *changed_order(struct bench *bench, const char *fault)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL, fault))
        return NULL;
    struct order *order = bench_create(bench, &wish);
    if (order && order->created && bench_profile(bench)->qr.kind != PICTURE_NONE &&
        bench_qr(bench, order, "shown"))
        return NULL;
    return order;
}

static void answer_wrong_run(struct bench *bench)
{
    (void)changed_order(bench, CREATE_ALTER
                        "\"sign\":\"wrong\",\"set\":{\"code_url\":\"" FORGED_CODE_URL "\"}}");
}

static void answer_unsigned_run(struct bench *bench)
{
    (void)changed_order(bench, CREATE_ALTER
                        "\"sign\":\"none\",\"set\":{\"code_url\":\"" FORGED_CODE_URL "\"}}");
}

static void answer_stale_run(struct bench *bench)
{
    (void)changed_order(bench,
                        CREATE_ALTER "\"sign\":\"stale\",\"set\":{\"future_field\":\"x1\"}}");
}

static void answer_foreign_run(struct bench *bench)
{
    (void)changed_order(
        bench, CREATE_ALTER
        "\"sign\":\"valid\",\"set\":{\"mch_id\":\"1900009999\",\"code_url\":\"" FORGED_CODE_URL
        "\"}}");
}

static void answer_wrong_decide(const struct story *story, struct ruling *ruling)
{
    decide_no_forged_code(story, ruling, "WX2-021", "an answer with a wrong sign");
}

static void answer_unsigned_decide(const struct story *story, struct ruling *ruling)
{
    decide_no_forged_code(story, ruling, "WX2-021", "an answer without a sign");
}

static void answer_foreign_decide(const struct story *story, struct ruling *ruling)
{
    decide_no_forged_code(story, ruling, "WX2-026", "an answer for another merchant");
}

static void answer_stale_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *made = story_first(story, "create", "o1", NULL);

    if (!made)
        return;
    if (fact_true(made, "/created") && fact_str(made, "/captured/code_url")[0])
        rule_broken(ruling, "WX2-024", made,
                    "an answer with a field that its sign does not cover was used");
    else
        rule_holds(ruling, "WX2-024", made, "no code was shown from such an answer");
}

static void unknown_signed_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (!bench_create(bench, &wish) ||
        bench_fault(bench, NULL,
                    CREATE_ALTER "\"sign\":\"valid\",\"set\":{\"future_field\":\"x1\","
                                 "\"zz_later\":\"二\"}}"))
        return;
    if (!bench_create(bench, &wish))
        return;
}

static void unknown_signed_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *plain = story_first(story, "create", "o1", NULL);
    const struct fact *extended = story_first(story, "create", "o2", NULL);

    if (!extended)
        return;
    if (fact_true(extended, "/created"))
        rule_holds(ruling, "WX2-023", extended, "an answer with new, signed fields was used");
    else if (fact_true(plain, "/created"))
        rule_broken(ruling, "WX2-023", extended,
                    "a plain answer was used, the same with new, signed fields was not");
    else
        rule_undecided(ruling, "WX2-023", plain, "no order could be made at all");
}

/* ---- answers to a query --------------------------------------------------------------------- */

static void asked_after(struct bench *bench, const char *sign, const char *extra)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_status(bench, order, "before") ||
        query_says_paid(bench, order, sign, extra) || make_it_ask(bench, order, "ask") ||
        bench_barrier(bench) || bench_status(bench, order, "after"))
        return;
}

static void query_wrong_run(struct bench *bench)
{
    asked_after(bench, "wrong", NULL);
}

static void query_unsigned_run(struct bench *bench)
{
    asked_after(bench, "none", NULL);
}

/* Nothing can be said when the merchant did not ask. */
static bool it_asked(const struct story *story, struct ruling *ruling)
{
    if (story_call(story, NULL, "orderquery", "o1"))
        return true;
    for (size_t i = 0; i < ruling->count; i++)
        rule_undecided(ruling, ruling->findings[i].rule, NULL,
                       "the merchant did not query the order");
    return false;
}

static void query_forged_decide(const struct story *story, struct ruling *ruling)
{
    if (it_asked(story, ruling))
        decide_unsettled(story, ruling, "WX2-021",
                         "a query's answer that says paid without a right "
                         "sign");
}

/* Success in one layer, none in another; each signed right, but a FAIL at the top, which has none. */
static void layers_run(struct bench *bench)
{
    static const char *const layers[] = {
        "{\"result_code\":\"FAIL\",\"err_code\":\"SYSTEMERROR\"}",
        "{\"result_code\":\"success\"}",
        "{\"trade_state\":\"success\"}",
        "{\"trade_state\":\"SUCCESSFUL\"}",
        "{\"return_code\":\"SYSTEMERROR\"}",
        "{\"return_code\":\"FAIL\"}",
    };
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_status(bench, order, "before") : ERR_NOT_FOUND;

    for (size_t i = 0; i < COUNT(layers) && !err; i++) {
        err = query_says_paid(bench, order, "valid", layers[i]);
        if (!err)
            err = make_it_ask(bench, order, "ask");
        if (!err)
            err = bench_faults_off(bench);
    }
    if (!err && !bench_barrier(bench))
        err = bench_status(bench, order, "after");
    (void)err; /* recorded */
}

static void layers_decide(const struct story *story, struct ruling *ruling)
{
    if (it_asked(story, ruling))
        decide_unsettled(story, ruling, "WX2-025",
                         "answers that say SUCCESS in one layer and not in another");
}

/*
 * The close meets ORDERPAID in truth, but a forged ORDERCLOSED comes back. Whoever verifies it asks
 * again and finds the payment; whoever believes it has lost the buyer's money.
 */
static void failure_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL) ||
        query_says_notpay(bench, order) ||
        bench_fault(
            bench, order,
            "{\"door\":\"api\",\"api\":\"closeorder\",\"kind\":\"alter\",\"sign\":\"wrong\","
            "\"set\":{\"err_code\":\"ORDERCLOSED\",\"err_code_des\":\"订单已关闭\"}}") ||
        bench_close(bench, order, "give-up") || bench_pass_time(bench, 330) ||
        bench_await_calls(bench, order, "closeorder", 1) || bench_faults_off(bench) ||
        bench_pass_time(bench, 900) || bench_await_state(bench, order, ORDER_PAID, 2000) ||
        bench_status(bench, order, "after"))
        return;
}

static void failure_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *close = story_call(story, NULL, "closeorder", "o1");

    if (!after)
        return;
    if (!close)
        rule_undecided(ruling, "WX2-022", after, "the merchant did not close at the platform");
    else if (status_settled(after))
        rule_holds(ruling, "WX2-022", after, "the forged ORDERCLOSED was not believed: \"%s\"",
                   status_shown(after));
    else if (fact_is(after, "/state", "closed"))
        rule_broken(ruling, "WX2-022", after,
                    "a failure with a wrong sign was believed: the paid order is \"%s\"",
                    status_shown(after));
    else
        rule_undecided(ruling, "WX2-022", after, "the order is \"%s\"", status_shown(after));
    rule_evidence(ruling, "WX2-022", close);
}

#define NOT_SHOWN "the code of such an answer is never shown"

static const struct case_def cases[] = {
    { .id = "signing/answer-wrong-sign",
      .experiment =
          "The unified order's answers carry a code of the judge's choice and a wrong sign.",
      .claims = { { "WX2-021", NOT_SHOWN } },
      .run = answer_wrong_run,
      .decide = answer_wrong_decide },
    { .id = "signing/answer-unsigned",
      .experiment = "The unified order's answers carry a code of the judge's choice and no sign.",
      .claims = { { "WX2-021", NOT_SHOWN } },
      .run = answer_unsigned_run,
      .decide = answer_unsigned_decide },
    { .id = "signing/answer-uncovered-field",
      .experiment = "Somebody adds a field to the unified order's signed answers.",
      .claims = { { "WX2-024", "such an answer is not used" } },
      .run = answer_stale_run,
      .decide = answer_stale_decide },
    { .id = "signing/answer-new-field",
      .experiment = "The unified order's answer holds signed fields nobody knows yet.",
      .claims = { { "WX2-023", "the answer is used" } },
      .run = unknown_signed_run,
      .decide = unknown_signed_decide },
    { .id = "signing/answer-other-merchant",
      .experiment = "The unified order's answers are signed right, for another mch_id.",
      .claims = { { "WX2-026", NOT_SHOWN } },
      .run = answer_foreign_run,
      .decide = answer_foreign_decide },
    { .id = "signing/query-wrong-sign",
      .experiment = "A query of an unpaid order is answered paid, with a wrong sign.",
      .claims = { { "WX2-021", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = query_wrong_run,
      .decide = query_forged_decide },
    { .id = "signing/query-unsigned",
      .experiment = "A query of an unpaid order is answered paid, without a sign.",
      .claims = { { "WX2-021", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = query_unsigned_run,
      .decide = query_forged_decide },
    { .id = "signing/layers",
      .experiment =
          "Queries of an unpaid order are answered with success in one layer and failure, "
          "or another word, in the next.",
      .claims = { { "WX2-025", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = layers_run,
      .decide = layers_decide },
    { .id = "signing/failure-wrong-sign",
      .experiment =
          "A paid order is given up; the close is answered ORDERCLOSED with a wrong sign.",
      .claims = { { "WX2-022", "the failure is not believed" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = failure_run,
      .decide = failure_decide },
};

const struct chapter chapter_signing = { cases, COUNT(cases), API_V2 };
