/* Chapter "v3_request": how the platform is asked. See steps_v3.h for the table. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"

#include <stdio.h>

#define REQUEST_TIMEOUT_MS 6000

json_t *step_v3_create_fields(struct shop *shop, const struct order *order)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s, s:{s:I, s:s}}", "appid",
                     shop->options->appid, "mchid", shop->options->mch_id, "description",
                     order->body, "out_trade_no", order->out_trade_no, "time_expire",
                     order->time_expire, "attach", order->attach[0] ? order->attach : NULL,
                     "notify_url", order->notify_url, "amount", "total",
                     (json_int_t)order->total_fen, "currency", "CNY");
}

static int add_part(const char *bytes, size_t len, void *out)
{
    return buf_add(out, bytes, len);
}

int step_v3_request_write(struct shop *, const json_t *value, struct buf *out)
{
    return json_dump_callback(value, add_part, out, JSON_COMPACT) ? ERR_NOMEM : 0;
}

int step_v3_request_target(struct shop *shop, enum api api, const struct order *order,
                           struct buf *out)
{
    int err = 0;
    if (api == API_CREATE)
        return buf_str(out, "/v3/pay/transactions/native");
    err = buf_str(out, "/v3/pay/transactions/out-trade-no/");
    if (!err)
        err = http_percent_encode(out, view_str(order->out_trade_no));
    if (!err && api == API_CLOSE)
        return buf_str(out, "/close");
    if (!err)
        err = buf_str(out, "?mchid=");
    return err ? err : http_percent_encode(out, view_str(shop->options->mch_id));
}

int64_t step_v3_request_time(struct shop *)
{
    return clock_real_ms() / 1000;
}

int step_v3_request_text(struct shop *, const struct v3_request *request, struct buf *out)
{
    return v3_request_text(request, out);
}

int step_v3_request_sign(struct shop *shop, struct v3_call *call)
{
    struct buf text = BUF_INIT(V3_BODY_MAX + 2048);
    char time[24], nonce[33], signature[V3_SIGNATURE_LEN + 1];
    snprintf(time, sizeof(time), "%lld", (long long)shop->steps->v3_request_time(shop));
    shop->steps->request_nonce(shop, nonce, sizeof(nonce));
    struct v3_request request = { view_str(call->method), buf_view(&call->target), view_str(time),
                                  view_str(nonce), buf_view(&call->body) };
    int err = shop->steps->v3_request_text(shop, &request, &text);
    if (!err)
        err = v3_sign(shop->options->mch_key, buf_view(&text), signature);
    if (!err) {
        struct v3_auth auth = { view_str(shop->options->mch_id), view_str(nonce),
                                view_str(signature), view_str(time),
                                view_str(shop->options->mch_serial) };
        err = v3_auth_write(&auth, &call->authorization);
    }
    buf_release(&text);
    return err;
}

void step_v3_request_headers(struct shop *shop, struct v3_call *call)
{
    v3_call_header(call, VIEW("Authorization"), buf_view(&call->authorization));
    v3_call_header(call, VIEW("Accept"), VIEW("application/json"));
    v3_call_header(call, VIEW("User-Agent"), VIEW("wxpay-merchant/" WXPAY_VERSION));
    if (call->body.len)
        v3_call_header(call, VIEW("Content-Type"), VIEW("application/json"));
    if (shop->options->public_key)
        v3_call_header(call, VIEW("Wechatpay-Serial"), view_str(shop->options->public_key_id));
}

int step_v3_request_send(struct shop *shop, struct v3_call *call, struct http_send *send)
{
    send->timeout_ms = REQUEST_TIMEOUT_MS;
    return http_client_send(shop->client, send, &call->sent);
}
