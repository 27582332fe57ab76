/* From facts to verdicts: handmade transcripts, and what becomes of each claim. */
#include "base/err.h"
#include "base/mem.h"
#include "case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* WX2-048 is a MUST, WX2-065 a SHOULD. The case's opinion is in a note, so that each row says it. */
static void decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *note = story_first(story, "note", NULL, NULL);
    const char *says = fact_str(note, "/value");

    if (strcmp(says, "holds") == 0)
        rule_holds(ruling, "WX2-048", note, "as it should");
    if (strcmp(says, "broken") == 0)
        rule_broken(ruling, "WX2-048", note, "broken by %s", says);
    if (strcmp(says, "should broken") == 0)
        rule_broken(ruling, "WX2-065", note, "late");
    if (strcmp(says, "departs") == 0)
        rule_departs(ruling, "WX2-048", note, "accepted in production");
    if (strcmp(says, "both") == 0) {
        rule_broken(ruling, "WX2-048", note, "worse");
        rule_holds(ruling, "WX2-048", note, "milder, and too late");
    }
}

static const struct case_def def = { .id = "test/one",
                                     .claims = { { "WX2-048", "it holds" },
                                                 { "WX2-065", "in time" } },
                                     .decide = decide };

#define LINE(kind, data)                                                                           \
    "{\"case\":\"test/one\",\"seq\":1,\"kind\":\"" kind                                            \
    "\",\"order\":\"\",\"label\":\"\",\"at_ms\":1,\"data\":" data "}\n"
#define NOTE(value) LINE("note", "{\"value\":\"" value "\"}")
#define TROUBLE(whose)                                                                             \
    LINE("trouble", "{\"whose\":\"" whose "\",\"why\":\"it broke\",\"during\":\"x\"}")
#define SKIP LINE("skip", "{\"reason\":\"no door\"}")
#define END  LINE("end", "{\"took_ms\":1,\"lost\":0}")
#define LOST LINE("end", "{\"took_ms\":1,\"lost\":3}")

static const struct {
    const char *facts;
    enum verdict first, second;
    const char *actual;
} rows[] = {
    { NOTE("holds") END, VERDICT_PASS, VERDICT_INCONCLUSIVE, "as it should" },
    { NOTE("broken") END, VERDICT_FAIL, VERDICT_INCONCLUSIVE, "broken by broken" },
    { NOTE("should broken") END, VERDICT_INCONCLUSIVE, VERDICT_WARN, "nothing that decides it" },
    { NOTE("departs") END, VERDICT_WARN, VERDICT_INCONCLUSIVE, "accepted in production" },
    { NOTE("both") END, VERDICT_FAIL, VERDICT_INCONCLUSIVE, "worse" },
    { SKIP END, VERDICT_SKIP, VERDICT_SKIP, "no door" },
    /* the merchant's trouble never makes an ERROR, and never hides what was seen before */
    { TROUBLE("merchant") END, VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, "it broke (x)" },
    { NOTE("broken") TROUBLE("merchant") END, VERDICT_FAIL, VERDICT_INCONCLUSIVE, "broken" },
    { SKIP TROUBLE("merchant") END, VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, "it broke" },
    /* our own trouble judges nobody */
    { NOTE("broken") TROUBLE("judge") END, VERDICT_ERROR, VERDICT_ERROR, "it broke" },
    { NOTE("holds") LOST, VERDICT_ERROR, VERDICT_ERROR, "3 exchange records were lost" },
    { NOTE("holds"), VERDICT_ERROR, VERDICT_ERROR, "no end" },
    { "", VERDICT_ERROR, VERDICT_ERROR, "no end" },
};

static void read_facts(struct transcript *t, const char *text)
{
    struct view rest = view_str(text);
    while (rest.len) {
        struct view next;
        struct view line = view_cut(rest, '\n', &next);
        ck_assert_int_eq(transcript_add_line(t, line), 0);
        rest = next;
    }
}

START_TEST(a_claim_is_settled_by_the_facts) /* looped over the table */
{
    struct transcript t = {};
    struct story story;
    struct ruling ruling;

    read_facts(&t, rows[_i].facts);
    ck_assert_int_eq(story_of(&story, &t, "test/one"), 0);
    decide_case(&def, &story, &ruling);
    ck_assert_uint_eq(ruling.count, 2);
    ck_assert_str_eq(verdict_name(ruling.findings[0].verdict), verdict_name(rows[_i].first));
    ck_assert_str_eq(verdict_name(ruling.findings[1].verdict), verdict_name(rows[_i].second));
    ck_assert_msg(strstr(ruling.findings[0].actual, rows[_i].actual) != NULL, "row %d: %s", _i,
                  ruling.findings[0].actual);
    story_release(&story);
    transcript_release(&t);
}
END_TEST

static const struct {
    int times[5];
    int lags[5];
    int count;
    enum timing timing;
} timings[] = {
    { { 900 }, { 1 }, 1, TIMING_KEPT },
    { { 6000, 6000, 6000 }, { 1, 2, 3 }, 3, TIMING_MISSED },
    { { 6000, 6000 }, { 1, 2 }, 2, TIMING_UNSURE },            /* two are no proof */
    { { 6000, 6000, 6000 }, { 1, 150, 3 }, 3, TIMING_UNSURE }, /* the judge itself was held up */
    { { 6000, 100, 6000 }, { 1, 2, 3 }, 3, TIMING_KEPT },      /* it can */
    { { 0 }, { 0 }, 0, TIMING_UNSURE },
    { { 5000, 5000, 5000 }, { 1, 1, 1 }, 3, TIMING_KEPT }, /* the limit itself is in time */
};

START_TEST(time_is_missed_only_three_times_and_on_a_steady_judge) /* looped over the table */
{
    struct transcript t = {};
    struct story story;
    const struct fact *worst;

    for (int i = 0; i < timings[_i].count; i++) {
        char line[400];
        snprintf(line, sizeof(line),
                 LINE("sent", "{\"took_ms\":%d}") LINE("lag", "{\"max_ms\":%d}"),
                 timings[_i].times[i], timings[_i].lags[i]);
        read_facts(&t, line);
    }
    ck_assert_int_eq(story_of(&story, &t, NULL), 0);
    struct timed timed = { "sent", "", "/took_ms", 5000 };
    ck_assert_int_eq(story_timing(&story, &timed, &worst), timings[_i].timing);
    story_release(&story);
    transcript_release(&t);
}
END_TEST

START_TEST(facts_are_found_by_kind_order_and_label)
{
    struct transcript t = {};
    struct story story;

    read_facts(&t, LINE("setup", "{\"account\":{\"api_key\":\"k\"}}")
                       LINE("exchange", "{\"door\":\"api\",\"api\":\"orderquery\"}")
                           LINE("exchange", "{\"door\":\"notification\"}")
                               LINE("exchange", "{\"door\":\"api\",\"api\":\"unifiedorder\"}"));
    ck_assert_int_eq(story_of(&story, &t, "test/one"), 0);
    const struct fact *first = story_call(&story, NULL, NULL, NULL);
    ck_assert_str_eq(fact_str(first, "/api"), "orderquery");
    ck_assert_str_eq(fact_str(story_call(&story, first, NULL, NULL), "/api"), "unifiedorder");
    ck_assert_ptr_null(story_call(&story, NULL, "closeorder", NULL));
    ck_assert_ptr_nonnull(story_delivery(&story, NULL, NULL));
    ck_assert_uint_eq(story_times(&story, "exchange", NULL, NULL), 3);
    ck_assert_str_eq(fact_str(story_setup(&story, first), "/account/api_key"), "k");
    ck_assert_str_eq(fact_str(NULL, "/api"), "");
    ck_assert_int_eq(fact_int(first, "/missing", -7), -7);
    story_release(&story);
    transcript_release(&t);
}
END_TEST

static const char *const no_facts[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"case\":\"a/b\",\"seq\":0,\"kind\":\"x\",\"data\":{}}",
    "{\"case\":\"a/b\",\"seq\":1,\"kind\":\"\",\"data\":{}}",
    "{\"case\":\"a/b\",\"seq\":1,\"kind\":\"x\",\"data\":[]}",
    "{\"case\":\"a/b\",\"seq\":1,\"kind\":\"x\"}",
};

START_TEST(a_line_that_is_no_fact_is_refused) /* looped over the table */
{
    struct transcript t = {};
    ck_assert_int_eq(transcript_add_line(&t, view_str(no_facts[_i])), ERR_SYNTAX);
    ck_assert_uint_eq(t.count, 0);
    transcript_release(&t);
}
END_TEST

static const struct {
    const char *pointer, *value;
} pointers[] = {
    { "", "{\"a\":[1,{\"b/c\":\"x\"}]}" },
    { "/a/0", "1" },
    { "/a/1/b~1c", "\"x\"" },
    { "/a/2", NULL },
    { "/a/-1", NULL },
    { "/b", NULL },
    { "a", NULL },
    { "/a/00", NULL },
    { "/a~2", NULL },
};

START_TEST(a_pointer_names_one_value) /* looped over the table */
{
    json_t *value = json_loads("{\"a\":[1,{\"b/c\":\"x\"}]}", 0, NULL);
    const json_t *found = json_pointer(value, pointers[_i].pointer);
    struct buf text = BUF_INIT(1000);

    ck_assert(!found == !pointers[_i].value);
    if (found) {
        ck_assert_int_eq(json_text(found, JSON_COMPACT, &text), 0);
        ck_assert_str_eq(buf_cstr(&text), pointers[_i].value);
    }
    buf_release(&text);
    json_decref(value);
}
END_TEST

/* Whatever byte meets the ceiling: text that lacks its end is never handed on as whole. */
START_TEST(json_that_does_not_fit_is_an_error) /* looped over the ceilings */
{
    const char *whole = "{\"a\":[1,2.5,\"x\\ny\",{\"b\":null}],\"c\":{},\"d\":[]}";
    json_t *value = json_loads(whole, 0, NULL);
    struct buf text = BUF_INIT((size_t)_i);
    int err = json_text(value, JSON_COMPACT, &text);

    ck_assert_int_eq(err, (size_t)_i < strlen(whole) ? ERR_TOO_LONG : 0);
    if (!err)
        ck_assert_str_eq(buf_cstr(&text), whole);
    buf_release(&text);
    json_decref(value);
}
END_TEST

static const struct {
    const char *text, *hidden;
} secrets_rows[] = {
    { "pass=hun ter+2&x", "pass=[hidden env:PW]&x" },
    { "a=hun%20ter%2B2", "a=[hidden env:PW]" },
    { "a=hun+ter%2B2", "a=[hidden env:PW]" },
    { "Basic aHVuIHRlcisyxx", "Basic [hidden env:PW]xx" },
    { "nothing here", "nothing here" },
    { "hun ter+2hun ter+2", "[hidden env:PW][hidden env:PW]" },
};

START_TEST(a_secret_is_hidden_in_every_dress) /* looped over the table */
{
    struct secrets secrets = {};
    struct buf out = BUF_INIT(1000);

    ck_assert_int_eq(secrets_add(&secrets, "PW", "hun ter+2"), 0);
    ck_assert_int_eq(secrets_hide(&secrets, view_str(secrets_rows[_i].text), &out), 0);
    ck_assert_str_eq(buf_cstr(&out), secrets_rows[_i].hidden);
    secrets_release(&secrets);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tcase = tcase_create("verdict");
    tcase_add_loop_test(tcase, a_claim_is_settled_by_the_facts, 0, COUNT(rows));
    tcase_add_loop_test(tcase, time_is_missed_only_three_times_and_on_a_steady_judge, 0,
                        COUNT(timings));
    tcase_add_test(tcase, facts_are_found_by_kind_order_and_label);
    tcase_add_loop_test(tcase, a_line_that_is_no_fact_is_refused, 0, COUNT(no_facts));
    tcase_add_loop_test(tcase, a_pointer_names_one_value, 0, COUNT(pointers));
    /* 44 bytes: to just past the whole text */
    tcase_add_loop_test(tcase, json_that_does_not_fit_is_an_error, 0, 46);
    tcase_add_loop_test(tcase, a_secret_is_hidden_in_every_dress, 0, COUNT(secrets_rows));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
