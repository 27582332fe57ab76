#include "base/clock.h"

#include "base/err.h"
#include "base_test.h"

#include <string.h>

/* From `TZ=UTC-8 date -d … +%s`. */
static const struct {
    int64_t seconds;
    const char *text_14, *text_iso;
} moments[] = {
    { 1795486530, "20261124101530", "2026-11-24T10:15:30.000+08:00" },
    { 0, "19700101080000", "1970-01-01T08:00:00.000+08:00" },
    { 1709222399, "20240229235959", "2024-02-29T23:59:59.000+08:00" },
    { 951753600, "20000229000000", "2000-02-29T00:00:00.000+08:00" },
    { 2147483648, "20380119111408", "2038-01-19T11:14:08.000+08:00" },
    { 946655999, "19991231235959", "1999-12-31T23:59:59.000+08:00" },
    { -28801, "19691231235959", "1969-12-31T23:59:59.000+08:00" },
    { 253402271999, "99991231235959", "9999-12-31T23:59:59.000+08:00" },
};

START_TEST(beijing_time_is_written_and_read_back) /* looped over moments */
{
    char text[CN_TIME_LEN + 1], iso[CN_TIME_ISO_LEN + 1];
    int64_t ms = 0;
    cn_time_14(moments[_i].seconds * 1000, text);
    ck_assert_str_eq(text, moments[_i].text_14);
    cn_time_iso(moments[_i].seconds * 1000, iso);
    ck_assert_str_eq(iso, moments[_i].text_iso);
    ck_assert_int_eq(cn_time_parse_14(text, CN_TIME_LEN, &ms), 0);
    ck_assert_int_eq(ms, moments[_i].seconds * 1000);
}
END_TEST

START_TEST(milliseconds_are_cut_towards_the_past)
{
    char text[CN_TIME_LEN + 1], iso[CN_TIME_ISO_LEN + 1];
    cn_time_14(999, text);
    ck_assert_str_eq(text, "19700101080000");
    cn_time_14(-1, text);
    ck_assert_str_eq(text, "19700101075959");
    cn_time_iso(-1, iso);
    ck_assert_str_eq(iso, "1970-01-01T07:59:59.999+08:00");
    cn_time_iso(1, iso);
    ck_assert_str_eq(iso, "1970-01-01T08:00:00.001+08:00");
}
END_TEST

static const struct {
    const char *text;
    int err;
} broken[] = {
    { "", ERR_SYNTAX },
    { "2026112410153", ERR_SYNTAX },
    { "202611241015300", ERR_SYNTAX },
    { "2026112410153x", ERR_SYNTAX },
    { "2026-11-241015", ERR_SYNTAX },
    { "+0261124101530", ERR_SYNTAX },
    { " 0261124101530", ERR_SYNTAX },
    { "20261324101530", ERR_RANGE }, /* month 13 */
    { "20260024101530", ERR_RANGE },
    { "20261100101530", ERR_RANGE },
    { "20261131101530", ERR_RANGE }, /* 31 November */
    { "20260229101530", ERR_RANGE }, /* no leap year */
    { "19000229101530", ERR_RANGE }, /* nor this one */
    { "20261124241530", ERR_RANGE }, /* hour 24 */
    { "20261124106030", ERR_RANGE },
    { "20261124101560", ERR_RANGE },
};

START_TEST(a_day_that_does_not_exist_is_refused) /* looped over broken */
{
    int64_t ms = -7;
    ck_assert_int_eq(cn_time_parse_14(broken[_i].text, (int64_t)strlen(broken[_i].text), &ms),
                     broken[_i].err);
    ck_assert_int_eq(ms, -7);
}
END_TEST

START_TEST(every_day_of_four_centuries_survives)
{
    char text[CN_TIME_LEN + 1], before[CN_TIME_LEN + 1] = "";
    bool fine = true;
    for (int64_t day = 0; day < 400 * 366 && fine; day++) {
        int64_t ms = day * 86400000 - 28800000, back = 0;
        cn_time_14(ms, text);
        fine =
            strcmp(text, before) > 0 && !cn_time_parse_14(text, CN_TIME_LEN, &back) && back == ms;
        memcpy(before, text, sizeof(before));
    }
    ck_assert_msg(fine, "%s", text);
}
END_TEST

START_TEST(a_frozen_clock_stands_and_can_be_set)
{
    struct vclock clock = {};
    vclock_freeze(&clock, 1000);
    ck_assert_int_eq(vclock_ms(&clock), 1000);
    vclock_set(&clock, 2000);
    ck_assert_int_eq(vclock_ms(&clock), 2000);
    vclock_reset(&clock);
    ck_assert(!clock.frozen && clock.offset_ms == 0);
}
END_TEST

START_TEST(a_running_clock_keeps_its_distance_from_real_time)
{
    struct vclock clock = {};
    int64_t before = clock_real_ms();
    int64_t shown = vclock_ms(&clock), none = vclock_ms(NULL);
    int64_t after = clock_real_ms();
    ck_assert(before <= shown && shown <= after && before <= none && none <= after);

    before = clock_real_ms();
    vclock_set(&clock, 5000);
    after = clock_real_ms();
    ck_assert(5000 - after <= clock.offset_ms && clock.offset_ms <= 5000 - before);
    ck_assert_int_ge(vclock_ms(&clock), 5000);
    vclock_freeze(&clock, 7000);
    ck_assert_int_eq(vclock_ms(&clock), 7000);
}
END_TEST

START_TEST(monotonic_time_never_goes_back)
{
    int64_t before = clock_mono_us();
    bool fine = true;
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_mono_us();
        fine = fine && now >= before;
        before = now;
    }
    ck_assert(fine);
}
END_TEST

/* Known answers by `date -u -d TEXT +%s`. */
static const struct {
    const char *text;
    int err;
    int64_t ms;
} rfc[] = {
    { "2026-09-21T22:13:20+08:00", 0, 1790000000000 },
    { "2026-09-21T14:13:20Z", 0, 1790000000000 },
    { "2026-09-21t14:13:20.1239z", 0, 1790000000123 },
    { "2026-09-21T09:43:20-04:30", 0, 1790000000000 },
    { "2024-02-29T00:00:00.5+00:00", 0, 1709164800500 },
    { "2016-12-31T23:59:60Z", 0, 1483228800000 },
    { "2026-02-29T00:00:00Z", ERR_RANGE, 0 },
    { "2026-13-01T00:00:00Z", ERR_RANGE, 0 },
    { "2026-01-01T24:00:00Z", ERR_RANGE, 0 },
    { "2026-01-01T00:00:00+24:00", ERR_RANGE, 0 },
    { "2026-01-01T00:00:00", ERR_SYNTAX, 0 },
    { "2026-01-01 00:00:00Z", ERR_SYNTAX, 0 },
    { "2026-01-01T00:00:00.Z", ERR_SYNTAX, 0 },
    { "2026-01-01T00:00:00+0800", ERR_SYNTAX, 0 },
    { "2026-01-01T00:00:00Zx", ERR_SYNTAX, 0 },
    { "20260101000000", ERR_SYNTAX, 0 },
    { "", ERR_SYNTAX, 0 },
};

START_TEST(rfc_3339_is_read)
{
    int64_t ms = 0;
    int64_t whole = (int64_t)strlen(rfc[_i].text);
    ck_assert_int_eq(time_parse_rfc3339(rfc[_i].text, whole, &ms), rfc[_i].err);
    ck_assert_int_eq(ms, rfc[_i].ms);
    for (int64_t len = 0; !rfc[_i].err && len < whole; len++) /* no shorter one is it */
        ck_assert_int_ne(time_parse_rfc3339(rfc[_i].text, len, &ms), 0);
}
END_TEST

START_TEST(rfc_3339_is_written)
{
    char text[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(1790000000999, text);
    ck_assert_str_eq(text, "2026-09-21T22:13:20+08:00");
}
END_TEST

TCase *clock_tests(void)
{
    TCase *tests = tcase_create("clock");
    tcase_add_loop_test(tests, beijing_time_is_written_and_read_back, 0, COUNT(moments));
    tcase_add_test(tests, milliseconds_are_cut_towards_the_past);
    tcase_add_loop_test(tests, a_day_that_does_not_exist_is_refused, 0, COUNT(broken));
    tcase_add_test(tests, every_day_of_four_centuries_survives);
    tcase_add_test(tests, a_frozen_clock_stands_and_can_be_set);
    tcase_add_test(tests, a_running_clock_keeps_its_distance_from_real_time);
    tcase_add_test(tests, monotonic_time_never_goes_back);
    tcase_add_loop_test(tests, rfc_3339_is_read, 0, COUNT(rfc));
    tcase_add_test(tests, rfc_3339_is_written);
    return tests;
}
