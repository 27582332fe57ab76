/*
 * reply_send.h — a prepared answer on its way out: held until the commit, and by the fault that was
 * ordered for it; sent, withheld or cut; then the record is complete and the call is freed.
 *
 *   reply_leave --turn's commit--> (waits for a delivery) --> (fault: time) --> sent
 *                     \-- not committed: SYSTEMERROR in its place
 *
 * The account may be deleted while an answer is held, so nothing here looks at it.
 */
#ifndef SANDBOX_REPLY_SEND_H
#define SANDBOX_REPLY_SEND_H

#include "call.h"

/* Status, header and body are prepared. Takes the call. */
void reply_leave(struct call *call);

/* An unsigned SYSTEMERROR in place of what was prepared: it could not be made or would be a lie. */
void reply_trouble(struct call *call);

/* For call->seal: the answer as it is now. Frees the call. */
void reply_send_now(struct call *call);

/* From the call's birth: it hears when its peer goes, also before it is held. */
void reply_watch(struct call *call);

#endif
