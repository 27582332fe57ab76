/*
 * killtable.h — the judge is judged: which mutant of the reference merchant must be caught by which
 * case. Names only; the mutants are linked into wxpay-merchant-mutant, never into this program.
 */
#ifndef CONFORMANCE_KILLTABLE_H
#define CONFORMANCE_KILLTABLE_H

#include <stdbool.h>
#include <stddef.h>

#define KILL_CASES_MAX 8

/* A mutant turns each of its cases to FAIL or WARN; the first is the one that must catch it. */
struct kill_row {
    const char *mutant;
    const char *cases[KILL_CASES_MAX]; /* NULL-terminated or full; none: see why */
    const char *why; /* NULL, or why no case can catch it: it is then shown, not counted */
};

extern const struct kill_row kill_table[];
extern const size_t kill_table_count;

/* NULL when there is no such row. */
const struct kill_row *kill_row_of(const char *mutant);

/* Does a row name this case? */
bool kill_table_has_case(const char *case_id);

#endif
