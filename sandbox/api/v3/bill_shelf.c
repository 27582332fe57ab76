#include "api/v3/bill_shelf.h"

#include "api/v3/bill_token.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define FILES_MAX 16
#define BYTES_MAX (64 * 1024 * 1024)

struct kept {
    char serial[TOKEN_SERIAL_LEN + 1];
    int64_t until_ms;
    struct buf text; /* owned */
};

struct bill_shelf {
    size_t count, bytes;
    struct kept file[FILES_MAX]; /* the oldest first */
};

int bill_shelf_new(struct bill_shelf **out)
{
    *out = mem_new(struct bill_shelf);
    return *out ? 0 : ERR_NOMEM;
}

static void drop_first(struct bill_shelf *shelf)
{
    shelf->bytes -= shelf->file[0].text.len;
    buf_release(&shelf->file[0].text);
    shelf->count--;
    memmove(shelf->file, shelf->file + 1, shelf->count * sizeof(shelf->file[0]));
}

void bill_shelf_free(struct bill_shelf *shelf)
{
    while (shelf && shelf->count)
        drop_first(shelf);
    mem_free(shelf);
}

void bill_shelf_put(struct bill_shelf *shelf, const char *serial, struct buf *text,
                    int64_t until_ms)
{
    while (shelf->count && (shelf->count == FILES_MAX || shelf->bytes + text->len > BYTES_MAX ||
                            shelf->file[0].until_ms < clock_real_ms()))
        drop_first(shelf);
    if (text->len > BYTES_MAX) {
        buf_release(text);
        return;
    }
    struct kept *kept = &shelf->file[shelf->count++];
    *kept = (struct kept){ .until_ms = until_ms, .text = buf_take(text) };
    snprintf(kept->serial, sizeof(kept->serial), "%s", serial);
    shelf->bytes += kept->text.len;
}

const struct buf *bill_shelf_get(struct bill_shelf *shelf, const char *serial)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (strcmp(shelf->file[i].serial, serial) == 0)
            return &shelf->file[i].text;
    return NULL;
}
