#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <unistd.h>

#define PICTURE_MAX (4u << 20)

static void show_orders(const json_t *answer)
{
    static const struct column columns[] = {
        { "out_trade_no", "out_trade_no", PRINT_TEXT },
        { "state", "state", PRINT_TEXT },
        { "total", "total_fen", PRINT_FEN },
        { "body", "body", PRINT_TEXT },
        { "made", "created_at", PRINT_TEXT },
        { "transaction_id", "payment.transaction_id", PRINT_TEXT },
    };
    print_table(json_object_get(answer, "orders"), columns, COUNT(columns));
}

int run_orders(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/accounts/%s/orders", cli_mch_id(cli));
    client_query(&call, "state", cli->options.state);
    client_query_int(&call, "limit", cli->options.limit);
    client_query_int(&call, "after", cli->options.after);
    return client_run(cli, &call, show_orders);
}

static const struct column order_columns[] = {
    { "out_trade_no", "out_trade_no", PRINT_TEXT },
    { "state", "state", PRINT_TEXT },
    { "total", "total_fen", PRINT_FEN },
    { "body", "body", PRINT_TEXT },
    { "attach", "attach", PRINT_TEXT },
    { "notify_url", "notify_url", PRINT_TEXT },
    { "code_url", "code_url", PRINT_TEXT },
    { "made", "created_at", PRINT_TEXT },
    { "expires", "expire_at", PRINT_TEXT },
    { "paid", "payment.paid_at", PRINT_TEXT },
    { "transaction_id", "payment.transaction_id", PRINT_TEXT },
    { "payer", "payment.openid", PRINT_TEXT },
    { "cash", "payment.cash_fen", PRINT_FEN },
    { "notification", "notification.state", PRINT_TEXT },
    { "deliveries", "notification.deliveries", PRINT_SIZE },
};

static void show_order(const json_t *answer)
{
    print_record(answer, order_columns, COUNT(order_columns));
}

int run_order(struct cli *cli)
{
    struct client_call call;

    client_begin(&call, "GET", "/v1/accounts/%s/orders/%s", cli_mch_id(cli), cli->options.arg[0]);
    return client_run(cli, &call, show_order);
}

/* ---- scan and pay ---------------------------------------------------------------------------- */

static int read_picture(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    char chunk[8192];
    size_t got;
    int err = 0;

    if (!file)
        return ERR_IO;
    while (!err && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        err = buf_add(out, chunk, got);
    if (ferror(file))
        err = ERR_IO;
    fclose(file);
    return err;
}

/* What a merchant hands to its client, as JSON. */
static int add_callup(struct cli *cli, struct client_call *call, struct view text)
{
    json_error_t error;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        return cli_misused(cli, "call-up parameters: line %d, column %d: %s", error.line,
                           error.column, error.text);
    client_json(call, "callup", json);
    return 0;
}

static bool is_json(struct view text)
{
    text = view_trim(text);
    return text.len && text.ptr[0] == '{';
}

/*
 * A link begins with its scheme, call-up parameters with a brace, in the argument or in a file; a
 * picture is another file that can be read; anything else is an order number, if the verb takes one.
 */
static int add_code(struct cli *cli, struct client_call *call, bool pays)
{
    const char *arg = cli->options.arg[0];
    struct buf picture = BUF_INIT(PICTURE_MAX), text = BUF_INIT(2 * PICTURE_MAX);
    int err;

    if (pays && is_json(view_str(arg)))
        return add_callup(cli, call, view_str(arg));
    if (strstr(arg, "://")) {
        client_text(call, strncmp(arg, "https://", 8) == 0 ? "h5_url" : "code_url", arg);
        return 0;
    }
    if (access(arg, R_OK) != 0 && pays) {
        client_text(call, "mch_id", cli_mch_id(cli));
        client_text(call, "out_trade_no", arg);
        return 0;
    }
    err = read_picture(arg, &picture);
    if (!err && pays && is_json(buf_view(&picture))) {
        err = add_callup(cli, call, buf_view(&picture));
        buf_release(&picture);
        return err;
    }
    if (!err)
        err = base64_encode(buf_view(&picture), &text);
    if (!err)
        client_text(call, "picture_base64", buf_cstr(&text));
    else
        err = cli_misused(cli, "%s: %s", arg, err_text(err));
    buf_release(&picture);
    buf_release(&text);
    return err;
}

static const struct column scan_columns[] = {
    { "phone", "phone", PRINT_TEXT },     { "says", "text", PRINT_TEXT },
    { "payee", "payee", PRINT_TEXT },     { "order", "out_trade_no", PRINT_TEXT },
    { "for", "body", PRINT_TEXT },        { "total", "total_fen", PRINT_FEN },
    { "merchant", "mch_id", PRINT_TEXT },
};

static void show_scan(const json_t *answer)
{
    print_record(answer, scan_columns, COUNT(scan_columns));
}

int run_scan(struct cli *cli)
{
    struct client_call call;
    int misused;

    client_begin(&call, "POST", "/v1/scan");
    misused = add_code(cli, &call, false);
    if (!misused)
        return client_run(cli, &call, show_scan);
    client_drop(&call);
    return misused;
}

/* "CASH:10" or "NO_CASH:10:2000"; the door checks what is in it. */
static int add_coupons(struct cli *cli, struct client_call *call)
{
    const struct option_list *list = &cli->options.coupon;
    json_t *coupons = list->count ? json_array() : NULL;

    for (size_t i = 0; i < list->count; i++) {
        struct view rest = view_str(list->item[i]);
        struct view type = view_cut(rest, ':', &rest), fee = view_cut(rest, ':', &rest);
        int64_t fen;
        json_t *coupon;
        if (view_to_i64(fee, INT32_MAX, &fen)) {
            json_decref(coupons);
            return cli_misused(cli, "--coupon: \"%s\" is not TYPE:FEN[:ID]", list->item[i]);
        }
        coupon = json_pack("{s:s%, s:I}", "type", type.ptr, type.len, "fee_fen", (json_int_t)fen);
        if (rest.len)
            json_object_set_new(coupon, "id", json_stringn(rest.ptr, rest.len));
        json_array_append_new(coupons, coupon);
    }
    if (coupons)
        client_json(call, "coupons", coupons);
    return 0;
}

static void show_trouble(const json_t *callup)
{
    const char *why = callup ? member_text(callup, "why") : NULL;
    const char *hint = callup ? member_text(callup, "hint") : NULL;
    const json_t *remark;
    size_t i;

    if (why)
        printf("why: %s\n", why);
    if (hint)
        printf("hint: %s\n", hint);
    json_array_foreach(json_object_get(callup, "remarks"), i, remark)
    {
        printf("remark: %s\n", member_text(remark, "text"));
    }
}

static void show_callup(const json_t *answer)
{
    const json_t *callup = json_object_get(answer, "callup");

    printf("%s: order %s\n", json_is_true(json_object_get(callup, "ok")) ? "right" : "refused",
           member_text(answer, "shown.out_trade_no") ? member_text(answer, "shown.out_trade_no")
                                                     : "unknown");
    show_trouble(callup);
}

int run_callup(struct cli *cli)
{
    struct client_call call;
    int misused;

    client_begin(&call, "POST", "/v1/callup");
    misused = add_code(cli, &call, true);
    if (!misused && !json_object_get(call.body, "callup"))
        misused = cli_misused(cli, "%s is no JSON", cli->options.arg[0]);
    if (!misused)
        return client_run(cli, &call, show_callup);
    client_drop(&call);
    return misused;
}

static void show_paid(const json_t *answer)
{
    const json_t *delivery = json_object_get(answer, "delivery");
    const char *reason = member_text(answer, "reason");
    const char *number = member_text(answer, "order.out_trade_no");

    if (reason) {
        const char *text = member_text(answer, "text");
        printf("not paid: %s%s%s\n", reason, text && *text ? ": " : "", text ? text : "");
        show_trouble(json_object_get(answer, "callup"));
        return;
    }
    printf("paid: order %s, %lld.%02lld yuan, transaction_id %s\n", number ? number : "?",
           (long long)member_int(answer, "order.total_fen") / 100,
           (long long)member_int(answer, "order.total_fen") % 100,
           member_text(answer, "transaction_id"));
    if (json_is_object(delivery))
        printf("notification %lld: %s\n", (long long)member_int(answer, "notification_id"),
               json_is_true(json_object_get(delivery, "acknowledged")) ? "acknowledged"
                                                                       : "not acknowledged");
}

int run_pay(struct cli *cli)
{
    struct options *options = &cli->options;
    struct client_call call;
    int misused;

    client_begin(&call, "POST", "/v1/pay");
    misused = add_code(cli, &call, true);
    client_text(&call, "outcome", option_outcomes[options->outcome]);
    client_text(&call, "openid", options->openid);
    client_text(&call, "bank_type", options->bank_type);
    if (!misused)
        misused = add_coupons(cli, &call);
    if (options->wait_ms)
        client_int(&call, "wait_ms", options->wait_ms);
    call.wait_ms = options->wait_ms;
    if (!misused)
        return client_run(cli, &call, show_paid);
    client_drop(&call);
    return misused;
}
