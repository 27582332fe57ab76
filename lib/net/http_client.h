/*
 * http_client.h — outgoing HTTP on a libuv loop: one request, one answer, one deadline.
 *
 * Plain http goes over our own path (libuv, llhttp, kept connections): deliveries are what the
 * sandbox does most. https goes over libcurl, opened on first use. Redirects are never followed, no
 * proxy is taken from the environment. Link-local and metadata addresses are refused (ERR_ADDRESS)
 * after name resolution; loopback and private ones are allowed (net_address.h).
 *
 * A request is sent at most once to a peer that can have read it. Only when a kept connection turns
 * out to be dead, no byte of an answer came and the peer's machine acknowledged none of ours, is it
 * sent again, over a fresh one.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "net/http_msg.h"

#include <uv.h>

struct http_client;
struct http_exchange;

struct http_client_options {
    size_t answer_max;     /* bytes of head plus body; 0: 1 MiB */
    size_t idle_conns_max; /* kept per origin; 0: 64 */
    size_t open_max;       /* requests under way; more wait in order; 0: 1024 */
    unsigned idle_ms;      /* how long an unused connection is kept; 0: 15 000 */
    const char *ca_file;   /* NULL: the system's authorities */
};

[[nodiscard]] int http_client_start(struct http_client **out, uv_loop_t *loop,
                                    const struct http_client_options *options);

/* Every request under way ends with UV_ECANCELED; then @on_stopped, from the loop. */
void http_client_stop(struct http_client *client, void (*on_stopped)(void *owner), void *owner);

struct http_send {
    const char *method;
    struct view url;
    const struct http_header *headers; /* Host, Content-Length are written here unless given */
    size_t header_count;
    struct view body;
    unsigned timeout_ms; /* whole exchange, real time; waiting for a free slot does not count */
    /*
     * Fires exactly once, from the loop, never from inside http_client_send(). @err 0 and
     * @response, or @err negative and @response NULL. Views die when it returns.
     *   UV_ECONNREFUSED …  as the system says      ERR_NOT_FOUND   no such host
     *   ERR_TIMEOUT        timeout_ms is over      ERR_CLOSED      hung up without an answer
     *   ERR_PROTOCOL       not HTTP, or cut off    ERR_TOO_LONG    above answer_max
     *   ERR_ADDRESS        must not be reached     ERR_CRYPTO      TLS failed, certificate refused
     *   UV_EPROTONOSUPPORT no libcurl for https    UV_ECANCELED    cancelled or stopped
     */
    void (*on_done)(void *owner, int err, const struct http_response *response);
    void *owner;
};

/*
 * Everything in @send is copied. ERR_SYNTAX or ERR_TOO_LONG when it cannot be a request (a bad URL,
 * a password in it, a line break in a header), ERR_CLOSED after stop, ERR_NOMEM. On success *out (may be NULL) can be given to
 * http_exchange_cancel() until on_done has fired.
 */
[[nodiscard]] int http_client_send(struct http_client *client, const struct http_send *send,
                                   struct http_exchange **out);

/* on_done follows with UV_ECANCELED. */
void http_exchange_cancel(struct http_exchange *exchange);

/* The request head and body as sent on the wire, for records; valid until on_done returns. */
struct view http_exchange_sent(const struct http_exchange *exchange);

#endif
