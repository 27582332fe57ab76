#include "subst.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/http_msg.h"
#include "transcript.h"

#include <inttypes.h>
#include <stdio.h>

int scope_set(struct scope *scope, const char *name, const char *value, enum name_type type)
{
    char *copy = mem_strdup(value);
    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < scope->count; i++) {
        if (strcmp(scope->item[i].name, name) == 0) {
            mem_free(scope->item[i].value);
            scope->item[i].value = copy;
            scope->item[i].type = type;
            return 0;
        }
    }
    char *name_copy = mem_strdup(name);
    struct scope_name *grown =
        name_copy ? mem_realloc(scope->item, (scope->count + 1) * sizeof(*grown)) : NULL;
    if (!grown) {
        mem_free(name_copy);
        mem_free(copy);
        return ERR_NOMEM;
    }
    scope->item = grown;
    grown[scope->count++] = (struct scope_name){ name_copy, copy, type };
    return 0;
}

int scope_set_i64(struct scope *scope, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    return scope_set(scope, name, text, NAME_INTEGER);
}

const struct scope_name *scope_get(const struct scope *scope, struct view name)
{
    for (; scope; scope = scope->outer) {
        for (size_t i = 0; i < scope->count; i++) {
            if (view_is(name, scope->item[i].name))
                return &scope->item[i];
        }
    }
    return NULL;
}

void scope_release(struct scope *scope)
{
    for (size_t i = 0; i < scope->count; i++) {
        mem_free(scope->item[i].name);
        mem_free(scope->item[i].value);
    }
    mem_free(scope->item);
    *scope = (struct scope){ .outer = scope->outer };
}

static struct view skip(struct view text, size_t count)
{
    return (struct view){ text.ptr + count, text.len - count };
}

static bool name_ok(struct view name)
{
    for (size_t i = 0; i < name.len; i++) {
        char byte = name.ptr[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '_' && byte != '-' && byte != ':' && byte != '.')
            return false;
    }
    return name.len > 0;
}

bool subst_next(struct view *rest, struct subst_piece *piece, bool *bad)
{
    *piece = (struct subst_piece){};
    *bad = false;
    if (!rest->len)
        return false;
    if (view_starts(*rest, VIEW("$${"))) {
        piece->text = (struct view){ rest->ptr + 1, 2 };
        *rest = skip(*rest, 3);
        return true;
    }
    if (!view_starts(*rest, VIEW("${"))) {
        size_t len = 1;
        while (len < rest->len && !view_starts(skip(*rest, len), VIEW("$${")) &&
               !view_starts(skip(*rest, len), VIEW("${")))
            len++;
        piece->text = (struct view){ rest->ptr, len };
        *rest = skip(*rest, len);
        return true;
    }
    size_t end = view_find(*rest, VIEW("}"));
    if (end == SIZE_MAX) {
        *bad = true;
        return false;
    }
    piece->name = (struct view){ rest->ptr + 2, end - 2 };
    *rest = skip(*rest, end + 1);
    if (view_ends(piece->name, VIEW(":text"))) {
        piece->name.len -= strlen(":text");
        piece->as_text = true;
    }
    *bad = !name_ok(piece->name);
    return !*bad;
}

static int add_form(struct buf *out, struct view value)
{
    size_t start = out->len;
    int err = http_percent_encode(out, value);
    size_t kept = start;
    /* %20 becomes +, in place: it only gets shorter */
    for (size_t i = start; !err && i < out->len; kept++) {
        if (view_starts(skip(buf_view(out), i), VIEW("%20"))) {
            out->ptr[kept] = '+';
            i += 3;
        } else {
            out->ptr[kept] = out->ptr[i++];
        }
    }
    if (!err && out->ptr) {
        out->len = kept;
        out->ptr[kept] = '\0';
    }
    return err;
}

static int add_value(struct view value, enum escape escape, struct buf *out)
{
    switch (escape) {
    case ESCAPE_PERCENT: return http_percent_encode(out, value);
    case ESCAPE_FORM: return add_form(out, value);
    case ESCAPE_LINE:
        if (memchr(value.ptr, '\r', value.len) || memchr(value.ptr, '\n', value.len))
            return ERR_SYNTAX;
        return buf_view_add(out, value);
    case ESCAPE_NONE: break;
    }
    return buf_view_add(out, value);
}

/* Is the whole of @pattern one name? */
static bool is_one_name(const char *pattern, struct subst_piece *piece)
{
    struct view rest = view_str(pattern);
    bool bad;
    return subst_next(&rest, piece, &bad) && piece->name.len && !rest.len;
}

int subst_text(const char *pattern, const struct scope *scope, enum escape escape, struct buf *out)
{
    struct view rest = view_str(pattern);
    struct subst_piece piece;
    bool bad;

    if (escape == ESCAPE_PERCENT && is_one_name(pattern, &piece))
        escape = ESCAPE_NONE;
    while (subst_next(&rest, &piece, &bad)) {
        int err;
        if (piece.name.len) {
            const struct scope_name *name = scope_get(scope, piece.name);
            err = name ? add_value(view_str(name->value), escape, out) : ERR_NOT_FOUND;
        } else if (escape == ESCAPE_FORM) {
            err = add_form(out, piece.text); /* a form's own text is escaped too */
        } else {
            err = buf_view_add(out, piece.text);
        }
        if (err)
            return err;
    }
    return bad ? ERR_SYNTAX : 0;
}

static int json_string_of(struct view text, struct buf *out)
{
    json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);
    if (!value)
        return ERR_UTF8;
    int err = json_text(value, 0, out);
    json_decref(value);
    return err;
}

static int subst_json_text(const char *pattern, const struct scope *scope, struct buf *out)
{
    struct subst_piece piece;

    if (is_one_name(pattern, &piece) && !piece.as_text) {
        const struct scope_name *name = scope_get(scope, piece.name);
        if (!name)
            return ERR_NOT_FOUND;
        if (name->type != NAME_TEXT)
            return buf_str(out, name->value); /* already written as a number */
        return json_string_of(view_str(name->value), out);
    }
    struct buf text = BUF_INIT(1024 * 1024);
    int err = subst_text(pattern, scope, ESCAPE_NONE, &text);
    if (!err)
        err = json_string_of(buf_view(&text), out);
    buf_release(&text);
    return err;
}

static int subst_json_object(const json_t *pattern, const struct scope *scope, struct buf *out)
{
    const char *name;
    json_t *member;
    const char *comma = "";
    int err = buf_byte(out, '{');

    /* jansson iterates over a non-const object; nothing is written */
    json_object_foreach((json_t *)(uintptr_t)pattern, name, member)
    {
        if (!err)
            err = buf_str(out, comma);
        if (!err)
            err = json_string_of(view_str(name), out);
        if (!err)
            err = buf_byte(out, ':');
        if (!err)
            err = subst_json(member, scope, out);
        comma = ",";
    }
    return err ? err : buf_byte(out, '}');
}

int subst_json(const json_t *pattern, const struct scope *scope, struct buf *out)
{
    if (json_is_string(pattern))
        return subst_json_text(json_string_value(pattern), scope, out);
    if (json_is_object(pattern))
        return subst_json_object(pattern, scope, out);
    if (!json_is_array(pattern))
        return json_text(pattern, JSON_REAL_PRECISION(15), out);
    int err = buf_byte(out, '[');
    for (size_t i = 0; !err && i < json_array_size(pattern); i++) {
        if (i)
            err = buf_byte(out, ',');
        if (!err)
            err = subst_json(json_array_get(pattern, i), scope, out);
    }
    return err ? err : buf_byte(out, ']');
}
