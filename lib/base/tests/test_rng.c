#include "base/rng.h"

#include "base_test.h"

#include <string.h>

START_TEST(the_generator_is_xoshiro256starstar)
{
    /* the authors' reference from state 1, 2, 3, 4; also in the tests of Rust's rand_xoshiro */
    static const uint64_t expected[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600
    };
    struct rng rng;
    rng_seed(&rng, 0);
    for (uint64_t i = 0; i < 4; i++)
        rng.state[i] = i + 1;
    for (size_t i = 0; i < COUNT(expected); i++)
        ck_assert(rng_u64(&rng) == expected[i]);
}
END_TEST

/* splitmix64 into xoshiro256**, computed by a program of a few lines in another language */
static const struct {
    uint64_t seed, first[4];
} seeds[] = {
    { 0, { 0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c } },
    { 1, { 0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514, 0x642e1c7bc266a3a7 } },
    { 42, { 0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1 } },
};

START_TEST(a_seed_gives_the_same_numbers_everywhere) /* looped over seeds */
{
    struct rng rng;
    rng_seed(&rng, seeds[_i].seed);
    for (size_t i = 0; i < 4; i++)
        ck_assert(rng_u64(&rng) == seeds[_i].first[i]);
}
END_TEST

START_TEST(bytes_do_not_depend_on_how_they_are_drawn)
{
    struct rng whole, parts;
    unsigned char a[4000], b[4000];
    rng_seed(&whole, 7);
    rng_seed(&parts, 7);
    rng_bytes(&whole, a, sizeof(a));
    for (size_t at = 0, len = 1; at < sizeof(b); at += len, len = len % 37 + 1) {
        len = len < sizeof(b) - at ? len : sizeof(b) - at;
        rng_bytes(&parts, b + at, len);
    }
    ck_assert_int_eq(memcmp(a, b, sizeof(a)), 0);
}
END_TEST

START_TEST(drawn_bytes_do_not_stay_in_the_pool)
{
    struct rng rng;
    unsigned char out[64];
    rng_init(&rng);
    rng_bytes(&rng, out, sizeof(out));
    static const unsigned char zero[64];
    ck_assert_int_eq(memcmp(rng.pool, zero, sizeof(zero)), 0);
}
END_TEST

START_TEST(the_system_does_not_repeat_itself)
{
    struct rng one, two;
    unsigned char a[32], b[32], zero[32] = {};
    rng_init(&one);
    rng_init(&two);
    rng_bytes(&one, a, sizeof(a));
    rng_bytes(&two, b, sizeof(b));
    ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
    ck_assert_int_ne(memcmp(a, zero, sizeof(a)), 0);
    rng_bytes(&one, b, sizeof(b));
    ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
}
END_TEST

START_TEST(below_a_bound_every_value_comes_equally_often)
{
    struct rng rng;
    unsigned counts[7] = {};
    rng_seed(&rng, 3);
    for (int i = 0; i < 70000; i++)
        counts[rng_below(&rng, 7)]++;
    for (size_t i = 0; i < COUNT(counts); i++)
        ck_assert(counts[i] > 9500 &&
                  counts[i] < 10500); /* 5 % is 5 deviations, and the seed stays */
    for (int i = 0; i < 100; i++)
        ck_assert(rng_below(&rng, 1) == 0);
    for (int i = 0; i < 100; i++)
        ck_assert(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}
END_TEST

START_TEST(texts_use_their_alphabet_all_of_it_and_nothing_else) /* 0 alnum, 1 hex, 2 digits */
{
    static const char *const sets[] = {
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "0123456789abcdef",
        "0123456789"
    };
    void (*const draw[])(struct rng *, char *, size_t) = { rng_alnum, rng_hex, rng_digits };
    struct rng rng;
    char text[5001];
    rng_seed(&rng, 11);
    draw[_i](&rng, text, 5000);
    ck_assert_uint_eq(strlen(text), 5000);
    ck_assert_uint_eq(strspn(text, sets[_i]), 5000);
    for (const char *c = sets[_i]; *c; c++)
        ck_assert_ptr_nonnull(strchr(text, *c));
    draw[_i](&rng, text, 0);
    ck_assert_str_eq(text, "");
}
END_TEST

TCase *rng_tests(void)
{
    TCase *tests = tcase_create("rng");
    tcase_add_test(tests, the_generator_is_xoshiro256starstar);
    tcase_add_loop_test(tests, a_seed_gives_the_same_numbers_everywhere, 0, COUNT(seeds));
    tcase_add_test(tests, bytes_do_not_depend_on_how_they_are_drawn);
    tcase_add_test(tests, drawn_bytes_do_not_stay_in_the_pool);
    tcase_add_test(tests, the_system_does_not_repeat_itself);
    tcase_add_test(tests, below_a_bound_every_value_comes_equally_often);
    tcase_add_loop_test(tests, texts_use_their_alphabet_all_of_it_and_nothing_else, 0, 3);
    return tests;
}
