/*
 * report_junit.c — one testcase per rule, so that a CI shows obligations, not experiments. WARN and
 * waived rules pass with a system-out; INCONCLUSIVE and ERROR are errors.
 */
#include "report.h"

static int attribute(struct buf *out, const char *name, const char *value)
{
    int err = buf_fmt(out, " %s=\"", name);
    if (!err)
        err = markup_escape(view_str(value), out);
    return err ? err : buf_byte(out, '"');
}

static int body(const struct rule_result *row, const char *element, struct buf *out)
{
    int err = buf_fmt(out, "<%s", element);
    bool plain = strcmp(element, "system-out") == 0;

    if (!err && !plain)
        err = attribute(out, "message", row->finding->actual);
    if (!err && !plain && strcmp(element, "skipped") != 0)
        err = attribute(out, "type", verdict_name(row->verdict));
    if (!err)
        err = buf_byte(out, '>');
    if (!err)
        err = buf_fmt(out, "%s in %s\nexpected: ", verdict_name(row->verdict), row->decided_by->id);
    if (!err)
        err = markup_escape(view_str(row->finding->expected), out);
    if (!err)
        err = buf_str(out, "\nactual: ");
    if (!err)
        err = markup_escape(view_str(row->finding->actual), out);
    for (size_t i = 0; !err && i < row->finding->evidence_count; i++) {
        const struct fact *fact = row->finding->evidence[i];
        struct buf line = BUF_INIT(REPORT_MAX);
        err = fact_summary(fact, &line);
        if (!err)
            err = buf_fmt(out, "\n%s#%lld ", fact->case_id, (long long)fact->seq);
        if (!err)
            err = markup_escape(buf_view(&line), out);
        buf_release(&line);
    }
    return err ? err : buf_fmt(out, "</%s>", element);
}

static const char *element_of(const struct rule_result *row)
{
    switch (row->verdict) {
    case VERDICT_FAIL: return "failure";
    case VERDICT_ERROR:
    case VERDICT_INCONCLUSIVE: return "error";
    case VERDICT_SKIP: return "skipped";
    case VERDICT_WARN: return "system-out";
    default: return NULL;
    }
}

static int testcase(const struct rule_result *row, struct buf *out)
{
    const char *element = element_of(row);
    char name[400];
    int err = buf_str(out, "  <testcase");

    snprintf(name, sizeof(name), "%s %s", row->rule->id, row->rule->sentence);
    if (!err)
        err = attribute(out, "classname", row->decided_by->id);
    if (!err)
        err = attribute(out, "name", name);
    if (!err && !element)
        return buf_str(out, "/>\n");
    if (!err)
        err = buf_byte(out, '>');
    if (!err)
        err = body(row, element, out);
    return err ? err : buf_str(out, "</testcase>\n");
}

int report_junit(const struct report *report, struct buf *out)
{
    const struct results *results = report->results;
    size_t tested = results->rule_count - results->count[VERDICT_NONE];
    int err = buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite");

    if (!err)
        err = attribute(out, "name", report->profile_name);
    if (!err)
        err = buf_fmt(
            out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
            tested, results->count[VERDICT_FAIL],
            results->count[VERDICT_ERROR] + results->count[VERDICT_INCONCLUSIVE],
            results->count[VERDICT_SKIP], (double)report->took_ms / 1000);
    for (size_t i = 0; !err && i < results->rule_count; i++) {
        if (results->rules[i].verdict != VERDICT_NONE)
            err = testcase(&results->rules[i], out);
    }
    return err ? err : buf_str(out, " </testsuite>\n</testsuites>\n");
}
