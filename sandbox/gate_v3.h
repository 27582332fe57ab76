/*
 * gate_v3.h — who calls, is it signed, is it well formed? V3 1.3, 2.3 and 12, in their order.
 */
#ifndef SANDBOX_GATE_V3_H
#define SANDBOX_GATE_V3_H

#include "call_v3.h"

/*
 * Fills call->v3's auth, in and proven, the account, now_ms and the exchange's names; notes every
 * check. NULL when the handler may run; else the refusal of the first step that failed.
 */
[[nodiscard]] const struct refusal *gate_v3(struct call *call);

#endif
