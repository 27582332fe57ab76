#include "tests/engine_test.h"

static struct scan scan;

static void scan_order(const struct order_row *row)
{
    char url[CODE_URL_MAX + 1];
    order_code_url(row, url);
    payer_scan(&engine, view_str(url), &scan);
}

static void scan_new(const char *number)
{
    struct order_row row;
    make_order(number, &row);
    scan_order(&row);
    order_row_release(&row);
    ck_assert_int_eq(scan.phone, PHONE_CASHIER);
}

static void teardown_scan(void)
{
    scan_release(&scan);
    teardown();
}

static void expect_nothing_paid(void)
{
    struct payment_row payment;
    struct notice_row notice;
    ck_assert_int_eq(payment_get(engine.store, scan.order.id, &payment), ERR_NOT_FOUND);
    ck_assert_int_eq(notice_get_by_order(engine.store, scan.order.id, NOTICE_PAYMENT, &notice),
                     ERR_NOT_FOUND);
    ck_assert_int_eq(notices_told, 0);
}

/* ---- scanning -------------------------------------------------------------------------------- */

/* "@" stands for the code. */
static const struct {
    const char *content;
    enum phone_id phone;
} contents[] = {
    { "weixin://wxpay/bizpayurl?pr=@", PHONE_CASHIER },
    { "weixin://wxpay/bizpayurl?sr=@", PHONE_CASHIER },
    { "weixin://wxpay/bizpayurl/up?pr=@&groupid=00", PHONE_CASHIER },
    { "weixin://wxpay/s/@", PHONE_CASHIER },
    { "weixin://wxpay/bizpayurl?pr=@&x=1", PHONE_CASHIER },
    { "weixin://wxpay/bizpayurl?pr=0000000", PHONE_UNKNOWN },
    { "weixin://wxpay/bizpayurl?pr=", PHONE_UNKNOWN },
    { "weixin://wxpay/bizpayurl?pr=@@", PHONE_UNKNOWN },
    { "weixin://wxpay/bizpayurl?pr= @", PHONE_UNKNOWN },
    { "weixin://wxpay/bizpayurl?xx=@", PHONE_UNKNOWN },
    { "weixin://wxpay/", PHONE_UNKNOWN },
    { "weixin://wxpay", PHONE_NOT_OURS },
    { "WEIXIN://wxpay/s/@", PHONE_NOT_OURS },
    { " weixin://wxpay/bizpayurl?pr=@", PHONE_NOT_OURS },
    { "https://shop.example/pay?u=weixin://wxpay/bizpayurl?pr=@", PHONE_NOT_OURS },
    { "@", PHONE_NOT_OURS },
    { "", PHONE_NOT_OURS },
};

START_TEST(every_form_of_a_code_is_understood_and_nothing_else)
{
    struct order_row row;
    struct buf content = BUF_INIT(512);
    make_order("A1", &row);
    for (const char *at = contents[_i].content; *at; at++)
        ck_assert_int_eq(*at == '@' ? buf_str(&content, row.code) : buf_byte(&content, *at), 0);
    payer_scan(&engine, buf_view(&content), &scan);
    ck_assert_int_eq(scan.phone, contents[_i].phone);
    ck_assert_int_eq(scan.order.id, scan.phone == PHONE_CASHIER ? row.id : 0);
    ck_assert_ptr_eq(scan.account, scan.phone == PHONE_CASHIER ? account : NULL);
    buf_release(&content);
    order_row_release(&row);
}
END_TEST

START_TEST(the_code_comes_in_the_form_of_the_switch)
{
    static const char *const forms[][2] = {
        { "pr", "weixin://wxpay/bizpayurl?pr=" },
        { "sr", "weixin://wxpay/bizpayurl?sr=" },
        { "up", "weixin://wxpay/bizpayurl/up?pr=" },
        { "s", "weixin://wxpay/s/" },
    };
    struct order_row row;
    char url[CODE_URL_MAX + 1];
    choose("code_form", forms[_i][0]);
    make_order("A1", &row);
    choose("code_form", "pr"); /* a prepay keeps the form it was made in */
    order_code_url(&row, url);
    ck_assert_int_eq(strncmp(url, forms[_i][1], strlen(forms[_i][1])), 0);
    ck_assert_uint_eq(strlen(url), strlen(forms[_i][1]) + 7 + (_i == 2 ? 11 : 0));
    scan_order(&row);
    ck_assert_int_eq(scan.phone, PHONE_CASHIER);
    order_row_release(&row);
}
END_TEST

static const struct {
    enum trade_state state;
    int64_t later_ms;
    enum phone_id phone;
} shown[] = {
    { TRADE_NOTPAY, 0, PHONE_CASHIER },
    { TRADE_NOTPAY, PREPAY_LIFE_MS - 1, PHONE_CASHIER },
    { TRADE_NOTPAY, PREPAY_LIFE_MS, PHONE_EXPIRED },
    { TRADE_NOTPAY, AUTO_CLOSE_MS, PHONE_CLOSED },
    { TRADE_SUCCESS, 0, PHONE_PAID },
    { TRADE_SUCCESS, AUTO_CLOSE_MS, PHONE_PAID },
    { TRADE_REFUND, 0, PHONE_PAID },
    { TRADE_CLOSED, 0, PHONE_CLOSED },
    { TRADE_PAYERROR, 0, PHONE_CLOSED },
};

START_TEST(the_phone_shows_state_and_time)
{
    struct order_row row;
    struct pay_spec spec = {};
    struct paid paid;
    make_order("A1", &row);
    force_state("A1", shown[_i].state);
    pass_ms(shown[_i].later_ms);
    scan_order(&row);
    ck_assert_int_eq(scan.phone, shown[_i].phone);
    if (scan.phone != PHONE_CASHIER) { /* and then nothing can be paid */
        ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), scan.phone);
        expect_nothing_paid();
    }
    order_row_release(&row);
}
END_TEST

START_TEST(time_expire_ends_the_possibility_to_pay)
{
    static const char *const fields[] = { "time_expire", "20270115160500", NULL };
    struct order_row row;
    ck_assert_ptr_null(open_order("A1", fields, &row, NULL));
    pass_ms(5 * 60 * 1000 - 1);
    scan_order(&row);
    ck_assert_int_eq(scan.phone, PHONE_CASHIER);
    pass_ms(1);
    struct pay_spec spec = {};
    struct paid paid; /* who already has the cashier open may finish (V2 5.4) */
    struct scan open = scan;
    scan = (struct scan){};
    scan_order(&row);
    ck_assert_int_eq(scan.phone, PHONE_EXPIRED);
    ck_assert_int_eq(payer_pay(&engine, &open, &spec, &paid), PHONE_DONE);
    scan_release(&open);
    order_row_release(&row);
}
END_TEST

START_TEST(only_the_newest_code_of_an_order_leads_to_it)
{
    struct order_row first, again;
    make_order("A1", &first);
    choose("prepay_repeat", "new");
    make_order("A1", &again);
    scan_order(&first);
    ck_assert_int_eq(scan.phone, PHONE_UNKNOWN);
    scan_order(&again);
    ck_assert_int_eq(scan.phone, PHONE_CASHIER);
    order_row_release(&first);
    order_row_release(&again);
}
END_TEST

/* ---- paying ---------------------------------------------------------------------------------- */

START_TEST(paying_writes_state_payment_and_outbox)
{
    struct pay_spec spec = {};
    struct paid paid;
    struct payment_row payment;
    struct notice_row notice;
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_DONE);
    ck_assert_int_eq(scan.order.state, TRADE_SUCCESS);
    ck_assert_int_eq(state_of("A1"), TRADE_SUCCESS);
    ck_assert_int_eq(payment_get(engine.store, scan.order.id, &payment), 0);
    ck_assert_uint_eq(strlen(payment.transaction_id), 28);
    ck_assert_int_eq(strncmp(payment.transaction_id, "420000000120270115", 18), 0);
    ck_assert_str_eq(payment.bank_type, "OTHERS");
    ck_assert_uint_eq(strlen(payment.openid), 28);
    ck_assert_int_eq(payment.openid[0], 'o');
    ck_assert_int_eq(payment.cash_fen, 88);
    ck_assert_int_eq(payment.paid_ms, NOON_MS);
    ck_assert_int_eq(notice_get(engine.store, paid.notice.id, &notice), 0);
    ck_assert_int_eq(notice.state, NOTICE_WAITING);
    ck_assert_int_eq(notice.order_id, scan.order.id);
    ck_assert_int_eq(notice.due_ms, NOON_MS);
    ck_assert_int_eq(orders_told, 2);
    ck_assert_int_eq(notices_told, 1);
    struct order_row row; /* and it is found by the number the platform gave */
    ck_assert_ptr_null(
        order_find(&engine, account, view_str(payment.transaction_id), VIEW(""), &row));
    ck_assert_str_eq(row.out_trade_no, "A1");
    order_row_release(&row);
    scan.phone = PHONE_CASHIER; /* a second confirmation of the same cashier */
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_PAID);
    ck_assert_int_eq(notices_told, 1);
}
END_TEST

/* The last ten digits of what paying a new order is told, in an engine that was just opened. */
static long long first_number(uint64_t seed)
{
    struct pay_spec spec = {};
    struct paid first, second;
    scan_release(&scan);
    teardown();
    engine_seed = seed;
    setup();
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &first), PHONE_DONE);
    scan_release(&scan);
    scan_new("A2");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &second), PHONE_DONE);
    long long at = strtoll(first.payment.transaction_id + 18, NULL, 10);
    ck_assert_int_eq((at + 1) % 10'000'000'000,
                     strtoll(second.payment.transaction_id + 18, NULL, 10));
    return at;
}

/* A merchant keeps its ledger while the sandbox starts anew. */
START_TEST(two_starts_share_no_transaction_id_unless_they_share_their_seed)
{
    long long one = first_number(1), other = first_number(2);
    ck_assert_int_gt(llabs(one - other), 1'000'000);
    ck_assert_int_eq(first_number(1), one);
    ck_assert_int_eq(first_number(2), other);
}
END_TEST

START_TEST(the_usual_payer_is_the_same_person_and_another_can_pay)
{
    struct pay_spec spec = {};
    struct paid first, second;
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &first), PHONE_DONE);
    scan_release(&scan);
    scan_new("A2");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &second), PHONE_DONE);
    ck_assert_str_eq(first.payment.openid, second.payment.openid);
    ck_assert_str_ne(first.payment.transaction_id, second.payment.transaction_id);
    scan_release(&scan);
    scan_new("A3");
    spec.openid = VIEW("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    spec.bank_type = VIEW("CMB_DEBIT");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &second), PHONE_DONE);
    ck_assert_str_eq(second.payment.openid, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    ck_assert_str_eq(second.payment.bank_type, "CMB_DEBIT");
}
END_TEST

START_TEST(the_mode_of_the_account_decides_what_becomes_of_the_notice)
{
    static const struct {
        enum notice_mode mode;
        enum notice_state state;
    } modes[] = { { NOTICE_MODE_SEND, NOTICE_WAITING },
                  { NOTICE_MODE_HOLD, NOTICE_HELD },
                  { NOTICE_MODE_SUPPRESS, NOTICE_SUPPRESSED } };
    struct pay_spec spec = {};
    struct paid paid;
    account->notice_mode = modes[_i].mode;
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_DONE);
    ck_assert_int_eq(paid.notice.state, modes[_i].state);
    ck_assert_int_eq(notices_told, 1);
}
END_TEST

/* Of 88 fen (V2 6.2). */
static const struct {
    size_t count;
    struct coupon coupon[3];
    enum phone_id phone;
    int64_t cash_fen;
} shares[] = {
    { 0, {}, PHONE_DONE, 88 },
    { 1, { { true, 10, "2000000001" } }, PHONE_DONE, 78 },
    { 2, { { true, 10, "" }, { false, 5, "" } }, PHONE_DONE, 73 },
    { 1, { { false, 88, "A" } }, PHONE_DONE, 0 },
    { 1, { { false, 89, "A" } }, PHONE_COUPONS, 0 },
    { 2, { { true, 44, "" }, { true, 45, "" } }, PHONE_COUPONS, 0 },
    { 2, { { true, INT64_MAX, "" }, { true, INT64_MAX, "" } }, PHONE_COUPONS, 0 },
    { 1, { { true, 0, "" } }, PHONE_COUPONS, 0 },
    { 1, { { true, -1, "" } }, PHONE_COUPONS, 0 },
    { 1, { { true, 1, "a;b" } }, PHONE_COUPONS, 0 },
    { COUPONS_MAX + 1, {}, PHONE_COUPONS, 0 },
};

START_TEST(cash_and_coupons_together_are_the_total)
{
    struct pay_spec spec = { .coupon_count = shares[_i].count };
    struct paid paid;
    struct payment_row payment;
    memcpy(spec.coupon, shares[_i].coupon, sizeof(shares[_i].coupon));
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), shares[_i].phone);
    if (shares[_i].phone != PHONE_DONE) {
        expect_nothing_paid();
        ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
        return;
    }
    ck_assert_int_eq(payment_get(engine.store, scan.order.id, &payment), 0);
    ck_assert_int_eq(payment.cash_fen, shares[_i].cash_fen);
    int64_t sum = payment.cash_fen;
    ck_assert_uint_eq(payment.coupon_count, shares[_i].count);
    for (size_t i = 0; i < payment.coupon_count; i++) {
        ck_assert_int_eq(payment.coupon[i].cash, shares[_i].coupon[i].cash);
        ck_assert_uint_ge(strlen(payment.coupon[i].id), 1);
        sum += payment.coupon[i].fee_fen;
    }
    ck_assert_int_eq(sum, 88);
}
END_TEST

START_TEST(a_payment_that_fails_leaves_the_order_by_the_switch)
{
    static const struct {
        const char *outcome, *left;
        enum phone_id phone;
        enum trade_state state;
    } failures[] = {
        { "wrong_password", "NOTPAY", PHONE_WRONG_PASSWORD, TRADE_NOTPAY },
        { "not_enough_money", "NOTPAY", PHONE_NOT_ENOUGH, TRADE_NOTPAY },
        { "cancelled", "NOTPAY", PHONE_CANCELLED, TRADE_NOTPAY },
        { "wrong_password", "PAYERROR", PHONE_WRONG_PASSWORD, TRADE_PAYERROR },
        { "not_enough_money", "PAYERROR", PHONE_NOT_ENOUGH, TRADE_PAYERROR },
        { "cancelled", "PAYERROR", PHONE_CANCELLED, TRADE_NOTPAY },
    };
    struct pay_spec spec = {};
    struct paid paid;
    ck_assert_int_eq(pay_outcome_parse(view_str(failures[_i].outcome), &spec.outcome), 0);
    ck_assert_int_eq(pay_outcome_parse(VIEW("broke"), &spec.outcome), ERR_SYNTAX);
    choose("wrong_password", failures[_i].left);
    scan_new("A1");
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), failures[_i].phone);
    ck_assert_int_eq(state_of("A1"), failures[_i].state);
    ck_assert_int_eq(orders_told, failures[_i].state == TRADE_NOTPAY ? 1 : 2);
    expect_nothing_paid();
}
END_TEST

START_TEST(what_happened_since_the_scan_decides)
{
    struct pay_spec spec = {};
    struct paid paid;
    bool early;
    scan_new("A1");
    ck_assert_ptr_null(order_close(&engine, account, VIEW("A1"), &early));
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_CLOSED);
    expect_nothing_paid();
    scan_release(&scan);
    scan_new("A2");
    ck_assert_int_eq(account_clear(engine.store, account->id), 0);
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_UNKNOWN);
}
END_TEST

START_TEST(a_payment_that_cannot_be_written_leaves_nothing)
{
    struct pay_spec spec = {};
    struct paid paid;
    /* in the way of the last of its writes */
    struct notice_row blocking = { .account_id = account->id,
                                   .order_id = 1,
                                   .kind = NOTICE_PAYMENT };
    ck_assert_int_eq(notice_insert(engine.store, &blocking), 0);
    scan_new("A1");
    ck_assert_int_eq(scan.order.id, 1);
    ck_assert_int_eq(payer_pay(&engine, &scan, &spec, &paid), PHONE_TROUBLE);
    ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
    ck_assert_int_eq(scan.order.state, TRADE_NOTPAY);
    ck_assert_int_eq(paid.payment.order_id, 0);
    ck_assert_int_eq(payment_get(engine.store, 1, &paid.payment), ERR_NOT_FOUND);
    ck_assert_int_eq(notices_told, 0);
}
END_TEST

START_TEST(without_memory_nothing_is_paid)
{
    struct pay_spec spec = { .coupon_count = 1, .coupon = { { true, 5, "7" } } };
    bool refused = true;
    scan_new("A1");
    for (int64_t n = 1; refused; n++) {
        struct paid paid;
        mem_fail_at(n);
        enum phone_id phone = payer_pay(&engine, &scan, &spec, &paid);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(phone, refused ? PHONE_TROUBLE : PHONE_DONE);
        ck_assert_int_eq(state_of("A1"), refused ? TRADE_NOTPAY : TRADE_SUCCESS);
        if (refused)
            expect_nothing_paid();
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("payer");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown_scan);
    tcase_add_loop_test(all, every_form_of_a_code_is_understood_and_nothing_else, 0,
                        COUNT(contents));
    tcase_add_loop_test(all, the_code_comes_in_the_form_of_the_switch, 0, 4);
    tcase_add_loop_test(all, the_phone_shows_state_and_time, 0, COUNT(shown));
    tcase_add_test(all, time_expire_ends_the_possibility_to_pay);
    tcase_add_test(all, only_the_newest_code_of_an_order_leads_to_it);
    tcase_add_test(all, paying_writes_state_payment_and_outbox);
    tcase_add_test(all, two_starts_share_no_transaction_id_unless_they_share_their_seed);
    tcase_add_test(all, the_usual_payer_is_the_same_person_and_another_can_pay);
    tcase_add_loop_test(all, the_mode_of_the_account_decides_what_becomes_of_the_notice, 0, 3);
    tcase_add_loop_test(all, cash_and_coupons_together_are_the_total, 0, COUNT(shares));
    tcase_add_loop_test(all, a_payment_that_fails_leaves_the_order_by_the_switch, 0, 6);
    tcase_add_test(all, what_happened_since_the_scan_decides);
    tcase_add_test(all, a_payment_that_cannot_be_written_leaves_nothing);
    tcase_add_test(all, without_memory_nothing_is_paid);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
