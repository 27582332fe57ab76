/*
 * Reads a signature however it is dressed, and opens it with a public key: RSA without padding
 * gives the block that the signer made, in which padding, algorithm and digest are to be seen.
 */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_hint_priv.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#define TEXT_MAX 4096 /* no dress of 256 bytes is longer */

/* ---- dress ----------------------------------------------------------------------------------- */

static bool all_hex(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (v3_hex_value(text.ptr[i]) < 0)
            return false;
    return text.len > 0;
}

static bool has_any(struct view text, const char *bytes)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] && strchr(bytes, text.ptr[i]))
            return true;
    return false;
}

static void note(struct v3_sig *sig, enum v3_cause_id cause)
{
    if (sig->cause == V3_CAUSE_NONE)
        sig->cause = cause;
    else if (sig->cause2 == V3_CAUSE_NONE && cause != sig->cause)
        sig->cause2 = cause;
}

/* Without white space and without "\n" and "\r" spelled out. */
static int strip(struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : 0;
        if (c == '\\' && (next == 'n' || next == 'r'))
            i++;
        else if (!c || !strchr(" \t\r\n", c))
            err = buf_byte(out, c);
    }
    return err;
}

/* The + and the - of base64 and the padding, as they should be. */
static int standard(struct v3_sig *sig, struct buf *text)
{
    if (has_any(buf_view(text), "-_"))
        note(sig, V3_CAUSE_URL_SAFE);
    for (size_t i = 0; i < text->len; i++) {
        if (text->ptr[i] == '-')
            text->ptr[i] = '+';
        else if (text->ptr[i] == '_')
            text->ptr[i] = '/';
    }
    int err = 0;
    if (text->len % 4 == 2 || text->len % 4 == 3)
        note(sig, V3_CAUSE_NO_PADDING);
    while (!err && text->len % 4 > 1)
        err = buf_byte(text, '=');
    return err;
}

/* Undoes what spoils base64; a step without work leaves no note. */
static int undress(struct v3_sig *sig, struct view text, struct buf *out)
{
    struct buf plain = BUF_INIT(TEXT_MAX);
    int err = v3_spell_decoded(text, false, &plain);
    if (!err && plain.len != text.len)
        note(sig, V3_CAUSE_PERCENT);
    struct view now = buf_view(&plain);
    bool blanks = has_any(now, " "), breaks = has_any(now, "\t\r\n\\");
    if (!err && blanks && !breaks && (now.len == V3_SIGNATURE_LEN || now.len % 4 == 0)) {
        note(sig, V3_CAUSE_PLUS_LOST);
        err = buf_view_add(out, now);
        for (size_t i = 0; !err && i < out->len; i++)
            out->ptr[i] = out->ptr[i] == ' ' ? '+' : out->ptr[i];
    } else if (!err) {
        if (blanks || breaks)
            note(sig, V3_CAUSE_SIGNATURE_BLANKS);
        err = strip(now, out);
    }
    buf_release(&plain);
    return err ? err : standard(sig, out);
}

static int unhex(struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i + 1 < text.len; i += 2) {
        int high = v3_hex_value(text.ptr[i]), low = v3_hex_value(text.ptr[i + 1]);
        err = high < 0 || low < 0 ? ERR_SYNTAX : buf_byte(out, (char)(high << 4 | low));
    }
    return err;
}

/* What came out of base64 may be text again. */
static int unwrap(struct v3_sig *sig, struct buf *bytes)
{
    struct buf inner = BUF_INIT(TEXT_MAX);
    int err = 0;
    if (bytes->len == 2 * V3_RSA_BYTES && all_hex(buf_view(bytes))) {
        note(sig, V3_CAUSE_HEX);
        err = unhex(buf_view(bytes), &inner);
    } else if (bytes->len >= V3_SIGNATURE_LEN &&
               !base64_decode(view_trim(buf_view(bytes)), &inner)) {
        note(sig, V3_CAUSE_TWICE);
    }
    if (!err && inner.len) {
        buf_clear(bytes);
        err = buf_view_add(bytes, buf_view(&inner));
    }
    buf_release(&inner);
    return err;
}

static void judge_length(struct v3_sig *sig, const struct buf *bytes)
{
    static const struct {
        size_t len;
        enum v3_cause_id cause;
    } known[] = {
        { 16, V3_CAUSE_ONLY_DIGEST }, { 20, V3_CAUSE_ONLY_DIGEST }, { 32, V3_CAUSE_ONLY_DIGEST },
        { 48, V3_CAUSE_ONLY_DIGEST }, { 64, V3_CAUSE_ONLY_DIGEST }, { 128, V3_CAUSE_KEY_SIZE },
        { 384, V3_CAUSE_KEY_SIZE },   { 512, V3_CAUSE_KEY_SIZE },
    };
    sig->len = bytes->len;
    if (bytes->len == V3_RSA_BYTES) {
        memcpy(sig->bytes, bytes->ptr, V3_RSA_BYTES);
        return;
    }
    sig->cause2 = V3_CAUSE_NONE;
    sig->cause = V3_CAUSE_NOT_SIGNATURE;
    if (bytes->len >= 68 && bytes->len <= 72 && bytes->ptr[0] == 0x30)
        sig->cause = V3_CAUSE_NOT_RSA;
    for (size_t i = 0; i < COUNT(known); i++)
        if (bytes->len == known[i].len)
            sig->cause = known[i].cause;
}

int v3_sig_read(struct v3_sig *out, struct view text)
{
    struct buf plain = BUF_INIT(TEXT_MAX), bytes = BUF_INIT(TEXT_MAX);
    struct view trimmed = view_trim(text);
    int err = 0;
    *out = (struct v3_sig){ .cause = V3_CAUSE_NONE, .cause2 = V3_CAUSE_NONE };
    if (!trimmed.len) {
        out->cause = V3_CAUSE_SIGNATURE_ABSENT;
    } else if (trimmed.len > TEXT_MAX / 2) {
        out->cause = V3_CAUSE_NOT_SIGNATURE;
    } else if (all_hex(trimmed) && (trimmed.len == 32 || trimmed.len == 64)) {
        out->cause = V3_CAUSE_V2_SIGN;
    } else if (all_hex(trimmed) && trimmed.len == 2 * V3_RSA_BYTES) {
        note(out, V3_CAUSE_HEX);
        err = unhex(trimmed, &bytes);
        if (!err)
            judge_length(out, &bytes);
    } else {
        if (trimmed.len != text.len)
            note(out, V3_CAUSE_SIGNATURE_BLANKS);
        err = undress(out, trimmed, &plain);
        if (!err)
            err = base64_decode(buf_view(&plain), &bytes);
        if (!err)
            err = unwrap(out, &bytes);
        if (!err)
            judge_length(out, &bytes);
        else if (err != ERR_NOMEM)
            *out = (struct v3_sig){ .cause = V3_CAUSE_NOT_SIGNATURE, .cause2 = V3_CAUSE_NONE };
    }
    buf_release(&plain);
    buf_release(&bytes);
    return err == ERR_NOMEM ? err : 0;
}

/* ---- PKCS#1 v1.5 ----------------------------------------------------------------------------- */

/* The DER in front of a digest (RFC 8017 9.2, note 1). */
static const struct {
    const char *digest;
    size_t len, front_len;
    const char *front;
} infos[] = {
#define FRONT(text) sizeof(text) - 1, text
    { "SHA256", 32,
      FRONT("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20") },
    { "SHA1", 20, FRONT("\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14") },
    { "MD5", 16,
      FRONT("\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10") },
    { "SHA512", 64,
      FRONT("\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40") },
    { "SHA384", 48,
      FRONT("\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30") },
    { "SHA224", 28,
      FRONT("\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c") },
#undef FRONT
};

static void keep(struct v3_proof *out, const unsigned char *sum, size_t len)
{
    memcpy(out->sum, sum, len);
    out->len = len;
}

static bool printable(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            return false;
    return true;
}

static void read_payload(struct v3_proof *out, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < COUNT(infos); i++) {
        if (len != infos[i].front_len + infos[i].len ||
            memcmp(bytes, infos[i].front, infos[i].front_len) != 0)
            continue;
        out->form = V3_PROOF_PKCS1;
        out->digest = infos[i].digest;
        keep(out, bytes + infos[i].front_len, infos[i].len);
        return;
    }
    out->form = V3_PROOF_BYTES;
    keep(out, bytes, len);
    for (size_t i = 0; i < COUNT(infos); i++) {
        if (len != infos[i].len || printable(bytes, len))
            continue;
        out->form = V3_PROOF_BARE;
        out->digest = infos[i].digest;
    }
}

/* 00 01 FF … FF 00 and what was signed; eight FF at least, so chance is out of the question. */
static void read_pkcs1(struct v3_proof *out, const unsigned char *block)
{
    size_t at = 2;
    if (block[0] != 0 || block[1] != 1)
        return;
    while (at < V3_RSA_BYTES && block[at] == 0xff)
        at++;
    if (at >= 10 && at < V3_RSA_BYTES && block[at] == 0)
        read_payload(out, block + at + 1, V3_RSA_BYTES - at - 1);
}

/* ---- PSS ------------------------------------------------------------------------------------- */

/* RFC 8017 B.2.1, laid over @bytes. */
static bool unmask(unsigned char *bytes, size_t len, const char *mgf, struct view seed)
{
    unsigned char in[EVP_MAX_MD_SIZE + 4], mask[EVP_MAX_MD_SIZE];
    size_t mask_len = 0;
    memcpy(in, seed.ptr, seed.len);
    for (size_t at = 0, round = 0; at < len; round++, at += mask_len) {
        memcpy(in + seed.len, (unsigned char[]){ 0, 0, 0, (unsigned char)round }, 4);
        if (EVP_Q_digest(NULL, mgf, NULL, in, seed.len + 4, mask, &mask_len) != 1)
            return false;
        for (size_t i = 0; i < mask_len && at + i < len; i++)
            bytes[at + i] ^= mask[i];
    }
    return true;
}

/* RFC 8017 9.1.2 up to the salt. The zeros in front of it say how certain this is. */
static void read_pss(struct v3_proof *out, const unsigned char *block, size_t info, const char *mgf)
{
    size_t hash_len = infos[info].len, db_len = V3_RSA_BYTES - hash_len - 1, at = 0;
    unsigned char db[V3_RSA_BYTES];
    const unsigned char *hash = block + db_len;
    if (block[V3_RSA_BYTES - 1] != 0xbc || block[0] & 0x80)
        return;
    memcpy(db, block, db_len);
    if (!unmask(db, db_len, mgf, (struct view){ (const char *)hash, hash_len }))
        return;
    db[0] &= 0x7f;
    while (at < db_len && db[at] == 0)
        at++;
    if (at == db_len || db[at] != 1 || (at < 8 && out->form != V3_PROOF_NONE))
        return;
    out->form = at >= 8 ? V3_PROOF_PSS : V3_PROOF_MAYBE;
    out->digest = infos[info].digest;
    keep(out, hash, hash_len);
    out->salt_len = db_len - at - 1;
    memcpy(out->salt, db + at + 1, out->salt_len);
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool open_block(const struct v3_public *key, const unsigned char *bytes,
                       unsigned char block[V3_RSA_BYTES])
{
    size_t len = V3_RSA_BYTES;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey_of_public(key), NULL);
    bool ok = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
              EVP_PKEY_verify_recover(ctx, block, &len, bytes, V3_RSA_BYTES) == 1 &&
              len == V3_RSA_BYTES;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

void v3_proof_open(struct v3_proof *out, const struct v3_public *key,
                   const unsigned char bytes[V3_RSA_BYTES])
{
    unsigned char block[V3_RSA_BYTES];
    *out = (struct v3_proof){};
    if (!key || !open_block(key, bytes, block))
        return;
    read_pkcs1(out, block);
    if (out->form != V3_PROOF_NONE)
        return;
    /* one in 256 looks like PSS of a digest it is not of: what is certain wins, then the first */
    for (size_t i = 0; out->form != V3_PROOF_PSS && i < COUNT(infos); i++) {
        read_pss(out, block, i, infos[i].digest);
        if (out->form != V3_PROOF_PSS)
            read_pss(out, block, i, "SHA1"); /* what Java takes when nobody says */
    }
}

bool v3_proof_fits(const struct v3_proof *proof, const unsigned char *digest, size_t len)
{
    unsigned char in[8 + EVP_MAX_MD_SIZE + V3_RSA_BYTES] = {}, sum[EVP_MAX_MD_SIZE];
    size_t sum_len = 0;
    if (proof->form == V3_PROOF_PKCS1 || proof->form == V3_PROOF_BARE)
        return len == proof->len && memcmp(digest, proof->sum, len) == 0;
    if ((proof->form != V3_PROOF_PSS && proof->form != V3_PROOF_MAYBE) || len > EVP_MAX_MD_SIZE)
        return false;
    memcpy(in + 8, digest, len);
    memcpy(in + 8 + len, proof->salt, proof->salt_len);
    return EVP_Q_digest(NULL, proof->digest, NULL, in, 8 + len + proof->salt_len, sum, &sum_len) ==
               1 &&
           sum_len == proof->len && memcmp(sum, proof->sum, sum_len) == 0;
}
