/*
 * repair.h — another look at the same picture: inverted, larger, smaller, with a white border.
 */
#ifndef QR_SCAN_REPAIR_H
#define QR_SCAN_REPAIR_H

#include "qr/scan/codes.h"

#define CHANGE_FACTOR_MAX 8
#define CHANGE_QUIET_MAX  1000

/* Applied in this order. */
struct change {
    bool invert;
    unsigned enlarge; /* each pixel becomes enlarge × enlarge; 0 and 1: none */
    unsigned shrink;  /* shrink × shrink pixels become their mean; 0 and 1: none */
    unsigned quiet;   /* pixels of white border */
};

/*
 * A changed copy. FAULT_TOO_LARGE when it would have more than PICTURE_PIXELS_MAX pixels or none
 * is left of it, FAULT_LIMIT; @from is untouched.
 */
[[nodiscard]] enum fault_id picture_change(const struct picture *from, const struct change *change,
                                           struct picture *to, struct fault *fault);

/* Pixels that picture_change() would make; UINT64_MAX when it would refuse. */
uint64_t change_cost(const struct picture *from, const struct change *change);

/*
 * Look for codes as the picture is; if there are none and @repair is set, try the repairs in turn.
 * The name of what helped ("none", "scaled", "inverted+quiet-zone", …; static) goes to @helped.
 *
 * FAULT_NONE: found. FAULT_NO_CODE: nothing helped, or what is left would cost more than
 * REPAIR_PIXELS_MAX pixels in all (then the detail says so). FAULT_LIMIT: out of memory.
 */
#define REPAIR_PIXELS_MAX 120'000'000u
[[nodiscard]] enum fault_id codes_find_repaired(const struct picture *picture, bool repair,
                                                struct codes *out, const char **helped,
                                                struct fault *fault);

#endif
