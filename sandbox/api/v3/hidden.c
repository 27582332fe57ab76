#include "api/v3/hidden.h"

#include "api/v3/fields.h"
#include "base/err.h"

/* By the account's mode (V3 2.10): a certificate, the public key, or either. */
static const struct identity *in_force(const struct keys *keys, struct view serial)
{
    const struct identity *key = keys_platform(keys, serial);
    bool is_public = key == &keys->wechatpay;
    if ((keys->mode == SIGNING_CERT && is_public) || (keys->mode == SIGNING_PUBKEY && !is_public))
        return NULL;
    return key;
}

const struct refusal *v3_hidden_key(struct call *call, const struct identity **out)
{
    int err;
    struct view serial =
        http_header_get(http_call_request(call->http)->headers, "wechatpay-serial");
    const struct keys *keys = account_keys(call->account, &err);
    *out = NULL;
    if (!keys)
        return REFUSE(SYSTEM_ERROR);
    if (!serial.len)
        return call_refuse(call, REFUSE(V3_PLATFORM_SERIAL_MISSING), VIEW("Wechatpay-Serial"),
                           "V3 2.10: the header names the key that fields are encrypted with");
    *out = in_force(keys, serial);
    if (*out)
        return NULL;
    return call_refuse(
        call, REFUSE(V3_PLATFORM_SERIAL), VIEW("Wechatpay-Serial"),
        "V3 2.10: %.*s is no key of the platform's that is in force in the mode %s%s",
        VIEW_ARG(serial), signing_mode_names[keys->mode],
        view_eq_nocase(serial, view_str(keys->merchant.serial)) ? " (it is the merchant's own)"
                                                                : "");
}

const struct refusal *v3_hidden_read(struct call *call, const struct identity *key,
                                     const char *name, struct buf *plain)
{
    struct view text = v3_body_text(call, name);
    if (!text.len)
        return NULL;
    int err = v3_reveal(key->private, text, plain);
    if (!err)
        return NULL;
    if (err == ERR_NOMEM)
        return REFUSE(SYSTEM_ERROR);
    return call_refuse(call, REFUSE(V3_NOT_REVEALED), view_str(name), "V3 3.2: %s",
                       err == ERR_SYNTAX
                           ? "it is not base64"
                           : "it was not encrypted with that key by RSAES-OAEP with SHA-1");
}
