/*
 * oracle.h — the judge's own pen: signs, verifies, writes and reads V2 messages by itself, straight
 * on OpenSSL and libxml2. It shares no line with what it judges.
 *
 * A message is a list of fields in their order, so that it can hold what a correct one never does:
 * a name twice, a value that is signed but not sent, markup in the place of text. Knows no orders
 * and no network.
 */
#ifndef CONFORMANCE_ORACLE_H
#define CONFORMANCE_ORACLE_H

#include "base/buf.h"

enum oracle_algorithm { ORACLE_MD5, ORACLE_HMAC_SHA256 };

#define ORACLE_FIELDS_MAX 160
#define ORACLE_SIGN_LEN   64 /* of HMAC-SHA256; MD5 has 32 */
#define ORACLE_XML_MAX    ((size_t)1 << 20)

struct oracle_field {
    char *name, *value; /* owned; the value as a parser sees it, the one that is signed */
    char *markup;       /* owned; written between the tags instead of the value, or NULL */
    bool unsigned_;     /* written, but left out of the signature */
    bool unwritten;     /* in the signature, but not written */
};

/* Zeroed is empty. The value of a field may not hold NUL. */
struct oracle_msg {
    struct oracle_field field[ORACLE_FIELDS_MAX];
    size_t count;
    int err; /* the first thing that went wrong while adding; every output function returns it */
};

void oracle_release(struct oracle_msg *msg);

/* Append one field; the pointer lives until the message is changed. Never NULL. */
struct oracle_field *oracle_add(struct oracle_msg *msg, const char *name, const char *value);
struct oracle_field *oracle_add_i64(struct oracle_msg *msg, const char *name, int64_t value);

/* Append at the end with @markup in place of the value; @value is what is signed. */
void oracle_add_markup(struct oracle_msg *msg, const char *name, const char *value,
                       const char *markup);

/* Give the first field of that name another value, or append it. */
void oracle_set(struct oracle_msg *msg, const char *name, const char *value);
void oracle_set_i64(struct oracle_msg *msg, const char *name, int64_t value);

/* Take out every field of that name. */
void oracle_drop(struct oracle_msg *msg, const char *name);

/* The first value of that name, NULL when there is none. */
const char *oracle_get(const struct oracle_msg *msg, const char *name);

/* ---- signing (spec V2 2.1) ------------------------------------------------------------------ */

/* The text whose digest is the signature, with &key=. Appended to @out. */
[[nodiscard]] int oracle_text(const struct oracle_msg *msg, const char *key, struct buf *out);

/* Upper-case hex over everything but "sign". */
[[nodiscard]] int oracle_sign(const struct oracle_msg *msg, enum oracle_algorithm algorithm,
                              const char *key, char sign[ORACLE_SIGN_LEN + 1]);

/* Sets the field "sign" to the right signature. */
[[nodiscard]] int oracle_seal(struct oracle_msg *msg, enum oracle_algorithm algorithm,
                              const char *key);

/*
 * Sets the last digits of transaction_id, which must be the last field in byte order, so that the
 * right MD5 digest reads as a number too great for a double: digits, one E, digits (spec V2 9.6;
 * in a loosely typed language it equals 9E9999). About a million tries; ERR_LIMIT after 30 million.
 */
[[nodiscard]] int oracle_hunt_numeric(struct oracle_msg *msg, const char *key);

/* ---- is it signed right, and if not, why? --------------------------------------------------- */

struct oracle_signature {
    bool right; /* under the algorithm that sign_type names (absent: MD5), upper case */
    enum oracle_algorithm algorithm; /* that sign_type names */
    bool lower_case;                 /* the digest is right but for its letters */
    bool empty_fields;               /* the message has empty values */
    const char
        *cause; /* static: what would explain the signature; NULL when right or unexplained */
    bool empty_signed, type_unsigned, other_algorithm, trimmed,
        encoded; /* the causes, one by one */
    char expected[ORACLE_SIGN_LEN + 1];
};

[[nodiscard]] int oracle_verify(const struct oracle_msg *msg, const char *key,
                                struct oracle_signature *out);

/* ---- writing -------------------------------------------------------------------------------- */

enum oracle_quote { ORACLE_CDATA, ORACLE_BARE };

/* Zeroed: as the platform writes, V2 1.4: text in CDATA, integers bare, a line feed after each. */
struct oracle_shape {
    const char *before; /* raw bytes in front of the root: a declaration, a DOCTYPE; or NULL */
    const char *after;  /* raw bytes behind it, or NULL */
    bool all_bare;      /* no CDATA: escaped text */
    bool all_cdata;     /* integers too */
    bool one_line;      /* nothing between the elements */
    bool spaced;        /* blanks, tabs and line feeds between the elements */
};

/* The document; @shape may be NULL. Appended to @out. */
[[nodiscard]] int oracle_write(const struct oracle_msg *msg, const struct oracle_shape *shape,
                               struct buf *out);

/* ---- reading -------------------------------------------------------------------------------- */

/* What a strict reader saw in a document. */
struct oracle_reading {
    bool utf8;         /* the bytes are UTF-8 */
    bool parsed;       /* one well-formed XML document */
    char root[32];     /* name of the root element, cut */
    char encoding[32]; /* that a declaration names, "" when none does */
    bool declaration;  /* begins with <?xml */
    bool doctype;      /* has a document type */
    bool entities;     /* refers to an entity beyond the predefined five */
    bool nested;       /* an element inside a field, or attributes */
    bool stray_text;   /* text between the fields */
    char doubled[64];  /* first name that occurs twice, "" when none does */
};

/*
 * Reads the fields of @body into @msg (released and filled again). Damage is told in @reading, not
 * as an error; fields that can be read are read. Nothing external is loaded, no entity expanded.
 * Negative only without memory or above ORACLE_XML_MAX.
 */
[[nodiscard]] int oracle_read(struct view body, struct oracle_msg *msg,
                              struct oracle_reading *reading);

/* req_info of a refund's notification over @plain, base64, appended (V2 7.3). */
[[nodiscard]] int oracle_seal_info(const char *key, struct view plain, struct buf *out);

/* What the answer to a notification is worth, V2 6.3. In the order of the decision table. */
enum oracle_ack {
    ORACLE_ACK,             /* the XML, return_code exactly SUCCESS, nothing around it */
    ORACLE_ACK_DECLARATION, /* with an XML declaration in front */
    ORACLE_ACK_LEADING,     /* with white space or a byte order mark in front */
    ORACLE_NACK_STATUS,     /* the right XML under another status than 200 */
    ORACLE_NACK_BLANKS,     /* blanks around the value */
    ORACLE_NACK_CASE,       /* success in lower or mixed case */
    ORACLE_NACK_AROUND,     /* text or HTML around the XML */
    ORACLE_NACK_FAIL,       /* return_code is something else: a plain refusal */
    ORACLE_NACK_TEXT,       /* no XML of this kind: success, JSON, HTML, nothing */
};

enum oracle_ack oracle_ack(int status, struct view body);

/* Does the platform stop sending on this answer (lenient)? */
static inline bool oracle_ack_counts(enum oracle_ack ack)
{
    return ack <= ORACLE_ACK_LEADING;
}

/* For people: "the XML declaration in front", … Static. */
const char *oracle_ack_text(enum oracle_ack ack);

#endif
