/*
 * notify.h — the delivery machine: reads the outbox, delivers, reads the acknowledgement, waits.
 *
 *                +-- suppressed / held (control door)
 *   outbox row --+
 *                +-- WAITING --due--> SENDING --ack--> DONE
 *                       ^               |
 *                       +--no ack-------+--timetable over--> LOST
 *
 * The state of each notification is its row (store/rows.h); this machine holds only what is under
 * way. Due times are virtual and per account; deadlines are real (architecture, decision 3).
 */
#ifndef SANDBOX_NOTIFY_H
#define SANDBOX_NOTIFY_H

#include "engine/order.h"

struct notify;
struct sandbox;

[[nodiscard]] int notify_start(struct notify **out, struct sandbox *sandbox);
void notify_stop(struct notify *notify, void (*on_stopped)(void *owner), void *owner);

/*
 * Something of @account (NULL: of any) may be due earlier than known: a new row, a released one, a
 * moved clock. Looked at before the loop turns again, so inside the same transaction.
 */
void notify_wake(struct notify *notify, struct account *account);

/*
 * Called by the turn just before its commit: looks at the accounts that were woken, marks what is
 * due as SENDING and steps the advances. The requests themselves leave after the commit.
 */
void notify_pump(struct notify *notify);

/*
 * The turn's commit failed and its rows are as before: the ends of deliveries that were told in it
 * are forgotten, so what nobody sends is sent again, after a moment.
 */
void notify_rolled_back(struct notify *notify);

/* Deliveries of the account under way now (0: of all accounts). */
size_t notify_open(const struct notify *notify, int64_t account_id);

/* One more delivery now, whatever the row's state; on_end (may be NULL) fires once, later. */
[[nodiscard]] int notify_resend(struct notify *notify, struct account *account, int64_t notice_id,
                                void (*on_end)(void *owner, const struct delivery_row *delivery),
                                void *owner);

/* HELD rows of the account become due now. */
[[nodiscard]] int notify_release(struct notify *notify, struct account *account);

/* Told after each delivery that ended, in the turn's transaction. */
void notify_listen(struct notify *notify,
                   void (*on_delivery)(void *owner, const struct account *account,
                                       const struct notice_row *notice,
                                       const struct delivery_row *delivery),
                   void *owner);

/* The timetables of V2 6.4, in seconds; *count gaps. */
const int *notify_gaps_s(bool old, size_t *count);

/*
 * Step the account's clock to each due moment in order up to @until_ms, running what is due there
 * (deliveries, orders that time closes); on_done fires once, later, when the deliveries caused
 * have ended or @wait_ms real milliseconds are over (0: do not wait for deliveries).
 */
[[nodiscard]] int notify_advance(struct notify *notify, struct account *account, int64_t until_ms,
                                 int64_t wait_ms,
                                 void (*on_done)(void *owner, size_t ended, size_t open),
                                 void *owner);

#endif
