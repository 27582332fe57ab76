/* Mutants of the chapters "refund" and "refund_notify": money that goes back, and how often. */
#include "mutants/mutant.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>

static struct view text_of(const json_t *object, const char *member)
{
    return view_str(json_string_value(json_object_get(object, member)));
}

/* --- numbers -------------------------------------------------------------------------------------- */

/* What failed is asked for again under another number: it is paid back twice. */
static void renumber(struct shop *shop, struct refund *refund)
{
    struct refund fresh = *refund;
    struct buf sql = BUF_INIT(1024);
    if (step_refund_number(shop, &fresh) == 0 &&
        buf_fmt(&sql, "UPDATE refunds SET out_refund_no = '%s' WHERE out_refund_no = '%s'",
                fresh.out_refund_no, refund->out_refund_no) == 0 &&
        ledger_exec(shop->ledger, buf_cstr(&sql)) == 0)
        memcpy(refund->out_refund_no, fresh.out_refund_no, sizeof(refund->out_refund_no));
    buf_release(&sql);
    refund->doubt = false;
}

static void number_per_try(struct shop *shop, struct refund *refund, struct answer *a)
{
    step_refund_failed(shop, refund, a);
    if (a->api == API_REFUND && refund->state == REFUND_ASKING && a->error != REFUSAL_LIMIT)
        renumber(shop, refund);
}

static void number_per_limit(struct shop *shop, struct refund *refund, struct answer *a)
{
    step_refund_failed(shop, refund, a);
    if (a->api == API_REFUND && a->outcome == ANSWER_ERROR && a->error == REFUSAL_LIMIT)
        renumber(shop, refund);
}

/* The number of a closed refund of the order is used again. */
static void find_closed(void *owner, const struct refund *kept)
{
    struct refund *refund = owner;
    if (kept->state == REFUND_CLOSED)
        memcpy(refund->out_refund_no, kept->out_refund_no, sizeof(refund->out_refund_no));
}

static int closed_number(struct shop *shop, struct refund *refund)
{
    struct buf sql = BUF_INIT(512);
    int err = step_refund_number(shop, refund);
    if (!err)
        err = ledger_refunds(shop->ledger, refund->order_id, find_closed, refund);
    if (!err)
        err =
            buf_fmt(&sql, "DELETE FROM refunds WHERE out_refund_no = '%s'", refund->out_refund_no);
    if (!err)
        err = ledger_exec(shop->ledger, buf_cstr(&sql));
    buf_release(&sql);
    return err;
}

/* --- how much ------------------------------------------------------------------------------------- */

static const char *any_sum(struct shop *, const struct order *, const struct refund *,
                           const struct refund_sum *)
{
    return NULL;
}

/* What is still on its way is not counted: two at once go through. */
static const char *only_back(struct shop *shop, const struct order *order,
                             const struct refund *refund, const struct refund_sum *sum)
{
    struct refund_sum back = { .count = sum->count, .fen = sum->back_fen };
    return step_refund_room(shop, order, refund, &back);
}

SAYS(never_same, bool, (struct shop *, const struct refund *, const struct refund *), false)
SAYS(at_once, int64_t, (struct shop *, int64_t), 0)

static json_t *part_as_total(struct shop *shop, const struct order *order,
                             const struct refund *refund)
{
    json_t *fields = step_v3_refund_fields(shop, order, refund);
    json_object_set_new(json_object_get(fields, "amount"), "total",
                        json_integer((json_int_t)refund->fen));
    return fields;
}

static json_t *without_url(struct shop *shop, const struct order *order,
                           const struct refund *refund)
{
    json_t *fields = step_v3_refund_fields(shop, order, refund);
    json_object_del(fields, "notify_url");
    return fields;
}

/* --- API V2 --------------------------------------------------------------------------------------- */

static int part_as_total_v2(struct shop *shop, const struct order *order,
                            const struct refund *refund, struct v2_msg *msg)
{
    char fen[24];
    int err = step_refund_fields(shop, order, refund, msg);
    snprintf(fen, sizeof(fen), "%lld", (long long)refund->fen);
    return err ? err : mutant_alter(msg, "total_fee", fen);
}

static int bad_number(struct shop *shop, struct refund *refund)
{
    int err = step_refund_number(shop, refund);
    refund->out_refund_no[3] = ' ';
    refund->out_refund_no[4] = '/';
    return err;
}

/* As with a key that is not derived as the platform does. */
static enum step wrong_digest(struct claim *c)
{
    return claim_stop(c, STEP_REFUSE, "req_info cannot be opened");
}

/* base64 of a document is taken when it cannot be opened. */
static enum step plain_believed(struct claim *c)
{
    struct buf plain = BUF_INIT(V2_XML_MAX);
    enum step said = step_refund_open(c);
    if (said != STEP_GO && base64_decode(v2_msg_get(&c->msg->v2, "req_info"), &plain) == 0 &&
        v2_msg_read(&c->opened, buf_view(&plain), NULL, NULL) == 0)
        said = STEP_GO;
    buf_release(&plain);
    return said;
}

static enum step repeat_refused(struct claim *c)
{
    if (c->refund.state == REFUND_SUCCESS)
        return claim_stop(c, STEP_REFUSE, "we have that already");
    return step_refund_record(c);
}

/* --- how it ends ---------------------------------------------------------------------------------- */

static enum refund_state accepted_is_done(struct shop *shop, struct refund *refund, struct answer *)
{
    struct buf sql = BUF_INIT(512);
    if (buf_fmt(&sql, "UPDATE orders SET state = 'refunded' WHERE id = '%s'", refund->order_id) ||
        ledger_exec(shop->ledger, buf_cstr(&sql)))
        log_line(LOG_ERROR, "mutant", "it did not work");
    buf_release(&sql);
    return REFUND_SUCCESS;
}

/* An answer without refund_status; of a notification, without status. */
static enum step notice_status(struct claim *c)
{
    enum step said = step_v3_refund_read(c);
    c->facts.state = text_of(c->msg->v3, "status");
    return said;
}

static const char *query_refund_status(struct shop *shop, const struct answer *a,
                                       struct refund_facts *facts)
{
    const char *why = step_v3_refund_told(shop, a, facts);
    facts->state = text_of(a->message.v3, "refund_status");
    return why;
}

static enum refund_state closed_is_done(struct shop *shop, struct view word)
{
    enum refund_state state = step_refund_word(shop, word);
    return state == REFUND_CLOSED ? REFUND_SUCCESS : state;
}

static enum refund_state abnormal_is_done(struct shop *shop, struct view word)
{
    enum refund_state state = step_refund_word(shop, word);
    return state == REFUND_ABNORMAL ? REFUND_SUCCESS : state;
}

/* The proof is looked at only at the payments' door. */
#define OF_PAYMENTS(step)                                                                          \
    SKIPS(step##_of_payments, struct claim *c, step_v3_notify_##step(c), c->source == CLAIM_REFUND)
OF_PAYMENTS(headers)
OF_PAYMENTS(fresh)
OF_PAYMENTS(key)
OF_PAYMENTS(verify)

static const char *any_match(struct shop *, const struct order *, const struct refund *,
                             const struct refund_facts *)
{
    return NULL;
}

/* --- when ----------------------------------------------------------------------------------------- */

static int64_t never_asked(struct shop *shop, const struct refund *refund, enum refusal why)
{
    return refund->fails ? step_refund_gap_s(shop, refund, why) : 400LL * 24 * 3600;
}

/* Forty calls tell enough; the shop's clock could never pass them all. */
static int64_t no_pause(struct shop *shop, const struct refund *refund, enum refusal why)
{
    return refund->fails > 0 && refund->fails < 40 ? 0 : step_refund_gap_s(shop, refund, why);
}

SAYS(anybody, bool, (struct shop *, struct http_call *), true)

/* clang-format off */
const struct mutant mutants_refund[] = {
    MUTANT("v3-refund-new-number", "WX3-053", "A refund that nobody answered is asked for under a new number.",
      .refund_failed = number_per_try),
    MUTANT("v3-refund-new-number-at-limit", "WX3-053 WX3-060", "After 429 a refund gets a new number.",
      .refund_failed = number_per_limit),
    MUTANT("v3-refund-accepted-is-done", "WX3-054", "A refund that was accepted is shown as refunded.",
      .refund_accepted = accepted_is_done),
    MUTANT("v3-refund-never-asked", "WX3-054", "Without a notification a refund is never asked about.",
      .refund_gap_s = never_asked),
    MUTANT("v3-refund-abnormal-is-done", "WX3-055", "ABNORMAL is shown as refunded.",
      .refund_word = abnormal_is_done),
    MUTANT("v3-refund-closed-is-done", "WX3-055", "CLOSED is shown as refunded.",
      .refund_word = closed_is_done),
    MUTANT("v3-refund-closed-same-number", "WX3-055", "A closed refund is asked for again under its number.",
      .refund_number = closed_number),
    MUTANT("v3-refund-sum-unchecked", "WX3-056", "Nobody adds up what goes back.",
      .refund_room = any_sum, .refund_same = never_same, .refund_not_before = at_once),
    MUTANT("v3-refund-sum-of-ended", "WX3-056", "Only what is back is counted: two at once go through.",
      .refund_room = only_back, .refund_same = never_same, .refund_not_before = at_once),
    MUTANT("v3-refund-total-is-part", "WX3-057", "amount.total is the refund's amount.",
      .v3_refund_fields = part_as_total),
    MUTANT("v3-refund-notice-status", "WX3-058", "A notification is read by status.",
      .v3_refund_read = notice_status),
    MUTANT("v3-refund-query-refund-status", "WX3-058 WX3-054", "A query is read by refund_status.",
      .v3_refund_told = query_refund_status),
    MUTANT("v3-refund-no-notify-url", "WX3-059", "Refunds are asked for without notify_url.",
      .v3_refund_fields = without_url),
    MUTANT("v3-refund-tight", "WX3-060", "After 429 a refund is asked for again at once.",
      .refund_gap_s = no_pause),
    MUTANT("v3-refund-unverified", "WX3-035", "Whoever writes to the refunds' door is believed.",
      .v3_notify_headers = headers_of_payments, .v3_notify_fresh = fresh_of_payments,
      .v3_notify_key = key_of_payments, .v3_notify_verify = verify_of_payments),
    MUTANT("v3-refund-unmatched", "WX3-043", "What a refund's message says is not compared.",
      .refund_match = any_match),
    MUTANT("refund-new-number", "WX2-077", "A refund that nobody answered is asked for under a new number.",
      .refund_failed = number_per_try),
    MUTANT("refund-new-number-at-limit", "WX2-081", "After a limit a refund gets a new number.",
      .refund_failed = number_per_limit),
    MUTANT("refund-accepted-is-done", "WX2-080", "A refund that was accepted is shown as refunded.",
      .refund_accepted = accepted_is_done),
    MUTANT("refund-never-asked", "WX2-087", "Without a notification a refund is never asked about.",
      .refund_gap_s = never_asked),
    MUTANT("refund-change-is-done", "WX2-080", "CHANGE is shown as refunded.",
      .refund_word = abnormal_is_done),
    MUTANT("refund-close-is-done", "WX2-080", "REFUNDCLOSE is shown as refunded.",
      .refund_word = closed_is_done),
    MUTANT("refund-sum-unchecked", "WX2-079", "Nobody adds up what goes back.",
      .refund_room = any_sum, .refund_same = never_same, .refund_not_before = at_once),
    MUTANT("refund-sum-of-ended", "WX2-079", "Only what is back is counted: two at once go through.",
      .refund_room = only_back, .refund_same = never_same, .refund_not_before = at_once),
    MUTANT("refund-at-once", "WX2-086", "Refunds of one order follow each other at once.",
      .refund_not_before = at_once),
    MUTANT("refund-total-is-part", "WX2-078", "total_fee is the refund's amount.",
      .refund_fields = part_as_total_v2),
    MUTANT("refund-number-bad", "WX2-076", "out_refund_no has a blank and a slash in it.",
      .refund_number = bad_number),
    MUTANT("refund-info-unread", "WX2-082", "req_info is never opened.",
      .refund_open = wrong_digest),
    MUTANT("refund-plain-believed", "WX2-083", "What is not sealed at all is believed.",
      .refund_open = plain_believed),
    MUTANT("refund-unmatched", "WX2-085", "What a refund's message says is not compared.",
      .refund_match = any_match),
    MUTANT("refund-identity-unchecked", "WX2-085", "appid and mch_id of a notification are not compared.",
      .refund_identity = mutant_go),
    MUTANT("refund-duplicate-refused", "WX2-084", "A repeated notification is answered FAIL.",
      .refund_record = repeat_refused),
    MUTANT("refund-tight", "WX2-081", "After a limit a refund is asked for again at once.",
      .refund_gap_s = no_pause),
    MUTANT("refund-without-staff", "WX2-088", "Whoever knows the door gives money back.",
      .refund_staff = anybody),
    { .name = NULL },
};
