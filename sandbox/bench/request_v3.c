#include "bench/request_v3.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/err.h"
#include "engine/account.h"

#include <stdio.h>

#define SERIAL "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D"
#define NONCE  "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"

extern const struct embedded key_files[];

int maker_v3_init(struct maker_v3 *v3)
{
    int err = v3_private_read(&v3->key, embedded_find(key_files, "merchant_key.pem"));
    return err ? err : v3_public_read(&v3->platform, embedded_find(key_files, "platform_cert.pem"));
}

void maker_v3_release(struct maker_v3 *v3)
{
    v3_private_free(v3->key);
    v3_public_free(v3->platform);
}

int maker_v3_write(const struct maker_v3 *v3, const char *method, const char *target,
                   struct view body, struct buf *out)
{
    char stamp[24], signature[V3_SIGNATURE_LEN + 1];
    struct buf text = BUF_INIT(64 * 1024);
    snprintf(stamp, sizeof(stamp), "%lld", (long long)(clock_real_ms() / 1000));
    struct v3_request request = { view_str(method), view_str(target), view_str(stamp), VIEW(NONCE),
                                  body };
    struct v3_auth auth = { VIEW(DEFAULT_MCH_ID), VIEW(NONCE), {}, view_str(stamp), VIEW(SERIAL) };
    int err = v3_request_text(&request, &text);
    if (!err)
        err = v3_sign(v3->key, buf_view(&text), signature);
    buf_clear(&text);
    auth.signature = view_str(err ? "" : signature);
    if (!err)
        err = v3_auth_write(&auth, &text);
    if (!err)
        err = buf_fmt(out,
                      "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n"
                      "Accept: application/json\r\nContent-Type: application/json\r\n"
                      "Authorization: %s\r\nContent-Length: %zu\r\n\r\n",
                      method, target, buf_cstr(&text), body.len);
    if (!err)
        err = buf_view_add(out, body);
    buf_release(&text);
    return err;
}

/* The value of the header that begins with @name, which ends with a colon and a blank. */
static struct view header(struct view head, const char *name)
{
    struct view rest;
    size_t at = view_find(head, view_str(name));
    if (at == SIZE_MAX)
        return (struct view){};
    size_t from = at + view_str(name).len;
    return view_cut((struct view){ head.ptr + from, head.len - from }, '\r', &rest);
}

bool maker_v3_holds(const struct maker_v3 *v3, struct view head, struct view body)
{
    struct buf text = BUF_INIT(64 * 1024);
    int err = v3_answer_text(header(head, "Wechatpay-Timestamp: "),
                             header(head, "Wechatpay-Nonce: "), body, &text);
    if (!err)
        err = v3_verify(v3->platform, buf_view(&text), header(head, "Wechatpay-Signature: "));
    buf_release(&text);
    return err == 0;
}
