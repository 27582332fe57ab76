#include "base/err.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static const struct column fault_columns[] = {
    { "id", "id", PRINT_TEXT },
    { "door", "door", PRINT_TEXT },
    { "api", "api", PRINT_TEXT },
    { "kind", "kind", PRINT_TEXT },
    { "of", "of", PRINT_TEXT },
    { "left", "left", PRINT_TEXT },
    { "order", "out_trade_no", PRINT_TEXT },
};

static void show_faults(const json_t *answer)
{
    print_table(json_object_get(answer, "faults"), fault_columns, COUNT(fault_columns));
}

static void show_fault(const json_t *answer)
{
    print_record(answer, fault_columns, COUNT(fault_columns));
}

/* JSON where it is JSON (numbers, true, {…}), a text otherwise: status=500, kind=delay. */
static json_t *value_of(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    return value ? value : json_string(text);
}

/* An out_trade_no of digits is a text all the same. */
static bool is_text(const char *name)
{
    static const char *const texts[] = { "out_trade_no", "api",          "kind",
                                         "door",         "content_type", "body" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (strcmp(texts[i], name) == 0)
            return true;
    }
    return false;
}

static int add_member(struct cli *cli, struct client_call *call, char *arg)
{
    char *equals = strchr(arg, '=');

    if (!equals)
        return cli_misused(cli, "\"%s\" is not KEY=VALUE", arg);
    *equals = '\0';
    client_json(call, arg, is_text(arg) ? json_string(equals + 1) : value_of(equals + 1));
    *equals = '=';
    return 0;
}

static int add(struct cli *cli)
{
    struct options *options = &cli->options;
    struct client_call call;
    json_error_t error;
    int misused = 0;

    client_begin(&call, "POST", "/v1/accounts/%s/faults", cli_mch_id(cli));
    if (options->arg_count == 2 && options->arg[1][0] == '{') {
        call.body = json_loads(options->arg[1], JSON_REJECT_DUPLICATES, &error);
        if (!call.body)
            misused = cli_misused(cli, "column %d: %s", error.column, error.text);
    } else {
        for (size_t i = 1; i < options->arg_count && !misused; i++)
            misused = add_member(cli, &call, options->arg[i]);
    }
    if (!misused && !call.body)
        misused = cli_misused(cli, "which fault? kind=delay delay_ms=3000 api=orderquery");
    if (!misused)
        return client_run(cli, &call, show_fault);
    client_drop(&call);
    return misused;
}

int run_fault(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg_count ? options->arg[0] : "list";
    struct client_call call;

    if (strcmp(what, "add") == 0)
        return add(cli);
    if (options->arg_count > 2)
        return cli_misused(cli, "\"%s\" is one argument too many", options->arg[2]);
    if (strcmp(what, "clear") == 0) {
        if (options->arg_count == 2)
            client_begin(&call, "DELETE", "/v1/accounts/%s/faults/%s", cli_mch_id(cli),
                         options->arg[1]);
        else
            client_begin(&call, "DELETE", "/v1/accounts/%s/faults", cli_mch_id(cli));
        return client_run(cli, &call, NULL);
    }
    if (strcmp(what, "list") != 0 || options->arg_count == 2)
        return cli_misused(cli, "\"%s\" is not list, add or clear", options->arg[0]);
    client_begin(&call, "GET", "/v1/accounts/%s/faults", cli_mch_id(cli));
    return client_run(cli, &call, show_faults);
}
