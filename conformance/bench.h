/*
 * bench.h — the table an experiment stands on: a sandbox of its own, the merchant under test, and
 * the hands that pay, break, wait and look.
 *
 * Every verb acts through doors that exist in production (or through the sandbox's control door),
 * is bounded in time, and records what it did as facts (transcript.h). A verb that returns an int
 * gives 0, or a negative code after it has recorded a trouble or skip fact: the case stops there.
 * Between cases the account is reset (orders, faults, clock, exchanges), so that none meets another's.
 *
 * One bench, one thread. The bench owns every struct order; pointers live until the case ends.
 */
#ifndef CONFORMANCE_BENCH_H
#define CONFORMANCE_BENCH_H

#include "base/view.h"
#include "profile.h"
#include "transcript.h"

struct bench;

/* An order at the merchant, made by bench_create(). */
struct order {
    char name[8]; /* "o1", "o2" … in this case: the `order` of its facts */
    bool created; /* every step answered and every capture was found */
    /*
     * The platform's side, from the create call the sandbox saw; "" and 0 when it saw none.
     * Nothing the merchant shows is ever taken for the out_trade_no.
     */
    char out_trade_no[65], sign_type[16], appid[33];
    char notify_url[512]; /* as announced */
    char code_url[512];   /* as the platform gave it */
    int64_t amount_fen;   /* as the judge asked for or as the price list says */
    int64_t total_fen;    /* as the merchant ordered it */
    int payer;
    /* Of the payment at the platform, from bench_pay()'s answer; "" before. */
    char transaction_id[33], openid[129], bank_type[33], time_end[15];
    int64_t paid_ms; /* 0 before */
};

/* What order to make. All zero: any goods, any amount, payer 1. */
struct order_wish {
    int64_t amount_fen;  /* exactly this; a price list without it records a skip and gives NULL */
    bool markup;         /* goods or a description with & < > " ' in it */
    int payer;           /* 1, 2 …: each has its own session and cookies; 0 = 1 */
    int64_t tamper_fen;  /* put this as price, amount, total_fee … beside what the shop expects */
    unsigned timeout_ms; /* of each step; 0: 15 000 */
    bool may_fail;       /* a refusal is no trouble: the order comes back with created false */
    const char *label;
};

/*
 * Makes an order by the profile's steps and links it. NULL when it could not be made: recorded.
 * With may_fail it is NULL only for a skip or the judge's own trouble.
 */
struct order *bench_create(struct bench *bench, const struct order_wish *wish);
/* @count orders at once (2 … 20), each with its own connection; into @out. */
[[nodiscard]] int bench_create_many(struct bench *bench, const struct order_wish *wish,
                                    size_t count, struct order **out);
/* Look again for the create call of an order that could not be linked (after a retry). */
[[nodiscard]] int bench_link(struct bench *bench, struct order *order);
/* A field of the create call the order is linked to ("attach", "body"); "" when it was not sent. */
const char *bench_ordered(const struct order *order, const char *field);

/* ---- the buyer ------------------------------------------------------------------------------ */

/* Fetches the order's picture and reads it. A picture that cannot be read is a fact, not an error. */
[[nodiscard]] int bench_qr(struct bench *bench, struct order *order, const char *label);

/* POST /v1/scan with the order's code_url; records the answer. */
[[nodiscard]] int bench_scan(struct bench *bench, struct order *order);

struct payment {
    const char *outcome; /* NULL: "paid" */
    const char *openid, *bank_type;
    const char *coupons;  /* JSON text of the array, or NULL */
    unsigned wait_ms;     /* wait for the first delivery's end */
    const char *code_url; /* pay this one instead of the order's */
    bool may_fail;        /* a refusal on the phone is what the case wants to see */
};

/* Pays; NULL: simply paid. Does not wait for the merchant. */
[[nodiscard]] int bench_pay(struct bench *bench, struct order *order,
                            const struct payment *payment);

/* ---- the merchant's own doors ---------------------------------------------------------------- */

/* One look at the order page; records a status fact. */
[[nodiscard]] int bench_status(struct bench *bench, struct order *order, const char *label);

enum order_state {
    ORDER_UNREADABLE,
    ORDER_UNKNOWN, /* readable, but none of the profile's values */
    ORDER_PENDING,
    ORDER_PAID,
    ORDER_CLOSED,
    ORDER_REFUNDED,
};

/* What the last status fact of the order said. */
enum order_state bench_state(const struct order *order);
/* -1 when not shown. */
int64_t bench_shipped(const struct order *order);

/*
 * Looks until the page shows @state, at most @timeout_ms (0: 5 000); one status fact with met true
 * or false. Not reaching it is no error: decide() reads met.
 */
[[nodiscard]] int bench_await_state(struct bench *bench, struct order *order,
                                    enum order_state state, unsigned timeout_ms);
/* The same until shipped is at least @count. */
[[nodiscard]] int bench_await_shipped(struct bench *bench, struct order *order, int64_t count,
                                      unsigned timeout_ms);

/* The merchant is asked to query the platform / to give the order up. Answers above 399 are facts. */
[[nodiscard]] int bench_refresh(struct bench *bench, struct order *order, const char *label);
[[nodiscard]] int bench_close(struct bench *bench, struct order *order, const char *label);

/* ---- money that goes back (bench_refund.c) ---------------------------------------------------- */

/* From now on a refund of this account stays under way until bench_refund_end(). */
[[nodiscard]] int bench_hold_refunds(struct bench *bench);
/* The merchant is asked to give @fen of the order back; "refund" facts. Answers above 399 are facts. */
[[nodiscard]] int bench_refund(struct bench *bench, struct order *order, int64_t fen,
                               const char *label);
/* Several wishes at once, at most 8. */
[[nodiscard]] int bench_refund_many(struct bench *bench, struct order *order, const int64_t *fens,
                                    size_t count, const char *label);
/* What the platform knows of the order's newest refund; number "" when there is none. */
struct refund_known {
    char number[65], refund_id[40], notify_url[512];
    int64_t fen;
};
[[nodiscard]] int bench_last_refund(struct bench *bench, const struct order *order,
                                    struct refund_known *out);
/* It ends: "SUCCESS", "CLOSED", "ABNORMAL". @told: its notification is delivered, and waited for. */
[[nodiscard]] int bench_refund_end(struct bench *bench, struct order *order, const char *state,
                                   bool told);

/* Any page: @request "GET /path", with ${id} … of @order (may be NULL). Records a fetch fact. */
[[nodiscard]] int bench_fetch(struct bench *bench, struct order *order, const char *request,
                              const char *label);

/*
 * A second, quite normal order is made, paid and awaited: when it is done, everything sent before
 * has had its chance. The event to wait for before a "nothing happened".
 */
[[nodiscard]] int bench_barrier(struct bench *bench);

/* Does the merchant answer its status page (or ready) within 5 s? Records an alive fact. */
[[nodiscard]] int bench_alive(struct bench *bench, const char *label);

/* kill -9, start again with the same place, wait until ready. Needs NEED_START. */
[[nodiscard]] int bench_kill_restart(struct bench *bench);

/* ---- time ------------------------------------------------------------------------------------ */

/*
 * @seconds pass for platform and merchant: by the merchant's clock door, or really if it has none
 * and expect.max_wait allows it; otherwise a skip fact and an error. The platform's clock moves
 * first. Moves in one step; deliveries that become due are waited for.
 */
[[nodiscard]] int bench_pass_time(struct bench *bench, int64_t seconds);
/* Only the platform's clock. */
[[nodiscard]] int bench_platform_time(struct bench *bench, int64_t seconds);
/* Both back to real time. Done at the end of each case as well. */
[[nodiscard]] int bench_real_time(struct bench *bench);
/* Milliseconds the platform's clock of this account shows. */
int64_t bench_now_ms(struct bench *bench);

/* ---- the platform's behaviour ------------------------------------------------------------------ */

/* "send", "hold", "suppress", for new notifications; @order NULL: of the whole account. */
[[nodiscard]] int bench_notify_mode(struct bench *bench, struct order *order, const char *mode);
[[nodiscard]] int bench_release(struct bench *bench);
/* One more delivery of the order's notification, waited for. */
[[nodiscard]] int bench_resend(struct bench *bench, struct order *order);

/*
 * Orders a fault; @json as in docs/control-api.md, for instance
 *   bench_fault(b, order, "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"wrong_sign\"}")
 * out_trade_no is added from @order unless that is NULL.
 */
[[nodiscard]] int bench_fault(struct bench *bench, const struct order *order, const char *json);
[[nodiscard]] int bench_faults_off(struct bench *bench);

/*
 * When the status page itself asks the platform (expect.status_asks_platform), every orderquery of
 * @order answers NOTPAY, correctly signed, so that only notifications can settle it. Else nothing.
 */
[[nodiscard]] int bench_blind_query(struct bench *bench, struct order *order);

/* ---- waiting for the merchant ------------------------------------------------------------------ */

/* The notification of the order was acknowledged. met true or false in a wait fact. 0: 10 000 ms. */
[[nodiscard]] int bench_await_ack(struct bench *bench, struct order *order, unsigned timeout_ms);
/* So many deliveries have ended. */
[[nodiscard]] int bench_await_deliveries(struct bench *bench, struct order *order, int count,
                                         unsigned timeout_ms);
/* So many calls of @api about @order (NULL: any) since the case began, or since bench_mark(). */
[[nodiscard]] int bench_await_calls(struct bench *bench, struct order *order, const char *api,
                                    int count);
/* bench_await_calls() and bench_calls() count from here. */
void bench_mark(struct bench *bench);
/* How many so far, without waiting. Negative when the sandbox could not be asked. */
int bench_calls(struct bench *bench, struct order *order, const char *api);
/* The body of the sandbox's last delivery for @order, byte for byte; ERR_NOT_FOUND if there was none. */
[[nodiscard]] int bench_delivered(struct bench *bench, struct order *order, struct buf *body);
/* Was the last wait met? */
bool bench_met(const struct bench *bench);

/* ---- the judge's own messages -------------------------------------------------------------------- */

struct sending {
    const char *label;          /* of the sent facts */
    struct view body;           /* built by oracle.c, byte for byte */
    const char *content_type;   /* NULL: text/xml, in V3 application/json; "" sends none */
    const char *const *headers; /* further "Name: value", NULL-terminated; or NULL */
    const char *method;         /* NULL: POST */
    unsigned timeout_ms;        /* 0: 10 000 */
    size_t chunk;               /* send the body in pieces of so many bytes … */
    unsigned chunk_gap_ms;      /* … with this pause between them; 0: at once */
    size_t copies;              /* at once, on connections of their own; 0 = 1, at most 50 */
};

/*
 * To the real place of the order's notify_url; one sent fact per copy, each followed by a lag
 * fact. An answer, a refused connection and a time-out are facts, not errors.
 */
[[nodiscard]] int bench_send(struct bench *bench, const struct order *order,
                             const struct sending *sending);
/* Different bodies at once: @count sendings with copies 0 or 1. */
[[nodiscard]] int bench_send_all(struct bench *bench, const struct order *order,
                                 const struct sending *sendings, size_t count);
/* Status and body of the last answer, for a run() that must choose; 0 and empty when none came. */
int bench_answer_status(const struct bench *bench);
struct view bench_answer_body(const struct bench *bench);

/*
 * A listener on loopback that answers every HTTP request with @body (200) and remembers it; its
 * connections become trap facts when the case ends or bench_trap_read() is called. Port in *port.
 */
[[nodiscard]] int bench_trap(struct bench *bench, const char *body, unsigned *port);
[[nodiscard]] int bench_trap_read(struct bench *bench);

/* ---- what the experiment may know ------------------------------------------------------------------ */

struct account {
    char mch_id[33], appid[33], api_key[33];
    json_t *v3; /* the account's V3 keys as docs/control-api.md has them; NULL in V2 */
};

/* A text in it by JSON pointer ("/merchant/serial"); "" when absent. */
const char *account_v3(const struct account *account, const char *pointer);
/*
 * PEM of the private key with which the platform signs notifications now, and its name on the wire;
 * @second: of another certificate in force (bench_second_key()).
 */
const char *account_signer(const struct account *account, bool second, const char **serial);
/* There is a further platform certificate in force, which does not sign yet. V3. */
[[nodiscard]] int bench_second_key(struct bench *bench);

/* The names of one call in both dialects: "unifiedorder" or "v3/native" … */
enum call_name { CALL_CREATE, CALL_QUERY, CALL_CLOSE, CALL_REFUND, CALL_REFUND_QUERY };
const char *bench_call_name(const struct bench *bench, enum call_name call);

const struct account *bench_account(const struct bench *bench);
const struct profile *bench_profile(const struct bench *bench);
/* Exchange records up to now become facts (also done when the case ends). */
[[nodiscard]] int bench_collect(struct bench *bench);
/* Repeatable random text for nonces: @len of [0-9A-Za-z] and a NUL. Depends on seed and case only. */
void bench_random(struct bench *bench, char *out, size_t len);
uint64_t bench_random_below(struct bench *bench, uint64_t bound);
/* A fact of the case's own: a note with value @text. */
void bench_note(struct bench *bench, const struct order *order, const char *label,
                const char *text);
/* Record that the rest cannot be done here: all open claims become SKIP with this reason. */
void bench_skip(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Greatest delay of the judge's own loop since the last call becomes a lag fact. */
void bench_lag(struct bench *bench);

#endif
