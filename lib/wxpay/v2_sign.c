#include "wxpay/v2_sign.h"

#include "base/err.h"
#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>

#define KEY_MAX 256
/* Text of the longest document, "&key=" and the key. */
#define TEXT_MAX (V2_XML_MAX * 2 + KEY_MAX)
/* A text that grew beyond this is not kept for the next message. */
#define TEXT_KEEP 8192
/* Up to here a plain insertion sort on the stack is fastest; real messages have below 40 fields. */
#define FEW 64

static const char *const type_name[] = { [V2_MD5] = "MD5", [V2_HMAC_SHA256] = "HMAC-SHA256" };

/* What signing writes on. Apart from the key, so that a key that is only used stays const. */
struct pen {
    EVP_MD_CTX *md5;
    EVP_MAC_CTX *hmac; /* keyed once; every use starts it again without a key */
    struct buf text;   /* the text to be signed, kept from message to message */
};

struct v2_key {
    struct pen *pen; /* owned */
    size_t len;
    char text[KEY_MAX + 1];
};

const char *v2_sign_type_name(enum v2_sign_type type)
{
    return type_name[type];
}

int v2_sign_type_parse(struct view text, enum v2_sign_type *out)
{
    for (size_t i = 0; i < COUNT(type_name); i++) {
        if (!text.len || view_is(text, type_name[i])) {
            *out = (enum v2_sign_type)i;
            return 0;
        }
    }
    return ERR_SYNTAX;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Fetched once and kept for the life of the process: a fetch costs half a signature. */
static struct {
    pthread_once_t once;
    EVP_MD *md5;
    EVP_MAC *hmac;
} algorithm = { .once = PTHREAD_ONCE_INIT };

/*
 * Without openssl.cnf: what it may say of algorithms (a machine that forbids MD5) shall not change
 * the wire, and reading it is an eighth of a program's start.
 */
static void fetch_algorithms(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    algorithm.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    algorithm.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static void pen_free(struct pen *pen)
{
    if (!pen)
        return;
    EVP_MD_CTX_free(pen->md5);
    EVP_MAC_CTX_free(pen->hmac);
    mem_wipe(pen->text.ptr, pen->text.cap);
    buf_release(&pen->text);
    mem_free(pen);
}

static struct pen *pen_new(struct view key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    struct pen *pen = mem_new(struct pen);
    if (!pen)
        return NULL;
    pen->text = BUF_INIT(TEXT_MAX);
    pen->md5 = EVP_MD_CTX_new();
    pen->hmac = EVP_MAC_CTX_new(algorithm.hmac);
    if (!pen->md5 || !pen->hmac || EVP_DigestInit_ex2(pen->md5, algorithm.md5, NULL) != 1 ||
        EVP_MAC_init(pen->hmac, (const unsigned char *)key.ptr, key.len, params) != 1) {
        pen_free(pen);
        return NULL;
    }
    return pen;
}

struct v2_key *v2_key_new(struct view text)
{
    pthread_once(&algorithm.once, fetch_algorithms);
    if (!algorithm.md5 || !algorithm.hmac || !text.len || text.len > KEY_MAX)
        return NULL;
    struct v2_key *key = mem_new(struct v2_key);
    if (!key)
        return NULL;
    memcpy(key->text, text.ptr, text.len);
    key->len = text.len;
    key->pen = pen_new(text);
    if (!key->pen) {
        v2_key_free(key);
        return NULL;
    }
    return key;
}

void v2_key_free(struct v2_key *key)
{
    if (!key)
        return;
    pen_free(key->pen);
    mem_wipe(key, sizeof(*key));
    mem_free(key);
}

struct view v2_key_text(const struct v2_key *key)
{
    return (struct view){ key->text, key->len };
}

/* ---- the text to be signed ------------------------------------------------------------------- */

/* A field and the first eight bytes of its name as a number, which decides nearly every order. */
struct entry {
    uint64_t head;
    const struct v2_field *field;
};

static uint64_t head_of(struct view name)
{
    uint64_t head = 0;
    memcpy(&head, name.ptr, name.len < sizeof(head) ? name.len : sizeof(head));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    head = __builtin_bswap64(head);
#endif
    return head;
}

static bool comes_before(const struct entry *a, const struct entry *b)
{
    if (a->head != b->head)
        return a->head < b->head;
    return view_cmp(a->field->name, b->field->name) < 0;
}

static int by_name(const void *a, const void *b)
{
    return comes_before(a, b) ? -1 : comes_before(b, a) ? 1 : 0;
}

static void sort_entries(struct entry *entry, size_t count)
{
    if (count > FEW) {
        qsort(entry, count, sizeof(*entry), by_name);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct entry moving = entry[i];
        size_t at = i;
        for (; at > 0 && comes_before(&moving, &entry[at - 1]); at--)
            entry[at] = entry[at - 1];
        entry[at] = moving;
    }
}

/* Steps 1 to 3 of V2 2.1. *bytes is what the joined text will need. */
static size_t pick_entries(const struct v2_msg *msg, struct entry *entry, size_t *bytes)
{
    size_t count = 0;
    *bytes = 0;
    for (size_t i = 0; i < msg->count; i++) {
        const struct v2_field *field = &msg->field[i];
        if (!field->value.len || view_eq(field->name, VIEW("sign")))
            continue;
        entry[count++] = (struct entry){ head_of(field->name), field };
        *bytes += field->name.len + field->value.len + 2;
    }
    sort_entries(entry, count);
    return count;
}

static char *put(char *at, struct view text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

int v2_sign_text(const struct v2_msg *msg, struct buf *out)
{
    struct entry entry[V2_FIELDS_MAX];
    size_t bytes;
    size_t count = pick_entries(msg, entry, &bytes);
    size_t need = bytes ? bytes - 1 : 0; /* no "&" in front of the first */
    int err = buf_reserve(out, need);
    if (err)
        return err;
    char *at = out->ptr + out->len;
    for (size_t i = 0; i < count; i++) {
        if (i)
            *at++ = '&';
        at = put(at, entry[i].field->name);
        *at++ = '=';
        at = put(at, entry[i].field->value);
    }
    out->len += need;
    out->ptr[out->len] = '\0';
    return 0;
}

/* ---- digests --------------------------------------------------------------------------------- */

int v2_digest(struct view text, enum v2_sign_type type, const struct v2_key *key,
              char out[V2_SIGN_MAX + 1])
{
    static const char digit[] = "0123456789ABCDEF";
    unsigned char sum[EVP_MAX_MD_SIZE];
    const unsigned char *in = (const unsigned char *)(text.len ? text.ptr : "");
    struct pen *pen = key->pen;
    size_t len = 0;
    int ok;

    if (type == V2_MD5) {
        unsigned got = 0;
        ok = EVP_DigestInit_ex2(pen->md5, NULL, NULL) == 1 &&
             EVP_DigestUpdate(pen->md5, in, text.len) == 1 &&
             EVP_DigestFinal_ex(pen->md5, sum, &got) == 1;
        len = got;
    } else {
        ok = EVP_MAC_init(pen->hmac, NULL, 0, NULL) == 1 &&
             EVP_MAC_update(pen->hmac, in, text.len) == 1 &&
             EVP_MAC_final(pen->hmac, sum, &len, sizeof(sum)) == 1;
    }
    if (!ok || len * 2 > V2_SIGN_MAX)
        return ERR_CRYPTO;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digit[sum[i] >> 4];
        out[2 * i + 1] = digit[sum[i] & 15];
    }
    out[2 * len] = '\0';
    return 0;
}

int v2_sign(const struct v2_msg *msg, enum v2_sign_type type, const struct v2_key *key,
            char out[V2_SIGN_MAX + 1])
{
    struct buf *text = &key->pen->text;
    buf_clear(text);
    int err = v2_sign_text(msg, text);
    if (!err)
        err = buf_str(text, "&key=");
    if (!err)
        err = buf_add(text, key->text, key->len);
    if (!err)
        err = v2_digest(buf_view(text), type, key, out);
    if (text->cap > TEXT_KEEP) {
        mem_wipe(text->ptr, text->cap);
        buf_release(text);
    }
    return err;
}

int v2_verify(const struct v2_msg *msg, enum v2_sign_type type, const struct v2_key *key)
{
    char right[V2_SIGN_MAX + 1];
    struct view given = v2_msg_get(msg, "sign");
    if (!given.len)
        return ERR_SIGNATURE;
    int err = v2_sign(msg, type, key, right);
    if (err)
        return err;
    return view_eq_secret(given, view_str(right)) ? 0 : ERR_SIGNATURE;
}

int v2_msg_sign(struct v2_msg *msg, enum v2_sign_type type, const struct v2_key *key)
{
    char sign[V2_SIGN_MAX + 1];
    int err = v2_sign(msg, type, key, sign);
    return err ? err : v2_msg_set(msg, "sign", view_str(sign));
}
