/*
 * report_text.c — the table on the terminal, and what all reports share.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "report.h"

#include <inttypes.h>

const char report_statement[] =
    "Self-issued with wxpay-conformance. Not by Tencent, not a security audit. It says what this "
    "merchant did in these experiments, on this day, and nothing about what was not tested.";

const char *not_tested_reason(const struct rule_result *row)
{
    if (row->rule->not_tested)
        return row->rule->not_tested;
    return "not part of this run";
}

static int request_summary(const struct fact *fact, struct buf *out)
{
    const char *method = fact_str(fact, "/request/method");
    const char *url = fact_str(fact, "/request/url");
    int64_t status = fact_int(fact, "/answer/status", 0);
    int err;

    if (!url[0])
        url = fact_str(fact, "/request/target");
    if (!url[0])
        url = fact_str(fact, "/request/path");
    err = buf_fmt(out, "%s %s -> ", method, url);
    if (err)
        return err;
    if (status)
        return buf_fmt(out, "%" PRId64, status);
    const char *error = fact_str(fact, "/answer/error");
    return buf_str(out, error[0] ? error : fact_str(fact, "/outcome"));
}

int fact_summary(const struct fact *fact, struct buf *out)
{
    int err = buf_str(out, fact->kind);

    if (!err && fact->order[0])
        err = buf_fmt(out, " %s", fact->order);
    if (!err && fact->label[0])
        err = buf_fmt(out, " (%s)", fact->label);
    if (!err && strcmp(fact->kind, "exchange") == 0)
        err = buf_fmt(out, " %s", fact_str(fact, "/api"));
    if (!err && strcmp(fact->kind, "status") == 0)
        err = buf_fmt(out, " state %s, shipped %" PRId64, fact_str(fact, "/state"),
                      fact_int(fact, "/shipped", -1));
    if (!err && strcmp(fact->kind, "create") == 0)
        err = buf_fmt(out, " %" PRId64 " fen, out_trade_no %s", fact_int(fact, "/amount_fen", 0),
                      fact_str(fact, "/out_trade_no"));
    if (!err && strcmp(fact->kind, "qr") == 0)
        err = buf_fmt(out, " content %s", fact_str(fact, "/content"));
    if (!err && (strcmp(fact->kind, "trouble") == 0 || strcmp(fact->kind, "skip") == 0))
        return buf_fmt(out, " %s%s", fact_str(fact, "/why"), fact_str(fact, "/reason"));
    if (!err && fact_get(fact, "/request")) {
        err = buf_str(out, ": ");
        if (!err)
            err = request_summary(fact, out);
    }
    return err;
}

int markup_escape(struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        switch (byte) {
        case '&': err = buf_str(out, "&amp;"); break;
        case '<': err = buf_str(out, "&lt;"); break;
        case '>': err = buf_str(out, "&gt;"); break;
        case '"': err = buf_str(out, "&quot;"); break;
        case '\'': err = buf_str(out, "&#39;"); break;
        case '\t':
        case '\n': err = buf_byte(out, (char)byte); break;
        default:
            err = byte < 0x20 || byte == 0x7F ? buf_str(out, "\xEF\xBF\xBD")
                                              : buf_byte(out, (char)byte);
        }
    }
    return err;
}

static const char *colour_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS: return "\033[32m";
    case VERDICT_WARN: return "\033[33m";
    case VERDICT_FAIL:
    case VERDICT_ERROR: return "\033[1;31m";
    case VERDICT_INCONCLUSIVE: return "\033[35m";
    default: return "\033[2m";
    }
}

static int paint(struct buf *out, const struct text_style *style, enum verdict verdict,
                 const char *text)
{
    if (!style->colour)
        return buf_str(out, text);
    return buf_fmt(out, "%s%s\033[0m", colour_of(verdict), text);
}

/* Merchant text on a terminal: no control bytes. */
static int plain(struct buf *out, const char *text)
{
    int err = 0;
    for (; !err && *text; text++)
        err = (unsigned char)*text < 0x20 || *text == 0x7F ? buf_byte(out, '?')
                                                           : buf_byte(out, *text);
    return err;
}

static int table_row(const struct rule_result *row, const struct text_style *style, struct buf *out)
{
    char verdict[16];
    int err = buf_fmt(out, "%-8s %-6s ", row->rule->id, rule_level_name(row->rule->level));

    /* padded before it is painted: escape codes have no width */
    snprintf(verdict, sizeof(verdict), "%-12s", verdict_name(row->verdict));
    if (!err)
        err = paint(out, style, row->verdict, verdict);
    if (!err)
        err = buf_fmt(out, " %s%s\n", row->rule->sentence, row->waiver ? " [waived]" : "");
    return err;
}

static int evidence_lines(const struct finding *finding, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < finding->evidence_count; i++) {
        const struct fact *fact = finding->evidence[i];
        struct buf line = BUF_INIT(REPORT_MAX);
        err = fact_summary(fact, &line);
        if (!err)
            err = buf_fmt(out, "  evidence  %s#%" PRId64 "  ", fact->case_id, fact->seq);
        if (!err && line.len > 200)
            line.ptr[200] = '\0';
        if (!err)
            err = plain(out, buf_cstr(&line));
        if (!err)
            err = buf_byte(out, '\n');
        buf_release(&line);
    }
    return err;
}

static int detail(const struct rule_result *row, const struct text_style *style, struct buf *out)
{
    int err = buf_byte(out, '\n');
    if (!err)
        err = paint(out, style, row->verdict, verdict_name(row->verdict));
    if (!err)
        err = buf_fmt(out, " %s in %s\n  expected  %s\n  actual    ", row->rule->id,
                      row->decided_by->id, row->finding->expected);
    if (!err)
        err = plain(out, row->finding->actual);
    if (!err)
        err = buf_byte(out, '\n');
    if (!err)
        err = evidence_lines(row->finding, out);
    if (!err && row->waiver)
        err = buf_fmt(out, "  waived    %s (%s%s%s)\n", row->waiver->why, row->waiver->who,
                      row->waiver->until[0] ? ", until " : "", row->waiver->until);
    if (!err && (row->verdict == VERDICT_FAIL || row->verdict == VERDICT_WARN))
        err = buf_fmt(out, "  repair    %s\n", row->rule->repair);
    return err;
}

static int summary(const struct report *report, struct buf *out)
{
    const struct results *results = report->results;
    size_t tested = results->rule_count - results->count[VERDICT_NONE];
    int err = buf_fmt(out,
                      "\n%s: %zu cases, %zu of %zu rules: %zu PASS, %zu FAIL, %zu WARN, %zu SKIP, "
                      "%zu INCONCLUSIVE, %zu ERROR; %zu not tested; %.1f s, seed %" PRIu64 "\n",
                      report->profile_name, results->case_count, tested, results->rule_count,
                      results->count[VERDICT_PASS], results->count[VERDICT_FAIL],
                      results->count[VERDICT_WARN], results->count[VERDICT_SKIP],
                      results->count[VERDICT_INCONCLUSIVE], results->count[VERDICT_ERROR],
                      results->count[VERDICT_NONE], (double)report->took_ms / 1000, report->seed);
    if (!err && report->out_dir)
        err = buf_fmt(out, "report: %s/report.html\n", report->out_dir);
    return err ? err : buf_fmt(out, "%s\n", report_statement);
}

static int overdue_waivers(const struct report *report, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < report->waiver_count; i++) {
        const struct waiver *waiver = &report->waivers[i];
        if (waiver_over(waiver, report->today))
            err = buf_fmt(out, "warning: the waiver of %s (line %u) ended on %s and is ignored\n",
                          waiver->rule, waiver->line, waiver->until);
    }
    return err;
}

int report_text(const struct report *report, const struct text_style *style, struct buf *out)
{
    const struct results *results = report->results;
    int err = buf_fmt(out, "%-8s %-6s %-12s %s\n", "rule", "level", "verdict", "sentence");

    for (size_t i = 0; !err && i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->verdict != VERDICT_NONE)
            err = table_row(row, style, out);
    }
    for (size_t i = 0; !err && i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        bool told = row->verdict == VERDICT_FAIL || row->verdict == VERDICT_ERROR ||
                    row->verdict == VERDICT_WARN || row->verdict == VERDICT_INCONCLUSIVE ||
                    row->verdict == VERDICT_SKIP || (style->verbose && row->finding);
        if (told)
            err = detail(row, style, out);
    }
    if (!err && style->verbose && results->count[VERDICT_NONE])
        err = buf_str(out, "\nnot tested:\n");
    for (size_t i = 0; !err && style->verbose && i < results->rule_count; i++) {
        const struct rule_result *row = &results->rules[i];
        if (row->verdict == VERDICT_NONE)
            err = buf_fmt(out, "%-8s %s\n", row->rule->id, not_tested_reason(row));
    }
    if (!err)
        err = overdue_waivers(report, out);
    return err ? err : summary(report, out);
}
