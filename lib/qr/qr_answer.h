/*
 * qr_answer.h — the scanner's JSON (docs/qrscan.md) to a result. Private to lib/qr.
 */
#ifndef QR_QR_ANSWER_H
#define QR_QR_ANSWER_H

#include "qr/qr_scan.h"

/*
 * Fills the zeroed @result. ERR_PROTOCOL when @json is not an answer as described, ERR_NOMEM; then
 * @result may be half filled and is released as usual.
 */
[[nodiscard]] int qr_answer_read(struct view json, struct qr_scan_result *result);

#endif
