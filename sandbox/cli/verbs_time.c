#include "base/err.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static void show_clock(const json_t *answer)
{
    static const struct column columns[] = {
        { "shows", "virtual_at", PRINT_TEXT },
        { "real time", "real_at", PRINT_TEXT },
        { "stands still", "frozen", PRINT_TEXT },
    };
    print_record(answer, columns, COUNT(columns));
}

static void show_advanced(const json_t *answer)
{
    static const struct column columns[] = {
        { "notification", "notification_id", PRINT_TEXT },
        { "delivery", "attempt", PRINT_TEXT },
        { "sent", "sent_at", PRINT_TEXT },
        { "status", "status", PRINT_TEXT },
        { "error", "error", PRINT_TEXT },
        { "acknowledged", "acknowledged", PRINT_TEXT },
    };

    printf("the clock shows %s\n", member_text(answer, "virtual_at"));
    if (json_array_size(json_object_get(answer, "deliveries")))
        print_table(json_object_get(answer, "deliveries"), columns, COUNT(columns));
    if (json_array_size(json_object_get(answer, "open")))
        printf("%zu deliveries are still under way\n",
               json_array_size(json_object_get(answer, "open")));
}

/* "90", "90s", "15m", "24h", "7d" or "250ms"; milliseconds out. */
static int parse_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60'000 }, { "h", 3'600'000 }, { "d", 86'400'000 }
    };
    struct view number = view_str(text);
    int64_t scale = 1000;

    for (size_t i = 0; i < COUNT(units); i++) {
        if (view_ends(number, view_str(units[i].unit))) {
            scale = units[i].ms;
            number.len -= strlen(units[i].unit);
            break;
        }
    }
    if (view_to_i64(number, 400 * 86'400'000LL / scale, ms) || *ms == 0)
        return ERR_SYNTAX;
    *ms *= scale;
    return 0;
}

int run_clock(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg_count ? options->arg[0] : "show";
    const char *value = options->arg_count > 1 ? options->arg[1] : NULL;
    struct client_call call;
    int64_t ms;

    if (strcmp(what, "advance") == 0) {
        if (!value || parse_duration(value, &ms))
            return cli_misused(cli, "advance by how long? 90s, 15m, 24h, 7d, 250ms");
        client_begin(&call, "POST", "/v1/accounts/%s/clock/advance", cli_mch_id(cli));
        client_int(&call, "ms", ms);
        client_text(&call, "wait", option_waits[options->wait]);
        if (options_given(options, "wait-ms"))
            client_int(&call, "wait_ms", options->wait_ms);
        call.wait_ms = options->wait_ms;
        return client_run(cli, &call, show_advanced);
    }
    if (strcmp(what, "freeze") == 0) {
        if (value && view_to_i64(view_str(value), INT64_MAX, &ms))
            return cli_misused(cli, "freeze at which moment? Milliseconds since 1970");
        client_begin(&call, "POST", "/v1/accounts/%s/clock/freeze", cli_mch_id(cli));
        if (value)
            client_int(&call, "at_ms", ms);
        return client_run(cli, &call, show_clock);
    }
    if (value)
        return cli_misused(cli, "\"%s\" is one argument too many", value);
    if (strcmp(what, "real") == 0)
        client_begin(&call, "POST", "/v1/accounts/%s/clock/real", cli_mch_id(cli));
    else if (strcmp(what, "show") == 0)
        client_begin(&call, "GET", "/v1/accounts/%s/clock", cli_mch_id(cli));
    else
        return cli_misused(cli, "\"%s\" is not show, freeze, advance or real", what);
    return client_run(cli, &call, show_clock);
}

/* ---- wait ------------------------------------------------------------------------------------ */

static void show_wait(const json_t *answer)
{
    const char *state = member_text(answer, "order.state");
    const char *notice = member_text(answer, "order.notification.state");

    printf("%s", json_is_true(json_object_get(answer, "met")) ? "met" : "not met");
    if (json_object_get(answer, "calls"))
        printf(": %lld calls seen", (long long)member_int(answer, "calls"));
    else
        printf(": the order is %s, its notification %s", state ? state : "unknown",
               notice ? notice : "not there");
    printf("\n");
}

/* The third argument is a count where a count is counted. */
static int add_count(struct cli *cli, struct client_call *call)
{
    int64_t count;

    if (cli->options.arg_count < 3)
        return 0;
    if (view_to_i64(view_str(cli->options.arg[2]), 1'000'000, &count) || count == 0)
        return cli_misused(cli, "\"%s\" is no count", cli->options.arg[2]);
    client_int(call, "count", count);
    return 0;
}

int run_wait(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg[0];
    bool state = strcmp(what, "order_state") == 0, calls = strcmp(what, "calls") == 0;
    struct client_call call;
    int misused = 0;

    client_begin(&call, "POST", "/v1/accounts/%s/wait", cli_mch_id(cli));
    client_text(&call, "for", what);
    client_text(&call, calls ? "api" : "out_trade_no", options->arg[1]);
    if (state && options->arg_count < 3)
        misused = cli_misused(cli, "which state is waited for?");
    else if (state)
        client_text(&call, "state", options->arg[2]);
    else
        misused = add_count(cli, &call);
    if (calls) {
        client_text(&call, "out_trade_no", options->order);
        if (options_given(options, "after"))
            client_int(&call, "after", options->after);
    }
    client_int(&call, "timeout_ms", options->timeout_ms);
    call.wait_ms = options->timeout_ms;
    if (!misused)
        return client_run(cli, &call, show_wait);
    client_drop(&call);
    return misused;
}
