#include "tests/store_test.h"

static int64_t put_combine(int64_t account_id, const char *number, int64_t created, int64_t expire)
{
    struct combine_row row = {
        .account_id = account_id, .state = TRADE_NOTPAY, .created_ms = created, .expire_ms = expire
    };
    ck_assert_int_eq(view_copy(view_str(number), row.out_trade_no, sizeof(row.out_trade_no)), 0);
    ck_assert_int_eq(combine_insert(store, &row), 0);
    return row.id;
}

static int64_t put_part(int64_t account_id, int64_t combine_id, const char *number)
{
    struct order_row row = {
        .account_id = account_id, .state = TRADE_NOTPAY, .created_ms = 1, .combine_id = combine_id
    };
    ck_assert_int_eq(view_copy(view_str(number), row.out_trade_no, sizeof(row.out_trade_no)), 0);
    ck_assert_int_eq(order_insert(store, &row), 0);
    return row.id;
}

START_TEST(a_combined_order_comes_back_as_it_went_in)
{
    struct combine_row in = { .account_id = 3,
                              .state = TRADE_NOTPAY,
                              .trade_type = TRADE_TYPE_APP,
                              .created_ms = 10,
                              .expire_ms = 11,
                              .out_trade_no = "C",
                              .request = BUF_INIT(REQUEST_BLOB_MAX) };
    struct combine_row out;
    for (size_t i = 0; i < REQUEST_BLOB_MAX; i++)
        ck_assert_int_eq(buf_byte(&in.request, (char)i), 0);
    ck_assert_int_eq(combine_insert(store, &in), 0);
    in.state = TRADE_SUCCESS;
    in.closed_ms = 12;
    in.paid_ms = 13;
    memcpy(in.transaction_id, "42", 3);
    ck_assert_int_eq(combine_set_state(store, &in), 0);
    ck_assert_int_eq(combine_get_by_number(store, 3, VIEW("C"), &out), 0);
    ck_assert_int_eq(out.id, in.id);
    ck_assert(out.account_id == 3 && out.state == TRADE_SUCCESS);
    ck_assert_int_eq(out.trade_type, TRADE_TYPE_APP);
    ck_assert(out.created_ms == 10 && out.expire_ms == 11);
    ck_assert(out.closed_ms == 12 && out.paid_ms == 13);
    ck_assert_str_eq(out.transaction_id, "42");
    ck_assert(view_eq(buf_view(&out.request), buf_view(&in.request)));
    combine_row_release(&out);
    ck_assert_int_eq(combine_get_by_number(store, 4, VIEW("C"), &out), ERR_NOT_FOUND);
    combine_row_release(&in);
    in = (struct combine_row){ .account_id = 3, .out_trade_no = "C" };
    ck_assert_int_eq(combine_insert(store, &in), ERR_EXISTS);
    in.account_id = 4; /* another merchant's */
    ck_assert_int_eq(combine_insert(store, &in), 0);
}
END_TEST

static int add_number(void *ctx, const struct order_row *row)
{
    char **at = ctx;
    *(*at)++ = row->out_trade_no[0];
    return 0;
}

START_TEST(the_parts_are_found_in_their_order_whoever_they_belong_to)
{
    char seen[8] = "", *at = seen;
    put_part(2, 7, "Z");
    put_part(1, 8, "X");
    put_part(1, 7, "A");
    put_order(store, 1, "P");
    ck_assert_int_eq(order_each_combined(store, 7, add_number, (void *)&at), 0);
    ck_assert_str_eq(seen, "ZA");
    ck_assert_int_eq(order_each_combined(store, 0, add_number, (void *)&at), 0);
    ck_assert_str_eq(seen, "ZA"); /* plain orders are nobody's parts */
}
END_TEST

START_TEST(a_combined_order_is_closed_by_itself_and_its_parts_are_not)
{
    static const int64_t expected[][2] = {
        [UNPAID_BY_CREATED_PLAIN] = { 2, 40 },
        [UNPAID_BY_CREATED_EXPIRING] = { 3, 30 },
        [UNPAID_BY_EXPIRY] = { 4, 700 },
    };
    int64_t id, at;
    put_combine(1, "A", 50, 0);
    put_combine(1, "B", 40, 0);
    put_combine(1, "C", 30, 900);
    put_combine(1, "D", 60, 700);
    struct combine_row paid = { .id = put_combine(1, "E", 1, 0), .state = TRADE_SUCCESS };
    ck_assert_int_eq(combine_set_state(store, &paid), 0);
    put_part(1, 2, "A");
    for (size_t by = 0; by < COUNT(expected); by++) {
        ck_assert_int_eq(combine_first_unpaid(store, 1, (enum unpaid_by)by, &id, &at), 0);
        ck_assert_int_eq(id, expected[by][0]);
        ck_assert_int_eq(at, expected[by][1]);
        ck_assert_int_eq(combine_first_unpaid(store, 2, (enum unpaid_by)by, &id, &at),
                         ERR_NOT_FOUND);
        ck_assert_int_eq(order_first_unpaid(store, 1, (enum unpaid_by)by, &id, &at), ERR_NOT_FOUND);
    }
}
END_TEST

static int count_combine(void *ctx, const struct combine_row *)
{
    ++*(int *)ctx;
    return 0;
}

START_TEST(clearing_an_account_takes_what_is_combined_with_it_whole)
{
    bool combiner = _i == 0; /* or one that has a part */
    int64_t mine = put_combine(1, "C", 1, 0), theirs = put_combine(3, "C", 1, 0);
    int64_t part = put_part(1, mine, "A"), other = put_part(2, mine, "B");
    put_part(3, theirs, "D");
    put_order(store, 2, "P");
    struct payment_row payment = { .order_id = other, .transaction_id = "T" };
    struct refund_row refund = { .account_id = 2, .order_id = other, .out_refund_no = "R" };
    struct notice_row notices[] = {
        { .account_id = 1, .kind = NOTICE_COMBINE, .about_id = mine },
        { .account_id = 3, .kind = NOTICE_COMBINE, .about_id = theirs },
        { .account_id = 2, .kind = NOTICE_REFUND, .order_id = other, .about_id = 1 },
    };
    ck_assert_int_eq(payment_insert(store, &payment), 0);
    ck_assert_int_eq(refund_insert(store, &refund), 0);
    for (size_t i = 0; i < COUNT(notices); i++)
        ck_assert_int_eq(notice_insert(store, &notices[i]), 0);
    ck_assert_int_eq(account_clear(store, combiner ? 1 : 2), 0);

    struct order_row order;
    int left = 0;
    ck_assert_int_eq(order_get(store, part, &order), ERR_NOT_FOUND);
    ck_assert_int_eq(order_get(store, other, &order), ERR_NOT_FOUND);
    ck_assert_int_eq(payment_get(store, other, &payment), ERR_NOT_FOUND);
    ck_assert_int_eq(refund_get(store, refund.id, &refund), ERR_NOT_FOUND);
    ck_assert_int_eq(notice_get(store, notices[0].id, &notices[0]), ERR_NOT_FOUND);
    ck_assert_int_eq(notice_get(store, notices[1].id, &notices[1]), 0);
    ck_assert_int_eq(notice_get(store, notices[2].id, &notices[2]), ERR_NOT_FOUND);
    ck_assert_int_eq(combine_each(store, 1, 0, count_combine, &left), 0);
    ck_assert_int_eq(left, 0);
    ck_assert_int_eq(combine_each(store, 3, 0, count_combine, &left), 0);
    ck_assert_int_eq(left, 1);
    ck_assert(has_order(store, 3, "D"));
    ck_assert(has_order(store, 2, "P") == combiner);
    ck_assert_int_eq(account_clear(store, 0), 0);
    ck_assert_int_eq(combine_each(store, 3, 0, count_combine, &left), 0);
    ck_assert_int_eq(left, 1);
    ck_assert_int_eq(put_combine(1, "C", 1, 0), 3); /* numbers of what is gone do not come again */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("combined orders in the store");
    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_test(rows, a_combined_order_comes_back_as_it_went_in);
    tcase_add_test(rows, the_parts_are_found_in_their_order_whoever_they_belong_to);
    tcase_add_test(rows, a_combined_order_is_closed_by_itself_and_its_parts_are_not);
    tcase_add_loop_test(rows, clearing_an_account_takes_what_is_combined_with_it_whole, 0, 2);
    suite_add_tcase(suite, rows);
    return run_suite(suite);
}
