/*
 * wxpay-qrscan — a picture on standard input, one JSON object on standard output (docs/qrscan.md).
 *
 * Pictures come from strangers and go through half a dozen decoders, so this is a process of its
 * own that limits itself before it reads the first byte and can open nothing once it has read the
 * last. It ends by _exit(): the at-exit work of sixty libraries would only be more to go wrong.
 */
#include "base/err.h"
#include "qr/scan/limits.h"
#include "qr/scan/options.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_ANSWERED = 0, EXIT_IO = 1, EXIT_USAGE = 2, EXIT_LIMIT = LIMIT_EXIT_CODE };

/* All of standard input. ERR_TOO_LONG beyond the buffer's ceiling. */
static int read_all(struct buf *out)
{
    char chunk[64 << 10];
    ssize_t got;

    while ((got = read(STDIN_FILENO, chunk, sizeof chunk))) {
        if (got < 0 && errno == EINTR)
            continue;
        int err = got < 0 ? -errno : buf_add(out, chunk, (size_t)got);
        if (err)
            return err;
    }
    return 0;
}

static int write_all(struct view text)
{
    while (text.len) {
        ssize_t sent = write(STDOUT_FILENO, text.ptr, text.len);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        text.ptr += sent;
        text.len -= (size_t)sent;
    }
    return 0;
}

/* What the answer says, or a negative error when there is none. */
static int answer_input(const struct scan_options *options, struct buf *answer)
{
    static const struct fault too_large = { FAULT_TOO_LARGE, "the input has more than 8 MiB" };
    struct buf picture = BUF_INIT(PICTURE_BYTES_MAX);

    int err = read_all(&picture);
    if (err == ERR_TOO_LONG)
        return scan_fault(&too_large, answer);
    if (!err)
        err = limits_seal();
    if (!err)
        err = scan_picture(buf_view(&picture), options, answer);
    buf_release(&picture);
    return err;
}

int main(int argc, const char **argv)
{
    struct scan_options options;
    struct buf answer = BUF_INIT(ANSWER_MAX);

    if (options_read(&options, argc, argv))
        return EXIT_USAGE;
    int said = limits_set();
    if (!said)
        said = answer_input(&options, &answer);
    if (said == ERR_NOMEM || said == ERR_TOO_LONG)
        said = scan_fault(&(struct fault){ FAULT_LIMIT, "the answer found no room" }, &answer);
    if (said >= 0 && write_all(buf_view(&answer)) == 0)
        _exit(said == FAULT_LIMIT ? EXIT_LIMIT : EXIT_ANSWERED);
    fprintf(stderr, "wxpay-qrscan: %s\n", said < 0 ? err_text(said) : "cannot write the answer");
    _exit(EXIT_IO);
}
