#include "net/http_tls.h"

#include "base/log.h"

#ifdef __APPLE__
#define LIBCURL "libcurl.4.dylib"
#else
#define LIBCURL "libcurl.so.4"
#endif

struct http_curl http_curl;

int http_curl_load(void)
{
    static bool loaded;
    static uv_lib_t lib;
    if (loaded)
        return 0;
    if (uv_dlopen(LIBCURL, &lib)) {
        log_line(LOG_ERROR, "net", "https needs %s: %s", LIBCURL, uv_dlerror(&lib));
        uv_dlclose(&lib);
        return UV_EPROTONOSUPPORT;
    }
    int err = 0;
#define X(name) err = err ? err : uv_dlsym(&lib, #name, (void **)&http_curl.name);
    CURL_API(X)
#undef X
    if (err || http_curl.curl_global_init(CURL_GLOBAL_DEFAULT)) {
        log_line(LOG_ERROR, "net", "%s is not the libcurl we know", LIBCURL);
        return UV_EPROTONOSUPPORT;
    }
    loaded = true;
    return 0;
}
