/*
 * request.h — inside the engine: the fields of a unified order, packed for its row.
 *
 * One byte for a known name, a length, the value. What the row has a column for is not repeated
 * (total_fee, trade_type, out_trade_no, mch_id, sign_type), nor the sign. Empty values are absent
 * (they are not signed either). Fields the manual does not know are not kept.
 */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include "engine/order.h"

/*
 * Pack @msg into @out. ERR_TOO_LONG names the field that did not fit in *field (may be NULL).
 */
[[nodiscard]] int request_pack(const struct v2_msg *msg, struct buf *out, struct view *field);

/* Value of a packed field, a view into @blob; empty when absent. */
struct view request_field(struct view blob, const char *name);

/*
 * The first field in which a repeated order differs from the known one (V2 5.3), under the
 * account's switch reentry_compare; empty when there is none. Static or a view into @spec.
 */
struct view request_difference(const struct order_row *known, const struct order_spec *spec,
                               const struct switches *switches);

#endif
