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

/* @value in @base, as many digits as there is room for. */
static void write_digits(uint64_t value, unsigned base, char *out, size_t len)
{
    for (size_t i = len; i-- > 0; value /= base)
        out[i] = digits[value % base];
    out[len] = '\0';
}

static bool read_digits(struct view text, unsigned base, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = memchr(digits, text.ptr[i], base);
        if (!digit)
            return false;
        *value = *value * base + (uint64_t)(digit - digits);
    }
    return *value >> (LOW_BITS + HIGH_BITS) == 0;
}

static uint64_t join(uint64_t salt, int64_t id, unsigned generation)
{
    assert(id > 0 && id <= CODE_ID_MAX && generation < CODE_GENERATIONS);
    return shuffle(salt, (uint64_t)id << GENERATION_BITS | generation);
}

static bool split(uint64_t salt, uint64_t value, int64_t *id, unsigned *generation)
{
    value = unshuffle(salt, value);
    *id = (int64_t)(value >> GENERATION_BITS);
    *generation = (unsigned)(value % CODE_GENERATIONS);
    return *id > 0;
}

void code_make(uint64_t salt, int64_t id, unsigned generation, char out[CODE_LEN + 1])
{
    write_digits(join(salt, id, generation), 62, out, CODE_LEN);
}

bool code_read(uint64_t salt, struct view code, int64_t *id, unsigned *generation)
{
    uint64_t value;
    return code.len == CODE_LEN && read_digits(code, 62, &value) &&
           split(salt, value, id, generation);
}

void code_make_hex(uint64_t salt, int64_t id, unsigned generation, char out[CODE_HEX_LEN + 1])
{
    write_digits(join(mix(salt), id, generation), 16, out, CODE_HEX_LEN);
    for (size_t i = 0; i < CODE_HEX_LEN; i++)
        out[i] = (char)(out[i] | 0x20); /* a digit has that bit already */
}

bool code_read_hex(uint64_t salt, struct view hex, int64_t *id, unsigned *generation)
{
    uint64_t value;
    char upper[CODE_HEX_LEN];
    if (hex.len != CODE_HEX_LEN)
        return false;
    for (size_t i = 0; i < CODE_HEX_LEN; i++)
        upper[i] = hex.ptr[i] >= 'a' && hex.ptr[i] <= 'f' ? (char)(hex.ptr[i] & ~0x20) : hex.ptr[i];
    return read_digits((struct view){ upper, CODE_HEX_LEN }, 16, &value) &&
           split(mix(salt), value, id, generation);
}
