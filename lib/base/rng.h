/*
 * rng.h — randomness is an input: from the system, or repeatable from a seed (--seed).
 *
 * Keys never come from a seeded source. One owner, one thread.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    bool seeded;
    uint64_t state[4]; /* xoshiro256** when seeded */
    size_t used;       /* of pool; a fresh rng starts exhausted */
    unsigned char pool[1024];
};

/* From the system. */
void rng_init(struct rng *rng);

/* Repeatable: the same seed gives the same bytes on every machine. */
void rng_seed(struct rng *rng, uint64_t seed);

void rng_bytes(struct rng *rng, void *out, size_t len);
uint64_t rng_u64(struct rng *rng);

/* Even in 0 … @bound - 1; @bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* @len characters of [0-9A-Za-z] and a NUL; @out holds len + 1. */
void rng_alnum(struct rng *rng, char *out, size_t len);

/* @len characters of [0-9a-f] and a NUL. */
void rng_hex(struct rng *rng, char *out, size_t len);

/* @len decimal digits and a NUL. */
void rng_digits(struct rng *rng, char *out, size_t len);

#endif
