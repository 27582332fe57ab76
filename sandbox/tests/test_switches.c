/* Every named switch does what its row says, for each of its values (V2 12). */
#include "door_test.h"

#include "base/err.h"
#include "door_v3.h"
#include "notify_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS 60'000LL
#define DAY_MS    86'400'000LL

static struct door door;

/* A merchant that answers as told, or waits. */
static struct {
    struct http_server *server;
    struct http_call *call; /* kept while .waits */
    struct buf body;
    char target[128], signature[400];
    size_t count;
    int status;
    const char *answer;
    bool waits, stopped;
} merchant;

static void on_notification(struct http_call *call, void *)
{
    const struct http_request *request = http_call_request(call);
    merchant.count++;
    buf_clear(&merchant.body);
    ck_assert_int_eq(buf_view_add(&merchant.body, request->body), 0);
    ck_assert_int_eq(view_copy(request->target, merchant.target, sizeof(merchant.target)), 0);
    struct view signature = http_header_get(request->headers, "wechatpay-signature");
    (void)view_copy(signature, merchant.signature, sizeof(merchant.signature));
    if (merchant.waits)
        merchant.call = call;
    else
        http_call_reply(call, merchant.status, NULL, 0, view_str(merchant.answer));
}

#define ACK  "<xml><return_code>SUCCESS</return_code></xml>"
#define NACK "<xml><return_code>FAIL</return_code></xml>"

static struct account *us(void)
{
    return door_account(&door);
}

static void setup(void)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, NULL);
    memset(&merchant, 0, sizeof(merchant));
    merchant.body = BUF_INIT(1 << 16);
    merchant.status = 200;
    merchant.answer = ACK;
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    us()->origin_count = 1;
    snprintf(us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
}

static void on_merchant_stopped(void *)
{
    merchant.stopped = true;
}

static void teardown(void)
{
    http_server_stop(merchant.server, on_merchant_stopped);
    if (merchant.call)
        http_call_cut(merchant.call);
    door_until(&door, &merchant.stopped);
    buf_release(&merchant.body);
    door_close(&door);
}

/* ---- steps ---- */

static void set_switch(const char *name, const char *value)
{
    ck_assert_int_eq(switch_set(&us()->switches, view_str(name), view_str(value)), 0);
}

static void move_clock(int64_t ms)
{
    vclock_set(&us()->clock, account_now_ms(us()) + ms);
}

/* A unified order with one field changed (value NULL: taken out); what it says in @wanted. */
static const char *order_with(const char *number, const char *name, const char *value,
                              const char *wanted)
{
    static char text[2048];
    struct params params = {};
    struct answer answer;
    params_order(&params, number);
    if (name)
        params_set(&params, name, value);
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    snprintf(text, sizeof(text), "%s", xml_text(&answer, wanted));
    answer_release(&answer);
    params_release(&params);
    return text;
}

static void ask(const char *path, const char *number, struct answer *answer)
{
    struct params params = {};
    params_common(&params);
    params_set(&params, "out_trade_no", number);
    door_call(&door, path, &params, answer);
    params_release(&params);
}

static const char *state_of(const char *number)
{
    static char text[32];
    struct answer answer;
    ask("/pay/orderquery", number, &answer);
    snprintf(text, sizeof(text), "%s", xml_text(&answer, "trade_state"));
    answer_release(&answer);
    return text;
}

static const char *in_ms(int64_t ms)
{
    static char text[CN_TIME_LEN + 1];
    cn_time_14(account_now_ms(us()) + ms, text);
    return text;
}

static struct order_row row_of(const char *number)
{
    struct order_row order = {};
    ck_assert_int_eq(order_get_by_number(door.sandbox.store, us()->id, view_str(number), &order),
                     0);
    order_row_release(&order);
    return order;
}

static struct notice_row notice_of(const char *number)
{
    struct notice_row notice = {};
    ck_assert_int_eq(
        notice_get_by_order(door.sandbox.store, row_of(number).id, NOTICE_PAYMENT, &notice), 0);
    return notice;
}

/* Turns until @count deliveries came and, unless the merchant waits, have ended. */
static void until_told(size_t count)
{
    for (int i = 0; i < 100000; i++) {
        uv_run(&door.loop, UV_RUN_NOWAIT);
        if (merchant.count >= count && (merchant.waits || !notify_open(door.sandbox.notify, 0)))
            return;
    }
    ck_abort_msg("%zu deliveries and not %zu", merchant.count, count);
}

static void pay_new(const char *number, const char *name, const char *value)
{
    char code_url[CODE_URL_MAX + 1];
    snprintf(code_url, sizeof(code_url), "%s", order_with(number, name, value, "code_url"));
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    until_told(1);
}

static bool told(const char *text)
{
    return strstr(buf_cstr(&merchant.body), text) != NULL;
}

/* A signed order whose bytes are changed before they are sent. */
static const char *changed_order(void (*change)(struct buf *xml))
{
    static char text[64];
    struct params params = {};
    struct buf xml = BUF_INIT(1 << 16);
    struct answer answer;
    params_order(&params, "changed-01");
    params_sign(&params, DEFAULT_API_KEY, &xml);
    change(&xml);
    door_send(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    snprintf(text, sizeof(text), "%s", xml_text(&answer, "return_code"));
    answer_release(&answer);
    buf_release(&xml);
    params_release(&params);
    return text;
}

/* ---- one experiment per switch; true: as the value says ---- */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool answer_type(const char *value)
{
    struct answer answer;
    ask("/pay/orderquery", "nobody", &answer);
    bool as_said = is(answer.type, value);
    answer_release(&answer);
    return as_said;
}

static bool error_layer(const char *value)
{
    const char *code = order_with("layer-01", "body", NULL, "err_code");
    return is(code, is(value, "documented") ? "LACK_PARAMS" : "");
}

static bool length_unit(const char *value)
{
    static const char fifty[] = "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十"
                                "一二三四五六七八九十一二三四五六七八九十"; /* 150 bytes */
    const char *msg = order_with("length-01", "body", fifty, "return_msg");
    return is(msg, is(value, "bytes") ? "body参数长度有误" : "OK");
}

/* Behind the body's text. */
static void add_blank(struct buf *xml)
{
    struct buf old = buf_take(xml);
    const char *at = strstr(old.ptr, "]]></body>");
    ck_assert_ptr_nonnull(at);
    *xml = BUF_INIT(1 << 16);
    ck_assert_int_eq(buf_fmt(xml, "%.*s %s", (int)(at - old.ptr), old.ptr, at), 0);
    buf_release(&old);
}

static bool blanks(const char *value)
{
    return is(changed_order(add_blank), is(value, "trimmed") ? "SUCCESS" : "FAIL");
}

static void lower_sign(struct buf *xml)
{
    char *at = strstr(xml->ptr, "<sign>");
    ck_assert_ptr_nonnull(at);
    for (at += sizeof("<sign><![CDATA[") - 1; *at != ']'; at++)
        *at = (char)tolower((unsigned char)*at);
}

static bool sign_case(const char *value)
{
    return is(changed_order(lower_sign), is(value, "accepted") ? "SUCCESS" : "FAIL");
}

static bool prepay_repeat(const char *value)
{
    char first[65];
    snprintf(first, sizeof(first), "%s", order_with("repeat-01", NULL, NULL, "prepay_id"));
    const char *second = order_with("repeat-01", NULL, NULL, "prepay_id");
    ck_assert_uint_eq(strlen(second), 36);
    return is(first, second) == is(value, "same");
}

static bool reentry_compare(const char *value)
{
    ck_assert_str_eq(order_with("compare-01", NULL, NULL, "result_code"), "SUCCESS");
    ck_assert_str_eq(order_with("compare-01", "total_fee", "89", "err_code"), "INVALID_REQUEST");
    const char *code = order_with("compare-01", "attach", "other", "err_code");
    return is(code, is(value, "core") ? "" : "INVALID_REQUEST");
}

static bool reentry_expired(const char *value)
{
    char expire[CN_TIME_LEN + 1];
    snprintf(expire, sizeof(expire), "%s", in_ms(2 * MINUTE_MS));
    ck_assert_str_eq(order_with("expired-01", "time_expire", expire, "result_code"), "SUCCESS");
    move_clock(3 * MINUTE_MS);
    return is(order_with("expired-01", "time_expire", expire, "err_code"), value);
}

static bool auto_close(const char *value)
{
    order_with("with-expire", "time_expire", in_ms(2 * MINUTE_MS), "result_code");
    order_with("without-expire", NULL, NULL, "result_code");
    move_clock(3 * MINUTE_MS);
    bool early = is(state_of("with-expire"), "CLOSED");
    ck_assert_str_eq(state_of("without-expire"), "NOTPAY");
    move_clock(8 * DAY_MS);
    bool late = is(state_of("with-expire"), "CLOSED");
    ck_assert_int_eq(late, is(state_of("without-expire"), "CLOSED"));
    return early == is(value, "at_expiry") && late != is(value, "never");
}

static bool early_close(const char *value)
{
    struct answer answer;
    order_with("close-01", NULL, NULL, "result_code");
    ask("/pay/closeorder", "close-01", &answer);
    bool early = is(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    move_clock(6 * MINUTE_MS);
    ask("/pay/closeorder", "close-01", &answer);
    ck_assert_str_eq(xml_text(&answer, "err_code"), early ? "ORDERCLOSED" : "");
    answer_release(&answer);
    return early == is(value, "accepted");
}

static bool expire_min(const char *value)
{
    vclock_freeze(&us()->clock, account_now_ms(us()));
    order_with("expire-01", "time_expire", in_ms(2 * MINUTE_MS), "result_code");
    int64_t life_ms = row_of("expire-01").expire_ms - row_of("expire-01").created_ms;
    return is(value, "5m") ? life_ms == 5 * MINUTE_MS : life_ms <= 2 * MINUTE_MS;
}

static bool short_number(const char *value)
{
    return is(order_with("abc", NULL, NULL, "return_code"),
              is(value, "refused") ? "FAIL" : "SUCCESS");
}

static bool product_id(const char *value)
{
    return is(order_with("product-01", "product_id", NULL, "return_code"),
              is(value, "refused") ? "FAIL" : "SUCCESS");
}

static bool url_query(const char *value)
{
    static const char url[] = "https://merchant.example/wxpay/notify?shop=1";
    if (is(value, "refused"))
        return is(order_with("query-01", "notify_url", url, "return_code"), "FAIL");
    pay_new("query-01", "notify_url", url);
    return is(merchant.target, is(value, "stripped") ? "/wxpay/notify" : "/wxpay/notify?shop=1");
}

static bool code_form(const char *value)
{
    static const struct {
        const char *value, *front, *back;
    } forms[] = {
        { "pr", "weixin://wxpay/bizpayurl?pr=", "" },
        { "sr", "weixin://wxpay/bizpayurl?sr=", "" },
        { "up", "weixin://wxpay/bizpayurl/up?pr=", "&groupid=00" },
        { "s", "weixin://wxpay/s/", "" },
    };
    char code_url[CODE_URL_MAX + 1];
    snprintf(code_url, sizeof(code_url), "%s", order_with("form-01", NULL, NULL, "code_url"));
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    for (size_t i = 0; i < COUNT(forms); i++)
        if (is(value, forms[i].value))
            return view_starts(view_str(code_url), view_str(forms[i].front)) &&
                   view_ends(view_str(code_url), view_str(forms[i].back));
    return false;
}

static void on_advanced(void *owner, size_t, size_t)
{
    *(bool *)owner = true;
}

static bool retry_table(const char *value)
{
    bool done = false;
    merchant.answer = NACK;
    pay_new("table-01", NULL, NULL);
    ck_assert_int_eq(notify_advance(door.sandbox.notify, us(), account_now_ms(us()) + 2 * DAY_MS,
                                    20000, on_advanced, &done),
                     0);
    door_until(&door, &done);
    return merchant.count == (is(value, "old") ? 10 : 16);
}

static bool retry_from(const char *value)
{
    vclock_freeze(&us()->clock, account_now_ms(us()));
    int64_t began_ms = account_now_ms(us());
    merchant.waits = true;
    pay_new("from-01", NULL, NULL);
    move_clock(3000);
    merchant.waits = false;
    http_call_reply(merchant.call, 200, NULL, 0, VIEW(NACK));
    merchant.call = NULL;
    until_told(1);
    return notice_of("from-01").due_ms - began_ms == (is(value, "start") ? 15000 : 18000);
}

static bool retry_scale(const char *value)
{
    vclock_freeze(&us()->clock, account_now_ms(us()));
    merchant.answer = NACK;
    pay_new("scale-01", NULL, NULL);
    return notice_of("scale-01").due_ms - account_now_ms(us()) == 15000 / strtol(value, NULL, 10);
}

static bool ack_mode(const char *value)
{
    merchant.status = 201; /* V2 6.3: an ack in lenient, none in strict */
    pay_new("mode-01", NULL, NULL);
    return notice_of("mode-01").state == (is(value, "strict") ? NOTICE_WAITING : NOTICE_DONE);
}

static bool ack_timeout(const char *value)
{
    merchant.waits = true;
    pay_new("timeout-01", NULL, NULL);
    ck_assert_ptr_nonnull(door.sandbox.notify->open);
    return door.sandbox.notify->open->timeout_ms == (is(value, "2s") ? 2000 : 5000);
}

static bool notify_nonce(const char *value)
{
    pay_new("nonce-01", NULL, NULL);
    return told("5K8264ILTKCH16CQ2502SI8ZNMTM67VS") == is(value, "order");
}

static bool notify_sign_type(const char *value)
{
    pay_new("hmac-01", "sign_type", "HMAC-SHA256");
    ck_assert(sign_holds(buf_view(&merchant.body), DEFAULT_API_KEY, true));
    return told("<sign_type>") == is(value, "present");
}

static bool query_layout(const char *value)
{
    static const char newer[] = "<xml><return_code><![CDATA[SUCCESS]]></return_code>\n"
                                "<return_msg><![CDATA[OK]]></return_msg>\n"
                                "<result_code><![CDATA[SUCCESS]]></result_code>\n<mch_id>";
    struct answer answer;
    order_with("layout-01", NULL, NULL, "result_code");
    ask("/pay/orderquery", "layout-01", &answer);
    bool is_newer = view_starts(buf_view(&answer.body), view_str(newer));
    ck_assert(sign_holds(buf_view(&answer.body), DEFAULT_API_KEY, false));
    answer_release(&answer);
    return is_newer == is(value, "newer");
}

static bool wrong_password(const char *value)
{
    struct pay_spec spec = { .outcome = PAY_WRONG_PASSWORD };
    char code_url[CODE_URL_MAX + 1];
    door_order(&door, "password-01", code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_WRONG_PASSWORD);
    return is(state_of("password-01"), value);
}

/* ---- V3 ----------------------------------------------------------------------------------------- */

#define NATIVE "/v3/pay/transactions/native"

static void native(const char *body, struct v3_answer *out)
{
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = NATIVE, .body = body }, out);
}

static bool strict_docs(const char *value)
{
    struct v3_answer answer;
    native(v3_order_body("1", NULL), &answer);
    ck_assert_str_eq(v3_text(&answer, "code"), "PARAM_ERROR");
    bool wire = is(v3_text(&answer, "detail/field"), "") && v3_int(&answer, "detail/value") == 1;
    bool documented = is(v3_text(&answer, "detail/field"), "/out_trade_no") &&
                      is(v3_text(&answer, "message"), "参数错误");
    v3_answer_release(&answer);
    return is(value, "wire") ? wire : documented;
}

static bool sign_errors(const char *value)
{
    struct v3_answer answer;
    native(v3_order_body("1", NULL), &answer);
    bool holds = v3_answer_holds(&answer), silent = !answer.signature[0];
    v3_answer_release(&answer);
    return is(value, "signed") ? holds : silent;
}

static bool reject_extra(const char *value)
{
    struct v3_answer answer;
    native(v3_order_body("extra-01", ",\"colour\":\"red\""), &answer);
    int status = answer.status;
    bool named = is(v3_text(&answer, "code"), "INVALID_REQUEST");
    v3_answer_release(&answer);
    return is(value, "ignored") ? status == 200 : status == 400 && named;
}

static bool paid_code(const char *value)
{
    struct v3_answer answer;
    struct pay_spec spec = { .outcome = PAY_PAID };
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, "paid-0001", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    native(v3_order_body("paid-0001", NULL), &answer);
    bool named = answer.status == 400 && is(v3_text(&answer, "code"), value);
    v3_answer_release(&answer);
    return named;
}

/* Paid, refunded, two seconds later. */
static bool refund_result(const char *value)
{
    static const char body[] = "{\"out_trade_no\":\"refund-01\",\"out_refund_no\":\"R1\","
                               "\"amount\":{\"refund\":8,\"total\":88,\"currency\":\"CNY\"}}";
    struct v3_answer answer;
    struct pay_spec spec = { .outcome = PAY_PAID };
    char code_url[CODE_URL_MAX + 1], name[16];
    v3_order(&door, "refund-01", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    vclock_freeze(&us()->clock, account_now_ms(us()));
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = "/v3/refund/domestic/refunds", .body = body },
            &answer);
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    v3_answer_release(&answer);
    vclock_set(&us()->clock, account_now_ms(us()) + 2000);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = "/v3/refund/domestic/refunds/R1" },
            &answer);
    snprintf(name, sizeof(name), "%s", v3_text(&answer, "status"));
    for (char *at = name; *at; at++)
        *at = (char)tolower(*at);
    v3_answer_release(&answer);
    return is(name, value);
}

/* The first bytes of yesterday's bill. */
static bool bill_mark(const char *value)
{
    struct v3_answer answer;
    struct pay_spec spec = { .outcome = PAY_PAID };
    char code_url[CODE_URL_MAX + 1], target[512];
    vclock_freeze(&us()->clock, INT64_C(1795492800000)); /* 2026-11-24 12:00 in Beijing */
    v3_order(&door, "bill-0001", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    vclock_set(&us()->clock, account_now_ms(us()) + DAY_MS);
    v3_send(
        &door,
        &(struct v3_send){ .method = "GET", .target = "/v3/bill/tradebill?bill_date=2026-11-24" },
        &answer);
    const char *path = strstr(v3_text(&answer, "download_url"), "/v3/");
    ck_assert_ptr_nonnull(path);
    snprintf(target, sizeof(target), "%s", path);
    v3_answer_release(&answer);
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, &answer);
    bool marked = view_starts(buf_view(&answer.body), VIEW("\xef\xbb\xbf"));
    v3_answer_release(&answer);
    return marked == is(value, "present");
}

static bool openid_form(const char *value)
{
    struct v3_answer answer;
    v3_send(
        &door,
        &(struct v3_send){ .method = "POST",
                           .target = "/v3/pay/transactions/jsapi",
                           .body = v3_order_body("openid-01", ",\"payer\":{\"openid\":\"me\"}") },
        &answer);
    int status = answer.status;
    v3_answer_release(&answer);
    return status == (is(value, "accepted") ? 200 : 400);
}

/* One more than ordinary merchants may combine. */
static bool combine_most(const char *value)
{
    struct v3_answer answer;
    struct buf body = BUF_INIT(1 << 16);
    ck_assert_int_eq(buf_str(&body, "{\"combine_appid\":\"" DEFAULT_APPID
                                    "\",\"combine_mchid\":\"" DEFAULT_MCH_ID
                                    "\",\"combine_out_trade_no\":\"combined-1\","
                                    "\"notify_url\":\"https://merchant.example/c\","
                                    "\"sub_orders\":["),
                     0);
    for (int i = 0; i < 11; i++)
        ck_assert_int_eq(buf_fmt(&body,
                                 "%s{\"mchid\":\"" DEFAULT_MCH_ID
                                 "\",\"attach\":\"a\",\"out_trade_no\":\"part-%02d\","
                                 "\"description\":\"d\",\"amount\":{\"total_amount\":1,"
                                 "\"currency\":\"CNY\"}}",
                                 i ? "," : "", i),
                         0);
    ck_assert_int_eq(buf_str(&body, "]}"), 0);
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = "/v3/combine-transactions/native",
                               .body = buf_cstr(&body) },
            &answer);
    int status = answer.status;
    v3_answer_release(&answer);
    buf_release(&body);
    return status == (is(value, "50") ? 200 : 400);
}

static bool auth_spaces(const char *value)
{
    struct v3_answer answer;
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = NATIVE,
                               .body = v3_order_body("spaced-01", NULL),
                               .spaced = true },
            &answer);
    int status = answer.status;
    v3_answer_release(&answer);
    return status == (is(value, "accepted") ? 200 : 401);
}

#define CERTIFICATES "/v3/certificates"

static void get_certificates(const char *nonce, struct v3_answer *out)
{
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = CERTIFICATES, .nonce = nonce },
            out);
}

/* How many of so many answers are probes; never two in a row. */
static bool probe_responses(const char *value)
{
    int probes = 0;
    bool last = false;
    for (int i = 0; i < 40; i++) {
        struct v3_answer answer;
        get_certificates(NULL, &answer);
        ck_assert_int_eq(answer.status, 200);
        bool probe = strncmp(answer.signature, "WECHATPAY/SIGNTEST/", 19) == 0;
        ck_assert(probe != v3_answer_holds(&answer));
        ck_assert(!probe || !last);
        probes += probe;
        last = probe;
        v3_answer_release(&answer);
    }
    return is(value, "0") ? probes == 0 : is(value, "100%") ? probes == 20 : probes < 20;
}

/* The first delivery only. */
static bool probe_callbacks(const char *value)
{
    struct pay_spec spec = { .outcome = PAY_PAID };
    char code_url[CODE_URL_MAX + 1];
    vclock_freeze(&us()->clock, account_now_ms(us()));
    merchant.status = 500;
    v3_order(&door, "probed-01", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    until_told(1);
    bool first = strncmp(merchant.signature, "WECHATPAY/SIGNTEST/", 19) == 0;
    move_clock(15000);
    notify_wake(door.sandbox.notify, us());
    until_told(2);
    ck_assert(merchant.signature[0]);
    ck_assert(strncmp(merchant.signature, "WECHATPAY/SIGNTEST/", 19) != 0);
    return is(value, "0") ? !first : is(value, "100%") ? first : true;
}

/* Three a second is the least of the public numbers; a fourth within it is one too many. */
static bool rate_limits(const char *value)
{
    int refused = 0;
    for (int i = 0; i < 30; i++) {
        struct v3_answer answer;
        v3_send(&door,
                &(struct v3_send){ .method = "GET",
                                   .target = "/v3/bill/fundflowbill?bill_date=2000-01-01" },
                &answer);
        if (answer.status == 429) {
            ck_assert_str_eq(v3_text(&answer, "code"), "FREQUENCY_LIMITED");
            ck_assert_str_eq(answer.signature, "");
            refused++;
        }
        v3_answer_release(&answer);
    }
    return is(value, "off") ? refused == 0 : refused > 0;
}

static bool reject_nonce_replay(const char *value)
{
    static const char nonce[] = "593BEC0C930BF1AFEB40B4A08C8FB242";
    int status[3];
    for (int i = 0; i < 3; i++) {
        struct v3_answer answer;
        get_certificates(i == 2 ? "another" : nonce, &answer);
        status[i] = answer.status;
        v3_answer_release(&answer);
    }
    ck_assert(status[0] == 200 && status[2] == 200);
    return status[1] == (is(value, "accepted") ? 200 : 401);
}

/* By a clock that is turned, real stamps are stale and turned ones are right; both ways. */
static bool stamp_clock(const char *value)
{
    struct v3_answer real, turned;
    move_clock(DAY_MS);
    get_certificates(NULL, &real);
    v3_send(&door,
            &(struct v3_send){ .method = "GET", .target = CERTIFICATES, .shift_s = DAY_MS / 1000 },
            &turned);
    const struct v3_answer *right = is(value, "real") ? &real : &turned;
    const struct v3_answer *wrong = is(value, "real") ? &turned : &real;
    int64_t now_s = (is(value, "real") ? clock_real_ms() : account_now_ms(us())) / 1000;
    int64_t stamp_s = strtoll(right->timestamp, NULL, 10);
    bool does = right->status == 200 && wrong->status == 401 && llabs(stamp_s - now_s) < 200;
    v3_answer_release(&real);
    v3_answer_release(&turned);
    return does;
}

/* A switch without an experiment does not compile. */
static bool (*const experiments[SWITCH_COUNT])(const char *value) = {
#define X(name, ...) [SWITCH_##name] = (name),
    SWITCH_MAP(X)
#undef X
};

START_TEST(a_switch_does_what_its_value_says) /* looped over switches × values */
{
    enum switch_id id = (enum switch_id)(_i / SWITCH_VALUES_MAX);
    const char *value = switch_rows[id].values[_i % SWITCH_VALUES_MAX];
    if (!value)
        return;
    set_switch(switch_rows[id].name, value);
    ck_assert_str_eq(switch_value(&us()->switches, id), value);
    ck_assert_msg(experiments[id](value), "%s=%s", switch_rows[id].name, value);
}
END_TEST

static void do_both(struct buf *xml)
{
    add_blank(xml);
    lower_sign(xml);
}

/* The names of an answer's elements in their order, each with a blank behind it. */
static void names_of(const struct answer *answer, struct buf *out)
{
    struct view rest = buf_view(&answer->body), name;
    buf_clear(out);
    for (size_t at; (at = view_find(rest, VIEW("<"))) != SIZE_MAX;) {
        rest = (struct view){ rest.ptr + at + 1, rest.len - at - 1 };
        if (!rest.len || rest.ptr[0] == '/' || rest.ptr[0] == '!')
            continue;
        name = view_cut(rest, '>', &rest);
        ck_assert_int_eq(buf_fmt(out, "%.*s ", VIEW_ARG(name)), 0);
    }
}

/* As captured in 2023 (V2 3.2); an attach only where there is one. */
static const struct {
    const char *attach;
    bool closed;
    const char *names;
} newer_answers[] = {
    { NULL, false,
      "xml return_code return_msg result_code mch_id appid device_info trade_state total_fee "
      "out_trade_no trade_state_desc nonce_str sign " },
    { "blue", false,
      "xml return_code return_msg result_code mch_id appid device_info trade_state total_fee "
      "out_trade_no trade_state_desc attach nonce_str sign " },
    { NULL, true,
      "xml return_code return_msg result_code mch_id appid device_info trade_state total_fee "
      "out_trade_no trade_state_desc attach nonce_str sign " },
};

START_TEST(the_newer_layout_is_as_captured)
{
    struct buf names = BUF_INIT(4096);
    struct answer answer;
    set_switch("query_layout", "newer");
    order_with("captured-01", "attach", newer_answers[_i].attach, "result_code");
    if (newer_answers[_i].closed) {
        ask("/pay/closeorder", "captured-01", &answer);
        answer_release(&answer);
    }
    ask("/pay/orderquery", "captured-01", &answer);
    names_of(&answer, &names);
    ck_assert_str_eq(buf_cstr(&names), newer_answers[_i].names);
    ck_assert_str_eq(xml_text(&answer, "device_info"), "");
    ck_assert_str_eq(xml_text(&answer, "trade_state"),
                     newer_answers[_i].closed ? "CLOSED" : "NOTPAY");
    answer_release(&answer);
    buf_release(&names);
}
END_TEST

START_TEST(two_forgiving_switches_forgive_together)
{
    set_switch("blanks", "trimmed");
    set_switch("sign_case", "accepted");
    ck_assert_str_eq(changed_order(do_both), "SUCCESS");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("switches");
    TCase *tc = tcase_create("switches");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_switch_does_what_its_value_says, 0, SWITCH_COUNT * SWITCH_VALUES_MAX);
    tcase_add_loop_test(tc, the_newer_layout_is_as_captured, 0, COUNT(newer_answers));
    tcase_add_test(tc, two_forgiving_switches_forgive_together);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
