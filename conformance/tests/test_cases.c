/*
 * The programme is complete and consistent, and the subtle verdicts are just: handmade transcripts of
 * merchants in other shapes than the reference's, who are right and must not be failed.
 */
#include "base/mem.h"
#include "case.h"
#include "rules.h"

#include <check.h>
#include <stdlib.h>

static size_t cases_of(const char *rule)
{
    size_t count = 0;

    for (size_t i = 0; i < case_count(); i++)
        for (size_t k = 0; k < CASE_CLAIMS_MAX && case_at(i)->claims[k].rule; k++)
            count += strcmp(case_at(i)->claims[k].rule, rule) == 0;
    return count;
}

START_TEST(every_rule_has_a_case_or_a_reason_and_never_both)
{
    ck_assert_uint_eq(rule_book(API_V2).count, 120);
    ck_assert_uint_eq(rule_book(API_V3).count, 73);
    for (enum api api = API_V2; api < APIS; api++) {
        struct rule_book book = rule_book(api);
        for (size_t i = 0; i < book.count; i++)
            ck_assert_msg((cases_of(book.rules[i].id) == 0) == (book.rules[i].not_tested != NULL),
                          "%s", book.rules[i].id);
    }
}
END_TEST

START_TEST(every_case_is_well_formed_and_its_name_its_own)
{
    ck_assert_uint_ge(case_count(), 45);
    for (size_t i = 0; i < case_count(); i++) {
        const struct case_def *def = case_at(i);
        ck_assert_msg(strchr(def->id, '/') && def->experiment && def->decide, "%s", def->id);
        ck_assert_msg((def->run == NULL) == ((def->flags & CASE_WATCHES_ALL) != 0), "%s", def->id);
        ck_assert_msg(def->claims[0].rule != NULL, "%s", def->id);
        for (size_t k = 0; k < CASE_CLAIMS_MAX && def->claims[k].rule; k++)
            ck_assert_msg(rule_find(view_str(def->claims[k].rule)) && def->claims[k].expected, "%s",
                          def->id);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(case_at(k)->id, def->id);
    }
    ck_assert_ptr_null(case_at(case_count()));
}
END_TEST

/* ---- just verdicts -------------------------------------------------------------------------- */

#define F(kind, label, data)                                                                       \
    "{\"case\":\"t\",\"seq\":1,\"kind\":\"" kind "\",\"order\":\"o1\",\"label\":\"" label          \
    "\",\"at_ms\":1,\"data\":" data "}\n"
#define SETUP(asks) F("setup", "", "{\"expect\":{\"status_asks_platform\":" asks "}}")
#define STATUS(label, state, shipped)                                                              \
    F("status", label, "{\"state\":\"" state "\",\"shown\":\"" state "\",\"shipped\":" shipped "}")
#define WHAT F("note", "what", "{\"value\":\"a forgery\"}")
#define SENT(label, status, body)                                                                  \
    F("sent", label, "{\"answer\":{\"status\":" status ",\"body\":\"" body "\"}}")
#define SILENT F("sent", "forged", "{\"answer\":{\"error\":\"timeout\"}}")
#define ACK    "<xml><return_code>SUCCESS</return_code></xml>"
#define NACK   "<xml><return_code>FAIL</return_code></xml>"
#define CALL(api, at, answer)                                                                      \
    F("exchange", "",                                                                              \
      "{\"door\":\"api\",\"api\":\"" api "\",\"real_ms\":" at ",\"answer\":{\"body\":\"" answer    \
      "\"}}")
#define FAULTY(api, fault)                                                                         \
    F("exchange", "",                                                                              \
      "{\"door\":\"api\",\"api\":\"" api "\",\"fault\":\"" fault "\",\"answer\":{\"body\":\"\"}}")
#define CLAIM  F("fetch", "claim", "{\"answer\":{\"status\":200}}")
#define UNMADE F("create", "", "{\"created\":false}")
#define DELIVERY(status, body)                                                                     \
    F("exchange", "",                                                                              \
      "{\"door\":\"notification\",\"real_ms\":100,\"duration_us\":50000,\"answer\":{"              \
      "\"status\":" status ",\"body\":\"" body "\"}}")
#define REDIRECT                                                                                   \
    F("exchange", "", "{\"door\":\"notification\",\"answer\":{\"status\":302,\"body\":\"\"}}")
#define NOBODY                                                                                     \
    F("exchange", "", "{\"door\":\"notification\",\"answer\":null,\"error\":\"ECONNREFUSED\"}")
#define QR(content, how) F("qr", "qr", "{\"content\":" content ",\"how\":\"" how "\"}")
#define MADE             F("create", "", "{\"created\":true,\"code_url\":\"weixin://a&b\"}")
#define CLOSED_PAID      "<xml><err_code>ORDERPAID</err_code></xml>"

static const struct {
    const char *case_id, *rule, *facts;
    enum verdict verdict;
} rows[] = {
    /* a forgery: FAIL and silence are safe, SUCCESS is not, settling is worst */
    { "forged/digit", "WX2-048",
      WHAT STATUS("before", "pending", "0") SILENT STATUS("after", "pending", "0"), VERDICT_PASS },
    { "forged/digit", "WX2-049",
      WHAT STATUS("before", "pending", "0") SILENT STATUS("after", "pending", "0"), VERDICT_PASS },
    { "forged/digit", "WX2-049", WHAT SENT("forged", "200", NACK), VERDICT_PASS },
    { "forged/digit", "WX2-049", WHAT SENT("forged", "200", ACK), VERDICT_FAIL },
    { "forged/digit", "WX2-048",
      WHAT STATUS("before", "pending", "0") SENT("forged", "200", ACK) STATUS("after", "paid", "1"),
      VERDICT_FAIL },
    { "forged/digit", "WX2-048",
      WHAT STATUS("before", "pending", "0") STATUS("after", "pending", "1"),
      VERDICT_FAIL }, /* the word is innocent, the goods are gone */
    { "forged/digit", "WX2-048", WHAT STATUS("before", "paid", "1") STATUS("after", "paid", "1"),
      VERDICT_INCONCLUSIVE },
    { "forged/digit", "WX2-048",
      WHAT STATUS("before", "pending", "0") STATUS("after", "unreadable", "null"),
      VERDICT_INCONCLUSIVE },
    /* a genuine message in another shape */
    { "shape/new-field", "WX2-050",
      SETUP("false") DELIVERY("200", ACK) STATUS("after", "paid", "1"), VERDICT_PASS },
    { "shape/new-field", "WX2-050",
      SETUP("false") DELIVERY("200", NACK) STATUS("after", "pending", "0"), VERDICT_FAIL },
    { "shape/new-field", "WX2-050",
      SETUP("false") DELIVERY("200", NACK) STATUS("after", "paid", "1"),
      VERDICT_FAIL }, /* refused, and found by a query later */
    { "shape/new-field", "WX2-050",
      SETUP("true") DELIVERY("200", NACK) CALL("orderquery", "120", "")
          STATUS("after", "pending", "0"),
      VERDICT_INCONCLUSIVE }, /* it asks before it believes, and was lied to by the experiment */
    { "shape/new-field", "WX2-050",
      SETUP("true") DELIVERY("200", NACK) CALL("orderquery", "900", "")
          STATUS("after", "pending", "0"),
      VERDICT_FAIL }, /* the question came later: the refusal was its own */
    { "shape/new-field", "WX2-050",
      SETUP("false") DELIVERY("200", "success") STATUS("after", "paid", "1"),
      VERDICT_PASS }, /* the wrong words are another rule's */
    /* goods that cannot be counted */
    { "notify/duplicate", "WX2-056",
      STATUS("first", "paid", "null") STATUS("after", "paid", "null"), VERDICT_INCONCLUSIVE },
    { "notify/duplicate", "WX2-056", STATUS("first", "paid", "1") STATUS("after", "paid", "1"),
      VERDICT_PASS },
    { "notify/duplicate", "WX2-056", STATUS("first", "paid", "1") STATUS("after", "paid", "2"),
      VERDICT_FAIL },
    { "notify/duplicate-parallel", "WX2-057", STATUS("after", "paid", "null"),
      VERDICT_INCONCLUSIVE },
    /* the way to the handler */
    { "notify/paid", "WX2-041", DELIVERY("200", ACK), VERDICT_PASS },
    { "notify/paid", "WX2-041", REDIRECT, VERDICT_FAIL },
    { "notify/paid", "WX2-041", DELIVERY("500", ""), VERDICT_INCONCLUSIVE },
    { "notify/paid", "WX2-041", NOBODY, VERDICT_INCONCLUSIVE }, /* a profile without notify_hosts */
    { "notify/paid", "WX2-045", DELIVERY("200", "success"), VERDICT_FAIL },
    { "notify/paid", "WX2-046", DELIVERY("200", "<?xml version='1.0'?>" ACK), VERDICT_WARN },
    { "notify/paid", "WX2-046", DELIVERY("200", "<html>" ACK "</html>"), VERDICT_FAIL },
    /* a late payment: three ways to be right, two to be wrong */
    { "notify/after-close", "WX2-059",
      STATUS("closed", "closed", "0") STATUS("after", "closed", "0"), VERDICT_PASS },
    { "notify/after-close", "WX2-059",
      STATUS("closed", "closed", "null") STATUS("after", "refunded", "null"), VERDICT_PASS },
    { "notify/after-close", "WX2-059", STATUS("closed", "closed", "0") STATUS("after", "paid", "1"),
      VERDICT_WARN },
    { "notify/after-close", "WX2-059",
      STATUS("closed", "closed", "0") STATUS("after", "closed", "1"), VERDICT_FAIL },
    { "notify/after-close", "WX2-059", STATUS("closed", "closed", "0") STATUS("after", "paid", "3"),
      VERDICT_FAIL },
    /* ORDERPAID at close */
    { "close/orderpaid", "WX2-067",
      CALL("closeorder", "1", CLOSED_PAID) STATUS("after", "closed", "0"), VERDICT_FAIL },
    { "close/orderpaid", "WX2-067",
      CALL("closeorder", "1", CLOSED_PAID) CALL("refund", "2", "") STATUS("after", "closed", "0"),
      VERDICT_INCONCLUSIVE }, /* it gives the money back */
    { "close/orderpaid", "WX2-067", STATUS("after", "closed", "0"), VERDICT_INCONCLUSIVE },
    /* pictures */
    { "qr/content", "WX2-089", MADE QR("\"weixin://a&b\"", "none"), VERDICT_PASS },
    { "qr/content", "WX2-089", MADE QR("\"weixin://a&b\"", "scaled"), VERDICT_WARN },
    { "qr/content", "WX2-089", MADE QR("null", ""), VERDICT_INCONCLUSIVE },
    { "qr/content", "WX2-089", MADE QR("\"weixin://a\"", "none"), VERDICT_FAIL },
    /* nothing was asked, nothing is known */
    { "query/other-amount", "WX2-071",
      STATUS("before", "pending", "0") STATUS("after", "pending", "0"), VERDICT_INCONCLUSIVE },
    { "query/polls", "WX2-093", STATUS("poll", "pending", "0"), VERDICT_INCONCLUSIVE },
    /* V3: a refusal is a status, silence is no acknowledgement, and a redirect is no refusal */
    { "v3/forged/signature", "WX3-040",
      WHAT SENT("forged", "401", "") STATUS("after", "pending", "0"), VERDICT_PASS },
    { "v3/forged/signature", "WX3-040", WHAT SENT("forged", "200", "FAIL"), VERDICT_FAIL },
    { "v3/forged/signature", "WX3-040", WHAT SENT("forged", "302", ""), VERDICT_FAIL },
    { "v3/forged/signature", "WX3-040", WHAT SILENT, VERDICT_INCONCLUSIVE },
    { "v3/forged/signature", "WX3-035",
      WHAT STATUS("before", "pending", "0") SENT("forged", "200", "")
          STATUS("after", "pending", "0"),
      VERDICT_PASS }, /* the wrong answer is another rule's */
    { "v3/forged/signature", "WX3-035",
      WHAT STATUS("before", "pending", "0") SENT("forged", "401", "") STATUS("after", "paid", "1"),
      VERDICT_FAIL },
    { "v3/forged/stale", "WX3-037",
      WHAT STATUS("before", "pending", "0") STATUS("after", "paid", "1"), VERDICT_WARN },
    /* 200 and 204 acknowledge, with any body; 201 does not */
    { "v3/notify/paid", "WX3-039", DELIVERY("204", ""), VERDICT_PASS },
    { "v3/notify/paid", "WX3-039", DELIVERY("200", "whatever"), VERDICT_PASS },
    { "v3/notify/paid", "WX3-039", DELIVERY("201", ""), VERDICT_FAIL },
    { "v3/notify/paid", "WX3-049", REDIRECT, VERDICT_FAIL },
    { "v3/notify/paid", "WX3-049", NOBODY, VERDICT_INCONCLUSIVE },
    /* a genuine message refused by one that was kept from the truth proves nothing */
    { "v3/seal/given", "WX3-046", SETUP("false") SENT("genuine", "500", ""), VERDICT_FAIL },
    { "v3/seal/given", "WX3-046", SETUP("true") SENT("genuine", "500", ""), VERDICT_INCONCLUSIVE },
    { "v3/seal/given", "WX3-046",
      SETUP("false") SENT("genuine", "204", "") STATUS("after", "pending", "0"), VERDICT_FAIL },
    { "v3/seal/given", "WX3-046",
      SETUP("false") SENT("genuine", "204", "") STATUS("after", "paid", "1"), VERDICT_PASS },
    /* an answer that never met the fault decides nothing */
    { "v3/answer/wrong-signature", "WX3-011",
      STATUS("before", "pending", "0") CALL("v3/query", "1", "") STATUS("after", "paid", "1"),
      VERDICT_INCONCLUSIVE },
    { "v3/answer/wrong-signature", "WX3-011",
      STATUS("before", "pending", "0") FAULTY("v3/query", "wrong_sign")
          STATUS("after", "paid", "1"),
      VERDICT_FAIL },
    { "v3/answer/wrong-signature", "WX3-011",
      STATUS("before", "pending", "0") FAULTY("v3/query", "wrong_sign")
          STATUS("after", "pending", "0"),
      VERDICT_PASS },
    { "v3/answer/unknown-serial", "WX3-014",
      STATUS("before", "pending", "0") FAULTY("v3/query", "unknown_serial")
          STATUS("after", "paid", "1"),
      VERDICT_WARN },
    /* believing a forged 204 shows in what does not follow */
    { "v3/close/forged", "WX3-016", FAULTY("v3/close", "wrong_sign") STATUS("after", "closed", "0"),
      VERDICT_WARN },
    { "v3/close/forged", "WX3-016",
      FAULTY("v3/close", "wrong_sign") CALL("v3/query", "2", "") STATUS("after", "closed", "0"),
      VERDICT_PASS },
    /* nobody paid: whatever it looked like before, paid is wrong */
    { "v3/query/claimed", "WX3-052", CLAIM STATUS("after", "paid", "1"), VERDICT_FAIL },
    { "v3/query/claimed", "WX3-052", CLAIM STATUS("after", "pending", "0"), VERDICT_PASS },
    { "v3/query/claimed", "WX3-052", STATUS("after", "pending", "0"), VERDICT_SKIP },
    /* no certificate was ever fetched: the merchant was given its keys */
    { "v3/certificate/stranger", "WX3-020", MADE, VERDICT_SKIP },
    { "v3/certificate/stranger", "WX3-020", FAULTY("v3/certificates", "rogue_key") MADE,
      VERDICT_FAIL },
    { "v3/certificate/stranger", "WX3-020", FAULTY("v3/certificates", "rogue_key") UNMADE,
      VERDICT_PASS },
};

static void read_facts(struct transcript *t, const char *facts)
{
    static const char end[] = F("end", "", "{\"took_ms\":1,\"lost\":0}");
    struct view rest = view_str(facts);

    while (rest.len) {
        struct view line = view_cut(rest, '\n', &rest);
        ck_assert_msg(!transcript_add_line(t, line), "%.*s", VIEW_ARG(line));
    }
    ck_assert(!transcript_add_line(t, (struct view){ end, sizeof(end) - 2 }));
}

static const struct case_def *find_case(const char *id)
{
    for (size_t i = 0; i < case_count(); i++)
        if (strcmp(case_at(i)->id, id) == 0)
            return case_at(i);
    ck_abort_msg("no case %s", id);
}

START_TEST(a_merchant_of_another_shape_gets_a_just_verdict) /* looped over the table */
{
    struct transcript t = {};
    struct story story;
    struct ruling ruling = {};
    const struct finding *finding = NULL;

    read_facts(&t, rows[_i].facts);
    ck_assert_int_eq(story_of(&story, &t, "t"), 0);
    decide_case(find_case(rows[_i].case_id), &story, &ruling);
    for (size_t i = 0; i < ruling.count; i++)
        if (strcmp(ruling.findings[i].rule, rows[_i].rule) == 0)
            finding = &ruling.findings[i];
    ck_assert_ptr_nonnull(finding);
    ck_assert_msg(finding->verdict == rows[_i].verdict, "row %d, %s: %s instead of %s: %s", _i,
                  rows[_i].case_id, verdict_name(finding->verdict), verdict_name(rows[_i].verdict),
                  finding->actual);
    story_release(&story);
    transcript_release(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cases");
    TCase *all = tcase_create("all");

    tcase_add_test(all, every_rule_has_a_case_or_a_reason_and_never_both);
    tcase_add_test(all, every_case_is_well_formed_and_its_name_its_own);
    tcase_add_loop_test(all, a_merchant_of_another_shape_gets_a_just_verdict, 0, (int)COUNT(rows));
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
