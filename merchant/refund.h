/*
 * refund.h — money that goes back to the buyer: how much, under which number, how far it is.
 *
 * A refund is in the ledger, number and all, before the platform is asked for it; every attempt
 * sends exactly that. That the platform has accepted it means nothing yet: the money is back when
 * a notification or a query says so (V3 7, V2 3.4).
 */
#ifndef MERCHANT_REFUND_H
#define MERCHANT_REFUND_H

#include "base/view.h"
#include "order.h"

/*
 *  ASKING --> PROCESSING --+--> SUCCESS          the money is back
 *     |                    +--> ABNORMAL ---.    the payer's bank refuses; may still become SUCCESS
 *     |                    +--> CLOSED      |    nothing went back; a renewed wish is a new refund
 *     +--> REFUSED                          v    the platform will never take it
 *                                        SUCCESS
 * A verified SUCCESS is believed in every state: what went back went back.
 */
#define REFUND_STATE_MAP(X)                                                                        \
    X(ASKING, "asking") /* the platform has not yet said that it knows the refund */               \
    X(PROCESSING, "processing")                                                                    \
    X(SUCCESS, "success")                                                                          \
    X(ABNORMAL, "abnormal")                                                                        \
    X(CLOSED, "closed")                                                                            \
    X(REFUSED, "refused")

enum refund_state {
#define X(name, text) REFUND_##name,
    REFUND_STATE_MAP(X)
#undef X
        REFUND_STATES
};

#define REFUND_NUMBER_MAX 64 /* V3 4.4, V2 1.6 */
#define REFUNDS_MAX       50 /* of one order, whatever their size */
#define REFUND_APART_MS   60'000

struct refund {
    /* what is asked for; never changes */
    char out_refund_no[REFUND_NUMBER_MAX + 1];
    char order_id[ORDER_ID_LEN + 1];
    int64_t fen;
    char notify_url[257];
    int64_t created_ms; /* the shop's own clock, as all below */

    /* how far it is */
    enum refund_state state;
    char refund_id[65]; /* the platform's, "" until it told */
    bool doubt;         /* asked for, and nobody knows what became of it */
    int64_t due_ms;     /* when to look after it by itself; 0 = never */
    int64_t tries;      /* queries that found it under way; chooses the gap */
    int64_t fails;      /* attempts in a row that told nothing; chooses the pause */
    int64_t asked_ms;   /* when the platform was last asked about it; 0 = never */
};

/* What a message of the platform says about a refund. Views into the message. */
struct refund_facts {
    struct view out_refund_no, refund_id, out_trade_no, transaction_id;
    struct view state; /* its own word: SUCCESS, CHANGE, … */
    int64_t fen, total_fen;
};

/* "asking", …; static. */
const char *refund_state_name(enum refund_state state);
/* false when there is no such state. */
bool refund_state_parse(const char *text, enum refund_state *out);

/* Nobody knows yet how it ends. */
bool refund_is_open(enum refund_state state);
/* Does it count against what may still be given back? */
bool refund_counts(enum refund_state state);
/* May a message lead from @from to @to? */
bool refund_may(enum refund_state from, enum refund_state to);

#endif
