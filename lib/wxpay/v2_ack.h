/*
 * v2_ack.h — is this answer an acknowledgement? The decision table of V2 6.3.
 */
#ifndef WXPAY_V2_ACK_H
#define WXPAY_V2_ACK_H

#include "base/view.h"

enum v2_ack_mode { V2_ACK_LENIENT, V2_ACK_STRICT };

struct v2_ack {
    bool ok;          /* stops the repeats */
    const char *row;  /* id of the row that decided, static: "canonical", "redirect", … */
    const char *why;  /* plain words, static */
    const char *warn; /* accepted, but worth telling; NULL if clean */
};

/* Pure: status and raw body of the merchant's answer. Never fails; garbage is "not an ack". */
struct v2_ack v2_ack_judge(int status, struct view body, enum v2_ack_mode mode);

/* One row of the table, for docs and tests. The first row that fits an answer decides. */
struct v2_ack_row {
    const char *id, *why;
    bool lenient, strict; /* an acknowledgement in this mode? */
    const char *warn;     /* told when it is one; NULL if clean */
};

/* The rows in their order; NULL behind the last. Static. */
const struct v2_ack_row *v2_ack_row(size_t index);

#endif
