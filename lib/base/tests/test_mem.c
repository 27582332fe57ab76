#include "base/mem.h"

#include "base_test.h"

#include <string.h>

/* Each way to get a block; the one asked for by the loop. */
static void *get(int way)
{
    switch (way) {
    case 0: return mem_alloc(8);
    case 1: return mem_zalloc(2, 4);
    case 2: return mem_realloc(NULL, 8);
    case 3: return mem_strdup("1234567");
    default: return mem_strndup("1234567", 7);
    }
}

START_TEST(exactly_the_nth_allocation_is_refused) /* looped over the ways */
{
    for (int n = 1; n <= 3; n++) {
        void *blocks[5];
        int64_t live = mem_live();
        mem_fail_at(n);
        for (int i = 0; i < 5; i++) {
            blocks[i] = get(_i);
            ck_assert_int_eq(blocks[i] == NULL, i == n - 1);
            ck_assert_int_eq(mem_refused(), i >= n - 1);
        }
        ck_assert_int_eq(mem_live(), live + 4);
        for (int i = 0; i < 5; i++)
            mem_free(blocks[i]);
        ck_assert_int_eq(mem_live(), live);
        mem_fail_at(0);
        ck_assert(!mem_refused());
    }
}
END_TEST

START_TEST(a_refused_growth_leaves_the_old_block)
{
    char *block = mem_strdup("old");
    mem_fail_at(1);
    ck_assert_ptr_null(mem_realloc(block, 1000));
    ck_assert_str_eq(block, "old");
    block = mem_realloc(block, 1000);
    ck_assert_ptr_nonnull(block);
    ck_assert_str_eq(block, "old");
    mem_free(block);
}
END_TEST

START_TEST(nothing_is_a_block_too)
{
    void *none = mem_alloc(0), *zero = mem_zalloc(0, 8);
    ck_assert(none && zero && none != zero);
    mem_free(none);
    mem_free(zero);
    mem_free(NULL);
}
END_TEST

START_TEST(zeroed_blocks_are_zero_and_absurd_sizes_are_refused)
{
    char *block = mem_zalloc(100, 10);
    for (size_t i = 0; i < 1000; i++)
        ck_assert(block[i] == 0);
    mem_free(block);
    ck_assert_ptr_null(mem_strndup("", SIZE_MAX));
}
END_TEST

START_TEST(copies_end_in_nul)
{
    char *copy = mem_strndup("abc", 2);
    ck_assert_str_eq(copy, "ab");
    mem_free(copy);
    copy = mem_strndup(NULL, 0);
    ck_assert_str_eq(copy, "");
    mem_free(copy);
}
END_TEST

START_TEST(a_wiped_secret_is_gone)
{
    char secret[8] = "secret!";
    mem_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        ck_assert(secret[i] == 0);
    mem_wipe(NULL, 8);
}
END_TEST

TCase *mem_tests(void)
{
    TCase *tests = tcase_create("mem");
    tcase_add_loop_test(tests, exactly_the_nth_allocation_is_refused, 0, 5);
    tcase_add_test(tests, a_refused_growth_leaves_the_old_block);
    tcase_add_test(tests, nothing_is_a_block_too);
    tcase_add_test(tests, zeroed_blocks_are_zero_and_absurd_sizes_are_refused);
    tcase_add_test(tests, copies_end_in_nul);
    tcase_add_test(tests, a_wiped_secret_is_gone);
    return tests;
}
