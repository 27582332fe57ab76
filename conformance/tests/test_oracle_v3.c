/* Known answers are those of spec V3 2.7 and 3.3, checked with the openssl command (fixtures/vectors/v3). */
#include "base/err.h"
#include "base/mem.h"
#include "oracle_v3.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define APIV3_KEY "0123456789abcdefFEDCBA9876543210"

static struct buf file_bytes(const char *folder, const char *name)
{
    char path[512], chunk[4096];
    struct buf bytes = BUF_INIT(1 << 20);
    size_t len;

    snprintf(path, sizeof(path), "%s/%s/%s", FIXTURES_DIR, folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        ck_assert_int_eq(buf_add(&bytes, chunk, len), 0);
    fclose(file);
    return bytes;
}

static struct oracle3_key *key_of(const char *name)
{
    struct oracle3_key *key = NULL;
    struct buf pem = file_bytes("keys", name);
    ck_assert_int_eq(oracle3_key_read(&key, buf_view(&pem)), 0);
    buf_release(&pem);
    return key;
}

static const struct {
    const char *name, *private, *public;
} signatures[] = {
    { "S1", "merchant_key.pem", "merchant_cert.pem" },
    { "S2", "merchant_key.pem", "merchant_cert.pem" },
    { "S3", "platform_key.pem", "platform_cert.pem" },
    { "S4", "platform_key.pem", "platform_cert.pem" },
    { "S5", "platform_key.pem", "platform_cert.pem" },
    { "S6", "merchant_key.pem", "merchant_key.pem" },
    { "S7", "merchant_key.pem", "merchant_key.pem" },
};

START_TEST(a_vector_is_signed_to_its_bytes_and_verified) /* looped over the table */
{
    char file[16];
    struct buf mine = BUF_INIT((size_t)1024);
    struct oracle3_key *private = key_of(signatures[_i].private);
    struct oracle3_key *public = key_of(signatures[_i].public);

    snprintf(file, sizeof(file), "%s.txt", signatures[_i].name);
    struct buf text = file_bytes("vectors/v3", file);
    snprintf(file, sizeof(file), "%s.sig", signatures[_i].name);
    struct buf sig = file_bytes("vectors/v3", file);
    ck_assert_int_eq(oracle3_sign(private, buf_view(&text), &mine), 0);
    ck_assert_str_eq(buf_cstr(&mine), buf_cstr(&sig));
    ck_assert(oracle3_verify(public, buf_view(&text), buf_view(&sig)));
    sig.ptr[100] = sig.ptr[100] == 'A' ? 'B' : 'A';
    ck_assert(!oracle3_verify(public, buf_view(&text), buf_view(&sig)));
    text.ptr[text.len - 2] ^= 1;
    ck_assert(!oracle3_verify(public, buf_view(&text), buf_view(&mine)));
    oracle3_key_free(private);
    oracle3_key_free(public);
    buf_release(&mine);
    buf_release(&text);
    buf_release(&sig);
}
END_TEST

START_TEST(the_lines_are_those_of_the_spec)
{
    struct buf text = file_bytes("vectors/v3", "S2.txt"), mine = BUF_INIT((size_t)1024);
    const struct oracle3_request request = {
        VIEW("GET"), VIEW("/v3/pay/transactions/out-trade-no/T20260921000001?mchid=1900000001"),
        VIEW("1790000000"), VIEW("593BEC0C930BF1AFEB40B4A08C8FB242"), VIEW("")
    };

    ck_assert_int_eq(oracle3_request_text(&request, &mine), 0);
    ck_assert_str_eq(buf_cstr(&mine), buf_cstr(&text));
    buf_release(&text);
    buf_clear(&mine);
    text = file_bytes("vectors/v3", "S4.txt");
    ck_assert_int_eq(oracle3_answer_text(VIEW("1790000000"),
                                         VIEW("d824f2e086d3c1df967785d13fcd22ef"), VIEW(""), &mine),
                     0);
    ck_assert_str_eq(buf_cstr(&mine), buf_cstr(&text));
    buf_release(&text);
    buf_release(&mine);
}
END_TEST

START_TEST(sealed_text_is_opened_and_a_wrong_tag_refused)
{
    static const struct {
        const char *plain, *cipher, *nonce, *aad;
    } rows[] = { { "A1.plain", "A1.cipher", "61f9c719728a", "transaction" },
                 { "A2.plain", "A2.cipher", "fdasflkja484", "" } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf plain = file_bytes("vectors/v3", rows[i].plain);
        struct buf cipher = file_bytes("vectors/v3", rows[i].cipher);
        struct buf mine = BUF_INIT((size_t)4096), opened = BUF_INIT((size_t)4096);
        struct oracle3_seal seal = { APIV3_KEY, view_str(rows[i].nonce), view_str(rows[i].aad) };
        ck_assert_int_eq(oracle3_seal(&seal, buf_view(&plain), &mine), 0);
        ck_assert_str_eq(buf_cstr(&mine), buf_cstr(&cipher));
        ck_assert_int_eq(oracle3_open(&seal, buf_view(&cipher), &opened), 0);
        ck_assert_str_eq(buf_cstr(&opened), buf_cstr(&plain));
        seal.aad = VIEW("certificate");
        ck_assert_int_eq(oracle3_open(&seal, buf_view(&cipher), &opened), ERR_CRYPTO);
        seal.aad = view_str(rows[i].aad);
        cipher.ptr[3] = cipher.ptr[3] == 'A' ? 'B' : 'A';
        ck_assert_int_eq(oracle3_open(&seal, buf_view(&cipher), &opened), ERR_CRYPTO);
        buf_release(&plain);
        buf_release(&cipher);
        buf_release(&mine);
        buf_release(&opened);
    }
}
END_TEST

START_TEST(oaep_is_sha1_only)
{
    struct oracle3_key *key = key_of("platform_key.pem");
    struct buf cipher = file_bytes("vectors/v3", "O1.cipher"), out = BUF_INIT((size_t)1024);
    struct buf other = file_bytes("vectors/v3", "O1-sha256.cipher");

    ck_assert_int_eq(oracle3_oaep_open(key, buf_view(&cipher), &out), 0);
    ck_assert_str_eq(buf_cstr(&out), "张三");
    ck_assert_int_eq(oracle3_oaep_open(key, buf_view(&other), &out), ERR_CRYPTO);
    oracle3_key_free(key);
    buf_release(&cipher);
    buf_release(&other);
    buf_release(&out);
}
END_TEST

START_TEST(a_certificate_tells_its_serial)
{
    char serial[65];
    struct buf pem = file_bytes("keys", "platform_cert.pem");

    oracle3_serial(buf_view(&pem), serial);
    ck_assert_str_eq(serial, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E");
    oracle3_serial(VIEW("no certificate"), serial);
    ck_assert_str_eq(serial, "");
    buf_release(&pem);
}
END_TEST

/* ---- Authorization -------------------------------------------------------------------------- */

#define S    "WECHATPAY2-SHA256-RSA2048 "
#define REST "nonce_str=\"n\",signature=\"s+/=\",timestamp=\"1\",serial_no=\"A\""

static const struct {
    const char *value;
    bool fine, spaced;
} headers[] = {
    { S "mchid=\"1900000001\"," REST, true, false },
    { S REST ",mchid=\"1900000001\"", true, false },
    { S "mchid=\"1900000001\", " REST, true, true },
    { S "mchid = \"1900000001\"," REST, true, true },
    { NULL, false, false },
    { "Bearer x", false, false },
    { "WECHATPAY2-SHA256-RSA2048", false, false },
    { "wechatpay2-sha256-rsa2048 mchid=\"1900000001\"," REST, false, false },
    { S REST, false, false },                               /* one missing */
    { S "mchid=1900000001," REST, false, false },           /* unquoted */
    { S "mchid=\"1900000001," REST, false, false },         /* unclosed */
    { S "mchid=\"1900000001\";" REST, false, false },       /* semicolon */
    { S "mchid=\"1\",mchid=\"1\"," REST, false, false },    /* twice */
    { S "mchid=\"1\",brand_id=\"1\"," REST, false, false }, /* unknown */
    { S "mchid=\"1\"," REST ",", false, false },            /* comma at the end */
};

START_TEST(authorization_is_read_strictly) /* looped over the table */
{
    struct oracle3_auth auth;

    oracle3_authorization(headers[_i].value, &auth);
    ck_assert_msg((auth.odd == NULL) == headers[_i].fine, "row %d: %s", _i, auth.odd);
    if (headers[_i].fine) {
        ck_assert_int_eq(auth.spaced, headers[_i].spaced);
        ck_assert_str_eq(auth.mchid, "1900000001");
        ck_assert_str_eq(auth.signature, "s+/=");
        ck_assert_str_eq(auth.serial, "A");
    }
}
END_TEST

/* ---- causes --------------------------------------------------------------------------------- */

#define TARGET "/v3/pay/transactions/out-trade-no/A%7C1?mchid=1"
#define BODY   "{\"b\":\"x/y\",\"a\":1}"

static const struct {
    const char *signed_text; /* NULL: the right one */
    enum oracle3_blame blame;
    const char *cause;
} mistakes[] = {
    { "POST\n" TARGET "\n17\nN\n" BODY "\n", ORACLE3_RIGHT, NULL },
    { "POST\n" TARGET "\n17\nN\n" BODY, ORACLE3_TEXT, "last line feed" },
    { "POST\n/v3/pay/transactions/out-trade-no/A%7C1\n17\nN\n" BODY "\n", ORACLE3_QUERY, "query" },
    { "POST\n/v3/pay/transactions/out-trade-no/A|1?mchid=1\n17\nN\n" BODY "\n", ORACLE3_QUERY,
      "decoded" },
    { "POST\nhttp://host:1" TARGET "\n17\nN\n" BODY "\n", ORACLE3_TEXT, "host" },
    { "POST\n" TARGET "\n17000\nN\n" BODY "\n", ORACLE3_TEXT, "milliseconds" },
    { "post\n" TARGET "\n17\nN\n" BODY "\n", ORACLE3_TEXT, "lower case" },
    { "POST\n" TARGET "\nN\n17\n" BODY "\n", ORACLE3_TEXT, "turned" },
    { "POST\n" TARGET "\n17\nN\n\n", ORACLE3_BODY, "not signed" },
    { "POST\n" TARGET "\n17\nN\n{\"b\": \"x/y\", \"a\": 1}\n", ORACLE3_BODY, "blanks" },
    { "POST\n" TARGET "\n17\nN\n{\"a\":1,\"b\":\"x/y\"}\n", ORACLE3_BODY, "sorted" },
    { "POST\n" TARGET "\n17\nN\n{\"b\":\"x\\/y\",\"a\":1}\n", ORACLE3_BODY, "slashes" },
    { "POST\r\n" TARGET "\r\n17\r\nN\r\n" BODY "\r\n", ORACLE3_TEXT, "CR LF" },
    { "something else", ORACLE3_TEXT, "no usual mistake" },
};

START_TEST(a_usual_mistake_is_named) /* looped over the table */
{
    struct oracle3_key *key = key_of("merchant_key.pem"), *other = key_of("platform_key.pem");
    struct buf sig = BUF_INIT((size_t)1024);
    const struct oracle3_request request = { VIEW("POST"), VIEW(TARGET), VIEW("17"), VIEW("N"),
                                             VIEW(BODY) };
    struct oracle3_verdict verdict;

    ck_assert_int_eq(oracle3_sign(key, view_str(mistakes[_i].signed_text), &sig), 0);
    oracle3_hunt(&request, key, VIEW("host:1"), buf_view(&sig), &verdict);
    ck_assert_msg(verdict.blame == mistakes[_i].blame, "row %d: %s", _i, verdict.cause);
    ck_assert_msg(!mistakes[_i].cause || strstr(verdict.cause, mistakes[_i].cause), "row %d: %s",
                  _i, verdict.cause);
    oracle3_hunt(&request, other, VIEW("host:1"), buf_view(&sig), &verdict);
    ck_assert_int_eq(verdict.blame, ORACLE3_KEY);
    oracle3_key_free(key);
    oracle3_key_free(other);
    buf_release(&sig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_v3");
    TCase *all = tcase_create("all");

    tcase_add_loop_test(all, a_vector_is_signed_to_its_bytes_and_verified, 0,
                        (int)COUNT(signatures));
    tcase_add_test(all, the_lines_are_those_of_the_spec);
    tcase_add_test(all, sealed_text_is_opened_and_a_wrong_tag_refused);
    tcase_add_test(all, oaep_is_sha1_only);
    tcase_add_test(all, a_certificate_tells_its_serial);
    tcase_add_loop_test(all, authorization_is_read_strictly, 0, (int)COUNT(headers));
    tcase_add_loop_test(all, a_usual_mistake_is_named, 0, (int)COUNT(mistakes));
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
