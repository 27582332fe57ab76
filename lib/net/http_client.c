#include "net/http_client.h"

#include "net/http_exchange.h"

#include "base/err.h"

#include <assert.h>

#define HEAD_MAX ((size_t)64 * 1024)

/* -- the life of an exchange ---------------------------------------------------------------- */

static void exchange_free(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    mem_free(exchange->url_text);
    buf_release(&exchange->sent);
    mem_free(exchange);
}

static void start_next(struct http_client *client);

uint64_t http_exchange_left_ms(const struct http_exchange *exchange)
{
    uint64_t now_ms = uv_now(exchange->client->loop);
    return exchange->due_ms > now_ms ? exchange->due_ms - now_ms : 1;
}

static void leave(struct http_exchange *exchange)
{
    assert(!exchange->line && !exchange->job);
    net_link_drop(&exchange->link);
    if (exchange->state == EXCHANGE_UNDER_WAY)
        exchange->client->open--;
}

static void maybe_end(struct http_client *client);

static void on_ending(uv_idle_t *idle)
{
    struct http_client *client = container_of(idle, struct http_client, ending);
    struct net_link batch, *link;
    net_link_init(&batch);
    net_list_move(&batch, &client->ended); /* who fails again at once waits for the next turn */
    while ((link = net_list_shift(&batch))) {
        struct http_exchange *exchange = container_of(link, struct http_exchange, link);
        exchange->on_done(exchange->owner, exchange->err, NULL);
        exchange_free(exchange);
    }
    start_next(client);
    if (net_link_alone(&client->ended))
        uv_idle_stop(idle);
    maybe_end(client);
}

void http_exchange_end(struct http_exchange *exchange, int err)
{
    struct http_client *client = exchange->client;
    assert(exchange->state != EXCHANGE_ENDED && err < 0);
    leave(exchange);
    exchange->state = EXCHANGE_ENDED;
    exchange->err = err;
    net_list_add(&client->ended, &exchange->link);
    uv_idle_start(&client->ending, on_ending);
}

void http_exchange_answered(struct http_exchange *exchange, const struct http_response *response)
{
    struct http_client *client = exchange->client;
    leave(exchange);
    exchange->on_done(exchange->owner, 0, response);
    exchange_free(exchange);
    start_next(client);
}

static void start(struct http_exchange *exchange)
{
    struct http_client *client = exchange->client;
    exchange->state = EXCHANGE_UNDER_WAY;
    exchange->due_ms = uv_now(client->loop) + exchange->timeout_ms;
    net_list_add(&client->underway, &exchange->link);
    client->open++;
    int err = exchange->url.tls ? http_tls_start(exchange) : http_line_start(exchange);
    if (err)
        http_exchange_end(exchange, err);
}

static void start_next(struct http_client *client)
{
    while (!client->stopping && client->open < client->options.open_max) {
        struct net_link *link = net_list_shift(&client->waiting);
        if (!link)
            return;
        start(container_of(link, struct http_exchange, link));
    }
}

void http_exchange_cancel(struct http_exchange *exchange)
{
    struct http_line *line = exchange->line;
    struct http_tls_job *job = exchange->job;
    if (exchange->state == EXCHANGE_ENDED)
        return; /* on_done is on its way */
    exchange->line = NULL;
    exchange->job = NULL;
    if (line)
        http_line_abandon(line);
    if (job)
        http_tls_abandon(job);
    http_exchange_end(exchange, UV_ECANCELED);
}

struct view http_exchange_sent(const struct http_exchange *exchange)
{
    return buf_view(&exchange->sent);
}

/* -- sending -------------------------------------------------------------------------------- */

static bool is_token(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return text.len > 0;
}

/* A line break in a value would let it write headers of its own. */
static bool is_value(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool has_header(const struct http_send *send, struct view name)
{
    for (size_t i = 0; i < send->header_count; i++)
        if (view_eq_nocase(send->headers[i].name, name))
            return true;
    return false;
}

/* RFC 9110 8.6: a method that expects content says so even when there is none. */
static bool wants_length(const struct http_send *send)
{
    if (has_header(send, VIEW("Content-Length")) || has_header(send, VIEW("Transfer-Encoding")))
        return false;
    struct view method = view_str(send->method);
    return send->body.len || view_is(method, "POST") || view_is(method, "PUT") ||
           view_is(method, "PATCH");
}

/* "host:port" as written; with a password it would not have come so far */
static struct view authority_of(const struct http_url *url)
{
    size_t scheme = url->tls ? strlen("https://") : strlen("http://");
    return (struct view){ url->origin.ptr + scheme, url->origin.len - scheme };
}

static int add_header(struct buf *out, struct view name, struct view value)
{
    int err = buf_view_add(out, name);
    if (!err)
        err = buf_str(out, ": ");
    if (!err)
        err = buf_view_add(out, value);
    return err ? err : buf_str(out, "\r\n");
}

static int add_headers(struct buf *out, const struct http_url *url, const struct http_send *send)
{
    int err = 0;
    if (!has_header(send, VIEW("Host")))
        err = add_header(out, VIEW("Host"), authority_of(url));
    for (size_t i = 0; !err && i < send->header_count; i++)
        err = add_header(out, send->headers[i].name, send->headers[i].value);
    if (!err && wants_length(send))
        err = buf_fmt(out, "Content-Length: %zu\r\n", send->body.len);
    return err ? err : buf_str(out, "\r\n");
}

static int write_request(struct http_exchange *exchange, const struct http_send *send)
{
    struct buf *out = &exchange->sent;
    struct view target = exchange->url.target;
    int err = buf_reserve(out, 512 + send->body.len);
    if (!err)
        err = buf_str(out, send->method);
    if (!err)
        err = buf_str(out, target.len && target.ptr[0] == '/' ? " " : " /");
    if (!err)
        err = buf_view_add(out, target);
    if (!err)
        err = buf_str(out, " HTTP/1.1\r\n");
    if (!err)
        err = add_headers(out, &exchange->url, send);
    exchange->head_len = out->len;
    return err ? err : buf_view_add(out, send->body);
}

static int check_send(const struct http_send *send)
{
    if (!is_token(view_str(send->method)))
        return ERR_SYNTAX;
    for (size_t i = 0; i < send->header_count; i++)
        if (!is_token(send->headers[i].name) || !is_value(send->headers[i].value))
            return ERR_SYNTAX;
    return 0;
}

static int fill(struct http_exchange *exchange, const struct http_send *send)
{
    exchange->sent = BUF_INIT(SIZE_MAX / 4);
    exchange->timeout_ms = send->timeout_ms;
    exchange->on_done = send->on_done;
    exchange->owner = send->owner;
    if (view_copy(view_str(send->method), exchange->method, sizeof(exchange->method)))
        return ERR_SYNTAX;
    exchange->url_text = mem_strndup(send->url.ptr, send->url.len);
    if (!exchange->url_text)
        return ERR_NOMEM;
    int err = http_url_parse(view_str(exchange->url_text), &exchange->url);
    if (!err && exchange->url.has_userinfo)
        err = ERR_SYNTAX; /* a password in a URL is a mistake, and would end up in records */
    return err ? err : write_request(exchange, send);
}

int http_client_send(struct http_client *client, const struct http_send *send,
                     struct http_exchange **out)
{
    if (client->stopping)
        return ERR_CLOSED;
    int err = check_send(send);
    if (err)
        return err;
    struct http_exchange *exchange = mem_new(struct http_exchange);
    if (!exchange)
        return ERR_NOMEM;
    net_link_init(&exchange->link);
    exchange->client = client;
    err = fill(exchange, send);
    if (err) {
        exchange_free(exchange);
        return err;
    }
    net_list_add(&client->waiting, &exchange->link);
    if (out)
        *out = exchange;
    start_next(client);
    return 0;
}

/* -- starting and stopping ------------------------------------------------------------------- */

int http_client_start(struct http_client **out, uv_loop_t *loop,
                      const struct http_client_options *options)
{
    struct http_client *client = mem_new(struct http_client);
    if (!client)
        return ERR_NOMEM;
    client->loop = loop;
    client->options = *options;
    client->options.answer_max = options->answer_max ? options->answer_max : (size_t)1024 * 1024;
    client->options.idle_conns_max = options->idle_conns_max ? options->idle_conns_max : 64;
    client->options.open_max = options->open_max ? options->open_max : 1024;
    client->options.idle_ms = options->idle_ms ? options->idle_ms : 15000;
    if (options->ca_file) {
        client->ca_file = mem_strdup(options->ca_file);
        if (!client->ca_file) {
            mem_free(client);
            return ERR_NOMEM;
        }
    }
    client->limits.body_max = client->options.answer_max;
    client->limits.head_max =
        client->options.answer_max < HEAD_MAX ? client->options.answer_max : HEAD_MAX;
    net_link_init(&client->waiting);
    net_link_init(&client->underway);
    net_link_init(&client->ended);
    net_link_init(&client->lines);
    for (size_t i = 0; i < ORIGIN_BUCKETS; i++)
        net_link_init(&client->origins[i]);
    uv_idle_init(loop, &client->ending);
    *out = client;
    return 0;
}

static void on_idle_closed(uv_handle_t *handle)
{
    struct http_client *client = container_of((uv_idle_t *)handle, struct http_client, ending);
    void (*on_stopped)(void *owner) = client->on_stopped;
    void *owner = client->stop_owner;
    http_blocks_release(&client->blocks);
    mem_free(client->ca_file);
    mem_free(client);
    if (on_stopped)
        on_stopped(owner);
}

static void maybe_end(struct http_client *client)
{
    if (!client->stopping || client->idle_closing || client->holds ||
        !net_link_alone(&client->ended))
        return;
    client->idle_closing = true;
    uv_close((uv_handle_t *)&client->ending, on_idle_closed);
}

void http_client_let_go(struct http_client *client)
{
    assert(client->holds > 0);
    client->holds--;
    maybe_end(client);
}

static void cancel_all(struct net_link *list)
{
    while (!net_link_alone(list))
        http_exchange_cancel(container_of(list->next, struct http_exchange, link));
}

void http_client_stop(struct http_client *client, void (*on_stopped)(void *owner), void *owner)
{
    if (client->stopping)
        return;
    client->stopping = true;
    client->on_stopped = on_stopped;
    client->stop_owner = owner;
    cancel_all(&client->underway);
    cancel_all(&client->waiting);
    http_lines_stop(client);
    http_tls_stop(client);
    uv_idle_start(&client->ending, on_ending); /* ends the client, even one that was never used */
}
