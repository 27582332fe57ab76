/*
 * close.c — giving an order up while the buyer may be paying it.
 */
#include "base/mem.h"
#include "cases/common.h"

#define FIVE_MINUTES_S 300

/* ---- a payment nobody noticed --------------------------------------------------------------- */

static void unnoticed_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL) ||
        bench_close(bench, order, "give-up") || bench_await_state(bench, order, ORDER_PAID, 2000) ||
        bench_status(bench, order, "early"))
        return;
    /* Some close at the platform only after five minutes, and learn it then. */
    if (bench_state(order) != ORDER_PAID && bench_profile(bench)->clock.line &&
        (bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
         bench_await_state(bench, order, ORDER_PAID, 2000)))
        return;
    if (bench_status(bench, order, "after"))
        return;
}

static bool met_orderpaid(const struct story *story)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, "closeorder", "o1"));) {
        char code[64];
        exchange_field(f, "/answer", "err_code", code, sizeof(code));
        if (strcmp(code, "ORDERPAID") == 0)
            return true;
    }
    return false;
}

/* A merchant that keeps the order closed and sends the money back is right too. */
static void decide_found(const struct story *story, struct ruling *ruling, const char *rule,
                         const char *how)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(after) || fact_is(after, "/state", "refunded"))
        rule_holds(ruling, rule, after, "the order became \"%s\" %s", status_shown(after), how);
    else if (story_call(story, NULL, "refund", "o1"))
        rule_undecided(ruling, rule, after, "the order is \"%s\" and a refund was asked for",
                       status_shown(after));
    else if (fact_is(after, "/state", "closed") ||
             (fact_is(after, "/state", "pending") && met_orderpaid(story)))
        rule_broken(ruling, rule, after, "the buyer has paid, and the order is \"%s\"",
                    status_shown(after));
    else
        rule_undecided(ruling, rule, after, "the order is \"%s\"", status_shown(after));
    rule_evidence(ruling, rule, story_call(story, NULL, "closeorder", "o1"));
}

static void unnoticed_decide(const struct story *story, struct ruling *ruling)
{
    decide_found(story, ruling, "WX2-066", "when it was given up");
}

/* ---- ORDERPAID ------------------------------------------------------------------------------ */

/* The query says NOTPAY as long as the close has not met the payment: V2 5.5, race 1. */
static void orderpaid_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL) ||
        query_says_notpay(bench, order) || bench_close(bench, order, "give-up") ||
        bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
        bench_await_calls(bench, order, "closeorder", 1) || bench_faults_off(bench) ||
        bench_await_state(bench, order, ORDER_PAID, 1000))
        return;
    if (bench_state(order) != ORDER_PAID &&
        (bench_pass_time(bench, 600) || bench_await_state(bench, order, ORDER_PAID, 2000)))
        return;
    if (bench_status(bench, order, "after"))
        return;
}

#define QUERIES_MAX 3

/*
 * Paid unnoticed; the first @lies queries say NOTPAY, so that the close meets ORDERPAID, and what is
 * asked after it hears the truth. *met: it came so, and the order is paid.
 */
static int close_paid(struct bench *bench, int lies, const char *fault, bool *met)
{
    static const struct order_wish any = {};
    struct buf frozen = BUF_INIT(512);
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_notify_mode(bench, order, "suppress") : -1;

    if (!err)
        err = bench_pay(bench, order, NULL);
    if (!err)
        err = buf_fmt(&frozen,
                      "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"alter\",\"count\":%d,"
                      "\"sign\":\"valid\",\"set\":{\"trade_state\":\"NOTPAY\"},"
                      "\"drop\":[\"transaction_id\",\"time_end\"]}",
                      lies);
    if (!err)
        err = bench_fault(bench, order, buf_cstr(&frozen));
    if (!err && fault)
        err = bench_fault(bench, order, fault);
    if (!err)
        err = bench_close(bench, order, "give-up");
    if (!err)
        err = bench_pass_time(bench, FIVE_MINUTES_S + 30);
    if (!err)
        err = bench_await_state(bench, order, ORDER_PAID, 500);
    if (!err)
        err = bench_status(bench, order, fault ? "other" : "plain");
    if (!err)
        *met = bench_state(order) == ORDER_PAID && bench_calls(bench, order, "closeorder") > 0;
    buf_release(&frozen);
    return err ? err : bench_real_time(bench);
}

/* How often this merchant asks before it closes is found out first. */
static void other_text_run(struct bench *bench)
{
    bool met = false;
    int lies = 0;

    while (!met && lies < QUERIES_MAX)
        if (close_paid(bench, ++lies, NULL, &met))
            return;
    if (!met)
        bench_skip(bench, "its close cannot be brought to meet ORDERPAID");
    else if (close_paid(bench, lies,
                        "{\"door\":\"api\",\"api\":\"closeorder\",\"kind\":\"alter\",\"count\":0,"
                        "\"sign\":\"valid\",\"set\":{\"err_code_des\":\"the order is settled\"}}",
                        &met))
        return;
}

static void decide_orderpaid(const struct story *story, struct ruling *ruling, const char *rule)
{
    if (met_orderpaid(story))
        decide_found(story, ruling, rule, "after ORDERPAID");
    else if (story_last(story, "status", "o1", "after"))
        rule_undecided(ruling, rule, NULL, "the merchant's close did not meet ORDERPAID");
}

static void orderpaid_decide(const struct story *story, struct ruling *ruling)
{
    decide_orderpaid(story, ruling, "WX2-067");
}

/* Two orders that differ in nothing but the text. */
static void other_text_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *plain = story_last(story, "status", NULL, "plain");
    const struct fact *other = story_last(story, "status", NULL, "other");

    if (!other)
        return;
    if (!status_settled(plain))
        rule_undecided(ruling, "WX2-027", plain,
                       "with the usual text the order was \"%s\", so nothing can be compared",
                       status_shown(plain));
    else if (!status_settled(other))
        rule_broken(ruling, "WX2-027", other,
                    "with the usual text the order became \"%s\", with another \"%s\"",
                    status_shown(plain), status_shown(other));
    else
        rule_holds(ruling, "WX2-027", other, "both orders became \"%s\"", status_shown(other));
}

/* ---- faults --------------------------------------------------------------------------------- */

static void failed_close(struct bench *bench, const char *fault)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_fault(bench, order, fault) || bench_close(bench, order, "give-up") ||
        bench_pass_time(bench, FIVE_MINUTES_S + 30) ||
        bench_await_calls(bench, order, "closeorder", 1) || bench_pass_time(bench, 900) ||
        bench_collect(bench))
        return;
}

static void error_run(struct bench *bench)
{
    failed_close(bench, "{\"door\":\"api\",\"api\":\"closeorder\",\"kind\":\"system_error\"}");
}

static void garbage_run(struct bench *bench)
{
    failed_close(bench, "{\"door\":\"api\",\"api\":\"closeorder\",\"kind\":\"http_status\","
                        "\"status\":502}");
}

static void error_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *failed = story_call(story, NULL, "closeorder", "o1"), *again = NULL;
    const char *rule = ruling->findings[0].rule;

    if (!failed) {
        rule_undecided(ruling, rule, NULL, "the merchant did not close at the platform");
        return;
    }
    for (const struct fact *f = failed; (f = story_call(story, f, NULL, "o1")) && !again;)
        again = f;
    if (again)
        rule_holds(ruling, rule, again, "after the failed close came %s", fact_str(again, "/api"));
    else
        rule_broken(ruling, rule, failed,
                    "the failed close was the last call about the order in 15 minutes");
}

/* ---- when ----------------------------------------------------------------------------------- */

static void early_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_close(bench, order, "give-up") || bench_barrier(bench))
        return;
    if (bench_profile(bench)->clock.line && bench_pass_time(bench, FIVE_MINUTES_S + 30))
        return;
    if (bench_status(bench, order, "after") || bench_collect(bench))
        return;
}

static void early_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *made = story_call(story, NULL, "unifiedorder", "o1");
    const struct fact *close = story_call(story, NULL, "closeorder", "o1");
    const struct fact *after = story_last(story, "status", "o1", "after");
    int64_t age_s = (fact_int(close, "/virtual_ms", 0) - fact_int(made, "/virtual_ms", 0)) / 1000;
    bool time_passed = story_times(story, "advance", NULL, NULL) > 0;

    if (!made || !after)
        return;
    if (close && age_s < FIVE_MINUTES_S)
        rule_broken(ruling, "WX2-063", close, "closeorder came %lld s after the unified order",
                    (long long)age_s);
    else if (close)
        rule_holds(ruling, "WX2-063", close, "closeorder came after %lld s", (long long)age_s);
    else
        rule_holds(ruling, "WX2-063", after, "no closeorder came before its time");
    if (close)
        rule_holds(ruling, "WX2-072", close, "the order was closed at the platform too");
    else if (!fact_is(after, "/state", "closed"))
        rule_undecided(ruling, "WX2-072", after, "the order is \"%s\"", status_shown(after));
    else if (!time_passed)
        rule_skipped(ruling, "WX2-072", after, "the merchant has no clock door");
    else
        rule_broken(ruling, "WX2-072", after,
                    "the order is \"%s\", and its code can still be paid: no closeorder came",
                    status_shown(after));
}

static const struct case_def cases[] = {
    { .id = "close/paid-unnoticed",
      .experiment =
          "An order is paid, its notification is lost, and the buyer's browser gives it up.",
      .claims = { { "WX2-066", "the payment is found" } },
      .needs = NEED_STATUS | NEED_CLOSE,
      .run = unnoticed_run,
      .decide = unnoticed_decide },
    { .id = "close/orderpaid",
      .experiment = "The query still says NOTPAY; the close meets ORDERPAID.",
      .claims = { { "WX2-067", "the order becomes paid" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = orderpaid_run,
      .decide = orderpaid_decide },
    { .id = "close/other-text",
      .experiment = "The close meets ORDERPAID with a text nobody has seen.",
      .claims = { { "WX2-027", "the code decides: the order becomes paid" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = other_text_run,
      .decide = other_text_decide },
    { .id = "close/system-error",
      .experiment = "The close is answered SYSTEMERROR.",
      .claims = { { "WX2-068", "the merchant closes again, or asks" } },
      .needs = NEED_CLOSE | NEED_CLOCK,
      .run = error_run,
      .decide = error_decide },
    { .id = "close/non-xml-answer",
      .experiment = "The close is answered by a gateway's error page.",
      .claims = { { "WX2-013", "the outcome is unknown: the merchant closes again, or asks" } },
      .needs = NEED_CLOSE | NEED_CLOCK,
      .run = garbage_run,
      .decide = error_decide },
    { .id = "close/early",
      .experiment = "An order is given up at once; then five minutes pass.",
      .claims = { { "WX2-063", "no closeorder in the first five minutes" },
                  { "WX2-072", "the order is closed at the platform" } },
      .needs = NEED_STATUS | NEED_CLOSE,
      .run = early_run,
      .decide = early_decide },
};

const struct chapter chapter_close = { cases, COUNT(cases), API_V2 };
