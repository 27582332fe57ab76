/*
 * routes_v3.h — the paths of API V3 and what becomes of a call of one (V3 1.3, 4).
 */
#ifndef SANDBOX_ROUTES_V3_H
#define SANDBOX_ROUTES_V3_H

#include "call.h"

/* Takes the call: its record has begun, its path begins with "/v3/". */
void routes_v3_serve(struct call *call);

#endif
