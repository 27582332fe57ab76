/*
 * view.h — bytes in someone else's buffer.
 *
 * A view owns nothing and need not end in NUL. The owner must outlive it.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *ptr;
    size_t len;
};

/* For a string literal or a char array holding a literal's bytes. */
#define VIEW(literal) ((struct view){ "" literal, sizeof(literal) - 1 })
/* For printf: "%.*s", VIEW_ARG(view) */
#define VIEW_ARG(view) (int)(view).len, (view).ptr ? (view).ptr : ""

static inline struct view view_str(const char *text)
{
    return (struct view){ text, text ? strlen(text) : 0 };
}

static inline bool view_eq(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool view_is(struct view a, const char *text)
{
    return view_eq(a, view_str(text));
}

/* ASCII letters only; for header names. */
bool view_eq_nocase(struct view a, struct view b);

/* Byte order, the shorter first: the order of V2 2.1. Like memcmp. */
int view_cmp(struct view a, struct view b);

bool view_starts(struct view text, struct view prefix);
bool view_ends(struct view text, struct view suffix);

/* First place of @needle in @text, or SIZE_MAX. */
size_t view_find(struct view text, struct view needle);

/* Without ASCII white space at both ends. */
struct view view_trim(struct view text);

/* Cut at the first @byte: the part before it is returned, *rest is what follows (empty if none). */
struct view view_cut(struct view text, char byte, struct view *rest);

/*
 * Decimal digits only, no sign, no blank, no leading zero before another digit.
 * Returns 0, ERR_SYNTAX, or ERR_RANGE when above @max.
 */
[[nodiscard]] int view_to_i64(struct view text, int64_t max, int64_t *out);

/* Equal without telling by time where they differ. Lengths are not secret. */
bool view_eq_secret(struct view a, struct view b);

/* Copy into a caller's array of @size bytes, NUL-terminated. ERR_TOO_LONG if it does not fit. */
[[nodiscard]] int view_copy(struct view text, char *out, size_t size);

#endif
