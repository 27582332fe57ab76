/*
 * fields.h — the request tables of the V3 manual as tables, and the one reader for all of them.
 *
 * In the table's order, which is the documentation's; the first broken rule is reported, in the
 * words seen on the wire (V3 1.5) or, by the switch strict_docs, in the documented shape. A member
 * that is null counts as absent, and is remarked.
 */
#ifndef API_V3_FIELDS_H
#define API_V3_FIELDS_H

#include "call_v3.h"

enum v3_type { V3_TEXT, V3_INTEGER, V3_BOOLEAN, V3_OBJECT, V3_ARRAY };
enum v3_place { V3_BODY, V3_PATH, V3_QUERY };

/* A rule that a regular expression of the wire stands for. */
struct v3_pattern {
    const char *text; /* as it is printed, before JSON escapes it */
    bool (*fits)(struct view text);
};

struct v3_field {
    const char *clause; /* "V3 4.1 amount.total" */
    const char *path;   /* from the body's root: "amount/total"; "*" stands for every element */
    const char *label;  /* what the wire calls it: "总金额" */
    enum v3_type type;
    bool must;        /* where its parent is there */
    int64_t min, max; /* bytes of a text, value of an integer, elements of an array */
    const struct v3_pattern *pattern;
    /* NULL: none. For what neither bounds nor pattern say; @value fits the type. */
    const struct refusal *(*rule)(struct call *call, const struct v3_field *field,
                                  const json_t *value);
    enum v3_place place; /* where an error says the member was expected */
};

/* The whole body by a table, which ends with a NULL path. */
[[nodiscard]] const struct refusal *v3_fields_check(struct call *call,
                                                    const struct v3_field *fields);

/* One text that is not of the body: a part of the path, a parameter of the query. */
[[nodiscard]] const struct refusal *v3_text_check(struct call *call, const struct v3_field *field,
                                                  struct view text);

/* A refusal in the manner of V3 1.5. @value is taken (NULL: ""). */
const struct refusal *v3_field_refuse(struct call *call, const struct v3_field *field,
                                      json_t *value, const char *issue, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A rule more than one chapter uses: CNY only. */
const struct refusal *v3_rule_currency(struct call *call, const struct v3_field *field,
                                       const json_t *value);

/* A parameter of the query, decoded into @out. ERR_NOT_FOUND, ERR_SYNTAX, ERR_TOO_LONG. */
[[nodiscard]] int v3_query_get(const struct call *call, const char *name, char *out, size_t size);

/* Text at @path of the body ("amount/currency"); empty when absent. */
struct view v3_body_text(const struct call *call, const char *path);
/* The value at @path; NULL: absent. Borrowed. */
json_t *v3_body_at(const struct call *call, const char *path);

extern const struct v3_pattern v3_number_pattern; /* out_trade_no */
extern const struct v3_pattern v3_url_pattern;    /* notify_url */

#endif
