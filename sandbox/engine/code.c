#include "engine/code.h"

#include <assert.h>

#define GENERATION_BITS 10
#define LOW_BITS        20 /* the two halves of 31 + 10 bits */
#define HIGH_BITS       21
#define ROUNDS          4

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* splitmix64's last step: every bit of @x changes half of the result. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/* What one half is changed by in a round: the other half decides, so it can be undone. */
static uint64_t change(uint64_t salt, unsigned round, uint64_t other, unsigned bits)
{
    return mix(salt + other * 0x9e3779b97f4a7c15ULL + round) & ((1ULL << bits) - 1);
}

static uint64_t shuffle(uint64_t salt, uint64_t value)
{
    uint64_t low = value & ((1ULL << LOW_BITS) - 1), high = value >> LOW_BITS;
    for (unsigned round = 0; round < ROUNDS; round++) {
        high ^= change(salt, 2 * round, low, HIGH_BITS);
        low ^= change(salt, 2 * round + 1, high, LOW_BITS);
    }
    return high << LOW_BITS | low;
}

static uint64_t unshuffle(uint64_t salt, uint64_t value)
{
    uint64_t low = value & ((1ULL << LOW_BITS) - 1), high = value >> LOW_BITS;
    for (unsigned round = ROUNDS; round-- > 0;) {
        low ^= change(salt, 2 * round + 1, high, LOW_BITS);
        high ^= change(salt, 2 * round, low, HIGH_BITS);
    }
    return high << LOW_BITS | low;
}

void code_make(uint64_t salt, int64_t id, unsigned generation, char out[CODE_LEN + 1])
{
    assert(id > 0 && id <= CODE_ID_MAX && generation < CODE_GENERATIONS);
    uint64_t value = shuffle(salt, (uint64_t)id << GENERATION_BITS | generation);
    for (size_t i = CODE_LEN; i-- > 0; value /= 62)
        out[i] = digits[value % 62];
    out[CODE_LEN] = '\0';
}

bool code_read(uint64_t salt, struct view code, int64_t *id, unsigned *generation)
{
    uint64_t value = 0;
    if (code.len != CODE_LEN)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        const char *digit = memchr(digits, code.ptr[i], sizeof(digits) - 1);
        if (!digit)
            return false;
        value = value * 62 + (uint64_t)(digit - digits);
    }
    if (value >> (LOW_BITS + HIGH_BITS))
        return false;
    value = unshuffle(salt, value);
    *id = (int64_t)(value >> GENERATION_BITS);
    *generation = (unsigned)(value % CODE_GENERATIONS);
    return *id > 0;
}
