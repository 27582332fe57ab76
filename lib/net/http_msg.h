/*
 * http_msg.h — what an HTTP message is to the rooms above: method, target, headers, body.
 *
 * Nothing here knows sockets. Views point into the connection's or the client's buffers and live
 * as long as the call they came with.
 */
#ifndef NET_HTTP_MSG_H
#define NET_HTTP_MSG_H

#include "base/buf.h"

#define HTTP_HEADERS_MAX 100

struct http_header {
    struct view name, value; /* value without the blanks around it */
};

struct http_headers {
    struct http_header item[HTTP_HEADERS_MAX];
    size_t count;
};

/* The first header of that name (any letter case); an empty view with ptr NULL when absent. */
struct view http_header_get(const struct http_headers *headers, const char *name);

/* A request as received. */
struct http_request {
    struct view method; /* "GET", "POST", … as sent */
    struct view target; /* raw: path and query, still percent-encoded */
    struct view path;   /* target up to '?' */
    struct view query;  /* after '?', raw; empty if none */
    const struct http_headers *headers;
    struct view body; /* raw bytes; chunked bodies joined */
    struct view head; /* the request line and headers as they came, for records; may be cut */
};

/* A response as received by the client. */
struct http_response {
    int status;
    const struct http_headers *headers;
    struct view body;
    struct view head; /* status line and headers as they came; may be cut */
};

/*
 * Percent-decode one path segment or query part; '+' becomes a blank only when @form.
 * ERR_SYNTAX for a broken escape or a NUL, encoded or not.
 */
[[nodiscard]] int http_percent_decode(struct buf *out, struct view text, bool form);
[[nodiscard]] int http_percent_encode(struct buf *out, struct view text);

/*
 * Value of @name in a query or form body, decoded into @out (appended).
 * 0, ERR_NOT_FOUND, or ERR_SYNTAX.
 */
[[nodiscard]] int http_form_get(struct view form, const char *name, struct buf *out);

/* Parts of an absolute http(s) URL; views into @text. */
struct http_url {
    bool tls;
    struct view host; /* without brackets for IPv6 */
    uint16_t port;    /* 80 / 443 when not written */
    bool port_given;
    struct view origin; /* scheme://authority as written */
    struct view target; /* path and query; "/" is meant when empty */
    struct view query;  /* after '?', empty if none */
    bool has_query, has_userinfo, has_fragment;
};

/* ERR_SYNTAX when it is not an absolute http or https URL with a host; ERR_TOO_LONG above 2048. */
[[nodiscard]] int http_url_parse(struct view text, struct http_url *out);

#endif
