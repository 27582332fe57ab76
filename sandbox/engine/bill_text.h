/*
 * bill_text.h — inside the bills only: how their values are written. A backtick in front of each,
 * commas between, a line ends with CR LF.
 */
#ifndef ENGINE_BILL_TEXT_H
#define ENGINE_BILL_TEXT_H

#include "base/buf.h"

#define BILL_MONEY_MAX 32
#define BILL_TIME_MAX  32

/* Yuan with two decimals, and @more of them. */
const char *bill_yuan(int64_t fen, const char *more, char out[BILL_MONEY_MAX]);
/* yyyy-MM-dd HH:mm:ss in Beijing; "" for never. */
const char *bill_moment(int64_t ms, char out[BILL_TIME_MAX]);
[[nodiscard]] int bill_row(struct buf *out, const struct view *values, size_t count);

/* An order may be of any 64 bits, a day's sum may be more: it stays at the most that there is. */
void bill_sum(int64_t *sum, int64_t fen);

#endif
