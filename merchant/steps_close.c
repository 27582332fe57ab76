/* Chapter "close": ending an unpaid order. See steps.h for the table. */
#include "steps.h"

bool step_expire_due(struct shop *shop, const struct order *order)
{
    return shop_now_ms(shop) >= order->expire_ms;
}

bool step_close_query_first(struct shop *, const struct order *)
{
    return true;
}

int64_t step_close_not_before(struct shop *, const struct order *order)
{
    return order->created_ms + ORDER_CLOSE_S * INT64_C(1000);
}

bool step_close_needed(struct shop *, const struct order *)
{
    return true;
}

enum move step_close_orderpaid(struct shop *, struct order *, struct answer *)
{
    return MOVE_QUERY;
}

enum move step_close_unknown(struct shop *, struct order *, struct answer *)
{
    return MOVE_AGAIN;
}

enum move step_close_gone(struct shop *, struct order *, struct answer *)
{
    return MOVE_ENDED;
}
