#include "net/http_conn.h"

#include "base/err.h"

#include <assert.h>

static uv_stream_t *stream_of(struct http_conn *conn)
{
    return (uv_stream_t *)&conn->tcp;
}

/* -- ending -------------------------------------------------------------------------------- */

enum http_gone http_conn_gone(const struct http_conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return GONE_CONN;
    return conn->eof ? GONE_INPUT : GONE_NOT;
}

static struct http_call *untold_call(struct http_conn *conn)
{
    for (struct net_link *link = conn->calls.next; link != &conn->calls; link = link->next) {
        struct http_call *call = container_of(link, struct http_call, link);
        if (call->state != CALL_ANSWERED && call->on_gone && call->told_gone < http_conn_gone(conn))
            return call;
    }
    return NULL;
}

/* A callback may answer this call and others, so each time we look afresh. */
static void tell_gone(struct http_conn *conn)
{
    struct http_call *call;
    conn->telling = true;
    while ((call = untold_call(conn))) {
        call->told_gone = (unsigned char)http_conn_gone(conn);
        call->on_gone(call);
    }
    conn->telling = false;
}

/* Answers that were given before their turn will never have one. */
static void drop_answered(struct http_conn *conn)
{
    struct net_link *link = conn->calls.next;
    while (link != &conn->calls) {
        struct http_call *call = container_of(link, struct http_call, link);
        link = link->next;
        if (call->state == CALL_ANSWERED) {
            conn->call_count--;
            http_call_free(call);
        }
    }
}

void http_conn_maybe_free(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    if (conn->state != CONN_CLOSED || conn->telling || !net_link_alone(&conn->calls))
        return;
    net_link_drop(&conn->all);
    net_link_drop(&conn->resume);
    mem_free(conn);
    http_server_maybe_end(server);
}

static void on_closed(uv_handle_t *handle)
{
    struct http_conn *conn = container_of(handle, struct http_conn, tcp);
    conn->state = CONN_CLOSED;
    if (conn->incoming)
        http_call_free(conn->incoming);
    conn->incoming = NULL;
    http_parse_release(&conn->parse);
    buf_release(&conn->out);
    drop_answered(conn);
    tell_gone(conn);
    conn->server->conn_count--;
    http_server_accept_waiting(conn->server);
    http_conn_maybe_free(conn);
}

void http_conn_close(struct http_conn *conn)
{
    if (conn->state >= CONN_CLOSING)
        return;
    conn->state = CONN_CLOSING;
    net_link_drop(&conn->dirty);
    net_link_drop(&conn->resume);
    http_wait_clear(&conn->reading);
    http_wait_clear(&conn->sending_wait);
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

void http_conn_seal(struct http_conn *conn)
{
    if (conn->state < CONN_SEALED)
        conn->state = CONN_SEALED;
}

static void on_shut(uv_shutdown_t *, int)
{
    /* the peer's end of input, or the clock, closes */
}

static void finish(struct http_conn *conn)
{
    if (conn->eof || !conn->stray) {
        http_conn_close(conn);
        return;
    }
    conn->state = CONN_LINGER;
    http_wait_clear(&conn->reading);
    http_wait_set(conn->server, &conn->sending_wait, WAIT_LINGER);
    int err = uv_shutdown(&conn->shutdown, stream_of(conn), on_shut);
    if (!err && conn->stalled)
        err = http_conn_read(conn);
    if (err)
        http_conn_close(conn);
}

/* -- settling: after anything happened ------------------------------------------------------- */

static bool is_full(const struct http_conn *conn)
{
    return conn->call_count >= conn->server->options.pipeline_max ||
           http_conn_unsent(conn) > UNSENT_MAX;
}

static void set_reading_clock(struct http_conn *conn)
{
    struct http_wait *wait = &conn->reading;
    bool armed = !net_link_alone(&wait->link);
    bool reads = conn->state == CONN_OPEN && !conn->stalled;
    enum http_wait_kind kind = http_parse_begun(&conn->parse) ? WAIT_REQUEST : WAIT_IDLE;
    bool waits = reads && (kind == WAIT_REQUEST || (!conn->call_count && !conn->out.len));
    if (!waits)
        http_wait_clear(wait);
    else if (!armed || wait->kind != kind)
        http_wait_set(conn->server, wait, kind);
}

/* RFC 9110 10.1.1: a client that waits for leave to send its body. */
static void maybe_continue(struct http_conn *conn)
{
    if (conn->state != CONN_OPEN || conn->continued || conn->call_count ||
        !http_parse_begun(&conn->parse) || !conn->parse.expects_continue)
        return;
    conn->continued = true;
    if (buf_str(http_conn_out(conn), "HTTP/1.1 100 Continue\r\n\r\n"))
        http_conn_close(conn);
    else if (conn->server->hold)
        http_conn_dirty(conn);
    else
        http_conn_flush(conn);
}

void http_conn_settle(struct http_conn *conn)
{
    if (conn->state >= CONN_LINGER)
        return;
    bool unsent = conn->out.len || conn->writing;
    bool over = conn->state == CONN_SEALED || (conn->state == CONN_LAST && !conn->call_count);
    if (over && !unsent) {
        finish(conn);
        return;
    }
    if (conn->stalled && !is_full(conn))
        http_conn_wake(conn);
    set_reading_clock(conn);
    maybe_continue(conn);
}

/* -- reading ------------------------------------------------------------------------------- */

static void alloc_space(uv_handle_t *handle, size_t, uv_buf_t *out)
{
    static char thrown_away[HTTP_BLOCK_SIZE]; /* written by reads that nobody looks at */
    struct http_conn *conn = container_of(handle, struct http_conn, tcp);
    *out = (uv_buf_t){ .base = thrown_away, .len = sizeof(thrown_away) };
    if (conn->state == CONN_OPEN && http_parse_space(&conn->parse, &out->base, &out->len))
        *out = (uv_buf_t){}; /* no memory: on_read() hears UV_ENOBUFS */
}

/* The request under way will not become a call. */
static void refuse(struct http_conn *conn, int status, const char *why)
{
    const struct http_server_options *options = &conn->server->options;
    struct http_call *call = conn->incoming;
    assert(call && "a request under way has its call");
    conn->incoming = NULL;
    conn->state = CONN_LAST;
    conn->stray = true;
    net_list_add(&conn->calls, &call->link);
    conn->call_count++;
    call->state = CALL_OPEN;
    if (options->on_bad)
        options->on_bad(http_call_peer(call), status, why, http_parse_seen(&conn->parse),
                        options->owner);
    http_call_refuse(call, status, why);
}

/* A whole request: from here on it belongs to the owner until answered. */
static void dispatch(struct http_conn *conn)
{
    const struct http_server_options *options = &conn->server->options;
    struct http_call *call = conn->incoming;
    conn->incoming = NULL;
    call->keep_alive = conn->parse.keep_alive;
    call->is_1_0 = conn->parse.llhttp.http_minor == 0;
    call->block = http_parse_take(&conn->parse, &call->request);
    call->is_head = view_is(call->request.method, "HEAD");
    call->state = CALL_OPEN;
    net_list_add(&conn->calls, &call->link);
    conn->call_count++;
    conn->continued = false;
    http_wait_clear(&conn->reading); /* the next request has its own time */
    if (!call->keep_alive)
        conn->state = CONN_LAST;
    options->on_call(call, options->owner);
}

static void stall(struct http_conn *conn)
{
    conn->stalled = true;
    uv_read_stop(stream_of(conn));
}

/* Every request that is whole becomes a call, as long as there is room for calls. */
static void read_requests(struct http_conn *conn, size_t got)
{
    do {
        if (!conn->incoming)
            conn->incoming = http_call_new(conn);
        if (!conn->incoming) {
            http_conn_close(conn);
            return;
        }
        enum http_parsed parsed = http_parse_step(&conn->parse, got, &conn->incoming->headers);
        got = 0;
        if (parsed == HTTP_PARSE_DONE) {
            dispatch(conn);
            continue;
        }
        if (parsed == HTTP_PARSE_BAD) {
            refuse(conn, conn->parse.status, conn->parse.why);
        } else if (!http_parse_begun(&conn->parse)) {
            http_call_free(conn->incoming); /* a waiting connection holds no call */
            conn->incoming = NULL;
        }
        http_conn_settle(conn);
        return;
    } while (conn->state == CONN_OPEN && !is_full(conn));
    if (conn->state == CONN_OPEN)
        stall(conn);
    else
        conn->stray = conn->stray || conn->parse.parsed < conn->parse.used;
    http_conn_settle(conn);
}

/* No more bytes will come. Calls are told, but answered all the same: only one half may be shut. */
static void on_end_of_input(struct http_conn *conn)
{
    conn->eof = true;
    uv_read_stop(stream_of(conn));
    if (conn->state == CONN_LINGER) {
        http_conn_close(conn);
        return;
    }
    if (conn->state == CONN_OPEN && http_parse_begun(&conn->parse))
        refuse(conn, 400, "the connection ended in the middle of a request");
    else if (conn->state == CONN_OPEN)
        conn->state = CONN_LAST;
    tell_gone(conn);
    http_conn_settle(conn);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *)
{
    struct http_conn *conn = container_of(stream, struct http_conn, tcp);
    if (got == UV_EOF)
        on_end_of_input(conn);
    else if (got < 0)
        http_conn_close(conn);
    else if (conn->state == CONN_OPEN)
        read_requests(conn, (size_t)got);
    else
        conn->stray = conn->stray || got > 0;
}

int http_conn_read(struct http_conn *conn)
{
    return uv_read_start(stream_of(conn), alloc_space, on_read);
}

void http_conn_wake(struct http_conn *conn)
{
    if (net_link_alone(&conn->resume))
        net_list_add(&conn->server->woken, &conn->resume);
    http_server_wake(conn->server);
}

void http_conn_resume(struct http_conn *conn)
{
    if (conn->eof || conn->state == CONN_CLOSED) { /* woken by a call that asked late */
        tell_gone(conn);
        http_conn_maybe_free(conn);
        return;
    }
    conn->stalled = false;
    if (conn->state != CONN_OPEN)
        return;
    if (http_conn_read(conn))
        http_conn_close(conn);
    else
        read_requests(conn, 0);
}

void http_conn_expired(struct http_conn *conn, enum http_wait_kind kind)
{
    size_t unsent = uv_stream_get_write_queue_size(stream_of(conn));
    if (kind == WAIT_WRITE && unsent < conn->unsent_seen) {
        conn->unsent_seen = unsent; /* slow, but it reads */
        http_wait_set(conn->server, &conn->sending_wait, WAIT_WRITE);
        return;
    }
    if (kind != WAIT_REQUEST) {
        http_conn_close(conn);
        return;
    }
    refuse(conn, 408, "the request took longer than allowed");
    http_conn_settle(conn);
}
