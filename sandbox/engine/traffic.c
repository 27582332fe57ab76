#include "engine/traffic.h"

#include "base/err.h"
#include "base/mem.h"

/* The public numbers (V3 5.4, 4.4), each per merchant and API; others are unknown. */
static const struct limit {
    const char *api;
    int per_s;
    bool failures; /* counts the calls that were refused */
} limits[] = {
    { "v3/jsapi", 500, false },
    { "v3/refund", 150, false },
    { "v3/refund", 6, true },
    { "v3/refundquery", 300, false },
    { "v3/abnormalrefund", 150, false },
    { "v3/fundflowbill", 3, false },
    { "v3/certificates", 1000, false },
};

/* In millionths of a call; full at one second's worth. */
struct bucket {
    int64_t tokens, at_us; /* at 0: never used, so full */
};

struct traffic {
    struct bucket bucket[COUNT(limits)];
    uint64_t *nonce; /* owned: a ring of TRAFFIC_NONCES hashes; NULL until the first */
    size_t nonces;   /* ever used */
    bool probed;     /* the last answer was one */
};

void traffic_free(struct traffic *traffic)
{
    if (traffic)
        mem_free(traffic->nonce);
    mem_free(traffic);
}

static struct traffic *traffic_of(struct account *account)
{
    if (!account->traffic)
        account->traffic = mem_new(struct traffic);
    return account->traffic;
}

#define CALL 1'000'000LL

/* What has flowed in since it was looked at. */
static void refill(struct bucket *bucket, const struct limit *limit, int64_t now_us)
{
    int64_t most = limit->per_s * CALL, past_us = now_us - bucket->at_us;
    if (!bucket->at_us || past_us >= 1'000'000)
        bucket->tokens = most;
    else
        bucket->tokens += past_us * limit->per_s;
    if (bucket->tokens > most)
        bucket->tokens = most;
    bucket->at_us = now_us;
}

bool traffic_may_call(struct account *account, struct view api, int64_t now_us)
{
    struct traffic *traffic = traffic_of(account);
    bool may = true;
    for (size_t i = 0; traffic && i < COUNT(limits); i++) {
        if (!view_is(api, limits[i].api))
            continue;
        refill(&traffic->bucket[i], &limits[i], now_us);
        may = may && traffic->bucket[i].tokens >= CALL;
    }
    for (size_t i = 0; may && traffic && i < COUNT(limits); i++)
        if (!limits[i].failures && view_is(api, limits[i].api))
            traffic->bucket[i].tokens -= CALL;
    return may;
}

void traffic_failed(struct account *account, struct view api, int64_t now_us)
{
    struct traffic *traffic = traffic_of(account);
    for (size_t i = 0; traffic && i < COUNT(limits); i++) {
        if (!limits[i].failures || !view_is(api, limits[i].api))
            continue;
        refill(&traffic->bucket[i], &limits[i], now_us);
        if (traffic->bucket[i].tokens >= CALL)
            traffic->bucket[i].tokens -= CALL;
    }
}

/* FNV-1a, and never the 0 of an empty place: only a proven caller gets here, who fools himself. */
static uint64_t hash_of(struct view text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

int traffic_use_nonce(struct account *account, struct view nonce)
{
    struct traffic *traffic = traffic_of(account);
    if (traffic && !traffic->nonce)
        traffic->nonce = mem_zalloc(TRAFFIC_NONCES, sizeof(*traffic->nonce));
    if (!traffic || !traffic->nonce)
        return ERR_NOMEM;
    uint64_t hash = hash_of(nonce);
    for (size_t i = 0; i < TRAFFIC_NONCES; i++)
        if (traffic->nonce[i] == hash)
            return ERR_EXISTS;
    traffic->nonce[traffic->nonces++ % TRAFFIC_NONCES] = hash;
    return 0;
}

bool traffic_probe(struct account *account, int per_mille, int chance)
{
    struct traffic *traffic = traffic_of(account);
    if (!traffic)
        return false;
    traffic->probed = !traffic->probed && chance < per_mille;
    return traffic->probed;
}
