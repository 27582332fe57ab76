/*
 * The shop over API V3: each experiment is green on the right shop, and red on the mutants it
 * names. The signatures of the vectors were made elsewhere (V3 2.7, 3.3).
 */
#include "base/mem.h"
#include "mutants/mutant.h"
#include "tests/bench_v3.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define VECTORS FIXTURES_DIR "/vectors/v3/"

static struct bench bench;

/* --- small words ------------------------------------------------------------------------------- */

static int notify(const struct made *made, struct notice_v3 notice)
{
    return bench_v3_notify(&bench, made->number, &notice);
}

static bool handled(int status)
{
    return status == 200 || status == 204;
}

static bool refused(int status)
{
    return status >= 400 && status < 600;
}

static bool is(const struct made *made, const char *status)
{
    return strcmp(bench_status(&bench, made), status) == 0;
}

static int64_t shipped(const struct made *made)
{
    bench_advance(&bench, 0);
    bench_status(&bench, made);
    return bench_number("shipped_count");
}

static void knock(const struct made *made, const char *tail)
{
    char path[96];
    snprintf(path, sizeof(path), "/orders/%s%s", made->id, tail);
    bench_call(&bench, "POST", path, NULL);
}

/* Any order, made or not; the creation may meet what was planned. */
static struct made order(void)
{
    struct made made = {};
    struct got got;
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    while (!got.done && bench.v3->seen[DOOR_CREATE] + bench.v3->seen[DOOR_CERTIFICATES] == 0)
        uv_run(&bench.loop, UV_RUN_ONCE);
    bench_wait(&bench, &got);
    snprintf(made.id, sizeof(made.id), "%s", json_string_value(json_object_get(got.json, "id")));
    snprintf(made.number, sizeof(made.number), "%s",
             json_string_value(json_object_get(got.json, "out_trade_no")));
    bench_forget(&got);
    return made;
}

/* A genuine notification of it still works: nothing was broken on the way. */
static bool still_sells(const struct made *made)
{
    return notify(made, (struct notice_v3){}) == 204 && shipped(made) == 1;
}

/* --- the thread ----------------------------------------------------------------------------------- */

static bool a_purchase(void)
{
    struct made made = order();
    if (!is(&made, "pending") || strcmp(bench_text("code_url"), bench.code_url) != 0)
        return false;
    bool first = still_sells(&made);
    bool again = notify(&made, (struct notice_v3){}) == 204 && shipped(&made) == 1;
    return first && again && bench.v3->seen[DOOR_CERTIFICATES] == 1 &&
           bench.v3->seen[DOOR_CREATE] == 1;
}

static bool what_is_asked(void)
{
    vclock_freeze(&bench.shop.clock, INT64_C(1795400100000));
    struct made made = order();
    const char *body = buf_cstr(&bench.v3->created);
    knock(&made, "/refresh");
    return is(&made, "pending") && strstr(body, "\"amount\":{\"total\":1,\"currency\":\"CNY\"}") &&
           strstr(body, "\"time_expire\":\"2026-11-23T12:10:00+08:00\"") &&
           strstr(body, "\"notify_url\":\"https://shop.example/wxpay/notify\"") && body[0] == '{' &&
           !strstr(body, "null") && bench.v3->seen[DOOR_QUERY] == 1;
}

/* The shop's own clock is an hour ahead: stamps are real time all the same. */
static bool an_hour_ahead(void)
{
    bench_advance(&bench, 3600);
    struct made made = order();
    return is(&made, "pending");
}

static bool key_mode_with_the_key(void)
{
    bench_v3_plan(&bench, DOOR_CREATE, (struct fake_v3){ .kind = V3_PUBLIC_KEY });
    struct made made = order();
    bool made_well = is(&made, "pending") && strcmp(bench.v3->serial_said, V3_KEY_ID) == 0 &&
                     bench.v3->seen[DOOR_CERTIFICATES] == 0;
    struct notice_v3 with_key = { .fake.kind = V3_PUBLIC_KEY };
    return made_well && notify(&made, with_key) == 204 && shipped(&made) == 1;
}

/* During the switch notifications may still come with a certificate. */
static bool key_mode_with_a_certificate(void)
{
    bench_v3_plan(&bench, DOOR_CREATE, (struct fake_v3){ .kind = V3_PUBLIC_KEY });
    struct made made = order();
    return is(&made, "pending") && still_sells(&made) && bench.v3->seen[DOOR_CERTIFICATES] == 1;
}

/* --- answers --------------------------------------------------------------------------------------- */

/* A query whose answer says SUCCESS, spoiled; then a genuine one. */
static bool spoiled_query(struct fake_v3 fake)
{
    struct made made = bench_order(&bench);
    bench_v3_plan(&bench, DOOR_QUERY, fake);
    bench.state = "SUCCESS";
    knock(&made, "/refresh");
    bool waits = is(&made, "pending") && shipped(&made) == 0;
    bench_advance(&bench, 2);
    knock(&made, "/refresh");
    return waits && shipped(&made) == 1;
}

#define QUERY(name, ...)                                                                           \
    static bool name(void)                                                                         \
    {                                                                                              \
        return spoiled_query((struct fake_v3){ __VA_ARGS__ });                                     \
    }
QUERY(query_unsigned, .kind = V3_UNSIGNED)
QUERY(query_forged, .kind = V3_FORGED)
QUERY(query_probed, .kind = V3_PROBE)
QUERY(query_stale, .kind = V3_STALE)
QUERY(query_from_the_future, .kind = V3_FUTURE)
QUERY(query_of_a_stranger, .kind = V3_STRANGER)
QUERY(query_of_a_rogue, .kind = V3_ROGUE)
QUERY(query_without_serial, .kind = V3_NO_HEADER, .name = "Wechatpay-Serial")
QUERY(query_without_stamp, .kind = V3_NO_HEADER, .name = "Wechatpay-Timestamp")
QUERY(query_signed_twice, .kind = V3_TWICE, .name = "Wechatpay-Signature")
QUERY(query_cut, .kind = V3_CUT)
QUERY(query_busy, .kind = V3_STATUS, .status = 429, .name = "{\"code\":\"FREQUENCY_LIMITED\"}")
QUERY(query_trouble, .kind = V3_STATUS, .status = 502, .name = "<html>")
QUERY(query_refused, .kind = V3_STATUS, .status = 401, .name = "{\"code\":\"SIGN_ERROR\"}")
QUERY(query_404, .kind = V3_STATUS, .status = 404, .name = "{\"code\":\"ORDER_NOT_EXIST\"}")
QUERY(query_no_json, .kind = V3_RAW, .name = "{\"trade_state\":\"SUCCESS\"")
QUERY(query_array, .kind = V3_RAW, .name = "[\"SUCCESS\"]")
QUERY(query_other_mchid, .kind = V3_ALTERED, .name = "mchid", .value = "\"1900000110\"")
QUERY(query_other_appid, .kind = V3_ALTERED, .name = "appid", .value = "\"wx1\"")
QUERY(query_no_mchid, .kind = V3_ALTERED, .name = "mchid")
QUERY(query_other_number, .kind = V3_ALTERED, .name = "out_trade_no", .value = "\"another\"")
QUERY(query_other_amount, .kind = V3_ALTERED, .name = "amount.total", .value = "2")
QUERY(query_amount_text, .kind = V3_ALTERED, .name = "amount.total", .value = "\"1\"")
QUERY(query_amount_real, .kind = V3_ALTERED, .name = "amount.total", .value = "1.0")
QUERY(query_yen, .kind = V3_ALTERED, .name = "amount.currency", .value = "\"JPY\"")
QUERY(query_notpay, .kind = V3_ALTERED, .name = "trade_state", .value = "\"NOTPAY\"")
QUERY(query_new_word, .kind = V3_ALTERED, .name = "trade_state", .value = "\"PAID\"")
QUERY(query_no_transaction, .kind = V3_ALTERED, .name = "transaction_id")

static bool query_with_more(void)
{
    struct made made = bench_order(&bench);
    bench_v3_plan(&bench, DOOR_QUERY,
                  (struct fake_v3){ .kind = V3_ALTERED, .name = "future", .value = "{\"a\":[1]}" });
    bench.state = "SUCCESS";
    knock(&made, "/refresh");
    return shipped(&made) == 1;
}

static bool query_with_coupons(void)
{
    struct made made = bench_order(&bench);
    bench_v3_plan(
        &bench, DOOR_QUERY,
        (struct fake_v3){ .kind = V3_ALTERED, .name = "amount.payer_total", .value = "0" });
    bench.state = "SUCCESS";
    knock(&made, "/refresh");
    return shipped(&made) == 1;
}

/* A creation whose answer is spoiled is repeated: same number, same bytes. */
static bool spoiled_create(struct fake_v3 first, struct fake_v3 second)
{
    char before[2048];
    bench_v3_plan(&bench, DOOR_CREATE, first);
    bench_v3_plan(&bench, DOOR_CREATE, second);
    struct got got;
    bench_knock(&bench, &got, "POST", "/orders", VIEW("{\"sku\":\"sticker\"}"));
    while (bench.v3->seen[DOOR_CREATE] == 0)
        uv_run(&bench.loop, UV_RUN_ONCE);
    snprintf(before, sizeof(before), "%s", buf_cstr(&bench.v3->created));
    bench_advance(&bench, 5);
    bench_wait(&bench, &got);
    struct made made = {};
    snprintf(made.id, sizeof(made.id), "%s", json_string_value(json_object_get(got.json, "id")));
    snprintf(made.number, sizeof(made.number), "%s",
             json_string_value(json_object_get(got.json, "out_trade_no")));
    bench_forget(&got);
    for (int i = 0; i < 3; i++)
        bench_advance(&bench, 10);
    return is(&made, "pending") && strcmp(before, buf_cstr(&bench.v3->created)) == 0 &&
           still_sells(&made);
}

#define CREATE(name, ...)                                                                          \
    static bool name(void)                                                                         \
    {                                                                                              \
        return spoiled_create((struct fake_v3){ __VA_ARGS__ }, (struct fake_v3){ __VA_ARGS__ });   \
    }
CREATE(create_unsigned, .kind = V3_UNSIGNED)
CREATE(create_forged, .kind = V3_FORGED)
CREATE(create_probed, .kind = V3_PROBE)
CREATE(create_cut, .kind = V3_CUT)
CREATE(create_busy, .kind = V3_STATUS, .status = 429, .name = "{\"code\":\"FREQUENCY_LIMITED\"}")
CREATE(create_refused, .kind = V3_STATUS, .status = 401, .name = "{\"code\":\"SIGN_ERROR\"}")
CREATE(create_trouble, .kind = V3_STATUS, .status = 500, .name = "{\"code\":\"ORDERPAID\"}")
CREATE(create_gateway, .kind = V3_STATUS, .status = 503)

static bool create_with_a_forged_code(void)
{
    bench_v3_plan(&bench, DOOR_CREATE, (struct fake_v3){ .kind = V3_ROGUE });
    struct made made = order();
    return strcmp(bench_text("code_url"), "") == 0 || is(&made, "creating") || is(&made, "pending");
}

static bool create_failed(void)
{
    bench_v3_plan(&bench, DOOR_CREATE,
                  (struct fake_v3){ .kind = V3_STATUS,
                                    .status = 400,
                                    .name = "{\"code\":\"PARAM_ERROR\",\"detail\":{\"location\":"
                                            "\"body\",\"value\":1},\"message\":\"x\"}" });
    struct made made = order();
    return is(&made, "failed") && bench.v3->seen[DOOR_CREATE] == 1;
}

static bool create_paid(void)
{
    bench_v3_plan(
        &bench, DOOR_CREATE,
        (struct fake_v3){ .kind = V3_STATUS,
                          .status = 400,
                          .name = "{\"code\":\"ORDERPAID\",\"message\":\"order paid\"}" });
    bench.state = "SUCCESS";
    struct made made = order();
    return shipped(&made) == 1 && bench.v3->seen[DOOR_CREATE] == 1;
}

/* --- closing ------------------------------------------------------------------------------------------ */

static bool spoiled_close(struct fake_v3 fake)
{
    struct made made = bench_order(&bench);
    bench_v3_plan(&bench, DOOR_CLOSE, fake);
    knock(&made, "/close");
    bench_advance(&bench, 300);
    bool waits = is(&made, "closing");
    bench_advance(&bench, 60);
    return waits && is(&made, "closed") && bench.v3->seen[DOOR_CLOSE] == 2;
}

static bool close_forged(void)
{
    return spoiled_close((struct fake_v3){ .kind = V3_FORGED });
}

static bool close_unsigned(void)
{
    return spoiled_close((struct fake_v3){ .kind = V3_UNSIGNED });
}

/* It was paid between the query and the close. */
static bool close_paid(void)
{
    struct fake_v3 not_yet = { V3_ALTERED, .name = "trade_state", .value = "\"NOTPAY\"" };
    struct made made = bench_order(&bench);
    bench.state = "SUCCESS";
    bench_v3_plan(&bench, DOOR_QUERY, not_yet);
    bench_v3_plan(&bench, DOOR_QUERY, not_yet);
    bench_v3_plan(&bench, DOOR_CLOSE,
                  (struct fake_v3){ .kind = V3_STATUS,
                                    .status = 400,
                                    .name = "{\"code\":\"ORDER_PAID\",\"message\":\"\"}" });
    knock(&made, "/close");
    bench_advance(&bench, 300);
    return bench.v3->seen[DOOR_CLOSE] == 1 && shipped(&made) == 1;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static bool a_second_certificate(void)
{
    struct made made = bench_order(&bench);
    bench.v3->two = true;
    struct notice_v3 second = { .fake.kind = V3_SECOND };
    bool took = notify(&made, second) == 204 && shipped(&made) == 1 &&
                bench.v3->seen[DOOR_CERTIFICATES] == 2;
    struct made next = bench_order(&bench); /* signed with the first again */
    snprintf(bench.transaction, sizeof(bench.transaction), "4200000001202611230000000002");
    return took && is(&next, "pending") && still_sells(&next);
}

static bool an_answer_with_a_second_certificate(void)
{
    struct made made = bench_order(&bench);
    bench.v3->two = true;
    bench_v3_plan(&bench, DOOR_QUERY, (struct fake_v3){ .kind = V3_SECOND });
    bench.state = "SUCCESS";
    knock(&made, "/refresh");
    return shipped(&made) == 1;
}

static bool strangers_do_not_make_us_ask_for_ever(void)
{
    struct made made = bench_order(&bench);
    struct notice_v3 stranger = { .fake.kind = V3_STRANGER };
    vclock_freeze(&bench.shop.clock, shop_now_ms(&bench.shop));
    for (int i = 0; i < 15; i++) {
        if (!refused(notify(&made, stranger)))
            return false;
    }
    return bench.v3->seen[DOOR_CERTIFICATES] == 1 + 10 && still_sells(&made);
}

static bool a_day(void)
{
    struct made made = bench_order(&bench);
    size_t before = bench.v3->seen[DOOR_CERTIFICATES];
    bench_advance(&bench, 11 * 3600 + 1800);
    bool soon = bench.v3->seen[DOOR_CERTIFICATES] > before;
    bench_advance(&bench, 12 * 3600);
    (void)made;
    return soon && bench.v3->seen[DOOR_CERTIFICATES] <= before + 3;
}

/* The third download is right: the two before it must not have counted. */
static bool spoiled_list(struct fake_v3 fake)
{
    bench_v3_plan(&bench, DOOR_CERTIFICATES, fake);
    bench_v3_plan(&bench, DOOR_CERTIFICATES, fake);
    struct made made = order();
    for (int i = 0; i < 4; i++)
        bench_advance(&bench, 1);
    return bench.v3->seen[DOOR_CERTIFICATES] == 3 && is(&made, "pending") && still_sells(&made);
}

static bool a_list_of_a_rogue(void)
{
    return spoiled_list((struct fake_v3){ .kind = V3_ROGUE });
}

static bool a_list_of_a_stranger(void)
{
    return spoiled_list((struct fake_v3){ .kind = V3_STRANGER });
}

static bool an_unsigned_list(void)
{
    return spoiled_list((struct fake_v3){ .kind = V3_UNSIGNED });
}

static bool an_old_list(void)
{
    return spoiled_list((struct fake_v3){ .kind = V3_STALE });
}

static bool no_list(void)
{
    return spoiled_list((struct fake_v3){ .kind = V3_RAW, .name = "{\"data\":[1,{}]}" });
}

static bool a_list_under_another_secret(void)
{
    bench.v3->bad_secret = true;
    struct made made = order();
    return bench.shop.trust->list.count == 0 && is(&made, "creating");
}

/* Lives on, and does not ask again and again. */
static bool no_certificates(void)
{
    bench.v3->none = true;
    struct made made = order();
    size_t seen = bench.v3->seen[DOOR_CERTIFICATES];
    bench_advance(&bench, 20);
    return seen >= 1 && bench.v3->seen[DOOR_CERTIFICATES] <= seen + 4 && is(&made, "creating") &&
           bench_call(&bench, "GET", "/health", NULL)->status == 200;
}

/* --- notifications --------------------------------------------------------------------------------------- */

static bool spoiled_notice(struct notice_v3 notice, const char *alarm)
{
    struct made made = bench_order(&bench);
    bool said = refused(notify(&made, notice));
    bool stays = shipped(&made) == 0 && is(&made, "pending");
    const json_t *kind =
        json_object_get(json_array_get(json_object_get(bench_json(), "alarms"), 0), "kind");
    bool alarmed = strcmp(json_is_string(kind) ? json_string_value(kind) : "", alarm) == 0;
    return said && stays && alarmed && still_sells(&made);
}

#define NOTICE(name, alarm, ...)                                                                   \
    static bool name(void)                                                                         \
    {                                                                                              \
        return spoiled_notice((struct notice_v3){ __VA_ARGS__ }, alarm);                           \
    }
NOTICE(notice_unsigned, "", .fake.kind = V3_UNSIGNED)
NOTICE(notice_forged, "", .fake.kind = V3_FORGED)
NOTICE(notice_probed, "", .fake.kind = V3_PROBE)
NOTICE(notice_stale, "", .fake.kind = V3_STALE)
NOTICE(notice_future, "", .fake.kind = V3_FUTURE)
NOTICE(notice_stranger, "", .fake.kind = V3_STRANGER)
NOTICE(notice_rogue, "", .fake.kind = V3_ROGUE)
NOTICE(notice_no_signature, "", .fake = { V3_NO_HEADER, .name = "Wechatpay-Signature" })
NOTICE(notice_no_serial, "", .fake = { V3_NO_HEADER, .name = "Wechatpay-Serial" })
NOTICE(notice_no_stamp, "", .fake = { V3_NO_HEADER, .name = "Wechatpay-Timestamp" })
NOTICE(notice_no_nonce, "", .fake = { V3_NO_HEADER, .name = "Wechatpay-Nonce" })
NOTICE(notice_two_serials, "", .fake = { V3_TWICE, .name = "Wechatpay-Serial" })
NOTICE(notice_bad_tag, "", .bad_tag = true)
NOTICE(notice_bad_secret, "", .bad_secret = true)
NOTICE(notice_amount, "amount-mismatch",
       .fake = { V3_ALTERED, .name = "amount.total", .value = "2" })
NOTICE(notice_amount_real, "", .fake = { V3_ALTERED, .name = "amount.total", .value = "1.0" })
NOTICE(notice_amount_text, "", .fake = { V3_ALTERED, .name = "amount.total", .value = "\"1\"" })
NOTICE(notice_amount_minus, "", .fake = { V3_ALTERED, .name = "amount.total", .value = "-1" })
NOTICE(notice_no_amount, "", .fake = { V3_ALTERED, .name = "amount" })
NOTICE(notice_yen, "currency-mismatch",
       .fake = { V3_ALTERED, .name = "amount.currency", .value = "\"JPY\"" })
NOTICE(notice_currency_number, "currency-mismatch",
       .fake = { V3_ALTERED, .name = "amount.currency", .value = "1" })
NOTICE(notice_mchid, "", .fake = { V3_ALTERED, .name = "mchid", .value = "\"1900000110\"" })
NOTICE(notice_appid, "", .fake = { V3_ALTERED, .name = "appid", .value = "\"wx1\"" })
NOTICE(notice_no_appid, "", .fake = { V3_ALTERED, .name = "appid" })
NOTICE(notice_number, "",
       .fake = { V3_ALTERED, .name = "out_trade_no", .value = "\"another-number\"" })
NOTICE(notice_number_list, "", .fake = { V3_ALTERED, .name = "out_trade_no", .value = "[\"a\"]" })
NOTICE(notice_notpay, "", .fake = { V3_ALTERED, .name = "trade_state", .value = "\"NOTPAY\"" })
NOTICE(notice_no_transaction, "", .fake = { V3_ALTERED, .name = "transaction_id" })

/* Acknowledged, and nothing happens. */
static bool other_event(const char *event, const char *type)
{
    struct made made = bench_order(&bench);
    struct notice_v3 notice = { .event = event, .type = type };
    bool said = handled(notify(&made, notice));
    return said && shipped(&made) == 0 && is(&made, "pending") && still_sells(&made);
}

static bool other_events(void)
{
    return other_event("PROFITSHARING", "profitsharing");
}

static bool other_types(void)
{
    return other_event(NULL, "refund");
}

/* Genuine ones may look as they like. */
static bool looks(struct notice_v3 notice)
{
    struct made made = bench_order(&bench);
    return notify(&made, notice) == 204 && shipped(&made) == 1;
}

#define LOOKS(name, ...)                                                                           \
    static bool name(void)                                                                         \
    {                                                                                              \
        return looks((struct notice_v3){ __VA_ARGS__ });                                           \
    }
LOOKS(looks_empty_data, .associated = "")
LOOKS(looks_no_data, .associated = "-")
LOOKS(looks_other_data, .associated = "anything")
LOOKS(looks_extra_member, .extra = "future_member")
LOOKS(looks_extra_inside, .fake = { V3_ALTERED, .name = "future", .value = "{\"a\":[1,2]}" })
LOOKS(looks_lower_case, .lower_case = true)
LOOKS(looks_coupons, .fake = { V3_ALTERED, .name = "amount.payer_total", .value = "0" })
LOOKS(looks_no_currency, .fake = { V3_ALTERED, .name = "amount.currency" })
LOOKS(looks_new_bank, .fake = { V3_ALTERED, .name = "bank_type", .value = "\"BANK_OF_2031\"" })

static bool failures_show_no_key(void)
{
    struct made made = bench_order(&bench);
    struct got got;
    (void)made;
    bench_knock(&bench, &got, "POST", "/wxpay/notify", VIEW("{}"));
    bench_wait(&bench, &got);
    bool fine = got.status == 401 && !strstr(buf_cstr(&got.body), V3_TEST_KEY) &&
                strcmp(json_string_value(json_object_get(got.json, "code")), "FAIL") == 0;
    bench_forget(&got);
    return fine;
}

/* Signed by the platform itself, and still no notification. */
static bool hostile_bodies(void)
{
    static const char *const bodies[] = {
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"event_type\":\"TRANSACTION.SUCCESS\"}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":[]}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":{\"algorithm\":\"NONE\"}}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":{\"algorithm\":"
        "\"AEAD_AES_256_GCM\",\"nonce\":\"\",\"ciphertext\":\"\"}}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":{\"algorithm\":"
        "\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012345678901234567890\",\"ciphertext\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"event_type\":\"TRANSACTION.SUCCESS\"}",
        "{\"event_type\":\"\\u0000\"}",
        "{\"event_type\":\"\xff\"}",
        "<xml><return_code>SUCCESS</return_code></xml>",
    };
    struct made made = bench_order(&bench);
    for (size_t i = 0; i < COUNT(bodies); i++)
        ck_assert_msg(refused(bench_v3_notify_raw(&bench, view_str(bodies[i]))), "%s", bodies[i]);
    return still_sells(&made);
}

static bool deep_and_long_bodies(void)
{
    struct made made = bench_order(&bench);
    struct buf body = BUF_INIT(1 << 20);
    for (int i = 0; i < 100'000; i++)
        ck_assert_int_eq(buf_byte(&body, '['), 0);
    bool deep = refused(bench_v3_notify_raw(&bench, buf_view(&body)));
    body.len = 0;
    ck_assert_int_eq(buf_str(&body, "{\"event_type\":\""), 0);
    for (int i = 0; i < 900'000; i++)
        ck_assert_int_eq(buf_byte(&body, 'A'), 0);
    ck_assert_int_eq(buf_str(&body, "\"}"), 0);
    bool long_event = handled(bench_v3_notify_raw(&bench, buf_view(&body)));
    buf_release(&body);
    return deep && long_event && still_sells(&made);
}

/* What V2 says is nothing here. */
static bool a_notification_of_v2(void)
{
    struct made made = bench_order(&bench);
    struct buf xml = BUF_INIT(V2_XML_MAX);
    struct got got;
    bench_notification(&bench, made.number, NULL, NULL, &xml);
    bench_knock(&bench, &got, "POST", "/wxpay/notify", buf_view(&xml));
    bench_wait(&bench, &got);
    bool fine = got.status == 401;
    bench_forget(&got);
    buf_release(&xml);
    return fine && shipped(&made) == 0;
}

static bool copies_at_once(void)
{
    struct made made = bench_order(&bench);
    struct notice_v3 notice = {};
    bool fine = true;
    for (int i = 0; i < 5; i++)
        fine = fine && notify(&made, notice) == 204;
    return fine && shipped(&made) == 1;
}

/* --- the table ---------------------------------------------------------------------------------------------- */

static const struct experiment {
    const char *name;
    bool (*behaves)(void);
    const char *caught[28];
    bool with_key;
} experiments[] = {
#define E(function, ...)                                                                           \
    {                                                                                              \
#function, function, { __VA_ARGS__ }, false                                                \
    }
#define K(function, ...)                                                                           \
    {                                                                                              \
#function, function, { __VA_ARGS__ }, true                                                 \
    }
    E(a_purchase, "v3-no-last-line-feed", "v3-host-signed", "v3-method-lower-case",
      "v3-windows-lines", "v3-url-safe-base64", "v3-body-unsigned", "v3-body-written-again",
      "v3-stamp-milliseconds", "v3-stamp-beijing", "v3-short-nonce", "v3-unquoted",
      "v3-single-quotes", "v3-semicolons", "v3-wrong-scheme", "v3-no-serial",
      "v3-serial-lower-case", "v3-serial-of-platform", "v3-no-user-agent", "v3-no-accept",
      "v3-form-type", "v3-byte-order-mark", "v3-amount-text", "v3-no-time-expire",
      "v3-bad-time-expire", "v3-user-agent-refused", "v3-status-201"),
    E(what_is_asked, "v3-amount-in-yuan", "v3-null-member"),
    E(an_hour_ahead, "v3-stamp-own-clock"),
    K(key_mode_with_the_key, "v3-public-key-ignored", "v3-no-key-id"),
    K(key_mode_with_a_certificate, "v3-keys-never-sought"),
    E(query_unsigned, "v3-answers-unverified", "v3-query-unverified", "v3-answer-headers-optional"),
    E(query_forged, "v3-answers-unverified", "v3-query-unverified"),
    E(query_probed, "v3-probe-accepted", "v3-answers-unverified"),
    E(query_stale, "v3-old-answers"),
    E(query_from_the_future, "v3-old-answers"),
    E(query_of_a_stranger, "v3-unknown-serial-any-key", "v3-serial-ignored"),
    E(query_of_a_rogue, "v3-answers-unverified"),
    E(query_without_serial, "v3-answer-headers-optional"),
    E(query_without_stamp, "v3-answer-headers-optional"),
    E(query_signed_twice, "v3-answer-headers-optional"),
    E(query_cut, NULL),
    E(query_busy, NULL),
    E(query_trouble, NULL),
    E(query_refused, NULL),
    E(query_404, "notexist-closes"),
    E(query_no_json, NULL),
    E(query_array, NULL),
    E(query_other_mchid, "v3-answer-identity-unchecked"),
    E(query_other_appid, "v3-answer-identity-unchecked"),
    E(query_no_mchid, "v3-answer-identity-unchecked"),
    E(query_other_number, "query-number-unchecked"),
    E(query_other_amount, "query-amount-unchecked"),
    E(query_amount_text, NULL),
    E(query_amount_real, NULL),
    E(query_yen, "query-currency-unchecked"),
    E(query_notpay, "trade-state-ignored"),
    E(query_new_word, "unknown-state-is-paid"),
    E(query_no_transaction, NULL),
    E(query_with_more, "v3-answer-members-known", "v3-query-unsigned"),
    E(query_with_coupons, "v3-payer-total"),
    E(create_unsigned, "v3-retry-new-expire", "v3-retry-new-text"),
    E(create_forged, "v3-retry-new-expire"),
    E(create_probed, "v3-probe-final"),
    E(create_cut, "v3-retry-new-text", "retry-new-number", "lost-answer-is-failure"),
    E(create_busy, "v3-busy-final", "v3-unsigned-error-final"),
    E(create_refused, "v3-unsigned-error-final"),
    E(create_trouble, "v3-trouble-final"),
    E(create_gateway, "v3-trouble-final"),
    E(create_with_a_forged_code, NULL),
    E(create_failed, NULL),
    E(create_paid, "v3-branches-on-message", "orderpaid-is-failure"),
    E(close_forged, "v3-204-unverified", "v3-204-refused"),
    E(close_unsigned, "v3-204-unverified"),
    E(close_paid, "orderpaid-is-closed"),
    E(a_second_certificate, "v3-serial-ignored", "v3-keys-never-sought", "v3-keys-only-first"),
    E(an_answer_with_a_second_certificate, "v3-keys-never-sought", "v3-keys-once"),
    E(strangers_do_not_make_us_ask_for_ever, NULL),
    E(a_day, "v3-keys-once", "v3-keys-daily"),
    E(a_list_of_a_rogue, "v3-keys-unverified"),
    E(a_list_of_a_stranger, "v3-keys-outside-signer", "v3-keys-unverified"),
    E(an_unsigned_list, "v3-keys-unverified"),
    E(an_old_list, "v3-keys-unverified"),
    E(no_list, NULL),
    E(a_list_under_another_secret, NULL),
    E(no_certificates, "v3-no-certificates-hammer"),
    E(notice_unsigned, "v3-notify-unverified", "v3-fail-with-200", "v3-unproven-204",
      "v3-notify-refusal-redirects"),
    E(notice_forged, "v3-notify-unverified"),
    E(notice_probed, "v3-notify-probe-accepted"),
    E(notice_stale, "v3-notify-any-age"),
    E(notice_future, "v3-notify-any-age", "v3-notify-future"),
    E(notice_stranger, "v3-unknown-serial-any-key"),
    E(notice_rogue, "v3-notify-unverified"),
    E(notice_no_signature, "v3-notify-no-signature"),
    E(notice_no_serial, "v3-notify-no-serial"),
    E(notice_no_stamp, "v3-notify-no-stamp"),
    E(notice_no_nonce, "v3-notify-no-nonce"),
    E(notice_two_serials, NULL),
    E(notice_bad_tag, "v3-tag-ignored"),
    E(notice_bad_secret, NULL),
    E(notice_amount, "no-amount-check", "amount-at-least"),
    E(notice_amount_real, NULL),
    E(notice_amount_text, NULL),
    E(notice_amount_minus, NULL),
    E(notice_no_amount, NULL),
    E(notice_yen, "currency-ignored"),
    E(notice_currency_number, NULL),
    E(notice_mchid, "v3-notify-mchid-unchecked"),
    E(notice_appid, "v3-notify-appid-unchecked"),
    E(notice_no_appid, "v3-notify-appid-unchecked"),
    E(notice_number, NULL),
    E(notice_number_list, NULL),
    E(notice_notpay, "v3-notify-any-state"),
    E(notice_no_transaction, NULL),
    E(other_events, "v3-any-event", "v3-unknown-event-refused"),
    E(other_types, "v3-any-event", "v3-unknown-event-refused"),
    E(looks_empty_data, "v3-fixed-associated-data", "v3-empty-associated-data"),
    E(looks_no_data, "v3-fixed-associated-data", "v3-empty-associated-data"),
    E(looks_other_data, "v3-fixed-associated-data"),
    E(looks_extra_member, "v3-envelope-members-known"),
    E(looks_extra_inside, "v3-resource-members-known"),
    E(looks_lower_case, "v3-header-case"),
    E(looks_coupons, "v3-payer-total"),
    E(looks_no_currency, NULL),
    E(looks_new_bank, NULL),
    E(failures_show_no_key, "v3-key-in-failure"),
    E(hostile_bodies, NULL),
    E(deep_and_long_bodies, NULL),
    E(a_notification_of_v2, NULL),
    E(copies_at_once, "no-idempotency", "duplicate-refused"),
};

static bool try(const struct experiment *experiment, const struct steps *steps)
{
    if (experiment->with_key)
        bench_v3_open_with_key(&bench, steps);
    else
        bench_v3_open(&bench, steps);
    bool ok = experiment->behaves();
    bench_v3_close(&bench);
    return ok;
}

START_TEST(the_right_shop_passes_and_the_mutants_do_not)
{
    const struct experiment *experiment = &experiments[_i];
    ck_assert_msg(try(experiment, NULL), "%s: the right shop failed", experiment->name);
    for (size_t i = 0; i < COUNT(experiment->caught) && experiment->caught[i]; i++) {
        const struct mutant *mutant = mutant_find(experiment->caught[i]);
        ck_assert_msg(mutant != NULL, "no mutant %s", experiment->caught[i]);
        struct steps steps = mutant_steps(mutant);
        ck_assert_msg(!try(experiment, &steps), "%s: %s is tame", experiment->name, mutant->name);
    }
}
END_TEST

/* --- known answers --------------------------------------------------------------------------------------------- */

static void read_file(const char *path, struct buf *out)
{
    char part[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    while ((len = fread(part, 1, sizeof(part), file)) > 0)
        ck_assert_int_eq(buf_add(out, part, len), 0);
    fclose(file);
}

/* The lines of a signed text; the last one is the rest but its line feed. */
static struct view line(const struct buf *text, size_t wanted, bool last)
{
    struct view rest = buf_view(text), found = {};
    for (size_t i = 0; i <= wanted; i++)
        found = i == wanted && last ? (struct view){ rest.ptr, rest.len - 1 }
                                    : view_cut(rest, '\n', &rest);
    return found;
}

START_TEST(the_signed_text_is_the_specification_s)
{
    static const char *const names[] = { "S1", "S2" };
    struct shop shop = {};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf text = BUF_INIT(4096), out = BUF_INIT(4096);
        char path[256];
        snprintf(path, sizeof(path), VECTORS "%s.txt", names[i]);
        read_file(path, &text);
        struct v3_request request = { line(&text, 0, false), line(&text, 1, false),
                                      line(&text, 2, false), line(&text, 3, false),
                                      line(&text, 4, true) };
        ck_assert_int_eq(step_v3_request_text(&shop, &request, &out), 0);
        ck_assert(view_eq(buf_view(&out), buf_view(&text)));
        buf_release(&text);
        buf_release(&out);
    }
}
END_TEST

/* S3 and S4 are the platform's answers, S5 is a notification. */
START_TEST(the_specification_s_answers_are_verified)
{
    static const char *const names[] = { "S3", "S4", "S5" };
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    struct v3_public *key = NULL;
    read_file(FIXTURES_DIR "/keys/platform_cert.pem", &pem);
    ck_assert_int_eq(v3_public_read(&key, buf_view(&pem)), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf text = BUF_INIT(4096), sig = BUF_INIT(1024);
        struct v3_proof proof = {};
        char path[256];
        snprintf(path, sizeof(path), VECTORS "%s.txt", names[i]);
        read_file(path, &text);
        snprintf(path, sizeof(path), VECTORS "%s.sig", names[i]);
        read_file(path, &sig);
        ck_assert_int_eq(view_copy(line(&text, 0, false), proof.timestamp, 21), 0);
        ck_assert_int_eq(view_copy(line(&text, 1, false), proof.nonce, 129), 0);
        ck_assert_int_eq(view_copy(view_trim(buf_view(&sig)), proof.signature, 513), 0);
        struct view body = line(&text, 2, true);
        ck_assert_msg(v3_proof_verify(&proof, key, body) == 0, "%s", names[i]);
        proof.nonce[3] ^= 1;
        ck_assert_msg(v3_proof_verify(&proof, key, body) != 0, "%s", names[i]);
        buf_release(&text);
        buf_release(&sig);
    }
    v3_public_free(key);
    buf_release(&pem);
}
END_TEST

START_TEST(the_specification_s_notification_is_read)
{
    static char key[] = V3_TEST_KEY;
    struct options options = { .apiv3_key = key };
    struct shop shop = { .options = &options, .steps = &steps_right };
    struct claim claim = { .shop = &shop, .step = "", .why = "" };
    struct buf text = BUF_INIT(4096);
    claim.msg = &claim.own;
    read_file(VECTORS "S5.txt", &text);
    struct view body = line(&text, 2, true);
    claim.envelope = json_loadb(body.ptr, body.len, 0, NULL);
    ck_assert_int_eq(step_v3_notify_event(&claim), STEP_GO);
    ck_assert_int_eq(step_v3_notify_open(&claim), STEP_GO);
    ck_assert_int_eq(step_v3_notify_read(&claim), STEP_GO);
    ck_assert(view_is(claim.payment.out_trade_no, "T20260921000001"));
    ck_assert(view_is(claim.payment.transaction_id, "4200000000202609210000000001"));
    ck_assert(view_is(claim.payment.currency, "CNY"));
    ck_assert_int_eq(claim.payment.total_fen, 1);
    message_release(&claim.own);
    json_decref(claim.envelope);
    buf_release(&text);
}
END_TEST

START_TEST(a_stamp_is_plain_seconds)
{
    static const struct {
        const char *stamp;
        int64_t age_s;
    } stamps[] = {
        { "1790000000", 0 },
        { "1789999700", 300 },
        { "1790000301", 301 },
        { "1790000000000", INT64_C(1788210000000) },
        { "-1", INT64_MAX },
        { "", INT64_MAX },
        { " 1790000000", INT64_MAX },
        { "1790000000.0", INT64_MAX },
        { "99999999999999999999", INT64_MAX },
    };
    for (size_t i = 0; i < COUNT(stamps); i++) {
        struct v3_proof proof = {};
        snprintf(proof.timestamp, sizeof(proof.timestamp), "%s", stamps[i].stamp);
        int64_t age = v3_proof_age_s(&proof, INT64_C(1790000000999));
        ck_assert_msg(age == stamps[i].age_s, "%s: %lld", stamps[i].stamp, (long long)age);
    }
}
END_TEST

START_TEST(codes_of_errors_are_classified)
{
    static const struct {
        int status;
        const char *code;
        enum refusal error;
    } rows[] = {
        { 400, "ORDERPAID", REFUSAL_PAID },
        { 403, "ORDER_PAID", REFUSAL_PAID },
        { 400, "ORDER_CLOSED", REFUSAL_CLOSED },
        { 404, "ORDER_NOT_EXIST", REFUSAL_NOT_EXIST },
        { 400, "PARAM_ERROR", REFUSAL_FINAL },
        { 403, "NO_AUTH", REFUSAL_FINAL },
        { 401, "SIGN_ERROR", REFUSAL_AGAIN },
        { 429, "FREQUENCY_LIMITED", REFUSAL_AGAIN },
        { 429, "RATELIMIT_EXCEEDED", REFUSAL_AGAIN },
        { 429, "ORDER_CLOSED", REFUSAL_AGAIN },
        { 500, "SYSTEM_ERROR", REFUSAL_AGAIN },
        { 502, "ORDERPAID", REFUSAL_AGAIN },
        { 400, "", REFUSAL_AGAIN },
        { 400, "orderpaid", REFUSAL_AGAIN },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = { .status = rows[i].status };
        ck_assert_msg(step_v3_answer_error(&answer, view_str(rows[i].code)) == rows[i].error,
                      "%d %s", rows[i].status, rows[i].code);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant v3");
    TCase *tcase = tcase_create("v3");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_signed_text_is_the_specification_s);
    tcase_add_test(tcase, the_specification_s_answers_are_verified);
    tcase_add_test(tcase, the_specification_s_notification_is_read);
    tcase_add_test(tcase, a_stamp_is_plain_seconds);
    tcase_add_test(tcase, codes_of_errors_are_classified);
    tcase_add_loop_test(tcase, the_right_shop_passes_and_the_mutants_do_not, 0,
                        (int)COUNT(experiments));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak check per fork costs half a second */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
