/*
 * subst.h — ${name} in the profile's values.
 *
 * A literal "${" is written "$${". In JSON a value that is exactly one ${name} takes the name's own
 * type, "${name:text}" makes it a string; everywhere else all is text, escaped for its place.
 */
#ifndef CONFORMANCE_SUBST_H
#define CONFORMANCE_SUBST_H

#include "base/buf.h"

#include <jansson.h>

enum name_type {
    NAME_TEXT,
    NAME_INTEGER, /* amount_fen, refund_fen, advance_s */
    NAME_YUAN,    /* amount_yuan: a number with two decimals */
};

/* Names and what they stand for; inner scopes hide outer ones. Zeroed is empty. */
struct scope {
    const struct scope *outer; /* borrowed, may be NULL */
    struct scope_name {
        char *name, *value; /* owned */
        enum name_type type;
    } * item;
    size_t count;
};

[[nodiscard]] int scope_set(struct scope *scope, const char *name, const char *value,
                            enum name_type type);
[[nodiscard]] int scope_set_i64(struct scope *scope, const char *name, int64_t value);
/* NULL when unknown. @name is cut at its length: "${name:text}" has been taken apart before. */
const struct scope_name *scope_get(const struct scope *scope, struct view name);
void scope_release(struct scope *scope);

enum escape {
    ESCAPE_NONE,
    ESCAPE_PERCENT, /* part of a path or a query */
    ESCAPE_FORM,    /* blanks become + */
    ESCAPE_LINE,    /* a header: CR and LF are refused */
};

/*
 * @escape applies to the inserted values only. A path that is exactly one ${name} is inserted as it is (a
 * captured URL). ERR_NOT_FOUND for an unknown name (which load has ruled out but for captures that
 * were not made), ERR_SYNTAX for an unclosed ${ or a line break in a header.
 */
[[nodiscard]] int subst_text(const char *pattern, const struct scope *scope, enum escape escape,
                             struct buf *out);

/* The JSON template with its names filled in, as JSON text. */
[[nodiscard]] int subst_json(const json_t *pattern, const struct scope *scope, struct buf *out);

/*
 * One piece of a pattern: text, or a name. Returns false at the end. *bad is set at a "${" without
 * its "}" or with a name of other characters than letters, digits, "_", "-", ":" and ".".
 */
struct subst_piece {
    struct view text; /* literal text, when name is empty */
    struct view name; /* without ":text" */
    bool as_text;     /* ":text" was written */
};
bool subst_next(struct view *rest, struct subst_piece *piece, bool *bad);

#endif
