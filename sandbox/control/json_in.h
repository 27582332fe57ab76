/*
 * json_in.h — members of a JSON object read by a table: type, bounds, required; unknown ones are
 * refused. The same tables read the parameters of a query.
 *
 * Views and json_t pointers filled in are borrowed from the object that was read.
 */
#ifndef CONTROL_JSON_IN_H
#define CONTROL_JSON_IN_H

#include "base/view.h"

#include <jansson.h>

enum member_kind {
    MEMBER_TEXT,   /* struct view; min … max bytes */
    MEMBER_INT,    /* int64_t; min … max */
    MEMBER_BOOL,   /* bool */
    MEMBER_CHOICE, /* int: index into choices */
    MEMBER_LIST,   /* json_t *; min … max elements */
    MEMBER_MAP,    /* json_t *; min … max members */
};

/* A member that is absent leaves its place as the caller preset it. */
struct member {
    const char *name;
    enum member_kind kind;
    size_t offset; /* in the caller's struct */
    int64_t min, max;
    const char *const *choices; /* NULL after the last */
    bool must;
};

/* Rows of a table: MEMBER(INT, struct wait_in, timeout_ms, .max = 600'000) */
#define MEMBER(kind_, type_, name_, ...)                                                           \
    {                                                                                              \
        .name = #name_, .kind = MEMBER_##kind_, .offset = offsetof(type_, name_), __VA_ARGS__      \
    }

struct json_trouble {
    bool query;        /* set by the caller: texts stand for numbers too, places are "?name" */
    char base[96];     /* set by the caller: pointer of the object, "" for the root */
    char where[160];   /* JSON pointer of what is wrong; "?name" in a query */
    char message[200]; /* the rule it breaks */
};

/* 0 or ERR_SYNTAX with @trouble filled. */
[[nodiscard]] int json_in_read(const json_t *object, const struct member *table, size_t count,
                               void *out, struct json_trouble *trouble);

/*
 * The parameters of a raw query as an object of texts, for json_in_read() with trouble->query set.
 * 0 with *out owned by the caller; ERR_SYNTAX with @trouble filled (broken escape, a name twice);
 * ERR_NOMEM.
 */
[[nodiscard]] int json_in_query(struct view query, json_t **out, struct json_trouble *trouble);

/* Fill @trouble; returns ERR_SYNTAX. @name may be NULL: the object itself is wrong. */
int json_in_blame(struct json_trouble *trouble, const char *name, const char *message, ...)
    __attribute__((format(printf, 3, 4)));

/* "a", "b" or "c" for messages, appended to @out of @size bytes. */
void json_in_choices(const char *const *choices, char *out, size_t size);

#endif
