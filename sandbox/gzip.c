#include "gzip.h"

#include "base/err.h"

#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib.h: a gzip header instead of its own */

int gzip_add(struct view text, struct buf *out)
{
    z_stream stream = {};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR_NOMEM;
    size_t bound = deflateBound(&stream, text.len);
    int err = buf_reserve(out, bound);
    if (!err) {
        stream.next_in = (unsigned char *)(uintptr_t)text.ptr;
        stream.avail_in = (unsigned)text.len;
        stream.next_out = (unsigned char *)out->ptr + out->len;
        stream.avail_out = (unsigned)bound;
        err = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : ERR_NOMEM;
        out->len += stream.total_out;
        out->ptr[out->len] = '\0';
    }
    deflateEnd(&stream);
    return err;
}
