/* The scanner is played by small shell scripts: its answers are those of docs/qrscan.md. */
#include "base/err.h"
#include "base/mem.h"
#include "scan.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static char path[64];

static void scanner(const char *script)
{
    snprintf(path, sizeof(path), "/tmp/wxpay-test-scan-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    dprintf(fd, "#!/bin/sh\n%s\n", script);
    fchmod(fd, 0700);
    close(fd);
}

static int scan(const char *script, struct view picture, struct scan_result *result)
{
    scanner(script);
    int err = scan_picture(path, picture, result);
    unlink(path);
    return err;
}

START_TEST(the_codes_of_a_picture_come_back_byte_for_byte)
{
    struct scan_result result;
    /* "weixin://wxpay/bizpayurl?pr=a&groupid=00", by base64(1) */
    const char *script =
        "[ \"$1\" = --repair ] || exit 1; cat >/dev/null; "
        "echo '{\"ok\":true,\"format\":\"png\",\"width\":1,\"height\":1,\"repair\":\"scaled\","
        "\"symbols\":[{\"type\":\"QR-Code\",\"text_base64\":"
        "\"d2VpeGluOi8vd3hwYXkvYml6cGF5dXJsP3ByPWEmZ3JvdXBpZD0wMA==\"}]}'";

    ck_assert_int_eq(scan(script, VIEW("picture"), &result), 0);
    ck_assert_uint_eq(result.count, 1);
    ck_assert_str_eq(buf_cstr(&result.texts[0]), "weixin://wxpay/bizpayurl?pr=a&groupid=00");
    ck_assert_str_eq(result.repair, "scaled");
    ck_assert_str_eq(result.error, "");
    scan_result_release(&result);
}
END_TEST

START_TEST(a_picture_without_a_code_is_an_answer)
{
    struct scan_result result;

    ck_assert_int_eq(scan("cat >/dev/null; echo '{\"ok\":false,\"error\":\"no-code\","
                          "\"detail\":\"nothing there\"}'",
                          VIEW("picture"), &result),
                     0);
    ck_assert_uint_eq(result.count, 0);
    ck_assert_str_eq(result.error, "no-code");
    scan_result_release(&result);
    ck_assert_int_eq(scan_picture("/nonexistent", (struct view){}, &result), 0);
    ck_assert_str_eq(result.error, "not-a-picture");
}
END_TEST

START_TEST(a_scanner_that_fails_is_an_error_not_a_verdict)
{
    struct scan_result result;

    ck_assert_int_eq(scan_picture("/nonexistent/qrscan", VIEW("x"), &result), UV_ENOENT);
    ck_assert_int_eq(scan("kill -9 $$", VIEW("x"), &result), ERR_CLOSED);
    scan_result_release(&result);
    ck_assert_int_eq(scan("cat >/dev/null; echo nonsense", VIEW("x"), &result), ERR_PROTOCOL);
    scan_result_release(&result);
    ck_assert_int_eq(
        scan("cat >/dev/null; echo '{\"ok\":true,\"symbols\":[]}'", VIEW("x"), &result),
        ERR_PROTOCOL);
    scan_result_release(&result);
}
END_TEST

/* It answers before it has read all: its closed input must not be taken for a failure. */
START_TEST(a_scanner_that_refuses_early_is_heard)
{
    struct scan_result result;
    size_t len = 4u << 20;
    char *picture = mem_zalloc(1, len);

    ck_assert_ptr_nonnull(picture);
    ck_assert_int_eq(scan("exec <&-; echo '{\"ok\":false,\"error\":\"unsupported\"}'",
                          (struct view){ picture, len }, &result),
                     0);
    ck_assert_str_eq(result.error, "unsupported");
    scan_result_release(&result);
    mem_free(picture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scan");
    TCase *all = tcase_create("all");

    signal(SIGPIPE, SIG_IGN);
    tcase_add_test(all, the_codes_of_a_picture_come_back_byte_for_byte);
    tcase_add_test(all, a_picture_without_a_code_is_an_answer);
    tcase_add_test(all, a_scanner_that_fails_is_an_error_not_a_verdict);
    tcase_add_test(all, a_scanner_that_refuses_early_is_heard);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
