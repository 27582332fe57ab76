/*
 * v3_key_priv.h — shared by the files that reach through to OpenSSL's keys.
 */
#ifndef WXPAY_V3_KEY_PRIV_H
#define WXPAY_V3_KEY_PRIV_H

#include "wxpay/v3_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Never dereferenced: the structs of v3_key.h are EVP_PKEY, whose references OpenSSL counts. */
static inline EVP_PKEY *pkey_of_private(const struct v3_private *key)
{
    return (EVP_PKEY *)(uintptr_t)key;
}

static inline EVP_PKEY *pkey_of_public(const struct v3_public *key)
{
    return (EVP_PKEY *)(uintptr_t)key;
}

/* A BIO over @text, which it does not own. NULL without memory or for an absurd length. */
BIO *v3_bio_of(struct view text);

/* The certificate in @pem, for X509_free(); NULL: none. */
X509 *v3_x509_of(struct view pem);

/* What @bio holds is appended to @out. */
[[nodiscard]] int v3_bio_take(BIO *bio, struct buf *out);

#endif
