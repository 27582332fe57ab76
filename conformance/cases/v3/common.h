/*
 * v3/common.h — what the experiments on V3 share: writing, sealing and signing a notification as the
 * platform does or as it never would, and reading V3 messages of the record.
 *
 * What does not depend on the dialect is in cases/common.h and used from there.
 */
#ifndef CONFORMANCE_CASES_V3_COMMON_H
#define CONFORMANCE_CASES_V3_COMMON_H

#include "cases/common.h"
#include "oracle_v3.h"

extern const struct chapter chapter_v3_notify, chapter_v3_notify_read, chapter_v3_forged,
    chapter_v3_forged_content, chapter_v3_seal, chapter_v3_request, chapter_v3_answer,
    chapter_v3_answer_error, chapter_v3_create, chapter_v3_query, chapter_v3_close,
    chapter_v3_certificate, chapter_v3_operation, chapter_v3_refund, chapter_v3_refund_forged;

/* ---- for run: notifications of the judge ----------------------------------------------------- */

/*
 * The plain text of the notification that would settle @order, in the order of V3 6.2. Of a paid
 * order its true payment, else one of its own. New reference; NULL without memory.
 */
json_t *note_plain(struct bench *bench, const struct order *order);

enum note_sign {
    NOTE_RIGHT,
    NOTE_SECOND,       /* right, with another key in force */
    NOTE_OTHER_KEY,    /* a key nobody knows, under the platform's serial */
    NOTE_OTHER_SERIAL, /* a key nobody knows, under a serial nobody knows */
    NOTE_FLIPPED,      /* one letter of the right signature changed */
    NOTE_BODY_CHANGED, /* one byte of the body changed after signing */
    NOTE_COMPACTED,    /* over another spelling of the body */
    NOTE_PROBE,        /* V3 2.8 */
    NOTE_EMPTY,        /* the header is there, without a value */
};

enum note_spoil {
    NOTE_INTACT,
    NOTE_TAG,       /* a bit of the tag */
    NOTE_CIPHER,    /* a bit of the cipher text */
    NOTE_WRONG_AAD, /* sealed with other associated data than it says */
    NOTE_WRONG_KEY, /* sealed with another APIv3 key */
    NOTE_NO_BASE64,
};

/* How a notification is made. All zero: as the platform does. */
struct note_how {
    const char *event_type, *original_type; /* NULL: of a payment */
    const char *aad;                        /* NULL: "transaction" */
    bool no_aad;                            /* the member is absent, and nothing was sealed */
    const char *nonce;                      /* of the seal, 12 characters; NULL: random */
    enum note_spoil spoil;
    enum note_sign sign;
    int64_t stamp_s;   /* added to the present */
    const char *drop;  /* this header is not sent; "*": none of the five */
    bool lower_case;   /* header names */
    bool spaced;       /* blanks and line ends in the body, signed as they are */
    bool extended;     /* members nobody knows, in another order, inside and out */
    const char *label; /* of the sent facts */
    size_t copies;     /* at once; 0 = 1 */
};

/* Seals @plain (taken), signs and sends it. @how may be NULL. */
[[nodiscard]] int note_send(struct bench *bench, const struct order *order, json_t *plain,
                            const struct note_how *how);

/* An order, unpaid and seen so; each way is sent once ("forged"); then a look ("after"). */
void note_forge(struct bench *bench, const char *what, const struct note_how *ways, size_t count);

/*
 * An order that is paid at the platform, whose notification is the judge's to send, and whose query
 * tells the truth.
 */
struct order *paid_unnoticed(struct bench *bench);
/*
 * The same, but these faults stand before the payment is made: the merchant, which asks whenever it
 * likes, never hears the truth until they are taken away.
 */
struct order *paid_under(struct bench *bench, const char *const *faults, size_t count);
/* The same with answer_state() in place of faults. */
struct order *paid_hidden(struct bench *bench, const char *state);
/* A new one for each way; its notification ("genuine"), then a look ("after"). */
void note_genuine(struct bench *bench, const struct note_how *ways, size_t count);

/*
 * From now on every query of @order by its number is answered with this state, rightly signed and
 * with all that a paid order's answer has.
 */
[[nodiscard]] int answer_state(struct bench *bench, const struct order *order, const char *state,
                               int64_t total_fen);

/* ---- for decide ------------------------------------------------------------------------------ */

/* V3 6.3: 200 or 204, whatever the body. */
bool note_acked(const struct fact *fact);
/* Any 2xx: taken for good by a platform that is kinder than documented. */
bool note_taken(const struct fact *fact);

/* @rule holds if no sent fact with @label was answered 2xx. */
void decide_not_taken(const struct story *story, struct ruling *ruling, const char *rule,
                      const char *label, const char *what);

/* Of note_forge(): @rule by the order. */
void decide_note_forged(const struct story *story, struct ruling *ruling);

/* Of note_genuine(): @rule holds if each was acknowledged and its order settled. */
void decide_genuine(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *what);

/* The JSON of a request or an answer in the record; NULL when it is none. New reference. */
json_t *fact_json(const struct fact *exchange, const char *message);
/* A text in it by pointer, copied; "" when absent or another kind. */
void fact_json_text(const struct fact *exchange, const char *message, const char *pointer,
                    char *out, size_t size);

/* A query of o1 was answered SUCCESS without a fault, so nothing can be told from the order: undecided. */
bool truth_was_told(const struct story *story, struct ruling *ruling, const char *rule);

/* The fault that was ordered came to pass at this call. */
bool met_fault(const struct fact *exchange);
/* The first call of @api about o1 that met a fault, or NULL: then @rule is undecided. */
const struct fact *faulty_call(const struct story *story, struct ruling *ruling, const char *rule,
                               const char *api);

#endif
