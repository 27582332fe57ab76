/*
 * verbs.h — what each verb does; the result is the exit code.
 */
#ifndef CONFORMANCE_VERBS_H
#define CONFORMANCE_VERBS_H

#include "options.h"
#include "rules.h"

int go_run(const struct options *options);
int go_list(const struct options *options);
int go_explain(const struct options *options);
int go_verify(const struct options *options);
int go_selftest(const struct options *options);

/* docs/rules.md, on stdout. */
void list_markdown(enum api api);

#endif
