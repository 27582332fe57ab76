/*
 * reply_v3.h — from what the handler found to signed bytes, and out of the door after the commit.
 */
#ifndef SANDBOX_REPLY_V3_H
#define SANDBOX_REPLY_V3_H

#include "call_v3.h"

/*
 * Prepares the answer (V3 1.4-1.6; 204 where the handler filled nothing), applies the ordered
 * fault, and hands the call to the turn. NULL @no: it went well.
 */
void reply_v3(struct call *call, const struct refusal *no);

/* 404, 405, 413: a status and nothing else (V3 1.3). */
void reply_v3_bare(struct call *call, int status);

/* Faults that act before anything is processed. True: the call has been dealt with. */
bool reply_v3_fault_before(struct call *call);

#endif
