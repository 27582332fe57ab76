/* The client of wxpay-qrscan meets scanners that are missing, hang, die or talk nonsense. */
#include "base/err.h"
#include "base/mem.h"
#include "qr/qr_scan.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE_URL "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"

static struct buf up_png(void)
{
    struct buf bytes = BUF_INIT(1 << 20);
    char chunk[4096];
    size_t got;
    FILE *file = fopen(FIXTURES_DIR "/qr/up.png", "rb");

    ck_assert_ptr_nonnull(file);
    while ((got = fread(chunk, 1, sizeof chunk, file)))
        ck_assert_int_eq(buf_add(&bytes, chunk, got), 0);
    fclose(file);
    return bytes;
}

START_TEST(the_program_beside_the_running_one_is_found)
{
    struct buf program = BUF_INIT(4096);

    ck_assert_int_eq(qr_scan_find_program(&program), 0);
    ck_assert_str_eq(program.ptr, BIN_DIR "/" QR_SCAN_PROGRAM);
    buf_release(&program);
}
END_TEST

static const struct {
    const char *program;
    int err;
    const char *error;
} misbehaving[] = {
    { "/nonexistent/wxpay-qrscan", UV_ENOENT, "no-program" },
    { "wxpay-qrscan-that-is-not-on-the-path", UV_ENOENT, "no-program" },
    { FIXTURES_DIR, UV_EACCES, "no-program" },
    { "true", ERR_CLOSED, "crashed" }, /* says nothing, reads nothing */
    { "false", ERR_CLOSED, "crashed" },
    { "cat", ERR_PROTOCOL, "protocol" }, /* gives the picture back */
    { "yes", ERR_TOO_LONG, "protocol" }, /* never stops talking */
};

START_TEST(a_misbehaving_scanner_is_named) /* with little and with much to send */
{
    size_t sizes[] = { 10, 0, QR_SCAN_PICTURE_MAX };
    char *picture = mem_zalloc(1, QR_SCAN_PICTURE_MAX);

    ck_assert_ptr_nonnull(picture);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct qr_scan_result result;
        struct view bytes = { picture, sizes[i] };
        int err = qr_scan_run(misbehaving[_i].program, bytes, false, &result);
        bool echoes = strcmp(misbehaving[_i].program, "cat") == 0;
        if (echoes && sizes[i] != 10) { /* nothing, or more than an answer may have */
            ck_assert_int_eq(err, sizes[i] ? ERR_TOO_LONG : ERR_CLOSED);
        } else {
            ck_assert_int_eq(err, misbehaving[_i].err);
            ck_assert_str_eq(result.error, misbehaving[_i].error);
        }
        ck_assert_int_eq(result.err, err);
        ck_assert_uint_gt(strlen(result.detail), 0);
        qr_scan_result_release(&result);
    }
    mem_free(picture);
}
END_TEST

/* A program that reads nothing, says nothing and never ends; its child holds the pipe for a while. */
static void write_sleeper(char path[])
{
    static const char script[] = "#!/bin/sh\nsleep 20 & exec sleep 1000\n";
    int file = mkstemp(path);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, script, sizeof script - 1), (ssize_t)sizeof script - 1);
    ck_assert_int_eq(fchmod(file, 0700), 0);
    close(file);
}

static void keep(void *owner, struct qr_scan_result *result)
{
    struct qr_scan_result *out = owner;

    ck_assert_int_eq(out->err, 0); /* once only */
    *out = qr_scan_result_take(result);
}

START_TEST(a_scanner_that_hangs_is_killed_and_one_can_be_stopped)
{
    char sleeper[] = "/tmp/wxpay-qrscan-test-XXXXXX";
    struct qr_scan_result slow = {}, stopped = {}, good = {};
    struct qr_scan_options options = { .program = sleeper, .timeout_ms = 50 };
    struct buf picture = up_png();
    uv_loop_t loop;

    write_sleeper(sleeper);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_ptr_nonnull(qr_scan_start(&loop, buf_view(&picture), &options, keep, &slow));
    options.timeout_ms = 0;
    struct qr_scan *scan = qr_scan_start(&loop, buf_view(&picture), &options, keep, &stopped);
    ck_assert_ptr_nonnull(scan);
    ck_assert_ptr_nonnull(qr_scan_start(&loop, buf_view(&picture), NULL, keep, &good));
    buf_release(&picture); /* was copied */
    qr_scan_stop(scan);
    ck_assert_int_eq(stopped.err, 0); /* never from inside a call */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_eq(slow.err, ERR_TIMEOUT);
    ck_assert_str_eq(slow.error, "timeout");
    ck_assert_int_eq(stopped.err, UV_ECANCELED);
    ck_assert_str_eq(stopped.error, "canceled");
    ck_assert_str_eq(good.error, "");
    ck_assert_str_eq(buf_cstr(&good.symbols[0]), CODE_URL);
    qr_scan_result_release(&good);
    unlink(sleeper);
}
END_TEST

START_TEST(a_picture_above_the_bound_never_starts_a_scanner)
{
    struct view huge = { "x", QR_SCAN_PICTURE_MAX + 1 }; /* and is not even looked at */
    struct qr_scan_result result;

    ck_assert_int_eq(qr_scan_run("/nonexistent", huge, false, &result), 0);
    ck_assert_str_eq(result.error, "too-large");
    qr_scan_result_release(&result);
}
END_TEST

START_TEST(secrets_of_the_environment_stay_here)
{
    struct qr_scan_result result;

    /* env prints what it was given: PATH and no more, which is no answer but would be too long */
    static char secret[QR_SCAN_ANSWER_MAX / 4];
    memset(secret, 's', sizeof secret - 1);
    for (int i = 0; i < 5; i++) {
        char name[] = "SECRET_0";
        name[7] = (char)('0' + i);
        ck_assert_int_eq(setenv(name, secret, 1), 0);
    }
    ck_assert_int_eq(qr_scan_run("env", VIEW("x"), false, &result), ERR_PROTOCOL);
    qr_scan_result_release(&result);
}
END_TEST

START_TEST(without_memory_the_client_says_so_and_leaks_nothing)
{
    struct buf picture = up_png();
    bool refused = true;

    for (int64_t n = 1; refused; n++) {
        struct qr_scan_result result;
        int64_t live = mem_live();
        mem_fail_at(n);
        int err = qr_scan_run(NULL, buf_view(&picture), false, &result);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        if (refused)
            ck_assert_str_eq(result.error, "no-memory");
        qr_scan_result_release(&result);
        ck_assert_int_eq(mem_live(), live);
        ck_assert_int_lt(n, 100);
    }
    buf_release(&picture);
}
END_TEST

static TCase *client(void)
{
    TCase *client = tcase_create("client");

    tcase_set_timeout(client, 60);
    tcase_add_test(client, the_program_beside_the_running_one_is_found);
    tcase_add_loop_test(client, a_misbehaving_scanner_is_named, 0, (int)COUNT(misbehaving));
    tcase_add_test(client, a_scanner_that_hangs_is_killed_and_one_can_be_stopped);
    tcase_add_test(client, a_picture_above_the_bound_never_starts_a_scanner);
    tcase_add_test(client, secrets_of_the_environment_stay_here);
    tcase_add_test(client, without_memory_the_client_says_so_and_leaks_nothing);
    return client;
}

int main(void)
{
    Suite *suite = suite_create("qr_scan");

    signal(SIGPIPE, SIG_IGN);
    suite_add_tcase(suite, client());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
