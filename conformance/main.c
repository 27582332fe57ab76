/*
 * wxpay-conformance — the judge: drives a merchant through its own doors and says which of its
 * obligations it keeps.
 */
#include "base/err.h"
#include "base/mem.h"
#include "options.h"
#include "verbs.h"

#include <curl/curl.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>

static const struct {
    const char *name;
    enum verb verb;
    int (*go)(const struct options *options);
    const char *help;
} verbs[] = {
    { "run", VERB_RUN, go_run, "judge a merchant" },
    { "list", VERB_LIST, go_list, "every rule, and the cases that decide it" },
    { "explain", VERB_EXPLAIN, go_explain, "one rule: why, how it is tested, how to repair" },
    { "verify", VERB_VERIFY, go_verify, "compute a report's verdicts again, offline" },
    { "selftest", VERB_SELFTEST, go_selftest, "judge the judge: the kill table" },
};

static void print_help(FILE *to)
{
    fprintf(to, "Usage: wxpay-conformance VERB [OPTION...] (VERB --help says more)\n\n");
    for (size_t i = 0; i < COUNT(verbs); i++)
        fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    fprintf(to, "\nExit code of run: 0 every MUST passed, 1 a FAIL, 2 usage or profile, 3 a MUST\n"
                "undecided, 4 our own fault.\n");
}

static int go(size_t index, int argc, char **argv)
{
    struct options options;
    int code = 2;

    if (options_read(&options, verbs[index].verb, argc, argv) == 0)
        code = verbs[index].go(&options);
    options_release(&options);
    return code;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    int code = 2;

    signal(SIGPIPE, SIG_IGN);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        puts("wxpay-conformance " WXPAY_VERSION);
        return 0;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    xmlInitParser();
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (strcmp(word, verbs[i].name) == 0) {
            code = go(i, argc - 1, argv + 1);
            goto out;
        }
    }
    print_help(stderr);
out:
    xmlCleanupParser();
    curl_global_cleanup();
    return code;
}
