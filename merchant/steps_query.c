/* Chapter "query": asking when nobody told. See steps.h for the table. */
#include "base/mem.h"
#include "settle.h"
#include "steps.h"

int64_t step_fallback_gap_s(struct shop *, const struct order *order)
{
    static const int64_t gaps_s[] = { 30, 60, 120, 300, 600 };
    size_t at = order->tries > 0 ? (size_t)order->tries : 0;
    return gaps_s[at < COUNT(gaps_s) ? at : COUNT(gaps_s) - 1];
}

enum trade step_query_state(struct shop *, struct view trade_state)
{
    static const struct {
        const char *word;
        enum trade trade;
    } table[] = {
        { "SUCCESS", TRADE_PAID },     { "REFUND", TRADE_REFUNDED },
        { "CLOSED", TRADE_CLOSED },    { "REVOKED", TRADE_CLOSED },
        { "NOTPAY", TRADE_WAITING },   { "USERPAYING", TRADE_WAITING },
        { "PAYERROR", TRADE_WAITING }, /* one attempt failed; the buyer may try again */
        { "ACCEPT", TRADE_WAITING },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(trade_state, table[i].word))
            return table[i].trade;
    }
    return TRADE_WAITING;
}

enum step step_query_number(struct claim *c)
{
    if (!view_is(c->payment.out_trade_no, c->order.out_trade_no))
        return claim_stop(c, STEP_REFUSE, "the answer speaks of another out_trade_no");
    return STEP_GO;
}

enum step step_query_read(struct claim *c)
{
    return settle_read(c);
}

enum step step_query_amount(struct claim *c)
{
    return settle_compare_amount(c);
}

enum step step_query_currency(struct claim *c)
{
    return settle_compare_currency(c);
}

enum move step_query_not_exist(struct shop *, struct order *order, struct answer *)
{
    return order->state == ORDER_CREATING ? MOVE_AGAIN : MOVE_REST;
}

enum move step_query_unknown(struct shop *, struct order *, struct answer *)
{
    return MOVE_AGAIN;
}

int64_t step_refresh_pause_ms(struct shop *, int64_t since_last_ms)
{
    return since_last_ms >= 0 && since_last_ms < 1000 ? 1000 - since_last_ms : 0;
}

bool step_status_asks(struct shop *, const struct order *)
{
    return false;
}
