#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static const struct column notice_columns[] = {
    { "id", "id", PRINT_TEXT },           { "out_trade_no", "out_trade_no", PRINT_TEXT },
    { "state", "state", PRINT_TEXT },     { "deliveries", "deliveries", PRINT_SIZE },
    { "made", "created_at", PRINT_TEXT }, { "due", "due_at", PRINT_TEXT },
};

static void show_list(const json_t *answer)
{
    print_table(json_object_get(answer, "notifications"), notice_columns, COUNT(notice_columns));
}

static void show_resent(const json_t *answer)
{
    const json_t *delivery = json_object_get(answer, "delivery");

    print_record(json_object_get(answer, "notification"), notice_columns, COUNT(notice_columns));
    if (json_is_object(delivery))
        printf("delivery %lld: %s\n", (long long)member_int(delivery, "attempt"),
               json_is_true(json_object_get(delivery, "acknowledged")) ? "acknowledged"
                                                                       : "not acknowledged");
}

static void show_mode(const json_t *answer)
{
    const char *number = member_text(answer, "out_trade_no");

    printf("notifications of %s: %s\n", number ? number : "the account",
           member_text(answer, "mode"));
}

static int list(struct cli *cli, const char *number)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/accounts/%s/notifications", cli_mch_id(cli));
    client_query(&call, "out_trade_no", number ? number : cli->options.order);
    if (!number && !cli->options.order) {
        client_query_int(&call, "limit", cli->options.limit);
        client_query_int(&call, "after", cli->options.after);
    }
    return client_run(cli, &call, show_list);
}

static int resend(struct cli *cli, const char *id)
{
    struct client_call call;

    client_begin(&call, "POST", "/v1/notifications/%s/resend", id);
    client_int(&call, "wait_ms", cli->options.wait_ms);
    call.wait_ms = cli->options.wait_ms;
    return client_run(cli, &call, show_resent);
}

static int set_mode(struct cli *cli, const char *mode, const char *number)
{
    struct client_call call;

    client_begin(&call, "PUT", "/v1/accounts/%s/notifications/mode", cli_mch_id(cli));
    client_text(&call, "mode", mode);
    client_text(&call, "out_trade_no", number ? number : cli->options.order);
    return client_run(cli, &call, show_mode);
}

int run_notify(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg_count ? options->arg[0] : "list";
    const char *value = options->arg_count > 1 ? options->arg[1] : NULL;
    struct client_call call;

    if (strcmp(what, "list") == 0)
        return list(cli, value);
    if (strcmp(what, "hold") == 0 || strcmp(what, "suppress") == 0 || strcmp(what, "send") == 0)
        return set_mode(cli, what, value);
    if (strcmp(what, "resend") == 0)
        return value ? resend(cli, value) : cli_misused(cli, "resend which notification?");
    if (strcmp(what, "release") != 0)
        return cli_misused(cli, "\"%s\" is not list, resend, hold, suppress, send or release",
                           what);
    if (value)
        return cli_misused(cli, "release sends all that is held");
    client_begin(&call, "POST", "/v1/accounts/%s/notifications/release", cli_mch_id(cli));
    return client_run(cli, &call, show_mode);
}
