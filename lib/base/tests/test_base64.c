#include "base/base64.h"

#include "base/err.h"
#include "base_test.h"

static const struct {
    struct view bytes;
    const char *text;
} known[] = {
    /* RFC 4648 section 10 */
    { VIEW(""), "" },
    { VIEW("f"), "Zg==" },
    { VIEW("fo"), "Zm8=" },
    { VIEW("foo"), "Zm9v" },
    { VIEW("foob"), "Zm9vYg==" },
    { VIEW("fooba"), "Zm9vYmE=" },
    { VIEW("foobar"), "Zm9vYmFy" },
    /* printf '\xfb\xef\xff\x00' | openssl base64 */
    { VIEW("\xfb\xef\xff\0"), "++//AA==" },
};

START_TEST(known_answers_both_ways)
{
    struct buf text = BUF_INIT(100), bytes = BUF_INIT(100);

    ck_assert_int_eq(base64_encode(known[_i].bytes, &text), 0);
    ck_assert_str_eq(buf_cstr(&text), known[_i].text);
    ck_assert_int_eq(base64_decode(buf_view(&text), &bytes), 0);
    ck_assert(view_eq(buf_view(&bytes), known[_i].bytes));
    buf_release(&text);
    buf_release(&bytes);
}
END_TEST

START_TEST(what_is_not_base64_is_refused)
{
    static const char *const broken[] = {
        "Z",    "Zg",   "Zg=",  "====",     "Z===",     "Zh==",     "Zm9=",       "Zm9v\n",
        "Zm 9", "Zm-_", "=Zm9", "Zg==Zg==", "Zm9vZg=v", "Zm9vZ=g=", "\xc3\xa9Zm", "Zm9vZ\x80==",
    };
    struct buf out = BUF_INIT(100);

    ck_assert_int_eq(buf_str(&out, "kept"), 0);
    for (size_t i = 0; i < COUNT(broken); i++) {
        ck_assert_msg(base64_decode(view_str(broken[i]), &out) == ERR_SYNTAX, "%s", broken[i]);
        ck_assert_str_eq(buf_cstr(&out), "kept");
    }
    ck_assert_int_eq(base64_decode((struct view){ "Zg\0=", 4 }, &out), ERR_SYNTAX);
    buf_release(&out);
}
END_TEST

START_TEST(a_full_buffer_keeps_its_content)
{
    struct buf out = BUF_INIT(7);

    ck_assert_int_eq(buf_str(&out, "kept"), 0);
    ck_assert_int_eq(base64_encode(VIEW("f"), &out), ERR_TOO_LONG);
    ck_assert_int_eq(base64_decode(VIEW("Zm9vYg=="), &out), ERR_TOO_LONG);
    ck_assert_str_eq(buf_cstr(&out), "kept");
    buf_release(&out);
}
END_TEST

TCase *base64_tests(void)
{
    TCase *tests = tcase_create("base64");
    tcase_add_loop_test(tests, known_answers_both_ways, 0, COUNT(known));
    tcase_add_test(tests, what_is_not_base64_is_refused);
    tcase_add_test(tests, a_full_buffer_keeps_its_content);
    return tests;
}
