/*
 * exchange.h — what happened: one record per API call and per delivery, with raw bytes, times and
 * the verdict of each check.
 *
 * A ring in memory per account (1 000 records, raw bytes cut at 64 KiB, a cap over all accounts);
 * not kept over a restart. A reader learns how many were lost. Calls of unknown merchants go to
 * the ring of nobody, read as mch_id "-".
 */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include "base/buf.h"

#define EXCHANGE_RING_DEFAULT 1000
#define EXCHANGE_RAW_MAX      (64 * 1024)
#define EXCHANGE_TOTAL_MAX    (256 * 1024 * 1024) /* bytes over all accounts */
#define CHECKS_MAX            16
#define REMARKS_MAX           24

enum exchange_door { EXCHANGE_API, EXCHANGE_NOTIFICATION };
enum exchange_outcome {
    EXCHANGE_PENDING,
    EXCHANGE_ANSWERED,
    EXCHANGE_CUT,
    EXCHANGE_WITHHELD,
    EXCHANGE_PEER_GONE,
};

struct check_mark {
    const char *check, *clause; /* static */
    bool ok;
    char why[120];
};

/* A departure that is accepted and told (interop). */
struct remark {
    const char *id, *clause; /* static */
    char text[160];
};

struct exchange {
    int64_t id; /* rises over all accounts, from 1, in the order of ending; 0 until then */
    enum exchange_door door;
    enum exchange_outcome outcome;
    char mch_id[33], api[24], out_trade_no[33];
    char peer[64];
    int64_t real_ms, virtual_ms, duration_us; /* exchange_begin() sets real_ms */
    /* raw bytes: request head and body as they came (or were sent), answer head and body */
    struct buf request_head, request_body, answer_head, answer_body;
    bool cut; /* some raw part was longer than EXCHANGE_RAW_MAX */
    int status;
    size_t check_count, remark_count;
    struct check_mark *check; /* owned, as many as counted; what is above the bound is left out */
    struct remark *remark;    /* owned */
    const char *refusal;      /* name in the catalogue, static; NULL: none */
    char refusal_where[64];   /* the field */
    char refusal_why[200];
    const char *fault;      /* kind, static; NULL: none */
    const char *hint_id;    /* cause, static; NULL: none */
    struct buf hint;        /* plain words */
    struct buf sign_text;   /* text to be signed as computed here, key masked */
    struct buf signed_text; /* text the merchant seems to have signed; empty: not known */
    /* deliveries */
    int64_t notice_id;
    int attempt, error;
    struct buf url, real_url;
    bool ack_ok;
    const char *ack_row, *ack_why, *ack_warn; /* static */
};

struct exchange_log; /* all rings */

struct exchange_log_options {
    size_t ring;      /* records per account; 0: default */
    const char *file; /* JSON lines appended here too; NULL: none */
};

[[nodiscard]] int exchange_log_new(struct exchange_log **out,
                                   const struct exchange_log_options *options);
void exchange_log_free(struct exchange_log *log);

/* Begin a record. The log owns it; it must come to exchange_end() or exchange_drop(). */
[[nodiscard]] int exchange_begin(struct exchange_log *log, enum exchange_door door,
                                 struct exchange **out);
/*
 * The record is complete: it moves into the ring of exchange->mch_id ("-" when empty), is written
 * to the file, and on_exchange hears of it.
 */
void exchange_end(struct exchange_log *log, struct exchange *exchange);
/* A record that shall not be kept. */
void exchange_drop(struct exchange_log *log, struct exchange *exchange);

void exchange_check(struct exchange *exchange, const char *check, const char *clause, bool ok,
                    const char *why, ...) __attribute__((format(printf, 5, 6)));
void exchange_remark(struct exchange *exchange, const char *id, const char *clause,
                     const char *text, ...) __attribute__((format(printf, 4, 5)));
/* Raw bytes, cut at EXCHANGE_RAW_MAX; a part that finds no memory is marked as cut. */
void exchange_raw(struct exchange *exchange, struct buf *part, struct view bytes);

/* One listener, told of each completed record; the record is its own until the call returns. */
void exchange_log_listen(struct exchange_log *log,
                         void (*on_exchange)(void *owner, const struct exchange *exchange),
                         void *owner);

struct exchange_filter {
    struct view mch_id, api, out_trade_no; /* empty: any (mch_id never empty) */
    int64_t after_id;
    size_t limit;
};
/*
 * In the order of ending. Returns how many records of the ring with an id above after_id were lost,
 * or more when other accounts had records in between; 0 means none.
 */
size_t exchange_each(const struct exchange_log *log, const struct exchange_filter *filter,
                     void (*visit)(void *ctx, const struct exchange *exchange), void *ctx);
const struct exchange *exchange_get(const struct exchange_log *log, int64_t id);
void exchange_reset(struct exchange_log *log, struct view mch_id); /* empty: all */

/* Where the two texts first differ, in bytes; SIZE_MAX while one of them is not known. */
size_t exchange_sign_differs_at(const struct exchange *exchange);

/* One JSON object as in docs/control-api.md, appended. Always valid UTF-8. */
[[nodiscard]] int exchange_json(const struct exchange *exchange, struct buf *out);

#endif
