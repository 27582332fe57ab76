/* Signatures against the known answers of V2 2.5, which `scripts/vectors` checks with openssl. */
#include "base/err.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/v2_sign.h"

#include <stdlib.h>

#define K "192006250b4c09247ec02edce69f6a2d"

/* A row of fixtures/vectors/v2/digests.tsv. */
struct vector {
    char name[32], digest[V2_SIGN_MAX + 1];
    enum v2_sign_type type;
    struct v2_key *key; /* owned */
};

/* False at the end of the table. */
static bool next_vector(struct view *rows, struct vector *row)
{
    struct view line;
    do {
        if (!rows->len)
            return false;
        line = view_cut(*rows, '\n', rows);
    } while (!line.len || line.ptr[0] == '#');
    struct view rest;
    ck_assert_int_eq(view_copy(view_cut(line, '\t', &rest), row->name, sizeof(row->name)), 0);
    ck_assert_int_eq(v2_sign_type_parse(view_cut(rest, '\t', &rest), &row->type), 0);
    row->key = v2_key_new(view_cut(rest, '\t', &rest));
    ck_assert_ptr_nonnull(row->key);
    ck_assert_int_eq(view_copy(rest, row->digest, sizeof(row->digest)), 0);
    return true;
}

static void read_message(struct v2_msg *msg, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "vectors/v2/%s.xml", name);
    struct buf xml = read_fixture(path);
    ck_assert_int_eq(v2_msg_read(msg, buf_view(&xml), NULL, NULL), 0);
    buf_release(&xml);
}

START_TEST(every_vector_gives_its_text_and_its_digest)
{
    struct buf table = read_fixture("vectors/v2/digests.tsv");
    struct view rows = buf_view(&table);
    struct vector row;
    int seen = 0;
    for (; next_vector(&rows, &row); seen++) {
        struct v2_msg msg = {};
        char path[64], sign[V2_SIGN_MAX + 1];
        struct buf text = BUF_INIT(8192);
        snprintf(path, sizeof(path), "vectors/v2/%s.txt", row.name);
        struct buf want = read_fixture(path);
        read_message(&msg, row.name);
        ck_assert_int_eq(v2_sign_text(&msg, &text), 0);
        ck_assert_int_eq(buf_fmt(&text, "&key=%.*s", VIEW_ARG(v2_key_text(row.key))), 0);
        ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
        for (int twice = 0; twice < 2; twice++) { /* the contexts start afresh each time */
            ck_assert_int_eq(v2_sign(&msg, row.type, row.key, sign), 0);
            ck_assert_str_eq(sign, row.digest);
            ck_assert_int_eq(v2_digest(buf_view(&want), row.type, row.key, sign), 0);
            ck_assert_str_eq(sign, row.digest);
        }
        buf_release(&text);
        buf_release(&want);
        v2_msg_release(&msg);
        v2_key_free(row.key);
    }
    ck_assert_int_ge(seen, 19);
    buf_release(&table);
}
END_TEST

START_TEST(a_sign_with_any_byte_flipped_does_not_hold)
{
    struct v2_key *key = v2_key_new(VIEW(K));
    for (int type = V2_MD5; type <= V2_HMAC_SHA256; type++) {
        struct v2_msg msg = {};
        char sign[V2_SIGN_MAX + 2];
        read_message(&msg, "N-1");
        ck_assert_int_eq(v2_msg_sign(&msg, (enum v2_sign_type)type, key), 0);
        ck_assert_int_eq(v2_verify(&msg, (enum v2_sign_type)type, key), 0);
        struct view right = v2_msg_get(&msg, "sign");
        for (size_t i = 0; i < right.len; i++) {
            memcpy(sign, right.ptr, right.len);
            sign[i] ^= sign[i] == '0' ? 1 : 4;
            ck_assert_int_eq(v2_msg_set(&msg, "sign", (struct view){ sign, right.len }), 0);
            ck_assert_int_eq(v2_verify(&msg, (enum v2_sign_type)type, key), ERR_SIGNATURE);
        }
        memcpy(sign, right.ptr, right.len);
        sign[right.len] = ' ';
        for (size_t len = 0; len <= right.len + 1; len++) {
            ck_assert_int_eq(v2_msg_set(&msg, "sign", (struct view){ sign, len }), 0);
            ck_assert_int_eq(v2_verify(&msg, (enum v2_sign_type)type, key),
                             len == right.len ? 0 : ERR_SIGNATURE);
        }
        v2_msg_release(&msg);
    }
    v2_key_free(key);
}
END_TEST

START_TEST(a_message_with_any_value_changed_does_not_hold)
{
    struct v2_key *key = v2_key_new(VIEW(K));
    struct v2_msg msg = {};
    read_message(&msg, "N-1");
    for (size_t i = 0; i < msg.count; i++) {
        struct view right = msg.field[i].value;
        char changed[64];
        ck_assert_int_eq(view_copy(right, changed, sizeof(changed)), 0);
        changed[right.len / 2] ^= 1;
        msg.field[i].value.ptr = changed;
        ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), ERR_SIGNATURE);
        msg.field[i].value = right;
    }
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), 0);
    v2_msg_release(&msg);
    v2_key_free(key);
}
END_TEST

START_TEST(what_does_not_hold)
{
    struct v2_key *key = v2_key_new(VIEW(K)), *other = v2_key_new(VIEW("x" K));
    struct v2_msg msg = {};
    char lower[V2_SIGN_MAX + 1] = {};
    read_message(&msg, "N-1");
    ck_assert_int_eq(v2_verify(&msg, V2_HMAC_SHA256, key), ERR_SIGNATURE);
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, other), ERR_SIGNATURE);
    struct view sign = v2_msg_get(&msg, "sign");
    for (size_t i = 0; i < sign.len; i++)
        lower[i] = sign.ptr[i] >= 'A' ? (char)(sign.ptr[i] | 0x20) : sign.ptr[i];
    ck_assert_int_eq(v2_msg_set(&msg, "sign", view_str(lower)), 0);
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), ERR_SIGNATURE);
    ck_assert_int_eq(v2_msg_set(&msg, "sign", VIEW("")), 0);
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), ERR_SIGNATURE);
    ck_assert(v2_msg_remove(&msg, "sign"));
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), ERR_SIGNATURE);
    v2_msg_release(&msg);
    v2_key_free(key);
    v2_key_free(other);
}
END_TEST

/* N-3's digest reads as the number zero in some languages; the bytes decide here (V2 9.6). */
START_TEST(a_magic_hash_is_compared_as_bytes)
{
    static const char *const forged[] = { "0", "0E1", "0e123", "00000000000000000000000000000000" };
    struct v2_key *key = v2_key_new(VIEW(K));
    struct v2_msg msg = {};
    read_message(&msg, "N-3");
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), 0);
    for (size_t i = 0; i < COUNT(forged); i++) {
        ck_assert_int_eq(v2_msg_set(&msg, "sign", view_str(forged[i])), 0);
        ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), ERR_SIGNATURE);
    }
    v2_msg_release(&msg);
    v2_key_free(key);
}
END_TEST

START_TEST(sign_goes_where_sign_stood)
{
    struct v2_key *key = v2_key_new(VIEW(K));
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "nonce_str", "abc"), 0);
    ck_assert_int_eq(v2_msg_add_str(&msg, "sign", ""), 0);
    ck_assert_int_eq(v2_msg_add_str(&msg, "result_code", "SUCCESS"), 0);
    ck_assert_int_eq(v2_msg_sign(&msg, V2_MD5, key), 0);
    ck_assert(view_is(msg.field[1].name, "sign"));
    ck_assert_int_eq(v2_verify(&msg, V2_MD5, key), 0);
    v2_msg_clear(&msg);
    ck_assert_int_eq(v2_msg_add_str(&msg, "nonce_str", "abc"), 0);
    ck_assert_int_eq(v2_msg_sign(&msg, V2_HMAC_SHA256, key), 0);
    ck_assert(view_is(msg.field[1].name, "sign"));
    ck_assert_uint_eq(msg.field[1].value.len, 64);
    v2_msg_release(&msg);
    v2_key_free(key);
}
END_TEST

/* Names that share eight bytes and more, and so many that the other sort is taken. */
START_TEST(many_fields_are_sorted_as_few_are)
{
    struct v2_msg msg = {};
    struct buf text = BUF_INIT(V2_XML_MAX);
    for (int i = 0; i < V2_FIELDS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "coupon_fee_%d", i * 97 % V2_FIELDS_MAX);
        ck_assert_int_eq(v2_msg_add_str(&msg, name, "1"), 0);
    }
    for (size_t count = V2_FIELDS_MAX; count > 0; count--) {
        msg.count = count;
        buf_clear(&text);
        ck_assert_int_eq(v2_sign_text(&msg, &text), 0);
        struct view rest = buf_view(&text), last = {};
        for (size_t i = 0; i < count; i++) {
            struct view name = view_cut(view_cut(rest, '&', &rest), '=', &(struct view){});
            ck_assert(view_cmp(last, name) < 0);
            last = name;
        }
        ck_assert_uint_eq(rest.len, 0);
    }
    buf_release(&text);
    v2_msg_release(&msg);
}
END_TEST

START_TEST(a_long_message_is_signed_too)
{
    static char value[60000];
    struct v2_key *key = v2_key_new(VIEW(K));
    struct v2_msg msg = {};
    char sign[V2_SIGN_MAX + 1];
    memset(value, 'x', sizeof(value));
    ck_assert_int_eq(v2_msg_add(&msg, VIEW("detail"), (struct view){ value, sizeof(value) }), 0);
    ck_assert_int_eq(v2_sign(&msg, V2_MD5, key, sign), 0);
    /* { printf detail=; head -c 60000 /dev/zero | tr '\0' x; printf '&key=%s' K; } | openssl dgst -md5 */
    ck_assert_str_eq(sign, "2D46D87EF47C1D003E86F9C1BB74EADD");
    v2_msg_release(&msg);
    v2_key_free(key);
}
END_TEST

START_TEST(sign_types_are_read_by_the_letter)
{
    enum v2_sign_type type = V2_HMAC_SHA256;
    ck_assert_int_eq(v2_sign_type_parse(VIEW(""), &type), 0);
    ck_assert_int_eq(type, V2_MD5);
    ck_assert_int_eq(v2_sign_type_parse(VIEW("HMAC-SHA256"), &type), 0);
    ck_assert_int_eq(type, V2_HMAC_SHA256);
    ck_assert_int_eq(v2_sign_type_parse((struct view){}, &type), 0);
    ck_assert_int_eq(type, V2_MD5);
    ck_assert_int_eq(v2_sign_type_parse(VIEW("md5"), &type), ERR_SYNTAX);
    ck_assert_int_eq(v2_sign_type_parse(VIEW("NONE"), &type), ERR_SYNTAX);
    ck_assert_int_eq(v2_sign_type_parse(VIEW("HMAC-SHA2566"), &type), ERR_SYNTAX);
}
END_TEST

START_TEST(keys_have_bounds)
{
    char text[257];
    memset(text, 'k', sizeof(text));
    ck_assert_ptr_null(v2_key_new(VIEW("")));
    ck_assert_ptr_null(v2_key_new((struct view){ text, 257 }));
    struct v2_key *key = v2_key_new((struct view){ text, 256 });
    ck_assert(view_eq(v2_key_text(key), (struct view){ text, 256 }));
    v2_key_free(key);
    v2_key_free(NULL);
}
END_TEST

START_TEST(without_memory_nothing_is_signed_and_nothing_leaks)
{
    int64_t before = mem_live();
    struct v2_msg msg = {};
    ck_assert_int_eq(v2_msg_add_str(&msg, "a", "1"), 0);
    for (int64_t n = 1;; n++) {
        int64_t without = mem_live();
        mem_fail_at(n);
        struct v2_key *key = v2_key_new(VIEW(K));
        int err = key ? v2_msg_sign(&msg, V2_MD5, key) : ERR_NOMEM;
        int refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        ck_assert(refused ? !v2_msg_has(&msg, "sign") : v2_msg_has(&msg, "sign"));
        v2_key_free(key);
        ck_assert_int_eq(mem_live(), without);
        if (!refused)
            break;
        ck_assert_int_lt(n, 100);
    }
    v2_msg_release(&msg);
    ck_assert_int_eq(mem_live(), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2_sign");
    TCase *sign = tcase_create("sign");
    tcase_add_test(sign, every_vector_gives_its_text_and_its_digest);
    tcase_add_test(sign, a_sign_with_any_byte_flipped_does_not_hold);
    tcase_add_test(sign, a_message_with_any_value_changed_does_not_hold);
    tcase_add_test(sign, what_does_not_hold);
    tcase_add_test(sign, a_magic_hash_is_compared_as_bytes);
    tcase_add_test(sign, sign_goes_where_sign_stood);
    tcase_add_test(sign, many_fields_are_sorted_as_few_are);
    tcase_add_test(sign, a_long_message_is_signed_too);
    tcase_add_test(sign, sign_types_are_read_by_the_letter);
    tcase_add_test(sign, keys_have_bounds);
    tcase_add_test(sign, without_memory_nothing_is_signed_and_nothing_leaks);
    suite_add_tcase(suite, sign);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner,
                            CK_NOFORK); /* hundreds of forks of a sanitized program are slow */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
