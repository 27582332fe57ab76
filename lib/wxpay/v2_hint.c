#include "wxpay/v2_hint.h"

#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v2_hint_priv.h"

#include <openssl/evp.h>

/*
 * How many bytes may be hashed for one hint: some hundred texts of a usual message, a few
 * milliseconds for the most hostile one.
 */
#define BUDGET (1024 * 1024)
/* A spelling may treble a byte, and a key stands behind. */
#define TEXT_MAX (V2_XML_MAX * 6 + 1024)

#define CAUSE_MAP(X)                                                                               \
    X(SIGN_ABSENT, "sign-absent", "the message has no sign, or an empty one",                      \
      "put the digest into the element sign (V2 2.1)")                                             \
    X(SIGN_BLANKS, "sign-has-blanks", "there is white space around the sign",                      \
      "write the hex digits only between the tags")                                                \
    X(LOWER_HEX, "lower-case-hex", "the digest is right but written in lower-case hex",            \
      "write the digest in upper case (V2 2.1 step 7)")                                            \
    X(MD5_FOR_HMAC, "md5-for-hmac", "sign_type says HMAC-SHA256, but the sign is the MD5",         \
      "sign with what sign_type says (V2 2.1 step 6)")                                             \
    X(HMAC_FOR_MD5, "hmac-for-md5",                                                                \
      "the sign is the HMAC-SHA256, but sign_type says MD5 or is absent, which means MD5",         \
      "send sign_type=HMAC-SHA256 and let it take part in the signature (V2 2.2)")                 \
    X(EMPTY_VALUES, "empty-values-included", "empty values were put into the text to be signed",   \
      "leave out every field whose value is empty (V2 2.1 step 2)")                                \
    X(SORTED_NOCASE, "sorted-without-case", "the names were sorted without regard to case",        \
      "sort by bytes: upper case, then _, then lower case (V2 2.2)")                               \
    X(NOT_SORTED, "not-sorted", "the fields were signed in the order in which they were sent",     \
      "sort the fields by name in byte order (V2 2.1 step 3)")                                     \
    X(SIGN_TYPE_LEFT_OUT, "sign-type-left-out", "sign_type was sent but not signed",               \
      "add sign_type before signing: it is a field as any other (V2 2.2)")                         \
    X(SIGN_TYPE_NOT_SENT, "sign-type-not-sent", "sign_type was signed but not sent",               \
      "send every field that is signed, sign_type too (V2 2.1 step 1)")                            \
    X(KEY_MISSING, "key-missing", "the key was not put behind the text",                           \
      "append &key= and the API key before the digest (V2 2.1 step 5)")                            \
    X(HMAC_NO_SUFFIX, "hmac-without-key-suffix",                                                   \
      "the HMAC was taken over the text without &key= and the key",                                \
      "append &key= and the API key for HMAC-SHA256 too (V2 2.1 step 6)")                          \
    X(KEY_EMPTY, "key-empty", "the text ends in &key= with nothing behind it",                     \
      "check that the API key is read from the configuration (V2 2.1 step 5)")                     \
    X(KEY_FIRST, "key-in-front", "the key was put in front of the fields",                         \
      "append &key= and the API key behind the last field (V2 2.1 step 5)")                        \
    X(KEY_SORTED, "key-sorted-in", "key was sorted in among the fields",                           \
      "append &key= and the API key after sorting, behind the last field (V2 2.1 step 5)")         \
    X(NO_AMPERSAND, "ampersand-missing",                                                           \
      "there is no & between the last field and key=", "append &key=, with the & (V2 2.1 step 5)") \
    X(TWO_AMPERSANDS, "ampersand-twice", "there are two & between the last field and key=",        \
      "put one & between fields and one in front of key= (V2 2.1 steps 4, 5)")                     \
    X(KEY_NO_NAME, "key-without-name", "the key was appended without key= in front of it",         \
      "append &key= and the API key (V2 2.1 step 5)")                                              \
    X(KEY_BLANKS, "key-has-blanks",                                                                \
      "the key was used with bytes around it that are no part of it",                              \
      "trim the API key where it is read from a file or a form: it is exactly 32 bytes (V2 1.6)")  \
    X(KEY_CASE, "key-in-other-case", "the letters of the key were changed to one case",            \
      "use the API key as it is: its letter case counts (V2 1.6)")                                 \
    X(SIGN_INCLUDED, "sign-included", "sign itself, still empty, was put into the text",           \
      "leave sign out of the text to be signed (V2 2.1 step 1)")                                   \
    X(TEXT_CASE, "text-in-other-case", "the whole text was changed to one letter case",            \
      "change the case of the digest only, never of the text (V2 2.1 steps 4, 7)")                 \
    X(SHA256, "sha256-without-hmac", "a plain SHA-256 was taken where HMAC-SHA256 is meant",       \
      "use HMAC-SHA256 with the API key as the HMAC's key (V2 2.1 step 6)")                        \
    X(URL_ENCODED, "values-url-encoded", "the values were URL-encoded before signing",             \
      "sign the raw values (V2 2.1 step 4)")                                                       \
    X(XML_ESCAPED, "xml-escaped-text-signed", "the values were XML-escaped before signing",        \
      "sign the raw values, escape them afterwards for the document (V2 2.2)")                     \
    X(DOCUMENT_SIGNED, "markup-signed",                                                            \
      "what stands between the tags was signed, CDATA markup and escapes included",                \
      "sign the parsed values (V2 2.2)")                                                           \
    X(JSON_ESCAPED, "values-json-escaped", "the values were escaped as in JSON before signing",    \
      "sign the raw values (V2 2.1 step 4)")                                                       \
    X(QUOTED, "values-quoted", "the values were put into quotation marks before signing",          \
      "sign name=value without quotation marks (V2 2.1 step 4)")                                   \
    X(TRIMMED, "values-trimmed", "the values were trimmed before signing but not in the message",  \
      "sign what is sent: blanks at the ends count (V2 2.2)")                                      \
    X(LINE_ENDS, "crlf-signed",                                                                    \
      "values were signed with CR LF, which XML turns into LF on the way",                         \
      "sign what a reader gets: send LF only, or CR as &#13; (V2 2.2)")                            \
    X(GBK, "gbk-signed", "the text was signed as GBK instead of UTF-8",                            \
      "take the bytes of the text in UTF-8 before the digest (V2 2.1 step 4)")                     \
    X(QUESTION_MARKS, "question-marks-signed",                                                     \
      "every character outside ASCII was signed as a question mark",                               \
      "name UTF-8 where the text is turned into bytes, not the system's default (V2 2.1 step 4)")  \
    X(AMOUNT, "amount-spelled-otherwise", "amounts were signed in another spelling than sent",     \
      "turn the amount into the text of an integer in fen once, and sign and send that (V2 1.6)")  \
    X(OTHER_KEY, "other-accounts-key", "the sign was made with another account's key",             \
      "use the API key of the mch_id in the message")                                              \
    X(NOT_SIGNED, "field-not-signed", "one field was sent but not signed",                         \
      "sign every field that is sent, unknown ones too (V2 2.1 step 1)")                           \
    X(NOT_A_DIGEST, "not-a-digest", "the sign is neither 32 nor 64 hex digits",                    \
      "write the MD5 or HMAC-SHA256 as hex digits (V2 1.6)")

enum cause_id {
#define X(name, id, what, repair) CAUSE_##name,
    CAUSE_MAP(X)
#undef X
};

static const struct v2_cause causes[] = {
#define X(name, ...) [CAUSE_##name] = { __VA_ARGS__ },
    CAUSE_MAP(X)
#undef X
};

/* One way of going wrong. A cause may have several; the likely and the special come first. */
static const struct attempt {
    enum cause_id cause;
    enum { WITH_ANY, WITH_MD5, WITH_HMAC } with;
    struct recipe recipe;
    const char *detail;
} attempts[] = {
    /* these two are the right text; only the algorithm is the other one */
    { CAUSE_MD5_FOR_HMAC, WITH_MD5, {}, NULL },
    { CAUSE_HMAC_FOR_MD5, WITH_HMAC, {}, NULL },

    { CAUSE_EMPTY_VALUES, WITH_ANY, { .keep_empty = true }, NULL },
    { CAUSE_SORTED_NOCASE, WITH_ANY, { .order = ORDER_LOWER }, NULL },
    { CAUSE_SORTED_NOCASE, WITH_ANY, { .order = ORDER_UPPER }, NULL },
    { CAUSE_NOT_SORTED, WITH_ANY, { .order = ORDER_ARRIVAL }, NULL },
    { CAUSE_NOT_SORTED,
      WITH_ANY,
      { .order = ORDER_ARRIVAL, .keep_empty = true },
      "empty values were included too" },

    { CAUSE_SIGN_TYPE_LEFT_OUT, WITH_ANY, { .without = "sign_type" }, NULL },
    { CAUSE_SIGN_TYPE_NOT_SENT, WITH_MD5, { .extra = "sign_type", .extra_text = "MD5" }, NULL },
    { CAUSE_SIGN_TYPE_NOT_SENT,
      WITH_HMAC,
      { .extra = "sign_type", .extra_text = "HMAC-SHA256" },
      NULL },
    { CAUSE_SIGN_INCLUDED, WITH_ANY, { .extra = "sign", .extra_text = "" }, NULL },
    { CAUSE_SIGN_INCLUDED,
      WITH_ANY,
      { .extra = "sign", .extra_text = "", .keep_empty = true },
      "empty values were included too" },

    { CAUSE_KEY_MISSING, WITH_MD5, { .key = KEY_NONE }, NULL },
    { CAUSE_HMAC_NO_SUFFIX, WITH_HMAC, { .key = KEY_NONE }, NULL },
    { CAUSE_KEY_EMPTY, WITH_ANY, { .key = KEY_EMPTY }, NULL },
    { CAUSE_KEY_FIRST, WITH_ANY, { .key = KEY_FIRST }, NULL },
    { CAUSE_KEY_SORTED, WITH_ANY, { .key = KEY_SORTED }, NULL },
    { CAUSE_NO_AMPERSAND, WITH_ANY, { .key = KEY_NO_AMPERSAND }, NULL },
    { CAUSE_TWO_AMPERSANDS, WITH_ANY, { .key = KEY_TWO_AMPERSANDS }, NULL },
    { CAUSE_KEY_NO_NAME, WITH_ANY, { .key = KEY_NO_NAME }, NULL },
    { CAUSE_KEY_NO_NAME, WITH_ANY, { .key = KEY_GLUED }, NULL },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_behind = "\n" }, "a line feed behind the key" },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_behind = "\r\n" }, "CR LF behind the key" },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_behind = "\r" }, "a CR behind the key" },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_behind = " " }, "a blank behind the key" },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_behind = "\t" }, "a tab behind the key" },
    { CAUSE_KEY_BLANKS, WITH_ANY, { .key_front = " " }, "a blank in front of the key" },
    { CAUSE_KEY_BLANKS,
      WITH_ANY,
      { .key_front = "\"", .key_behind = "\"" },
      "quotation marks around the key" },
    { CAUSE_KEY_BLANKS,
      WITH_ANY,
      { .key_front = "'", .key_behind = "'" },
      "apostrophes around the key" },
    { CAUSE_KEY_BLANKS,
      WITH_ANY,
      { .key_front = "\xef\xbb\xbf" },
      "a byte order mark in front of the key" },
    { CAUSE_KEY_CASE, WITH_ANY, { .key_case = CASE_UPPER }, "upper case" },
    { CAUSE_KEY_CASE, WITH_ANY, { .key_case = CASE_LOWER }, "lower case" },
    { CAUSE_TEXT_CASE, WITH_ANY, { .text_case = CASE_LOWER }, "lower case" },
    { CAUSE_TEXT_CASE, WITH_ANY, { .text_case = CASE_UPPER }, "upper case" },
    { CAUSE_SHA256, WITH_HMAC, { .plain_sha256 = true }, NULL },

    { CAUSE_TRIMMED, WITH_ANY, { .spell = spell_trimmed }, NULL },
    { CAUSE_LINE_ENDS, WITH_ANY, { .spell = spell_crlf }, NULL },
    { CAUSE_URL_ENCODED, WITH_ANY, { .spell = spell_url, .style = url_rfc3986 }, NULL },
    { CAUSE_URL_ENCODED, WITH_ANY, { .spell = spell_url, .style = url_form }, NULL },
    { CAUSE_URL_ENCODED, WITH_ANY, { .spell = spell_url, .style = url_js }, NULL },
    { CAUSE_URL_ENCODED, WITH_ANY, { .spell = spell_url, .style = url_form_lower }, NULL },
    { CAUSE_XML_ESCAPED, WITH_ANY, { .spell = spell_xml, .style = xml_three }, NULL },
    { CAUSE_XML_ESCAPED, WITH_ANY, { .spell = spell_xml, .style = xml_four }, NULL },
    { CAUSE_XML_ESCAPED, WITH_ANY, { .spell = spell_xml, .style = xml_five }, NULL },
    { CAUSE_XML_ESCAPED, WITH_ANY, { .spell = spell_xml, .style = xml_39 }, NULL },
    { CAUSE_XML_ESCAPED, WITH_ANY, { .spell = spell_xml, .style = xml_039 }, NULL },
    { CAUSE_DOCUMENT_SIGNED, WITH_ANY, { .spell = spell_around, .style = around_cdata }, NULL },
    { CAUSE_DOCUMENT_SIGNED, WITH_ANY, { .spell = spell_document }, NULL },
    { CAUSE_JSON_ESCAPED, WITH_ANY, { .spell = spell_json, .style = json_plain }, NULL },
    { CAUSE_JSON_ESCAPED, WITH_ANY, { .spell = spell_json, .style = json_slash }, NULL },
    { CAUSE_JSON_ESCAPED, WITH_ANY, { .spell = spell_json, .style = json_ascii }, NULL },
    { CAUSE_JSON_ESCAPED, WITH_ANY, { .spell = spell_json, .style = json_ascii_slash }, NULL },
    { CAUSE_QUOTED, WITH_ANY, { .spell = spell_around, .style = around_quotes }, NULL },
    { CAUSE_GBK,
      WITH_ANY,
      { .spell = spell_charset, .style = charset_gbk, .not_utf8 = true },
      NULL },
    { CAUSE_QUESTION_MARKS, WITH_ANY, { .spell = spell_question_marks }, NULL },
    { CAUSE_AMOUNT,
      WITH_ANY,
      { .spell = spell_yuan, .style = yuan_two_places },
      "yuan with two places" },
    { CAUSE_AMOUNT, WITH_ANY, { .spell = spell_yuan, .style = yuan_short }, "yuan" },
    { CAUSE_AMOUNT,
      WITH_ANY,
      { .spell = spell_yuan, .style = fen_as_float },
      "fen as a floating-point number" },
};

static const struct recipe right = {};

const struct v2_cause *v2_causes(size_t *count)
{
    *count = COUNT(causes);
    return causes;
}

/* ---- the search ------------------------------------------------------------------------------ */

struct search {
    const struct v2_hint_input *in;
    struct view given; /* the sign without white space around it */
    size_t budget;     /* bytes that may still be hashed */
    struct buf text;   /* the text being tried */
};

/* What fits. recipe points into @attempts or to @one. */
struct finding {
    const struct v2_cause *cause; /* NULL: nothing */
    const struct recipe *recipe;
    enum v2_sign_type type;
    struct view what; /* for *detail */
    struct recipe one;
    char name[V2_NAME_MAX + 1]; /* that @one leaves out */
};

static int sha256_hex(struct view text, char out[V2_SIGN_MAX + 1])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t len = 0;
    struct buf hex = BUF_INIT(V2_SIGN_MAX);
    if (EVP_Q_digest(NULL, "SHA256", NULL, text.ptr, text.len, sum, &len) != 1)
        return ERR_CRYPTO;
    int err = buf_hex(&hex, sum, len, true);
    if (!err)
        err = view_copy(buf_view(&hex), out, V2_SIGN_MAX + 1);
    buf_release(&hex);
    return err;
}

/* The key as this recipe has it, to be freed; NULL when it cannot be. */
static struct v2_key *spoiled_key(const struct recipe *recipe, const struct v2_key *key)
{
    struct buf text = BUF_INIT(1024);
    struct v2_key *spoiled = NULL;
    int err = buf_str(&text, recipe->key_front ? recipe->key_front : "");
    if (!err)
        err = buf_view_add(&text, v2_key_text(key));
    if (!err)
        err = buf_str(&text, recipe->key_behind ? recipe->key_behind : "");
    if (!err) {
        recipe_letters(text.ptr, text.len, recipe->key_case);
        spoiled = v2_key_new(buf_view(&text));
    }
    mem_wipe(text.ptr, text.len);
    buf_release(&text);
    return spoiled;
}

/* Does this recipe give the sign that came? What cannot be built does not fit. */
static bool fits_key(struct search *search, const struct recipe *recipe, enum v2_sign_type type,
                     const struct v2_key *key)
{
    char sign[V2_SIGN_MAX + 1];
    buf_clear(&search->text);
    if (recipe_text(recipe, search->in, v2_key_text(key), &search->text))
        return false;
    if (search->text.len > search->budget) {
        search->budget = 0;
        return false;
    }
    search->budget -= search->text.len;
    int err = recipe->plain_sha256 ? sha256_hex(buf_view(&search->text), sign)
                                   : v2_digest(buf_view(&search->text), type, key, sign);
    return !err && view_eq_nocase(search->given, view_str(sign));
}

static bool fits(struct search *search, const struct recipe *recipe, enum v2_sign_type type)
{
    if (!search->budget)
        return false;
    if (!recipe->key_front && !recipe->key_behind && !recipe->key_case)
        return fits_key(search, recipe, type, search->in->key);
    struct v2_key *spoiled = spoiled_key(recipe, search->in->key);
    bool same = spoiled && fits_key(search, recipe, type, spoiled);
    v2_key_free(spoiled);
    return same;
}

static bool find_attempt(struct search *search, enum v2_sign_type type, struct finding *found)
{
    for (size_t i = 0; i < COUNT(attempts); i++) {
        const struct attempt *at = &attempts[i];
        if ((at->with == WITH_MD5 && type != V2_MD5) ||
            (at->with == WITH_HMAC && type != V2_HMAC_SHA256) || !fits(search, &at->recipe, type))
            continue;
        found->cause = &causes[at->cause];
        found->recipe = &at->recipe;
        found->what = view_str(at->detail);
        found->type = type;
        return true;
    }
    return false;
}

static bool find_other_key(struct search *search, enum v2_sign_type type, struct finding *found)
{
    const struct v2_hint_input *in = search->in;
    for (size_t i = 0; in->other_key && search->budget; i++) {
        struct view mch_id = {};
        const struct v2_key *key = in->other_key(in->owner, i, &mch_id);
        if (!key)
            break;
        if (!fits_key(search, &right, type, key))
            continue;
        found->cause = &causes[CAUSE_OTHER_KEY];
        found->recipe = &right;
        found->what = mch_id;
        found->type = type;
        return true;
    }
    return false;
}

/* One field added after signing. */
static bool find_unsigned_field(struct search *search, enum v2_sign_type type,
                                struct finding *found)
{
    for (size_t i = 0; i < search->in->msg->count; i++) {
        struct view name = search->in->msg->field[i].name;
        if (view_copy(name, found->name, sizeof(found->name)))
            continue;
        found->one = (struct recipe){ .without = found->name };
        if (!fits(search, &found->one, type))
            continue;
        found->cause = &causes[CAUSE_NOT_SIGNED];
        found->recipe = &found->one;
        found->what = name;
        found->type = type;
        return true;
    }
    return false;
}

/* The dear searches come last: a field each, and as many keys as there are accounts. */
static void find(struct search *search, struct finding *found)
{
    static bool (*const step[])(struct search *, enum v2_sign_type,
                                struct finding *) = { find_attempt, find_other_key,
                                                      find_unsigned_field };
    enum v2_sign_type stated = search->in->type;
    enum v2_sign_type other = stated == V2_MD5 ? V2_HMAC_SHA256 : V2_MD5;
    for (size_t i = 0; i < COUNT(step); i++)
        if (step[i](search, stated, found) || step[i](search, other, found))
            return;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* "<API key of 1900000109>": a key is never shown. */
static int key_mask(const struct v2_msg *msg, struct buf *out)
{
    struct view mch_id = v2_msg_get(msg, "mch_id");
    return mch_id.len ? buf_fmt(out, "<API key of %.*s>", VIEW_ARG(mch_id))
                      : buf_str(out, "<API key>");
}

static int tell_detail(const struct search *search, const struct finding *found, struct buf *out)
{
    int err = buf_view_add(out, found->what);
    bool algorithm_is_cause = found->recipe == &attempts[0].recipe ||
                              found->recipe == &attempts[1].recipe || found->recipe->plain_sha256;
    if (!err && found->type != search->in->type && !algorithm_is_cause)
        err = buf_fmt(out, "%ssigned with %s besides", out->len ? "; " : "",
                      v2_sign_type_name(found->type));
    bool lower = false;
    for (size_t i = 0; i < search->given.len; i++)
        lower |= search->given.ptr[i] >= 'a' && search->given.ptr[i] <= 'f';
    if (!err && lower)
        err = buf_fmt(out, "%sthe sign is in lower-case hex besides", out->len ? "; " : "");
    return err;
}

/* The sign is right but for its dress, or is none at all. NULL: it is really another one. */
static const struct v2_cause *judge_dress(struct search *search, struct view sign)
{
    const struct v2_hint_input *in = search->in;
    if (!search->given.len)
        return &causes[CAUSE_SIGN_ABSENT];
    if (!fits(search, &right, in->type))
        return NULL;
    return &causes[sign.len != search->given.len ? CAUSE_SIGN_BLANKS : CAUSE_LOWER_HEX];
}

static bool is_digest(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("0123456789abcdefABCDEF", text.ptr[i]))
            return false;
    return text.len == 32 || text.len == 64;
}

/* What the merchant seems to have signed, its key masked too. */
static int tell_signed_text(const struct search *search, const struct finding *found,
                            struct view mask)
{
    struct buf *out = search->in->signed_text;
    return !out || found->recipe->not_utf8 ? 0 : recipe_text(found->recipe, search->in, mask, out);
}

static const struct v2_cause *explain(struct search *search, struct view mask, struct buf *detail)
{
    struct view sign = v2_msg_get(search->in->msg, "sign");
    const struct v2_cause *dress = judge_dress(search, sign);
    struct finding found = {};
    if (dress)
        return dress;
    find(search, &found);
    if (!found.cause)
        return is_digest(search->given) ? NULL : &causes[CAUSE_NOT_A_DIGEST];
    int err = detail ? tell_detail(search, &found, detail) : 0;
    if (!err)
        err = tell_signed_text(search, &found, mask);
    return err ? NULL : found.cause;
}

const struct v2_cause *v2_hint_find(const struct v2_hint_input *in, struct buf *text,
                                    struct buf *detail)
{
    struct search search = { .in = in,
                             .given = view_trim(v2_msg_get(in->msg, "sign")),
                             .budget = BUDGET,
                             .text = BUF_INIT(TEXT_MAX) };
    struct buf mask = BUF_INIT(V2_XML_MAX);
    const struct v2_cause *cause = NULL;
    bool broken = v2_verify(in->msg, in->type, in->key) == ERR_SIGNATURE;
    int err = key_mask(in->msg, &mask);

    if (!err)
        err = recipe_text(&right, in, buf_view(&mask), text);
    if (!err && broken)
        cause = explain(&search, buf_view(&mask), detail);
    buf_release(&mask);
    mem_wipe(search.text.ptr, search.text.cap);
    buf_release(&search.text);
    return cause;
}
