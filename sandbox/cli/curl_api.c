#include "cli/curl_api.h"

#include <uv.h>

#ifdef __APPLE__
#define LIBCURL "libcurl.4.dylib"
#else
#define LIBCURL "libcurl.so.4"
#endif

const struct curl_api *curl_api_load(void)
{
    static struct curl_api api;
    static uv_lib_t lib; /* stays open until the process ends */
    int err = 0;

    if (api.easy_init)
        return &api;
    if (uv_dlopen(LIBCURL, &lib))
        return NULL;
#define X(name) err = err ? err : uv_dlsym(&lib, "curl_" #name, (void **)&api.name);
    CURL_API(X)
#undef X
    if (err)
        api.easy_init = NULL;
    return err ? NULL : &api;
}
