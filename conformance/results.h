/*
 * results.h — what a run comes to: a verdict per case and claim, per rule, and an exit code. Pure
 * over the transcript; `run` and `verify` share it.
 */
#ifndef CONFORMANCE_RESULTS_H
#define CONFORMANCE_RESULTS_H

#include "case.h"
#include "profile.h"
#include "rules.h"

struct case_result {
    const struct case_def *def;
    struct ruling ruling;
    struct story story; /* owned */
    int64_t took_ms;    /* -1 for a case that watches all */
};

/* One rule, over all its cases of this run. */
struct rule_result {
    const struct rule *rule;
    enum verdict verdict;          /* NONE: no case of this run decides it */
    const struct finding *finding; /* the one that decides the verdict */
    const struct case_def *decided_by;
    size_t cases;                /* of this run */
    const struct waiver *waiver; /* the FAIL was waived and counts as WARN */
};

struct results {
    struct case_result *cases;
    size_t case_count;
    struct rule_result *rules; /* all of the table, in its order */
    size_t rule_count;
    size_t count[VERDICT_FAIL + 1]; /* rules per verdict; [VERDICT_NONE]: not tested */
    int exit_code;
};

/*
 * @today "yyyy-mm-dd" for waivers. @waivers are the profile's, borrowed for the results' life.
 */
struct results_input {
    enum api api; /* whose book of rules */
    const struct case_def *const *cases;
    size_t case_count;
    const struct transcript *transcript; /* borrowed for the results' life */
    const struct waiver *waivers;
    size_t waiver_count;
    const char *today;
};

[[nodiscard]] int results_decide(struct results *results, const struct results_input *input);
void results_release(struct results *results);

/* The worst verdict of a case's claims. */
enum verdict case_verdict(const struct case_result *result);

/* Is the waiver past its day? */
bool waiver_over(const struct waiver *waiver, const char *today);

/* 0 all MUST passed, 1 FAIL, 3 a MUST undecided, 4 ERROR. */
int results_exit_code(const struct results *results);

#endif
