#include "control/json_in.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http_msg.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* A JSON pointer escapes '~' and '/' in names (RFC 6901). A place that is too long is cut. */
static void point(struct json_trouble *trouble, const char *name)
{
    size_t size = sizeof(trouble->where);
    const char *glue = !name ? "" : trouble->query ? "?" : "/";
    size_t len = (size_t)snprintf(trouble->where, size, "%s%s", trouble->base, glue);

    for (; name && *name && len + 3 < size; name++) {
        if (*name == '~' || *name == '/')
            trouble->where[len++] = '~';
        trouble->where[len++] = *name == '~' ? '0' : *name == '/' ? '1' : *name;
    }
    trouble->where[len] = '\0';
}

int json_in_blame(struct json_trouble *trouble, const char *name, const char *message, ...)
{
    va_list args;

    point(trouble, name);
    va_start(args, message);
    vsnprintf(trouble->message, sizeof(trouble->message), message, args);
    va_end(args);
    return ERR_SYNTAX;
}

void json_in_choices(const char *const *choices, char *out, size_t size)
{
    size_t len = 0;

    assert(size > 0);
    out[0] = '\0';
    for (size_t i = 0; choices[i] && len < size; i++) {
        const char *glue = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        len += (size_t)snprintf(out + len, size - len, "%s\"%s\"", glue, choices[i]);
    }
}

static int read_text(const json_t *value, const struct member *row, struct view *out,
                     struct json_trouble *trouble)
{
    struct view text = { json_string_value(value), json_string_length(value) };

    if (!json_is_string(value))
        return json_in_blame(trouble, row->name, "must be a text");
    if (text.len < (size_t)row->min || text.len > (size_t)row->max)
        return json_in_blame(trouble, row->name,
                             "must be %" PRId64 " to %" PRId64 " bytes long, is %zu", row->min,
                             row->max, text.len);
    *out = text;
    return 0;
}

static int read_int(const json_t *value, const struct member *row, int64_t *out,
                    struct json_trouble *trouble)
{
    struct view text = { json_string_value(value), json_string_length(value) };
    int64_t number = json_integer_value(value);
    bool is_number = json_is_integer(value);

    if (trouble->query && text.ptr)
        is_number = view_to_i64(text, INT64_MAX, &number) == 0;
    if (!is_number)
        return json_in_blame(trouble, row->name, "must be a whole number");
    if (number < row->min || number > row->max)
        return json_in_blame(trouble, row->name, "must lie in %" PRId64 " to %" PRId64, row->min,
                             row->max);
    *out = number;
    return 0;
}

static int read_choice(const json_t *value, const struct member *row, int *out,
                       struct json_trouble *trouble)
{
    char all[150];

    for (int i = 0; json_is_string(value) && row->choices[i]; i++) {
        if (strcmp(row->choices[i], json_string_value(value)) == 0) {
            *out = i;
            return 0;
        }
    }
    json_in_choices(row->choices, all, sizeof(all));
    return json_in_blame(trouble, row->name, "must be %s", all);
}

static int read_many(json_t *value, const struct member *row, json_t **out,
                     struct json_trouble *trouble)
{
    bool list = row->kind == MEMBER_LIST;
    size_t count = list ? json_array_size(value) : json_object_size(value);

    if (list ? !json_is_array(value) : !json_is_object(value))
        return json_in_blame(trouble, row->name, list ? "must be a list" : "must be an object");
    if (count < (size_t)row->min || count > (size_t)row->max)
        return json_in_blame(trouble, row->name, "must have %" PRId64 " to %" PRId64 " %s, has %zu",
                             row->min, row->max, list ? "elements" : "members", count);
    *out = value;
    return 0;
}

static int read_member(json_t *value, const struct member *row, void *out,
                       struct json_trouble *trouble)
{
    void *place = (char *)out + row->offset;

    switch (row->kind) {
    case MEMBER_TEXT: return read_text(value, row, place, trouble);
    case MEMBER_INT: return read_int(value, row, place, trouble);
    case MEMBER_CHOICE: return read_choice(value, row, place, trouble);
    case MEMBER_LIST:
    case MEMBER_MAP: return read_many(value, row, place, trouble);
    case MEMBER_BOOL:
        if (!json_is_boolean(value))
            return json_in_blame(trouble, row->name, "must be true or false");
        *(bool *)place = json_is_true(value);
        return 0;
    }
    assert(false && "an unknown kind of member");
    return ERR_SYNTAX;
}

static const struct member *find_row(const struct member *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

int json_in_read(const json_t *object, const struct member *table, size_t count, void *out,
                 struct json_trouble *trouble)
{
    const char *name;
    json_t *value;
    int err;

    if (!json_is_object(object))
        return json_in_blame(trouble, NULL, "must be an object");
    /* jansson's iteration wants a pointer it could change, and does not change it */
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct member *row = find_row(table, count, name);
        if (!row)
            return json_in_blame(trouble, name, "is not known here");
        err = read_member(value, row, out, trouble);
        if (err)
            return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (table[i].must && !json_object_get(object, table[i].name))
            return json_in_blame(trouble, table[i].name, "is missing");
    }
    return 0;
}

static int query_part(json_t *into, struct view part)
{
    struct buf name = BUF_INIT(256), value = BUF_INIT(4096);
    struct view rest, raw_name = view_cut(part, '=', &rest);
    int err;

    err = http_percent_decode(&name, raw_name, true);
    if (!err)
        err = http_percent_decode(&value, rest, true);
    if (!err && json_object_get(into, buf_cstr(&name)))
        err = ERR_EXISTS;
    /* refuses what is not UTF-8, too */
    if (!err && json_object_set_new(into, buf_cstr(&name), json_string(buf_cstr(&value))))
        err = ERR_UTF8;
    buf_release(&name);
    buf_release(&value);
    return err;
}

int json_in_query(struct view query, json_t **out, struct json_trouble *trouble)
{
    json_t *object = json_object();
    int err = object ? 0 : ERR_NOMEM;

    while (!err && query.len) {
        struct view part = view_cut(query, '&', &query);
        if (part.len == 0)
            continue;
        err = query_part(object, part);
        if (err && err != ERR_NOMEM)
            err = json_in_blame(trouble, NULL, "the query is malformed at \"%.*s\": %s",
                                part.len < 60 ? (int)part.len : 60, part.ptr, err_text(err));
    }
    if (err) {
        json_decref(object);
        object = NULL;
    }
    *out = object;
    return err;
}
