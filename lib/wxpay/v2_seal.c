#include "wxpay/v2_seal.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define BLOCK 16

static const unsigned char *bytes_of(struct view text)
{
    return (const unsigned char *)(text.len ? text.ptr : "");
}

/* V2 7.3 step 2. All digits, also leading zeros: it is a text, not a number. */
static int make_key(const struct v2_key *key, char out[V2_SIGN_MAX + 1])
{
    int err = v2_digest(v2_key_text(key), V2_MD5, key, out);
    for (char *at = out; !err && *at; at++)
        if (*at >= 'A' && *at <= 'F')
            *at += 'a' - 'A';
    return err;
}

/* @out has room for one block more than @in. ERR_SIGNATURE: the padding does not fit. */
static int run(const struct v2_key *key, bool sealing, struct view in, unsigned char *out,
               size_t *out_len)
{
    char secret[V2_SIGN_MAX + 1];
    int len = 0, more = 0, err = make_key(key, secret);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!err && !ctx)
        err = ERR_NOMEM;
    if (!err && (EVP_CipherInit_ex(ctx, EVP_aes_256_ecb(), NULL, (const unsigned char *)secret,
                                   NULL, sealing) != 1 ||
                 EVP_CipherUpdate(ctx, out, &len, bytes_of(in), (int)in.len) != 1))
        err = ERR_CRYPTO;
    if (!err && EVP_CipherFinal_ex(ctx, out + len, &more) != 1)
        err = sealing ? ERR_CRYPTO : ERR_SIGNATURE;
    *out_len = (size_t)(len + more);
    ERR_clear_error();
    EVP_CIPHER_CTX_free(ctx);
    mem_wipe(secret, sizeof(secret));
    return err;
}

int v2_seal(const struct v2_key *key, struct view plain, struct buf *out)
{
    if (plain.len > V2_SEAL_MAX / 4 * 3 - BLOCK)
        return ERR_TOO_LONG;
    unsigned char *bytes = mem_alloc(plain.len + BLOCK);
    size_t len = 0;
    int err = bytes ? run(key, true, plain, bytes, &len) : ERR_NOMEM;
    if (!err)
        err = base64_encode((struct view){ (const char *)bytes, len }, out);
    mem_free(bytes);
    return err;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int decode(struct view text, struct buf *out)
{
    struct buf tight = BUF_INIT(V2_SEAL_MAX);
    int err = text.len > V2_SEAL_MAX ? ERR_TOO_LONG : 0;
    for (size_t i = 0; !err && i < text.len; i++)
        if (!is_space(text.ptr[i]))
            err = buf_byte(&tight, text.ptr[i]);
    if (!err)
        err = base64_decode(buf_view(&tight), out);
    buf_release(&tight);
    return err;
}

int v2_unseal(const struct v2_key *key, struct view text, struct buf *out)
{
    struct buf sealed = BUF_INIT(V2_SEAL_MAX);
    unsigned char *plain = NULL;
    size_t len = 0;
    int err = decode(text, &sealed);
    if (!err && (sealed.len == 0 || sealed.len % BLOCK != 0))
        err = ERR_SYNTAX;
    if (!err) {
        plain = mem_alloc(sealed.len + BLOCK);
        err = plain ? run(key, false, buf_view(&sealed), plain, &len) : ERR_NOMEM;
    }
    if (!err)
        err = buf_add(out, plain, len);
    mem_free(plain);
    buf_release(&sealed);
    return err;
}
