/*
 * The writer of V2 1.4. A value that needs no care — nearly every one — is sized, reserved and
 * copied in one go; the others take the slow road, piece by piece.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v2_msg_priv.h"

#define OPEN_CDATA  "<![CDATA["
#define CLOSE_CDATA "]]>"
/* Around a field: "<" name ">" … "</" name ">" and the line feed of layout A. */
#define TAG_BYTES 6

/* What a byte of a value may mean. Zero is plain in both quotings. */
enum {
    MARKUP = 1,    /* & < >: escaped outside CDATA */
    BRACKET = 2,   /* ]: may end a CDATA section */
    RETURN = 4,    /* CR: a reader would turn it into LF */
    HIGH = 8,      /* part of a UTF-8 sequence: to be checked */
    FORBIDDEN = 16 /* XML 1.0 has no way to carry it */
};

static const unsigned char byte_kind[256] = {
    [0x00 ... 0x08] = FORBIDDEN,
    [0x0b ... 0x0c] = FORBIDDEN,
    [0x0e ... 0x1f] = FORBIDDEN,
    ['\r'] = RETURN,
    ['&'] = MARKUP,
    ['<'] = MARKUP,
    ['>'] = MARKUP,
    [']'] = BRACKET,
    [0x80 ... 0xff] = HIGH,
};

static unsigned kinds_of(struct view text)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < text.len; i++)
        kinds |= byte_kind[(unsigned char)text.ptr[i]];
    return kinds;
}

size_t v2_xml_bad_char(struct view text)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    for (size_t i = 0; i < text.len; i++) {
        if (byte_kind[s[i]] & FORBIDDEN)
            return i;
        /* U+FFFE and U+FFFF: well-formed UTF-8, but no characters of XML */
        if (s[i] == 0xef && text.len - i >= 3 && s[i + 1] == 0xbf && s[i + 2] >= 0xbe)
            return i;
    }
    return SIZE_MAX;
}

/* 0, or why this value cannot be written. */
static int check_value(struct view value, unsigned kinds)
{
    if (kinds & FORBIDDEN)
        return ERR_SYNTAX;
    if (!(kinds & HIGH))
        return 0;
    if (utf8_broken_at(value) != SIZE_MAX)
        return ERR_UTF8;
    return v2_xml_bad_char(value) == SIZE_MAX ? 0 : ERR_SYNTAX;
}

/* The name characters of XML 1.0 (fifth edition) beyond ASCII; the last three cannot come first. */
static const struct {
    uint32_t from, to;
    bool later_only;
} name_range[] = {
    { 0xc0, 0xd6, false },     { 0xd8, 0xf6, false },     { 0xf8, 0x2ff, false },
    { 0x370, 0x37d, false },   { 0x37f, 0x1fff, false },  { 0x200c, 0x200d, false },
    { 0x2070, 0x218f, false }, { 0x2c00, 0x2fef, false }, { 0x3001, 0xd7ff, false },
    { 0xf900, 0xfdcf, false }, { 0xfdf0, 0xfffd, false }, { 0x10000, 0xeffff, false },
    { 0xb7, 0xb7, true },      { 0x300, 0x36f, true },    { 0x203f, 0x2040, true },
};

static bool is_name_char(uint32_t c, bool first)
{
    if ((c | 0x20) - 'a' < 26 || c == '_')
        return true;
    if (c < 0x80)
        return !first && (c - '0' < 10 || c == '-' || c == '.');
    for (size_t i = 0; i < COUNT(name_range); i++)
        if (c >= name_range[i].from && c <= name_range[i].to)
            return !first || !name_range[i].later_only;
    return false;
}

/* A name of plain letters and underscores, as nearly all are. */
static bool is_plain_name(struct view name)
{
    bool plain = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        plain &= (unsigned char)((name.ptr[i] | 0x20) - 'a') < 26 || name.ptr[i] == '_';
    return plain;
}

/* A name without a colon: what the reader takes. */
static bool is_name(struct view name)
{
    if (is_plain_name(name))
        return true;
    struct view rest = name;
    if (!name.len || utf8_broken_at(name) != SIZE_MAX)
        return false;
    while (rest.len) {
        bool first = rest.ptr == name.ptr;
        if (!is_name_char(utf8_next(&rest), first))
            return false;
    }
    return true;
}

/* Inside CDATA nothing is markup but "]]>" (split between its brackets) and CR (put outside). */
static int put_cdata(struct buf *out, struct view value)
{
    size_t from = 0;
    int err = buf_str(out, OPEN_CDATA);
    for (size_t i = 0; !err && i < value.len; i++) {
        const char *instead = NULL;
        if (value.ptr[i] == '\r')
            instead = CLOSE_CDATA "&#13;" OPEN_CDATA;
        else if (value.ptr[i] == '>' && i >= 2 && memcmp(value.ptr + i - 2, "]]", 2) == 0)
            instead = CLOSE_CDATA OPEN_CDATA ">";
        if (!instead)
            continue;
        err = buf_add(out, value.ptr + from, i - from);
        if (!err)
            err = buf_str(out, instead);
        from = i + 1;
    }
    if (!err)
        err = buf_add(out, value.ptr + from, value.len - from);
    return err ? err : buf_str(out, CLOSE_CDATA);
}

static int put_escaped(struct buf *out, struct view value)
{
    int err = 0;
    for (size_t i = 0; !err && i < value.len; i++) {
        switch (value.ptr[i]) {
        case '&': err = buf_str(out, "&amp;"); break;
        case '<': err = buf_str(out, "&lt;"); break;
        case '>': err = buf_str(out, "&gt;"); break;
        case '\r': err = buf_str(out, "&#13;"); break;
        default: err = buf_byte(out, value.ptr[i]);
        }
    }
    return err;
}

static int put_with_care(struct buf *out, const struct v2_field *field, bool cdata)
{
    int err = buf_byte(out, '<');
    if (!err)
        err = buf_view_add(out, field->name);
    if (!err)
        err = buf_byte(out, '>');
    if (!err)
        err = cdata ? put_cdata(out, field->value) : put_escaped(out, field->value);
    if (!err)
        err = buf_str(out, "</");
    if (!err)
        err = buf_view_add(out, field->name);
    return err ? err : buf_str(out, ">\n");
}

static char *put(char *at, const char *bytes, size_t len)
{
    if (len)
        memcpy(at, bytes, len);
    return at + len;
}

/* The common case: nothing in the value can be mistaken for markup. */
static int put_plain(struct buf *out, const struct v2_field *field, bool cdata)
{
    size_t quote = cdata ? strlen(OPEN_CDATA CLOSE_CDATA) : 0;
    size_t size = 2 * field->name.len + field->value.len + quote + TAG_BYTES;
    int err = buf_reserve(out, size);
    if (err)
        return err;
    char *at = out->ptr + out->len;
    *at++ = '<';
    at = put(at, field->name.ptr, field->name.len);
    *at++ = '>';
    if (cdata)
        at = put(at, OPEN_CDATA, strlen(OPEN_CDATA));
    at = put(at, field->value.ptr, field->value.len);
    if (cdata)
        at = put(at, CLOSE_CDATA, strlen(CLOSE_CDATA));
    at = put(at, "</", 2);
    at = put(at, field->name.ptr, field->name.len);
    at = put(at, ">\n", 3); /* with the NUL */
    out->len += size;
    return 0;
}

static int put_field(struct buf *out, const struct v2_field *field, enum v2_quote quote)
{
    bool cdata = quote == V2_QUOTE_CDATA && !field->bare;
    unsigned kinds = kinds_of(field->value);
    int err = check_value(field->value, kinds);
    if (err)
        return err;
    if (!is_name(field->name))
        return ERR_SYNTAX;
    bool care = cdata ? kinds & (BRACKET | RETURN) : kinds & (MARKUP | RETURN);
    return care ? put_with_care(out, field, cdata) : put_plain(out, field, cdata);
}

int v2_msg_write_as(const struct v2_msg *msg, const struct v2_layout *layout, struct buf *out)
{
    size_t before = out->len;
    int err = layout->root ? buf_fmt(out, "<%s>", layout->root) : buf_str(out, "<xml>");
    if (!err && layout->root_line)
        err = buf_byte(out, '\n');
    for (size_t i = 0; !err && i < msg->count; i++) {
        err = put_field(out, &msg->field[i], layout->quote);
        if (!err && layout->joined)
            out->ptr[--out->len] = '\0'; /* its line feed */
    }
    if (!err)
        err = layout->root ? buf_fmt(out, "</%s>", layout->root) : buf_str(out, "</xml>");
    if (err && out->ptr) {
        out->len = before;
        out->ptr[before] = '\0';
    }
    return err;
}

int v2_msg_write(const struct v2_msg *msg, enum v2_quote quote, struct buf *out)
{
    return v2_msg_write_as(msg, &(struct v2_layout){ .quote = quote }, out);
}
