/*
 * refund.h — giving money back (V2 3.4, 7; V3 4.4, 7). No loop, no sockets: a store and a time.
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
    struct view transaction_id, out_trade_no; /* one may be empty; V3: both must fit the order */
    struct view out_refund_no;
    int64_t total_fen, refund_fen;
    struct view notify_url, reason; /* may be empty */
    struct view funds_account;      /* as V3 names it, or empty */
};

/*
 * New or repeated: the same number with the same content is the same refund. @order and @payment
 * are filled too on success; the caller releases @out and @order.
 */
[[nodiscard]] const struct refusal *refund_open(struct engine *engine, struct account *account,
                                                const struct refund_spec *spec,
                                                struct refund_row *out, struct order_row *order,
                                                struct payment_row *payment);

/* By the platform's number if not empty, else by the merchant's. */
struct refund_name {
    struct view refund_id, out_refund_no;
};
[[nodiscard]] const struct refusal *refund_find(struct engine *engine, struct account *account,
                                                const struct refund_name *name,
                                                struct refund_row *out, struct order_row *order,
                                                struct payment_row *payment);

/* The state that @refund is in by now, whether or not it has been written. */
void refund_see_time(const struct account *account, struct refund_row *refund);

/*
 * The control door ends it now, one way or another; ABNORMAL may still become SUCCESS. Its
 * notification becomes due. ERR_RANGE: it has ended already.
 */
[[nodiscard]] int refund_end(struct engine *engine, struct account *account,
                             struct refund_row *refund, enum refund_state state);

/* What one refund gives back of each coupon, by its index in the payment; coupons follow cash. */
struct refund_share {
    int64_t cash_fen;                /* to the payer */
    int64_t coupon_fen[COUPONS_MAX]; /* 0: nothing of this one */
    size_t coupon_count;             /* of those above 0 */
    int64_t coupons_fen;             /* all of them */
    int64_t settled_fen;             /* of the refund, without coupons that are no cash */
};
void refund_share(const struct order_row *order, const struct payment_row *payment,
                  const struct refund_row *refund, struct refund_share *out);

/*
 * Where the money goes, as refund_recv_accout and user_received_account tell it: "招商银行信用卡0403"
 * for CMB_CREDIT, the payer's change for a balance or a bank nobody here has heard of.
 */
const char *refund_receiver(const struct payment_row *payment, char out[64]);

/*
 * V3 4.4 apply-abnormal-refund: an ABNORMAL one is tried again, elsewhere, and succeeds after
 * REFUND_TAKES_MS with a notification of its own.
 */
[[nodiscard]] const struct refusal *refund_mend(struct engine *engine, struct account *account,
                                                struct refund_row *refund);

/* The payer's share of @fen out of the cash that was paid, so that all refunds together give it. */
int64_t refund_cash(const struct order_row *order, const struct payment_row *payment,
                    const struct refund_row *refund);

#endif
