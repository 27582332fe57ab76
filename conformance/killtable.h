/*
 * killtable.h — the judge is judged: which mutant of the reference merchant must be caught by which
 * case. Names only; the mutants are linked into wxpay-merchant-mutant, never into this program.
 */
#ifndef CONFORMANCE_KILLTABLE_H
#define CONFORMANCE_KILLTABLE_H

#include "rules.h"

#define KILL_CASES_MAX 8

/* A mutant turns each of its cases to FAIL or WARN; the first is the one that must catch it. */
struct kill_row {
    const char *mutant;
    const char *cases[KILL_CASES_MAX]; /* NULL-terminated or full; none: see why */
    const char *why;     /* NULL, or why no case can catch it: it is then shown, not counted */
    const char *profile; /* file of the reference merchant it is a mutant of */
    enum api api;
};

/* Rows of both dialects; a mutant may have one in each. NULL behind the last. */
const struct kill_row *kill_row_at(size_t index);

/* For killtable.c only: the tables behind kill_row_at(). */
extern const struct kill_row kill_table_v2[], kill_table_v3[];
extern const size_t kill_table_v2_count, kill_table_v3_count;

/* The first row of that mutant, NULL when there is none. */
const struct kill_row *kill_row_of(const char *mutant);

/* Does a row name this case? */
bool kill_table_has_case(const char *case_id);

#endif
