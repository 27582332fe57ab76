/*
 * trap.h — a listener nobody should ever call: it answers any HTTP request with one body and
 * remembers that it came. For external entities and other things a parser must not fetch.
 */
#ifndef CONFORMANCE_TRAP_H
#define CONFORMANCE_TRAP_H

#include "base/buf.h"

struct trap;

/* On a free loopback port, in a thread of its own. @body is copied. */
[[nodiscard]] int trap_start(struct trap **out, const char *body, unsigned *port);
void trap_stop(struct trap *trap); /* NULL-safe */

unsigned trap_port(const struct trap *trap);
/* Takes the oldest caller not yet taken: its first bytes appended to @out. False when there is none. */
bool trap_take(struct trap *trap, struct buf *out);

#endif
