/* The ledger and the order's states: what was written stays, and nothing moves twice. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "ledger.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct ledger *ledger;

static void open_ledger(void)
{
    ck_assert_int_eq(ledger_open(&ledger, NULL), 0);
}

static void close_ledger(void)
{
    ledger_close(ledger);
}

static struct order sample(const char *id)
{
    struct order order = { .quantity = 2,
                           .total_fen = 198,
                           .body = "茶 & <Honey>",
                           .attach = "'; DROP TABLE orders; --",
                           .notify_url = "https://shop.example/wxpay/notify",
                           .create_ip = "203.0.113.7",
                           .time_start = "20261124101530",
                           .time_expire = "20261124121030",
                           .created_ms = 1000,
                           .expire_ms = 9000,
                           .state = ORDER_CREATING,
                           .due_ms = 1000 };
    snprintf(order.id, sizeof(order.id), "%s", id);
    snprintf(order.out_trade_no, sizeof(order.out_trade_no), "S-%s", id);
    snprintf(order.sku, sizeof(order.sku), "gift & <box>");
    snprintf(order.product_id, sizeof(order.product_id), "gift & <box>");
    return order;
}

static const struct payment paid = { .transaction_id = VIEW("4200000001202611230000000001"),
                                     .out_trade_no = VIEW("S-one"),
                                     .currency = VIEW("CNY"),
                                     .total_fen = 198,
                                     .cash_fen = 100 };

START_TEST(only_the_drawn_arrows_exist) /* looped over states × events */
{
    /* rows: CREATING PENDING CLOSING PAID SHIPPED REFUNDED CLOSED FAILED; -1: refused */
    static const int drawn[ORDER_STATES][ORDER_EVENTS] = {
        { ORDER_PENDING, ORDER_FAILED, ORDER_PAID, ORDER_CLOSING, ORDER_CLOSED, -1, -1 },
        { -1, -1, ORDER_PAID, ORDER_CLOSING, ORDER_CLOSED, -1, -1 },
        { -1, -1, ORDER_PAID, -1, ORDER_CLOSED, -1, -1 },
        { -1, -1, -1, -1, -1, ORDER_SHIPPED, ORDER_REFUNDED },
        { -1, -1, -1, -1, -1, -1, ORDER_REFUNDED },
        { -1, -1, -1, -1, -1, -1, -1 },
        { -1, -1, -1, -1, -1, -1, -1 },
        { -1, -1, -1, -1, -1, -1, -1 },
    };
    enum order_state from = (enum order_state)(_i / ORDER_EVENTS), next = ORDER_STATES;
    bool may = order_next(from, (enum order_event)(_i % ORDER_EVENTS), &next);
    int want = drawn[from][_i % ORDER_EVENTS];
    ck_assert_int_eq(may, want >= 0);
    ck_assert_int_eq(next, may ? want : ORDER_STATES);
}
END_TEST

START_TEST(an_order_comes_back_as_it_went)
{
    struct order in = sample("one"), out;
    ck_assert_int_eq(ledger_add(ledger, &in), 0);
    ck_assert_int_eq(ledger_get(ledger, VIEW("one"), &out), 0);
    ck_assert_str_eq(out.body, in.body);
    ck_assert_str_eq(out.attach, in.attach);
    ck_assert_str_eq(out.time_expire, in.time_expire);
    ck_assert_int_eq(out.total_fen, 198);
    ck_assert_int_eq(out.state, ORDER_CREATING);
    ck_assert_int_eq(ledger_find(ledger, VIEW("S-one"), &out), 0);
    ck_assert_str_eq(out.id, "one");
    ck_assert_int_eq(ledger_find(ledger, VIEW("S-on"), &out), ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_number_belongs_to_one_order)
{
    struct order one = sample("one"), two = sample("two");
    memcpy(two.out_trade_no, one.out_trade_no, sizeof(two.out_trade_no));
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    ck_assert_int_eq(ledger_add(ledger, &two), ERR_EXISTS);
    ck_assert_int_eq(ledger_get(ledger, VIEW("two"), &two), ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_stale_order_does_not_move)
{
    struct order one = sample("one"), stale;
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    stale = one;
    ck_assert_int_eq(ledger_move(ledger, &one, EVENT_PAID), 0);
    ck_assert_int_eq(one.state, ORDER_PAID);
    ck_assert_int_eq(ledger_move(ledger, &stale, EVENT_GIVE_UP), ERR_EXISTS);
    ck_assert_int_eq(stale.state, ORDER_CREATING);
    ck_assert_int_eq(ledger_get(ledger, VIEW("one"), &one), 0);
    ck_assert_int_eq(one.state, ORDER_PAID);
}
END_TEST

START_TEST(a_payment_and_a_parcel_are_written_once)
{
    struct order one = sample("one");
    char owner[ORDER_ID_LEN + 1];
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    ck_assert_int_eq(ledger_payment_order(ledger, paid.transaction_id, owner), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_add_payment(ledger, &one, &paid, "query", 5), 0);
    ck_assert_int_eq(ledger_add_payment(ledger, &one, &paid, "notification", 6), ERR_EXISTS);
    ck_assert_int_eq(ledger_payment_order(ledger, paid.transaction_id, owner), 0);
    ck_assert_str_eq(owner, "one");
    ck_assert_int_eq(ledger_add_shipment(ledger, "one", 1, 7), 0);
    ck_assert_int_eq(ledger_add_shipment(ledger, "one", 1, 8), ERR_EXISTS);
    ck_assert_int_eq(ledger_get(ledger, VIEW("one"), &one), 0);
    ck_assert_int_eq(one.shipments, 1);
}
END_TEST

START_TEST(what_is_rolled_back_never_was)
{
    struct order one = sample("one");
    ck_assert_int_eq(ledger_begin(ledger), 0);
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    ledger_rollback(ledger);
    ck_assert(!ledger_is_open(ledger));
    ck_assert_int_eq(ledger_get(ledger, VIEW("one"), &one), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_begin(ledger), 0);
    ck_assert_int_eq(ledger_commit(ledger), 0);
}
END_TEST

START_TEST(the_first_due_comes_first_and_0_never)
{
    struct order one = sample("one"), two = sample("two"), out;
    int64_t due = -1;
    ck_assert_int_eq(ledger_next_due(ledger, &due), 0);
    ck_assert_int_eq(due, 0);
    one.due_ms = 2000;
    two.due_ms = 1500;
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    ck_assert_int_eq(ledger_add(ledger, &two), 0);
    ck_assert_int_eq(ledger_due(ledger, 1499, &out), ERR_NOT_FOUND);
    ck_assert_int_eq(ledger_due(ledger, 3000, &out), 0);
    ck_assert_str_eq(out.id, "two");
    two.due_ms = 0;
    ck_assert_int_eq(ledger_schedule(ledger, &two), 0);
    ck_assert_int_eq(ledger_next_due(ledger, &due), 0);
    ck_assert_int_eq(due, 2000);
}
END_TEST

static void count_alarm(void *owner, const char *, const char *, int64_t)
{
    ++*(int *)owner;
}

START_TEST(an_alarm_rings_once_per_detail)
{
    struct order one = sample("one");
    int seen = 0;
    log_set_level(LOG_NONE);
    ck_assert_int_eq(ledger_add(ledger, &one), 0);
    ck_assert_int_eq(ledger_alarm(ledger, "one", "double-payment", VIEW("a"), 1), 0);
    ck_assert_int_eq(ledger_alarm(ledger, "one", "double-payment", VIEW("a"), 2), 0);
    ck_assert_int_eq(ledger_alarm(ledger, "one", "double-payment", VIEW("b"), 3), 0);
    ck_assert_int_eq(ledger_alarms(ledger, "one", count_alarm, &seen), 0);
    ck_assert_int_eq(seen, 2);
}
END_TEST

START_TEST(a_file_opened_again_goes_on)
{
    char dir[] = "/tmp/wxpay-ledger-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ledger.db", dir);
    struct ledger *file;
    struct order one = sample("one"), two = sample("two"), three = sample("three");
    two.state = ORDER_PENDING;
    two.due_ms = 900'000; /* a moved clock, forgotten by the restart */
    three.state = ORDER_CLOSED;
    three.due_ms = 0;
    ck_assert_int_eq(ledger_open(&file, path), 0);
    ck_assert_int_eq(ledger_add(file, &one), 0);
    ck_assert_int_eq(ledger_add(file, &two), 0);
    ck_assert_int_eq(ledger_add(file, &three), 0);
    ledger_close(file);

    ck_assert_int_eq(ledger_open(&file, path), 0);
    ck_assert_int_eq(ledger_resume(file, 500, 30'500), 0);
    ck_assert_int_eq(ledger_get(file, VIEW("one"), &one), 0);
    ck_assert_int_eq(one.due_ms, 500);
    ck_assert_int_eq(ledger_get(file, VIEW("two"), &two), 0);
    ck_assert_int_eq(two.due_ms, 30'500);
    ck_assert_int_eq(ledger_get(file, VIEW("three"), &three), 0);
    ck_assert_int_eq(three.due_ms, 0);
    ledger_close(file);

    static const char *const endings[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < COUNT(endings); i++) {
        char name[80];
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(a_file_that_is_no_ledger_is_refused)
{
    struct ledger *file;
    log_set_level(LOG_NONE);
    ck_assert_int_eq(ledger_open(&file, "/nonexistent/ledger.db"), ERR_STORE);
    ck_assert_int_eq(ledger_open(&file, "/proc/version"), ERR_STORE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant ledger");
    TCase *orders = tcase_create("orders");
    tcase_add_loop_test(orders, only_the_drawn_arrows_exist, 0, ORDER_STATES * ORDER_EVENTS);
    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, open_ledger, close_ledger);
    tcase_add_test(rows, an_order_comes_back_as_it_went);
    tcase_add_test(rows, a_number_belongs_to_one_order);
    tcase_add_test(rows, a_stale_order_does_not_move);
    tcase_add_test(rows, a_payment_and_a_parcel_are_written_once);
    tcase_add_test(rows, what_is_rolled_back_never_was);
    tcase_add_test(rows, the_first_due_comes_first_and_0_never);
    tcase_add_test(rows, an_alarm_rings_once_per_detail);
    tcase_add_test(rows, a_file_opened_again_goes_on);
    tcase_add_test(rows, a_file_that_is_no_ledger_is_refused);
    suite_add_tcase(suite, orders);
    suite_add_tcase(suite, rows);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
