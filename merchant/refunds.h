/*
 * refunds.h — giving money back: the door for the staff, and the agenda behind it.
 *
 * A wish becomes a row of the ledger at once, number and all, and is answered; the platform is
 * asked when the row is due, and again until it is known how the refund ended. A process that dies
 * finds its refunds in the file. The decisions are the steps refund_*.
 */
#ifndef MERCHANT_REFUNDS_H
#define MERCHANT_REFUNDS_H

#include "net/http_server.h"
#include "shop.h"

[[nodiscard]] int refunds_start(struct shop *shop);
/* Nothing new is asked; who waits is told. */
void refunds_stop(struct shop *shop);
/* After the loop has ended. */
void refunds_release(struct shop *shop);

/* POST /orders/{id}/refund; see docs/merchant-api.md. */
void refunds_make(struct shop *shop, struct http_call *call, struct order *order);

/* Asks the platform about the order's open refunds and answers with the order. */
void refunds_refresh(struct shop *shop, struct http_call *call, struct order *order);

/* For the agenda: begins what is due; whether something is under way. */
void refunds_tend(struct shop *shop);
bool refunds_are_busy(const struct shop *shop);

#endif
