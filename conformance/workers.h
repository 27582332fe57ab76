/*
 * workers.h — cases run side by side: processes of this program, each with a bench of its own, fed one
 * case at a time. A worker that dies or hangs costs its case (ERROR), not the run.
 */
#ifndef CONFORMANCE_WORKERS_H
#define CONFORMANCE_WORKERS_H

#include "bench_life.h"

struct workers_options {
    struct bench_options bench; /* facts_fd, number and work_dir are set per worker */
    const char *work_dir;       /* exists; each worker gets a directory in it */
    unsigned jobs;              /* side by side, 1 … 16 */
    unsigned case_limit_ms;     /* a case above it is ended */
    /* A case is over; its lines are in @lines (borrowed). From the parent, in the order they end. */
    void (*on_case)(void *owner, size_t index, struct view lines);
    void *owner;
};

/* Runs @cases[0 … count-1] (those that watch all are left out by the caller). */
[[nodiscard]] int workers_run(const struct workers_options *options,
                              const struct case_def *const *cases, size_t count);

#endif
