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

/*
 * The payment notification of the order of that number: of a part of a combined order that of all,
 * which is the combining account's; or of the combined order that has the number. ERR_NOT_FOUND.
 */
[[nodiscard]] int notice_find(struct store *store, const struct account *account,
                              struct view number, struct notice_row *notice);

/* Forget all rules. */
void notice_rules_clear(struct account *account);

#endif
