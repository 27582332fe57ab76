/*
 * v3_hint_priv.h — what the files v3_hint*.c share.
 *
 *   v3_hint_proof.c   the signature is read and opened: which key, padding, digest
 *   v3_hint_parts.c   the five lines, each with the ways of writing it wrongly
 *   v3_hint_body.c    … the body's ways; v3_hint_json.c writes JSON anew for it
 *   v3_hint_whole.c   texts that take the place of all five
 *   v3_hint_text.c    whole texts put together from them, and compared with what was opened
 *   v3_hint.c         the steps above in their order, and the telling
 */
#ifndef WXPAY_V3_HINT_PRIV_H
#define WXPAY_V3_HINT_PRIV_H

#include "wxpay/v3_hint.h"

#include <jansson.h>

#define V3_CAUSE_MAP(X)                                                                            \
    /* how the signature is written */                                                             \
    X(SIGNATURE_ABSENT, "signature-absent", "there is no signature",                               \
      "put the base64 of the RSA signature into signature=\"…\" (V3 2.2)")                         \
    X(V2_SIGN, "v2-sign",                                                                          \
      "the signature is hex digits of an MD5 or a SHA-256, as a sign of API V2",                   \
      "V3 wants SHA256withRSA by the merchant's private key, base64 (V3 2.1)")                     \
    X(ONLY_DIGEST, "digest-for-signature",                                                         \
      "the signature has the length of a digest or an HMAC, not of an RSA signature",              \
      "sign with the merchant's private key, SHA256withRSA: 256 bytes (V3 2.1)")                   \
    X(KEY_SIZE, "key-size", "the signature was made by an RSA key of another length than 2048",    \
      "use the private key of the merchant API certificate, 2048 bits (V3 2.1)")                   \
    X(NOT_RSA, "not-rsa", "the signature looks like one of an elliptic curve (ECDSA, SM2)",        \
      "use the RSA key of the merchant API certificate (V3 2.1)")                                  \
    X(NOT_SIGNATURE, "not-a-signature", "the signature is not 256 bytes in base64",                \
      "write the 256 bytes of the RSA signature in base64, 344 characters (V3 2.1)")               \
    X(HEX, "signature-hex", "the signature is written in hex digits",                              \
      "write it in base64 (V3 2.1)")                                                               \
    X(TWICE, "signature-base64-twice", "the signature was put into base64 twice",                  \
      "your library returns base64 already: do not encode it again (V3 2.1)")                      \
    X(PERCENT, "signature-percent-encoded", "the signature is percent-encoded",                    \
      "write + / = of the base64 as they are: a header is no URL (V3 2.1)")                        \
    X(PLUS_LOST, "signature-plus-lost", "every + of the signature became a blank",                 \
      "do not pass the signature through a form or URL decoder (V3 2.1)")                          \
    X(SIGNATURE_BLANKS, "signature-has-blanks",                                                    \
      "there are blanks or line breaks inside the signature",                                      \
      "write base64 without line breaks: NO_WRAP, encodeToString, base64 -w0 (V3 2.1)")            \
    X(URL_SAFE, "signature-url-safe", "the signature is in the URL-safe alphabet of base64",       \
      "use standard base64, with + and / (V3 2.1)")                                                \
    X(NO_PADDING, "signature-without-padding", "the == at the end of the signature is missing",    \
      "use base64 with padding (V3 2.1)")                                                          \
    X(REVERSED, "signature-reversed", "the bytes of the signature are in reverse order",           \
      "write the signature with its first byte first, as PKCS#1 has it (V3 2.1)")                  \
    /* who made it */                                                                              \
    X(PLATFORM_KEY, "platform-key", "the signature was made by the key of the platform",           \
      "sign with the merchant's private key; the platform's is for its answers (V3 2.1, 2.5)")     \
    X(OTHER_SERIAL, "other-serial",                                                                \
      "the key is this merchant's, but of another certificate than serial_no names",               \
      "put the serial of the certificate whose key signs into serial_no (V3 8.1 F5)")              \
    X(OTHER_KEY, "other-account-key", "the key of another account was used",                       \
      "use the private key of the mchid in the header (V3 2.1)")                                   \
    X(WRONG_KEY, "wrong-key", "no key known here made this signature",                             \
      "check that the private key belongs to the certificate that serial_no names (V3 2.3)")       \
    /* how it was made */                                                                          \
    X(PSS, "pss", "the padding is PSS", "use PKCS#1 v1.5: SHA256withRSA, RSA-SHA256 (V3 2.1)")     \
    X(SHA1, "sha1", "the text was digested with SHA-1", "use SHA-256: SHA256withRSA (V3 2.1)")     \
    X(MD5, "md5", "the text was digested with MD5", "use SHA-256: SHA256withRSA (V3 2.1)")         \
    X(OTHER_DIGEST, "other-digest", "the text was digested with another algorithm than SHA-256",   \
      "use SHA-256: SHA256withRSA (V3 2.1)")                                                       \
    X(NO_DIGEST_INFO, "digest-without-its-name",                                                   \
      "the digest was encrypted bare, without the DigestInfo that names the algorithm",            \
      "use your library's signing function, SHA256withRSA, not RSA encryption (V3 2.1)")           \
    X(NOT_HASHED, "text-not-digested", "bytes were encrypted with the private key undigested",     \
      "use your library's signing function, SHA256withRSA, not RSA encryption (V3 2.1)")           \
    /* lines */                                                                                    \
    X(NO_LAST_LF, "last-line-feed-missing", "the line feed behind the last line is missing",       \
      "end each of the five lines with a line feed, also the last and an empty one (V3 2.1)")      \
    X(EXTRA_LF, "line-feed-too-many", "there is one line feed too many at the end",                \
      "end the fifth line with one line feed (V3 2.1)")                                            \
    X(CRLF, "lines-end-in-crlf", "lines end in CR LF or CR instead of LF",                         \
      "end each line with the one byte 0x0A (V3 2.1)")                                             \
    X(BACKSLASH_N, "backslash-n", "a backslash and an n stand where a line feed belongs",          \
      "write \\n in a string that your language unescapes: \"\\n\", not '\\n' (V3 2.1)")           \
    X(NOT_LINES, "not-lines", "the parts are not separated by line feeds",                         \
      "end each of the five parts with a line feed (V3 2.1)")                                      \
    X(LINE_BLANKS, "lines-have-blanks", "there are blanks at the ends or beginnings of lines",     \
      "nothing stands between a part and its line feed (V3 2.1)")                                  \
    X(STAMP_NONCE, "timestamp-nonce-swapped", "timestamp and nonce changed places",                \
      "third the timestamp, fourth the nonce (V3 2.1)")                                            \
    X(LINE_ORDER, "lines-in-other-order", "the five lines are in another order",                   \
      "method, target, timestamp, nonce, body (V3 2.1)")                                           \
    X(ANSWER_TEXT, "answer-text", "the three lines of an answer were signed",                      \
      "a request has five: method and target in front (V3 2.1, 2.5)")                              \
    X(LINE_LEFT_OUT, "line-left-out", "one of the five lines was left out",                        \
      "sign all five lines; one without content is a line feed alone (V3 2.1)")                    \
    /* method and target */                                                                        \
    X(METHOD_CASE, "method-case", "the method was signed in other letters",                        \
      "write the method in upper case (V3 2.1)")                                                   \
    X(OTHER_METHOD, "other-method", "another method was signed than was sent",                     \
      "sign the method of the request line (V3 2.1)")                                              \
    X(QUERY_LEFT_OUT, "query-left-out", "the query string was not signed",                         \
      "sign path, ? and query exactly as on the request line (V3 2.1)")                            \
    X(QUERY_CHANGED, "query-changed", "the query was signed in another order or form",             \
      "build the query once, then sign and send the same bytes (V3 2.1)")                          \
    X(HOST, "host-in-target", "the host was signed in front of the path",                          \
      "begin the second line with the path: /v3/… (V3 2.1)")                                       \
    X(DECODED, "target-decoded", "the target was signed decoded, but sent percent-encoded",        \
      "sign the target as on the request line, encoded (V3 2.1)")                                  \
    X(ENCODED, "target-encoded", "the target was signed with more percent-encoding than sent",     \
      "sign the target as on the request line; some clients rewrite it (V3 8.1 F3)")               \
    X(ESCAPE_CASE, "target-escape-case", "the hex digits of %XX were signed in another case",      \
      "build the target once, then sign and send the same bytes (V3 2.1)")                         \
    X(PATH_PREFIX, "path-prefix", "the path was signed with another beginning than was sent",      \
      "sign the whole path that arrives here; mind base addresses and proxies (V3 8.1 F3)")        \
    X(SLASH, "path-slash", "a slash was signed that was not sent, or the other way round",         \
      "build the target once, then sign and send the same bytes (V3 8.1 F3)")                      \
    X(TEMPLATE, "path-template", "the path was signed with the name of a parameter in it",         \
      "put the number into the path before signing (V3 2.1)")                                      \
    X(TARGET_CASE, "target-case", "the target was signed in other letters",                        \
      "sign the target as on the request line (V3 2.1)")                                           \
    /* timestamp and nonce */                                                                      \
    X(MILLISECONDS, "timestamp-milliseconds",                                                      \
      "the timestamp was signed in another unit than sent",                                        \
      "take seconds once, and use the same text in the header and in the signature (V3 2.1)")      \
    X(OTHER_STAMP, "timestamp-differs", "another timestamp was signed than the header has",        \
      "read the clock once, and use it in the header and in the signature (V3 2.1)")               \
    X(NONCE_CASE, "nonce-case", "the nonce was signed in other letters than the header has",       \
      "use the same nonce text in the header and in the signature (V3 2.1)")                       \
    X(OTHER_NONCE, "nonce-differs", "another nonce was signed than the header has",                \
      "make the nonce once, and use it in the header and in the signature (V3 2.1)")               \
    /* body */                                                                                     \
    X(BODY_LEFT_OUT, "body-left-out", "the body was not signed",                                   \
      "sign the bytes of the body as the fifth line (V3 2.1)")                                     \
    X(BODY_INVENTED, "body-invented", "something was signed as the body, but nothing sent",        \
      "without a body the fifth line is empty (V3 2.1)")                                           \
    X(BODY_QUERY, "query-as-body", "the parameters of the query were signed as the body",          \
      "they belong to the target; without a body the fifth line is empty (V3 2.1)")                \
    X(BODY_NEWLINE, "body-final-newline",                                                          \
      "body and signed text differ in white space at the end of the body",                         \
      "serialise the body once, then sign and send the same bytes (V3 8.1 F1)")                    \
    X(BODY_LINE_ENDS, "body-line-ends", "the body was signed with other line ends",                \
      "serialise the body once, then sign and send the same bytes (V3 8.1 F1)")                    \
    X(BODY_BOM, "body-byte-order-mark", "a byte order mark was signed but not sent, or sent only", \
      "send and sign UTF-8 without a byte order mark (V3 9 WX3-009)")                              \
    X(BODY_SERIAL, "body-reserialised", "the body was signed in another JSON spelling",            \
      "serialise the body once, then sign and send the same bytes (V3 8.1 F1)")                    \
    X(BODY_SORTED, "body-keys-sorted", "the body was signed with its keys sorted",                 \
      "serialise the body once, then sign and send the same bytes (V3 8.1 F1)")                    \
    X(BODY_NULLS, "body-nulls-dropped", "the body was signed without its null members",            \
      "serialise the body once, then sign and send the same bytes (V3 8.1 F1)")                    \
    X(BODY_QUOTED, "body-quoted", "the body was signed as a string inside JSON",                   \
      "the body is a string already: do not serialise it again (V3 8.1 F1)")                       \
    X(BODY_ENCODED, "body-encoded", "the body was signed URL-encoded, as base64 or escaped",       \
      "sign the bytes of the body as they are sent (V3 2.1)")                                      \
    X(BODY_GBK, "body-gbk", "the body was signed in GBK",                                          \
      "sign the bytes of the body in UTF-8: getBytes(UTF_8) (V3 1.1)")                             \
    X(BODY_CHARSET, "body-charset", "the characters of the body were lost before signing",         \
      "sign the bytes of the body in UTF-8: getBytes(UTF_8) (V3 1.1)")                             \
    /* the whole */                                                                                \
    X(DIGEST_SIGNED, "digest-signed", "a digest of the text was signed, so it is digested twice",  \
      "hand the text to SHA256withRSA, which digests it itself (V3 2.1)")                          \
    X(TEXT_ENCODED, "text-encoded", "the whole text was signed URL-encoded, in base64 or quoted",  \
      "sign the bytes of the five lines as they are (V3 2.1)")                                     \
    X(TEXT_CASE, "text-case", "the letters of the whole text were changed to one case",            \
      "sign the five lines as they are (V3 2.1)")                                                  \
    X(V2_TEXT, "v2-text", "the sorted name=value text of API V2 was signed",                       \
      "sign the five lines of V3: method, target, timestamp, nonce, body (V3 2.1)")                \
    X(OTHER_TEXT, "right-key-other-text", "another text was signed than these five lines",         \
      "print the text that you sign and compare it with the five lines, byte by byte (V3 2.1)")

enum v3_cause_id {
#define X(name, id, what, repair) V3_CAUSE_##name,
    V3_CAUSE_MAP(X)
#undef X
        V3_CAUSE_NONE
};

/* ---- what is shared with the hints of other signed texts ---------------------------------------- */

/* What was signed instead, as far as it was found. */
struct v3_seen {
    bool right;                      /* the right text was signed, however */
    const struct v3_cause *cause[2]; /* NULL: nothing (more) */
    const char *detail[2];
};

struct v3_proof;

/* A text that should have been signed, and who looks for the text that was. */
struct v3_hint_subject {
    /* Which text has the digest of @proof? Appended to @text (may be NULL), keys in it masked. */
    int (*seek)(const void *what, const struct v3_hint_input *in, const struct v3_proof *proof,
                struct v3_seen *seen, struct buf *text);
    const void *what; /* borrowed: of seek */
    struct view right;
    const struct v3_cause *other_text; /* told when nothing was found */
};

/*
 * The first mistake of in->signature, or NULL: it holds, or memory ran out. @detail as for
 * v3_hint_find(); so is in->signed_text.
 */
const struct v3_cause *v3_hint_tell(const struct v3_hint_input *in,
                                    const struct v3_hint_subject *subject, struct buf *detail);

/* ---- the signature --------------------------------------------------------------------------- */

#define V3_RSA_BYTES (V3_KEY_BITS / 8)

/* What the header's text turned out to hold. */
struct v3_sig {
    enum v3_cause_id cause;  /* how its dress is wrong, or V3_CAUSE_NONE */
    enum v3_cause_id cause2; /* a second fault of dress, or V3_CAUSE_NONE */
    size_t len;              /* of what it decodes to; it is a signature if V3_RSA_BYTES */
    unsigned char bytes[V3_RSA_BYTES];
};

/* Only our own trouble is an error. */
[[nodiscard]] int v3_sig_read(struct v3_sig *out, struct view text);

enum v3_proof_form {
    V3_PROOF_NONE,  /* this key did not make it */
    V3_PROOF_PKCS1, /* digest with DigestInfo */
    V3_PROOF_BARE,  /* digest without */
    V3_PROOF_BYTES, /* anything else in PKCS#1 v1.5 */
    V3_PROOF_PSS,   /* sum is the hash of the padded digest */
    V3_PROOF_MAYBE, /* as PSS, but it could be chance unless a text fits */
};

/* A signature opened with a public key. */
struct v3_proof {
    enum v3_proof_form form;
    const char *digest; /* OpenSSL's name; NULL if unknown */
    size_t len, salt_len;
    unsigned char sum[V3_RSA_BYTES], salt[V3_RSA_BYTES];
};

/* Never fails: what cannot be opened is V3_PROOF_NONE. */
void v3_proof_open(struct v3_proof *out, const struct v3_public *key,
                   const unsigned char bytes[V3_RSA_BYTES]);

/* Is this the digest that was signed? @len as the algorithm has it. */
bool v3_proof_fits(const struct v3_proof *proof, const unsigned char *digest, size_t len);

/* ---- the parts ------------------------------------------------------------------------------- */

enum v3_part { PART_METHOD, PART_TARGET, PART_STAMP, PART_NONCE, PART_BODY, PARTS };

#define V3_ALTS_MAX   192
#define V3_ALTS_BYTES (2 * 1024 * 1024)

/* One way of writing a part. The first of each part is the right one. */
struct v3_alt {
    enum v3_cause_id cause;
    const char *detail; /* static; may be NULL */
    size_t at, len;     /* in the store */
};

struct v3_alts {
    const struct v3_hint_input *in;
    struct buf store;
    size_t count[PARTS];
    struct v3_alt alt[PARTS][V3_ALTS_MAX];
    int err; /* sticky; out of memory only: what is too long is left out instead */
};

struct view v3_alt_view(const struct v3_alts *alts, enum v3_part part, size_t index);
/* Bytes that the store may still take: what will not fit need not be built. */
static inline size_t v3_alts_room(const struct v3_alts *alts)
{
    return alts->store.max - alts->store.len;
}
/* Nothing happens when the part can be written so already, or there is no room. */
void v3_alts_add(struct v3_alts *alts, enum v3_part part, struct v3_alt alt, struct view text);
/* The same of a buffer that a maker filled with the result @err; it is emptied. */
void v3_alts_add_made(struct v3_alts *alts, enum v3_part part, struct v3_alt alt, int err,
                      struct buf *made);

/* All parts of alts->in. The caller zeroes @alts, sets in and releases the store. */
void v3_alts_fill(struct v3_alts *alts);
void v3_alts_fill_body(struct v3_alts *alts);

/* Of one hex digit, or -1. */
static inline int v3_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Spellings; each appends to @out. */
enum v3_letters { LETTERS_LOWER, LETTERS_UPPER };
[[nodiscard]] int v3_spell_letters(struct view text, enum v3_letters to, struct buf *out);
/* What is in neither @keep nor a letter or digit becomes %XX; a blank becomes @blank. */
[[nodiscard]] int v3_spell_percent(struct view text, const char *keep, const char *blank,
                                   struct buf *out);
/* %XX becomes a byte, and + a blank if so asked. */
[[nodiscard]] int v3_spell_decoded(struct view text, bool plus, struct buf *out);
/* A string of JSON with its quotation marks. */
[[nodiscard]] int v3_spell_quoted(struct view text, struct buf *out);

/* JSON without a byte order mark, for json_decref(). NULL: none, or no memory. */
json_t *v3_json_of(struct view body);
/* The parameters of a target's query as an object of strings; NULL as above. */
json_t *v3_json_of_query(struct view target);
/* The name of a style, static; NULL behind the last one. */
const char *v3_json_style(size_t index);
/*
 * Written anew in that style. Token by token: order and numbers stay. @json is what jansson takes,
 * without a byte order mark.
 */
[[nodiscard]] int v3_json_restyle(size_t index, struct view json, struct buf *out);

/* ---- the whole ------------------------------------------------------------------------------- */

/* A text in place of the five lines. */
struct v3_whole {
    enum v3_cause_id cause;
    const char *detail;
    /* @style is the function's own matter; @mask: keys are not to be seen. Any error: not made. */
    int (*make)(const struct v3_hint_input *in, const char *style, bool mask, struct buf *out);
    const char *style;
};

/* NULL behind the last one. */
const struct v3_whole *v3_whole_at(size_t index);

/* ---- the search ------------------------------------------------------------------------------ */

struct v3_found {
    bool right;                /* the five lines were signed */
    enum v3_cause_id cause[2]; /* V3_CAUSE_NONE: nothing (more) */
    const char *detail[2];
};

/*
 * Which text has the digest of @proof? It is appended to @text (may be NULL), keys in it masked.
 * Returns 0 or our own trouble; nothing found is no error.
 */
[[nodiscard]] int v3_text_find(const struct v3_hint_input *in, const struct v3_proof *proof,
                               struct v3_found *found, struct buf *text);

#endif
