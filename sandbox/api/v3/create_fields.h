/*
 * create_fields.h — the members of the V3 creates, in groups: each is written once, and the tables
 * of all endpoints are put together from them.
 *
 * @clause is the section, "V3 4.1 ". Labels behind the first seven are the documentation's names:
 * nobody has seen them on the wire.
 */
#ifndef API_V3_CREATE_FIELDS_H
#define API_V3_CREATE_FIELDS_H

#include "api/v3/fields.h"

#define V3_FEN_MAX INT64_MAX

/* 4-byte characters are remarked */
const struct refusal *v3_rule_description(struct call *call, const struct v3_field *field,
                                          const json_t *value);
/* RFC 3339 */
const struct refusal *v3_rule_time(struct call *call, const struct v3_field *field,
                                   const json_t *value);
/* The pattern decides; what production would not reach is remarked (V3 6.6). */
const struct refusal *v3_rule_notify_url(struct call *call, const struct v3_field *field,
                                         const json_t *value);
/* IPv4 or IPv6 */
const struct refusal *v3_rule_ip(struct call *call, const struct v3_field *field,
                                 const json_t *value);
/* Length of the whole object */
const struct refusal *v3_rule_detail(struct call *call, const struct v3_field *field,
                                     const json_t *value);
/* Wap, iOS, Android */
const struct refusal *v3_rule_h5_type(struct call *call, const struct v3_field *field,
                                      const json_t *value);

/* clang-format off */
#define V3_TEXT_ROW(clause, path, label, must, min, max, pattern, rule) \
    { clause, path, label, V3_TEXT, must, min, max, pattern, rule, V3_BODY }
#define V3_FEN_ROW(clause, path, label, must, min, max) \
    { clause, path, label, V3_INTEGER, must, min, max, NULL, NULL, V3_BODY }
#define V3_FLAG_ROW(clause, path, label) \
    { clause, path, label, V3_BOOLEAN, false, 0, 0, NULL, NULL, V3_BODY }
#define V3_OBJECT_ROW(clause, path, label, must, rule) \
    { clause, path, label, V3_OBJECT, must, 0, 0, NULL, rule, V3_BODY }
#define V3_ARRAY_ROW(clause, path, label, must, min, max) \
    { clause, path, label, V3_ARRAY, must, min, max, NULL, NULL, V3_BODY }

/* What is sold, for how much, and who is told. */
#define V3_SALE_FIELDS(P)                                                                           \
    V3_TEXT_ROW(P "description", "description", "商品描述", true, 1, 127, NULL,                     \
                v3_rule_description),                                                               \
    V3_TEXT_ROW(P "out_trade_no", "out_trade_no", "商户订单号", true, 6, 32, &v3_number_pattern,    \
                NULL),                                                                              \
    V3_TEXT_ROW(P "time_expire", "time_expire", "交易结束时间", false, 1, 64, NULL, v3_rule_time),  \
    V3_TEXT_ROW(P "attach", "attach", "附加数据", false, 0, 128, NULL, NULL),                       \
    V3_NOTIFY_URL_FIELD(P),                                                                         \
    V3_TEXT_ROW(P "goods_tag", "goods_tag", "订单优惠标记", false, 0, 32, NULL, NULL),              \
    V3_FLAG_ROW(P "support_fapiao", "support_fapiao", "电子发票入口开放标识"),                      \
    V3_OBJECT_ROW(P "amount", "amount", "订单金额", true, NULL),                                    \
    V3_FEN_ROW(P "amount.total", "amount/total", "总金额", true, 1, V3_FEN_MAX),                    \
    V3_TEXT_ROW(P "amount.currency", "amount/currency", "货币类型", false, 1, 16, NULL,             \
                v3_rule_currency)

#define V3_NOTIFY_URL_FIELD(P)                                                                      \
    V3_TEXT_ROW(P "notify_url", "notify_url", "通知地址", true, 1, 255, &v3_url_pattern,            \
                v3_rule_notify_url)

#define V3_GOODS "detail/goods_detail/*"
#define V3_DETAIL_FIELDS(P)                                                                         \
    V3_OBJECT_ROW(P "detail", "detail", "优惠功能", false, v3_rule_detail),                         \
    V3_FEN_ROW(P "detail.cost_price", "detail/cost_price", "订单原价", false, 0, V3_FEN_MAX),       \
    V3_TEXT_ROW(P "detail.invoice_id", "detail/invoice_id", "商品小票ID", false, 0, 32, NULL, NULL), \
    V3_ARRAY_ROW(P "detail.goods_detail", "detail/goods_detail", "单品列表", false, 1, 6000),       \
    V3_OBJECT_ROW(P "goods_detail", V3_GOODS, "单品信息", true, NULL),                              \
    V3_TEXT_ROW(P "merchant_goods_id", V3_GOODS "/merchant_goods_id", "商户侧商品编码", true, 1,    \
                32, NULL, NULL),                                                                    \
    V3_TEXT_ROW(P "wechatpay_goods_id", V3_GOODS "/wechatpay_goods_id", "微信支付商品编码", false,  \
                0, 32, NULL, NULL),                                                                 \
    V3_TEXT_ROW(P "goods_name", V3_GOODS "/goods_name", "商品名称", false, 0, 256, NULL, NULL),     \
    V3_FEN_ROW(P "quantity", V3_GOODS "/quantity", "商品数量", true, 1, INT32_MAX),                 \
    V3_FEN_ROW(P "unit_price", V3_GOODS "/unit_price", "商品单价", true, 0, V3_FEN_MAX)

/* @must for h5; a device_id may have @device bytes. */
#define V3_SCENE_FIELDS(P, must, device)                                                            \
    V3_OBJECT_ROW(P "scene_info", "scene_info", "场景信息", must, NULL),                            \
    V3_TEXT_ROW(P "payer_client_ip", "scene_info/payer_client_ip", "用户终端IP", true, 1, 45, NULL, \
                v3_rule_ip),                                                                        \
    V3_TEXT_ROW(P "device_id", "scene_info/device_id", "商户端设备号", false, 0, device, NULL, NULL)

#define V3_STORE "scene_info/store_info"
#define V3_STORE_FIELDS(P)                                                                          \
    V3_OBJECT_ROW(P "store_info", V3_STORE, "商户门店信息", false, NULL),                           \
    V3_TEXT_ROW(P "store_info.id", V3_STORE "/id", "门店编号", true, 1, 32, NULL, NULL),            \
    V3_TEXT_ROW(P "store_info.name", V3_STORE "/name", "门店名称", false, 0, 256, NULL, NULL),      \
    V3_TEXT_ROW(P "store_info.area_code", V3_STORE "/area_code", "地区编码", false, 0, 32, NULL,    \
                NULL),                                                                              \
    V3_TEXT_ROW(P "store_info.address", V3_STORE "/address", "详细地址", false, 0, 512, NULL, NULL)

#define V3_H5 "scene_info/h5_info"
#define V3_H5_FIELDS(P)                                                                             \
    V3_OBJECT_ROW(P "h5_info", V3_H5, "H5场景信息", true, NULL),                                    \
    V3_TEXT_ROW(P "h5_info.type", V3_H5 "/type", "场景类型", true, 1, 32, NULL, v3_rule_h5_type),   \
    V3_TEXT_ROW(P "h5_info.app_name", V3_H5 "/app_name", "应用名称", false, 0, 64, NULL, NULL),     \
    V3_TEXT_ROW(P "h5_info.app_url", V3_H5 "/app_url", "网站URL", false, 0, 128, NULL, NULL),       \
    V3_TEXT_ROW(P "h5_info.bundle_id", V3_H5 "/bundle_id", "iOS平台BundleID", false, 0, 128, NULL,  \
                NULL),                                                                              \
    V3_TEXT_ROW(P "h5_info.package_name", V3_H5 "/package_name", "Android平台PackageName", false,   \
                0, 128, NULL, NULL)

#define V3_SETTLE_FIELDS(P)                                                                         \
    V3_OBJECT_ROW(P "settle_info", "settle_info", "结算信息", false, NULL),                         \
    V3_FLAG_ROW(P "settle_info.profit_sharing", "settle_info/profit_sharing", "是否指定分账")

/* with special permission; accepted and ignored (V3 4.1) */
#define V3_IGNORED_FIELDS(P)                                                                        \
    V3_ARRAY_ROW(P "limit_pay", "limit_pay", "指定支付方式", false, 0, 8)
/* clang-format on */

/* ---- checks of a create behind its table, for all families ------------------------------------- */

/* Is the trade type enabled for the caller? */
const struct refusal *v3_check_product(struct call *call, enum trade_type type);

/* Can the openid at @path, if there is one, be that of a payer of @appid? */
const struct refusal *v3_judge_openid(struct call *call, const char *path, struct view appid);

/* time_expire, at most @most_ms away, into *expire_ms, which stays when there is none. */
const struct refusal *v3_check_expire(struct call *call, bool (*known)(struct call *call),
                                      int64_t most_ms, int64_t *expire_ms);

/* code_url, h5_url or prepay_id, as the answer. 0 or ERR_NOMEM. */
[[nodiscard]] int v3_fill_prepay(struct call *call, const struct order_row *order);

#endif
