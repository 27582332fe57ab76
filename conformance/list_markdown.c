#include "case.h"
#include "rules.h"
#include "verbs.h"

#include <stdio.h>

/* A cell: a vertical bar would end it. */
static void cell(const char *text)
{
    for (const char *c = text; *c; c++)
        printf(*c == '|' ? "\\|" : "%c", *c);
}

static bool decides(const struct case_def *def, const char *rule)
{
    for (size_t i = 0; i < CASE_CLAIMS_MAX && def->claims[i].rule; i++)
        if (strcmp(def->claims[i].rule, rule) == 0)
            return true;
    return false;
}

static void row(const struct rule *rule)
{
    size_t named = 0;

    printf("| %s | %s | ", rule->id, rule_level_name(rule->level));
    cell(rule->sentence);
    printf(" | ");
    cell(rule->source);
    printf(" | ");
    for (size_t i = 0; i < case_count(); i++)
        if (decides(case_at(i), rule->id))
            printf("%s`%s`", named++ ? ", " : "", case_at(i)->id);
    if (!named) {
        printf("not tested: ");
        cell(rule->not_tested ? rule->not_tested : "not yet");
    }
    printf(" |\n");
}

void list_markdown(enum api api)
{
    struct rule_book book = rule_book(api);

    printf(
        "# The rules of API %s\n\n"
        "Written by `wxpay-conformance list --markdown` from the program's own table; do not edit. "
        "`wxpay-conformance explain %s` says why a rule matters, how it is tested and how to "
        "repair.\n\n"
        "| rule | level | what the merchant does | source | cases |\n"
        "|---|---|---|---|---|\n",
        api == API_V2 ? "V2" : "V3", api == API_V2 ? "WX2-048" : "WX3-035");
    for (size_t i = 0; i < book.count; i++)
        row(&book.rules[i]);
    printf("\n## The cases\n\n| case | experiment |\n|---|---|\n");
    for (size_t i = 0; i < case_count(); i++) {
        if (case_api(case_at(i)) != api)
            continue;
        printf("| `%s` | ", case_at(i)->id);
        cell(case_at(i)->experiment);
        printf(" |\n");
    }
}
