/*
 * bench.h — the whole shop on one loop with a platform that answers what the test wants.
 *
 * Everything runs in this process: shop, made-up platform, and the client that knocks at the
 * shop's doors. Nothing sleeps: time passes by POST /test/clock.
 */
#ifndef MERCHANT_TESTS_BENCH_H
#define MERCHANT_TESTS_BENCH_H

#include "answer.h"
#include "shop.h"
#include "steps.h"

#define BENCH_STAFF "staff-of-the-test"
#define BENCH_KEY   "192006250b4c09247ec02edce69f6a2d"

/* How the platform answers the next call of an API. */
struct fake {
    enum fake_kind {
        FAKE_RIGHT,
        FAKE_ERROR,    /* signed failure, err_code is name */
        FAKE_ALTERED,  /* right, but field name has this value (NULL: left out), signed */
        FAKE_FORGED,   /* right, but field name has this value, old signature */
        FAKE_UNSIGNED, /* right, but without sign */
        FAKE_FAIL,     /* return_code FAIL, unsigned */
        FAKE_RAW,      /* 200 with the body name */
        FAKE_HALF,     /* the first half of the right answer */
        FAKE_HTTP_500,
        FAKE_CUT, /* connection closed */
    } kind;
    const char *name, *value;
};

/* One call the platform saw. */
struct seen {
    enum api api;
    char number[65], nonce[65];
    struct buf text; /* the text to be signed without nonce_str */
    int64_t at_ms;   /* by the shop's clock */
};

#define SEEN_MAX 64

struct bench_v3;

struct bench {
    struct bench_v3 *v3; /* bench_v3.h; NULL: API V2 */
    uv_loop_t loop;
    struct options options;
    const struct steps *steps;
    struct shop shop;
    struct http_server *platform;
    struct http_client *client;
    struct v2_key *key;
    char platform_url[64];

    struct fake plan[3][16]; /* per API, in order; then FAKE_RIGHT */
    size_t planned[3], used[3];
    const char *state; /* what an orderquery says; "NOTPAY" at first */
    const char *code_url;
    const char *notify_path; /* where bench_knock_with() knocks */
    bool no_staff;           /* who wishes a refund shows no token */
    char transaction[33];    /* of a payment */
    int64_t total_fen;       /* of the last unified order */
    struct seen seen[SEEN_MAX];
    size_t seen_count;
    uv_timer_t watchdog;
    bool stopped, late;
};

/* @ledger NULL: in memory. @steps NULL: the right ones. */
void bench_open(struct bench *bench, const char *ledger, const struct steps *steps);
/* For bench_v3.c: over API V3; @public_key is a file, "" for none. */
void bench_open_with(struct bench *bench, const char *ledger, const struct steps *steps,
                     const char *public_key);
void bench_close(struct bench *bench);

/* The shop alone ends and opens again on the same ledger. */
void bench_restart(struct bench *bench);

void bench_plan(struct bench *bench, enum api api, struct fake fake);
size_t bench_seen(const struct bench *bench, enum api api);
/* Turns the loop until the platform has seen so many calls of the API. */
void bench_until_seen(struct bench *bench, enum api api, size_t count);

/* One exchange with the shop. */
struct got {
    int status;
    struct buf body;
    json_t *json; /* NULL when it is none */
    bool done;
    int err;
};

/* Knocks and waits for the answer. The result is released by the next call. */
const struct got *bench_call(struct bench *bench, const char *method, const char *path,
                             const char *body);
/* Knocks and does not wait: bench_wait() does. Released by bench_forget(). */
void bench_knock(struct bench *bench, struct got *got, const char *method, const char *path,
                 struct view body);
/* A notification with such headers. */
void bench_knock_with(struct bench *bench, struct got *got, const struct http_header *headers,
                      size_t count, struct view body);
void bench_wait(struct bench *bench, struct got *got);
void bench_forget(struct got *got);

/* A signed notification about @number; @name is set to @value (NULL: left out) before signing. */
void bench_notification(struct bench *bench, const char *number, const char *name,
                        const char *value, struct buf *xml);
/* Delivers it; true when it was acknowledged. */
bool bench_notify(struct bench *bench, struct view xml);

/* Text member of the last bench_call(), "" if absent. */
const char *bench_text(const char *member);
int64_t bench_number(const char *member);
const json_t *bench_json(void);

/* An order of the cheapest goods; its id and number into the arrays. Fails the test unless 201. */
struct made {
    char id[32], number[65];
};
struct made bench_order(struct bench *bench);

/* status of the order as GET shows it; static until the next call. */
const char *bench_status(struct bench *bench, const struct made *made);
void bench_advance(struct bench *bench, int64_t seconds);

#endif
