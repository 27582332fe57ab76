/* Where a value comes from: every source, every decoder, and what an empty place gives. */
#include "base/err.h"
#include "base/mem.h"
#include "extract.h"

#include <check.h>
#include <stdlib.h>

static const char json_body[] =
    "{\"a\":{\"b\":[\"x\",\"weixin://wxpay/bizpayurl?pr=1\"]},\"n\":12,\"t\":true,\"z\":null,"
    "\"o\":{\"k\":1},\"sl/ash\":\"s\",\"ti~lde\":\"t\",\"\":\"empty\",\"f\":9.9}";
static const char page[] =
    "<html><body><p id=state>paid</p><input name=u value='weixin://x?a=1&amp;b=2'>"
    "<script>var u = \"weixin:\\/\\/wxpay\\u002fbiz\\u0026g=1\";</script>"
    "<img class=qr src=\"/qr/1.png?t=5\"><img id=inline src=\"data:image/png;base64,iVBORw==\">"
    "<svg viewBox='0 0 1 1'><path d='M0 0'/></svg></body></html>";

static const struct {
    const char *source, *body;
    int err;
    const char *out;
} rows[] = {
    { "json /a/b/1", json_body, 0, "weixin://wxpay/bizpayurl?pr=1" },
    { "json /n", json_body, 0, "12" },
    { "json /f", json_body, 0, "9.9" },
    { "json /t", json_body, 0, "true" },
    { "json /z", json_body, ERR_NOT_FOUND, NULL },
    { "json /o", json_body, 0, "{\"k\":1}" },
    { "json /sl~1ash", json_body, 0, "s" },
    { "json /ti~0lde", json_body, 0, "t" },
    { "json /", json_body, 0, "empty" },
    { "json /a/b/01", json_body, ERR_NOT_FOUND, NULL },
    { "json /a/b/2", json_body, ERR_NOT_FOUND, NULL },
    { "json /missing", json_body, ERR_NOT_FOUND, NULL },
    { "json /a", "<html>", ERR_SYNTAX, NULL },
    { "json /a", "", ERR_SYNTAX, NULL },
    { "header X-State", "", 0, "Paid One" },
    { "header Nothing", "", ERR_NOT_FOUND, NULL },
    { "body", "abc", 0, "abc" },
    { "regex u = \"([^\"]*)\" | js", page, 0, "weixin://wxpay/biz&g=1" },
    { "regex (paid|done)", page, 0, "paid" },
    { "regex (never)", page, ERR_NOT_FOUND, NULL },
    { "regex a(.)b", "a\nb", 0, "\n" },
    { "regex x(y)?z$", "xz", ERR_NOT_FOUND, NULL },
    { "regex ^(z)$", "z\n", ERR_NOT_FOUND, NULL },
    /* without a bound on its steps this one takes longer than anybody waits */
    { "regex ^((a+)+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
      ERR_SYNTAX, NULL },
    { "xpath count(//*[count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0])",
      "<p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p><p>",
      ERR_SYNTAX, NULL },
    { "xpath //p[@id='state']", page, 0, "paid" },
    { "xpath //input/@value", page, 0, "weixin://x?a=1&b=2" },
    { "xpath count(//img)", page, 0, "2" },
    { "xpath //b | //p", page, 0, "paid" },
    { "xpath //table", page, ERR_NOT_FOUND, NULL },
    { "xpath /xml/code", "<xml><code><![CDATA[a&b]]></code></xml>", 0, "a&b" },
    { "body | html", "a&amp;b&lt;&#39;&#x4e2d;&nothing;&", 0, "a&b<'\xE4\xB8\xAD&nothing;&" },
    { "body | percent", "weixin%3A%2F%2Fx%E8%8C%B6", 0, "weixin://x\xE8\x8C\xB6" },
    { "body | percent", "100%", ERR_SYNTAX, NULL },
    { "body | base64", "d2VpeGluOi8v", 0, "weixin://" },
    { "body | base64", "d2VpeGluOg", 0, "weixin:" },
    { "body | base64", "!!!!", ERR_SYNTAX, NULL },
    { "body | json", "weixin:\\/\\/x", 0, "weixin://x" },
    { "body | json", "\"q\\u0041\"", 0, "qA" },
    { "body | js", "\\x41\\'\\n", 0, "A'\n" },
    { "body | js", "\\uD83D\\uDE00", 0, "\xF0\x9F\x98\x80" },
    { "body | js", "\\uD83D", ERR_SYNTAX, NULL },
    { "body | base64 | percent", "JTQx", 0, "A" },
};

static struct http_answer answer_of(const char *body)
{
    struct http_answer answer = { .status = 200, .body = BUF_INIT(10'000) };
    static char name[] = "x-state", value[] = "Paid One";
    static struct http_line line = { name, value };

    answer.headers = &line;
    answer.header_count = 1;
    ck_assert_int_eq(buf_str(&answer.body, body), 0);
    return answer;
}

START_TEST(a_source_takes_its_value) /* looped over the table */
{
    struct extractor extractor;
    struct http_answer answer = answer_of(rows[_i].body);
    struct buf out = BUF_INIT(10'000);
    char why[200];

    ck_assert_msg(!extractor_parse(&extractor, view_str(rows[_i].source), why, sizeof(why)),
                  "%s: %s", rows[_i].source, why);
    int err = extractor_get(&extractor, &answer, &out, why, sizeof(why));
    ck_assert_msg(err == rows[_i].err, "row %d %s: %s", _i, rows[_i].source, why);
    if (err)
        ck_assert_msg(why[0], "row %d gives no reason", _i);
    else
        ck_assert_str_eq(buf_cstr(&out), rows[_i].out);
    extractor_release(&extractor);
    buf_release(&out);
    buf_release(&answer.body);
}
END_TEST

START_TEST(no_answer_is_nothing_with_its_reason)
{
    struct extractor extractor;
    struct http_answer answer = { .error = "connection refused" };
    struct buf out = BUF_INIT(100);
    char why[200];

    ck_assert_int_eq(extractor_parse(&extractor, VIEW("body"), why, sizeof(why)), 0);
    ck_assert_int_eq(extractor_get(&extractor, &answer, &out, why, sizeof(why)), ERR_NOT_FOUND);
    ck_assert_str_eq(why, "connection refused");
    extractor_release(&extractor);
}
END_TEST

static const struct {
    const char *source, *body, *bytes, *url;
    int err;
} pictures[] = {
    { "xpath //img[@class='qr']", page, "", "/qr/1.png?t=5", 0 },
    { "xpath //img[@id='inline']", page, "\x89PNG", "", 0 },
    { "xpath //img/@src", page, "", "/qr/1.png?t=5", 0 },
    { "xpath //svg", page,
      "<svg viewBox=\"0 0 1 1\" xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>", "",
      0 },
    { "xpath //canvas", page, "", "", ERR_NOT_FOUND },
    { "json /a/b/1", json_body, "", "weixin://wxpay/bizpayurl?pr=1", 0 },
    { "body", "GIF89a", "GIF89a", "", 0 },
};

START_TEST(a_picture_is_bytes_or_a_place_to_fetch) /* looped over the table */
{
    struct picture_source source;
    struct http_answer answer = answer_of(pictures[_i].body);
    struct buf bytes = BUF_INIT(10'000), url = BUF_INIT(10'000);
    char why[200];

    ck_assert_int_eq(picture_source_parse(&source, view_str(pictures[_i].source), why, sizeof(why)),
                     0);
    int err = picture_source_get(&source, &answer, &bytes, &url);
    ck_assert_int_eq(err, pictures[_i].err);
    ck_assert_str_eq(buf_cstr(&bytes), pictures[_i].bytes);
    ck_assert_str_eq(buf_cstr(&url), pictures[_i].url);
    picture_source_release(&source);
    buf_release(&bytes);
    buf_release(&url);
    buf_release(&answer.body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("extract");
    TCase *tcase = tcase_create("extract");
    tcase_add_loop_test(tcase, a_source_takes_its_value, 0, COUNT(rows));
    tcase_add_test(tcase, no_answer_is_nothing_with_its_reason);
    tcase_add_loop_test(tcase, a_picture_is_bytes_or_a_place_to_fetch, 0, COUNT(pictures));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
