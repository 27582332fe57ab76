/*
 * api_v2.h — the chapters of the V2 manual that are built: a field table and a handler each.
 *
 * A handler runs after the gate (who, fields, signature) and before the reply. It fills call->out
 * with the business fields in the manual's order, or returns a refusal.
 */
#ifndef API_V2_API_V2_H
#define API_V2_API_V2_H

#include "api/v2/fields.h"

#define V2_UNIFIEDORDER_FIELDS 31
#define V2_ORDERQUERY_FIELDS   10
#define V2_CLOSEORDER_FIELDS   8

extern const struct field v2_unifiedorder_fields[V2_UNIFIEDORDER_FIELDS];
const struct refusal *v2_unifiedorder(struct call *call); /* V2 3.1 */

extern const struct field v2_orderquery_fields[V2_ORDERQUERY_FIELDS];
const struct refusal *v2_orderquery(struct call *call); /* V2 3.2 */

extern const struct field v2_closeorder_fields[V2_CLOSEORDER_FIELDS];
const struct refusal *v2_closeorder(struct call *call); /* V2 3.3 */

/*
 * What orderquery and the payment notification tell about the coupons of a payment (V2 3.2, 6.2).
 * Appended to @out.
 */
[[nodiscard]] int v2_add_coupons(struct v2_msg *out, const struct payment_row *payment,
                                 int64_t total_fen);

#endif
