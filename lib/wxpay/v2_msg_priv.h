/*
 * v2_msg_priv.h — how the reader fills a message without copying twice. Only for lib/wxpay.
 */
#ifndef WXPAY_V2_MSG_PRIV_H
#define WXPAY_V2_MSG_PRIV_H

#include "wxpay/v2_msg.h"

/* At least @len free bytes that stay where they are, or NULL without memory. */
[[nodiscard]] char *v2_text_room(struct v2_msg *msg, size_t len);

/* The first @len bytes of the last room now belong to a field. */
void v2_text_keep(struct v2_msg *msg, size_t len);

/* Room for one more field: 0, ERR_LIMIT or ERR_NOMEM. */
[[nodiscard]] int v2_msg_grow(struct v2_msg *msg);

/* The field called @name, or NULL. */
struct v2_field *v2_msg_find(const struct v2_msg *msg, struct view name);

/* Append a field whose bytes lie in the message already. After v2_msg_grow() only. */
void v2_msg_push(struct v2_msg *msg, struct v2_field field);

/* First place of a byte in @text that XML 1.0 cannot carry (V2 1.3: UTF-8), SIZE_MAX if none. */
size_t v2_xml_bad_char(struct view text);

/* ---- the reader's two halves ------------------------------------------------------------------ */

/* Hostile text for people: no control bytes, cut between characters, NUL-terminated. */
void v2_rule_text(char *out, size_t size, struct view text);

/* "<rule>: <name>", or the rule alone when there is no name. The name may be anything. */
void v2_fault_set(struct v2_fault *fault, enum v2_fault_kind kind, unsigned line, const char *rule,
                  struct view name);

/* White space of XML only. */
bool v2_is_blank(const char *text, size_t len);

/* What the raw bytes show. @body becomes the document without a byte order mark. */
struct v2_shape v2_look_at(struct view xml, struct view *body);

/* Size, emptiness, encoding, NUL bytes. True to go on, else @fault is filled. */
bool v2_check_bytes(struct view xml, struct view body, struct v2_fault *fault);

/* Is there a reference (&amp; …) outside the CDATA sections? */
bool v2_has_reference(struct view xml);

#endif
