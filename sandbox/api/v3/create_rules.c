/* What neither bounds nor patterns say of an order's members — V3 4.1, 5.2, 6.6 */
#include "api/v3/create_fields.h"
#include "base/mem.h"
#include "net/net_address.h"

#include <arpa/inet.h>

#define DETAIL_MAX 6144

const struct refusal *v3_rule_description(struct call *call, const struct v3_field *,
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

const struct refusal *v3_rule_time(struct call *call, const struct v3_field *field,
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
const struct refusal *v3_rule_notify_url(struct call *call, const struct v3_field *,
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

const struct refusal *v3_rule_ip(struct call *call, const struct v3_field *field,
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

const struct refusal *v3_rule_detail(struct call *call, const struct v3_field *field,
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

const struct refusal *v3_rule_h5_type(struct call *call, const struct v3_field *field,
                                      const json_t *value)
{
    static const char *const types[] = { "Wap", "iOS", "Android" };
    const char *text = json_string_value(value);
    for (size_t i = 0; i < COUNT(types); i++)
        if (strcmp(text, types[i]) == 0)
            return NULL;
    if (strcmp(text, "iOSAndroidWap") == 0) {
        exchange_remark(call->exchange, "h5-type-old", "V3 4.1",
                        "h5_info.type is that of old samples; write Wap, iOS or Android");
        return NULL;
    }
    return v3_field_refuse(call, field, json_deep_copy(value), "is none of its values",
                           "输入源“/body/%s”映射到值字段“%s”枚举值校验失败，可选值为 "
                           "Wap、iOS、Android",
                           field->path, field->label);
}
