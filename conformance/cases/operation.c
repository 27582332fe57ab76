/*
 * operation.c — answers in time, and what must never leave the merchant.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "cases/common.h"

#define ANSWER_LIMIT_MS 5000
#define ANSWER_SOON_MS  2000
#define CROWD           20

/* The key as it is, and the end of a text to be signed, which gives it away. */
static bool holds_key(struct view text, const char *key)
{
    return view_find(text, view_str(key)) != SIZE_MAX;
}

static bool message_holds_key(const struct fact *fact, const char *message, const char *key)
{
    struct buf body = BUF_INIT((size_t)1 << 20);
    bool found = !fact_body(fact, message, &body) && holds_key(buf_view(&body), key);
    const json_t *headers = fact_get(fact, message);

    for (size_t i = 0; !found && i < json_array_size(json_object_get(headers, "headers")); i++) {
        const json_t *pair = json_array_get(json_object_get(headers, "headers"), i);
        const char *value = json_string_value(json_array_get(pair, 1));
        found = value && holds_key(view_str(value), key);
    }
    buf_release(&body);
    return found;
}

/* What the merchant said in this fact: an answer of its own, or a call to the platform. */
static bool fact_leaks(const struct fact *fact, const char *key)
{
    static const char *const spoken[] = { "status", "qr",   "refresh", "close",
                                          "fetch",  "sent", "alive" };

    if (strcmp(fact->kind, "exchange") == 0)
        return message_holds_key(fact, fact_is(fact, "/door", "api") ? "/request" : "/answer", key);
    if (strcmp(fact->kind, "create") == 0) {
        for (size_t i = 0; i < json_array_size(fact_get(fact, "/steps")); i++) {
            const json_t *step = json_array_get(fact_get(fact, "/steps"), i);
            const char *body = json_string_value(json_pointer(step, "/answer/body"));
            if (body && holds_key(view_str(body), key))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < COUNT(spoken); i++)
        if (strcmp(fact->kind, spoken[i]) == 0)
            return message_holds_key(fact, "/answer", key);
    return false;
}

static void leak_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_next(story, f, NULL, NULL, NULL)); last = f) {
        const char *key = fact_str(story_setup(story, f), "/account/api_key");
        if (key[0] && fact_leaks(f, key))
            rule_broken(ruling, "WX2-111", f, "the API key is in what the merchant said");
    }
    if (last)
        rule_holds(ruling, "WX2-111", last,
                   "the key was in none of its answers, pages and calls; scripts and error pages "
                   "that were not seen were not searched");
}

/* ---- in time -------------------------------------------------------------------------------- */

/* A paid order whose genuine notification comes from the judge; until one is quick, three times. */
static int timed_round(struct bench *bench, const char *label, size_t copies, bool *quick)
{
    static const struct order_wish any = {};
    struct oracle_msg msg = {};
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_notify_mode(bench, order, "suppress") : -1;

    if (!err)
        err = bench_pay(bench, order, NULL);
    if (err)
        return err;
    notice_fields(bench, order, &msg);
    err = notice_seal(bench, order, &msg);
    if (!err)
        err = oracle_write(&msg, NULL, &body);
    if (!err) {
        const struct sending sending = { .label = label,
                                         .body = buf_view(&body),
                                         .copies = copies };
        int64_t from_us = clock_mono_us();
        err = bench_send(bench, order, &sending);
        *quick = clock_mono_us() - from_us < (int64_t)ANSWER_SOON_MS * 1000;
    }
    buf_release(&body);
    oracle_release(&msg);
    return err;
}

static void deadline_run(struct bench *bench)
{
    bool quick = false;

    for (int i = 0; i < 3 && !quick; i++)
        if (timed_round(bench, "single", 1, &quick))
            return;
    quick = false;
    for (int i = 0; i < 3 && !quick; i++)
        if (timed_round(bench, "crowd", CROWD, &quick))
            return;
}

static void decide_deadline(const struct story *story, struct ruling *ruling, const char *label)
{
    struct timed timed = { "sent", label, "/took_ms", ANSWER_LIMIT_MS };
    const struct fact *worst = NULL;
    enum timing in_time = story_timing(story, &timed, &worst);
    long long took = fact_int(worst, "/took_ms", -1);

    timed.limit_ms = ANSWER_SOON_MS;
    if (in_time == TIMING_MISSED)
        rule_broken(ruling, "WX2-047", worst, "three times in a row it took %lld ms (%s)", took,
                    label);
    else if (in_time == TIMING_UNSURE)
        rule_undecided(ruling, "WX2-047", worst,
                       "it took %lld ms, but this machine was slow itself (%s)", took, label);
    else if (story_timing(story, &timed, &worst) == TIMING_MISSED)
        rule_departs(ruling, "WX2-047", worst,
                     "in time, but later than the 2 s that older guides ask for: %lld ms (%s)",
                     (long long)fact_int(worst, "/took_ms", -1), label);
    else
        rule_holds(ruling, "WX2-047", worst, "answered in time, also 20 copies at once");
}

static void deadline_decide(const struct story *story, struct ruling *ruling)
{
    if (!story_first(story, "sent", NULL, "single") || !story_first(story, "sent", NULL, "crowd"))
        return;
    decide_deadline(story, ruling, "single");
    decide_deadline(story, ruling, "crowd");
}

/* ---- provoked -------------------------------------------------------------------------------- */

static int add_wrong(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    int err = notice_seal(bench, order, msg);

    oracle_set(msg, "sign", "00000000000000000000000000000000");
    return err ? err : msg->err;
}

/* Everything that makes a careless merchant talk: a forgery, garbage, an answer it cannot verify. */
static void provoked_run(struct bench *bench)
{
    static const struct order_wish any = {}, wish = { .may_fail = true };
    struct oracle_msg msg = {};
    struct order *order = bench_create(bench, &any);

    if (!order)
        return;
    notice_fields(bench, order, &msg);
    int err = add_wrong(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, NULL, "provoked");
    oracle_release(&msg);
    if (!err) {
        const struct sending garbage = { .label = "provoked", .body = VIEW("<xml><sign>1</sign>") };
        err = bench_send(bench, order, &garbage);
    }
    if (!err)
        err = bench_fetch(bench, order, "GET /", "home");
    if (!err)
        err = bench_fetch(bench, order, "GET /no-such-page", "nowhere");
    if (!err)
        err = bench_fault(bench, NULL,
                          "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"wrong_sign\","
                          "\"count\":0}");
    if (err || !bench_create(bench, &wish))
        return;
}

static const struct case_def cases[] = {
    { .id = "operation/provoked",
      .experiment = "A forgery, garbage, unknown pages, and an answer with a wrong sign make the "
                    "merchant complain; what it says is searched for its API key.",
      .claims = { { "WX2-111", "the key is nowhere" } },
      .run = provoked_run,
      .decide = leak_decide },
    { .id = "operation/answer-time",
      .experiment = "Genuine first notifications are timed, one at a time and 20 copies at once.",
      .claims = { { "WX2-047", "the answer comes within 5 s" } },
      .run = deadline_run,
      .decide = deadline_decide },
    { .id = "operation/key-leak",
      .experiment = "Everything that the merchant said in the run is searched for its API key.",
      .claims = { { "WX2-111", "the key is nowhere" } },
      .flags = CASE_WATCHES_ALL,
      .decide = leak_decide },
};

const struct chapter chapter_operation = { cases, COUNT(cases), API_V2 };
