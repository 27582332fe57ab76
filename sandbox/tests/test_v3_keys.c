/* An account's V3 keys: made, changed, rotated, kept — V3 2.9, 2.10, 12.1 */
#include "control/tests/ctl_test.h"
#include "door_v3.h"

#include "base/err.h"
#include "engine/keys.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNTS "/v1/accounts"
#define MADE     ACCOUNTS "/1999000077"
#define CERTS    "/v3/certificates"
#define FIRST    "2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E"
#define KEY_ID   "PUB_KEY_ID_0119000001092026112400000000000001"

static struct door door;
static char folder[64];

static void make_account(void)
{
    ctl_ask(&door, 201, "POST", ACCOUNTS, "{\"mch_id\":\"1999000077\"}");
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/wxpay-keys-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    signal(SIGXFSZ, SIG_IGN);
    door_open(&door, folder);
}

static void teardown(void)
{
    static const char *const files[] = { "sandbox.db", "sandbox.db-wal", "sandbox.db-shm",
                                         "key.pem", "cert.pem" };
    char path[128];
    door_close(&door);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

/* A text as a file of the test's folder; its path, static. */
static const char *in_file(const char *name, const char *text)
{
    static char path[2][128];
    static int next;
    char *to = path[next++ % 2];
    snprintf(to, sizeof(path[0]), "%s/%s", folder, name);
    FILE *file = fopen(to, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
    return to;
}

static X509 *read_certificate(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(certificate);
    BIO_free(bio);
    return certificate;
}

static void certificates(const char *asked_serial, struct v3_answer *out)
{
    v3_send(&door,
            &(struct v3_send){ .method = "GET", .target = CERTS, .asked_serial = asked_serial },
            out);
}

/* ---- made keys ---------------------------------------------------------------------------------- */

/* Judged by OpenSSL alone: it is what an SDK will parse. */
static void expect_certificate(const json_t *keys, const char *path)
{
    char at[64];
    snprintf(at, sizeof(at), "%s.certificate", path);
    X509 *certificate = read_certificate(text_at(keys, at));
    X509 *authority = read_certificate(text_at(keys, "authority"));
    snprintf(at, sizeof(at), "%s.private_key", path);
    BIO *bio = BIO_new_mem_buf(text_at(keys, at), -1);
    EVP_PKEY *private = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_PKEY *ca = X509_get_pubkey(authority);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = BN_bn2hex(number);
    snprintf(at, sizeof(at), "%s.serial", path);
    ck_assert_str_eq(text_at(keys, at), hex);
    ck_assert_uint_eq(strlen(hex), 40);
    ck_assert_int_eq(X509_verify(certificate, ca), 1);
    ck_assert_int_eq(X509_check_private_key(certificate, private), 1);
    ck_assert_int_eq(EVP_PKEY_get_bits(private), 2048);
    ck_assert_int_lt(X509_cmp_current_time(X509_get0_notBefore(certificate)), 0);
    ck_assert_int_gt(X509_cmp_current_time(X509_get0_notAfter(certificate)), 0);
    OPENSSL_free(hex);
    BN_free(number);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(private);
    BIO_free(bio);
    X509_free(authority);
    X509_free(certificate);
}

START_TEST(keys_are_made_when_asked_for_and_let_in)
{
    struct v3_answer answer;
    char serial[41], key[4096];
    make_account();
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = CERTS, .mchid = "1999000077" },
            &answer);
    ck_assert_int_eq(answer.status, 401);
    ck_assert_str_eq(v3_text(&answer, "message"), "商户未申请过证书。");
    v3_answer_release(&answer);
    ctl_ask(&door, 409, "PATCH", MADE "/v3", "{\"mode\":\"pubkey\"}");
    ctl_ask(&door, 409, "POST", MADE "/v3/platform", "{}");

    const json_t *keys = ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    expect_certificate(keys, "merchant");
    ck_assert_uint_eq(strlen(text_at(keys, "apiv3_key")), 32);
    ck_assert_str_ne(text_at(keys, "apiv3_key"), DEFAULT_APIV3_KEY);
    ck_assert_str_eq(text_at(keys, "platform.0.serial"), FIRST);
    snprintf(serial, sizeof(serial), "%s", text_at(keys, "merchant.serial"));
    snprintf(key, sizeof(key), "%s", text_at(keys, "merchant.private_key"));
    const struct v3_send send = { .method = "GET",
                                  .target = CERTS,
                                  .mchid = "1999000077",
                                  .serial = serial,
                                  .key_file = in_file("key.pem", key) };
    v3_send(&door, &send, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
    /* and they stay */
    keys = ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    ck_assert_str_eq(text_at(keys, "merchant.serial"), serial);
}
END_TEST

START_TEST(two_who_ask_at_once_get_the_same_keys)
{
    struct ctl_reply first, second;
    const struct ctl_send ask = { .method = "GET", .path = MADE "/v3" };
    make_account();
    ctl_begin(&door, &ask, &first);
    ctl_begin(&door, &ask, &second);
    door_until(&door, &first.done);
    door_until(&door, &second.done);
    ck_assert_int_eq(first.status, 200);
    ck_assert_int_eq(second.status, 200);
    ck_assert_str_eq(text_at(first.json, "merchant.serial"),
                     text_at(second.json, "merchant.serial"));
    ck_assert_str_eq(text_at(first.json, "apiv3_key"), text_at(second.json, "apiv3_key"));
    ctl_release(&first);
    ctl_release(&second);
}
END_TEST

START_TEST(an_account_may_go_while_its_keys_are_made)
{
    struct ctl_reply keys;
    make_account();
    ctl_begin(&door, &(struct ctl_send){ .method = "GET", .path = MADE "/v3" }, &keys);
    holds_until(&door, 1);
    ctl_ask(&door, 204, "DELETE", MADE, NULL);
    door_until(&door, &keys.done);
    ck_assert_int_eq(keys.status, 404);
    ctl_release(&keys);
    make_account(); /* another one of the same number has none yet */
    ctl_ask(&door, 409, "PATCH", MADE "/v3", "{\"mode\":\"pubkey\"}");
}
END_TEST

/* The teardown's stop finds a thread at work. */
START_TEST(a_stop_waits_for_the_key)
{
    struct ctl_reply keys;
    make_account();
    ctl_begin(&door, &(struct ctl_send){ .method = "GET", .path = MADE "/v3" }, &keys);
    holds_until(&door, 1);
    door_close(&door);
    ctl_release(&keys);
    door_open(&door, folder);
}
END_TEST

/* ---- changes ------------------------------------------------------------------------------------ */

static const struct {
    const char *method, *path, *body, *where;
} wrong[] = {
    { "PATCH", BUILT_IN "/v3", "{\"apiv3_key\":\"short\"}", "/apiv3_key" },
    { "PATCH", BUILT_IN "/v3", "{\"apiv3_key\":\"0123456789abcdefFEDCBA987654321-\"}",
      "/apiv3_key" },
    { "PATCH", BUILT_IN "/v3", "{\"apiv3_key\":\"0123456789abcdefFEDCBA98765432100\"}",
      "/apiv3_key" },
    { "PATCH", BUILT_IN "/v3", "{\"mode\":\"key\"}", "/mode" },
    { "PATCH", BUILT_IN "/v3", "{\"share_permille\":1001}", "/share_permille" },
    { "PATCH", BUILT_IN "/v3", "{\"share_permille\":-1}", "/share_permille" },
    { "PATCH", BUILT_IN "/v3", "{\"serial\":\"x\"}", "/serial" },
    { "POST", BUILT_IN "/v3/platform", "{\"sign\":1}", "/sign" },
};

START_TEST(a_bad_change_is_refused_where_it_is_wrong)
{
    const json_t *no = ctl_ask(&door, 400, wrong[_i].method, wrong[_i].path, wrong[_i].body);
    ck_assert_str_eq(text_at(no, "error.where"), wrong[_i].where);
    const json_t *keys = ctl_ask(&door, 200, "GET", BUILT_IN "/v3", NULL);
    ck_assert_str_eq(text_at(keys, "apiv3_key"), DEFAULT_APIV3_KEY);
    ck_assert_str_eq(text_at(keys, "mode"), "cert");
}
END_TEST

/* V3 2.10: what the request's Wechatpay-Serial brings about. */
static const struct {
    const char *mode, *asked, *serial, *file;
} signers[] = {
    { "cert", NULL, FIRST, "platform_cert.pem" },
    { "cert", KEY_ID, FIRST, "platform_cert.pem" },
    { "cert", "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D", FIRST, "platform_cert.pem" },
    { "switching", NULL, FIRST, "platform_cert.pem" },
    { "switching", "", FIRST, "platform_cert.pem" },
    { "switching", FIRST, FIRST, "platform_cert.pem" },
    { "switching", KEY_ID, KEY_ID, "wechatpay_public.pem" },
    { "pubkey", NULL, KEY_ID, "wechatpay_public.pem" },
    { "pubkey", FIRST, KEY_ID, "wechatpay_public.pem" },
    { "pubkey", KEY_ID, KEY_ID, "wechatpay_public.pem" },
};

START_TEST(the_mode_and_the_request_choose_who_signs)
{
    struct v3_answer answer;
    char json[64];
    snprintf(json, sizeof(json), "{\"mode\":\"%s\"}", signers[_i].mode);
    ctl_ask(&door, 200, "PATCH", BUILT_IN "/v3", json);
    certificates(signers[_i].asked, &answer);
    bool listed = strcmp(signers[_i].mode, "pubkey") != 0;
    ck_assert_int_eq(answer.status, listed ? 200 : 404);
    ck_assert_str_eq(v3_text(&answer, "code"), listed ? "" : "RESOURCE_NOT_EXISTS");
    ck_assert_str_eq(answer.serial, signers[_i].serial);
    ck_assert(v3_holds(answer.timestamp, answer.nonce, buf_view(&answer.body), answer.signature,
                       signers[_i].file));
    v3_answer_release(&answer);
}
END_TEST

/* The listed certificate @index must be the one that @keys shows, once it is opened. */
static void expect_listed(const struct v3_answer *answer, size_t index, const char *pem)
{
    char plain[4096];
    const json_t *one = json_array_get(json_object_get(answer->json, "data"), index);
    v3_open_text(json_object_get(one, "encrypt_certificate"), plain, sizeof(plain));
    ck_assert_str_eq(plain, pem);
}

START_TEST(platform_certificates_rotate_and_four_are_the_most)
{
    struct v3_answer answer;
    char second[41], last[41];
    const json_t *keys = ctl_ask(&door, 200, "POST", BUILT_IN "/v3/platform", "{}");
    expect_certificate(keys, "platform.1");
    ck_assert_str_ne(text_at(keys, "platform.1.serial"), FIRST);
    certificates(NULL, &answer); /* listed, and does not sign yet (V3 2.9) */
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "data")), 2);
    ck_assert_str_eq(answer.serial, FIRST);
    ck_assert(v3_answer_holds(&answer));
    ck_assert_str_eq(v3_text(&answer, "data/1/serial_no"), text_at(keys, "platform.1.serial"));
    expect_listed(&answer, 0, text_at(keys, "platform.0.certificate"));
    expect_listed(&answer, 1, text_at(keys, "platform.1.certificate"));
    v3_answer_release(&answer);
    snprintf(second, sizeof(second), "%s", text_at(keys, "platform.1.serial"));

    keys = ctl_ask(&door, 200, "POST", BUILT_IN "/v3/platform", "{\"sign\":true}");
    certificates(NULL, &answer);
    ck_assert_str_eq(answer.serial, text_at(keys, "platform.2.serial"));
    ck_assert(v3_holds(answer.timestamp, answer.nonce, buf_view(&answer.body), answer.signature,
                       in_file("cert.pem", text_at(keys, "platform.2.certificate"))));
    v3_answer_release(&answer);

    for (int i = 0; i < 2; i++) /* the first one ends */
        keys = ctl_ask(&door, 200, "POST", BUILT_IN "/v3/platform", "{}");
    ck_assert_uint_eq(json_array_size(json_object_get(keys, "platform")), 4);
    ck_assert_str_eq(text_at(keys, "platform.0.serial"), second);
    snprintf(last, sizeof(last), "%s", text_at(keys, "platform.1.serial"));
    certificates(NULL, &answer);
    ck_assert_str_eq(answer.serial, last); /* the same one signs, at another place */
    v3_answer_release(&answer);
    for (int i = 0; i < 2; i++)
        keys = ctl_ask(&door, 200, "POST", BUILT_IN "/v3/platform", "{}");
    certificates(NULL, &answer); /* its end came: the oldest one signs */
    ck_assert_str_eq(answer.serial, text_at(keys, "platform.0.serial"));
    ck_assert_str_ne(answer.serial, last);
    v3_answer_release(&answer);
}
END_TEST

/* ---- over a restart, and without a commit ------------------------------------------------------- */

START_TEST(what_was_made_and_changed_is_there_after_a_restart)
{
    make_account();
    ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    ctl_ask(&door, 200, "POST", MADE "/v3/platform", "{\"sign\":true}");
    const json_t *keys =
        ctl_ask(&door, 200, "PATCH", MADE "/v3", "{\"mode\":\"switching\",\"share_permille\":7}");
    json_t *before = json_deep_copy(keys);
    ctl_ask(&door, 200, "PATCH", BUILT_IN "/v3", "{\"apiv3_key\":\"\",\"mode\":\"pubkey\"}");
    door_close(&door);
    door_open(&door, folder);
    keys = ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    ck_assert(json_equal(keys, before));
    json_decref(before);
    keys = ctl_ask(&door, 200, "GET", BUILT_IN "/v3", NULL);
    ck_assert_str_eq(text_at(keys, "apiv3_key"), "");
    ck_assert_str_eq(text_at(keys, "mode"), "pubkey");
}
END_TEST

static void let_grow(bool may)
{
    char path[96];
    struct stat wal;
    struct rlimit limit;
    snprintf(path, sizeof(path), "%s/sandbox.db-wal", folder);
    ck_assert_int_eq(stat(path, &wal), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = may ? limit.rlim_max : (rlim_t)wal.st_size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(what_was_not_committed_did_not_happen)
{
    struct v3_answer answer;
    char serial[41];
    make_account();
    let_grow(false);
    ctl_ask(&door, 503, "GET", MADE "/v3", NULL);
    let_grow(true);
    ctl_ask(&door, 409, "PATCH", MADE "/v3", "{\"mode\":\"pubkey\"}"); /* it has none */
    const json_t *keys = ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    snprintf(serial, sizeof(serial), "%s", text_at(keys, "merchant.serial"));

    let_grow(false);
    ctl_ask(&door, 503, "PATCH", BUILT_IN "/v3", "{\"mode\":\"pubkey\"}");
    ctl_ask(&door, 503, "POST", BUILT_IN "/v3/platform", "{\"sign\":true}");
    ctl_ask(&door, 503, "PATCH", MADE "/v3", "{\"apiv3_key\":\"\"}");
    let_grow(true);
    certificates(NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "data")), 1);
    ck_assert(v3_answer_holds(&answer));
    v3_answer_release(&answer);
    keys = ctl_ask(&door, 200, "GET", MADE "/v3", NULL);
    ck_assert_str_eq(text_at(keys, "merchant.serial"), serial);
    ck_assert_uint_eq(strlen(text_at(keys, "apiv3_key")), 32);
}
END_TEST

/* An order that was taken back is told as trouble, unsigned, and can be made again. */
START_TEST(an_answer_that_is_taken_back_is_not_signed)
{
    struct v3_answer answer;
    char code_url[CODE_URL_MAX + 1];
    const struct v3_send send = { .method = "POST",
                                  .target = "/v3/pay/transactions/native",
                                  .body = v3_order_body("taken-back", NULL) };
    ctl_ask(&door, 200, "PATCH", BUILT_IN, "{\"name\":\"a\"}"); /* there is a log that can stop */
    let_grow(false);
    v3_send(&door, &send, &answer);
    let_grow(true);
    ck_assert_int_eq(answer.status, 500);
    ck_assert_str_eq(v3_text(&answer, "code"), "SYSTEM_ERROR");
    ck_assert_str_eq(answer.type, "application/json; charset=utf-8");
    ck_assert_str_eq(answer.signature, "");
    ck_assert_str_eq(answer.serial, "");
    v3_answer_release(&answer);
    v3_order(&door, "taken-back", ",\"attach\":\"another\"", code_url); /* so it must be new */
}
END_TEST

/* ---- without memory ----------------------------------------------------------------------------- */

static int make_keys(struct account *account)
{
    struct v3_private *key;
    int err = v3_private_make(&key);
    return err ? err : account_make_keys(door.sandbox.accounts, account, key);
}

static int change_keys(struct account *account)
{
    const enum signing_mode mode = SIGNING_PUBKEY;
    const struct keys_change change = { .apiv3_key = "", .mode = &mode };
    return account_change_keys(door.sandbox.accounts, account, &change);
}

static int add_platform(struct account *account)
{
    struct v3_private *key;
    int err = v3_private_make(&key);
    return err ? err : account_add_platform(door.sandbox.accounts, account, key, true);
}

static struct account *hungry_account(int step)
{
    make_account();
    struct account *account = accounts_find(door.sandbox.accounts, VIEW("1999000077"));
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    if (step)
        ck_assert_int_eq(make_keys(account), 0);
    return account;
}

/* As the control door does after a refusal. */
static void take_back(void)
{
    store_undo(door.sandbox.store);
    ck_assert_int_eq(accounts_reload(door.sandbox.accounts), 0);
}

START_TEST(refused_memory_changes_no_keys)
{
    int (*const steps[])(struct account *) = { make_keys, change_keys, add_platform };
    struct account *account = hungry_account(_i);
    bool refused = true;
    int failed = 0, none;
    for (int n = 1; refused && n < 300; n++) {
        ck_assert_int_eq(store_save(door.sandbox.store), 0);
        account_keys(account, &none); /* as they are read when they are first needed */
        int64_t live = mem_live();
        mem_fail_at(n);
        int err = steps[_i](account);
        refused = mem_refused();
        mem_fail_at(0);
        if (err) {
            ck_assert(refused);
            failed++;
            const struct keys *keys = account_keys(account, &none);
            ck_assert_int_eq(mem_live(), live);
            ck_assert_int_eq(keys != NULL, _i > 0);
            ck_assert(!keys || (keys->platform_count == 1 && keys->mode == SIGNING_CERT));
        }
        take_back();
        ck_assert_int_eq(account_has_keys(account), _i > 0);
    }
    ck_assert(!refused);
    ck_assert_int_gt(failed, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 keys");
    TCase *tc = tcase_create("v3 keys");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, keys_are_made_when_asked_for_and_let_in);
    tcase_add_test(tc, two_who_ask_at_once_get_the_same_keys);
    tcase_add_test(tc, an_account_may_go_while_its_keys_are_made);
    tcase_add_test(tc, a_stop_waits_for_the_key);
    tcase_add_loop_test(tc, a_bad_change_is_refused_where_it_is_wrong, 0, COUNT(wrong));
    tcase_add_loop_test(tc, the_mode_and_the_request_choose_who_signs, 0, COUNT(signers));
    tcase_add_test(tc, platform_certificates_rotate_and_four_are_the_most);
    tcase_add_test(tc, what_was_made_and_changed_is_there_after_a_restart);
    tcase_add_test(tc, what_was_not_committed_did_not_happen);
    tcase_add_test(tc, an_answer_that_is_taken_back_is_not_signed);
    tcase_add_loop_test(tc, refused_memory_changes_no_keys, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
