/*
 * options.h — every option of every verb, in one table that drives the command line, the
 * environment and the configuration file.
 *
 * `--control-port` is WXPAY_SANDBOX_CONTROL_PORT in the environment and `control_port:` in the
 * YAML file given by --config. Flag beats environment beats file beats default.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"

#include <stdio.h>

#define OPTION_LIST_MAX 64
#define OPTION_ARGS_MAX 1024

/* An option that may be given more than once. A layer replaces the list of the layer below. */
struct option_list {
    char *item[OPTION_LIST_MAX]; /* owned */
    size_t count;
};

/* All texts are owned; NULL: not given and no default. */
struct options {
    char *config;
    /* the sandbox: serve, exec */
    char *host, *control_host, *control_token, *data, *exchanges, *qrscan;
    int64_t port, control_port, seed, exchange_ring, ready_fd;
    int durability, log_level; /* indices of their choices */
    /* a running one: every other verb */
    char *control_url, *mch_id;
    bool json;
    /* what a verb works on */
    char *state, *api, *order, *name, *api_key, *openid, *bank_type, *output, *apiv3_key, *mode;
    int outcome, wait;
    int64_t limit, after, count, wait_ms, timeout_ms, share_permille;
    bool sign;
    struct option_list appid, product, set, origin, coupon;

    uint64_t given; /* bit per row of the table: by whatever layer */
    char *arg[OPTION_ARGS_MAX];
    size_t arg_count;
};

extern const char *const option_outcomes[]; /* indexed by options.outcome */
extern const char *const option_waits[];    /* by options.wait */

enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_NUMBER, OPTION_CHOICE, OPTION_LIST };

struct option_row {
    const char *name; /* "control-port" */
    char letter;      /* 0: none */
    enum option_kind kind;
    size_t offset; /* in struct options */
    int64_t min, max;
    const char *const *choices; /* NULL after the last */
    const char *arg, *help;     /* for --help */
};

/* NULL after the last. */
const struct option_row *option_at(size_t index);

/* What is being read, for messages and --help. */
struct options_usage {
    const char *program; /* "wxpay-sandbox pay" */
    const char *args;    /* "CODE_URL|PICTURE|ORDER" */
    const char *options; /* names of the rows this verb takes, blanks between */
    bool command;        /* everything from the first argument on is somebody else's: exec */
};

/* Defaults; may be released. */
void options_init(struct options *options);
void options_release(struct options *options);

/*
 * All layers, in order. @argv[0] is skipped. 0; ERR_USAGE after one line on @errors that names the
 * place and the rule; ERR_NOMEM. --help prints and exits.
 */
[[nodiscard]] int options_read(struct options *options, const struct options_usage *usage, int argc,
                               char **argv, FILE *errors);

/* Was the option given by any layer? The name must be in the table (asserted). */
bool options_given(const struct options *options, const char *name);

#endif
