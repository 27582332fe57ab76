/*
 * scan.h — what does this picture say? Starts wxpay-qrscan, a limited process of its own, and waits
 * for its answer (docs/qrscan.md). The scanner tries the picture as it is, scaled, with a quiet zone
 * and inverted before it gives up.
 *
 * Not finding a code is an answer. The caller's process must ignore SIGPIPE.
 */
#ifndef CONFORMANCE_SCAN_H
#define CONFORMANCE_SCAN_H

#include "base/buf.h"

#define SCAN_PICTURE_MAX ((size_t)8 << 20)
#define SCAN_TEXTS_MAX   8

struct scan_result {
    size_t count;                     /* codes found */
    struct buf texts[SCAN_TEXTS_MAX]; /* owned; the raw bytes of each */
    char format[8];                   /* "png", "jpeg", "gif", "webp", "svg"; "" if unknown */
    char repair[40];                  /* what made it readable: "none", "scaled", … */
    char error[24];                   /* "" when codes were found, else the scanner's word */
    char detail[256];                 /* one English phrase, or "" */
};

void scan_result_release(struct scan_result *result);

/*
 * @program  path of wxpay-qrscan; NULL: beside the running program, else on PATH.
 * @result   filled in any case, released by the caller.
 *
 * 0 when the scanner answered, whatever it found. Negative when it could not be asked (UV_ENOENT,
 * ERR_TIMEOUT, ERR_CLOSED, ERR_PROTOCOL, ERR_NOMEM): the judge's own trouble.
 */
[[nodiscard]] int scan_picture(const char *program, struct view picture,
                               struct scan_result *result);

#endif
