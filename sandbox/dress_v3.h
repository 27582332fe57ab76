/*
 * dress_v3.h — what makes a body a message of the platform: five headers (V3 2.5), made rightly, or
 * wrongly because a fault was ordered.
 *
 *   begin: key, serial and nonce are chosen (loop)  ->  sign: stamp (any thread)  ->  headers
 */
#ifndef SANDBOX_DRESS_V3_H
#define SANDBOX_DRESS_V3_H

#include "engine/fault.h"
#include "engine/keys.h"
#include "net/http_msg.h"

#define DRESS_V3_HEADERS 5

struct dress_v3 {
    struct v3_private *key; /* owned; NULL: unsigned, no headers */
    char serial[V3_SERIAL_MAX + 1];
    char timestamp[21], nonce[33];
    char signature[V3_SIGNATURE_LEN + 1];
    int64_t shift_s;   /* of the stamp: 0, or a fault's */
    bool probe, spoil; /* of the signature, once it is made */
    struct buf before; /* owned: signed instead of the body; empty: nothing was altered (stale) */
    unsigned left_out; /* bit per header that is left out */
    int err;           /* of the signing */
};

/* Choose for a message of @identity. @fault may be NULL. dress->before may be filled already. */
[[nodiscard]] int dress_v3_begin(struct dress_v3 *dress, const struct identity *identity,
                                 struct rng *rng, const struct fault *fault);
/* By the account's own clock, when it wants that (switch stamp_clock). */
void dress_v3_clock(struct dress_v3 *dress, const struct account *account);
void dress_v3_release(struct dress_v3 *dress);

/*
 * Stamp and sign @body; sets dress->err. The stamp is the real time of now, which the other side
 * compares with its own clock: what was delayed is not stale. Touches nothing else, so a thread of
 * the pool may do it.
 */
void dress_v3_sign(struct dress_v3 *dress, struct view body);

/* The headers, in the order of a captured answer; views into @dress. How many. */
size_t dress_v3_headers(const struct dress_v3 *dress, struct http_header out[DRESS_V3_HEADERS]);

#endif
