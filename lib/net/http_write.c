#include "net/http_conn.h"

#define SPARE_OUT_CAP ((size_t)16 * 1024) /* a larger buffer is freed, not kept */

static uv_stream_t *stream_of(struct http_conn *conn)
{
    return (uv_stream_t *)&conn->tcp;
}

struct buf *http_conn_out(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    if (!conn->out.ptr && server->spare_out_count)
        conn->out = server->spare_outs[--server->spare_out_count];
    return &conn->out;
}

static void give_out_back(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    if (conn->out.cap > SPARE_OUT_CAP || server->spare_out_count == SPARE_OUTS_MAX) {
        buf_release(&conn->out);
        return;
    }
    buf_clear(&conn->out);
    server->spare_outs[server->spare_out_count++] = buf_take(&conn->out);
}

size_t http_conn_unsent(const struct http_conn *conn)
{
    return conn->out.len +
           (conn->writing ? uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp) : 0);
}

void http_conn_dirty(struct http_conn *conn)
{
    if (conn->state < CONN_LINGER && net_link_alone(&conn->dirty))
        net_list_add(&conn->server->dirty, &conn->dirty);
}

static void on_written(uv_write_t *write, int status)
{
    struct http_conn *conn = container_of(write, struct http_conn, write);
    conn->writing = false;
    buf_release(&conn->sending);
    http_wait_clear(&conn->sending_wait);
    if (status < 0)
        http_conn_close(conn);
    else if (conn->server->hold && !net_link_alone(&conn->dirty))
        http_conn_settle(conn); /* what waits now is held by the owner */
    else
        http_conn_flush(conn);
}

/* What the kernel does not take at once goes through uv_write(), one at a time. */
static void write_out(struct http_conn *conn)
{
    uv_buf_t bytes = { .base = conn->out.ptr, .len = conn->out.len };
    int written = uv_try_write(stream_of(conn), &bytes, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0) {
        http_conn_close(conn);
        return;
    }
    if ((size_t)written == conn->out.len) {
        give_out_back(conn);
        return;
    }
    conn->sending = buf_take(&conn->out);
    bytes.base = conn->sending.ptr + written;
    bytes.len = conn->sending.len - (size_t)written;
    if (uv_write(&conn->write, stream_of(conn), &bytes, 1, on_written)) {
        buf_release(&conn->sending);
        http_conn_close(conn);
        return;
    }
    conn->writing = true;
    conn->unsent_seen = bytes.len;
    http_wait_set(conn->server, &conn->sending_wait, WAIT_WRITE);
}

void http_conn_flush(struct http_conn *conn)
{
    net_link_drop(&conn->dirty);
    if (conn->state >= CONN_LINGER)
        return;
    if (conn->out.len && !conn->writing)
        write_out(conn);
    http_conn_settle(conn);
}
