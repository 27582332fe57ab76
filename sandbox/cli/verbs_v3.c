#include "base/err.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

/* Private keys are not for a terminal: --json has them. */
static const struct column columns[] = {
    { "mch_id", "mch_id", PRINT_TEXT },
    { "apiv3_key", "apiv3_key", PRINT_TEXT },
    { "mode", "mode", PRINT_TEXT },
    { "share_permille", "share_permille", PRINT_TEXT },
    { "serial_no", "merchant.serial", PRINT_TEXT },
    { "public key id", "wechatpay.id", PRINT_TEXT },
};

static const struct column platform_columns[] = {
    { "platform certificate", "serial", PRINT_TEXT },
    { "signs", "signs", PRINT_TEXT },
    { "from", "from_at", PRINT_TEXT },
    { "until", "until_at", PRINT_TEXT },
};

static void show(const json_t *answer)
{
    print_record(answer, columns, COUNT(columns));
    print_table(json_object_get(answer, "platform"), platform_columns, COUNT(platform_columns));
}

int run_v3(struct cli *cli)
{
    struct options *options = &cli->options;
    const char *what = options->arg_count ? options->arg[0] : "show";
    const char *mch_id = options->arg_count > 1 ? options->arg[1] : cli_mch_id(cli);
    struct client_call call;

    if (strcmp(what, "show") == 0) {
        client_begin(&call, "GET", "/v1/accounts/%s/v3", mch_id);
    } else if (strcmp(what, "platform") == 0) {
        client_begin(&call, "POST", "/v1/accounts/%s/v3/platform", mch_id);
        client_json(&call, "sign", json_boolean(options->sign));
    } else if (strcmp(what, "set") == 0) {
        client_begin(&call, "PATCH", "/v1/accounts/%s/v3", mch_id);
        client_text(&call, "apiv3_key", options->apiv3_key);
        client_text(&call, "mode", options->mode);
        if (options_given(options, "share-permille"))
            client_int(&call, "share_permille", options->share_permille);
    } else {
        return cli_misused(cli, "\"%s\" is not show, set or platform", what);
    }
    return client_run(cli, &call, show);
}
