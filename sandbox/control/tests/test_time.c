/* The control door's clock and its hand on notifications. */
#include "control/tests/ctl_test.h"

#include "base/err.h"
#include "store/sql.h"

#include <stdio.h>

static struct door door;
static struct shop shop;

static void open_door(void)
{
    door_open(&door, NULL);
    shop_open(&shop, &door);
}

static void close_door(void)
{
    shop_close(&shop, &door);
    door_close(&door);
}

static void make(const char *number)
{
    char code_url[CODE_URL_MAX + 1];
    door_order(&door, number, code_url);
}

static json_t *pay(const char *number, const char *more)
{
    char body[256];

    snprintf(body, sizeof(body), "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"%s\"%s}", number,
             more);
    return ctl_ask(&door, 200, "POST", "/v1/pay", body);
}

/* ---- the clock ------------------------------------------------------------------------------- */

START_TEST(a_frozen_clock_stands_and_a_jump_is_exact)
{
    json_t *json = ctl_ask(&door, 200, "POST", BUILT_IN "/clock/freeze", "{\"at_ms\":1000000}");

    ck_assert_int_eq(int_at(json, "virtual_ms"), 1000000);
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/clock/advance", "{\"s\":90}");
    ck_assert_int_eq(int_at(json, "virtual_ms"), 1090000);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "deliveries")), 0);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/clock", NULL);
    ck_assert_int_eq(int_at(json, "virtual_ms"), 1090000);
    ck_assert(json_is_true(json_object_get(json, "frozen")));
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/clock/real", NULL);
    ck_assert(json_is_false(json_object_get(json, "frozen")));
    ck_assert_int_eq(int_at(json, "offset_ms"), 0);
}
END_TEST

/* V2 6.4, the current timetable: 15 s, 15 s, 30 s, 3 min after the first. */
START_TEST(a_jump_runs_what_is_due_in_order_and_lists_it)
{
    json_t *json;

    shop.deaf = true;
    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/freeze", "{}");
    make("CLOCK001");
    pay("CLOCK001", ",\"wait_ms\":60000");
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/clock/advance", "{\"s\":60,\"wait_ms\":60000}");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "deliveries")), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "open")), 0);
    for (int i = 0; i < 3; i++) {
        char path[40];
        snprintf(path, sizeof(path), "deliveries.%d.attempt", i);
        ck_assert_int_eq(int_at(json, path), i + 2);
    }
    ck_assert_int_eq(int_at(json, "deliveries.1.sent_ms") - int_at(json, "deliveries.0.sent_ms"),
                     15'000);
    ck_assert_int_eq(int_at(json, "deliveries.2.sent_ms") - int_at(json, "deliveries.1.sent_ms"),
                     30'000);
    ck_assert_uint_eq(shop.seen, 4);
}
END_TEST

START_TEST(one_accounts_jump_is_not_anothers)
{
    int64_t before, after;

    ctl_ask(&door, 201, "POST", "/v1/accounts", "{\"mch_id\":\"1999000099\"}");
    ctl_ask(&door, 200, "POST", "/v1/accounts/1999000099/clock/freeze", "{\"at_ms\":5000}");
    before = int_at(ctl_ask(&door, 200, "GET", BUILT_IN "/clock", NULL), "offset_ms");
    ctl_ask(&door, 200, "POST", "/v1/accounts/1999000099/clock/advance", "{\"ms\":1}");
    after = int_at(ctl_ask(&door, 200, "GET", BUILT_IN "/clock", NULL), "offset_ms");
    ck_assert_int_eq(before, after);
    ck_assert_int_eq(
        int_at(ctl_ask(&door, 200, "GET", "/v1/accounts/1999000099/clock", NULL), "virtual_ms"),
        5001);
}
END_TEST

START_TEST(the_default_clock_is_that_of_accounts_made_later)
{
    ctl_ask(&door, 200, "POST", "/v1/clock/freeze", "{\"at_ms\":7000}");
    ctl_ask(&door, 200, "POST", "/v1/clock/advance", "{\"s\":1}");
    json_t *json = ctl_ask(&door, 201, "POST", "/v1/accounts", NULL);
    ck_assert_int_eq(int_at(json, "clock.virtual_ms"), 8000);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/clock", NULL);
    ck_assert(json_is_false(json_object_get(json, "frozen")));
}
END_TEST

/* Orders as they are written, by state. */
static int count_of(enum trade_state state)
{
    sqlite3_stmt *stmt;
    sqlite3 *db = door.sandbox.store->db;

    ck_assert_int_eq(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM orders WHERE state = ?", -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_int(stmt, 1, state);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    int count = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return count;
}

static void make_many(int count)
{
    struct account *account = door_account(&door);
    struct v2_msg request = {};

    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    for (int i = 0; i < count; i++) {
        char number[16];
        struct order_row order = {};
        struct order_spec spec = { .trade_type = TRADE_TYPE_NATIVE,
                                   .total_fen = 1,
                                   .request = &request };
        snprintf(number, sizeof(number), "MANY%06d", i);
        spec.out_trade_no = view_str(number);
        ck_assert_ptr_null(order_open(&door.sandbox.engine, account, &spec, &order, NULL));
        order_row_release(&order);
    }
}

/* Whoever calls meanwhile is served in between, and sees closed what is closed by now. */
START_TEST(a_jump_closes_many_orders_in_many_turns)
{
    struct ctl_reply jump;
    json_t *json;
    int most = 0, before = 0;

    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/freeze", "{}");
    make_many(3000);
    ctl_begin(&door,
              &(struct ctl_send){
                  .method = "POST", .path = BUILT_IN "/clock/advance", .body = "{\"s\":604800}" },
              &jump);
    while (count_of(TRADE_CLOSED) == 0)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_int_gt(count_of(TRADE_NOTPAY), 0); /* as they are written */
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders?state=NOTPAY", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "orders")), 0);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders?state=CLOSED&after=2999", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "orders")), 1);
    ck_assert_int_eq(int_at(json, "orders.0.id"), 3000);
    while (!jump.done) {
        before = count_of(TRADE_CLOSED);
        uv_run(&door.loop, UV_RUN_ONCE);
        if (count_of(TRADE_CLOSED) - before > most)
            most = count_of(TRADE_CLOSED) - before;
    }
    ck_assert_int_eq(jump.status, 200);
    ck_assert_int_le(most, 1000);
    ck_assert_int_eq(count_of(TRADE_NOTPAY), 0);
    ctl_release(&jump);
}
END_TEST

/* ---- notifications --------------------------------------------------------------------------- */

START_TEST(held_ones_are_kept_until_released)
{
    json_t *json;

    ctl_ask(&door, 200, "PUT", BUILT_IN "/notifications/mode", "{\"mode\":\"hold\"}");
    make("HOLD0001");
    json = pay("HOLD0001", ",\"wait_ms\":60000"); /* comes back at once: nothing is sent */
    ck_assert(is_null_at(json, "delivery"));
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/notifications?out_trade_no=HOLD0001", NULL);
    ck_assert_str_eq(text_at(json, "notifications.0.state"), "held");
    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/advance", "{\"s\":86400}");
    ck_assert_uint_eq(shop.seen, 0);
    ctl_ask(&door, 200, "POST", BUILT_IN "/notifications/release", NULL);
    ctl_ask(&door, 200, "POST", BUILT_IN "/wait",
            "{\"for\":\"acknowledged\",\"out_trade_no\":\"HOLD0001\"}");
    ck_assert_uint_eq(shop.seen, 1);
    ck_assert_str_eq(text_at(ctl_ask(&door, 200, "GET", BUILT_IN, NULL), "notification_mode"),
                     "send");
}
END_TEST

START_TEST(a_mode_for_one_order_leaves_the_others)
{
    json_t *json;

    ctl_ask(&door, 200, "PUT", BUILT_IN "/notifications/mode",
            "{\"mode\":\"suppress\",\"out_trade_no\":\"MODE0001\"}"); /* before it is made */
    make("MODE0001");
    make("MODE0002");
    json = pay("MODE0002", ",\"wait_ms\":60000");
    ck_assert(json_is_true(json_object_get(json_object_get(json, "delivery"), "acknowledged")));
    pay("MODE0001", "");
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders/MODE0001", NULL);
    ck_assert_str_eq(text_at(json, "notification.state"), "suppressed");
    ctl_ask(&door, 200, "POST", BUILT_IN "/notifications/release", NULL);
    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/advance", "{\"s\":86400}");
    ck_assert_uint_eq(shop.seen, 1); /* dropped for good */
}
END_TEST

START_TEST(rules_of_paid_orders_make_room_for_new_ones)
{
    char body[128];

    for (int i = 0; i < 256; i++) {
        snprintf(body, sizeof(body), "{\"mode\":\"suppress\",\"out_trade_no\":\"RULE%04d\"}", i);
        ctl_ask(&door, 200, "PUT", BUILT_IN "/notifications/mode", body);
    }
    ctl_ask(&door, 409, "PUT", BUILT_IN "/notifications/mode",
            "{\"mode\":\"hold\",\"out_trade_no\":\"RULE0256\"}");
    make("RULE0007");
    pay("RULE0007", "");
    ctl_ask(&door, 200, "PUT", BUILT_IN "/notifications/mode",
            "{\"mode\":\"hold\",\"out_trade_no\":\"RULE0256\"}");
    ctl_ask(&door, 200, "POST", "/v1/reset", NULL); /* forgets them all */
    make("RULE0008");
    json_t *json = pay("RULE0008", ",\"wait_ms\":60000");
    ck_assert_int_eq(int_at(json, "delivery.status"), 200);
}
END_TEST

START_TEST(a_resend_delivers_once_more_and_waits_for_it)
{
    json_t *json;
    char path[64];

    make("SEND0001");
    json = pay("SEND0001", ",\"wait_ms\":60000");
    snprintf(path, sizeof(path), "/v1/notifications/%lld/resend",
             (long long)int_at(json, "notification_id"));
    json = ctl_ask(&door, 200, "POST", path, "{\"wait_ms\":60000}");
    ck_assert_uint_eq(shop.seen, 2);
    ck_assert_int_eq(int_at(json, "delivery.attempt"), 2);
    ck_assert_str_eq(text_at(json, "notification.state"), "acknowledged");
    json = ctl_ask(&door, 200, "POST", path, NULL); /* and without waiting */
    ck_assert(is_null_at(json, "delivery"));
    ctl_ask(&door, 200, "POST", BUILT_IN "/wait",
            "{\"for\":\"delivery\",\"out_trade_no\":\"SEND0001\",\"count\":3}");
    ck_assert_uint_eq(shop.seen, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control time");
    TCase *tc = tcase_create("on the loop");

    tcase_add_checked_fixture(tc, open_door, close_door);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_frozen_clock_stands_and_a_jump_is_exact);
    tcase_add_test(tc, a_jump_runs_what_is_due_in_order_and_lists_it);
    tcase_add_test(tc, one_accounts_jump_is_not_anothers);
    tcase_add_test(tc, the_default_clock_is_that_of_accounts_made_later);
    tcase_add_test(tc, a_jump_closes_many_orders_in_many_turns);
    tcase_add_test(tc, held_ones_are_kept_until_released);
    tcase_add_test(tc, a_mode_for_one_order_leaves_the_others);
    tcase_add_test(tc, rules_of_paid_orders_make_room_for_new_ones);
    tcase_add_test(tc, a_resend_delivers_once_more_and_waits_for_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
