/*
 * bill_shelf.h — files of bills that were made for a hash and wait for their download, so that they
 * are made once and are what was hashed. Bounded: what had to go is made again.
 */
#ifndef API_V3_BILL_SHELF_H
#define API_V3_BILL_SHELF_H

#include "base/buf.h"

struct bill_shelf;

[[nodiscard]] int bill_shelf_new(struct bill_shelf **out);
void bill_shelf_free(struct bill_shelf *shelf); /* NULL is allowed */

/* Takes the bytes out of @text; the oldest ones make room. @until_ms: real, what is over goes. */
void bill_shelf_put(struct bill_shelf *shelf, const char *serial, struct buf *text,
                    int64_t until_ms);

/* Until the next put. NULL: it is not there any more. */
const struct buf *bill_shelf_get(struct bill_shelf *shelf, const char *serial);

#endif
