/*
 * qr_scan.h — what does this picture say? Asks wxpay-qrscan, a limited process of its own, so that
 * a hostile picture can neither read files, reach the network, nor take the caller down.
 *
 * The answer always arrives as a struct qr_scan_result. Not finding a code is an answer, no error:
 * result.err tells whether the scanner answered at all, result.error in one word what was wrong.
 *
 * The caller's process must ignore SIGPIPE (a scanner may die while its picture is being sent).
 */
#ifndef QR_QR_SCAN_H
#define QR_QR_SCAN_H

#include "base/buf.h"

#include <uv.h>

#define QR_SCAN_PROGRAM     "wxpay-qrscan"
#define QR_SCAN_PICTURE_MAX (8u << 20)
#define QR_SCAN_ANSWER_MAX  (256u << 10)
#define QR_SCAN_SYMBOLS_MAX 8
#define QR_SCAN_TIMEOUT_MS  10'000

struct qr_scan_options {
    const char *program; /* borrowed for the start; NULL: qr_scan_find_program() */
    bool repair;         /* if nothing is found, try scaled, with a quiet zone and inverted */
    unsigned timeout_ms; /* then the scanner is killed; 0: QR_SCAN_TIMEOUT_MS */
};

/*
 * err    0: the scanner answered. UV_ENOENT …: it could not be started; ERR_TIMEOUT: it was killed;
 *        ERR_CLOSED: it died; ERR_PROTOCOL, ERR_TOO_LONG: it answered nonsense or no end of it;
 *        UV_ECANCELED: qr_scan_stop().
 * error  "" when symbols were found, else the scanner's word (docs/qrscan.md): not-a-picture,
 *        unsupported, too-large, broken, no-code, limit; or, when err is not 0, no-program, timeout,
 *        crashed, protocol, canceled, no-memory.
 */
struct qr_scan_result {
    int err;
    char error[24];
    char detail[256];       /* one English phrase for people, or "" */
    char format[8];         /* "png", "jpeg", "gif", "webp", "svg"; "" if unknown */
    char repair[40];        /* what made it readable: "none", "scaled", … */
    unsigned width, height; /* pixels; 0 if never decoded */
    size_t symbol_count;    /* 0 unless error is "" */
    struct buf symbols[QR_SCAN_SYMBOLS_MAX]; /* owned; the raw bytes of each code */
};

/* Frees the symbols; the zeroed result is allowed. */
void qr_scan_result_release(struct qr_scan_result *result);

/* Moves the whole answer out and leaves @result empty. */
static inline struct qr_scan_result qr_scan_result_take(struct qr_scan_result *result)
{
    struct qr_scan_result taken = *result;
    *result = (struct qr_scan_result){};
    return taken;
}

/* Appends the path of the program beside the running one, or its bare name, for $PATH. */
[[nodiscard]] int qr_scan_find_program(struct buf *out);

struct qr_scan; /* one running scan; gone after on_end */

/*
 * Fires exactly once, from the loop, never from inside qr_scan_start(). @result is borrowed for the
 * call; qr_scan_result_take() keeps it.
 */
typedef void qr_scan_fn(void *owner, struct qr_scan_result *result);

/*
 * Start a scan.
 *
 * @picture  copied; may be released at once. Above QR_SCAN_PICTURE_MAX the scanner is not even
 *           started: the answer is "too-large".
 * @options  borrowed for the call; NULL: all zero.
 * @owner    handed to @on_end.
 *
 * Returns the running scan, or NULL when there is no memory for it; then @on_end never fires. Every
 * other failure, a missing program too, is told by @on_end.
 */
struct qr_scan *qr_scan_start(uv_loop_t *loop, struct view picture,
                              const struct qr_scan_options *options, qr_scan_fn *on_end,
                              void *owner);

/* Kills the scanner; @on_end still fires, with UV_ECANCELED. */
void qr_scan_stop(struct qr_scan *scan);

/*
 * The same, waiting for the answer on a loop of its own. @program as in the options. Fills @result,
 * which the caller releases in any case. Returns result->err.
 */
[[nodiscard]] int qr_scan_run(const char *program, struct view picture, bool repair,
                              struct qr_scan_result *result);

#endif
