/*
 * wxpay-merchant-mutant — `--mutant NAME` before the usual options breaks the shop that way;
 * `--list-mutants` prints those of V2 as JSON, `--list-mutants v3` those of V3. Never installed:
 * see mutant.h.
 */
#include "base/mem.h"
#include "mutants/mutant.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

/* "WX2-048 WX2-110" as an array. */
static json_t *words(const char *text)
{
    json_t *list = json_array();
    for (struct view rest = view_str(text); rest.len;) {
        struct view word = view_cut(rest, ' ', &rest);
        json_array_append_new(list, json_stringn(word.ptr, word.len));
    }
    return list;
}

static json_t *steps_of(const struct mutant *mutant)
{
    json_t *list = json_array();
#define X(name, result, arguments, rules, sentence)                                                \
    if (mutant->replaced.name)                                                                     \
        json_array_append_new(list, json_string(#name));
    STEP_MAP(X)
#undef X
    return list;
}

static int list_mutants(bool v3)
{
    json_t *list = json_array();
    const struct mutant *mutant;
    for (size_t i = 0; (mutant = mutant_at(i)); i++) {
        if (mutant_is_v3(mutant) != v3)
            continue;
        json_t *steps = steps_of(mutant);
        json_array_append_new(list, json_pack("{s:s,s:O,s:o,s:o,s:s}", "name", mutant->name, "step",
                                              json_array_get(steps, 0), "steps", steps, "rules",
                                              words(mutant->rules), "sentence", mutant->sentence));
    }
    json_t *all = json_pack("{s:o}", "mutants", list);
    char *text = json_dumps(all, JSON_INDENT(1));
    puts(text ? text : "");
    free(text); /* jansson's own block */
    json_decref(all);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "--list-mutants") == 0)
        return list_mutants(argc > 2 && strcmp(argv[2], "v3") == 0);
    if (argc < 3 || strcmp(argv[1], "--mutant") != 0)
        return run_shop(argc, argv, &steps_right);

    const struct mutant *mutant = mutant_find(argv[2]);
    if (!mutant) {
        fprintf(stderr, "wxpay-merchant-mutant: no mutant %s; see --list-mutants\n", argv[2]);
        return 2;
    }
    struct steps steps = mutant_steps(mutant);
    argv[2] = argv[0]; /* the rest is the shop's */
    return run_shop(argc - 2, argv + 2, &steps);
}
