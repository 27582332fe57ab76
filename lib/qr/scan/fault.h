/*
 * fault.h — why a picture gave no text: one word for programs, one phrase for people.
 */
#ifndef QR_SCAN_FAULT_H
#define QR_SCAN_FAULT_H

#define FAULT_MAP(X)                                                                               \
    X(NONE, "")                                                                                    \
    X(NOT_A_PICTURE, "not-a-picture") /* no magic of any picture */                                \
    X(UNSUPPORTED, "unsupported")     /* a picture, of a kind we do not read */                    \
    X(TOO_LARGE, "too-large")         /* too many bytes or pixels */                               \
    X(BROKEN, "broken")               /* begins right, cannot be decoded */                        \
    X(NO_CODE, "no-code")             /* decoded; no QR code found */                              \
    X(LIMIT, "limit")                 /* memory or processor time ran out */

enum fault_id {
#define X(name, word) FAULT_##name,
    FAULT_MAP(X)
#undef X
};

struct fault {
    enum fault_id id;
    char detail[160]; /* may hold any byte but NUL; what prints it cleans it */
};

/* The word. Static. */
const char *fault_word(enum fault_id id);

/* Fills @fault; returns @id, so that a caller can return it in turn. */
enum fault_id fault_set(struct fault *fault, enum fault_id id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
