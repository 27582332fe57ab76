#include "v3_proof.h"

#include "base/err.h"
#include "base/mem.h"

/* NULL, or what is wrong. */
static const char *read_one(const struct http_headers *headers, const char *name, char *out,
                            size_t size)
{
    const struct http_header *found = NULL;
    for (size_t i = 0; i < headers->count; i++) {
        if (!view_eq_nocase(headers->item[i].name, view_str(name)))
            continue;
        if (found)
            return "a signature header is there twice";
        found = &headers->item[i];
    }
    if (!found || !found->value.len)
        return "a signature header is missing";
    return view_copy(found->value, out, size) ? "a signature header is too long" : NULL;
}

void v3_proof_read(struct v3_proof *out, const struct http_headers *headers)
{
    *out = (struct v3_proof){};
    const struct {
        const char *name;
        char *place;
        size_t size;
    } wanted[] = {
        { "Wechatpay-Timestamp", out->timestamp, sizeof(out->timestamp) },
        { "Wechatpay-Nonce", out->nonce, sizeof(out->nonce) },
        { "Wechatpay-Serial", out->serial, sizeof(out->serial) },
        { "Wechatpay-Signature", out->signature, sizeof(out->signature) },
    };
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const char *fault = read_one(headers, wanted[i].name, wanted[i].place, wanted[i].size);
        if (!out->fault)
            out->fault = fault;
    }
    struct view type = http_header_get(headers, "Wechatpay-Signature-Type");
    if (!out->fault && type.len && !view_is(type, V3_SCHEME))
        out->fault = "the signature is of another type";
}

int64_t v3_proof_age_s(const struct v3_proof *proof, int64_t now_ms)
{
    int64_t stamp, now = now_ms / 1000;
    if (view_to_i64(view_str(proof->timestamp), INT64_MAX, &stamp))
        return INT64_MAX;
    return stamp > now ? stamp - now : now - stamp;
}

int v3_proof_verify(const struct v3_proof *proof, const struct v3_public *key, struct view body)
{
    struct buf text = BUF_INIT(body.len + sizeof(*proof));
    int err = v3_answer_text(view_str(proof->timestamp), view_str(proof->nonce), body, &text);
    if (!err)
        err = v3_verify(key, buf_view(&text), view_str(proof->signature));
    buf_release(&text);
    return err;
}
