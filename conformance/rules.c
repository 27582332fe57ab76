/*
 * rules.c — both books of rules, and finding a row in them.
 */
#include "rules.h"

#include <string.h>

static const char *const api_names[APIS] = { [API_V2] = "v2", [API_V3] = "v3" };

const char *api_name(enum api api)
{
    return api_names[api];
}

bool api_parse(const char *name, enum api *api)
{
    for (enum api i = API_V2; i < APIS; i++) {
        if (strcmp(name, api_names[i]) == 0) {
            *api = i;
            return true;
        }
    }
    return false;
}

struct rule_book rule_book(enum api api)
{
    if (api == API_V3)
        return (struct rule_book){ rules_v3, rules_v3_count };
    return (struct rule_book){ rules_v2, rules_v2_count };
}

const struct rule *rule_find(struct view id)
{
    for (enum api api = API_V2; api < APIS; api++) {
        struct rule_book book = rule_book(api);
        for (size_t i = 0; i < book.count; i++) {
            if (view_is(id, book.rules[i].id))
                return &book.rules[i];
        }
    }
    return NULL;
}

const char *rule_level_name(enum rule_level level)
{
    return level == RULE_MUST ? "MUST" : "SHOULD";
}
