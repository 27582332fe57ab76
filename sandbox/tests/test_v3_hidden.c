/* What is encrypted for the platform: the echo, refunds to a card — V3 3.2, 4.4, 4.14 */
#include "door_v3.h"

#include "base/err.h"
#include "engine/keys.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#define SECURITY_ECHO "/v3/security/echo"
#define REFUND        "/v3/refund/domestic/refunds"
#define TOLD          16

static struct door door;

static struct {
    struct http_server *server;
    struct v3_answer told[TOLD];
    int64_t at_ms[TOLD]; /* of the account */
    size_t count;
    int status;
    bool stopped;
} merchant;

static struct account *us(void)
{
    return door_account(&door);
}

static void on_notification(struct http_call *call, void *)
{
    const struct http_request *request = http_call_request(call);
    ck_assert_uint_lt(merchant.count, TOLD);
    merchant.at_ms[merchant.count] = account_now_ms(us());
    struct v3_answer *told = &merchant.told[merchant.count++];
    *told = (struct v3_answer){ .done = true, .body = BUF_INIT(1 << 20) };
    ck_assert_int_eq(buf_view_add(&told->body, request->body), 0);
    (void)view_copy(http_header_get(request->headers, "Wechatpay-Signature"), told->signature,
                    sizeof(told->signature));
    told->json = json_loadb(request->body.ptr, request->body.len, 0, NULL);
    ck_assert_ptr_nonnull(told->json);
    http_call_reply(call, merchant.status, NULL, 0, (struct view){});
}

static void setup(void)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, NULL);
    memset(&merchant, 0, sizeof(merchant));
    merchant.status = 204;
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    us()->origin_count = 1;
    snprintf(us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
    vclock_freeze(&us()->clock, account_now_ms(us()));
}

static void on_stopped(void *)
{
    merchant.stopped = true;
}

static void teardown(void)
{
    http_server_stop(merchant.server, on_stopped);
    door_until(&door, &merchant.stopped);
    for (size_t i = 0; i < merchant.count; i++)
        v3_answer_release(&merchant.told[i]);
    door_close(&door);
}

static void on_advanced(void *owner, size_t, size_t)
{
    *(bool *)owner = true;
}

/* Turns the clock, with all deliveries that are due on the way. */
static void advance(int64_t ms)
{
    bool done = false;
    ck_assert_int_eq(store_begin(door.sandbox.store), 0);
    ck_assert_int_eq(notify_advance(door.sandbox.notify, us(), account_now_ms(us()) + ms, 60000,
                                    on_advanced, &done),
                     0);
    notify_wake(door.sandbox.notify, us());
    door_until(&door, &done);
}

/* ---- the other side's cryptography, straight on OpenSSL ---- */

static EVP_PKEY *key_of(const char *name, bool private)
{
    char path[512];
    snprintf(path, sizeof(path), FIXTURES_DIR "/keys/%s", name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    EVP_PKEY *key = NULL;
    if (private) {
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    } else {
        X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
        key = X509_get_pubkey(certificate);
        X509_free(certificate);
    }
    fclose(file);
    ck_assert_ptr_nonnull(key);
    return key;
}

static EVP_PKEY_CTX *oaep(EVP_PKEY *key, bool decrypt, const EVP_MD *digest)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    ck_assert_int_eq(decrypt ? EVP_PKEY_decrypt_init(ctx) : EVP_PKEY_encrypt_init(ctx), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, digest), 1);
    return ctx;
}

static const char *hidden(const char *text, const EVP_MD *digest)
{
    static char out[400];
    unsigned char raw[256];
    size_t len = sizeof(raw);
    EVP_PKEY *key = key_of("platform_cert.pem", false);
    EVP_PKEY_CTX *ctx = oaep(key, false, digest);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, raw, &len, (const unsigned char *)text, strlen(text)),
                     1);
    EVP_EncodeBlock((unsigned char *)out, raw, (int)len);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return out;
}

static void expect_hidden(const char *base64, const char *want)
{
    unsigned char raw[300], text[300];
    size_t len = sizeof(text) - 1;
    ck_assert_uint_eq(strlen(base64), 344);
    ck_assert_int_eq(EVP_DecodeBlock(raw, (const unsigned char *)base64, 344), 258);
    EVP_PKEY *key = key_of("merchant_key.pem", true);
    EVP_PKEY_CTX *ctx = oaep(key, true, EVP_sha1());
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, text, &len, raw, 256), 1);
    text[len] = '\0';
    ck_assert_str_eq((const char *)text, want);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

static const char *platform_serial(void)
{
    int err;
    return account_keys(us(), &err)->platform[0].serial;
}

static void post(const char *target, const char *body, const char *serial, struct v3_answer *out)
{
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = target, .body = body, .asked_serial = serial },
            out);
}

static void expect(const char *target, const char *body, const char *serial, int status,
                   const char *code, const char *message)
{
    struct v3_answer answer;
    post(target, body, serial, &answer);
    ck_assert_msg(answer.status == status, "%d %s", answer.status, buf_cstr(&answer.body));
    ck_assert_str_eq(v3_text(&answer, "code"), code);
    ck_assert_msg(strstr(v3_text(&answer, "message"), message) != NULL, "%s",
                  v3_text(&answer, "message"));
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
}

/* ---- the echo ---- */

START_TEST(an_echo_says_what_was_said)
{
    struct v3_answer answer;
    char body[1024];
    post(SECURITY_ECHO, "{\"echo_message\":\"你好\"}", platform_serial(), &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(v3_answer_holds(&answer));
    ck_assert_str_eq(buf_cstr(&answer.body), "{\"echo_message\":\"你好\"}");
    v3_answer_release(&answer);
    snprintf(body, sizeof(body), "{\"echo_message\":\"a\",\"encrypted_echo_message\":\"%s\"}",
             hidden("张三", EVP_sha1()));
    post(SECURITY_ECHO, body, platform_serial(), &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(v3_text(&answer, "echo_message"), "a");
    expect_hidden(v3_text(&answer, "encrypted_echo_message"), "张三");
    v3_answer_release(&answer);
    advance(1000);
    ck_assert_uint_eq(merchant.count, 0); /* no address, no notification */
}
END_TEST

START_TEST(an_echo_wants_the_key_that_it_names)
{
    char body[1024], text[32];
    int err;
    const char *own = account_keys(us(), &err)->merchant.serial;
    expect(SECURITY_ECHO, "{\"echo_message\":\"a\"}", NULL, 400, "PARAM_ERROR",
           "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)");
    expect(SECURITY_ECHO, "{\"echo_message\":\"a\"}", own, 400, "PARAM_ERROR",
           "平台证书序列号Wechatpay-Serial错误");
    /* the public key is in force only once the account has switched to it */
    snprintf(text, sizeof(text), "%.31s", account_keys(us(), &err)->wechatpay.serial);
    expect(SECURITY_ECHO, "{\"echo_message\":\"a\"}", account_keys(us(), &err)->wechatpay.serial,
           400, "PARAM_ERROR", "Wechatpay-Serial错误");
    ck_assert_int_eq(strncmp(text, "PUB_KEY_ID_", 11), 0);
    expect(SECURITY_ECHO, "{}", platform_serial(), 400, "PARAM_ERROR", "必填性规则校验失败");
    expect(SECURITY_ECHO, "{\"echo_message\":\"a\",\"encrypted_echo_message\":\"%%%\"}",
           platform_serial(), 400, "PARAM_ERROR", "平台私钥解密失败");
    snprintf(body, sizeof(body), "{\"echo_message\":\"a\",\"encrypted_echo_message\":\"%s\"}",
             hidden("张三", EVP_sha256()));
    expect(SECURITY_ECHO, body, platform_serial(), 400, "PARAM_ERROR", "平台私钥解密失败");
}
END_TEST

/* V3 4.14: at once and after 15 s, 15 s, 30 s, 3 min, four half hours and an hour: ten in all. */
START_TEST(an_echo_is_told_ten_times)
{
    static const int64_t gap_s[] = { 15, 15, 30, 180, 1800, 1800, 1800, 1800, 3600 };
    struct v3_answer answer;
    char body[1024];
    merchant.status = 500;
    snprintf(body, sizeof(body),
             "{\"echo_message\":\"a\",\"encrypted_echo_message\":\"%s\","
             "\"notify_url\":\"https://merchant.example/echo\"}",
             hidden("b", EVP_sha1()));
    post(SECURITY_ECHO, body, platform_serial(), &answer);
    ck_assert_int_eq(answer.status, 200);
    v3_answer_release(&answer);
    advance(48 * 3'600'000LL);
    ck_assert_uint_eq(merchant.count, 10);
    for (size_t i = 0; i < COUNT(gap_s); i++)
        ck_assert_int_eq(merchant.at_ms[i + 1] - merchant.at_ms[i], gap_s[i] * 1000);
    const struct v3_answer *told = &merchant.told[0];
    ck_assert_str_eq(v3_text(told, "event_type"), "SECURITY_ECHO.SUCCESS");
    ck_assert_str_eq(v3_text(told, "summary"), "回调通知成功");
    ck_assert_str_eq(v3_text(told, "resource/original_type"), "security");
    json_t *plain = v3_open(json_object_get(told->json, "resource"));
    ck_assert_ptr_nonnull(plain);
    ck_assert_uint_eq(json_object_size(plain), 2);
    ck_assert_str_eq(json_string_value(json_object_get(plain, "echo_message")), "a");
    expect_hidden(json_string_value(json_object_get(plain, "encrypt_echo_message")), "b");
    json_decref(plain);
    ck_assert_str_eq(buf_cstr(&told->body), buf_cstr(&merchant.told[9].body));
}
END_TEST

/* ---- refunds that could not be paid ---- */

static void abnormal_refund(char refund_id[40])
{
    static const char body[] = "{\"out_trade_no\":\"mend-01\",\"out_refund_no\":\"M1\","
                               "\"notify_url\":\"https://merchant.example/refund\","
                               "\"amount\":{\"refund\":8,\"total\":88,\"currency\":\"CNY\"}}";
    struct v3_answer answer;
    struct pay_spec spec = { .outcome = PAY_PAID };
    char code_url[CODE_URL_MAX + 1];
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("refund_result"), VIEW("abnormal")), 0);
    v3_order(&door, "mend-01", NULL, code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    advance(1);
    ck_assert_uint_eq(merchant.count, 1); /* the payment */
    post(REFUND, body, NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    snprintf(refund_id, 40, "%s", v3_text(&answer, "refund_id"));
    v3_answer_release(&answer);
}

static const char *mend_body(const char *hidden_name)
{
    static char body[1400];
    char account[400];
    snprintf(account, sizeof(account), "%s", hidden("6222020200000000000", EVP_sha1()));
    snprintf(body, sizeof(body),
             "{\"out_refund_no\":\"M1\",\"type\":\"USER_BANK_CARD\",\"bank_type\":\"ICBC_DEBIT\","
             "\"bank_account\":\"%s\",\"real_name\":\"%s\"}",
             account, hidden_name);
    return body;
}

static void expect_told(size_t index, const char *event, const char *status)
{
    ck_assert_uint_eq(merchant.count, index + 1);
    const struct v3_answer *told = &merchant.told[index];
    ck_assert_str_eq(v3_text(told, "event_type"), event);
    json_t *plain = v3_open(json_object_get(told->json, "resource"));
    ck_assert_str_eq(json_string_value(json_object_get(plain, "refund_status")), status);
    json_decref(plain);
}

START_TEST(an_abnormal_refund_is_paid_to_a_card)
{
    struct v3_answer answer;
    char refund_id[40], target[160];
    abnormal_refund(refund_id);
    snprintf(target, sizeof(target), REFUND "/%s/apply-abnormal-refund", refund_id);
    expect(target, mend_body(hidden("张三", EVP_sha1())), platform_serial(), 400, "INVALID_REQUEST",
           "退款单状态不是退款异常"); /* it is under way */
    advance(2000);
    expect_told(1, "REFUND.ABNORMAL", "ABNORMAL");
    post(target, mend_body(hidden("张三", EVP_sha1())), platform_serial(), &answer);
    ck_assert_msg(answer.status == 200, "%s", buf_cstr(&answer.body));
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    ck_assert_str_eq(v3_text(&answer, "refund_id"), refund_id);
    v3_answer_release(&answer);
    advance(1999);
    ck_assert_uint_eq(merchant.count, 2);
    advance(1);
    expect_told(2, "REFUND.SUCCESS", "SUCCESS");
    expect(target, mend_body(hidden("张三", EVP_sha1())), platform_serial(), 400, "INVALID_REQUEST",
           "退款单状态不是退款异常");
}
END_TEST

START_TEST(what_a_card_needs)
{
    static const char to_shop[] = "{\"out_refund_no\":\"M1\",\"type\":\"MERCHANT_BANK_CARD\"}";
    struct v3_answer answer;
    char refund_id[40], target[160];
    abnormal_refund(refund_id);
    advance(2000);
    snprintf(target, sizeof(target), REFUND "/%s/apply-abnormal-refund", refund_id);
    expect(target, "{\"out_refund_no\":\"M1\",\"type\":\"CARD\"}", platform_serial(), 400,
           "PARAM_ERROR", "枚举值校验失败");
    expect(target, "{\"out_refund_no\":\"M1\",\"type\":\"USER_BANK_CARD\"}", platform_serial(), 400,
           "PARAM_ERROR", "收款银行卡号");
    expect(target, mend_body("AAAA"), platform_serial(), 400, "PARAM_ERROR", "平台私钥解密失败");
    expect(target, mend_body("AAAA"), NULL, 400, "PARAM_ERROR", "Wechatpay-Serial");
    expect(REFUND "/50000000002026112400000000000/apply-abnormal-refund", to_shop,
           platform_serial(), 404, "RESOURCE_NOT_EXISTS", "退款单不存在");
    post(target, to_shop, platform_serial(), &answer);
    ck_assert_int_eq(answer.status, 200);
    v3_answer_release(&answer);
}
END_TEST

/* ---- faults by what is told ---- */

START_TEST(a_fault_is_about_one_kind_of_notification) /* looped: whose */
{
    static const char *const of[] = { "payment", "refund", "echo" };
    struct fault_error error;
    struct v3_answer answer;
    char refund_id[40], spec[160];
    int64_t id;
    snprintf(spec, sizeof(spec),
             "{\"door\":\"notification\",\"kind\":\"probe\",\"of\":\"%s\",\"count\":1}", of[_i]);
    ck_assert_int_eq(store_begin(door.sandbox.store), 0);
    ck_assert_int_eq(faults_add(door.sandbox.accounts, us(), view_str(spec), &id, &error), 0);
    abnormal_refund(refund_id);
    advance(2000);
    post(SECURITY_ECHO, "{\"echo_message\":\"a\",\"notify_url\":\"https://merchant.example/echo\"}",
         platform_serial(), &answer);
    v3_answer_release(&answer);
    advance(1);
    ck_assert_uint_eq(merchant.count, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(strncmp(merchant.told[i].signature, "WECHATPAY/SIGNTEST/", 19) == 0,
                         i == _i);
    ck_assert_uint_eq(faults_count(us()), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 hidden");
    TCase *tc = tcase_create("v3 hidden");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, an_echo_says_what_was_said);
    tcase_add_test(tc, an_echo_wants_the_key_that_it_names);
    tcase_add_test(tc, an_echo_is_told_ten_times);
    tcase_add_test(tc, an_abnormal_refund_is_paid_to_a_card);
    tcase_add_test(tc, what_a_card_needs);
    tcase_add_loop_test(tc, a_fault_is_about_one_kind_of_notification, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
