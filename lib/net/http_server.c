#include "net/http_server.h"

#include "net/http_conn.h"

#include "base/clock.h"
#include "base/err.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#define BACKLOG   4096
#define LINGER_MS 2000

/* -- the Date header ------------------------------------------------------------------------ */

static void write_date(struct http_server *server, int64_t now_s)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t at = (time_t)now_s;
    struct tm tm = {};
    gmtime_r(&at, &tm);
    int len =
        snprintf(server->date, sizeof(server->date),
                 "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
                 months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    assert(len > 0 && (size_t)len < sizeof(server->date));
    server->date_len = (size_t)len;
    server->date_s = now_s;
}

struct view http_server_date(struct http_server *server)
{
    uint64_t now_ms = uv_now(server->loop);
    if (!server->date_len || now_ms != server->date_checked_ms) {
        int64_t now_s = clock_real_ms() / 1000;
        server->date_checked_ms = now_ms;
        if (!server->date_len || now_s != server->date_s)
            write_date(server, now_s);
    }
    return (struct view){ server->date, server->date_len };
}

/* -- flushing ------------------------------------------------------------------------------- */

void http_server_hold_writes(struct http_server *server, bool hold)
{
    server->hold = hold;
}

void http_server_flush(struct http_server *server)
{
    struct net_link batch, *link;
    net_link_init(&batch);
    net_list_move(&batch, &server->dirty); /* what becomes dirty meanwhile waits for the next one */
    while ((link = net_list_shift(&batch)))
        http_conn_flush(container_of(link, struct http_conn, dirty));
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct http_server *server = container_of(prepare, struct http_server, prepare);
    if (!server->hold)
        http_server_flush(server);
}

static void on_check(uv_check_t *check)
{
    struct http_server *server = container_of(check, struct http_server, check);
    if (!server->hold)
        http_server_flush(server);
}

/*
 * Stalled connections are read from again here and not inside a flush: calls born in the flush of
 * a group commit would be answered before their own commit. The handle stops one turn after the
 * last of them, so that the loop does not sleep on what they answered.
 */
static void on_resume(uv_idle_t *idle)
{
    struct http_server *server = container_of(idle, struct http_server, resume);
    struct net_link batch, *link;
    if (net_link_alone(&server->woken))
        uv_idle_stop(idle);
    net_link_init(&batch);
    net_list_move(&batch, &server->woken);
    while ((link = net_list_shift(&batch)))
        http_conn_resume(container_of(link, struct http_conn, resume));
}

void http_server_wake(struct http_server *server)
{
    uv_idle_start(&server->resume, on_resume);
}

/* -- starting and stopping -------------------------------------------------------------------- */

static void set_options(struct http_server *server, const struct http_server_options *given)
{
    struct http_server_options *options = &server->options;
    *options = *given;
    options->body_max = given->body_max ? given->body_max : (size_t)1024 * 1024;
    options->head_max = given->head_max ? given->head_max : (size_t)16 * 1024;
    options->conns_max = given->conns_max ? given->conns_max : 20000;
    options->pipeline_max = given->pipeline_max ? given->pipeline_max : 64;
    server->limits = (struct http_limits){ options->head_max, options->body_max };
    server->wait_ms[WAIT_IDLE] = given->idle_ms ? given->idle_ms : 75000;
    server->wait_ms[WAIT_REQUEST] = given->request_ms ? given->request_ms : 20000;
    server->wait_ms[WAIT_WRITE] = given->write_ms ? given->write_ms : 20000;
    server->wait_ms[WAIT_LINGER] = LINGER_MS;
    options->host = NULL; /* used while starting only */
}

static int listen_on(struct http_server *server, const char *host, uint16_t port)
{
    struct sockaddr_storage address = {};
    const char *where = host ? host : "127.0.0.1";
    int err = strchr(where, ':') ? uv_ip6_addr(where, port, (struct sockaddr_in6 *)&address)
                                 : uv_ip4_addr(where, port, (struct sockaddr_in *)&address);
    if (!err)
        err = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (!err)
        err = uv_listen((uv_stream_t *)&server->listener, BACKLOG, http_server_on_connection);
    if (!err) /* libuv would sleep after each accept to share with other processes */
        err = uv_tcp_simultaneous_accepts(&server->listener, 1);
    int len = (int)sizeof(address);
    if (!err)
        err = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &len);
    if (!err)
        server->port =
            ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                : ((struct sockaddr_in *)&address)->sin_port);
    return err;
}

static void on_failed_closed(uv_handle_t *handle)
{
    mem_free(container_of(handle, struct http_server, listener));
}

int http_server_start(struct http_server **out, uv_loop_t *loop,
                      const struct http_server_options *options)
{
    struct http_server *server = mem_new(struct http_server);
    if (!server)
        return ERR_NOMEM;
    server->loop = loop;
    set_options(server, options);
    int err = uv_tcp_init(loop, &server->listener);
    if (err) {
        mem_free(server);
        return err;
    }
    err = listen_on(server, options->host, options->port);
    if (err) {
        uv_close((uv_handle_t *)&server->listener, on_failed_closed);
        return err;
    }
    net_link_init(&server->conns);
    net_link_init(&server->dirty);
    net_link_init(&server->woken);
    net_link_init(&server->spare_calls);
    http_waits_init(server);
    uv_timer_init(loop, &server->tick); /* these four only fill in a struct */
    uv_prepare_init(loop, &server->prepare);
    uv_check_init(loop, &server->check);
    uv_idle_init(loop, &server->resume);
    uv_prepare_start(&server->prepare, on_prepare);
    uv_check_start(&server->check, on_check);
    server->open_handles = 5;
    *out = server;
    return 0;
}

static void on_handle_closed(struct http_server *server)
{
    if (--server->open_handles)
        return;
    void (*on_stopped)(void *owner) = server->on_stopped;
    void *owner = server->options.owner;
    http_spare_calls_release(server);
    http_blocks_release(&server->blocks);
    while (server->spare_out_count)
        buf_release(&server->spare_outs[--server->spare_out_count]);
    mem_free(server);
    if (on_stopped)
        on_stopped(owner);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_server *server = container_of(handle, struct http_server, listener);
    http_server_maybe_end(server);
    on_handle_closed(server);
}

static void on_tick_closed(uv_handle_t *handle)
{
    on_handle_closed(container_of(handle, struct http_server, tick));
}

static void on_prepare_closed(uv_handle_t *handle)
{
    on_handle_closed(container_of(handle, struct http_server, prepare));
}

static void on_check_closed(uv_handle_t *handle)
{
    on_handle_closed(container_of(handle, struct http_server, check));
}

static void on_resume_closed(uv_handle_t *handle)
{
    on_handle_closed(container_of(handle, struct http_server, resume));
}

/* The last connection has gone: its clocks and flushes are no longer needed. */
void http_server_maybe_end(struct http_server *server)
{
    if (!server->stopping || !net_link_alone(&server->conns) ||
        uv_is_closing((uv_handle_t *)&server->tick))
        return;
    uv_close((uv_handle_t *)&server->tick, on_tick_closed);
    uv_close((uv_handle_t *)&server->prepare, on_prepare_closed);
    uv_close((uv_handle_t *)&server->check, on_check_closed);
    uv_close((uv_handle_t *)&server->resume, on_resume_closed);
}

void http_server_stop(struct http_server *server, void (*on_stopped)(void *owner))
{
    if (server->stopping)
        return;
    server->stopping = true;
    server->on_stopped = on_stopped;
    uv_close((uv_handle_t *)&server->listener, on_listener_closed);
    for (struct net_link *link = server->conns.next; link != &server->conns; link = link->next) {
        struct http_conn *conn = container_of(link, struct http_conn, all);
        http_conn_flush(conn);
        if (http_conn_unsent(conn) && conn->state < CONN_LINGER)
            http_conn_seal(conn); /* what was answered shall arrive; write_ms bounds it */
        else
            http_conn_close(conn);
    }
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_conns(const struct http_server *server)
{
    return server->conn_count;
}
