/*
 * partner.h — a service provider and its sub-merchants (V3 4.8). An account that has any is a
 * provider: it signs for them, and orders belong to it. They need no account of their own.
 */
#ifndef ENGINE_PARTNER_H
#define ENGINE_PARTNER_H

#include "engine/account.h"

#include <jansson.h>

#define SUBS_MAX       32
#define SUB_APPIDS_MAX 4

struct sub_merchant {
    char mch_id[MCH_ID_MAX + 1];
    size_t appid_count;
    char appid[SUB_APPIDS_MAX][APPID_MAX + 1];
};

/* NULL: no relation. Valid until the account's list changes. */
const struct sub_merchant *account_sub(const struct account *account, struct view mch_id);
bool sub_has_appid(const struct sub_merchant *sub, struct view appid);

/*
 * The list from a map of numbers to lists of appids, {"1900000222":["wx…"]}, in its place. ERR_SYNTAX
 * with *where (may be NULL) naming the number that is not 8 to 10 digits, or whose appids are none;
 * ERR_LIMIT. Then nothing was changed. NULL empties it.
 */
[[nodiscard]] int account_set_subs(struct account *account, const json_t *map, const char **where);
/* The same map. New reference; NULL without memory. */
json_t *account_subs_json(const struct account *account);

/* For account.c. */
void account_subs_clear(struct account *account);

#endif
