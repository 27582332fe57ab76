/*
 * Any bytes as a request with an Authorization header, and the hint why its signature does not
 * hold. The input is a letter and four parts, split by NUL: header, target, body, and the rest.
 *   h   the signature is what the header says
 *   t   it is the right key's over the rest: the hint must not doubt the key, and what it says was
 *       signed must be the rest
 *   b   it is the right key's private operation on the rest as a block: padding of every kind
 */
#include "base/base64.h"
#include "base/mem.h"
#include "wxpay/v3_hint.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/rsa.h>
#include <stdlib.h>

#define BLOCK (V3_KEY_BITS / 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct v3_private *pen;
static struct v3_public *key, *platform_key;

static void keys_make(void)
{
    struct v3_private *other = NULL;
    if (v3_private_make(&pen) || v3_public_of(&key, pen) || v3_private_make(&other) ||
        v3_public_of(&platform_key, other))
        abort();
    v3_private_free(other);
}

/* The header says what it says, however blanks are read, and survives being written. */
static struct v3_auth read_header(struct view header)
{
    struct v3_auth strict, loose, again;
    struct buf text = BUF_INIT(1 << 20);
    struct view where;
    bool fine = v3_auth_read(&strict, header, false, &where) == V3_AUTH_FINE;
    bool loosely = v3_auth_read(&loose, header, true, NULL) == V3_AUTH_FINE;
    if (fine && !loosely)
        abort();
    if (!fine && where.len &&
        (where.ptr < header.ptr || where.ptr + where.len > header.ptr + header.len))
        abort();
    if (loosely && !memchr(header.ptr, '\0', header.len)) {
        if (v3_auth_write(&loose, &text) ||
            v3_auth_read(&again, buf_view(&text), false, NULL) != V3_AUTH_FINE ||
            !view_eq(again.signature, loose.signature) || !view_eq(again.nonce, loose.nonce))
            abort();
    }
    buf_release(&text);
    return loose;
}

static void sign_block(struct view text, char out[V3_SIGNATURE_LEN + 1])
{
    unsigned char block[BLOCK] = {}, bytes[BLOCK];
    struct buf base64 = BUF_INIT(V3_SIGNATURE_LEN + 1);
    size_t len = sizeof(bytes), take = text.len < BLOCK ? text.len : BLOCK;
    memcpy(block + BLOCK - take, text.ptr, take);
    block[0] &= 0x7f; /* below the modulus */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey_of_private(pen), NULL);
    if (!ctx || EVP_PKEY_sign_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
        EVP_PKEY_sign(ctx, bytes, &len, block, BLOCK) != 1 ||
        base64_encode((struct view){ (char *)bytes, len }, &base64) ||
        view_copy(buf_view(&base64), out, V3_SIGNATURE_LEN + 1))
        abort();
    EVP_PKEY_CTX_free(ctx);
    buf_release(&base64);
}

static void check(const struct v3_hint_input *in, char mode, struct view rest)
{
    struct buf text = BUF_INIT(1 << 22), detail = BUF_INIT(1 << 16), right = BUF_INIT(1 << 22);
    const struct v3_cause *cause = v3_hint_find(in, &text, &detail);
    if (v3_request_text(&in->request, &right) || !view_eq(buf_view(&right), buf_view(&text)))
        abort();
    if (!cause != !v3_verify(key, buf_view(&text), in->signature))
        abort();
    if (mode == 't' && cause &&
        (strcmp(cause->id, "wrong-key") == 0 || strstr(cause->id, "signature")))
        abort();
    if (mode == 't' && in->signed_text->len && !view_eq(buf_view(in->signed_text), rest))
        abort();
    buf_release(&text);
    buf_release(&detail);
    buf_release(&right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char signature[V3_SIGNATURE_LEN + 1];
    struct buf signed_text = BUF_INIT(1 << 22);
    if (!pen)
        keys_make();
    if (size < 1)
        return 0;
    struct view rest = { (const char *)data + 1, size - 1 };
    struct view header = view_cut(rest, '\0', &rest);
    struct view target = view_cut(rest, '\0', &rest);
    struct view body = view_cut(rest, '\0', &rest);
    struct v3_auth auth = read_header(header);
    struct v3_hint_input in = { .request = { VIEW("POST"), target, auth.timestamp, auth.nonce,
                                             body },
                                .signature = auth.signature,
                                .host = VIEW("localhost:1"),
                                .key = key,
                                .platform_key = platform_key,
                                .signed_text = &signed_text };
    if (data[0] == 'b')
        sign_block(rest, signature);
    else if (data[0] == 't' && v3_sign(pen, rest, signature))
        abort();
    if (data[0] == 'b' || data[0] == 't')
        in.signature = (struct view){ signature, V3_SIGNATURE_LEN };
    check(&in, (char)data[0], rest);
    buf_release(&signed_text);
    return 0;
}
