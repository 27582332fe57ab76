/*
 * refund_common.h — the experiments on refunds, which are the same in both dialects: the dialect of
 * a case is read from the profile when it acts, and from its rule when it decides.
 */
#ifndef CONFORMANCE_CASES_REFUND_COMMON_H
#define CONFORMANCE_CASES_REFUND_COMMON_H

#include "cases/common.h"

/* ---- for run --------------------------------------------------------------------------------- */

/*
 * An order over at least a hundred fen, paid and seen so; refunds stay under way until they are
 * ended. NULL: recorded.
 */
struct order *refundable(struct bench *bench);
/* The same, and all of it is asked back: the platform has taken that. */
struct order *refunding(struct bench *bench);

void refund_accepted_run(struct bench *bench);
void refund_told_run(struct bench *bench);
void refund_found_run(struct bench *bench);
void refund_closed_run(struct bench *bench);
void refund_abnormal_run(struct bench *bench);
void refund_sum_run(struct bench *bench);
void refund_fields_run(struct bench *bench);

/* The call that asks for it meets this fault ("\"kind\":\"system_error\",\"count\":2"). */
void refund_fault(struct bench *bench, const char *fault);

/* ---- for decide ------------------------------------------------------------------------------ */

/* What a call asked for. */
struct refund_asked {
    char number[130], notify_url[512];
    int64_t fen, total_fen; /* -1 when it is no plain number */
};
void refund_read(const struct fact *call, struct refund_asked *out);

/* The next call of the case that asks for a refund, and the next that queries one. */
const struct fact *refund_call(const struct story *story, const struct fact *after,
                               const struct ruling *ruling);
const struct fact *refund_query(const struct story *story, const struct fact *after,
                                const struct ruling *ruling);

/* Of the claims by @rule; each is one sentence of the tables. */
void decide_refund_accepted(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_told(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_found(const struct story *story, struct ruling *ruling, const char *rule,
                         bool advice);
/* A query that said SUCCESS was understood. */
void decide_refund_answer(const struct story *story, struct ruling *ruling, const char *rule);
void decide_not_refunded(const struct story *story, struct ruling *ruling, const char *rule,
                         const char *what);
/* What was closed is asked for again under another number. */
void decide_refund_renewed(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_sum(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_number(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_total(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_same(const struct story *story, struct ruling *ruling, const char *rule);
void decide_refund_pauses(const struct story *story, struct ruling *ruling, const char *rule);

#endif
