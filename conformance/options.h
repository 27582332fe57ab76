/*
 * options.h — one table of options; each verb takes the rows that are its own.
 *
 * A flag beats its variable (WXPAY_CONFORMANCE_…), which beats --config FILE.
 */
#ifndef CONFORMANCE_OPTIONS_H
#define CONFORMANCE_OPTIONS_H

#include "base/view.h"

enum verb { VERB_RUN = 1, VERB_LIST = 2, VERB_EXPLAIN = 4, VERB_VERIFY = 8, VERB_SELFTEST = 16 };

struct options {
    char *only, *level, *seed, *out, *sandbox, *scanner, *jobs, *port, *control_port, *api, *config;
    char *mutants, *profile;
    int keep, verbose, json, markdown, named, full;
    char *argument; /* PROFILE, RULE or REPORT.json; NULL when the verb takes none */
};

/*
 * Reads argv (argv[0] is the verb). 0; ERR_USAGE after a message on stderr; ERR_CLOSED after --help.
 */
[[nodiscard]] int options_read(struct options *options, enum verb verb, int argc, char **argv);
void options_release(struct options *options);

/* A decimal of at most @max; ERR_USAGE after a message that names the flag. NULL text keeps *out. */
[[nodiscard]] int options_number(const char *flag, const char *text, int64_t max, int64_t *out);

#endif
