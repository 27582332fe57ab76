#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* ---- PEM ---------------------------------------------------------------------------------------- */

BIO *v3_bio_of(struct view text)
{
    if (text.len > V3_PEM_MAX)
        return NULL;
    return BIO_new_mem_buf(text.len ? text.ptr : "", (int)text.len);
}

int v3_bio_take(BIO *bio, struct buf *out)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    return len > 0 ? buf_add(out, bytes, (size_t)len) : ERR_CRYPTO;
}

X509 *v3_x509_of(struct view pem)
{
    BIO *bio = v3_bio_of(pem);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

/* An encrypted key gets no password: it is refused instead of asking on the terminal. */
static int no_password(char *, int, int, void *)
{
    return -1;
}

/* ---- owners ------------------------------------------------------------------------------------- */

/* A fresh half around @pkey, which it takes also when there is no memory. */
static void *half_new(EVP_PKEY *pkey)
{
    struct v3_half *half = mem_zalloc(1, sizeof(*half));
    if (!half || pthread_mutex_init(&half->lock, NULL)) {
        EVP_PKEY_free(pkey);
        mem_free(half);
        return NULL;
    }
    half->pkey = pkey;
    atomic_init(&half->owners, 1);
    return half;
}

static struct v3_half *half_share(struct v3_half *half)
{
    atomic_fetch_add_explicit(&half->owners, 1, memory_order_relaxed);
    return half;
}

static void half_free(struct v3_half *half)
{
    if (atomic_fetch_sub_explicit(&half->owners, 1, memory_order_acq_rel) > 1)
        return;
    while (half->pen_count)
        EVP_PKEY_CTX_free(half->pen[--half->pen_count]);
    pthread_mutex_destroy(&half->lock);
    EVP_PKEY_free(half->pkey);
    mem_free(half);
}

struct v3_private *v3_private_share(struct v3_private *key)
{
    if (key)
        half_share(&key->half);
    return key;
}

struct v3_public *v3_public_share(struct v3_public *key)
{
    if (key)
        half_share(&key->half);
    return key;
}

void v3_private_free(struct v3_private *key)
{
    if (key)
        half_free(&key->half);
}

void v3_public_free(struct v3_public *key)
{
    if (key)
        half_free(&key->half);
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* What was read becomes a half, if it is of the right kind. Takes @key. */
static int take_key(EVP_PKEY *key, void **out)
{
    ERR_clear_error();
    if (!key)
        return ERR_SYNTAX;
    if (EVP_PKEY_is_a(key, "RSA") != 1 || EVP_PKEY_get_bits(key) != V3_KEY_BITS) {
        EVP_PKEY_free(key);
        return ERR_RANGE;
    }
    *out = half_new(key);
    return *out ? 0 : ERR_NOMEM;
}

int v3_private_read(struct v3_private **out, struct view pem)
{
    *out = NULL;
    BIO *bio = v3_bio_of(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    void *half = NULL;
    int err = take_key(key, &half);
    *out = half;
    return err;
}

int v3_public_read(struct v3_public **out, struct view pem)
{
    *out = NULL;
    EVP_PKEY *key = NULL;
    X509 *certificate = v3_x509_of(pem);
    if (certificate) {
        key = X509_get_pubkey(certificate);
        X509_free(certificate);
    } else {
        BIO *bio = v3_bio_of(pem);
        key = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : NULL;
        BIO_free(bio);
    }
    void *half = NULL;
    int err = take_key(key, &half);
    *out = half;
    return err;
}

int v3_private_pem(const struct v3_private *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int err = ERR_NOMEM;
    if (bio) {
        bool ok = PEM_write_bio_PKCS8PrivateKey(bio, pkey_of_private(key), NULL, NULL, 0, NULL,
                                                NULL) == 1;
        err = ok ? v3_bio_take(bio, out) : ERR_CRYPTO;
    }
    BIO_free(bio);
    return err;
}

int v3_public_pem(const struct v3_public *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int err = ERR_NOMEM;
    if (bio)
        err = PEM_write_bio_PUBKEY(bio, pkey_of_public(key)) == 1 ? v3_bio_take(bio, out)
                                                                  : ERR_CRYPTO;
    BIO_free(bio);
    return err;
}

/* ---- making ------------------------------------------------------------------------------------- */

int v3_private_make(struct v3_private **out)
{
    EVP_PKEY *key = EVP_RSA_gen(V3_KEY_BITS);
    *out = NULL;
    if (!key)
        return ERR_CRYPTO;
    *out = half_new(key);
    return *out ? 0 : ERR_NOMEM;
}

/* Through its own encoding: the private half does not come along. */
int v3_public_of(struct v3_public **out, const struct v3_private *key)
{
    unsigned char *der = NULL;
    *out = NULL;
    int len = i2d_PUBKEY(pkey_of_private(key), &der);
    if (len <= 0)
        return ERR_CRYPTO;
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &at, len);
    OPENSSL_free(der);
    if (!public)
        return ERR_CRYPTO;
    *out = half_new(public);
    return *out ? 0 : ERR_NOMEM;
}
