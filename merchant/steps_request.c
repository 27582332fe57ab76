/* Chapter "request": how the platform is asked. See steps.h for the table. */
#include "base/mem.h"
#include "steps.h"

#define REQUEST_TIMEOUT_MS 6000 /* what the official demo allows a call (V2 1.2) */

void step_request_nonce(struct shop *shop, char *out, size_t size)
{
    rng_alnum(&shop->rng, out, size > 33 ? 32 : size - 1);
}

int step_request_sign(struct shop *shop, struct v2_msg *msg)
{
    char nonce[33];
    shop->steps->request_nonce(shop, nonce, sizeof(nonce));
    int err = v2_msg_add_str(msg, "nonce_str", nonce);
    if (!err)
        err = v2_msg_add_str(msg, "sign_type", v2_sign_type_name(shop->options->sign_type));
    return err ? err : v2_msg_sign(msg, shop->options->sign_type, shop->key);
}

int step_request_write(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    return v2_msg_write(msg, V2_QUOTE_CDATA, out);
}

int step_request_send(struct shop *shop, struct http_send *send)
{
    static const struct http_header headers[] = {
        { VIEW("Content-Type"), VIEW("text/xml; charset=utf-8") },
        { VIEW("User-Agent"), VIEW("wxpay-merchant/" WXPAY_VERSION) },
    };
    send->method = "POST";
    send->headers = headers;
    send->header_count = COUNT(headers);
    send->timeout_ms = REQUEST_TIMEOUT_MS;
    return http_client_send(shop->client, send, NULL);
}

int64_t step_retry_gap_s(struct shop *, const struct order *order)
{
    static const int64_t gaps_s[] = { 1, 2, 5, 10, 20, 40, 60, 120, 300, 600 };
    size_t at = order->fails > 0 ? (size_t)order->fails - 1 : 0;
    return gaps_s[at < COUNT(gaps_s) ? at : COUNT(gaps_s) - 1];
}
