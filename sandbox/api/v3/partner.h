/*
 * partner.h — what a service provider's calls have in common (V3 4.8): whose sub-merchant, and how an
 * order of one is told.
 */
#ifndef API_V3_PARTNER_H
#define API_V3_PARTNER_H

#include "api/v3/api_v3.h"

/* Is this one of the paths under /v3/pay/partner/? */
bool v3_is_partner(const struct call *call);

/*
 * May the caller act for @sub_mchid? On partner paths it must be named; on direct ones a provider is
 * told so and an ordinary merchant names none. Refunds and bills are for both: there @sub_mchid
 * itself says which.
 */
[[nodiscard]] const struct refusal *v3_check_sub(struct call *call, struct view sub_mchid);

/* Is a sub_appid, if there is one, the sub-merchant's? Comes after v3_check_sub(). */
[[nodiscard]] const struct refusal *v3_check_sub_appid(struct call *call, struct view sub_mchid,
                                                       struct view sub_appid);

/* Does the order with this number or id, if there is one, belong to @sub_mchid? */
[[nodiscard]] const struct refusal *v3_check_sub_order(struct call *call, struct view sub_mchid,
                                                       struct view transaction_id,
                                                       struct view number);

/*
 * Of an order of a sub-merchant: sp_* and sub_* in the place of appid, mchid and payer. @payment NULL:
 * unpaid. Others are left as they are.
 */
[[nodiscard]] int v3_tell_partner(json_t *json, const struct account *account,
                                  const struct order_row *order, const struct payment_row *payment);

#endif
