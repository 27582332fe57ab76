/*
 * traffic.h — what an account has called lately, for the switches rate_limits (V3 5.4),
 * reject_nonce_replay (V3 2.3) and probe_responses (V3 2.8). In memory only, of bounded size, and
 * none of it for accounts that use none of these.
 *
 * Real time throughout: whoever sends too fast does so in real seconds, and an account's own clock
 * may stand still.
 */
#ifndef ENGINE_TRAFFIC_H
#define ENGINE_TRAFFIC_H

#include "engine/account.h"

#define TRAFFIC_NONCES 4096 /* the latest ones; older ones would be stale by their timestamp */

void traffic_free(struct traffic *traffic); /* NULL is allowed */

/*
 * May @account call @api ("v3/refund") at @now_us of the monotonic clock? Takes one of the bucket's
 * tokens if so. An API without a public number, or without memory for the buckets, always may.
 */
bool traffic_may_call(struct account *account, struct view api, int64_t now_us);

/* Such a call was refused: failing refunds have a bucket of their own. */
void traffic_failed(struct account *account, struct view api, int64_t now_us);

/* Has @account used this nonce among its latest? It counts as used from now on. ERR_EXISTS: yes. */
[[nodiscard]] int traffic_use_nonce(struct account *account, struct view nonce);

/* Is this answer a probe? @chance is 0 … 999; never two in a row, so that a repeat is none. */
bool traffic_probe(struct account *account, int per_mille, int chance);

#endif
