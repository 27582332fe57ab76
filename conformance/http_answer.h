/*
 * http_answer.h — the headers of an answer while they come in; what comes of them is in http.h.
 */
#ifndef CONFORMANCE_HTTP_ANSWER_H
#define CONFORMANCE_HTTP_ANSWER_H

#include "http.h"

/* One more header line; both are copied. */
[[nodiscard]] int http_answer_add(struct http_answer *answer, struct view name, struct view value);
/* Drops the header lines of an answer that is not the last one (100 Continue). */
void http_answer_forget(struct http_answer *answer);

#endif
