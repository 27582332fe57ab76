/*
 * oracle_v3.h — the judge's own pen for API V3: RSA-SHA256 over the lines of spec V3 2.1 and 2.5,
 * AEAD_AES_256_GCM of 3.1, and the Authorization header, straight on OpenSSL. It shares no line with
 * what it judges. Knows no orders and no network.
 */
#ifndef CONFORMANCE_ORACLE_V3_H
#define CONFORMANCE_ORACLE_V3_H

#include "base/buf.h"

#include <jansson.h>

#define ORACLE3_TEXT_MAX ((size_t)2 << 20)

/* ---- keys ------------------------------------------------------------------------------------ */

/* A private key, a public key or a certificate; read-only. */
struct oracle3_key;

/* @pem: any of the three. ERR_CRYPTO when it is none. */
[[nodiscard]] int oracle3_key_read(struct oracle3_key **out, struct view pem);
void oracle3_key_free(struct oracle3_key *key);

/* Serial of a certificate in upper-case hex, "" when @pem is none. */
void oracle3_serial(struct view pem, char out[65]);

/* A key that nobody knows, made on the spot. */
[[nodiscard]] int oracle3_key_make(struct oracle3_key **out);

/* ---- what is signed -------------------------------------------------------------------------- */

struct oracle3_request {
    struct view method, target, timestamp, nonce, body;
};

/* Five lines, V3 2.1; three lines, V3 2.5. Appended to @out. */
[[nodiscard]] int oracle3_request_text(const struct oracle3_request *request, struct buf *out);
[[nodiscard]] int oracle3_answer_text(struct view timestamp, struct view nonce, struct view body,
                                      struct buf *out);

/* SHA256withRSA, base64 without line ends, appended to @out. */
[[nodiscard]] int oracle3_sign(const struct oracle3_key *key, struct view text, struct buf *out);
bool oracle3_verify(const struct oracle3_key *key, struct view text, struct view base64);

/* ---- Authorization, V3 2.2 ------------------------------------------------------------------- */

struct oracle3_auth {
    char mchid[65], nonce[129], signature[1025], timestamp[33], serial[129];
    const char *odd; /* static: what a strict reader refuses; NULL when nothing */
    bool spaced;     /* blanks around commas or equals signs: read, and remarked */
};

/* @value NULL: no header. */
void oracle3_authorization(const char *value, struct oracle3_auth *out);

/* ---- is it signed right, and if not, why? ---------------------------------------------------- */

enum oracle3_blame {
    ORACLE3_RIGHT,
    ORACLE3_TEXT,  /* the lines are wrong: WX3-002 */
    ORACLE3_BODY,  /* another spelling of the body was signed: WX3-003 */
    ORACLE3_QUERY, /* the query was left out or changed: WX3-004 */
    ORACLE3_KEY,   /* another key, or none that can be told */
};

struct oracle3_verdict {
    enum oracle3_blame blame;
    const char *cause; /* static, for people; NULL when right */
};

/* @host of the request, "" when unknown. */
void oracle3_hunt(const struct oracle3_request *request, const struct oracle3_key *merchant,
                  struct view host, struct view signature, struct oracle3_verdict *out);

/* ---- sealed ---------------------------------------------------------------------------------- */

struct oracle3_seal {
    const char *key;   /* 32 bytes */
    struct view nonce; /* 12 bytes, as GCM wants */
    struct view aad;
};

/* base64 of cipher text and tag, appended. */
[[nodiscard]] int oracle3_seal(const struct oracle3_seal *seal, struct view plain, struct buf *out);
/* ERR_CRYPTO when the tag does not hold. */
[[nodiscard]] int oracle3_open(const struct oracle3_seal *seal, struct view base64,
                               struct buf *out);

/* Sensitive fields: RSAES-OAEP with SHA-1 (V3 3.2). */
[[nodiscard]] int oracle3_oaep_open(const struct oracle3_key *key, struct view base64,
                                    struct buf *out);

#endif
