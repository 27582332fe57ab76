/*
 * store.h — rows in, rows out, one transaction per loop turn. SQLite stays behind this header.
 *
 * In memory, or `sandbox.db` in a folder. Every write needs an open transaction: store_begin() is
 * cheap when one is open. Reads may happen outside. A *_get returns 0, ERR_NOT_FOUND or
 * ERR_STORE; lists call back per row and stop at the first non-zero return, which they return.
 * Prepared statements are kept. Not for two threads.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/rows.h"

struct store;

struct store_options {
    const char *dir; /* NULL: in memory. Made if missing; a second process on it is refused */
    bool full;       /* fsync on every commit: survives power loss */
};

[[nodiscard]] int store_open(struct store **out, const struct store_options *options);
void store_close(struct store *store); /* rolls back what was not committed */

/* The last complaint, for the log. NULL: why the last store_open() failed. */
const char *store_trouble(const struct store *store);

[[nodiscard]] int store_begin(struct store *store);
bool store_in_transaction(const struct store *store);
[[nodiscard]] int store_commit(struct store *store);
void store_rollback(struct store *store);

/* SAVEPOINTs inside the turn's transaction; they nest up to 4. */
[[nodiscard]] int store_save(struct store *store);
[[nodiscard]] int store_keep(struct store *store); /* release the newest savepoint */
void store_undo(struct store *store);              /* back to the newest and release it */

/* Half of a unit is written and cannot be taken back: store_commit() will fail. */
void store_spoil(struct store *store);

/* accounts */
[[nodiscard]] int account_insert(struct store *store, struct account_row *row); /* sets id */
[[nodiscard]] int account_update(struct store *store, const struct account_row *row);
[[nodiscard]] int account_delete(struct store *store, int64_t id); /* and all that is its */
[[nodiscard]] int account_each(struct store *store,
                               int (*visit)(void *ctx, const struct account_row *row), void *ctx);
/*
 * Orders, payments, refunds, money, notices, deliveries, faults of the account; 0: of all. A combined order
 * in which it has a part goes whole, with what belongs to others.
 */
[[nodiscard]] int account_clear(struct store *store, int64_t account_id);

/*
 * orders; ERR_EXISTS for a known (account, out_trade_no), and then nothing was done, so that
 * whoever expects a new one may insert first and look up only when that fails.
 */
int64_t order_next_id(const struct store *store); /* what the next insert that succeeds will set */
[[nodiscard]] int order_insert(struct store *store, struct order_row *row); /* sets id */
/* The rest of an order never changes. */
[[nodiscard]] int order_set_state(struct store *store, const struct order_row *row); /* closed_ms */
[[nodiscard]] int order_set_prepay(struct store *store, const struct order_row *row);
[[nodiscard]] int order_get(struct store *store, int64_t id, struct order_row *out);
[[nodiscard]] int order_get_by_number(struct store *store, int64_t account_id, struct view number,
                                      struct order_row *out);
[[nodiscard]] int order_get_by_transaction(struct store *store, int64_t account_id,
                                           struct view transaction_id, struct order_row *out);

struct order_filter {
    int64_t account_id;
    enum trade_state state; /* 0: any */
    int64_t after_id;
    size_t limit;
};
[[nodiscard]] int order_each(struct store *store, const struct order_filter *filter,
                             int (*visit)(void *ctx, const struct order_row *row), void *ctx);

/* Those of a combined order, in the order in which they were put in. */
[[nodiscard]] int order_each_combined(struct store *store, int64_t combine_id,
                                      int (*visit)(void *ctx, const struct order_row *row),
                                      void *ctx);

/*
 * For closing by itself: which unpaid (NOTPAY) order of the account comes first. Parts of combined
 * orders are never among them: the combined order closes them.
 */
enum unpaid_by {
    UNPAID_BY_CREATED_PLAIN,    /* oldest created_ms among those without expire_ms */
    UNPAID_BY_CREATED_EXPIRING, /* oldest created_ms among those with expire_ms */
    UNPAID_BY_EXPIRY,           /* smallest expire_ms among those with one */
};
[[nodiscard]] int order_first_unpaid(struct store *store, int64_t account_id, enum unpaid_by by,
                                     int64_t *id, int64_t *at_ms);

/* combined orders; ERR_EXISTS for a known (account, out_trade_no), and then nothing was done */
[[nodiscard]] int combine_insert(struct store *store, struct combine_row *row); /* sets id */
/* State, closed_ms, paid_ms and transaction_id; the rest never changes. */
[[nodiscard]] int combine_set_state(struct store *store, const struct combine_row *row);
[[nodiscard]] int combine_get(struct store *store, int64_t id, struct combine_row *out);
[[nodiscard]] int combine_get_by_number(struct store *store, int64_t account_id, struct view number,
                                        struct combine_row *out);
[[nodiscard]] int combine_each(struct store *store, int64_t account_id, int64_t after_id,
                               int (*visit)(void *ctx, const struct combine_row *row), void *ctx);
/* As order_first_unpaid(). */
[[nodiscard]] int combine_first_unpaid(struct store *store, int64_t account_id, enum unpaid_by by,
                                       int64_t *id, int64_t *at_ms);

/* payments; ERR_EXISTS for a known order or transaction_id */
[[nodiscard]] int payment_insert(struct store *store, const struct payment_row *row);
[[nodiscard]] int payment_get(struct store *store, int64_t order_id, struct payment_row *out);
/* Those of the account with paid_ms in @from_ms … @until_ms - 1, by that time. */
[[nodiscard]] int payment_each(struct store *store, int64_t account_id, int64_t from_ms,
                               int64_t until_ms,
                               int (*visit)(void *ctx, const struct payment_row *row), void *ctx);

/* refunds; ERR_EXISTS for a known (account, out_refund_no) */
[[nodiscard]] int refund_insert(struct store *store, struct refund_row *row); /* sets id */
/* State, becomes, due_ms and ended_ms; the rest of a refund never changes. */
[[nodiscard]] int refund_set_state(struct store *store, const struct refund_row *row);
[[nodiscard]] int refund_get(struct store *store, int64_t id, struct refund_row *out);
[[nodiscard]] int refund_get_by_number(struct store *store, int64_t account_id,
                                       struct view out_refund_no, struct refund_row *out);
/* By the platform's number. */
[[nodiscard]] int refund_get_by_own(struct store *store, int64_t account_id, struct view refund_id,
                                    struct refund_row *out);
/* In order of asking. */
[[nodiscard]] int refund_of_order(struct store *store, int64_t order_id,
                                  int (*visit)(void *ctx, const struct refund_row *row), void *ctx);
/* As of @now_ms: one that is closed by then does not count, whether or not that was written. */
[[nodiscard]] int refund_sum_of(struct store *store, int64_t order_id, int64_t now_ms,
                                struct refund_sum *out);
/* Those with created_ms in @from_ms … @until_ms - 1, by that time. */
[[nodiscard]] int refund_between(struct store *store, int64_t account_id, int64_t from_ms,
                                 int64_t until_ms,
                                 int (*visit)(void *ctx, const struct refund_row *row), void *ctx);
[[nodiscard]] int refund_each(struct store *store, int64_t account_id, int64_t after_id,
                              int (*visit)(void *ctx, const struct refund_row *row), void *ctx);

/*
 * Those that were closed, so that their money came back, with that moment in @from_ms … @until_ms -
 * 1, by that time; also when it has not been written yet that they are.
 */
[[nodiscard]] int refund_closed_between(struct store *store, int64_t account_id, int64_t from_ms,
                                        int64_t until_ms,
                                        int (*visit)(void *ctx, const struct refund_row *row),
                                        void *ctx);

/*
 * What the days changed in an account's money, so that a balance needs no look at every trade. A
 * sum beyond 64 bits stays at the most that there is.
 */
[[nodiscard]] int money_add(struct store *store, int64_t account_id, int64_t day_ms, int64_t fen);
[[nodiscard]] int money_before(struct store *store, int64_t account_id, int64_t day_ms,
                               int64_t *fen);

enum money_kind {
    MONEY_PAID = 1, /* @id: of the order */
    MONEY_REFUNDED, /* @id: of the refund, as is MONEY_BACK's */
    MONEY_BACK      /* it was closed */
};
/* What happened to the account's money in @from_ms … @until_ms - 1, by that time. */
[[nodiscard]] int
money_each(struct store *store, int64_t account_id, int64_t from_ms, int64_t until_ms,
           int (*visit)(void *ctx, enum money_kind kind, int64_t id, int64_t at_ms), void *ctx);

/* the outbox; ERR_EXISTS for a known (order, kind, about) */
[[nodiscard]] int notice_insert(struct store *store, struct notice_row *row); /* sets id */
[[nodiscard]] int notice_update(struct store *store, const struct notice_row *row);
[[nodiscard]] int notice_get(struct store *store, int64_t id, struct notice_row *out);
[[nodiscard]] int notice_get_by_order(struct store *store, int64_t order_id, enum notice_kind kind,
                                      struct notice_row *out);
[[nodiscard]] int notice_get_about(struct store *store, enum notice_kind kind, int64_t about_id,
                                   struct notice_row *out);
/* The WAITING one of the account that is due first. */
[[nodiscard]] int notice_next(struct store *store, int64_t account_id, struct notice_row *out);
[[nodiscard]] int notice_each(struct store *store, int64_t account_id, int64_t after_id,
                              int (*visit)(void *ctx, const struct notice_row *row), void *ctx);
[[nodiscard]] int told_insert(struct store *store, struct told_row *row); /* sets id */
[[nodiscard]] int told_get(struct store *store, int64_t id, struct told_row *out);
/* Rows a crash left SENDING become WAITING again. */
[[nodiscard]] int notice_recover(struct store *store);

[[nodiscard]] int delivery_insert(struct store *store, struct delivery_row *row); /* sets id */
[[nodiscard]] int delivery_update(struct store *store, const struct delivery_row *row);
[[nodiscard]] int delivery_each(struct store *store, int64_t notice_id,
                                int (*visit)(void *ctx, const struct delivery_row *row), void *ctx);

/* faults */
[[nodiscard]] int fault_insert(struct store *store, struct fault_row *row); /* sets id */
[[nodiscard]] int fault_set_counts(struct store *store,
                                   const struct fault_row *row); /* left, skip */
[[nodiscard]] int fault_delete(struct store *store, int64_t id);
[[nodiscard]] int fault_each(struct store *store, int64_t account_id,
                             int (*visit)(void *ctx, const struct fault_row *row), void *ctx);

/* small counters that must survive a restart: serial numbers of transaction ids and accounts */
[[nodiscard]] int store_next(struct store *store, const char *counter, int64_t first, int64_t *out);

/* A number chosen once for the life of the store: @proposal the first time, the same ever after. */
[[nodiscard]] int store_constant(struct store *store, const char *name, int64_t proposal,
                                 int64_t *out);

#endif
