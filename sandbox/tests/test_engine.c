#include "base/err.h"
#include "base/mem.h"
#include "engine/fault.h"
#include "engine/payer.h"

#include <check.h>
#include <stdlib.h>

START_TEST(an_order_is_opened_scanned_and_paid)
{
    struct store_options options = {};
    struct rng rng;
    struct engine engine = { .rng = &rng };
    rng_seed(&rng, 1);
    ck_assert_int_eq(store_open(&engine.store, &options), 0);
    ck_assert_int_eq(accounts_new(&engine.accounts, engine.store, &rng), 0);
    struct account *account = accounts_find(engine.accounts, VIEW(DEFAULT_MCH_ID));
    ck_assert_ptr_nonnull(account);
    ck_assert_int_eq(store_begin(engine.store), 0);
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "body", "test"), 0);
    struct order_spec spec = { .out_trade_no = VIEW("A1"),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .total_fen = 88,
                               .request = &msg };
    struct order_row row;
    ck_assert_ptr_null(order_open(&engine, account, &spec, &row, NULL));
    char url[CODE_URL_MAX + 1];
    order_code_url(&row, url);
    struct scan scan;
    payer_scan(&engine, view_str(url), &scan);
    ck_assert_int_eq(scan.phone, PHONE_CASHIER);
    struct pay_spec pay = {};
    struct paid paid;
    ck_assert_int_eq(payer_pay(&engine, &scan, &pay, &paid), PHONE_DONE);
    ck_assert_int_eq(strlen(paid.payment.transaction_id), 28);
    ck_assert_int_eq(store_commit(engine.store), 0);
    scan_release(&scan);
    order_row_release(&row);
    v2_msg_release(&msg);
    accounts_free(engine.accounts);
    store_close(engine.store);
    ck_assert_int_eq(mem_live(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *orders = tcase_create("orders");
    tcase_add_test(orders, an_order_is_opened_scanned_and_paid);
    suite_add_tcase(suite, orders);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
