#include "base/err.h"

#include <string.h>

const char *err_name(int err)
{
    switch (err) {
#define X(name, value, text)                                                                       \
    case value: return "ERR_" #name;
        ERR_MAP(X)
#undef X
    default: break;
    }
    const char *name = err < 0 && err > -4000 ? strerrorname_np(-err) : NULL;
    return name ? name : "ERR_?";
}

const char *err_text(int err)
{
    switch (err) {
#define X(name, value, text)                                                                       \
    case value: return text;
        ERR_MAP(X)
#undef X
    default: break;
    }
    const char *text = err < 0 && err > -4000 ? strerrordesc_np(-err) : NULL;
    return text ? text : "unknown error";
}
