/*
 * v2_msg.h — one V2 message: a flat list of named values (V2 1.3), read from XML and written to it.
 *
 * One parse, one list: what is verified is what is used (V2 9.9). Values are the parsed texts:
 * entities resolved, CDATA unpacked, never trimmed. The message owns all bytes it shows; each name
 * and value is followed by a NUL that does not count.
 */
#ifndef WXPAY_V2_MSG_H
#define WXPAY_V2_MSG_H

#include "base/buf.h"

#define V2_FIELDS_MAX 256         /* a coupon takes three; real messages have below 100 */
#define V2_NAME_MAX   64          /* bytes of a name */
#define V2_XML_MAX    (64 * 1024) /* bytes of a document */

struct v2_field {
    struct view name, value;
    bool bare; /* written without CDATA: the platform's integers */
};

struct v2_text; /* private: a block of names and values */

struct v2_msg {
    struct v2_field *field; /* owned array, in the order of arrival */
    size_t count, cap;
    uint64_t names;       /* private: a bit per hashed name; a clear bit means "not here" */
    struct v2_text *text; /* owned: what the views show. A view holds until clear or release */
};

/* Zeroed is a valid empty message. */
void v2_msg_release(struct v2_msg *msg);

/* Forget the fields, keep the memory. */
void v2_msg_clear(struct v2_msg *msg);

/*
 * Append; name and value are copied. ERR_LIMIT above V2_FIELDS_MAX, ERR_EXISTS for a known name,
 * ERR_TOO_LONG for a name above V2_NAME_MAX or a value above V2_XML_MAX, ERR_SYNTAX for no name.
 */
[[nodiscard]] int v2_msg_add(struct v2_msg *msg, struct view name, struct view value);
[[nodiscard]] int v2_msg_add_str(struct v2_msg *msg, const char *name, const char *value);
[[nodiscard]] int v2_msg_add_int(struct v2_msg *msg, const char *name, int64_t value);

/* Give @name another value where it stands, or append it. The field is no longer bare. */
[[nodiscard]] int v2_msg_set(struct v2_msg *msg, const char *name, struct view value);
/* Take the field out; the others keep their order. False when there is none. */
bool v2_msg_remove(struct v2_msg *msg, const char *name);

/* Value of @name; ptr NULL when there is no such element, len 0 when it is empty. */
struct view v2_msg_get(const struct v2_msg *msg, const char *name);
bool v2_msg_has(const struct v2_msg *msg, const char *name);
/* Not absent and not empty. */
bool v2_msg_filled(const struct v2_msg *msg, const char *name);

/* What a document looked like beyond its fields; for remarks and hints. */
struct v2_shape {
    bool declaration, bom; /* in front of the root */
    bool leading_space;    /* white space in front of the document */
    bool root_is_root;     /* <root> instead of <xml> (interop) */
    bool cdata, entities;  /* any seen */
    bool carriage_return;  /* a CR in the raw bytes */
};

/* Why a document was refused, and where. */
struct v2_fault {
    enum v2_fault_kind {
        V2_FAULT_NONE,
        V2_FAULT_EMPTY,     /* POST_DATA_EMPTY */
        V2_FAULT_ENCODING,  /* not UTF-8, or another encoding declared: NOT_UTF8 */
        V2_FAULT_MALFORMED, /* not well formed: XML_FORMAT_ERROR, as are all below */
        V2_FAULT_ROOT,      /* root neither <xml> nor <root> */
        V2_FAULT_DOCTYPE,
        V2_FAULT_NESTED,    /* an element below a field, or text between fields */
        V2_FAULT_ATTRIBUTE, /* attributes, name spaces, comments or instructions inside */
        V2_FAULT_DUPLICATE,
        V2_FAULT_LIMIT, /* size, count or name length */
        V2_FAULT_NOMEM,
    } kind;
    unsigned line; /* 1-based; 0 unknown */
    char rule[96]; /* plain words: which rule, which element */
};

/*
 * Read a document. 0; ERR_SYNTAX with *fault filled; ERR_NOMEM (fault V2_FAULT_NOMEM).
 * @msg is cleared first and empty after an error. @shape and @fault may be NULL.
 * No DTD, no entity beyond the five, no network, whatever the document says (V2 9.1, 9.2).
 * One parser context is kept per thread.
 */
[[nodiscard]] int v2_msg_read(struct v2_msg *msg, struct view xml, struct v2_shape *shape,
                              struct v2_fault *fault);

/* As the platform writes (V2 1.4): children in order of @msg, one LF after each, no declaration. */
enum v2_quote {
    V2_QUOTE_CDATA, /* every value in CDATA, "]]>" split; integers added by v2_msg_add_int() bare */
    V2_QUOTE_BARE,  /* escaped text nodes */
};
/*
 * Appended to @out, which is as before after an error. ERR_SYNTAX when a name is no XML name or a
 * value holds a character that XML 1.0 cannot carry, ERR_UTF8 when it is not UTF-8. A carriage
 * return is written as &#13;, so that what is read again is what was written.
 */
[[nodiscard]] int v2_msg_write(const struct v2_msg *msg, enum v2_quote quote, struct buf *out);

/* What is about a refund is laid out in other ways (V2 7.2, 7.3). Zeroed is V2 1.4. */
struct v2_layout {
    enum v2_quote quote;
    const char *root; /* NULL: "xml" */
    bool root_line;   /* a line feed after the opening tag of the root as well */
    bool joined;      /* no line feed anywhere */
};
/* v2_msg_write() in a layout of the caller's. */
[[nodiscard]] int v2_msg_write_as(const struct v2_msg *msg, const struct v2_layout *layout,
                                  struct buf *out);

/* Sort the fields by name, byte order: layout B. */
void v2_msg_sort(struct v2_msg *msg);

#endif
