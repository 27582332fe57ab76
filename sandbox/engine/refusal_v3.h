/*
 * refusal_v3.h — what V3's wire says of a refusal (V3 1.4-1.6, 2.4, 4.0-4.9): status, code, text and
 * the internal number behind the Request-ID.
 *
 * Texts are those seen on the wire; where the documentation has another code, the account's switch
 * strict_docs brings that one.
 */
#ifndef ENGINE_REFUSAL_V3_H
#define ENGINE_REFUSAL_V3_H

#include "engine/refusal.h"

struct refusal_v3 {
    int status;
    const char *code, *text;
    long number; /* of the Request-ID; 0: none is known, and a plausible one is sent */
    const char *clause;
};

/* Static, never NULL: a reason that V3 does not have is a SYSTEM_ERROR. */
const struct refusal_v3 *refusal_v3_of(enum refusal_id id, bool strict_docs);

#endif
