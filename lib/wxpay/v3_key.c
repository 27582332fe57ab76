#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>

#define SIGNATURE_BYTES (V3_KEY_BITS / 8)

/* Fetched once and kept for the life of the process, as for V2. */
static struct {
    pthread_once_t once;
    EVP_MD *sha256;
} algorithm = { .once = PTHREAD_ONCE_INIT };

static void fetch_algorithm(void)
{
    algorithm.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

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

/* Takes @key, also when it is refused. */
static int check_kind(EVP_PKEY *key)
{
    ERR_clear_error();
    if (!key)
        return ERR_SYNTAX;
    if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) == V3_KEY_BITS)
        return 0;
    EVP_PKEY_free(key);
    return ERR_RANGE;
}

int v3_private_read(struct v3_private **out, struct view pem)
{
    *out = NULL;
    BIO *bio = v3_bio_of(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    int err = check_kind(key);
    if (!err)
        *out = (struct v3_private *)key;
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
    int err = check_kind(key);
    if (!err)
        *out = (struct v3_public *)key;
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

/* ---- owners ------------------------------------------------------------------------------------- */

int v3_private_make(struct v3_private **out)
{
    EVP_PKEY *key = EVP_RSA_gen(V3_KEY_BITS);
    *out = (struct v3_private *)key;
    return key ? 0 : ERR_CRYPTO;
}

static EVP_PKEY *share(EVP_PKEY *key)
{
    return key && EVP_PKEY_up_ref(key) == 1 ? key : NULL;
}

struct v3_private *v3_private_share(struct v3_private *key)
{
    return (struct v3_private *)share(pkey_of_private(key));
}

struct v3_public *v3_public_share(struct v3_public *key)
{
    return (struct v3_public *)share(pkey_of_public(key));
}

void v3_private_free(struct v3_private *key)
{
    EVP_PKEY_free(pkey_of_private(key));
}

void v3_public_free(struct v3_public *key)
{
    EVP_PKEY_free(pkey_of_public(key));
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
    *out = (struct v3_public *)public;
    return public ? 0 : ERR_CRYPTO;
}

/* ---- signatures --------------------------------------------------------------------------------- */

static EVP_MD_CTX *pen_new(void)
{
    pthread_once(&algorithm.once, fetch_algorithm);
    return algorithm.sha256 ? EVP_MD_CTX_new() : NULL;
}

static const unsigned char *bytes_of(struct view text)
{
    return (const unsigned char *)(text.len ? text.ptr : "");
}

int v3_sign(const struct v3_private *key, struct view text, char out[V3_SIGNATURE_LEN + 1])
{
    unsigned char signature[SIGNATURE_BYTES];
    size_t len = sizeof(signature);
    EVP_MD_CTX *pen = pen_new();
    if (!pen)
        return ERR_NOMEM;
    bool ok = EVP_DigestSignInit(pen, NULL, algorithm.sha256, NULL, pkey_of_private(key)) == 1 &&
              EVP_DigestSign(pen, signature, &len, bytes_of(text), text.len) == 1 &&
              len == sizeof(signature);
    EVP_MD_CTX_free(pen);
    if (!ok) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    return EVP_EncodeBlock((unsigned char *)out, signature, (int)len) == V3_SIGNATURE_LEN
               ? 0
               : ERR_CRYPTO;
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

int v3_verify(const struct v3_public *key, struct view text, struct view signature)
{
    struct buf bytes = BUF_INIT(V3_SIGNATURE_LEN);
    EVP_MD_CTX *pen = NULL;
    int err = read_signature(signature, &bytes);
    if (!err) {
        pen = pen_new();
        err = pen ? 0 : ERR_NOMEM;
    }
    if (!err && EVP_DigestVerifyInit(pen, NULL, algorithm.sha256, NULL, pkey_of_public(key)) != 1)
        err = ERR_CRYPTO;
    if (!err && EVP_DigestVerify(pen, (const unsigned char *)bytes.ptr, bytes.len, bytes_of(text),
                                 text.len) != 1)
        err = ERR_SIGNATURE;
    ERR_clear_error();
    EVP_MD_CTX_free(pen);
    buf_release(&bytes);
    return err;
}
