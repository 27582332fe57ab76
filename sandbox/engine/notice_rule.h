/*
 * notice_rule.h — what happens to the notification of one order, where it differs from the
 * account's notice_mode. Given before the order is paid, also before it is made.
 *
 * Kept in the account's settings: the caller saves the account after a change.
 */
#ifndef ENGINE_NOTICE_RULE_H
#define ENGINE_NOTICE_RULE_H

#include "engine/account.h"

#define NOTICE_RULES_MAX 256 /* per account; spent ones do not count */

struct notice_rule {
    char out_trade_no[OUT_TRADE_NO_MAX + 1];
    enum notice_mode mode;
};

/* The mode for the order's notification: its rule, or else the account's. */
enum notice_mode notice_mode_for(const struct account *account, struct view out_trade_no);

/*
 * Set or replace the rule of an order. Rules whose notification exists already are spent and
 * dropped first. ERR_LIMIT, ERR_TOO_LONG, ERR_NOMEM, ERR_STORE.
 */
[[nodiscard]] int notice_rule_set(struct store *store, struct account *account,
                                  struct view out_trade_no, enum notice_mode mode);

/* Forget all rules. */
void notice_rules_clear(struct account *account);

#endif
