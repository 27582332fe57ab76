/* POST /pay/unifiedorder — V2 3.1, 5.3, 5.4 */
#include "api/v2/api_v2.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <jansson.h>

static const struct refusal *rule_ip(struct call *call, const struct field *field,
                                     struct view value)
{
    char text[65];
    unsigned char address[sizeof(struct in6_addr)];
    if (view_copy(value, text, sizeof(text)) ||
        (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1))
        return call_refuse(call, REFUSE(BAD_IP), view_str(field->name),
                           "%s: \"%.*s\" is not an IPv4 or IPv6 address", field->clause,
                           VIEW_ARG(value));
    if (view_is(value, "0.0.0.0") || view_starts(value, VIEW("127.")) || view_is(value, "::1"))
        exchange_remark(call->exchange, "ip-not-real", "V2 WX2-038",
                        "spbill_create_ip is %s, which is nobody's address", text);
    return NULL;
}

static const struct refusal *rule_time(struct call *call, const struct field *field,
                                       struct view value)
{
    int64_t ms;
    if (cn_time_parse_14(value.ptr, (int64_t)value.len, &ms) == 0)
        return NULL;
    return call_refuse(call, REFUSE(BAD_TIME), view_str(field->name),
                       "%s: not yyyyMMddHHmmss of a day that exists", field->clause);
}

static const struct refusal *rule_trade_type(struct call *call, const struct field *field,
                                             struct view value)
{
    static const char *const known[] = { "NATIVE", "JSAPI", "APP", "MWEB" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (view_is(value, known[i]))
            return NULL; /* whether the account may use it is step 9 */
    return field_bad(call, field, "one of JSAPI, NATIVE, APP, MWEB");
}

static const struct refusal *rule_limit_pay(struct call *call, const struct field *field,
                                            struct view value)
{
    return view_is(value, "no_credit") ? NULL : field_bad(call, field, "only no_credit is known");
}

static const struct refusal *rule_yes_no(struct call *call, const struct field *field,
                                         struct view value)
{
    return view_is(value, "Y") || view_is(value, "N") ? NULL : field_bad(call, field, "Y or N");
}

/* Nobody has seen production refuse text that is not JSON here; it is told, not refused. */
static const struct refusal *rule_json(struct call *call, const struct field *field,
                                       struct view value)
{
    json_error_t where;
    json_t *json = json_loadb(value.ptr, value.len, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(json))
        exchange_remark(call->exchange, "not-json", field->clause, "%s is not a JSON object",
                        field->name);
    json_decref(json);
    return NULL;
}

const struct field v2_unifiedorder_fields[V2_UNIFIEDORDER_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.1 body", "body", FIELD_REQUIRED, 128, true, NULL },
    { "V2 3.1 detail", "detail", FIELD_OPTIONAL, 6144, false, rule_json },
    { "V2 3.1 attach", "attach", FIELD_OPTIONAL, 127, true, NULL },
    { "V2 3.1 out_trade_no", "out_trade_no", FIELD_REQUIRED, 32, false, rule_out_trade_no },
    { "V2 3.1 fee_type", "fee_type", FIELD_OPTIONAL, 16, false, rule_fee_type },
    { "V2 3.1 total_fee", "total_fee", FIELD_REQUIRED, 32, false, rule_total_fee },
    { "V2 3.1 spbill_create_ip", "spbill_create_ip", FIELD_REQUIRED, 64, false, rule_ip },
    { "V2 3.1 time_start", "time_start", FIELD_OPTIONAL, 14, false, rule_time },
    { "V2 3.1 time_expire", "time_expire", FIELD_OPTIONAL, 14, false, rule_time },
    { "V2 3.1 goods_tag", "goods_tag", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.1 notify_url", "notify_url", FIELD_REQUIRED, 256, false, rule_notify_url },
    { "V2 3.1 trade_type", "trade_type", FIELD_REQUIRED, 16, false, rule_trade_type },
    { "V2 3.1 product_id", "product_id", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.1 openid", "openid", FIELD_OPTIONAL, 128, false, NULL },
    { "V2 3.1 sub_openid", "sub_openid", FIELD_OPTIONAL, 128, false, rule_no_partner },
    { "V2 3.1 device_info", "device_info", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.1 limit_pay", "limit_pay", FIELD_OPTIONAL, 32, false, rule_limit_pay },
    { "V2 3.1 receipt", "receipt", FIELD_OPTIONAL, 8, false, rule_yes_no },
    { "V2 3.1 scene_info", "scene_info", FIELD_OPTIONAL, 256, false, rule_json },
    { "V2 3.1 profit_sharing", "profit_sharing", FIELD_OPTIONAL, 1, false, rule_yes_no },
    { "V2 3.1 version", "version", FIELD_OPTIONAL, 32, false, rule_version },
    { "V2 3.1 user_type", "user_type", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.1 user_creid", "user_creid", FIELD_OPTIONAL, 32, false, NULL },
    { "V2 3.1 user_truename", "user_truename", FIELD_OPTIONAL, 64, false, NULL },
};

/* Step 9 of V2 1.8, and what older and newer text of the manual see differently. */
static const struct refusal *check_product(struct call *call)
{
    struct view type = v2_msg_get(&call->in, "trade_type");
    if (!view_is(type, "NATIVE") || !(call->account->products & PRODUCT_OF(TRADE_TYPE_NATIVE)))
        return call_refuse(call, REFUSE(NO_PERMISSION), VIEW("trade_type"),
                           "V2 1.8.9: trade_type %.*s is not enabled for this account",
                           VIEW_ARG(type));
    if (v2_msg_filled(&call->in, "openid"))
        exchange_remark(call->exchange, "openid-native", "interop",
                        "openid is sent for NATIVE, where nobody knows the payer yet");
    if (v2_msg_filled(&call->in, "product_id"))
        return NULL;
    if (call_chose(call, SWITCH_product_id, "refused"))
        return call_refuse(call, REFUSE(LACK_PARAMS), VIEW("product_id"),
                           "V2 3.1 product_id: required for NATIVE by the older text");
    exchange_remark(call->exchange, "product-id-absent", "V2 3.1",
                    "product_id is absent; the older manual asks for it with NATIVE");
    return NULL;
}

static bool number_is_known(struct call *call, struct view number)
{
    struct order_row known = {};
    int err = order_get_by_number(call->sandbox->store, call->account->id, number, &known);
    order_row_release(&known);
    return err == 0;
}

/*
 * time_expire of a new number: past is refused, too near is raised (V2 5.4). A repeat of a known
 * number is judged by the re-entry table alone, so its old time_expire is not looked at here.
 */
static const struct refusal *check_expire(struct call *call, struct order_spec *spec)
{
    struct view text = v2_msg_get(&call->in, "time_expire");
    if (!text.len)
        return NULL;
    if (cn_time_parse_14(text.ptr, (int64_t)text.len, &spec->expire_ms))
        return REFUSE(BAD_TIME); /* cannot be: the table has checked it */
    int64_t least_ms = call_chose(call, SWITCH_expire_min, "5m") ? 5 * 60000 : 60000;
    if (spec->expire_ms >= call->now_ms + least_ms || number_is_known(call, spec->out_trade_no))
        return NULL;
    if (spec->expire_ms <= call->now_ms)
        return call_refuse(call, REFUSE(BAD_TIME), VIEW("time_expire"),
                           "V2 5.4: time_expire is not in the future (Beijing time?)");
    spec->expire_ms = call->now_ms + least_ms;
    exchange_remark(call->exchange, "expire-raised", "V2 5.4",
                    "time_expire is nearer than %d minute(s) and was raised to that",
                    (int)(least_ms / 60000));
    return NULL;
}

static int fill_answer(struct call *call, const struct order_row *order)
{
    char code_url[CODE_URL_MAX + 1];
    order_code_url(order, code_url);
    int err = v2_msg_add_str(&call->out, "prepay_id", order->prepay_id);
    if (!err)
        err = v2_msg_add_str(&call->out, "trade_type", trade_type_name(order->trade_type));
    return err ? err : v2_msg_add_str(&call->out, "code_url", code_url);
}

const struct refusal *v2_unifiedorder(struct call *call)
{
    struct order_spec spec = { .out_trade_no = v2_msg_get(&call->in, "out_trade_no"),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .sign_type = call->sign_type,
                               .request = &call->in };
    const struct refusal *no = check_product(call);
    if (!no)
        no = check_expire(call, &spec);
    if (no)
        return no;
    if (view_to_i64(v2_msg_get(&call->in, "total_fee"), INT64_MAX, &spec.total_fen))
        return REFUSE(BAD_TOTAL_FEE); /* cannot be: the table has checked it */

    struct order_row order = {};
    struct view differs = {};
    no = order_open(&call->sandbox->engine, call->account, &spec, &order, &differs);
    if (no && no->id == REFUSE_REENTRY_DIFFERS)
        call_refuse(call, no, differs, "V2 5.3: %.*s differs from the first unified order",
                    VIEW_ARG(differs));
    else if (no)
        call_refuse(call, no, VIEW("out_trade_no"), "%s: the number is known, %s", no->clause,
                    no->code);
    else if (fill_answer(call, &order))
        no = REFUSE(SYSTEM_ERROR);
    order_row_release(&order);
    return no;
}
