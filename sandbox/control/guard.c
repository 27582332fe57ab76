#include "control/guard.h"

#include "base/mem.h"

#include <uv.h>

/* The host part of "host:port", brackets of IPv6 removed. */
static struct view host_part(struct view authority)
{
    struct view rest;

    if (authority.len && authority.ptr[0] == '[') {
        authority = (struct view){ authority.ptr + 1, authority.len - 1 };
        return view_cut(authority, ']', &rest);
    }
    return view_cut(authority, ':', &rest);
}

static bool is_address(const char *text)
{
    unsigned char raw[16];
    return uv_inet_pton(AF_INET, text, raw) == 0 || uv_inet_pton(AF_INET6, text, raw) == 0;
}

bool guard_is_loopback(const char *host)
{
    unsigned char raw[16];

    if (!host || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
        return true;
    return uv_inet_pton(AF_INET, host, raw) == 0 && raw[0] == 127;
}

/*
 * A name other than localhost is how a hostile page reaches loopback: it lets its own name resolve
 * to 127.0.0.1. An address cannot be given away like that, so a door bound to "any" takes each.
 */
static bool host_is_ours(const struct guard *guard, struct view authority)
{
    bool any =
        guard->host && (strcmp(guard->host, "0.0.0.0") == 0 || strcmp(guard->host, "::") == 0);
    char host[64];

    if (view_copy(host_part(authority), host, sizeof(host)) || host[0] == '\0')
        return false;
    if (view_eq_nocase(view_str(host), VIEW("localhost")) || guard_is_loopback(host))
        return true;
    if (any)
        return is_address(host);
    return guard->host && strcmp(guard->host, host) == 0;
}

/* The page that asks must be one this door served: its origin is "http://" and the Host. */
static bool origin_is_ours(struct view origin, struct view host)
{
    struct view scheme = VIEW("http://");
    struct view rest = { origin.ptr + scheme.len, origin.len - scheme.len };

    return view_starts(origin, scheme) && view_eq_nocase(rest, host);
}

static bool is_json(struct view content_type)
{
    struct view rest;
    return view_eq_nocase(view_trim(view_cut(content_type, ';', &rest)), VIEW("application/json"));
}

static bool token_fits(const char *token, struct view authorization)
{
    struct view scheme = VIEW("Bearer ");

    if (authorization.len < scheme.len ||
        !view_eq_nocase((struct view){ authorization.ptr, scheme.len }, scheme))
        return false;
    authorization = (struct view){ authorization.ptr + scheme.len, authorization.len - scheme.len };
    return view_eq_secret(view_trim(authorization), view_str(token));
}

const struct guard_no *guard_check(const struct guard *guard, const struct http_request *request)
{
    static const struct guard_no host = { 403, "FORBIDDEN",
                                          "Host must be the door's own address or localhost" };
    static const struct guard_no origin = { 403, "FORBIDDEN", "a foreign Origin may not come in" };
    static const struct guard_no token = {
        401, "UNAUTHORIZED", "the header Authorization: Bearer with the control token is asked for"
    };
    static const struct guard_no type = { 415, "UNSUPPORTED_TYPE",
                                          "a body must have Content-Type: application/json" };
    struct view asked = http_header_get(request->headers, "Host");
    struct view page = http_header_get(request->headers, "Origin");

    if (!host_is_ours(guard, asked))
        return &host;
    if (page.ptr && !origin_is_ours(page, asked))
        return &origin;
    if (guard->token &&
        !token_fits(guard->token, http_header_get(request->headers, "Authorization")))
        return &token;
    if (request->body.len && !is_json(http_header_get(request->headers, "Content-Type")))
        return &type;
    return NULL;
}
