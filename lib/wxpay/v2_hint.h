/*
 * v2_hint.h — why does this signature not hold? Found by trying the usual mistakes.
 */
#ifndef WXPAY_V2_HINT_H
#define WXPAY_V2_HINT_H

#include "wxpay/v2_sign.h"

/* One usual mistake; the table in v2_hint.c gives id, sentence and repair for each. */
struct v2_cause {
    const char *id;     /* "empty-values-included" */
    const char *what;   /* "empty values were put into the text to be signed" */
    const char *repair; /* "leave out every field whose value is empty (V2 2.1 step 2)" */
};

/* All causes that can be named, for docs and tests. */
const struct v2_cause *v2_causes(size_t *count);

struct v2_hint_input {
    const struct v2_msg *msg; /* as parsed */
    struct view raw;          /* the document as it came (for causes about escapes and CDATA) */
    enum v2_sign_type type;   /* what the message says */
    const struct v2_key *key; /* the account's */
    /* Other keys of this sandbox, to name "another account's key"; may be NULL. */
    const struct v2_key *(*other_key)(void *owner, size_t index, struct view *mch_id);
    void *owner;
    /* May be NULL; receives the text that the merchant seems to have signed, its key masked. */
    struct buf *signed_text;
};

/*
 * The first cause that explains the sign given, or NULL (also when it holds, or memory ran out).
 * @text receives the text to be signed as the sandbox computed it, the key shown as
 * "&key=<API key of 1900000109>". *detail (may be NULL) receives what is special: the mch_id of
 * the other key, the field's name, and a second mistake if there is one. Both are appended to.
 * Bounded: about a megabyte is hashed at most.
 */
const struct v2_cause *v2_hint_find(const struct v2_hint_input *in, struct buf *text,
                                    struct buf *detail);

#endif
