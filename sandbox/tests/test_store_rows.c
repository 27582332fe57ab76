#include "tests/store_test.h"

#include <stdio.h>

static void fill_max(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
}

START_TEST(an_order_comes_back_as_it_went_in)
{
    struct order_row in = { .account_id = 3,
                            .dialect = DIALECT_V2,
                            .state = TRADE_NOTPAY,
                            .trade_type = TRADE_TYPE_NATIVE,
                            .sign_type = 1,
                            .total_fen = INT64_MAX,
                            .created_ms = -1,
                            .expire_ms = 11,
                            .closed_ms = 12,
                            .prepay_ms = 13,
                            .code_form = 3,
                            .request = BUF_INIT(REQUEST_BLOB_MAX) };
    struct order_row out;
    fill_max(in.out_trade_no, sizeof(in.out_trade_no));
    fill_max(in.prepay_id, sizeof(in.prepay_id));
    fill_max(in.code, sizeof(in.code));
    for (size_t i = 0; i < REQUEST_BLOB_MAX; i++)
        ck_assert_int_eq(buf_byte(&in.request, (char)i), 0);
    ck_assert_int_eq(order_next_id(store), 1);
    ck_assert_int_eq(order_insert(store, &in), 0);
    ck_assert_int_eq(in.id, 1);
    ck_assert_int_eq(order_get(store, 1, &out), 0);
    ck_assert_int_eq(out.id, 1);
    ck_assert_int_eq(out.account_id, 3);
    ck_assert_int_eq(out.dialect, DIALECT_V2);
    ck_assert_int_eq(out.state, TRADE_NOTPAY);
    ck_assert_int_eq(out.trade_type, TRADE_TYPE_NATIVE);
    ck_assert_int_eq(out.sign_type, 1);
    ck_assert(out.total_fen == INT64_MAX);
    ck_assert_int_eq(out.created_ms, -1);
    ck_assert_int_eq(out.expire_ms, 11);
    ck_assert_int_eq(out.closed_ms, 12);
    ck_assert_int_eq(out.prepay_ms, 13);
    ck_assert_int_eq(out.code_form, 3);
    ck_assert_str_eq(out.out_trade_no, in.out_trade_no);
    ck_assert_str_eq(out.prepay_id, in.prepay_id);
    ck_assert_str_eq(out.code, in.code);
    ck_assert(view_eq(buf_view(&out.request), buf_view(&in.request)));
    order_row_release(&in);
    order_row_release(&out);
}
END_TEST

START_TEST(a_known_number_changes_nothing)
{
    put_order(store, 1, "A");
    struct order_row again = { .account_id = 1, .state = TRADE_CLOSED, .out_trade_no = "A" };
    ck_assert_int_eq(order_insert(store, &again), ERR_EXISTS);
    ck_assert_int_eq(again.id, 0);
    ck_assert_int_eq(put_order(store, 2, "A"), 2); /* another merchant's, and no id was lost */
    struct order_row row;
    ck_assert_int_eq(order_get(store, 1, &row), 0);
    ck_assert_int_eq(row.state, TRADE_NOTPAY);
    order_row_release(&row);
}
END_TEST

START_TEST(a_payment_keeps_its_coupons)
{
    struct payment_row in = { .order_id = 7,
                              .transaction_id = "4200000001202611240000000001",
                              .openid = "oX",
                              .bank_type = "OTHERS",
                              .paid_ms = 9,
                              .cash_fen = 0,
                              .coupon_count = COUPONS_MAX };
    struct payment_row out;
    for (int i = 0; i < COUPONS_MAX; i++) {
        in.coupon[i] = (struct coupon){ .cash = i % 2, .fee_fen = INT64_MAX };
        fill_max(in.coupon[i].id, i == 3 ? 1 : sizeof(in.coupon[i].id));
    }
    ck_assert_int_eq(payment_insert(store, &in), 0);
    ck_assert_int_eq(payment_insert(store, &in), ERR_EXISTS);
    ck_assert_int_eq(payment_get(store, 7, &out), 0);
    ck_assert_uint_eq(out.coupon_count, COUPONS_MAX);
    for (int i = 0; i < COUPONS_MAX; i++) {
        ck_assert_int_eq(out.coupon[i].cash, i % 2);
        ck_assert(out.coupon[i].fee_fen == INT64_MAX);
        ck_assert_str_eq(out.coupon[i].id, in.coupon[i].id);
    }
    ck_assert_str_eq(out.transaction_id, in.transaction_id);
    in.order_id = 8;
    in.coupon_count = 0;
    ck_assert_int_eq(payment_insert(store, &in), ERR_EXISTS); /* the transaction_id is another's */
    in.transaction_id[0] = '5';
    ck_assert_int_eq(payment_insert(store, &in), 0);
    ck_assert_int_eq(payment_get(store, 8, &out), 0);
    ck_assert_uint_eq(out.coupon_count, 0);
    ck_assert_int_eq(payment_get(store, 9, &out), ERR_NOT_FOUND);
}
END_TEST

static int64_t put_notice(int64_t account_id, int64_t order_id, enum notice_state state,
                          int64_t due)
{
    struct notice_row row = { .account_id = account_id,
                              .order_id = order_id,
                              .kind = NOTICE_PAYMENT,
                              .state = state,
                              .due_ms = due };
    ck_assert_int_eq(notice_insert(store, &row), 0);
    return row.id;
}

START_TEST(the_next_notice_is_the_waiting_one_due_first)
{
    struct notice_row next;
    put_notice(1, 1, NOTICE_WAITING, 300);
    put_notice(1, 2, NOTICE_HELD, 1);
    int64_t first = put_notice(1, 3, NOTICE_WAITING, 200);
    put_notice(1, 4, NOTICE_WAITING, 200);
    put_notice(2, 5, NOTICE_WAITING, 1);
    ck_assert_int_eq(notice_next(store, 1, &next), 0);
    ck_assert_int_eq(next.id, first);
    next.state = NOTICE_SENDING;
    next.attempts = 1;
    ck_assert_int_eq(notice_update(store, &next), 0);
    ck_assert_int_eq(notice_next(store, 1, &next), 0);
    ck_assert_int_eq(next.order_id, 4);
    ck_assert_int_eq(notice_recover(store), 0); /* what a crash left under way is due again */
    ck_assert_int_eq(notice_next(store, 1, &next), 0);
    ck_assert_int_eq(next.id, first);
    ck_assert_int_eq(next.attempts, 1);
    ck_assert_int_eq(notice_next(store, 3, &next), ERR_NOT_FOUND);
}
END_TEST

START_TEST(an_order_has_one_notice_of_a_kind)
{
    put_notice(1, 1, NOTICE_DONE, 0);
    struct notice_row row = { .account_id = 1, .order_id = 1, .kind = NOTICE_PAYMENT };
    ck_assert_int_eq(notice_insert(store, &row), ERR_EXISTS);
    row.kind = NOTICE_REFUND;
    ck_assert_int_eq(notice_insert(store, &row), 0);
    ck_assert_int_eq(notice_get_by_order(store, 1, NOTICE_REFUND, &row), 0);
    ck_assert_int_eq(row.id, 2);
}
END_TEST

static int count_delivery(void *ctx, const struct delivery_row *row)
{
    ck_assert_int_eq(row->attempt, ++*(int *)ctx);
    ck_assert_str_eq(row->row, row->attempt == 2 ? "canonical" : "");
    return 0;
}

START_TEST(deliveries_are_listed_in_their_order)
{
    int seen = 0;
    for (int i = 1; i <= 3; i++) {
        struct delivery_row row = { .notice_id = 4, .attempt = i };
        ck_assert_int_eq(delivery_insert(store, &row), 0);
        row.ended_ms = 7;
        row.acknowledged = true;
        memcpy(row.row, "canonical", 10);
        if (i == 2)
            ck_assert_int_eq(delivery_update(store, &row), 0);
    }
    ck_assert_int_eq(delivery_each(store, 4, count_delivery, &seen), 0);
    ck_assert_int_eq(seen, 3);
}
END_TEST

static int stop_at_second(void *ctx, const struct order_row *row)
{
    (void)row;
    return ++*(int *)ctx == 2 ? 42 : 0;
}

static int add_id(void *ctx, const struct order_row *row)
{
    int64_t *sum = ctx;
    *sum = *sum * 10 + row->id;
    return 0;
}

START_TEST(a_list_follows_its_filter_and_its_visitor)
{
    for (int i = 0; i < 6; i++) {
        char number[3] = { 'N', (char)('9' - i), '\0' };
        put_order(store, 1 + i % 2, number); /* account 1: ids 1, 3, 5 */
    }
    struct order_row third = { .id = 3, .state = TRADE_CLOSED, .closed_ms = 1 };
    ck_assert_int_eq(order_set_state(store, &third), 0);
    int seen = 0;
    struct order_filter filter = { .account_id = 1, .limit = 10 };
    ck_assert_int_eq(order_each(store, &filter, stop_at_second, &seen), 42);
    int64_t ids = 0;
    ck_assert_int_eq(order_each(store, &filter, add_id, &ids), 0);
    ck_assert_int_eq(ids, 135);
    filter = (struct order_filter){ .account_id = 1, .after_id = 1, .limit = 1 };
    ids = 0;
    ck_assert_int_eq(order_each(store, &filter, add_id, &ids), 0);
    ck_assert_int_eq(ids, 3);
    filter = (struct order_filter){ .account_id = 1, .state = TRADE_NOTPAY, .limit = 10 };
    ids = 0;
    ck_assert_int_eq(order_each(store, &filter, add_id, &ids), 0);
    ck_assert_int_eq(ids, 15);
}
END_TEST

START_TEST(the_first_unpaid_order_is_found_by_each_measure)
{
    static const struct {
        int64_t created, expire;
        enum trade_state state;
    } rows[] = {
        { 50, 0, TRADE_NOTPAY },   /* 1 */
        { 40, 0, TRADE_NOTPAY },   /* 2: oldest plain */
        { 10, 0, TRADE_SUCCESS },  /* 3 */
        { 30, 900, TRADE_NOTPAY }, /* 4: oldest of those that expire */
        { 60, 700, TRADE_NOTPAY }, /* 5: expires first */
        { 20, 100, TRADE_CLOSED }, /* 6 */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct order_row row = { .account_id = 1,
                                 .state = rows[i].state,
                                 .created_ms = rows[i].created,
                                 .expire_ms = rows[i].expire,
                                 .out_trade_no = { (char)('A' + (int)i) } };
        ck_assert_int_eq(order_insert(store, &row), 0);
    }
    static const int64_t expected[][2] = {
        [UNPAID_BY_CREATED_PLAIN] = { 2, 40 },
        [UNPAID_BY_CREATED_EXPIRING] = { 4, 30 },
        [UNPAID_BY_EXPIRY] = { 5, 700 },
    };
    for (size_t by = 0; by < COUNT(expected); by++) {
        int64_t id, at;
        ck_assert_int_eq(order_first_unpaid(store, 1, (enum unpaid_by)by, &id, &at), 0);
        ck_assert_int_eq(id, expected[by][0]);
        ck_assert_int_eq(at, expected[by][1]);
        ck_assert_int_eq(order_first_unpaid(store, 2, (enum unpaid_by)by, &id, &at), ERR_NOT_FOUND);
    }
}
END_TEST

START_TEST(clearing_an_account_leaves_the_others_alone)
{
    for (int64_t account = 1; account <= 2; account++) {
        struct account_row row = { .mch_id = { (char)('0' + account) } };
        ck_assert_int_eq(account_insert(store, &row), 0);
        int64_t order = put_order(store, account, "A");
        struct payment_row payment = { .order_id = order,
                                       .account_id = account,
                                       .transaction_id = { (char)('0' + account) } };
        ck_assert_int_eq(payment_insert(store, &payment), 0);
        struct delivery_row delivery = { .notice_id =
                                             put_notice(account, order, NOTICE_WAITING, 1) };
        ck_assert_int_eq(delivery_insert(store, &delivery), 0);
        struct fault_row fault = { .account_id = account };
        ck_assert_int_eq(fault_insert(store, &fault), 0);
    }
    ck_assert_int_eq(account_delete(store, 1), 0);
    ck_assert_int_eq(account_delete(store, 1), ERR_NOT_FOUND);
    struct payment_row payment;
    struct notice_row notice;
    int seen = 0;
    ck_assert(!has_order(store, 1, "A"));
    ck_assert_int_eq(payment_get(store, 1, &payment), ERR_NOT_FOUND);
    ck_assert_int_eq(notice_get(store, 1, &notice), ERR_NOT_FOUND);
    ck_assert_int_eq(delivery_each(store, 1, count_delivery, &seen), 0);
    ck_assert_int_eq(fault_delete(store, 1), ERR_NOT_FOUND);
    ck_assert(has_order(store, 2, "A"));
    ck_assert_int_eq(payment_get(store, 2, &payment), 0);
    ck_assert_int_eq(notice_get(store, 2, &notice), 0);
    ck_assert_int_eq(account_clear(store, 0), 0);
    ck_assert(!has_order(store, 2, "A"));
    ck_assert_int_eq(account_delete(store, 2), 0); /* the account itself had stayed */
    /* an answer still on its way must not find a stranger under its id */
    ck_assert_int_eq(put_order(store, 1, "B"), 3);
    ck_assert_int_eq(put_notice(1, 3, NOTICE_WAITING, 1), 3);
}
END_TEST

/* What money_each() tells, as text: "1:5 " is kind 1 at 5. */
static int note_money(void *ctx, enum money_kind kind, int64_t, int64_t at_ms)
{
    char one[48];
    snprintf(one, sizeof(one), "%d:%lld ", (int)kind, (long long)at_ms);
    return buf_str(ctx, one);
}

static void put_refund(int64_t account_id, enum refund_state state, enum refund_state becomes,
                       int64_t created_ms, int64_t ends_ms)
{
    static int number;
    struct refund_row row = { .account_id = account_id,
                              .state = state,
                              .becomes = becomes,
                              .created_ms = created_ms,
                              .due_ms = state == REFUND_PROCESSING ? ends_ms : 0,
                              .ended_ms = state == REFUND_PROCESSING ? 0 : ends_ms };
    snprintf(row.out_refund_no, sizeof(row.out_refund_no), "R%d", number++);
    ck_assert_int_eq(refund_insert(store, &row), 0);
}

static void expect_money(int64_t from_ms, int64_t until_ms, const char *want)
{
    struct buf text = BUF_INIT(1024);
    ck_assert_int_eq(money_each(store, 1, from_ms, until_ms, note_money, &text), 0);
    ck_assert_str_eq(buf_cstr(&text), want);
    buf_release(&text);
}

START_TEST(money_is_told_by_account_and_time)
{
    for (int64_t i = 0; i < 6; i++) {
        struct payment_row paid = { .order_id = i + 1, .account_id = 1 + i % 2, .paid_ms = 10 * i };
        snprintf(paid.transaction_id, sizeof(paid.transaction_id), "%d", (int)i);
        ck_assert_int_eq(payment_insert(store, &paid), 0);
    }
    put_refund(1, REFUND_SUCCESS, REFUND_SUCCESS, 25, 26);
    put_refund(1, REFUND_CLOSED, REFUND_SUCCESS, 15, 30);    /* closed by hand */
    put_refund(1, REFUND_PROCESSING, REFUND_CLOSED, 41, 50); /* closed by time, not written */
    put_refund(1, REFUND_PROCESSING, REFUND_CLOSED, 42, 0);  /* never by itself */
    put_refund(1, REFUND_SUCCESS, REFUND_CLOSED, 43, 44);    /* was to be closed, and was not */
    put_refund(2, REFUND_CLOSED, REFUND_CLOSED, 25, 30);
    expect_money(0, 100, "1:0 2:15 1:20 2:25 3:30 1:40 2:41 2:42 2:43 3:50 ");
    expect_money(20, 41, "1:20 2:25 3:30 1:40 "); /* from this to before that */
    expect_money(51, 100, "");
}
END_TEST

static int no_payment(void *, const struct payment_row *)
{
    return 0;
}

static int no_refund(void *, const struct refund_row *)
{
    return 0;
}

/* Steps of SQLite's machine since the last look: what a statement costs, whatever the hour. */
static int steps(enum sql_id id)
{
    return sqlite3_stmt_status(store->stmt[id], SQLITE_STMTSTATUS_VM_STEP, 1);
}

#define DAYS 5000

START_TEST(a_bill_looks_at_its_day_only)
{
    struct buf text = BUF_INIT(1024);
    for (int64_t i = 1; i <= DAYS; i++) {
        struct payment_row paid = { .order_id = i, .account_id = 1, .paid_ms = 10 * i };
        snprintf(paid.transaction_id, sizeof(paid.transaction_id), "%d", (int)i);
        ck_assert_int_eq(payment_insert(store, &paid), 0);
        put_refund(1, i % 2 ? REFUND_SUCCESS : REFUND_CLOSED, REFUND_SUCCESS, 10 * i, 10 * i);
    }
    ck_assert_int_eq(payment_each(store, 1, 105, 115, no_payment, NULL), 0);
    ck_assert_int_lt(steps(SQL_PAYMENT_EACH), 200);
    ck_assert_int_eq(refund_between(store, 1, 105, 115, no_refund, NULL), 0);
    ck_assert_int_lt(steps(SQL_REFUND_BETWEEN), 200);
    ck_assert_int_eq(money_each(store, 1, 105, 125, note_money, &text), 0);
    ck_assert_str_eq(buf_cstr(&text), "1:110 2:110 1:120 2:120 3:120 ");
    ck_assert_int_lt(steps(SQL_MONEY_EACH), 400);
    buf_release(&text);
}
END_TEST

START_TEST(a_balance_is_what_the_days_before_left)
{
    static const int64_t fen[] = { 100, -30, INT64_MAX, -5 };
    int64_t sum;
    ck_assert_int_eq(money_before(store, 1, 9, &sum), 0);
    ck_assert_int_eq(sum, 0);
    ck_assert_int_eq(money_add(store, 1, 1, fen[0]), 0);
    ck_assert_int_eq(money_add(store, 1, 1, fen[1]), 0);
    ck_assert_int_eq(money_add(store, 1, 2, -5), 0);
    ck_assert_int_eq(money_add(store, 2, 1, 7), 0); /* another account's */
    ck_assert_int_eq(money_before(store, 1, 1, &sum), 0);
    ck_assert_int_eq(sum, 0); /* the day itself is not before it */
    ck_assert_int_eq(money_before(store, 1, 3, &sum), 0);
    ck_assert_int_eq(sum, 65);
    ck_assert_int_eq(money_add(store, 1, 2, fen[2]), 0);
    ck_assert_int_eq(money_add(store, 1, 2, fen[2]), 0);
    ck_assert_int_eq(money_before(store, 1, 3, &sum), 0);
    ck_assert(sum == INT64_MAX); /* the most that there is, and no error */
    ck_assert_int_eq(account_clear(store, 1), 0);
    ck_assert_int_eq(money_before(store, 1, 9, &sum), 0);
    ck_assert_int_eq(sum, 0);
    ck_assert_int_eq(money_before(store, 2, 9, &sum), 0);
    ck_assert_int_eq(sum, 7);
}
END_TEST

START_TEST(what_is_told_comes_back_and_goes_with_its_account)
{
    struct told_row row = { .account_id = 3, .url = BUF_INIT(64), .body = BUF_INIT(64) };
    struct told_row out;
    struct notice_row notice = { .account_id = 3, .kind = NOTICE_ECHO, .state = NOTICE_WAITING };
    ck_assert_int_eq(buf_str(&row.url, "http://a/b"), 0);
    ck_assert_int_eq(buf_str(&row.body, "{\"echo_message\":\"x\"}"), 0);
    for (int i = 0; i < 2; i++) { /* two without an order are two */
        ck_assert_int_eq(told_insert(store, &row), 0);
        notice.about_id = row.id;
        ck_assert_int_eq(notice_insert(store, &notice), 0);
    }
    ck_assert_int_eq(notice_get_about(store, NOTICE_ECHO, row.id, &notice), 0);
    ck_assert_int_eq(notice_get_about(store, NOTICE_COMBINE, row.id, &notice), ERR_NOT_FOUND);
    ck_assert_int_eq(told_get(store, row.id, &out), 0);
    ck_assert_str_eq(buf_cstr(&out.url), "http://a/b");
    ck_assert_str_eq(buf_cstr(&out.body), "{\"echo_message\":\"x\"}");
    told_row_release(&out);
    ck_assert_int_eq(account_clear(store, 3), 0);
    ck_assert_int_eq(told_get(store, row.id, &out), ERR_NOT_FOUND);
    int64_t before = row.id;
    ck_assert_int_eq(told_insert(store, &row), 0);
    ck_assert_int_gt(row.id, before);
    told_row_release(&row);
}
END_TEST

START_TEST(counters_count_and_constants_stay)
{
    int64_t value;
    for (int64_t expected = 7; expected < 10; expected++) {
        ck_assert_int_eq(store_next(store, "a", 7, &value), 0);
        ck_assert_int_eq(value, expected);
    }
    ck_assert_int_eq(store_next(store, "b", 1, &value), 0);
    ck_assert_int_eq(value, 1);
    for (int64_t proposal = -5; proposal < 0; proposal++) {
        ck_assert_int_eq(store_constant(store, "salt", proposal, &value), 0);
        ck_assert_int_eq(value, -5);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store rows");
    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_test(rows, an_order_comes_back_as_it_went_in);
    tcase_add_test(rows, a_known_number_changes_nothing);
    tcase_add_test(rows, a_payment_keeps_its_coupons);
    tcase_add_test(rows, the_next_notice_is_the_waiting_one_due_first);
    tcase_add_test(rows, an_order_has_one_notice_of_a_kind);
    tcase_add_test(rows, deliveries_are_listed_in_their_order);
    tcase_add_test(rows, a_list_follows_its_filter_and_its_visitor);
    tcase_add_test(rows, the_first_unpaid_order_is_found_by_each_measure);
    tcase_add_test(rows, clearing_an_account_leaves_the_others_alone);
    tcase_add_test(rows, money_is_told_by_account_and_time);
    tcase_add_test(rows, a_bill_looks_at_its_day_only);
    tcase_add_test(rows, a_balance_is_what_the_days_before_left);
    tcase_add_test(rows, what_is_told_comes_back_and_goes_with_its_account);
    tcase_add_test(rows, counters_count_and_constants_stay);
    suite_add_tcase(suite, rows);
    return run_suite(suite);
}
