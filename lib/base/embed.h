/*
 * embed.h — files that are built into a program (cmake/Embed.cmake). A table ends with a NULL name.
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/view.h"

struct embedded {
    const char *name; /* of the file, without its folder */
    struct view bytes;
};

/* Empty when the table has no such file. */
static inline struct view embedded_find(const struct embedded *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table->bytes;
    return (struct view){};
}

#endif
