/*
 * told.h — notifications about no order: what they tell is kept with them.
 */
#ifndef ENGINE_TOLD_H
#define ENGINE_TOLD_H

#include "engine/order.h"

/* Due now, or as the account's notifications are held back. @body is JSON. All of it or nothing. */
[[nodiscard]] int told_open(struct engine *engine, struct account *account, enum notice_kind kind,
                            struct view url, struct view body);

#endif
