#include "base/err.h"
#include "base/mem.h"
#include "oracle.h"

#include <openssl/evp.h>
#include <stdio.h>

#define TRIES_MAX    30'000'000
#define TAIL_LEN     10 /* digits that vary */
#define MD5_LEN      16
#define EXPONENT_MIN 4 /* digits behind the E that make it infinite */

/* Digits, one E, and at least EXPONENT_MIN digits: a number, and an infinite one. */
static bool reads_as_number(const unsigned char digest[MD5_LEN])
{
    int exponent = -1; /* digits since the E */

    for (int i = 0; i < MD5_LEN * 2; i++) {
        unsigned nibble = i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4;
        if (nibble == 14 && exponent < 0 && i > 0)
            exponent = 0;
        else if (nibble > 9)
            return false;
        else if (exponent >= 0)
            exponent++;
        else if (i == 0 && nibble == 0)
            return false; /* 0E… is zero, not infinite */
    }
    return exponent >= EXPONENT_MIN;
}

struct hunt {
    EVP_MD_CTX *fixed, *work; /* fixed has digested all before the varying digits */
    EVP_MD *md5;
    const char *key;
};

static int try_one(struct hunt *hunt, const char tail[TAIL_LEN + 1], bool *found)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (!EVP_MD_CTX_copy_ex(hunt->work, hunt->fixed) ||
        !EVP_DigestUpdate(hunt->work, tail, TAIL_LEN) ||
        !EVP_DigestUpdate(hunt->work, "&key=", 5) ||
        !EVP_DigestUpdate(hunt->work, hunt->key, strlen(hunt->key)) ||
        !EVP_DigestFinal_ex(hunt->work, digest, NULL))
        return ERR_CRYPTO;
    *found = reads_as_number(digest);
    return 0;
}

static int search(struct hunt *hunt, char *tail)
{
    bool found = false;
    int err = 0;

    for (unsigned long i = 0; i < TRIES_MAX && !found && !err; i++) {
        char text[TAIL_LEN + 1];
        snprintf(text, sizeof(text), "%010lu", i);
        memcpy(tail, text, TAIL_LEN);
        err = try_one(hunt, text, &found);
    }
    return err || found ? err : ERR_LIMIT;
}

int oracle_hunt_numeric(struct oracle_msg *msg, const char *key)
{
    struct hunt hunt = { .key = key };
    struct buf text = BUF_INIT(ORACLE_XML_MAX);
    char number[64] = "";
    const char *old = oracle_get(msg, "transaction_id");
    int err = old ? view_copy(view_str(old), number, sizeof(number)) : ERR_NOT_FOUND;

    if (!err && strlen(number) < TAIL_LEN)
        err = ERR_RANGE;
    if (!err)
        err = oracle_text(msg, key, &text);
    if (err)
        goto out;
    size_t behind = TAIL_LEN + 5 + strlen(key);
    hunt.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    hunt.fixed = EVP_MD_CTX_new();
    hunt.work = EVP_MD_CTX_new();
    err = ERR_CRYPTO;
    if (hunt.md5 && hunt.fixed && hunt.work && text.len > behind &&
        EVP_DigestInit_ex2(hunt.fixed, hunt.md5, NULL) &&
        EVP_DigestUpdate(hunt.fixed, text.ptr, text.len - behind))
        err = search(&hunt, number + strlen(number) - TAIL_LEN);
    if (!err) {
        oracle_set(msg, "transaction_id", number);
        err = msg->err;
    }
out:
    EVP_MD_CTX_free(hunt.fixed);
    EVP_MD_CTX_free(hunt.work);
    EVP_MD_free(hunt.md5);
    buf_release(&text);
    return err;
}
