/*
 * curl_api.h — libcurl, opened on first use and not linked: with its thirty libraries it would
 * cost `serve` 10 to 20 ms at start, and serve never asks anybody.
 */
#ifndef CLI_CURL_API_H
#define CLI_CURL_API_H

#include <curl/curl.h>

/* The macros that check option types would get in the way of members of the same name. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define CURL_API(X)                                                                                \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_perform)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_cleanup)                                                                                \
    X(easy_strerror)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)

struct curl_api {
#define X(name) __typeof__(&(curl_##name)) name;
    CURL_API(X)
#undef X
};

/* NULL when there is no libcurl. */
const struct curl_api *curl_api_load(void);

#endif
