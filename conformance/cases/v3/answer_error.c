/*
 * v3/answer_error.c — errors of the platform: unsigned ones, other texts, other shapes.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

/* ---- unsigned errors ------------------------------------------------------------------------- */

static void unsigned_run(struct bench *bench)
{
    static const char *const faults[] = {
        "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":1,\"kind\":\"http_status\",\"status\":"
        "429}",
        "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":1,\"kind\":\"http_status\",\"status\":"
        "401}",
    };
    struct order *order = paid_under(bench, faults, COUNT(faults));
    int err = order ? 0 : -1;

    for (size_t i = 0; i < COUNT(faults) && !err; i++) {
        if (i && bench_profile(bench)->clock.line)
            err = bench_pass_time(bench, 5);
        if (!err)
            err = make_it_ask(bench, order, "ask");
    }
    if (err || bench_alive(bench, "after") ||
        (bench_profile(bench)->clock.line && bench_pass_time(bench, 60)) ||
        make_it_ask(bench, order, "truth") || bench_await_state(bench, order, ORDER_PAID, 3000) ||
        bench_status(bench, order, "after"))
        return;
}

static void unsigned_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *call = faulty_call(story, ruling, "WX3-017", "v3/query");

    for (const struct fact *f = NULL; (f = story_next(story, f, "merchant", NULL, NULL));)
        if (fact_is(f, "/event", "exited"))
            rule_broken(ruling, "WX3-017", f, "at an unsigned error the process ended: %.200s",
                        fact_str(f, "/why"));
    if (!call || !decide_alive(story, ruling, "WX3-017"))
        return;
    decide_settled(story, ruling, "WX3-017", "after unsigned errors, once the query worked again");
    rule_evidence(ruling, "WX3-017", call);
}

/* ---- texts ----------------------------------------------------------------------------------- */

#define QUERIES_MAX    3
#define FIVE_MINUTES_S 300

/*
 * Paid unnoticed; the first @lies queries say NOTPAY, so that the close meets ORDERPAID, and what is
 * asked after it hears the truth. *met: it came so, and the order is paid.
 */
static int close_paid(struct bench *bench, int lies, const char *fault, bool *met)
{
    struct buf frozen = BUF_INIT(1024);
    struct order *order = paid_unnoticed(bench);
    int err = order ? 0 : -1;

    if (!err)
        err = buf_fmt(&frozen,
                      "{\"door\":\"api\",\"api\":\"v3/query\",\"kind\":\"alter\",\"count\":%d,"
                      "\"sign\":\"valid\",\"set\":{\"trade_state\":\"NOTPAY\"},"
                      "\"drop\":[\"transaction_id\",\"success_time\",\"payer\",\"bank_type\","
                      "\"trade_type\"]}",
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
        *met = bench_state(order) == ORDER_PAID && bench_calls(bench, order, "v3/close") > 0;
    buf_release(&frozen);
    return err ? err : bench_real_time(bench);
}

/* How often this merchant asks before it closes is found out first. */
static void text_run(struct bench *bench)
{
    bool met = false;
    int lies = 0;

    while (!met && lies < QUERIES_MAX)
        if (close_paid(bench, ++lies, NULL, &met))
            return;
    if (!met)
        bench_skip(bench, "its close cannot be brought to meet ORDERPAID");
    else if (close_paid(bench, lies,
                        "{\"door\":\"api\",\"api\":\"v3/close\",\"kind\":\"alter\",\"count\":0,"
                        "\"sign\":\"valid\",\"set\":{\"message\":\"the order is settled\"}}",
                        &met))
        return;
}

/* Two orders that differ in nothing but the text. */
static void text_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *plain = story_last(story, "status", NULL, "plain");
    const struct fact *other = story_last(story, "status", NULL, "other");

    if (!other)
        return;
    if (!status_settled(plain))
        rule_undecided(ruling, "WX3-071", plain,
                       "with the usual text the order was \"%s\", so nothing can be compared",
                       status_shown(plain));
    else if (!status_settled(other))
        rule_broken(ruling, "WX3-071", other,
                    "with the usual text the order became \"%s\", with another \"%s\"",
                    status_shown(plain), status_shown(other));
    else
        rule_holds(ruling, "WX3-071", other, "both orders became \"%s\"", status_shown(other));
}

/* ---- shapes ---------------------------------------------------------------------------------- */

#define REFUSED(body)                                                                              \
    "{\"door\":\"api\",\"api\":\"v3/native\",\"count\":1,\"kind\":\"raw\",\"status\":400,"         \
    "\"content_type\":\"application/json; charset=utf-8\",\"body\":\"" body "\"}"

static void shapes_run(struct bench *bench)
{
    static const char *const faults[] = {
        /* as seen on the wire, as documented, and bare (V3 1.5) */
        REFUSED(
            "{\\\"code\\\":\\\"PARAM_ERROR\\\",\\\"detail\\\":{\\\"location\\\":\\\"body\\\","
            "\\\"value\\\":1},\\\"message\\\":\\\"输入源“/body/description”映射到值字段“商品描述”"
            "字符串规则校验失败，字节数 1，小于最小值 6\\\"}"),
        REFUSED(
            "{\\\"code\\\":\\\"PARAM_ERROR\\\",\\\"message\\\":\\\"参数错误\\\",\\\"detail\\\":{"
            "\\\"field\\\":\\\"/amount/currency\\\",\\\"value\\\":\\\"XYZ\\\",\\\"issue\\\":"
            "\\\"Currency code is invalid\\\",\\\"location\\\":\\\"body\\\"}}"),
        REFUSED("{\\\"code\\\":\\\"PARAM_ERROR\\\",\\\"message\\\":\\\"参数错误\\\"}"),
        REFUSED("{\\\"code\\\":\\\"PARAM_ERROR\\\",\\\"message\\\":\\\"参数错误\\\",\\\"detail\\\":"
                "null}"),
    };
    static const struct order_wish wish = { .may_fail = true };

    for (size_t i = 0; i < COUNT(faults); i++)
        if (bench_fault(bench, NULL, faults[i]) || !bench_create(bench, &wish) ||
            bench_faults_off(bench))
            return;
    if (bench_alive(bench, "after") || !bench_create(bench, &wish))
        return;
}

static void shapes_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = story_last(story, "create", NULL, NULL), *met = NULL;

    if (!decide_alive(story, ruling, "WX3-072") || !last)
        return;
    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/native", NULL));)
        met = met_fault(f) ? f : met;
    for (const struct fact *f = NULL; met && (f = story_next(story, f, "create", NULL, NULL));) {
        int64_t status = fact_int(f, "/steps/0/answer/status", 0);
        if (f != last && !status)
            rule_broken(ruling, "WX3-072", f, "the buyer got no answer when the order was refused");
    }
    if (!met)
        rule_undecided(ruling, "WX3-072", last, "no create call was made");
    else if (!fact_true(last, "/created"))
        rule_broken(ruling, "WX3-072", last, "after the refusals no order could be made any more");
    else
        rule_holds(ruling, "WX3-072", last, "four shapes of refusal were survived");
}

/* ---- new members ----------------------------------------------------------------------------- */

#define EXTENDED "\"sign\":\"valid\",\"set\":{\"future_field\":\"x1\",\"zz.later\":\"二\"}}"

static void members_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };
    static const char *const extended[] = {
        "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":0,\"kind\":\"alter\"," EXTENDED
    };
    struct order *order = paid_under(bench, extended, 1);

    if (!order || make_it_ask(bench, order, "ask") ||
        bench_await_state(bench, order, ORDER_PAID, 2000) || bench_status(bench, order, "after") ||
        bench_faults_off(bench) ||
        bench_fault(
            bench, NULL,
            "{\"door\":\"api\",\"api\":\"v3/native\",\"count\":0,\"kind\":\"alter\"," EXTENDED) ||
        !bench_create(bench, &wish))
        return;
}

static void members_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *plain = story_first(story, "create", NULL, NULL);
    const struct fact *extended = story_last(story, "create", NULL, NULL);

    if (!faulty_call(story, ruling, "WX3-048", "v3/query") || !after)
        return;
    decide_settled(story, ruling, "WX3-048", "by an answer with members nobody knows yet");
    if (extended != plain && !fact_true(extended, "/created"))
        rule_broken(ruling, "WX3-048", extended,
                    "a plain create answer was used, one with new members was not");
}

/* ---- about somebody else --------------------------------------------------------------------- */

#define ABOUT(count, edit)                                                                         \
    "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":" count ",\"kind\":\"alter\","               \
    "\"sign\":\"valid\",\"set\":{" edit "}}"

static void other_run(struct bench *bench)
{
    static const char *const faults[] = {
        ABOUT("1", "\"mchid\":\"1900009999\""),
        ABOUT("1", "\"appid\":\"wx9999999999999999\""),
        ABOUT("1", "\"out_trade_no\":\"anotherorder1\""),
        ABOUT("1", "\"amount.total\":\"7777777\""),
        ABOUT("0", "\"amount.currency\":\"JPY\""),
    };
    struct order *order = paid_under(bench, faults, COUNT(faults));
    int err = order ? bench_status(bench, order, "before") : -1;

    for (size_t i = 0; i < COUNT(faults) && !err; i++) {
        if (i && bench_profile(bench)->clock.line)
            err = bench_pass_time(bench, 5);
        if (!err)
            err = make_it_ask(bench, order, "ask");
        if (!err)
            err = bench_status(bench, order, "after");
    }
    (void)err; /* recorded */
}

/* The rule speaks of notifications; an answer to one's own question is a smaller danger. */
static void other_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *before = story_first(story, "status", "o1", "before");
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *call = faulty_call(story, ruling, "WX3-043", "v3/query");

    if (!after || !call || truth_was_told(story, ruling, "WX3-043"))
        return;
    if (status_settled(before))
        rule_undecided(ruling, "WX3-043", before, "the order was \"%s\" before the experiment",
                       status_shown(before));
    else if (status_settled(after))
        rule_departs(ruling, "WX3-043", after,
                     "the order became \"%s\" by a query's answer about another merchant, order or "
                     "amount; the documentation asks for the comparison in notifications",
                     status_shown(after));
    else
        rule_holds(ruling, "WX3-043", after, "the order stayed \"%s\"", status_shown(after));
    rule_evidence(ruling, "WX3-043", call);
}

static const struct case_def cases[] = {
    { .id = "v3/answer/new-members",
      .experiment = "Answers to a query and a create call have members nobody knows yet.",
      .claims = { { "WX3-048", "they are used" } },
      .needs = NEED_STATUS,
      .run = members_run,
      .decide = members_decide },
    { .id = "v3/answer/other-content",
      .experiment =
          "The query of a paid order is answered about another merchant, app, order, amount "
          "and currency, rightly signed.",
      .claims = { { "WX3-043", "the answer is not used" } },
      .needs = NEED_STATUS,
      .run = other_run,
      .decide = other_decide },
    { .id = "v3/answer/unsigned-errors",
      .experiment = "The query of a paid order is answered with an unsigned 429, an unsigned 401, "
                    "then truly.",
      .claims = { { "WX3-017", "the merchant lives and finds the payment" } },
      .needs = NEED_STATUS,
      .run = unsigned_run,
      .decide = unsigned_decide },
    { .id = "v3/answer/other-text",
      .experiment = "The close meets ORDERPAID with a message nobody has seen.",
      .claims = { { "WX3-071", "the code decides: the order becomes paid" } },
      .needs = NEED_STATUS | NEED_CLOSE | NEED_CLOCK,
      .run = text_run,
      .decide = text_decide },
    { .id = "v3/answer/detail-shapes",
      .experiment = "Create calls are refused with PARAM_ERROR in the shapes known, then not.",
      .claims = { { "WX3-072", "the merchant lives and the next order is made" } },
      .run = shapes_run,
      .decide = shapes_decide },
};

const struct chapter chapter_v3_answer_error = { cases, COUNT(cases), API_V3 };
