/*
 * err.h — the one catalogue of the world's mistakes.
 *
 * A negative int says what went wrong outside: no memory, peer gone, disk full. Ours start at
 * -5001; libuv's and -errno lie above -5000, so one [[nodiscard]] int carries either. A refusal
 * (the platform says no to a merchant) is never one of these; see sandbox/engine/refusal.h.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MAP(X)                                                                                 \
    X(NOMEM, -5001, "out of memory")                                                               \
    X(TOO_LONG, -5002, "longer than its bound")                                                    \
    X(SYNTAX, -5003, "malformed input")                                                            \
    X(RANGE, -5004, "number out of range")                                                         \
    X(UTF8, -5005, "not valid UTF-8")                                                              \
    X(NOT_FOUND, -5006, "not found")                                                               \
    X(EXISTS, -5007, "exists already")                                                             \
    X(CRYPTO, -5008, "cryptographic library refused")                                              \
    X(STORE, -5009, "the store refused")                                                           \
    X(IO, -5010, "input or output failed")                                                         \
    X(TIMEOUT, -5011, "took longer than its bound")                                                \
    X(LIMIT, -5012, "too many of them")                                                            \
    X(USAGE, -5013, "wrong usage")                                                                 \
    X(CLOSED, -5014, "closed")                                                                     \
    X(ADDRESS, -5015, "address not allowed")                                                       \
    X(SIGNATURE, -5016, "signature does not hold")                                                 \
    X(PROTOCOL, -5017, "the peer broke the protocol")

enum {
#define X(name, value, text) ERR_##name = value,
    ERR_MAP(X)
#undef X
};

/* "ERR_NOMEM", "ECONNREFUSED", … ; "ERR_?" for an unknown code. Static, never NULL. */
const char *err_name(int err);

/* One short English phrase for people. Static, never NULL. */
const char *err_text(int err);

#endif
