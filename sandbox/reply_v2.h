/*
 * reply_v2.h — from what the handler found to signed bytes, and out of the door after the commit.
 */
#ifndef SANDBOX_REPLY_V2_H
#define SANDBOX_REPLY_V2_H

#include "call.h"

/*
 * Prepares the answer (layouts of V2 1.4; a refusal by its layer, V2 1.5, 1.7), applies the
 * ordered fault, and hands the call to the turn: it is sent after the commit and freed.
 */
void reply_v2(struct call *call, const struct refusal *no);

/* An HTTP answer that is no V2 message; also after the commit. @body is copied. */
void reply_plain(struct call *call, int status, const struct http_header *header, struct view body);

/* Faults that act before anything is processed. True: the call has been dealt with. */
bool reply_fault_before(struct call *call);

/* What call->waits waited for has happened. */
void reply_delivered(struct call *call);

#endif
