/*
 * bill.h — the bills of one Beijing day, made from the account's own trades (V3 4.5).
 *
 * The trade bill: payments first, by the time they were made, then the refunds that were asked for on that day, as
 * they stood when the bill was made, at nine the next morning. Every value has a backtick in front;
 * commas inside a text stay, as they do in production.
 */
#ifndef ENGINE_BILL_H
#define ENGINE_BILL_H

#include "engine/order.h"

#define BILL_MAX       (64 * 1024 * 1024)
#define BILL_ROWS_MAX  100000 /* they are written while everybody else waits */
#define BILL_DAY_MS    (86400 * 1000LL)
#define BILL_MADE_MS   (9 * 3600 * 1000LL)  /* of the next day: it is being made */
#define BILL_READY_MS  (10 * 3600 * 1000LL) /* it can be fetched */
#define BILL_KEPT_DAYS 92                   /* three months back */

enum bill_kind { BILL_ALL, BILL_SUCCESS, BILL_REFUND };
extern const char *const bill_kind_names[]; /* "ALL", …; NULL after the last */

/* "2026-11-24": where that Beijing day begins. ERR_SYNTAX: not such a text, or no such day. */
[[nodiscard]] int bill_day_parse(struct view text, int64_t *day_ms);

/*
 * The fund-flow bill: in the order in which money came and went, with what was left. Only the basic
 * account ever has any.
 */
enum bill_account { BILL_BASIC, BILL_OPERATION, BILL_FEES };
extern const char *const bill_account_names[]; /* "BASIC", …; NULL after the last */

struct bill_spec {
    int64_t day_ms;
    enum bill_kind kind;
    struct view sub; /* a provider's sub-merchant, whose trades alone are wanted; empty: all */
};

/*
 * *rows: how many trades it lists. Appended to @out; ERR_LIMIT above BILL_ROWS_MAX of them,
 * ERR_TOO_LONG above the ceiling of @out.
 */
[[nodiscard]] int bill_trade(struct engine *engine, const struct account *account,
                             const struct bill_spec *spec, struct buf *out, size_t *rows);
[[nodiscard]] int bill_fund(struct engine *engine, const struct account *account, int64_t day_ms,
                            enum bill_account which, struct buf *out, size_t *rows);

#endif
