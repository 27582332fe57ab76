/*
 * store_test.h — what the store's tests share: an open store in memory, orders put and sought.
 */
#ifndef TESTS_STORE_TEST_H
#define TESTS_STORE_TEST_H

#include "base/err.h"
#include "base/mem.h"
#include "store/sql.h"

#include <check.h>
#include <stdlib.h>

static struct store *store;

static inline struct store *open_in(const char *path)
{
    struct store *opened;
    struct store_options options = { .dir = path };
    int err = store_open(&opened, &options);
    ck_assert_msg(err == 0, "%s", store_trouble(NULL));
    return opened;
}

static inline void setup(void)
{
    store = open_in(NULL);
    ck_assert_int_eq(store_begin(store), 0);
}

static inline void teardown(void)
{
    store_close(store);
    ck_assert_int_eq(mem_live(), 0);
}

static inline int64_t put_order(struct store *into, int64_t account_id, const char *number)
{
    struct order_row row = { .account_id = account_id, .state = TRADE_NOTPAY, .created_ms = 5 };
    ck_assert_int_eq(view_copy(view_str(number), row.out_trade_no, sizeof(row.out_trade_no)), 0);
    ck_assert_int_eq(order_insert(into, &row), 0);
    return row.id;
}

static inline bool has_order(struct store *in, int64_t account_id, const char *number)
{
    struct order_row row;
    int err = order_get_by_number(in, account_id, view_str(number), &row);
    ck_assert(err == 0 || err == ERR_NOT_FOUND);
    order_row_release(&row);
    return err == 0;
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
