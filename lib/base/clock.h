/*
 * clock.h — time is an input.
 *
 * Real time is what the other side's clock shows too; virtual time is real time moved by an
 * offset, or a frozen instant. Expiry, retries and stored times run on virtual time. All values
 * are milliseconds since 1970 unless the name says otherwise.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A virtual clock. All zero is a clock that shows real time. */
struct vclock {
    bool frozen;
    int64_t offset_ms; /* when not frozen */
    int64_t frozen_ms; /* when frozen: the instant it shows */
};

/* Wall clock. */
int64_t clock_real_ms(void);

/* Never goes back; for deadlines and durations only. */
int64_t clock_mono_us(void);

/* What @clock shows now. NULL shows real time. */
int64_t vclock_ms(const struct vclock *clock);

/* Stand still at @at_ms. */
void vclock_freeze(struct vclock *clock, int64_t at_ms);

/* Show @at_ms now; runs on from there unless frozen. */
void vclock_set(struct vclock *clock, int64_t at_ms);

/* Back to real time. */
void vclock_reset(struct vclock *clock);

/* Beijing time (UTC+8), V2 1.6. */
#define CN_TIME_LEN 14
void cn_time_14(int64_t ms, char out[CN_TIME_LEN + 1]); /* yyyyMMddHHmmss */

/* Strict inverse: exactly 14 digits, a day that exists. 0 or ERR_SYNTAX / ERR_RANGE. */
[[nodiscard]] int cn_time_parse_14(const char *text, int64_t len, int64_t *ms);

/* As refunds and bills write it (V2 1.6): 2026-11-24 10:15:30 */
#define CN_TIME_TEXT_LEN 19
void cn_time_text(int64_t ms, char out[CN_TIME_TEXT_LEN + 1]);

/* RFC 3339 with milliseconds and +08:00, for records and people: 2026-11-24T10:15:30.123+08:00 */
#define CN_TIME_ISO_LEN 29
void cn_time_iso(int64_t ms, char out[CN_TIME_ISO_LEN + 1]);

/* As V3 writes it (V3 1.7), without milliseconds: 2026-11-24T10:15:30+08:00 */
#define CN_TIME_RFC_LEN 25
void cn_time_rfc3339(int64_t ms, char out[CN_TIME_RFC_LEN + 1]);

/*
 * Any RFC 3339 date-time: 'Z' or an offset; fractions of a second are cut to milliseconds, second
 * 60 is the next minute's first. 0 or ERR_SYNTAX; ERR_RANGE for a day or hour that does not exist.
 */
[[nodiscard]] int time_parse_rfc3339(const char *text, int64_t len, int64_t *ms);

#endif
