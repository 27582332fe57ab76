#include "engine/openid.h"

#include "base/err.h"

#define CHECK_LEN 6 /* of the last characters */

static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

static uint64_t hash_of(struct view text)
{
    uint64_t hash = 14695981039346656037ULL; /* FNV-1a */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211ULL;
    return hash;
}

static void spread(uint64_t hash, char *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash ^= hash >> 29;
        hash *= 0xbf58476d1ce4e5b9ULL;
        out[i] = set[hash >> 58];
    }
}

void openid_of(struct view appid, char out[OPENID_MAX + 1])
{
    size_t front = OPENID_LEN - CHECK_LEN;
    out[0] = 'o';
    spread(hash_of(appid), out + 1, front - 1);
    spread(hash_of((struct view){ out, front }), out + front, CHECK_LEN);
    out[OPENID_LEN] = '\0';
}

enum openid_kind openid_judge(struct view openid, struct view appid)
{
    char check[CHECK_LEN], own[OPENID_MAX + 1];
    size_t front = OPENID_LEN - CHECK_LEN;
    if (openid.len != OPENID_LEN || openid.ptr[0] != 'o')
        return OPENID_NO_FORM;
    for (size_t i = 0; i < openid.len; i++)
        if (!openid.ptr[i] || !strchr(set, openid.ptr[i]))
            return OPENID_NO_FORM;
    spread(hash_of((struct view){ openid.ptr, front }), check, CHECK_LEN);
    if (memcmp(check, openid.ptr + front, CHECK_LEN) != 0)
        return OPENID_FINE; /* not one of ours, so nobody here knows better */
    openid_of(appid, own);
    return view_is(openid, own) ? OPENID_FINE : OPENID_FOREIGN;
}
