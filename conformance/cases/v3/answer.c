/*
 * v3/answer.c — answers of the platform that are not rightly signed.
 *
 * The order is paid in truth and its notification withheld, so the answer says what is so; only its
 * proof is missing. A merchant that verifies does not use it, and asks again.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

#define ON_QUERY "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":0,\"kind\":"
/* The first of several: each query meets the next. */
#define ON_NEXT "{\"door\":\"api\",\"api\":\"v3/query\",\"count\":1,\"kind\":"

/* As many questions as there are faults, with a pause that a limit of one a second needs. */
static int ask_times(struct bench *bench, struct order *order, size_t count)
{
    int err = 0;
    for (size_t i = 0; i < count && !err; i++) {
        if (i && bench_profile(bench)->clock.line)
            err = bench_pass_time(bench, 5);
        if (!err)
            err = make_it_ask(bench, order, "ask");
        if (!err)
            err = bench_status(bench, order, "after");
    }
    return err;
}

static void ask_under(struct bench *bench, const char *const *faults, size_t count)
{
    struct order *order = paid_under(bench, faults, count);

    if (!order || bench_status(bench, order, "before") || ask_times(bench, order, count) ||
        bench_barrier(bench) || bench_status(bench, order, "after"))
        return;
}

static void decide_unused(const struct story *story, struct ruling *ruling, const char *rule,
                          const char *what)
{
    const struct fact *call = faulty_call(story, ruling, rule, "v3/query");

    if (!call || truth_was_told(story, ruling, rule))
        return;
    decide_unsettled(story, ruling, rule, what);
    rule_evidence(ruling, rule, call);
}

static void wrong_run(struct bench *bench)
{
    static const char *const faults[] = { ON_NEXT "\"wrong_sign\"}", ON_QUERY "\"rogue_key\"}" };
    ask_under(bench, faults, COUNT(faults));
}

static void wrong_decide(const struct story *story, struct ruling *ruling)
{
    decide_unused(story, ruling, "WX3-011", "a query's answer with a wrong signature");
}

static void unsigned_run(struct bench *bench)
{
    static const char *const faults[] = { ON_QUERY "\"no_sign\"}" };
    ask_under(bench, faults, COUNT(faults));
}

static void headers_run(struct bench *bench)
{
    static const char *const faults[] = {
        ON_NEXT "\"missing_header\",\"header\":\"Wechatpay-Signature\"}",
        ON_NEXT "\"missing_header\",\"header\":\"Wechatpay-Serial\"}",
        ON_NEXT "\"missing_header\",\"header\":\"Wechatpay-Timestamp\"}",
        ON_QUERY "\"missing_header\",\"header\":\"Wechatpay-Nonce\"}",
    };
    ask_under(bench, faults, COUNT(faults));
}

static void unsigned_decide(const struct story *story, struct ruling *ruling)
{
    decide_unused(story, ruling, "WX3-012", "a query's answer without signature headers");
}

static void serial_run(struct bench *bench)
{
    static const char *const faults[] = { ON_QUERY "\"unknown_serial\"}" };
    ask_under(bench, faults, COUNT(faults));
}

static void serial_decide(const struct story *story, struct ruling *ruling)
{
    decide_unused(story, ruling, "WX3-014", "a query's answer under an unknown serial");
}

static void stale_run(struct bench *bench)
{
    static const char *const faults[] = { ON_QUERY "\"stale_stamp\"}" };
    ask_under(bench, faults, COUNT(faults));
}

static void stale_decide(const struct story *story, struct ruling *ruling)
{
    decide_unused(story, ruling, "WX3-015", "a query's answer with a stamp an hour old");
}

/* ---- probes ---------------------------------------------------------------------------------- */

static void probe_run(struct bench *bench)
{
    static const char *const probe[] = { ON_QUERY "\"probe\"}" };
    struct order *order = paid_under(bench, probe, 1);

    if (!order || bench_status(bench, order, "before") || make_it_ask(bench, order, "ask") ||
        bench_status(bench, order, "probed") || bench_faults_off(bench) ||
        make_it_ask(bench, order, "truth") || bench_await_state(bench, order, ORDER_PAID, 3000) ||
        bench_status(bench, order, "after"))
        return;
}

static void probe_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *probed = story_last(story, "status", "o1", "probed");
    const struct fact *call = faulty_call(story, ruling, "WX3-018", "v3/query");

    if (!call || !probed)
        return;
    if (status_settled(probed))
        rule_broken(ruling, "WX3-018", probed, "the order became \"%s\" by a signature probe",
                    status_shown(probed));
    else
        decide_settled(story, ruling, "WX3-018", "once the answer was rightly signed again");
    rule_evidence(ruling, "WX3-018", call);
}

/* ---- the answer of a create call ------------------------------------------------------------- */

#define CREATE_FORGED                                                                              \
    "{\"door\":\"api\",\"api\":\"v3/native\",\"kind\":\"alter\",\"count\":0,\"set\":{"             \
    "\"code_url\":\"" FORGED_CODE_URL "\"},\"sign\":"

static void forged_code_run(struct bench *bench, const char *fault)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL, fault))
        return;
    struct order *order = bench_create(bench, &wish);
    if (order && order->created && bench_profile(bench)->qr.kind != PICTURE_NONE &&
        bench_qr(bench, order, "forged"))
        return;
}

static void create_wrong_run(struct bench *bench)
{
    forged_code_run(bench, CREATE_FORGED "\"wrong\"}");
}

static void create_wrong_decide(const struct story *story, struct ruling *ruling)
{
    decide_no_forged_code(story, ruling, "WX3-011", "a create answer with a wrong signature");
}

static void create_unsigned_run(struct bench *bench)
{
    forged_code_run(bench, CREATE_FORGED "\"none\"}");
}

static void create_unsigned_decide(const struct story *story, struct ruling *ruling)
{
    decide_no_forged_code(story, ruling, "WX3-012", "a create answer without a signature");
}

#define UNPAID    "the answer is not used: the order stays unpaid"
#define NOT_SHOWN "the code of such an answer is never shown"

static const struct case_def cases[] = {
    { .id = "v3/answer/wrong-signature",
      .experiment = "The query of a paid order is answered with a wrong signature, then with a "
                    "stranger's.",
      .claims = { { "WX3-011", UNPAID } },
      .needs = NEED_STATUS,
      .run = wrong_run,
      .decide = wrong_decide },
    { .id = "v3/answer/unsigned",
      .experiment = "The query of a paid order is answered without signature headers.",
      .claims = { { "WX3-012", UNPAID } },
      .needs = NEED_STATUS,
      .run = unsigned_run,
      .decide = unsigned_decide },
    { .id = "v3/answer/headers",
      .experiment = "The query of a paid order is answered without one of the signature headers, "
                    "each in turn.",
      .claims = { { "WX3-012", UNPAID } },
      .needs = NEED_STATUS,
      .run = headers_run,
      .decide = unsigned_decide },
    { .id = "v3/answer/unknown-serial",
      .experiment = "The query of a paid order is answered under a serial nobody knows.",
      .claims = { { "WX3-014", UNPAID } },
      .needs = NEED_STATUS,
      .run = serial_run,
      .decide = serial_decide },
    { .id = "v3/answer/stale",
      .experiment = "The query of a paid order is answered with a stamp an hour old.",
      .claims = { { "WX3-015", UNPAID } },
      .needs = NEED_STATUS,
      .run = stale_run,
      .decide = stale_decide },
    { .id = "v3/answer/probe",
      .experiment = "The query of a paid order is answered with a signature probe, then truly.",
      .claims = { { "WX3-018", "the probe is not used; the next answer is" } },
      .needs = NEED_STATUS,
      .run = probe_run,
      .decide = probe_decide },
    { .id = "v3/answer/create-wrong-signature",
      .experiment = "Create calls are answered with a code of the judge's choice and a wrong "
                    "signature.",
      .claims = { { "WX3-011", NOT_SHOWN } },
      .run = create_wrong_run,
      .decide = create_wrong_decide },
    { .id = "v3/answer/create-unsigned",
      .experiment = "Create calls are answered with a code of the judge's choice, unsigned.",
      .claims = { { "WX3-012", NOT_SHOWN } },
      .run = create_unsigned_run,
      .decide = create_unsigned_decide },
};

const struct chapter chapter_v3_answer = { cases, COUNT(cases), API_V3 };
