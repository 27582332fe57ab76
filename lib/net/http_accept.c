#include "net/http_conn.h"

#include "base/err.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

static void set_peer(struct http_conn *conn)
{
    struct sockaddr_storage address = {};
    int len = (int)sizeof(address);
    char text[INET6_ADDRSTRLEN] = "";
    int written = 0;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &len) == 0) {
        if (address.ss_family == AF_INET) {
            const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
            uv_ip4_name(in, text, sizeof(text));
            written = snprintf(conn->peer, PEER_MAX, "%s:%u", text, ntohs(in->sin_port));
        } else {
            const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
            uv_ip6_name(in6, text, sizeof(text));
            written = snprintf(conn->peer, PEER_MAX, "[%s]:%u", text, ntohs(in6->sin6_port));
        }
    }
    conn->peer_len = written < 0 ? 0 : (size_t)written;
}

static void conn_init(struct http_conn *conn, struct http_server *server)
{
    conn->server = server;
    net_link_init(&conn->all);
    net_link_init(&conn->dirty);
    net_link_init(&conn->resume);
    net_link_init(&conn->reading.link);
    net_link_init(&conn->sending_wait.link);
    net_link_init(&conn->calls);
    conn->out = BUF_INIT(SIZE_MAX / 4);
    conn->sending = BUF_INIT(SIZE_MAX / 4);
    http_parse_init(&conn->parse, HTTP_REQUEST, &server->blocks, &server->limits);
}

static void accept_one(struct http_server *server)
{
    struct http_conn *conn = mem_new(struct http_conn);
    if (!conn) {
        server->accept_waits = true; /* tried again with the next tick */
        http_waits_start(server);
        log_line(LOG_WARN, "net", "no memory for a connection; it waits");
        return;
    }
    conn_init(conn, server);
    int err = uv_tcp_init(server->loop, &conn->tcp);
    assert(err == 0 && "initialising without a socket cannot fail");
    net_list_add(&server->conns, &conn->all);
    server->conn_count++;
    err = uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&conn->tcp);
    if (!err)
        err = http_conn_read(conn);
    if (err) {
        log_line(LOG_WARN, "net", "a connection was not accepted: %s", err_text(err));
        http_conn_close(conn);
        return;
    }
    uv_tcp_nodelay(&conn->tcp, 1); /* answers are written whole; waiting gains nothing */
    set_peer(conn);
    http_conn_settle(conn);
}

static void complain(struct http_server *server, int err)
{
    uint64_t now_ms = uv_now(server->loop);
    if (server->complained_ms && now_ms - server->complained_ms < 1000)
        return;
    log_line(LOG_WARN, "net", "a connection was turned away: %s", err_text(err));
    server->complained_ms = now_ms ? now_ms : 1;
}

/* Gives a descriptor back at once: that of the connection that has been idle longest. */
static void make_room(struct http_server *server)
{
    struct net_link *idle = server->waits[WAIT_IDLE].next;
    if (idle != &server->waits[WAIT_IDLE])
        http_conn_close(container_of(idle, struct http_conn, reading.link));
}

/*
 * Without a free descriptor libuv gives up its spare one, takes the connection and closes it. We
 * hear of it; but when the spare one was lost (some other thread was quicker), libuv would call
 * here for ever, so each call frees one.
 */
void http_server_on_connection(uv_stream_t *stream, int status)
{
    struct http_server *server = container_of(stream, struct http_server, listener);
    if (status < 0) {
        complain(server, status);
        if (status == UV_EMFILE || status == UV_ENFILE)
            make_room(server);
        return;
    }
    if (server->conn_count >= server->options.conns_max)
        server->accept_waits = true; /* not accepting it makes libuv stop listening */
    else
        accept_one(server);
}

void http_server_accept_waiting(struct http_server *server)
{
    if (!server->accept_waits || server->stopping ||
        server->conn_count >= server->options.conns_max)
        return;
    server->accept_waits = false;
    accept_one(server);
}
