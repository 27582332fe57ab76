#include "select.h"

#include "base/err.h"
#include "base/mem.h"
#include "rules.h"

#include <fnmatch.h>
#include <stdio.h>

/*
 * Cases that watch all need something to watch: when some are asked for by name, these are run
 * too. Between them they make every kind of call and several orders.
 */
static const char *const feeders[] = {
    "create/unique",    "create/fields",  "notify/paid",       "query/fallback",    "close/early",
    "v3/create/unique", "v3/notify/paid", "v3/query/fallback", "v3/create/gives-up"
};

bool case_is_named(const struct case_def *def, const char *word)
{
    if (fnmatch(word, def->id, 0) == 0)
        return true;
    for (size_t i = 0; i < CASE_CLAIMS_MAX && def->claims[i].rule; i++) {
        if (fnmatch(word, def->claims[i].rule, 0) == 0)
            return true;
    }
    return false;
}

static bool decides_must(const struct case_def *def)
{
    for (size_t i = 0; i < CASE_CLAIMS_MAX && def->claims[i].rule; i++) {
        const struct rule *rule = rule_find(view_str(def->claims[i].rule));
        if (rule && rule->level == RULE_MUST)
            return true;
    }
    return false;
}

/* Marks what @word names; false when it names nothing. */
static bool mark(enum api api, const char *word, bool *marks)
{
    bool some = false;
    for (size_t i = 0; i < case_count(); i++) {
        if (case_api(case_at(i)) == api && case_is_named(case_at(i), word)) {
            marks[i] = true;
            some = true;
        }
    }
    return some;
}

static bool in_book(const struct rule *rule, enum api api)
{
    struct rule_book book = rule_book(api);
    return rule >= book.rules && rule < book.rules + book.count;
}

static void explain_miss(enum api api, struct view part, char *why, size_t why_size)
{
    const struct rule *rule = rule_find(part);

    if (rule && !in_book(rule, api))
        snprintf(why, why_size, "%s is no rule of API %s, which the profile speaks", rule->id,
                 api_name(api));
    else if (rule)
        snprintf(why, why_size, "%s has no case: %.150s", rule->id,
                 rule->not_tested ? rule->not_tested : "not yet tested");
    else
        snprintf(why, why_size, "\"%.*s\" names no case and no rule",
                 (int)(part.len > 80 ? 80 : part.len), part.ptr);
}

static int mark_words(const struct select_wish *wish, bool *marks, char *why, size_t why_size)
{
    struct view rest = view_str(wish->only);
    while (rest.len) {
        char word[128];
        struct view next;
        struct view part = view_trim(view_cut(rest, ',', &next));
        rest = next;
        if (!part.len)
            continue;
        if (view_copy(part, word, sizeof(word)) || !mark(wish->api, word, marks)) {
            explain_miss(wish->api, part, why, why_size);
            return ERR_NOT_FOUND;
        }
    }
    return 0;
}

static bool watches_all(const struct case_def *def)
{
    return def->flags & CASE_WATCHES_ALL;
}

static void feed(enum api api, bool *marks)
{
    bool watchers = false;
    for (size_t i = 0; i < case_count(); i++)
        watchers = watchers || (marks[i] && watches_all(case_at(i)));
    for (size_t i = 0; watchers && i < case_count(); i++) {
        for (size_t j = 0; j < COUNT(feeders); j++)
            marks[i] = marks[i] ||
                       (case_api(case_at(i)) == api && strcmp(case_at(i)->id, feeders[j]) == 0);
    }
}

int select_cases(struct selection *selection, const struct select_wish *wish, char *why,
                 size_t why_size)
{
    const char *only = wish->only;
    bool *marks = mem_zalloc(case_count() + 1, sizeof(*marks));
    *selection = (struct selection){ mem_zalloc(case_count() + 1, sizeof(*selection->cases)), 0 };
    int err = marks && selection->cases ? 0 : ERR_NOMEM;

    if (!err && only)
        err = mark_words(wish, marks, why, why_size);
    for (size_t i = 0; !err && i < case_count(); i++)
        marks[i] = case_api(case_at(i)) == wish->api && (!only || marks[i]) &&
                   (!wish->must || decides_must(case_at(i)));
    if (!err && only)
        feed(wish->api, marks);
    for (int watchers = 0; !err && watchers < 2; watchers++) {
        for (size_t i = 0; i < case_count(); i++) {
            if (marks[i] && watches_all(case_at(i)) == watchers)
                selection->cases[selection->count++] = case_at(i);
        }
    }
    mem_free(marks);
    if (err)
        selection_release(selection);
    return err;
}

void selection_release(struct selection *selection)
{
    mem_free(selection->cases);
    *selection = (struct selection){};
}
