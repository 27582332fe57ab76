#include "net/http_line.h"
#include "net/net_address.h"

#include "base/err.h"

#include <netdb.h>
#include <stdio.h>

/* A name being looked up: lives until the resolver comes back, wanted or not. */
struct http_lookup {
    uv_getaddrinfo_t uv;
    struct http_client *client;
    struct http_line *line; /* NULL: nobody waits any more */
};

static void on_connected(uv_connect_t *connect, int status);

static int connect_to(struct http_line *line)
{
    const struct sockaddr *address =
        (const struct sockaddr *)&line->addresses[line->next_address++];
    line->state = LINE_CONNECTING;
    return uv_tcp_connect(&line->connect, &line->tcp, address, on_connected);
}

/* This address did not answer: the next one, on a socket of its own. */
static void connect_failed(struct http_line *line, int err)
{
    while (line->next_address < line->address_count) {
        struct http_line *next = http_line_new(line->client, line->origin);
        if (!next) {
            err = ERR_NOMEM;
            break;
        }
        memcpy(next->addresses, line->addresses, sizeof(line->addresses));
        next->address_count = line->address_count;
        next->next_address = line->next_address;
        http_line_give(next, http_line_let_go(line));
        http_line_close(line);
        line = next;
        err = connect_to(line);
        if (!err)
            return;
    }
    http_line_failed(line, err);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct http_line *line = container_of(connect, struct http_line, connect);
    if (line->state == LINE_CLOSING)
        return;
    if (!status)
        status = http_line_connected(line);
    if (status)
        connect_failed(line, status);
}

static void connect_first(struct http_line *line)
{
    int err = line->address_count ? connect_to(line) : ERR_ADDRESS;
    if (err)
        connect_failed(line, err);
}

static void add_address(struct http_line *line, const struct sockaddr *address, size_t len)
{
    if (line->address_count == ADDRESSES_MAX || !net_address_allowed(address) ||
        len > sizeof(line->addresses[0]))
        return;
    memcpy(&line->addresses[line->address_count++], address, len);
}

static int lookup_error(int status)
{
    return status == UV_EAI_MEMORY ? ERR_NOMEM : ERR_NOT_FOUND;
}

static void on_looked_up(uv_getaddrinfo_t *uv, int status, struct addrinfo *found)
{
    struct http_lookup *lookup = container_of(uv, struct http_lookup, uv);
    struct http_client *client = lookup->client;
    struct http_line *line = lookup->line;
    mem_free(lookup);
    if (line) {
        line->lookup = NULL;
        for (struct addrinfo *at = found; at; at = at->ai_next)
            add_address(line, at->ai_addr, at->ai_addrlen);
    }
    uv_freeaddrinfo(found);
    if (line && status)
        http_line_failed(line, lookup_error(status));
    else if (line)
        connect_first(line);
    http_client_let_go(client);
}

static int look_up(struct http_line *line, const struct http_url *url)
{
    char host[256], port[8];
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    if (view_copy(url->host, host, sizeof(host)))
        return ERR_SYNTAX;
    snprintf(port, sizeof(port), "%u", url->port);
    struct http_lookup *lookup = mem_new(struct http_lookup);
    if (!lookup)
        return ERR_NOMEM;
    lookup->client = line->client;
    lookup->line = line;
    int err = uv_getaddrinfo(line->client->loop, &lookup->uv, on_looked_up, host, port, &hints);
    if (err) {
        mem_free(lookup);
        return err;
    }
    line->lookup = lookup;
    line->client->holds++;
    return 0;
}

void http_line_dial(struct http_line *line, const struct http_url *url)
{
    struct sockaddr_storage address;
    line->state = LINE_RESOLVING;
    if (net_address_parse(url->host, url->port, &address) == 0) {
        add_address(line, (const struct sockaddr *)&address, sizeof(address));
        connect_first(line);
        return;
    }
    int err = look_up(line, url);
    if (err)
        http_line_failed(line, err);
}

void http_line_hang_up(struct http_line *line)
{
    if (!line->lookup)
        return;
    line->lookup->line = NULL;
    (void)uv_cancel((uv_req_t *)&line->lookup->uv); /* one already running comes back later */
    line->lookup = NULL;
}
