/*
 * http_exchange.h — the inside of the client. Not for other rooms.
 *
 *   http_client.c   queue, the life of an exchange, starting and stopping
 *   http_line.c     plain http: one connection to one origin, kept and used again
 *   http_tls.c      https, over libcurl
 *
 * The life of an exchange:
 *
 *   WAITING --a slot is free--> UNDER_WAY --answer--> on_done, freed
 *      |                            |
 *      +-- canceled, stopped -------+-- failed, late, canceled --> ENDED --next turn--> on_done, freed
 *
 * Only an answer calls back at once, so that its views need no copy. Every failure waits for the
 * loop's next turn, so that none can surface inside http_client_send().
 */
#ifndef NET_HTTP_EXCHANGE_H
#define NET_HTTP_EXCHANGE_H

#include "net/http_client.h"
#include "net/http_parse.h"
#include "net/net_list.h"

#define ORIGIN_BUCKETS 64

struct http_line;
struct http_tls;
struct http_tls_job;

struct http_client {
    uv_loop_t *loop; /* borrowed */
    struct http_client_options options;
    char *ca_file; /* owned, or NULL */
    struct http_limits limits;
    struct http_blocks blocks;
    uv_idle_t ending;         /* runs while exchanges have ended and not been told */
    struct net_link waiting;  /* exchanges, in order */
    struct net_link underway; /* exchanges */
    struct net_link ended;    /* exchanges */
    size_t open;              /* under way */
    struct net_link origins[ORIGIN_BUCKETS];
    struct net_link lines; /* all, until closed */
    struct http_tls *tls;  /* owned; NULL before the first https */
    size_t holds;          /* lines, look-ups and the like that must end before the client may */
    bool stopping, idle_closing;
    void (*on_stopped)(void *owner);
    void *stop_owner;
};

enum http_exchange_state { EXCHANGE_WAITING, EXCHANGE_UNDER_WAY, EXCHANGE_ENDED };

struct http_exchange {
    struct net_link link;       /* in one of the client's three lists */
    struct http_client *client; /* borrowed */
    enum http_exchange_state state;
    int err;                  /* when ENDED */
    struct http_line *line;   /* plain and under way: whose turn it is; else NULL */
    struct http_tls_job *job; /* https and under way; else NULL */
    char *url_text;           /* owned; @url points into it */
    struct http_url url;
    char method[24];
    struct buf sent; /* head and body */
    size_t head_len;
    bool retried;
    unsigned timeout_ms;
    uint64_t due_ms; /* of uv_now(), once under way */
    void (*on_done)(void *owner, int err, const struct http_response *response);
    void *owner;
};

/* It failed: on_done comes with the next turn. Line or job have let go of it already. */
void http_exchange_end(struct http_exchange *exchange, int err);

/* It has its answer: calls on_done now and frees it. Lets the next ones start. */
void http_exchange_answered(struct http_exchange *exchange, const struct http_response *response);

/* What is left of its time; at least 1. */
uint64_t http_exchange_left_ms(const struct http_exchange *exchange);

/* Something that had to end before the client may has ended. */
void http_client_let_go(struct http_client *client);

/* http_line.c: finds a kept connection or makes one. ERR_NOMEM; other failures come later. */
[[nodiscard]] int http_line_start(struct http_exchange *exchange);
/* The exchange is over for another reason: its connection is closed. */
void http_line_abandon(struct http_line *line);
void http_lines_stop(struct http_client *client);

/* http_tls.c: the same for https. */
[[nodiscard]] int http_tls_start(struct http_exchange *exchange);
void http_tls_abandon(struct http_tls_job *job);
void http_tls_stop(struct http_client *client);

#endif
