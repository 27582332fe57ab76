/* The parameters that a page or an app hands to the phone: paid, or refused and explained — V3 4.13 */
#include "control/tests/ctl_test.h"
#include "door_v3.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define OPENID "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
#define NONCE  "dbGYJhLuVWHUoLWA0XcPaSDbvJk5dGWe"

static struct door door;
static char prepay[64];

static void setup(void)
{
    door_open(&door, NULL);
}

static void teardown(void)
{
    door_close(&door);
}

static void order(const char *way, const char *number, const char *more)
{
    struct v3_answer answer;
    char target[96];
    snprintf(target, sizeof(target), "/v3/pay/transactions/%s", way);
    v3_send(&door,
            &(struct v3_send){
                .method = "POST", .target = target, .body = v3_order_body(number, more) },
            &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    snprintf(prepay, sizeof(prepay), "%s", v3_text(&answer, "prepay_id"));
    v3_answer_release(&answer);
}

#define PAYER ",\"payer\":{\"openid\":\"" OPENID "\"}"

/* What is handed over; NULL members as they should be. */
struct handed {
    bool app;
    const char *appid, *stamp, *prepay, *package, *type, *partner; /* "": left out */
    const char *text, *key;                                        /* signed instead; by whom */
    const char *sign;                                              /* instead of a signature */
    bool number;                                                   /* timeStamp is one */
};

static const char * or (const char *given, const char *usual)
{
    return given ? given : usual;
}

static void put(json_t *json, const char *name, const char *value)
{
    if (value[0])
        ck_assert_int_eq(json_object_set_new(json, name, json_string(value)), 0);
}

/* As a body of the control door; static. */
static const char *body_of(const struct handed *handed)
{
    static char body[2048];
    char text[512], package[96], stamp[32], signature[400];
    const char *id = or (handed->prepay, prepay);
    bool app = handed->app;
    snprintf(stamp, sizeof(stamp), "%lld", (long long)time(NULL));
    snprintf(package, sizeof(package), "%s%s", app ? "" : "prepay_id=", app ? "Sign=WXPay" : id);
    snprintf(text, sizeof(text), "%s\n%s\n" NONCE "\n%s\n",
             handed->appid && *handed->appid ? handed->appid : DEFAULT_APPID,
             or (handed->stamp, stamp), app ? id : package);
    v3_sign_text(handed->key, or (handed->text, text), signature);
    json_t *json = json_object();
    put(json, app ? "appid" : "appId", or (handed->appid, DEFAULT_APPID));
    put(json, app ? "timestamp" : "timeStamp", or (handed->stamp, stamp));
    put(json, app ? "noncestr" : "nonceStr", NONCE);
    put(json, "package", or (handed->package, package));
    put(json, app ? "sign" : "paySign", or (handed->sign, signature));
    put(json, app ? "partnerid" : "signType",
        app ? or (handed->partner, DEFAULT_MCH_ID) : or (handed->type, "RSA"));
    put(json, "prepayid", app ? id : "");
    if (handed->number)
        json_object_set_new(json, "timeStamp", json_integer(strtoll(stamp, NULL, 10)));
    json_t *whole = json_pack("{s:o}", "callup", json);
    size_t len = json_dumpb(whole, body, sizeof(body) - 1, 0);
    ck_assert_uint_lt(len, sizeof(body));
    body[len] = '\0';
    json_decref(whole);
    return body;
}

static const json_t *pay(const struct handed *handed)
{
    return ctl_ask(&door, 200, "POST", "/v1/pay", body_of(handed));
}

static bool has_remark(const json_t *answer, const char *id)
{
    size_t i;
    json_t *remark;
    json_array_foreach(json_object_get(json_object_get(answer, "callup"), "remarks"), i, remark)
    {
        if (strcmp(json_string_value(json_object_get(remark, "id")), id) == 0)
            return true;
    }
    return false;
}

static void order_for(bool app, const char *number)
{
    order(app ? "app" : "jsapi", number, app ? "" : PAYER);
}

/* ---- paid --------------------------------------------------------------------------------------- */

static const struct {
    struct handed handed;
    const char *remark; /* NULL: none */
} right[] = {
    { { .app = false }, NULL },
    { { .app = true }, NULL },
    { { .appid = "" }, "appid-absent" }, /* a mini program */
    { { .number = true }, "timestamp-number" },
    { { .stamp = "1790000000" }, "timestamp-stale" },
    { { .stamp = "99000000000" }, "timestamp-stale" },
    { { .app = true, .stamp = "1900000000123" }, "timestamp-milliseconds" },
    { { .stamp = "now" }, "timestamp-odd" },
};

START_TEST(right_parameters_are_paid)
{
    bool app = right[_i].handed.app;
    order_for(app, "right-01");
    const json_t *checked = ctl_ask(&door, 200, "POST", "/v1/callup", body_of(&right[_i].handed));
    ck_assert_msg(is_null_at(checked, "callup.why"), "%s", text_at(checked, "callup.why"));
    ck_assert_str_eq(text_at(checked, "shown.phone"), "cashier");
    const json_t *paid = pay(&right[_i].handed);
    ck_assert_str_eq(text_at(paid, "result"), "paid"); /* so checking has paid nothing */
    ck_assert_str_eq(text_at(paid, "order.trade_type"), app ? "APP" : "JSAPI");
    if (!app)
        ck_assert_str_eq(text_at(paid, "order.payment.openid"), OPENID);
    ck_assert(is_null_at(paid, "callup.why") && is_null_at(paid, "callup.cause"));
    ck_assert(is_null_at(paid, "callup.sign_text"));
    size_t remarks = json_array_size(json_object_get(json_object_get(paid, "callup"), "remarks"));
    ck_assert_uint_eq(remarks, right[_i].remark != NULL);
    ck_assert(!right[_i].remark || has_remark(paid, right[_i].remark));
    paid = pay(&right[_i].handed);
    ck_assert_str_eq(text_at(paid, "reason"), "paid-already");
}
END_TEST

/* ---- refused ------------------------------------------------------------------------------------ */

static const struct {
    struct handed handed;
    const char *reason, *why;
} misfits[] = {
    { { .prepay = "wx26112221580621e9b071c00d9e093b0000" }, "unknown-prepay", "no order here" },
    { { .prepay = "wx" }, "unknown-prepay", "no order here" },
    { { .app = true, .prepay = "x" }, "unknown-prepay", "no order here" },
    { { .appid = "wx7777777777777777" }, "callup-broken", "the appid handed over is wx777" },
    { { .app = true, .partner = "1900000110" }, "callup-broken", "partnerid is 1900000110" },
    { { .app = true, .package = "prepay_id=1" }, "callup-broken", "package of APP is Sign=WXPay" },
    { { .app = true, .package = "Sign=WXpay" }, "callup-broken", "package of APP is Sign=WXPay" },
    { { .type = "MD5" }, "callup-broken", "signType is RSA, here it is MD5" },
    { { .type = "" }, "callup-broken", "signType is RSA, here it is missing" },
    { { .app = true, .partner = "" }, "callup-broken", "partnerid is missing" },
    { { .sign = "" }, "callup-broken", "paySign is missing" },
};

START_TEST(what_does_not_fit_is_named)
{
    order_for(misfits[_i].handed.app, "misfit-01");
    const json_t *paid = pay(&misfits[_i].handed);
    ck_assert_str_eq(text_at(paid, "result"), "refused");
    ck_assert_str_eq(text_at(paid, "reason"), misfits[_i].reason);
    ck_assert_msg(strstr(text_at(paid, "callup.why"), misfits[_i].why) != NULL, "%s",
                  text_at(paid, "callup.why"));
    ck_assert(is_null_at(paid, "callup.cause"));
    ck_assert_str_eq(
        text_at(ctl_ask(&door, 200, "GET", BUILT_IN "/orders/misfit-01", NULL), "state"), "NOTPAY");
}
END_TEST

#define FOUR(w) DEFAULT_APPID "\n1790000000\n" NONCE "\n" w "\n"

/* @text holds %s where the prepay_id stands. */
static const struct {
    bool app;
    const char *text, *key, *sign, *cause;
} lies[] = {
    { false, FOUR("%s"), NULL, NULL, "prepay-prefix-missing" },
    { true, FOUR("prepay_id=%s"), NULL, NULL, "prepay-prefix-signed" },
    { false, DEFAULT_APPID "\n1790000000\n" NONCE "\nprepay_id=%s", NULL, NULL,
      "last-line-feed-missing" },
    { false, "wx5555555555555555\n1790000000\n" NONCE "\nprepay_id=%s\n", NULL, NULL,
      "appid-differs" }, /* another one of the account */
    { false, FOUR("prepay_id=%s"), "platform_key.pem", NULL, "platform-key" },
    { true, FOUR("%s"), "authority_key.pem", NULL, "wrong-key" },
    { true, FOUR("%s"), NULL, "5F4DCC3B5AA765D61D8327DEB882CF99", "v2-sign" },
};

START_TEST(a_wrong_signature_is_refused_and_explained)
{
    char text[512];
    order_for(lies[_i].app, "lie-0001");
    ctl_ask(&door, 200, "PATCH", BUILT_IN,
            "{\"appids\":[\"" DEFAULT_APPID "\",\"wx5555555555555555\"]}");
    const char *at = strstr(lies[_i].text, "%s");
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - lies[_i].text), lies[_i].text, prepay,
             at + 2);
    struct handed handed = { .app = lies[_i].app,
                             .stamp = "1790000000",
                             .text = text,
                             .key = lies[_i].key,
                             .sign = lies[_i].sign };
    const json_t *paid = pay(&handed);
    ck_assert_str_eq(text_at(paid, "reason"), "callup-sign");
    ck_assert_str_eq(text_at(paid, "text"), "支付验证签名失败");
    ck_assert_str_eq(text_at(paid, "callup.cause"), lies[_i].cause);
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.hint"), "Repair: "));
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.sign_text"), prepay));
    if (!lies[_i].key && !lies[_i].sign) {
        ck_assert_str_eq(text_at(paid, "callup.signed_text"), text);
        size_t differs = 0;
        while (text[differs] && text[differs] == text_at(paid, "callup.sign_text")[differs])
            differs++;
        ck_assert_int_eq(int_at(paid, "callup.differs_at"), (int64_t)differs);
    }
    ck_assert(has_remark(paid, "timestamp-stale"));
    ck_assert_str_eq(
        text_at(ctl_ask(&door, 200, "GET", BUILT_IN "/orders/lie-0001", NULL), "state"), "NOTPAY");
}
END_TEST

START_TEST(the_key_of_another_account_is_named)
{
    char path[] = "/tmp/wxpay-callup-XXXXXX", text[512];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ctl_ask(&door, 201, "POST", "/v1/accounts", "{\"mch_id\":\"1999000077\"}");
    const json_t *keys = ctl_ask(&door, 200, "GET", "/v1/accounts/1999000077/v3", NULL);
    FILE *file = fdopen(fd, "w");
    ck_assert_int_ge(fputs(text_at(keys, "merchant.private_key"), file), 0);
    fclose(file);
    order_for(true, "key-0001");
    snprintf(text, sizeof(text), FOUR("%s"), prepay);
    const json_t *paid =
        pay(&(struct handed){ .app = true, .stamp = "1790000000", .text = text, .key = path });
    ck_assert_str_eq(text_at(paid, "callup.cause"), "other-account-key");
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.hint"), "1999000077"));
    remove(path);
}
END_TEST

START_TEST(an_older_prepay_and_one_of_another_way_are_named)
{
    char older[64];
    order_for(false, "older-01");
    snprintf(older, sizeof(older), "%s", prepay);
    order_for(false, "older-01");
    const json_t *paid = pay(&(struct handed){ .prepay = older });
    ck_assert_str_eq(text_at(paid, "reason"), "unknown-prepay");
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.why"), "older prepay_id of order older-01"));
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.why"), prepay));
    paid = pay(&(struct handed){ .app = true });
    ck_assert_str_eq(text_at(paid, "reason"), "trade-type-differs");
    ck_assert_ptr_nonnull(strstr(text_at(paid, "callup.why"), "order older-01 is JSAPI"));
}
END_TEST

/* Right parameters of an order that cannot be paid any more are right all the same. */
START_TEST(parameters_outlive_the_prepay)
{
    struct account *us = door_account(&door);
    order_for(false, "time-0001");
    vclock_set(&us->clock, account_now_ms(us) + PREPAY_LIFE_MS);
    const json_t *paid = pay(&(struct handed){});
    ck_assert_str_eq(text_at(paid, "reason"), "prepay-expired");
    ck_assert(json_is_true(json_object_get(json_object_get(paid, "callup"), "ok")));
}
END_TEST

static const char *const bad_bodies[] = {
    "{}",
    "{\"callup\":{}}",
    "{\"callup\":[]}",
    "{\"callup\":{\"appid\":\"a\"},\"code_url\":\"weixin://wxpay/bizpayurl?pr=1\"}",
};

START_TEST(one_way_at_a_time)
{
    const json_t *no = ctl_ask(&door, 400, "POST", "/v1/pay", bad_bodies[_i]);
    ck_assert_str_eq(text_at(no, "error.code"), "BAD_MEMBER");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 callup");
    TCase *tc = tcase_create("v3 callup");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, right_parameters_are_paid, 0, COUNT(right));
    tcase_add_loop_test(tc, what_does_not_fit_is_named, 0, COUNT(misfits));
    tcase_add_loop_test(tc, a_wrong_signature_is_refused_and_explained, 0, COUNT(lies));
    tcase_add_test(tc, the_key_of_another_account_is_named);
    tcase_add_test(tc, an_older_prepay_and_one_of_another_way_are_named);
    tcase_add_test(tc, parameters_outlive_the_prepay);
    tcase_add_loop_test(tc, one_way_at_a_time, 0, COUNT(bad_bodies));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
