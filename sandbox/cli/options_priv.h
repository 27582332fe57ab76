/*
 * options_priv.h — between options.c, its table and its layers.
 */
#ifndef CLI_OPTIONS_PRIV_H
#define CLI_OPTIONS_PRIV_H

#include "cli/options.h"

#define OPTION_VALUE_MAX 8192

/* Reading one layer: where a value is said to come from, and what has been set in this layer. */
struct option_reader {
    struct options *options;
    const struct options_usage *usage;
    FILE *errors;
    char source[256]; /* "--port", "WXPAY_SANDBOX_PORT", "sandbox.yaml:3: port" */
    uint64_t touched; /* lists given in this layer */
    int err;
};

/* The row of a name that ends with a NUL, in its spelling on the command line; NULL: none. */
const struct option_row *option_find(const char *name);
size_t option_index(const struct option_row *row);
/* Does the verb take it? */
bool option_is_taken(const struct options_usage *usage, const struct option_row *row);

/* Put @text into the options by the row's kind and bounds. ERR_USAGE after a line on errors. */
[[nodiscard]] int option_set(struct option_reader *reader, const struct option_row *row,
                             const char *text);

/* One line: program, source, message. Returns ERR_USAGE. */
int option_complain(struct option_reader *reader, const char *message, ...)
    __attribute__((format(printf, 2, 3)));

/* The layers below the command line. */
[[nodiscard]] int options_read_file(struct option_reader *reader, const char *path);
[[nodiscard]] int options_read_environment(struct option_reader *reader);
/* The command line itself. */
[[nodiscard]] int options_read_flags(struct option_reader *reader, int argc, char **argv);

#endif
