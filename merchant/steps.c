#include "steps.h"

#include "base/mem.h"

const struct steps steps_right = {
#define X(name, result, arguments, rules, sentence) .name = step_##name,
    STEP_MAP(X)
#undef X
};

static const struct step_row table[] = {
#define X(name, result, arguments, rules, sentence) { #name, rules, sentence },
    STEP_MAP(X)
#undef X
};

const struct step_row *steps_table(size_t *count)
{
    *count = COUNT(table);
    return table;
}
