/* What takes time on the control door: waits, the clock, notifications, the event stream. */
#include "control/tests/ctl_test.h"

#include "base/err.h"

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

static void begin_wait(struct ctl_reply *reply, const char *body)
{
    ctl_begin(&door, &(struct ctl_send){ .method = "POST", .path = BUILT_IN "/wait", .body = body },
              reply);
}

/* ---- waits ----------------------------------------------------------------------------------- */

#define PAID_1 "{\"for\":\"order_state\",\"out_trade_no\":\"WAIT0001\",\"state\":\"SUCCESS\""

START_TEST(a_wait_for_what_is_so_already_returns_at_once)
{
    json_t *json;

    make("WAIT0001");
    pay("WAIT0001", "");
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/wait", PAID_1 ",\"timeout_ms\":0}");
    ck_assert(json_is_true(json_object_get(json, "met")));
    ck_assert_str_eq(text_at(json, "order.state"), "SUCCESS");
}
END_TEST

START_TEST(a_wait_returns_when_the_order_gets_there)
{
    struct ctl_reply reply;

    begin_wait(&reply, PAID_1 ",\"timeout_ms\":60000}"); /* it is not even made */
    holds_until(&door, 1);
    make("WAIT0001");
    ck_assert(!reply.done);
    make("WAIT0002");
    pay("WAIT0002", ""); /* another one's payment is not it */
    ck_assert(!reply.done);
    pay("WAIT0001", "");
    door_until(&door, &reply.done);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(text_at(reply.json, "order.state"), "SUCCESS");
    ck_assert_str_eq(text_at(reply.json, "order.out_trade_no"), "WAIT0001");
    holds_until(&door, 0);
    ctl_release(&reply);
}
END_TEST

START_TEST(a_wait_that_ran_out_tells_what_was_seen)
{
    json_t *json;

    make("WAIT0001");
    json = ctl_ask(&door, 408, "POST", BUILT_IN "/wait", PAID_1 ",\"timeout_ms\":1}");
    ck_assert(json_is_false(json_object_get(json, "met")));
    ck_assert_str_eq(text_at(json, "order.state"), "NOTPAY");
    ck_assert_str_eq(text_at(json, "error.code"), "TIMEOUT");
    json = ctl_ask(&door, 408, "POST", BUILT_IN "/wait",
                   "{\"for\":\"acknowledged\",\"out_trade_no\":\"NONE0001\",\"timeout_ms\":1}");
    ck_assert(is_null_at(json, "order"));
    holds_until(&door, 0);
}
END_TEST

START_TEST(an_acknowledgement_and_deliveries_are_waited_for)
{
    struct ctl_reply acked, two;

    shop.deaf = true;
    make("WAIT0003");
    begin_wait(&acked, "{\"for\":\"acknowledged\",\"out_trade_no\":\"WAIT0003\"}");
    begin_wait(&two, "{\"for\":\"delivery\",\"out_trade_no\":\"WAIT0003\",\"count\":2}");
    holds_until(&door, 2);
    pay("WAIT0003", ",\"wait_ms\":60000");
    ck_assert_uint_eq(shop.seen, 1);
    ck_assert(!acked.done && !two.done); /* refused once */
    shop.deaf = false;
    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/advance", "{\"s\":15,\"wait_ms\":60000}");
    door_until(&door, &acked.done);
    door_until(&door, &two.done);
    ck_assert_uint_eq(shop.seen, 2);
    ck_assert_int_eq(acked.status, 200);
    ck_assert_int_eq(two.status, 200);
    ck_assert_str_eq(text_at(acked.json, "order.notification.state"), "acknowledged");
    ck_assert_uint_eq(
        json_array_size(json_object_get(
            json_object_get(json_object_get(two.json, "order"), "notification"), "deliveries")),
        2);
    ctl_release(&acked);
    ctl_release(&two);
}
END_TEST

START_TEST(calls_are_counted_after_an_id)
{
    struct ctl_reply reply;
    int64_t last;
    char body[128];
    json_t *json;

    make("CALLS001");
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/wait", "{\"for\":\"calls\",\"api\":\"*\"}");
    ck_assert_int_eq(int_at(json, "calls"), 1);
    last = int_at(json, "last");
    snprintf(body, sizeof(body),
             "{\"for\":\"calls\",\"api\":\"unifiedorder\",\"after\":%lld,\"count\":2,"
             "\"out_trade_no\":\"CALLS002\"}",
             (long long)last);
    begin_wait(&reply, body);
    holds_until(&door, 1);
    make("CALLS003"); /* another order */
    make("CALLS002");
    ck_assert(!reply.done);
    make("CALLS002"); /* asked again */
    door_until(&door, &reply.done);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_int_eq(int_at(reply.json, "calls"), 2);
    ck_assert_int_gt(int_at(reply.json, "last"), last);
    ctl_release(&reply);
}
END_TEST

START_TEST(a_wait_ends_when_its_caller_goes)
{
    struct raw raw;

    raw_open(&raw, &door,
             "POST " BUILT_IN "/wait HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nContent-Length: 66\r\n\r\n"
             "{\"for\":\"acknowledged\",\"out_trade_no\":\"X\",\"timeout_ms\":600000     }");
    holds_until(&door, 1);
    raw_close(&raw, &door);
    holds_until(&door, 0);
}
END_TEST

START_TEST(a_wait_ends_when_its_account_goes)
{
    struct ctl_reply reply;

    ctl_ask(&door, 201, "POST", "/v1/accounts", "{\"mch_id\":\"1999000099\"}");
    ctl_begin(&door,
              &(struct ctl_send){ .method = "POST",
                                  .path = "/v1/accounts/1999000099/wait",
                                  .body = "{\"for\":\"calls\",\"api\":\"*\"}" },
              &reply);
    holds_until(&door, 1);
    ctl_ask(&door, 204, "DELETE", "/v1/accounts/1999000099", NULL);
    door_until(&door, &reply.done);
    ck_assert_int_eq(reply.status, 404);
    ctl_release(&reply);
}
END_TEST

static bool stopped;

static void on_stopped(struct sandbox *)
{
    stopped = true;
}

/* The teardown demands a clean loop: a wait that hung on would be found there. */
START_TEST(a_stop_answers_what_waits)
{
    struct ctl_reply wait;
    struct raw stream;

    begin_wait(&wait, "{\"for\":\"calls\",\"api\":\"*\",\"timeout_ms\":600000}");
    raw_open(&stream, &door, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_until(&stream, &door, "events of wxpay-sandbox");
    holds_until(&door, 1);
    sandbox_stop(&door.sandbox, on_stopped);
    door_until(&door, &wait.done);
    ck_assert_int_eq(wait.status, 503);
    ck_assert_str_eq(text_at(wait.json, "error.code"), "STOPPING");
    door_until(&door, &stream.ended);
    door_until(&door, &stopped);
    raw_close(&stream, &door);
    ctl_release(&wait);
}
END_TEST

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

/* ---- events ---------------------------------------------------------------------------------- */

START_TEST(events_tell_what_happens_to_whom)
{
    struct raw all, other;

    ctl_ask(&door, 201, "POST", "/v1/accounts", "{\"mch_id\":\"1999000099\"}");
    raw_open(&all, &door, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_open(&other, &door, "GET /v1/events?mch_id=1999000099 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_until(&all, &door, "events of wxpay-sandbox\n\n");
    raw_until(&other, &door, "events of wxpay-sandbox\n\n");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&all.seen), "Content-Type: text/event-stream"));
    make("EVENT001");
    raw_until(&all, &door, "event: exchange\ndata: {\"id\":");
    pay("EVENT001", ",\"wait_ms\":60000");
    raw_until(&all, &door, "event: order\ndata: {\"id\":");
    raw_until(&all, &door, "\"state\":\"SUCCESS\"");
    raw_until(&all, &door, "event: notification\ndata: {\"mch_id\":\"1900000109\"");
    ctl_ask(&door, 200, "POST", "/v1/accounts/1999000099/clock/freeze", "{}");
    raw_until(&other, &door, "event: clock\ndata: {\"mch_id\":\"1999000099\"");
    ck_assert_ptr_null(strstr(buf_cstr(&other.seen), "EVENT001"));
    raw_close(&other, &door);
    raw_close(&all, &door);
    make("EVENT002"); /* nobody hears it; the streams are found gone */
    for (int turn = 0; turn < 1000 && door.sandbox.control->stream_count; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(door.sandbox.control->stream_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control waits");
    TCase *tc = tcase_create("on the loop");

    tcase_add_checked_fixture(tc, open_door, close_door);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_wait_for_what_is_so_already_returns_at_once);
    tcase_add_test(tc, a_wait_returns_when_the_order_gets_there);
    tcase_add_test(tc, a_wait_that_ran_out_tells_what_was_seen);
    tcase_add_test(tc, an_acknowledgement_and_deliveries_are_waited_for);
    tcase_add_test(tc, calls_are_counted_after_an_id);
    tcase_add_test(tc, a_wait_ends_when_its_caller_goes);
    tcase_add_test(tc, a_wait_ends_when_its_account_goes);
    tcase_add_test(tc, a_stop_answers_what_waits);
    tcase_add_test(tc, a_frozen_clock_stands_and_a_jump_is_exact);
    tcase_add_test(tc, a_jump_runs_what_is_due_in_order_and_lists_it);
    tcase_add_test(tc, one_accounts_jump_is_not_anothers);
    tcase_add_test(tc, the_default_clock_is_that_of_accounts_made_later);
    tcase_add_test(tc, held_ones_are_kept_until_released);
    tcase_add_test(tc, a_mode_for_one_order_leaves_the_others);
    tcase_add_test(tc, rules_of_paid_orders_make_room_for_new_ones);
    tcase_add_test(tc, a_resend_delivers_once_more_and_waits_for_it);
    tcase_add_test(tc, events_tell_what_happens_to_whom);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
