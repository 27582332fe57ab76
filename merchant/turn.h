/*
 * turn.h — one order's turn: ask the platform, react, ask again, write down, end. Private to
 * turn.c and turns.c.
 */
#ifndef MERCHANT_TURN_H
#define MERCHANT_TURN_H

#include "answer.h"
#include "turns.h"

/* While a turn runs its order is due again only after this: a killed process loses no order. */
#define TURN_LEASE_MS 120'000

/*
 *   BEGIN --> decide --ask--> (platform) --answer--> react --> decide … --> END
 *
 * decide() reads the order anew each time: a notification may have settled it meanwhile.
 */
struct turn {
    struct turn *next;
    struct shop *shop;
    struct order order;
    enum turn_want want;
    enum move move;                /* of the last reaction */
    bool by_itself;                /* because it was due, not because somebody asked */
    bool created, queried, closed; /* asked in this turn already */
    int64_t due_ms;                /* before the lease */
    struct message msg;            /* of an answer that says "paid", while its claim runs */
    uv_timer_t pause;              /* refresh_pause_ms */
};

/* Ends in turns_ended(). ERR_NOMEM: there is no turn. */
[[nodiscard]] int turn_begin(struct shop *shop, const struct order *order, enum turn_want want,
                             bool by_itself);

/* The goods go out, if they still may; order->state tells. */
void turn_ship(struct shop *shop, struct order *order);

/* --- what turns.c knows of all turns ----------------------------------------------------------- */

void turns_began(struct turn *turn);
/* Takes the turn off the list and tells who waits; the turn frees itself. */
void turns_ended(struct turn *turn);
bool turns_stopping(const struct shop *shop);

#endif
