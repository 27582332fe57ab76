/*
 * gate_v2.h — who calls, is it well formed, is it signed? Steps 1 to 7 of V2 1.8, in its order.
 */
#ifndef SANDBOX_GATE_V2_H
#define SANDBOX_GATE_V2_H

#include "call.h"

/*
 * Fills call->in, account, sign_type, now_ms and the exchange's names; notes every check. NULL when
 * the handler may run; else the refusal of the first step that failed.
 */
[[nodiscard]] const struct refusal *gate_v2(struct call *call);

#endif
