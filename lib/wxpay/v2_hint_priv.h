/*
 * v2_hint_priv.h — a text to be signed, built wrongly on purpose. Only for v2_hint*.c.
 *
 * A recipe says how a merchant's program may have gone about it. All zero is the right way
 * (V2 2.1); each member that is set is one departure from it.
 */
#ifndef WXPAY_V2_HINT_PRIV_H
#define WXPAY_V2_HINT_PRIV_H

#include "wxpay/v2_hint.h"

enum recipe_order {
    ORDER_BYTES,   /* right */
    ORDER_ARRIVAL, /* as the fields stand in the document */
    ORDER_LOWER,   /* sorted without regard to case, letters compared in lower case … */
    ORDER_UPPER,   /* … or in upper case, which puts "_" behind the letters */
};

enum recipe_key {
    KEY_LAST,           /* right: "a=1&key=K" */
    KEY_NONE,           /* "a=1" */
    KEY_EMPTY,          /* "a=1&key=" */
    KEY_FIRST,          /* "key=K&a=1" */
    KEY_SORTED,         /* "a=1&key=K&z=1" */
    KEY_NO_AMPERSAND,   /* "a=1key=K" */
    KEY_TWO_AMPERSANDS, /* "a=1&&key=K" */
    KEY_NO_NAME,        /* "a=1&K" */
    KEY_GLUED,          /* "a=1K" */
};

enum recipe_case { CASE_KEPT, CASE_LOWER, CASE_UPPER };

struct recipe {
    /* Spells one value into @out; NULL spells it as it is. @style is the function's own matter. */
    int (*spell)(const struct recipe *recipe, const struct v2_hint_input *in,
                 const struct v2_field *field, struct buf *out);
    const char *const *style;
    bool not_utf8; /* the spelling yields bytes that cannot be shown */

    enum recipe_order order;
    bool keep_empty;
    const char *without;            /* a field left out */
    const char *extra, *extra_text; /* a field that was not sent; taken even if empty */
    enum recipe_key key;
    const char *key_front, *key_behind; /* bytes stuck to the key */
    enum recipe_case key_case, text_case;
    bool plain_sha256; /* no HMAC */
};

/* The text by this recipe with @key in its place, appended to @out. Any error: it cannot be built. */
[[nodiscard]] int recipe_text(const struct recipe *recipe, const struct v2_hint_input *in,
                              struct view key, struct buf *out);

/* In place, ASCII only. */
void recipe_letters(char *text, size_t len, enum recipe_case to);

/* Spellings. */
int spell_trimmed(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
                  struct buf *);
int spell_url(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
              struct buf *);
int spell_xml(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
              struct buf *);
int spell_json(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
               struct buf *);
int spell_around(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
                 struct buf *);
int spell_document(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
                   struct buf *);
int spell_crlf(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
               struct buf *);
int spell_charset(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
                  struct buf *);
int spell_question_marks(const struct recipe *, const struct v2_hint_input *,
                         const struct v2_field *, struct buf *);
int spell_yuan(const struct recipe *, const struct v2_hint_input *, const struct v2_field *,
               struct buf *);

/* Styles for them. */
extern const char *const url_rfc3986[], *const url_form[], *const url_form_lower[], *const url_js[];
extern const char *const xml_three[], *const xml_four[], *const xml_five[], *const xml_39[],
                                                                                *const xml_039[];
extern const char *const json_plain[], *const json_slash[], *const json_ascii[],
                                                                *const json_ascii_slash[];
extern const char *const around_cdata[], *const around_quotes[];
extern const char *const charset_gbk[];
extern const char *const yuan_two_places[], *const yuan_short[], *const fen_as_float[];

#endif
