/*
 * verify.c — a report is worth what its transcript is worth: the checksums, then every verdict again,
 * by the same decide(), without network or clock.
 */
#include "base/err.h"
#include "base/mem.h"
#include "files.h"
#include "run.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>

struct check {
    json_t *report;
    enum api api;
    char directory[1024];
    struct transcript transcript;
    struct selection selection;
    struct waiver *waivers; /* owned; their texts are borrowed from the report */
    size_t waiver_count;
    unsigned differences;
};

static void differs(struct check *check, const char *what, const char *said, const char *found)
{
    printf("DIFFERS  %s: the report says %s, computed is %s\n", what, said, found);
    check->differences++;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int load_report(struct check *check, const char *path)
{
    json_error_t error;
    const char *slash = strrchr(path, '/');
    struct view directory = slash ? (struct view){ path, (size_t)(slash - path) } : VIEW(".");

    if (view_copy(directory, check->directory, sizeof(check->directory)))
        return ERR_TOO_LONG;
    check->report = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!check->report) {
        fprintf(stderr, "%s:%d:%d: %s\n", path, error.line, error.column, error.text);
        return ERR_SYNTAX;
    }
    if (strcmp(member(check->report, "program"), "wxpay-conformance") != 0 ||
        json_integer_value(json_object_get(check->report, "report")) != 1) {
        fprintf(stderr, "%s: no report of version 1\n", path);
        return ERR_SYNTAX;
    }
    if (!api_parse(member(check->report, "api"), &check->api)) {
        fprintf(stderr, "%s: api \"%.20s\" is not known here\n", path,
                member(check->report, "api"));
        return ERR_SYNTAX;
    }
    return 0;
}

/* A name out of the report must stay below the report's own directory. */
static bool name_ok(const char *name)
{
    return name[0] && name[0] != '/' && !strstr(name, "..");
}

static void check_file(struct check *check, const char *name, const char *sha256)
{
    char path[2100], found[65] = "";

    snprintf(path, sizeof(path), "%s/%.1000s", check->directory, name);
    if (!name_ok(name) || files_sha256(path, found))
        differs(check, name, sha256, "(the file cannot be read)");
    else if (strcmp(found, sha256) != 0)
        differs(check, name, sha256, found);
}

static void check_files(struct check *check)
{
    const json_t *transcript = json_object_get(check->report, "transcript");
    size_t i;
    json_t *picture;

    check_file(check, "transcript.jsonl", member(transcript, "sha256"));
    json_array_foreach(json_object_get(check->report, "pictures"), i, picture)
        check_file(check, member(picture, "file"), member(picture, "sha256"));
}

static int load_transcript(struct check *check)
{
    char path[1100];
    size_t line = 0;

    snprintf(path, sizeof(path), "%s/transcript.jsonl", check->directory);
    int err = transcript_load(&check->transcript, path, &line);
    if (err)
        fprintf(stderr, "%s:%zu: %s\n", path, line, err_text(err));
    return err;
}

static const struct case_def *case_named(const char *id)
{
    for (size_t i = 0; i < case_count(); i++) {
        if (strcmp(case_at(i)->id, id) == 0)
            return case_at(i);
    }
    return NULL;
}

/* The cases of the report, in its order. */
static int load_cases(struct check *check)
{
    const json_t *cases = json_object_get(check->report, "cases");
    size_t i;
    json_t *row;

    check->selection.cases =
        mem_zalloc(json_array_size(cases) + 1, sizeof(*check->selection.cases));
    if (!check->selection.cases)
        return ERR_NOMEM;
    json_array_foreach(cases, i, row)
    {
        const struct case_def *def = case_named(member(row, "id"));
        if (!def) {
            fprintf(stderr, "this program (%s) has no case \"%s\"; the report is of version %s\n",
                    WXPAY_VERSION, member(row, "id"), member(check->report, "version"));
            return ERR_NOT_FOUND;
        }
        check->selection.cases[check->selection.count++] = def;
    }
    return 0;
}

static int load_waivers(struct check *check)
{
    const json_t *list = json_object_get(check->report, "waivers");
    size_t i;
    json_t *row;

    check->waivers = mem_zalloc(json_array_size(list) + 1, sizeof(*check->waivers));
    if (!check->waivers)
        return ERR_NOMEM;
    json_array_foreach(list, i, row)
    {
        struct waiver *waiver = &check->waivers[check->waiver_count++];
        /* only read here; a waiver owns its texts elsewhere */
        waiver->rule = (char *)(uintptr_t)member(row, "rule");
        waiver->why = (char *)(uintptr_t)member(row, "why");
        waiver->who = (char *)(uintptr_t)member(row, "who");
        if (view_copy(view_str(member(row, "until")), waiver->until, sizeof(waiver->until)))
            return ERR_SYNTAX;
    }
    return 0;
}

static void compare_claims(struct check *check, const struct results *results)
{
    const json_t *cases = json_object_get(check->report, "cases");

    for (size_t i = 0; i < results->case_count; i++) {
        const struct case_result *result = &results->cases[i];
        const json_t *claims = json_object_get(json_array_get(cases, i), "claims");
        for (size_t j = 0; j < result->ruling.count; j++) {
            const struct finding *finding = &result->ruling.findings[j];
            const json_t *claim = json_array_get(claims, j);
            char what[200];
            snprintf(what, sizeof(what), "%s in %s", finding->rule, result->def->id);
            if (strcmp(member(claim, "verdict"), verdict_name(finding->verdict)) != 0)
                differs(check, what, member(claim, "verdict"), verdict_name(finding->verdict));
            else if (strcmp(member(claim, "actual"), finding->actual) != 0)
                differs(check, what, member(claim, "actual"), finding->actual);
        }
    }
}

static void compare_rules(struct check *check, const struct results *results)
{
    size_t i, said = json_array_size(json_object_get(check->report, "rules")), found = 0;
    json_t *row;

    for (size_t at = 0; at < results->rule_count; at++)
        found += results->rules[at].verdict != VERDICT_NONE;
    json_array_foreach(json_object_get(check->report, "rules"), i, row)
    {
        const char *computed = "NONE";
        for (size_t at = 0; at < results->rule_count; at++) {
            if (strcmp(results->rules[at].rule->id, member(row, "id")) == 0)
                computed = verdict_name(results->rules[at].verdict);
        }
        if (strcmp(member(row, "verdict"), computed) != 0)
            differs(check, member(row, "id"), member(row, "verdict"), computed);
    }
    if (said != found) {
        char a[24], b[24];
        snprintf(a, sizeof(a), "%zu", said);
        snprintf(b, sizeof(b), "%zu", found);
        differs(check, "number of rules with a verdict", a, b);
    }
}

static void compare_exit(struct check *check, const struct results *results)
{
    int64_t said = json_integer_value(json_object_get(check->report, "exit_code"));
    if (said != results->exit_code) {
        char a[24], b[24];
        snprintf(a, sizeof(a), "%" PRId64, said);
        snprintf(b, sizeof(b), "%d", results->exit_code);
        differs(check, "exit_code", a, b);
    }
}

static int compare(struct check *check)
{
    struct results results = {};
    struct results_input input = { .api = check->api,
                                   .cases = check->selection.cases,
                                   .case_count = check->selection.count,
                                   .transcript = &check->transcript,
                                   .waivers = check->waivers,
                                   .waiver_count = check->waiver_count,
                                   .today = member(check->report, "today") };
    int err = results_decide(&results, &input);
    if (!err) {
        compare_claims(check, &results);
        compare_rules(check, &results);
        compare_exit(check, &results);
    }
    results_release(&results);
    return err;
}

int go_verify(const struct options *options)
{
    struct check check = {};
    int err = load_report(&check, options->argument);

    if (!err) {
        check_files(&check);
        err = load_transcript(&check);
    }
    if (!err)
        err = load_cases(&check);
    if (!err)
        err = load_waivers(&check);
    if (!err)
        err = compare(&check);
    if (!err && !check.differences)
        printf("verified: %zu facts, %zu cases, every verdict as reported; exit code %lld\n",
               check.transcript.count, check.selection.count,
               (long long)json_integer_value(json_object_get(check.report, "exit_code")));
    else if (!err)
        printf("not verified: %u differences\n", check.differences);
    selection_release(&check.selection);
    mem_free(check.waivers);
    transcript_release(&check.transcript);
    json_decref(check.report);
    if (err)
        return 2;
    return check.differences ? 1 : 0;
}
