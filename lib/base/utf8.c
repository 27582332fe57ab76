#include "base/utf8.h"

/* Length of the sequence that starts at @s with @left bytes, 0 if it breaks the rule. */
static size_t sequence(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : len;
}

size_t utf8_broken_at(struct view text)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight;
        if (text.len - at >= sizeof(eight)) { /* mostly it is ASCII: eight bytes in one look */
            memcpy(&eight, s + at, sizeof(eight));
            if (!(eight & UINT64_C(0x8080808080808080))) {
                at += sizeof(eight);
                continue;
            }
        }
        size_t len = sequence(s + at, text.len - at);
        if (!len)
            return at;
        at += len;
    }
    return SIZE_MAX;
}

size_t utf8_count(struct view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

uint32_t utf8_next(struct view *text)
{
    static const unsigned char payload[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    const unsigned char *s = (const unsigned char *)text->ptr;
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len > text->len)
        len = text->len;
    uint32_t c = s[0] & payload[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (s[i] & 0x3fu);
    *text = (struct view){ text->ptr + len, text->len - len };
    return c;
}
