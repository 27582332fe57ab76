#include "engine/code.h"
#include "engine/order_cell.h"
#include "tests/engine_test.h"

#include <stdio.h>

/* ---- the table ------------------------------------------------------------------------------- */

static int settle_all(void)
{
    size_t budget = SIZE_MAX;
    return order_settle_time(&engine, account, &budget);
}

START_TEST(every_cell_is_written_and_refusing_changes_nothing)
{
    enum trade_state before = (enum trade_state)(_i / ORDER_EVENTS + 1);
    struct order_row order = { .state = before };
    const struct refusal *no = order_apply(&order, (enum order_event)(_i % ORDER_EVENTS));
    ck_assert(!no || no->id != REFUSE_UNWRITTEN);
    ck_assert(!no || order.state == before);
    ck_assert(no || (order.state > 0 && order.state < TRADE_STATES));
}
END_TEST

START_TEST(states_are_named_as_on_the_wire)
{
    enum trade_state state;
    for (int i = 1; i < TRADE_STATES; i++) {
        ck_assert_int_eq(trade_state_parse(view_str(trade_state_name((enum trade_state)i)), &state),
                         0);
        ck_assert_int_eq(state, i);
        ck_assert_str_ne(trade_state_desc((enum trade_state)i), "");
    }
    ck_assert_int_eq(trade_state_parse(VIEW(""), &state), ERR_SYNTAX);
    ck_assert_int_eq(trade_state_parse(VIEW("success"), &state), ERR_SYNTAX);
}
END_TEST

/* ---- unified order --------------------------------------------------------------------------- */

START_TEST(a_new_order_is_unpaid_with_a_prepay_of_its_own)
{
    struct order_row first, second;
    char url[CODE_URL_MAX + 1];
    make_order("A1", &first);
    make_order("A2", &second);
    ck_assert_int_eq(first.state, TRADE_NOTPAY);
    ck_assert_int_eq(first.created_ms, NOON_MS);
    ck_assert_uint_eq(strlen(first.prepay_id), 36);
    /* TZ=Asia/Shanghai date -d @1800000000 +%Y%m%d%H%M%S */
    ck_assert_int_eq(strncmp(first.prepay_id, "wx20270115160000", 16), 0);
    ck_assert_uint_eq(strspn(first.prepay_id + 16, "0123456789abcdef"), 20);
    ck_assert_str_ne(first.prepay_id, second.prepay_id);
    ck_assert_str_ne(first.code, second.code);
    order_code_url(&first, url);
    ck_assert_int_eq(strncmp(url, "weixin://wxpay/bizpayurl?pr=", 28), 0);
    ck_assert_uint_eq(strlen(url), 28 + 7);
    ck_assert(view_is(order_field(&first, "body"), "shoes"));
    ck_assert_uint_eq(order_field(&first, "attach").len, 0);
    ck_assert_int_eq(orders_told, 2);
    order_row_release(&first);
    order_row_release(&second);
}
END_TEST

/* V2 5.3, row by row: state of the known order, the same or other parameters, what comes back. */
static const struct {
    enum trade_state state;
    bool other;
    int64_t later_ms;
    int refusal; /* -1: success */
    bool fresh;  /* a new prepay */
} repeats[] = {
    { TRADE_NOTPAY, false, 0, -1, false },
    { TRADE_NOTPAY, true, 0, REFUSE_REENTRY_DIFFERS, false },
    { TRADE_NOTPAY, false, PREPAY_LIFE_MS - PREPAY_REUSE_MS - 1, -1, false },
    { TRADE_NOTPAY, false, PREPAY_LIFE_MS - PREPAY_REUSE_MS, -1, true },
    { TRADE_NOTPAY, false, PREPAY_LIFE_MS + 1, -1, true },
    { TRADE_NOTPAY, true, PREPAY_LIFE_MS + 1, REFUSE_REENTRY_DIFFERS, false },
    { TRADE_NOTPAY, false, AUTO_CLOSE_MS, REFUSE_ORDER_CLOSED, false },
    { TRADE_SUCCESS, false, 0, REFUSE_ORDER_PAID, false },
    { TRADE_SUCCESS, true, 0, REFUSE_ORDER_PAID, false },
    { TRADE_REFUND, false, 0, REFUSE_ORDER_PAID, false },
    { TRADE_REFUND, true, 0, REFUSE_ORDER_PAID, false },
    { TRADE_CLOSED, false, 0, REFUSE_ORDER_CLOSED, false },
    { TRADE_CLOSED, true, 0, REFUSE_ORDER_CLOSED, false },
    { TRADE_REVOKED, false, 0, REFUSE_ORDER_REVERSED, false },
    { TRADE_REVOKED, true, 0, REFUSE_ORDER_REVERSED, false },
    { TRADE_PAYERROR, false, 0, REFUSE_ORDER_CLOSED, false },
};

START_TEST(a_repeated_order_does_what_the_state_says)
{
    static const char *const other_fields[] = { "body", "socks", "total_fee", "88", NULL };
    struct order_row first, again, stored;
    struct view differs = {};
    make_order("A1", &first);
    force_state("A1", repeats[_i].state);
    pass_ms(repeats[_i].later_ms);
    const struct refusal *no =
        open_order("A1", repeats[_i].other ? other_fields : plain_fields, &again, &differs);
    ck_assert_int_eq(no ? (int)no->id : -1, repeats[_i].refusal);
    ck_assert(view_is(differs, repeats[_i].refusal == REFUSE_REENTRY_DIFFERS ? "body" : ""));
    ck_assert_int_eq(order_get(engine.store, first.id, &stored), 0);
    ck_assert_int_eq(strcmp(stored.prepay_id, first.prepay_id) != 0, repeats[_i].fresh);
    ck_assert_int_eq(strcmp(stored.code, first.code) != 0, repeats[_i].fresh);
    if (!no) {
        ck_assert_int_eq(again.id, first.id);
        ck_assert_str_eq(again.prepay_id, stored.prepay_id);
        ck_assert_int_eq(again.prepay_ms,
                         repeats[_i].fresh ? account_now_ms(account) : first.prepay_ms);
    } else {
        ck_assert_int_eq(again.id, 0);
        ck_assert_ptr_null(again.request.ptr);
    }
    order_row_release(&again);
    order_row_release(&stored);
    order_row_release(&first);
}
END_TEST

START_TEST(a_switch_asks_for_a_new_prepay_every_time)
{
    struct order_row first, again;
    choose("prepay_repeat", "new");
    make_order("A1", &first);
    make_order("A1", &again);
    ck_assert_str_ne(first.prepay_id, again.prepay_id);
    order_row_release(&first);
    order_row_release(&again);
}
END_TEST

/* Which change of a field counts, under "all" and under "core" (V2 5.3). */
static const struct {
    const char *name, *was, *is; /* NULL: absent */
    bool all, core;
} changes[] = {
    { "body", "shoes", "socks", true, true },
    { "total_fee", "88", "89", true, true },
    { "trade_type", "NATIVE", "JSAPI", true, true },
    { "time_expire", "20270115170000", "20270115170001", true, true },
    { "time_expire", NULL, "20270115170000", true, true },
    { "time_expire", "20270115170000", NULL, true, true },
    { "attach", "a", "b", true, false },
    { "attach", NULL, "b", true, false },
    { "attach", "a", NULL, true, false },
    { "attach", "a", "", true, false },
    { "attach", NULL, "", false, false },
    { "notify_url", "http://a/", "http://b/", true, false },
    { "product_id", "1", "2", true, false },
    { "detail", "{}", "{ }", true, false },
    { "openid", "o1", "o2", true, false },
    { "nonce_str", "1", "2", false, false },
    { "sign", "1", "2", false, false },
    { "sign_type", "MD5", "HMAC-SHA256", false, false },
    { "spbill_create_ip", "1.1.1.1", "2.2.2.2", false, false },
    { "time_start", "20270115160000", "20270115160001", false, false },
    { "nobody_knows", "1", "2", false, false },
};

START_TEST(only_what_matters_makes_a_repeat_differ)
{
    bool core = _i % 2;
    size_t i = (size_t)_i / 2;
    const char *was[] = { "appid", "wx8888888888888888", changes[i].was ? changes[i].name : NULL,
                          changes[i].was, NULL };
    const char *is[] = { "appid", "wx8888888888888888", changes[i].is ? changes[i].name : NULL,
                         changes[i].is, NULL };
    bool matters = core ? changes[i].core : changes[i].all;
    struct order_row first, again;
    struct view differs = {};
    choose("reentry_compare", core ? "core" : "all");
    ck_assert_ptr_null(open_order("A1", was, &first, NULL));
    const struct refusal *no = open_order("A1", is, &again, &differs);
    ck_assert_msg((no != NULL) == matters, "%s", changes[i].name);
    if (matters)
        expect_refusal(no, REFUSE_REENTRY_DIFFERS);
    ck_assert(view_is(differs, matters ? changes[i].name : ""));
    order_row_release(&first);
    order_row_release(&again);
}
END_TEST

START_TEST(after_time_expire_a_repeat_is_refused_by_the_switch)
{
    static const char *const fields[] = { "time_expire", "20270115160500", NULL };
    struct order_row row;
    ck_assert_ptr_null(open_order("A1", fields, &row, NULL));
    order_row_release(&row);
    pass_ms(5 * 60 * 1000 - 1);
    ck_assert_ptr_null(open_order("A1", fields, &row, NULL));
    order_row_release(&row);
    pass_ms(1);
    expect_refusal(open_order("A1", fields, &row, NULL), REFUSE_ORDER_CLOSED);
    choose("reentry_expired", "INVALID_REQUEST");
    expect_refusal(open_order("A1", fields, &row, NULL), REFUSE_REENTRY_EXPIRED);
    ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY); /* V2 5.4: it stays so */
}
END_TEST

START_TEST(a_field_too_long_for_the_row_is_named)
{
    static char huge[REQUEST_BLOB_MAX / 2 + 1]; /* two do not fit, with the heads of fields */
    const char *fields[] = { "body", "x", "attach", huge, "detail", huge, NULL };
    struct order_row row;
    struct view differs = {};
    memset(huge, 'x', sizeof(huge) - 1);
    expect_refusal(open_order("A1", fields, &row, &differs), REFUSE_BAD_LENGTH);
    ck_assert(view_is(differs, "detail"));
    ck_assert_int_eq(orders_told, 0);
    const char *number = "123456789012345678901234567890123"; /* 33 */
    expect_refusal(open_order(number, plain_fields, &row, &differs), REFUSE_BAD_LENGTH);
    ck_assert(view_is(differs, "out_trade_no"));
}
END_TEST

START_TEST(a_long_value_comes_back_whole)
{
    static const size_t lengths[] = { 0, 1, 127, 128, 129, 16383, 16384, 30000 };
    static char text[30001];
    const char *fields[] = { "attach", text, "body", "end", NULL };
    struct order_row row;
    memset(text, 'x', lengths[_i]);
    text[lengths[_i]] = '\0';
    ck_assert_ptr_null(open_order("A1", fields, &row, NULL));
    ck_assert_uint_eq(order_field(&row, "attach").len, lengths[_i]);
    ck_assert(view_is(order_field(&row, "body"), "end"));
    order_row_release(&row);
}
END_TEST

/* ---- query and close ------------------------------------------------------------------------- */

START_TEST(a_merchant_finds_only_its_own_orders)
{
    struct order_row row;
    struct account *other;
    struct account_spec spec = {};
    make_order("A1", &row);
    order_row_release(&row);
    ck_assert_int_eq(accounts_add(engine.accounts, &spec, &other), 0);
    ck_assert_ptr_null(order_find(&engine, account, VIEW(""), VIEW("A1"), &row));
    order_row_release(&row);
    expect_refusal(order_find(&engine, other, VIEW(""), VIEW("A1"), &row), REFUSE_QUERY_UNKNOWN);
    expect_refusal(order_find(&engine, account, VIEW(""), VIEW("a1"), &row), REFUSE_QUERY_UNKNOWN);
    /* transaction_id wins */
    expect_refusal(order_find(&engine, account, VIEW("42"), VIEW("A1"), &row),
                   REFUSE_QUERY_UNKNOWN);
}
END_TEST

static const struct {
    enum trade_state state;
    int refusal;
} closings[] = {
    { TRADE_NOTPAY, -1 },
    { TRADE_SUCCESS, REFUSE_CLOSE_PAID },
    { TRADE_REFUND, REFUSE_CLOSE_PAID },
    { TRADE_CLOSED, REFUSE_ORDER_CLOSED },
    { TRADE_PAYERROR, REFUSE_TRADE_STATE },
    { TRADE_USERPAYING, REFUSE_TRADE_STATE },
};

START_TEST(closing_does_what_the_state_says)
{
    struct order_row row;
    bool early = true;
    make_order("A1", &row);
    order_row_release(&row);
    force_state("A1", closings[_i].state);
    pass_ms(EARLY_CLOSE_MS);
    const struct refusal *no = order_close(&engine, account, VIEW("A1"), &early);
    ck_assert_int_eq(no ? (int)no->id : -1, closings[_i].refusal);
    ck_assert(!early);
    ck_assert_int_eq(state_of("A1"), no ? closings[_i].state : TRADE_CLOSED);
    expect_refusal(order_close(&engine, account, VIEW("A2"), &early), REFUSE_CLOSE_UNKNOWN);
}
END_TEST

START_TEST(closing_within_five_minutes_is_told_or_refused)
{
    struct order_row row;
    bool early = false;
    make_order("A1", &row);
    order_row_release(&row);
    pass_ms(EARLY_CLOSE_MS - 1);
    choose("early_close", "refused");
    expect_refusal(order_close(&engine, account, VIEW("A1"), &early), REFUSE_CLOSE_EARLY);
    ck_assert(early);
    ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
    choose("early_close", "accepted");
    ck_assert_ptr_null(order_close(&engine, account, VIEW("A1"), &early));
    ck_assert(early);
    ck_assert_ptr_null(order_find(&engine, account, VIEW(""), VIEW("A1"), &row));
    ck_assert_int_eq(row.closed_ms, NOON_MS + EARLY_CLOSE_MS - 1);
    order_row_release(&row);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------ */

/* When an order closes by itself (V2 5.4); after NOON_MS, -1: never. */
static const struct {
    const char *auto_close, *time_expire;
    int64_t after_ms;
} closes[] = {
    { "7d", NULL, AUTO_CLOSE_MS },
    { "7d", "20270115160500", AUTO_CLOSE_MS },
    { "at_expiry", NULL, AUTO_CLOSE_MS },
    { "at_expiry", "20270115160500", 5 * 60 * 1000 },
    { "never", NULL, -1 },
    { "never", "20270115160500", -1 },
};

START_TEST(an_unpaid_order_closes_when_its_time_has_come)
{
    const char *fields[] = { closes[_i].time_expire ? "time_expire" : NULL, closes[_i].time_expire,
                             NULL };
    struct order_row row;
    int64_t due = closes[_i].after_ms < 0 ? INT64_MAX : NOON_MS + closes[_i].after_ms;
    choose("auto_close", closes[_i].auto_close);
    ck_assert_ptr_null(open_order("A1", fields, &row, NULL));
    order_row_release(&row);
    ck_assert(order_next_due(&engine, account) == due);
    pass_ms((due == INT64_MAX ? 100 * AUTO_CLOSE_MS : closes[_i].after_ms) - 1);
    ck_assert_int_eq(settle_all(), 0);
    ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
    pass_ms(1);
    ck_assert_int_eq(settle_all(), 0);
    if (due == INT64_MAX) {
        ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
        return;
    }
    ck_assert_int_eq(state_of("A1"), TRADE_CLOSED);
    ck_assert_int_eq(orders_told, 2);
    ck_assert(order_next_due(&engine, account) == INT64_MAX);
    pass_ms(1000); /* it closed then, whenever it was looked at */
    ck_assert_ptr_null(order_find(&engine, account, VIEW(""), VIEW("A1"), &row));
    ck_assert(row.closed_ms == due);
    order_row_release(&row);
}
END_TEST

START_TEST(time_closes_in_steps_and_shows_the_rest_as_closed)
{
    size_t budget = 3;
    struct order_row row;
    char number[] = "S0";
    for (; number[1] < '5'; number[1]++) {
        make_order(number, &row);
        order_row_release(&row);
    }
    pass_ms(AUTO_CLOSE_MS);
    ck_assert_int_eq(order_settle_time(&engine, account, &budget), 0);
    ck_assert_uint_eq(budget, 0);
    ck_assert_int_eq(state_of("S2"), TRADE_CLOSED);
    ck_assert_int_eq(state_of("S3"), TRADE_NOTPAY); /* as it is written */
    ck_assert_int_le(order_next_due(&engine, account), account_now_ms(account));
    ck_assert_int_eq(order_get_by_number(engine.store, account->id, VIEW("S4"), &row), 0);
    order_see_time(&engine, account, &row);
    ck_assert_int_eq(row.state, TRADE_CLOSED); /* as it is */
    order_row_release(&row);
    budget = 3;
    ck_assert_int_eq(order_settle_time(&engine, account, &budget), 0);
    ck_assert_uint_eq(budget, 1);
    ck_assert_int_eq(state_of("S4"), TRADE_CLOSED);
    ck_assert(order_next_due(&engine, account) == INT64_MAX);
}
END_TEST

START_TEST(a_query_sees_what_time_has_done_even_without_a_transaction)
{
    struct order_row row;
    make_order("A1", &row);
    order_row_release(&row);
    ck_assert_int_eq(store_commit(engine.store), 0);
    pass_ms(AUTO_CLOSE_MS);
    ck_assert_ptr_null(order_find(&engine, account, VIEW(""), VIEW("A1"), &row));
    ck_assert_int_eq(row.state, TRADE_CLOSED);
    order_row_release(&row);
    ck_assert(!store_in_transaction(engine.store));
    ck_assert_int_eq(state_of("A1"), TRADE_NOTPAY);
    ck_assert_int_eq(store_begin(engine.store), 0);
    ck_assert_ptr_null(order_find(&engine, account, VIEW(""), VIEW("A1"), &row));
    order_row_release(&row);
    ck_assert_int_eq(state_of("A1"), TRADE_CLOSED);
}
END_TEST

START_TEST(orders_close_in_order_and_one_account_s_time_is_not_another_s)
{
    struct order_row row;
    struct account *other;
    struct account_spec spec = {};
    ck_assert_int_eq(accounts_add(engine.accounts, &spec, &other), 0);
    vclock_freeze(&other->clock, NOON_MS);
    for (int i = 0; i < 3; i++) {
        char number[] = { 'N', (char)('0' + i), '\0' };
        make_order(number, &row);
        order_row_release(&row);
        pass_ms(1000);
    }
    struct account *mine = account;
    account = other;
    make_order("N0", &row);
    order_row_release(&row);
    account = mine;
    ck_assert(order_next_due(&engine, account) == NOON_MS + AUTO_CLOSE_MS);
    vclock_set(&account->clock, NOON_MS + AUTO_CLOSE_MS + 1000);
    ck_assert_int_eq(settle_all(), 0);
    ck_assert_int_eq(state_of("N0"), TRADE_CLOSED);
    ck_assert_int_eq(state_of("N1"), TRADE_CLOSED);
    ck_assert_int_eq(state_of("N2"), TRADE_NOTPAY);
    account = other;
    ck_assert_int_eq(state_of("N0"), TRADE_NOTPAY);
}
END_TEST

/* ---- codes ----------------------------------------------------------------------------------- */

START_TEST(a_code_reads_back_and_no_two_are_the_same)
{
    static const int64_t ids[] = { 1, 2, 3, 1000000, CODE_ID_MAX };
    static const unsigned generations[] = { 0, 1, CODE_GENERATIONS - 1 };
    char seen[COUNT(ids) * COUNT(generations)][CODE_LEN + 1];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(ids); i++) {
        for (size_t g = 0; g < COUNT(generations); g++) {
            int64_t id;
            unsigned generation;
            char *code = seen[count++];
            code_make(0x1234567890abcdefULL, ids[i], generations[g], code);
            ck_assert(code_read(0x1234567890abcdefULL, view_str(code), &id, &generation));
            ck_assert_int_eq(id, ids[i]);
            ck_assert_uint_eq(generation, generations[g]);
            for (size_t k = 0; k + 1 < count; k++)
                ck_assert_str_ne(seen[k], code);
        }
    }
}
END_TEST

START_TEST(what_is_no_code_is_not_read)
{
    static const char *const texts[] = {
        "", "AAAAAA", "AAAAAAAA", "AAA AAA", "AAA-AAA", "zzzzzzz"
    };
    int64_t id;
    unsigned generation;
    for (size_t i = 0; i < COUNT(texts); i++)
        ck_assert_msg(!code_read(7, view_str(texts[i]), &id, &generation), "%s", texts[i]);
}
END_TEST

/* ---- no memory ------------------------------------------------------------------------------- */

START_TEST(without_memory_an_order_is_refused_and_not_made)
{
    struct v2_msg msg = {};
    fill_msg(&msg, plain_fields);
    struct order_spec spec = { .out_trade_no = VIEW("A1"),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .total_fen = 88,
                               .request = &msg };
    bool refused = true;
    for (int64_t n = 1; refused; n++) {
        struct order_row row;
        int64_t live = mem_live();
        mem_fail_at(n);
        const struct refusal *no = order_open(&engine, account, &spec, &row, NULL);
        refused = mem_refused();
        mem_fail_at(0);
        if (refused) {
            expect_refusal(no, REFUSE_SYSTEM_ERROR);
            ck_assert_int_eq(mem_live(), live);
            ck_assert_int_eq(orders_told, 0);
        } else {
            ck_assert_ptr_null(no);
        }
        order_row_release(&row);
        ck_assert_int_lt(n, 100);
    }
    v2_msg_release(&msg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("order");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, every_cell_is_written_and_refusing_changes_nothing, 0,
                        (TRADE_STATES - 1) * ORDER_EVENTS);
    tcase_add_test(all, states_are_named_as_on_the_wire);
    tcase_add_test(all, a_new_order_is_unpaid_with_a_prepay_of_its_own);
    tcase_add_loop_test(all, a_repeated_order_does_what_the_state_says, 0, COUNT(repeats));
    tcase_add_test(all, a_switch_asks_for_a_new_prepay_every_time);
    tcase_add_loop_test(all, only_what_matters_makes_a_repeat_differ, 0, 2 * COUNT(changes));
    tcase_add_test(all, after_time_expire_a_repeat_is_refused_by_the_switch);
    tcase_add_test(all, a_field_too_long_for_the_row_is_named);
    tcase_add_loop_test(all, a_long_value_comes_back_whole, 0, 8);
    tcase_add_test(all, a_merchant_finds_only_its_own_orders);
    tcase_add_loop_test(all, closing_does_what_the_state_says, 0, COUNT(closings));
    tcase_add_test(all, closing_within_five_minutes_is_told_or_refused);
    tcase_add_loop_test(all, an_unpaid_order_closes_when_its_time_has_come, 0, COUNT(closes));
    tcase_add_test(all, time_closes_in_steps_and_shows_the_rest_as_closed);
    tcase_add_test(all, a_query_sees_what_time_has_done_even_without_a_transaction);
    tcase_add_test(all, orders_close_in_order_and_one_account_s_time_is_not_another_s);
    tcase_add_test(all, a_code_reads_back_and_no_two_are_the_same);
    tcase_add_test(all, what_is_no_code_is_not_read);
    tcase_add_test(all, without_memory_an_order_is_refused_and_not_made);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
