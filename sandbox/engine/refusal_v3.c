#include "engine/refusal_v3.h"

#include "base/mem.h"

/* clang-format off */
static const struct refusal_v3 rows[REFUSAL_COUNT] = {
    [REFUSE_SYSTEM_ERROR]        = { 500, "SYSTEM_ERROR", "系统异常，请稍后重试", 0, "V3 4.0" },
    [REFUSE_BAD_LENGTH]          = { 400, "PARAM_ERROR", "参数错误", 268435461, "V3 1.5" },
    [REFUSE_BAD_TIME]            = { 400, "PARAM_ERROR", "参数错误", 268435464, "V3 5.2" },
    [REFUSE_APPID_UNKNOWN]       = { 400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试", 268445527, "V3 4.1" },
    [REFUSE_NOT_BOUND]           = { 400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试", 268445527, "V3 4.1" },
    [REFUSE_NO_PERMISSION]       = { 403, "NO_AUTH", "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试", 0, "V3 4.0" },
    [REFUSE_REENTRY_DIFFERS]     = { 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", 268498688, "V3 5.3" },
    [REFUSE_V3_NUMBER_USED]      = { 400, "INVALID_REQUEST", "201 商户订单号重复", 268498688, "V3 5.3" },
    [REFUSE_V3_NO_OPENID]        = { 400, "INVALID_REQUEST", "JSAPI支付必须传openid", 268501013, "V3 4.1" },
    [REFUSE_V3_BAD_OPENID]       = { 400, "INVALID_REQUEST", "无效的openid", 268435461, "V3 4.1" },
    [REFUSE_V3_SUB_MISSING]      = { 400, "PARAM_ERROR", "受理机构必须传入sub_mch_id", 268443704, "V3 4.8" },
    [REFUSE_V3_SUB_SELF]         = { 400, "INVALID_REQUEST", "子商户mchid不能与自身mchid相同", 268443705, "V3 4.8" },
    [REFUSE_V3_SUB_UNRELATED]    = { 400, "INVALID_REQUEST", "受理关系不存在", 268443701, "V3 4.8" },
    [REFUSE_V3_SUB_APPID]        = { 400, "INVALID_REQUEST", "sub_mch_id与sub_appid不匹配", 268445527, "V3 4.8" },
    [REFUSE_V3_SUB_ORDER]        = { 400, "INVALID_REQUEST", "子商户号和订单信息不匹配", 268447845, "V3 4.8" },
    [REFUSE_V3_OTHER_OPENID]     = { 400, "INVALID_REQUEST", "appid与openid不匹配", 268435461, "V3 4.1" },
    [REFUSE_ORDER_PAID]          = { 400, "ORDERPAID", "该订单已支付", 268498689, "V3 5.3" },
    [REFUSE_CLOSE_PAID]          = { 400, "ORDERPAID", "订单已支付", 268449538, "V3 4.3" },
    [REFUSE_ORDER_CLOSED]        = { 400, "ORDER_CLOSED", "该订单已失效", 268447914, "V3 5.3" },
    [REFUSE_ORDER_REVERSED]      = { 400, "ORDER_CLOSED", "该订单已失效", 268447914, "V3 5.3" },
    [REFUSE_QUERY_UNKNOWN]       = { 404, "ORDER_NOT_EXIST", "订单不存在", 268512771, "V3 4.2" },
    [REFUSE_TRADE_STATE]         = { 403, "TRADE_ERROR", "订单状态错误", 0, "V3 4.3" },
    [REFUSE_NOT_BUILT]           = { 501, "NOT_BUILT", "sandbox: not built yet, %s", 0, "product.md" },
    [REFUSE_V3_NO_AGENT]         = { 400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent", 270924337, "V3 1.3" },
    [REFUSE_V3_AUTH_FORM]        = { 401, "SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》", 269546525, "V3 2.4" },
    [REFUSE_V3_AUTH_SCHEME]      = { 401, "SIGN_ERROR", "Http头Authorization认证类型不正确", 269546525, "V3 2.4" },
    [REFUSE_V3_UNPROVEN]         = { 401, "SIGN_ERROR", "签名信息错误，验签失败", 269546525, "V3 1.3" },
    [REFUSE_V3_STALE]            = { 401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟", 268443699, "V3 2.4" },
    [REFUSE_V3_UNKNOWN_MERCHANT] = { 401, "SIGN_ERROR", "签名错误", 268443699, "V3 1.3" },
    [REFUSE_V3_NO_APIV3_KEY]     = { 401, "SIGN_ERROR", "商户未设置APIv3密钥。", 268443699, "V3 2.4" },
    [REFUSE_V3_NO_CERTIFICATE]   = { 401, "SIGN_ERROR", "商户未申请过证书。", 268443699, "V3 2.4" },
    [REFUSE_V3_SERIAL]           = { 401, "SIGN_ERROR", "商户证书序列号有误。", 268443699, "V3 2.4" },
    [REFUSE_V3_BAD_SIGN]         = { 401, "SIGN_ERROR", "错误的签名，验签失败", 268443699, "V3 2.4" },
    [REFUSE_V3_BAD_JSON]         = { 400, "PARAM_ERROR", "参数错误", 268435461, "V3 12" },
    [REFUSE_V3_FIELD]            = { 400, "PARAM_ERROR", "参数错误", 270924337, "V3 1.5" },
    [REFUSE_V3_EXTRA_FIELD]      = { 400, "INVALID_REQUEST", "参数中含有非法的额外参数", 270924358, "V3 1.5" },
    [REFUSE_V3_MCHID_DIFFERS]    = { 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配", 268435461, "V3 1.5" },
    [REFUSE_REFUND_NO_ORDER]       = { 404, "RESOURCE_NOT_EXISTS", "订单不存在", 268512771, "V3 4.4" },
    [REFUSE_REFUND_NOT_PAID]       = { 404, "RESOURCE_NOT_EXISTS", "订单不存在", 268512771, "V3 4.4" },
    [REFUSE_REFUND_NOT_ENOUGH]     = { 403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起", 268435461, "V3 4.4" },
    [REFUSE_REFUND_USER_GONE]      = { 403, "USER_ACCOUNT_ABNORMAL", "用户账户异常或已注销，请使用其他方式退款", 268435461, "V3 4.4" },
    [REFUSE_REFUND_TOO_FAST]       = { 429, "FREQUENCY_LIMITED", "频率限制，1个月之前的订单请降低申请频率再重试", 268447840, "V3 4.4" },
    [REFUSE_REFUND_BAD_CALLS]      = { 429, "FREQUENCY_LIMITED", "请求频率超过限制", 268447840, "V3 4.4" },
    [REFUSE_REFUND_ERROR]          = { 400, "INVALID_REQUEST", "业务错误", 268435461, "V3 4.4" },
    [REFUSE_REFUND_NUMBERS_DIFFER] = { 400, "INVALID_REQUEST", "支付单号校验不一致，请核实后再试", 268435461, "V3 4.4" },
    [REFUSE_REFUND_TOTAL_DIFFERS]  = { 400, "INVALID_REQUEST", "您的请求参数与订单信息不一致", 268435461, "V3 4.4" },
    [REFUSE_REFUND_TOO_OLD]        = { 403, "TRADE_OVERDUE", "订单已经超过退款期限", 0, "V3 4.4" },
    [REFUSE_REFUND_NOTHING_LEFT]   = { 400, "INVALID_REQUEST", "申请退款金额超过订单可退金额", 268435464, "V3 4.4" },
    [REFUSE_REFUND_TOO_MUCH]       = { 400, "INVALID_REQUEST", "申请退款金额超过订单可退金额", 268435464, "V3 4.4" },
    [REFUSE_REFUND_TOO_MANY]       = { 400, "INVALID_REQUEST", "超过部分退款次数限制", 268435464, "V3 4.4" },
    [REFUSE_REFUND_FEE_DIFFERS]    = { 400, "REFUND_FEE_MISMATCH", "订单金额或退款金额与之前请求不一致，请核实后再试", 268498688, "V3 4.4" },
    [REFUSE_REFUND_REENTRY_DIFFERS] = { 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致", 268498688, "V3 4.4" },
    [REFUSE_BILL_NONE]             = { 400, "NO_STATEMENT_EXIST", "账单文件不存在", 0, "V3 4.5" },
    [REFUSE_BILL_EARLY]            = { 400, "STATEMENT_CREATING", "账单生成中", 0, "V3 4.5" },
    [REFUSE_V3_BILL_DATE]          = { 400, "INVALID_REQUEST", "账单日期格式不正确", 268435461, "V3 4.5" },
    [REFUSE_V3_BILL_TOKEN]         = { 400, "INVALID_REQUEST", "下载地址已失效，请重新申请", 268435461, "V3 4.5" },
    [REFUSE_V3_BILL_TOO_LONG]      = { 400, "INVALID_REQUEST", "sandbox: too many trades for one bill", 0, "product.md" },
    [REFUSE_V3_TOO_FAST]           = { 429, "FREQUENCY_LIMITED", "请求频率超过限制", 268447840, "V3 5.4" },
    [REFUSE_V3_NONCE_USED]         = { 401, "SIGN_ERROR", "sandbox: Http头Authorization中的nonce_str重复", 268443699, "V3 2.3" },
    [REFUSE_V3_PLATFORM_SERIAL_MISSING] = { 400, "PARAM_ERROR", "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)", 268435461, "V3 2.10" },
    [REFUSE_V3_PLATFORM_SERIAL]    = { 400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误", 268435461, "V3 2.10" },
    [REFUSE_V3_NOT_REVEALED]       = { 400, "PARAM_ERROR", "平台私钥解密失败", 268435461, "V3 2.10" },
    [REFUSE_V3_NOT_ABNORMAL]       = { 400, "INVALID_REQUEST", "退款单状态不是退款异常，不能发起异常退款", 268435461, "V3 4.4" },
    [REFUSE_V3_BILL_OTHERS]        = { 403, "NO_AUTH", "商户号无权下载此账单", 0, "V3 4.5" },
    [REFUSE_REFUND_UNKNOWN]        = { 404, "RESOURCE_NOT_EXISTS", "退款单不存在", 268512771, "V3 4.4" },
    [REFUSE_COMBINED]            = { 400, "INVALID_REQUEST", "合单支付的子单，请使用合单接口", 268435461, "V3 4.7" },
    [REFUSE_V3_COMBINE_LIST]     = { 400, "INVALID_REQUEST", "子单信息与合单下单时不一致", 268435461, "V3 4.7" },
    [REFUSE_V3_NO_MERCHANT]      = { 400, "MCH_NOT_EXISTS", "商户号不存在", 268435461, "V3 4.7" },
    [REFUSE_V3_PUBLIC_KEY_ONLY]  = { 404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196", 0, "V3 2.9" },
};

/* What the documentation says instead. */
static const struct {
    enum refusal_id id;
    struct refusal_v3 row;
} documented[] = {
    { REFUSE_REENTRY_DIFFERS, { 403, "OUT_TRADE_NO_USED", "商户订单号重复", 268498688, "V3 5.3" } },
    { REFUSE_V3_NUMBER_USED,  { 403, "OUT_TRADE_NO_USED", "商户订单号重复", 268498688, "V3 5.3" } },
};
/* clang-format on */

const struct refusal_v3 *refusal_v3_of(enum refusal_id id, bool strict_docs)
{
    for (size_t i = 0; strict_docs && i < COUNT(documented); i++)
        if (documented[i].id == id)
            return &documented[i].row;
    return rows[id].code ? &rows[id] : &rows[REFUSE_SYSTEM_ERROR];
}
