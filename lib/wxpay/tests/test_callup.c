/*
 * A call-up's parameters: read in every usual spelling, checked against the published vectors, and
 * each usual mistake planted by OpenSSL and named.
 */
#include "base/err.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/callup.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define A  "wxd678efh567hg6787"
#define S  "1790000000"
#define N  "dbGYJhLuVWHUoLWA0XcPaSDbvJk5dGWe"
#define ID "wx26112221580621e9b071c00d9e093b0000"
#define W  "prepay_id=" ID

/* ---- reading --------------------------------------------------------------------------------- */

static int read_text(const char *text, struct callup *out, json_t **json, char why[128])
{
    *json = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(*json);
    return callup_read(*json, out, why);
}

#define JSAPI(a, s, n, p, t, v)                                                                    \
    "{\"" a "\":\"" A "\",\"" s "\":\"" S "\",\"" n "\":\"" N "\",\"" p "\":\"" W "\",\"" t        \
    "\":\"RSA\",\"" v "\":\"c2ln\"}"
#define APP(a, r, i, p, n, s)                                                                      \
    "{\"" a "\":\"" A "\",\"" r "\":\"1900000001\",\"" i "\":\"" ID "\",\"" p                      \
    "\":\"Sign=WXPay\",\"" n "\":\"" N "\",\"" s "\":\"" S "\",\"sign\":\"c2ln\"}"

static const struct {
    const char *json;
    enum callup_kind kind;
} spellings[] = {
    { JSAPI("appId", "timeStamp", "nonceStr", "package", "signType", "paySign"), CALLUP_JSAPI },
    { JSAPI("appid", "timestamp", "nonceStr", "package", "signType", "paySign"), CALLUP_JSAPI },
    { JSAPI("app_id", "time_stamp", "nonce_str", "package", "sign_type", "pay_sign"),
      CALLUP_JSAPI },
    { JSAPI("AppID", "TimeStamp", "NonceStr", "Package", "SignType", "PaySign"), CALLUP_JSAPI },
    { APP("appid", "partnerid", "prepayid", "package", "noncestr", "timestamp"), CALLUP_APP },
    { APP("appId", "partnerId", "prepayId", "packageValue", "nonceStr", "timeStamp"), CALLUP_APP },
    { APP("app_id", "partner_id", "prepay_id", "package_value", "nonce_str", "time_stamp"),
      CALLUP_APP },
};

START_TEST(every_spelling_is_read)
{
    struct callup callup;
    char why[128];
    json_t *json;
    ck_assert_int_eq(read_text(spellings[_i].json, &callup, &json, why), 0);
    ck_assert_int_eq(callup.kind, spellings[_i].kind);
    ck_assert(view_is(callup.appid, A));
    ck_assert(view_is(callup.timestamp, S));
    ck_assert(view_is(callup.nonce, N));
    ck_assert(view_is(callup.prepay_id, ID));
    ck_assert(view_is(callup.sign, "c2ln"));
    ck_assert(view_is(callup.package, callup.kind == CALLUP_APP ? "Sign=WXPay" : W));
    json_decref(json);
}
END_TEST

static const struct {
    const char *json, *why;
} broken[] = {
    { "[]", "must be an object" },
    { "{}", "appid is missing" },
    { "{\"paySign\":\"x\"}", "timeStamp is missing" },
    { "{\"package\":\"" W "\",\"timeStamp\":\"1\",\"nonceStr\":\"n\"}", "paySign is missing" },
    { "{\"package\":\"prepay_id=\",\"timeStamp\":\"1\",\"nonceStr\":\"n\",\"paySign\":\"x\"}",
      "prepay_id in package is missing" },
    { "{\"package\":\"" ID "\",\"timeStamp\":\"1\",\"nonceStr\":\"n\",\"paySign\":\"x\"}",
      "prepay_id in package is missing" },
    { "{\"timeStamp\":\"1\",\"timestamp\":\"1\"}", "timestamp is there twice" },
    { "{\"appId\":7}", "appId must be a text" },
    { "{\"timeStamp\":1.5}", "timeStamp must be a text" },
    { "{\"appid\":\"a\",\"partnerid\":\"b\",\"prepayid\":\"c\",\"package\":\"Sign=WXPay\","
      "\"noncestr\":\"d\",\"timestamp\":1}",
      "sign is missing" },
};

START_TEST(what_is_missing_is_named)
{
    struct callup callup;
    char why[128];
    json_t *json;
    ck_assert_int_eq(read_text(broken[_i].json, &callup, &json, why), ERR_SYNTAX);
    ck_assert_msg(strstr(why, broken[_i].why) != NULL, "%s", why);
    json_decref(json);
}
END_TEST

START_TEST(a_number_and_a_long_text)
{
    struct callup callup;
    char why[128];
    json_t *json, *text = json_object();
    ck_assert_int_eq(read_text("{\"timeStamp\":1790000000,\"nonceStr\":\"n\",\"package\":\"" W
                               "\",\"paySign\":\"x\",\"extra\":[],\"appId\":null}",
                               &callup, &json, why),
                     0);
    ck_assert(callup.number_stamp && view_is(callup.timestamp, S) && !callup.appid.len);
    json_decref(json);
    char *far = mem_zalloc(CALLUP_TEXT_MAX + 2, 1);
    memset(far, 'x', CALLUP_TEXT_MAX + 1);
    json_object_set_new(text, "nonceStr", json_string(far));
    ck_assert_int_eq(callup_read(text, &callup, why), ERR_SYNTAX);
    ck_assert_ptr_nonnull(strstr(why, "too long"));
    mem_free(far);
    json_decref(text);
}
END_TEST

/* ---- the published vectors ------------------------------------------------------------------- */

static struct v3_public *public_of(const char *name)
{
    struct v3_private *key;
    struct v3_public *public;
    struct buf pem = read_fixture(name);
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    ck_assert_int_eq(v3_public_of(&public, key), 0);
    v3_private_free(key);
    buf_release(&pem);
    return public;
}

START_TEST(the_known_answers_hold) /* V3 2.7: S6, S7 */
{
    static const char *const texts[] = { "vectors/v3/S6.txt", "vectors/v3/S7.txt" };
    static const char *const signatures[] = { "vectors/v3/S6.sig", "vectors/v3/S7.sig" };
    struct v3_public *key = public_of("keys/merchant_key.pem");
    struct buf want = read_fixture(texts[_i]), signature = read_fixture(signatures[_i]);
    struct buf text = BUF_INIT(4096);
    struct callup callup = { .kind = _i ? CALLUP_APP : CALLUP_JSAPI,
                             .timestamp = VIEW(S),
                             .nonce = VIEW(N),
                             .package = _i ? VIEW("Sign=WXPay") : VIEW(W),
                             .prepay_id = VIEW(ID),
                             .sign = view_trim(buf_view(&signature)) };
    /* a mini program's call has no appid: the order's stands for it */
    ck_assert_int_eq(v3_callup_verify(&callup, VIEW(A), key, &text), 0);
    ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
    buf_clear(&text);
    callup.appid = VIEW(A);
    ck_assert_int_eq(v3_callup_verify(&callup, VIEW("wx1"), key, &text), 0);
    callup.kind = _i ? CALLUP_JSAPI : CALLUP_APP; /* one's fourth line is not the other's */
    ck_assert_int_eq(v3_callup_verify(&callup, VIEW(A), key, &text), ERR_SIGNATURE);
    buf_release(&text);
    buf_release(&signature);
    buf_release(&want);
    v3_public_free(key);
}
END_TEST

/* ---- plants ---------------------------------------------------------------------------------- */

enum how { RS256, RS1, PSS };

static void sign(const char *file, enum how how, const char *text, char out[400])
{
    struct buf pem = read_fixture(file);
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_PKEY_CTX *options;
    EVP_MD_CTX *pen = EVP_MD_CTX_new();
    unsigned char raw[256];
    size_t len = sizeof(raw);
    ck_assert_int_eq(
        EVP_DigestSignInit_ex(pen, &options, how == RS1 ? "SHA1" : "SHA256", NULL, NULL, key, NULL),
        1);
    if (how == PSS)
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
    ck_assert_int_eq(EVP_DigestSign(pen, raw, &len, (const unsigned char *)text, strlen(text)), 1);
    EVP_EncodeBlock((unsigned char *)out, raw, 256);
    EVP_MD_CTX_free(pen);
    EVP_PKEY_free(key);
    BIO_free(bio);
    buf_release(&pem);
}

#define T(a, s, n, w) a "\n" s "\n" n "\n" w "\n"
#define JSAPI_TEXT    T(A, S, N, W)
#define APP_TEXT      T(A, S, N, ID)
#define MERCHANT      "keys/merchant_key.pem"
#define OTHER_APPID   "wx7777777777777777"
#define V2_JSAPI      "appId=" A "&nonceStr=" N "&package=" W "&signType=RSA&timeStamp=" S
#define V2_APP                                                                                     \
    "appid=" A "&noncestr=" N "&package=Sign=WXPay&partnerid=1900000001&prepayid=" ID              \
    "&timestamp=" S

static const struct plant {
    enum callup_kind kind;
    const char *cause, *text, *detail;
    const char *key; /* NULL: the merchant's */
    enum how how;
    const char *sign; /* NULL: made of text */
} plants[] = {
    { .kind = CALLUP_JSAPI, "prepay-prefix-missing", APP_TEXT, "" },
    { .kind = CALLUP_APP, "prepay-prefix-signed", JSAPI_TEXT, "" },
    { .kind = CALLUP_APP, "package-signed", T(A, S, N, "Sign=WXPay"), "" },
    { .kind = CALLUP_JSAPI, "package-signed", T(A, S, N, "prepay_id=undefined"), "undefined" },
    { .kind = CALLUP_JSAPI, "appid-differs", T(OTHER_APPID, S, N, W), "one of the account" },
    { .kind = CALLUP_APP, "appid-differs", T("1900000001", S, N, ID), "the mchid" },
    { .kind = CALLUP_JSAPI, "appid-case", T("WXD678EFH567HG6787", S, N, W), "upper case" },
    { .kind = CALLUP_JSAPI,
      "timestamp-milliseconds",
      T(A, S "123", N, W),
      "milliseconds were signed" },
    { .kind = CALLUP_JSAPI, "timestamp-milliseconds", T(A, S "000", N, W), "" },
    { .kind = CALLUP_APP, "timestamp-differs", T(A, "1789999998", N, ID), "" },
    { .kind = CALLUP_JSAPI, "timestamp-differs", T(A, "1790000030", N, W), "" },
    { .kind = CALLUP_JSAPI,
      "nonce-case",
      T(A, S, "DBGYJHLUVWHUOLWA0XCPASDBVJK5DGWE", W),
      "upper case" },
    { .kind = CALLUP_JSAPI, "nonce-differs", T(A, S, "undefined", W), "undefined" },
    { .kind = CALLUP_JSAPI, "sign-type-signed", JSAPI_TEXT "RSA\n", "behind" },
    { .kind = CALLUP_APP, "all-parameters-signed", T(A, S, N, ID) "1900000001\n", "partnerid" },
    { .kind = CALLUP_JSAPI, "last-line-feed-missing", A "\n" S "\n" N "\n" W, "" },
    { .kind = CALLUP_APP, "line-feed-too-many", APP_TEXT "\n", "" },
    { .kind = CALLUP_JSAPI, "lines-end-in-crlf", A "\r\n" S "\r\n" N "\r\n" W "\r\n", "CR LF" },
    { .kind = CALLUP_JSAPI, "backslash-n", A "\\n" S "\\n" N "\\n" W "\\n", "" },
    { .kind = CALLUP_JSAPI, "not-lines", A "&" S "&" N "&" W, "& between" },
    { .kind = CALLUP_JSAPI, "lines-in-other-order", T(A, N, S, W), "" },
    { .kind = CALLUP_APP, "lines-in-other-order", ID "\n" N "\n" S "\n" A, "" },
    { .kind = CALLUP_JSAPI, "line-left-out", S "\n" N "\n" W "\n", "appid" },
    { .kind = CALLUP_JSAPI, "v2-text", V2_JSAPI, "" },
    { .kind = CALLUP_APP, "v2-text", V2_APP, "" },
    { .kind = CALLUP_JSAPI,
      "v2-text",
      V2_JSAPI "&key=0123456789abcdefFEDCBA9876543210",
      "key behind" },
    { .kind = CALLUP_JSAPI, "right-key-other-text", "hello", "SHA-256 of the signed text" },
    /* two mistakes */
    { .kind = CALLUP_JSAPI,
      "prepay-prefix-missing",
      A "\n" S "\n" N "\n" ID,
      "line feed behind the last" },
    { .kind = CALLUP_JSAPI, "appid-differs", T(OTHER_APPID, S, N, ID), "without prepay_id=" },
    /* who signed, and how */
    { .kind = CALLUP_JSAPI, "platform-key", JSAPI_TEXT, "", "keys/platform_key.pem" },
    { .kind = CALLUP_JSAPI,
      "other-account-key",
      JSAPI_TEXT,
      "1999000077",
      "keys/wechatpay_key.pem" },
    { .kind = CALLUP_JSAPI, "wrong-key", JSAPI_TEXT, "", "keys/authority_key.pem" },
    { .kind = CALLUP_JSAPI,
      "other-account-key",
      APP_TEXT,
      "without prepay_id=",
      "keys/wechatpay_key.pem" },
    { .kind = CALLUP_JSAPI, "pss", JSAPI_TEXT, "", NULL, PSS },
    { .kind = CALLUP_APP, "sha1", APP_TEXT, "", NULL, RS1 },
    { .kind = CALLUP_JSAPI, "v2-sign", NULL, "", NULL, RS256, "5F4DCC3B5AA765D61D8327DEB882CF99" },
    { .kind = CALLUP_JSAPI,
      "v2-sign",
      NULL,
      "",
      NULL,
      RS256,
      "6FC5D0C2B9A2F7B5A0B2C9D1E4F8A3B7C6D5E4F3A2B1C0D9E8F7A6B5C4D3E2F1" },
    { .kind = CALLUP_JSAPI, "signature-absent", NULL, "", NULL, RS256, " " },
};

static struct v3_public *other;

static const struct v3_public *other_key(void *, size_t index, struct v3_hint_key *whose)
{
    *whose = (struct v3_hint_key){ VIEW("1999000077"), VIEW("AB12"), false };
    return index ? NULL : other;
}

START_TEST(each_usual_mistake_is_named)
{
    const struct plant *plant = &plants[_i];
    static const struct view appids[] = { VIEW(A), VIEW(OTHER_APPID) };
    char signature[400];
    bool app = plant->kind == CALLUP_APP;
    struct v3_public *key = public_of(MERCHANT), *platform = public_of("keys/platform_key.pem");
    struct buf text = BUF_INIT(4096), detail = BUF_INIT(4096), shown = BUF_INIT(4096);
    other = public_of("keys/wechatpay_key.pem");
    if (plant->text)
        sign(plant->key ? plant->key : MERCHANT, plant->how, plant->text, signature);
    struct callup callup = { .kind = plant->kind,
                             .appid = VIEW(A),
                             .timestamp = VIEW(S),
                             .nonce = VIEW(N),
                             .package = app ? VIEW("Sign=WXPay") : VIEW(W),
                             .prepay_id = VIEW(ID),
                             .partner_id = app ? VIEW("1900000001") : (struct view){},
                             .sign = view_str(plant->sign ? plant->sign : signature) };
    struct v3_callup_hint hint = { &callup, VIEW(A), appids, COUNT(appids), VIEW("1900000001") };
    struct v3_hint_input in = { .key = key,
                                .platform_key = platform,
                                .other_key = other_key,
                                .apiv3_key = VIEW("0123456789abcdefFEDCBA9876543210"),
                                .signed_text = &shown };
    const struct v3_cause *cause = v3_callup_hint_find(&hint, &in, &text, &detail);
    ck_assert_ptr_nonnull(cause);
    ck_assert_msg(strcmp(cause->id, plant->cause) == 0, "%s, not %s: %s", cause->id, plant->cause,
                  buf_cstr(&detail));
    ck_assert_msg(strstr(buf_cstr(&detail), plant->detail) != NULL, "%s", buf_cstr(&detail));
    ck_assert_str_eq(buf_cstr(&text), app ? APP_TEXT : JSAPI_TEXT);
    ck_assert_ptr_null(strstr(buf_cstr(&shown), "0123456789abcdef")); /* no key is shown */
    if (plant->text && strcmp(plant->cause, "wrong-key") != 0 && !strstr(plant->text, "&key=") &&
        strcmp(plant->cause, "right-key-other-text") != 0)
        ck_assert_str_eq(buf_cstr(&shown), plant->text);
    buf_release(&text);
    buf_release(&detail);
    buf_release(&shown);
    v3_public_free(key);
    v3_public_free(platform);
    v3_public_free(other);
}
END_TEST

START_TEST(every_cause_is_planted)
{
    size_t count, seen = 0;
    const struct v3_cause *causes = v3_callup_causes(&count);
    for (size_t i = 0; i < COUNT(plants); i++)
        seen += strcmp(plants[i].cause, causes[_i].id) == 0;
    ck_assert_msg(seen > 0, "%s", causes[_i].id);
}
END_TEST

int main(void)
{
    size_t causes;
    v3_callup_causes(&causes);
    Suite *suite = suite_create("callup");
    TCase *tc = tcase_create("callup");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_spelling_is_read, 0, COUNT(spellings));
    tcase_add_loop_test(tc, what_is_missing_is_named, 0, COUNT(broken));
    tcase_add_test(tc, a_number_and_a_long_text);
    tcase_add_loop_test(tc, the_known_answers_hold, 0, 2);
    tcase_add_loop_test(tc, each_usual_mistake_is_named, 0, COUNT(plants));
    tcase_add_loop_test(tc, every_cause_is_planted, 0, (int)causes);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
