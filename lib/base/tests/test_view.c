#include "base/view.h"

#include "base/err.h"
#include "base_test.h"

START_TEST(views_compare_by_bytes)
{
    static const struct {
        struct view a, b;
        int order; /* -1, 0, 1 */
    } rows[] = {
        { VIEW(""), VIEW(""), 0 },          { VIEW("a"), VIEW("a"), 0 },
        { VIEW(""), VIEW("a"), -1 },        { VIEW("a"), VIEW("ab"), -1 },
        { VIEW("Z"), VIEW("a"), -1 },       { VIEW("a_b"), VIEW("ab"), -1 },
        { VIEW("\x7f"), VIEW("\x80"), -1 }, { VIEW("a\0b"), VIEW("a\0c"), -1 },
        { VIEW("a\0"), VIEW("a"), 1 },      { { NULL, 0 }, VIEW(""), 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int order = view_cmp(rows[i].a, rows[i].b);
        int back = view_cmp(rows[i].b, rows[i].a);
        ck_assert_int_eq((order > 0) - (order < 0), rows[i].order);
        ck_assert_int_eq((back > 0) - (back < 0), -rows[i].order);
        ck_assert_int_eq(view_eq(rows[i].a, rows[i].b), rows[i].order == 0);
        ck_assert_int_eq(view_eq_secret(rows[i].a, rows[i].b), rows[i].order == 0);
    }
}
END_TEST

START_TEST(a_secret_differs_wherever_a_byte_does)
{
    char one[32], two[32];
    memset(one, 'x', sizeof(one));
    for (size_t i = 0; i < sizeof(one); i++) {
        memcpy(two, one, sizeof(two));
        ck_assert(view_eq_secret((struct view){ one, 32 }, (struct view){ two, 32 }));
        two[i] ^= (char)0x80;
        ck_assert(!view_eq_secret((struct view){ one, 32 }, (struct view){ two, 32 }));
    }
}
END_TEST

START_TEST(letter_case_is_ascii_only)
{
    ck_assert(view_eq_nocase(VIEW("Content-TYPE"), VIEW("content-type")));
    ck_assert(!view_eq_nocase(VIEW("a"), VIEW("ab")));
    ck_assert(!view_eq_nocase(VIEW("@"), VIEW("`"))); /* differ by 0x20, but are no letters */
    ck_assert(!view_eq_nocase(VIEW("["), VIEW("{")));
    ck_assert(!view_eq_nocase(VIEW("\xc4"), VIEW("\xe4")));
}
END_TEST

START_TEST(beginnings_ends_and_places_are_found)
{
    ck_assert(view_starts(VIEW("abc"), VIEW("ab")));
    ck_assert(view_starts(VIEW("abc"), VIEW("")));
    ck_assert(!view_starts(VIEW("a"), VIEW("ab")));
    ck_assert(view_ends(VIEW("abc"), VIEW("bc")));
    ck_assert(!view_ends(VIEW("c"), VIEW("bc")));
    ck_assert_uint_eq(view_find(VIEW("abcabc"), VIEW("ca")), 2);
    ck_assert_uint_eq(view_find(VIEW("abc"), VIEW("abcd")), SIZE_MAX);
    ck_assert_uint_eq(view_find(VIEW("abc"), VIEW("")), 0);
    ck_assert_uint_eq(view_find((struct view){}, VIEW("a")), SIZE_MAX);
}
END_TEST

START_TEST(blanks_are_trimmed_at_both_ends_only)
{
    ck_assert(view_is(view_trim(VIEW(" \t\r\n\f\va b \n")), "a b"));
    ck_assert_uint_eq(view_trim(VIEW("  \n")).len, 0);
    ck_assert_uint_eq(view_trim((struct view){}).len, 0);
    ck_assert(view_is(view_trim(VIEW("\xc2\xa0x")), "\xc2\xa0x")); /* not ASCII: stays */
}
END_TEST

START_TEST(a_cut_gives_every_part_once)
{
    struct view rest = VIEW("a,,b");
    ck_assert(view_is(view_cut(rest, ',', &rest), "a"));
    ck_assert(view_is(view_cut(rest, ',', &rest), ""));
    ck_assert(view_is(view_cut(rest, ',', &rest), "b"));
    ck_assert_uint_eq(rest.len, 0);
    ck_assert(view_is(view_cut(rest, ',', &rest), ""));
    ck_assert(view_is(view_cut(VIEW("a,"), ',', &rest), "a"));
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

static const struct {
    const char *text;
    int64_t max;
    int err;
    int64_t value;
} numbers[] = {
    { "0", 10, 0, 0 },
    { "10", 10, 0, 10 },
    { "9223372036854775807", INT64_MAX, 0, INT64_MAX },
    { "11", 10, ERR_RANGE, 0 },
    { "9223372036854775808", INT64_MAX, ERR_RANGE, 0 },
    { "99999999999999999999999999", INT64_MAX, ERR_RANGE, 0 },
    { "", 10, ERR_SYNTAX, 0 },
    { "00", 10, ERR_SYNTAX, 0 },
    { "01", 10, ERR_SYNTAX, 0 },
    { "+1", 10, ERR_SYNTAX, 0 },
    { "-1", 10, ERR_SYNTAX, 0 },
    { " 1", 10, ERR_SYNTAX, 0 },
    { "1 ", 10, ERR_SYNTAX, 0 },
    { "1.0", 10, ERR_SYNTAX, 0 },
    { "1e1", 10, ERR_SYNTAX, 0 },
    { "0x1", 10, ERR_SYNTAX, 0 },
    { "99999999999999999999x", 10, ERR_SYNTAX, 0 },
};

START_TEST(a_number_is_digits_and_within_its_bound) /* looped over numbers */
{
    int64_t value = -7;
    int err = view_to_i64(view_str(numbers[_i].text), numbers[_i].max, &value);
    ck_assert_int_eq(err, numbers[_i].err);
    ck_assert_int_eq(value, err ? -7 : numbers[_i].value);
}
END_TEST

START_TEST(a_copy_fits_with_its_nul_or_is_refused)
{
    char out[4] = "zzz";
    ck_assert_int_eq(view_copy(VIEW("abcd"), out, sizeof(out)), ERR_TOO_LONG);
    ck_assert_str_eq(out, "zzz");
    ck_assert_int_eq(view_copy(VIEW("abc"), out, sizeof(out)), 0);
    ck_assert_str_eq(out, "abc");
    ck_assert_int_eq(view_copy((struct view){}, out, sizeof(out)), 0);
    ck_assert_str_eq(out, "");
}
END_TEST

TCase *view_tests(void)
{
    TCase *tests = tcase_create("view");
    tcase_add_test(tests, views_compare_by_bytes);
    tcase_add_test(tests, a_secret_differs_wherever_a_byte_does);
    tcase_add_test(tests, letter_case_is_ascii_only);
    tcase_add_test(tests, beginnings_ends_and_places_are_found);
    tcase_add_test(tests, blanks_are_trimmed_at_both_ends_only);
    tcase_add_test(tests, a_cut_gives_every_part_once);
    tcase_add_loop_test(tests, a_number_is_digits_and_within_its_bound, 0, COUNT(numbers));
    tcase_add_test(tests, a_copy_fits_with_its_nul_or_is_refused);
    return tests;
}
