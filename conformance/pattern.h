/*
 * pattern.h — the regular expressions of a profile: Perl's, by PCRE2, with bounds on everything.
 *
 * The C library's own were tried first: "(a{1,999}){1,99}" took it seven seconds and 1.3 GB to
 * compile, and nothing bounds what it spends on a match.
 *
 * They work on bytes; "." is any byte, also a line feed, and "$" only the very end. A pattern may be
 * of PATTERN_MAX bytes.
 */
#ifndef CONFORMANCE_PATTERN_H
#define CONFORMANCE_PATTERN_H

#include "base/view.h"

#define PATTERN_MAX 2048

struct pattern;

/* ERR_SYNTAX: a sentence in @why, for after "regular expression". ERR_NOMEM. */
[[nodiscard]] int pattern_new(struct pattern **out, struct view text, char *why, size_t why_size);
void pattern_free(struct pattern *pattern);

/* How many groups "(…)" it has. */
size_t pattern_groups(const struct pattern *pattern);

/*
 * Looks for it in @text. *group (may be NULL) becomes what the first group matched, a view into
 * @text; empty if it took no part. ERR_NOT_FOUND: it is nowhere. ERR_RANGE: looking took more steps
 * or memory than is allowed.
 */
[[nodiscard]] int pattern_find(const struct pattern *pattern, struct view text, struct view *group);

#endif
