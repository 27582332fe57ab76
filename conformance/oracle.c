#include "oracle.h"

#include "base/err.h"
#include "base/mem.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)16 << 20) /* one case signs a message of 10 MiB */

/* ---- the list of fields --------------------------------------------------------------------- */

static void field_release(struct oracle_field *field)
{
    mem_free(field->name);
    mem_free(field->value);
    mem_free(field->markup);
    *field = (struct oracle_field){};
}

void oracle_release(struct oracle_msg *msg)
{
    for (size_t i = 0; i < msg->count; i++)
        field_release(&msg->field[i]);
    msg->count = 0;
    msg->err = 0;
}

static void fail(struct oracle_msg *msg, int err)
{
    if (!msg->err)
        msg->err = err;
}

struct oracle_field *oracle_add(struct oracle_msg *msg, const char *name, const char *value)
{
    static struct oracle_field nowhere; /* so that a caller may set a flag without asking */

    if (msg->count == ORACLE_FIELDS_MAX) {
        fail(msg, ERR_LIMIT);
        return &nowhere;
    }
    struct oracle_field *field = &msg->field[msg->count++];
    *field = (struct oracle_field){ .name = mem_strdup(name), .value = mem_strdup(value) };
    if (!field->name || !field->value)
        fail(msg, ERR_NOMEM);
    return field;
}

struct oracle_field *oracle_add_i64(struct oracle_msg *msg, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    return oracle_add(msg, name, text);
}

void oracle_add_markup(struct oracle_msg *msg, const char *name, const char *value,
                       const char *markup)
{
    struct oracle_field *field = oracle_add(msg, name, value);
    char *copy = mem_strdup(markup);

    if (!copy || msg->err) {
        mem_free(copy);
        fail(msg, ERR_NOMEM);
        return;
    }
    field->markup = copy;
}

/* Place of the first field of that name, or SIZE_MAX. */
static size_t find(const struct oracle_msg *msg, const char *name)
{
    for (size_t i = 0; i < msg->count; i++)
        if (msg->field[i].name && strcmp(msg->field[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

void oracle_set(struct oracle_msg *msg, const char *name, const char *value)
{
    size_t at = find(msg, name);

    if (at == SIZE_MAX) {
        oracle_add(msg, name, value);
        return;
    }
    char *copy = mem_strdup(value);
    if (!copy) {
        fail(msg, ERR_NOMEM);
        return;
    }
    mem_free(msg->field[at].value);
    msg->field[at].value = copy;
}

void oracle_set_i64(struct oracle_msg *msg, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    oracle_set(msg, name, text);
}

void oracle_drop(struct oracle_msg *msg, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < msg->count; i++) {
        if (msg->field[i].name && strcmp(msg->field[i].name, name) == 0)
            field_release(&msg->field[i]);
        else
            msg->field[kept++] = msg->field[i];
    }
    msg->count = kept;
}

const char *oracle_get(const struct oracle_msg *msg, const char *name)
{
    size_t at = find(msg, name);
    return at == SIZE_MAX ? NULL : msg->field[at].value;
}

/* ---- the text to be signed ------------------------------------------------------------------ */

/* The right text is 0; each flag is one mistake that people make. */
enum mistake {
    KEEP_EMPTY = 1 << 0,
    LEAVE_TYPE = 1 << 1,
    TRIM = 1 << 2,
    URL_ENCODE = 1 << 3,
    XML_ESCAPE = 1 << 4,
};

static int by_name(const void *a, const void *b)
{
    const struct oracle_field *const *x = a, *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);

    if (order)
        return order;
    return *x < *y ? -1 : 1; /* doubled names stay in the order of the message */
}

static int add_url_encoded(struct buf *out, struct view value)
{
    int err = 0;

    for (size_t i = 0; i < value.len && !err; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("-_.", c);
        err = plain ? buf_byte(out, (char)c) : buf_fmt(out, "%%%02X", c);
    }
    return err;
}

static int add_xml_escaped(struct buf *out, struct view value)
{
    int err = 0;

    for (size_t i = 0; i < value.len && !err; i++) {
        switch (value.ptr[i]) {
        case '&': err = buf_str(out, "&amp;"); break;
        case '<': err = buf_str(out, "&lt;"); break;
        case '>': err = buf_str(out, "&gt;"); break;
        case '"': err = buf_str(out, "&quot;"); break;
        case '\'': err = buf_str(out, "&apos;"); break;
        default: err = buf_byte(out, value.ptr[i]);
        }
    }
    return err;
}

static int add_pair(struct buf *out, const struct oracle_field *field, unsigned mistakes)
{
    struct view value = view_str(field->value);

    if (mistakes & TRIM)
        value = view_trim(value);
    if (!value.len && !(mistakes & KEEP_EMPTY))
        return 0;
    int err = buf_fmt(out, "%s=", field->name);
    if (!err && (mistakes & URL_ENCODE))
        err = add_url_encoded(out, value);
    else if (!err && (mistakes & XML_ESCAPE))
        err = add_xml_escaped(out, value);
    else if (!err)
        err = buf_view_add(out, value);
    return err ? err : buf_byte(out, '&');
}

static int text_with(const struct oracle_msg *msg, const char *key, unsigned mistakes,
                     struct buf *out)
{
    const struct oracle_field *sorted[ORACLE_FIELDS_MAX];
    size_t count = 0;
    int err = msg->err;

    for (size_t i = 0; i < msg->count && !err; i++) {
        const struct oracle_field *field = &msg->field[i];
        bool out_of_it = field->unsigned_ || strcmp(field->name, "sign") == 0 ||
                         ((mistakes & LEAVE_TYPE) && strcmp(field->name, "sign_type") == 0);
        if (!out_of_it)
            sorted[count++] = field;
    }
    if (err)
        return err;
    qsort(sorted, count, sizeof(sorted[0]), by_name);
    for (size_t i = 0; i < count && !err; i++)
        err = add_pair(out, sorted[i], mistakes);
    return err ? err : buf_fmt(out, "key=%s", key);
}

int oracle_text(const struct oracle_msg *msg, const char *key, struct buf *out)
{
    return text_with(msg, key, 0, out);
}

/* ---- digests -------------------------------------------------------------------------------- */

static int digest(struct view text, enum oracle_algorithm algorithm, const char *key,
                  char sign[ORACLE_SIGN_LEN + 1])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int ok;

    if (algorithm == ORACLE_MD5)
        ok = EVP_Digest(text.ptr, text.len, bytes, &len, EVP_md5(), NULL);
    else
        ok = HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text.ptr, text.len,
                  bytes, &len) != NULL;
    if (!ok || len * 2 > ORACLE_SIGN_LEN)
        return ERR_CRYPTO;
    for (unsigned i = 0; i < len; i++)
        snprintf(sign + (size_t)i * 2, 3, "%02X", bytes[i]);
    return 0;
}

static int sign_with(const struct oracle_msg *msg, enum oracle_algorithm algorithm, const char *key,
                     unsigned mistakes, char sign[ORACLE_SIGN_LEN + 1])
{
    struct buf text = BUF_INIT(TEXT_MAX);
    int err = text_with(msg, key, mistakes, &text);

    if (!err)
        err = digest(buf_view(&text), algorithm, key, sign);
    buf_release(&text);
    return err;
}

int oracle_sign(const struct oracle_msg *msg, enum oracle_algorithm algorithm, const char *key,
                char sign[ORACLE_SIGN_LEN + 1])
{
    return sign_with(msg, algorithm, key, 0, sign);
}

int oracle_seal(struct oracle_msg *msg, enum oracle_algorithm algorithm, const char *key)
{
    char sign[ORACLE_SIGN_LEN + 1];
    int err = oracle_sign(msg, algorithm, key, sign);

    if (!err) {
        oracle_set(msg, "sign", sign);
        err = msg->err;
    }
    return err;
}

/* ---- why a signature does not hold ---------------------------------------------------------- */

static const struct {
    unsigned mistakes;
    bool other_algorithm;
    const char *cause;
} suspects[] = {
    { KEEP_EMPTY, false, "empty values were signed" },
    { LEAVE_TYPE, false, "sign_type was left out of the signed text" },
    { 0, true, "another algorithm was used than sign_type names" },
    { LEAVE_TYPE, true, "another algorithm was used, and sign_type was left out" },
    { KEEP_EMPTY, true, "another algorithm was used, and empty values were signed" },
    { TRIM, false, "the values were trimmed before signing" },
    { URL_ENCODE, false, "URL-encoded values were signed" },
    { XML_ESCAPE, false, "XML-escaped values were signed" },
    { KEEP_EMPTY | LEAVE_TYPE, false, "empty values were signed and sign_type was left out" },
    { KEEP_EMPTY | URL_ENCODE, false, "empty and URL-encoded values were signed" },
};

static bool same_letters(const char *a, const char *b)
{
    return view_eq_nocase(view_str(a), view_str(b));
}

static int suspect_all(const struct oracle_msg *msg, const char *key, const char *sent,
                       struct oracle_signature *out)
{
    for (size_t i = 0; i < COUNT(suspects); i++) {
        char sign[ORACLE_SIGN_LEN + 1] = "";
        enum oracle_algorithm algorithm = out->algorithm;
        if (suspects[i].other_algorithm)
            algorithm = algorithm == ORACLE_MD5 ? ORACLE_HMAC_SHA256 : ORACLE_MD5;
        int err = sign_with(msg, algorithm, key, suspects[i].mistakes, sign);
        if (err)
            return err;
        if (!same_letters(sign, sent))
            continue;
        out->cause = suspects[i].cause;
        out->empty_signed = suspects[i].mistakes & KEEP_EMPTY;
        out->type_unsigned = suspects[i].mistakes & LEAVE_TYPE;
        out->trimmed = suspects[i].mistakes & TRIM;
        out->encoded = suspects[i].mistakes & (URL_ENCODE | XML_ESCAPE);
        out->other_algorithm = suspects[i].other_algorithm;
        return 0;
    }
    return 0;
}

int oracle_verify(const struct oracle_msg *msg, const char *key, struct oracle_signature *out)
{
    const char *sent = oracle_get(msg, "sign");
    const char *type = oracle_get(msg, "sign_type");

    *out = (struct oracle_signature){};
    out->algorithm = type && strcmp(type, "HMAC-SHA256") == 0 ? ORACLE_HMAC_SHA256 : ORACLE_MD5;
    for (size_t i = 0; i < msg->count; i++)
        out->empty_fields |= !msg->field[i].value || !msg->field[i].value[0];
    int err = oracle_sign(msg, out->algorithm, key, out->expected);
    if (err)
        return err;
    if (!sent || !sent[0]) {
        out->cause = "there is no sign";
        return 0;
    }
    out->right = strcmp(sent, out->expected) == 0;
    if (out->right)
        return 0;
    if (same_letters(sent, out->expected)) {
        out->lower_case = true;
        out->cause = "the digits are not upper case";
        return 0;
    }
    return suspect_all(msg, key, sent, out);
}
