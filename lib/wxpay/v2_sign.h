/*
 * v2_sign.h — the V2 signature: MD5 or HMAC-SHA256 over the sorted, filled fields (V2 2.1, 2.2).
 */
#ifndef WXPAY_V2_SIGN_H
#define WXPAY_V2_SIGN_H

#include "wxpay/v2_msg.h"

enum v2_sign_type { V2_MD5, V2_HMAC_SHA256 };

#define V2_SIGN_MAX 64 /* hex digits of the longer one */
#define V2_KEY_LEN  32

/* "MD5", "HMAC-SHA256" */
const char *v2_sign_type_name(enum v2_sign_type type);

/* The wire's text; absent or empty is MD5 (V2 2.2). ERR_SYNTAX for anything else. */
[[nodiscard]] int v2_sign_type_parse(struct view text, enum v2_sign_type *out);

/* One API key, prepared once (the HMAC's key schedule is kept). Not shared between threads. */
struct v2_key;

/* @key is copied. NULL without memory or when it is empty or longer than 256 bytes. */
[[nodiscard]] struct v2_key *v2_key_new(struct view key);
void v2_key_free(struct v2_key *key);
struct view v2_key_text(const struct v2_key *key);

/*
 * The text to be signed without its key part: "a=1&b=2". Fields named "sign" and empty values are
 * left out. Appended to @out.
 */
[[nodiscard]] int v2_sign_text(const struct v2_msg *msg, struct buf *out);

/* Upper-case hex and a NUL into @out. */
[[nodiscard]] int v2_sign(const struct v2_msg *msg, enum v2_sign_type type,
                          const struct v2_key *key, char out[V2_SIGN_MAX + 1]);

/* Digest of any text, as the algorithm does it (the caller has put "&key=…" there himself). */
[[nodiscard]] int v2_digest(struct view text, enum v2_sign_type type, const struct v2_key *key,
                            char out[V2_SIGN_MAX + 1]);

/*
 * Compare the message's own "sign" in constant time. 0 it holds; ERR_SIGNATURE it does not, or is
 * absent or empty; other negative codes are our own trouble. Lower-case hex does not hold.
 */
[[nodiscard]] int v2_verify(const struct v2_msg *msg, enum v2_sign_type type,
                            const struct v2_key *key);

/* Sign and append the field "sign" in place of an earlier one. */
[[nodiscard]] int v2_msg_sign(struct v2_msg *msg, enum v2_sign_type type, const struct v2_key *key);

#endif
