/*
 * http_tls.h — https, over libcurl's multi interface on our loop.
 *
 *   http_curl.c     opens the library
 *   http_tls.c      the loop's side: sockets, timer, what has ended
 *   http_tls_job.c  the request's side: options, headers, the answer's bytes
 *
 * libcurl is opened on first use and not linked: with its thirty libraries it costs a process 10 to
 * 20 ms at start, and most runs never send over TLS. It is never closed again.
 *
 * curl tells which sockets to watch (on_curl_socket) and when to be called (on_curl_timer); every
 * event goes back by curl_multi_socket_action(), and tell_done() then looks for what has ended.
 * Nobody is called back from inside curl.
 */
#ifndef NET_HTTP_TLS_H
#define NET_HTTP_TLS_H

#include "net/http_exchange.h"

#include <curl/curl.h>

#define CURL_API(X)                                                                                \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_cleanup)                                                                           \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)                                                                         \
    X(curl_multi_init)                                                                             \
    X(curl_multi_setopt)                                                                           \
    X(curl_multi_add_handle)                                                                       \
    X(curl_multi_remove_handle)                                                                    \
    X(curl_multi_socket_action)                                                                    \
    X(curl_multi_info_read)                                                                        \
    X(curl_multi_assign)                                                                           \
    X(curl_multi_cleanup)

/* The macros that check option types would get in the way of members of the same name. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

/* Filled by http_curl_load(). */
extern struct http_curl {
#define X(name) __typeof__(&(name)) name;
    CURL_API(X)
#undef X
} http_curl;

struct http_tls {
    struct http_client *client; /* borrowed */
    CURLM *multi;
    uv_timer_t timer;
    struct net_link jobs;
    bool stopping;
};

struct http_tls_job {
    struct net_link link;
    struct http_tls *tls;
    struct http_exchange *exchange; /* borrowed */
    CURL *easy;
    struct curl_slist *lines; /* request headers */
    bool head_done;           /* what follows are trailers */
    bool refused, too_long;
    struct buf head, body;
    struct http_headers headers;
};

/* 0, or UV_EPROTONOSUPPORT with a line in the log. Later calls cost nothing. */
[[nodiscard]] int http_curl_load(void);

/* Tells curl everything about the job's exchange. */
[[nodiscard]] int http_tls_job_prepare(struct http_tls_job *job);

/* What curl's @code means to the caller. */
int http_tls_job_error(const struct http_tls_job *job, CURLcode code);

/* The answer, in views of the job's. */
void http_tls_job_response(struct http_tls_job *job, struct http_response *response);

#endif
