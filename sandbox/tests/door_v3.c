#include "door_v3.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SERIAL "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D"
#define APIV3  "0123456789abcdefFEDCBA9876543210"

void v3_answer_release(struct v3_answer *answer)
{
    buf_release(&answer->body);
    json_decref(answer->json);
}

/* ---- a signer of its own ------------------------------------------------------------------------ */

static BIO *open_key(const char *file)
{
    char path[512];
    snprintf(path, sizeof(path), "%s%s", file[0] == '/' ? "" : FIXTURES_DIR "/keys/", file);
    BIO *bio = BIO_new_file(path, "r");
    ck_assert_msg(bio != NULL, "%s is missing", path);
    return bio;
}

static const char * or (const char *given, const char *usual)
{
    return given ? given : usual;
}

static void sign(const struct v3_send *send, const struct buf *text, char out[400])
{
    unsigned char raw[512];
    size_t len = sizeof(raw);
    BIO *bio = open_key(or (send->key_file, "merchant_key.pem"));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_PKEY_CTX *how;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *digest = EVP_get_digestbyname(or (send->digest, "sha256"));
    ck_assert_int_eq(EVP_DigestSignInit(ctx, &how, digest, NULL, key), 1);
    if (send->pss)
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
    ck_assert_int_eq(EVP_DigestSign(ctx, raw, &len, (const unsigned char *)text->ptr, text->len),
                     1);
    EVP_EncodeBlock((unsigned char *)out, raw, (int)len);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    BIO_free(bio);
}

void v3_sign_text(const char *key_file, const char *text, char out[400])
{
    struct buf copy = BUF_INIT(1 << 16);
    ck_assert_int_eq(buf_str(&copy, text), 0);
    sign(&(struct v3_send){ .key_file = key_file }, &copy, out);
    buf_release(&copy);
}

bool v3_holds(const char *timestamp, const char *nonce, struct view body, const char *signature,
              const char *file)
{
    unsigned char raw[512];
    struct buf text = BUF_INIT(1 << 20);
    if (strlen(signature) != 344)
        return false;
    EVP_DecodeBlock(raw, (const unsigned char *)signature, (int)strlen(signature));
    ck_assert_int_eq(buf_fmt(&text, "%s\n%s\n%.*s\n", timestamp, nonce, VIEW_ARG(body)), 0);
    BIO *bio = open_key(file);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    if (!key) {
        BIO_reset(bio);
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    bool holds = EVP_DigestVerify(ctx, raw, 256, (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(bio);
    buf_release(&text);
    return holds;
}

bool v3_answer_holds(const struct v3_answer *answer)
{
    return v3_holds(answer->timestamp, answer->nonce, buf_view(&answer->body), answer->signature,
                    "platform_cert.pem");
}

void v3_authorization(const struct v3_send *send, struct buf *out)
{
    char signature[400], stamp[32];
    struct buf text = BUF_INIT(1 << 20);
    const char *comma = send->spaced ? ", " : ",";
    const char *nonce = or (send->nonce, "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
    snprintf(stamp, sizeof(stamp), "%lld", (long long)(time(NULL) + send->shift_s));
    ck_assert_int_eq(buf_fmt(&text, "%s\n%s\n%s\n%s\n%s\n", or (send->sign_method, send->method),
                             or (send->sign_target, send->target), stamp, nonce,
                             or (send->sign_body, or (send->body, ""))),
                     0);
    if (send->edit_text)
        send->edit_text(&text);
    sign(send, &text, signature);
    if (send->edit_signature)
        send->edit_signature(signature);
    ck_assert_int_eq(buf_fmt(out,
                             "WECHATPAY2-SHA256-RSA2048 mchid=\"%s\"%snonce_str=\"%s\"%s"
                             "signature=\"%s\"%stimestamp=\"%s\"%sserial_no=\"%s\"",
                             or (send->mchid, DEFAULT_MCH_ID), comma, nonce, comma, signature,
                             comma, stamp, comma, or (send->serial, SERIAL)),
                     0);
    buf_release(&text);
}

/* ---- calls -------------------------------------------------------------------------------------- */

static void keep(const struct http_response *response, const char *name, char *out, size_t size)
{
    ck_assert_int_eq(view_copy(http_header_get(response->headers, name), out, size), 0);
}

static void on_answer(void *owner, int err, const struct http_response *response)
{
    struct v3_answer *answer = owner;
    answer->done = true;
    answer->err = err;
    if (!response)
        return;
    answer->status = response->status;
    keep(response, "Request-ID", answer->request_id, sizeof(answer->request_id));
    keep(response, "Content-Type", answer->type, sizeof(answer->type));
    keep(response, "Wechatpay-Nonce", answer->nonce, sizeof(answer->nonce));
    keep(response, "Wechatpay-Signature", answer->signature, sizeof(answer->signature));
    keep(response, "Wechatpay-Timestamp", answer->timestamp, sizeof(answer->timestamp));
    keep(response, "Wechatpay-Serial", answer->serial, sizeof(answer->serial));
    keep(response, "Wechatpay-Signature-Type", answer->scheme, sizeof(answer->scheme));
    ck_assert_int_eq(buf_view_add(&answer->body, response->body), 0);
    answer->json =
        json_loadb(response->body.len ? response->body.ptr : "", response->body.len, 0, NULL);
}

void v3_begin(struct door *door, const struct v3_send *send, struct v3_answer *out)
{
    struct buf auth = BUF_INIT(1 << 17);
    char url[512];
    struct http_header headers[6] = { { VIEW("Content-Type"), VIEW("application/json") } };
    size_t count = 1;
    if (!send->authorization)
        v3_authorization(send, &auth);
    else
        ck_assert_int_eq(buf_str(&auth, send->authorization), 0);
    if (auth.len)
        headers[count++] = (struct http_header){ VIEW("Authorization"), buf_view(&auth) };
    if (!send->no_agent) {
        headers[count++] = (struct http_header){ VIEW("User-Agent"), VIEW("test") };
        headers[count++] = (struct http_header){ VIEW("Accept"), VIEW("application/json") };
    }
    if (send->asked_serial)
        headers[count++] =
            (struct http_header){ VIEW("Wechatpay-Serial"), view_str(send->asked_serial) };
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(door->sandbox.api),
             send->target);
    *out = (struct v3_answer){ .body = BUF_INIT(1 << 20) };
    struct http_send request = { .method = send->method,
                                 .url = view_str(url),
                                 .headers = headers,
                                 .header_count = count,
                                 .body = view_str(or (send->body, "")),
                                 .timeout_ms = 20000,
                                 .on_done = on_answer,
                                 .owner = out };
    ck_assert_int_eq(http_client_send(door->client, &request, NULL), 0);
    buf_release(&auth);
}

void v3_send(struct door *door, const struct v3_send *send, struct v3_answer *out)
{
    v3_begin(door, send, out);
    door_until(door, &out->done);
}

static const json_t *at(const struct v3_answer *answer, const char *path)
{
    const json_t *node = answer->json;
    struct view rest = view_str(path);
    while (node && rest.len) {
        char name[64];
        ck_assert_int_eq(view_copy(view_cut(rest, '/', &rest), name, sizeof(name)), 0);
        node = json_is_array(node) ? json_array_get(node, (size_t)(name[0] - '0'))
                                   : json_object_get(node, name);
    }
    return node;
}

const char *v3_text(const struct v3_answer *answer, const char *path)
{
    const char *text = json_string_value(at(answer, path));
    return text ? text : "";
}

int64_t v3_int(const struct v3_answer *answer, const char *path)
{
    return json_integer_value(at(answer, path));
}

const char *v3_order_body(const char *number, const char *more)
{
    static char body[4096];
    int len = snprintf(body, sizeof(body),
                       "{\"appid\":\"" DEFAULT_APPID "\",\"mchid\":\"" DEFAULT_MCH_ID
                       "\",\"description\":\"测试商品\",\"out_trade_no\":\"%s\","
                       "\"notify_url\":\"https://merchant.example/wxpay/v3\","
                       "\"amount\":{\"total\":88,\"currency\":\"CNY\"}%s}",
                       number, or (more, ""));
    ck_assert_int_lt(len, (int)sizeof(body));
    return body;
}

void v3_order(struct door *door, const char *number, const char *more,
              char code_url[CODE_URL_MAX + 1])
{
    struct v3_answer answer;
    struct v3_send send = { .method = "POST",
                            .target = "/v3/pay/transactions/native",
                            .body = v3_order_body(number, more) };
    v3_send(door, &send, &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    ck_assert_int_eq(view_copy(view_str(v3_text(&answer, "code_url")), code_url, CODE_URL_MAX + 1),
                     0);
    v3_answer_release(&answer);
}

/* How many bytes of plain text; -1: it does not open. */
static int unseal(const json_t *resource, unsigned char *plain, size_t size)
{
    const char *nonce = json_string_value(json_object_get(resource, "nonce"));
    const json_t *data = json_object_get(resource, "associated_data");
    const json_t *text = json_object_get(resource, "ciphertext");
    unsigned char raw[8192];
    int len, rest;
    ck_assert_uint_lt(json_string_length(text), sizeof(raw) < size ? sizeof(raw) : size);
    int raw_len = EVP_DecodeBlock(raw, (const unsigned char *)json_string_value(text),
                                  (int)json_string_length(text));
    for (size_t i = json_string_length(text); json_string_value(text)[i - 1] == '='; i--)
        raw_len--;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)strlen(nonce), NULL);
    EVP_DecryptInit_ex(ctx, NULL, NULL, (const unsigned char *)APIV3, (const unsigned char *)nonce);
    EVP_DecryptUpdate(ctx, NULL, &len, (const unsigned char *)json_string_value(data),
                      (int)json_string_length(data));
    EVP_DecryptUpdate(ctx, plain, &len, raw, raw_len - 16);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, raw + raw_len - 16);
    bool ok = EVP_DecryptFinal_ex(ctx, plain + len, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? len : -1;
}

json_t *v3_open(const json_t *resource)
{
    unsigned char plain[8192];
    int len = unseal(resource, plain, sizeof(plain));
    return len < 0 ? NULL : json_loadb((const char *)plain, (size_t)len, 0, NULL);
}

void v3_open_text(const json_t *resource, char *out, size_t size)
{
    unsigned char plain[8192];
    int len = unseal(resource, plain, sizeof(plain));
    ck_assert_int_ge(len, 0);
    ck_assert_int_eq(view_copy((struct view){ (const char *)plain, (size_t)len }, out, size), 0);
}
