#include "results.h"

#include "base/err.h"
#include "base/mem.h"

enum verdict case_verdict(const struct case_result *result)
{
    enum verdict worst = VERDICT_NONE;
    for (size_t i = 0; i < result->ruling.count; i++) {
        if (result->ruling.findings[i].verdict > worst)
            worst = result->ruling.findings[i].verdict;
    }
    return worst;
}

bool waiver_over(const struct waiver *waiver, const char *today)
{
    return waiver->until[0] && strcmp(waiver->until, today) < 0;
}

static int decide_one(struct case_result *result, const struct case_def *def,
                      const struct transcript *transcript)
{
    bool all = def->flags & CASE_WATCHES_ALL;
    result->def = def;
    int err = story_of(&result->story, transcript, all ? NULL : def->id);
    if (err)
        return err;
    decide_case(def, &result->story, &result->ruling);
    result->took_ms =
        all ? -1 : fact_int(story_last(&result->story, "end", NULL, NULL), "/took_ms", -1);
    return 0;
}

static void count_finding(struct results *results, const struct case_result *result,
                          const struct finding *finding)
{
    for (size_t i = 0; i < results->rule_count; i++) {
        struct rule_result *row = &results->rules[i];
        if (strcmp(row->rule->id, finding->rule) != 0)
            continue;
        row->cases++;
        if (finding->verdict > row->verdict) {
            row->verdict = finding->verdict;
            row->finding = finding;
            row->decided_by = result->def;
        }
    }
}

static void waive(struct results *results, const struct results_input *input)
{
    for (size_t i = 0; i < results->rule_count; i++) {
        struct rule_result *row = &results->rules[i];
        for (size_t j = 0; j < input->waiver_count && row->verdict == VERDICT_FAIL; j++) {
            const struct waiver *waiver = &input->waivers[j];
            if (strcmp(waiver->rule, row->rule->id) == 0 && !waiver_over(waiver, input->today)) {
                row->waiver = waiver;
                row->verdict = VERDICT_WARN;
            }
        }
    }
}

/* Did the case itself see that a promised means is missing? A skip fact says that it never was promised. */
static bool promised_but_missing(const struct results *results, const struct rule_result *row)
{
    if (row->verdict != VERDICT_SKIP)
        return false;
    for (size_t i = 0; i < results->case_count; i++) {
        const struct case_result *result = &results->cases[i];
        if (result->def == row->decided_by)
            return !story_first(&result->story, "skip", NULL, NULL);
    }
    return false;
}

int results_exit_code(const struct results *results)
{
    bool undecided = false;

    if (results->count[VERDICT_FAIL])
        return 1;
    if (results->count[VERDICT_ERROR])
        return 4;
    for (size_t i = 0; i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->rule->level == RULE_MUST)
            undecided = undecided || row->verdict == VERDICT_INCONCLUSIVE ||
                        promised_but_missing(results, row);
    }
    return undecided ? 3 : 0;
}

int results_decide(struct results *results, const struct results_input *input)
{
    struct rule_book book = rule_book(input->api);
    *results = (struct results){
        .cases = mem_zalloc(input->case_count, sizeof(*results->cases)),
        .rules = mem_zalloc(book.count, sizeof(*results->rules)),
        .rule_count = book.count,
    };
    int err = results->cases && results->rules ? 0 : ERR_NOMEM;
    for (size_t i = 0; !err && i < book.count; i++)
        results->rules[i].rule = &book.rules[i];
    for (size_t i = 0; !err && i < input->case_count; i++) {
        err = decide_one(&results->cases[i], input->cases[i], input->transcript);
        results->case_count = i + 1;
    }
    if (err) {
        results_release(results);
        return err;
    }
    for (size_t i = 0; i < results->case_count; i++) {
        const struct case_result *result = &results->cases[i];
        for (size_t j = 0; j < result->ruling.count; j++)
            count_finding(results, result, &result->ruling.findings[j]);
    }
    waive(results, input);
    for (size_t i = 0; i < results->rule_count; i++)
        results->count[results->rules[i].verdict]++;
    results->exit_code = results_exit_code(results);
    return 0;
}

void results_release(struct results *results)
{
    for (size_t i = 0; results->cases && i < results->case_count; i++)
        story_release(&results->cases[i].story);
    mem_free(results->cases);
    mem_free(results->rules);
    *results = (struct results){};
}
