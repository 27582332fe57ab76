/*
 * Texts signed in place of the five lines: a digest of them, an encoding, the way of V2.
 */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_hint_priv.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define MASK_API   "<API key>"
#define MASK_APIV3 "<APIv3 key>"

static int make_digest(const struct v3_hint_input *in, const char *style, bool, struct buf *out)
{
    struct buf text = BUF_INIT(V3_ALTS_BYTES);
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t len = 0;
    bool md5 = style[0] == '5';
    int err = v3_request_text(&in->request, &text);
    if (!err && style[1] == '-')
        text.len--; /* the last line feed */
    if (!err &&
        EVP_Q_digest(NULL, md5 ? "MD5" : "SHA256", NULL, text.ptr, text.len, sum, &len) != 1)
        err = ERR_CRYPTO;
    buf_release(&text);
    if (err)
        return err;
    if (style[2] == 'b')
        return base64_encode((struct view){ (const char *)sum, len }, out);
    return style[2] == 'r' ? buf_add(out, sum, len) : buf_hex(out, sum, len, style[2] == 'X');
}

static int make_encoded(const struct v3_hint_input *in, const char *style, bool, struct buf *out)
{
    struct buf text = BUF_INIT(V3_ALTS_BYTES);
    int err = v3_request_text(&in->request, &text);
    if (err)
        goto out;
    switch (style[0]) {
    case 'b': err = base64_encode(buf_view(&text), out); break;
    case 'u': err = v3_spell_percent(buf_view(&text), "-._~", "%20", out); break;
    case 'f': err = v3_spell_percent(buf_view(&text), "-._*", "+", out); break;
    case 'q': err = v3_spell_quoted(buf_view(&text), out); break;
    default:
        err =
            v3_spell_letters(buf_view(&text), style[0] == 'U' ? LETTERS_UPPER : LETTERS_LOWER, out);
    }
out:
    buf_release(&text);
    return err;
}

static int add_member(struct buf *out, const char *name, const json_t *value)
{
    int err = buf_fmt(out, "%s%s=", out->len ? "&" : "", name);
    if (err)
        return err;
    if (json_is_string(value))
        return buf_add(out, json_string_value(value), json_string_length(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    err = text ? buf_str(out, text) : ERR_NOMEM;
    free(text); /* jansson's own block */
    return err;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define MEMBERS_MAX 64

/* Sorted "name=value&…" of the members of the body, else of the query; @header: two more. */
static int spell_v2(const struct v3_hint_input *in, bool header, struct buf *out)
{
    const char *names[MEMBERS_MAX], *name;
    size_t count = 0, from = out->len;
    json_t *json = v3_json_of(in->request.body), *value;
    int err = 0;
    if (!json)
        json = v3_json_of_query(in->request.target);
    if (json_is_object(json) && header) {
        const struct v3_request *request = &in->request;
        err = json_object_set_new(json, "nonce_str",
                                  json_stringn(request->nonce.ptr, request->nonce.len)) ||
                      json_object_set_new(
                          json, "timestamp",
                          json_stringn(request->timestamp.ptr, request->timestamp.len))
                  ? ERR_SYNTAX
                  : 0;
    }
    if (!json_is_object(json) || json_object_size(json) > MEMBERS_MAX || from)
        err = ERR_RANGE;
    if (!err) {
        json_object_foreach(json, name, value)
        {
            names[count++] = name;
        }
        qsort(names, count, sizeof(*names), by_name);
    }
    for (size_t i = 0; !err && i < count; i++)
        err = add_member(out, names[i], json_object_get(json, names[i]));
    json_decref(json);
    return err;
}

static int make_v2(const struct v3_hint_input *in, const char *style, bool mask, struct buf *out)
{
    int err = spell_v2(in, style[0] == 'h', out);
    if (err || style[1] == '-')
        return err;
    struct view key = style[1] == 'a' ? in->api_key : style[1] == '3' ? in->apiv3_key : VIEW("");
    if (style[1] != 'e' && !key.len)
        return ERR_NOT_FOUND;
    if (mask && key.len)
        key = style[1] == 'a' ? VIEW(MASK_API) : VIEW(MASK_APIV3);
    err = buf_str(out, "&key=");
    return err ? err : buf_view_add(out, key);
}

static const struct v3_whole wholes[] = {
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 in hex digits", make_digest, "2+x" },
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 in large hex digits", make_digest, "2+X" },
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 as bytes", make_digest, "2+r" },
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 in base64", make_digest, "2+b" },
    { V3_CAUSE_DIGEST_SIGNED, "MD5 in hex digits", make_digest, "5+x" },
    { V3_CAUSE_DIGEST_SIGNED, "MD5 in large hex digits", make_digest, "5+X" },
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 in hex digits, without the last line feed", make_digest,
      "2-x" },
    { V3_CAUSE_DIGEST_SIGNED, "SHA-256 as bytes, without the last line feed", make_digest, "2-r" },
    { V3_CAUSE_TEXT_ENCODED, "base64", make_encoded, "b" },
    { V3_CAUSE_TEXT_ENCODED, "URL-encoded", make_encoded, "u" },
    { V3_CAUSE_TEXT_ENCODED, "form-encoded", make_encoded, "f" },
    { V3_CAUSE_TEXT_ENCODED, "a string of JSON", make_encoded, "q" },
    { V3_CAUSE_TEXT_CASE, "upper case", make_encoded, "U" },
    { V3_CAUSE_TEXT_CASE, "lower case", make_encoded, "L" },
    { V3_CAUSE_V2_TEXT, "no key behind it", make_v2, "--" },
    { V3_CAUSE_V2_TEXT, "&key= with nothing behind it", make_v2, "-e" },
    { V3_CAUSE_V2_TEXT, "the API key behind it", make_v2, "-a" },
    { V3_CAUSE_V2_TEXT, "the APIv3 key behind it", make_v2, "-3" },
    { V3_CAUSE_V2_TEXT, "with timestamp and nonce_str", make_v2, "h-" },
    { V3_CAUSE_V2_TEXT, "with timestamp and nonce_str, the API key behind it", make_v2, "ha" },
    { V3_CAUSE_V2_TEXT, "with timestamp and nonce_str, the APIv3 key behind it", make_v2, "h3" },
};

const struct v3_whole *v3_whole_at(size_t index)
{
    return index < COUNT(wholes) ? &wholes[index] : NULL;
}
