/*
 * ready.h — where a started sandbox is, for those who wait for it (product.md, Fixed names).
 */
#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli/options.h"
#include "sandbox.h"

/* What serve and exec give to sandbox_start(). @token holds a made-up token when one is needed. */
#define READY_TOKEN_LEN 32
void ready_options(const struct options *options, char token[READY_TOKEN_LEN + 1],
                   struct sandbox_options *out);

/* "http://127.0.0.1:18080": as a program on this machine reaches a door bound to @host. */
[[nodiscard]] int ready_url(const char *host, uint16_t port, struct buf *out);

/* The ready line with its line feed. */
[[nodiscard]] int ready_line(const struct sandbox *sandbox, struct buf *out);

#endif
