/*
 * refund.h — giving money back (V3 4.4, 7). No loop, no sockets: a store and a time.
 *
 *   refund request --> PROCESSING --time, or the control door--> SUCCESS | CLOSED | ABNORMAL
 *
 * The switch refund_result says what comes of new ones, and when. A refund whose time has come is
 * seen in its last state by whoever looks, and written when a transaction is open. Its notification
 * lies in the outbox from the start, due when the refund ends.
 *
 * Functions return NULL when it happened, else the refusal, and then nothing was changed.
 */
#ifndef ENGINE_REFUND_H
#define ENGINE_REFUND_H

#include "engine/order.h"

#define REFUND_TAKES_MS  2000                   /* V3 7: from accepted to ended */
#define REFUND_WITHIN_MS (365 * 86400 * 1000LL) /* of the payment */
#define REFUNDS_MAX      50                     /* of one order */

/* "PROCESSING", … as V3 spells it. */
const char *refund_state_name(enum refund_state state);
[[nodiscard]] int refund_state_parse(struct view text, enum refund_state *out);

/* What the merchant asks for; views into the caller's message. */
struct refund_spec {
    enum dialect dialect;
    struct view transaction_id, out_trade_no; /* one may be empty; both must fit the order */
    struct view out_refund_no;
    int64_t total_fen, refund_fen;
    struct view notify_url, reason, funds_account; /* may be empty */
};

/*
 * New or repeated: the same number with the same content is the same refund. @order and @payment
 * are filled too on success; the caller releases @out and @order.
 */
[[nodiscard]] const struct refusal *refund_open(struct engine *engine, struct account *account,
                                                const struct refund_spec *spec,
                                                struct refund_row *out, struct order_row *order,
                                                struct payment_row *payment);

/* By the merchant's number. */
[[nodiscard]] const struct refusal *refund_find(struct engine *engine, struct account *account,
                                                struct view out_refund_no, struct refund_row *out,
                                                struct order_row *order,
                                                struct payment_row *payment);

/* The state that @refund is in by now, whether or not it has been written. */
void refund_see_time(const struct account *account, struct refund_row *refund);

/*
 * The control door ends it now, one way or another; ABNORMAL may still become SUCCESS. Its
 * notification becomes due. ERR_RANGE: it has ended already.
 */
[[nodiscard]] int refund_end(struct engine *engine, struct account *account,
                             struct refund_row *refund, enum refund_state state);

/* The payer's share of @fen out of the cash that was paid, so that all refunds together give it. */
int64_t refund_cash(const struct order_row *order, const struct payment_row *payment,
                    const struct refund_row *refund);

#endif
