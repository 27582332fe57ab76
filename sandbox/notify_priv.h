/*
 * notify_priv.h — shared by the files of the delivery machine only:
 *   notify.c          rows and accounts: what is due, when to look again
 *   notify_begin.c    one attempt begins: row, body, record, fault
 *   notify_delivery.c it goes out: request, answer, verdict, what follows
 *   notify_body.c     the message, V2; notify_refund_v2.c: of a refund; notify_body_v3.c: V3
 *   notify_advance.c  stepping a virtual clock through what is due
 */
#ifndef SANDBOX_NOTIFY_PRIV_H
#define SANDBOX_NOTIFY_PRIV_H

#include "base/mem.h"
#include "dress_v2.h"
#include "dress_v3.h"
#include "engine/combine.h"
#include "notify.h"
#include "sandbox.h"
#include "turn.h"
#include "wxpay/v2_ack.h"

#define OPEN_MAX_ALL      1024 /* deliveries under way */
#define OPEN_MAX_ACCOUNT  256
#define NOTICE_ANSWER_MAX (64 * 1024)

typedef void delivery_end_cb(void *owner, const struct delivery_row *delivery);

/*
 * One attempt.
 *
 *   pump: row -> SENDING, body made --commit--> (fault delay: timer) --> request --> on_done
 *   on_done: verdict, rows, record, listeners --> freed
 *
 * A shadow is a further copy (fault `copies`, or a resend while one is under way): recorded, but
 * its outcome moves no row unless it is acknowledged by being the one asked for.
 */
struct delivery {
    struct turn_answer answer;
    struct delivery *next, **link; /* in notify->open */
    struct notify *notify;         /* borrowed */
    int64_t account_id;
    struct notice_row notice;
    enum notice_state before; /* the row's when this attempt began; WAITING becomes SENDING */
    struct delivery_row row;
    bool shadow;
    struct exchange *exchange;  /* ours until exchange_end(); URLs and body lie in it */
    struct http_exchange *http; /* while the request is under way */
    char request_id[33];
    int64_t delay_ms;
    unsigned timeout_ms;
    enum v2_ack_mode ack_mode;
    const char *fault; /* kind, static */
    bool v3;
    struct dress_v3 dress; /* V3: what signs it, on a thread of the pool */
    uv_work_t work;
    bool signing;
    int64_t began_us;
    uv_timer_t timer; /* while a fault delays it */
    delivery_end_cb *on_end;
    void *owner;
};

struct advance;

/* Accounts by their ids, first in, first out: an account may be gone when its turn comes. */
struct id_queue {
    int64_t *id; /* owned */
    size_t first, count, cap;
};

struct notify {
    struct sandbox *sandbox; /* borrowed */
    uv_timer_t timer;        /* for the account that is due next */
    int64_t timer_ms;        /* real; INT64_MAX: not armed */
    struct id_queue woken;   /* looked at before the turn's commit */
    bool woken_all;
    struct v2_msg message; /* owned: the one being written, its memory kept for the next */
    struct id_queue crowd; /* have something due, and OPEN_MAX_ALL others are under way */
    bool stale;            /* a commit failed: rows may say SENDING of what nobody sends */
    bool recovers;         /* in this turn's pump */
    struct delivery *open;
    size_t open_count;
    struct advance *advances;
    bool stopping;
    void (*on_delivery)(void *owner, const struct account *account, const struct notice_row *notice,
                        const struct delivery_row *delivery);
    void *listener;
    void (*on_stopped)(void *owner);
    void *owner;
};

/* What one attempt shall be. */
struct delivery_plan {
    struct account *account;
    struct notice_row notice;
    bool shadow;
    delivery_end_cb *on_end; /* may be NULL */
    void *owner;
};

/*
 * Begin an attempt inside the turn's transaction: row, body, fault. On an error nothing is under
 * way and on_end is not called. Copies that a fault orders and that cannot be begun are left out.
 */
[[nodiscard]] int delivery_begin(struct notify *notify, const struct delivery_plan *plan);

/* It is under way: sent after the commit, or, without one, ended as if it had never begun. */
void delivery_open(struct delivery *d, struct account *account);

/* One that was never opened, or has ended. */
void delivery_free(struct delivery *d);

/* Stop everything under way; each ends through its usual way. */
void delivery_cancel_all(struct notify *notify);

/* The signed message of V2 6.2 in layout B, or as @fault orders it. Appended to @out. */
[[nodiscard]] int notify_body_v2(struct notify *notify, const struct account *account,
                                 const struct order_row *order, const struct fault *fault,
                                 struct buf *out);

/* What a V3 notification is about, or one of a refund over V2. */
struct told_v3 {
    const struct notice_row *notice;
    const struct order_row *order;
    const struct refund_row *refund; /* id 0: a payment */
    const struct told_row *text;     /* id 0: of an order */
    const struct combine *combine;   /* count 0: of one order; else @order is empty */
    const struct fault *fault;       /* NULL: rightly */
};

/*
 * The refund's notification of V2 7.2, or as the fault orders it, appended to @out. ERR_USAGE: the
 * refund has not ended, so there is nothing to tell.
 */
[[nodiscard]] int notify_refund_v2(struct notify *notify, const struct account *account,
                                   const struct told_v3 *told, struct buf *out);

/*
 * The sealed body of V3 6.1 and 7, or as the fault orders it, appended to @out; @dress is ready to
 * sign it. ERR_NOT_FOUND: the account has no V3 keys; ERR_RANGE: no APIv3 key; ERR_USAGE: the
 * refund has not ended, so there is nothing to tell.
 */
[[nodiscard]] int notify_body_v3(struct notify *notify, struct account *account,
                                 const struct told_v3 *told, struct dress_v3 *dress,
                                 struct buf *out);

/* Start what is due now on the account's clock; the number started. */
size_t notify_pump_account(struct notify *notify, struct account *account);

/* Set account->wake_ms and the timer from what waits. */
void notify_arm(struct notify *notify, struct account *account);

/* The loop does not sleep before the next pump. */
void notify_soon(struct notify *notify);

/* A delivery of @account (NULL: deleted meanwhile) has ended: whose turn is it now? */
void notify_next(struct notify *notify, struct account *account);

/* After deliveries have ended or clocks have moved: let the advances go on. */
void notify_step_advances(struct notify *notify);
void notify_end_advances(struct notify *notify);
/* A delivery of that account has ended. */
void notify_count_advances(struct notify *notify, int64_t account_id);

/* May be done when nothing is open any more. */
void notify_maybe_stopped(struct notify *notify);

#endif
