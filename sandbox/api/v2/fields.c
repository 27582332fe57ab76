#include "api/v2/fields.h"

#include "base/utf8.h"
#include "net/http_msg.h"
#include "net/net_address.h"

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

const struct refusal *field_bad(struct call *call, const struct field *field, const char *rule)
{
    return call_refuse(call, REFUSE(BAD_FIELD), view_str(field->name), "%s: %s", field->clause,
                       rule);
}

void field_remark_certificate(struct call *call)
{
    exchange_remark(call->exchange, "no-client-certificate", "V2 1.2",
                    "production asks for the merchant's client certificate here; over plain HTTP "
                    "none can be shown");
}

int64_t field_number(const struct call *call, const char *name)
{
    int64_t number = 0;
    return view_to_i64(v2_msg_get(&call->in, name), INT64_MAX, &number) ? 0 : number;
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

static const struct refusal *check_fen(struct call *call, const struct field *field,
                                       struct view value, const struct refusal *no_integer)
{
    bool negative = value.len > 1 && value.ptr[0] == '-';
    struct view digits = { value.ptr + negative, value.len - negative };
    int64_t fen;
    if (view_to_i64(digits, INT64_MAX, &fen))
        return call_refuse(call, no_integer, view_str(field->name),
                           "%s: \"%.*s\" is not an integer of fen", field->clause, VIEW_ARG(value));
    if (negative || fen == 0)
        return field_bad(call, field, "must be above 0");
    return NULL;
}

const struct refusal *rule_total_fee(struct call *call, const struct field *field,
                                     struct view value)
{
    return check_fen(call, field, value, REFUSE(BAD_TOTAL_FEE));
}

const struct refusal *rule_refund_fee(struct call *call, const struct field *field,
                                      struct view value)
{
    return check_fen(call, field, value, REFUSE(BAD_REFUND_FEE));
}

const struct refusal *rule_fee_type(struct call *call, const struct field *field, struct view value)
{
    return view_is(value, "CNY") ? NULL : field_bad(call, field, "domestic merchants: CNY only");
}

const struct refusal *rule_notify_url(struct call *call, const struct field *field,
                                      struct view value)
{
    struct http_url url;
    if (http_url_parse(value, &url))
        return field_bad(call, field, "not an absolute http or https URL");
    if (url.has_query) {
        if (call_chose(call, SWITCH_url_query, "refused"))
            return field_bad(call, field, "must not have a query string");
        exchange_remark(call->exchange, "notify-url-query", "V2 6.6",
                        "notify_url has a query string; production may drop or refuse it");
    }
    if (url.has_userinfo || url.has_fragment)
        exchange_remark(call->exchange, "notify-url-parts", "V2 6.6",
                        "notify_url has a password or a fragment; %s",
                        url.has_userinfo ? "it will not be called" : "that is not sent");
    if (net_host_is_private(url.host))
        exchange_remark(call->exchange, "notify-url-private", "V2 6.6",
                        "notify_url names %.*s, which production cannot reach", VIEW_ARG(url.host));
    return NULL;
}
