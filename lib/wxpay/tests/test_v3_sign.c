/* The texts that are signed, and the Authorization header — V3 2.1, 2.2, 2.8, 4.13 */
#include "base/base64.h"
#include "base/mem.h"
#include "read_file.h"
#include "wxpay/v3_sign.h"

#include <stdlib.h>

/* The vector's text taken apart and put together again. */
START_TEST(the_five_lines_of_a_request)
{
    static const char *const names[] = { "vectors/v3/S1.txt", "vectors/v3/S2.txt" };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf want = read_fixture(names[i]), text = BUF_INIT(8192);
        struct view rest = buf_view(&want);
        struct v3_request request = { .method = view_cut(rest, '\n', &rest),
                                      .target = view_cut(rest, '\n', &rest),
                                      .timestamp = view_cut(rest, '\n', &rest),
                                      .nonce = view_cut(rest, '\n', &rest) };
        request.body = (struct view){ rest.ptr, rest.len - 1 };
        ck_assert_int_eq(v3_request_text(&request, &text), 0);
        ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
        buf_release(&want);
        buf_release(&text);
    }
}
END_TEST

START_TEST(the_three_and_the_four_lines)
{
    struct buf text = BUF_INIT(1024), want = read_fixture("vectors/v3/S4.txt");
    ck_assert_int_eq(v3_answer_text(VIEW("1790000000"), VIEW("d824f2e086d3c1df967785d13fcd22ef"),
                                    (struct view){}, &text),
                     0);
    ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
    buf_clear(&text);
    buf_release(&want);
    want = read_fixture("vectors/v3/S6.txt");
    ck_assert_int_eq(v3_callup_text(VIEW("wxd678efh567hg6787"), VIEW("1790000000"),
                                    VIEW("dbGYJhLuVWHUoLWA0XcPaSDbvJk5dGWe"),
                                    VIEW("prepay_id=wx26112221580621e9b071c00d9e093b0000"), &text),
                     0);
    ck_assert_str_eq(buf_cstr(&text), buf_cstr(&want));
    buf_release(&want);
    buf_release(&text);
}
END_TEST

START_TEST(what_does_not_fit_leaves_nothing)
{
    struct buf text = BUF_INIT(20);
    ck_assert_int_eq(buf_str(&text, "abc"), 0);
    ck_assert_int_ne(v3_answer_text(VIEW("1790000000"), VIEW("12345678"), VIEW("{}"), &text), 0);
    ck_assert_str_eq(buf_cstr(&text), "abc");
    buf_release(&text);
}
END_TEST

#define P(pairs) V3_SCHEME " " pairs
#define FIVE                                                                                       \
    "mchid=\"1900000001\",nonce_str=\"N\",signature=\"S/+=\",timestamp=\"1\",serial_no=\"A0\""

static const struct {
    const char *header;
    enum v3_auth_fault strict, spaced;
    const char *where;
} headers[] = {
    { P(FIVE), V3_AUTH_FINE, V3_AUTH_FINE, "" },
    { P("serial_no=\"A0\",timestamp=\"1\",signature=\"S/+=\",nonce_str=\"N\",mchid=\"1900000001\""),
      V3_AUTH_FINE, V3_AUTH_FINE, "" },
    { P("mchid=\"1900000001\", nonce_str=\"N\" , "
        "signature=\"S/+=\",timestamp=\"1\",serial_no=\"A0\""),
      V3_AUTH_FORM, V3_AUTH_FINE, " nonce_str=" },
    { "", V3_AUTH_ABSENT, V3_AUTH_ABSENT, "" },
    { "Bearer x", V3_AUTH_SCHEME, V3_AUTH_SCHEME, "Bearer" },
    { "wechatpay2-sha256-rsa2048 " FIVE, V3_AUTH_SCHEME, V3_AUTH_SCHEME, "wechatpay2" },
    { V3_SCHEME, V3_AUTH_FORM, V3_AUTH_FORM, "" },
    { P(""), V3_AUTH_FORM, V3_AUTH_FORM, "" },
    { P(FIVE ","), V3_AUTH_FORM, V3_AUTH_FORM, "" },
    { P(FIVE ",mchid=\"1900000001\""), V3_AUTH_FORM, V3_AUTH_FORM, "mchid=" },
    { P(FIVE ",other=\"1\""), V3_AUTH_FORM, V3_AUTH_FORM, "other=" },
    { P("mchid=1900000001,nonce_str=\"N\",signature=\"S\",timestamp=\"1\",serial_no=\"A0\""),
      V3_AUTH_FORM, V3_AUTH_FORM, "mchid=" },
    { P("mchid=\"1900000001\",nonce_str=\"N\",signature=\"S\",timestamp=\"1\""), V3_AUTH_FORM,
      V3_AUTH_FORM, "" },
    { P("mchid=\"\",nonce_str=\"N\",signature=\"S\",timestamp=\"1\",serial_no=\"A0\""),
      V3_AUTH_FORM, V3_AUTH_FORM, "mchid=" },
    { P("mchid=\"1900000001\",nonce_str=\"N\",signature=\"S\",timestamp=\"1\",serial_no=\"A0"),
      V3_AUTH_FORM, V3_AUTH_FORM, "serial_no=" },
};

START_TEST(the_header_is_read_strictly)
{
    struct v3_auth auth;
    struct view where = {};
    ck_assert_int_eq(v3_auth_read(&auth, view_str(headers[_i].header), false, &where),
                     headers[_i].strict);
    ck_assert_msg(view_starts(where, view_str(headers[_i].where)), "%.*s", VIEW_ARG(where));
    ck_assert_int_eq(auth.mchid.ptr != NULL, headers[_i].strict == V3_AUTH_FINE);
    ck_assert_int_eq(v3_auth_read(&auth, view_str(headers[_i].header), true, NULL),
                     headers[_i].spaced);
    if (headers[_i].spaced != V3_AUTH_FINE)
        return;
    ck_assert(view_is(auth.mchid, "1900000001") && view_is(auth.nonce, "N") &&
              view_is(auth.signature, "S/+=") && view_is(auth.timestamp, "1") &&
              view_is(auth.serial, "A0"));
    struct buf text = BUF_INIT(1024);
    ck_assert_int_eq(v3_auth_write(&auth, &text), 0);
    ck_assert_str_eq(buf_cstr(&text), P(FIVE));
    buf_release(&text);
}
END_TEST

/* The derived example of V3 2.8. */
START_TEST(a_probe_is_still_base64_of_256_bytes)
{
    struct buf sign = read_fixture("vectors/v3/S3.sig"), bytes = BUF_INIT(1024);
    v3_sign_probe(sign.ptr);
    ck_assert(view_starts(buf_view(&sign), VIEW("WECHATPAY/SIGNTEST/K3sgxgLMYj4KY57TAKgL")));
    ck_assert(view_ends(buf_view(&sign), VIEW("3ehjOw==")));
    ck_assert_int_eq(base64_decode(buf_view(&sign), &bytes), 0);
    ck_assert_uint_eq(bytes.len, 256);
    buf_release(&sign);
    buf_release(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 sign");
    TCase *tests = tcase_create("sign");
    tcase_add_test(tests, the_five_lines_of_a_request);
    tcase_add_test(tests, the_three_and_the_four_lines);
    tcase_add_test(tests, what_does_not_fit_leaves_nothing);
    tcase_add_loop_test(tests, the_header_is_read_strictly, 0, COUNT(headers));
    tcase_add_test(tests, a_probe_is_still_base64_of_256_bytes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
