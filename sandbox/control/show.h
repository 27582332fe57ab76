/*
 * show.h — the things of the engine as JSON, in the words of docs/control-api.md.
 *
 * @key as in json_out.h. What cannot be read from the store becomes the writer's error.
 */
#ifndef CONTROL_SHOW_H
#define CONTROL_SHOW_H

#include "control/door.h"
#include "engine/callup_check.h"

void show_account(struct json_out *out, const char *key, const struct account *account);
void show_clock(struct json_out *out, const char *key, const struct vclock *clock);

/* With its payment. */
void show_order(struct json_out *out, const char *key, struct sandbox *sandbox,
                const struct order_row *order);

/*
 * The order of that number with payment and notification, or null; as it is in the store. A part of
 * a combined order has the notification of all.
 */
void show_order_numbered(struct json_out *out, const char *key, struct sandbox *sandbox,
                         const struct account *account, struct view out_trade_no);

/* A combined order with its parts, and the notification of all of them. */
void show_combine(struct json_out *out, const char *key, struct sandbox *sandbox,
                  const struct combine *combine);

/* The one of that number, or null. */
void show_combine_numbered(struct json_out *out, const char *key, struct sandbox *sandbox,
                           struct account *account, struct view number);

/* A notification with its deliveries; null for id 0. */
void show_notice(struct json_out *out, const char *key, struct sandbox *sandbox,
                 const struct notice_row *notice);
void show_delivery(struct json_out *out, const char *key, const struct delivery_row *delivery);

/* What the phone shows. */
void show_scan(struct json_out *out, const char *key, const struct scan *scan);

/* What the phone makes of a call-up's parameters (callup.c). */
void show_callup(struct json_out *out, const char *key, const struct callup_check *check);
#define CALLUP_MEMBERS_MAX 32 /* of the parameters in a body */

/* "waiting", "sending", "held", "suppressed", "acknowledged", "lost" */
const char *notice_state_name(enum notice_state state);

/* "send", "hold", "suppress"; NULL-terminated, indexed by enum notice_mode. */
extern const char *const notice_mode_names[];

#endif
