/*
 * account_json.h — inside the engine: an account's settings as the JSON its row keeps.
 *
 * {"appids":["wx…"],"products":["NATIVE"],"switches":{"ack_mode":"strict"},
 *  "origins":{"https://shop.example":"http://127.0.0.1:18090"},
 *  "clock":{"frozen":false,"ms":0},"notice_mode":"send","notice_rules":{"A1":"hold"}}
 */
#ifndef ENGINE_ACCOUNT_JSON_H
#define ENGINE_ACCOUNT_JSON_H

#include "engine/account.h"

/* Appended to @out. */
[[nodiscard]] int account_settings_write(const struct account *account, struct buf *out);

/*
 * Into the members of @account, all of which are replaced. A switch or value that this program
 * does not know (any more) falls back to its default; anything else wrong is ERR_STORE.
 */
[[nodiscard]] int account_settings_read(struct account *account, struct view json);

#endif
