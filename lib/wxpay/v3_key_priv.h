/*
 * v3_key_priv.h — shared by the files that reach through to OpenSSL's keys: v3_key.c makes and reads
 * them, v3_pen.c signs and verifies.
 */
#ifndef WXPAY_V3_KEY_PRIV_H
#define WXPAY_V3_KEY_PRIV_H

#include "wxpay/v3_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>

#define PENS_KEPT 8 /* as many threads as will ever sign with one key at once, or more */

/*
 * One half of a pair. To set up an operation of OpenSSL costs more than the rest of what is not RSA
 * in it; so each key keeps the contexts that have been set up, and whoever needs one borrows it.
 */
struct v3_half {
    EVP_PKEY *pkey; /* owned */
    atomic_int owners;
    pthread_mutex_t lock; /* of what follows */
    size_t pen_count;
    EVP_PKEY_CTX *pen[PENS_KEPT]; /* owned: ready to sign with a private half, to verify else */
};

struct v3_private {
    struct v3_half half;
};

struct v3_public {
    struct v3_half half;
};

/* For OpenSSL's functions, whose parameters are not const. */
static inline EVP_PKEY *pkey_of_private(const struct v3_private *key)
{
    return key->half.pkey;
}

static inline EVP_PKEY *pkey_of_public(const struct v3_public *key)
{
    return key->half.pkey;
}

/* A BIO over @text, which it does not own. NULL without memory or for an absurd length. */
BIO *v3_bio_of(struct view text);

/* The certificate in @pem, for X509_free(); NULL: none. */
X509 *v3_x509_of(struct view pem);

/* What @bio holds is appended to @out. */
[[nodiscard]] int v3_bio_take(BIO *bio, struct buf *out);

#endif
