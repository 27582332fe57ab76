/*
 * settle.h — what notification and query have in common when they look at money.
 *
 * The steps notify_amount and query_amount are two rows of the table, so that each can be named
 * and replaced alone; that both do the same is said here.
 */
#ifndef MERCHANT_SETTLE_H
#define MERCHANT_SETTLE_H

#include "claim.h"

/* Fills c->payment from c->msg. Strict digits; an absent currency is CNY. */
enum step settle_read(struct claim *c);

/* total_fee against the order: a difference is an alarm, nothing is settled (WX2-052). */
enum step settle_compare_amount(struct claim *c);
enum step settle_compare_currency(struct claim *c);

#endif
