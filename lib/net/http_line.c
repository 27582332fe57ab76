#include "net/http_line.h"

#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#define KEY_MAX 280

/* -- origins --------------------------------------------------------------------------------- */

static size_t origin_key(const struct http_url *url, char key[KEY_MAX])
{
    int len = snprintf(key, KEY_MAX, "%.*s:%u", VIEW_ARG(url->host), url->port);
    assert(len > 0 && len < KEY_MAX && "http_url_parse() bounds the host");
    for (int i = 0; i < len; i++)
        if (key[i] >= 'A' && key[i] <= 'Z')
            key[i] = (char)(key[i] - 'A' + 'a');
    return (size_t)len;
}

/* FNV-1a */
static struct net_link *bucket_of(struct http_client *client, struct view key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 16777619u;
    return &client->origins[hash % ORIGIN_BUCKETS];
}

static struct http_origin *origin_get(struct http_client *client, const struct http_url *url)
{
    char text[KEY_MAX];
    struct view key = { text, origin_key(url, text) };
    struct net_link *bucket = bucket_of(client, key);
    for (struct net_link *link = bucket->next; link != bucket; link = link->next) {
        struct http_origin *known = container_of(link, struct http_origin, link);
        if (view_eq((struct view){ known->key, known->key_len }, key))
            return known;
    }
    struct http_origin *origin = mem_zalloc(1, sizeof(*origin) + key.len);
    if (!origin)
        return NULL;
    net_link_init(&origin->link);
    net_link_init(&origin->idle);
    memcpy(origin->key, key.ptr, key.len);
    origin->key_len = key.len;
    net_list_add(bucket, &origin->link);
    return origin;
}

static void origin_maybe_free(struct http_origin *origin)
{
    if (origin->line_count)
        return;
    net_link_drop(&origin->link);
    mem_free(origin);
}

/* -- the end of a line ------------------------------------------------------------------------ */

static void line_closed(struct http_line *line)
{
    if (--line->open_handles)
        return;
    struct http_client *client = line->client;
    net_link_drop(&line->all);
    line->origin->line_count--;
    origin_maybe_free(line->origin);
    http_parse_release(&line->parse);
    buf_release(&line->rest);
    mem_free(line);
    http_client_let_go(client);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    line_closed(container_of((uv_tcp_t *)handle, struct http_line, tcp));
}

static void on_timer_closed(uv_handle_t *handle)
{
    line_closed(container_of((uv_timer_t *)handle, struct http_line, timer));
}

void http_line_close(struct http_line *line)
{
    if (line->state == LINE_CLOSING)
        return;
    line->state = LINE_CLOSING;
    if (!net_link_alone(&line->idle)) {
        net_link_drop(&line->idle);
        line->origin->idle_count--;
    }
    http_line_hang_up(line);
    uv_close((uv_handle_t *)&line->tcp, on_tcp_closed);
    uv_close((uv_handle_t *)&line->timer, on_timer_closed);
}

struct http_exchange *http_line_let_go(struct http_line *line)
{
    struct http_exchange *exchange = line->exchange;
    line->exchange = NULL;
    if (exchange)
        exchange->line = NULL;
    return exchange;
}

void http_line_abandon(struct http_line *line)
{
    line->exchange = NULL;
    http_line_close(line);
}

void http_lines_stop(struct http_client *client)
{
    for (struct net_link *link = client->lines.next; link != &client->lines; link = link->next)
        http_line_close(container_of(link, struct http_line, all));
}

/* Bytes that we wrote and the peer's machine has not acknowledged. */
static bool has_unacknowledged(struct http_line *line)
{
#ifdef SIOCOUTQ
    uv_os_fd_t fd;
    int bytes = 0;
    if (uv_fileno((uv_handle_t *)&line->tcp, &fd) == 0 && ioctl(fd, SIOCOUTQ, &bytes) == 0)
        return bytes > 0;
#else
    (void)line;
#endif
    return true; /* where the system cannot tell, losing a request is worse than repeating it */
}

void http_line_failed(struct http_line *line, int err)
{
    bool lost = line->state == LINE_BUSY && line->used_before && err != ERR_TIMEOUT &&
                !http_parse_begun(&line->parse) && (line->unsent || has_unacknowledged(line));
    struct http_exchange *exchange = http_line_let_go(line);
    http_line_close(line);
    if (!exchange)
        return;
    if (lost && !exchange->retried) {
        exchange->retried = true;
        err = http_line_start(exchange);
    }
    if (err)
        http_exchange_end(exchange, err);
}

static void on_timer(uv_timer_t *timer)
{
    struct http_line *line = container_of(timer, struct http_line, timer);
    if (line->state == LINE_IDLE)
        http_line_close(line);
    else
        http_line_failed(line, ERR_TIMEOUT);
}

/* -- the answer ------------------------------------------------------------------------------- */

static bool may_keep(const struct http_line *line)
{
    return line->parse.keep_alive && !line->writing && !line->client->stopping &&
           line->parse.parsed == line->parse.used && /* nobody asked for what follows */
           line->origin->idle_count < line->client->options.idle_conns_max;
}

static void line_keep(struct http_line *line)
{
    http_parse_release(&line->parse);
    line->state = LINE_IDLE;
    line->used_before = true;
    line->kept_ms = uv_now(line->client->loop);
    net_list_add(&line->origin->idle, &line->idle);
    line->origin->idle_count++;
    uv_timer_start(&line->timer, on_timer, line->client->options.idle_ms, 0);
}

/* The exchange is told last: it may send the next one over this very line. */
static void line_answered(struct http_line *line)
{
    struct http_response response;
    struct http_exchange *exchange = http_line_let_go(line);
    bool keep = may_keep(line);
    struct http_block *block = http_parse_take_response(&line->parse, &response);
    bool fits = response.head.len + response.body.len <= line->client->options.answer_max;
    if (keep)
        line_keep(line);
    else
        http_line_close(line);
    if (fits)
        http_exchange_answered(exchange, &response);
    else
        http_exchange_end(exchange, ERR_TOO_LONG);
    http_block_unref(block);
}

/* "100 Continue" and its like precede the answer (RFC 9110 15.2). */
static bool skip_interim(struct http_line *line)
{
    struct http_response interim;
    if (line->parse.llhttp.status_code / 100 != 1)
        return false;
    http_block_unref(http_parse_take_response(&line->parse, &interim));
    if (view_is(view_str(line->exchange->method), "HEAD"))
        http_parse_no_body(&line->parse);
    return true;
}

static void line_read(struct http_line *line, size_t got)
{
    enum http_parsed parsed;
    while ((parsed = http_parse_step(&line->parse, got, &line->headers)) == HTTP_PARSE_DONE &&
           skip_interim(line))
        got = 0;
    if (parsed == HTTP_PARSE_DONE)
        line_answered(line);
    else if (parsed == HTTP_PARSE_BAD)
        http_line_failed(line, line->parse.too_long ? ERR_TOO_LONG : ERR_PROTOCOL);
}

static void line_end_of_input(struct http_line *line)
{
    enum http_parsed parsed = http_parse_eof(&line->parse);
    if (parsed == HTTP_PARSE_DONE)
        line_answered(line);
    else
        http_line_failed(line, parsed == HTTP_PARSE_MORE ? ERR_CLOSED : ERR_PROTOCOL);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *)
{
    struct http_line *line = container_of((uv_tcp_t *)stream, struct http_line, tcp);
    if (got == 0)
        return;
    if (line->state == LINE_IDLE)
        http_line_close(line); /* the peer ends it, or says what nobody asked for */
    else if (got > 0)
        line_read(line, (size_t)got);
    else if (got == UV_EOF)
        line_end_of_input(line);
    else
        http_line_failed(line, got == UV_ENOBUFS ? ERR_NOMEM : (int)got);
}

static void alloc_space(uv_handle_t *handle, size_t, uv_buf_t *out)
{
    struct http_line *line = container_of((uv_tcp_t *)handle, struct http_line, tcp);
    *out = (uv_buf_t){};
    if (http_parse_space(&line->parse, &out->base, &out->len))
        *out = (uv_buf_t){};
}

/* -- the request ------------------------------------------------------------------------------- */

static void on_written(uv_write_t *write, int status)
{
    struct http_line *line = container_of(write, struct http_line, write);
    line->writing = false;
    buf_release(&line->rest);
    /* an answer may have come, or be about to, before the peer closed: reading will tell */
    if (status < 0 && line->state == LINE_BUSY && status != UV_EPIPE && status != UV_ECONNRESET)
        http_line_failed(line, status);
}

/* What the kernel does not take is copied: the exchange may end before it is written. */
static int write_rest(struct http_line *line, struct view rest)
{
    line->rest = BUF_INIT(SIZE_MAX / 4);
    int err = buf_view_add(&line->rest, rest);
    if (err)
        return err;
    uv_buf_t bytes = { .base = line->rest.ptr, .len = line->rest.len };
    err = uv_write(&line->write, (uv_stream_t *)&line->tcp, &bytes, 1, on_written);
    line->writing = !err;
    return err;
}

static void line_send(struct http_line *line)
{
    struct http_exchange *exchange = line->exchange;
    struct view bytes = buf_view(&exchange->sent);
    uv_buf_t out = { .base = exchange->sent.ptr, .len = bytes.len };
    line->state = LINE_BUSY;
    line->unsent = true;
    if (view_is(view_str(exchange->method), "HEAD"))
        http_parse_no_body(&line->parse);
    int written = uv_try_write((uv_stream_t *)&line->tcp, &out, 1);
    int err = written < 0 && written != UV_EAGAIN ? written : 0;
    size_t done = written < 0 ? 0 : (size_t)written;
    line->unsent = err != 0;
    if (!err && done < bytes.len)
        err = write_rest(line, (struct view){ bytes.ptr + done, bytes.len - done });
    if (err)
        http_line_failed(line, err);
}

struct http_line *http_line_new(struct http_client *client, struct http_origin *origin)
{
    struct http_line *line = mem_alloc(sizeof(*line));
    if (!line)
        return NULL;
    memset(line, 0, offsetof(struct http_line, headers));
    line->client = client;
    line->origin = origin;
    net_link_init(&line->idle);
    net_link_init(&line->all);
    http_parse_init(&line->parse, HTTP_RESPONSE, &client->blocks, &client->limits);
    int err = uv_tcp_init(client->loop, &line->tcp);
    assert(err == 0 && "initialising without a socket cannot fail");
    (void)err;
    uv_timer_init(client->loop, &line->timer);
    line->open_handles = 2;
    origin->line_count++;
    net_list_add(&client->lines, &line->all);
    client->holds++;
    return line;
}

void http_line_give(struct http_line *line, struct http_exchange *exchange)
{
    line->exchange = exchange;
    exchange->line = line;
    uv_timer_start(&line->timer, on_timer, http_exchange_left_ms(exchange), 0);
}

int http_line_connected(struct http_line *line)
{
    int err = uv_read_start((uv_stream_t *)&line->tcp, alloc_space, on_read);
    if (err)
        return err;
    uv_tcp_nodelay(&line->tcp, 1);
    line_send(line);
    return 0;
}

/* Has the peer closed, or spoken out of turn, since we last turned the loop? */
static bool is_stale(struct http_line *line)
{
    uv_os_fd_t fd;
    char byte;
    if (line->kept_ms == uv_now(line->client->loop))
        return false; /* answered this very turn; asking again would cost as much as reading */
    if (uv_fileno((uv_handle_t *)&line->tcp, &fd))
        return true;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || errno != EAGAIN;
}

/* The line used last is the likeliest to be alive. */
static struct http_line *kept_line(struct http_origin *origin)
{
    while (!net_link_alone(&origin->idle)) {
        struct http_line *line = container_of(origin->idle.prev, struct http_line, idle);
        if (!is_stale(line)) {
            net_link_drop(&line->idle);
            origin->idle_count--;
            return line;
        }
        http_line_close(line);
    }
    return NULL;
}

int http_line_start(struct http_exchange *exchange)
{
    struct http_client *client = exchange->client;
    struct http_origin *origin = origin_get(client, &exchange->url);
    if (!origin)
        return ERR_NOMEM;
    struct http_line *line = exchange->retried ? NULL : kept_line(origin);
    if (line) {
        http_line_give(line, exchange);
        line_send(line);
        return 0;
    }
    line = http_line_new(client, origin);
    if (!line) {
        origin_maybe_free(origin);
        return ERR_NOMEM;
    }
    http_line_give(line, exchange);
    http_line_dial(line, &exchange->url);
    return 0;
}
