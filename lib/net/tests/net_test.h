/*
 * net_test.h — what the tests of this room share: a loop that must come back clean, a bounded
 * turning of it, and a peer that speaks raw bytes.
 */
#ifndef NET_TEST_H
#define NET_TEST_H

#include "base/buf.h"
#include "base/mem.h"

#include <check.h>
#include <stdlib.h>
#include <uv.h>

/* Set by setup, freed by teardown. */
extern uv_loop_t net_loop;

void net_setup(void);

/* Demands that no handle is left on the loop and no block of memory with us. */
void net_teardown(void);

/* Turns the loop until *done; after too many turns fails, naming the handles still open. */
void run_until(uv_loop_t *loop, const bool *done);

/* A few turns without waiting for anything: what would have happened, has. */
void run_turns(uv_loop_t *loop, size_t turns);

/* A raw TCP client. */
struct peer {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct buf got;
    struct buf to_send;
    size_t sent, piece; /* bytes per write; 0: all at once */
    bool connected, eof, closed;
    bool failed;   /* reading or writing ended otherwise than by the server's end */
    bool answered; /* @got holds what peer_until() waits for */
    const char *awaited;
    size_t awaited_count;
};

void peer_open(struct peer *peer, uint16_t port);
/* In pieces of @piece bytes, each in a write of its own; 0: in one. May be called before connected. */
void peer_send(struct peer *peer, struct view bytes, size_t piece);
/* Shuts our half. */
void peer_shut(struct peer *peer);
/* Runs until the text @awaited has come @count times. */
void peer_until(struct peer *peer, const char *awaited, size_t count);
/* Runs until the server has closed. */
void peer_until_eof(struct peer *peer);
/* Runs until closed. */
void peer_close(struct peer *peer);
/* For a test that closes the handle in its own way. */
void peer_on_closed(uv_handle_t *handle);

/* How often @text occurs in @in. */
size_t count_of(struct view in, const char *text);

/*
 * The main of a test program: runs @suite, says how it went. @pure tests wait for nothing, so they
 * need no process each.
 */
int run_suite(Suite *suite, bool pure);

#endif
