/*
 * call.h — one API call on its way from bytes to signed bytes.
 *
 *   routes: born -> gate_v2: who, well formed, signed? -> api/v2/…: fields, engine -> reply_v2:
 *   bytes, faults -> turn: commit -> http_call_reply: dies
 */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "engine/fault.h"
#include "sandbox.h"
#include "turn.h"

struct route;
struct call_v3; /* call_v3.h */

struct call {
    struct turn_answer answer;
    struct sandbox *sandbox; /* borrowed, as all pointers here unless said */
    struct http_call *http;
    const struct route *route; /* NULL: unknown path */
    struct account *account;   /* NULL until the gate knows who calls, and after reply_leave() */
    struct exchange *exchange; /* ours until exchange_end() */
    struct fault *fault;       /* NULL: none */
    int64_t now_ms;            /* the account's virtual time */
    int64_t began_us;
    enum v2_sign_type sign_type; /* of the request, and so of the answer */
    struct v2_msg in;            /* owned until call_park(): the request's fields */
    struct v2_msg out;           /* so too: the answer's business fields, filled by the handler */
    struct v2_msg message;       /* so too: the whole answer; reply_v2.c */
    char where[64];              /* the field a refusal is about; for texts with "%s" */
    char why[200];               /* plain words for the record */
    int status;                  /* prepared answer */
    struct buf body;             /* owned: prepared answer; a bill's handler puts the file here */
    struct call_v3 *v3;          /* owned: what only V3 has; NULL for a V2 call */
    /* Content-Type or Location instead of the usual, name NULL: none; and one more */
    struct http_header header[2];
    char header_text[128];             /* where a value of theirs may live */
    const struct http_header *headers; /* all of the answer's; reply_send.c, or seal() */
    size_t header_count;
    /* NULL: nothing. Else the last step before the answer leaves: it calls reply_send_now(). */
    void (*seal)(struct call *call);
    bool spoilt;                /* what was prepared gave way to trouble, which is never signed */
    enum fault_kind fault_kind; /* of the fault that acts after the commit */
    int64_t delay_ms;
    uv_timer_t timer; /* while a fault holds the answer back: timed */
    /* fault before_answer: the answer waits for a delivery, which may end before the commit fails */
    bool waits, delivered, held;
    bool timed, gone; /* gone: the peer's input ended before its answer */
};

#define CALL_BODY_MAX (128 * 1024)

/* Ended calls are kept for the next ones, with their buffers. */
struct call_pool;
[[nodiscard]] int call_pool_new(struct call_pool **out);
void call_pool_free(struct call_pool *pool);

/* NULL without memory. Takes @http over: it is answered before call_free(). */
struct call *call_new(struct sandbox *sandbox, struct http_call *http);
void call_free(struct call *call);

/*
 * The answer is prepared and waits for the commit: the three messages go to the next call. One set
 * of them serves a whole loop turn and stays in the processor's cache.
 */
void call_park(struct call *call);

/* Does the account (or, while nobody is known, the default) choose @value for the switch @id? */
bool call_chose(const struct call *call, enum switch_id id, const char *value);

/* Note which field and rule a refusal is about; returns @no. */
const struct refusal *call_refuse(struct call *call, const struct refusal *no, struct view field,
                                  const char *why, ...) __attribute__((format(printf, 4, 5)));

#endif
