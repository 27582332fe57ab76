/*
 * lag.h — was the judge itself held up? A thread that wants to wake every 5 ms and remembers how
 * late it was. A slow answer proves nothing while this machine could not even run the judge.
 */
#ifndef CONFORMANCE_LAG_H
#define CONFORMANCE_LAG_H

#include <stdint.h>

struct lag;

[[nodiscard]] int lag_start(struct lag **out);
void lag_stop(struct lag *lag); /* NULL-safe */
/* Greatest delay since the last call, in milliseconds. */
int64_t lag_take_ms(struct lag *lag);

#endif
