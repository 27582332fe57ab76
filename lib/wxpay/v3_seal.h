/*
 * v3_seal.h — what V3 hides: notifications and certificates under the APIv3 key (V3 3.1), fields
 * with names and card numbers under an RSA key (V3 3.2).
 */
#ifndef WXPAY_V3_SEAL_H
#define WXPAY_V3_SEAL_H

#include "wxpay/v3_key.h"

#define V3_APIV3_KEY_LEN  32 /* its ASCII bytes are the AES-256 key */
#define V3_SEAL_NONCE_LEN 12 /* as sent; 1 to 16 are read */
#define V3_SEAL_TAG_LEN   16
#define V3_SEAL_MAX       (1024 * 1024) /* of a ciphertext, V3 6.1 */
#define V3_HIDDEN_MAX     214           /* bytes that fit a 2048-bit key with OAEP-SHA1 */

struct v3_seal {
    struct view key;        /* V3_APIV3_KEY_LEN bytes */
    struct view nonce;      /* its bytes, as in the field "nonce" */
    struct view associated; /* "associated_data"; may be empty */
};

/* AEAD_AES_256_GCM: base64 of ciphertext and tag, appended to @out. ERR_RANGE: key or nonce. */
[[nodiscard]] int v3_seal(const struct v3_seal *seal, struct view plain, struct buf *out);

/*
 * The plain text, appended to @out. ERR_SYNTAX: no base64, or shorter than a tag. ERR_SIGNATURE:
 * the tag does not hold, so nothing was appended.
 */
[[nodiscard]] int v3_unseal(const struct v3_seal *seal, struct view text, struct buf *out);

/* RSAES-OAEP with SHA-1 and MGF1-SHA-1, base64, appended. ERR_TOO_LONG above V3_HIDDEN_MAX. */
[[nodiscard]] int v3_hide(const struct v3_public *key, struct view plain, struct buf *out);
/* Its inverse. ERR_SYNTAX: no base64; ERR_CRYPTO: not hidden with this key in this manner. */
[[nodiscard]] int v3_reveal(const struct v3_private *key, struct view text, struct buf *out);

/* Lower-case hex of a file's SHA-1, as bills are checked by (V3 4.5). */
#define V3_SHA1_LEN 40
[[nodiscard]] int v3_sha1(struct view bytes, char out[V3_SHA1_LEN + 1]);

#endif
