/*
 * turns.h — whose turn it is: what is due is done, one order at a time, by the shop's own clock.
 *
 * The ledger holds when each order is due; one timer waits for the first. A turn asks the
 * platform as often as the order's state wants, writes down what came out, and says when the next
 * one is due. Two turns of one order never run at once; orders wait for each other only above
 * TURNS_MAX. When the process dies, the due times are still in the file.
 */
#ifndef MERCHANT_TURNS_H
#define MERCHANT_TURNS_H

#include "shop.h"

#define TURNS_MAX 16

[[nodiscard]] int turns_start(struct shop *shop);

/* No new turn begins; everybody who waits is told with UV_ECANCELED. */
void turns_stop(struct shop *shop);
/* After the loop has ended. */
void turns_release(struct shop *shop);

/* Something became due: look soon, from the loop. */
void turns_wake(struct shop *shop);

enum turn_want {
    WANT_END,   /* only to be told when the turn that runs now, or the next one, has ended */
    WANT_QUERY, /* ask the platform now */
    WANT_CLOSE, /* the buyer gives up */
    WANT_CREATE /* the order is new */
};

/*
 * @on_end fires once, from the loop: 0 after a turn that began after this call (WANT_END: any
 * turn), UV_ECANCELED when the shop stops. It reads the order anew. ERR_NOMEM: it never fires.
 */
[[nodiscard]] int turns_want(struct shop *shop, const char *id, enum turn_want want,
                             void (*on_end)(void *owner, int err), void *owner);

/*
 * The shop's clock moves by @by_ms, stepping to each due moment in order; @on_done fires from the
 * loop when all of it has been done. ERR_EXISTS while an earlier call is under way.
 */
[[nodiscard]] int turns_advance(struct shop *shop, int64_t by_ms, void (*on_done)(void *owner),
                                void *owner);

#endif
