/*
 * What the raw bytes of a document show, and what must be settled before libxml2 sees one.
 */
#include "base/utf8.h"
#include "wxpay/v2_msg_priv.h"

#include <stdio.h>

/* Hostile text for people: no control bytes, cut between characters. */
void v2_rule_text(char *out, size_t size, struct view text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i];
    out[len] = '\0';
}

/* "<rule>: <name>" — the name is the wire's and may be anything. */
void v2_fault_set(struct v2_fault *fault, enum v2_fault_kind kind, unsigned line, const char *rule,
                  struct view name)
{
    char whole[sizeof(fault->rule) * 2];
    int len = name.len ? snprintf(whole, sizeof(whole), "%s: <%.*s>", rule, VIEW_ARG(name))
                       : snprintf(whole, sizeof(whole), "%s", rule);
    size_t shown = (size_t)len < sizeof(whole) ? (size_t)len : sizeof(whole) - 1;
    fault->kind = kind;
    fault->line = line;
    v2_rule_text(fault->rule, sizeof(fault->rule), (struct view){ whole, shown });
}

bool v2_is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            return false;
    return true;
}

static unsigned line_of(struct view xml, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at; i++)
        line += xml.ptr[i] == '\n';
    return line;
}

/* "<?xml …?>" at the front of @xml, or empty. */
static struct view declaration_of(struct view xml)
{
    if (!view_starts(xml, VIEW("<?xml")) || xml.len < 6 || !v2_is_blank(xml.ptr + 5, 1))
        return (struct view){};
    size_t end = view_find(xml, VIEW("?>"));
    return end == SIZE_MAX ? (struct view){} : (struct view){ xml.ptr, end };
}

/* The value of encoding="…" in a declaration; empty when it says none. */
static struct view declared_encoding(struct view declaration)
{
    size_t at = view_find(declaration, VIEW("encoding"));
    if (at == SIZE_MAX)
        return (struct view){};
    at += strlen("encoding");
    struct view rest = view_trim((struct view){ declaration.ptr + at, declaration.len - at });
    if (!view_starts(rest, VIEW("=")))
        return (struct view){};
    rest = view_trim((struct view){ rest.ptr + 1, rest.len - 1 });
    if (rest.len < 2 || (rest.ptr[0] != '"' && rest.ptr[0] != '\''))
        return (struct view){};
    struct view behind;
    return view_cut((struct view){ rest.ptr + 1, rest.len - 1 }, rest.ptr[0], &behind);
}

/* A reference outside CDATA; only asked when there is an "&" at all. */
bool v2_has_reference(struct view xml)
{
    while (xml.len) {
        size_t amp = view_find(xml, VIEW("&"));
        size_t open = view_find(xml, VIEW("<![CDATA["));
        if (amp == SIZE_MAX || amp < open)
            return amp != SIZE_MAX;
        struct view rest = { xml.ptr + open, xml.len - open };
        size_t close = view_find(rest, VIEW("]]>"));
        if (close == SIZE_MAX)
            return false;
        xml = (struct view){ rest.ptr + close, rest.len - close };
    }
    return false;
}

/* What the raw bytes show. @body becomes the document without a byte order mark. */
struct v2_shape v2_look_at(struct view xml, struct view *body)
{
    struct v2_shape shape = { .bom = view_starts(xml, VIEW("\xef\xbb\xbf")) };
    *body = shape.bom ? (struct view){ xml.ptr + 3, xml.len - 3 } : xml;
    shape.leading_space = body->len && v2_is_blank(body->ptr, 1);
    shape.declaration = declaration_of(*body).len > 0;
    shape.carriage_return = xml.len && memchr(xml.ptr, '\r', xml.len);
    return shape;
}

/* Size, emptiness, encoding: what must be settled before libxml2 sees a byte. True to go on. */
bool v2_check_bytes(struct view xml, struct view body, struct v2_fault *fault)
{
    struct view none = {};
    if (!view_trim(body).len) {
        v2_fault_set(fault, V2_FAULT_EMPTY, 0, "the document is empty", none);
        return false;
    }
    if (xml.len > V2_XML_MAX) {
        v2_fault_set(fault, V2_FAULT_LIMIT, 0, "a document may have 65536 bytes at most", none);
        return false;
    }
    size_t broken = utf8_broken_at(xml);
    if (broken != SIZE_MAX) {
        v2_fault_set(fault, V2_FAULT_ENCODING, line_of(xml, broken), "not UTF-8", none);
        return false;
    }
    struct view encoding = declared_encoding(declaration_of(body));
    if (encoding.len && !view_eq_nocase(encoding, VIEW("utf-8"))) {
        v2_fault_set(fault, V2_FAULT_ENCODING, 1, "another encoding than UTF-8 declared", none);
        return false;
    }
    const char *nul = memchr(xml.ptr, '\0', xml.len);
    if (nul) {
        unsigned line = line_of(xml, (size_t)(nul - xml.ptr));
        v2_fault_set(fault, V2_FAULT_MALFORMED, line, "a NUL byte", none);
        return false;
    }
    return true;
}
