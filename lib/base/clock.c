#include "base/clock.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define CN_OFFSET_S (8 * 3600)

int64_t clock_real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t vclock_ms(const struct vclock *clock)
{
    if (!clock)
        return clock_real_ms();
    return clock->frozen ? clock->frozen_ms : clock_real_ms() + clock->offset_ms;
}

void vclock_freeze(struct vclock *clock, int64_t at_ms)
{
    clock->frozen = true;
    clock->frozen_ms = at_ms;
    clock->offset_ms = 0;
}

void vclock_set(struct vclock *clock, int64_t at_ms)
{
    if (clock->frozen)
        clock->frozen_ms = at_ms;
    else
        clock->offset_ms = at_ms - clock_real_ms();
}

void vclock_reset(struct vclock *clock)
{
    *clock = (struct vclock){};
}

static struct tm cn_tm(int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    time_t at = (time_t)(seconds + CN_OFFSET_S);
    struct tm tm = {};
    gmtime_r(&at, &tm);
    return tm;
}

static int two(int value)
{
    return (value % 100 + 100) % 100;
}

static char *put_two(char *to, int value)
{
    to[0] = (char)('0' + two(value) / 10);
    to[1] = (char)('0' + two(value) % 10);
    return to + 2;
}

/* Every new order has one: printf would take longer than all that is printed. */
void cn_time_14(int64_t ms, char out[CN_TIME_LEN + 1])
{
    struct tm tm = cn_tm(ms);
    int year = (tm.tm_year + 1900) % 10000;
    char *to = put_two(out, year < 0 ? 0 : year / 100);
    to = put_two(to, year < 0 ? 0 : year);
    to = put_two(to, tm.tm_mon + 1);
    to = put_two(to, tm.tm_mday);
    to = put_two(to, tm.tm_hour);
    to = put_two(to, tm.tm_min);
    to = put_two(to, tm.tm_sec);
    *to = '\0';
}

void cn_time_iso(int64_t ms, char out[CN_TIME_ISO_LEN + 1])
{
    struct tm tm = cn_tm(ms);
    int year = (tm.tm_year + 1900) % 10000;
    int milli = (int)((ms % 1000 + 1000) % 1000);
    char text[48];
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03d+08:00", year < 0 ? 0 : year,
             two(tm.tm_mon + 1), two(tm.tm_mday), two(tm.tm_hour), two(tm.tm_min), two(tm.tm_sec),
             milli);
    memcpy(out, text, CN_TIME_ISO_LEN);
    out[CN_TIME_ISO_LEN] = '\0';
}

void cn_time_text(int64_t ms, char out[CN_TIME_TEXT_LEN + 1])
{
    char iso[CN_TIME_ISO_LEN + 1];
    cn_time_iso(ms, iso);
    memcpy(out, iso, CN_TIME_TEXT_LEN);
    out[10] = ' ';
    out[CN_TIME_TEXT_LEN] = '\0';
}

void cn_time_rfc3339(int64_t ms, char out[CN_TIME_RFC_LEN + 1])
{
    char iso[CN_TIME_ISO_LEN + 1];
    cn_time_iso(ms, iso);
    memcpy(out, iso, 19);
    memcpy(out + 19, "+08:00", 7);
}

static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* As UTC. timegm() turns 31 February into March: a day that moved does not exist. */
static int seconds_of(struct tm tm, int64_t *out)
{
    struct tm asked = tm;
    time_t at = timegm(&tm);
    if (tm.tm_mon != asked.tm_mon || tm.tm_mday != asked.tm_mday || tm.tm_hour != asked.tm_hour ||
        tm.tm_min != asked.tm_min || tm.tm_sec != asked.tm_sec)
        return ERR_RANGE;
    *out = at;
    return 0;
}

int cn_time_parse_14(const char *text, int64_t len, int64_t *ms)
{
    if (len != CN_TIME_LEN)
        return ERR_SYNTAX;
    for (int i = 0; i < CN_TIME_LEN; i++)
        if (text[i] < '0' || text[i] > '9')
            return ERR_SYNTAX;
    struct tm tm = { .tm_year = digits(text, 4) - 1900,
                     .tm_mon = digits(text + 4, 2) - 1,
                     .tm_mday = digits(text + 6, 2),
                     .tm_hour = digits(text + 8, 2),
                     .tm_min = digits(text + 10, 2),
                     .tm_sec = digits(text + 12, 2) };
    int64_t seconds;
    int err = seconds_of(tm, &seconds);
    if (!err)
        *ms = (seconds - CN_OFFSET_S) * 1000;
    return err;
}

/* ---- RFC 3339 ---------------------------------------------------------------------------------- */

/* 'd' stands for a digit, anything else for itself. */
static bool has_shape(const char *text, int64_t len, const char *shape)
{
    int64_t i = 0;
    for (; shape[i] && i < len; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    return !shape[i];
}

/* ".123456" at @text; how long it is, 0 when it is no fraction. */
static int64_t read_fraction(const char *text, int64_t len, int64_t *ms)
{
    static const int worth[] = { 100, 10, 1 };
    int64_t used = 1;
    *ms = 0;
    for (; used < len && text[used] >= '0' && text[used] <= '9'; used++)
        if (used <= 3)
            *ms += (text[used] - '0') * worth[used - 1];
    return used > 1 ? used : 0;
}

static int read_offset(const char *text, int64_t len, int64_t *seconds)
{
    *seconds = 0;
    if (len == 1 && (text[0] == 'Z' || text[0] == 'z'))
        return 0;
    if (len != 6 || (!has_shape(text, len, "+dd:dd") && !has_shape(text, len, "-dd:dd")))
        return ERR_SYNTAX;
    int hours = digits(text + 1, 2), minutes = digits(text + 4, 2);
    *seconds = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
    return hours > 23 || minutes > 59 ? ERR_RANGE : 0;
}

#define DATE_TIME_LEN 19

int time_parse_rfc3339(const char *text, int64_t len, int64_t *ms)
{
    int64_t milli = 0, offset_s, seconds, at = DATE_TIME_LEN;
    if (!has_shape(text, len, "dddd-dd-ddTdd:dd:dd") &&
        !has_shape(text, len, "dddd-dd-ddtdd:dd:dd"))
        return ERR_SYNTAX;
    if (at < len && text[at] == '.') {
        int64_t used = read_fraction(text + at, len - at, &milli);
        if (!used)
            return ERR_SYNTAX;
        at += used;
    }
    int err = read_offset(text + at, len - at, &offset_s);
    if (err)
        return err;
    int leap = has_shape(text + 17, len - 17, "60");
    struct tm tm = { .tm_year = digits(text, 4) - 1900,
                     .tm_mon = digits(text + 5, 2) - 1,
                     .tm_mday = digits(text + 8, 2),
                     .tm_hour = digits(text + 11, 2),
                     .tm_min = digits(text + 14, 2),
                     .tm_sec = digits(text + 17, 2) - leap };
    err = seconds_of(tm, &seconds);
    if (!err)
        *ms = (seconds + leap - offset_s) * 1000 + milli;
    return err;
}
