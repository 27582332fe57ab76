#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static void show_health(const json_t *answer)
{
    int64_t seconds = member_int(answer, "uptime_ms") / 1000;

    printf("%s, up for %lld s\n", member_text(answer, "status"), (long long)seconds);
}

int run_health(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/health");
    return client_run(cli, &call, show_health);
}

static void show_version(const json_t *answer)
{
    static const struct column columns[] = {
        { "version", "version", PRINT_TEXT },
        { "apis", "apis", PRINT_LIST },
    };
    print_record(answer, columns, COUNT(columns));
}

int run_version(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/version");
    return client_run(cli, &call, show_version);
}

static void show_switches(const json_t *answer)
{
    static const struct column columns[] = {
        { "switch", "name", PRINT_TEXT },     { "values", "values", PRINT_LIST },
        { "default", "default", PRINT_TEXT }, { "section", "clause", PRINT_TEXT },
        { "what", "sentence", PRINT_TEXT },
    };
    print_table(json_object_get(answer, "switches"), columns, COUNT(columns));
}

int run_switches(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/switches");
    return client_run(cli, &call, show_switches);
}

static void show_reset(const json_t *answer)
{
    const char *which = member_text(answer, "reset");

    printf("reset %s\n", strcmp(which, "*") == 0 ? "all accounts" : which);
}

int run_reset(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "POST", "/v1/reset");
    client_text(&call, "mch_id", cli->options.mch_id);
    return client_run(cli, &call, show_reset);
}
