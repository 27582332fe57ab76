/*
 * log.h — one line per event on stderr: time, level, room, then key=value in fixed order.
 *
 * Values that hold blanks, quotes or control bytes are quoted and escaped, so that hostile text
 * from the wire cannot forge a line. Never give it a key or a secret.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/view.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "debug", "info", "warn", "error", "none"; ERR_SYNTAX otherwise. */
[[nodiscard]] int log_parse_level(struct view text, enum log_level *out);

/*
 * @room    "notify", "gate", …
 * @event   a short fixed phrase
 * then pairs of const char *name, struct view value; the last name is NULL:
 *   log_event(LOG_INFO, "notify", "acknowledged", "order", VIEW("A1"), NULL);
 */
void log_event(enum log_level level, const char *room, const char *event, ...);

/* printf for the few lines that are a sentence. Control bytes are escaped. */
void log_line(enum log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
