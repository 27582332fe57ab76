/*
 * request_v3.h — the driver's requests of API V3, signed by the built-in account's key.
 */
#ifndef BENCH_REQUEST_V3_H
#define BENCH_REQUEST_V3_H

#include "wxpay/v3_sign.h"

struct maker_v3 {
    struct v3_private *key;     /* owned */
    struct v3_public *platform; /* owned */
};

[[nodiscard]] int maker_v3_init(struct maker_v3 *v3);
void maker_v3_release(struct maker_v3 *v3);

/* A whole request, head and body, appended to @out. */
[[nodiscard]] int maker_v3_write(const struct maker_v3 *v3, const char *method, const char *target,
                                 struct view body, struct buf *out);

/* Is the answer signed by the platform? */
[[nodiscard]] bool maker_v3_holds(const struct maker_v3 *v3, struct view head, struct view body);

#endif
