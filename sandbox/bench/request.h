/*
 * request.h — what the driver sends, and what must come back.
 *
 * Requests are made before the clock starts: whole, signed, each with a number of its own.
 */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include "bench/request_v3.h"
#include "wxpay/v2_sign.h"

#define PREFIX_MAX 16

struct maker;

struct bench_case {
    const char *name;        /* as the command line says it */
    const char *path, *type; /* type NULL: API V3, and write() sets the target of a GET */
    enum v2_sign_type sign_type;
    enum v2_quote quote;
    int (*write)(struct maker *maker, int64_t n);
    const char *must[2]; /* texts that every answer holds; NULL: none */
    bool is_signed;      /* answers are, and every 16th is verified */
    bool watch;          /* look for pauses of the server */
};

/* NULL when there is no such case. */
const struct bench_case *bench_case_find(const char *name);
/* The names, for the usage. */
const char *bench_case_name(size_t index);

/* Makes the requests of one run. */
struct maker {
    const struct bench_case *what; /* borrowed, as the two texts */
    const char *prefix;            /* of the order numbers */
    const char *notify_url;
    int64_t count;
    struct v2_key *key; /* owned */
    struct v2_msg msg;  /* owned: the one under construction, or the answer being looked at */
    struct buf body;    /* owned */
    char target[160];   /* V3: of a GET; "": POST to the path */
    struct maker_v3 v3; /* V3 only */
};

/* The built-in account's key. ERR_NOMEM. */
[[nodiscard]] int maker_init(struct maker *maker, const struct bench_case *what);
void maker_release(struct maker *maker);

/* The @n-th request, head and body, appended to @out. */
[[nodiscard]] int maker_write(struct maker *maker, int64_t n, struct buf *out);

/* Does the answer say what it must? @verify: and is it signed by the platform? */
[[nodiscard]] bool maker_holds(struct maker *maker, struct view head, struct view body,
                               bool verify);

#endif
