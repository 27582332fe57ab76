/*
 * http_line.h — plain http: one connection to one origin, kept and used again.
 *
 *   RESOLVING --addresses--> CONNECTING --connected--> BUSY --answer--> IDLE --next exchange--> BUSY
 *       |                      |    ^ next address       |               |
 *       +-- no such host ------+----+-- failed, late ----+-- old, eof ---+--> CLOSING --> freed
 *
 * A kept connection may be dead without our knowing: the peer closed it while our request was on
 * its way. Such a request is sent once more on a fresh connection, but only when the peer cannot
 * have read it: no byte of an answer came, and its machine never acknowledged our bytes. A merchant
 * that reads a notification and hangs up without an answer must not get it twice.
 *
 * http_line.c keeps lines and speaks over them, http_dial.c makes the connection.
 */
#ifndef NET_HTTP_LINE_H
#define NET_HTTP_LINE_H

#include "net/http_exchange.h"

#define ADDRESSES_MAX 4

/* Where lines lead to: one host and port, as written. */
struct http_origin {
    struct net_link link; /* in a bucket of the client's */
    struct net_link idle; /* lines; the one used last is last */
    size_t idle_count, line_count;
    size_t key_len;
    char key[]; /* "host:port", lower case */
};

enum line_state { LINE_RESOLVING, LINE_CONNECTING, LINE_BUSY, LINE_IDLE, LINE_CLOSING };

struct http_lookup;

struct http_line {
    uv_tcp_t tcp;
    uv_timer_t timer; /* the exchange's deadline, or the end of idling */
    uv_connect_t connect;
    uv_write_t write;
    enum line_state state;
    unsigned open_handles;
    struct http_client *client;     /* borrowed */
    struct http_origin *origin;     /* counted in its line_count */
    struct net_link all, idle;      /* in the client's lines; in the origin's idle */
    struct http_exchange *exchange; /* borrowed; NULL when idle or closing */
    struct http_lookup *lookup;     /* while RESOLVING */
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    size_t address_count, next_address;
    bool used_before;
    uint64_t kept_ms; /* uv_now() when it became idle */
    bool unsent;      /* of this request the kernel took nothing yet */
    bool writing;     /* @write is under way with @rest */
    struct buf rest;  /* of a request that the kernel did not take at once */
    struct http_parse parse;
    struct http_headers headers;
};

/* http_line.c */

/* A line to nowhere yet; NULL without memory. */
struct http_line *http_line_new(struct http_client *client, struct http_origin *origin);

/* The exchange is this line's business from now on, until its deadline. */
void http_line_give(struct http_line *line, struct http_exchange *exchange);

/* And no longer is. */
struct http_exchange *http_line_let_go(struct http_line *line);

void http_line_close(struct http_line *line);

/* Closes it; its exchange, if any, fails or is sent once more. */
void http_line_failed(struct http_line *line, int err);

/* Connected: reads, and sends the request. An error is one of this address. */
[[nodiscard]] int http_line_connected(struct http_line *line);

/* http_dial.c */

/* From a new line to a connected one, or to http_line_failed(). */
void http_line_dial(struct http_line *line, const struct http_url *url);

/* The look-up under way is not wanted any more. */
void http_line_hang_up(struct http_line *line);

#endif
