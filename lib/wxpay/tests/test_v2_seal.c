/* req_info against R-1 … R-4 of V2 7.4. */
#include "base/err.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/v2_seal.h"

#include <stdlib.h>

#define KEY "192006250b4c09247ec02edce69f6a2d"

static const struct {
    const char *name, *key;
} vectors[] = {
    { "R-1", KEY },
    { "R-2", KEY },                                /* 13 fields */
    { "R-3", "184c295c6c0467ee6ba1dd523412e3e7" }, /* its MD5 begins with 0 */
    { "R-4", KEY },                                /* whole blocks: one of padding follows */
};

static struct buf part(const char *name, const char *what)
{
    char path[64];
    snprintf(path, sizeof(path), "vectors/v2/%s.%s", name, what);
    return read_fixture(path);
}

START_TEST(every_vector_is_sealed_and_opened)
{
    struct buf plain = part(vectors[_i].name, "plain"), sealed = part(vectors[_i].name, "sealed");
    struct buf got = BUF_INIT(V2_SEAL_MAX);
    struct v2_key *key = v2_key_new(view_str(vectors[_i].key));
    ck_assert_int_eq(v2_seal(key, buf_view(&plain), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), buf_cstr(&sealed));
    buf_clear(&got);
    ck_assert_int_eq(v2_unseal(key, buf_view(&sealed), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), buf_cstr(&plain));
    v2_key_free(key);
    buf_release(&plain);
    buf_release(&sealed);
    buf_release(&got);
}
END_TEST

static const struct {
    const char *text;
    int err;
} broken[] = {
    { "", ERR_SYNTAX },
    { "WBzGpzQuNpcFxIlFjUUD", ERR_SYNTAX }, /* 15 bytes: no whole block */
    { "not base64!", ERR_SYNTAX },
    { "WBzGpzQuNpcFxIlFjUUD9A==", ERR_SIGNATURE }, /* a block that ends in no padding */
};

START_TEST(what_was_not_sealed_is_not_opened)
{
    struct v2_key *key = v2_key_new(VIEW(KEY));
    struct buf out = BUF_INIT(V2_SEAL_MAX);
    ck_assert_int_eq(buf_str(&out, "before"), 0);
    ck_assert_int_eq(v2_unseal(key, view_str(broken[_i].text), &out), broken[_i].err);
    ck_assert_str_eq(buf_cstr(&out), "before");
    v2_key_free(key);
    buf_release(&out);
}
END_TEST

START_TEST(another_key_opens_nothing)
{
    struct buf plain = part("R-1", "plain"), sealed = part("R-1", "sealed");
    struct buf got = BUF_INIT(V2_SEAL_MAX);
    struct v2_key *key = v2_key_new(VIEW("192006250b4c09247ec02edce69f6a2e"));
    int err = v2_unseal(key, buf_view(&sealed), &got);
    ck_assert(err == ERR_SIGNATURE || !view_eq(buf_view(&got), buf_view(&plain)));
    v2_key_free(key);
    buf_release(&plain);
    buf_release(&sealed);
    buf_release(&got);
}
END_TEST

/* As some senders wrap it; and an XML parser leaves the line feeds around CDATA. */
START_TEST(white_space_in_base64_is_skipped)
{
    struct buf plain = part("R-4", "plain"), sealed = part("R-4", "sealed");
    struct buf wrapped = BUF_INIT(4096), got = BUF_INIT(V2_SEAL_MAX);
    struct v2_key *key = v2_key_new(VIEW(KEY));
    ck_assert_int_eq(buf_fmt(&wrapped, "\n  %.76s\r\n%s\n", sealed.ptr, sealed.ptr + 76), 0);
    ck_assert_int_eq(v2_unseal(key, buf_view(&wrapped), &got), 0);
    ck_assert_str_eq(buf_cstr(&got), buf_cstr(&plain));
    v2_key_free(key);
    buf_release(&plain);
    buf_release(&sealed);
    buf_release(&wrapped);
    buf_release(&got);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
    struct v2_key *key = v2_key_new(VIEW(KEY));
    struct buf text = BUF_INIT(2 * V2_SEAL_MAX), out = BUF_INIT(2 * V2_SEAL_MAX);
    size_t most = V2_SEAL_MAX / 4 * 3 - 16;
    for (size_t i = 0; i <= V2_SEAL_MAX; i++)
        ck_assert_int_eq(buf_byte(&text, 'A'), 0);
    ck_assert_int_eq(v2_seal(key, (struct view){ text.ptr, most + 1 }, &out), ERR_TOO_LONG);
    ck_assert_int_eq(v2_unseal(key, buf_view(&text), &out), ERR_TOO_LONG);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(v2_seal(key, (struct view){ text.ptr, most }, &out), 0);
    ck_assert_uint_le(out.len, V2_SEAL_MAX);
    v2_key_free(key);
    buf_release(&text);
    buf_release(&out);
}
END_TEST

START_TEST(without_memory_nothing_is_appended)
{
    struct buf sealed = part("R-1", "sealed");
    struct v2_key *key = v2_key_new(VIEW(KEY));
    int err = ERR_NOMEM;
    for (int64_t n = 1; err == ERR_NOMEM; n++) {
        struct buf out = BUF_INIT(V2_SEAL_MAX);
        int64_t live = mem_live();
        mem_fail_at(n);
        err = v2_unseal(key, buf_view(&sealed), &out);
        mem_fail_at(0);
        if (err) {
            ck_assert_int_eq(mem_live(), live);
            ck_assert_uint_eq(out.len, 0);
        }
        ck_assert_int_lt(n, 1000);
        buf_release(&out);
    }
    ck_assert_int_eq(err, 0);
    v2_key_free(key);
    buf_release(&sealed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2 seal");
    TCase *tc = tcase_create("v2 seal");
    tcase_add_loop_test(tc, every_vector_is_sealed_and_opened, 0, (int)COUNT(vectors));
    tcase_add_loop_test(tc, what_was_not_sealed_is_not_opened, 0, (int)COUNT(broken));
    tcase_add_test(tc, another_key_opens_nothing);
    tcase_add_test(tc, white_space_in_base64_is_skipped);
    tcase_add_test(tc, what_is_too_long_is_refused);
    tcase_add_test(tc, without_memory_nothing_is_appended);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
