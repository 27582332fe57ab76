/* POST /v3/pay/transactions/native — V3 4.1, 5.2, 5.3 */
#include "api/v3/api_v3.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/json_write.h"
#include "net/net_address.h"

#include <arpa/inet.h>

#define DETAIL_MAX   6144
#define EXPIRE_LEAST 60000LL           /* V3 5.2: nearer ones are lifted to this */
#define EXPIRE_MOST  (15 * 86400000LL) /* current pages */
#define FEN_MAX      INT64_MAX

static const struct refusal *rule_description(struct call *call, const struct v3_field *,
                                              const json_t *value)
{
    const unsigned char *text = (const unsigned char *)json_string_value(value);
    for (; *text; text++)
        if (*text >= 0xf0) {
            exchange_remark(
                call->exchange, "four-byte-characters", "V3 1.1",
                "description holds characters of four bytes, which V3 does not promise");
            break;
        }
    return NULL;
}

static const struct refusal *rule_time(struct call *call, const struct v3_field *field,
                                       const json_t *value)
{
    int64_t ms;
    if (time_parse_rfc3339(json_string_value(value), (int64_t)json_string_length(value), &ms) == 0)
        return NULL;
    return v3_field_refuse(call, field, json_deep_copy(value), "is no RFC 3339 time",
                           "输入源“/body/%s”映射到值字段“%s”字符串规则校验失败，"
                           "字符串必须符合 rfc3339 格式",
                           field->path, field->label);
}

/* V3 6.6: the pattern decides; what production would not reach is remarked. */
static const struct refusal *rule_notify_url(struct call *call, const struct v3_field *,
                                             const json_t *value)
{
    struct http_url url;
    struct view text = { json_string_value(value), json_string_length(value) };
    if (http_url_parse(text, &url))
        exchange_remark(call->exchange, "notify-url-odd", "V3 6.6",
                        "notify_url fits the pattern, and is no URL that can be called");
    else if (!url.tls || net_host_is_private(url.host))
        exchange_remark(call->exchange, "notify-url-private", "V3 6.6",
                        "notify_url is %s, which production does not call",
                        url.tls ? "on a private host" : "not https");
    return NULL;
}

static const struct refusal *rule_ip(struct call *call, const struct v3_field *field,
                                     const json_t *value)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *text = json_string_value(value);
    if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
        return NULL;
    return v3_field_refuse(call, field, json_deep_copy(value), "is no IP address",
                           "输入源“/body/%s”映射到值字段“%s”字符串规则校验失败，"
                           "字符串必须是合法的 IP 地址",
                           field->path, field->label);
}

static const struct refusal *rule_detail(struct call *call, const struct v3_field *field,
                                         const json_t *value)
{
    size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT);
    if (len <= DETAIL_MAX)
        return NULL;
    return v3_field_refuse(call, field, json_integer((json_int_t)len), "is too long",
                           "输入源“/body/%s”映射到值字段“%s”字符串规则校验失败，"
                           "字节数 %zu，大于最大值 %d",
                           field->path, field->label, len, DETAIL_MAX);
}

#define P "V3 4.1 "

/* Labels behind the first seven are the documentation's names: nobody has seen them on the wire. */
const struct v3_field v3_native_fields[] = {
    { P "appid", "appid", "公众号ID", V3_TEXT, true, 1, 32, NULL, NULL, V3_BODY },
    { P "mchid", "mchid", "直连商户号", V3_TEXT, true, 1, 32, NULL, NULL, V3_BODY },
    { P "description", "description", "商品描述", V3_TEXT, true, 1, 127, NULL, rule_description,
      V3_BODY },
    { P "out_trade_no", "out_trade_no", "商户订单号", V3_TEXT, true, 6, 32, &v3_number_pattern,
      NULL, V3_BODY },
    { P "time_expire", "time_expire", "交易结束时间", V3_TEXT, false, 1, 64, NULL, rule_time,
      V3_BODY },
    { P "attach", "attach", "附加数据", V3_TEXT, false, 0, 128, NULL, NULL, V3_BODY },
    { P "notify_url", "notify_url", "通知地址", V3_TEXT, true, 1, 255, &v3_url_pattern,
      rule_notify_url, V3_BODY },
    { P "goods_tag", "goods_tag", "订单优惠标记", V3_TEXT, false, 0, 32, NULL, NULL, V3_BODY },
    { P "support_fapiao", "support_fapiao", "电子发票入口开放标识", V3_BOOLEAN, false, 0, 0, NULL,
      NULL, V3_BODY },
    { P "amount", "amount", "订单金额", V3_OBJECT, true, 0, 0, NULL, NULL, V3_BODY },
    { P "amount.total", "amount/total", "总金额", V3_INTEGER, true, 1, FEN_MAX, NULL, NULL,
      V3_BODY },
    { P "amount.currency", "amount/currency", "货币类型", V3_TEXT, false, 1, 16, NULL,
      v3_rule_currency, V3_BODY },
    { P "detail", "detail", "优惠功能", V3_OBJECT, false, 0, 0, NULL, rule_detail, V3_BODY },
    { P "detail.cost_price", "detail/cost_price", "订单原价", V3_INTEGER, false, 0, FEN_MAX, NULL,
      NULL, V3_BODY },
    { P "detail.invoice_id", "detail/invoice_id", "商品小票ID", V3_TEXT, false, 0, 32, NULL, NULL,
      V3_BODY },
    { P "detail.goods_detail", "detail/goods_detail", "单品列表", V3_ARRAY, false, 1, 6000, NULL,
      NULL, V3_BODY },
    { P "goods_detail", "detail/goods_detail/*", "单品信息", V3_OBJECT, true, 0, 0, NULL, NULL,
      V3_BODY },
    { P "merchant_goods_id", "detail/goods_detail/*/merchant_goods_id", "商户侧商品编码", V3_TEXT,
      true, 1, 32, NULL, NULL, V3_BODY },
    { P "wechatpay_goods_id", "detail/goods_detail/*/wechatpay_goods_id", "微信支付商品编码",
      V3_TEXT, false, 0, 32, NULL, NULL, V3_BODY },
    { P "goods_name", "detail/goods_detail/*/goods_name", "商品名称", V3_TEXT, false, 0, 256, NULL,
      NULL, V3_BODY },
    { P "quantity", "detail/goods_detail/*/quantity", "商品数量", V3_INTEGER, true, 1, INT32_MAX,
      NULL, NULL, V3_BODY },
    { P "unit_price", "detail/goods_detail/*/unit_price", "商品单价", V3_INTEGER, true, 0, FEN_MAX,
      NULL, NULL, V3_BODY },
    { P "scene_info", "scene_info", "场景信息", V3_OBJECT, false, 0, 0, NULL, NULL, V3_BODY },
    { P "payer_client_ip", "scene_info/payer_client_ip", "用户终端IP", V3_TEXT, true, 1, 45, NULL,
      rule_ip, V3_BODY },
    { P "device_id", "scene_info/device_id", "商户端设备号", V3_TEXT, false, 0, 32, NULL, NULL,
      V3_BODY },
    { P "store_info", "scene_info/store_info", "商户门店信息", V3_OBJECT, false, 0, 0, NULL, NULL,
      V3_BODY },
    { P "store_info.id", "scene_info/store_info/id", "门店编号", V3_TEXT, true, 1, 32, NULL, NULL,
      V3_BODY },
    { P "store_info.name", "scene_info/store_info/name", "门店名称", V3_TEXT, false, 0, 256, NULL,
      NULL, V3_BODY },
    { P "store_info.area_code", "scene_info/store_info/area_code", "地区编码", V3_TEXT, false, 0,
      32, NULL, NULL, V3_BODY },
    { P "store_info.address", "scene_info/store_info/address", "详细地址", V3_TEXT, false, 0, 512,
      NULL, NULL, V3_BODY },
    { P "settle_info", "settle_info", "结算信息", V3_OBJECT, false, 0, 0, NULL, NULL, V3_BODY },
    { P "settle_info.profit_sharing", "settle_info/profit_sharing", "是否指定分账", V3_BOOLEAN,
      false, 0, 0, NULL, NULL, V3_BODY },
    /* with special permission; accepted and ignored (V3 4.1) */
    { P "payer", "payer", "支付者", V3_OBJECT, false, 0, 0, NULL, NULL, V3_BODY },
    { P "limit_pay", "limit_pay", "指定支付方式", V3_ARRAY, false, 0, 8, NULL, NULL, V3_BODY },
    { 0 },
};

static const struct refusal *check_appid(struct call *call)
{
    struct view appid = v3_body_text(call, "appid");
    if (account_has_appid(call->account, appid))
        return NULL;
    return call_refuse(call, REFUSE(NOT_BOUND), VIEW("appid"),
                       "V3 4.1: the appid %.*s is not bound to this account", VIEW_ARG(appid));
}

/* V3 5.2; a repeat of a known number is judged by the re-entry table alone. */
static const struct refusal *check_expire(struct call *call, int64_t *expire_ms)
{
    struct view text = v3_body_text(call, "time_expire");
    if (!text.len)
        return NULL;
    if (time_parse_rfc3339(text.ptr, (int64_t)text.len, expire_ms))
        return REFUSE(BAD_TIME); /* cannot be: the table has checked it */
    if (*expire_ms > call->now_ms + EXPIRE_MOST)
        exchange_remark(call->exchange, "expire-far", "V3 5.2",
                        "time_expire is more than 15 days away");
    if (*expire_ms >= call->now_ms + EXPIRE_LEAST)
        return NULL;
    struct order_row known = {};
    int err = order_get_by_number(call->sandbox->store, call->account->id,
                                  v3_body_text(call, "out_trade_no"), &known);
    order_row_release(&known);
    if (err == 0)
        return NULL;
    if (*expire_ms <= call->now_ms)
        return call_refuse(call, REFUSE(BAD_TIME), VIEW("time_expire"),
                           "V3 5.2: time_expire is not in the future");
    *expire_ms = call->now_ms + EXPIRE_LEAST;
    exchange_remark(call->exchange, "expire-raised", "V3 5.2",
                    "time_expire is nearer than a minute and was raised to that");
    return NULL;
}

/*
 * The order's fields under the names that all of the sandbox knows, and the body itself with its
 * keys sorted: that is what a repeated create is compared by (V3 5.3).
 */
static int fill_request(struct call *call)
{
    static const struct {
        const char *name, *path;
    } kept[] = {
        { "appid", "appid" },
        { "body", "description" },
        { "attach", "attach" },
        { "notify_url", "notify_url" },
        { "device_info", "scene_info/device_id" },
    };
    struct v2_msg *fields = &call->in;
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(kept); i++) {
        struct view value = v3_body_text(call, kept[i].path);
        if (value.len)
            err = v2_msg_add(fields, view_str(kept[i].name), value);
    }
    struct buf sorted = BUF_INIT(V3_BODY_MAX);
    if (!err)
        err = json_write_as(call->v3->in, JSON_COMPACT | JSON_SORT_KEYS, &sorted);
    if (!err)
        err = v2_msg_add(fields, VIEW("v3_body"), buf_view(&sorted));
    buf_release(&sorted);
    return err;
}

static const struct refusal *explain(struct call *call, const struct refusal *no,
                                     struct view differs)
{
    if (no->id == REFUSE_REENTRY_DIFFERS)
        return call_refuse(call, no, differs, "V3 5.3: the body differs from the first one");
    return call_refuse(call, no, VIEW("out_trade_no"), "V3 5.3: the number is known");
}

const struct refusal *v3_native(struct call *call)
{
    struct order_spec spec = { .dialect = DIALECT_V3,
                               .out_trade_no = v3_body_text(call, "out_trade_no"),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .total_fen = json_integer_value(v3_body_at(call, "amount/total")),
                               .request = &call->in };
    const struct refusal *no = check_appid(call);
    if (!no && !(call->account->products & PRODUCT_NATIVE))
        no = call_refuse(call, REFUSE(NO_PERMISSION), VIEW("NATIVE"),
                         "V3 4.0: NATIVE is not enabled for this account");
    if (!no)
        no = check_expire(call, &spec.expire_ms);
    if (!no && fill_request(call))
        no = REFUSE(SYSTEM_ERROR);
    if (no)
        return no;

    char code_url[CODE_URL_MAX + 1];
    struct order_row order = {};
    struct view differs = {};
    no = order_open(&call->sandbox->engine, call->account, &spec, &order, &differs);
    if (no)
        return explain(call, no, differs);
    order_code_url(&order, code_url);
    order_row_release(&order);
    call->v3->out = json_pack("{s:s}", "code_url", code_url);
    return call->v3->out ? NULL : REFUSE(SYSTEM_ERROR);
}
