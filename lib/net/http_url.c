#include "net/http_msg.h"

#include "base/err.h"

#define URL_MAX 2048

/* Visible ASCII without what RFC 3986 leaves out; bytes above 0x7e must be escaped. */
static bool is_url_text(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' ||
            c == '`' || c == '{' || c == '|' || c == '}')
            return false;
    }
    return true;
}

static bool is_host(struct view host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '.' || c == '_';
        if (!fine)
            return false;
    }
    return host.len > 0 && host.len <= 253;
}

static bool is_ip6(struct view host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool fine = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
                    c == ':' || c == '.';
        if (!fine)
            return false;
    }
    return host.len >= 2;
}

/* "host", "host:port", "[v6]", "[v6]:port"; an empty port means none, as RFC 3986 3.2.3 has it. */
static int parse_authority(struct view text, struct http_url *out)
{
    struct view port = {};
    if (text.len && text.ptr[0] == '[') {
        struct view after;
        struct view inside = view_cut(text, ']', &after);
        if (inside.len == text.len)
            return ERR_SYNTAX;
        out->host = (struct view){ inside.ptr + 1, inside.len - 1 };
        if (!is_ip6(out->host) || (after.len && after.ptr[0] != ':'))
            return ERR_SYNTAX;
        if (after.len)
            port = (struct view){ after.ptr + 1, after.len - 1 };
    } else {
        out->host = view_cut(text, ':', &port);
        if (!is_host(out->host))
            return ERR_SYNTAX;
    }
    out->port = out->tls ? 443 : 80;
    if (!port.len)
        return 0;
    int64_t number;
    int err = view_to_i64(port, UINT16_MAX, &number);
    if (err || number == 0)
        return ERR_SYNTAX;
    out->port = (uint16_t)number;
    out->port_given = true;
    return 0;
}

static int parse_scheme(struct view *rest, bool *tls)
{
    static const struct view http = VIEW("http://"), https = VIEW("https://");
    *tls = rest->len >= https.len && view_eq_nocase((struct view){ rest->ptr, https.len }, https);
    size_t len = *tls ? https.len : http.len;
    if (!*tls && (rest->len < len || !view_eq_nocase((struct view){ rest->ptr, len }, http)))
        return ERR_SYNTAX;
    *rest = (struct view){ rest->ptr + len, rest->len - len };
    return 0;
}

int http_url_parse(struct view text, struct http_url *out)
{
    struct http_url url = {};
    struct view rest = text;
    if (text.len > URL_MAX)
        return ERR_TOO_LONG;
    if (!is_url_text(text))
        return ERR_SYNTAX;
    int err = parse_scheme(&rest, &url.tls);
    if (err)
        return err;

    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    struct view authority = { rest.ptr, end };
    url.origin = (struct view){ text.ptr, (size_t)(rest.ptr - text.ptr) + end };
    rest = (struct view){ rest.ptr + end, rest.len - end };

    struct view host_port;
    struct view user = view_cut(authority, '@', &host_port);
    url.has_userinfo = user.len < authority.len;
    err = parse_authority(url.has_userinfo ? host_port : authority, &url);
    if (err)
        return err;

    struct view fragment;
    url.target = view_cut(rest, '#', &fragment);
    url.has_fragment = url.target.len < rest.len;
    struct view path = view_cut(url.target, '?', &url.query);
    url.has_query = path.len < url.target.len;
    *out = url;
    return 0;
}
