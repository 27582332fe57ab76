/*
 * order.h — one purchase of the shop: what was agreed, how far it is, what may happen to it.
 *
 * Knows no sockets, no SQL and no platform. What was agreed is written once, when the order is
 * made; every attempt to create it at the platform sends exactly that (WX2-034).
 */
#ifndef MERCHANT_ORDER_H
#define MERCHANT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 *  CREATING --ACCEPTED--> PENDING -----------PAID-----------> PAID --SHIPPED--> SHIPPED
 *   |    |                   |                                 ^ |                 |
 *   |    |                   |                                 | +--REFUNDED--> REFUNDED
 *   |    +----PAID-----------|---------------------------------+
 *   |    |                   |                                 |
 *   |    +--GIVE_UP--+    GIVE_UP (buyer, or time is over)     |
 *   |                v       v                                 |
 *   |               CLOSING -+-------------PAID----------------+
 *   |                  |
 *   |               CLOSED_THERE (the platform says so)
 * REFUSED              v
 *   +--> FAILED     CLOSED      money that still arrives is recorded with an alarm,
 *                               and never opens the order again (WX2-059)
 */
#define ORDER_STATE_MAP(X)                                                                         \
    X(CREATING, "creating") /* the platform has not yet said that it knows the order */            \
    X(PENDING, "pending")   /* the code may be shown */                                            \
    X(CLOSING, "closing")   /* code withdrawn; the platform has not yet confirmed the end */       \
    X(PAID, "paid")         /* certainly paid, goods still here */                                 \
    X(SHIPPED, "shipped")                                                                          \
    X(REFUNDED, "refunded") /* all of the money is back */                                         \
    X(CLOSED, "closed")                                                                            \
    X(FAILED, "failed") /* the platform will never take it */

enum order_state {
#define X(name, text) ORDER_##name,
    ORDER_STATE_MAP(X)
#undef X
        ORDER_STATES
};

enum order_event {
    EVENT_ACCEPTED,     /* the platform knows the order, here is its code */
    EVENT_REFUSED,      /* the platform says a definite no */
    EVENT_PAID,         /* proven by a verified message, amount and all */
    EVENT_GIVE_UP,      /* by the buyer, or because the time is over */
    EVENT_CLOSED_THERE, /* the platform confirms that nobody can pay it any more */
    EVENT_SHIPPED,
    EVENT_REFUNDED, /* the last fen is certainly back */
    ORDER_EVENTS
};

/* How long the buyer has; below the two hours that a code_url lives (V2 5.4). */
#define ORDER_LIFE_S (115 * 60)
/* Not earlier than this after creation may the platform be asked to close (WX2-063). */
#define ORDER_CLOSE_S      (5 * 60)
#define ORDER_QUANTITY_MAX 99

#define ORDER_ID_LEN     16
#define ORDER_NUMBER_MAX 64 /* of our own column; the rule is 6 … 32 (WX2-030) */

struct order {
    /* what was agreed; never changes */
    char id[ORDER_ID_LEN + 1]; /* what the buyer sees; cannot be guessed */
    char out_trade_no[ORDER_NUMBER_MAX + 1];
    char sku[65];
    int64_t quantity;
    int64_t total_fen;
    char body[257];   /* description shown by the phone */
    char attach[257]; /* the buyer's note, "" if none */
    char product_id[65];
    char notify_url[513];
    char create_ip[65];
    char time_start[33], time_expire[33]; /* Beijing time, 14 digits */
    int64_t created_ms, expire_ms;        /* the shop's own clock */

    /* how far it is */
    enum order_state state;
    char code_url[257];
    char transaction_id[65];
    bool held;         /* paid, but a person must look before the goods go out */
    int64_t due_ms;    /* when to look after it by itself; 0 = never */
    int64_t tries;     /* how often we asked by ourselves; chooses the gap */
    int64_t fails;     /* unknown outcomes in a row; chooses the pause before the next attempt */
    int64_t asked_ms;  /* when the platform was last asked about it; 0 = never */
    int64_t shipments; /* so often the goods went out; from the ledger's other table */
};

/* "creating", …; static. */
const char *order_state_name(enum order_state state);

/* false when there is no such state. */
bool order_state_parse(const char *text, enum order_state *out);

/* May @event happen in @state, and where does it lead? *next is untouched when it may not. */
bool order_next(enum order_state state, enum order_event event, enum order_state *next);

/* The money has come: PAID, SHIPPED or, gone back since, REFUNDED. */
bool order_is_paid(enum order_state state);

/* Nothing will come any more: CLOSED or FAILED. */
bool order_is_over(enum order_state state);

#endif
