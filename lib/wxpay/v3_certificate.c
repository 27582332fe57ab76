/* Certificates: who is named by a serial number, and from when to when — V3 2.9 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_key_priv.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#define NUMBER_LEN 20

static int read_serial(const X509 *certificate, char out[V3_SERIAL_MAX + 1])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL; /* upper case */
    int err = hex ? view_copy(view_str(hex), out, V3_SERIAL_MAX + 1) : ERR_SYNTAX;
    OPENSSL_free(hex);
    BN_free(number);
    return err;
}

static int read_time(const ASN1_TIME *time, int64_t *ms)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return ERR_SYNTAX;
    *ms = (int64_t)timegm(&parts) * 1000;
    return 0;
}

int v3_certificate_read(struct v3_certificate *out, struct view pem)
{
    *out = (struct v3_certificate){};
    X509 *certificate = v3_x509_of(pem);
    if (!certificate)
        return ERR_SYNTAX;
    int err = read_serial(certificate, out->serial);
    if (!err)
        err = read_time(X509_get0_notBefore(certificate), &out->from_ms);
    if (!err)
        err = read_time(X509_get0_notAfter(certificate), &out->until_ms);
    X509_free(certificate);
    ERR_clear_error();
    return err ? ERR_SYNTAX : 0;
}

/* ---- making ------------------------------------------------------------------------------------- */

static bool set_number(X509 *certificate, const unsigned char *number)
{
    BIGNUM *big = BN_bin2bn(number, NUMBER_LEN, NULL);
    bool ok = big && BN_to_ASN1_INTEGER(big, X509_get_serialNumber(certificate));
    BN_free(big);
    return ok;
}

static bool set_time(ASN1_TIME *time, int64_t ms)
{
    return ASN1_TIME_adj(time, (time_t)(ms / 1000), 0, 0) != NULL;
}

static bool add_entry(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

static bool set_subject(X509 *certificate, const char *common)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return add_entry(name, "C", "CN") && add_entry(name, "O", "wxpay-sandbox") &&
           add_entry(name, "OU", "not for production") && add_entry(name, "CN", common);
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool fill(X509 *certificate, const X509 *authority, const struct v3_certificate_spec *spec)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           set_number(certificate, spec->number) &&
           set_time(X509_getm_notBefore(certificate), spec->from_ms) &&
           set_time(X509_getm_notAfter(certificate), spec->until_ms) &&
           set_subject(certificate, spec->name) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(authority)) == 1 &&
           X509_set_pubkey(certificate, pkey_of_public(spec->subject_key)) == 1 &&
           add_extension(certificate, NID_basic_constraints, "CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
           X509_sign(certificate, pkey_of_private(spec->authority_key), EVP_sha256()) > 0;
}

int v3_certificate_make(const struct v3_certificate_spec *spec, struct buf *out)
{
    X509 *authority = v3_x509_of(spec->authority_pem);
    if (!authority)
        return ERR_SYNTAX;
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    int err = certificate && bio ? 0 : ERR_NOMEM;
    if (!err && (!fill(certificate, authority, spec) || PEM_write_bio_X509(bio, certificate) != 1))
        err = ERR_CRYPTO;
    if (!err)
        err = v3_bio_take(bio, out);
    BIO_free(bio);
    X509_free(certificate);
    X509_free(authority);
    ERR_clear_error();
    return err;
}
