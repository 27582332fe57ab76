/*
 * v3_key.h — RSA-2048 keys and the certificates that name them (V3 2.1, 2.9, 2.10).
 *
 * A key is read-only once made, so one may be used by several threads at once; *_share() hands out
 * a further owner, and the last *_free() ends it.
 */
#ifndef WXPAY_V3_KEY_H
#define WXPAY_V3_KEY_H

#include "base/buf.h"

#define V3_KEY_BITS      2048
#define V3_SIGNATURE_LEN 344 /* base64 of 256 bytes */
#define V3_SERIAL_MAX    64  /* 40 hex digits, or "PUB_KEY_ID_" and digits */
#define V3_PEM_MAX       (16 * 1024)

struct v3_private;
struct v3_public;

/*
 * PEM text: "PRIVATE KEY" (PKCS#8) or "RSA PRIVATE KEY" (PKCS#1), not encrypted. ERR_SYNTAX: no such
 * PEM; ERR_RANGE: not RSA of V3_KEY_BITS.
 */
[[nodiscard]] int v3_private_read(struct v3_private **out, struct view pem);
/* A fresh key of the system's randomness. Takes a tenth of a second or more: not on a busy loop. */
[[nodiscard]] int v3_private_make(struct v3_private **out);
struct v3_private *v3_private_share(struct v3_private *key);
void v3_private_free(struct v3_private *key);
/* PKCS#8, appended. */
[[nodiscard]] int v3_private_pem(const struct v3_private *key, struct buf *out);

/* PEM text: "PUBLIC KEY" or "CERTIFICATE". Errors as above. */
[[nodiscard]] int v3_public_read(struct v3_public **out, struct view pem);
/* The public half. */
[[nodiscard]] int v3_public_of(struct v3_public **out, const struct v3_private *key);
struct v3_public *v3_public_share(struct v3_public *key);
void v3_public_free(struct v3_public *key);
/* "PUBLIC KEY", appended. */
[[nodiscard]] int v3_public_pem(const struct v3_public *key, struct buf *out);

/*
 * SHA256withRSA, PKCS#1 v1.5, of @text; base64 and a NUL into @out (V3 2.1). The same text and key
 * give the same signature. About a quarter of a millisecond.
 */
[[nodiscard]] int v3_sign(const struct v3_private *key, struct view text,
                          char out[V3_SIGNATURE_LEN + 1]);

/*
 * 0: the base64 @signature is @key's over @text. ERR_SIGNATURE: it is not, or is no strict base64.
 * Other negative codes are our own trouble.
 */
[[nodiscard]] int v3_verify(const struct v3_public *key, struct view text, struct view signature);

/* What a certificate says of itself. */
struct v3_certificate {
    char serial[V3_SERIAL_MAX + 1]; /* upper-case hex, as wide as the X.509 number needs */
    int64_t from_ms, until_ms;
};
/* ERR_SYNTAX: no certificate in PEM, or one whose number or times cannot be told. */
[[nodiscard]] int v3_certificate_read(struct v3_certificate *out, struct view pem);

/* A certificate to be made. */
struct v3_certificate_spec {
    const struct v3_public *subject_key;
    const struct v3_private *authority_key;
    struct view authority_pem;   /* its certificate: who signs */
    const char *name;            /* CN of the subject, at most 64 bytes */
    const unsigned char *number; /* 20 bytes; the first one 1 … 127 */
    int64_t from_ms, until_ms;
};
/* PEM, appended. */
[[nodiscard]] int v3_certificate_make(const struct v3_certificate_spec *spec, struct buf *out);

#endif
