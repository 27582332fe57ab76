#include "base/err.h"

#include "base_test.h"

#include <errno.h>
#include <string.h>

START_TEST(every_code_has_a_name_and_a_phrase_of_its_own)
{
    static const int codes[] = {
#define X(name, value, text) ERR_##name,
        ERR_MAP(X)
#undef X
    };
    for (size_t i = 0; i < COUNT(codes); i++) {
        ck_assert_int_lt(codes[i], -5000);
        ck_assert_int_eq(strncmp(err_name(codes[i]), "ERR_", 4), 0);
        ck_assert_str_ne(err_name(codes[i]), "ERR_?");
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(err_name(codes[i]), err_name(codes[j]));
            ck_assert_str_ne(err_text(codes[i]), err_text(codes[j]));
        }
    }
}
END_TEST

START_TEST(codes_of_the_system_keep_their_names)
{
    ck_assert_str_eq(err_name(-ECONNREFUSED), "ECONNREFUSED");
    ck_assert_str_eq(err_text(-ENOENT), "No such file or directory");
    ck_assert_str_eq(err_name(1), "ERR_?");
    ck_assert_str_eq(err_name(-4999), "ERR_?");
    ck_assert_str_eq(err_text(-4999), "unknown error");
}
END_TEST

TCase *err_tests(void)
{
    TCase *tests = tcase_create("err");
    tcase_add_test(tests, every_code_has_a_name_and_a_phrase_of_its_own);
    tcase_add_test(tests, codes_of_the_system_keep_their_names);
    return tests;
}
