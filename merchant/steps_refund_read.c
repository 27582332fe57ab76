/* Chapter "refund_notify", and how a refund query is read. See steps_refund.h for the table. */
#include "base/err.h"
#include "base/log.h"
#include "steps.h"

/* --- API V3 --------------------------------------------------------------------------------- */

static struct view text_of(const json_t *object, const char *member)
{
    return view_str(json_string_value(json_object_get(object, member)));
}

static const char *read_v3(const json_t *said, const char *state, struct refund_facts *facts)
{
    const json_t *amount = json_object_get(said, "amount");
    const json_t *fen = json_object_get(amount, "refund"),
                 *total = json_object_get(amount, "total");
    *facts = (struct refund_facts){ .out_refund_no = text_of(said, "out_refund_no"),
                                    .refund_id = text_of(said, "refund_id"),
                                    .out_trade_no = text_of(said, "out_trade_no"),
                                    .transaction_id = text_of(said, "transaction_id"),
                                    .state = text_of(said, state),
                                    .fen = json_integer_value(fen),
                                    .total_fen = json_integer_value(total) };
    if (!json_is_integer(fen) || !json_is_integer(total))
        return "an amount is no integer";
    return facts->out_refund_no.len ? NULL : "out_refund_no is missing";
}

const char *step_v3_refund_told(struct shop *, const struct answer *a, struct refund_facts *facts)
{
    return read_v3(a->message.v3, "status", facts);
}

enum step step_v3_refund_event(struct claim *c)
{
    struct view event = text_of(c->envelope, "event_type");
    struct view type = text_of(json_object_get(c->envelope, "resource"), "original_type");
    if (!view_starts(event, VIEW("REFUND.")) || (type.len && !view_is(type, "refund"))) {
        log_event(LOG_INFO, "notify", "not for us", "event", event, "type", type, NULL);
        return claim_stop(c, STEP_DONE, "an event this door does not know");
    }
    return STEP_GO;
}

enum step step_v3_refund_read(struct claim *c)
{
    const char *why = read_v3(c->msg->v3, "refund_status", &c->facts);
    return why ? claim_stop(c, STEP_REFUSE, why) : STEP_GO;
}

enum step step_v3_refund_identity(struct claim *c)
{
    if (!view_is(text_of(c->msg->v3, "mchid"), c->shop->options->mch_id))
        return claim_stop(c, STEP_REFUSE, "mchid is not ours");
    return STEP_GO;
}

/* --- both ----------------------------------------------------------------------------------- */

static enum step fetch(struct claim *c, struct view number)
{
    int err = ledger_get_refund(c->shop->ledger, number, &c->refund);
    if (!err)
        err = ledger_get(c->shop->ledger, view_str(c->refund.order_id), &c->order);
    if (err == ERR_NOT_FOUND)
        return claim_stop(c, STEP_REFUSE, "we have no such out_refund_no");
    return err ? claim_stop(c, STEP_REFUSE, "the refunds cannot be read") : STEP_GO;
}

enum step step_refund_find(struct claim *c)
{
    return fetch(c, c->facts.out_refund_no);
}

enum step step_refund_lock(struct claim *c)
{
    if (ledger_begin(c->shop->ledger))
        return claim_stop(c, STEP_REFUSE, "the ledger cannot be locked");
    c->locked = true;
    return fetch(c, c->facts.out_refund_no);
}

enum step step_refund_compare(struct claim *c)
{
    struct shop *shop = c->shop;
    const char *why = shop->steps->refund_match(shop, &c->order, &c->refund, &c->facts);
    if (!why)
        return STEP_GO;
    if (ledger_alarm(shop->ledger, c->order.id, "refund-mismatch", view_str(why),
                     shop_now_ms(shop)))
        log_line(LOG_ERROR, "refund", "the alarm of order %s was lost", c->order.id);
    return claim_stop(c, STEP_REFUSE, why);
}

enum step step_refund_record(struct claim *c)
{
    struct shop *shop = c->shop;
    if (shop->steps->refund_word(shop, c->facts.state) == REFUND_STATES)
        return claim_stop(c, STEP_REFUSE, "a refund status that nobody knows");
    int err = shop->steps->refund_settle(shop, &c->order, &c->refund, &c->facts);
    if (err) {
        ledger_rollback(shop->ledger);
        c->locked = false;
        return claim_stop(c, STEP_REFUSE, "the ledger refused the refund");
    }
    return STEP_GO;
}
