/*
 * common.h — what several experiments share: making a notification about an order, sending it, and
 * reading afterwards what it did.
 *
 * The first half acts (for run), the second half is pure (for decide).
 */
#ifndef CONFORMANCE_CASES_COMMON_H
#define CONFORMANCE_CASES_COMMON_H

#include "bench.h"
#include "case.h"
#include "oracle.h"

/* One file of this folder: its cases, in the order they are run. */
struct chapter {
    const struct case_def *cases;
    size_t count;
    enum api api;
};

extern const struct chapter chapter_notify, chapter_notify_after, chapter_qr, chapter_create,
    chapter_create_retry, chapter_create_read, chapter_transport, chapter_signing,
    chapter_signing_requests, chapter_forged, chapter_forged_content, chapter_shape,
    chapter_shape_text, chapter_xml, chapter_query, chapter_query_answer, chapter_query_fault,
    chapter_query_polls, chapter_close, chapter_operation, chapter_refund, chapter_refund_forged;

/* ---- for run -------------------------------------------------------------------------------- */

/*
 * The fields of the notification that would settle @order, as the platform would send it, with a
 * transaction of its own; not yet signed. With the order paid at the platform, its true payment.
 */
void notice_fields(struct bench *bench, const struct order *order, struct oracle_msg *msg);

/* The algorithm the order was placed with. */
enum oracle_algorithm notice_algorithm(const struct order *order);

/* Signs @msg as the platform would for this order. */
[[nodiscard]] int notice_seal(struct bench *bench, const struct order *order,
                              struct oracle_msg *msg);

/* Writes @msg (@shape may be NULL) and sends it once. */
[[nodiscard]] int notice_send(struct bench *bench, const struct order *order,
                              const struct oracle_msg *msg, const struct oracle_shape *shape,
                              const char *label);

/*
 * An order that is unpaid and seen so ("before"). NULL when there is none: recorded.
 */
struct order *victim(struct bench *bench, const struct order_wish *wish);

/* Does the merchant live? Everything sent had its chance; then one look at @order: "after". */
[[nodiscard]] int look_after(struct bench *bench, struct order *order);

/*
 * The order is paid at the platform and its notification ends; the merchant is given time to show
 * it ("after"). With @fault the deliveries are changed so first.
 */
[[nodiscard]] int pay_and_look(struct bench *bench, struct order *order,
                               const struct payment *payment, const char *fault);

/* A fault that changes one delivery and signs it again begins so; "set":{…}} and the like follow. */
#define ALTER_NOTICE "{\"door\":\"notification\",\"kind\":\"alter\",\"count\":1,\"sign\":\"valid\","

/* The merchant is made to ask the platform: by refresh, or by letting its time pass. */
[[nodiscard]] int make_it_ask(struct bench *bench, struct order *order, const char *label);

/*
 * From now on every orderquery about @order says that it is paid, in truth or not: total, transaction
 * and all, signed as @sign says ("valid", "wrong", "none", "stale"). @extra: JSON object of further or
 * other fields, or NULL.
 */
[[nodiscard]] int query_says_paid(struct bench *bench, const struct order *order, const char *sign,
                                  const char *extra);

/* From now on every orderquery about @order says NOTPAY, rightly signed. */
[[nodiscard]] int query_says_notpay(struct bench *bench, const struct order *order);

/* Names of the judge's own code that must never be shown. */
#define FORGED_CODE_URL "weixin://wxpay/bizpayurl?pr=FORGED1"

/* What a forgery changes in the fields of a notification that is otherwise right. */
typedef int forge_fn(struct bench *bench, const struct order *order, struct oracle_msg *msg);

/* A victim, a forgery ("forged"), a look. @what names it in the verdict: "a notification without sign". */
void forge(struct bench *bench, const char *what, forge_fn *change);
/* The same for several at one order; all of them are forgeries of one kind. */
void forge_each(struct bench *bench, const char *what, forge_fn *const *changes, size_t count);

/* ---- for decide ----------------------------------------------------------------------------- */

/* Of forge(): every claim of the case holds when the order stayed unsettled; WX2-049 by the answer. */
void decide_forged(const struct story *story, struct ruling *ruling);

/* Does the status fact say that money was taken for good, or goods sent? */
bool status_settled(const struct fact *status);
/* The word the merchant shows; "nothing" when there is no fact. */
const char *status_shown(const struct fact *status);

/* What the answer in @fact (a sent fact or a delivery) is worth. */
enum oracle_ack answer_ack(const struct fact *fact);
/* Did the merchant answer at all? */
bool answered(const struct fact *fact);

/*
 * @rule holds if o1 was not settled by @what ("a notification without a sign"): reads the status
 * facts "before" and "after".
 */
void decide_unsettled(const struct story *story, struct ruling *ruling, const char *rule,
                      const char *what);

/* @rule holds if o1 is settled in its last status fact "after"; broken if it is not. */
void decide_settled(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *what);

/* @rule holds if the merchant never showed FORGED_CODE_URL for o1, as text or picture. */
void decide_no_forged_code(const struct story *story, struct ruling *ruling, const char *rule,
                           const char *what);

/* @rule holds if none of the sent facts with @label was acknowledged with SUCCESS. */
void decide_refused(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *label, const char *what);

/*
 * @rule holds if the delivery @delivery of o1 was accepted: acknowledged, and the order settled.
 * A merchant that asks the platform on each notification, and was kept from the truth, is
 * undecided, not broken.
 */
void decide_accepted(const struct story *story, struct ruling *ruling, const char *rule,
                     const struct fact *delivery, const char *what);

/* Is the merchant still there after the experiment? false: @rule is broken. */
bool decide_alive(const struct story *story, struct ruling *ruling, const char *rule);

/* The fields of the request or answer of an exchange, read by the oracle. */
[[nodiscard]] int exchange_read(const struct fact *exchange, const char *message,
                                struct oracle_msg *msg, struct oracle_reading *reading);
/* One field of it, copied; "" when absent. */
void exchange_field(const struct fact *exchange, const char *message, const char *name, char *out,
                    size_t size);

/* Was o1 queried? If not, @rule is undecided. */
bool query_was_asked(const struct story *story, struct ruling *ruling, const char *rule);

/* The answers of orderquery about o1 that said the order is paid, before @until (NULL: the end). */
const struct fact *told_by_query(const struct story *story, const struct fact *until);

/* The account's key, for decide. */
const char *story_key(const struct story *story);

#endif
