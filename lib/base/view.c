#include "base/view.h"

#include "base/err.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool view_eq_nocase(struct view a, struct view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int view_cmp(struct view a, struct view b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order)
        return order;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

bool view_starts(struct view text, struct view prefix)
{
    return text.len >= prefix.len && view_eq((struct view){ text.ptr, prefix.len }, prefix);
}

bool view_ends(struct view text, struct view suffix)
{
    return text.len >= suffix.len &&
           view_eq((struct view){ text.ptr + (text.len - suffix.len), suffix.len }, suffix);
}

size_t view_find(struct view text, struct view needle)
{
    if (needle.len == 0)
        return 0;
    const char *at = text.len ? memmem(text.ptr, text.len, needle.ptr, needle.len) : NULL;
    return at ? (size_t)(at - text.ptr) : SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

struct view view_trim(struct view text)
{
    while (text.len && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

struct view view_cut(struct view text, char byte, struct view *rest)
{
    const char *at = text.len ? memchr(text.ptr, byte, text.len) : NULL;
    if (!at) {
        *rest = (struct view){ text.len ? text.ptr + text.len : text.ptr, 0 };
        return text;
    }
    size_t len = (size_t)(at - text.ptr);
    *rest = (struct view){ at + 1, text.len - len - 1 };
    return (struct view){ text.ptr, len };
}

int view_to_i64(struct view text, int64_t max, int64_t *out)
{
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return ERR_SYNTAX;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_SYNTAX;
    int64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text.ptr[i] - '0', &value) || value > max)
            return ERR_RANGE;
    }
    *out = value;
    return 0;
}

bool view_eq_secret(struct view a, struct view b)
{
    if (a.len != b.len)
        return false;
    volatile unsigned char differs = 0;
    for (size_t i = 0; i < a.len; i++)
        differs = (unsigned char)(differs | ((unsigned char)a.ptr[i] ^ (unsigned char)b.ptr[i]));
    return differs == 0;
}

int view_copy(struct view text, char *out, size_t size)
{
    if (text.len >= size)
        return ERR_TOO_LONG;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return 0;
}
