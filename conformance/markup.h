/*
 * markup.h — XPath over a page: HTML as browsers write it, or XML. Nothing external is loaded.
 */
#ifndef CONFORMANCE_MARKUP_H
#define CONFORMANCE_MARKUP_H

#include "base/buf.h"

/* Does the expression compile? */
bool markup_xpath_ok(const char *expression);

/* The text of the first node (or the value) that @expression names. ERR_NOT_FOUND, ERR_SYNTAX. */
[[nodiscard]] int markup_text(struct view page, const char *expression, struct buf *out, char *why,
                              size_t why_size);

/* Of an <img>: its src; of an <svg>: its markup; of an attribute: its text. */
[[nodiscard]] int markup_picture(struct view page, const char *expression, struct buf *out,
                                 char *why, size_t why_size);

#endif
