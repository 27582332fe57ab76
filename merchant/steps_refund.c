/* Chapter "refund": what is asked for, and what the answers mean. See steps_refund.h. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "steps.h"

#include <stdio.h>

/* --- the wish ------------------------------------------------------------------------------- */

/* In constant time for texts of one length, so that nobody feels his way. */
static bool same_text(struct view said, const char *token)
{
    volatile unsigned char differs = 0;
    if (said.len != strlen(token))
        return false;
    for (size_t i = 0; i < said.len; i++)
        differs |= (unsigned char)(said.ptr[i] ^ token[i]);
    return differs == 0;
}

bool step_refund_staff(struct shop *shop, struct http_call *call)
{
    const char *token = shop->options->staff_token;
    struct view said = http_header_get(http_call_request(call)->headers, "Authorization");
    struct view scheme = VIEW("Bearer ");
    if (!token || !view_starts(said, scheme))
        return false;
    said = (struct view){ said.ptr + scheme.len, said.len - scheme.len };
    return same_text(said, token);
}

const char *step_refund_wish(struct shop *, const json_t *wish, int64_t left_fen,
                             struct refund *refund)
{
    json_t *amount = json_object_get(wish, "amount_fen");
    if (json_object_size(wish) != (amount ? 1U : 0U))
        return "only amount_fen may be said";
    if (amount && (!json_is_integer(amount) || json_integer_value(amount) < 1))
        return "amount_fen must be a whole number of fen, at least 1";
    refund->fen = amount ? json_integer_value(amount) : left_fen;
    return NULL;
}

int step_refund_number(struct shop *shop, struct refund *refund)
{
    char time[CN_TIME_LEN + 1], chance[13];
    cn_time_14(shop_now_ms(shop), time);
    rng_alnum(&shop->rng, chance, sizeof(chance) - 1);
    snprintf(refund->out_refund_no, sizeof(refund->out_refund_no), "R%s%s", time, chance);
    return 0; /* the ledger's key refuses the one in 10^21 */
}

bool step_refund_same(struct shop *, const struct refund *kept, const struct refund *wish)
{
    return refund_is_open(kept->state) && kept->fen == wish->fen;
}

const char *step_refund_room(struct shop *, const struct order *order, const struct refund *refund,
                             const struct refund_sum *sum)
{
    if (sum->count >= REFUNDS_MAX)
        return "fifty refunds of one order are all the platform takes";
    if (refund->fen < 1 || refund->fen > order->total_fen - sum->fen)
        return "more than what is left of the payment";
    return NULL;
}

int64_t step_refund_not_before(struct shop *, int64_t last_ms)
{
    return last_ms ? last_ms + REFUND_APART_MS : 0;
}

/* --- the question --------------------------------------------------------------------------- */

json_t *step_v3_refund_fields(struct shop *, const struct order *order, const struct refund *refund)
{
    return json_pack("{s:s, s:s, s:s, s:{s:I, s:I, s:s}}", "out_trade_no", order->out_trade_no,
                     "out_refund_no", refund->out_refund_no, "notify_url", refund->notify_url,
                     "amount", "refund", (json_int_t)refund->fen, "total",
                     (json_int_t)order->total_fen, "currency", "CNY");
}

enum api step_refund_ask(struct shop *, const struct refund *refund)
{
    return refund->state == REFUND_ASKING && !refund->doubt ? API_REFUND : API_REFUND_QUERY;
}

/* --- the answer ----------------------------------------------------------------------------- */

enum refusal step_refund_error(struct answer *a, struct view code)
{
    static const struct {
        const char *code;
        enum refusal error;
    } table[] = {
        { "FREQUENCY_LIMITED", REFUSAL_LIMIT },
        { "RATELIMIT_EXCEEDED", REFUSAL_LIMIT },
        { "INVALID_REQ_TOO_MUCH", REFUSAL_LIMIT },
        { "NOT_ENOUGH", REFUSAL_FUNDS },
        { "NOTENOUGH", REFUSAL_FUNDS },
        { "RESOURCE_NOT_EXISTS", REFUSAL_NOT_EXIST },
        { "REFUNDNOTEXIST", REFUSAL_NOT_EXIST },
        { "USER_ACCOUNT_ABNORMAL", REFUSAL_FINAL },
        { "TRADE_OVERDUE", REFUSAL_FINAL },
        { "TRADE_STATE_ERROR", REFUSAL_FINAL },
        { "REFUND_FEE_INVALID", REFUSAL_FINAL },
        { "REFUND_FEE_MISMATCH", REFUSAL_FINAL },
        { "ORDERNOTEXIST", REFUSAL_FINAL },
        { "INVALID_TRANSACTIONID", REFUSAL_FINAL },
        { "INVALID_REQUEST", REFUSAL_FINAL },
        { "PARAM_ERROR", REFUSAL_FINAL },
        { "MCH_NOT_EXISTS", REFUSAL_FINAL },
        { "NO_AUTH", REFUSAL_FINAL },
        { "NOAUTH", REFUSAL_FINAL },
    };
    if (a->status == 429)
        return REFUSAL_LIMIT;
    if (a->status >= 500)
        return REFUSAL_AGAIN; /* whatever the body says */
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(code, table[i].code))
            return table[i].error;
    }
    return REFUSAL_AGAIN;
}

enum refund_state step_refund_accepted(struct shop *, struct refund *, struct answer *)
{
    return REFUND_PROCESSING;
}

/* Something a person must look at. */
static void tell(struct shop *shop, const struct refund *refund, const char *kind,
                 struct view because)
{
    struct buf detail = BUF_INIT(256);
    int err = buf_fmt(&detail, "%s over %lld fen: %.*s", refund->out_refund_no,
                      (long long)refund->fen, VIEW_ARG(because));
    if (!err)
        err = ledger_alarm(shop->ledger, refund->order_id, kind, buf_view(&detail),
                           shop_now_ms(shop));
    if (err)
        log_line(LOG_ERROR, "refund", "alarm %s of refund %s: %s", kind, refund->out_refund_no,
                 err_name(err));
    buf_release(&detail);
}

void step_refund_failed(struct shop *shop, struct refund *refund, struct answer *a)
{
    bool asked = a->api == API_REFUND, definite = a->outcome == ANSWER_ERROR;
    refund->fails++;
    if (!definite || a->error == REFUSAL_AGAIN)
        return; /* doubt stays: the query comes first */
    if (a->error == REFUSAL_NOT_EXIST && refund->state == REFUND_ASKING)
        refund->doubt = false; /* it has not come there: the same again */
    if (!asked)
        return;
    refund->doubt = false; /* a limit or an empty account: nothing was done there */
    if (a->error == REFUSAL_FUNDS)
        tell(shop, refund, "refund-not-enough", a->told.err_code);
    if (a->error != REFUSAL_FINAL)
        return;
    int err = ledger_move_refund(shop->ledger, refund, REFUND_REFUSED);
    if (err && err != ERR_EXISTS)
        log_line(LOG_ERROR, "refund", "%s did not end: %s", refund->out_refund_no, err_text(err));
    else if (!err)
        tell(shop, refund, "refund-refused", a->told.err_code);
}

int64_t step_refund_gap_s(struct shop *, const struct refund *refund, enum refusal why)
{
    static const int64_t again_s[] = { 1, 2, 5, 10, 20, 40, 60, 120, 300, 600 };
    static const int64_t under_way_s[] = { 60, 60, 60, 60, 60, 300, 600, 1200, 1800 };
    size_t fails = refund->fails > 0 ? (size_t)refund->fails - 1 : 0;
    size_t tries = refund->tries > 0 ? (size_t)refund->tries : 0;
    int64_t again = again_s[fails < COUNT(again_s) ? fails : COUNT(again_s) - 1];
    if (refund->state == REFUND_ABNORMAL)
        return 3600; /* until a person has set it right over there */
    if (refund->fails > 0 && why == REFUSAL_LIMIT)
        return again < 60 ? 60 : again;
    if (refund->fails > 0)
        return why == REFUSAL_FUNDS ? 600 : again;
    return under_way_s[tries < COUNT(under_way_s) ? tries : COUNT(under_way_s) - 1];
}

/* --- what is told --------------------------------------------------------------------------- */

const char *step_refund_match(struct shop *, const struct order *order, const struct refund *refund,
                              const struct refund_facts *facts)
{
    if (!view_is(facts->out_refund_no, refund->out_refund_no))
        return "it speaks of another out_refund_no";
    if (facts->fen != refund->fen)
        return "the amount is not the refund's";
    if (facts->total_fen != order->total_fen)
        return "the total is not the order's";
    if (!view_is(facts->out_trade_no, order->out_trade_no) ||
        !view_is(facts->transaction_id, order->transaction_id))
        return "it speaks of another payment";
    return NULL;
}

enum refund_state step_refund_word(struct shop *, struct view word)
{
    static const struct {
        const char *word;
        enum refund_state state;
    } table[] = {
        { "SUCCESS", REFUND_SUCCESS },   { "PROCESSING", REFUND_PROCESSING },
        { "ABNORMAL", REFUND_ABNORMAL }, { "CHANGE", REFUND_ABNORMAL },
        { "CLOSED", REFUND_CLOSED },     { "REFUNDCLOSE", REFUND_CLOSED },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(word, table[i].word))
            return table[i].state;
    }
    return REFUND_STATES;
}

/* What else changes with the state: who must be told, and whether the order has ended. */
static int follow(struct shop *shop, struct order *order, const struct refund *refund,
                  enum refund_state before)
{
    struct refund_sum sum;
    if (refund->state == REFUND_ABNORMAL)
        tell(shop, refund, "refund-abnormal", VIEW("the payer's account does not take it"));
    if (refund->state == REFUND_CLOSED)
        tell(shop, refund, "refund-closed", VIEW("nothing went back"));
    if (refund->state != REFUND_SUCCESS)
        return 0;
    if (!refund_counts(before))
        tell(shop, refund, "refund-after-end", VIEW("it went back after all"));
    int err = ledger_refund_sum(shop->ledger, order->id, &sum);
    if (!err && sum.back_fen >= order->total_fen)
        err = ledger_move(shop->ledger, order, EVENT_REFUNDED);
    return err == ERR_EXISTS ? 0 : err;
}

int step_refund_settle(struct shop *shop, struct order *order, struct refund *refund,
                       const struct refund_facts *facts)
{
    enum refund_state next = shop->steps->refund_word(shop, facts->state), before = refund->state;
    if (next == REFUND_STATES || !refund_may(before, next))
        return 0; /* older news, or none */
    int err = view_copy(facts->refund_id, refund->refund_id, sizeof(refund->refund_id));
    if (!err)
        err = ledger_move_refund(shop->ledger, refund, next);
    if (err)
        return err;
    log_event(LOG_INFO, "refund", refund_state_name(next), "number",
              view_str(refund->out_refund_no), NULL);
    return follow(shop, order, refund, before);
}
