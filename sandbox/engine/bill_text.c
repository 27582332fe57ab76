#include "engine/bill_text.h"

#include "base/clock.h"

#include <stdio.h>

const char *bill_yuan(int64_t fen, const char *more, char out[BILL_MONEY_MAX])
{
    int64_t positive = fen < 0 ? -fen : fen;
    snprintf(out, BILL_MONEY_MAX, "%s%lld.%02lld%s", fen < 0 ? "-" : "",
             (long long)(positive / 100), (long long)(positive % 100), more);
    return out;
}

const char *bill_moment(int64_t ms, char out[BILL_TIME_MAX])
{
    char iso[CN_TIME_ISO_LEN + 1];
    out[0] = '\0';
    if (!ms)
        return out;
    cn_time_iso(ms, iso);
    snprintf(out, BILL_TIME_MAX, "%.10s %.8s", iso, iso + 11);
    return out;
}

static int add(struct buf *out, struct view value, bool last)
{
    int err = buf_byte(out, '`');
    if (!err)
        err = buf_view_add(out, value);
    return err ? err : buf_str(out, last ? "\r\n" : ",");
}

int bill_row(struct buf *out, const struct view *values, size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = add(out, values[i], i + 1 == count);
    return err;
}

void bill_sum(int64_t *sum, int64_t fen)
{
    if (__builtin_add_overflow(*sum, fen, sum))
        *sum = fen < 0 ? INT64_MIN + 1 : INT64_MAX;
}
