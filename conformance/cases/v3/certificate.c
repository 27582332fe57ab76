/*
 * v3/certificate.c — where the merchant has the platform's keys from.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

#define HOUR_S 3600

static const char *mode(struct bench *bench)
{
    return account_v3(bench_account(bench), "/mode");
}

/* Whoever was given a key by its profile has no list to fetch. */
static bool was_given_keys(struct bench *bench)
{
    const struct profile *profile = bench_profile(bench);

    if (strcmp(mode(bench), "cert") == 0 && !profile_uses(profile, "platform_cert_file") &&
        !profile_uses(profile, "platform_serial"))
        return false;
    bench_skip(bench, "the merchant was given the platform's key: it has no list to fetch");
    return true;
}

/* A call of the list about no order: story_call() with any order. */
static const struct fact *list_call(const struct story *story, const struct fact *after)
{
    return story_call(story, after, "v3/certificates", NULL);
}

/* ---- every twelve hours ---------------------------------------------------------------------- */

/* The first order makes a merchant that fetches keys when it needs them fetch them. */
static void refresh_run(struct bench *bench)
{
    static const struct order_wish any = {};

    if (was_given_keys(bench))
        return;
    if (bench_kill_restart(bench) || !bench_create(bench, &any))
        return;
    bench_note(bench, NULL, "from", "twelve hours begin");
    for (int i = 0; i < 12; i++)
        if (bench_pass_time(bench, HOUR_S))
            return;
    /* a merchant that looks at the age of its list when it needs it is right too */
    if (!bench_create(bench, &any) || bench_collect(bench))
        return;
}

static void refresh_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = list_call(story, NULL), *later = NULL;
    const struct fact *made = story_last(story, "create", NULL, NULL);
    int64_t from = fact_int(first, "/virtual_ms", 0);

    if (!made || story_times(story, "create", NULL, NULL) < 2)
        return;
    if (!first) {
        rule_skipped(ruling, "WX3-019", made,
                     "the merchant fetched no certificates: it was given its keys");
        return;
    }
    for (const struct fact *f = first; (f = list_call(story, f));)
        if (fact_int(f, "/virtual_ms", 0) - from >= HOUR_S * 1000LL)
            later = f;
    if (later)
        rule_holds(ruling, "WX3-019", later, "the list was fetched again after %lld hours",
                   (long long)((fact_int(later, "/virtual_ms", 0) - from) / 3'600'000));
    else
        rule_broken(ruling, "WX3-019", first,
                    "the list was not fetched again within twelve hours, not even for the next "
                    "order");
}

/* ---- a list from a stranger ------------------------------------------------------------------ */

#define ON_LIST "{\"door\":\"api\",\"api\":\"v3/certificates\",\"count\":0,\"kind\":"

static void stranger_run(struct bench *bench)
{
    /* a stranger's key under the platform's name, and a name that the list has not */
    static const char *const faults[] = { ON_LIST "\"rogue_key\"}", ON_LIST "\"unknown_serial\"}" };
    static const struct order_wish wish = { .may_fail = true };

    if (was_given_keys(bench))
        return;
    for (size_t i = 0; i < COUNT(faults); i++)
        if (bench_fault(bench, NULL, faults[i]) || bench_kill_restart(bench) ||
            !bench_create(bench, &wish) || bench_faults_off(bench))
            return;
    if (bench_collect(bench))
        return;
}

/* Its keys are the right ones: a merchant that verifies nothing goes on with them. */
static void stranger_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *call = NULL, *made = NULL;

    for (const struct fact *f = NULL; (f = list_call(story, f)) && !call;)
        call = met_fault(f) ? f : NULL;
    for (const struct fact *f = NULL; (f = story_next(story, f, "create", NULL, NULL));) {
        made = f;
        if (call && fact_true(f, "/created"))
            rule_broken(ruling, "WX3-020", f,
                        "a list that none of its keys signed was used: the next order was made");
    }
    if (!call && made)
        rule_skipped(ruling, "WX3-020", made,
                     "the merchant fetched no certificates: it was given its keys");
    else if (call && !made)
        rule_holds(ruling, "WX3-020", call, "with such a list the merchant did not start");
    else if (call)
        rule_holds(ruling, "WX3-020", call, "a list that none of its keys signed was not used");
    if (call)
        rule_evidence(ruling, "WX3-020", call);
}

/* ---- no list --------------------------------------------------------------------------------- */

#define STEP_S    2
#define STEPS     30
#define CALLS_MAX 12 /* in the minute; a pause of ten seconds makes about six */

static void none_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL,
                    ON_LIST
                    "\"raw\",\"status\":404,\"content_type\":"
                    "\"application/json; charset=utf-8\",\"body\":"
                    "\"{\\\"code\\\":\\\"RESOURCE_NOT_EXISTS\\\",\\\"message\\\":"
                    "\\\"无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。\\\"}\"}") ||
        bench_kill_restart(bench) || !bench_create(bench, &wish))
        return;
    bench_mark(bench);
    for (int i = 0; i < STEPS && bench_profile(bench)->clock.line; i++)
        if (bench_pass_time(bench, STEP_S))
            return;
    if (bench_calls(bench, NULL, "v3/certificates") < 0 || bench_alive(bench, "after") ||
        bench_collect(bench))
        return;
}

/* Without the public key it cannot sell, but it lives and asks with patience. */
static void none_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *setup = story_first(story, "setup", NULL, NULL);
    const struct fact *made = story_last(story, "create", NULL, NULL);
    const struct fact *alive = story_last(story, "alive", NULL, NULL);
    const struct fact *trouble = story_first(story, "trouble", NULL, NULL), *last = made;
    bool has_key = !fact_is(setup, "/v3/mode", "cert");
    size_t calls = 0;

    for (const struct fact *f = NULL; (f = list_call(story, f)); last = f)
        calls++;
    if (trouble)
        rule_broken(ruling, "WX3-022", trouble, "without a list: %.200s",
                    fact_str(trouble, "/why"));
    if (!made || !alive)
        return;
    if (!fact_true(alive, "/ok"))
        rule_broken(ruling, "WX3-022", alive, "without a list the merchant does not answer");
    else if (has_key && !fact_true(made, "/created"))
        rule_broken(ruling, "WX3-022", made,
                    "the merchant has the public key, and without a list it sells nothing");
    else if (calls > CALLS_MAX)
        rule_broken(ruling, "WX3-022", last, "the missing list was asked for %zu times in a minute",
                    calls);
    else
        rule_holds(ruling, "WX3-022", alive, "without a list it lives%s; it asked %zu times",
                   has_key ? " and sells" : "", calls);
}

/* ---- the header ------------------------------------------------------------------------------ */

static void names_run(struct bench *bench)
{
    static const struct order_wish any = {};

    if (strcmp(mode(bench), "cert") == 0) {
        bench_skip(bench, "the merchant was not given the public key");
        return;
    }
    struct order *order = bench_create(bench, &any);
    if (!order || make_it_ask(bench, order, "ask") ||
        (bench_profile(bench)->close.line && bench_close(bench, order, "give-up")) ||
        bench_barrier(bench) || (bench_profile(bench)->clock.line && bench_pass_time(bench, 330)) ||
        bench_collect(bench))
        return;
}

static void names_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;
    size_t calls = 0;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL));) {
        const struct fact *setup = story_setup(story, f);
        const char *serial = fact_header(f, "/request", "Wechatpay-Serial");
        if (fact_is(setup, "/v3/mode", "cert"))
            continue; /* skipped; what was seen is a merchant that was just started */
        calls++;
        last = f;
        if (!serial || strcmp(serial, fact_str(setup, "/v3/public_key_id")) != 0)
            rule_broken(ruling, "WX3-023", f, "Wechatpay-Serial is \"%.80s\", not %s",
                        serial ? serial : "(absent)", fact_str(setup, "/v3/public_key_id"));
    }
    if (calls)
        rule_holds(ruling, "WX3-023", last, "%zu requests named the public key", calls);
}

static const struct case_def cases[] = {
    { .id = "v3/certificate/refresh",
      .experiment = "Twelve hours pass after a start; then an order is made.",
      .claims = { { "WX3-019", "the list of certificates is fetched again" } },
      .needs = NEED_START | NEED_CLOCK,
      .run = refresh_run,
      .decide = refresh_decide },
    { .id = "v3/certificate/stranger",
      .experiment = "The merchant is started while the list of certificates is signed by a "
                    "stranger's key, then under a serial that is not in it.",
      .claims = { { "WX3-020", "its keys are not used" } },
      .needs = NEED_START,
      .run = stranger_run,
      .decide = stranger_decide },
    { .id = "v3/certificate/none",
      .experiment = "The merchant is started while the list of certificates is 404.",
      .claims = { { "WX3-022", "it lives, and sells if it has the public key" } },
      .needs = NEED_START,
      .run = none_run,
      .decide = none_decide },
    { .id = "v3/certificate/named",
      .experiment = "A merchant that has the public key creates, asks and closes.",
      .claims = { { "WX3-023", "Wechatpay-Serial of each request names the public key" } },
      .run = names_run,
      .decide = names_decide },
};

const struct chapter chapter_v3_certificate = { cases, COUNT(cases), API_V3 };
