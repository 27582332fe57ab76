/* The steps one by one, against messages whose signatures were computed elsewhere (V2 2.5). */
#include "base/log.h"
#include "base/mem.h"
#include "platform_client.h"
#include "steps.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY "192006250b4c09247ec02edce69f6a2d"

/* Vector N-1, its fields in layout B. */
#define N1_BODY                                                                                    \
    "<appid>wx8888888888888888</appid><attach><![CDATA[支付测试]]></attach>"                   \
    "<bank_type>OTHERS</bank_type><cash_fee><![CDATA[88]]></cash_fee><fee_type>CNY</fee_type>"     \
    "<is_subscribe>N</is_subscribe><mch_id>1900000109</mch_id>"                                    \
    "<nonce_str>5d2b6c2a8db53831f7eda20af46e531c</nonce_str>"                                      \
    "<openid>oUpF8uMEb4qRXf22hE3X68TekukE</openid><out_trade_no>20150806125346</out_trade_no>"     \
    "<result_code>SUCCESS</result_code><return_code>SUCCESS</return_code>"                         \
    "<time_end>20261123101530</time_end>"
#define N1_TAIL                                                                                    \
    "<trade_type>NATIVE</trade_type><transaction_id>4200000001202611230000000001</transaction_id>"
#define N1_MD5          "21865CB4FE0658B75D556FA870C4892D"
#define N1_HMAC         "012BA646BD72C82637D44DED3B4EEA02A850D3E5964704AF079BDDB9C1B7FDFC"
#define N2_MD5          "8C0BCB061F0CE2AE27A05344F4ACEDBD"
#define N1(total, sign) "<xml>" N1_BODY "<total_fee>" total "</total_fee>" N1_TAIL sign "</xml>"
#define SIGN(hex)       "<sign>" hex "</sign>"

/* Vector N-3: the right digest reads as the number zero. */
#define N3(sign)                                                                                   \
    "<xml><appid>wx8888888888888888</appid><bank_type>OTHERS</bank_type><cash_fee>88</cash_fee>"   \
    "<fee_type>CNY</fee_type><is_subscribe>N</is_subscribe><mch_id>1900000109</mch_id>"            \
    "<nonce_str>5d2b6c2a8db53831f7eda20af46e531c</nonce_str>"                                      \
    "<openid>oUpF8uMEb4qRXf22hE3X68TekukE</openid><out_trade_no>20150806125346</out_trade_no>"     \
    "<result_code>SUCCESS</result_code><return_code>SUCCESS</return_code>"                         \
    "<time_end>20261123101530</time_end><total_fee>88</total_fee><trade_type>NATIVE</trade_type>"  \
    "<transaction_id>4200000001202611230072063131</transaction_id>" SIGN(sign) "</xml>"

static struct shop shop;
static struct options options;
static struct message msg;
static struct claim claim;

static void open_shop(void)
{
    log_set_level(LOG_NONE);
    static char mch_id[] = "1900000109", appid[] = "wx8888888888888888", key[] = KEY;
    options = (struct options){ .mch_id = mch_id, .appid = appid, .api_key = key };
    shop = (struct shop){ .options = &options, .steps = &steps_right };
    rng_seed(&shop.rng, 1);
    vclock_freeze(&shop.clock, 1795486530000); /* 2026-11-24 10:15:30 in Beijing */
    shop.key = v2_key_new(VIEW(KEY));
    ck_assert_ptr_nonnull(shop.key);
    ck_assert_int_eq(ledger_open(&shop.ledger, NULL), 0);
    msg = (struct message){};
    claim = (struct claim){ .shop = &shop, .msg = &msg, .step = "", .why = "" };
}

static void close_shop(void)
{
    message_release(&msg);
    ledger_close(shop.ledger);
    v2_key_free(shop.key);
}

static void read_claim(const char *xml)
{
    ck_assert_int_eq(v2_msg_read(&msg.v2, view_str(xml), NULL, NULL), 0);
}

/* --- verification ------------------------------------------------------------------------------ */

static const struct {
    const char *xml;
    enum v2_sign_type ours;
    enum step said;
} signed_messages[] = {
    { N1("88", SIGN(N1_MD5)), V2_MD5, STEP_GO },
    { N1("88", SIGN(N1_HMAC)), V2_HMAC_SHA256, STEP_GO },                                 /* V-7 */
    { N1("88", SIGN("21865CB4FE0658B75D556FA870C4892C")), V2_MD5, STEP_REFUSE },          /* V-1 */
    { N1("88", ""), V2_MD5, STEP_REFUSE },                                                /* V-2 */
    { N1("88", "<sign></sign>"), V2_MD5, STEP_REFUSE },                                   /* V-3 */
    { N1("88", "<req_info>x</req_info>"), V2_MD5, STEP_REFUSE },                          /* 9.3 */
    { N1("88", "<future_field>x1</future_field>" SIGN(N2_MD5)), V2_MD5, STEP_GO },        /* V-4 */
    { N1("88", "<future_field>x1</future_field>" SIGN(N1_MD5)), V2_MD5, STEP_REFUSE },    /* V-5 */
    { N1("89", SIGN(N1_MD5)), V2_MD5, STEP_REFUSE },                                      /* V-6 */
    { N1("88", "<sign_type>HMAC-SHA256</sign_type>" SIGN(N1_MD5)), V2_MD5, STEP_REFUSE }, /* V-8 */
    { N1("88", "<sign_type>NONE</sign_type>" SIGN(N1_MD5)), V2_MD5, STEP_REFUSE },
    { N1("88", SIGN(N1_HMAC)), V2_MD5, STEP_REFUSE }, /* ours to choose, not the message's */
    { N1("88", "<coupon_id_0></coupon_id_0>" SIGN(N1_MD5)), V2_MD5, STEP_GO }, /* V-12 */
    { N3("0E088808624836642991891164253017"), V2_MD5, STEP_GO },
    { N3("0"), V2_MD5, STEP_REFUSE }, /* V-11 */
    { N3("0E1"), V2_MD5, STEP_REFUSE },
    { N3("0e123"), V2_MD5, STEP_REFUSE },
};

START_TEST(only_what_our_key_signed_is_believed)
{
    options.sign_type = signed_messages[_i].ours;
    read_claim(signed_messages[_i].xml);
    ck_assert_int_eq(step_notify_verify(&claim), signed_messages[_i].said);
}
END_TEST

START_TEST(every_flipped_byte_of_a_value_is_noticed)
{
    static const char good[] = N1("88", SIGN(N1_MD5));
    char bad[sizeof(good)];
    size_t flipped = 0;
    for (size_t i = 0; i < sizeof(good) - 1; i++) {
        memcpy(bad, good, sizeof(good));
        bad[i] ^= 1;
        if (v2_msg_read(&msg.v2, (struct view){ bad, sizeof(bad) - 1 }, NULL, NULL))
            continue; /* no message any more */
        flipped++;
        ck_assert_msg(step_notify_verify(&claim) == STEP_REFUSE, "byte %zu", i);
    }
    ck_assert_uint_gt(flipped, 200);
}
END_TEST

/* --- identity, codes, integers ------------------------------------------------------------------- */

static const struct {
    const char *xml;
    enum step (*step)(struct claim *c);
    enum step said;
} read_messages[] = {
    { "<xml><appid>wx8888888888888888</appid><mch_id>1900000109</mch_id></xml>",
      step_notify_identity, STEP_GO },
    { "<xml><appid>wx8888888888888888</appid></xml>", step_notify_identity, STEP_REFUSE },
    { "<xml><mch_id>1900000109</mch_id></xml>", step_notify_identity, STEP_REFUSE },
    { "<xml><appid>wx8888888888888888</appid><mch_id>1900000108</mch_id></xml>",
      step_notify_identity, STEP_REFUSE },
    { "<xml><appid>wx8888888888888880</appid><mch_id>1900000109</mch_id></xml>",
      step_notify_identity, STEP_REFUSE },
    { "<xml><appid>wx8888888888888888</appid><mch_id>1900000109</mch_id>"
      "<sub_mch_id>1</sub_mch_id></xml>",
      step_notify_identity, STEP_REFUSE },
    { "<xml><appid>wx8888888888888888</appid><mch_id>1900000109</mch_id><sub_mch_id/></xml>",
      step_notify_identity, STEP_GO },
    { "<xml><return_code>SUCCESS</return_code></xml>", step_notify_return_code, STEP_GO },
    { "<xml><return_code>success</return_code></xml>", step_notify_return_code, STEP_REFUSE },
    { "<xml><return_code> SUCCESS</return_code></xml>", step_notify_return_code, STEP_REFUSE },
    { "<xml><result_code>SUCCESS</result_code></xml>", step_notify_result_code, STEP_GO },
    { "<xml><result_code>FAIL</result_code></xml>", step_notify_result_code, STEP_REFUSE },
    { "<xml/>", step_notify_result_code, STEP_REFUSE },
#define TOTAL(text)                                                                                \
    "<xml><transaction_id>1</transaction_id><total_fee>" text "</total_fee>"                       \
    "<bank_type>NEW_BANK_OF_2031</bank_type></xml>"
    { TOTAL("88"), step_notify_read, STEP_GO },
    { TOTAL("0"), step_notify_read, STEP_GO },
    { TOTAL("88.0"), step_notify_read, STEP_REFUSE },
    { TOTAL("+88"), step_notify_read, STEP_REFUSE },
    { TOTAL(" 88"), step_notify_read, STEP_REFUSE },
    { TOTAL("8.8e1"), step_notify_read, STEP_REFUSE },
    { TOTAL("-88"), step_notify_read, STEP_REFUSE },
    { TOTAL("088"), step_notify_read, STEP_REFUSE },
    { TOTAL(""), step_notify_read, STEP_REFUSE },
    { TOTAL("18446744073709551704"), step_notify_read, STEP_REFUSE },          /* 2^64 + 88 */
    { "<xml><total_fee>88</total_fee></xml>", step_notify_read, STEP_REFUSE }, /* no transaction */
};

START_TEST(a_message_is_read_by_the_letter)
{
    read_claim(read_messages[_i].xml);
    ck_assert_int_eq(read_messages[_i].step(&claim), read_messages[_i].said);
}
END_TEST

/* --- money ------------------------------------------------------------------------------------------ */

static void order_with(int64_t total_fen)
{
    claim.order = (struct order){ .id = "one", .quantity = 1, .total_fen = total_fen };
    memcpy(claim.order.out_trade_no, "20150806125346", 15);
    ck_assert_int_eq(ledger_add(shop.ledger, &claim.order), 0);
}

static void count_alarm(void *owner, const char *, const char *, int64_t)
{
    ++*(int *)owner;
}

static int alarms(void)
{
    int seen = 0;
    ck_assert_int_eq(ledger_alarms(shop.ledger, "one", count_alarm, &seen), 0);
    return seen;
}

START_TEST(another_amount_or_currency_is_an_alarm)
{
    order_with(88);
    claim.payment = (struct payment){ .total_fen = 88, .cash_fen = 0, .currency = VIEW("CNY") };
    ck_assert_int_eq(step_notify_amount(&claim), STEP_GO); /* coupons are no matter */
    ck_assert_int_eq(step_notify_currency(&claim), STEP_GO);
    ck_assert_int_eq(alarms(), 0);
    claim.payment.total_fen = 89;
    ck_assert_int_eq(step_notify_amount(&claim), STEP_REFUSE);
    claim.payment.total_fen = 87;
    ck_assert_int_eq(step_query_amount(&claim), STEP_REFUSE);
    claim.payment.currency = VIEW("JPY");
    ck_assert_int_eq(step_query_currency(&claim), STEP_REFUSE);
    ck_assert_int_eq(alarms(), 3);
}
END_TEST

START_TEST(a_transaction_pays_one_order)
{
    order_with(88);
    claim.payment =
        (struct payment){ .transaction_id = VIEW("T1"), .total_fen = 88, .currency = VIEW("CNY") };
    ck_assert_int_eq(ledger_add_payment(shop.ledger, &claim.order, &claim.payment, "query", 1), 0);
    struct order other = claim.order;
    memcpy(other.id, "two", 4);
    memcpy(other.out_trade_no, "X", 2);
    ck_assert_int_eq(ledger_add(shop.ledger, &other), 0);
    claim.order = other;
    ck_assert_int_eq(step_settle_transaction(&claim), STEP_REFUSE);
}
END_TEST

START_TEST(a_price_comes_from_the_list)
{
    static const struct {
        const char *sku, *wish;
        int64_t quantity, total_fen; /* 0: refused */
    } wishes[] = {
        { "postcard", "{\"sku\":\"postcard\"}", 1, 29 },
        { "notebook", "{\"sku\":\"notebook\",\"quantity\":3}", 3, 345 },
        { "teapot", "{\"sku\":\"teapot\"}", 99, 197901 },
        { "tea", "{\"sku\":\"tea\",\"amount_fen\":1}", 1, 0 },
        { "tea", "{\"sku\":\"tea\",\"price\":0.01}", 1, 0 },
        { "yacht", "{\"sku\":\"yacht\"}", 1, 0 },
    };
    for (size_t i = 0; i < COUNT(wishes); i++) {
        struct order order = { .quantity = wishes[i].quantity };
        snprintf(order.sku, sizeof(order.sku), "%s", wishes[i].sku);
        json_t *wish = json_loads(wishes[i].wish, 0, NULL);
        const char *why = step_price_from_list(&shop, wish, &order);
        ck_assert_int_eq(why == NULL, wishes[i].total_fen != 0);
        if (!why)
            ck_assert_int_eq(order.total_fen, wishes[i].total_fen);
        json_decref(wish);
    }
}
END_TEST

/* --- what is sent ------------------------------------------------------------------------------------- */

START_TEST(times_are_beijing_times)
{
    struct order order = {};
    step_create_times(&shop, &order);
    ck_assert_str_eq(order.time_start, "20261124101530");
    ck_assert_str_eq(order.time_expire, "20261124121030");
}
END_TEST

START_TEST(numbers_and_nonces_are_long_enough_and_differ)
{
    static char seen[500][33];
    for (size_t i = 0; i < COUNT(seen); i++) {
        struct order order = {};
        ck_assert_int_eq(step_create_number(&shop, &order), 0);
        size_t len = strlen(order.out_trade_no);
        ck_assert(len >= 6 && len <= 32);
        ck_assert_uint_eq(strspn(order.out_trade_no, "0123456789_-|*abcdefghijklmnopqrstuvwxyz"
                                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                          len);
        memcpy(seen[i], order.out_trade_no, len + 1);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(seen[i], seen[j]);
    }
    char one[33], two[33];
    step_request_nonce(&shop, one, sizeof(one));
    step_request_nonce(&shop, two, sizeof(two));
    ck_assert_uint_eq(strlen(one), 32);
    ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(every_attempt_sends_the_same)
{
    struct order order = { .sku = "gift & <box>", .quantity = 1, .total_fen = 4999 };
    size_t count;
    struct buf first = BUF_INIT(V2_XML_MAX), second = BUF_INIT(V2_XML_MAX);
    ck_assert_int_eq(step_create_text(&shop, &goods_list(&count)[7], &order), 0);
    step_create_times(&shop, &order);
    ck_assert_int_eq(step_create_number(&shop, &order), 0);
    ck_assert_int_eq(step_create_fields(&shop, &order, &msg.v2), 0);
    ck_assert_int_eq(v2_sign_text(&msg.v2, &first), 0);
    v2_msg_clear(&msg.v2);
    vclock_freeze(&shop.clock, shop_now_ms(&shop) + 60'000);
    order.fails = 3;
    ck_assert_int_eq(step_create_fields(&shop, &order, &msg.v2), 0);
    ck_assert_int_eq(v2_sign_text(&msg.v2, &second), 0);
    ck_assert_str_eq(buf_cstr(&first), buf_cstr(&second));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&first), "product_id=gift & <box>&"));
    buf_release(&first);
    buf_release(&second);
}
END_TEST

START_TEST(every_good_fits_into_its_fields)
{
    size_t count;
    const struct goods *goods = goods_list(&count);
    for (size_t i = 0; i < count; i++) {
        struct order order = {};
        ck_assert_int_eq(step_create_text(&shop, &goods[i], &order), 0);
        ck_assert_uint_le(strlen(order.body), 127);
    }
}
END_TEST

/* --- what is believed of an answer ------------------------------------------------------------------------ */

START_TEST(a_state_is_paid_only_by_its_name)
{
    static const struct {
        const char *word;
        enum trade trade;
    } words[] = {
        { "SUCCESS", TRADE_PAID },     { "REFUND", TRADE_REFUNDED },
        { "NOTPAY", TRADE_WAITING },   { "CLOSED", TRADE_CLOSED },
        { "REVOKED", TRADE_CLOSED },   { "USERPAYING", TRADE_WAITING },
        { "PAYERROR", TRADE_WAITING }, { "ACCEPT", TRADE_WAITING },
        { "success", TRADE_WAITING },  { "SUCCESSFUL", TRADE_WAITING },
        { "", TRADE_WAITING },         { "PAID", TRADE_WAITING },
    };
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_int_eq(step_query_state(&shop, view_str(words[i].word)), words[i].trade);
}
END_TEST

static const struct {
    const char *body;
    int err, status;
    enum answer_outcome outcome;
} answers[] = {
    { NULL, -111, 0, ANSWER_UNKNOWN },
    { "<html><body>502</body></html>", 0, 200, ANSWER_UNKNOWN },
    { "<xml><return_code>SUCCESS</return_code>", 0, 200, ANSWER_UNKNOWN },
    { "", 0, 200, ANSWER_UNKNOWN },
    { "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>", 0, 200,
      ANSWER_UNKNOWN },
    { "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code></xml>", 0, 200,
      ANSWER_UNKNOWN }, /* not signed */
    { N1("88", SIGN(N1_MD5)), 0, 500, ANSWER_UNKNOWN },
    { N1("88", SIGN(N1_MD5)), 0, 200, ANSWER_OK },
    { N1("89", SIGN(N1_MD5)), 0, 200, ANSWER_UNKNOWN },
};

START_TEST(what_is_not_proven_is_unknown)
{
    struct answer answer = { .shop = &shop,
                             .api = API_QUERY,
                             .err = answers[_i].err,
                             .status = answers[_i].status,
                             .body = view_str(answers[_i].body) };
    platform_v2.judge(&answer);
    ck_assert_int_eq(answer.outcome, answers[_i].outcome);
    message_release(&answer.message);
}
END_TEST

START_TEST(pauses_grow)
{
    struct order order = {};
    ck_assert_int_eq(step_fallback_gap_s(&shop, &order), 30);
    int64_t last = 0;
    for (order.fails = 1; order.fails < 20; order.fails++) {
        int64_t gap = step_retry_gap_s(&shop, &order);
        ck_assert_int_ge(gap, 1);
        ck_assert_int_ge(gap, last);
        last = gap;
    }
    ck_assert_int_eq(step_refresh_pause_ms(&shop, 300), 700);
    ck_assert_int_eq(step_refresh_pause_ms(&shop, 1000), 0);
    ck_assert_int_eq(step_refresh_pause_ms(&shop, -5000), 0);
}
END_TEST

/* --- what the buyer sees ------------------------------------------------------------------------------------ */

START_TEST(a_code_is_shown_only_while_it_can_be_paid)
{
    struct order order = { .code_url = "weixin://x" };
    step_create_times(&shop, &order);
    for (int state = 0; state < ORDER_STATES; state++) {
        order.state = (enum order_state)state;
        ck_assert_int_eq(step_qr_allowed(&shop, &order), state == ORDER_PENDING);
    }
    order.state = ORDER_PENDING;
    vclock_freeze(&shop.clock, order.expire_ms);
    ck_assert(!step_qr_allowed(&shop, &order));
}
END_TEST

START_TEST(markup_is_escaped)
{
    struct buf out = BUF_INIT(256);
    ck_assert_int_eq(step_page_escape(&shop, VIEW("<b a='1' c=\"2\">&茶</b>"), &out), 0);
    ck_assert_str_eq(buf_cstr(&out), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;茶&lt;/b&gt;");
    buf_release(&out);
}
END_TEST

START_TEST(the_table_tells_every_step)
{
    size_t count;
    const struct step_row *rows = steps_table(&count);
    ck_assert_uint_ge(count, 50);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(strncmp(rows[i].rules, "WX2-", 4) == 0 ||
                          strncmp(rows[i].rules, "WX3-", 4) == 0,
                      "%s names no rule", rows[i].name);
        ck_assert_msg(strlen(rows[i].sentence) > 15, "%s says nothing", rows[i].name);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(rows[i].name, rows[j].name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_checked_fixture(tcase, open_shop, close_shop);
    tcase_add_loop_test(tcase, only_what_our_key_signed_is_believed, 0,
                        (int)COUNT(signed_messages));
    tcase_add_test(tcase, every_flipped_byte_of_a_value_is_noticed);
    tcase_add_loop_test(tcase, a_message_is_read_by_the_letter, 0, (int)COUNT(read_messages));
    tcase_add_test(tcase, another_amount_or_currency_is_an_alarm);
    tcase_add_test(tcase, a_transaction_pays_one_order);
    tcase_add_test(tcase, a_price_comes_from_the_list);
    tcase_add_test(tcase, times_are_beijing_times);
    tcase_add_test(tcase, numbers_and_nonces_are_long_enough_and_differ);
    tcase_add_test(tcase, every_attempt_sends_the_same);
    tcase_add_test(tcase, every_good_fits_into_its_fields);
    tcase_add_test(tcase, a_state_is_paid_only_by_its_name);
    tcase_add_loop_test(tcase, what_is_not_proven_is_unknown, 0, (int)COUNT(answers));
    tcase_add_test(tcase, pauses_grow);
    tcase_add_test(tcase, a_code_is_shown_only_while_it_can_be_paid);
    tcase_add_test(tcase, markup_is_escaped);
    tcase_add_test(tcase, the_table_tells_every_step);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak check per fork costs half a second */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
