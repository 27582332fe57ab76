/*
 * code.h — inside the engine: the part of a code_url that varies, made of the order's id.
 *
 * Codes look random and must not repeat between sandboxes (an old picture would pay a new order),
 * but a random column would need an index of its own, the dearest one of all. So a code is the
 * order's id and the number of its prepay, shuffled by a salt that the store keeps: it can be read
 * back, and no two are ever the same.
 */
#ifndef ENGINE_CODE_H
#define ENGINE_CODE_H

#include "base/view.h"

#define CODE_LEN         7 /* V2 4.1: 7 to 9 of [0-9A-Za-z] */
#define CODE_ID_MAX      INT32_MAX
#define CODE_GENERATIONS 1024 /* prepays of one order; then the first one's code comes again */

/* @id in 1 … CODE_ID_MAX, @generation below CODE_GENERATIONS; asserted. */
void code_make(uint64_t salt, int64_t id, unsigned generation, char out[CODE_LEN + 1]);

/* False when no code of this @salt reads so. */
bool code_read(uint64_t salt, struct view code, int64_t *id, unsigned *generation);

/*
 * The same two numbers in lower-case hex, shuffled another way: the part of a prepay_id that leads
 * to its order. Neither tells the other.
 */
#define CODE_HEX_LEN 11
void code_make_hex(uint64_t salt, int64_t id, unsigned generation, char out[CODE_HEX_LEN + 1]);
bool code_read_hex(uint64_t salt, struct view hex, int64_t *id, unsigned *generation);

#endif
