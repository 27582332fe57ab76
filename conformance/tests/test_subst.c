/* ${name} in every place it may stand. */
#include "base/err.h"
#include "base/mem.h"
#include "subst.h"

#include <check.h>
#include <stdlib.h>

static struct scope run, order;

static void setup(void)
{
    order.outer = &run;
    ck_assert_int_eq(scope_set(&run, "mch_id", "1900000109", NAME_TEXT), 0);
    ck_assert_int_eq(scope_set(&run, "id", "outer", NAME_TEXT), 0);
    ck_assert_int_eq(scope_set(&order, "id", "a b&c/\"\xE8\x8C\xB6", NAME_TEXT), 0);
    ck_assert_int_eq(scope_set_i64(&order, "amount_fen", 990), 0);
    ck_assert_int_eq(scope_set(&order, "amount_yuan", "9.90", NAME_YUAN), 0);
    ck_assert_int_eq(scope_set(&order, "url", "http://h/a?b=c&d", NAME_TEXT), 0);
    ck_assert_int_eq(scope_set(&order, "evil", "a\r\nX: y", NAME_TEXT), 0);
}

static void teardown(void)
{
    scope_release(&order);
    scope_release(&run);
}

static const struct {
    const char *pattern;
    enum escape escape;
    int err;
    const char *out;
} texts[] = {
    { "plain", ESCAPE_NONE, 0, "plain" },
    { "m=${mch_id}.", ESCAPE_NONE, 0, "m=1900000109." },
    { "${id}", ESCAPE_NONE, 0, "a b&c/\"\xE8\x8C\xB6" },
    { "/orders/${id}/x", ESCAPE_PERCENT, 0, "/orders/a%20b%26c%2F%22%E8%8C%B6/x" },
    { "${url}", ESCAPE_PERCENT, 0, "http://h/a?b=c&d" },
    { "/go?u=${url}", ESCAPE_PERCENT, 0, "/go?u=http%3A%2F%2Fh%2Fa%3Fb%3Dc%26d" },
    { "x ${id}", ESCAPE_FORM, 0, "x+a+b%26c%2F%22%E8%8C%B6" },
    { "$${mch_id} $ $$ ${amount_fen:text}", ESCAPE_NONE, 0, "${mch_id} $ $$ 990" },
    { "${nobody}", ESCAPE_NONE, ERR_NOT_FOUND, NULL },
    { "${mch_id", ESCAPE_NONE, ERR_SYNTAX, NULL },
    { "${}", ESCAPE_NONE, ERR_SYNTAX, NULL },
    { "${a b}", ESCAPE_NONE, ERR_SYNTAX, NULL },
    { "T: ${evil}", ESCAPE_LINE, ERR_SYNTAX, NULL },
    { "T: ${mch_id}", ESCAPE_LINE, 0, "T: 1900000109" },
};

START_TEST(a_text_is_filled_and_escaped_for_its_place) /* looped over the table */
{
    struct buf out = BUF_INIT(1000);
    int err = subst_text(texts[_i].pattern, &order, texts[_i].escape, &out);

    ck_assert_int_eq(err, texts[_i].err);
    if (!err)
        ck_assert_str_eq(buf_cstr(&out), texts[_i].out);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *pattern, *out;
} jsons[] = {
    { "{\"a\":\"${amount_fen}\"}", "{\"a\":990}" },
    { "{\"a\":\"${amount_fen:text}\"}", "{\"a\":\"990\"}" },
    { "{\"a\":\"x${amount_fen}\"}", "{\"a\":\"x990\"}" },
    { "{\"a\":\"${amount_yuan}\"}", "{\"a\":9.90}" },
    { "{\"a\":\"${mch_id}\"}", "{\"a\":\"1900000109\"}" },
    { "{\"a\":\"${id}\"}", "{\"a\":\"a b&c/\\\"\xE8\x8C\xB6\"}" },
    { "[1,true,null,[\"$${x}\"],{\"b\":0.5}]", "[1,true,null,[\"${x}\"],{\"b\":0.5}]" },
};

START_TEST(a_lone_name_in_json_keeps_its_type) /* looped over the table */
{
    json_t *pattern = json_loads(jsons[_i].pattern, 0, NULL);
    struct buf out = BUF_INIT(1000);

    ck_assert_ptr_nonnull(pattern);
    ck_assert_int_eq(subst_json(pattern, &order, &out), 0);
    ck_assert_str_eq(buf_cstr(&out), jsons[_i].out);
    buf_release(&out);
    json_decref(pattern);
}
END_TEST

START_TEST(an_inner_name_hides_an_outer_one_and_a_new_value_replaces_the_old)
{
    ck_assert_str_eq(scope_get(&run, VIEW("id"))->value, "outer");
    ck_assert_int_eq(scope_set(&order, "id", "second", NAME_TEXT), 0);
    ck_assert_str_eq(scope_get(&order, VIEW("id"))->value, "second");
    ck_assert_ptr_null(scope_get(&order, VIEW("i")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("subst");
    TCase *tcase = tcase_create("subst");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_text_is_filled_and_escaped_for_its_place, 0, COUNT(texts));
    tcase_add_loop_test(tcase, a_lone_name_in_json_keeps_its_type, 0, COUNT(jsons));
    tcase_add_test(tcase, an_inner_name_hides_an_outer_one_and_a_new_value_replaces_the_old);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
