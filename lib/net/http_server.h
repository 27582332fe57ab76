/*
 * http_server.h — an HTTP/1.1 server on a libuv loop.
 *
 * Parses with llhttp, bounds everything, keeps connections alive, answers pipelined requests in
 * their order. Knows no routes and no meaning: every complete request becomes one http_call, and
 * the owner answers it now or later.
 *
 *   bytes -> llhttp -> on_call(call)        the owner keeps the call
 *   http_call_reply(call, …)                exactly once per call: reply, stream, cut or drop
 *
 * A malformed or oversized request is answered here (400, 408, 413, 414, 417, 431, 501, 505) and
 * reported by on_bad, if set; it never becomes a call.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "net/http_msg.h"

#include <uv.h>

struct http_server;
struct http_call;

struct http_server_options {
    const char *host;    /* numeric address; NULL: 127.0.0.1 */
    uint16_t port;       /* 0: a free one */
    size_t body_max;     /* bytes of a request body; 0: 1 MiB */
    size_t head_max;     /* bytes of request line and headers; 0: 16 KiB */
    size_t conns_max;    /* further connections wait in the backlog; 0: 20 000 */
    size_t pipeline_max; /* unanswered calls per connection; 0: 64 */
    unsigned idle_ms;    /* keep-alive without a request; 0: 75 000 */
    unsigned request_ms; /* from first byte to last of a request; 0: 20 000 */
    unsigned write_ms;   /* a peer that does not read its answer; 0: 20 000 */
    void (*on_call)(struct http_call *call, void *owner);
    /* Optional: a request that did not become a call. @why is static text; @bytes what came. */
    void (*on_bad)(struct view peer, int status, const char *why, struct view bytes, void *owner);
    void *owner; /* borrowed */
};

/* Binds and listens. @loop is borrowed and must outlive the server. 0 or a negative code. */
[[nodiscard]] int http_server_start(struct http_server **out, uv_loop_t *loop,
                                    const struct http_server_options *options);

/*
 * Closes the listener and every connection, those with answers given as soon as these are out.
 * Open calls hear on_gone and must still be answered: @on_stopped fires from the loop when the
 * last one is, and the server is freed before it.
 */
void http_server_stop(struct http_server *server, void (*on_stopped)(void *owner));

/* As bound, also when 0 was asked. */
uint16_t http_server_port(const struct http_server *server);

/* Open connections. */
size_t http_server_conns(const struct http_server *server);

/*
 * Answers given since the last flush are written together, one write per connection. The server
 * flushes by itself at the end of every loop turn unless hold is on; the owner of a group commit
 * turns it on, commits, and flushes.
 */
void http_server_hold_writes(struct http_server *server, bool hold);
void http_server_flush(struct http_server *server);

/* The request; valid until the call is answered. */
const struct http_request *http_call_request(const struct http_call *call);

/* "127.0.0.1:53211"; valid until the call is answered. */
struct view http_call_peer(const struct http_call *call);

/* A place for the owner's pointer, NULL at first. */
void http_call_set_data(struct http_call *call, void *data);
void *http_call_data(const struct http_call *call);

/*
 * Told when the peer has gone before the answer; the call must still be answered. Optional. Fires
 * from the loop, never from inside a call of the owner; it may answer the call. It comes at most
 * twice: at the end of the peer's input, when the peer may have shut only its sending half and
 * still wants its answer, and when the connection is lost.
 */
void http_call_on_gone(struct http_call *call, void (*on_gone)(struct http_call *call));

/* No answer can reach the peer any more. */
bool http_call_is_lost(const struct http_call *call);

/*
 * Answer and end the call. @headers are extra ones (name, value; names and values must hold no
 * CR or LF, which is asserted); Content-Length, Date and Connection are written here.
 * @body is copied. The call is gone afterwards. Never fails towards the caller: without memory
 * the connection is closed.
 */
void http_call_reply(struct http_call *call, int status, const struct http_header *headers,
                     size_t count, struct view body);

/* The bytes as given, framing and all, then close the connection if @close. For faults. */
void http_call_reply_raw(struct http_call *call, struct view bytes, bool close);

/* Close the connection without an answer. */
void http_call_cut(struct http_call *call);

/*
 * Answer with a body of unknown length (event stream): chunked, flushed at once.
 * http_call_write() returns ERR_CLOSED when the peer has gone, ERR_LIMIT when more than 1 MiB
 * waits unread; the owner ends with http_call_end() in every case.
 */
void http_call_stream(struct http_call *call, int status, const struct http_header *headers,
                      size_t count);
[[nodiscard]] int http_call_write(struct http_call *call, struct view bytes);
void http_call_end(struct http_call *call);

#endif
