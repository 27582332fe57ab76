#include "cli/cli.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/verbs.h"

#include <stdio.h>

#define SANDBOX                                                                                    \
    "config host port control-host control-port control-token data durability seed "               \
    "exchange-ring exchanges qrscan log-level"
#define DOOR   "config control-url control-token json"
#define MCH    DOOR " mch-id"
#define PAYING "openid bank-type coupon outcome wait-ms"

static const struct verb verbs[] = {
    { "serve", "", "run a sandbox until it is told to stop", SANDBOX " ready-fd", 0, 0, run_serve,
      false },
    { "exec", "-- COMMAND [ARGUMENT…]", "run a command with a sandbox of its own", SANDBOX, 1,
      OPTION_ARGS_MAX, run_exec, true },
    { "accounts", "", "list the merchant accounts", DOOR, 0, 0, run_accounts, false },
    { "merchant", "[show|add|set|delete] [MCH_ID]", "look at, make or change an account",
      MCH " name api-key appid product set origin", 0, 2, run_merchant, false },
    { "v3", "[show|set|platform] [MCH_ID]",
      "look at or change an account's V3 keys, or add a platform certificate",
      MCH " apiv3-key mode share-permille sign", 0, 2, run_v3, false },
    { "orders", "", "list orders", MCH " state limit after", 0, 0, run_orders, false },
    { "order", "NUMBER", "show one order with its payment and notification", MCH, 1, 1, run_order,
      false },
    { "scan", "CODE_URL|H5_URL|PICTURE", "what the phone shows", DOOR, 1, 1, run_scan, false },
    { "qr", "CODE_URL", "draw a code in the terminal, or as a picture", "config output", 1, 1,
      run_qr, false },
    { "pay", "CODE_URL|H5_URL|PICTURE|NUMBER|CALL-UP", "pay an order as the person with the phone",
      MCH " " PAYING, 1, 1, run_pay, false },
    { "callup", "JSON|FILE", "check what a page or app hands to the phone, without paying", DOOR, 1,
      1, run_callup, false },
    { "clock", "[show|freeze [MS]|advance DURATION|real]", "look at or turn the account's clock",
      MCH " wait wait-ms", 0, 2, run_clock, false },
    { "notify", "[list|resend ID|hold|suppress|send|release] [NUMBER]",
      "list notifications, send one again, or keep them back", MCH " order limit after wait-ms", 0,
      2, run_notify, false },
    { "fault", "[list|add KEY=VALUE…|add JSON|clear [ID]]", "order misbehaviour of the platform",
      MCH, 0, 64, run_fault, false },
    { "exchanges", "", "list what was asked and answered", MCH " api order limit after", 0, 0,
      run_exchanges, false },
    { "explain", "ID", "say what was wrong with an exchange", DOOR, 1, 1, run_explain, false },
    { "wait",
      "order_state NUMBER STATE | acknowledged NUMBER | delivery NUMBER [COUNT] | calls API "
      "[COUNT]",
      "return when something has happened", MCH " order after timeout-ms", 2, 3, run_wait, false },
    { "reset", "", "forget orders, faults, clocks; of every account unless --mch-id is given", MCH,
      0, 0, run_reset, false },
    { "switches", "", "list what can be chosen where the manual is silent", DOOR, 0, 0,
      run_switches, false },
    { "events", "", "print what happens as it happens", MCH, 0, 0, run_events, false },
    { "health", "", "is it there?", DOOR, 0, 0, run_health, false },
    { "version", "", "of the running sandbox", DOOR, 0, 0, run_version, false },
};

const struct verb *verb_at(size_t index)
{
    return index < COUNT(verbs) ? &verbs[index] : NULL;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static void print_help(FILE *out)
{
    fprintf(out, "Usage: wxpay-sandbox VERB [OPTION…] [ARGUMENT…]\n"
                 "A WeChat Pay on your own machine.\n\nVerbs:\n");
    for (size_t i = 0; i < COUNT(verbs); i++)
        fprintf(out, "  %-11s %s\n", verbs[i].name, verbs[i].sentence);
    fprintf(out,
            "\n`wxpay-sandbox VERB --help` tells the options of each. Every option is also an\n"
            "environment variable (--control-url: WXPAY_SANDBOX_CONTROL_URL) and a line of the\n"
            "file given by --config (control_url: …).\n"
            "Exit codes: 0 done, 1 refused or not met, 2 wrong usage, 3 no sandbox there.\n");
}

const char *cli_mch_id(const struct cli *cli)
{
    return cli->options.mch_id ? cli->options.mch_id : CLI_MCH_ID;
}

int cli_misused(const struct cli *cli, const char *message, ...)
{
    va_list args;

    fprintf(stderr, "wxpay-sandbox %s: ", cli->verb->name);
    va_start(args, message);
    vfprintf(stderr, message, args);
    va_end(args);
    fprintf(stderr, "\nUsage: wxpay-sandbox %s [OPTION…] %s\n", cli->verb->name, cli->verb->args);
    return CLI_USAGE;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    struct cli cli = { .verb = verb };
    char program[64];
    struct options_usage usage = {
        .program = program, .args = verb->args, .options = verb->options, .command = verb->command
    };
    int err, code;

    snprintf(program, sizeof(program), "wxpay-sandbox %s", verb->name);
    argv[0] = program; /* the name --help shows */
    options_init(&cli.options);
    err = options_read(&cli.options, &usage, argc, argv, stderr);
    if (err && err != ERR_USAGE)
        fprintf(stderr, "%s: %s\n", program, err_text(err));
    if (err)
        code = CLI_USAGE;
    else if (cli.options.arg_count < verb->args_min)
        code = cli_misused(&cli, "an argument is missing");
    else if (cli.options.arg_count > verb->args_max)
        code =
            cli_misused(&cli, "\"%s\" is one argument too many", cli.options.arg[verb->args_max]);
    else
        code = verb->run(&cli);
    options_release(&cli.options);
    return code;
}

int cli_main(int argc, char **argv)
{
    const struct verb *verb;

    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("wxpay-sandbox %s\n", WXPAY_VERSION);
        return CLI_OK;
    }
    verb = find_verb(argv[1]);
    if (!verb) {
        fprintf(stderr, "wxpay-sandbox: there is no verb \"%.60s\"; --help lists them\n", argv[1]);
        return CLI_USAGE;
    }
    return run_verb(verb, argc - 1, argv + 1);
}
