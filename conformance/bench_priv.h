/*
 * bench_priv.h — what the bench is made of; for bench*.c only.
 *
 *   bench.c           life, setup, end             bench_order.c  create
 *   bench_exchange.c  records, linking             bench_look.c   status
 *   bench_buyer.c     picture, scan, pay           bench_shop.c   refresh, close, fetch, alive
 *   bench_platform.c  faults, modes, waits         bench_time.c   clocks
 *   bench_send.c      the judge's own messages     bench_setup.c  what the profile offers
 *   bench_recall.c    what has happened, without a fact
 *   bench_keys.c      the account's keys in V3     bench_wire.c   how a create call reads
 */
#ifndef CONFORMANCE_BENCH_PRIV_H
#define CONFORMANCE_BENCH_PRIV_H

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bench_life.h"
#include "lag.h"
#include "platform.h"
#include "shop.h"
#include "trap.h"

#define ORDERS_MAX 64
#define TRAPS_MAX  4
#define RINGS      2 /* of exchange records: the merchant's own, and those of nobody */

/* An order with what the case does not see. */
struct slot {
    struct order order;
    struct scope scope;      /* what it was made with, and what was captured */
    struct http_answer last; /* of the last create step: where a picture may be */
    int64_t after;           /* exchanges above this id belong to its making */
    enum order_state state;
    int64_t shipped;
    char picture_url[512]; /* what its picture said, "" before it was read */
    json_t *ordered;       /* owned: the fields of its create call */
};

struct bench {
    struct bench_options options;
    const struct profile *profile; /* borrowed */
    struct recorder *recorder;
    struct platform platform;
    struct shop shop;
    struct lag *lag;
    struct rng rng;
    bool platform_up, shop_up;
    bool shop_tainted;      /* it was started amid a case's faults: not for the next case */
    unsigned shop_failures; /* starts in a row that failed */
    unsigned
        hangs; /* time-outs in a row: a merchant that hangs is not waited for again and again */

    const struct case_def *def; /* the one being run */
    struct slot *slots[ORDERS_MAX];
    size_t slot_count;
    json_t *exchanges;      /* fetched, not yet facts */
    json_t *earlier;        /* owned, a set: the numbers of earlier cases */
    json_t *numbers;        /* owned, a set: the numbers of this case */
    int64_t cursors[RINGS]; /* ids: fetched up to here */
    int64_t cursor, mark;   /* the greatest of them; bench_mark() */
    int64_t lost_before, lost[RINGS];
    int64_t start_us, deadline_us;
    int64_t advanced_s;  /* of the merchant's clock */
    bool platform_moved; /* the platform's clock of the account is not real */
    bool stopped;        /* trouble or skip was recorded: nothing is done any more */
    bool met;
    struct http_answer heard; /* the last answer of the merchant */
    struct trap *traps[TRAPS_MAX];
    size_t trap_count;
    unsigned pictures; /* kept so far, for their names */
};

static inline struct slot *slot_of(const struct order *order)
{
    return container_of((uintptr_t)order, struct slot, order);
}

/* 0 when the case may go on. */
[[nodiscard]] int bench_go(struct bench *bench);

/* Record a trouble fact and stop the case. Returns @err (never 0). */
__attribute__((format(printf, 4, 5))) int
bench_trouble(struct bench *bench, const char *whose, const char *during, const char *format, ...);
/* The same after a failed call of the control door. */
int bench_platform_trouble(struct bench *bench, const char *during);

/*
 * After shop_do() failed: a name that was never captured, or values that make no request, are the
 * merchant's trouble (they came from its answers), anything else ours.
 */
int bench_errand_trouble(struct bench *bench, const char *during, int err);

/* A fact; @order may be NULL. */
void bench_fact(struct bench *bench, const char *kind, const struct order *order, const char *label,
                json_t *data);

/*
 * A call of the control door as a fact of @kind. *answer may be NULL. Anything but 2xx is trouble of
 * the judge unless @status is given, which then receives it.
 */
struct control_fact {
    const char *kind, *label;
    const struct order *order;
    const char *method, *path;
    json_t *body; /* taken */
    unsigned timeout_ms;
};
[[nodiscard]] int bench_control(struct bench *bench, const struct control_fact *fact, int *status,
                                json_t **answer);

/*
 * Link the order to its create call, which may come a moment after the page. *how is "code_url",
 * "only-call", "picture", or NULL when none fits.
 */
[[nodiscard]] int bench_find_call(struct bench *bench, struct slot *slot, const char **how);
/* All new records become facts, whatever has happened. */
[[nodiscard]] int bench_collect_all(struct bench *bench);

/* The case is over: its numbers are those of an earlier one from now on. */
void bench_age_numbers(struct bench *bench);

/* Records that fell out of the rings before they were read, since the start. */
int64_t bench_lost(const struct bench *bench);

/* New exchange records into bench->exchanges. */
[[nodiscard]] int bench_pull(struct bench *bench);
/* Transaction, payer and time of a pay answer, into the order. */
void bench_keep_payment(struct order *order, const json_t *answer);
/* Does the order have an out_trade_no? If not: trouble of the merchant. */
[[nodiscard]] bool bench_linked(struct bench *bench, const struct order *order, const char *during);

/* The payer's session; trouble of the merchant when it cannot be made. */
[[nodiscard]] int bench_login(struct bench *bench, int payer);

/* Restart after it has gone, or for a fresh one. */
[[nodiscard]] int bench_shop_up(struct bench *bench, bool fresh);

/* How long one exchange with the merchant may take now. */
unsigned bench_patience_ms(const struct bench *bench, unsigned wanted_ms);
/* Keeps the answer for bench_answer_*(), counts hangs. The answer is taken. */
void bench_hear(struct bench *bench, struct http_answer *answer);

/* By the profile's notify_hosts. */
[[nodiscard]] int bench_real_url(const struct bench *bench, const char *announced, struct buf *out);

/* The first fact of a case. */
void bench_record_setup(struct bench *bench);

/* What the judge reads in a create call, in either dialect. */
struct create_call {
    char out_trade_no[65], notify_url[512], sign_type[16], appid[33], code_url[512];
    int64_t total_fen;
    json_t *fields; /* owned: all of its body */
};

bool wire_is_create(enum api api, const json_t *record);
/* Releases nothing of @out before. What cannot be read is "". */
[[nodiscard]] int wire_read_create(enum api api, const json_t *record, struct create_call *out);
/* Only the code, "" when there is none; @size at least 512. */
void wire_code_url(enum api api, const json_t *record, char *out, size_t size);

/* The account's V3 keys from the sandbox, with the mode the profile shows. */
[[nodiscard]] int bench_fetch_keys(struct bench *bench);
/* Names for the merchant, and files in the work directory. */
[[nodiscard]] int bench_give_keys(struct bench *bench, struct scope *run);
/* For the setup fact. New reference. */
json_t *bench_keys_fact(const struct bench *bench);

/* An order's own slot, named o1, o2 …; NULL without memory or above ORDERS_MAX. */
struct slot *bench_new_slot(struct bench *bench);

#endif
