/* The acknowledgement of V3 6.3: the status decides. */
#include "base/mem.h"
#include "wxpay/v3_ack.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    int status;
    const char *body;
    bool ok, warned;
    const char *row;
} rows[] = {
    { 200, "", true, false, "ok" },
    { 200, "{\"code\":\"SUCCESS\",\"message\":\"成功\"}", true, false, "ok" },
    { 200, "{\"code\":\"FAIL\",\"message\":\"失败\"}", true, true, "ok" },
    { 200, "<html>", true, false, "ok" },
    { 204, "", true, false, "no-content" },
    { 201, "{\"code\":\"SUCCESS\"}", false, false, "other-2xx" },
    { 206, "", false, false, "other-2xx" },
    { 302, "", false, false, "redirect" },
    { 401, "", false, false, "refused" },
    { 500, "{\"code\":\"FAIL\"}", false, false, "trouble" },
    { 503, "", false, false, "trouble" },
    { 100, "", false, false, "interim" },
    { 0, "", false, false, "status" },
    { 999, "", false, false, "status" },
};

START_TEST(the_status_decides)
{
    struct v3_ack ack = v3_ack_judge(rows[_i].status, view_str(rows[_i].body));
    ck_assert_int_eq(ack.ok, rows[_i].ok);
    ck_assert_int_eq(ack.warn != NULL, rows[_i].warned);
    ck_assert_str_eq(ack.row, rows[_i].row);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 ack");
    TCase *tests = tcase_create("ack");
    tcase_add_loop_test(tests, the_status_decides, 0, COUNT(rows));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
