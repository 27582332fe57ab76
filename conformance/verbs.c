/*
 * verbs.c — run, list, explain. verify and selftest have files of their own.
 */
#include "verbs.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "run.h"

#include <stdio.h>

int go_run(const struct options *options)
{
    int64_t seed = clock_real_ms(), jobs = 0, port = 0, control_port = 0;
    bool must = options->level && strcmp(options->level, "must") == 0;

    if (options->level && !must && strcmp(options->level, "should") != 0) {
        fprintf(stderr, "wxpay-conformance: --level: must or should, not \"%s\"\n", options->level);
        return 2;
    }
    if (options_number("seed", options->seed, INT64_MAX, &seed) ||
        options_number("jobs", options->jobs, 16, &jobs) ||
        options_number("port", options->port, 65'535, &port) ||
        options_number("control-port", options->control_port, 65'535, &control_port))
        return 2;
    struct run_options run = {
        .profile_path = options->argument,
        .only = options->only,
        .must = must,
        .seed = (uint64_t)seed,
        .out_dir = options->out,
        .keep = options->keep,
        .verbose = options->verbose,
        .sandbox = options->sandbox,
        .scanner = options->scanner,
        .jobs = (unsigned)jobs,
        .port = (unsigned)port,
        .control_port = (unsigned)control_port,
    };
    return verb_run(&run);
}

/* The next case that decides @rule, from index @from; SIZE_MAX when there is none. */
static size_t next_case(const struct rule *rule, size_t from)
{
    for (size_t i = from; i < case_count(); i++) {
        const struct case_def *def = case_at(i);
        for (size_t j = 0; j < CASE_CLAIMS_MAX && def->claims[j].rule; j++) {
            if (strcmp(def->claims[j].rule, rule->id) == 0)
                return i;
        }
    }
    return SIZE_MAX;
}

static json_t *rule_json(const struct rule *rule)
{
    json_t *cases = json_array();
    for (size_t i = 0; (i = next_case(rule, i)) != SIZE_MAX; i++)
        json_array_append_new(cases, json_string(case_at(i)->id));
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", rule->id, "level",
                            rule_level_name(rule->level), "sentence", rule->sentence, "source",
                            rule->source, "cases", cases);
    if (json_array_size(cases) == 0)
        json_object_set_new(row, "not_tested",
                            json_string(rule->not_tested ? rule->not_tested : "not yet tested"));
    return row;
}

static bool wanted(const struct options *options, enum api api)
{
    return !options->api || strcmp(options->api, api_name(api)) == 0;
}

static int list_json(const struct options *options)
{
    struct buf text = BUF_INIT((size_t)4 * 1024 * 1024);
    json_t *list = json_array();

    for (enum api api = API_V2; api < APIS; api++) {
        struct rule_book book = rule_book(api);
        for (size_t i = 0; i < book.count && wanted(options, api); i++)
            json_array_append_new(list, rule_json(&book.rules[i]));
    }
    json_t *all = json_pack("{s:o}", "rules", list);
    int err = all ? json_text(all, JSON_INDENT(1), &text) : ERR_NOMEM;
    if (!err)
        puts(buf_cstr(&text));
    json_decref(all);
    buf_release(&text);
    return err ? 4 : 0;
}

static void list_text(enum api api)
{
    struct rule_book book = rule_book(api);
    size_t tested = 0, cases = 0;

    for (size_t i = 0; i < book.count; i++) {
        const struct rule *rule = &book.rules[i];
        size_t at = next_case(rule, 0);
        printf("%-8s %-6s %s [%s]\n", rule->id, rule_level_name(rule->level), rule->sentence,
               rule->source);
        tested += at != SIZE_MAX;
        if (at == SIZE_MAX)
            printf("                not tested: %s\n",
                   rule->not_tested ? rule->not_tested : "not yet tested");
        for (; at != SIZE_MAX; at = next_case(rule, at + 1))
            printf("                %s\n", case_at(at)->id);
    }
    for (size_t i = 0; i < case_count(); i++)
        cases += case_api(case_at(i)) == api;
    printf("%zu cases decide %zu of %zu rules\n", cases, tested, book.count);
}

int go_list(const struct options *options)
{
    enum api only;

    if (options->api && !api_parse(options->api, &only)) {
        fprintf(stderr, "wxpay-conformance: --api: v2 or v3 is expected\n");
        return 2;
    }
    if (options->json)
        return list_json(options);
    for (enum api api = API_V2; api < APIS; api++) {
        if (!wanted(options, api))
            continue;
        if (api > API_V2 && !options->api)
            putchar('\n');
        if (options->markdown)
            list_markdown(api);
        else
            list_text(api);
    }
    return 0;
}

int go_explain(const struct options *options)
{
    const struct rule *rule = rule_find(view_str(options->argument));

    if (!rule) {
        fprintf(stderr, "wxpay-conformance: %s is no rule; `list` prints them\n",
                options->argument);
        return 2;
    }
    printf("%s (%s, %s)\n\n%s\n\nWhy it matters\n  %s\n\nHow it is tested\n  %s\n", rule->id,
           rule_level_name(rule->level), rule->source, rule->sentence, rule->why, rule->how);
    for (size_t i = 0; (i = next_case(rule, i)) != SIZE_MAX; i++)
        printf("  %-28s %s\n", case_at(i)->id, case_at(i)->experiment);
    if (next_case(rule, 0) == SIZE_MAX)
        printf("  not tested: %s\n", rule->not_tested ? rule->not_tested : "not yet tested");
    printf("\nHow to repair it\n  %s\n", rule->repair);
    return 0;
}
