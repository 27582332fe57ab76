/* The bodies of the combine calls, in the documentation's order — V3 4.7 */
#include "api/v3/api_v3.h"
#include "api/v3/create_fields.h"
#include "engine/combine.h"

#define P "V3 4.7 "
#define S "sub_orders/*"

/* Platforms may combine fifty, ordinary merchants ten: the account's switch says which it is. */
static const struct refusal *rule_parts(struct call *call, const struct v3_field *field,
                                        const json_t *value)
{
    size_t count = json_array_size(value), most = 10;
    if (count <= most || call_chose(call, SWITCH_combine_most, "50"))
        return NULL;
    return v3_field_refuse(call, field, json_integer((json_int_t)count), "has too many elements",
                           "输入源“/body/%s”映射到字段“%s”规则校验失败，元素个数大于最大值 %zu",
                           call->where, field->label, most);
}

/* clang-format off */
#define COMBINING_FIELDS                                                                            \
    V3_TEXT_ROW(P "combine_appid", "combine_appid", "合单商户appid", true, 1, 32, NULL, NULL),      \
    V3_TEXT_ROW(P "combine_mchid", "combine_mchid", "合单商户号", true, 1, 32, NULL, NULL),         \
    V3_TEXT_ROW(P "combine_out_trade_no", "combine_out_trade_no", "合单商户订单号", true, 6, 32,    \
                &v3_number_pattern, NULL)

/* Whose order it is; the last two are those of service providers. */
#define WHOSE_FIELDS                                                                                \
    V3_TEXT_ROW(P "mchid", S "/mchid", "子单商户号", true, 1, 32, NULL, NULL),                      \
    V3_TEXT_ROW(P "sub_mchid", S "/sub_mchid", "二级商户号", false, 1, 32, NULL, NULL),             \
    V3_TEXT_ROW(P "sub_appid", S "/sub_appid", "子商户应用ID", false, 1, 32, NULL, NULL)

#define PARTS_FIELD                                                                                 \
    { P "sub_orders", "sub_orders", "子单信息", V3_ARRAY, true, COMBINE_LEAST, COMBINE_MOST, NULL,  \
      rule_parts, V3_BODY },                                                                        \
    V3_OBJECT_ROW(P "sub_orders", S, "子单信息", true, NULL)

#define SALE_FIELDS                                                                                 \
    PARTS_FIELD,                                                                                    \
    WHOSE_FIELDS,                                                                                   \
    V3_TEXT_ROW(P "attach", S "/attach", "附加数据", true, 1, 128, NULL, NULL),                     \
    V3_OBJECT_ROW(P "amount", S "/amount", "订单金额", true, NULL),                                 \
    V3_FEN_ROW(P "amount.total_amount", S "/amount/total_amount", "标价金额", true, 1, V3_FEN_MAX), \
    V3_TEXT_ROW(P "amount.currency", S "/amount/currency", "标价币种", true, 1, 8, NULL,            \
                v3_rule_currency),                                                                  \
    V3_TEXT_ROW(P "out_trade_no", S "/out_trade_no", "子单商户订单号", true, 6, 32,                 \
                &v3_number_pattern, NULL),                                                          \
    V3_TEXT_ROW(P "description", S "/description", "商品描述", true, 1, 127, NULL,                  \
                v3_rule_description),                                                               \
    V3_TEXT_ROW(P "goods_tag", S "/goods_tag", "订单优惠标记", false, 0, 32, NULL, NULL),           \
    V3_OBJECT_ROW(P "settle_info", S "/settle_info", "结算信息", false, NULL),                      \
    V3_FLAG_ROW(P "settle_info.profit_sharing", S "/settle_info/profit_sharing", "是否指定分账"),   \
    V3_FEN_ROW(P "settle_info.subsidy_amount", S "/settle_info/subsidy_amount", "补差金额", false,  \
               0, V3_FEN_MAX)

#define PAYER_FIELD V3_OBJECT_ROW(P "combine_payer_info", "combine_payer_info", "支付者", false, NULL)

#define REST_FIELDS                                                                                 \
    V3_TEXT_ROW(P "time_start", "time_start", "交易起始时间", false, 1, 64, NULL, v3_rule_time),    \
    V3_TEXT_ROW(P "time_expire", "time_expire", "交易结束时间", false, 1, 64, NULL, v3_rule_time),  \
    V3_NOTIFY_URL_FIELD(P),                                                                         \
    V3_IGNORED_FIELDS(P),                                                                           \
    { 0 }
/* clang-format on */

const struct v3_field v3_combine_native_fields[] = {
    COMBINING_FIELDS, V3_SCENE_FIELDS(P, false, 16), SALE_FIELDS, PAYER_FIELD, REST_FIELDS,
};

const struct v3_field v3_combine_app_fields[] = {
    COMBINING_FIELDS, V3_SCENE_FIELDS(P, false, 16), SALE_FIELDS, PAYER_FIELD, REST_FIELDS,
};

/* Without an openid JSAPI has a text of its own (create.c). */
const struct v3_field v3_combine_jsapi_fields[] = {
    COMBINING_FIELDS,
    V3_SCENE_FIELDS(P, false, 16),
    SALE_FIELDS,
    PAYER_FIELD,
    V3_TEXT_ROW(P "combine_payer_info.openid", "combine_payer_info/openid", "用户标识", false, 0,
                128, NULL, NULL),
    REST_FIELDS,
};

const struct v3_field v3_combine_h5_fields[] = {
    COMBINING_FIELDS, V3_SCENE_FIELDS(P, true, 16), V3_H5_FIELDS(P), SALE_FIELDS, PAYER_FIELD,
    REST_FIELDS,
};

const struct v3_field v3_combine_close_fields[] = {
    V3_TEXT_ROW(P "combine_appid", "combine_appid", "合单商户appid", true, 1, 32, NULL, NULL),
    { P "sub_orders", "sub_orders", "子单信息", V3_ARRAY, true, 1, COMBINE_MOST, NULL, NULL,
      V3_BODY },
    V3_OBJECT_ROW(P "sub_orders", S, "子单信息", true, NULL),
    WHOSE_FIELDS,
    V3_TEXT_ROW(P "out_trade_no", S "/out_trade_no", "子单商户订单号", true, 6, 32,
                &v3_number_pattern, NULL),
    { 0 },
};
