#include "engine/order_cell.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>

struct cell {
    bool moves;
    enum trade_state next;
    enum refusal_id why; /* a cell nobody wrote is REFUSE_UNWRITTEN */
};

#define GO(state)                                                                                  \
    {                                                                                              \
        .moves = true, .next = TRADE_##state                                                       \
    }
#define NO(reason)                                                                                 \
    {                                                                                              \
        .why = REFUSE_##reason                                                                     \
    }

/* clang-format off */
static const struct cell cells[TRADE_STATES][ORDER_EVENTS] = {
    /*                     pay                 fail                close               time                repeat             */
    [TRADE_NOTPAY]     = { GO(SUCCESS),        GO(PAYERROR),       GO(CLOSED),         GO(CLOSED),         GO(NOTPAY)         },
    [TRADE_USERPAYING] = { GO(SUCCESS),        GO(PAYERROR),       NO(TRADE_STATE),    NO(TRADE_STATE),    NO(TRADE_STATE)    },
    [TRADE_SUCCESS]    = { NO(ORDER_PAID),     NO(ORDER_PAID),     NO(CLOSE_PAID),     NO(ORDER_PAID),     NO(ORDER_PAID)     },
    [TRADE_REFUND]     = { NO(ORDER_PAID),     NO(ORDER_PAID),     NO(CLOSE_PAID),     NO(ORDER_PAID),     NO(ORDER_PAID)     },
    [TRADE_CLOSED]     = { NO(ORDER_CLOSED),   NO(ORDER_CLOSED),   NO(ORDER_CLOSED),   NO(ORDER_CLOSED),   NO(ORDER_CLOSED)   },
    [TRADE_REVOKED]    = { NO(ORDER_REVERSED), NO(ORDER_REVERSED), NO(ORDER_REVERSED), NO(ORDER_REVERSED), NO(ORDER_REVERSED) },
    [TRADE_PAYERROR]   = { NO(ORDER_CLOSED),   NO(ORDER_CLOSED),   NO(TRADE_STATE),    NO(TRADE_STATE),    NO(ORDER_CLOSED)   },
    [TRADE_ACCEPT]     = { NO(TRADE_STATE),    NO(TRADE_STATE),    NO(TRADE_STATE),    NO(TRADE_STATE),    NO(TRADE_STATE)    },
};
/* clang-format on */

const struct refusal *order_apply(struct order_row *order, enum order_event event)
{
    assert(order->state > 0 && order->state < TRADE_STATES && event < ORDER_EVENTS);
    const struct cell *cell = &cells[order->state][event];
    if (!cell->moves)
        return refusal_of(cell->why);
    order->state = cell->next;
    return NULL;
}

/* V2 5.1; descriptions as seen in V2 3.2. */
static const struct {
    const char *name, *desc;
} states[TRADE_STATES] = {
    [0] = { "", "" },
    [TRADE_NOTPAY] = { "NOTPAY", "订单未支付" },
    [TRADE_USERPAYING] = { "USERPAYING", "用户支付中，需要输入密码" },
    [TRADE_SUCCESS] = { "SUCCESS", "支付成功" },
    [TRADE_REFUND] = { "REFUND", "订单发生过退款，退款详情请查询退款单" },
    [TRADE_CLOSED] = { "CLOSED", "订单已关闭" },
    [TRADE_REVOKED] = { "REVOKED", "订单已撤销" },
    [TRADE_PAYERROR] = { "PAYERROR", "支付失败，请重新下单支付" },
    [TRADE_ACCEPT] = { "ACCEPT", "已接收，等待扣款" },
};

const char *trade_state_name(enum trade_state state)
{
    assert(state >= 0 && state < TRADE_STATES);
    return states[state].name;
}

const char *trade_state_desc(enum trade_state state)
{
    assert(state >= 0 && state < TRADE_STATES);
    return states[state].desc;
}

int trade_state_parse(struct view text, enum trade_state *out)
{
    for (size_t i = 1; i < COUNT(states); i++) {
        if (!view_is(text, states[i].name))
            continue;
        *out = (enum trade_state)i;
        return 0;
    }
    return ERR_SYNTAX;
}

const char *trade_type_name(enum trade_type type)
{
    static const char *const names[] = {
        [TRADE_TYPE_NATIVE] = "NATIVE",
        [TRADE_TYPE_JSAPI] = "JSAPI",
        [TRADE_TYPE_APP] = "APP",
        [TRADE_TYPE_MWEB] = "MWEB",
    };
    assert(type > 0 && (size_t)type < COUNT(names));
    return names[type];
}
