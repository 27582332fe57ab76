#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static void show_exchanges(const json_t *answer)
{
    static const struct column columns[] = {
        { "id", "id", PRINT_TEXT },
        { "door", "door", PRINT_TEXT },
        { "api", "api", PRINT_TEXT },
        { "out_trade_no", "out_trade_no", PRINT_TEXT },
        { "status", "answer.status", PRINT_TEXT },
        { "outcome", "outcome", PRINT_TEXT },
        { "refusal", "refusal", PRINT_TEXT },
        { "fault", "fault", PRINT_TEXT },
        { "us", "duration_us", PRINT_TEXT },
    };
    print_table(json_object_get(answer, "exchanges"), columns, COUNT(columns));
    if (member_int(answer, "lost"))
        printf("%lld older ones were forgotten\n", (long long)member_int(answer, "lost"));
}

int run_exchanges(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/accounts/%s/exchanges", cli_mch_id(cli));
    client_query(&call, "api", cli->options.api);
    client_query(&call, "out_trade_no", cli->options.order);
    client_query_int(&call, "limit", cli->options.limit);
    client_query_int(&call, "after", cli->options.after);
    return client_run(cli, &call, show_exchanges);
}

/* Every line feed is shown where it is: whether the last one is there decides a V3 signature. */
static void print_signed(const char *title, const char *text)
{
    if (!text)
        return;
    printf("%s\n  ", title);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '\n')
            printf(text[1] ? "\\n\n  " : "\\n");
        else if (byte == '\r')
            printf("\\r");
        else
            putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    printf("\n");
}

static void show_explain(const json_t *answer)
{
    printf("%s", member_text(answer, "text"));
    print_signed("The text to be signed, as the sandbox computed it:",
                 member_text(answer, "sign_text"));
    print_signed("The text that seems to have been signed:", member_text(answer, "signed_text"));
}

int run_explain(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/exchanges/%s/explain", cli->options.arg[0]);
    return client_run(cli, &call, show_explain);
}

/* The stream as it comes; with --json only the data of each event, one object per line. */
struct printer {
    bool json;
    struct buf line; /* of an event whose end has not come yet */
};

static void print_line(const struct printer *printer, struct view line)
{
    struct view data = VIEW("data: "), event = VIEW("event: ");

    if (view_starts(line, data))
        printf("%.*s\n", (int)(line.len - data.len), line.ptr + data.len);
    else if (!printer->json && view_starts(line, event))
        printf("%.*s ", (int)(line.len - event.len), line.ptr + event.len);
}

static bool on_bytes(void *owner, struct view bytes)
{
    struct printer *printer = owner;

    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] != '\n') {
            if (buf_byte(&printer->line, bytes.ptr[i]))
                return false;
            continue;
        }
        print_line(printer, buf_view(&printer->line));
        buf_clear(&printer->line);
    }
    fflush(stdout);
    return !ferror(stdout);
}

int run_events(struct cli *cli)
{
    struct printer printer = { .json = cli->options.json, .line = BUF_INIT(4u << 20) };
    struct client_call call;
    int code;

    client_begin(&call, "GET", "/v1/events");
    client_query(&call, "mch_id", cli->options.mch_id);
    code = client_stream(cli, &call, on_bytes, &printer);
    buf_release(&printer.line);
    return code;
}
