/*
 * shop.h — the merchant under test as the profile describes it: its process, its payers' sessions,
 * its requests. Knows nothing of orders at the platform.
 */
#ifndef CONFORMANCE_SHOP_H
#define CONFORMANCE_SHOP_H

#include "child.h"
#include "profile.h"
#include "subst.h"

#define PAYERS_MAX 8

struct shop {
    const struct profile *profile; /* borrowed */
    struct scope run;              /* api_url, mch_id, merchant_port, out_dir … */
    char *base_url;                /* substituted; owned */
    struct child child;
    char log_path[1024];
    bool started; /* a child of ours that became ready */
    struct payer {
        struct http_jar *jar;
        struct scope scope; /* payer, and what the session captured */
        bool logged_in;
    } payers[PAYERS_MAX + 1]; /* from 1 */
    char why[400];            /* the last trouble, one sentence */
};

/* @run is taken. */
[[nodiscard]] int shop_init(struct shop *shop, const struct profile *profile, struct scope *run);
void shop_release(struct shop *shop); /* stops it too */

/*
 * Starts it and waits until it is ready; nothing when the profile has no start (then only ready is
 * polled). ERR_CLOSED when it ended, ERR_TIMEOUT; shop->why says what happened, with the end of its log.
 */
[[nodiscard]] int shop_start(struct shop *shop);
/* SIGTERM, then SIGKILL. */
void shop_stop(struct shop *shop);
void shop_kill(struct shop *shop);
/* Not running although the judge started it: shop->why says how it ended. */
bool shop_gone(struct shop *shop);

/* One exchange with it, and its trace for the transcript. */
struct visit {
    struct http_answer answer;
    json_t *trace; /* {"request":…, "answer":…}; owned */
};
void visit_release(struct visit *visit);

struct errand {
    const struct step *step;
    const struct scope *scope; /* names beyond the payer's: outer must be the payer's scope */
    int payer;
    unsigned timeout_ms;
    int64_t tamper_fen; /* 0: nothing is put in */
};

/*
 * Performs one step (request or command) and notes it. 0 also when the merchant failed:
 * visit->answer says so. Negative: a name without value (ERR_NOT_FOUND: an earlier capture is
 * missing) or our own trouble.
 */
[[nodiscard]] int shop_do(struct shop *shop, const struct errand *errand, struct visit *visit);

/* The same request by @count payers' sessions at once; @scopes has @count elements. */
[[nodiscard]] int shop_do_all(struct shop *shop, const struct errand *errand,
                              const struct scope *const *scopes, size_t count,
                              struct visit *visits);

/* "GET /path" with names, by @payer. */
[[nodiscard]] int shop_get(struct shop *shop, const char *request, const struct errand *errand,
                           struct visit *visit);

/* Takes the step's captures out of the answer into @scope. ERR_NOT_FOUND / ERR_SYNTAX: shop->why. */
[[nodiscard]] int shop_capture(struct shop *shop, const struct step *step,
                               const struct http_answer *answer, struct scope *scope);

/* The payer's session, made on first use (its steps' traces are appended to @traces). */
[[nodiscard]] int shop_login(struct shop *shop, int payer, json_t *traces);

/* base_url + target, unless target is absolute already. Appended. */
[[nodiscard]] int shop_url(const struct shop *shop, const char *target, struct buf *out);

/* {"request":{…}} and {"answer":{…}} of an exchange, for facts. NULL without memory. */
json_t *trace_request(const struct http_ask *ask);
json_t *trace_answer(const struct http_answer *answer);

#endif
