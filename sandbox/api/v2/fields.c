#include "api/v2/fields.h"

#include "base/utf8.h"

/* Bytes for body and attach, characters elsewhere, unless the account says otherwise (V2 1.6). */
static size_t length_of(const struct call *call, const struct field *field, struct view value)
{
    if (field->bytes && call_chose(call, SWITCH_length_unit, "bytes"))
        return value.len;
    return utf8_count(value);
}

static const struct refusal *check_one(struct call *call, const struct field *field)
{
    struct view name = view_str(field->name);
    struct view value = v2_msg_get(&call->in, field->name);
    if (!value.ptr) {
        if (field->need == FIELD_REQUIRED)
            return call_refuse(call, REFUSE(LACK_PARAMS), name, "%s: required, absent",
                               field->clause);
        return NULL;
    }
    if (value.len == 0) {
        if (field->need == FIELD_REQUIRED)
            return call_refuse(call, REFUSE(BAD_LENGTH), name, "%s: required, empty",
                               field->clause);
        return NULL; /* an empty optional element counts as absent (V2 1.4) */
    }
    /* no text has more characters than bytes, so most need not be counted */
    size_t length = value.len > field->max ? length_of(call, field, value) : value.len;
    if (length > field->max)
        return call_refuse(call, REFUSE(BAD_LENGTH), name, "%s: %zu long, at most %zu",
                           field->clause, length, field->max);
    return field->rule ? field->rule(call, field, value) : NULL;
}

const struct refusal *fields_check(struct call *call, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *no = check_one(call, &fields[i]);
        if (no)
            return no;
    }
    return NULL;
}

const struct refusal *rule_no_partner(struct call *call, const struct field *field, struct view)
{
    return call_refuse(call, REFUSE(NOT_BUILT), VIEW("sl_9_1"),
                       "%s: service-provider mode is not built yet", field->clause);
}

const struct refusal *rule_sign_type(struct call *call, const struct field *field,
                                     struct view value)
{
    if (v2_sign_type_parse(value, &call->sign_type) == 0)
        return NULL;
    return call_refuse(call, REFUSE(BAD_SIGN_TYPE), view_str(field->name),
                       "%s: \"%.*s\" is neither MD5 nor HMAC-SHA256", field->clause,
                       VIEW_ARG(value));
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-' || c == '|' || c == '*';
}

const struct refusal *rule_out_trade_no(struct call *call, const struct field *field,
                                        struct view value)
{
    struct view name = view_str(field->name);
    for (size_t i = 0; i < value.len; i++) {
        if (!is_number_char(value.ptr[i]))
            return call_refuse(call, REFUSE(BAD_FIELD), name,
                               "%s: character %zu is not one of 0-9 A-Z a-z _ - | *", field->clause,
                               i + 1);
    }
    if (value.len >= 6)
        return NULL;
    if (call_chose(call, SWITCH_short_number, "refused"))
        return call_refuse(call, REFUSE(BAD_LENGTH), name, "%s: %zu characters, at least 6",
                           field->clause, value.len);
    exchange_remark(call->exchange, "short-number", "V2 1.6",
                    "out_trade_no has %zu characters; the manual asks for 6 to 32", value.len);
    return NULL;
}

const struct refusal *rule_version(struct call *call, const struct field *field, struct view value)
{
    if (view_is(value, "1.0"))
        return NULL;
    return call_refuse(call, REFUSE(BAD_FIELD), view_str(field->name), "%s: only 1.0 is known",
                       field->clause);
}
