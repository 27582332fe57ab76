#include "bench/request.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/account.h"

#include <inttypes.h>
#include <stdio.h>

#define STRIDE 7919 /* a prime: queries come in another order than the orders were made */

/* Distinct and not in order, as the numbers of real shops. */
static void number_of(const struct maker *maker, int64_t n, char out[OUT_TRADE_NO_MAX + 1])
{
    snprintf(out, OUT_TRADE_NO_MAX + 1, "%.*s%012" PRIx64, PREFIX_MAX, maker->prefix,
             (uint64_t)n * 0x9e3779b97f4a7c15 >> 16);
}

static int sign_and_write(struct maker *maker)
{
    enum v2_sign_type type = maker->what->sign_type;
    int err =
        type == V2_MD5 ? 0 : v2_msg_add_str(&maker->msg, "sign_type", v2_sign_type_name(type));
    if (!err)
        err = v2_msg_sign(&maker->msg, type, maker->key);
    return err ? err : v2_msg_write(&maker->msg, maker->what->quote, &maker->body);
}

static int add_all(struct v2_msg *msg, const char *const fields[][2], size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = v2_msg_add_str(msg, fields[i][0], fields[i][1]);
    return err;
}

/* As SDKs send it; nothing in it that the sandbox would remark. */
static int write_unifiedorder(struct maker *maker, int64_t n)
{
    char number[OUT_TRADE_NO_MAX + 1];
    number_of(maker, n, number);
    const char *const fields[][2] = {
        { "appid", DEFAULT_APPID },
        { "mch_id", DEFAULT_MCH_ID },
        { "nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS" },
        { "body", "腾讯充值中心-QQ会员充值" },
        { "attach", "branch 7" },
        { "out_trade_no", number },
        { "total_fee", "88" },
        { "spbill_create_ip", "123.12.12.123" },
        { "notify_url", maker->notify_url },
        { "trade_type", "NATIVE" },
        { "product_id", "12235413214070356458058" },
    };
    int err = add_all(&maker->msg, fields, COUNT(fields));
    return err ? err : sign_and_write(maker);
}

static int write_orderquery(struct maker *maker, int64_t n)
{
    char number[OUT_TRADE_NO_MAX + 1];
    number_of(maker, n * STRIDE % maker->count, number);
    const char *const fields[][2] = {
        { "appid", DEFAULT_APPID },
        { "mch_id", DEFAULT_MCH_ID },
        { "nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS" },
        { "out_trade_no", number },
    };
    int err = add_all(&maker->msg, fields, COUNT(fields));
    return err ? err : sign_and_write(maker);
}

static int write_pay(struct maker *maker, int64_t n)
{
    char number[OUT_TRADE_NO_MAX + 1];
    number_of(maker, n, number);
    return buf_fmt(&maker->body, "{\"mch_id\":\"" DEFAULT_MCH_ID "\",\"out_trade_no\":\"%s\"}",
                   number);
}

static int write_v3_native(struct maker *maker, int64_t n)
{
    char number[OUT_TRADE_NO_MAX + 1];
    number_of(maker, n, number);
    return buf_fmt(&maker->body,
                   "{\"appid\":\"" DEFAULT_APPID "\",\"mchid\":\"" DEFAULT_MCH_ID
                   "\",\"description\":\"腾讯充值中心-QQ会员充值\",\"out_trade_no\":\"%s\","
                   "\"attach\":\"branch 7\",\"notify_url\":\"%s\","
                   "\"amount\":{\"total\":88,\"currency\":\"CNY\"}}",
                   number, maker->notify_url);
}

static int write_v3_query(struct maker *maker, int64_t n)
{
    char number[OUT_TRADE_NO_MAX + 1];
    number_of(maker, n * STRIDE % maker->count, number);
    snprintf(maker->target, sizeof(maker->target),
             "/v3/pay/transactions/out-trade-no/%s?mchid=" DEFAULT_MCH_ID, number);
    return 0;
}

#define CODES_OK                                                                                   \
    {                                                                                              \
        "<return_code><![CDATA[SUCCESS]]>", "<result_code><![CDATA[SUCCESS]]>"                     \
    }
/* Text bare as in the manual's sample, or all of it in CDATA as some SDKs have it. */
#define UNIFIEDORDER                                                                               \
    .path = "/pay/unifiedorder", .type = "text/xml", .write = write_unifiedorder,                  \
    .quote = V2_QUOTE_BARE

static const struct bench_case cases[] = {
    { "bare", UNIFIEDORDER },
    { "unifiedorder-md5", UNIFIEDORDER, .must = CODES_OK, .is_signed = true },
    { "unifiedorder-hmac", UNIFIEDORDER, .must = CODES_OK, .is_signed = true,
      .sign_type = V2_HMAC_SHA256 },
    { "unifiedorder-cdata", "/pay/unifiedorder", "text/xml", .write = write_unifiedorder,
      .must = CODES_OK, .is_signed = true, .quote = V2_QUOTE_CDATA },
    { "pauses", UNIFIEDORDER, .must = CODES_OK, .is_signed = true, .watch = true },
    { "orderquery", "/pay/orderquery", "text/xml", .write = write_orderquery, .must = CODES_OK,
      .is_signed = true, .quote = V2_QUOTE_BARE },
    { "v3-native", "/v3/pay/transactions/native", .write = write_v3_native,
      .must = { "\"code_url\":\"weixin://" }, .is_signed = true },
    { "v3-query", "", .write = write_v3_query, .must = { "\"trade_state\":\"" },
      .is_signed = true },
    { "pay", "/v1/pay", "application/json", .write = write_pay, .must = { "\"paid\"" } },
};

const char *bench_case_name(size_t index)
{
    return index < COUNT(cases) ? cases[index].name : NULL;
}

const struct bench_case *bench_case_find(const char *name)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        if (view_is(view_str(name), cases[i].name))
            return &cases[i];
    return NULL;
}

int maker_init(struct maker *maker, const struct bench_case *what)
{
    *maker = (struct maker){ .what = what, .body = BUF_INIT(V2_XML_MAX) };
    maker->key = v2_key_new(VIEW(DEFAULT_API_KEY));
    if (!maker->key)
        return ERR_NOMEM;
    return what->type ? 0 : maker_v3_init(&maker->v3);
}

void maker_release(struct maker *maker)
{
    v2_key_free(maker->key);
    maker_v3_release(&maker->v3);
    v2_msg_release(&maker->msg);
    buf_release(&maker->body);
}

int maker_write(struct maker *maker, int64_t n, struct buf *out)
{
    const struct bench_case *what = maker->what;
    v2_msg_clear(&maker->msg);
    buf_clear(&maker->body);
    int err = what->write(maker, n);
    if (!err && !what->type)
        return maker_v3_write(&maker->v3, maker->target[0] ? "GET" : "POST",
                              maker->target[0] ? maker->target : what->path, buf_view(&maker->body),
                              out);
    if (!err)
        err = buf_fmt(out,
                      "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      what->path, what->type, maker->body.len);
    return err ? err : buf_view_add(out, buf_view(&maker->body));
}

bool maker_holds(struct maker *maker, struct view head, struct view body, bool verify)
{
    const struct bench_case *what = maker->what;
    for (size_t i = 0; i < COUNT(what->must) && what->must[i]; i++)
        if (view_find(body, view_str(what->must[i])) == SIZE_MAX)
            return false;
    if (!verify || !what->is_signed)
        return true;
    if (!what->type)
        return maker_v3_holds(&maker->v3, head, body);
    return v2_msg_read(&maker->msg, body, NULL, NULL) == 0 &&
           v2_verify(&maker->msg, what->sign_type, maker->key) == 0;
}
