/* Keys, certificates and signatures against the known answers of V3 2.7, which scripts/vectors
 * checks with the openssl command. */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/v3_key.h"

#include <stdlib.h>

static struct v3_private *private_key(const char *path)
{
    struct buf pem = read_fixture(path);
    struct v3_private *key;
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    buf_release(&pem);
    return key;
}

static struct v3_public *public_key(const char *path)
{
    struct buf pem = read_fixture(path);
    struct v3_public *key;
    ck_assert_int_eq(v3_public_read(&key, buf_view(&pem)), 0);
    buf_release(&pem);
    return key;
}

static const struct {
    const char *name;
    bool platform;
} vectors[] = { { "S1", false }, { "S2", false }, { "S3", true }, { "S4", true },
                { "S5", true },  { "S6", false }, { "S7", false } };

START_TEST(every_vector_is_signed_and_verified)
{
    char path[64], got[V3_SIGNATURE_LEN + 1];
    bool platform = vectors[_i].platform;
    snprintf(path, sizeof(path), "vectors/v3/%s.txt", vectors[_i].name);
    struct buf text = read_fixture(path);
    snprintf(path, sizeof(path), "vectors/v3/%s.sig", vectors[_i].name);
    struct buf want = read_fixture(path);
    struct v3_private *key =
        private_key(platform ? "keys/platform_key.pem" : "keys/merchant_key.pem");
    struct v3_public *right =
        public_key(platform ? "keys/platform_cert.pem" : "keys/merchant_cert.pem");
    struct v3_public *other =
        public_key(platform ? "keys/merchant_cert.pem" : "keys/platform_cert.pem");
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(v3_sign(key, buf_view(&text), got), 0);
        ck_assert_str_eq(got, buf_cstr(&want));
    }
    ck_assert_int_eq(v3_verify(right, buf_view(&text), buf_view(&want)), 0);
    ck_assert_int_eq(v3_verify(other, buf_view(&text), buf_view(&want)), ERR_SIGNATURE);
    v3_private_free(key);
    v3_public_free(right);
    v3_public_free(other);
    buf_release(&text);
    buf_release(&want);
}
END_TEST

START_TEST(a_changed_byte_of_the_text_or_the_signature_does_not_hold)
{
    struct buf text = read_fixture("vectors/v3/S1.txt"), sign = read_fixture("vectors/v3/S1.sig");
    struct v3_public *key = public_key("keys/merchant_cert.pem");
    for (size_t i = 0; i < text.len; i += 7) {
        text.ptr[i] ^= 1;
        ck_assert_int_eq(v3_verify(key, buf_view(&text), buf_view(&sign)), ERR_SIGNATURE);
        text.ptr[i] ^= 1;
    }
    for (size_t i = 0; i < sign.len - 2; i++) {
        char was = sign.ptr[i];
        sign.ptr[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(v3_verify(key, buf_view(&text), buf_view(&sign)), ERR_SIGNATURE);
        sign.ptr[i] = '-';
        ck_assert_int_eq(v3_verify(key, buf_view(&text), buf_view(&sign)), ERR_SIGNATURE);
        sign.ptr[i] = was;
    }
    for (size_t len = 0; len < sign.len; len += 4)
        ck_assert_int_eq(v3_verify(key, buf_view(&text), (struct view){ sign.ptr, len }),
                         ERR_SIGNATURE);
    ck_assert_int_eq(v3_verify(key, buf_view(&text), buf_view(&sign)), 0);
    v3_public_free(key);
    buf_release(&text);
    buf_release(&sign);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    static const struct {
        const char *pem;
        int err;
    } bad[] = {
        { "", ERR_SYNTAX },
        { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ERR_SYNTAX },
        { "192006250b4c09247ec02edce69f6a2d", ERR_SYNTAX },
        /* openssl genpkey -algorithm ED25519 */
        { "-----BEGIN PRIVATE KEY-----\n"
          "MC4CAQAwBQYDK2VwBCIEIHMpIuO0h5mRQ8PJhYpPkaISUlYKxWBRzi7FEjeVjE5c\n"
          "-----END PRIVATE KEY-----\n",
          ERR_RANGE },
    };
    struct v3_private *private;
    struct v3_public *public;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(v3_private_read(&private, view_str(bad[i].pem)), bad[i].err);
        ck_assert_ptr_null(private);
        ck_assert_int_eq(v3_public_read(&public, view_str(bad[i].pem)), ERR_SYNTAX);
        ck_assert_ptr_null(public);
    }
    struct buf long_one = BUF_INIT(V3_PEM_MAX * 2);
    ck_assert_int_eq(buf_fmt(&long_one, "%0*d", V3_PEM_MAX + 1, 0), 0);
    ck_assert_int_eq(v3_private_read(&private, buf_view(&long_one)), ERR_SYNTAX);
    buf_release(&long_one);
}
END_TEST

START_TEST(a_key_survives_its_own_pem)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX), public_pem = BUF_INIT(V3_PEM_MAX), want;
    struct v3_private *key = private_key("keys/wechatpay_key.pem"), *again;
    struct v3_public *public, *shared;
    char one[V3_SIGNATURE_LEN + 1], two[V3_SIGNATURE_LEN + 1];
    ck_assert_int_eq(v3_private_pem(key, &pem), 0);
    want = read_fixture("keys/wechatpay_key.pem");
    ck_assert_str_eq(buf_cstr(&pem), buf_cstr(&want));
    buf_release(&want);
    ck_assert_int_eq(v3_private_read(&again, buf_view(&pem)), 0);
    ck_assert_int_eq(v3_sign(key, VIEW("x"), one), 0);
    ck_assert_int_eq(v3_sign(again, VIEW("x"), two), 0);
    ck_assert_str_eq(one, two);
    ck_assert_int_eq(v3_public_of(&public, key), 0);
    shared = v3_public_share(public);
    v3_public_free(public);
    v3_private_free(key);
    v3_private_free(again);
    ck_assert_int_eq(v3_verify(shared, VIEW("x"), view_str(one)), 0);
    ck_assert_int_eq(v3_public_pem(shared, &public_pem), 0);
    want = read_fixture("keys/wechatpay_public.pem");
    ck_assert_str_eq(buf_cstr(&public_pem), buf_cstr(&want));
    buf_release(&want);
    v3_public_free(shared);
    buf_release(&pem);
    buf_release(&public_pem);
}
END_TEST

/* The answer is from `openssl x509 -noout -serial -dates`. */
START_TEST(a_certificate_says_its_number_and_its_times)
{
    struct v3_certificate certificate;
    struct buf pem = read_fixture("keys/platform_cert.pem");
    ck_assert_int_eq(v3_certificate_read(&certificate, buf_view(&pem)), 0);
    ck_assert_str_eq(certificate.serial, "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E");
    ck_assert_int_eq(certificate.from_ms, INT64_C(1735689600000));  /* 2025-01-01 */
    ck_assert_int_eq(certificate.until_ms, INT64_C(2357769600000)); /* 2044-09-18 */
    ck_assert_int_eq(v3_certificate_read(&certificate, VIEW("no")), ERR_SYNTAX);
    buf_release(&pem);
}
END_TEST

START_TEST(a_made_certificate_names_its_key)
{
    struct buf authority = read_fixture("keys/authority_cert.pem"), pem = BUF_INIT(V3_PEM_MAX);
    struct v3_private *authority_key = private_key("keys/authority_key.pem"), *made;
    struct v3_public *subject, *named;
    char sign[V3_SIGNATURE_LEN + 1];
    ck_assert_int_eq(v3_private_make(&made), 0);
    ck_assert_int_eq(v3_public_of(&subject, made), 0);
    struct v3_certificate_spec spec = { .subject_key = subject,
                                        .authority_key = authority_key,
                                        .authority_pem = buf_view(&authority),
                                        .name = "sandbox merchant 1900000110",
                                        .number = (const unsigned char *)"\x7f"
                                                                         "bcdefghijklmnopqrs\xff",
                                        .from_ms = 1790000000999,
                                        .until_ms = INT64_C(2600000000000) };
    struct v3_certificate certificate;
    ck_assert_int_eq(v3_certificate_make(&spec, &pem), 0);
    ck_assert_int_eq(v3_certificate_read(&certificate, buf_view(&pem)), 0);
    ck_assert_str_eq(certificate.serial, "7F62636465666768696A6B6C6D6E6F70717273FF");
    ck_assert_int_eq(certificate.from_ms, 1790000000000);
    ck_assert_int_eq(certificate.until_ms, INT64_C(2600000000000));
    ck_assert_int_eq(v3_sign(made, VIEW("text"), sign), 0);
    ck_assert_int_eq(v3_public_read(&named, buf_view(&pem)), 0);
    ck_assert_int_eq(v3_verify(named, VIEW("text"), view_str(sign)), 0);
    v3_private_free(made);
    v3_private_free(authority_key);
    v3_public_free(subject);
    v3_public_free(named);
    buf_release(&authority);
    buf_release(&pem);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 keys");
    TCase *tests = tcase_create("keys");
    tcase_add_loop_test(tests, every_vector_is_signed_and_verified, 0, COUNT(vectors));
    tcase_add_test(tests, a_changed_byte_of_the_text_or_the_signature_does_not_hold);
    tcase_add_test(tests, what_is_no_key_is_refused);
    tcase_add_test(tests, a_key_survives_its_own_pem);
    tcase_add_test(tests, a_certificate_says_its_number_and_its_times);
    tcase_add_test(tests, a_made_certificate_names_its_key);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
