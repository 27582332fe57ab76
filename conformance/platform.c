#include "platform.h"

#include "base/err.h"
#include "base/mem.h"
#include "http.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define READY_MS    15'000
#define STOP_MS     3'000
#define LINE_LENGTH ((size_t)64 * 1024)

__attribute__((format(printf, 3, 4))) static int trouble(struct platform *platform, int err,
                                                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(platform->why, sizeof(platform->why), format, args);
    va_end(args);
    return err;
}

static int copy_member(const json_t *from, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(from, name));
    return text ? view_copy(view_str(text), out, size) : ERR_PROTOCOL;
}

/* {"event":"ready", …, "account":{…}} */
static int read_ready(struct platform *platform, struct view line)
{
    json_t *ready = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *account = json_object_get(ready, "account");
    int err = copy_member(ready, "api_url", platform->api_url, sizeof(platform->api_url));

    if (!err)
        err =
            copy_member(ready, "control_url", platform->control_url, sizeof(platform->control_url));
    if (!err)
        err = copy_member(account, "mch_id", platform->account.mch_id,
                          sizeof(platform->account.mch_id));
    if (!err)
        err =
            copy_member(account, "appid", platform->account.appid, sizeof(platform->account.appid));
    if (!err)
        err = copy_member(account, "api_key", platform->account.api_key,
                          sizeof(platform->account.api_key));
    json_decref(ready);
    return err;
}

static int launch(struct platform *platform, const struct platform_options *options)
{
    char port[16], control_port[16], seed[24];
    char program[1024], serve[] = "serve", port_flag[] = "--port";
    char control_flag[] = "--control-port", seed_flag[] = "--seed";
    char *argv[] = { program,      serve,     port_flag, port, control_flag,
                     control_port, seed_flag, seed,      NULL };
    const char *name = options->program ? options->program : "wxpay-sandbox";

    snprintf(program, sizeof(program), "%s", name);
    snprintf(port, sizeof(port), "%u", options->port);
    snprintf(control_port, sizeof(control_port), "%u", options->control_port);
    snprintf(seed, sizeof(seed), "%" PRIu64, options->seed);
    struct child_start start = { .argv = argv, .log_path = options->log_path, .pipe_out = true };
    int err = child_spawn(&platform->child, &start);
    return err ? trouble(platform, err, "%.200s cannot be started: %s", name, err_text(err)) : 0;
}

static int await_ready(struct platform *platform)
{
    struct buf line = BUF_INIT(LINE_LENGTH);
    char fate[80] = "";
    int err = child_read_line(&platform->child, &line, READY_MS);

    if (!err)
        err = read_ready(platform, buf_view(&line));
    if (err == ERR_CLOSED && !child_alive(&platform->child))
        child_fate(&platform->child, fate, sizeof(fate));
    if (err)
        trouble(platform, err, "the sandbox did not become ready: %s",
                fate[0] ? fate : err_text(err));
    buf_release(&line);
    return err;
}

static int make_account(struct platform *platform, unsigned number)
{
    json_t *made = NULL;
    char mch_id[16];
    snprintf(mch_id, sizeof(mch_id), "1999%06u", (number + 1) % 1'000'000);
    struct control_call call = { "POST", "/v1/accounts", json_pack("{s:s}", "mch_id", mch_id), 0 };
    int err = platform_do(platform, &call, &made);
    const json_t *appid = json_array_get(json_object_get(made, "appids"), 0);

    if (err)
        return err;
    struct account *account = &platform->account;
    err = copy_member(made, "mch_id", account->mch_id, sizeof(account->mch_id));
    if (!err)
        err = copy_member(made, "api_key", account->api_key, sizeof(account->api_key));
    if (!err)
        err = json_is_string(appid) ? view_copy(view_str(json_string_value(appid)), account->appid,
                                                sizeof(account->appid))
                                    : ERR_PROTOCOL;
    json_decref(made);
    return err ? trouble(platform, err, "the sandbox made an account of another shape") : 0;
}

int platform_start(struct platform *platform, const struct platform_options *options)
{
    *platform = (struct platform){ .child = CHILD_NONE };
    int err = http_jar_new(&platform->jar);
    if (!err)
        err = launch(platform, options);
    if (!err)
        err = await_ready(platform);
    if (!err && options->own_account)
        err = make_account(platform, options->number);
    if (err)
        platform_stop(platform);
    return err;
}

void platform_stop(struct platform *platform)
{
    child_stop(&platform->child, STOP_MS);
    http_jar_free(platform->jar);
    platform->jar = NULL;
}

static int control_url(const struct platform *platform, const char *path, struct buf *url)
{
    struct view rest = view_str(path);
    struct view name = VIEW("{mch_id}");
    int err = buf_str(url, platform->control_url);

    for (size_t at; !err && (at = view_find(rest, name)) != SIZE_MAX;) {
        err = buf_add(url, rest.ptr, at);
        if (!err)
            err = buf_str(url, platform->account.mch_id);
        rest = (struct view){ rest.ptr + at + name.len, rest.len - at - name.len };
    }
    return err ? err : buf_view_add(url, rest);
}

static int send_call(struct platform *platform, const struct control_call *call,
                     struct http_answer *answer)
{
    static const char *const json_type[] = { "Content-Type: application/json", NULL };
    struct buf url = BUF_INIT(2048);
    struct buf body = BUF_INIT(1024 * 1024);
    int err = control_url(platform, call->path, &url);

    if (!err && call->body)
        err = json_text(call->body, JSON_COMPACT, &body);
    if (!err) {
        struct http_ask ask = {
            .method = call->method,
            .url = buf_cstr(&url),
            .headers = call->body ? json_type : NULL,
            .body = buf_view(&body),
            .has_body = call->body != NULL,
            .timeout_ms = call->timeout_ms ? call->timeout_ms : 15'000,
        };
        err = http_do(platform->jar, &ask, answer);
    }
    buf_release(&url);
    buf_release(&body);
    return err;
}

int platform_call(struct platform *platform, const struct control_call *call, int *status,
                  json_t **answer)
{
    struct http_answer http = {};
    *answer = NULL;
    *status = 0;
    int err = send_call(platform, call, &http);
    json_decref(call->body);
    if (!err && !http.status)
        err = trouble(platform, ERR_CLOSED, "the sandbox's control door: %s %.80s: %.150s",
                      call->method, call->path, http.error);
    if (!err) {
        *status = http.status;
        if (http.body.len)
            *answer = json_loadb(http.body.ptr, http.body.len,
                                 JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    }
    http_answer_release(&http);
    return err;
}

int platform_do(struct platform *platform, const struct control_call *call, json_t **answer)
{
    json_t *got = NULL;
    int status;
    int err = platform_call(platform, call, &status, &got);

    if (!err && (status < 200 || status > 299)) {
        struct buf text = BUF_INIT(2000);
        if (got && json_text(got, JSON_COMPACT, &text))
            buf_clear(&text);
        err = trouble(platform, ERR_PROTOCOL, "the sandbox refused %s %.60s: %d %.120s",
                      call->method, call->path, status, buf_cstr(&text));
        buf_release(&text);
    }
    if (err || !answer)
        json_decref(got);
    else
        *answer = got;
    return err;
}
