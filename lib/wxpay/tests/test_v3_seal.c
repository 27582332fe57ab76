/* Sealing against A1, A2 and O1 of V3 3.3. */
#include "base/err.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/v3_seal.h"

#include <stdlib.h>

#define KEY "0123456789abcdefFEDCBA9876543210"

static const struct {
    const char *name;
    struct v3_seal seal;
} vectors[] = {
    { "A1", { VIEW(KEY), VIEW("61f9c719728a"), VIEW("transaction") } },
    { "A2", { VIEW(KEY), VIEW("fdasflkja484"), {} } },
};

static struct buf vector(const char *name, const char *part)
{
    char path[64];
    snprintf(path, sizeof(path), "vectors/v3/%s.%s", name, part);
    return read_fixture(path);
}

START_TEST(every_vector_is_sealed_and_opened)
{
    struct buf plain = vector(vectors[_i].name, "plain"),
               cipher = vector(vectors[_i].name, "cipher");
    struct buf got = BUF_INIT(8192);
    ck_assert_int_eq(v3_seal(&vectors[_i].seal, buf_view(&plain), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), buf_cstr(&cipher));
    buf_clear(&got);
    ck_assert_int_eq(v3_unseal(&vectors[_i].seal, buf_view(&cipher), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), buf_cstr(&plain));
    buf_release(&plain);
    buf_release(&cipher);
    buf_release(&got);
}
END_TEST

START_TEST(what_was_changed_is_not_opened)
{
    struct buf cipher = vector("A1", "cipher"), got = BUF_INIT(8192);
    struct v3_seal seal = vectors[0].seal;
    for (size_t i = 0; i < cipher.len; i += 5) {
        char was = cipher.ptr[i];
        cipher.ptr[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(v3_unseal(&seal, buf_view(&cipher), &got), ERR_SIGNATURE);
        cipher.ptr[i] = was;
    }
    seal.associated = VIEW("transactioN");
    ck_assert_int_eq(v3_unseal(&seal, buf_view(&cipher), &got), ERR_SIGNATURE);
    seal.associated = (struct view){};
    ck_assert_int_eq(v3_unseal(&seal, buf_view(&cipher), &got), ERR_SIGNATURE);
    seal = vectors[0].seal;
    seal.nonce = VIEW("61f9c719728b");
    ck_assert_int_eq(v3_unseal(&seal, buf_view(&cipher), &got), ERR_SIGNATURE);
    seal = vectors[0].seal;
    seal.key = VIEW("0123456789abcdefFEDCBA9876543211");
    ck_assert_int_eq(v3_unseal(&seal, buf_view(&cipher), &got), ERR_SIGNATURE);
    ck_assert_uint_eq(got.len, 0);
    buf_release(&cipher);
    buf_release(&got);
}
END_TEST

START_TEST(what_cannot_be_a_seal)
{
    struct buf got = BUF_INIT(8192);
    struct v3_seal seal = vectors[1].seal;
    ck_assert_int_eq(v3_unseal(&seal, VIEW("no base64"), &got), ERR_SYNTAX);
    ck_assert_int_eq(v3_unseal(&seal, VIEW(""), &got), ERR_SYNTAX);
    ck_assert_int_eq(v3_unseal(&seal, VIEW("AAAAAAAAAAAAAAAAAAAA"), &got), ERR_SYNTAX);
    seal.key = VIEW("short");
    ck_assert_int_eq(v3_seal(&seal, VIEW("x"), &got), ERR_RANGE);
    seal = vectors[1].seal;
    seal.nonce = (struct view){};
    ck_assert_int_eq(v3_seal(&seal, VIEW("x"), &got), ERR_RANGE);
    seal.nonce = VIEW("12345678901234567");
    ck_assert_int_eq(v3_unseal(&seal, VIEW("AAAA"), &got), ERR_RANGE);
    buf_release(&got);
}
END_TEST

START_TEST(nothing_can_be_sealed_too)
{
    struct buf sealed = BUF_INIT(8192), got = BUF_INIT(8192);
    ck_assert_int_eq(v3_seal(&vectors[0].seal, (struct view){}, &sealed), 0);
    ck_assert_uint_eq(sealed.len, 24); /* a tag alone */
    ck_assert_int_eq(v3_unseal(&vectors[0].seal, buf_view(&sealed), &got), 0);
    ck_assert_uint_eq(got.len, 0);
    buf_release(&sealed);
    buf_release(&got);
}
END_TEST

START_TEST(hidden_fields)
{
    struct buf pem = read_fixture("keys/platform_key.pem"), cipher = vector("O1", "cipher");
    struct buf got = BUF_INIT(8192), text = BUF_INIT(8192);
    struct v3_private *key;
    struct v3_public *public;
    char longest[V3_HIDDEN_MAX + 1] = {};
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    ck_assert_int_eq(v3_public_of(&public, key), 0);
    ck_assert_int_eq(v3_reveal(key, buf_view(&cipher), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), "张三");

    ck_assert_int_eq(v3_hide(public, (struct view){ longest, V3_HIDDEN_MAX }, &text), 0);
    buf_clear(&got);
    ck_assert_int_eq(v3_reveal(key, buf_view(&text), &got), 0);
    ck_assert_uint_eq(got.len, V3_HIDDEN_MAX);
    ck_assert_int_eq(v3_hide(public, (struct view){ longest, sizeof(longest) }, &text),
                     ERR_TOO_LONG);
    cipher.ptr[7] = cipher.ptr[7] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(v3_reveal(key, buf_view(&cipher), &got), ERR_CRYPTO);
    ck_assert_int_eq(v3_reveal(key, VIEW("?"), &got), ERR_SYNTAX);
    v3_private_free(key);
    v3_public_free(public);
    buf_release(&pem);
    buf_release(&cipher);
    buf_release(&got);
    buf_release(&text);
}
END_TEST

/* `openssl pkeyutl -encrypt -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256` of 张三. */
START_TEST(oaep_with_sha256_is_refused)
{
    struct buf pem = read_fixture("keys/platform_key.pem"), cipher = vector("O1-sha256", "cipher");
    struct buf got = BUF_INIT(64);
    struct v3_private *key;
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    ck_assert_int_eq(v3_reveal(key, buf_view(&cipher), &got), ERR_CRYPTO);
    v3_private_free(key);
    buf_release(&pem);
    buf_release(&cipher);
    buf_release(&got);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 seal");
    TCase *tests = tcase_create("seal");
    tcase_add_loop_test(tests, every_vector_is_sealed_and_opened, 0, COUNT(vectors));
    tcase_add_test(tests, what_was_changed_is_not_opened);
    tcase_add_test(tests, what_cannot_be_a_seal);
    tcase_add_test(tests, nothing_can_be_sealed_too);
    tcase_add_test(tests, hidden_fields);
    tcase_add_test(tests, oaep_with_sha256_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
