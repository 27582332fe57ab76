#include "order.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

static const char *const names[ORDER_STATES] = {
#define X(name, text) [ORDER_##name] = text,
    ORDER_STATE_MAP(X)
#undef X
};

const char *order_state_name(enum order_state state)
{
    assert(state < ORDER_STATES);
    return names[state];
}

bool order_state_parse(const char *text, enum order_state *out)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *out = (enum order_state)i;
            return true;
        }
    }
    return false;
}

/* clang-format off */
/* A cell that nobody wrote refuses. */
#define GO(state) { .moves = true, .next = ORDER_##state }

static const struct cell {
    bool moves;
    enum order_state next;
} cells[ORDER_STATES][ORDER_EVENTS] = {
    [ORDER_CREATING] = { [EVENT_ACCEPTED] = GO(PENDING), [EVENT_REFUSED] = GO(FAILED),
                         [EVENT_PAID] = GO(PAID),        [EVENT_GIVE_UP] = GO(CLOSING),
                         [EVENT_CLOSED_THERE] = GO(CLOSED) },
    [ORDER_PENDING]  = { [EVENT_PAID] = GO(PAID),        [EVENT_GIVE_UP] = GO(CLOSING),
                         [EVENT_CLOSED_THERE] = GO(CLOSED) },
    [ORDER_CLOSING]  = { [EVENT_PAID] = GO(PAID),        [EVENT_CLOSED_THERE] = GO(CLOSED) },
    [ORDER_PAID]     = { [EVENT_SHIPPED] = GO(SHIPPED),  [EVENT_REFUNDED] = GO(REFUNDED) },
    [ORDER_SHIPPED]  = { [EVENT_REFUNDED] = GO(REFUNDED) },
};
/* clang-format on */

bool order_next(enum order_state state, enum order_event event, enum order_state *next)
{
    assert(state < ORDER_STATES && event < ORDER_EVENTS);
    const struct cell *cell = &cells[state][event];
    if (cell->moves)
        *next = cell->next;
    return cell->moves;
}

bool order_is_paid(enum order_state state)
{
    return state == ORDER_PAID || state == ORDER_SHIPPED || state == ORDER_REFUNDED;
}

bool order_is_over(enum order_state state)
{
    return state == ORDER_CLOSED || state == ORDER_FAILED;
}
