#include "base/buf.h"
#include "base/err.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_full_buffer_refuses_and_keeps_its_content)
{
    struct buf buf = BUF_INIT(4);
    ck_assert_int_eq(buf_str(&buf, "abcd"), 0);
    ck_assert_int_eq(buf_byte(&buf, 'e'), ERR_TOO_LONG);
    ck_assert_str_eq(buf_cstr(&buf), "abcd");
    buf_release(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *buf = tcase_create("buf");
    tcase_add_test(buf, a_full_buffer_refuses_and_keeps_its_content);
    suite_add_tcase(suite, buf);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
