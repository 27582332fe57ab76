#include "engine/switches.h"

#include "base/err.h"

#include <assert.h>

const struct switch_row switch_rows[SWITCH_COUNT] = {
#define X(row, from, words, ...)                                                                   \
    [SWITCH_##                                                                                     \
        row] = { .name = #row, .clause = (from), .sentence = (words), .values = { __VA_ARGS__ } },
    SWITCH_MAP(X)
#undef X
};

const char *switch_value(const struct switches *switches, enum switch_id id)
{
    assert(id >= 0 && id < SWITCH_COUNT && switches->value[id] < SWITCH_VALUES_MAX);
    return switch_rows[id].values[switches->value[id]];
}

int switch_per_mille(const struct switches *switches, enum switch_id id)
{
    struct view rest, number = view_cut(view_str(switch_value(switches, id)), '%', &rest);
    int64_t percent = 0;
    int err = view_to_i64(number, 100, &percent);
    assert(!err && "not a switch of shares");
    (void)err;
    return (int)percent * 10;
}

/* Index of the value, or SWITCH_VALUES_MAX. */
static size_t find_value(enum switch_id id, struct view text)
{
    size_t i = 0;
    while (i < SWITCH_VALUES_MAX && switch_rows[id].values[i] &&
           !view_is(text, switch_rows[id].values[i]))
        i++;
    return i < SWITCH_VALUES_MAX && switch_rows[id].values[i] ? i : SWITCH_VALUES_MAX;
}

bool switch_is(const struct switches *switches, enum switch_id id, const char *text)
{
    size_t value = find_value(id, view_str(text));
    assert(value < SWITCH_VALUES_MAX && "a value the switch does not have");
    return switches->value[id] == value;
}

int switch_set(struct switches *switches, struct view name, struct view value)
{
    for (size_t id = 0; id < SWITCH_COUNT; id++) {
        if (!view_is(name, switch_rows[id].name))
            continue;
        size_t index = find_value((enum switch_id)id, value);
        if (index == SWITCH_VALUES_MAX)
            return ERR_SYNTAX;
        switches->value[id] = (unsigned char)index;
        return 0;
    }
    return ERR_NOT_FOUND;
}
