/* What the operator said: flag beats environment beats file, and a mistake is named. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "options.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct options options;
static char file[] = "/tmp/wxpay-options-XXXXXX";

static void quiet(void)
{
    memcpy(file + sizeof(file) - 7, "XXXXXX", 6);
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

static void forget(void)
{
    static const char *const names[] = { "WXPAY_MERCHANT_PORT", "WXPAY_BASE_URL",
                                         "WXPAY_MERCHANT_PLATFORM_URL", "WXPAY_MCH_ID",
                                         "WXPAY_MERCHANT_API_KEY" };
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    options_release(&options);
    unlink(file);
}

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

/* Up to three arguments. */
static int read_options(const char *a, const char *b, const char *c)
{
    const char *argv[] = { "wxpay-merchant", a, b, c, NULL };
    int argc = 1 + !!a + !!b + !!c;
    options_release(&options);
    return options_read(&options, argc, (char **)(uintptr_t)argv);
}

START_TEST(without_a_word_it_is_the_test_account)
{
    ck_assert_int_eq(read_options(NULL, NULL, NULL), 0);
    ck_assert_int_eq(options.port, 18090);
    ck_assert_int_eq(options.ready_fd, -1);
    ck_assert_str_eq(options.platform_url, "http://127.0.0.1:18080");
    ck_assert_str_eq(options.mch_id, "1900000109");
    ck_assert_int_eq(options.sign_type, V2_MD5);
    ck_assert_int_eq(options.test_clock, 0);
}
END_TEST

START_TEST(flag_beats_environment_beats_file)
{
    char config[64];
    snprintf(config, sizeof(config), "--config=%s", file);
    write_file("port: 1\nmch_id: from-file\nplatform_url: http://file/\nsign_type: HMAC-SHA256\n"
               "test_clock: true\n");
    setenv("WXPAY_MERCHANT_PORT", "2", 1);
    setenv("WXPAY_BASE_URL", "http://second:1", 1);
    ck_assert_int_eq(read_options(config, "--port=3", NULL), 0);
    ck_assert_int_eq(options.port, 3);
    ck_assert_str_eq(options.mch_id, "from-file");
    ck_assert_str_eq(options.platform_url, "http://second:1");
    ck_assert_int_eq(options.sign_type, V2_HMAC_SHA256);
    ck_assert_int_eq(options.test_clock, 1);

    setenv("WXPAY_MERCHANT_PLATFORM_URL", "http://first:1/", 1); /* its own name before the short */
    ck_assert_int_eq(read_options(config, NULL, NULL), 0);
    ck_assert_int_eq(options.port, 2);
    ck_assert_str_eq(options.platform_url, "http://first:1");
}
END_TEST

START_TEST(a_mistake_is_usage)
{
    static const char *const flags[] = {
        "--port=65536",
        "--port=x",
        "--port=-1",
        "--sign-type=SHA1",
        "--platform-url=ftp://x",
        "--platform-url=http://x/?a=b",
        "--notify-base=shop",
        "--ip=localhost",
        "--api-key=short",
        "--no-such-flag",
        "stray",
        "--log-level=loud",
        "--config=/nonexistent",
    };
    for (size_t i = 0; i < COUNT(flags); i++)
        ck_assert_msg(read_options(flags[i], NULL, NULL) == ERR_USAGE, "%s", flags[i]);
}
END_TEST

START_TEST(a_file_with_a_mistake_is_usage)
{
    static const char *const texts[] = { "prot: 1\n",   "port: [1]\n",  "- port\n",
                                         "port: \"1\n", "port: 1: 2\n", "? {a: b}\n: 1\n" };
    char config[64];
    snprintf(config, sizeof(config), "--config=%s", file);
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(texts[i]);
        ck_assert_msg(read_options(config, NULL, NULL) == ERR_USAGE, "%s", texts[i]);
    }
    write_file("");
    ck_assert_int_eq(read_options(config, NULL, NULL), 0);
}
END_TEST

#define KEYS FIXTURES_DIR "/keys/"

/* As many arguments as the words of @line. */
static int read_line(const char *line)
{
    char text[1024];
    char *argv[12] = { (char *)(uintptr_t) "wxpay-merchant" };
    int argc = 1;
    snprintf(text, sizeof(text), "%s", line);
    for (char *at = text; *at && argc < 11; argc++) {
        argv[argc] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    options_release(&options);
    return options_read(&options, argc, argv);
}

START_TEST(api_v3_without_a_word_more_is_the_test_account)
{
    ck_assert_int_eq(read_line("--api=v3"), 0);
    ck_assert_int_eq(options.api, WIRE_V3);
    ck_assert_str_eq(options.mch_serial, "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D");
    ck_assert_str_eq(options.apiv3_key, "0123456789abcdefFEDCBA9876543210");
    ck_assert_ptr_nonnull(options.mch_key);
    ck_assert_ptr_null(options.platform_cert);
    ck_assert_ptr_null(options.public_key);
    ck_assert_int_eq(read_line("--api=v2"), 0);
    ck_assert_ptr_null(options.mch_key);
}
END_TEST

START_TEST(api_v3_reads_the_keys_it_is_told)
{
    ck_assert_int_eq(read_line("--api=v3 --mch-serial=AB12 --mch-key=" KEYS "merchant_key.pem "
                               "--platform-cert=" KEYS "platform_cert.pem "
                               "--platform-public-key=" KEYS "wechatpay_public.pem "
                               "--platform-public-key-id=PUB_KEY_ID_0119"),
                     0);
    ck_assert_str_eq(options.mch_serial, "AB12");
    ck_assert_str_eq(options.platform_cert_serial, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E");
    ck_assert_ptr_nonnull(options.platform_cert);
    ck_assert_ptr_nonnull(options.public_key);
    ck_assert_str_eq(options.public_key_id, "PUB_KEY_ID_0119");
}
END_TEST

START_TEST(a_mistake_with_keys_is_usage)
{
    static const char *const lines[] = {
        "--api=v4",
        "--api=v3 --apiv3-key=short",
        "--api=v3 --apiv3-key=0123456789abcdefFEDCBA987654321-",
        "--api=v3 --mch-serial=AB12",
        "--api=v3 --mch-key=" KEYS "merchant_key.pem",
        "--api=v3 --mch-serial=ab12 --mch-key=" KEYS "merchant_key.pem",
        "--api=v3 --mch-serial=PUB_KEY_ID_1 --mch-key=" KEYS "merchant_key.pem",
        "--api=v3 --mch-serial=AB12 --mch-key=" KEYS "merchant_cert.pem",
        "--api=v3 --mch-serial=AB12 --mch-key=/nonexistent",
        "--api=v3 --platform-cert=" KEYS "platform_key.pem",
        "--api=v3 --platform-cert=" KEYS "wechatpay_public.pem",
        "--api=v3 --platform-public-key=" KEYS "wechatpay_public.pem",
        "--api=v3 --platform-public-key-id=PUB_KEY_ID_1",
        "--api=v3 --platform-public-key-id=PUB_KEY_ID_ --platform-public-key=" KEYS
        "wechatpay_public.pem",
        "--api=v3 --platform-public-key-id=PUB_KEY_ID_1x --platform-public-key=" KEYS
        "wechatpay_public.pem",
        "--api=v3 --platform-public-key-id=PUB_KEY_ID_1 --platform-public-key=" KEYS
        "merchant_key.pem",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        ck_assert_msg(read_line(lines[i]) == ERR_USAGE, "%s", lines[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant options");
    TCase *tcase = tcase_create("options");
    tcase_add_checked_fixture(tcase, quiet, forget);
    tcase_add_test(tcase, without_a_word_it_is_the_test_account);
    tcase_add_test(tcase, flag_beats_environment_beats_file);
    tcase_add_test(tcase, a_mistake_is_usage);
    tcase_add_test(tcase, a_file_with_a_mistake_is_usage);
    tcase_add_test(tcase, api_v3_without_a_word_more_is_the_test_account);
    tcase_add_test(tcase, api_v3_reads_the_keys_it_is_told);
    tcase_add_test(tcase, a_mistake_with_keys_is_usage);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
