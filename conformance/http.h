/*
 * http.h — the judge's HTTP client: blocking, bounded, with cookies per payer, and many at once.
 *
 * Over libcurl. Redirects are not followed (a redirect is something a merchant says), proxies from
 * the environment are ignored. A peer that hangs, cuts or talks nonsense is an answer with an error
 * text, never a failure of ours.
 */
#ifndef CONFORMANCE_HTTP_H
#define CONFORMANCE_HTTP_H

#include "base/buf.h"

#define HTTP_ANSWER_MAX ((size_t)4 * 1024 * 1024)

struct http_line {
    char *name, *value; /* owned */
};

struct http_answer {
    int status; /* 0 when none came */
    struct http_line *headers;
    size_t header_count;
    struct buf body;
    int64_t took_ms;
    char error[160]; /* "" when an answer came: "timeout after 10000 ms", "connection refused" … */
};

void http_answer_release(struct http_answer *answer);
/* NULL when absent; any letter case. */
const char *http_answer_header(const struct http_answer *answer, const char *name);

struct http_ask {
    const char *method, *url;
    const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
    struct view body;
    bool has_body;       /* sends Content-Length also for an empty one */
    unsigned timeout_ms; /* 0: 10 000 */
    size_t chunk;        /* body in pieces, with chunk_gap_ms between them; 0: at once */
    unsigned chunk_gap_ms;
    const char *peer_address; /* NULL, or a local address to speak from ("127.0.0.2") */
};

/* One browser: its cookies and its kept connections. */
struct http_jar;

[[nodiscard]] int http_jar_new(struct http_jar **out);
void http_jar_free(struct http_jar *jar);

/*
 * One exchange. @jar NULL: nobody's cookies. Returns 0 also when the peer failed (answer->error
 * says how); negative only for our own trouble (memory, a URL that is none: ERR_SYNTAX).
 */
[[nodiscard]] int http_do(struct http_jar *jar, const struct http_ask *ask,
                          struct http_answer *answer);

/*
 * All at once, each on a connection of its own with a copy of @jar's cookies (may be NULL);
 * @answers has @count elements. At most 64.
 */
[[nodiscard]] int http_do_all(struct http_jar *jar, const struct http_ask *asks, size_t count,
                              struct http_answer *answers);

#endif
