#include "qr/scan/fault.h"

#include <stdarg.h>
#include <stdio.h>

const char *fault_word(enum fault_id id)
{
    static const char *const words[] = {
#define X(name, word) [FAULT_##name] = word,
        FAULT_MAP(X)
#undef X
    };
    return words[id];
}

enum fault_id fault_set(struct fault *fault, enum fault_id id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault->id = id;
    vsnprintf(fault->detail, sizeof fault->detail, format, args);
    va_end(args);
    return id;
}
