/* Signing and verifying — V3 2.1, 2.5 */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#define SIGNATURE_BYTES (V3_KEY_BITS / 8)
#define DIGEST_BYTES    32

/* Fetched once and kept for the life of the process, as for V2. */
static struct {
    pthread_once_t once;
    EVP_MD *sha256;
} algorithm = { .once = PTHREAD_ONCE_INIT };

static void fetch_algorithm(void)
{
    algorithm.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* ---- pens --------------------------------------------------------------------------------------- */

/* @begin: EVP_PKEY_sign_init or EVP_PKEY_verify_init. */
static EVP_PKEY_CTX *pen_new(EVP_PKEY *pkey, int (*begin)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *pen = EVP_PKEY_CTX_new(pkey, NULL);
    if (pen && begin(pen) == 1 && EVP_PKEY_CTX_set_rsa_padding(pen, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(pen, algorithm.sha256) == 1)
        return pen;
    EVP_PKEY_CTX_free(pen);
    return NULL;
}

static EVP_PKEY_CTX *borrow(struct v3_half *half, int (*begin)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *pen = NULL;
    pthread_mutex_lock(&half->lock);
    if (half->pen_count)
        pen = half->pen[--half->pen_count];
    pthread_mutex_unlock(&half->lock);
    return pen ? pen : pen_new(half->pkey, begin);
}

static void give_back(struct v3_half *half, EVP_PKEY_CTX *pen)
{
    pthread_mutex_lock(&half->lock);
    bool kept = half->pen_count < PENS_KEPT;
    if (kept)
        half->pen[half->pen_count++] = pen;
    pthread_mutex_unlock(&half->lock);
    if (!kept)
        EVP_PKEY_CTX_free(pen);
}

static int digest_of(struct view text, unsigned char out[DIGEST_BYTES])
{
    pthread_once(&algorithm.once, fetch_algorithm);
    if (!algorithm.sha256)
        return ERR_CRYPTO;
    return EVP_Digest(text.len ? text.ptr : "", text.len, out, NULL, algorithm.sha256, NULL) == 1
               ? 0
               : ERR_CRYPTO;
}

/* ---- the two operations ------------------------------------------------------------------------- */

/* A key is const to its users; its pens are behind its own lock. */
static struct v3_half *half_of(const struct v3_half *half)
{
    return (struct v3_half *)(uintptr_t)half;
}

static int sign_digest(const struct v3_private *key, const unsigned char digest[DIGEST_BYTES],
                       unsigned char out[SIGNATURE_BYTES])
{
    struct v3_half *half = half_of(&key->half);
    size_t len = SIGNATURE_BYTES;
    EVP_PKEY_CTX *pen = borrow(half, EVP_PKEY_sign_init);
    if (!pen)
        return ERR_CRYPTO;
    bool ok = EVP_PKEY_sign(pen, out, &len, digest, DIGEST_BYTES) == 1 && len == SIGNATURE_BYTES;
    give_back(half, pen);
    return ok ? 0 : ERR_CRYPTO;
}

int v3_sign(const struct v3_private *key, struct view text, char out[V3_SIGNATURE_LEN + 1])
{
    unsigned char digest[DIGEST_BYTES], signature[SIGNATURE_BYTES];
    int err = digest_of(text, digest);
    if (!err)
        err = sign_digest(key, digest, signature);
    if (!err &&
        EVP_EncodeBlock((unsigned char *)out, signature, sizeof(signature)) != V3_SIGNATURE_LEN)
        err = ERR_CRYPTO;
    if (err)
        ERR_clear_error();
    return err;
}

/* 256 bytes of a strict base64 text, or ERR_SIGNATURE. */
static int read_signature(struct view text, struct buf *out)
{
    if (text.len != V3_SIGNATURE_LEN)
        return ERR_SIGNATURE;
    int err = base64_decode(text, out);
    if (err == ERR_SYNTAX || (!err && out->len != SIGNATURE_BYTES))
        return ERR_SIGNATURE;
    return err;
}

static int verify_digest(const struct v3_public *key, const unsigned char digest[DIGEST_BYTES],
                         struct view signature)
{
    struct v3_half *half = half_of(&key->half);
    EVP_PKEY_CTX *pen = borrow(half, EVP_PKEY_verify_init);
    if (!pen)
        return ERR_CRYPTO;
    bool ok = EVP_PKEY_verify(pen, (const unsigned char *)signature.ptr, signature.len, digest,
                              DIGEST_BYTES) == 1;
    give_back(half, pen);
    return ok ? 0 : ERR_SIGNATURE;
}

int v3_verify(const struct v3_public *key, struct view text, struct view signature)
{
    unsigned char digest[DIGEST_BYTES];
    struct buf bytes = BUF_INIT(V3_SIGNATURE_LEN);
    int err = read_signature(signature, &bytes);
    if (!err)
        err = digest_of(text, digest);
    if (!err)
        err = verify_digest(key, digest, buf_view(&bytes));
    if (err)
        ERR_clear_error();
    buf_release(&bytes);
    return err;
}
