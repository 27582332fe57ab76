/*
 * scan.h — the whole way from bytes to the JSON answer, without any process around it.
 * The answer is described in docs/qrscan.md.
 */
#ifndef QR_SCAN_SCAN_H
#define QR_SCAN_SCAN_H

#include "qr/scan/repair.h"

#define ANSWER_MAX (256u << 10)

struct scan_options {
    struct change change; /* made before the first look */
    bool repair;
};

/*
 * Decode, change, look, repair; appends one JSON object and a line feed to @answer, which should
 * be born with ANSWER_MAX. Returns what the answer says (FAULT_LIMIT: the process should end with
 * another exit code), or ERR_NOMEM / ERR_TOO_LONG when not even the answer could be written.
 */
[[nodiscard]] int scan_picture(struct view bytes, const struct scan_options *options,
                               struct buf *answer);

/* The answer of a scan that failed before a picture was decoded. Returns as above. */
[[nodiscard]] int scan_fault(const struct fault *fault, struct buf *answer);

#endif
