/*
 * v3_proof.h — the headers that prove an answer or a notification of API V3 (V3 2.5).
 */
#ifndef MERCHANT_V3_PROOF_H
#define MERCHANT_V3_PROOF_H

#include "net/http_msg.h"
#include "wxpay/v3_sign.h"

#define V3_STAMP_MAX 20 /* digits of an int64_t */
#define V3_PROOF_MAX 512

/* A copy: it outlives the connection while a certificate is looked for. */
struct v3_proof {
    char timestamp[V3_STAMP_MAX + 1], nonce[V3_NONCE_MAX + 1], serial[V3_SERIAL_MAX + 1],
        signature[V3_PROOF_MAX + 1];
    const char *fault; /* NULL: all four are there, each once and not too long; static */
};

/* Never fails: see fault. What is absent or too long is "". */
void v3_proof_read(struct v3_proof *out, const struct http_headers *headers);

/* How far the stamp is from @now_ms, either way; INT64_MAX when it is no number. */
int64_t v3_proof_age_s(const struct v3_proof *proof, int64_t now_ms);

/* 0: @key signed the raw @body under this stamp and nonce. ERR_SIGNATURE, or our own trouble. */
[[nodiscard]] int v3_proof_verify(const struct v3_proof *proof, const struct v3_public *key,
                                  struct view body);

#endif
