/*
 * utf8.h — is it UTF-8 as Unicode defines it (no surrogates, no overlong forms, at most U+10FFFF)?
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/view.h"

/* Place of the first byte that breaks the rule, or SIZE_MAX when all of it is well formed. */
size_t utf8_broken_at(struct view text);

/* Characters of a well-formed text (bytes that do not continue one). */
size_t utf8_count(struct view text);

/* The first character of @text, which is well formed and not empty; @text loses it. */
uint32_t utf8_next(struct view *text);

#endif
