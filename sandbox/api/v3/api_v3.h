/*
 * api_v3.h — the chapters of the V3 manual that are built: a field table and a handler each.
 *
 * A handler runs after the gate (agent, signature, fields) and before the reply. It fills
 * call->v3->out with the answer's body, leaves it NULL for 204, or returns a refusal.
 */
#ifndef API_V3_API_V3_H
#define API_V3_API_V3_H

#include "api/v3/fields.h"

/* V3 4.1 */
extern const struct v3_field v3_native_fields[], v3_jsapi_fields[], v3_app_fields[], v3_h5_fields[];
/* V3 4.8: the handlers are the same for both */
extern const struct v3_field v3_partner_native_fields[], v3_partner_jsapi_fields[],
    v3_partner_app_fields[], v3_partner_h5_fields[], v3_partner_close_fields[];
const struct refusal *v3_native(struct call *call);
const struct refusal *v3_jsapi(struct call *call);
const struct refusal *v3_app(struct call *call);
const struct refusal *v3_h5(struct call *call);

const struct refusal *v3_query(struct call *call);    /* V3 4.2, by out_trade_no */
const struct refusal *v3_query_id(struct call *call); /* V3 4.2, by transaction_id */

extern const struct v3_field v3_close_fields[];
const struct refusal *v3_close(struct call *call); /* V3 4.3 */

extern const struct v3_field v3_refund_fields[];
const struct refusal *v3_refund(struct call *call);       /* V3 4.4 */
const struct refusal *v3_refund_query(struct call *call); /* V3 4.4 */

extern const struct v3_field v3_refund_mend_fields[];
const struct refusal *v3_refund_mend(struct call *call); /* V3 4.4, apply-abnormal-refund */
/* What all calls about refunds answer; releases both rows. */
const struct refusal *v3_refund_answer(struct call *call, const struct refusal *no,
                                       struct refund_row *refund, struct order_row *order,
                                       const struct payment_row *payment);

extern const struct v3_field v3_echo_fields[];
const struct refusal *v3_echo(struct call *call); /* V3 4.14 */

const struct refusal *v3_trade_bill(struct call *call); /* V3 4.5 */
const struct refusal *v3_fund_bill(struct call *call);  /* V3 4.5 */
const struct refusal *v3_bill_file(struct call *call);  /* V3 4.5 */

/* V3 4.7 */
extern const struct v3_field v3_combine_native_fields[], v3_combine_jsapi_fields[],
    v3_combine_app_fields[], v3_combine_h5_fields[], v3_combine_close_fields[];
const struct refusal *v3_combine_native(struct call *call);
const struct refusal *v3_combine_jsapi(struct call *call);
const struct refusal *v3_combine_app(struct call *call);
const struct refusal *v3_combine_h5(struct call *call);
const struct refusal *v3_combine_query(struct call *call);
const struct refusal *v3_combine_close(struct call *call);

const struct refusal *v3_certificates(struct call *call); /* V3 4.9 */

/*
 * What a query and a payment notification tell of an order (V3 4.2, 6.2). @payment NULL: unpaid.
 * New reference, or NULL without memory.
 */
json_t *v3_transaction(const struct account *account, const struct order_row *order,
                       const struct payment_row *payment);

/* Its coupons, an empty list without a payment. */
json_t *v3_promotion_detail(const struct payment_row *payment);

/* What a query and the notification tell of a combined order (V3 4.7). */
struct combine;
json_t *v3_combined(const struct combine *combine);

/* What a refund notification tells (V3 7). New reference, or NULL without memory. */
json_t *v3_refund_told(const struct account *account, const struct refund_row *refund,
                       const struct order_row *order, const struct payment_row *payment);

#endif
