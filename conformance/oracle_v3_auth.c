/*
 * oracle_v3_auth.c — the Authorization header as V3 2.2 has it, and why a request's signature does
 * not hold.
 */
#include "base/err.h"
#include "base/mem.h"
#include "oracle_v3_priv.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#define SCHEME "WECHATPAY2-SHA256-RSA2048"

/* ---- the header ------------------------------------------------------------------------------ */

struct pair_place {
    const char *name;
    char *out;
    size_t size;
    bool seen;
};

static struct view skip_blanks(struct view text, bool *spaced)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        *spaced = true;
        text.ptr++;
        text.len--;
    }
    return text;
}

/* One key="value" off the front of *rest; a static complaint, or NULL. */
static const char *take_pair(struct view *rest, struct pair_place *places, size_t count,
                             bool *spaced)
{
    size_t equals = view_find(*rest, VIEW("="));
    if (equals == SIZE_MAX)
        return "there is something that is no key=\"value\"";
    struct view name = view_trim((struct view){ rest->ptr, equals });
    *spaced |= name.len != equals;
    struct view value = { rest->ptr + equals + 1, rest->len - equals - 1 };
    value = skip_blanks(value, spaced);
    if (!value.len || value.ptr[0] != '"')
        return "a value is not in double quotes";
    value = (struct view){ value.ptr + 1, value.len - 1 };
    size_t end = view_find(value, VIEW("\""));
    if (end == SIZE_MAX)
        return "a value has no closing quote";
    *rest = (struct view){ value.ptr + end + 1, value.len - end - 1 };
    value.len = end;
    for (size_t i = 0; i < count; i++) {
        if (!view_is(name, places[i].name))
            continue;
        if (places[i].seen)
            return "a pair occurs twice";
        places[i].seen = true;
        return view_copy(value, places[i].out, places[i].size) ? "a value is too long" : NULL;
    }
    return "there is a pair of another name";
}

static const char *read_pairs(struct view rest, struct pair_place *places, size_t count,
                              bool *spaced)
{
    for (;;) {
        const char *odd = take_pair(&rest, places, count, spaced);
        if (odd)
            return odd;
        rest = skip_blanks(rest, spaced);
        if (!rest.len)
            return NULL;
        if (rest.ptr[0] != ',')
            return "pairs are not separated by commas";
        rest = skip_blanks((struct view){ rest.ptr + 1, rest.len - 1 }, spaced);
    }
}

void oracle3_authorization(const char *value, struct oracle3_auth *out)
{
    *out = (struct oracle3_auth){};
    struct pair_place places[] = {
        { "mchid", out->mchid, sizeof(out->mchid), false },
        { "nonce_str", out->nonce, sizeof(out->nonce), false },
        { "signature", out->signature, sizeof(out->signature), false },
        { "timestamp", out->timestamp, sizeof(out->timestamp), false },
        { "serial_no", out->serial, sizeof(out->serial), false },
    };
    if (!value) {
        out->odd = "there is no Authorization header";
        return;
    }
    struct view rest;
    struct view scheme = view_cut(view_str(value), ' ', &rest);
    if (!view_is(scheme, SCHEME)) {
        out->odd = "the scheme is not " SCHEME;
        return;
    }
    out->odd = read_pairs(skip_blanks(rest, &out->spaced), places, COUNT(places), &out->spaced);
    for (size_t i = 0; i < COUNT(places) && !out->odd; i++)
        if (!places[i].seen)
            out->odd = "one of mchid, nonce_str, signature, timestamp, serial_no is missing";
}

/* ---- why ------------------------------------------------------------------------------------- */

struct search {
    const struct oracle3_request *request;
    unsigned char digest[32]; /* that was signed */
    struct oracle3_verdict *out;
    bool found;
};

static void try_text(struct search *s, struct view text, enum oracle3_blame blame,
                     const char *cause)
{
    unsigned char digest[32] = {};
    unsigned len = 0;

    if (s->found ||
        EVP_Digest(text.ptr ? text.ptr : "", text.len, digest, &len, EVP_sha256(), NULL) != 1)
        return;
    if (memcmp(digest, s->digest, sizeof(digest)) == 0) {
        s->found = true;
        *s->out = (struct oracle3_verdict){ blame, cause };
    }
}

static void try_request(struct search *s, const struct oracle3_request *other,
                        enum oracle3_blame blame, const char *cause)
{
    struct buf text = BUF_INIT(ORACLE3_TEXT_MAX);

    if (!oracle3_request_text(other, &text)) {
        try_text(s, buf_view(&text), blame, cause);
        if (text.len) /* the last line feed */
            try_text(s, (struct view){ text.ptr, text.len - 1 },
                     blame == ORACLE3_RIGHT ? ORACLE3_TEXT : blame,
                     blame == ORACLE3_RIGHT ? "the last line feed is missing" : cause);
    }
    buf_release(&text);
}

static void try_target(struct search *s, struct view target, enum oracle3_blame blame,
                       const char *cause)
{
    struct oracle3_request other = *s->request;
    other.target = target;
    try_request(s, &other, blame, cause);
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int decode_percent(struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        int high = i + 2 < text.len && text.ptr[i] == '%' ? hex_of(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_of(text.ptr[i + 2]) : -1;
        err = buf_byte(out, low >= 0 ? (char)(high * 16 + low) : text.ptr[i]);
        i += low >= 0 ? 2 : 0;
    }
    return err;
}

static void try_targets(struct search *s, struct view host)
{
    static const char *const schemes[] = { "http://", "https://", "" };
    struct view target = s->request->target, query;
    struct buf other = BUF_INIT((size_t)64 * 1024);

    try_target(s, view_cut(target, '?', &query), ORACLE3_QUERY, "the query was not signed");
    if (!decode_percent(target, &other))
        try_target(s, buf_view(&other), query.len ? ORACLE3_QUERY : ORACLE3_TEXT,
                   "the target was signed decoded");
    for (size_t i = 0; i < COUNT(schemes) && host.len; i++) {
        buf_clear(&other);
        if (!buf_fmt(&other, "%s%.*s%.*s", schemes[i], VIEW_ARG(host), VIEW_ARG(target)))
            try_target(s, buf_view(&other), ORACLE3_TEXT, "the host was signed with the path");
    }
    buf_release(&other);
}

static void try_body(struct search *s, struct view body, const char *cause)
{
    struct oracle3_request other = *s->request;
    other.body = body;
    try_request(s, &other, ORACLE3_BODY, cause);
}

/* jansson's ", " and ": " are what Python and many others write. */
static void try_spellings(struct search *s)
{
    static const struct {
        size_t flags;
        const char *cause;
    } styles[] = {
        { JSON_COMPACT, "the body was signed in another spelling (compact)" },
        { 0, "the body was signed in another spelling (with blanks)" },
        { JSON_COMPACT | JSON_SORT_KEYS, "the body was signed with its keys sorted" },
        { JSON_SORT_KEYS, "the body was signed with its keys sorted" },
        { JSON_COMPACT | JSON_ENSURE_ASCII, "the body was signed with \\u escapes" },
        { JSON_ENSURE_ASCII, "the body was signed with \\u escapes" },
        { JSON_COMPACT | JSON_ESCAPE_SLASH, "the body was signed with escaped slashes" },
        { JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_ENSURE_ASCII,
          "the body was signed with escaped slashes and \\u escapes" },
    };
    struct view body = s->request->body;
    json_t *json = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_DECODE_ANY, NULL);

    for (size_t i = 0; json && i < COUNT(styles) && !s->found; i++) {
        char *text = json_dumps(json, styles[i].flags | JSON_ENCODE_ANY);
        if (text)
            try_body(s, view_str(text), styles[i].cause);
        free(text); /* jansson's allocator, not ours */
    }
    json_decref(json);
}

static void try_bodies(struct search *s)
{
    struct view body = s->request->body;
    struct buf other = BUF_INIT(ORACLE3_TEXT_MAX);

    if (body.len) {
        try_body(s, (struct view){}, "the body was not signed");
        try_body(s, view_trim(body), "white space around the body was not signed");
    }
    if (!buf_view_add(&other, body) && !buf_byte(&other, '\n'))
        try_body(s, buf_view(&other), "a line feed behind the body was signed, and not sent");
    buf_release(&other);
    try_spellings(s);
}

static void try_lines(struct search *s)
{
    struct buf text = BUF_INIT(ORACLE3_TEXT_MAX), crlf = BUF_INIT(2 * ORACLE3_TEXT_MAX);
    struct buf stamp = BUF_INIT((size_t)64), method = BUF_INIT((size_t)32);
    struct oracle3_request other = *s->request;

    if (!oracle3_request_text(s->request, &text)) {
        int err = 0;
        for (size_t i = 0; !err && i < text.len; i++)
            err = text.ptr[i] == '\n' ? buf_str(&crlf, "\r\n") : buf_byte(&crlf, text.ptr[i]);
        if (!err)
            try_text(s, buf_view(&crlf), ORACLE3_TEXT, "the lines end with CR LF");
    }
    for (size_t i = 0; i < other.method.len; i++)
        if (buf_byte(&method, (char)(other.method.ptr[i] | 0x20)))
            break;
    other.method = buf_view(&method);
    try_request(s, &other, ORACLE3_TEXT, "the method was signed in lower case");
    other = *s->request;
    if (!buf_fmt(&stamp, "%.*s000", VIEW_ARG(other.timestamp))) {
        other.timestamp = buf_view(&stamp);
        try_request(s, &other, ORACLE3_TEXT, "the timestamp was signed in milliseconds");
    }
    other = *s->request;
    other.nonce = s->request->timestamp;
    other.timestamp = s->request->nonce;
    try_request(s, &other, ORACLE3_TEXT, "timestamp and nonce were signed in turned order");
    try_text(s, (struct view){}, ORACLE3_TEXT, "an empty text was signed");
    buf_release(&method);
    buf_release(&stamp);
    buf_release(&crlf);
    buf_release(&text);
}

/* The digest inside a PKCS#1 signature; its length, 0 when this key did not make one. */
static size_t recover(const struct oracle3_key *key, const struct buf *signature, const EVP_MD *md,
                      unsigned char out[256])
{
    size_t len = 256;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool ok = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
              EVP_PKEY_verify_recover(ctx, out, &len, (const unsigned char *)signature->ptr,
                                      signature->len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? len : 0;
}

/* The alphabet of URLs back to the standard one, padded. */
static int plain_base64(struct view text, struct buf *out, bool *url_safe)
{
    int err = 0;
    *url_safe = false;
    for (size_t i = 0; !err && i < text.len; i++) {
        char c = text.ptr[i];
        *url_safe |= c == '-' || c == '_';
        err = buf_byte(out, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (!err && out->len % 4)
        err = buf_byte(out, '=');
    return err;
}

static int bytes_of(struct view base64, struct buf *out)
{
    unsigned char bytes[1024];
    if (!base64.len || base64.len % 4 || base64.len > 1024)
        return ERR_SYNTAX;
    int len = EVP_DecodeBlock(bytes, (const unsigned char *)base64.ptr, (int)base64.len);
    if (len < 0)
        return ERR_SYNTAX;
    for (size_t i = base64.len; len > 0 && i-- > 0 && base64.ptr[i] == '=';)
        len--;
    return buf_add(out, (char *)bytes, (size_t)len);
}

static void search_all(struct search *s, struct view host)
{
    try_request(s, s->request, ORACLE3_RIGHT, NULL);
    try_targets(s, host);
    try_bodies(s);
    try_lines(s);
}

void oracle3_hunt(const struct oracle3_request *request, const struct oracle3_key *merchant,
                  struct view host, struct view signature, struct oracle3_verdict *out)
{
    struct buf base64 = BUF_INIT((size_t)2048), bytes = BUF_INIT((size_t)2048);
    unsigned char digest[256];
    struct search s = { .request = request, .out = out };
    bool url_safe = false;

    *out = (struct oracle3_verdict){ ORACLE3_KEY, "it was not made with the merchant's key" };
    if (plain_base64(signature, &base64, &url_safe) || bytes_of(buf_view(&base64), &bytes)) {
        *out = (struct oracle3_verdict){ ORACLE3_TEXT, "the signature is no base64" };
    } else if (recover(merchant, &bytes, EVP_sha1(), digest) == 20) {
        *out = (struct oracle3_verdict){ ORACLE3_TEXT, "it was made with SHA-1" };
    } else if (recover(merchant, &bytes, EVP_sha256(), digest) == 32) {
        memcpy(s.digest, digest, sizeof(s.digest));
        *out = (struct oracle3_verdict){ ORACLE3_TEXT,
                                         "another text was signed; no usual mistake explains it" };
        search_all(&s, host);
        if (s.found && out->blame == ORACLE3_RIGHT && url_safe)
            *out =
                (struct oracle3_verdict){ ORACLE3_TEXT, "the signature is in the base64 of URLs" };
    }
    buf_release(&bytes);
    buf_release(&base64);
}
