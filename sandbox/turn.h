/*
 * turn.h — one transaction per loop turn; answers leave after its commit (architecture,
 * decision 2).
 *
 * Whoever writes calls turn_open() first. At the end of the loop turn the transaction is
 * committed; then every answer given to turn_answer() goes out. If the commit fails, memory is
 * brought back to the store's truth and each answer's `failed` is called instead of `send`.
 */
#ifndef SANDBOX_TURN_H
#define SANDBOX_TURN_H

#include "net/http_server.h"

struct sandbox;
struct turn;

[[nodiscard]] int turn_new(struct turn **out, struct sandbox *sandbox);
void turn_free(struct turn *turn); /* its uv handle must have been closed by turn_stop() */
void turn_stop(struct turn *turn, void (*on_stopped)(void *owner), void *owner);

/* Answers of @server are held until the turn's commit and written right after it. */
void turn_add_server(struct turn *turn, struct http_server *server);
void turn_remove_server(struct turn *turn, struct http_server *server);

/* Begin the turn's transaction unless it is open. */
[[nodiscard]] int turn_open(struct turn *turn);

/* Embedded in whatever waits for the commit; in order of asking. */
struct turn_answer {
    struct turn_answer *next;
    void (*send)(struct turn_answer *answer);
    void (*failed)(struct turn_answer *answer);
};
void turn_answer(struct turn *turn, struct turn_answer *answer);

#endif
