/*
 * forged.h — what the two files of forgeries share: their row of the case table.
 */
#ifndef CONFORMANCE_CASES_FORGED_H
#define CONFORMANCE_CASES_FORGED_H

#include "cases/common.h"

#define FORGED_EXPECTED "the order stays unpaid and nothing is shipped"

#define FORGED(name, run_, experiment_, ...)                                                       \
    {                                                                                              \
        .id = "forged/" name, .experiment = experiment_, .claims = { __VA_ARGS__ },                \
        .needs = NEED_STATUS, .run = run_, .decide = decide_forged                                 \
    }

#endif
