#include "options_keys.h"

#include "base/embed.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "wxpay/v3_seal.h"

#include <ctype.h>
#include <stdio.h>

/* fixtures/keys/README.md: whose serial goes with the published key. */
#define PUBLISHED_SERIAL "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D"
#define KEY_ID_PREFIX    "PUB_KEY_ID_"

extern const struct embedded shop_keys[];

static int usage(const char *what, const char *detail)
{
    fprintf(stderr, "wxpay-merchant: %s: %s\n", what, detail);
    return ERR_USAGE;
}

/* ERR_TOO_LONG beyond V3_PEM_MAX. */
static int read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return ERR_NOT_FOUND;
    char part[4096];
    size_t len;
    int err = 0;
    while (!err && (len = fread(part, 1, sizeof(part), file)) > 0)
        err = buf_add(out, part, len);
    if (!err && ferror(file))
        err = ERR_NOT_FOUND;
    mem_wipe(part, sizeof(part));
    fclose(file);
    return err;
}

static int wipe(struct buf *pem, int err)
{
    if (pem->ptr)
        mem_wipe(pem->ptr, pem->cap);
    buf_release(pem);
    return err;
}

static int read_private(struct options *options)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    if (!options->mch_key_file) {
        log_line(LOG_WARN, "shop", "the private key is the published one of the test account");
        return v3_private_read(&options->mch_key, embedded_find(shop_keys, "merchant_key.pem"));
    }
    int err = read_file(options->mch_key_file, &pem);
    if (!err)
        err = v3_private_read(&options->mch_key, buf_view(&pem));
    if (err && err != ERR_NOMEM)
        err =
            usage("mch-key must be a PEM file with an RSA key of 2048 bits", options->mch_key_file);
    return wipe(&pem, err);
}

static int read_certificate(struct options *options)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    struct v3_certificate about;
    int err = read_file(options->platform_cert_file, &pem);
    if (!err)
        err = v3_certificate_read(&about, buf_view(&pem));
    if (!err)
        err = v3_public_read(&options->platform_cert, buf_view(&pem));
    if (err && err != ERR_NOMEM)
        err = usage("platform-cert must be a PEM certificate with an RSA key of 2048 bits",
                    options->platform_cert_file);
    if (!err)
        memcpy(options->platform_cert_serial, about.serial, sizeof(about.serial));
    return wipe(&pem, err);
}

static bool is_key_id(const char *text)
{
    size_t head = strlen(KEY_ID_PREFIX), len = strlen(text);
    if (strncmp(text, KEY_ID_PREFIX, head) != 0 || len == head || len > V3_SERIAL_MAX)
        return false;
    return strspn(text + head, "0123456789") == len - head;
}

static int read_public(struct options *options)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    if (!options->public_key_file)
        return usage("platform-public-key must be said", "platform-public-key-id is its name");
    if (!options->public_key_id || !is_key_id(options->public_key_id))
        return usage("platform-public-key-id must be PUB_KEY_ID_ and digits",
                     options->public_key_id ? options->public_key_id : "it is not said");
    int err = read_file(options->public_key_file, &pem);
    if (!err)
        err = v3_public_read(&options->public_key, buf_view(&pem));
    if (err && err != ERR_NOMEM)
        err = usage("platform-public-key must be a PEM file with an RSA key of 2048 bits",
                    options->public_key_file);
    return wipe(&pem, err);
}

/* Upper-case hexadecimal, as the platform prints it (V3 1.7); a blank or line end is F6. */
static int check_serial(struct options *options)
{
    if (!options->mch_key_file && !options->mch_serial) {
        options->mch_serial = mem_strdup(PUBLISHED_SERIAL);
        return options->mch_serial ? 0 : ERR_NOMEM;
    }
    if (!options->mch_serial || !options->mch_key_file)
        return usage("mch-serial and mch-key belong together",
                     options->mch_serial ? "mch-key is not said" : "mch-serial is not said");
    size_t len = strlen(options->mch_serial);
    if (!len || len > V3_SERIAL_MAX || strspn(options->mch_serial, "0123456789ABCDEF") != len)
        return usage("mch-serial must be upper-case hexadecimal digits", options->mch_serial);
    return 0;
}

static int check_apiv3_key(const char *key)
{
    size_t len = strlen(key), good = 0;
    while (good < len && isalnum((unsigned char)key[good]))
        good++;
    if (len != V3_APIV3_KEY_LEN || good != len)
        return usage("apiv3-key must be 32 letters and digits", "it is not");
    return 0;
}

int options_keys_read(struct options *options)
{
    int err = check_apiv3_key(options->apiv3_key);
    if (!err)
        err = check_serial(options);
    if (!err)
        err = read_private(options);
    if (!err && options->platform_cert_file)
        err = read_certificate(options);
    if (!err && (options->public_key_file || options->public_key_id))
        err = read_public(options);
    return err;
}

void options_keys_release(struct options *options)
{
    v3_private_free(options->mch_key);
    v3_public_free(options->platform_cert);
    v3_public_free(options->public_key);
    options->mch_key = NULL;
    options->platform_cert = options->public_key = NULL;
}
