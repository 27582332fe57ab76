/* Notifications of V3 and what can be ordered to go wrong at both doors — V3 2.5 to 2.10, 6 */
#include "door_v3.h"

#include "base/err.h"
#include "engine/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define KEPT_MAX 32
#define QUERY    "/v3/pay/transactions/out-trade-no/%s?mchid=" DEFAULT_MCH_ID

static struct door door;

/* A merchant's endpoint: keeps what comes, answers as told. */
static struct {
    struct http_server *server;
    struct v3_answer told[KEPT_MAX];
    char agent[32], accept[32], cache[32], pragma[32], host[64];
    size_t count;
    int status;         /* 0: none at all, the connection is cut */
    const char *answer; /* its body */
    bool stopped;
} merchant;

static struct account *us(void)
{
    return door_account(&door);
}

static void keep(const struct http_request *request, const char *name, char *out, size_t size)
{
    ck_assert_int_eq(view_copy(http_header_get(request->headers, name), out, size), 0);
}

static void on_notification(struct http_call *call, void *)
{
    const struct http_request *request = http_call_request(call);
    ck_assert_uint_lt(merchant.count, KEPT_MAX);
    struct v3_answer *told = &merchant.told[merchant.count++];
    *told = (struct v3_answer){ .done = true, .body = BUF_INIT(1 << 20) };
    keep(request, "Request-ID", told->request_id, sizeof(told->request_id));
    keep(request, "Content-Type", told->type, sizeof(told->type));
    keep(request, "Wechatpay-Nonce", told->nonce, sizeof(told->nonce));
    keep(request, "Wechatpay-Signature", told->signature, sizeof(told->signature));
    keep(request, "Wechatpay-Timestamp", told->timestamp, sizeof(told->timestamp));
    keep(request, "Wechatpay-Serial", told->serial, sizeof(told->serial));
    keep(request, "Wechatpay-Signature-Type", told->scheme, sizeof(told->scheme));
    keep(request, "User-Agent", merchant.agent, sizeof(merchant.agent));
    keep(request, "Accept", merchant.accept, sizeof(merchant.accept));
    keep(request, "Cache-Control", merchant.cache, sizeof(merchant.cache));
    keep(request, "Pragma", merchant.pragma, sizeof(merchant.pragma));
    keep(request, "Host", merchant.host, sizeof(merchant.host));
    ck_assert_int_eq(buf_view_add(&told->body, request->body), 0);
    told->json = json_loadb(request->body.ptr, request->body.len, 0, NULL);
    ck_assert_ptr_nonnull(told->json);
    if (merchant.status)
        http_call_reply(call, merchant.status, NULL, 0, view_str(merchant.answer));
    else
        http_call_cut(call);
}

static void merchant_open(void)
{
    struct http_server_options options = { .on_call = on_notification };
    memset(&merchant, 0, sizeof(merchant));
    merchant.status = 204;
    merchant.answer = "";
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    us()->origin_count = 1;
    snprintf(us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
}

static void setup(void)
{
    door_open(&door, NULL);
    merchant_open();
    vclock_freeze(&us()->clock, account_now_ms(us()));
}

static void on_stopped(void *)
{
    merchant.stopped = true;
}

static void merchant_close(void)
{
    http_server_stop(merchant.server, on_stopped);
    door_until(&door, &merchant.stopped);
    for (size_t i = 0; i < merchant.count; i++)
        v3_answer_release(&merchant.told[i]);
    merchant.count = 0;
}

static void teardown(void)
{
    merchant_close();
    door_close(&door);
}

/* Until nothing is under way: what is due now is begun in the next turn. */
static void settle(void)
{
    uint64_t end = uv_hrtime() + 20'000'000'000;
    for (int turn = 0; uv_hrtime() < end; turn++) {
        uv_run(&door.loop, UV_RUN_NOWAIT);
        if (turn > 2 && notify_open(door.sandbox.notify, 0) == 0)
            return;
    }
    ck_abort_msg("a delivery did not end");
}

static void pay(const char *number)
{
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, number, ",\"attach\":\"a&b 支付\"", code_url);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
}

static struct notice_row notice_of(const char *number)
{
    struct order_row order = {};
    struct notice_row notice = {};
    struct store *store = door.sandbox.store;
    ck_assert_int_eq(order_get_by_number(store, us()->id, view_str(number), &order), 0);
    ck_assert_int_eq(notice_get_by_order(store, order.id, NOTICE_PAYMENT, &notice), 0);
    order_row_release(&order);
    return notice;
}

struct advanced {
    bool done;
    size_t ended;
};

static void on_advanced(void *owner, size_t ended, size_t)
{
    *(struct advanced *)owner = (struct advanced){ true, ended };
}

static size_t advance(int64_t ms)
{
    struct advanced advanced = {};
    ck_assert_int_eq(notify_advance(door.sandbox.notify, us(), account_now_ms(us()) + ms, 20000,
                                    on_advanced, &advanced),
                     0);
    door_until(&door, &advanced.done);
    return advanced.ended;
}

static void order_fault(const char *json)
{
    int64_t id;
    struct fault_error error;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_msg(faults_add(door.sandbox.accounts, us(), view_str(json), &id, &error) == 0,
                  "%s: %s", error.where, error.message);
}

static void change_keys(const char *apiv3_key, enum signing_mode mode, int share_permille)
{
    struct keys_change change = { apiv3_key, &mode, &share_permille };
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(account_change_keys(door.sandbox.accounts, us(), &change), 0);
}

/* ---- what is told ------------------------------------------------------------------------------- */

static bool members_follow(const char *body, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof(key), "\"%s\":", names[i]);
        body = strstr(body, key);
        if (!body)
            return false;
    }
    return true;
}

START_TEST(a_payment_is_told_sealed_signed_and_acknowledged)
{
    static const char *const names[] = {
        "id",         "create_time",     "resource_type", "event_type",
        "summary",    "resource",        "original_type", "algorithm",
        "ciphertext", "associated_data", "nonce"
    };
    pay("told-once");
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    const struct v3_answer *told = &merchant.told[0];
    ck_assert_str_eq(merchant.agent, "Mozilla/4.0"); /* the captured block of V3 6.1 */
    ck_assert_str_eq(merchant.accept, "*/*");
    ck_assert_str_eq(merchant.cache, "no-cache");
    ck_assert_str_eq(merchant.pragma, "no-cache");
    ck_assert_str_eq(merchant.host, "merchant.example");
    ck_assert_str_eq(told->type, "application/json");
    ck_assert_str_eq(told->scheme, "WECHATPAY2-SHA256-RSA2048");
    ck_assert_str_eq(told->serial, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E");
    ck_assert_uint_eq(strlen(told->nonce), 32);
    ck_assert_int_le(llabs(strtoll(told->timestamp, NULL, 10) - time(NULL)), 60);
    ck_assert(v3_answer_holds(told));

    ck_assert(members_follow(buf_cstr(&told->body), names, COUNT(names)));
    ck_assert_uint_eq(strlen(v3_text(told, "id")), 36);
    ck_assert_str_eq(v3_text(told, "event_type"), "TRANSACTION.SUCCESS");
    ck_assert_str_eq(v3_text(told, "resource_type"), "encrypt-resource");
    ck_assert_str_eq(v3_text(told, "summary"), "支付成功");
    ck_assert_str_eq(v3_text(told, "resource/algorithm"), "AEAD_AES_256_GCM");
    ck_assert_str_eq(v3_text(told, "resource/original_type"), "transaction");
    ck_assert_str_eq(v3_text(told, "resource/associated_data"), "transaction");
    ck_assert_uint_eq(strlen(v3_text(told, "resource/nonce")), 12);
    struct v3_answer plain = { .json = v3_open(json_object_get(told->json, "resource")) };
    ck_assert_str_eq(v3_text(&plain, "out_trade_no"), "told-once");
    ck_assert_str_eq(v3_text(&plain, "mchid"), DEFAULT_MCH_ID);
    ck_assert_str_eq(v3_text(&plain, "appid"), DEFAULT_APPID);
    ck_assert_str_eq(v3_text(&plain, "attach"), "a&b 支付");
    ck_assert_str_eq(v3_text(&plain, "trade_state"), "SUCCESS");
    ck_assert_str_eq(v3_text(&plain, "trade_type"), "NATIVE");
    ck_assert_int_eq(v3_int(&plain, "amount/total"), 88);
    ck_assert_uint_eq(strlen(v3_text(&plain, "payer/openid")), 28);
    v3_answer_release(&plain);
    ck_assert_int_eq(notice_of("told-once").state, NOTICE_DONE);
    ck_assert_uint_eq(advance(2 * 86400 * 1000LL), 0);
}
END_TEST

/* V3 6.4: the body stays, what proves that it is fresh does not. */
static void expect_repeat(const struct v3_answer *first, const struct v3_answer *again)
{
    ck_assert(view_eq(buf_view(&first->body), buf_view(&again->body)));
    ck_assert_str_ne(first->nonce, again->nonce);
    ck_assert_str_ne(first->signature, again->signature);
    ck_assert(v3_answer_holds(first));
    ck_assert(v3_answer_holds(again));
    ck_assert_int_le(llabs(strtoll(again->timestamp, NULL, 10) - time(NULL)), 60);
}

START_TEST(a_repeat_is_the_same_body_signed_anew)
{
    merchant.status = 500;
    pay("repeat-1");
    settle();
    advance(30000);
    ck_assert_uint_eq(merchant.count, 3);
    expect_repeat(&merchant.told[0], &merchant.told[1]);
    expect_repeat(&merchant.told[0], &merchant.told[2]);
    pay("repeat-2");
    settle();
    ck_assert_str_ne(v3_text(&merchant.told[3], "id"), v3_text(&merchant.told[0], "id"));
    ck_assert_str_ne(v3_text(&merchant.told[3], "resource/nonce"),
                     v3_text(&merchant.told[0], "resource/nonce"));
}
END_TEST

/* V3 6.4, cumulative seconds from the first delivery: 24 h 4 m. */
static const int64_t at_s[] = { 0,    15,   30,    60,    240,   840,   2040,  3840,
                                5640, 7440, 11040, 21840, 32640, 43440, 65040, 86640 };

START_TEST(an_unacknowledged_one_follows_the_timetable_to_the_millisecond)
{
    merchant.status = 404;
    pay("timetable");
    settle();
    for (size_t i = 1; i < COUNT(at_s); i++) {
        ck_assert_uint_eq(advance((at_s[i] - at_s[i - 1]) * 1000 - 1), 0);
        ck_assert_uint_eq(advance(1), 1);
    }
    ck_assert_int_eq(notice_of("timetable").state, NOTICE_LOST);
    advance(10 * 86400 * 1000LL);
    ck_assert_uint_eq(merchant.count, COUNT(at_s));
}
END_TEST

/* V3 6.3 */
static const struct {
    int status;
    const char *answer, *row;
    bool done, warns;
} answers[] = {
    { 200, "", "ok", true, false },
    { 200, "{\"code\":\"SUCCESS\",\"message\":\"成功\"}", "ok", true, false },
    { 200, "{\"code\":\"FAIL\",\"message\":\"失败\"}", "ok", true, true },
    { 200, "<xml/>", "ok", true, false },
    { 204, "", "no-content", true, false },
    { 201, "{\"code\":\"SUCCESS\"}", "other-2xx", false, false },
    { 202, "", "other-2xx", false, false },
    { 301, "", "redirect", false, false },
    { 302, "{\"code\":\"SUCCESS\"}", "redirect", false, false },
    { 400, "{\"code\":\"SUCCESS\"}", "refused", false, false },
    { 401, "", "refused", false, false },
    { 500, "{\"code\":\"FAIL\"}", "trouble", false, false },
    { 503, "", "trouble", false, false },
    { 0, "", "no-answer", false, false },
};

static void look_at_ack(void *ctx, const struct exchange *exchange)
{
    const int *row = ctx;
    if (exchange->door != EXCHANGE_NOTIFICATION)
        return;
    ck_assert_str_eq(exchange->check[0].clause, "V3 6.3");
    ck_assert_int_eq(exchange->ack_ok, answers[*row].done);
    if (exchange->status)
        ck_assert_str_eq(exchange->ack_row, answers[*row].row);
    ck_assert_int_eq(exchange->ack_warn != NULL, answers[*row].warns);
}

START_TEST(only_200_and_204_stop_the_repeats)
{
    struct exchange_filter filter = { .mch_id = VIEW(DEFAULT_MCH_ID), .limit = 10 };
    merchant.status = answers[_i].status;
    merchant.answer = answers[_i].answer;
    pay("answers-1");
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    ck_assert_int_eq(notice_of("answers-1").state, answers[_i].done ? NOTICE_DONE : NOTICE_WAITING);
    exchange_each(door.sandbox.exchanges, &filter, look_at_ack, &_i);
}
END_TEST

START_TEST(held_ones_wait_for_their_release_and_suppressed_ones_for_ever)
{
    us()->notice_mode = NOTICE_MODE_HOLD;
    pay("held-1");
    us()->notice_mode = NOTICE_MODE_SUPPRESS;
    pay("suppressed-1");
    settle();
    advance(86400 * 1000LL);
    ck_assert_uint_eq(merchant.count, 0);
    ck_assert_int_eq(notify_release(door.sandbox.notify, us()), 0);
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    ck_assert(v3_answer_holds(&merchant.told[0]));
    ck_assert_int_eq(notice_of("held-1").state, NOTICE_DONE);
    ck_assert_int_eq(notice_of("suppressed-1").state, NOTICE_SUPPRESSED);
}
END_TEST

/* V3 6.5; a day of virtual time is no day of trying. */
START_TEST(without_an_apiv3_key_nothing_is_sent)
{
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, "no-key-1", NULL, code_url);
    change_keys("", SIGNING_CERT, 0);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    settle();
    ck_assert_int_eq(notice_of("no-key-1").state, NOTICE_SUPPRESSED);
    ck_assert_int_eq(notify_resend(door.sandbox.notify, us(), notice_of("no-key-1").id, NULL, NULL),
                     ERR_RANGE);
    change_keys(DEFAULT_APIV3_KEY, SIGNING_CERT, 0);
    ck_assert_uint_eq(advance(86400 * 1000LL), 0);
    ck_assert_uint_eq(merchant.count, 0);
    ck_assert_int_eq(notify_resend(door.sandbox.notify, us(), notice_of("no-key-1").id, NULL, NULL),
                     0);
    settle();
    ck_assert_uint_eq(merchant.count, 1);
}
END_TEST

/* V3 2.10: which key signs, and that its id says so. */
static const struct {
    enum signing_mode mode;
    int share_permille;
    const char *serial, *file;
} signers[] = {
    { SIGNING_CERT, 1000, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E", "platform_cert.pem" },
    { SIGNING_SWITCHING, 0, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E", "platform_cert.pem" },
    { SIGNING_SWITCHING, 1000, "PUB_KEY_ID_0119000001092026112400000000000001",
      "wechatpay_public.pem" },
    { SIGNING_PUBKEY, 0, "PUB_KEY_ID_0119000001092026112400000000000001", "wechatpay_public.pem" },
};

START_TEST(the_mode_chooses_who_signs_a_notification)
{
    change_keys(NULL, signers[_i].mode, signers[_i].share_permille);
    pay("signer-1");
    settle();
    const struct v3_answer *told = &merchant.told[0];
    ck_assert_str_eq(told->serial, signers[_i].serial);
    ck_assert(v3_holds(told->timestamp, told->nonce, buf_view(&told->body), told->signature,
                       signers[_i].file));
}
END_TEST

/* ---- what goes wrong because it was ordered ----------------------------------------------------- */

enum { HOLDS = 1, OPENS = 2 };

/* Members of a fault without its door; what is true of the message that meets it. */
static const struct {
    const char *fault;
    int truths;
    const char *signer;  /* NULL: by the platform's certificate */
    const char *missing; /* header */
    int64_t stamp_s;     /* away from now */
} signing[] = {
    { "\"kind\":\"wrong_sign\"", OPENS, NULL, NULL, 0 },
    { "\"kind\":\"probe\"", OPENS, NULL, NULL, 0 },
    { "\"kind\":\"stale_stamp\"", HOLDS | OPENS, NULL, NULL, -3600 },
    { "\"kind\":\"future_stamp\"", HOLDS | OPENS, NULL, NULL, 3600 },
    { "\"kind\":\"unknown_serial\"", HOLDS | OPENS, NULL, NULL, 0 },
    { "\"kind\":\"rogue_key\"", HOLDS | OPENS, "authority_cert.pem", NULL, 0 },
    { "\"kind\":\"missing_header\",\"header\":\"Wechatpay-Nonce\"", OPENS, NULL, "nonce", 0 },
    { "\"kind\":\"missing_header\",\"header\":\"Wechatpay-Signature\"", OPENS, NULL, "signature",
      0 },
    { "\"kind\":\"missing_header\",\"header\":\"Wechatpay-Timestamp\"", OPENS, NULL, "timestamp",
      0 },
    { "\"kind\":\"missing_header\",\"header\":\"Wechatpay-Serial\"", HOLDS | OPENS, NULL, "serial",
      0 },
    { "\"kind\":\"missing_header\",\"header\":\"Wechatpay-Signature-Type\"", HOLDS | OPENS, NULL,
      "scheme", 0 },
    { "\"kind\":\"no_sign\"", OPENS, NULL, "all", 0 },
    { "\"kind\":\"alter\",\"set\":{\"amount.total\":\"1\"},\"sign\":\"none\"", OPENS, NULL, "all",
      0 },
    { "\"kind\":\"alter\",\"set\":{\"amount.total\":\"1\"},\"sign\":\"wrong\"", OPENS, NULL, NULL,
      0 },
    { "\"kind\":\"alter\",\"set\":{\"amount.total\":\"1\"}", HOLDS | OPENS, NULL, NULL, 0 },
};

static bool is_gone(const char *missing, const char *name)
{
    return missing && (strcmp(missing, "all") == 0 || strcmp(missing, name) == 0);
}

static void expect_signing(int row, const struct v3_answer *got)
{
    const char *missing = signing[row].missing;
    ck_assert_int_eq(!got->nonce[0], is_gone(missing, "nonce"));
    ck_assert_int_eq(!got->signature[0], is_gone(missing, "signature"));
    ck_assert_int_eq(!got->timestamp[0], is_gone(missing, "timestamp"));
    ck_assert_int_eq(!got->serial[0], is_gone(missing, "serial"));
    ck_assert_int_eq(!got->scheme[0], is_gone(missing, "scheme"));
    if (got->signature[0])
        ck_assert_uint_eq(strlen(got->signature), 344);
    if (got->timestamp[0])
        ck_assert_int_le(
            llabs(strtoll(got->timestamp, NULL, 10) - time(NULL) - signing[row].stamp_s), 60);
    ck_assert_int_eq(view_starts(view_str(got->signature), VIEW("WECHATPAY/SIGNTEST/")),
                     strstr(signing[row].fault, "probe") != NULL);
    if (got->serial[0])
        ck_assert_int_eq(strcmp(got->serial, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E") != 0,
                         strstr(signing[row].fault, "unknown_serial") != NULL);
    bool holds = v3_answer_holds(got);
    if (signing[row].signer) {
        ck_assert(!holds);
        holds = v3_holds(got->timestamp, got->nonce, buf_view(&got->body), got->signature,
                         signing[row].signer);
    }
    ck_assert_int_eq(holds, (signing[row].truths & HOLDS) != 0);
}

START_TEST(a_notification_goes_wrong_once_as_ordered)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"door\":\"notification\",%s}", signing[_i].fault);
    merchant.status = 500;
    order_fault(json);
    pay("faulty-1");
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    expect_signing(_i, &merchant.told[0]);
    json_t *plain = v3_open(json_object_get(merchant.told[0].json, "resource"));
    ck_assert_ptr_nonnull(plain);
    json_decref(plain);
    ck_assert_uint_eq(advance(15000), 1);
    ck_assert(v3_answer_holds(&merchant.told[1]));
    ck_assert_str_eq(v3_text(&merchant.told[0], "id"), v3_text(&merchant.told[1], "id"));
}
END_TEST

static void query(const char *number, struct v3_answer *out)
{
    char target[160];
    snprintf(target, sizeof(target), QUERY, number);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

START_TEST(an_answer_goes_wrong_once_as_ordered)
{
    char json[256], code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    snprintf(json, sizeof(json), "{\"api\":\"v3/query\",%s}", signing[_i].fault);
    v3_order(&door, "faulty-2", NULL, code_url);
    order_fault(json);
    query("faulty-2", &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), "NOTPAY");
    ck_assert_int_eq(v3_int(&answer, "amount/total"), strstr(json, "alter") ? 1 : 88);
    expect_signing(_i, &answer);
    v3_answer_release(&answer);
    query("faulty-2", &answer);
    ck_assert(v3_answer_holds(&answer));
    ck_assert_int_eq(v3_int(&answer, "amount/total"), 88);
    v3_answer_release(&answer);
}
END_TEST

/* What is inside: signed rightly, and not what it should be. */
static const struct {
    const char *fault;
    bool opens;
    const char *path, *text; /* of the opened resource; "#1": a number */
} sealing[] = {
    { "\"kind\":\"tampered_ciphertext\"", false, NULL, NULL },
    { "\"kind\":\"tampered_associated_data\"", false, NULL, NULL },
    { "\"kind\":\"altered_amount\",\"total_fen\":1", true, "amount/total", "#1" },
    { "\"kind\":\"alter\",\"set\":{\"appid\":\"wx0000000000000001\"}", true, "appid",
      "wx0000000000000001" },
    { "\"kind\":\"alter\",\"set\":{\"mchid\":\"1900000110\"}", true, "mchid", "1900000110" },
    { "\"kind\":\"alter\",\"set\":{\"amount.total\":\"1\"}", true, "amount/total", "#1" },
    { "\"kind\":\"alter\",\"set\":{\"appid.inner.x\":\"y\"}", true, "appid/inner/x", "y" },
    { "\"kind\":\"alter\",\"set\":{\"trade_state\":\"CLOSED\"},\"drop\":[\"payer.openid\"]", true,
      "payer/openid", "" },
    { "\"kind\":\"alter\",\"drop\":[\"nothing.there\"]", true, "trade_state", "SUCCESS" },
};

START_TEST(the_envelope_holds_and_its_inside_is_wrong)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"door\":\"notification\",%s}", sealing[_i].fault);
    order_fault(json);
    pay("inside-1");
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    ck_assert(v3_answer_holds(&merchant.told[0]));
    struct v3_answer plain = { .json =
                                   v3_open(json_object_get(merchant.told[0].json, "resource")) };
    ck_assert_int_eq(plain.json != NULL, sealing[_i].opens);
    if (sealing[_i].text && sealing[_i].text[0] == '#')
        ck_assert_int_eq(v3_int(&plain, sealing[_i].path), strtoll(sealing[_i].text + 1, NULL, 10));
    else if (sealing[_i].text)
        ck_assert_str_eq(v3_text(&plain, sealing[_i].path), sealing[_i].text);
    v3_answer_release(&plain);
}
END_TEST

/* The signature is a right one, of what would have been sent. */
START_TEST(a_stale_signature_is_of_the_unaltered_message)
{
    struct v3_answer first, second;
    order_fault("{\"door\":\"notification\",\"kind\":\"alter\",\"sign\":\"stale\","
                "\"set\":{\"amount.total\":\"1\"}}");
    merchant.status = 500;
    pay("stale-1");
    settle();
    advance(15000);
    const struct v3_answer *told = merchant.told;
    ck_assert(!v3_answer_holds(&told[0]));
    ck_assert(v3_holds(told[0].timestamp, told[0].nonce, buf_view(&told[1].body), told[0].signature,
                       "platform_cert.pem"));
    order_fault("{\"api\":\"v3/query\",\"kind\":\"alter\",\"sign\":\"stale\","
                "\"set\":{\"trade_state\":\"NOTPAY\"}}");
    query("stale-1", &first);
    query("stale-1", &second);
    ck_assert_str_eq(v3_text(&first, "trade_state"), "NOTPAY");
    ck_assert(!v3_answer_holds(&first));
    ck_assert(v3_holds(first.timestamp, first.nonce, buf_view(&second.body), first.signature,
                       "platform_cert.pem"));
    v3_answer_release(&first);
    v3_answer_release(&second);
}
END_TEST

START_TEST(copies_and_delays)
{
    order_fault("{\"door\":\"notification\",\"kind\":\"copies\",\"copies\":5}");
    pay("copies-1");
    settle();
    ck_assert_uint_eq(merchant.count, 5);
    for (size_t i = 1; i < 5; i++)
        expect_repeat(&merchant.told[0], &merchant.told[i]);
    order_fault("{\"door\":\"notification\",\"kind\":\"delay\",\"delay_ms\":30}");
    pay("delay-1");
    settle();
    ck_assert_uint_eq(merchant.count, 6);
    ck_assert(v3_answer_holds(&merchant.told[5]));
}
END_TEST

/* What the gateway says instead of the platform, and what is said though it happened. */
static const struct {
    const char *fault;
    int status;
    const char *code;
    bool is_signed, closed;
} gateway[] = {
    { "\"kind\":\"http_status\",\"status\":429", 429, "FREQUENCY_LIMITED", false, false },
    { "\"kind\":\"http_status\",\"status\":502", 502, "", false, false },
    { "\"kind\":\"system_error\"", 500, "SYSTEM_ERROR", true, false },
    { "\"kind\":\"system_error\",\"processed\":true", 500, "SYSTEM_ERROR", true, true },
    { "\"kind\":\"raw\",\"status\":200,\"body\":\"<html>\",\"content_type\":\"text/html\"", 200, "",
      true, true },
    { "\"kind\":\"delay\",\"delay_ms\":30", 204, "", true, true },
    { "\"kind\":\"cut_before\"", 0, "", false, false },
    { "\"kind\":\"cut_after\"", 0, "", false, true },
};

START_TEST(an_answer_that_is_not_the_platform_s)
{
    char json[256], code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    v3_order(&door, "gateway-1", NULL, code_url);
    snprintf(json, sizeof(json), "{\"api\":\"v3/close\",%s}", gateway[_i].fault);
    order_fault(json);
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = "/v3/pay/transactions/out-trade-no/gateway-1/close",
                               .body = "{\"mchid\":\"" DEFAULT_MCH_ID "\"}" },
            &answer);
    ck_assert_int_eq(answer.status, gateway[_i].status);
    ck_assert_str_eq(v3_text(&answer, "code"), gateway[_i].code);
    ck_assert_int_eq(answer.signature[0] && v3_answer_holds(&answer), gateway[_i].is_signed);
    if (strstr(json, "raw"))
        ck_assert_str_eq(answer.type, "text/html");
    v3_answer_release(&answer);
    query("gateway-1", &answer);
    ck_assert_str_eq(v3_text(&answer, "trade_state"), gateway[_i].closed ? "CLOSED" : "NOTPAY");
    v3_answer_release(&answer);
}
END_TEST

START_TEST(half_an_answer_is_signed_as_it_is)
{
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    v3_order(&door, "half-01", NULL, code_url);
    order_fault("{\"api\":\"v3/query\",\"kind\":\"truncated\",\"keep_bytes\":40}");
    query("half-01", &answer);
    ck_assert_uint_eq(answer.body.len, 40);
    ck_assert_ptr_null(answer.json);
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
}
END_TEST

START_TEST(before_answer_tells_the_payment_first)
{
    struct v3_answer answer;
    order_fault("{\"door\":\"notification\",\"kind\":\"before_answer\"}");
    v3_begin(&door,
             &(struct v3_send){ .method = "POST",
                                .target = "/v3/pay/transactions/native",
                                .body = v3_order_body("too-fast", NULL) },
             &answer);
    for (int turn = 0; turn < 200000 && merchant.count == 0; turn++)
        uv_run(&door.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(merchant.count, 1);
    ck_assert(!answer.done);
    door_until(&door, &answer.done);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
}
END_TEST

/* ---- over a restart, and at a stop -------------------------------------------------------------- */

START_TEST(a_repeat_after_a_restart_is_the_same_too)
{
    static const char *const files[] = { "sandbox.db", "sandbox.db-wal", "sandbox.db-shm" };
    char dir[] = "/tmp/wxpay-v3-XXXXXX", path[128];
    struct v3_answer first;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    merchant_close();
    door_close(&door);
    door_open_seeded(&door, dir, 7);
    merchant_open();
    merchant.status = 500;
    pay("restart-1");
    settle();
    ck_assert_uint_eq(merchant.count, 1);
    first = merchant.told[0];
    merchant.count = 0;
    merchant_close();
    door_close(&door);

    door_open_seeded(&door, dir, 8); /* another start, other chances */
    merchant_open();
    ck_assert_uint_eq(advance(15000), 1);
    expect_repeat(&first, &merchant.told[0]);
    v3_answer_release(&first);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
}
END_TEST

/* While a thread of the pool signs; teardown stops all and demands a clean loop. */
START_TEST(a_stop_waits_for_the_signature)
{
    struct v3_answer answer;
    pay("stop-001");
    for (int turn = 0; turn < 1000 && notify_open(door.sandbox.notify, 0) == 0; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(notify_open(door.sandbox.notify, 0), 1);
    v3_begin(&door, &(struct v3_send){ .method = "GET", .target = "/v3/certificates" }, &answer);
    if (_i == 1)
        door_until(&door, &answer.done);
    merchant_close();
    door_close(&door);
    v3_answer_release(&answer);
    setup();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 notify");
    TCase *tc = tcase_create("v3 notify");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_payment_is_told_sealed_signed_and_acknowledged);
    tcase_add_test(tc, a_repeat_is_the_same_body_signed_anew);
    tcase_add_test(tc, an_unacknowledged_one_follows_the_timetable_to_the_millisecond);
    tcase_add_loop_test(tc, only_200_and_204_stop_the_repeats, 0, COUNT(answers));
    tcase_add_test(tc, held_ones_wait_for_their_release_and_suppressed_ones_for_ever);
    tcase_add_test(tc, without_an_apiv3_key_nothing_is_sent);
    tcase_add_loop_test(tc, the_mode_chooses_who_signs_a_notification, 0, COUNT(signers));
    tcase_add_loop_test(tc, a_notification_goes_wrong_once_as_ordered, 0, COUNT(signing));
    tcase_add_loop_test(tc, an_answer_goes_wrong_once_as_ordered, 0, COUNT(signing));
    tcase_add_loop_test(tc, the_envelope_holds_and_its_inside_is_wrong, 0, COUNT(sealing));
    tcase_add_test(tc, a_stale_signature_is_of_the_unaltered_message);
    tcase_add_test(tc, copies_and_delays);
    tcase_add_loop_test(tc, an_answer_that_is_not_the_platform_s, 0, COUNT(gateway));
    tcase_add_test(tc, half_an_answer_is_signed_as_it_is);
    tcase_add_test(tc, before_answer_tells_the_payment_first);
    tcase_add_test(tc, a_repeat_after_a_restart_is_the_same_too);
    tcase_add_loop_test(tc, a_stop_waits_for_the_signature, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
