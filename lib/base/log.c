#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_BYTES 8192

static enum log_level threshold = LOG_INFO;
static const char *const names[] = { "debug", "info", "warn", "error", "none" };

void log_set_level(enum log_level level)
{
    threshold = level;
}

enum log_level log_get_level(void)
{
    return threshold;
}

int log_parse_level(struct view text, enum log_level *out)
{
    for (int i = LOG_DEBUG; i <= LOG_NONE; i++) {
        if (view_is(text, names[i])) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return ERR_SYNTAX;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static int add_escaped(struct buf *line, struct view text, bool quotes)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        char c = text.ptr[i];
        if (is_control(c))
            err = buf_fmt(line, "\\x%02x", (unsigned)(unsigned char)c);
        else if (quotes && (c == '"' || c == '\\'))
            err = buf_fmt(line, "\\%c", c);
        else
            err = buf_byte(line, c);
    }
    return err;
}

static int add_value(struct buf *line, struct view value)
{
    bool plain = value.len > 0;
    for (size_t i = 0; plain && i < value.len; i++)
        plain = !is_control(value.ptr[i]) && value.ptr[i] != ' ' && value.ptr[i] != '"' &&
                value.ptr[i] != '=' && value.ptr[i] != '\\';
    if (plain)
        return buf_view_add(line, value);
    int err = buf_byte(line, '"');
    if (!err)
        err = add_escaped(line, value, true);
    return err ? err : buf_byte(line, '"');
}

static int begin(struct buf *line, enum log_level level, const char *room)
{
    char time[CN_TIME_ISO_LEN + 1];
    cn_time_iso(clock_real_ms(), time);
    return buf_fmt(line, "%s %-5s %s: ", time, names[level], room);
}

/* A line that is too long loses its tail, never its end. */
static void finish(struct buf *line)
{
    if (line->ptr) {
        line->ptr[line->len] = '\n';
        fwrite(line->ptr, 1, line->len + 1, stderr);
    }
    buf_release(line);
}

void log_event(enum log_level level, const char *room, const char *event, ...)
{
    if (level < threshold || level == LOG_NONE)
        return;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    va_list args;
    int err = begin(&line, level, room);
    if (!err)
        err = buf_str(&line, event);
    va_start(args, event);
    for (const char *name = va_arg(args, const char *); name; name = va_arg(args, const char *)) {
        struct view value = va_arg(args, struct view);
        if (!err)
            err = buf_fmt(&line, " %s=", name);
        if (!err)
            err = add_value(&line, value);
    }
    va_end(args);
    finish(&line);
}

void log_line(enum log_level level, const char *room, const char *format, ...)
{
    if (level < threshold || level == LOG_NONE)
        return;
    struct buf text = BUF_INIT(LINE_MAX_BYTES);
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    va_list args;
    va_start(args, format);
    int err = buf_vfmt(&text, format, args);
    va_end(args);
    if (!err)
        err = begin(&line, level, room);
    if (!err)
        err = add_escaped(&line, buf_view(&text), false);
    if (err && !line.len)
        fprintf(stderr, "%s: %s\n", room, err_text(err));
    finish(&line);
    buf_release(&text);
}
