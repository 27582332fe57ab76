#include "wxpay/v3_seal.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#define NONCE_MAX 16

/* ---- AEAD_AES_256_GCM --------------------------------------------------------------------------- */

static const unsigned char *bytes_of(struct view text)
{
    return (const unsigned char *)(text.len ? text.ptr : "");
}

static bool is_usable(const struct v3_seal *seal)
{
    return seal->key.len == V3_APIV3_KEY_LEN && seal->nonce.len >= 1 &&
           seal->nonce.len <= NONCE_MAX && seal->associated.len <= V3_SEAL_MAX;
}

/* Key, nonce and associated data are in; the text may follow. */
static int begin(EVP_CIPHER_CTX *ctx, const struct v3_seal *seal, int encrypt)
{
    int len;
    bool ok = EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL, encrypt) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)seal->nonce.len, NULL) == 1 &&
              EVP_CipherInit_ex(ctx, NULL, NULL, bytes_of(seal->key), bytes_of(seal->nonce),
                                encrypt) == 1;
    if (ok && seal->associated.len)
        ok = EVP_CipherUpdate(ctx, NULL, &len, bytes_of(seal->associated),
                              (int)seal->associated.len) == 1;
    return ok ? 0 : ERR_CRYPTO;
}

static int run(EVP_CIPHER_CTX *ctx, struct view in, unsigned char *out)
{
    int len = 0;
    return !in.len || EVP_CipherUpdate(ctx, out, &len, bytes_of(in), (int)in.len) == 1 ? 0
                                                                                       : ERR_CRYPTO;
}

static int encrypt(EVP_CIPHER_CTX *ctx, const struct v3_seal *seal, struct view plain,
                   unsigned char *out)
{
    int len, err = begin(ctx, seal, 1);
    if (!err)
        err = run(ctx, plain, out);
    if (!err &&
        (EVP_CipherFinal_ex(ctx, out + plain.len, &len) != 1 ||
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, V3_SEAL_TAG_LEN, out + plain.len) != 1))
        err = ERR_CRYPTO;
    return err;
}

int v3_seal(const struct v3_seal *seal, struct view plain, struct buf *out)
{
    if (!is_usable(seal))
        return ERR_RANGE;
    if (plain.len > V3_SEAL_MAX)
        return ERR_TOO_LONG;
    struct view whole = { NULL, plain.len + V3_SEAL_TAG_LEN };
    unsigned char *bytes = mem_alloc(whole.len);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int err = bytes && ctx ? encrypt(ctx, seal, plain, bytes) : ERR_NOMEM;
    whole.ptr = (const char *)bytes;
    if (!err)
        err = base64_encode(whole, out);
    EVP_CIPHER_CTX_free(ctx);
    mem_free(bytes);
    return err;
}

static int decrypt(EVP_CIPHER_CTX *ctx, const struct v3_seal *seal, struct view whole,
                   unsigned char *out)
{
    struct view text = { whole.ptr, whole.len - V3_SEAL_TAG_LEN };
    unsigned char tag[V3_SEAL_TAG_LEN];
    int len, err = begin(ctx, seal, 0);
    memcpy(tag, text.ptr + text.len, sizeof(tag));
    if (!err)
        err = run(ctx, text, out);
    if (!err && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, V3_SEAL_TAG_LEN, tag) != 1)
        err = ERR_CRYPTO;
    if (!err && EVP_CipherFinal_ex(ctx, out + text.len, &len) != 1)
        err = ERR_SIGNATURE;
    return err;
}

int v3_unseal(const struct v3_seal *seal, struct view text, struct buf *out)
{
    if (!is_usable(seal))
        return ERR_RANGE;
    if (text.len > V3_SEAL_MAX)
        return ERR_TOO_LONG;
    struct buf whole = BUF_INIT(V3_SEAL_MAX);
    EVP_CIPHER_CTX *ctx = NULL;
    unsigned char *plain = NULL;
    int err = base64_decode(text, &whole);
    if (!err && whole.len < V3_SEAL_TAG_LEN)
        err = ERR_SYNTAX;
    if (!err) {
        ctx = EVP_CIPHER_CTX_new();
        plain = mem_alloc(whole.len);
        err = ctx && plain ? decrypt(ctx, seal, buf_view(&whole), plain) : ERR_NOMEM;
    }
    if (!err)
        err = buf_add(out, plain, whole.len - V3_SEAL_TAG_LEN);
    ERR_clear_error();
    EVP_CIPHER_CTX_free(ctx);
    mem_free(plain);
    buf_release(&whole);
    return err;
}

/* ---- RSAES-OAEP --------------------------------------------------------------------------------- */

/* SHA-1 for both, which is OpenSSL's own default as well; said aloud because the wire depends on it */
static bool set_padding(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha1()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha1()) == 1;
}

int v3_hide(const struct v3_public *key, struct view plain, struct buf *out)
{
    unsigned char bytes[V3_KEY_BITS / 8];
    size_t len = sizeof(bytes);
    if (plain.len > V3_HIDDEN_MAX)
        return ERR_TOO_LONG;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey_of_public(key), NULL);
    bool ok = ctx && EVP_PKEY_encrypt_init(ctx) == 1 && set_padding(ctx) &&
              EVP_PKEY_encrypt(ctx, bytes, &len, bytes_of(plain), plain.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok ? base64_encode((struct view){ (const char *)bytes, len }, out) : ERR_CRYPTO;
}

int v3_reveal(const struct v3_private *key, struct view text, struct buf *out)
{
    unsigned char bytes[V3_KEY_BITS / 8];
    size_t len = sizeof(bytes);
    struct buf hidden = BUF_INIT(V3_KEY_BITS / 8 * 2);
    int err = base64_decode(text, &hidden);
    if (err)
        return err == ERR_TOO_LONG ? ERR_SYNTAX : err;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey_of_private(key), NULL);
    bool ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && set_padding(ctx) &&
              EVP_PKEY_decrypt(ctx, bytes, &len, bytes_of(buf_view(&hidden)), hidden.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    err = ok ? buf_add(out, bytes, len) : ERR_CRYPTO;
    mem_wipe(bytes, sizeof(bytes));
    buf_release(&hidden);
    return err;
}

/* ---- files -------------------------------------------------------------------------------------- */

int v3_sha1(struct view bytes, char out[V3_SHA1_LEN + 1])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char sum[V3_SHA1_LEN / 2];
    unsigned len = 0;
    if (EVP_Digest(bytes_of(bytes), bytes.len, sum, &len, EVP_sha1(), NULL) != 1)
        return ERR_CRYPTO;
    for (size_t i = 0; i < sizeof(sum); i++) {
        out[2 * i] = digit[sum[i] >> 4];
        out[2 * i + 1] = digit[sum[i] & 15];
    }
    out[V3_SHA1_LEN] = '\0';
    return 0;
}
