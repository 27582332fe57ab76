#include "refund.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static const char *const names[REFUND_STATES] = {
#define X(name, text) [REFUND_##name] = text,
    REFUND_STATE_MAP(X)
#undef X
};

const char *refund_state_name(enum refund_state state)
{
    assert(state < REFUND_STATES);
    return names[state];
}

bool refund_state_parse(const char *text, enum refund_state *out)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *out = (enum refund_state)i;
            return true;
        }
    }
    return false;
}

bool refund_is_open(enum refund_state state)
{
    return state == REFUND_ASKING || state == REFUND_PROCESSING;
}

bool refund_counts(enum refund_state state)
{
    return state != REFUND_CLOSED && state != REFUND_REFUSED;
}

/* A cell that nobody wrote refuses. */
static const bool cells[REFUND_STATES][REFUND_STATES] = {
    [REFUND_ASKING] = { [REFUND_PROCESSING] = true,
                        [REFUND_SUCCESS] = true,
                        [REFUND_ABNORMAL] = true,
                        [REFUND_CLOSED] = true,
                        [REFUND_REFUSED] = true },
    [REFUND_PROCESSING] = { [REFUND_SUCCESS] = true,
                            [REFUND_ABNORMAL] = true,
                            [REFUND_CLOSED] = true },
    [REFUND_ABNORMAL] = { [REFUND_SUCCESS] = true },
    [REFUND_CLOSED] = { [REFUND_SUCCESS] = true },
    [REFUND_REFUSED] = { [REFUND_SUCCESS] = true },
};

bool refund_may(enum refund_state from, enum refund_state to)
{
    assert(from < REFUND_STATES && to < REFUND_STATES);
    return cells[from][to];
}
