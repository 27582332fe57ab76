#include "oracle_v3_priv.h"

#include "base/err.h"
#include "base/mem.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* ---- keys ------------------------------------------------------------------------------------ */

static X509 *read_certificate(struct view pem)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *read_any(struct view pem)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *pkey = NULL;

    if (!bio)
        return NULL;
    if (view_find(pem, VIEW("BEGIN CERTIFICATE")) != SIZE_MAX) {
        X509 *certificate = read_certificate(pem);
        pkey = certificate ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    } else if (view_find(pem, VIEW("PRIVATE KEY")) != SIZE_MAX) {
        pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    } else {
        pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    }
    BIO_free(bio);
    return pkey;
}

static int wrap(struct oracle3_key **out, EVP_PKEY *pkey)
{
    struct oracle3_key *key = pkey ? mem_new(struct oracle3_key) : NULL;

    if (!key) {
        EVP_PKEY_free(pkey);
        return pkey ? ERR_NOMEM : ERR_CRYPTO;
    }
    key->pkey = pkey;
    *out = key;
    return 0;
}

int oracle3_key_read(struct oracle3_key **out, struct view pem)
{
    if (!pem.len || pem.len > 64 * 1024)
        return ERR_CRYPTO;
    return wrap(out, read_any(pem));
}

int oracle3_key_make(struct oracle3_key **out)
{
    return wrap(out, EVP_RSA_gen(2048));
}

void oracle3_key_free(struct oracle3_key *key)
{
    if (key)
        EVP_PKEY_free(key->pkey);
    mem_free(key);
}

void oracle3_serial(struct view pem, char out[65])
{
    X509 *certificate = read_certificate(pem);
    BIGNUM *number =
        certificate ? ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL) : NULL;
    char *hex = number ? BN_bn2hex(number) : NULL; /* upper case */

    out[0] = '\0';
    if (hex && view_copy(view_str(hex), out, 65))
        out[0] = '\0';
    OPENSSL_free(hex);
    BN_free(number);
    X509_free(certificate);
}

/* ---- base64 ---------------------------------------------------------------------------------- */

static int encode(const unsigned char *bytes, size_t len, struct buf *out)
{
    size_t room = (len + 2) / 3 * 4 + 1;
    unsigned char *text = mem_zalloc(room, 1);
    if (!text)
        return ERR_NOMEM;
    int written = EVP_EncodeBlock(text, bytes, (int)len);
    int err = buf_add(out, (char *)text, (size_t)written);
    mem_free(text);
    return err;
}

/* Standard alphabet, padded, nothing else. */
static int decode(struct view base64, struct buf *out)
{
    size_t pad = 0;

    if (!base64.len || base64.len % 4 || base64.len > ORACLE3_TEXT_MAX)
        return ERR_SYNTAX;
    while (pad < 2 && base64.ptr[base64.len - 1 - pad] == '=')
        pad++;
    unsigned char *bytes = mem_zalloc(base64.len / 4 * 3 + 1, 1);
    if (!bytes)
        return ERR_NOMEM;
    int len = EVP_DecodeBlock(bytes, (const unsigned char *)base64.ptr, (int)base64.len);
    int err = len < 0 ? ERR_SYNTAX : buf_add(out, (char *)bytes, (size_t)len - pad);
    mem_free(bytes);
    return err;
}

/* ---- what is signed -------------------------------------------------------------------------- */

static int add_lines(const struct view *lines, size_t count, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++) {
        err = buf_view_add(out, lines[i]);
        if (!err)
            err = buf_byte(out, '\n');
    }
    return err;
}

int oracle3_request_text(const struct oracle3_request *request, struct buf *out)
{
    const struct view lines[] = { request->method, request->target, request->timestamp,
                                  request->nonce, request->body };
    return add_lines(lines, COUNT(lines), out);
}

int oracle3_answer_text(struct view timestamp, struct view nonce, struct view body, struct buf *out)
{
    const struct view lines[] = { timestamp, nonce, body };
    return add_lines(lines, COUNT(lines), out);
}

int oracle3_sign(const struct oracle3_key *key, struct view text, struct buf *out)
{
    unsigned char signature[512];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
              EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? encode(signature, len, out) : ERR_CRYPTO;
}

bool oracle3_verify(const struct oracle3_key *key, struct view text, struct view base64)
{
    struct buf signature = BUF_INIT((size_t)4096);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && decode(base64, &signature) == 0 &&
              EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
              EVP_DigestVerify(ctx, (const unsigned char *)signature.ptr, signature.len,
                               (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    buf_release(&signature);
    return ok;
}

/* ---- sealed ---------------------------------------------------------------------------------- */

#define TAG_LEN   16
#define KEY_LEN   32
#define NONCE_MAX 16

static bool usable(const struct oracle3_seal *seal)
{
    return seal->key && strlen(seal->key) == KEY_LEN && seal->nonce.len &&
           seal->nonce.len <= NONCE_MAX && seal->aad.len <= 1024;
}

/* Key, nonce and associated data. @way 1 seals, 0 opens. */
static bool prepare(EVP_CIPHER_CTX *ctx, const struct oracle3_seal *seal, int way)
{
    int len;
    return ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL, way) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_IVLEN, (int)seal->nonce.len, NULL) == 1 &&
           EVP_CipherInit_ex(ctx, NULL, NULL, (const unsigned char *)seal->key,
                             (const unsigned char *)seal->nonce.ptr, way) == 1 &&
           (!seal->aad.len ||
            EVP_CipherUpdate(ctx, NULL, &len, (const unsigned char *)seal->aad.ptr,
                             (int)seal->aad.len) == 1);
}

int oracle3_seal(const struct oracle3_seal *seal, struct view plain, struct buf *out)
{
    if (!usable(seal) || plain.len > ORACLE3_TEXT_MAX)
        return ERR_CRYPTO;
    unsigned char *bytes = mem_zalloc(plain.len + TAG_LEN + 16, 1);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0, rest = 0, err = bytes ? 0 : ERR_NOMEM;
    bool ok =
        !err && prepare(ctx, seal, 1) &&
        EVP_CipherUpdate(ctx, bytes, &len, (const unsigned char *)plain.ptr, (int)plain.len) == 1 &&
        EVP_CipherFinal_ex(ctx, bytes + len, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, bytes + len + rest) == 1;
    if (!err)
        err = ok ? encode(bytes, (size_t)(len + rest) + TAG_LEN, out) : ERR_CRYPTO;
    EVP_CIPHER_CTX_free(ctx);
    mem_free(bytes);
    return err;
}

int oracle3_open(const struct oracle3_seal *seal, struct view base64, struct buf *out)
{
    struct buf sealed = BUF_INIT(ORACLE3_TEXT_MAX);
    int err = usable(seal) ? decode(base64, &sealed) : ERR_CRYPTO;
    if (!err && sealed.len < TAG_LEN)
        err = ERR_CRYPTO;
    unsigned char *plain = err ? NULL : mem_zalloc(sealed.len + 16, 1);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!err && plain) {
        unsigned char *bytes = (unsigned char *)sealed.ptr;
        int size = (int)(sealed.len - TAG_LEN), len = 0, rest = 0;
        bool ok = prepare(ctx, seal, 0) && EVP_CipherUpdate(ctx, plain, &len, bytes, size) == 1 &&
                  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, bytes + size) == 1 &&
                  EVP_CipherFinal_ex(ctx, plain + len, &rest) == 1;
        err = ok ? buf_add(out, (char *)plain, (size_t)(len + rest)) : ERR_CRYPTO;
    } else if (!err) {
        err = ERR_NOMEM;
    }
    EVP_CIPHER_CTX_free(ctx);
    mem_free(plain);
    buf_release(&sealed);
    return err;
}

int oracle3_oaep_open(const struct oracle3_key *key, struct view base64, struct buf *out)
{
    struct buf sealed = BUF_INIT((size_t)4096);
    unsigned char plain[512];
    size_t len = sizeof(plain);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    int err = decode(base64, &sealed);
    bool ok = !err && ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha1()) == 1 &&
              EVP_PKEY_decrypt(ctx, plain, &len, (unsigned char *)sealed.ptr, sealed.len) == 1;
    if (!err)
        err = ok ? buf_add(out, (char *)plain, len) : ERR_CRYPTO;
    EVP_PKEY_CTX_free(ctx);
    buf_release(&sealed);
    return err;
}
