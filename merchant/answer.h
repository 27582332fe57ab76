/*
 * answer.h — an answer of the platform, and how far it may be believed.
 *
 * Protocol, business, trade (V2 1.5, V3 1.4). Whatever is not proven to be one of the other outcomes is
 * ANSWER_UNKNOWN: nobody knows whether the platform did what it was asked.
 */
#ifndef MERCHANT_ANSWER_H
#define MERCHANT_ANSWER_H

#include "claim.h"
#include "order.h"
#include "v3_proof.h"

enum api { API_CREATE, API_QUERY, API_CLOSE, API_REFUND, API_REFUND_QUERY };

/* What the shop does about an error code, whatever a wire calls it. */
enum refusal {
    REFUSAL_AGAIN, /* SYSTEMERROR, limits, anything unknown: repeat later */
    REFUSAL_PAID,
    REFUSAL_CLOSED,
    REFUSAL_NOT_EXIST,
    REFUSAL_FINAL, /* will never work as it stands */
    REFUSAL_LIMIT, /* of refunds: too many calls, not again within a minute */
    REFUSAL_FUNDS, /* of refunds: the merchant's own account is too low */
};

/* What a trade_state means for an order that waits for its money (V2 5.1). */
enum trade {
    TRADE_WAITING, /* nothing decided: NOTPAY, USERPAYING, PAYERROR of one attempt, unknown words */
    TRADE_PAID,
    TRADE_REFUNDED, /* was paid, and somebody has begun to give it back */
    TRADE_CLOSED,
};

enum answer_outcome { ANSWER_UNKNOWN, ANSWER_OK, ANSWER_ERROR };

struct answer {
    struct shop *shop;
    enum api api;
    int err, status;       /* of the transport; status of HTTP */
    struct view body;      /* raw; borrowed */
    struct v3_proof proof; /* V3 only */
    struct message message;
    struct {
        struct view code_url, state, err_code; /* as said, believed only with the outcome */
    } told;
    enum answer_outcome outcome;
    enum refusal error;     /* of ANSWER_ERROR */
    const char *step, *why; /* which step stopped it, in plain words; static */
};

/* What a step that reacts to an answer wants next for the order. */
enum move {
    MOVE_REST,   /* nothing more now; the agenda looks again when it is due */
    MOVE_AGAIN,  /* the same call again, after a pause */
    MOVE_QUERY,  /* ask the platform now */
    MOVE_ENDED,  /* the platform says that nobody can pay it */
    MOVE_FAILED, /* a definite no */
};

#endif
