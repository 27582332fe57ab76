/*
 * select.h — which cases a run holds: by id, pattern, rule or level; in the order of
 * case_at(), those that watch all at the end.
 */
#ifndef CONFORMANCE_SELECT_H
#define CONFORMANCE_SELECT_H

#include "base/buf.h"
#include "case.h"

struct selection {
    const struct case_def **cases; /* owned array */
    size_t count;
};

/* Which of them. */
struct select_wish {
    enum api api;     /* of the profile: no other cases */
    const char *only; /* words as below, or NULL: all */
    bool must;        /* only cases that decide a MUST */
};

/*
 * only:   "WX2-048,notify/…": comma-separated rule ids, case ids or shell patterns of either; NULL: all.
 * ERR_NOT_FOUND with the first word that names nothing in @why (of at least 200 bytes).
 */
[[nodiscard]] int select_cases(struct selection *selection, const struct select_wish *wish,
                               char *why, size_t why_size);
void selection_release(struct selection *selection);

/* Does @word (no commas) name this case? */
bool case_is_named(const struct case_def *def, const char *word);

#endif
