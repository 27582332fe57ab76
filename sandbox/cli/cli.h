/*
 * cli.h — the verbs of wxpay-sandbox.
 *
 * serve and exec run a sandbox; all others talk to a running one through its control door.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/options.h"

/* What scripts may rely on. */
enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1,     /* the sandbox said no, or what was waited for did not happen */
    CLI_USAGE = 2,       /* wrong options or arguments */
    CLI_UNREACHABLE = 3, /* no sandbox there */
};

struct cli {
    const struct verb *verb;
    struct options options;
};

struct verb {
    const char *name, *args, *sentence;
    const char *options;         /* names, blanks between; see options_table.c */
    size_t args_min, args_max;   /* how many arguments it takes */
    int (*run)(struct cli *cli); /* an exit code */
    bool command;                /* the arguments are a command with options of its own */
};

/* NULL after the last. */
const struct verb *verb_at(size_t index);

/* Everything main() does; returns the exit code. */
int cli_main(int argc, char **argv);

/* The account a verb is about, when no other is named. */
#define CLI_MCH_ID "1900000109"
const char *cli_mch_id(const struct cli *cli);

/* One line on stderr, "wxpay-sandbox VERB: …"; returns CLI_USAGE. */
int cli_misused(const struct cli *cli, const char *message, ...)
    __attribute__((format(printf, 2, 3)));

/* serve.c, exec.c */
int run_serve(struct cli *cli);
int run_exec(struct cli *cli);

#endif
