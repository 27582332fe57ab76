/*
 * payer_steps.h — inside the engine: what paying one order and paying several have in common.
 */
#ifndef ENGINE_PAYER_STEPS_H
#define ENGINE_PAYER_STEPS_H

#include "engine/payer.h"

/* Who pays what the scan showed, into payment->openid. PHONE_DONE, or why not. */
enum phone_id payer_choose_openid(const struct scan *scan, const struct pay_spec *spec,
                                  struct payment_row *payment);

/* V2 6.2: cash and coupons together are the total. Coupons without an id get one. */
enum phone_id payer_share(struct engine *engine, const struct order_row *order,
                          const struct pay_spec *spec, struct payment_row *payment);

/* When, by which bank, and a transaction_id. Writes a counter. */
[[nodiscard]] int payer_fill(struct engine *engine, const struct account *account,
                             const struct pay_spec *spec, struct payment_row *payment);

/* The account, state and times of a notification about that number. */
void payer_fill_notice(const struct account *account, struct view number,
                       struct notice_row *notice);

/* payer_phone_of() for the combined order of a scan, on its account's clock. */
enum phone_id payer_phone_of_combined(const struct scan *scan);

/* payer_pay() for a combined order. */
enum phone_id payer_pay_combined(struct engine *engine, struct scan *scan,
                                 const struct pay_spec *spec, struct paid *out);

#endif
