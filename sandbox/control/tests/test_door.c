/* The control door over HTTP: what is refused and where, accounts, orders, payments, faults. */
#include "control/router.h"
#include "control/tests/ctl_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static struct door door;

static void open_door(void)
{
    door_open(&door, NULL);
}

static void close_door(void)
{
    ctl_ask(&door, 200, "GET", "/v1/health", NULL); /* whatever came before, it goes on */
    door_close(&door);
}

/* ---- what is refused ------------------------------------------------------------------------- */

#define ACCOUNTS "/v1/accounts"

static const struct {
    const char *method, *path, *body;
    int status;
    const char *code, *where;
} refused[] = {
    { "GET", "/", NULL, 404, "NOT_FOUND", "" },
    { "GET", "/v1/health/", NULL, 404, "NOT_FOUND", "" },
    { "POST", "/v1/health", NULL, 405, "METHOD_NOT_ALLOWED", "" },
    { "GET", "/v1/health?x=1", NULL, 400, "BAD_QUERY", "?x" },
    { "GET", "/v1/health", "{}", 400, "BAD_BODY", "" },
    { "GET", ACCOUNTS "/1", NULL, 404, "NOT_FOUND", "" },
    { "GET", ACCOUNTS "/%zz", NULL, 400, "BAD_PATH", "" },
    { "POST", ACCOUNTS, "{", 400, "BAD_JSON", "" },
    { "POST", ACCOUNTS, "{\"name\":\"a\",\"name\":\"b\"}", 400, "BAD_JSON", "" },
    { "POST", ACCOUNTS, "[]", 400, "BAD_MEMBER", "" },
    { "POST", ACCOUNTS, "{\"colour\":1}", 400, "BAD_MEMBER", "/colour" },
    { "POST", ACCOUNTS, "{\"a/b~c\":1}", 400, "BAD_MEMBER", "/a~1b~0c" },
    { "POST", ACCOUNTS, "{\"mch_id\":1900000110}", 400, "BAD_MEMBER", "/mch_id" },
    { "POST", ACCOUNTS, "{\"mch_id\":\"190000011x\"}", 400, "BAD_MEMBER", "/mch_id" },
    { "POST", ACCOUNTS, "{\"mch_id\":\"1900000109\"}", 409, "CONFLICT", "/mch_id" },
    { "POST", ACCOUNTS, "{\"api_key\":\"short\"}", 400, "BAD_MEMBER", "/api_key" },
    { "POST", ACCOUNTS, "{\"appids\":[]}", 400, "BAD_MEMBER", "/appids" },
    { "POST", ACCOUNTS, "{\"appids\":[\"wx1\",\"w x\"]}", 400, "BAD_MEMBER", "/appids/1" },
    { "POST", ACCOUNTS, "{\"products\":[\"MICROPAY\"]}", 400, "BAD_MEMBER", "/products/0" },
    { "POST", ACCOUNTS, "{\"switches\":{\"nope\":\"x\"}}", 400, "BAD_MEMBER", "/switches/nope" },
    { "POST", ACCOUNTS, "{\"switches\":{\"ack_mode\":\"x\"}}", 400, "BAD_MEMBER",
      "/switches/ack_mode" },
    { "POST", ACCOUNTS, "{\"switches\":{\"ack_mode\":7}}", 400, "BAD_MEMBER",
      "/switches/ack_mode" },
    { "PUT", BUILT_IN "/origins", "{\"https://a\":\"http://b/path\"}", 400, "BAD_MEMBER",
      "/https:~1~1a" },
    { "PUT", BUILT_IN "/origins", "{\"ftp://a\":\"http://b\"}", 400, "BAD_MEMBER", "/ftp:~1~1a" },
    { "PUT", BUILT_IN "/origins", "[]", 400, "BAD_MEMBER", "" },
    { "PUT", BUILT_IN "/origins", NULL, 400, "BAD_MEMBER", "" },
    { "PATCH", BUILT_IN, "{\"mch_id\":\"1900000110\"}", 400, "BAD_MEMBER", "/mch_id" },
    { "DELETE", BUILT_IN, NULL, 409, "CONFLICT", "" },
    { "GET", BUILT_IN "/orders?limit=0", NULL, 400, "BAD_QUERY", "?limit" },
    { "GET", BUILT_IN "/orders?limit=x", NULL, 400, "BAD_QUERY", "?limit" },
    { "GET", BUILT_IN "/orders?limit=1&limit=2", NULL, 400, "BAD_QUERY", "?" },
    { "GET", BUILT_IN "/orders?state=PAID", NULL, 400, "BAD_QUERY", "?state" },
    { "GET", BUILT_IN "/orders/A1", NULL, 404, "NOT_FOUND", "" },
    { "POST", "/v1/scan", "{}", 400, "BAD_MEMBER", "" },
    { "POST", "/v1/scan", "{\"code_url\":\"\"}", 400, "BAD_MEMBER", "/code_url" },
    { "POST", "/v1/scan", "{\"picture_base64\":\"!!!!\"}", 422, "UNREADABLE", "/picture_base64" },
    { "POST", "/v1/pay", "{\"mch_id\":\"1900000109\"}", 400, "BAD_MEMBER", "" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"out_trade_no\":\"y\"}", 400, "BAD_MEMBER", "" },
    { "POST", "/v1/pay", "{\"mch_id\":\"1\",\"out_trade_no\":\"y\"}", 404, "NOT_FOUND", "" },
    { "POST", "/v1/pay", "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"y\"}", 404, "NOT_FOUND",
      "" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"outcome\":\"free\"}", 400, "BAD_MEMBER",
      "/outcome" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"wait_ms\":600001}", 400, "BAD_MEMBER", "/wait_ms" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"wait_ms\":1.5}", 400, "BAD_MEMBER", "/wait_ms" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"coupons\":[{\"fee_fen\":1},{\"fee_fen\":0}]}", 400,
      "BAD_MEMBER", "/coupons/1/fee_fen" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"coupons\":[{\"fee_fen\":1,\"sort\":2}]}", 400,
      "BAD_MEMBER", "/coupons/0/sort" },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"coupons\":[7]}", 400, "BAD_MEMBER", "/coupons/0" },
    { "POST", BUILT_IN "/clock/freeze", "{\"at_ms\":0}", 400, "BAD_MEMBER", "/at_ms" },
    { "POST", BUILT_IN "/clock/advance", "{}", 400, "BAD_MEMBER", "" },
    { "POST", BUILT_IN "/clock/advance", "{\"ms\":1,\"s\":1}", 400, "BAD_MEMBER", "" },
    { "POST", BUILT_IN "/clock/advance", "{\"ms\":-1}", 400, "BAD_MEMBER", "/ms" },
    { "POST", BUILT_IN "/clock/advance", "{\"s\":1,\"wait\":\"long\"}", 400, "BAD_MEMBER",
      "/wait" },
    { "POST", BUILT_IN "/clock/real", "{\"now\":true}", 400, "BAD_MEMBER", "/now" },
    { "GET", BUILT_IN "/notifications?after=-1", NULL, 400, "BAD_QUERY", "?after" },
    { "POST", "/v1/notifications/1/resend", NULL, 404, "NOT_FOUND", "" },
    { "POST", "/v1/notifications/x/resend", NULL, 404, "NOT_FOUND", "" },
    { "PUT", BUILT_IN "/notifications/mode", "{}", 400, "BAD_MEMBER", "/mode" },
    { "PUT", BUILT_IN "/notifications/mode", "{\"mode\":\"drop\"}", 400, "BAD_MEMBER", "/mode" },
    { "GET", ACCOUNTS "/1/exchanges", NULL, 404, "NOT_FOUND", "" },
    { "GET", "/v1/exchanges/1", NULL, 404, "NOT_FOUND", "" },
    { "GET", "/v1/exchanges/99999999999999999999/explain", NULL, 404, "NOT_FOUND", "" },
    { "POST", BUILT_IN "/wait", "{}", 400, "BAD_MEMBER", "/for" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"rain\"}", 400, "BAD_MEMBER", "/for" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"order_state\",\"state\":\"SUCCESS\"}", 400,
      "BAD_MEMBER", "/out_trade_no" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"order_state\",\"out_trade_no\":\"A\",\"state\":\"X\"}",
      400, "BAD_MEMBER", "/state" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"acknowledged\",\"out_trade_no\":\"A\",\"count\":2}",
      400, "BAD_MEMBER", "/count" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"calls\",\"api\":\"pay\"}", 400, "BAD_MEMBER", "/api" },
    { "POST", BUILT_IN "/wait", "{\"for\":\"calls\",\"api\":\"*\",\"timeout_ms\":600001}", 400,
      "BAD_MEMBER", "/timeout_ms" },
    { "POST", BUILT_IN "/faults", "{}", 400, "BAD_MEMBER", "/kind" },
    { "POST", BUILT_IN "/faults", "{\"kind\":\"delay\",\"delay_ms\":\"1\"}", 400, "BAD_MEMBER",
      "/delay_ms" },
    { "DELETE", BUILT_IN "/faults/7", NULL, 404, "NOT_FOUND", "" },
    { "POST", "/v1/reset", "{\"mch_id\":\"1\"}", 404, "NOT_FOUND", "" },
    { "GET", "/v1/events?mch_id=1", NULL, 404, "NOT_FOUND", "" },
};

START_TEST(a_bad_request_is_refused_where_it_is_wrong)
{
    json_t *json =
        ctl_ask(&door, refused[_i].status, refused[_i].method, refused[_i].path, refused[_i].body);

    ck_assert_str_eq(text_at(json, "error.code"), refused[_i].code);
    ck_assert_str_eq(text_at(json, "error.where"), refused[_i].where);
    ck_assert_str_ne(text_at(json, "error.message"), "");
    ck_assert_uint_eq(door.sandbox.control->hold_count, 0);
}
END_TEST

START_TEST(no_call_of_the_table_answers_a_foreign_host)
{
    for (size_t i = 0; control_route_at(i); i++) {
        struct ctl_reply reply;
        char path[128];
        size_t len = 0;
        for (const char *at = control_route_at(i)->path; *at; at++) { /* "{mch_id}" becomes "1" */
            path[len++] = *at == '{' ? '1' : *at;
            at = *at == '{' ? strchr(at, '}') : at;
        }
        path[len] = '\0';
        ctl_begin(&door,
                  &(struct ctl_send){ .method = control_route_at(i)->method,
                                      .path = path,
                                      .host = "rebound.example" },
                  &reply);
        door_until(&door, &reply.done);
        ck_assert_int_eq(reply.status, 403);
        ctl_release(&reply);
    }
}
END_TEST

START_TEST(a_body_above_its_bound_is_refused)
{
    struct buf body = BUF_INIT(1 << 20);

    ck_assert_int_eq(buf_str(&body, "{\"name\":\""), 0);
    for (size_t i = 0; i < CONTROL_JSON_MAX; i++)
        ck_assert_int_eq(buf_byte(&body, 'x'), 0);
    ck_assert_int_eq(buf_str(&body, "\"}"), 0);
    ck_assert_str_eq(text_at(ctl_ask(&door, 413, "POST", ACCOUNTS, buf_cstr(&body)), "error.code"),
                     "TOO_LONG");
    buf_release(&body);
}
END_TEST

/* ---- accounts -------------------------------------------------------------------------------- */

START_TEST(an_account_is_made_changed_and_deleted)
{
    json_t *json = ctl_ask(&door, 201, "POST", ACCOUNTS,
                           "{\"mch_id\":\"1999000077\",\"name\":\"\xe8\x8c\xb6\","
                           "\"appids\":[\"wxA\",\"wxB\"],\"switches\":{\"ack_mode\":\"strict\"},"
                           "\"products\":[],\"origins\":{\"https://a\":\"http://127.0.0.1:1\"}}");

    ck_assert_str_eq(text_at(json, "mch_id"), "1999000077");
    ck_assert_str_eq(text_at(json, "name"), "\xe8\x8c\xb6");
    ck_assert_str_eq(text_at(json, "appids.1"), "wxB");
    ck_assert_str_eq(text_at(json, "switches.ack_mode"), "strict");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "products")), 0);
    ck_assert_uint_eq(strlen(text_at(json, "api_key")), 32);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(json, "origins"), "https://a")),
        "http://127.0.0.1:1");

    /* switches are merged, lists replaced */
    json = ctl_ask(&door, 200, "PATCH", ACCOUNTS "/1999000077",
                   "{\"switches\":{\"auto_close\":\"never\"},\"appids\":[\"wxC\"],"
                   "\"api_key\":\"0123456789abcdef0123456789abcdef\"}");
    ck_assert_str_eq(text_at(json, "switches.ack_mode"), "strict");
    ck_assert_str_eq(text_at(json, "switches.auto_close"), "never");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "appids")), 1);
    ck_assert_str_eq(text_at(json, "api_key"), "0123456789abcdef0123456789abcdef");
    ck_assert_str_eq(text_at(json, "name"), "\xe8\x8c\xb6");

    ctl_ask(&door, 204, "DELETE", ACCOUNTS "/1999000077", NULL);
    ctl_ask(&door, 404, "GET", ACCOUNTS "/1999000077", NULL);
    ck_assert_uint_eq(
        json_array_size(json_object_get(ctl_ask(&door, 200, "GET", ACCOUNTS, NULL), "accounts")),
        1);
}
END_TEST

START_TEST(a_refused_change_changes_nothing)
{
    json_t *before = json_deep_copy(ctl_ask(&door, 200, "GET", BUILT_IN, NULL)), *after;

    ctl_ask(&door, 400, "PATCH", BUILT_IN,
            "{\"name\":\"new\",\"switches\":{\"auto_close\":\"never\",\"ack_mode\":\"x\"}}");
    after = ctl_ask(&door, 200, "GET", BUILT_IN, NULL);
    json_object_del(before, "clock"); /* it goes on */
    json_object_del(after, "clock");
    ck_assert(json_equal(before, after));
    json_decref(before);
}
END_TEST

START_TEST(an_account_counts_up_from_the_first_made_one)
{
    ck_assert_str_eq(text_at(ctl_ask(&door, 201, "POST", ACCOUNTS, NULL), "mch_id"), "1999000001");
    ck_assert_str_eq(text_at(ctl_ask(&door, 201, "POST", ACCOUNTS, "{}"), "mch_id"), "1999000002");
}
END_TEST

/* ---- orders and payments --------------------------------------------------------------------- */

static json_t *pay(int status, const char *number, const char *more)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"%s\"%s}", number,
             more);
    return ctl_ask(&door, status, "POST", "/v1/pay", body);
}

START_TEST(orders_are_listed_by_state_and_in_pages)
{
    char code_url[CODE_URL_MAX + 1];
    json_t *json;

    door_order(&door, "LIST0001", code_url);
    door_order(&door, "LIST0002", code_url);
    door_order(&door, "LIST0003", code_url);
    pay(200, "LIST0002", "");
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders?limit=2", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "orders")), 2);
    ck_assert_str_eq(text_at(json, "orders.1.state"), "SUCCESS");
    ck_assert_int_eq(int_at(json, "next"), int_at(json, "orders.1.id"));
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders?after=2", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "orders")), 1);
    ck_assert_str_eq(text_at(json, "orders.0.out_trade_no"), "LIST0003");
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders?state=SUCCESS", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "orders")), 1);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/orders/LIST0002", NULL);
    ck_assert_int_eq(int_at(json, "payment.cash_fen"), 88);
    ck_assert_str_eq(text_at(json, "notification.out_trade_no"), "LIST0002");
    ck_assert(is_null_at(ctl_ask(&door, 200, "GET", BUILT_IN "/orders/LIST0001", NULL), "payment"));
}
END_TEST

START_TEST(a_payment_shows_asks_and_tells)
{
    char code_url[CODE_URL_MAX + 1], body[256];
    json_t *json;

    door_order(&door, "PAY00001", code_url);
    snprintf(body, sizeof(body), "{\"code_url\":\"%s\"}", code_url);
    json = ctl_ask(&door, 200, "POST", "/v1/scan", body);
    ck_assert_str_eq(text_at(json, "phone"), "cashier");
    ck_assert_int_eq(int_at(json, "total_fen"), 88);

    json = pay(200, "PAY00001", ",\"outcome\":\"cancelled\"");
    ck_assert_str_eq(text_at(json, "result"), "refused");
    ck_assert_str_eq(text_at(json, "reason"), "cancelled");
    ck_assert_str_eq(text_at(json, "order.state"), "NOTPAY");
    ck_assert(is_null_at(json, "notification_id"));

    json = pay(200, "PAY00001",
               ",\"openid\":\"oPayer\",\"bank_type\":\"CMB_DEBIT\","
               "\"coupons\":[{\"type\":\"CASH\",\"fee_fen\":8},{\"fee_fen\":10,\"id\":\"77\"}]");
    ck_assert_str_eq(text_at(json, "result"), "paid");
    ck_assert(is_null_at(json, "reason"));
    ck_assert_str_eq(text_at(json, "order.state"), "SUCCESS");
    ck_assert_str_eq(text_at(json, "order.payment.openid"), "oPayer");
    ck_assert_str_eq(text_at(json, "order.payment.bank_type"), "CMB_DEBIT");
    ck_assert_str_eq(text_at(json, "order.payment.coupons.0.type"), "CASH");
    ck_assert_str_eq(text_at(json, "order.payment.coupons.1.type"), "NO_CASH");
    ck_assert_str_eq(text_at(json, "order.payment.coupons.1.id"), "77");
    ck_assert_str_eq(text_at(json, "transaction_id"),
                     text_at(json, "order.payment.transaction_id"));
    ck_assert_int_gt(int_at(json, "notification_id"), 0);

    json = pay(200, "PAY00001", "");
    ck_assert_str_eq(text_at(json, "result"), "refused");
    ck_assert_str_eq(text_at(json, "reason"), "paid-already");
}
END_TEST

START_TEST(a_payment_waits_for_the_first_delivery)
{
    char code_url[CODE_URL_MAX + 1];
    struct shop shop;
    json_t *json;

    shop_open(&shop, &door);
    door_order(&door, "PAY00002", code_url);
    json = pay(200, "PAY00002", ",\"wait_ms\":60000");
    ck_assert_uint_eq(shop.seen, 1);
    ck_assert(json_is_true(json_object_get(json_object_get(json, "delivery"), "acknowledged")));
    ck_assert_int_eq(int_at(json, "delivery.notification_id"), int_at(json, "notification_id"));
    shop_close(&shop, &door);
}
END_TEST

/* ---- faults ---------------------------------------------------------------------------------- */

START_TEST(faults_are_ordered_listed_and_deleted)
{
    json_t *json = ctl_ask(&door, 201, "POST", BUILT_IN "/faults",
                           "{\"api\":\"orderquery\",\"kind\":\"http_status\",\"status\":502}");
    int64_t id = int_at(json, "id");
    char path[64];

    ck_assert_int_eq(int_at(json, "left"), 1);
    ctl_ask(&door, 201, "POST", BUILT_IN "/faults", "{\"kind\":\"no_sign\",\"count\":3}");
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/faults", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "faults")), 2);
    ck_assert_str_eq(text_at(json, "faults.0.kind"), "http_status");
    snprintf(path, sizeof(path), BUILT_IN "/faults/%lld", (long long)id);
    ctl_ask(&door, 204, "DELETE", path, NULL);
    ctl_ask(&door, 404, "DELETE", path, NULL);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/faults", NULL);
    ck_assert_str_eq(text_at(json, "faults.0.kind"), "no_sign");
    ctl_ask(&door, 204, "DELETE", BUILT_IN "/faults", NULL);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/faults", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "faults")), 0);
}
END_TEST

/* ---- what happened --------------------------------------------------------------------------- */

START_TEST(exchanges_are_listed_fetched_and_explained)
{
    struct params params = {};
    struct answer answer = {};
    struct buf xml = BUF_INIT(4096);
    char path[64];
    json_t *json;

    params_order(&params, "SIGN0001");
    params_sign(&params, "another0key0another0key0another0", &xml);
    door_send(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/exchanges?api=unifiedorder", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "exchanges")), 1);
    ck_assert_int_eq(int_at(json, "lost"), 0);
    ck_assert_int_eq(int_at(json, "next"), int_at(json, "exchanges.0.id"));
    ck_assert_str_eq(text_at(json, "exchanges.0.request.body"), buf_cstr(&xml));
    snprintf(path, sizeof(path), "/v1/exchanges/%lld/explain",
             (long long)int_at(json, "exchanges.0.id"));
    json = ctl_ask(&door, 200, "GET", path, NULL);
    ck_assert_str_eq(text_at(json, "refusal"), "BAD_SIGN");
    ck_assert_ptr_nonnull(strstr(text_at(json, "sign_text"), "out_trade_no=SIGN0001"));
    ck_assert_ptr_null(strstr(text_at(json, "sign_text"), DEFAULT_API_KEY));
    ck_assert_ptr_nonnull(strstr(text_at(json, "text"), "BAD_SIGN"));
    params_release(&params);
    answer_release(&answer);
    buf_release(&xml);
}
END_TEST

START_TEST(a_reset_of_one_account_leaves_the_others)
{
    char code_url[CODE_URL_MAX + 1];

    ctl_ask(&door, 201, "POST", ACCOUNTS, "{\"mch_id\":\"1999000088\"}");
    ctl_ask(&door, 201, "POST", ACCOUNTS "/1999000088/faults", "{\"kind\":\"no_sign\"}");
    ctl_ask(&door, 200, "POST", ACCOUNTS "/1999000088/clock/freeze", "{\"at_ms\":1000}");
    door_order(&door, "RESET001", code_url);
    ctl_ask(&door, 200, "PUT", BUILT_IN "/notifications/mode", "{\"mode\":\"hold\"}");
    ctl_ask(&door, 201, "POST", BUILT_IN "/faults", "{\"kind\":\"no_sign\"}");
    ctl_ask(&door, 200, "POST", BUILT_IN "/clock/freeze", "{}");

    ctl_ask(&door, 200, "POST", "/v1/reset", "{\"mch_id\":\"1900000109\"}");
    ctl_ask(&door, 404, "GET", BUILT_IN "/orders/RESET001", NULL);
    json_t *json = ctl_ask(&door, 200, "GET", BUILT_IN, NULL);
    ck_assert_str_eq(text_at(json, "notification_mode"), "send");
    ck_assert(json_is_false(json_object_get(json_object_get(json, "clock"), "frozen")));
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/faults", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "faults")), 0);
    json = ctl_ask(&door, 200, "GET", BUILT_IN "/exchanges", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "exchanges")), 0);

    json = ctl_ask(&door, 200, "GET", ACCOUNTS "/1999000088/faults", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "faults")), 1);
    ck_assert_int_eq(
        int_at(ctl_ask(&door, 200, "GET", ACCOUNTS "/1999000088/clock", NULL), "virtual_ms"), 1000);
    ctl_ask(&door, 200, "POST", "/v1/reset", NULL);
    json = ctl_ask(&door, 200, "GET", ACCOUNTS "/1999000088/faults", NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "faults")), 0);
}
END_TEST

/* ---- a disk that is full --------------------------------------------------------------------- */

static char folder[] = "/tmp/wxpay-door-XXXXXX";

static void set_file_size_max(rlim_t bytes)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void remove_folder(void)
{
    static const char *const files[] = { "sandbox.db", "sandbox.db-wal", "sandbox.db-shm",
                                         "sandbox.lock" };
    char path[128];

    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* What was not committed did not happen: not in the store, not in memory, and nobody was told. */
START_TEST(a_commit_that_fails_undoes_the_call)
{
    struct raw events;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    door_open(&door, folder);
    raw_open(&events, &door, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_until(&events, &door, "events of wxpay-sandbox");
    set_file_size_max(1);
    json_t *json = ctl_ask(&door, 503, "POST", ACCOUNTS, "{\"mch_id\":\"1999000077\"}");
    ck_assert_str_eq(text_at(json, "error.code"), "NOT_COMMITTED");
    ctl_ask(&door, 503, "PATCH", BUILT_IN, "{\"name\":\"changed\"}");
    ctl_ask(&door, 503, "POST", BUILT_IN "/clock/freeze", "{\"at_ms\":1000}");
    ctl_ask(&door, 404, "GET", ACCOUNTS "/1999000077", NULL);
    set_file_size_max(RLIM_INFINITY);
    json = ctl_ask(&door, 200, "GET", BUILT_IN, NULL);
    ck_assert_str_ne(text_at(json, "name"), "changed");
    ck_assert(json_is_false(json_object_get(json_object_get(json, "clock"), "frozen")));
    ctl_ask(&door, 201, "POST", ACCOUNTS, "{\"mch_id\":\"1999000077\"}");
    ctl_ask(&door, 200, "POST", ACCOUNTS "/1999000077/clock/freeze", "{}");
    raw_until(&events, &door, "\"mch_id\":\"1999000077\"");
    ck_assert_ptr_null(strstr(buf_cstr(&events.seen), "\"mch_id\":\"1900000109\""));
    raw_close(&events, &door);
    door_close(&door);
    remove_folder();
}
END_TEST

static struct {
    uv_async_t async;
    uv_write_t write;
    bool closed;
} made;

/* In the poll of the loop, as a request is: the turn that ends behind it commits or does not. */
static void on_make(uv_async_t *)
{
    struct account_spec spec = { .mch_id = VIEW("1999000078") };
    struct account *account;

    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(accounts_add(door.sandbox.accounts, &spec, &account), 0);
}

static void on_made_closed(uv_handle_t *)
{
    made.closed = true;
}

static void on_rest_written(uv_write_t *, int)
{
}

/* The same turn makes the account and begins to wait for it; its commit fails. */
START_TEST(a_wait_ends_when_its_account_was_never_committed)
{
    uv_buf_t rest = uv_buf_init((char[]){ "}" }, 1);
    struct raw wait;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    door_open(&door, folder);
    ck_assert_int_eq(uv_async_init(&door.loop, &made.async, on_make), 0);
    raw_open(&wait, &door,
             "POST /v1/accounts/1999000078/wait HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nContent-Length: 43\r\n\r\n"
             "{\"for\":\"calls\",\"api\":\"*\",\"timeout_ms\":10  ");
    for (int turn = 0; turn < 100; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    set_file_size_max(1);
    ck_assert_int_eq(uv_async_send(&made.async), 0);
    ck_assert_int_eq(uv_write(&made.write, (uv_stream_t *)&wait.tcp, &rest, 1, on_rest_written), 0);
    raw_until(&wait, &door, "NOT_COMMITTED");
    holds_until(&door, 0);
    ck_assert_ptr_null(accounts_find(door.sandbox.accounts, VIEW("1999000078")));
    set_file_size_max(RLIM_INFINITY);
    uv_close((uv_handle_t *)&made.async, on_made_closed);
    door_until(&door, &made.closed);
    raw_close(&wait, &door);
    door_close(&door);
    remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control door");
    TCase *tc = tcase_create("calls");

    tcase_add_checked_fixture(tc, open_door, close_door);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_bad_request_is_refused_where_it_is_wrong, 0, COUNT(refused));
    tcase_add_test(tc, no_call_of_the_table_answers_a_foreign_host);
    tcase_add_test(tc, a_body_above_its_bound_is_refused);
    tcase_add_test(tc, an_account_is_made_changed_and_deleted);
    tcase_add_test(tc, a_refused_change_changes_nothing);
    tcase_add_test(tc, an_account_counts_up_from_the_first_made_one);
    tcase_add_test(tc, orders_are_listed_by_state_and_in_pages);
    tcase_add_test(tc, a_payment_shows_asks_and_tells);
    tcase_add_test(tc, a_payment_waits_for_the_first_delivery);
    tcase_add_test(tc, faults_are_ordered_listed_and_deleted);
    tcase_add_test(tc, exchanges_are_listed_fetched_and_explained);
    tcase_add_test(tc, a_reset_of_one_account_leaves_the_others);
    suite_add_tcase(suite, tc);
    tc = tcase_create("disk");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_commit_that_fails_undoes_the_call);
    tcase_add_test(tc, a_wait_ends_when_its_account_was_never_committed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
