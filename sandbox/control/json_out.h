/*
 * json_out.h — JSON written straight into a buffer, members in the order of the calls.
 *
 * Errors are kept and end the writing: look at json_out.err once, at the end. Texts are expected
 * to be UTF-8; bytes that are not, become U+FFFD.
 */
#ifndef CONTROL_JSON_OUT_H
#define CONTROL_JSON_OUT_H

#include "base/buf.h"

struct json_out {
    struct buf text; /* owned */
    int err;         /* the first one; 0: all is well */
};

#define JSON_OUT_INIT(ceiling) ((struct json_out){ .text = BUF_INIT(ceiling) })

void json_out_release(struct json_out *out);

/* Of every function: @key is the member's name, NULL inside an array and for the root. */
void out_open(struct json_out *out, const char *key, char bracket); /* '{' or '[' */
void out_close(struct json_out *out, char bracket);                 /* '}' or ']' */
void out_text(struct json_out *out, const char *key, struct view value);
void out_str(struct json_out *out, const char *key, const char *value); /* NULL: null */
void out_int(struct json_out *out, const char *key, int64_t value);
void out_bool(struct json_out *out, const char *key, bool value);
void out_null(struct json_out *out, const char *key);

/* @json is one complete value, written by somebody else. */
void out_raw(struct json_out *out, const char *key, struct view json);

/* Two members: "@stem_ms", and "@stem_at" in RFC 3339; both null when @ms is 0. */
void out_moment(struct json_out *out, const char *stem, int64_t ms);

/* Indented by two blanks, the same order. 0, ERR_SYNTAX when it is no JSON, ERR_NOMEM. */
[[nodiscard]] int json_pretty(struct view json, struct buf *out);

#endif
