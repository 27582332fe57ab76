/*
 * transcript.h — what was seen, fact by fact, as JSON lines.
 *
 * A case writes facts while it runs and a verdict is a pure function of them, so that everybody
 * can compute it again years later, offline. Identity of a fact: the case's id and its number
 * there, written "notify/duplicate#12". One line of the file:
 *
 *   {"case":"notify/duplicate","seq":12,"kind":"sent","order":"o1","label":"copy","at_ms":…,"data":{…}}
 *
 * Kinds and the members of their data:
 *
 *   setup     first fact of every case. account {mch_id, appid, api_key}; seed; doors {status, shipped,
 *             qr, refresh, close, clock, start, refund}: what the profile offers, true or false;
 *             expect {price ("fen", "yuan" or {sku: fen}), max_wait_ms, query_fallback_within_ms,
 *             status_asks_platform, reuses_open_orders}; notify_hosts {announced: real}
 *   create    order made at the merchant. amount_fen, sku, description, payer; tampered (fen or null);
 *             steps [{request, answer}]; created (bool), why; captured {id, code_url, …};
 *             out_trade_no, notify_url, code_url, linked ("code_url", "only-call" or null)
 *   qr        the picture of an order. request, answer (body as sha256 and bytes); file; content (what
 *             zbar read, null if nothing); how ("as is", "scaled", "quiet zone", "inverted"); source
 *   status    the order page. state "paid", "pending", "closed", "refunded", "unknown" or "unreadable";
 *             shown (the raw value); shipped (number or null); polls; request, answer; waited_for,
 *             met (bool) when it was waited for
 *   refresh, close, refund   request, answer; refund also fen
 *   fetch     any other request to the merchant. request, answer
 *   sent      a notification made by the judge, sent to the real notify_url. url, real_url, request,
 *             answer, took_ms, timeout_ms, error; copies: facts with the same label, one per copy
 *   pay, scan, advance, real, mode, refund-end, release, resend, fault, wait, account   a call of the control door:
 *             request, answer (parsed, as "json"); advance also merchant (the shop's own clock door)
 *   exchange  one exchange record of the sandbox (docs/control-api.md), as it is; order is set when
 *             its out_trade_no belongs to an order of this case; earlier (true) when it was used in
 *             an earlier case, which the merchant has not forgotten. In order of their id
 *   merchant  what happened to the process: event "started", "killed", "stopped", "restarted", "exited"
 *   alive     does the merchant still answer? ok, request, answer
 *   trap      a connection to the judge's own listener: port, bytes
 *   note      a number or text the experiment computed: value
 *   lag       greatest delay of the judge's own loop since the last lag fact: max_ms
 *   skip      reason: the merchant (or the profile) lacks what the experiment needs
 *   trouble   the experiment could not go on. whose "merchant" or "judge"; why; during
 *   end       last fact: took_ms, lost (exchange records that were lost)
 *
 * request:  {method, url, headers [[name, value]], body}   answer: {status, headers, body, took_ms} or
 * {error}. A body that is not UTF-8 is in body_base64 instead; one above 64 KiB is cut and says
 * cut: true with its full length in bytes.
 */
#ifndef CONFORMANCE_TRANSCRIPT_H
#define CONFORMANCE_TRANSCRIPT_H

#include "base/buf.h"

#include <jansson.h>

#define FACT_BODY_MAX ((size_t)64 * 1024)

struct fact {
    const char *case_id, *kind;
    const char *order; /* "o1", "" when it belongs to none */
    const char *label; /* given by the case, "" when none */
    int64_t seq, at_ms;
    const json_t *data; /* borrowed from line */
    json_t *line;       /* owned by the transcript */
};

/* All facts of a run, in the order of the file. Zeroed is empty. */
struct transcript {
    struct fact *facts;
    size_t count, cap;
};

/* Reads one JSON line. ERR_SYNTAX, ERR_LIMIT above a million facts, ERR_NOMEM. */
[[nodiscard]] int transcript_add_line(struct transcript *t, struct view line);

/* The whole file. On ERR_SYNTAX *line_no (may be NULL) names the line. */
[[nodiscard]] int transcript_load(struct transcript *t, const char *path, size_t *line_no);
void transcript_release(struct transcript *t);

/* ---- what decide() sees ------------------------------------------------------------------- */

/* The facts of one case (of all cases for one that watches everything). Borrowed. */
struct story {
    const struct fact **facts;
    size_t count;
};

[[nodiscard]] int story_of(struct story *story, const struct transcript *t, const char *case_id);
void story_release(struct story *story);

/*
 * The next fact after @after (NULL: from the first) that has this kind, order and label; NULL
 * stands for "any". NULL when there is none. Loop:
 *   for (const struct fact *f = NULL; (f = story_next(s, f, "sent", NULL, "copy"));)
 */
const struct fact *story_next(const struct story *story, const struct fact *after, const char *kind,
                              const char *order, const char *label);
const struct fact *story_last(const struct story *story, const char *kind, const char *order,
                              const char *label);
size_t story_times(const struct story *story, const char *kind, const char *order,
                   const char *label);
/* The first such fact that comes after @after in time: by place in the story, not by kind. */
#define story_first(story, kind, order, label) story_next(story, NULL, kind, order, label)
/* Was @a recorded before @b? Both of this story. */
bool fact_before(const struct fact *a, const struct fact *b);

/* Exchanges of the API door, in order, but those of earlier cases: @api NULL = any, @order NULL = any. */
const struct fact *story_call(const struct story *story, const struct fact *after, const char *api,
                              const char *order);
/* Deliveries (door "notification") of the sandbox, in order. */
const struct fact *story_delivery(const struct story *story, const struct fact *after,
                                  const char *order);

/*
 * The setup of the case @fact belongs to: in a run, cases side by side have accounts of their own.
 * NULL when it is not in the story.
 */
const struct fact *story_setup(const struct story *story, const struct fact *fact);

/*
 * A member of data by JSON pointer ("/answer/body"); NULL when absent or @fact is NULL. Every
 * getter takes a NULL fact, so a decide() may ask without testing each step.
 */
const json_t *fact_get(const struct fact *fact, const char *pointer);
/* "" when absent or not a text. */
const char *fact_str(const struct fact *fact, const char *pointer);
/* @missing when absent or not an integer. */
int64_t fact_int(const struct fact *fact, const char *pointer, int64_t missing);
bool fact_true(const struct fact *fact, const char *pointer);
bool fact_is(const struct fact *fact, const char *pointer, const char *text);
/* The raw bytes of @message ("/request" or "/answer"), decoded if base64; appended to @out. */
[[nodiscard]] int fact_body(const struct fact *fact, const char *message, struct buf *out);
/* First header of that name in @message, NULL when absent. */
const char *fact_header(const struct fact *fact, const char *message, const char *name);

/* RFC 6901 on any value. NULL when nothing is there or the pointer is malformed. */
const json_t *json_pointer(const json_t *value, const char *pointer);

/* @value as JSON text (jansson's dump @flags), appended to @out. */
[[nodiscard]] int json_text(const json_t *value, size_t flags, struct buf *out);

/* ---- the writing side ---------------------------------------------------------------------- */

/* Texts that must not appear anywhere: values that came from the environment. */
struct secrets {
    struct {
        char *name, *value; /* owned */
    } * item;
    size_t count;
};

[[nodiscard]] int secrets_add(struct secrets *secrets, const char *name, const char *value);
void secrets_release(struct secrets *secrets);
/*
 * @text with every occurrence replaced by "[hidden env:NAME]", also where it is percent-encoded,
 * JSON-escaped, XML-escaped or base64.
 */
[[nodiscard]] int secrets_hide(const struct secrets *secrets, struct view text, struct buf *out);

/* Writes facts of one case as lines. Owned by the bench. */
struct recorder;

/* @fd is borrowed; @secrets borrowed and may be NULL. */
[[nodiscard]] int recorder_new(struct recorder **out, int fd, const struct secrets *secrets);
void recorder_free(struct recorder *recorder);
/* Numbers start again at 1. @case_id is copied. */
void recorder_begin(struct recorder *recorder, const char *case_id);
/*
 * One fact; takes @data (NULL: out of memory). @order and @label may be NULL. A fact that cannot
 * be written is remembered: recorder_broken().
 */
void recorder_fact(struct recorder *recorder, const char *kind, const char *order,
                   const char *label, json_t *data);
bool recorder_broken(const struct recorder *recorder);

/* Adds "body", or "body_base64", and when cut "cut" and "bytes". Takes nothing. */
[[nodiscard]] int json_set_body(json_t *message, struct view bytes);

#endif
