#include "base/err.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

static const struct column account_columns[] = {
    { "mch_id", "mch_id", PRINT_TEXT },
    { "name", "name", PRINT_TEXT },
    { "appids", "appids", PRINT_LIST },
    { "api_key", "api_key", PRINT_TEXT },
    { "products", "products", PRINT_LIST },
    { "origins", "origins", PRINT_MAP },
    { "notifications", "notification_mode", PRINT_TEXT },
    { "clock shows", "clock.virtual_at", PRINT_TEXT },
    { "switches", "switches", PRINT_MAP },
};

static void show_accounts(const json_t *answer)
{
    /* a line has no room for the switches */
    print_table(json_object_get(answer, "accounts"), account_columns, COUNT(account_columns) - 1);
}

int run_accounts(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/accounts");
    return client_run(cli, &call, show_accounts);
}

static void show_account(const json_t *answer)
{
    print_record(answer, account_columns, COUNT(account_columns));
}

static void add_list(struct client_call *call, const char *name, const struct option_list *list)
{
    json_t *array = list->count ? json_array() : NULL;

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->item[i]));
    if (array)
        client_json(call, name, array);
}

/* "name=value" items as an object; the first "=" divides. */
static int add_map(struct cli *cli, struct client_call *call, const char *name,
                   const struct option_list *list)
{
    json_t *map = list->count ? json_object() : NULL;

    for (size_t i = 0; i < list->count; i++) {
        char *equals = strchr(list->item[i], '=');
        if (!equals) {
            json_decref(map);
            return cli_misused(cli, "\"%s\" needs a \"=\"", list->item[i]);
        }
        *equals = '\0';
        json_object_set_new(map, list->item[i], json_string(equals + 1));
        *equals = '=';
    }
    if (map)
        client_json(call, name, map);
    return 0;
}

/* What the options say about an account. */
static int add_account(struct cli *cli, struct client_call *call)
{
    struct options *options = &cli->options;
    int misused;

    if (!call->body)
        call->body = json_object();
    client_text(call, "name", options->name);
    client_text(call, "api_key", options->api_key);
    add_list(call, "appids", &options->appid);
    add_list(call, "products", &options->product);
    misused = add_map(cli, call, "switches", &options->set);
    return misused ? misused : add_map(cli, call, "origins", &options->origin);
}

static int run_change(struct cli *cli, struct client_call *call)
{
    int misused = add_account(cli, call);

    if (!misused)
        return client_run(cli, call, show_account);
    client_drop(call);
    return misused;
}

int run_merchant(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg_count ? options->arg[0] : "show";
    const char *mch_id = options->arg_count > 1 ? options->arg[1]
                         : options->mch_id      ? options->mch_id
                                                : NULL;
    struct client_call call;

    if (strcmp(what, "add") == 0) {
        client_begin(&call, "POST", "/v1/accounts");
        client_text(&call, "mch_id", mch_id);
        return run_change(cli, &call);
    }
    if (strcmp(what, "set") == 0) {
        client_begin(&call, "PATCH", "/v1/accounts/%s", mch_id ? mch_id : CLI_MCH_ID);
        return run_change(cli, &call);
    }
    if (strcmp(what, "show") == 0) {
        client_begin(&call, "GET", "/v1/accounts/%s", mch_id ? mch_id : CLI_MCH_ID);
        return client_run(cli, &call, show_account);
    }
    if (strcmp(what, "delete") != 0)
        return cli_misused(cli, "\"%s\" is not show, add, set or delete", what);
    if (!mch_id)
        return cli_misused(cli, "which one is to be deleted?");
    client_begin(&call, "DELETE", "/v1/accounts/%s", mch_id);
    return client_run(cli, &call, NULL);
}
