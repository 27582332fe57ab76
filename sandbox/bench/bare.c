#include "bench/bare.h"

#include "base/mem.h"

#include <llhttp.h>
#include <stdio.h>
#include <unistd.h>

#define BACKLOG    1024
#define LIFETIME_S 600 /* a forgotten one ends by itself */

struct conn {
    uv_tcp_t tcp;
    llhttp_t llhttp;
    struct bare *bare;
    size_t due; /* requests read and not yet answered */
};

static int on_message(llhttp_t *llhttp)
{
    struct conn *conn = container_of(llhttp, struct conn, llhttp);
    conn->due++;
    if (conn->bare->on_request)
        conn->bare->on_request(conn->bare->owner);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_tcp_t *)handle, struct conn, tcp));
}

static void conn_close(struct conn *conn)
{
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

static void alloc_shared(uv_handle_t *, size_t, uv_buf_t *out)
{
    static char bytes[64 * 1024]; /* parsed before the next read */
    *out = (uv_buf_t){ .base = bytes, .len = sizeof(bytes) };
}

/* A peer that does not take an answer at once is not one of ours. */
static bool answer_all(struct conn *conn)
{
    struct view answer = conn->bare->answer;
    uv_buf_t bytes = { .base = (char *)(uintptr_t)answer.ptr, .len = answer.len };
    for (; conn->due; conn->due--)
        if (uv_try_write((uv_stream_t *)&conn->tcp, &bytes, 1) != (int)answer.len)
            return false;
    return true;
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct conn *conn = container_of((uv_tcp_t *)stream, struct conn, tcp);
    if (got == 0)
        return;
    if (got < 0 || llhttp_execute(&conn->llhttp, bytes->base, (size_t)got) != HPE_OK ||
        !answer_all(conn))
        conn_close(conn);
}

static void on_connection(uv_stream_t *listener, int status)
{
    static const llhttp_settings_t settings = { .on_message_complete = on_message };
    struct bare *bare = container_of((uv_tcp_t *)listener, struct bare, listener);
    struct conn *conn = status ? NULL : mem_new(struct conn);
    if (!conn)
        return;
    conn->bare = bare;
    llhttp_init(&conn->llhttp, HTTP_REQUEST, &settings);
    uv_tcp_init(listener->loop, &conn->tcp);
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp) ||
        uv_read_start((uv_stream_t *)&conn->tcp, alloc_shared, on_read))
        conn_close(conn);
    else
        uv_tcp_nodelay(&conn->tcp, 1);
}

int bare_answer(struct buf *out, const char *type, struct view body)
{
    int err = buf_fmt(out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                      type, body.len);
    return err ? err : buf_view_add(out, body);
}

int bare_listen(struct bare *bare, uv_loop_t *loop, uint16_t *port)
{
    struct sockaddr_in address;
    int len = sizeof(address);
    uv_tcp_init(loop, &bare->listener);
    int err = uv_ip4_addr("127.0.0.1", 0, &address);
    if (!err)
        err = uv_tcp_bind(&bare->listener, (struct sockaddr *)&address, 0);
    if (!err)
        err = uv_listen((uv_stream_t *)&bare->listener, BACKLOG, on_connection);
    if (!err)
        err = uv_tcp_getsockname(&bare->listener, (struct sockaddr *)&address, &len);
    *port = ntohs(address.sin_port);
    return err;
}

int bare_run(struct bare *bare)
{
    uint16_t port;
    int err = bare_listen(bare, uv_default_loop(), &port);
    if (err)
        return err;
    alarm(LIFETIME_S);
    printf("%u\n", port);
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
