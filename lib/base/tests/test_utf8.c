#include "base/utf8.h"

#include "base_test.h"

#define FINE SIZE_MAX

/* The table of RFC 3629 4 and its borders. */
static const struct {
    struct view text;
    size_t broken_at, count;
} rows[] = {
    { VIEW(""), FINE, 0 },
    { VIEW("a\0b"), FINE, 3 },
    { VIEW("\x7f"), FINE, 1 },
    { VIEW("\xc2\x80"), FINE, 1 },
    { VIEW("\xdf\xbf"), FINE, 1 },
    { VIEW("\xe0\xa0\x80"), FINE, 1 },
    { VIEW("\xed\x9f\xbf"), FINE, 1 },
    { VIEW("\xee\x80\x80"), FINE, 1 },
    { VIEW("\xef\xbf\xbf"), FINE, 1 },
    { VIEW("\xf0\x90\x80\x80"), FINE, 1 },
    { VIEW("\xf4\x8f\xbf\xbf"), FINE, 1 },
    { VIEW("a\xe4\xb8\xad"
           "b\xf0\x9f\x98\x80"),
      FINE, 4 },
    { VIEW("a\x80"), 1, 0 },            /* continues nothing */
    { VIEW("\xc0\x80"), 0, 0 },         /* NUL, overlong */
    { VIEW("\xc1\xbf"), 0, 0 },         /* overlong */
    { VIEW("ab\xe0\x9f\xbf"), 2, 0 },   /* overlong */
    { VIEW("\xf0\x8f\xbf\xbf"), 0, 0 }, /* overlong */
    { VIEW("\xed\xa0\x80"), 0, 0 },     /* a surrogate */
    { VIEW("\xed\xbf\xbf"), 0, 0 },     /* a surrogate */
    { VIEW("\xf4\x90\x80\x80"), 0, 0 }, /* above U+10FFFF */
    { VIEW("\xf5\x80\x80\x80"), 0, 0 },
    { VIEW("\xff"), 0, 0 },
    { VIEW("\xfe"), 0, 0 },
    { VIEW("x\xc2"), 1, 0 }, /* cut off */
    { VIEW("x\xe4\xb8"), 1, 0 },
    { VIEW("x\xf0\x9f\x98"), 1, 0 },
    { VIEW("\xe4\xb8"
           "a"),
      0, 0 },
    { VIEW("\xe4"
           "ab"),
      0, 0 },
    { VIEW("\xf0\x9f\x98"
           "a"),
      0, 0 },
    { VIEW("\xd6\xd0\xce\xc4"), 0, 0 }, /* GBK for two Chinese characters */
};

START_TEST(text_is_well_formed_or_broken_at_a_place) /* looped over rows */
{
    ck_assert_uint_eq(utf8_broken_at(rows[_i].text), rows[_i].broken_at);
    if (rows[_i].broken_at == FINE)
        ck_assert_uint_eq(utf8_count(rows[_i].text), rows[_i].count);
}
END_TEST

/* Every code point, written by the rule of RFC 3629 3, and what is no code point. */
START_TEST(every_code_point_is_judged_by_its_number)
{
    uint32_t wrong = 0;
    for (uint32_t c = 0x80; c < 0x120000 && !wrong; c++) {
        char s[4];
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = len - 1, rest = c; i > 0; i--, rest >>= 6)
            s[i] = (char)(0x80 | (rest & 0x3f));
        s[0] = (char)((0xf00u >> len) | (c >> (6 * (len - 1))));
        bool fine = (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
        if (utf8_broken_at((struct view){ s, len }) != (fine ? FINE : 0))
            wrong = c;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

TCase *utf8_tests(void)
{
    TCase *tests = tcase_create("utf8");
    tcase_add_loop_test(tests, text_is_well_formed_or_broken_at_a_place, 0, COUNT(rows));
    tcase_add_test(tests, every_code_point_is_judged_by_its_number);
    return tests;
}
