/*
 * order_cell.h — inside the engine: the state machine of V2 5.2 and 5.3 as a table.
 */
#ifndef ENGINE_ORDER_CELL_H
#define ENGINE_ORDER_CELL_H

#include "engine/order.h"

enum order_event {
    ORDER_PAY,    /* the payer confirmed and has the money */
    ORDER_FAIL,   /* an attempt failed, under the switch wrong_password=PAYERROR */
    ORDER_CLOSE,  /* closeorder */
    ORDER_TIME,   /* the platform closes it by itself */
    ORDER_REPEAT, /* unified order with a known number; parameters are compared elsewhere */
    ORDER_EVENTS
};

/* Move @order's state, in memory only. NULL, or the refusal, and then nothing was changed. */
[[nodiscard]] const struct refusal *order_apply(struct order_row *order, enum order_event event);

/* An error of store or memory, as a refusal and a line in the log. */
const struct refusal *order_trouble(const struct engine *engine, const char *doing, int err);

/* When the account's clock closes an unpaid @order; INT64_MAX: never (V2 5.4). */
int64_t order_closes_ms(const struct account *account, const struct order_row *order);

/* The same for what was made then and has this time_expire (0: none). */
int64_t order_time_closes(const struct account *account, int64_t created_ms, int64_t expire_ms);

/*
 * Close @order if its time is over, and write that down when a transaction is open (it is only
 * seen, and written by order_settle_time() later, when none is). 0 or an error.
 */
[[nodiscard]] int order_settle(struct engine *engine, struct account *account,
                               struct order_row *order);

/* A new prepay: prepay_id, code, prepay_ms and code_form of @order. */
void order_make_prepay(struct engine *engine, const struct account *account,
                       struct order_row *order);

#endif
