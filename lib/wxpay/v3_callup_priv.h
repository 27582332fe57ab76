/*
 * v3_callup_priv.h — what v3_callup_hint.c and v3_callup_alts.c share: the mistakes that can be named,
 * and the lines with the ways of writing them wrongly.
 */
#ifndef WXPAY_V3_CALLUP_PRIV_H
#define WXPAY_V3_CALLUP_PRIV_H

#include "wxpay/callup.h"
#include "wxpay/v3_hint_priv.h"

#include <openssl/evp.h>

#define CALLUP_CAUSE_MAP(X)                                                                        \
    X(NO_PREFIX, "prepay-prefix-missing",                                                          \
      "the fourth line was signed without prepay_id= in front",                                    \
      "JSAPI and mini programs sign package as it is handed over: prepay_id=<id> (V3 4.13)")       \
    X(PREFIX, "prepay-prefix-signed", "the fourth line was signed with prepay_id= in front",       \
      "APP signs the bare prepay_id (V3 4.13)")                                                    \
    X(PACKAGE, "package-signed", "package was signed, and not the prepay_id",                      \
      "APP's fourth line is the bare prepay_id, not Sign=WXPay (V3 4.13)")                         \
    X(OTHER_APPID, "appid-differs", "another appid was signed than is handed over",                \
      "sign with the appid of the page or app that calls, the one of the order (V3 4.13)")         \
    X(APPID_CASE, "appid-case", "the appid was signed in other letters than are handed over",      \
      "use the same appid in the parameters and in the signature (V3 4.13)")                       \
    X(MILLISECONDS, "timestamp-milliseconds",                                                      \
      "the timestamp was signed in another unit than is handed over",                              \
      "take seconds once, and hand over the same text that was signed (V3 4.13)")                  \
    X(OTHER_STAMP, "timestamp-differs", "another timestamp was signed than is handed over",        \
      "read the clock once; do not make the timestamp in the page (V3 4.13)")                      \
    X(NONCE_CASE, "nonce-case", "the nonce was signed in other letters than are handed over",      \
      "use the same nonce in the parameters and in the signature (V3 4.13)")                       \
    X(OTHER_NONCE, "nonce-differs", "another nonce was signed than is handed over",                \
      "make the nonce once, and hand over the one that was signed (V3 4.13)")                      \
    X(SIGN_TYPE, "sign-type-signed", "signType was signed too",                                    \
      "sign four lines: appid, timestamp, nonce, prepay_id (V3 4.13)")                             \
    X(ALL_SIGNED, "all-parameters-signed", "lines of more parameters were signed",                 \
      "sign four lines: appid, timestamp, nonce, prepay_id (V3 4.13)")                             \
    X(NO_LAST_LF, "last-line-feed-missing", "the line feed behind the last line is missing",       \
      "end each of the four lines with a line feed, also the last (V3 4.13)")                      \
    X(EXTRA_LF, "line-feed-too-many", "there is one line feed too many at the end",                \
      "end the fourth line with one line feed (V3 4.13)")                                          \
    X(CRLF, "lines-end-in-crlf", "lines end in CR LF or CR instead of LF",                         \
      "end each line with the one byte 0x0A (V3 4.13)")                                            \
    X(BACKSLASH_N, "backslash-n", "a backslash and an n stand where a line feed belongs",          \
      "write \\n in a string that your language unescapes: \"\\n\", not '\\n' (V3 4.13)")          \
    X(NOT_LINES, "not-lines", "the parts are not separated by line feeds",                         \
      "end each of the four parts with a line feed (V3 4.13)")                                     \
    X(LINE_ORDER, "lines-in-other-order", "the four lines are in another order",                   \
      "appid, timestamp, nonce, prepay_id (V3 4.13)")                                              \
    X(LINE_LEFT_OUT, "line-left-out", "one of the four lines was left out",                        \
      "sign all four: appid, timestamp, nonce, prepay_id (V3 4.13)")                               \
    X(V2_TEXT, "v2-text", "the sorted name=value text of API V2 was signed",                       \
      "sign the four lines of V3: appid, timestamp, nonce, prepay_id (V3 4.13)")                   \
    X(OTHER_TEXT, "right-key-other-text", "another text was signed than these four lines",         \
      "print the text that you sign and compare it with the four lines, byte by byte (V3 4.13)")

enum callup_cause {
#define X(name, id, what, repair) CALLUP_CAUSE_##name,
    CALLUP_CAUSE_MAP(X)
#undef X
        CALLUP_CAUSE_NONE
};

/* The four lines; what else a client holds has no other spellings. */
enum callup_part {
    CALLUP_APPID,
    CALLUP_STAMP,
    CALLUP_NONCE,
    CALLUP_WHAT,
    CALLUP_LINES,
    CALLUP_TYPE = CALLUP_LINES,
    CALLUP_PARTNER,
    CALLUP_PACKAGE,
    CALLUP_PARTS
};

#define ALTS_MAX    72
#define STORE_BYTES (64 * 1024)
#define SECONDS_OFF 30

struct callup_alt {
    enum callup_cause cause;
    const char *detail;
    struct view text;
};

struct callup_search {
    const struct v3_callup_hint *hint;
    const struct v3_hint_input *in;
    const struct v3_proof *proof;
    struct v3_seen *seen;
    struct buf *text; /* of the caller */
    struct buf store; /* what alternatives are made of; reserved once, so views into it last */
    size_t count[CALLUP_PARTS];
    struct callup_alt alt[CALLUP_PARTS][ALTS_MAX];
    EVP_MD *md;
    EVP_MD_CTX *pen;
    int err;
};

/* All parts of search->hint. The store is the caller's to release, also after an error. */
[[nodiscard]] int v3_callup_fill(struct callup_search *search);

#endif
