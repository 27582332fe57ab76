/*
 * fault.h — ordered misbehaviour of the platform (docs/control-api.md, Faults).
 *
 * Kept per account in the order they were given, held in memory, written through to the store.
 */
#ifndef ENGINE_FAULT_H
#define ENGINE_FAULT_H

#include "engine/account.h"
#include "engine/refusal.h"

#define FAULTS_MAX      64 /* per account */
#define FAULT_EDITS_MAX 32
#define FAULT_BODY_MAX  (64 * 1024)

#define FAULT_KIND_MAP(X)                                                                          \
    X(DELAY, "delay")                                                                              \
    X(NO_ANSWER, "no_answer")                                                                      \
    X(CUT_BEFORE, "cut_before")                                                                    \
    X(CUT_AFTER, "cut_after")                                                                      \
    X(HTTP_STATUS, "http_status")                                                                  \
    X(SYSTEM_ERROR, "system_error")                                                                \
    X(WRONG_SIGN, "wrong_sign")                                                                    \
    X(NO_SIGN, "no_sign")                                                                          \
    X(TRUNCATED, "truncated")                                                                      \
    X(ALTER, "alter")                                                                              \
    X(RAW, "raw")                                                                                  \
    X(ALTERED_AMOUNT, "altered_amount")                                                            \
    X(COPIES, "copies")                                                                            \
    X(REFUSE, "refuse")                                                                            \
    X(BEFORE_ANSWER, "before_answer")                                                              \
    X(PROBE, "probe")                                                                              \
    X(STALE_STAMP, "stale_stamp")                                                                  \
    X(FUTURE_STAMP, "future_stamp")                                                                \
    X(UNKNOWN_SERIAL, "unknown_serial")                                                            \
    X(ROGUE_KEY, "rogue_key")                                                                      \
    X(MISSING_HEADER, "missing_header")                                                            \
    X(TAMPERED_CIPHERTEXT, "tampered_ciphertext")                                                  \
    X(TAMPERED_DATA, "tampered_associated_data")

enum fault_kind {
    FAULT_NONE,
#define X(id, name) FAULT_##id,
    FAULT_KIND_MAP(X)
#undef X
};
const char *fault_kind_name(enum fault_kind kind);

/* The five of V3 2.5, in the order in which the platform sends them; NULL after the last. */
extern const char *const fault_header_names[];

enum fault_door { FAULT_DOOR_API, FAULT_DOOR_NOTIFICATION };
enum fault_sign { FAULT_SIGN_VALID, FAULT_SIGN_STALE, FAULT_SIGN_WRONG, FAULT_SIGN_NONE };
enum fault_order { FAULT_ORDER_SAME, FAULT_ORDER_SORTED, FAULT_ORDER_REVERSED };

struct fault_edit {
    struct view name, value; /* value.ptr NULL: drop the field */
};

struct fault {
    int64_t id;
    enum fault_door door;
    enum fault_kind kind;
    char api[24];                            /* "unifiedorder", …, "*" */
    char of[9];                              /* notifications: "payment", …; empty: any */
    char out_trade_no[OUT_TRADE_NO_MAX + 1]; /* empty: any */
    int64_t left; /* how often it still happens; INT64_MAX: until deleted */
    int64_t skip; /* so many matching calls pass first */
    int64_t delay_ms;
    int status;
    bool processed;
    size_t keep_bytes; /* 0: half */
    int copies;
    int header; /* MISSING_HEADER: which of fault_header_names */
    int64_t total_fen;
    enum refusal_id refusal; /* REFUSE: which */
    enum fault_sign sign;
    enum fault_order order;
    bool bare, spaces;
    size_t edit_count;
    struct fault_edit edit[FAULT_EDITS_MAX]; /* views into text */
    struct view content_type, body;          /* views into text */
    struct buf text;                         /* owned */
};

/* Where and why an ordered fault is not understood; for a 400 of the control door. */
struct fault_error {
    char where[96]; /* JSON pointer */
    char message[160];
};

/*
 * From the control door's JSON (as text, so that jansson stays with the caller's choice). Every
 * member is checked; unknown ones refused. ERR_SYNTAX with *error filled, ERR_LIMIT, ERR_NOMEM.
 */
[[nodiscard]] int faults_add(struct accounts *accounts, struct account *account, struct view json,
                             int64_t *id, struct fault_error *error);
[[nodiscard]] int faults_remove(struct accounts *accounts, struct account *account, int64_t id);
[[nodiscard]] int faults_clear(struct accounts *accounts, struct account *account);
size_t faults_count(const struct account *account);
const struct fault *faults_at(const struct account *account, size_t index);
/* The JSON as ordered plus "id" and "left", appended. */
[[nodiscard]] int fault_describe(const struct fault *fault, struct buf *out);

/*
 * The fault that happens to this call or delivery, or NULL; counts it down. BEFORE_ANSWER is taken
 * only at the door NOTIFICATION with api "unifiedorder"; deliveries ask with their kind's name and get
 * all other kinds of that door. The one returned stays valid until faults_done(), also when it was
 * its last time or its account is gone.
 *
 * Counting is written, so a transaction must be open when faults_count() is not 0.
 */
struct fault *faults_take(struct accounts *accounts, struct account *account, enum fault_door door,
                          struct view api, struct view out_trade_no);
void faults_done(struct account *account, struct fault *fault);

#endif
