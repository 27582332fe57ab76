/*
 * case.h — what a case is: one experiment that decides one or more rules.
 *
 * run() acts on the merchant through the bench and records facts. decide() is pure: it sees the
 * facts and nothing else (no clock, no file, no bench), and `run` and `verify` call the same one.
 */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include "rules.h"
#include "transcript.h"

struct bench;
struct ruling;

/* What the profile must offer; without it the case is SKIP with that reason. */
enum case_needs {
    NEED_STATUS = 1 << 0,     /* order.status */
    NEED_SHIPPED = 1 << 1,    /* order.status.shipped */
    NEED_QR = 1 << 2,         /* order.qr: a picture */
    NEED_CODE_URL = 1 << 3,   /* code_url captured, or qr (then it is read from the picture) */
    NEED_START = 1 << 4,      /* merchant.start: the judge may stop, kill and start it */
    NEED_CLOCK = 1 << 5,      /* order.clock: time can be moved; prefer bench_pass_time() */
    NEED_REFRESH = 1 << 6,    /* order.refresh */
    NEED_CLOSE = 1 << 7,      /* order.close */
    NEED_REFUND = 1 << 8,     /* order.refund */
    NEED_SKUS = 1 << 9,       /* expect.price is a list: the server knows the prices */
    NEED_ANNOUNCED = 1 << 10, /* notify_hosts: the URL that is announced in production */
    NEED_REFUNDED = 1 << 11,  /* order.status.refunded: the page says when money is back */
};

enum case_flags {
    /*
     * run is NULL and decide sees the facts of all cases of the run: for obligations of every
     * request ("each call is signed"). It is decided last and not isolated.
     */
    CASE_WATCHES_ALL = 1 << 0,
};

/* What one rule means in this experiment. */
struct claim {
    const char *rule;     /* "WX2-056" */
    const char *expected; /* one sentence, present tense, ends without a full stop */
};

#define CASE_CLAIMS_MAX 8

struct case_def {
    const char *id;                       /* "notify/duplicate-parallel": chapter/name */
    const char *experiment;               /* one or two sentences: what is done */
    struct claim claims[CASE_CLAIMS_MAX]; /* ends with a NULL rule, or is full */
    unsigned needs;                       /* enum case_needs */
    unsigned flags;                       /* enum case_flags */
    /*
     * Acts. A verb that fails has recorded why (a trouble or skip fact), so the case only has to
     * stop. Does not judge.
     */
    void (*run)(struct bench *bench);
    /* Gives each claim a verdict. A claim it leaves open is settled by decide_case(). */
    void (*decide)(const struct story *story, struct ruling *ruling);
};

/* ---- verdicts ------------------------------------------------------------------------------ */

enum verdict {
    VERDICT_NONE, /* not decided yet */
    VERDICT_SKIP,
    VERDICT_PASS,
    VERDICT_WARN,
    VERDICT_INCONCLUSIVE,
    VERDICT_ERROR,
    VERDICT_FAIL,
};

const char *verdict_name(enum verdict verdict);
/* VERDICT_NONE when it is no name. */
enum verdict verdict_parse(const char *name);

#define EVIDENCE_MAX 12

struct finding {
    const char *rule, *expected; /* of the claim */
    enum verdict verdict;
    char actual[600]; /* one sentence */
    const struct fact *evidence[EVIDENCE_MAX];
    size_t evidence_count;
};

struct ruling {
    const struct case_def *def;
    struct finding findings[CASE_CLAIMS_MAX]; /* one per claim, same order */
    size_t count;
};

/*
 * Each names the claim by its rule (which must be one of the case's: asserted), a fact that proves
 * it (may be NULL) and the sentence "actual". The first verdict that is worse wins (the order of
 * enum verdict); a later, milder one changes nothing.
 *
 * rule_broken: FAIL if the rule is a MUST, WARN if a SHOULD.
 * rule_departs: WARN in any case: documented otherwise, accepted in production.
 * rule_undecided: the observation admits another explanation: INCONCLUSIVE.
 * rule_skipped: the merchant lacks what was needed, seen only while running.
 */
void rule_holds(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
void rule_broken(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));
void rule_departs(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void rule_undecided(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
void rule_skipped(struct ruling *r, const char *rule, const struct fact *fact, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* One more fact that proves the verdict of @rule. */
void rule_evidence(struct ruling *r, const char *rule, const struct fact *fact);

/*
 * Policy of timing rules over the facts with this kind and label, each of which carries the time
 * at @pointer ("/took_ms") and is followed by a lag fact: missed only if at least three repeats
 * were made, every one was above @limit_ms, and the judge's own loop stayed under 100 ms.
 */
enum timing { TIMING_KEPT, TIMING_MISSED, TIMING_UNSURE };

struct timed {
    const char *kind, *label, *pointer;
    int64_t limit_ms;
};

enum timing story_timing(const struct story *story, const struct timed *timed,
                         const struct fact **worst);

/*
 * The whole verdict of one case: skip facts -> SKIP, trouble of the judge or lost records ->
 * ERROR, else decide(); a claim left open is INCONCLUSIVE, with the merchant's trouble as reason.
 * A red verdict of decide() stands even if the merchant made trouble later.
 */
void decide_case(const struct case_def *def, const struct story *story, struct ruling *ruling);

/* ---- all of them, in the order they are run (cases/all.c) ---------------------------------- */

size_t case_count(void);
const struct case_def *case_at(size_t index);
/* The dialect whose merchants it is for. */
enum api case_api(const struct case_def *def);

#endif
