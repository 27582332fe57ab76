/*
 * bench_life.h — how a bench comes to be, runs one case after the other, and goes. For the runner;
 * cases see bench.h.
 */
#ifndef CONFORMANCE_BENCH_LIFE_H
#define CONFORMANCE_BENCH_LIFE_H

#include "bench.h"
#include "case.h"

struct bench_options {
    const struct profile *profile; /* borrowed */
    int facts_fd;                  /* where the facts go; borrowed */
    uint64_t seed;
    unsigned number;             /* of this bench among those side by side */
    const char *work_dir;        /* exists; ${out_dir}, logs */
    const char *picture_dir;     /* NULL: pictures are not kept */
    const char *sandbox;         /* program; NULL: found */
    const char *scanner;         /* wxpay-qrscan; NULL: found */
    unsigned port, control_port; /* of the sandbox; 0: free ones */
};

/*
 * Never fails for the merchant's or the sandbox's sake: what is missing is recorded as trouble by
 * each case. Negative only without memory.
 */
[[nodiscard]] int bench_open(struct bench **out, const struct bench_options *options);
void bench_close_all(struct bench *bench);

/* One case, from its setup fact to its end fact. False when the facts cannot be written any more. */
bool bench_run_case(struct bench *bench, const struct case_def *def);

/* Why the profile cannot serve @needs: a sentence, or NULL. Static. */
const char *profile_lacks(const struct profile *profile, unsigned needs);

#endif
