/*
 * report_html.c — the report for people: one file, no network, evidence folded under each verdict.
 * Everything that came from the merchant is text, never markup.
 */
#include "base/clock.h"
#include "base/err.h"
#include "report.h"
#include "report_page.h"

#include <inttypes.h>
#include <stdio.h>

#define SHOWN_BODY_MAX ((size_t)16 * 1024)

static int text(struct buf *out, const char *value)
{
    return markup_escape(view_str(value), out);
}

/* <tag>escaped</tag> */
static int element(struct buf *out, const char *tag, const char *value)
{
    int err = buf_fmt(out, "<%s>", tag);
    if (!err)
        err = text(out, value);
    return err ? err : buf_fmt(out, "</%s>\n", tag);
}

static int term(struct buf *out, const char *name, const char *value)
{
    int err = element(out, "dt", name);
    return err ? err : element(out, "dd", value);
}

/* ---- evidence ------------------------------------------------------------------------------------ */

static int headers(struct buf *out, const json_t *message)
{
    const json_t *list = json_object_get(message, "headers");
    size_t i;
    json_t *line;
    int err = 0;

    json_array_foreach(list, i, line)
    {
        const char *name = json_string_value(json_array_get(line, 0));
        const char *value = json_string_value(json_array_get(line, 1));
        if (!err)
            err = text(out, name ? name : "?");
        if (!err)
            err = buf_str(out, ": ");
        if (!err)
            err = text(out, value ? value : "?");
        if (!err)
            err = buf_byte(out, '\n');
    }
    return err;
}

static int body(struct buf *out, const json_t *message)
{
    const char *value = json_string_value(json_object_get(message, "body"));
    const char *coded = json_string_value(json_object_get(message, "body_base64"));
    const json_t *json = json_object_get(message, "json");
    struct view shown = view_str(value ? value : coded ? coded : "");
    int err = 0;

    if (json && !json_is_null(json)) {
        struct buf pretty = BUF_INIT(REPORT_MAX);
        err = json_text(json, JSON_INDENT(2), &pretty);
        if (!err)
            err = markup_escape(buf_view(&pretty), out);
        buf_release(&pretty);
        return err;
    }
    if (!value && coded)
        err = buf_str(out, "(base64) ");
    bool cut = shown.len > SHOWN_BODY_MAX;
    if (cut) {
        shown.len = SHOWN_BODY_MAX;
        while (shown.len && ((unsigned char)shown.ptr[shown.len] & 0xC0) == 0x80)
            shown.len--;
    }
    if (!err)
        err = markup_escape(shown, out);
    if (!err && cut)
        err = buf_str(out, "\n… cut here; the transcript has it whole");
    return err;
}

static int request(struct buf *out, const json_t *message)
{
    static const char *const places[] = { "url", "target", "path" };
    const char *method = json_string_value(json_object_get(message, "method"));
    int err = text(out, method ? method : "");

    for (size_t i = 0; !err && i < sizeof(places) / sizeof(places[0]); i++) {
        const char *place = json_string_value(json_object_get(message, places[i]));
        if (!place)
            continue;
        err = buf_byte(out, ' ');
        if (!err)
            err = text(out, place);
        break;
    }
    if (!err)
        err = buf_byte(out, '\n');
    if (!err)
        err = headers(out, message);
    if (!err)
        err = buf_byte(out, '\n');
    return err ? err : body(out, message);
}

static int answer(struct buf *out, const json_t *message)
{
    const json_t *status = json_object_get(message, "status");
    const char *error = json_string_value(json_object_get(message, "error"));
    int err = buf_fmt(out, "\n\n── answer: %lld ", (long long)json_integer_value(status));

    if (!err && error)
        err = text(out, error);
    if (!err)
        err = buf_byte(out, '\n');
    if (!err)
        err = headers(out, message);
    if (!err)
        err = buf_byte(out, '\n');
    return err ? err : body(out, message);
}

/* A fact that is no exchange: its data as JSON. */
static int plain_data(struct buf *out, const struct fact *fact)
{
    struct buf pretty = BUF_INIT(REPORT_MAX);
    int err = json_text(fact->data, JSON_INDENT(2), &pretty);
    struct view shown = buf_view(&pretty);

    if (shown.len > SHOWN_BODY_MAX)
        shown.len = SHOWN_BODY_MAX;
    while (shown.len && shown.len < pretty.len &&
           ((unsigned char)shown.ptr[shown.len] & 0xC0) == 0x80)
        shown.len--;
    if (!err)
        err = markup_escape(shown, out);
    buf_release(&pretty);
    return err;
}

static int evidence(struct buf *out, const struct fact *fact)
{
    struct buf line = BUF_INIT(REPORT_MAX);
    const json_t *asked = fact_get(fact, "/request");
    int err = fact_summary(fact, &line);

    if (!err)
        err = buf_fmt(out, "<details class=fact><summary><span class=mono>#%" PRId64 "</span> ",
                      fact->seq);
    if (!err)
        err = markup_escape(buf_view(&line), out);
    if (!err)
        err = buf_str(out, "</summary><pre>");
    if (!err && asked) {
        err = request(out, asked);
        if (!err)
            err = answer(out, fact_get(fact, "/answer"));
    } else if (!err) {
        err = plain_data(out, fact);
    }
    buf_release(&line);
    return err ? err : buf_str(out, "</pre></details>\n");
}

/* ---- rules ------------------------------------------------------------------------------------------ */

static int rule_head(struct buf *out, const struct rule_result *row)
{
    const char *verdict = verdict_name(row->verdict);
    bool red = row->verdict == VERDICT_FAIL || row->verdict == VERDICT_ERROR;
    int err = buf_fmt(out,
                      "<details class=rule data-verdict=%s%s id=%s><summary><span class=mono>%s"
                      "</span><span class=dim>%s</span><span class=\"verdict %s\">%s</span><span>",
                      verdict, red ? " open" : "", row->rule->id, row->rule->id,
                      rule_level_name(row->rule->level), verdict, verdict);
    if (!err)
        err = text(out, row->rule->sentence);
    if (!err && row->waiver)
        err = buf_str(out, "<span class=tag>waived</span>");
    return err ? err : buf_str(out, "</span></summary><div class=inside>\n<dl>\n");
}

static int waiver_text(struct buf *out, const struct waiver *waiver)
{
    char line[600];
    snprintf(line, sizeof(line), "%s (%s%s%s)", waiver->why, waiver->who,
             waiver->until[0] ? ", until " : "", waiver->until);
    return term(out, "waived", line);
}

static int rule_block(struct buf *out, const struct rule_result *row)
{
    int err = rule_head(out, row);

    if (!err)
        err = term(out, "experiment", row->decided_by->experiment);
    if (!err)
        err = term(out, "expected", row->finding->expected);
    if (!err)
        err = term(out, "actual", row->finding->actual);
    if (!err)
        err = term(out, "case", row->decided_by->id);
    if (!err && row->verdict > VERDICT_PASS)
        err = term(out, "why", row->rule->why);
    if (!err && row->verdict > VERDICT_PASS)
        err = term(out, "repair", row->rule->repair);
    if (!err)
        err = term(out, "source", row->rule->source);
    if (!err && row->waiver)
        err = waiver_text(out, row->waiver);
    if (!err)
        err = buf_str(out, "</dl>\n");
    for (size_t i = 0; !err && i < row->finding->evidence_count; i++)
        err = evidence(out, row->finding->evidence[i]);
    return err ? err : buf_str(out, "</div></details>\n");
}

static int rules_section(struct buf *out, const struct results *results)
{
    static const enum verdict order[] = { VERDICT_FAIL, VERDICT_ERROR, VERDICT_INCONCLUSIVE,
                                          VERDICT_WARN, VERDICT_PASS,  VERDICT_SKIP };
    int err = buf_str(out, "<h2>Rules</h2>\n<input id=find type=search placeholder=\"Find a rule, "
                           "a word, a header …\" aria-label=\"Find\">\n<div class=rules>\n");
    for (size_t v = 0; v < sizeof(order) / sizeof(order[0]); v++) {
        for (size_t i = 0; !err && i < results->rule_count; i++) {
            if (results->rules[i].verdict == order[v])
                err = rule_block(out, &results->rules[i]);
        }
    }
    return err ? err : buf_str(out, "</div>\n");
}

static int not_tested(struct buf *out, const struct results *results)
{
    int err = buf_fmt(out,
                      "<h2>Not tested</h2>\n<p class=dim>%zu rules about which this report says "
                      "nothing.</p>\n<table>\n",
                      results->count[VERDICT_NONE]);
    for (size_t i = 0; !err && i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->verdict != VERDICT_NONE)
            continue;
        err = buf_fmt(out, "<tr><td class=mono>%s<td class=dim>%s<td>", row->rule->id,
                      rule_level_name(row->rule->level));
        if (!err)
            err = text(out, row->rule->sentence);
        if (!err)
            err = buf_str(out, "<br><span class=dim>");
        if (!err)
            err = text(out, not_tested_reason(row));
        if (!err)
            err = buf_str(out, "</span>\n");
    }
    return err ? err : buf_str(out, "</table>\n");
}

/* ---- head and foot -------------------------------------------------------------------------------------- */

static int banner(struct buf *out, const struct results *results)
{
    const char *kind = "", *said = "Every MUST that was tested is kept.";

    if (results->count[VERDICT_FAIL]) {
        kind = " bad";
        said = "This merchant breaks rules on which money depends.";
    } else if (results->count[VERDICT_ERROR]) {
        kind = " bad";
        said = "The judge itself failed: this is no result.";
    } else if (results->exit_code) {
        kind = " open";
        said = "Nothing is broken, but a MUST could not be decided.";
    }
    int err = buf_fmt(out, "<div class=\"banner%s\"><b>", kind);
    if (!err)
        err = text(out, said);
    if (!err)
        err = buf_str(out, "</b><br><span class=dim>");
    if (!err)
        err = text(out, report_statement);
    return err ? err : buf_str(out, "</span></div>\n");
}

static int counts(struct buf *out, const struct results *results)
{
    static const enum verdict order[] = { VERDICT_PASS, VERDICT_FAIL,         VERDICT_WARN,
                                          VERDICT_SKIP, VERDICT_INCONCLUSIVE, VERDICT_ERROR };
    int err = buf_str(out, "<div class=counts>\n");
    for (size_t i = 0; !err && i < sizeof(order) / sizeof(order[0]); i++) {
        const char *name = verdict_name(order[i]);
        err = buf_fmt(out,
                      "<button type=button aria-pressed=false data-verdict=%s class=%s><strong>%zu"
                      "</strong>%s</button>\n",
                      name, name, results->count[order[i]], name);
    }
    return err ? err : buf_str(out, "</div>\n");
}

static int head(struct buf *out, const struct report *report)
{
    char at[CN_TIME_ISO_LEN + 1];
    cn_time_iso(report->started_ms, at);
    int err = buf_str(out, "<!doctype html>\n<html lang=en><meta charset=utf-8>\n"
                           "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
                           "<title>");
    if (!err)
        err = text(out, report->profile_name);
    if (!err)
        err = buf_fmt(out, " · wxpay-conformance</title>\n<style>%s</style>\n<main>\n<h1>",
                      page_style);
    if (!err)
        err = text(out, report->profile_name);
    return err ? err
               : buf_fmt(out,
                         "</h1>\n<div class=dim>WeChat Pay API %s · %zu cases in %.1f s · %s · "
                         "wxpay-conformance %s · seed %" PRIu64 "</div>\n",
                         report->api, report->results->case_count, (double)report->took_ms / 1000,
                         at, report->version, report->seed);
}

static int foot(struct buf *out, const struct report *report)
{
    int err = buf_str(out, "<footer class=dim>\n<p>Check it: <code>wxpay-conformance verify "
                           "report.json</code> computes every verdict again from the transcript."
                           "</p>\n<dl>\n");
    if (!err)
        err = term(out, "transcript", report->transcript_sha256);
    if (!err)
        err = term(out, "profile", report->profile_sha256);
    if (!err && report->only)
        err = term(out, "selected", report->only);
    for (size_t i = 0; !err && i < report->picture_count; i++) {
        err = term(out, i ? "" : "pictures", report->pictures[i].file);
        if (!err)
            err = term(out, "", report->pictures[i].sha256);
    }
    return err ? err
               : buf_fmt(out, "</dl>\n</footer>\n</main>\n<script>%s</script>\n</html>\n",
                         page_script);
}

int report_html(const struct report *report, struct buf *out)
{
    int err = head(out, report);
    if (!err)
        err = banner(out, report->results);
    if (!err)
        err = counts(out, report->results);
    if (!err)
        err = rules_section(out, report->results);
    if (!err)
        err = not_tested(out, report->results);
    return err ? err : foot(out, report);
}
