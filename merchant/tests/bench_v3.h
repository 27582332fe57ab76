/*
 * bench_v3.h — the made-up platform of bench.h over API V3, with the published keys.
 *
 * It verifies what it is asked as the platform does, answers as planned, and signs rightly or not.
 */
#ifndef MERCHANT_TESTS_BENCH_V3_H
#define MERCHANT_TESTS_BENCH_V3_H

#include "tests/bench.h"

#define V3_TEST_KEY        "0123456789abcdefFEDCBA9876543210"
#define V3_PLATFORM_SERIAL "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E"
#define V3_SECOND_SERIAL   "4E5F60718293A4B5C6D7E8F9010A2B3C4D5E6F70"
#define V3_KEY_ID          "PUB_KEY_ID_0119000001092026112400000000000001"

/* The doors of the platform; the first three are enum api. */
enum v3_door {
    DOOR_CREATE,
    DOOR_QUERY,
    DOOR_CLOSE,
    DOOR_CERTIFICATES,
    DOOR_REFUND,
    DOOR_REFUND_QUERY,
    DOORS
};

/* What is wrong with an answer or a notification. */
struct fake_v3 {
    enum fake_v3_kind {
        V3_RIGHT,
        V3_STATUS,    /* this status, body name (NULL: empty), unsigned */
        V3_ALTERED,   /* member name (dots between levels) is the JSON value; NULL: left out */
        V3_RAW,       /* signed rightly, but the body is name */
        V3_UNSIGNED,  /* none of the headers */
        V3_NO_HEADER, /* without the header name */
        V3_TWICE,     /* the header name is there twice */
        V3_FORGED,    /* one letter of the signature is another */
        V3_PROBE,
        V3_STALE, /* stamped 301 s ago */
        V3_FUTURE,
        V3_STRANGER,   /* the right key under a serial that nobody has */
        V3_ROGUE,      /* another key under the right serial */
        V3_SECOND,     /* the second certificate */
        V3_PUBLIC_KEY, /* the WeChat Pay public key */
        V3_CUT,
    } kind;
    const char *name, *value;
    int status;
};

struct bench_v3 {
    struct v3_private *platform, *second, *public_key, *rogue;
    struct v3_public *merchant;
    struct buf certificate, second_certificate; /* PEM */
    bool two, none;                             /* the list holds both; there is no list */
    bool bad_secret;                            /* the list is sealed with another APIv3 key */
    struct fake_v3 plan[DOORS][16];
    size_t planned[DOORS], used[DOORS], seen[DOORS];
    char number[65], expire[64]; /* of the last create */
    struct buf created;          /* its body */
    char serial_said[V3_SERIAL_MAX + 1];
    int64_t total_fen;
    struct asked_refund {
        char number[65], order[65];
        int64_t fen, total_fen;
        bool with_url;
    } refund[16]; /* every refund that came in, repeats too */
    size_t refunds;
    bool refund_lost;          /* what is asked for now is not kept: unknown to queries */
    size_t kept;               /* of them, known to queries */
    const char *refund_status; /* what a query says; "PROCESSING" at first */
};

void bench_v3_open(struct bench *bench, const struct steps *steps);
void bench_v3_open_at(struct bench *bench, const char *ledger, const struct steps *steps);
/* In key mode: the shop knows the public key. */
void bench_v3_open_with_key(struct bench *bench, const struct steps *steps);
void bench_v3_close(struct bench *bench);

void bench_v3_plan(struct bench *bench, enum v3_door door, struct fake_v3 fake);

/* A notification about @number. */
struct notice_v3 {
    struct fake_v3 fake;      /* ALTERED: of the trade */
    const char *event, *type; /* NULL: the usual ones */
    const char *associated;   /* NULL: "transaction"; "-": absent */
    bool bad_tag, bad_secret;
    const char *extra;         /* member of the envelope, beside the known ones */
    bool lower_case;           /* names of headers */
    const char *refund;        /* its number: the notification is about a refund, to its own door */
    const char *refund_status; /* NULL: "SUCCESS" */
};
/* Delivers it; the status of the answer, which is checked to be a legal one. */
int bench_v3_notify(struct bench *bench, const char *number, const struct notice_v3 *notice);
/* A body of that text, signed rightly. */
int bench_v3_notify_raw(struct bench *bench, struct view body);

/* A refund as answers ("status") and notifications ("refund_status") show it. */
json_t *bench_v3_refund(const struct bench *bench, const char *number, const char *state_name,
                        const char *state);

/* For bench.c. */
void bench_v3_call(struct http_call *call, void *owner);

#endif
