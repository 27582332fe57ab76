/*
 * v3_hint.h — why does this request's signature not hold? (V3 2.1, 8.1)
 *
 * An RSA signature can be opened with the public key: that tells for certain whether this key made
 * it, by which padding and digest, and the digest itself, against which the texts of the usual
 * mistakes are compared. What is named has been proved; nothing is guessed.
 */
#ifndef WXPAY_V3_HINT_H
#define WXPAY_V3_HINT_H

#include "wxpay/v3_sign.h"

/* One usual mistake; the table in v3_hint_priv.h gives id, sentence and repair for each. */
struct v3_cause {
    const char *id;     /* "query-left-out" */
    const char *what;   /* "the query string was not signed" */
    const char *repair; /* "sign path, ? and query exactly as on the request line (V3 2.1)" */
};

/* All causes that can be named, for docs and tests. */
const struct v3_cause *v3_causes(size_t *count);

/* Whose another key is. Borrowed; valid until the next call. */
struct v3_hint_key {
    struct view mchid, serial;
    bool own; /* of the account that this request names, under another serial */
};

struct v3_hint_input {
    struct v3_request request;            /* as received; timestamp and nonce of the header */
    struct view signature;                /* of the header, as it came */
    struct view host;                     /* of the header Host; may be empty */
    const struct v3_public *key;          /* of the certificate that serial_no names */
    const struct v3_public *platform_key; /* may be NULL */
    /* Other keys of this sandbox by index, NULL behind the last; may be NULL. 256 are asked for. */
    const struct v3_public *(*other_key)(void *owner, size_t index, struct v3_hint_key *whose);
    void *owner;
    struct view api_key, apiv3_key; /* may be empty: tried behind "&key=", the habit of V2 */
    /*
     * May be NULL; receives the text that the merchant seems to have signed, a key in it masked.
     * Nothing is appended when it is not known or not UTF-8, as after "body-gbk".
     */
    struct buf *signed_text;
};

/*
 * The first mistake there is, or NULL (the signature holds, or memory ran out). @text receives the
 * five lines as the sandbox computed them. *detail (may be NULL) receives what is special, and what
 * is wrong besides. Both are appended to. Bounded: two megabytes are hashed and 260 RSA
 * operations done at most, usually five milliseconds, tens for a huge body or as many keys.
 */
const struct v3_cause *v3_hint_find(const struct v3_hint_input *in, struct buf *text,
                                    struct buf *detail);

#endif
