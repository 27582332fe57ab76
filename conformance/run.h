/*
 * run.h — a selection of cases against one merchant: from a profile to a transcript, and from there
 * to results and files.
 */
#ifndef CONFORMANCE_RUN_H
#define CONFORMANCE_RUN_H

#include "report.h"
#include "select.h"

struct run_options {
    const char *profile_path;
    const char *only; /* NULL: all */
    bool must;        /* --level must */
    uint64_t seed;
    const char *out_dir; /* NULL: only text */
    bool keep;           /* the working directories, with logs, stay */
    bool verbose;
    const char *sandbox, *scanner; /* programs; NULL: found */
    unsigned jobs;                 /* 0: as many as fit */
    unsigned port, control_port;
    const char *mutant; /* NULL, or the reference merchant's mutant to start instead */
    bool quiet;         /* no progress, no text */
};

/* A finished run, before anybody judged it. */
struct run {
    struct transcript transcript;
    struct buf *lines; /* per case of the selection, owned */
    size_t case_count;
    int64_t started_ms, took_ms;
    char work_dir[600];
    const struct selection *selection; /* borrowed */
    const struct run_options *options; /* borrowed */
    size_t done;
};

/*
 * Runs @selection on the merchant of @profile. Negative only for our own trouble (no directory, no
 * process, no memory); a merchant that does nothing right gives facts that say so.
 */
[[nodiscard]] int run_cases(struct run *run, const struct run_options *options,
                            const struct profile *profile, const struct selection *selection);
void run_release(struct run *run); /* removes the working directory unless keep */

/* The verb: exit code 0 … 4. */
int verb_run(const struct run_options *options);

/* Today as yyyy-mm-dd, Beijing time. */
void today_text(char out[11]);

#endif
