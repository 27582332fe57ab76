/*
 * v3_ack.h — is this answer an acknowledgement? The decision table of V3 6.3.
 */
#ifndef WXPAY_V3_ACK_H
#define WXPAY_V3_ACK_H

#include "base/view.h"

struct v3_ack {
    bool ok;          /* stops the repeats */
    const char *row;  /* id of the row that decided, static: "ok", "no-content", "redirect", … */
    const char *why;  /* plain words, static */
    const char *warn; /* accepted, but worth telling; NULL if clean */
};

/* Pure: status and raw body of the merchant's answer. Never fails. */
struct v3_ack v3_ack_judge(int status, struct view body);

#endif
