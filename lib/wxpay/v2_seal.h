/*
 * v2_seal.h — what V2 hides: req_info of a refund notification (V2 7.3).
 *
 * AES-256-ECB with PKCS#7 padding. The key is a text: the lower-case hex of the API key's MD5, its
 * 32 ASCII bytes as they are. Nothing proves who sealed it and that it is whole: blocks may be
 * swapped and repeated unseen (V2 7.5), so whoever opens one compares what is inside.
 */
#ifndef WXPAY_V2_SEAL_H
#define WXPAY_V2_SEAL_H

#include "wxpay/v2_sign.h"

#define V2_SEAL_MAX (64 * 1024) /* of req_info */

/* base64 without line breaks, appended to @out. ERR_TOO_LONG when it would not fit V2_SEAL_MAX. */
[[nodiscard]] int v2_seal(const struct v2_key *key, struct view plain, struct buf *out);

/*
 * The plain text, appended to @out. White space in @text is skipped: some senders wrap base64.
 * ERR_SYNTAX: no base64, or no whole blocks. ERR_SIGNATURE: the padding does not fit, so it was
 * sealed with another key or changed; nothing was appended. One wrong key in 256 yields noise
 * instead of an error, and so does a change before the last block: read it as XML and see.
 */
[[nodiscard]] int v2_unseal(const struct v2_key *key, struct view text, struct buf *out);

#endif
