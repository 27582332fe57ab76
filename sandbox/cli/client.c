#include "cli/client.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/curl_api.h"
#include "engine/json_write.h"
#include "net/http_msg.h"

#include <inttypes.h>

#define DEFAULT_URL  "http://127.0.0.1:18081"
#define PATH_MAX_LEN 4096
#define ANSWER_MAX   (200u << 20)
#define BODY_MAX     (16u << 20)
#define CONNECT_MS   3'000
#define GRACE_MS     30'000 /* beyond what the door was asked to wait */

/* ---- putting a call together ----------------------------------------------------------------- */

static void keep(struct client_call *call, int err)
{
    if (!call->err)
        call->err = err;
}

void client_begin(struct client_call *call, const char *method, const char *path, ...)
{
    struct view rest = view_str(path);
    va_list args;
    size_t at;

    *call = (struct client_call){ .method = method, .path = BUF_INIT(PATH_MAX_LEN) };
    va_start(args, path);
    while ((at = view_find(rest, VIEW("%s"))) != SIZE_MAX) {
        keep(call, buf_add(&call->path, rest.ptr, at));
        keep(call, http_percent_encode(&call->path, view_str(va_arg(args, const char *))));
        rest = (struct view){ rest.ptr + at + 2, rest.len - at - 2 };
    }
    va_end(args);
    keep(call, buf_view_add(&call->path, rest));
}

void client_query(struct client_call *call, const char *name, const char *value)
{
    bool first = view_find(buf_view(&call->path), VIEW("?")) == SIZE_MAX;

    if (!value)
        return;
    keep(call, buf_fmt(&call->path, "%c%s=", first ? '?' : '&', name));
    keep(call, http_percent_encode(&call->path, view_str(value)));
}

void client_query_int(struct client_call *call, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    client_query(call, name, text);
}

void client_json(struct client_call *call, const char *name, json_t *value)
{
    if (!call->body)
        call->body = json_object();
    if (json_object_set_new(call->body, name, value))
        keep(call, value ? ERR_NOMEM : ERR_UTF8);
}

void client_text(struct client_call *call, const char *name, const char *value)
{
    if (value)
        client_json(call, name, json_string(value));
}

void client_int(struct client_call *call, const char *name, int64_t value)
{
    client_json(call, name, json_integer(value));
}

void client_drop(struct client_call *call)
{
    buf_release(&call->path);
    json_decref(call->body);
    call->body = NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asking {
    const struct curl_api *curl;
    CURL *easy;
    struct curl_slist *headers;
    struct buf url, token, body;                      /* of the request */
    struct buf answer;                                /* the body of a call that ends */
    bool (*on_bytes)(void *owner, struct view bytes); /* of one that does not */
    void *owner;
    bool stopped;
    long status;
};

static size_t on_data(char *bytes, size_t size, size_t count, void *data)
{
    struct asking *asking = data;
    struct view view = { bytes, size * count };

    asking->curl->easy_getinfo(asking->easy, CURLINFO_RESPONSE_CODE, &asking->status);
    if (asking->on_bytes && asking->status == 200) {
        asking->stopped = !asking->on_bytes(asking->owner, view);
        return asking->stopped ? 0 : view.len;
    }
    return buf_view_add(&asking->answer, view) ? 0 : view.len;
}

static bool add_header(struct asking *asking, const char *line)
{
    struct curl_slist *more = asking->curl->slist_append(asking->headers, line);

    if (more)
        asking->headers = more;
    return more != NULL;
}

static int prepare(struct asking *asking, const struct cli *cli, const struct client_call *call)
{
    const char *base = cli->options.control_url ? cli->options.control_url : DEFAULT_URL;
    size_t len = strlen(base);
    int err;

    while (len && base[len - 1] == '/')
        len--;
    err = buf_fmt(&asking->url, "%.*s%s", (int)len, base, buf_cstr(&call->path));
    if (!err && cli->options.control_token)
        err = buf_fmt(&asking->token, "Authorization: Bearer %s", cli->options.control_token);
    if (err)
        return err;
    if (call->body) {
        err = json_write(call->body, &asking->body);
        if (err)
            return err;
        if (!add_header(asking, "Content-Type: application/json"))
            return ERR_NOMEM;
    }
    if (asking->token.len && !add_header(asking, buf_cstr(&asking->token)))
        return ERR_NOMEM;
    return add_header(asking, "Expect:") ? 0 : ERR_NOMEM;
}

/* 0 when there is an answer; otherwise the exit code, told on stderr. */
static int perform(struct cli *cli, const struct client_call *call, struct asking *asking)
{
    char why[CURL_ERROR_SIZE] = "";
    const struct curl_api *curl = curl_api_load();
    CURL *easy = curl ? curl->easy_init() : NULL;
    int err = easy ? call->err : ERR_NOMEM;
    CURLcode code;

    if (!curl) {
        fprintf(stderr, "wxpay-sandbox %s: libcurl is not installed\n", cli->verb->name);
        return CLI_USAGE;
    }
    asking->curl = curl;
    asking->easy = easy;
    if (!err)
        err = prepare(asking, cli, call);
    if (err) {
        fprintf(stderr, "wxpay-sandbox %s: %s\n", cli->verb->name, err_text(err));
        return CLI_USAGE;
    }
    curl->easy_setopt(easy, CURLOPT_URL, buf_cstr(&asking->url));
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_PROXY, ""); /* a sandbox is never behind the user's proxy */
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, asking->headers);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    if (!asking->on_bytes)
        curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(call->wait_ms + GRACE_MS));
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, asking);
    if (call->body) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&asking->body));
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)asking->body.len);
    }
    code = curl->easy_perform(easy);
    curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &asking->status);
    if (code == CURLE_OK || asking->stopped)
        return 0;
    fprintf(stderr, "wxpay-sandbox %s: no sandbox answers at %s: %s\n", cli->verb->name,
            buf_cstr(&asking->url), why[0] ? why : curl->easy_strerror(code));
    return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ? CLI_USAGE
                                                                             : CLI_UNREACHABLE;
}

static void release(struct asking *asking, struct client_call *call)
{
    if (asking->curl) {
        asking->curl->slist_free_all(asking->headers);
        asking->curl->easy_cleanup(asking->easy);
    }
    buf_release(&asking->url);
    mem_wipe(asking->token.ptr, asking->token.len);
    buf_release(&asking->token);
    buf_release(&asking->body);
    buf_release(&asking->answer);
    client_drop(call);
}

static int tell_refusal(struct cli *cli, const struct asking *asking, const json_t *answer)
{
    const char *where = member_text(answer, "error.where");
    const char *message = member_text(answer, "error.message");

    if (!message)
        fprintf(stderr, "wxpay-sandbox %s: HTTP %ld from %s, which is no control door?\n",
                cli->verb->name, asking->status, buf_cstr(&asking->url));
    else
        fprintf(stderr, "wxpay-sandbox %s: refused: %s%s%s (%s)\n", cli->verb->name,
                where ? where : "", where && *where ? ": " : "", message,
                member_text(answer, "error.code"));
    return CLI_REFUSED;
}

static int show_answer(struct cli *cli, const struct asking *asking,
                       void (*show)(const json_t *answer))
{
    bool good = asking->status >= 200 && asking->status < 300;
    json_t *answer = json_loadb(buf_cstr(&asking->answer), asking->answer.len, 0, NULL);
    bool unmet = json_is_false(json_object_get(answer, "met"));
    int code = good ? client_verdict(answer) : CLI_REFUSED;

    if (asking->answer.len && !answer)
        code = tell_refusal(cli, asking, NULL);
    else if (cli->options.json)
        fputs(buf_cstr(&asking->answer), stdout); /* it ends with a line feed */
    else if (!good && !unmet)
        code = tell_refusal(cli, asking, answer);
    else if (show)
        show(answer);
    json_decref(answer);
    return code;
}

int client_run(struct cli *cli, struct client_call *call, void (*show)(const json_t *answer))
{
    struct asking asking = { .url = BUF_INIT(2 * PATH_MAX_LEN),
                             .token = BUF_INIT(PATH_MAX_LEN),
                             .body = BUF_INIT(BODY_MAX),
                             .answer = BUF_INIT(ANSWER_MAX) };
    int code = perform(cli, call, &asking);

    if (!code)
        code = show_answer(cli, &asking, show);
    release(&asking, call);
    return code;
}

int client_stream(struct cli *cli, struct client_call *call,
                  bool (*on_bytes)(void *owner, struct view bytes), void *owner)
{
    struct asking asking = { .url = BUF_INIT(2 * PATH_MAX_LEN),
                             .token = BUF_INIT(PATH_MAX_LEN),
                             .body = BUF_INIT(BODY_MAX),
                             .answer = BUF_INIT(ANSWER_MAX),
                             .on_bytes = on_bytes,
                             .owner = owner };
    int code = perform(cli, call, &asking);

    if (!code && asking.status != 200)
        code = show_answer(cli, &asking, NULL);
    release(&asking, call);
    return code;
}

/* ---- reading an answer ----------------------------------------------------------------------- */

const json_t *member_at(const json_t *value, const char *path)
{
    struct view rest = view_str(path);

    while (value && rest.len) {
        struct view name = view_cut(rest, '.', &rest);
        char key[64];
        value = view_copy(name, key, sizeof(key)) ? NULL : json_object_get(value, key);
    }
    return value;
}

int client_verdict(const json_t *answer)
{
    const char *result = json_string_value(json_object_get(answer, "result"));

    if (json_is_false(json_object_get(answer, "met")) ||
        json_is_false(json_object_get(answer, "payable")) ||
        json_is_false(member_at(answer, "callup.ok")) || (result && strcmp(result, "refused") == 0))
        return CLI_REFUSED;
    return CLI_OK;
}

const char *member_text(const json_t *value, const char *path)
{
    return json_string_value(member_at(value, path));
}

int64_t member_int(const json_t *value, const char *path)
{
    return json_integer_value(member_at(value, path));
}
