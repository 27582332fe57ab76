#include "api/v3/fields.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define WHERE_MAX 96

/* ---- refusals ----------------------------------------------------------------------------------- */

static const char *place_name(enum v3_place place)
{
    static const char *const names[] = { "body", "uri_template", "query" };
    return names[place];
}

static bool strict_docs(const struct call *call)
{
    return call_chose(call, SWITCH_strict_docs, "documentation");
}

/* "issue" is what only the documented shape says. */
static json_t *detail_of(const struct call *call, const struct v3_field *field, json_t *value,
                         const char *issue)
{
    char pointer[WHERE_MAX + 1];
    const char *location = place_name(field->place);
    if (!strict_docs(call))
        return json_pack("{s:s, s:o}", "location", location, "value", value);
    snprintf(pointer, sizeof(pointer), "%s%s", field->place == V3_BODY ? "/" : "", call->where);
    return json_pack("{s:s, s:o, s:s, s:s}", "field", pointer, "value", value, "issue", issue,
                     "location", field->place == V3_BODY ? "body" : "url");
}

const struct refusal *v3_field_refuse(struct call *call, const struct v3_field *field,
                                      json_t *value, const char *issue, const char *format, ...)
{
    struct call_v3 *v3 = call->v3;
    if (!call->where[0])
        snprintf(call->where, sizeof(call->where), "%s", field->path);
    va_list args;
    va_start(args, format);
    vsnprintf(v3->text, sizeof(v3->text), format, args);
    va_end(args);
    json_decref(v3->detail);
    v3->detail = detail_of(call, field, value ? value : json_string(""), issue);
    if (strict_docs(call))
        v3->text[0] = '\0'; /* the documentation's is always the same */
    snprintf(call->why, sizeof(call->why), "%s: %s", field->clause, issue);
    return v3->detail ? REFUSE(V3_FIELD) : REFUSE(SYSTEM_ERROR);
}

#define SOURCE             "输入源“/%s/%s”映射到"
#define SOURCE_OF(f, call) place_name((f)->place), (call)->where, (f)->label

static const struct refusal *no_missing(struct call *call, const struct v3_field *field)
{
    return v3_field_refuse(call, field, NULL, "is required",
                           SOURCE "字段“%s”必填性规则校验失败，此字段为必填项",
                           SOURCE_OF(field, call));
}

/* Only the one about integers was seen; the others are made after it. */
static const struct refusal *no_type(struct call *call, const struct v3_field *field,
                                     const json_t *value)
{
    static const struct {
        const char *chinese, *english;
    } wanted[] = {
        [V3_TEXT] = { "字符串", "must be a string" },
        [V3_INTEGER] = { " 64 位有符号整数", "must be an integer" },
        [V3_BOOLEAN] = { "布尔值", "must be true or false" },
        [V3_OBJECT] = { "对象", "must be an object" },
        [V3_ARRAY] = { "数组", "must be an array" },
    };
    return v3_field_refuse(call, field, json_deep_copy(value), wanted[field->type].english,
                           "无法将 JSON 输入源“/%s/%s”映射到目标字段“%s”中，此字段需要一个合法的%s",
                           SOURCE_OF(field, call), wanted[field->type].chinese);
}

/* ---- texts and numbers -------------------------------------------------------------------------- */

static const struct refusal *check_length(struct call *call, const struct v3_field *field,
                                          size_t len)
{
    bool low = (int64_t)len < field->min;
    if (!low && (int64_t)len <= field->max)
        return NULL;
    return v3_field_refuse(
        call, field, json_integer((json_int_t)len), low ? "is too short" : "is too long",
        SOURCE "值字段“%s”字符串规则校验失败，字节数 %zu，%s %lld", SOURCE_OF(field, call), len,
        low ? "小于最小值" : "大于最大值", (long long)(low ? field->min : field->max));
}

static const struct refusal *check_text(struct call *call, const struct v3_field *field,
                                        struct view text)
{
    const struct refusal *no = check_length(call, field, text.len);
    if (no || !field->pattern || field->pattern->fits(text))
        return no;
    return v3_field_refuse(call, field, json_stringn(text.ptr, text.len),
                           "does not match its pattern",
                           SOURCE "值字段“%s”字符串规则校验失败，字符串必须匹配正则表达式“%s”",
                           SOURCE_OF(field, call), field->pattern->text);
}

static const struct refusal *check_integer(struct call *call, const struct v3_field *field,
                                           const json_t *value)
{
    int64_t number = json_integer_value(value);
    bool low = number < field->min;
    if (!low && number <= field->max)
        return NULL;
    return v3_field_refuse(call, field, json_integer(number), low ? "is too small" : "is too large",
                           SOURCE "数值字段“%s”规则校验失败，值%s %lld", SOURCE_OF(field, call),
                           low ? "低于最小值" : "高于最大值",
                           (long long)(low ? field->min : field->max));
}

static const struct refusal *check_count(struct call *call, const struct v3_field *field,
                                         const json_t *value)
{
    size_t count = json_array_size(value);
    bool low = (int64_t)count < field->min;
    if (!low && (int64_t)count <= field->max)
        return NULL;
    return v3_field_refuse(call, field, json_integer((json_int_t)count),
                           low ? "has too few elements" : "has too many elements",
                           SOURCE "字段“%s”规则校验失败，元素个数%s %lld", SOURCE_OF(field, call),
                           low ? "小于最小值" : "大于最大值",
                           (long long)(low ? field->min : field->max));
}

static bool has_type(enum v3_type type, const json_t *value)
{
    switch (type) {
    case V3_TEXT: return json_is_string(value);
    case V3_INTEGER: return json_is_integer(value);
    case V3_BOOLEAN: return json_is_boolean(value);
    case V3_OBJECT: return json_is_object(value);
    case V3_ARRAY: return json_is_array(value);
    }
    return false;
}

static const struct refusal *check_value(struct call *call, const struct v3_field *field,
                                         const json_t *value)
{
    const struct refusal *no = NULL;
    if (!has_type(field->type, value))
        return no_type(call, field, value);
    if (field->type == V3_TEXT)
        no = check_text(call, field,
                        (struct view){ json_string_value(value), json_string_length(value) });
    else if (field->type == V3_INTEGER)
        no = check_integer(call, field, value);
    else if (field->type == V3_ARRAY)
        no = check_count(call, field, value);
    return no || !field->rule ? no : field->rule(call, field, value);
}

/* ---- the walk ----------------------------------------------------------------------------------- */

/* "/segment" more in call->where, from @used on; where it ends. A place that is too long is cut. */
static size_t add_segment(struct call *call, size_t used, struct view segment)
{
    size_t room = sizeof(call->where) - used;
    int len = snprintf(call->where + used, room, "%s%.*s", used ? "/" : "", VIEW_ARG(segment));
    return used + ((size_t)len < room ? (size_t)len : room - 1);
}

static const struct refusal *visit(struct call *call, const struct v3_field *field, json_t *node,
                                   struct view rest, size_t used);

static const struct refusal *visit_elements(struct call *call, const struct v3_field *field,
                                            json_t *array, struct view rest, size_t used)
{
    const struct refusal *no = NULL;
    for (size_t i = 0; !no && i < json_array_size(array); i++) {
        char index[24];
        snprintf(index, sizeof(index), "%zu", i);
        size_t at = add_segment(call, used, view_str(index));
        json_t *element = json_array_get(array, i);
        no = rest.len ? visit(call, field, element, rest, at) : check_value(call, field, element);
    }
    return no;
}

/* A parent that is absent or of another kind has its own row, which comes first. */
static const struct refusal *visit(struct call *call, const struct v3_field *field, json_t *node,
                                   struct view rest, size_t used)
{
    struct view segment = view_cut(rest, '/', &rest);
    if (view_is(segment, "*"))
        return visit_elements(call, field, node, rest, used);
    if (!json_is_object(node))
        return NULL;
    char name[48];
    if (view_copy(segment, name, sizeof(name)))
        return REFUSE(SYSTEM_ERROR); /* no table has such a name */
    json_t *value = json_object_get(node, name);
    size_t at = add_segment(call, used, segment);
    if (value && !json_is_null(value))
        return rest.len ? visit(call, field, value, rest, at) : check_value(call, field, value);
    if (value && !rest.len)
        exchange_remark(call->exchange, "null-member", "V3 1.1", "%s is null; leave it out", name);
    return !rest.len && field->must ? no_missing(call, field) : NULL;
}

/* Is there a row for this member of the root? Nested ones are not looked at. */
static bool is_declared(const struct v3_field *fields, const char *name)
{
    for (; fields->path; fields++) {
        struct view rest, first = view_cut(view_str(fields->path), '/', &rest);
        if (view_is(first, name))
            return true;
    }
    return false;
}

static const struct refusal *check_extra(struct call *call, const struct v3_field *fields)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->v3->in, name, value)
    {
        if (is_declared(fields, name))
            continue;
        if (call_chose(call, SWITCH_reject_extra, "refused"))
            return call_refuse(call, REFUSE(V3_EXTRA_FIELD), view_str(name),
                               "V3 1.5: the manual has no member of this name");
        exchange_remark(call->exchange, "extra-member", "V3 1.5",
                        "the manual has no such member here: %s", name);
    }
    return NULL;
}

const struct refusal *v3_fields_check(struct call *call, const struct v3_field *fields)
{
    const struct refusal *no = NULL;
    for (const struct v3_field *field = fields; !no && field->path; field++) {
        call->where[0] = '\0';
        no = visit(call, field, call->v3->in, view_str(field->path), 0);
    }
    if (no)
        return no;
    call->where[0] = '\0';
    return check_extra(call, fields);
}

const struct refusal *v3_text_check(struct call *call, const struct v3_field *field,
                                    struct view text)
{
    snprintf(call->where, sizeof(call->where), "%s", field->path);
    const struct refusal *no =
        text.len || !field->must ? check_text(call, field, text) : no_missing(call, field);
    if (!no)
        call->where[0] = '\0';
    return no;
}

const struct refusal *v3_rule_currency(struct call *call, const struct v3_field *field,
                                       const json_t *value)
{
    if (strcmp(json_string_value(value), "CNY") == 0)
        return NULL;
    return v3_field_refuse(call, field, json_deep_copy(value), "Currency code is invalid",
                           "输入源“/body/%s”映射到值字段“%s”枚举值校验失败，可选值为 CNY",
                           call->where, field->label);
}

/* ---- values ------------------------------------------------------------------------------------- */

json_t *v3_body_at(const struct call *call, const char *path)
{
    json_t *node = call->v3->in;
    struct view rest = view_str(path);
    while (node && rest.len) {
        char name[48];
        if (view_copy(view_cut(rest, '/', &rest), name, sizeof(name)))
            return NULL;
        node = json_object_get(node, name);
    }
    return json_is_null(node) ? NULL : node;
}

struct view v3_body_text(const struct call *call, const char *path)
{
    const json_t *node = v3_body_at(call, path);
    return (struct view){ json_string_value(node), json_string_length(node) };
}

int v3_query_get(const struct call *call, const char *name, char *out, size_t size)
{
    struct buf text = BUF_INIT(512);
    int err = http_form_get(http_call_request(call->http)->query, name, &text);
    if (!err)
        err = view_copy(buf_view(&text), out, size);
    buf_release(&text);
    return err;
}

/* ---- patterns ----------------------------------------------------------------------------------- */

static bool is_number(struct view text)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*";
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr(set, text.ptr[i]))
            return false;
    return text.len > 0;
}

const struct v3_pattern v3_number_pattern = { "^[0-9a-zA-Z_\\-\\|\\*]+$", is_number };

static bool has_any(struct view text, const char *set)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(set, text.ptr[i])) /* a NUL is in every set */
            return true;
    return false;
}

#define BLANKS " \t\r\n\v\f"

/*
 * What follows the user. A port of no 2 to 5 digits fits too: the last group of the pattern takes
 * whatever the host cannot.
 */
static bool is_host_and_rest(struct view text)
{
    size_t host = 0;
    while (host < text.len && !has_any((struct view){ text.ptr + host, 1 }, BLANKS "/?#@:"))
        host++;
    struct view rest = { text.ptr + host, text.len - host };
    return host && !has_any(rest, BLANKS "?#[]");
}

/* By hand, because POSIX has no \s and no non-capturing group; the pattern is the wire's. */
static bool is_url(struct view text)
{
    size_t skip = view_starts(text, VIEW("https://"))  ? 8
                  : view_starts(text, VIEW("http://")) ? 7
                                                       : 0;
    struct view rest, whole = { text.ptr + skip, text.len - skip };
    struct view user = view_cut(whole, '@', &rest);
    bool has_user = user.len && user.len < whole.len && !has_any(user, BLANKS "/?#[]");
    return skip && (is_host_and_rest(whole) || (has_user && is_host_and_rest(rest)));
}

const struct v3_pattern v3_url_pattern = {
    "^https?://([^\\s/?#\\[\\]\\@]+\\@)?([^\\s/?#\\@:]+)(?::\\d{2,5})?([^\\s?#\\[\\]]*)$", is_url
};
