/*
 * v3_sign.h — the texts that V3 signs, and the header that carries a request's signature.
 */
#ifndef WXPAY_V3_SIGN_H
#define WXPAY_V3_SIGN_H

#include "wxpay/v3_key.h"

#define V3_SCHEME    "WECHATPAY2-SHA256-RSA2048"
#define V3_NONCE_MAX 128 /* 32 in practice */
#define V3_SKEW_S    300 /* V3 2.3 */

/* Five lines, each ended by LF (V3 2.1). Views into the request as it is on the wire. */
struct v3_request {
    struct view method;    /* "POST" */
    struct view target;    /* path and query, never decoded */
    struct view timestamp; /* decimal seconds */
    struct view nonce;
    struct view body;
};
[[nodiscard]] int v3_request_text(const struct v3_request *request, struct buf *out);

/* Three lines, of a response or a notification (V3 2.5). Appended. */
[[nodiscard]] int v3_answer_text(struct view timestamp, struct view nonce, struct view body,
                                 struct buf *out);

/* Four lines of the call-up parameters (V3 4.13); @what is "prepay_id=…" or the bare id. */
[[nodiscard]] int v3_callup_text(struct view appid, struct view timestamp, struct view nonce,
                                 struct view what, struct buf *out);

/* The Authorization header (V3 2.2): views into its value. */
struct v3_auth {
    struct view mchid, nonce, signature, timestamp, serial;
};

enum v3_auth_fault {
    V3_AUTH_FINE,
    V3_AUTH_ABSENT,
    V3_AUTH_SCHEME, /* another scheme than V3_SCHEME */
    V3_AUTH_FORM,   /* not the five quoted pairs, each once */
};

/*
 * Strict: one blank behind the scheme, five key="value" pairs in any order, commas without blanks.
 * With @spaces blanks around commas pass. *where (may be NULL) is the part that broke the rule.
 */
enum v3_auth_fault v3_auth_read(struct v3_auth *out, struct view header, bool spaces,
                                struct view *where);

/* The header's value, as SDKs write it; appended. */
[[nodiscard]] int v3_auth_write(const struct v3_auth *auth, struct buf *out);

/*
 * A probe (V3 2.8): the signature's first 19 characters become "WECHATPAY/SIGNTEST/". It stays
 * base64 of 256 bytes and does not hold.
 */
void v3_sign_probe(char signature[V3_SIGNATURE_LEN + 1]);

#endif
