#include "engine/account.h"

#include "base/err.h"

/* scheme://authority in front of @url, or all of it when it is no more. */
static struct view origin_of(struct view url)
{
    size_t scheme = view_find(url, VIEW("://"));
    if (scheme == SIZE_MAX)
        return (struct view){};
    size_t end = scheme + 3;
    while (end < url.len && !strchr("/?#", url.ptr[end]))
        end++;
    return (struct view){ url.ptr, end };
}

/* Without the port that the scheme means anyway. */
static struct view without_default_port(struct view origin)
{
    struct view port = { 0 };
    if (origin.len > 8 && view_eq_nocase((struct view){ origin.ptr, 8 }, VIEW("https://")))
        port = VIEW(":443");
    else if (origin.len > 7 && view_eq_nocase((struct view){ origin.ptr, 7 }, VIEW("http://")))
        port = VIEW(":80");
    if (port.len && view_ends(origin, port))
        origin.len -= port.len;
    return origin;
}

int account_map_url(const struct account *account, struct view announced, struct buf *out)
{
    struct view origin = origin_of(announced);
    struct view path = { announced.ptr + origin.len, announced.len - origin.len };
    for (size_t i = 0; origin.len && i < account->origin_count; i++) {
        struct view from = origin_of(view_str(account->origin[i].announced));
        if (!view_eq_nocase(without_default_port(origin), without_default_port(from)))
            continue;
        int err = buf_view_add(out, origin_of(view_str(account->origin[i].real)));
        return err ? err : buf_view_add(out, path);
    }
    return buf_view_add(out, announced);
}
