/*
 * money.h — what trades do to an account's money (V3 4.5): what is settled, less the fee, comes in
 * with a payment; a refund takes its share of both; one that is closed brings it back.
 *
 * What each day changed is booked in the transaction of the trade itself, so that the balance a
 * fund-flow bill begins with needs no look at every trade before it.
 */
#ifndef ENGINE_MONEY_H
#define ENGINE_MONEY_H

#include "store/store.h"

#define MONEY_RATE "0.60%"

/* At that rate, rounded to the fen. */
int64_t money_fee(int64_t fen);

/* Coupons that are not paid for in cash are not settled. */
int64_t money_no_cash(const struct payment_row *payment);
int64_t money_settled(const struct order_row *order, const struct payment_row *payment);

/* What @refund gives back of the settled money; all refunds together give back all of it. */
int64_t money_given_back(const struct order_row *order, const struct payment_row *payment,
                         const struct refund_row *refund);

/* Where the Beijing day of that moment begins. */
int64_t money_day_ms(int64_t at_ms);

/* A transaction must be open. Of a refund that has just been accepted. */
[[nodiscard]] int money_book_payment(struct store *store, const struct order_row *order,
                                     const struct payment_row *payment);
[[nodiscard]] int money_book_refund(struct store *store, const struct order_row *order,
                                    const struct refund_row *refund);

#endif
