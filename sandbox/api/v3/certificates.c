/* GET /v3/certificates — V3 2.9, 4.9 */
#include "api/v3/api_v3.h"
#include "base/err.h"
#include "engine/keys.h"

static json_t *sealed_json(const struct keys *keys, const struct identity *identity,
                           struct rng *rng)
{
    char nonce[V3_SEAL_NONCE_LEN + 1];
    struct buf text = BUF_INIT(V3_PEM_MAX * 2);
    rng_hex(rng, nonce, V3_SEAL_NONCE_LEN);
    struct v3_seal seal = { view_str(keys->apiv3_key), view_str(nonce), VIEW("certificate") };
    json_t *json = NULL;
    if (v3_seal(&seal, buf_view(&identity->certificate), &text) == 0)
        json = json_pack("{s:s, s:s, s:s, s:s%}", "algorithm", "AEAD_AES_256_GCM", "nonce", nonce,
                         "associated_data", "certificate", "ciphertext", text.ptr, text.len);
    buf_release(&text);
    return json;
}

static json_t *certificate_json(const struct keys *keys, const struct identity *identity,
                                struct rng *rng)
{
    char from[CN_TIME_RFC_LEN + 1], until[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(identity->from_ms, from);
    cn_time_rfc3339(identity->until_ms, until);
    return json_pack("{s:s, s:s, s:s, s:o}", "serial_no", identity->serial, "effective_time", from,
                     "expire_time", until, "encrypt_certificate", sealed_json(keys, identity, rng));
}

/* None in key mode; the answer is signed by the one that it lists (V3 2.9, 2.10). */
const struct refusal *v3_certificates(struct call *call)
{
    int err;
    const struct keys *keys = account_keys(call->account, &err);
    if (!keys)
        return REFUSE(SYSTEM_ERROR);
    if (keys->mode == SIGNING_PUBKEY)
        return call_refuse(call, REFUSE(V3_PUBLIC_KEY_ONLY), VIEW("mchid"),
                           "V3 2.10: this account uses the WeChat Pay public key");
    json_t *list = json_array();
    for (size_t i = 0; list && i < keys->platform_count; i++) {
        json_t *json = certificate_json(keys, &keys->platform[i], &call->sandbox->rng);
        if (json_array_append_new(list, json) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    call->v3->out = json_pack("{s:o}", "data", list);
    return call->v3->out ? NULL : REFUSE(SYSTEM_ERROR);
}
