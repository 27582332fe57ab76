/*
 * create_retry.c — the unified order again: after silence, after an error, after a final answer.
 */
#include "base/mem.h"
#include "cases/common.h"

/* ---- retries -------------------------------------------------------------------------------- */

/* Time for a merchant that repeats by itself; one that has no clock door is watched as it is. */
static int let_it_retry(struct bench *bench)
{
    for (int i = 0; i < 4; i++)
        if (bench_profile(bench)->clock.line && bench_pass_time(bench, 30))
            return -1;
    return bench_collect(bench);
}

static void retry_after(struct bench *bench, const char *fault)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL, fault) || !bench_create(bench, &wish) || let_it_retry(bench))
        return;
}

static void retry_cut_run(struct bench *bench)
{
    retry_after(bench, "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_after\"}");
}

static void retry_error_run(struct bench *bench)
{
    retry_after(bench, "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"system_error\"}");
}

/* What may differ between tries, V2 5.3. */
static bool may_differ(const char *name)
{
    static const char *const names[] = { "nonce_str", "sign", "sign_type", "spbill_create_ip",
                                         "time_start" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The first name whose value differs, NULL when they are the same order. */
static const char *first_difference(const struct oracle_msg *a, const struct oracle_msg *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *other = oracle_get(b, a->field[i].name);
        if (!may_differ(a->field[i].name) && strcmp(a->field[i].value, other ? other : "") != 0)
            return a->field[i].name;
    }
    return NULL;
}

static void compare_retry(struct ruling *ruling, const struct fact *first, const struct fact *again)
{
    struct oracle_msg a = {}, b = {};
    struct oracle_reading reading;

    if (!exchange_read(first, "/request", &a, &reading) &&
        !exchange_read(again, "/request", &b, &reading)) {
        const char *name = first_difference(&a, &b);
        if (!name)
            name = first_difference(&b, &a);
        if (name && strcmp(name, "out_trade_no") == 0)
            rule_broken(ruling, "WX2-034", again, "the retry took another out_trade_no");
        else if (name)
            rule_broken(ruling, "WX2-034", again, "the retry changed %s", name);
        else
            rule_holds(ruling, "WX2-034", again, "the retry was the same order again");
        rule_evidence(ruling, "WX2-034", first);
    }
    oracle_release(&a);
    oracle_release(&b);
}

static void retry_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *again = first;

    if (!first)
        return;
    while ((again = story_call(story, again, "unifiedorder", NULL)))
        compare_retry(ruling, first, again);
    if (story_call(story, first, "unifiedorder", NULL) == NULL)
        rule_skipped(ruling, "WX2-034", first, "the merchant did not repeat the call by itself");
}

/* ---- final answers -------------------------------------------------------------------------- */

static void closed_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(
            bench, NULL,
            "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"alter\",\"sign\":\"valid\","
            "\"set\":{\"result_code\":\"FAIL\",\"err_code\":\"ORDERCLOSED\","
            "\"err_code_des\":\"订单已关闭\"},\"drop\":[\"prepay_id\",\"code_url\"]}") ||
        !bench_create(bench, &wish) || let_it_retry(bench))
        return;
}

static void closed_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *again = first;
    char number[64], other[64];

    if (!first)
        return;
    exchange_field(first, "/request", "out_trade_no", number, sizeof(number));
    while ((again = story_call(story, again, "unifiedorder", NULL))) {
        exchange_field(again, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) == 0)
            rule_broken(ruling, "WX2-035", again, "%s was used again after ORDERCLOSED", number);
    }
    rule_holds(ruling, "WX2-035", first, "%s was not used again after ORDERCLOSED", number);
}

static void order_paid_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };
    struct order *order;

    /* However often it tries at once, no answer comes until the buyer has paid. */
    if (bench_notify_mode(bench, NULL, "suppress") ||
        bench_fault(
            bench, NULL,
            "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_after\",\"count\":0}"))
        return;
    order = bench_create(bench, &wish);
    if (!order || bench_link(bench, order) || bench_pay(bench, order, NULL) ||
        bench_faults_off(bench))
        return;
    if (let_it_retry(bench) || bench_pass_time(bench, 90) || bench_collect(bench))
        return;
}

static bool says(const struct fact *call, const char *code)
{
    char text[64];

    exchange_field(call, "/answer", "err_code", text, sizeof(text));
    return strcmp(text, code) == 0;
}

static void order_paid_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *paid = NULL;
    char number[64], other[64];

    exchange_field(first, "/request", "out_trade_no", number, sizeof(number));
    for (const struct fact *f = first; (f = story_call(story, f, "unifiedorder", NULL));) {
        exchange_field(f, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) != 0)
            rule_broken(ruling, "WX2-036", f, "a second order %s was placed for the paid %s", other,
                        number);
        else if (says(f, "ORDERPAID"))
            paid = f;
    }
    if (!first)
        return;
    if (!paid) {
        rule_skipped(ruling, "WX2-036", first, "the merchant did not meet ORDERPAID");
        return;
    }
    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", NULL));)
        if (fact_before(paid, f)) {
            rule_holds(ruling, "WX2-036", f, "ORDERPAID was followed by a query of %s", number);
            return;
        }
    rule_broken(ruling, "WX2-036", paid, "ORDERPAID was not followed by a query of %s", number);
}

static const struct case_def cases[] = {
    { .id = "create/retry-after-cut",
      .experiment = "The platform makes the order and cuts the connection before answering.",
      .claims = { { "WX2-034", "a retry has the same number and the same parameters" } },
      .run = retry_cut_run,
      .decide = retry_decide },
    { .id = "create/retry-after-error",
      .experiment = "The platform answers the unified order with SYSTEMERROR.",
      .claims = { { "WX2-034", "a retry has the same number and the same parameters" } },
      .run = retry_error_run,
      .decide = retry_decide },
    { .id = "create/order-closed",
      .experiment = "The platform answers the unified order with ORDERCLOSED.",
      .claims = { { "WX2-035", "the number is not used again" } },
      .run = closed_run,
      .decide = closed_decide },
    { .id = "create/order-paid",
      .experiment = "The answer of the unified order is lost, the order is paid unnoticed, and the "
                    "merchant tries again.",
      .claims = { { "WX2-036", "ORDERPAID is followed by a query, not by another order" } },
      .needs = NEED_CLOCK,
      .run = order_paid_run,
      .decide = order_paid_decide },
};

const struct chapter chapter_create_retry = { cases, COUNT(cases), API_V2 };
