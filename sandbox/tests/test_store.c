#include "base/err.h"
#include "base/mem.h"
#include "store/store.h"

#include <check.h>
#include <stdlib.h>

START_TEST(opens)
{
    struct store *store;
    struct store_options options = {};
    ck_assert_int_eq(store_open(&store, &options), 0);
    ck_assert_int_eq(store_begin(store), 0);
    struct order_row row = { .account_id = 1, .state = TRADE_NOTPAY, .out_trade_no = "A1" };
    ck_assert_int_eq(order_insert(store, &row), 0);
    ck_assert_int_eq(store_commit(store), 0);
    store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *rows = tcase_create("rows");
    tcase_add_test(rows, opens);
    suite_add_tcase(suite, rows);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
