/*
 * http_conn.h — the inside of the server: connections, calls, their clocks. Not for other rooms.
 *
 *   http_server.c   listens, flushes, stops
 *   http_accept.c   a connection is born, or waits for a place
 *   http_conn.c     one connection: reads, waits, ends
 *   http_write.c    its answers on their way out
 *   http_call.c     one call: the answer, whole, raw, cut or streamed
 *   http_wait.c     deadlines, one coarse timer for all
 *
 * The life of a connection; every arrow goes down and none comes back:
 *
 *   OPEN      requests are read and answered
 *     |         the last request is in (Connection: close, malformed, end of input)
 *   LAST      what still comes is thrown away, calls are still answered
 *     |         the answer after which nothing is said was given
 *   SEALED    what is written has to leave; calls still open will not be answered
 *     |         all bytes left, but the peer may still be sending
 *   LINGER    our half is shut; closing now would reset the answer away (RFC 9112 9.6)
 *     |         end of input, or long enough      (a failure or a stop comes here from anywhere)
 *   CLOSING   uv_close() was called
 *     |         its callback; calls still open are told that the peer is gone
 *   CLOSED    stays until its last call is answered, so that a call always has its connection
 */
#ifndef NET_HTTP_CONN_H
#define NET_HTTP_CONN_H

#include "net/http_parse.h"
#include "net/http_server.h"
#include "net/net_list.h"

#define PEER_MAX       64
#define SPARE_OUTS_MAX 64
/* Answers that wait unread: no more requests are read from such a peer, no more events streamed. */
#define UNSENT_MAX (1024 * 1024)

/* The four clocks of a connection. Each kind has one length, so each list is in due order. */
enum http_wait_kind { WAIT_IDLE, WAIT_REQUEST, WAIT_WRITE, WAIT_LINGER, WAIT_KINDS };

struct http_wait {
    struct net_link link;
    enum http_wait_kind kind;
    uint64_t due_ms; /* of uv_now() */
};

struct http_server {
    uv_loop_t *loop; /* borrowed */
    uv_tcp_t listener;
    uv_timer_t tick;      /* runs while anybody waits */
    uv_prepare_t prepare; /* flushes what timers answered, before the loop sleeps */
    uv_check_t check;     /* flushes what the turn's reads answered */
    uv_idle_t resume;     /* runs while there are woken connections */
    size_t open_handles;  /* of the five above */
    struct http_server_options options;
    struct http_limits limits;
    struct http_blocks blocks;
    uint16_t port;
    bool hold, stopping;
    bool accept_waits;     /* a connection waits to be accepted: conns_max is reached */
    size_t conn_count;     /* not yet closed */
    struct net_link conns; /* all that exist, closed ones with open calls too */
    struct net_link dirty; /* have answers to be flushed */
    struct net_link woken; /* may be read again, or have to tell that the peer has gone */
    struct net_link waits[WAIT_KINDS];
    unsigned wait_ms[WAIT_KINDS];
    struct net_link spare_calls;
    size_t spare_call_count;
    struct buf spare_outs[SPARE_OUTS_MAX];
    size_t spare_out_count;
    uint64_t date_checked_ms; /* uv_now() when the clock was last looked at */
    int64_t date_s;
    char date[64]; /* "Date: …\r\n" */
    size_t date_len;
    uint64_t complained_ms; /* of a failed accept; once a second is enough */
    void (*on_stopped)(void *owner);
};

enum http_conn_state { CONN_OPEN, CONN_LAST, CONN_SEALED, CONN_LINGER, CONN_CLOSING, CONN_CLOSED };

struct http_conn {
    uv_tcp_t tcp;
    struct http_server *server; /* borrowed */
    enum http_conn_state state;
    bool eof;       /* the peer has shut its half */
    bool stray;     /* bytes may come that nobody will read */
    bool stalled;   /* not read from until some answers are out */
    bool continued; /* "100 Continue" was said for the request under way */
    bool telling;   /* on_gone callbacks are running */
    bool writing;   /* @write is under way with @sending */
    struct net_link all, dirty, resume;
    struct http_wait reading, sending_wait;
    struct http_parse parse;
    struct http_call *incoming; /* owned: the request under way is read into it; or NULL */
    struct net_link calls;      /* not yet answered, or not yet at the head, in order */
    size_t call_count;
    struct buf out; /* owned: answers to be written */
    struct buf sending;
    size_t unsent_seen; /* write queue when the clock last looked */
    uv_write_t write;
    uv_shutdown_t shutdown;
    char peer[PEER_MAX];
    size_t peer_len;
};

/* How far a peer has gone. */
enum http_gone { GONE_NOT, GONE_INPUT, GONE_CONN };

enum http_call_state { CALL_INCOMING, CALL_OPEN, CALL_STREAM, CALL_ANSWERED };
enum http_call_after { AFTER_KEEP, AFTER_CLOSE, AFTER_CUT };

struct http_call {
    struct net_link link;     /* in its connection's calls, or in the server's spare ones */
    struct http_conn *conn;   /* borrowed; lives longer */
    struct http_block *block; /* one reference: the request's bytes */
    enum http_call_state state;
    enum http_call_after after;
    bool keep_alive, is_head, is_1_0;
    unsigned char told_gone; /* the http_gone that on_gone has been told of */
    struct buf answer;       /* owned: given before its turn */
    void *data;              /* the owner's */
    void (*on_gone)(struct http_call *call);
    struct http_request request;
    struct http_headers headers; /* last: large, and only as much as is used is touched */
};

/* http_conn.c */

enum http_gone http_conn_gone(const struct http_conn *conn);

/* Begins to read, or goes on. */
[[nodiscard]] int http_conn_read(struct http_conn *conn);

/* http_conn_resume() comes in the next turn, from the loop. */
void http_conn_wake(struct http_conn *conn);

/* Reads go on after a stall: parses what is there. */
void http_conn_resume(struct http_conn *conn);

/* Ends it now; unsent bytes are lost. May be called twice. */
void http_conn_close(struct http_conn *conn);

/* Ends it as soon as what was answered is out. */
void http_conn_seal(struct http_conn *conn);

/* A deadline has passed. */
void http_conn_expired(struct http_conn *conn, enum http_wait_kind kind);

/* Brings clocks, reading and ending in line with what has just changed; may close. */
void http_conn_settle(struct http_conn *conn);

/* Frees a closed connection whose calls are all answered. */
void http_conn_maybe_free(struct http_conn *conn);

/* http_write.c */

/* Where answers are written to: with memory of the server's if it had none. */
struct buf *http_conn_out(struct http_conn *conn);

/* Bytes answered and not yet taken by the kernel. */
size_t http_conn_unsent(const struct http_conn *conn);

/* It will be flushed at the end of the turn. */
void http_conn_dirty(struct http_conn *conn);

/* Writes what can be written now. */
void http_conn_flush(struct http_conn *conn);

/* http_call.c */

/* From the spare ones, or new; NULL without memory. */
struct http_call *http_call_new(struct http_conn *conn);
void http_call_free(struct http_call *call);
void http_spare_calls_release(struct http_server *server);

/* The request in @call is refused: an answer in plain words, then the end. */
void http_call_refuse(struct http_call *call, int status, const char *why);

/* http_wait.c */
void http_waits_init(struct http_server *server);
void http_waits_start(struct http_server *server);
void http_wait_set(struct http_server *server, struct http_wait *wait, enum http_wait_kind kind);
void http_wait_clear(struct http_wait *wait);
void http_waits_tick(uv_timer_t *tick);

/* http_accept.c */
void http_server_on_connection(uv_stream_t *listener, int status);

/* Takes the connection that waits for a place, if there is one of each. */
void http_server_accept_waiting(struct http_server *server);

/* http_server.c */

/* "Date: …\r\n" of this second. */
struct view http_server_date(struct http_server *server);

/* The woken connections are resumed in the next turn. */
void http_server_wake(struct http_server *server);

void http_server_maybe_end(struct http_server *server);

#endif
