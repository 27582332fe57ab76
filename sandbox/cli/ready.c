#include "cli/ready.h"

#include "control/control.h"
#include "control/guard.h"
#include "control/json_out.h"

#include <unistd.h>

void ready_options(const struct options *options, char token[READY_TOKEN_LEN + 1],
                   struct sandbox_options *out)
{
    *out = (struct sandbox_options){
        .host = options->host,
        .control_host = options->control_host,
        .port = (uint16_t)options->port,
        .control_port = (uint16_t)options->control_port,
        .control_token = options->control_token,
        .data_dir = options->data,
        .durability_full = options->durability == 1,
        .seeded = options_given(options, "seed"),
        .seed = (uint64_t)options->seed,
        .exchange_ring = (size_t)options->exchange_ring,
        .exchange_file = options->exchanges,
        .qrscan = options->qrscan,
    };
    if (!out->control_token && !guard_is_loopback(out->control_host)) {
        struct rng rng;
        rng_init(&rng); /* never the seeded one: it is a secret */
        rng_alnum(&rng, token, READY_TOKEN_LEN);
        out->control_token = token;
    }
}

int ready_url(const char *host, uint16_t port, struct buf *out)
{
    if (!host || strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    return buf_fmt(out, strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host, port);
}

int ready_line(const struct sandbox *sandbox, struct buf *out)
{
    struct json_out json = JSON_OUT_INIT(out->max);
    struct account *account = accounts_find(sandbox->accounts, VIEW(DEFAULT_MCH_ID));
    struct buf api = BUF_INIT(128), control = BUF_INIT(128);
    int err;

    err = ready_url(sandbox->options.host, http_server_port(sandbox->api), &api);
    if (!err)
        err = ready_url(sandbox->options.control_host, control_port(sandbox->control), &control);
    out_open(&json, NULL, '{');
    out_str(&json, "event", "ready");
    out_str(&json, "version", WXPAY_VERSION);
    out_int(&json, "pid", getpid());
    out_text(&json, "api_url", buf_view(&api));
    out_text(&json, "control_url", buf_view(&control));
    out_open(&json, "account", '{');
    out_str(&json, "mch_id", account->mch_id);
    out_str(&json, "appid", account->appid_count ? account->appid[0] : NULL);
    out_text(&json, "api_key", v2_key_text(account->v2_key));
    out_close(&json, '}');
    if (sandbox->options.control_token)
        out_str(&json, "control_token", sandbox->options.control_token);
    out_close(&json, '}');
    if (!err)
        err = json.err;
    if (!err)
        err = buf_fmt(out, "%s\n", buf_cstr(&json.text));
    json_out_release(&json);
    buf_release(&api);
    buf_release(&control);
    return err;
}
