#include "base_test.h"

#include <stdlib.h>

static int64_t live_before;

static void count_blocks(void)
{
    live_before = mem_live();
}

static void nothing_leaked(void)
{
    mem_fail_at(0);
    ck_assert_int_eq(mem_live(), live_before);
}

int main(void)
{
    TCase *parts[] = { base64_tests(), buf_tests(), clock_tests(), err_tests(),  files_tests(),
                       log_tests(),    mem_tests(), rng_tests(),   utf8_tests(), view_tests() };
    Suite *suite = suite_create("base");
    for (size_t i = 0; i < COUNT(parts); i++) {
        tcase_add_checked_fixture(parts[i], count_blocks, nothing_leaked);
        suite_add_tcase(suite, parts[i]);
    }
    SRunner *runner = srunner_create(suite);
    if (!getenv("CK_FORK"))
        srunner_set_fork_status(runner, CK_NOFORK); /* a process per table row would be slow */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
