/*
 * rules.h — the merchant's obligations, one row each, in the order of the written spec.
 *
 * The judge's programme: `list`, `explain` and docs/rules.md are printed from this table. A row
 * knows no experiment; the cases name the rules they decide (cases/cases.h). A row that no case
 * decides says why in not_tested, and is never counted as tested.
 */
#ifndef CONFORMANCE_RULES_H
#define CONFORMANCE_RULES_H

#include "base/view.h"

/* The two dialects of the platform; a profile, a report and a rule belong to one. */
enum api { API_V2, API_V3, APIS };

/* "v2", "v3". */
const char *api_name(enum api api);
/* false when @name is neither. */
bool api_parse(const char *name, enum api *api);

enum rule_level { RULE_SHOULD, RULE_MUST };

struct rule {
    const char *id; /* "WX2-048" */
    enum rule_level level;
    const char *sentence; /* what the merchant has to do */
    const char
        *source;     /* tags of spec V2 0.2 or V3 0.1; "inferred" when nothing official says it */
    const char *why; /* what it costs to break it */
    const char *how; /* how the judge finds out */
    const char *repair;     /* what to change */
    const char *not_tested; /* NULL, or why no case decides it */
};

/* All rules of one dialect, in the order of its spec. Static. */
struct rule_book {
    const struct rule *rules;
    size_t count;
};

struct rule_book rule_book(enum api api);

/* For rules.c only: the tables behind rule_book(). */
extern const struct rule rules_v2[], rules_v3[];
extern const size_t rules_v2_count, rules_v3_count;

/* The row of that id in either book, or NULL. Static. */
const struct rule *rule_find(struct view id);

/* "MUST" or "SHOULD". */
const char *rule_level_name(enum rule_level level);

#endif
