/*
 * door.h — what the files of the control door share: the door itself, one call on it, and calls
 * that wait. Private to sandbox/control.
 *
 *   http_server -> guard: from here? -> router: which call? -> handler
 *                     handler -> ask_reply / ask_refuse -> turn: commit -> the answer leaves
 *                             \-> hold: waits on the loop, is told of events, then replies
 */
#ifndef CONTROL_DOOR_H
#define CONTROL_DOOR_H

#include "base/mem.h"
#include "control/control.h"
#include "control/json_in.h"
#include "control/json_out.h"
#include "turn.h"

#define CONTROL_BODY_MAX    (6 * 1024 * 1024)  /* a picture in base64 */
#define CONTROL_JSON_MAX    (256 * 1024)       /* every other body */
#define CONTROL_ANSWER_MAX  (96 * 1024 * 1024) /* a list of exchanges with raw bytes */
#define CONTROL_HOLDS_MAX   1024               /* calls that wait at the same time */
#define CONTROL_STREAMS_MAX 64                 /* event streams */
#define CONTROL_WAIT_MAX    600'000            /* ms a call may wait */
#define PARAMS_MAX          2

struct hold;
struct stream;

struct control {
    struct sandbox *sandbox;    /* borrowed */
    struct http_server *server; /* ours */
    bool stopping;
    int64_t started_us;
    size_t hold_count, stream_count;
    struct hold *holds;     /* calls that wait; linked through hold.next */
    struct stream *streams; /* events.c */
    int64_t last_event;
    bool flush_asked;
    struct turn_answer flush;    /* sends what the streams have collected */
    struct turn_answer farewell; /* the last one: behind it the server stops */
    void (*on_stopped)(void *owner);
    void *stopped_owner;
};

/*
 * One call. Born in the router, dies when its answer has left. A handler returns 0 when the call
 * is answered, refused or held, and a negative code for the world's trouble (the router answers
 * 500 and logs it).
 */
struct ask {
    struct turn_answer answer;
    struct control *control;       /* borrowed */
    struct http_call *http;        /* borrowed; answered exactly once */
    struct account *account;       /* borrowed; of {mch_id}, NULL for calls without one */
    struct view param[PARAMS_MAX]; /* decoded, in the order of the path; into param_text */
    struct buf param_text;         /* owned */
    json_t *body;                  /* owned; NULL: none was sent */
    json_t *query;                 /* owned; the parameters as texts, without "pretty" */
    bool pretty;
    int status;
    struct json_out out; /* owned: the answer's body */
    struct json_trouble trouble;
};

/* Read the body by a table; an absent body is an empty object. False: the call was refused. */
[[nodiscard]] bool ask_read(struct ask *ask, const struct member *table, size_t count, void *out);

/* Read the query by a table. False: the call was refused. */
[[nodiscard]] bool ask_query(struct ask *ask, const struct member *table, size_t count, void *out);

/* Send what was written to ask->out, after the commit. Always 0. The call is not ours any more. */
int ask_reply(struct ask *ask, int status);

/* 204 without a body. */
int ask_reply_nothing(struct ask *ask);

/* {"error":{"code","where","message"}}; @where "" or a pointer. Always 0. */
int ask_refuse(struct ask *ask, int status, const char *code, const char *where,
               const char *message, ...) __attribute__((format(printf, 5, 6)));

/* 400 BAD_MEMBER with what ask->trouble says. Always 0. */
int ask_blame(struct ask *ask);

/* 404 NOT_FOUND: "no such @what". Always 0. */
int ask_unknown(struct ask *ask, const char *what, struct view name);

/* Frees everything; the http call must have been answered. */
void ask_free(struct ask *ask);

/*
 * A unit of writing: between them all or nothing happens. ask_end() returns @err; on an error the
 * store and the accounts in memory are as before.
 */
[[nodiscard]] int ask_begin(struct ask *ask);
[[nodiscard]] int ask_end(struct ask *ask, int err);

/* Why a hold came to its end. */
enum hold_end { HOLD_MET, HOLD_TIMEOUT, HOLD_GONE, HOLD_DELETED, HOLD_STOPPING };

/* What a waiting call wants to hear; NULL members are not told. */
struct hold_kind {
    void (*on_order)(struct hold *hold, const struct account *account,
                     const struct order_row *order);
    void (*on_delivery)(struct hold *hold, const struct account *account,
                        const struct notice_row *notice, const struct delivery_row *delivery);
    void (*on_exchange)(struct hold *hold, const struct exchange *exchange);
    /* Answer hold->ask now: HOLD_MET or HOLD_TIMEOUT; the others hold.c answers itself. */
    void (*answer)(struct hold *hold, enum hold_end why);
    /* Free the struct that embeds the hold; its last reference is gone. */
    void (*free)(struct hold *hold);
};

/* Embedded in one call's own struct, which is made by mem_new(). */
struct hold {
    const struct hold_kind *kind;
    struct control *control;
    struct ask *ask; /* owned until answered; NULL afterwards */
    struct hold *next;
    uv_timer_t timer;
    int refs; /* the timer's, and one per callback still to come */
};

/*
 * Hold @ask for at most @timeout_ms. On success the ask belongs to the hold. ERR_LIMIT when too
 * many calls wait; then nothing was kept and the caller frees its struct.
 */
[[nodiscard]] int hold_start(struct hold *hold, struct ask *ask, const struct hold_kind *kind,
                             int64_t timeout_ms);

/* Another bound, from now. */
void hold_again(struct hold *hold, int64_t timeout_ms);

/* Answer and be gone; does nothing when the hold has ended already. */
void hold_end(struct hold *hold, enum hold_end why);

/* For a callback of somebody else that will come later, whatever happens to the hold. */
void hold_ref(struct hold *hold);
void hold_unref(struct hold *hold); /* may free it */

static inline bool hold_is_over(const struct hold *hold)
{
    return !hold->ask;
}

/* Ends all of them with 503. */
void holds_stop(struct control *control);

/*
 * @account is about to go: what waits for it ends with 404, or, when it is a failed commit that
 * takes the account away, with 503 as all answers of that turn.
 */
void holds_forget(struct control *control, const struct account *account);

/* events.c: told of everything that happens; streams hear of it after the commit. */
void events_order(struct control *control, const struct account *account,
                  const struct order_row *order);
void events_delivery(struct control *control, const struct account *account,
                     const struct notice_row *notice, const struct delivery_row *delivery);
void events_exchange(struct control *control, const struct exchange *exchange);
void events_clock(struct control *control, struct view mch_id, const struct vclock *clock);
void events_stop(struct control *control);

#endif
