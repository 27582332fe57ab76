#include "net/http_conn.h"

/*
 * Every wait of one kind is equally long, so whoever begins to wait is the last to be due: a list
 * per kind is a queue in due order, and a tick looks only at its head. Ten thousand idle
 * connections cost nothing.
 */

#define TICK_MIN_MS 5
#define TICK_MAX_MS 500

static unsigned tick_ms(const struct http_server *server)
{
    unsigned ms = TICK_MAX_MS;
    for (size_t kind = 0; kind < WAIT_KINDS; kind++)
        if (server->wait_ms[kind] / 4 < ms)
            ms = server->wait_ms[kind] / 4;
    return ms < TICK_MIN_MS ? TICK_MIN_MS : ms;
}

void http_waits_init(struct http_server *server)
{
    for (size_t kind = 0; kind < WAIT_KINDS; kind++)
        net_link_init(&server->waits[kind]);
}

void http_waits_start(struct http_server *server)
{
    unsigned ms = tick_ms(server);
    if (!uv_is_active((uv_handle_t *)&server->tick))
        uv_timer_start(&server->tick, http_waits_tick, ms, ms);
}

void http_wait_set(struct http_server *server, struct http_wait *wait, enum http_wait_kind kind)
{
    net_link_drop(&wait->link);
    wait->kind = kind;
    wait->due_ms = uv_now(server->loop) + server->wait_ms[kind];
    net_list_add(&server->waits[kind], &wait->link);
    http_waits_start(server);
}

void http_wait_clear(struct http_wait *wait)
{
    net_link_drop(&wait->link);
}

static struct http_conn *waiting_conn(struct http_wait *wait)
{
    bool reads = wait->kind == WAIT_IDLE || wait->kind == WAIT_REQUEST;
    return reads ? container_of(wait, struct http_conn, reading)
                 : container_of(wait, struct http_conn, sending_wait);
}

void http_waits_tick(uv_timer_t *tick)
{
    struct http_server *server = container_of(tick, struct http_server, tick);
    uint64_t now_ms = uv_now(server->loop);
    bool anybody = false;
    for (size_t kind = 0; kind < WAIT_KINDS; kind++) {
        struct net_link *head = &server->waits[kind];
        while (!net_link_alone(head)) {
            struct http_wait *wait = container_of(head->next, struct http_wait, link);
            if (wait->due_ms > now_ms)
                break;
            http_wait_clear(wait);
            http_conn_expired(waiting_conn(wait), (enum http_wait_kind)kind);
        }
        anybody = anybody || !net_link_alone(head);
    }
    http_server_accept_waiting(server);
    if (!anybody && !server->accept_waits)
        uv_timer_stop(tick);
}
