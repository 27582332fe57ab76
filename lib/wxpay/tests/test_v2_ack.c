/* The decision table of V2 6.3: which answers stop the repeats. */
#include "base/buf.h"
#include "base/mem.h"
#include "wxpay/v2_ack.h"

#include <check.h>
#include <stdlib.h>

#define CANONICAL                                                                                  \
    "<xml>\n  <return_code><![CDATA[SUCCESS]]></return_code>\n"                                    \
    "  <return_msg><![CDATA[OK]]></return_msg>\n</xml>\n"
#define BARE       "<xml><return_code>SUCCESS</return_code></xml>"
#define CODE(text) "<xml><return_code><![CDATA[" text "]]></return_code></xml>"

enum { NO, LENIENT, YES }; /* an acknowledgement: in no mode, in the lenient one, in both */

static const struct {
    int status;
    const char *body, *row;
    int ack;
} answers[] = {
    { 200, CANONICAL, "canonical", YES },
    { 200, CODE("SUCCESS"), "canonical", YES },
    { 200, "<xml><return_code>SUCCE<![CDATA[SS]]></return_code></xml>", "canonical", YES },
    { 200, "<xml><return_msg>x</return_msg><return_code><![CDATA[SUCCESS]]></return_code></xml>",
      "canonical", YES },
    { 200, BARE, "bare", YES },
    { 200, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" BARE, "declaration", LENIENT },
    { 200, "\n" CANONICAL, "leading-space", LENIENT },
    { 200, "\xef\xbb\xbf" CANONICAL, "bom", LENIENT },
    { 200, "\xef\xbb\xbf \n" CANONICAL, "bom", LENIENT },
    { 200, "<root><return_code>SUCCESS</return_code></root>", "root", LENIENT },
    { 201, CANONICAL, "other-2xx", LENIENT },
    { 202, BARE, "other-2xx", LENIENT },
    { 200, CODE(" SUCCESS "), "blanks", NO },
    { 200, CODE("SUCCESS\n"), "blanks", NO },
    { 200, CODE("success"), "letter-case", NO },
    { 200, CODE("Success"), "letter-case", NO },
    { 200, CODE("FAIL"), "fail", NO },
    { 201, CODE("FAIL"), "fail", NO },
    { 200, CODE("SUCCESS."), "other-code", NO },
    { 200, CODE("OK"), "other-code", NO },
    { 200, CODE("fail"), "other-code", NO },
    { 200, CODE(""), "no-return-code", NO },
    { 200, "<xml></xml>", "no-return-code", NO },
    { 200, "<xml><result_code>SUCCESS</result_code></xml>", "no-return-code", NO },
    { 200, "<xml><RETURN_CODE>SUCCESS</RETURN_CODE></xml>", "no-return-code", NO },
    { 200, "", "empty", NO },
    { 200, " \r\n", "empty", NO },
    { 200, "success", "plain-text", NO },
    { 200, "SUCCESS", "plain-text", NO },
    { 200, "OK", "plain-text", NO },
    { 200, "Notice: undefined index " CANONICAL, "plain-text", NO },
    { 200, "\\n" CANONICAL, "plain-text", NO },
    { 200, "{\"code\":\"SUCCESS\",\"message\":\"OK\"}", "json", NO },
    { 200, "[]", "json", NO },
    { 200, " {}", "json", NO },
    { 200, "<!DOCTYPE html><html><body>SUCCESS</body></html>", "html", NO },
    { 200, "<HTML><body>" CANONICAL "</body></HTML>", "html", NO },
    { 200, "<!DOCTYPE xml><xml><return_code>SUCCESS</return_code></xml>", "doctype", NO },
    { 200, CODE("\xb3\xc9\xb9\xa6"), "encoding", NO },
    { 200, "<xml>\\n<return_code>SUCCESS</return_code>\\n</xml>", "literal-newline", NO },
    { 200, "<xml><return_code>SUCCESS</return_code><return_code>FAIL</return_code></xml>",
      "duplicate", NO },
    { 200, "<return_code>SUCCESS</return_code>", "malformed", NO },
    { 200, "<xml><return_code>SUCCESS</return_code>", "malformed", NO },
    { 200, CANONICAL "<br />", "malformed", NO },
    { 200, "<br />\nWarning" CANONICAL, "malformed", NO },
    { 200, "<xml>trace<return_code>SUCCESS</return_code></xml>", "malformed", NO },
    { 200, "<xml><return_code>SUC<!-- -->CESS</return_code></xml>", "malformed", NO },
    { 204, "", "no-content", NO },
    { 204, CANONICAL, "no-content", NO },
    { 301, CANONICAL, "redirect", NO },
    { 302, "", "redirect", NO },
    { 307, CANONICAL, "redirect", NO },
    { 308, CANONICAL, "redirect", NO },
    { 400, CANONICAL, "error-status", NO },
    { 404, "<html></html>", "error-status", NO },
    { 419, "", "error-status", NO },
    { 500, CANONICAL, "error-status", NO },
    { 502, CODE("FAIL"), "error-status", NO },
    { 100, CANONICAL, "error-status", NO },
    { 0, CANONICAL, "error-status", NO },
};

START_TEST(every_answer_meets_its_row)
{
    struct view body = view_str(answers[_i].body);
    struct v2_ack lenient = v2_ack_judge(answers[_i].status, body, V2_ACK_LENIENT);
    struct v2_ack strict = v2_ack_judge(answers[_i].status, body, V2_ACK_STRICT);
    ck_assert_str_eq(lenient.row, answers[_i].row);
    ck_assert_str_eq(strict.row, answers[_i].row);
    ck_assert_int_eq(lenient.ok, answers[_i].ack != NO);
    ck_assert_int_eq(strict.ok, answers[_i].ack == YES);
    ck_assert_int_eq(lenient.warn != NULL, answers[_i].ack == LENIENT);
    ck_assert_ptr_null(strict.warn);
    ck_assert_ptr_nonnull(lenient.why);
}
END_TEST

START_TEST(an_answer_that_is_too_long_is_none)
{
    struct buf body = BUF_INIT(1 << 20);
    ck_assert_int_eq(buf_str(&body, BARE), 0);
    for (int i = 0; i < 70000; i++)
        ck_assert_int_eq(buf_byte(&body, ' '), 0);
    struct v2_ack ack = v2_ack_judge(200, buf_view(&body), V2_ACK_LENIENT);
    ck_assert(!ack.ok);
    ck_assert_str_eq(ack.row, "too-big");
    buf_release(&body);
}
END_TEST

START_TEST(without_memory_nothing_counts_as_an_acknowledgement)
{
    int64_t before = mem_live();
    ck_assert(v2_ack_judge(200, VIEW(CANONICAL), V2_ACK_LENIENT).ok); /* the reader exists now */
    before = mem_live();
    for (int64_t n = 1;; n++) {
        mem_fail_at(n);
        struct v2_ack ack = v2_ack_judge(200, VIEW(CANONICAL), V2_ACK_LENIENT);
        int refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(ack.ok, !refused);
        ck_assert_str_eq(ack.row, refused ? "unread" : "canonical");
        ck_assert_int_eq(mem_live(), before);
        if (!refused)
            break;
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

/* A row that no answer above reaches would be a row nobody tested. */
START_TEST(every_row_is_met_by_an_answer)
{
    for (size_t i = 0; v2_ack_row(i); i++) {
        const struct v2_ack_row *row = v2_ack_row(i);
        bool met = strcmp(row->id, "unread") == 0 || strcmp(row->id, "too-big") == 0;
        for (size_t k = 0; !met && k < COUNT(answers); k++)
            met = strcmp(answers[k].row, row->id) == 0;
        ck_assert_msg(met, "%s", row->id);
        ck_assert(row->lenient || !row->strict);
        ck_assert_int_eq(row->warn != NULL, row->lenient && !row->strict);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2_ack");
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, every_answer_meets_its_row, 0, COUNT(answers));
    tcase_add_test(table, an_answer_that_is_too_long_is_none);
    tcase_add_test(table, without_memory_nothing_counts_as_an_acknowledgement);
    tcase_add_test(table, every_row_is_met_by_an_answer);
    suite_add_tcase(suite, table);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner,
                            CK_NOFORK); /* hundreds of forks of a sanitized program are slow */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
