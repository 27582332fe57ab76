/*
 * api_v2.h — the chapters of the V2 manual that are built: a field table and a handler each.
 *
 * A handler runs after the gate (who, fields, signature) and before the reply. It fills call->out
 * with the business fields in the manual's order, or returns a refusal.
 */
#ifndef API_V2_API_V2_H
#define API_V2_API_V2_H

#include "api/v2/fields.h"
#include "engine/refund.h"

#define V2_UNIFIEDORDER_FIELDS 31
#define V2_ORDERQUERY_FIELDS   10
#define V2_CLOSEORDER_FIELDS   8
#define V2_REFUND_FIELDS       18
#define V2_REFUNDQUERY_FIELDS  12
#define V2_DOWNLOADBILL_FIELDS 11
#define V2_FUNDFLOW_FIELDS     10

extern const struct field v2_unifiedorder_fields[V2_UNIFIEDORDER_FIELDS];
const struct refusal *v2_unifiedorder(struct call *call); /* V2 3.1 */

extern const struct field v2_orderquery_fields[V2_ORDERQUERY_FIELDS];
const struct refusal *v2_orderquery(struct call *call); /* V2 3.2 */

extern const struct field v2_closeorder_fields[V2_CLOSEORDER_FIELDS];
const struct refusal *v2_closeorder(struct call *call); /* V2 3.3 */

extern const struct field v2_refund_fields[V2_REFUND_FIELDS];
const struct refusal *v2_refund(struct call *call); /* V2 3.4 */

extern const struct field v2_refundquery_fields[V2_REFUNDQUERY_FIELDS];
const struct refusal *v2_refundquery(struct call *call); /* V2 3.5 */

/* V2 3.7, 3.8: the file becomes call->body, which the reply leaves as it is. */
extern const struct field v2_downloadbill_fields[V2_DOWNLOADBILL_FIELDS];
const struct refusal *v2_downloadbill(struct call *call);
extern const struct field v2_downloadfundflow_fields[V2_FUNDFLOW_FIELDS];
const struct refusal *v2_downloadfundflow(struct call *call);

/* What V2 makes of a refund's row: "CHANGE" of ABNORMAL, "REFUND_SOURCE_…" of funds_account. */
const char *v2_refund_status(enum refund_state state);
const char *v2_refund_account(const struct refund_row *refund);

/*
 * coupon_refund_fee and what belongs to it, appended to @out; each name followed by @tail, which is
 * "" in a refund's answer and "_$n" in refundquery's.
 */
[[nodiscard]] int v2_add_refund_coupons(struct v2_msg *out, const struct payment_row *payment,
                                        const struct refund_share *share, const char *tail);

/* The record of this call is about that order. */
void v2_name_order(struct call *call, const struct order_row *order);

/* 28 digits (V2 1.6); anything else is refused as INVALID_TRANSACTIONID before it is looked up. */
bool v2_is_transaction_id(struct view text);

/*
 * What orderquery and the payment notification tell about the coupons of a payment (V2 3.2, 6.2).
 * Appended to @out.
 */
[[nodiscard]] int v2_add_coupons(struct v2_msg *out, const struct payment_row *payment,
                                 int64_t total_fen);

#endif
