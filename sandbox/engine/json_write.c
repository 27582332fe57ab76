#include "engine/json_write.h"

#include "base/err.h"

#define FIRST_ROOM 1023 /* most of what is written is shorter: it grows once, not by doubling */

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

int json_write_as(const json_t *root, size_t flags, struct buf *out)
{
    struct writing writing = { .out = out };
    size_t before = out->len;
    size_t room = out->max - before < FIRST_ROOM ? out->max - before : FIRST_ROOM;
    writing.err = buf_reserve(out, room);
    int failed = json_dump_callback(root, append, &writing, flags);
    if (!failed && !writing.err)
        return 0;
    out->len = before;
    if (out->ptr)
        out->ptr[before] = '\0';
    return writing.err ? writing.err : ERR_NOMEM;
}

int json_write(const json_t *root, struct buf *out)
{
    return json_write_as(root, JSON_COMPACT, out);
}
