/* What V3's door is given by mistake or by malice — V3 2.4, 8.1, 12 */
#include "door_v3.h"

#include "base/err.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define NATIVE "/v3/pay/transactions/native"
#define CERTS  "/v3/certificates"
#define ORDER  "/v3/pay/transactions/out-trade-no/"
#define PIPE   ORDER "hint%7C01?mchid=" DEFAULT_MCH_ID
#define BODY   "{\"mchid\":\"" DEFAULT_MCH_ID "\",\"appid\":\"x\"}"

static struct door door;

static void setup(void)
{
    door_open(&door, NULL);
}

static void good_order(void)
{
    static int count;
    char number[24], code_url[CODE_URL_MAX + 1];
    snprintf(number, sizeof(number), "good-%d", ++count);
    v3_order(&door, number, NULL, code_url);
}

static void teardown(void)
{
    good_order(); /* whatever came before, it goes on */
    door_close(&door);
}

/* ---- mistakes that are named -------------------------------------------------------------------- */

static void no_last_line_feed(struct buf *text)
{
    text->len--;
}

static void one_line_feed_more(struct buf *text)
{
    ck_assert_int_eq(buf_str(text, "\n"), 0);
}

/* Windows: every line. */
static void crlf(struct buf *text)
{
    struct buf other = BUF_INIT(1 << 16);
    for (size_t i = 0; i < text->len; i++) {
        if (text->ptr[i] == '\n')
            ck_assert_int_eq(buf_str(&other, "\r"), 0);
        ck_assert_int_eq(buf_add(&other, text->ptr + i, 1), 0);
    }
    buf_release(text);
    *text = other;
}

/* The stamp is the third line. */
static void milliseconds(struct buf *text)
{
    struct buf other = BUF_INIT(1 << 16);
    int lines = 0;
    for (size_t i = 0; i < text->len; i++) {
        lines += text->ptr[i] == '\n';
        if (text->ptr[i] == '\n' && lines == 3)
            ck_assert_int_eq(buf_str(&other, "000"), 0);
        ck_assert_int_eq(buf_add(&other, text->ptr + i, 1), 0);
    }
    buf_release(text);
    *text = other;
}

static void other_nonce(struct buf *text)
{
    char *at = strstr(text->ptr, "5K8264");
    ck_assert_ptr_nonnull(at);
    at[0] = '6';
}

static void url_safe(char signature[400])
{
    for (; *signature; signature++)
        *signature = (char)(*signature == '+' ? '-' : *signature == '/' ? '_' : *signature);
}

static void no_padding(char signature[400])
{
    signature[342] = '\0';
}

/* What is sent and signed, the cause that must be named, what of the other text is known. */
static const struct {
    struct v3_send send;
    const char *cause;
    bool text_known;
} mistakes[] = {
    { { .target = CERTS "?algorithm_type=RSA", .sign_target = CERTS }, "query-left-out", true },
    { { .target = PIPE, .sign_target = ORDER "hint|01?mchid=" DEFAULT_MCH_ID },
      "target-decoded",
      true },
    { { .target = CERTS, .sign_target = "https://api.mch.weixin.qq.com" CERTS },
      "host-in-target",
      true },
    { { .target = CERTS, .sign_method = "get" }, "method-case", true },
    { { .target = CERTS, .sign_method = "POST" }, "other-method", true },
    { { .target = CERTS, .edit_text = no_last_line_feed }, "last-line-feed-missing", true },
    { { .target = CERTS, .edit_text = one_line_feed_more }, "line-feed-too-many", true },
    { { .target = CERTS, .edit_text = crlf }, "lines-end-in-crlf", true },
    { { .target = CERTS, .edit_text = milliseconds }, "timestamp-milliseconds", true },
    { { .target = CERTS, .edit_text = other_nonce }, NULL, false }, /* nobody can know which */
    { { .target = CERTS, .edit_signature = url_safe }, "signature-url-safe", true },
    { { .target = CERTS, .edit_signature = no_padding }, "signature-without-padding", true },
    { { .target = CERTS, .key_file = "platform_key.pem" }, "platform-key", true },
    { { .target = CERTS, .key_file = "authority_key.pem" }, "wrong-key", false },
    { { .target = CERTS, .digest = "sha1" }, "sha1", true },
    { { .target = CERTS, .pss = true }, "pss", true },
    { { .method = "POST", .target = NATIVE, .body = BODY, .sign_body = "" },
      "body-left-out",
      true },
    { { .method = "POST",
        .target = NATIVE,
        .body = BODY,
        .sign_body = "{\"mchid\": \"" DEFAULT_MCH_ID "\", \"appid\": \"x\"}" },
      "body-reserialised",
      true },
    { { .method = "POST",
        .target = NATIVE,
        .body = BODY,
        .sign_body = "{\"appid\":\"x\",\"mchid\":\"" DEFAULT_MCH_ID "\"}" },
      "body-keys-sorted",
      true },
    { { .method = "POST", .target = NATIVE, .body = "{\r\n}", .sign_body = "{\n}" },
      "body-line-ends",
      true },
};

static void copy_last(void *ctx, const struct exchange *exchange)
{
    *(const struct exchange **)ctx = exchange;
}

static const struct exchange *last_exchange(void)
{
    struct exchange_filter filter = { .mch_id = VIEW(DEFAULT_MCH_ID), .limit = 1000 };
    const struct exchange *last = NULL;
    exchange_each(door.sandbox.exchanges, &filter, copy_last, &last);
    ck_assert_ptr_nonnull(last);
    return last;
}

START_TEST(a_mistake_in_signing_is_named_in_the_record)
{
    struct v3_answer answer;
    struct v3_send send = mistakes[_i].send;
    char lines[256];
    send.method = send.method ? send.method : "GET";
    v3_send(&door, &send, &answer);
    ck_assert_int_eq(answer.status, 401);
    ck_assert_str_eq(v3_text(&answer, "message"), "错误的签名，验签失败");
    v3_answer_release(&answer);
    const struct exchange *record = last_exchange();
    ck_assert_str_eq(record->refusal, "V3_BAD_SIGN");
    if (mistakes[_i].cause)
        ck_assert_str_eq(record->hint_id ? record->hint_id : "none", mistakes[_i].cause);
    ck_assert_uint_gt(record->hint.len, 20);
    snprintf(lines, sizeof(lines), "%s\n%s\n", send.method, send.target);
    ck_assert(view_starts(buf_view(&record->sign_text), view_str(lines)));
    ck_assert_int_eq(record->signed_text.len > 0, mistakes[_i].text_known);
}
END_TEST

START_TEST(what_is_signed_rightly_leaves_no_hint)
{
    struct v3_answer answer;
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = CERTS }, &answer);
    ck_assert_int_eq(answer.status, 200);
    v3_answer_release(&answer);
    const struct exchange *record = last_exchange();
    ck_assert_ptr_null(record->hint_id);
    ck_assert_ptr_null(record->refusal);
    ck_assert_uint_eq(record->sign_text.len, 0);
    ck_assert_str_eq(record->api, "v3/certificates");
}
END_TEST

/* As an SDK in wide use sends it. */
START_TEST(a_serial_in_lower_case_is_let_in_and_remarked)
{
    struct v3_answer answer;
    v3_send(&door,
            &(struct v3_send){ .method = "GET",
                               .target = CERTS,
                               .serial = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d" },
            &answer);
    ck_assert_int_eq(answer.status, 200);
    v3_answer_release(&answer);
    ck_assert_uint_eq(last_exchange()->remark_count, 1);
    ck_assert_str_eq(last_exchange()->remark[0].id, "serial-case");
}
END_TEST

/* ---- bodies ------------------------------------------------------------------------------------- */

#define HEAD "{\"out_trade_no\":\"bad-0001\",\"mchid\":\"" DEFAULT_MCH_ID "\","

static const struct {
    const char *head, *repeated, *tail;
    size_t times;
    int status;
    const char *code;
} bodies[] = {
    { "{\"a\":\"", "x", "\"}", 65536 - 8, 400, "PARAM_ERROR" }, /* 64 KiB: read */
    { "{\"a\":\"", "x", "\"}", 65536 - 7, 413, "" },            /* and one byte more */
    { "", "[", "", 60000, 400, "PARAM_ERROR" },
    { "{\"a\":", "{\"a\":", "", 10000, 400, "PARAM_ERROR" },
    { "{\"a\":", "[", "1", 2000, 400, "PARAM_ERROR" },
    { HEAD "\"detail\":{\"goods_detail\":[{}", ",{}", "]}}", 15000, 400, "PARAM_ERROR" },
    { "{\"a\":1", ",\"a\":1", "}", 1, 400, "PARAM_ERROR" }, /* a member twice */
    { "{\"appid\":\"\\u0000\"", "", "}", 0, 400, "PARAM_ERROR" },
    { "{\"appid\":\"\xff\xfe\"", "", "}", 0, 400, "PARAM_ERROR" },
    { "{\"appid\":\"\\ud800\"", "", "}", 0, 400, "PARAM_ERROR" },
    { "\xef\xbb\xbf{}", "", "", 0, 400, "PARAM_ERROR" },
    { HEAD "\"amount\":{\"total\":1e400", "", "}}", 0, 400, "PARAM_ERROR" },
    { HEAD "\"amount\":{\"total\":99999999999999999999", "", "}}", 0, 400, "PARAM_ERROR" },
    { HEAD "\"amount\":{\"total\":9223372036854775808", "", "}}", 0, 400, "PARAM_ERROR" },
    { HEAD "\"amount\":null", "", "}", 0, 400, "PARAM_ERROR" },
    { "null", "", "", 0, 400, "PARAM_ERROR" },
    { "{} {}", "", "", 0, 400, "PARAM_ERROR" },
};

START_TEST(a_bad_body_is_refused)
{
    struct v3_answer answer;
    struct buf body = BUF_INIT(1 << 17);
    ck_assert_int_eq(buf_str(&body, bodies[_i].head), 0);
    for (size_t i = 0; i < bodies[_i].times; i++)
        ck_assert_int_eq(buf_str(&body, bodies[_i].repeated), 0);
    ck_assert_int_eq(buf_str(&body, bodies[_i].tail), 0);
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = NATIVE, .body = buf_cstr(&body) },
            &answer);
    ck_assert_int_eq(answer.status, bodies[_i].status);
    ck_assert_str_eq(v3_text(&answer, "code"), bodies[_i].code);
    ck_assert_int_eq(answer.signature[0] != '\0', answer.status == 400);
    if (answer.status == 413)
        ck_assert_uint_eq(answer.body.len, 0);
    else
        ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
    buf_release(&body);
}
END_TEST

/* The record of it is JSON all the same, also where a text was cut inside a character. */
START_TEST(an_undeclared_member_of_any_length_can_be_told)
{
    struct v3_answer answer;
    struct buf body = BUF_INIT(1 << 16), text = BUF_INIT(1 << 20);
    ck_assert_int_eq(switch_set(&door_account(&door)->switches, VIEW("reject_extra"),
                                _i ? VIEW("refused") : VIEW("ignored")),
                     0);
    ck_assert_int_eq(buf_fmt(&body, "%.*s,\"", (int)strlen(v3_order_body("extra-01", "")) - 1,
                             v3_order_body("extra-01", "")),
                     0);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(buf_str(&body, "字"), 0);
    ck_assert_int_eq(buf_str(&body, "\":1}"), 0);
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = NATIVE, .body = buf_cstr(&body) },
            &answer);
    ck_assert_int_eq(answer.status, _i ? 400 : 200);
    ck_assert_str_eq(v3_text(&answer, "message"), _i ? "参数中含有非法的额外参数" : "");
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
    ck_assert_int_eq(exchange_json(last_exchange(), &text), 0);
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_ptr_null(strstr(buf_cstr(&text), "\\ufffd")); /* nothing was cut in two */
    json_decref(json);
    buf_release(&text);
    buf_release(&body);
}
END_TEST

/* ---- heads, byte by byte ------------------------------------------------------------------------ */

#define XS_100                                                                                     \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxx"

static const struct {
    const char *target;
    int status; /* signed for what is sent: who gets in, meets the path's own rules */
} targets[] = {
    { ORDER "abcdef%00g?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "abcdef%zz?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "abcdef%7?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "abc%2Fdef?mchid=" DEFAULT_MCH_ID, 400 },
    { ORDER "abc%C0%AFdef?mchid=" DEFAULT_MCH_ID, 400 },
    { ORDER "%E6%B5%8B%E8%AF%95?mchid=" DEFAULT_MCH_ID, 400 },
    { ORDER XS_100 "?mchid=" DEFAULT_MCH_ID, 400 },
    { ORDER XS_100 XS_100 "?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "/?mchid=" DEFAULT_MCH_ID, 404 },
    { ORDER "../id/x?mchid=" DEFAULT_MCH_ID, 404 },
    { "//v3/certificates", 302 }, /* V2's way with unknown paths */
    { "/v3//certificates", 404 },
    { "/v3/certificates?", 200 },
    { "/v3/certificates?%00", 200 },
    { ORDER "abcdef?mchid=%00", 400 },
    { ORDER "abcdef?mchid=%zz", 400 },
    { ORDER "abcdef?mchid=" XS_100, 400 },
    { ORDER "abcdef?mchid=" DEFAULT_MCH_ID "&mchid=1", 404 },
    { ORDER "abcdef?MCHID=" DEFAULT_MCH_ID, 400 },
    { "/V3/certificates", 302 },
};

START_TEST(odd_targets)
{
    struct v3_answer answer;
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = targets[_i].target }, &answer);
    ck_assert_int_eq(answer.status, targets[_i].status);
    if (answer.signature[0])
        ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
}
END_TEST

static const struct {
    size_t pad;
    const char *before, *after; /* around the padding, as the value of Authorization */
    int status;
} headers[] = {
    { 10000, "WECHATPAY2-SHA256-RSA2048 mchid=\"", "\"", 401 },
    { 10000, "", "", 401 },
    { 3000, "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000109\",nonce_str=\"", "\",signature=\"x\"",
      401 },
    { 0, "WECHATPAY2-SHA256-RSA2048 ", "", 401 },
    { 0, "WECHATPAY2-SHA256-RSA2048", "", 401 },
    { 0,
      "WECHATPAY2-SHA256-RSA2048 "
      "mchid=\"\",nonce_str=\"\",signature=\"\",timestamp=\"\",serial_no=\"\"",
      "", 401 },
    { 0,
      "WECHATPAY2-SHA256-RSA2048 "
      "mchid=\"\xff\xfe\",nonce_str=\"a\",signature=\"a\",timestamp=\"1\",serial_no=\"a\"",
      "", 401 },
    { 0,
      "WECHATPAY2-SHA256-RSA2048 "
      "mchid=\"1900000109\",nonce_str=\"a\",signature=\"a\",timestamp=\"-1\",serial_no=\"a\"",
      "", 401 },
    { 0,
      "WECHATPAY2-SHA256-RSA2048 "
      "mchid=\"1900000109\",nonce_str=\"a\",signature=\"a\",timestamp=\"99999999999999999999\","
      "serial_no=\"a\"",
      "", 401 },
    { 60000, "WECHATPAY2-SHA256-RSA2048 mchid=\"", "\"", 431 },
};

START_TEST(odd_authorizations)
{
    struct v3_answer answer;
    struct buf value = BUF_INIT(1 << 17);
    ck_assert_int_eq(buf_str(&value, headers[_i].before), 0);
    for (size_t i = 0; i < headers[_i].pad; i++)
        ck_assert_int_eq(buf_str(&value, "x"), 0);
    ck_assert_int_eq(buf_str(&value, headers[_i].after), 0);
    v3_send(
        &door,
        &(struct v3_send){ .method = "GET", .target = CERTS, .authorization = buf_cstr(&value) },
        &answer);
    ck_assert_int_eq(answer.status, headers[_i].status);
    ck_assert_str_eq(answer.signature, "");
    v3_answer_release(&answer);
    buf_release(&value);
}
END_TEST

/* ---- without memory ----------------------------------------------------------------------------- */

static const struct {
    const char *method, *target, *body, *sign_body;
} hungry[] = {
    { "GET", CERTS, NULL, NULL },
    { "GET", ORDER "hungry-1?mchid=" DEFAULT_MCH_ID, NULL, NULL },
    { "POST", NATIVE, "order", NULL },
    { "POST", ORDER "hungry-1/close", "{\"mchid\":\"" DEFAULT_MCH_ID "\"}", NULL },
    { "POST", NATIVE, "{\"appid\":1}", NULL },
    { "POST", NATIVE, "{\"appid\": 1}", "{\"appid\":1}" },
};

static int dial(const char *bytes, size_t len)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(http_server_port(door.sandbox.api)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ck_assert_int_eq(send(fd, bytes, len, 0), (ssize_t)len);
    return fd;
}

static int hungry_call(int row)
{
    const char *body = hungry[row].body ? hungry[row].body : "";
    struct buf auth = BUF_INIT(1 << 16), request = BUF_INIT(1 << 16);
    if (strcmp(body, "order") == 0)
        body = v3_order_body("hungry-2", NULL);
    v3_authorization(&(struct v3_send){ .method = hungry[row].method,
                                        .target = hungry[row].target,
                                        .body = body,
                                        .sign_body = hungry[row].sign_body },
                     &auth);
    ck_assert_int_eq(buf_fmt(&request,
                             "%s %s HTTP/1.1\r\nHost: a\r\nUser-Agent: a\r\nAccept: */*\r\n"
                             "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                             "Authorization: %s\r\n\r\n%s",
                             hungry[row].method, hungry[row].target, strlen(body), buf_cstr(&auth),
                             body),
                     0);
    int fd = dial(request.ptr, request.len);
    buf_release(&auth);
    buf_release(&request);
    return fd;
}

/* An answer of some kind or a closed connection, and nothing is left over. */
START_TEST(a_refused_allocation_costs_one_answer_at_most)
{
    bool refused = true;
    char code_url[CODE_URL_MAX + 1], some[4096];
    v3_order(&door, "hungry-1", NULL, code_url);
    for (int n = 1; refused && n < 600; n++) {
        int fd = hungry_call(_i);
        ssize_t got = -1;
        mem_fail_at(n);
        uint64_t end = uv_hrtime() + 20'000'000'000;
        while (got < 0 && uv_hrtime() < end) {
            uv_run(&door.loop, UV_RUN_NOWAIT);
            got = recv(fd, some, sizeof(some), MSG_DONTWAIT);
        }
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_msg(got >= 0, "no answer without allocation %d", n);
        close(fd);
    }
    ck_assert(!refused);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 hard");
    TCase *tc = tcase_create("v3 hard");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, a_mistake_in_signing_is_named_in_the_record, 0, COUNT(mistakes));
    tcase_add_test(tc, what_is_signed_rightly_leaves_no_hint);
    tcase_add_test(tc, a_serial_in_lower_case_is_let_in_and_remarked);
    tcase_add_loop_test(tc, a_bad_body_is_refused, 0, COUNT(bodies));
    tcase_add_loop_test(tc, an_undeclared_member_of_any_length_can_be_told, 0, 2);
    tcase_add_loop_test(tc, odd_targets, 0, COUNT(targets));
    tcase_add_loop_test(tc, odd_authorizations, 0, COUNT(headers));
    tcase_add_loop_test(tc, a_refused_allocation_costs_one_answer_at_most, 0, COUNT(hungry));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
