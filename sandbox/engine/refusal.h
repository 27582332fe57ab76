/*
 * refusal.h — the platform says no. One value from whatever floor; only reply_*.c turns it into
 * bytes of a dialect.
 *
 * The catalogue has one row per reason, with the V2 wire's code and text (V2 1.7, 3.0-3.3). What
 * is special about one refusal (which field, which rule) travels beside it in struct refused.
 */
#ifndef ENGINE_REFUSAL_H
#define ENGINE_REFUSAL_H

#include "base/view.h"

/* X(id, layer, V2 err_code, V2 text on the wire, clause) — PROTOCOL: return_code=FAIL, unsigned;
 * BUSINESS: result_code=FAIL, signed. "%s" in a text is the field's name. */
#define REFUSAL_MAP(X)                                                                                                          \
    X(UNWRITTEN, BUSINESS, "SYSTEMERROR", "系统错误", "V2 3.0")                                                                 \
    X(SYSTEM_ERROR, BUSINESS, "SYSTEMERROR", "系统错误", "V2 3.0")                                                              \
    X(NOT_POST, PROTOCOL, "REQUIRE_POST_METHOD", "require POST method", "V2 1.8.1")                                             \
    X(EMPTY_BODY, PROTOCOL, "POST_DATA_EMPTY", "post数据为空", "V2 1.8.2")                                                      \
    X(NOT_UTF8, PROTOCOL, "NOT_UTF8", "编码格式错误", "V2 1.8.3")                                                               \
    X(XML_FORMAT, PROTOCOL, "XML_FORMAT_ERROR", "XML格式错误", "V2 1.8.4")                                                      \
    X(LACK_PARAMS, PROTOCOL, "LACK_PARAMS", "缺少参数", "V2 1.8.5")                                                             \
    X(BAD_LENGTH, PROTOCOL, "PARAM_ERROR", "%s参数长度有误", "V2 1.8.5")                                                        \
    X(BAD_FIELD, PROTOCOL, "PARAM_ERROR", "参数格式校验错误", "V2 1.8.5")                                                       \
    X(BAD_TOTAL_FEE, PROTOCOL, "PARAM_ERROR",                                                                                   \
      "无法将输入源“/body/xml/total_fee”映射到目标字段“标价金额”中，此字段需要一个合法的 " \
      "64 位有符号整数",                                                                                                        \
      "V2 1.7")                                                                                                                 \
    X(BAD_IP, PROTOCOL, "PARAM_ERROR", "invalid spbill_create_ip", "V2 1.7")                                                    \
    X(BAD_TIME, PROTOCOL, "PARAM_ERROR", "【交易有效截止时间非法】", "V2 5.4")                                                  \
    X(BAD_SIGN_TYPE, PROTOCOL, "SIGNERROR", "签名错误", "V2 2.3")                                                               \
    X(APPID_UNKNOWN, PROTOCOL, "APPID_NOT_EXIST", "appid不存在", "V2 1.8.6")                                                    \
    X(MCHID_UNKNOWN, PROTOCOL, "MCHID_NOT_EXIST", "商户号mch_id或sub_mch_id不存在", "V2 1.8.6")                                 \
    X(NOT_BOUND, PROTOCOL, "APPID_MCHID_NOT_MATCH", "商户号mch_id与appid不匹配", "V2 1.8.6")                                    \
    X(BAD_SIGN, PROTOCOL, "SIGNERROR", "签名错误", "V2 1.8.7")                                                                  \
    X(NO_PERMISSION, PROTOCOL, "NOAUTH",                                                                                        \
      "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试", "V2 1.8.9")                                                  \
    X(REENTRY_DIFFERS, BUSINESS, "INVALID_REQUEST", "201 商户订单号重复", "V2 5.3")                                             \
    X(REENTRY_EXPIRED, BUSINESS, "INVALID_REQUEST", "201 商户订单号重复", "V2 5.3")                                             \
    X(ORDER_PAID, BUSINESS, "ORDERPAID", "该订单已支付", "V2 5.3")                                                              \
    X(CLOSE_PAID, BUSINESS, "ORDERPAID", "order paid", "V2 3.3")                                                                \
    X(ORDER_CLOSED, BUSINESS, "ORDERCLOSED", "订单已关闭", "V2 5.3")                                                            \
    X(ORDER_REVERSED, BUSINESS, "ORDERREVERSED", "订单已撤销", "V2 5.3")                                                        \
    X(QUERY_UNKNOWN, BUSINESS, "ORDERNOTEXIST", "order not exist", "V2 3.2")                                                    \
    X(CLOSE_UNKNOWN, BUSINESS, "ORDERNOTEXIST", "订单不存在", "V2 3.3")                                                         \
    X(TRADE_STATE, BUSINESS, "TRADE_STATE_ERROR", "订单状态错误", "V2 3.3")                                                     \
    X(CLOSE_EARLY, BUSINESS, "SYSTEMERROR", "system error", "V2 3.3")                                                           \
    X(NOT_BUILT, PROTOCOL, "NOT_BUILT", "sandbox: not built yet, manual %s", "product.md")                                      \
    V3_ONLY(X, V3_NO_AGENT)                                                                                                     \
    V3_ONLY(X, V3_AUTH_FORM)                                                                                                    \
    V3_ONLY(X, V3_AUTH_SCHEME)                                                                                                  \
    V3_ONLY(X, V3_UNPROVEN)                                                                                                     \
    V3_ONLY(X, V3_STALE)                                                                                                        \
    V3_ONLY(X, V3_UNKNOWN_MERCHANT)                                                                                             \
    V3_ONLY(X, V3_NO_APIV3_KEY)                                                                                                 \
    V3_ONLY(X, V3_NO_CERTIFICATE)                                                                                               \
    V3_ONLY(X, V3_SERIAL)                                                                                                       \
    V3_ONLY(X, V3_BAD_SIGN)                                                                                                     \
    V3_ONLY(X, V3_BAD_JSON)                                                                                                     \
    V3_ONLY(X, V3_FIELD)                                                                                                        \
    V3_ONLY(X, V3_EXTRA_FIELD)                                                                                                  \
    V3_ONLY(X, V3_MCHID_DIFFERS)                                                                                                \
    V3_ONLY(X, V3_NUMBER_USED)                                                                                                  \
    V3_ONLY(X, V3_NO_OPENID)                                                                                                    \
    V3_ONLY(X, V3_BAD_OPENID)                                                                                                   \
    V3_ONLY(X, V3_OTHER_OPENID)                                                                                                 \
    V3_ONLY(X, V3_SUB_MISSING)                                                                                                  \
    V3_ONLY(X, V3_SUB_SELF)                                                                                                     \
    V3_ONLY(X, V3_SUB_UNRELATED)                                                                                                \
    V3_ONLY(X, V3_SUB_APPID)                                                                                                    \
    V3_ONLY(X, V3_SUB_ORDER)                                                                                                    \
    X(COMBINED, BUSINESS, "INVALID_REQUEST", "合单支付的子单，请使用合单接口", "V3 4.7")                                        \
    V3_ONLY(X, V3_COMBINE_LIST)                                                                                                 \
    V3_ONLY(X, V3_NO_MERCHANT)                                                                                                  \
    V3_ONLY(X, V3_PUBLIC_KEY_ONLY)                                                                                              \
    REFUSAL_REFUNDS(X)                                                                                                          \
    X(BILL_NONE, BUSINESS, "NO_BILL_EXIST", "No Bill Exist", "V3 4.5")                                                          \
    X(BILL_EARLY, BUSINESS, "BILL_CREATING", "Bill Creating", "V3 4.5")                                                         \
    V3_ONLY(X, V3_BILL_DATE)                                                                                                    \
    V3_ONLY(X, V3_BILL_TOKEN)                                                                                                   \
    V3_ONLY(X, V3_BILL_TOO_LONG)                                                                                                \
    V3_ONLY(X, V3_TOO_FAST)                                                                                                     \
    V3_ONLY(X, V3_NONCE_USED)                                                                                                   \
    V3_ONLY(X, V3_PLATFORM_SERIAL_MISSING)                                                                                      \
    V3_ONLY(X, V3_PLATFORM_SERIAL)                                                                                              \
    V3_ONLY(X, V3_NOT_REVEALED)                                                                                                 \
    V3_ONLY(X, V3_NOT_ABNORMAL)                                                                                                 \
    V3_ONLY(X, V3_BILL_OTHERS)

/* The rows about refunds. */
#define REFUSAL_REFUNDS(X)                                                                                                       \
    X(REFUND_NO_ORDER, BUSINESS, "ORDERNOTEXIST", "订单不存在", "V2 3.4")                                                        \
    X(REFUND_NOT_PAID, BUSINESS, "TRADE_STATE_ERROR", "订单状态错误", "V2 3.4")                                                  \
    X(REFUND_BAD_NUMBER, BUSINESS, "INVALID_TRANSACTIONID", "无效transaction_id", "V2 3.4")                                      \
    X(BAD_REFUND_FEE, PROTOCOL, "PARAM_ERROR",                                                                                   \
      "无法将输入源“/body/xml/refund_fee”映射到目标字段“退款金额”中，此字段需要一个合法的 " \
      "64 位有符号整数",                                                                                                         \
      "V2 1.7")                                                                                                                  \
    X(REFUND_OFFSET, BUSINESS, "PARAM_ERROR", "offset大于退款总笔数", "V2 3.5")                                                  \
    X(REFUND_NUMBERS_DIFFER, BUSINESS, "INVALID_REQUEST", "支付单号校验不一致，请核实后再试",                                    \
      "V3 4.4")                                                                                                                  \
    X(REFUND_TOTAL_DIFFERS, BUSINESS, "ERROR", "订单金额不一致", "V3 4.4")                                                       \
    X(REFUND_TOO_OLD, BUSINESS, "TRADE_OVERDUE", "订单已经超过退款期限", "V2 3.4")                                               \
    X(REFUND_NOTHING_LEFT, BUSINESS, "TRADE_STATE_ERROR", "订单已全额退款", "V2 3.4")                                            \
    X(REFUND_TOO_MUCH, BUSINESS, "REFUND_FEE_INVALID", "累计退款金额大于支付金额", "V2 3.4")                                     \
    X(REFUND_TOO_MANY, BUSINESS, "ERROR", "超过部分退款次数限制", "V2 3.4")                                                      \
    X(REFUND_FEE_DIFFERS, BUSINESS, "REFUND_FEE_MISMATCH",                                                                       \
      "订单金额或退款金额与之前请求不一致，请核实后再试", "V3 4.4")                                                              \
    X(REFUND_REENTRY_DIFFERS, BUSINESS, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致",                                 \
      "V3 4.4")                                                                                                                  \
    X(REFUND_NOT_ENOUGH, BUSINESS, "NOTENOUGH", "基本账户余额不足，请充值后重新发起", "V2 3.4")                                  \
    X(REFUND_USER_GONE, BUSINESS, "USER_ACCOUNT_ABNORMAL",                                                                       \
      "用户账户异常或已注销，请使用其他方式退款", "V2 3.4")                                                                      \
    X(REFUND_NEED_RETRY, BUSINESS, "BIZERR_NEED_RETRY",                                                                          \
      "退款业务流程错误，需要商户触发重试来解决", "V2 3.4")                                                                      \
    X(REFUND_BAD_CALLS, BUSINESS, "INVALID_REQ_TOO_MUCH", "无效请求过多", "V2 3.4")                                              \
    X(REFUND_TOO_FAST, BUSINESS, "FREQUENCY_LIMITED", "频率限制", "V2 3.4")                                                      \
    X(REFUND_ERROR, BUSINESS, "ERROR", "业务错误", "V2 3.4")                                                                     \
    X(BAD_BILL_TYPE, PROTOCOL, "PARAM_ERROR", "invalid bill_type", "V2 3.7")                                                     \
    X(REFUND_UNKNOWN, BUSINESS, "REFUNDNOTEXIST", "退款订单查询失败", "V3 4.4")

/* Reasons that only V3 has; what its wire says of any reason is in refusal_v3.h. */
#define V3_ONLY(X, id) X(id, PROTOCOL, "SYSTEMERROR", "系统错误", "V3 1.5")

enum refusal_layer { REFUSAL_BUSINESS, REFUSAL_PROTOCOL };

enum refusal_id {
#define X(id, layer, code, text, clause) REFUSE_##id,
    REFUSAL_MAP(X)
#undef X
        REFUSAL_COUNT
};

struct refusal {
    enum refusal_id id;
    const char *name; /* "BAD_SIGN": stable, for records and tests */
    enum refusal_layer layer;
    const char *code, *text, *clause;
};

/* Static, never NULL for a valid id. */
const struct refusal *refusal_of(enum refusal_id id);
#define REFUSE(id) refusal_of(REFUSE_##id)

#endif
