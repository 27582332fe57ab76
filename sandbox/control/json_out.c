#include "control/json_out.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/utf8.h"
#include "engine/json_write.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

void json_out_release(struct json_out *out)
{
    buf_release(&out->text);
}

static void put(struct json_out *out, struct view bytes)
{
    if (!out->err)
        out->err = buf_view_add(&out->text, bytes);
}

static void put_escaped(struct json_out *out, unsigned char byte)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letter[] = "\"\\bfnrt";
    const char *at = byte ? strchr(named, byte) : NULL;

    if (out->err)
        return;
    out->err =
        at ? buf_fmt(&out->text, "\\%c", letter[at - named]) : buf_fmt(&out->text, "\\u%04x", byte);
}

/* Quotes, backslashes and control characters are escaped; the rest goes as it is. */
static void put_clean(struct json_out *out, struct view text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        put(out, (struct view){ text.ptr + from, i - from });
        put_escaped(out, byte);
        from = i + 1;
    }
    put(out, (struct view){ text.ptr + from, text.len - from });
}

static void put_string(struct json_out *out, struct view text)
{
    size_t broken;

    put(out, VIEW("\""));
    while ((broken = utf8_broken_at(text)) != SIZE_MAX) {
        put_clean(out, (struct view){ text.ptr, broken });
        put(out, VIEW("\xef\xbf\xbd"));
        text = (struct view){ text.ptr + broken + 1, text.len - broken - 1 };
    }
    put_clean(out, text);
    put(out, VIEW("\""));
}

/* The comma before, and the name. What was written last tells whether a comma is due. */
static void put_key(struct json_out *out, const char *key)
{
    char last = out->text.len ? out->text.ptr[out->text.len - 1] : '[';

    if (last != '{' && last != '[')
        put(out, VIEW(","));
    if (key) {
        put_string(out, view_str(key));
        put(out, VIEW(":"));
    }
}

void out_open(struct json_out *out, const char *key, char bracket)
{
    put_key(out, key);
    put(out, (struct view){ &bracket, 1 });
}

void out_close(struct json_out *out, char bracket)
{
    put(out, (struct view){ &bracket, 1 });
}

void out_text(struct json_out *out, const char *key, struct view value)
{
    put_key(out, key);
    put_string(out, value);
}

void out_str(struct json_out *out, const char *key, const char *value)
{
    if (value)
        out_text(out, key, view_str(value));
    else
        out_null(out, key);
}

void out_int(struct json_out *out, const char *key, int64_t value)
{
    put_key(out, key);
    if (!out->err)
        out->err = buf_fmt(&out->text, "%" PRId64, value);
}

void out_bool(struct json_out *out, const char *key, bool value)
{
    out_raw(out, key, value ? VIEW("true") : VIEW("false"));
}

void out_null(struct json_out *out, const char *key)
{
    out_raw(out, key, VIEW("null"));
}

void out_raw(struct json_out *out, const char *key, struct view json)
{
    put_key(out, key);
    put(out, json);
}

void out_moment(struct json_out *out, const char *stem, int64_t ms)
{
    struct buf name = BUF_INIT(64);
    char iso[CN_TIME_ISO_LEN + 1];
    int err = buf_fmt(&name, "%s_ms", stem);

    if (ms)
        cn_time_iso(ms, iso);
    if (!err) {
        if (ms)
            out_int(out, buf_cstr(&name), ms);
        else
            out_null(out, buf_cstr(&name));
        buf_clear(&name);
        err = buf_fmt(&name, "%s_at", stem);
    }
    if (!err)
        out_str(out, buf_cstr(&name), ms ? iso : NULL);
    if (err && !out->err)
        out->err = err;
    buf_release(&name);
}

int json_pretty(struct view json, struct buf *out)
{
    json_t *root = json_loadb(json.ptr, json.len, JSON_DECODE_ANY, NULL);
    int err;

    if (!root)
        return ERR_SYNTAX;
    err = json_write_as(root, JSON_INDENT(2) | JSON_ENCODE_ANY, out);
    json_decref(root);
    return err ? err : buf_byte(out, '\n');
}
