/*
 * bare.h — the least HTTP server that libuv and llhttp make: whatever is asked, the same bytes.
 *
 * The yardstick, so it checks and bounds nothing; on loopback only, and only while measured.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "base/buf.h"

#include <uv.h>

struct bare {
    uv_tcp_t listener;
    struct view answer;              /* borrowed: head and body */
    void (*on_request)(void *owner); /* before it is answered; may be NULL */
    void *owner;
};

/* A whole answer with that body, appended to @out. */
[[nodiscard]] int bare_answer(struct buf *out, const char *type, struct view body);

/* Listens on a free port of 127.0.0.1. 0 or a negative code. */
[[nodiscard]] int bare_listen(struct bare *bare, uv_loop_t *loop, uint16_t *port);

/* Print the port as the first line, then turn the loop for ten minutes at most. */
[[nodiscard]] int bare_run(struct bare *bare);

#endif
