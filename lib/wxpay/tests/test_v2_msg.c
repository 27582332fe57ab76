/* The list of fields: what is added is there, once, at a place that stays. */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v2_msg.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(absent_empty_and_filled_are_three_things)
{
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "empty", ""), 0);
    ck_assert_int_eq(v2_msg_add_str(&msg, "zero", "0"), 0);
    ck_assert_ptr_null(v2_msg_get(&msg, "absent").ptr);
    ck_assert_ptr_nonnull(v2_msg_get(&msg, "empty").ptr);
    ck_assert(!v2_msg_has(&msg, "absent") && v2_msg_has(&msg, "empty"));
    ck_assert(!v2_msg_filled(&msg, "empty") && v2_msg_filled(&msg, "zero"));
    ck_assert(!v2_msg_has(&msg, "zer") && !v2_msg_has(&msg, "zero0") && !v2_msg_has(&msg, ""));
    v2_msg_release(&msg);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "total_fee", "1"), 0);
    ck_assert_int_eq(v2_msg_add_str(&msg, "total_fee", "2"), ERR_EXISTS);
    ck_assert_int_eq(v2_msg_add_str(&msg, "Total_fee", "3"), 0); /* names are case-sensitive */
    ck_assert(view_is(v2_msg_get(&msg, "total_fee"), "1"));
    ck_assert_uint_eq(msg.count, 2);
    v2_msg_release(&msg);
}
END_TEST

START_TEST(views_hold_while_fields_are_added)
{
    struct v2_msg msg = {};
    struct view first[V2_FIELDS_MAX];
    char name[16], value[64];
    for (int i = 0; i < V2_FIELDS_MAX; i++) {
        snprintf(name, sizeof(name), "name_%d", i);
        snprintf(value, sizeof(value), "a value that is long enough to fill the block, %d", i);
        ck_assert_int_eq(v2_msg_add_str(&msg, name, value), 0);
        first[i] = v2_msg_get(&msg, name);
    }
    ck_assert_int_eq(v2_msg_add_str(&msg, "one_more", "1"), ERR_LIMIT);
    for (int i = 0; i < V2_FIELDS_MAX; i++) {
        snprintf(name, sizeof(name), "name_%d", i);
        snprintf(value, sizeof(value), "a value that is long enough to fill the block, %d", i);
        ck_assert_ptr_eq(first[i].ptr, v2_msg_get(&msg, name).ptr);
        ck_assert_str_eq(first[i].ptr, value);
    }
    v2_msg_clear(&msg);
    ck_assert_uint_eq(msg.count, 0);
    ck_assert(!v2_msg_has(&msg, "name_0"));
    v2_msg_release(&msg);
}
END_TEST

START_TEST(a_value_may_come_from_the_same_message)
{
    struct v2_msg msg = {};
    char value[900];
    memset(value, 'v', sizeof(value));
    ck_assert_int_eq(v2_msg_add(&msg, VIEW("a"), (struct view){ value, sizeof(value) }), 0);
    ck_assert_int_eq(v2_msg_add(&msg, VIEW("b"), v2_msg_get(&msg, "a")), 0);
    ck_assert(view_eq(v2_msg_get(&msg, "b"), (struct view){ value, sizeof(value) }));
    v2_msg_release(&msg);
}
END_TEST

START_TEST(set_replaces_in_place_and_remove_closes_the_gap)
{
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "a", "1"), 0);
    ck_assert_int_eq(v2_msg_add_int(&msg, "b", -2), 0);
    ck_assert_int_eq(v2_msg_add_str(&msg, "c", "3"), 0);
    struct view old = v2_msg_get(&msg, "b");
    ck_assert_int_eq(v2_msg_set(&msg, "b", VIEW("two")), 0);
    ck_assert_int_eq(v2_msg_set(&msg, "d", VIEW("4")), 0);
    ck_assert(view_is(msg.field[1].value, "two") && !msg.field[1].bare);
    ck_assert(view_is(old, "-2"));
    ck_assert_uint_eq(msg.count, 4);
    ck_assert(v2_msg_remove(&msg, "a"));
    ck_assert(!v2_msg_remove(&msg, "a"));
    ck_assert(view_is(msg.field[0].name, "b") && view_is(msg.field[2].name, "d"));
    ck_assert_uint_eq(msg.count, 3);
    v2_msg_release(&msg);
}
END_TEST

START_TEST(names_and_values_have_bounds)
{
    struct v2_msg msg = {};
    static char big[V2_XML_MAX + 1];
    memset(big, 'n', sizeof(big));
    struct view value = { big, sizeof(big) };
    ck_assert_int_eq(v2_msg_add(&msg, (struct view){ big, V2_NAME_MAX }, VIEW("1")), 0);
    ck_assert_int_eq(v2_msg_add(&msg, (struct view){ big, V2_NAME_MAX + 1 }, VIEW("1")),
                     ERR_TOO_LONG);
    ck_assert_int_eq(v2_msg_add(&msg, VIEW(""), VIEW("1")), ERR_SYNTAX);
    ck_assert_int_eq(v2_msg_add(&msg, VIEW("a"), value), ERR_TOO_LONG);
    value.len--;
    ck_assert_int_eq(v2_msg_add(&msg, VIEW("a"), value), 0);
    ck_assert_uint_eq(msg.count, 2);
    v2_msg_release(&msg);
}
END_TEST

static int build(struct v2_msg *msg)
{
    char name[16];
    int err = 0;
    for (int i = 0; !err && i < 100; i++) {
        snprintf(name, sizeof(name), "name_%d", i);
        err = v2_msg_add_str(msg, name, "thirty-two bytes of value, or so");
    }
    return err;
}

START_TEST(without_memory_a_message_keeps_what_it_had)
{
    int64_t before = mem_live();
    for (int64_t n = 1;; n++) {
        struct v2_msg msg = {};
        mem_fail_at(n);
        int err = build(&msg);
        int refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        for (size_t i = 0; i < msg.count; i++)
            ck_assert(view_is(msg.field[i].value, "thirty-two bytes of value, or so"));
        v2_msg_release(&msg);
        ck_assert_int_eq(mem_live(), before);
        if (!refused)
            break;
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2_msg");
    TCase *list = tcase_create("list");
    tcase_add_test(list, absent_empty_and_filled_are_three_things);
    tcase_add_test(list, a_name_is_taken_once);
    tcase_add_test(list, views_hold_while_fields_are_added);
    tcase_add_test(list, a_value_may_come_from_the_same_message);
    tcase_add_test(list, set_replaces_in_place_and_remove_closes_the_gap);
    tcase_add_test(list, names_and_values_have_bounds);
    tcase_add_test(list, without_memory_a_message_keeps_what_it_had);
    suite_add_tcase(suite, list);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner,
                            CK_NOFORK); /* hundreds of forks of a sanitized program are slow */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
