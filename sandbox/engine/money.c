#include "engine/money.h"

#include "engine/refund.h"

#define DAY_MS    (86400 * 1000LL)
#define ZONE_MS   (8 * 3600 * 1000LL) /* Beijing */
#define PER_MILLE 6

int64_t money_fee(int64_t fen)
{
    return fen / 1000 * PER_MILLE + (fen % 1000 * PER_MILLE + 500) / 1000;
}

int64_t money_no_cash(const struct payment_row *payment)
{
    int64_t fen = 0;
    for (size_t i = 0; i < payment->coupon_count; i++)
        fen += payment->coupon[i].cash ? 0 : payment->coupon[i].fee_fen;
    return fen;
}

int64_t money_settled(const struct order_row *order, const struct payment_row *payment)
{
    return order->total_fen - money_no_cash(payment);
}

int64_t money_given_back(const struct order_row *order, const struct payment_row *payment,
                         const struct refund_row *refund)
{
    struct refund_share share;
    refund_share(order, payment, refund, &share);
    return share.settled_fen;
}

int64_t money_day_ms(int64_t at_ms)
{
    int64_t in_day = (at_ms + ZONE_MS) % DAY_MS;
    return at_ms - (in_day < 0 ? in_day + DAY_MS : in_day);
}

int money_book_payment(struct store *store, const struct order_row *order,
                       const struct payment_row *payment)
{
    int64_t settled = money_settled(order, payment);
    return money_add(store, order->account_id, money_day_ms(payment->paid_ms),
                     settled - money_fee(settled));
}

int money_book_refund(struct store *store, const struct order_row *order,
                      const struct refund_row *refund)
{
    struct payment_row payment;
    int err = payment_get(store, order->id, &payment);
    if (err)
        return err;
    int64_t back = money_given_back(order, &payment, refund);
    return money_add(store, order->account_id, money_day_ms(refund->created_ms),
                     money_fee(back) - back);
}
