/* Calls of the control door that wait, the event stream, and what happens without memory. */
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
    struct ctl_reply any, one;
    int64_t last;
    char body[160];
    json_t *json;

    make("CALLS001");
    json = ctl_ask(&door, 200, "POST", BUILT_IN "/wait", "{\"for\":\"calls\",\"api\":\"*\"}");
    ck_assert_int_eq(int_at(json, "calls"), 1);
    last = int_at(json, "last");
    snprintf(body, sizeof(body), "{\"for\":\"calls\",\"api\":\"*\",\"after\":%lld,\"count\":2}",
             (long long)last);
    begin_wait(&any, body);
    snprintf(
        body, sizeof(body),
        "{\"for\":\"calls\",\"api\":\"unifiedorder\",\"after\":%lld,\"out_trade_no\":\"CALLS002\"}",
        (long long)last);
    begin_wait(&one, body);
    holds_until(&door, 2);
    make("CALLS001"); /* the first does not count again, and this is not the other's order */
    ck_assert(!any.done && !one.done);
    make("CALLS002");
    door_until(&door, &any.done);
    door_until(&door, &one.done);
    ck_assert_int_eq(int_at(any.json, "calls"), 2);
    ck_assert_int_eq(int_at(one.json, "calls"), 1);
    ck_assert_int_gt(int_at(one.json, "last"), last);
    ctl_release(&any);
    ctl_release(&one);
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

START_TEST(more_calls_than_the_bound_are_told_to_come_back)
{
    size_t before = door.sandbox.control->hold_count;

    door.sandbox.control->hold_count = CONTROL_HOLDS_MAX; /* as if so many waited */
    json_t *json = ctl_ask(&door, 503, "POST", BUILT_IN "/wait",
                           "{\"for\":\"calls\",\"api\":\"*\",\"timeout_ms\":60000}");
    ck_assert_str_eq(text_at(json, "error.code"), "BUSY");
    door.sandbox.control->hold_count = before;
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

START_TEST(a_reset_during_a_delivery_leaves_the_streams_open) /* 0: of all, 1: of the account */
{
    struct raw events;

    raw_open(&events, &door, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_until(&events, &door, "events of wxpay-sandbox\n\n");
    shop.slow = true;
    make("EVENT003");
    pay("EVENT003", "");
    while (!shop.kept)
        uv_run(&door.loop, UV_RUN_ONCE);
    ctl_ask(&door, 200, "POST", "/v1/reset", _i ? "{\"mch_id\":\"1900000109\"}" : "{}");
    http_call_reply(shop.kept, 200, NULL, 0,
                    VIEW("<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>"));
    raw_until(&events, &door, "event: notification\n");
    make("EVENT004");
    raw_until(&events, &door, "\"out_trade_no\":\"EVENT004\",\"trade_type\"");
    raw_close(&events, &door);
}
END_TEST

/* ---- without memory -------------------------------------------------------------------------- */

static const struct {
    const char *method, *path, *body;
} hungry[] = {
    { "GET", BUILT_IN, "" },
    { "GET", BUILT_IN "/orders/HUNGRY01", "" },
    { "GET", BUILT_IN "/exchanges", "" },
    { "PATCH", BUILT_IN, "{\"name\":\"x\",\"switches\":{\"ack_mode\":\"strict\"}}" },
    { "PUT", BUILT_IN "/notifications/mode", "{\"mode\":\"hold\",\"out_trade_no\":\"HUNGRY02\"}" },
    { "POST", BUILT_IN "/faults", "{\"kind\":\"no_sign\"}" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"calls\",\"api\":\"*\",\"count\":9,\"timeout_ms\":1}" },
    { "POST", BUILT_IN "/clock/advance", "{\"ms\":1}" },
    { "POST", "/v1/scan", "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=none\"}" },
    { "POST", "/v1/pay",
      "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"HUNGRY01\",\"wait_ms\":1}" },
    { "POST", "/v1/reset", "{}" },
    { "GET", "/v1/events", "" },
};

/* An answer of some kind or a closed connection, and the next caller is served as ever. */
START_TEST(a_refused_allocation_costs_one_answer_at_most)
{
    char request[512];
    bool refused = true;

    make("HUNGRY01");
    snprintf(request, sizeof(request),
             "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             hungry[_i].method, hungry[_i].path, strlen(hungry[_i].body), hungry[_i].body);
    for (int n = 1; refused && n < 500; n++) {
        struct raw raw;
        raw_open(&raw, &door, request);
        ck_assert_int_eq(buf_reserve(&raw.seen, 512 * 1024), 0); /* the test's own */
        mem_fail_at(n);
        for (int turn = 0; turn < 10'000 && !raw.ended; turn++) {
            if (raw.seen.len && view_find(buf_view(&raw.seen), VIEW("\r\n\r\n")) != SIZE_MAX)
                break;
            uv_run(&door.loop, UV_RUN_ONCE);
        }
        ck_assert(raw.ended || raw.seen.len);
        refused = mem_refused();
        mem_fail_at(0);
        raw_close(&raw, &door);
    }
    ck_assert(!refused);
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
    tcase_add_test(tc, more_calls_than_the_bound_are_told_to_come_back);
    tcase_add_test(tc, events_tell_what_happens_to_whom);
    tcase_add_loop_test(tc, a_reset_during_a_delivery_leaves_the_streams_open, 0, 2);
    tcase_add_loop_test(tc, a_refused_allocation_costs_one_answer_at_most, 0, COUNT(hungry));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
