/* Where a setting comes from: flag beats environment beats file beats default. */
#include "cli/cli.h"
#include "cli/options.h"

#include "base/err.h"
#include "base/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct options options;
static char file_path[64];
static char said[4096]; /* what went to the errors */

static const struct options_usage usage = {
    .program = "wxpay-sandbox test",
    .args = "",
    .options = "config host port control-port json durability set mch-id seed",
};

static void set_up(void)
{
    static const char *const names[] = { "HOST",   "PORT", "CONTROL_PORT", "JSON",
                                         "CONFIG", "SET",  "MCH_ID",       "DURABILITY" };
    for (size_t i = 0; i < COUNT(names); i++) {
        char name[64];
        snprintf(name, sizeof(name), "WXPAY_SANDBOX_%s", names[i]);
        unsetenv(name);
    }
    snprintf(file_path, sizeof(file_path), "/tmp/wxpay-options-XXXXXX");
    close(mkstemp(file_path));
    options_init(&options);
}

static void tear_down(void)
{
    options_release(&options);
    unlink(file_path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(file_path, "wb");
    fputs(text, file);
    fclose(file);
}

/* @words: the command line, blanks between; "@" stands for the file's path. */
static int read_words(const char *words)
{
    static char copy[512];
    static char program[] = "test";
    char *argv[32] = { program };
    int argc = 1;
    FILE *errors = fmemopen(said, sizeof(said), "w");
    int err;

    snprintf(copy, sizeof(copy), "%s", words);
    for (char *at = copy, *end; *at; at = end) {
        end = at + strcspn(at, " ");
        if (*end)
            *end++ = '\0';
        argv[argc++] = strcmp(at, "@") == 0 ? file_path : at;
    }
    argv[argc] = NULL;
    memset(said, 0, sizeof(said));
    err = options_read(&options, &usage, argc, argv, errors);
    fclose(errors);
    return err;
}

/* Each layer alone and all of them together: the highest that speaks wins. */
START_TEST(flag_beats_environment_beats_file_beats_default)
{
    bool flag = _i & 1, environment = _i & 2, file = _i & 4;
    int64_t expected = flag ? 1 : environment ? 2 : file ? 3 : 18080;

    write_file(file ? "port: 3\nhost: 0.0.0.0\n" : "host: 0.0.0.0\n");
    if (environment)
        setenv("WXPAY_SANDBOX_PORT", "2", 1);
    ck_assert_int_eq(read_words(flag ? "--config @ --port 1" : "--config @"), 0);
    ck_assert_int_eq(options.port, expected);
    ck_assert_str_eq(options.host, "0.0.0.0");
    ck_assert_int_eq(options_given(&options, "port"), flag || environment || file);
    ck_assert(options_given(&options, "host"));
    ck_assert(!options_given(&options, "seed"));
}
END_TEST

START_TEST(the_file_is_named_by_the_environment_too)
{
    write_file("control_port: 7\njson: true\ndurability: full\n");
    setenv("WXPAY_SANDBOX_CONFIG", file_path, 1);
    ck_assert_int_eq(read_words(""), 0);
    ck_assert_int_eq(options.control_port, 7);
    ck_assert(options.json);
    ck_assert_int_eq(options.durability, 1);
}
END_TEST

START_TEST(a_list_of_a_higher_layer_replaces_the_lower_one)
{
    write_file("set: [a=1, b=2]\n");
    ck_assert_int_eq(read_words("--config @"), 0);
    ck_assert_uint_eq(options.set.count, 2);
    ck_assert_str_eq(options.set.item[1], "b=2");
    options_release(&options);
    options_init(&options);

    setenv("WXPAY_SANDBOX_SET", "c=3", 1);
    ck_assert_int_eq(read_words("--config @"), 0);
    ck_assert_uint_eq(options.set.count, 1);
    ck_assert_str_eq(options.set.item[0], "c=3");
    options_release(&options);
    options_init(&options);

    ck_assert_int_eq(read_words("--config @ --set d=4 --set=e=5"), 0);
    ck_assert_uint_eq(options.set.count, 2);
    ck_assert_str_eq(options.set.item[0], "d=4");
    ck_assert_str_eq(options.set.item[1], "e=5");
}
END_TEST

START_TEST(what_another_verb_wants_is_allowed_in_the_file)
{
    write_file("exchanges: /tmp/x\norigin:\n  - a=b\nport: 4\n");
    ck_assert_int_eq(read_words("--config @"), 0);
    ck_assert_int_eq(options.port, 4);
    ck_assert_ptr_null(options.exchanges);
    ck_assert_uint_eq(options.origin.count, 0);
}
END_TEST

START_TEST(arguments_are_kept_in_order)
{
    ck_assert_int_eq(read_words("one --port 5 two -- --three"), 0);
    ck_assert_uint_eq(options.arg_count, 3);
    ck_assert_str_eq(options.arg[0], "one");
    ck_assert_str_eq(options.arg[2], "--three");
    ck_assert_int_eq(options.port, 5);
}
END_TEST

static const struct {
    const char *words, *port, *file; /* port: WXPAY_SANDBOX_PORT */
    const char *says;                /* must be in the message */
} wrong[] = {
    { "--port 65536", NULL, "", "--port: must be a number from 0 to 65535" },
    { "--port=-1", NULL, "", "--port: must be" },
    { "--port 0x10", NULL, "", "--port: must be" },
    { "--port", NULL, "", "--port: missing argument" },
    { "--colour red", NULL, "", "--colour: unknown option" },
    { "--state NOTPAY", NULL, "", "--state: unknown option" }, /* another verb's */
    { "--durability maybe", NULL, "", "--durability: \"maybe\" is not one of normal|full" },
    { "", "x", "", "WXPAY_SANDBOX_PORT: must be a number" },
    { "--config /nonexistent", NULL, "", "/nonexistent: the configuration file cannot be opened" },
    { "--config @", NULL, "host: a\nport: 70000\n", ":2: port: must be a number" },
    { "--config @", NULL, "host: a\n\ncolour: red\n", ":3: there is no setting \"colour\"" },
    { "--config @", NULL, "control-port: 1\n", ":1: there is no setting \"control-port\"" },
    { "--config @", NULL, "config: x\n", ":1: there is no setting \"config\"" },
    { "--config @", NULL, "port: 1\nport: 2\n", ":2: \"port\" is given twice" },
    { "--config @", NULL, "port: [1]\n", ":1: a plain value is expected" },
    { "--config @", NULL, "set:\n  - [a]\n", "plain values" },
    { "--config @", NULL, "host: &a b\n", ":1: anchors are refused" },
    { "--config @", NULL, "host: !!str b\n", ":1: tags are refused" },
    { "--config @", NULL, "host: *a\n", ":1:" },
    { "--config @", NULL, "- port\n", ":1: a map of settings is expected" },
    { "--config @", NULL, "? [a]\n: b\n", "the name of a setting" },
    { "--config @", NULL, "port: 1\n---\nport: 2\n", "the end of the file" },
    { "--config @", NULL, "host: \"a\n", "" },
    { "--config @", NULL, "host: \"a\\0b\"\n", "NUL" },
    { "--config @", NULL, "exchange_ring: x\n", ":1: exchange-ring: must be a number" },
};

START_TEST(what_is_wrong_is_named_with_its_place)
{
    write_file(wrong[_i].file);
    if (wrong[_i].port)
        setenv("WXPAY_SANDBOX_PORT", wrong[_i].port, 1);
    ck_assert_int_eq(read_words(wrong[_i].words), ERR_USAGE);
    ck_assert_msg(strncmp(said, "wxpay-sandbox test: ", 20) == 0, "%s", said);
    ck_assert_msg(strstr(said, wrong[_i].says), "%s", said);
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
}
END_TEST

/* A name misspelt in a verb's list would silently not exist. */
START_TEST(every_verb_names_options_that_exist)
{
    for (size_t v = 0; verb_at(v); v++) {
        struct view rest = view_str(verb_at(v)->options);
        while (rest.len) {
            struct view name = view_cut(rest, ' ', &rest);
            bool known = false;
            for (size_t i = 0; option_at(i); i++)
                known = known || view_is(name, option_at(i)->name);
            ck_assert_msg(known, "%s: %.*s", verb_at(v)->name, VIEW_ARG(name));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli options");
    TCase *tc = tcase_create("layers");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, flag_beats_environment_beats_file_beats_default, 0, 8);
    tcase_add_test(tc, the_file_is_named_by_the_environment_too);
    tcase_add_test(tc, a_list_of_a_higher_layer_replaces_the_lower_one);
    tcase_add_test(tc, what_another_verb_wants_is_allowed_in_the_file);
    tcase_add_test(tc, arguments_are_kept_in_order);
    tcase_add_loop_test(tc, what_is_wrong_is_named_with_its_place, 0, COUNT(wrong));
    tcase_add_test(tc, every_verb_names_options_that_exist);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
