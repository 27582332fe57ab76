/* Mutants of the chapter "query": asking when nobody told. */
#include "mutants/mutant.h"

/* --- what a state means ------------------------------------------------------------------- */

SAYS(anything_paid, enum trade, (struct shop *, struct view), TRADE_PAID)

static enum trade unknown_paid(struct shop *shop, struct view state)
{
    static const char *const known[] = { "SUCCESS", "REFUND",     "CLOSED",   "REVOKED",
                                         "NOTPAY",  "USERPAYING", "PAYERROR", "ACCEPT" };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (view_is(state, known[i]))
            return step_query_state(shop, state);
    }
    return TRADE_PAID;
}

static enum trade refund_fails(struct shop *shop, struct view state)
{
    return view_is(state, "REFUND") ? TRADE_CLOSED : step_query_state(shop, state);
}

static enum trade paying_fails(struct shop *shop, struct view state)
{
    return view_is(state, "USERPAYING") ? TRADE_CLOSED : step_query_state(shop, state);
}

/* Believes in the payment, so what is missing is made up. */
static enum step made_up(struct claim *c)
{
    if (step_query_read(c) != STEP_GO)
        c->payment.total_fen = c->order.total_fen;
    if (c->payment.transaction_id.len == 0)
        c->payment.transaction_id = view_str(c->order.id);
    return STEP_GO;
}

/* --- when ------------------------------------------------------------------------------------ */

SAYS(never, int64_t, (struct shop *, const struct order *), -1)

SAYS(late, int64_t, (struct shop *, const struct order *), 600)

static int64_t at_once(struct shop *, const struct order *order)
{
    return order->tries < 300 ? 0 : 600;
}

SAYS(steady, int64_t, (struct shop *, const struct order *), 5)

SAYS(no_pause, int64_t, (struct shop *, int64_t), 0)

static bool each_time(struct shop *, const struct order *order)
{
    return !order_is_paid(order->state) && !order_is_over(order->state);
}

/* --- what an answer does ------------------------------------------------------------------------ */

SAYS(query_then, enum move, (struct shop *, struct order *, struct answer *), MOVE_QUERY)

SAYS(final, enum move, (struct shop *, struct order *, struct answer *), MOVE_FAILED)

SAYS(ended, enum move, (struct shop *, struct order *, struct answer *), MOVE_ENDED)

/* clang-format off */
const struct mutant mutants_query[] = {
    MUTANT("trade-state-ignored", "WX2-025 WX2-070", "Any successful query means paid.",
      .query_state = anything_paid, .query_read = made_up),
    MUTANT("unknown-state-is-paid", "WX2-070", "A trade_state that nobody knows means paid.",
      .query_state = unknown_paid, .query_read = made_up),
    MUTANT("refund-is-failure", "WX2-070", "REFUND means that the order was never paid.",
      .query_state = refund_fails),
    MUTANT("userpaying-is-failure", "WX2-070", "USERPAYING closes the order.",
      .query_state = paying_fails),
    MUTANT("query-amount-unchecked", "WX2-071", "The amount of a query's answer is not compared.",
      .query_amount = mutant_go),
    MUTANT("query-currency-unchecked", "WX2-071",
      "The currency of a query's answer is not compared.",
      .query_currency = mutant_go),
    MUTANT("query-number-unchecked", "WX2-071", "An answer about another order settles this one.",
      .query_number = mutant_go),
    MUTANT("no-query", "WX2-064", "Without a notification the order stays unpaid.",
      .fallback_gap_s = never),
    MUTANT("late-first-query", "WX2-065", "The first query comes after ten minutes.",
      .fallback_gap_s = late),
    MUTANT("tight-query-loop", "WX2-065 WX2-119", "The shop asks without a pause.",
      .fallback_gap_s = at_once),
    MUTANT("steady-query", "WX2-065", "The shop asks every five seconds for two hours.",
      .fallback_gap_s = steady),
    MUTANT("notexist-is-final", "WX2-069", "ORDERNOTEXIST after a lost answer ends the order.",
      .create_unknown = query_then, .query_not_exist = final),
    MUTANT("notexist-closes", "WX2-069", "ORDERNOTEXIST closes an order whose code is shown.",
      .query_not_exist = ended),
    MUTANT("query-error-closes", "WX2-013 WX2-068",
      "SYSTEMERROR or no answer at query closes the order.",
      .query_unknown = ended),
    MUTANT("status-asks-platform", "WX2-093", "Every look at the order's state asks the platform.",
      .status_asks = each_time, .refresh_pause_ms = no_pause),
    MUTANT("refresh-unlimited", "WX2-065", "The platform is asked as often as somebody asks us.",
      .refresh_pause_ms = no_pause),
    { .name = NULL },
};
