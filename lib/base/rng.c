#include "base/rng.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void rng_init(struct rng *rng)
{
    rng->seeded = false;
    rng->used = sizeof(rng->pool);
}

/* splitmix64, as the authors of xoshiro advise for filling its state */
static uint64_t split(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->seeded = true;
    rng->used = sizeof(rng->pool);
    for (size_t i = 0; i < 4; i++)
        rng->state[i] = split(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t xoshiro(uint64_t s[4])
{
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static void refill(struct rng *rng)
{
    if (rng->seeded) {
        for (size_t i = 0; i < sizeof(rng->pool); i += 8) {
            uint64_t word = xoshiro(rng->state);
            for (size_t b = 0; b < 8; b++)
                rng->pool[i + b] = (unsigned char)(word >> (8 * b));
        }
    } else {
        size_t got = 0;
        while (got < sizeof(rng->pool)) {
            ssize_t n = getrandom(rng->pool + got, sizeof(rng->pool) - got, 0);
            if (n > 0)
                got += (size_t)n;
            else if (n == 0)
                abort(); /* a predictable nonce is worse than no answer */
        }
    }
    rng->used = 0;
}

void rng_bytes(struct rng *rng, void *out, size_t len)
{
    unsigned char *to = out;
    while (len) {
        if (rng->used == sizeof(rng->pool))
            refill(rng);
        size_t part = sizeof(rng->pool) - rng->used;
        if (part > len)
            part = len;
        memcpy(to, rng->pool + rng->used, part);
        explicit_bzero(rng->pool + rng->used, part);
        rng->used += part;
        to += part;
        len -= part;
    }
}

uint64_t rng_u64(struct rng *rng)
{
    unsigned char bytes[8];
    uint64_t word = 0;
    rng_bytes(rng, bytes, sizeof(bytes));
    for (size_t i = 0; i < 8; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t word;
    do
        word = rng_u64(rng);
    while (word >= limit);
    return word % bound;
}

/* Never asks for more bytes than characters are missing, so none is drawn in vain. */
static void pick(struct rng *rng, char *out, size_t len, const char *set, unsigned count)
{
    unsigned limit = 256 - 256 % count; /* bytes above would favour the first characters */
    size_t done = 0;
    while (done < len) {
        unsigned char bytes[32];
        size_t drawn = len - done < sizeof(bytes) ? len - done : sizeof(bytes);
        rng_bytes(rng, bytes, drawn);
        for (size_t i = 0; i < drawn; i++)
            if (bytes[i] < limit)
                out[done++] = set[bytes[i] % count];
        explicit_bzero(bytes, sizeof(bytes));
    }
    out[len] = '\0';
}

void rng_alnum(struct rng *rng, char *out, size_t len)
{
    pick(rng, out, len, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 62);
}

void rng_hex(struct rng *rng, char *out, size_t len)
{
    pick(rng, out, len, "0123456789abcdef", 16);
}

void rng_digits(struct rng *rng, char *out, size_t len)
{
    pick(rng, out, len, "0123456789", 10);
}
