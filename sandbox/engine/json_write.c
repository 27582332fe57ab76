#include "engine/json_write.h"

#include "base/err.h"

/* jansson 2.14 goes on after some failures of its callback: the first one is kept here. */
struct writing {
    struct buf *out;
    int err;
};

static int append(const char *bytes, size_t len, void *ctx)
{
    struct writing *writing = ctx;
    if (!writing->err)
        writing->err = buf_add(writing->out, bytes, len);
    return writing->err;
}

int json_write(const json_t *root, struct buf *out)
{
    struct writing writing = { .out = out };
    int failed = json_dump_callback(root, append, &writing, JSON_COMPACT);
    if (writing.err)
        return writing.err;
    return failed ? ERR_NOMEM : 0;
}
