/*
 * oracle_info.c — req_info of a refund's notification, sealed straight on OpenSSL (V2 7.3).
 */
#include "oracle.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"

#include <openssl/evp.h>
#include <stdio.h>

/* The AES key is a text: the lower-case hex of the API key's MD5. */
static int derive(const char *key, unsigned char out[32])
{
    unsigned char digest[16];
    char hex[33];

    if (EVP_Digest(key, strlen(key), digest, NULL, EVP_md5(), NULL) != 1)
        return ERR_CRYPTO;
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    memcpy(out, hex, 32);
    return 0;
}

int oracle_seal_info(const char *key, struct view plain, struct buf *out)
{
    unsigned char secret[32];
    int len = 0, tail = 0;
    unsigned char *bytes = mem_alloc(plain.len + 16);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int err = bytes && ctx ? derive(key, secret) : ERR_NOMEM;

    if (!err && (EVP_EncryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, secret, NULL) != 1 ||
                 EVP_EncryptUpdate(ctx, bytes, &len, (const unsigned char *)plain.ptr,
                                   (int)plain.len) != 1 ||
                 EVP_EncryptFinal_ex(ctx, bytes + len, &tail) != 1))
        err = ERR_CRYPTO;
    if (!err)
        err = base64_encode((struct view){ (const char *)bytes, (size_t)(len + tail) }, out);
    EVP_CIPHER_CTX_free(ctx);
    mem_free(bytes);
    return err;
}
