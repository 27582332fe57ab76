#include "engine/refusal.h"

#include <assert.h>

static const struct refusal refusals[REFUSAL_COUNT] = {
#define X(row, floor, wire, words, from)                                                           \
    [REFUSE_##row] = {                                                                             \
        .id = REFUSE_##row,                                                                        \
        .name = #row,                                                                              \
        .layer = REFUSAL_##floor,                                                                  \
        .code = (wire),                                                                            \
        .text = (words),                                                                           \
        .clause = (from),                                                                          \
    },
    REFUSAL_MAP(X)
#undef X
};

const struct refusal *refusal_of(enum refusal_id id)
{
    assert(id >= 0 && id < REFUSAL_COUNT);
    return &refusals[id];
}
