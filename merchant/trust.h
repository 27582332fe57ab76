/*
 * trust.h — whom the shop believes to be the platform: keys by serial (V3 2.9, 2.10).
 *
 * Either the WeChat Pay public key that the operator gave, or certificates that are downloaded when
 * the first is needed and again before twelve hours are over, by the shop's own clock. Several may
 * be in force; the message names the one that signed it. The decisions are the steps v3_keys_*.
 */
#ifndef MERCHANT_TRUST_H
#define MERCHANT_TRUST_H

#include "shop.h"
#include "v3_proof.h"

#define TRUST_MAX 16 /* certificates in force at once; real accounts have one or two */

struct trusted {
    char serial[V3_SERIAL_MAX + 1];
    struct v3_public *key; /* owned */
    int64_t from_ms, until_ms;
};

struct trust_list {
    struct trusted item[TRUST_MAX];
    size_t count;
};
void trust_list_release(struct trust_list *list);

/* How a download ended. */
enum trust_end {
    TRUST_GOT,
    TRUST_NONE,  /* 404 RESOURCE_NOT_EXISTS: this merchant has no certificates */
    TRUST_FAILED /* no answer, or one that proves nothing */
};

struct trust_waiter;

struct trust {
    struct trust_list list;  /* certificates in force */
    int64_t next_ms;         /* when to download by itself; 0: nobody has needed one yet */
    int64_t sought_ms;       /* when the minute of @sought began */
    unsigned sought, failed; /* downloads for unknown serials; failures in a row */
    bool busy, stopping;     /* a download is under way; the shop ends */
    struct http_exchange *exchange;
    struct trust_waiter *waiters;
};

/* For API V3; without it all others do nothing and know nobody. */
[[nodiscard]] int trust_start(struct shop *shop);
/* Ends a download: who waits is told. */
void trust_stop(struct shop *shop);
void trust_release(struct shop *shop);

/* Something must be downloaded before the first call. */
bool trust_is_needed(const struct shop *shop);

/*
 * Downloads the certificates; who calls while it runs waits for the same. @on_end fires once, from
 * the loop, and looks anew. An error means: it never fires.
 */
[[nodiscard]] int trust_fetch(struct shop *shop, void (*on_end)(void *owner), void *owner);

/* For the agenda: when a download is due (0: never), whether one runs, and beginning it. */
int64_t trust_due_ms(const struct shop *shop);
bool trust_is_busy(const struct shop *shop);
void trust_tend(struct shop *shop);

#endif
