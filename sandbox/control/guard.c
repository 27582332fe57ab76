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

bool guard_is_loopback(const char *host)
{
    unsigned char raw[16];

    if (!host || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
        return true;
    return uv_inet_pton(AF_INET, host, raw) == 0 && raw[0] == 127;
}

/*
 * A name other than localhost is how a hostile page reaches loopback: it lets its own name resolve
 * to 127.0.0.1. A door elsewhere is called by whatever names its network gives it (a service of
 * docker compose, a host in the laboratory) and cannot know them; there the token keeps that page
 * out, for it cannot know the token. So nothing that comes without a token may ever tell it.
 */
static bool host_is_ours(const struct guard *guard, struct view authority)
{
    struct view host = host_part(authority);
    char name[64];

    if (host.len == 0)
        return false;
    if (guard->token && !guard_is_loopback(guard->host))
        return true;
    if (view_copy(host, name, sizeof(name)))
        return false;
    return view_eq_nocase(host, VIEW("localhost")) || guard_is_loopback(name);
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
