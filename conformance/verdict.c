/*
 * verdict.c — from facts to verdicts: the rulings of a case, and what settles a claim that the case
 * itself left open.
 */
#include "base/mem.h"
#include "case.h"
#include "rules.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define LAG_MAX_MS 100
#define REPEATS    3

static const char *const names[] = {
    [VERDICT_NONE] = "NONE",
    [VERDICT_SKIP] = "SKIP",
    [VERDICT_PASS] = "PASS",
    [VERDICT_WARN] = "WARN",
    [VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
    [VERDICT_ERROR] = "ERROR",
    [VERDICT_FAIL] = "FAIL",
};

const char *verdict_name(enum verdict verdict)
{
    return names[verdict];
}

enum verdict verdict_parse(const char *name)
{
    for (size_t i = 1; i < COUNT(names); i++) {
        if (strcmp(names[i], name) == 0)
            return (enum verdict)i;
    }
    return VERDICT_NONE;
}

static struct finding *finding_of(struct ruling *r, const char *rule)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->findings[i].rule, rule) == 0)
            return &r->findings[i];
    }
    assert(false && "a case rules only on its own claims");
    return NULL;
}

static void add_evidence(struct finding *finding, const struct fact *fact)
{
    if (!fact || finding->evidence_count == EVIDENCE_MAX)
        return;
    for (size_t i = 0; i < finding->evidence_count; i++) {
        if (finding->evidence[i] == fact)
            return;
    }
    finding->evidence[finding->evidence_count++] = fact;
}

static void settle(struct finding *finding, enum verdict verdict, const struct fact *fact,
                   const char *text)
{
    if (verdict <= finding->verdict)
        return;
    /* the proof of a pass says nothing about a failure */
    finding->evidence_count = 0;
    finding->verdict = verdict;
    snprintf(finding->actual, sizeof(finding->actual), "%s", text);
    add_evidence(finding, fact);
}

__attribute__((format(printf, 5, 0))) static void rule_on(struct ruling *r, const char *rule,
                                                          enum verdict verdict,
                                                          const struct fact *fact,
                                                          const char *format, va_list args)
{
    char text[sizeof(r->findings[0].actual)];
    vsnprintf(text, sizeof(text), format, args);
    settle(finding_of(r, rule), verdict, fact, text);
}

void rule_holds(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    rule_on(r, rule, VERDICT_PASS, fact, format, args);
    va_end(args);
}

void rule_broken(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                 ...)
{
    const struct rule *row = rule_find(view_str(rule));
    va_list args;
    va_start(args, format);
    rule_on(r, rule, row && row->level == RULE_SHOULD ? VERDICT_WARN : VERDICT_FAIL, fact, format,
            args);
    va_end(args);
}

void rule_departs(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    rule_on(r, rule, VERDICT_WARN, fact, format, args);
    va_end(args);
}

void rule_undecided(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                    ...)
{
    va_list args;
    va_start(args, format);
    rule_on(r, rule, VERDICT_INCONCLUSIVE, fact, format, args);
    va_end(args);
}

void rule_skipped(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    rule_on(r, rule, VERDICT_SKIP, fact, format, args);
    va_end(args);
}

void rule_evidence(struct ruling *r, const char *rule, const struct fact *fact)
{
    add_evidence(finding_of(r, rule), fact);
}

enum timing story_timing(const struct story *story, const struct timed *timed,
                         const struct fact **worst)
{
    size_t repeats = 0, missed = 0;
    int64_t longest = -1;
    bool steady = true;

    *worst = NULL;
    for (const struct fact *f = NULL;
         (f = story_next(story, f, timed->kind, NULL, timed->label));) {
        int64_t took_ms = fact_int(f, timed->pointer, INT64_MAX);
        const struct fact *lag = story_next(story, f, "lag", NULL, NULL);
        if (fact_int(lag, "/max_ms", INT64_MAX) >= LAG_MAX_MS)
            steady = false;
        repeats++;
        missed += took_ms > timed->limit_ms;
        if (took_ms > longest) {
            longest = took_ms;
            *worst = f;
        }
    }
    if (repeats && missed < repeats)
        return TIMING_KEPT; /* once in time proves that it can */
    return repeats >= REPEATS && steady ? TIMING_MISSED : TIMING_UNSURE;
}

static void settle_all(struct ruling *r, enum verdict verdict, const struct fact *fact,
                       const char *text)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->findings[i].verdict == VERDICT_NONE || verdict == VERDICT_ERROR)
            settle(&r->findings[i], verdict, fact, text);
    }
}

static const struct fact *trouble_of(const struct story *story, const char *whose)
{
    const struct fact *fact = NULL;
    while ((fact = story_next(story, fact, "trouble", NULL, NULL))) {
        if (fact_is(fact, "/whose", whose))
            return fact;
    }
    return NULL;
}

/* Nothing is judged on half the evidence. False when it is all there. */
static bool our_own_fault(const struct story *story, struct ruling *r)
{
    char text[400];
    const struct fact *trouble = trouble_of(story, "judge");
    const struct fact *end = story_last(story, "end", NULL, NULL);

    if (trouble) {
        snprintf(text, sizeof(text), "%.300s (%.60s)", fact_str(trouble, "/why"),
                 fact_str(trouble, "/during"));
        settle_all(r, VERDICT_ERROR, trouble, text);
        return true;
    }
    if (!end) {
        settle_all(r, VERDICT_ERROR, NULL, "the record of the experiment has no end");
        return true;
    }
    if (fact_int(end, "/lost", 0) > 0) {
        snprintf(text, sizeof(text), "%lld exchange records were lost",
                 (long long)fact_int(end, "/lost", 0));
        settle_all(r, VERDICT_ERROR, end, text);
        return true;
    }
    return false;
}

static void settle_open(const struct story *story, struct ruling *r)
{
    const struct fact *skip = story_first(story, "skip", NULL, NULL);
    const struct fact *trouble = trouble_of(story, "merchant");
    char text[400];

    if (trouble) {
        snprintf(text, sizeof(text), "%.300s (%.60s)", fact_str(trouble, "/why"),
                 fact_str(trouble, "/during"));
        settle_all(r, VERDICT_INCONCLUSIVE, trouble, text);
    } else if (skip) {
        settle_all(r, VERDICT_SKIP, skip, fact_str(skip, "/reason"));
    } else {
        settle_all(r, VERDICT_INCONCLUSIVE, NULL, "the experiment showed nothing that decides it");
    }
}

void decide_case(const struct case_def *def, const struct story *story, struct ruling *ruling)
{
    *ruling = (struct ruling){ .def = def };
    for (size_t i = 0; i < CASE_CLAIMS_MAX && def->claims[i].rule; i++) {
        ruling->findings[i].rule = def->claims[i].rule;
        ruling->findings[i].expected = def->claims[i].expected;
        ruling->count = i + 1;
    }
    if (def->flags & CASE_WATCHES_ALL) {
        /* trouble of another case is that case's; its facts are worth what they are */
        def->decide(story, ruling);
    } else if (!our_own_fault(story, ruling)) {
        def->decide(story, ruling);
    }
    settle_open(story, ruling);
}
