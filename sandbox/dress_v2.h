/*
 * dress_v2.h — the last step of every message the platform sends: sign it and write it, or do so
 * wrongly because a fault was ordered.
 */
#ifndef SANDBOX_DRESS_V2_H
#define SANDBOX_DRESS_V2_H

#include "engine/fault.h"

struct dress_v2 {
    enum v2_sign_type sign_type;
    const struct v2_key *key;  /* NULL: the message is not signed (V2 1.9) */
    const struct fault *fault; /* NULL: rightly */
    struct v2_layout layout;   /* zeroed: V2 1.4 */
};

/* FAULT_TRUNCATED: of what @out got after @from, as much stays as the fault says. */
void dress_v2_cut(const struct fault *fault, size_t from, struct buf *out);

/* @msg may be changed (edits, order, sign). The bytes are appended to @out. */
[[nodiscard]] int dress_v2(struct v2_msg *msg, const struct dress_v2 *how, struct buf *out);

#endif
