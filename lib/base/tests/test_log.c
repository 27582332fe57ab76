#include "base/log.h"

#include "base/err.h"
#include "base_test.h"

#include <stdio.h>
#include <unistd.h>

static char said[20000];

static int real_stderr;
static FILE *caught;

static void catch_lines(void)
{
    caught = tmpfile();
    ck_assert_ptr_nonnull(caught);
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(caught), STDERR_FILENO), 0);
    log_set_level(LOG_DEBUG);
}

static void release(void)
{
    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(caught);
    size_t len = fread(said, 1, sizeof(said) - 1, caught);
    said[len] = '\0';
    fclose(caught);
}

/* The line after its time stamp. */
static const char *after_time(void)
{
    ck_assert_uint_gt(strlen(said), 30);
    ck_assert(said[4] == '-' && said[10] == 'T' && said[23] == '+' && said[29] == ' ');
    return said + 30;
}

static const struct {
    struct view value;
    const char *written;
} values[] = {
    { VIEW("plain-1.2/3"), "plain-1.2/3" },
    { VIEW(""), "\"\"" },
    { VIEW("two words"), "\"two words\"" },
    { VIEW("say \"hi\""), "\"say \\\"hi\\\"\"" },
    { VIEW("back\\slash"), "\"back\\\\slash\"" },
    { VIEW("a=b"), "\"a=b\"" }, /* could pass for another pair */
    { VIEW("x\n2026-11-24 error gate: forged"), "\"x\\x0a2026-11-24 error gate: forged\"" },
    { VIEW("\r\t\0\x1b[31m\x7f"), "\"\\x0d\\x09\\x00\\x1b[31m\\x7f\"" },
    { VIEW("\xe4\xb8\xad"), "\xe4\xb8\xad" },
};

START_TEST(a_value_cannot_forge_a_line) /* looped over values */
{
    char expected[200];
    catch_lines();
    log_event(LOG_WARN, "gate", "refused", "value", values[_i].value, "next", VIEW("1"), NULL);
    release();
    snprintf(expected, sizeof(expected), "warn  gate: refused value=%s next=1\n",
             values[_i].written);
    ck_assert_str_eq(after_time(), expected);
}
END_TEST

START_TEST(a_sentence_cannot_forge_a_line)
{
    catch_lines();
    log_line(LOG_INFO, "net", "from %s", "a\nb\x1b");
    release();
    ck_assert_str_eq(after_time(), "info  net: from a\\x0ab\\x1b\n");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_and_still_ends)
{
    static char text[12000];
    memset(text, 'x', sizeof(text));
    catch_lines();
    log_event(LOG_INFO, "net", "long", "value", (struct view){ text, sizeof(text) }, NULL);
    log_line(LOG_INFO, "net", "short");
    release();
    const char *end = strchr(said, '\n');
    ck_assert_ptr_nonnull(end);
    ck_assert_int_le(end - said, 8192);
    ck_assert_ptr_nonnull(strstr(end, "info  net: short\n"));
}
END_TEST

START_TEST(what_is_below_the_level_is_not_said) /* looped over the levels */
{
    catch_lines();
    log_set_level((enum log_level)_i);
    for (int level = LOG_DEBUG; level <= LOG_NONE; level++)
        log_event((enum log_level)level, "room", "x", NULL);
    release();
    size_t lines = 0;
    for (const char *c = said; (c = strchr(c, '\n')); c++)
        lines++;
    ck_assert_uint_eq(lines, (size_t)(LOG_NONE - _i));
    ck_assert_int_eq(log_get_level(), _i);
}
END_TEST

START_TEST(levels_have_names)
{
    enum log_level level = LOG_INFO;
    ck_assert_int_eq(log_parse_level(VIEW("debug"), &level), 0);
    ck_assert_int_eq(level, LOG_DEBUG);
    ck_assert_int_eq(log_parse_level(VIEW("none"), &level), 0);
    ck_assert_int_eq(level, LOG_NONE);
    ck_assert_int_eq(log_parse_level(VIEW("Debug"), &level), ERR_SYNTAX);
    ck_assert_int_eq(log_parse_level(VIEW(""), &level), ERR_SYNTAX);
    ck_assert_int_eq(level, LOG_NONE);
}
END_TEST

START_TEST(without_memory_nothing_breaks)
{
    for (int64_t n = 1; n < 10; n++) {
        catch_lines();
        mem_fail_at(n);
        log_event(LOG_INFO, "net", "event", "value", VIEW("x y"), NULL);
        log_line(LOG_INFO, "net", "%0300d", 1);
        mem_fail_at(0);
        release();
    }
}
END_TEST

TCase *log_tests(void)
{
    TCase *tests = tcase_create("log");
    tcase_add_loop_test(tests, a_value_cannot_forge_a_line, 0, COUNT(values));
    tcase_add_test(tests, a_sentence_cannot_forge_a_line);
    tcase_add_test(tests, a_line_that_is_too_long_is_cut_and_still_ends);
    tcase_add_loop_test(tests, what_is_below_the_level_is_not_said, LOG_DEBUG, LOG_NONE + 1);
    tcase_add_test(tests, levels_have_names);
    tcase_add_test(tests, without_memory_nothing_breaks);
    return tests;
}
