/*
 * ledger.h — the shop's memory: orders, payments, shipments, refunds, alarms. The only place with SQL.
 *
 * Everything that matters is here before anybody is told (WX2-061): after a kill the shop opens
 * the same file and goes on. Nothing is deleted. One process, one thread; ledger_begin() takes the
 * write lock of the file, so that what was read inside it stays true until ledger_commit().
 *
 * Errors: ERR_STORE (logged with SQLite's words), ERR_NOT_FOUND, ERR_EXISTS.
 */
#ifndef MERCHANT_LEDGER_H
#define MERCHANT_LEDGER_H

#include "base/view.h"
#include "order.h"
#include "refund.h"

struct ledger;

/* @path NULL: in memory, gone with the process. */
[[nodiscard]] int ledger_open(struct ledger **out, const char *path);
/* Rolls back what is not committed. NULL is allowed. */
void ledger_close(struct ledger *ledger);

/* Not nested: begin asserts that no transaction is open. */
[[nodiscard]] int ledger_begin(struct ledger *ledger);
[[nodiscard]] int ledger_commit(struct ledger *ledger);
void ledger_rollback(struct ledger *ledger);
bool ledger_is_open(const struct ledger *ledger); /* a transaction, that is */

/* A new order, all columns. ERR_EXISTS when its id or out_trade_no is taken. */
[[nodiscard]] int ledger_add(struct ledger *ledger, const struct order *order);

/* Whole row into *out. ERR_NOT_FOUND. */
[[nodiscard]] int ledger_get(struct ledger *ledger, struct view id, struct order *out);
[[nodiscard]] int ledger_find(struct ledger *ledger, struct view out_trade_no, struct order *out);

/*
 * Let @event happen: the row moves only if it still is in @order's state, then *order moves as
 * well. ERR_EXISTS when the event may not happen there or somebody moved the row before us.
 * Writes everything of *order that is not agreed along with it.
 */
[[nodiscard]] int ledger_move(struct ledger *ledger, struct order *order, enum order_event event);

/* Writes due_ms, tries, fails and asked_ms. No change of state. */
[[nodiscard]] int ledger_schedule(struct ledger *ledger, const struct order *order);

/* The order that is due first, not after @until_ms. ERR_NOT_FOUND. */
[[nodiscard]] int ledger_due(struct ledger *ledger, int64_t until_ms, struct order *out);
/* When the next order or refund is due; 0 = none is. */
[[nodiscard]] int ledger_next_due(struct ledger *ledger, int64_t *due_ms);

/*
 * After a start: what was being made, closed or shipped is due at @now_ms, what waits for its
 * money not later than @soon_ms.
 */
[[nodiscard]] int ledger_resume(struct ledger *ledger, int64_t now_ms, int64_t soon_ms);

/* Money that a verified message told of. Views are borrowed for the call. */
struct payment {
    struct view transaction_id, out_trade_no, currency, time_end, openid, bank_type;
    int64_t total_fen; /* what the order cost: what must be compared */
    int64_t cash_fen;  /* what of it was paid in money; for information */
};

/* ERR_EXISTS when this transaction was recorded before. @source: "notification", "query". */
[[nodiscard]] int ledger_add_payment(struct ledger *ledger, const struct order *order,
                                     const struct payment *payment, const char *source,
                                     int64_t now_ms);

/* Whose payment was this transaction? Its order id into @id. ERR_NOT_FOUND. */
[[nodiscard]] int ledger_payment_order(struct ledger *ledger, struct view transaction_id,
                                       char id[ORDER_ID_LEN + 1]);

/* Parcel @parcel of the order goes out. ERR_EXISTS when it went out before. */
[[nodiscard]] int ledger_add_shipment(struct ledger *ledger, const char *id, int64_t parcel,
                                      int64_t now_ms);

/* A new refund, all columns. ERR_EXISTS when its number is taken. */
[[nodiscard]] int ledger_add_refund(struct ledger *ledger, const struct refund *refund);
/* Whole row into *out. ERR_NOT_FOUND. */
[[nodiscard]] int ledger_get_refund(struct ledger *ledger, struct view out_refund_no,
                                    struct refund *out);
/* Calls @each for every refund of the order, oldest first. @each asks nothing of the ledger. */
[[nodiscard]] int ledger_refunds(struct ledger *ledger, const char *order_id,
                                 void (*each)(void *owner, const struct refund *refund),
                                 void *owner);

/* What goes back or went back; closed and refused ones do not count. */
struct refund_sum {
    int64_t count, fen;
    int64_t back_fen; /* of it, what is certainly back */
};
[[nodiscard]] int ledger_refund_sum(struct ledger *ledger, const char *order_id,
                                    struct refund_sum *out);

/*
 * The row moves only if it still is in @refund's state, then *refund moves as well; refund_id goes
 * along. ERR_EXISTS when nothing may lead there or somebody moved the row before us.
 */
[[nodiscard]] int ledger_move_refund(struct ledger *ledger, struct refund *refund,
                                     enum refund_state next);
/* Writes doubt, due_ms, tries, fails and asked_ms. No change of state. */
[[nodiscard]] int ledger_schedule_refund(struct ledger *ledger, const struct refund *refund);
/* The refund that is due first, not after @until_ms. ERR_NOT_FOUND. */
[[nodiscard]] int ledger_due_refund(struct ledger *ledger, int64_t until_ms, struct refund *out);
/* The order's refunds that are known there become due, each @pause_ms after it was last asked. */
[[nodiscard]] int ledger_hurry_refunds(struct ledger *ledger, const char *order_id, int64_t now_ms,
                                       int64_t pause_ms);
/* Part of ledger_resume(). */
[[nodiscard]] int ledger_resume_refunds(struct ledger *ledger, int64_t now_ms, int64_t soon_ms);

/*
 * Something a person must look at: "amount-mismatch", "double-payment", "paid-after-close", …
 * The same alarm with the same detail is kept once.
 */
[[nodiscard]] int ledger_alarm(struct ledger *ledger, const char *id, const char *kind,
                               struct view detail, int64_t now_ms);

/* Calls @each for every alarm of the order, oldest first. */
[[nodiscard]] int ledger_alarms(struct ledger *ledger, const char *id,
                                void (*each)(void *owner, const char *kind, const char *detail,
                                             int64_t seen_ms),
                                void *owner);

/*
 * Any SQL text, executed as it stands. The shop never calls it; it exists so that a mutant can
 * show what happens when a value is pasted into a statement (WX2-114).
 */
[[nodiscard]] int ledger_exec(struct ledger *ledger, const char *sql);

#endif
