/*
 * report_json.c — the report for programs; docs/report.schema.json describes it.
 */
#include "base/clock.h"
#include "base/err.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *evidence_json(const struct finding *finding)
{
    json_t *list = json_array();
    for (size_t i = 0; i < finding->evidence_count; i++) {
        char place[200];
        snprintf(place, sizeof(place), "%s#%" PRId64, finding->evidence[i]->case_id,
                 finding->evidence[i]->seq);
        json_array_append_new(list, json_string(place));
    }
    return list;
}

static json_t *text_json(const char *text)
{
    json_t *value = json_string(text);
    return value ? value : json_string("(not UTF-8)");
}

static json_t *claims_json(const struct case_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->ruling.count; i++) {
        const struct finding *finding = &result->ruling.findings[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "rule", finding->rule, "verdict",
                            verdict_name(finding->verdict), "expected", finding->expected, "actual",
                            text_json(finding->actual), "evidence", evidence_json(finding)));
    }
    return list;
}

static json_t *cases_json(const struct results *results)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->case_count; i++) {
        const struct case_result *result = &results->cases[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", result->def->id, "verdict",
                      verdict_name(case_verdict(result)), "experiment", result->def->experiment,
                      "took_ms",
                      result->took_ms < 0 ? json_null() : json_integer((json_int_t)result->took_ms),
                      "claims", claims_json(result)));
    }
    return list;
}

static json_t *waiver_json(const struct waiver *waiver)
{
    if (!waiver)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:o}", "rule", waiver->rule, "why", waiver->why, "who",
                     waiver->who, "until",
                     waiver->until[0] ? json_string(waiver->until) : json_null());
}

static json_t *rules_json(const struct results *results)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->verdict == VERDICT_NONE)
            continue;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", row->rule->id,
                      "level", rule_level_name(row->rule->level), "verdict",
                      verdict_name(row->verdict), "sentence", row->rule->sentence, "source",
                      row->rule->source, "case", row->decided_by->id, "expected",
                      row->finding->expected, "actual", text_json(row->finding->actual), "evidence",
                      evidence_json(row->finding), "waiver", waiver_json(row->waiver)));
    }
    return list;
}

static json_t *not_tested_json(const struct results *results)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->verdict == VERDICT_NONE)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id", row->rule->id, "level",
                                                  rule_level_name(row->rule->level), "why",
                                                  not_tested_reason(row)));
    }
    return list;
}

static json_t *summary_json(const struct results *results)
{
    json_t *object = json_object();
    for (enum verdict v = VERDICT_SKIP; v <= VERDICT_FAIL; v++)
        json_object_set_new(object, verdict_name(v), json_integer((json_int_t)results->count[v]));
    json_object_set_new(object, "not_tested",
                        json_integer((json_int_t)results->count[VERDICT_NONE]));
    return object;
}

static json_t *pictures_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->picture_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "file", report->pictures[i].file,
                                              "sha256", report->pictures[i].sha256));
    return list;
}

static json_t *waivers_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->waiver_count; i++)
        json_array_append_new(list, waiver_json(&report->waivers[i]));
    return list;
}

int report_json(const struct report *report, struct buf *out)
{
    char started_at[CN_TIME_ISO_LEN + 1];
    char seed[24];

    cn_time_iso(report->started_ms, started_at);
    snprintf(seed, sizeof(seed), "%" PRIu64, report->seed);
    json_t *head = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s?, s:{s:s, s:s}, s:{s:s, s:s, s:I}}", "report",
        1, "program", "wxpay-conformance", "version", report->version, "api", report->api,
        "started_at", started_at, "today", report->today, "seed", seed, "took_ms",
        (json_int_t)report->took_ms, "only", report->only, "profile", "name", report->profile_name,
        "sha256", report->profile_sha256, "transcript", "file", "transcript.jsonl", "sha256",
        report->transcript_sha256, "facts", (json_int_t)report->transcript->count);
    if (!head)
        return ERR_NOMEM;
    int bad = json_object_set_new(head, "statement", json_string(report_statement)) ||
              json_object_set_new(head, "exit_code", json_integer(report->results->exit_code)) ||
              json_object_set_new(head, "summary", summary_json(report->results)) ||
              json_object_set_new(head, "rules", rules_json(report->results)) ||
              json_object_set_new(head, "cases", cases_json(report->results)) ||
              json_object_set_new(head, "not_tested", not_tested_json(report->results)) ||
              json_object_set_new(head, "waivers", waivers_json(report)) ||
              json_object_set_new(head, "pictures", pictures_json(report));
    int err = bad ? ERR_NOMEM : json_text(head, JSON_INDENT(1), out);
    json_decref(head);
    return err ? err : buf_byte(out, '\n');
}
