/*
 * claim.h — a message that claims that an order is paid, or how a refund ends, and the steps it
 * must survive.
 *
 * A claim comes as a notification or as the answer to an order query. The steps are run in the
 * order of claim.c; the first that does not say STEP_GO decides. A step that must wait says
 * STEP_WAIT and later calls claim_resume() itself: the right steps never do.
 */
#ifndef MERCHANT_CLAIM_H
#define MERCHANT_CLAIM_H

#include "ledger.h"
#include "message.h"
#include "net/http_server.h"
#include "v3_proof.h"

#include <uv.h>

struct shop;

/* What a step says. Zero is the safe word. */
enum step {
    STEP_REFUSE, /* not believed, or not handled: the platform may repeat it */
    STEP_GO,     /* nothing against it; on to the next step */
    STEP_DONE,   /* handled, here or earlier: stop and acknowledge */
    STEP_WAIT,   /* claim_resume() will be called */
};

enum claim_source { CLAIM_NOTIFICATION, CLAIM_QUERY, CLAIM_REFUND };

struct claim {
    struct shop *shop;
    enum claim_source source;
    struct http_call *call; /* of a notification; NULL once it is answered */
    struct message *msg;    /* one parse: what is verified is what is used */
    struct message own;     /* of a notification: it lies here */
    struct payment payment; /* views into msg, filled by the step that reads; the facts that the
                               steps behind it see, whatever the wire */
    struct v3_proof proof;  /* V3 notifications only, as the next two */
    json_t *envelope;       /* owned */
    bool proven;            /* the platform signed it */
    struct order order;     /* as settle_lock read it, or refund_lock */
    struct refund refund;   /* of CLAIM_REFUND, as the next one */
    struct refund_facts facts;
    struct v2_msg opened;   /* of API V2: what req_info said */
    bool refunded;          /* paid, but money has already begun to go back */
    bool locked;            /* a transaction of the ledger is open for this claim */
    enum step verdict;      /* of the last step */
    const char *step, *why; /* which step stopped it, in plain words; static */
    size_t next;            /* step to run */
    uv_timer_t timer;       /* for steps that wait */
    void (*on_end)(struct claim *claim, void *owner); /* then the claim is freed */
    void *owner;
};

/*
 * A notification came. Takes the call and answers it; the work dies after that.
 */
void claim_notification(struct shop *shop, struct http_call *call);
/* The same for a notification about a refund. */
void claim_refund(struct shop *shop, struct http_call *call);

/* A verified answer says that an order is paid. */
struct claim_wish {
    const struct order *order; /* borrowed for the call */
    struct message *msg;       /* borrowed until on_end */
    bool refunded;             /* its trade_state was REFUND */
    void (*on_end)(struct claim *claim, void *owner);
    void *owner;
};

/* 0 and on_end fires, perhaps before this returns; ERR_NOMEM and it never does. */
[[nodiscard]] int claim_query(struct shop *shop, const struct claim_wish *wish);

/* A waiting step goes on with @verdict. May free the claim: the caller's last line. */
void claim_resume(struct claim *claim, enum step verdict);

/* For steps: stop with these plain words. */
static inline enum step claim_stop(struct claim *claim, enum step verdict, const char *why)
{
    claim->why = why;
    return verdict;
}

#endif
