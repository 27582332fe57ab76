/*
 * dress_v3.h — what makes a body a message of the platform: five headers (V3 2.5), made rightly, or
 * wrongly because a fault was ordered.
 *
 *   begin: key, serial, stamp and nonce are chosen (loop)  ->  sign (any thread)  ->  headers
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
    bool probe, spoil; /* of the signature, once it is made */
    unsigned left_out; /* bit per header that is left out */
    int err;           /* of the signing */
};

/*
 * Choose for a message of @identity. The stamp is real time, which the other side compares with its
 * own clock. @fault may be NULL.
 */
[[nodiscard]] int dress_v3_begin(struct dress_v3 *dress, const struct identity *identity,
                                 struct rng *rng, const struct fault *fault);
void dress_v3_release(struct dress_v3 *dress);

/* Sign @body; sets dress->err. Touches nothing else, so a thread of the pool may do it. */
void dress_v3_sign(struct dress_v3 *dress, struct view body);

/* The headers, in the order of a captured answer; views into @dress. How many. */
size_t dress_v3_headers(const struct dress_v3 *dress, struct http_header out[DRESS_V3_HEADERS]);

#endif
