/* Known answers come from spec V2 2.5, digested by the openssl command (fixtures/vectors/v2). */
#include "base/err.h"
#include "base/mem.h"
#include "oracle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY "192006250b4c09247ec02edce69f6a2d"

static struct buf file_bytes(const char *name, const char *ending)
{
    char path[512], chunk[4096];
    struct buf bytes = BUF_INIT(1 << 20);
    size_t len;

    snprintf(path, sizeof(path), "%s/vectors/v2/%s%s", FIXTURES_DIR, name, ending);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        ck_assert_int_eq(buf_add(&bytes, chunk, len), 0);
    fclose(file);
    return bytes;
}

/* One row of digests.tsv: the message NAME.xml must give the text NAME.txt and this digest. */
static void check_vector(struct view line)
{
    char name[32], algorithm[16], key[40], sign[ORACLE_SIGN_LEN + 1];
    struct oracle_msg msg = {};
    struct oracle_reading reading;
    struct buf mine = BUF_INIT(1 << 16);

    ck_assert_int_eq(view_copy(view_cut(line, '\t', &line), name, sizeof(name)), 0);
    ck_assert_int_eq(view_copy(view_cut(line, '\t', &line), algorithm, sizeof(algorithm)), 0);
    ck_assert_int_eq(view_copy(view_cut(line, '\t', &line), key, sizeof(key)), 0);
    struct buf xml = file_bytes(name, ".xml"), text = file_bytes(name, ".txt");
    ck_assert_int_eq(oracle_read(buf_view(&xml), &msg, &reading), 0);
    ck_assert(reading.parsed && reading.utf8 && !reading.doctype && !reading.doubled[0]);
    if (strcmp(name, "E-1-trimmed") != 0) { /* a wrong signer's answer: tested below */
        ck_assert_int_eq(oracle_text(&msg, key, &mine), 0);
        ck_assert_str_eq(buf_cstr(&mine), buf_cstr(&text));
        bool md5 = strcmp(algorithm, "MD5") == 0;
        ck_assert_int_eq(oracle_sign(&msg, md5 ? ORACLE_MD5 : ORACLE_HMAC_SHA256, key, sign), 0);
        ck_assert(view_is(line, sign));
    }
    buf_release(&xml);
    buf_release(&text);
    buf_release(&mine);
    oracle_release(&msg);
}

START_TEST(every_vector_of_the_spec_is_signed_to_its_digest)
{
    struct buf table = file_bytes("digests", ".tsv");
    struct view rest = buf_view(&table);
    size_t rows = 0;

    while (rest.len) {
        struct view line = view_cut(rest, '\n', &rest);
        if (line.len && line.ptr[0] != '#') {
            check_vector(line);
            rows++;
        }
    }
    ck_assert_uint_ge(rows, 12);
    buf_release(&table);
}
END_TEST

/* S-3 of the spec, as a merchant would send it. */
static void s3(struct oracle_msg *msg, const char *sign_type)
{
    oracle_add(msg, "appid", "wx8888888888888888");
    oracle_add(msg, "attach", "");
    oracle_add(msg, "body", "腾讯充值中心-QQ会员充值");
    oracle_add(msg, "device_info", "");
    oracle_add(msg, "mch_id", "1900000109");
    oracle_add(msg, "nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
    oracle_add(msg, "notify_url", "https://merchant.example/wxpay/notify");
    oracle_add(msg, "out_trade_no", "20150806125346");
    oracle_add(msg, "product_id", "12235413214070356458058");
    oracle_add(msg, "sign_type", sign_type);
    oracle_add(msg, "spbill_create_ip", "123.12.12.123");
    oracle_add(msg, "total_fee", "88");
    oracle_add(msg, "trade_type", "NATIVE");
}

static struct oracle_signature verified(struct oracle_msg *msg, const char *sign)
{
    struct oracle_signature seen;

    oracle_set(msg, "sign", sign);
    ck_assert_int_eq(oracle_verify(msg, KEY, &seen), 0);
    return seen;
}

START_TEST(a_right_signature_is_right_and_each_wrong_one_is_explained)
{
    struct oracle_msg msg = {}, e1 = {};
    struct oracle_signature seen;

    s3(&msg, "MD5");
    ck_assert(verified(&msg, "6ED405E70CC27E6608DB7891497BE304").right);
    seen = verified(&msg, "6ed405e70cc27e6608db7891497be304");
    ck_assert(!seen.right && seen.lower_case);
    seen = verified(&msg, "02A5AE8B06C904A6586B8F507B07A3CB"); /* the same without sign_type */
    ck_assert(!seen.right && seen.type_unsigned && !seen.other_algorithm);
    seen = verified(&msg, "7ED405E70CC27E6608DB7891497BE304");
    ck_assert(!seen.right && !seen.cause && seen.empty_fields);
    ck_assert_ptr_nonnull(verified(&msg, "").cause);

    oracle_set(&msg, "sign_type", "HMAC-SHA256");
    seen = verified(&msg, "4382F4901E81CD0DF16A150B190FB4C01DEE5135DE9664EAC3C96A962F480E0F");
    ck_assert(seen.right && seen.algorithm == ORACLE_HMAC_SHA256);

    oracle_add(&e1, "appid", "wx8888888888888888");
    oracle_add(&e1, "attach", " lead and trail ");
    oracle_add(&e1, "body", "A&B <C> \"D\" 'E'");
    oracle_add(&e1, "mch_id", "1900000109");
    oracle_add(&e1, "nonce_str", "abc");
    oracle_add(&e1, "out_trade_no", "A-1_b|c*");
    oracle_add(&e1, "total_fee", "0");
    seen = verified(&e1, "85A07E059D36BA8CE57D89D6B29A074D");
    ck_assert(!seen.right && seen.trimmed && !seen.encoded);
    oracle_release(&msg);
    oracle_release(&e1);
}
END_TEST

START_TEST(what_is_written_is_read_back_whatever_the_shape)
{
    static const struct oracle_shape shapes[] = {
        {},
        { .all_bare = true },
        { .all_cdata = true, .one_line = true },
        { .spaced = true, .before = "<?xml version=\"1.0\"?>\n" },
    };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct oracle_msg msg = {}, back = {};
        struct oracle_reading reading;
        struct buf xml = BUF_INIT(1 << 16);

        oracle_add(&msg, "attach", " a & b <c> ]]> \"d\" 'e' ]]>");
        oracle_add(&msg, "total_fee", "88");
        oracle_add(&msg, "empty", "");
        ck_assert_int_eq(oracle_write(&msg, &shapes[i], &xml), 0);
        ck_assert_int_eq(oracle_read(buf_view(&xml), &back, &reading), 0);
        ck_assert_msg(reading.parsed, "%s", buf_cstr(&xml));
        ck_assert_str_eq(reading.root, "xml");
        ck_assert(!reading.stray_text && !reading.nested);
        ck_assert_uint_eq(back.count, 3);
        ck_assert_str_eq(oracle_get(&back, "attach"), oracle_get(&msg, "attach"));
        ck_assert_str_eq(oracle_get(&back, "total_fee"), "88");
        ck_assert_str_eq(oracle_get(&back, "empty"), "");
        buf_release(&xml);
        oracle_release(&msg);
        oracle_release(&back);
    }
}
END_TEST

START_TEST(a_forger_can_sign_one_thing_and_write_another)
{
    struct oracle_msg msg = {}, back = {};
    struct oracle_reading reading;
    struct buf xml = BUF_INIT(1 << 16), text = BUF_INIT(1 << 16);

    oracle_add(&msg, "total_fee", "1")->unsigned_ = true;
    oracle_add(&msg, "total_fee", "88");
    oracle_add(&msg, "hidden", "x")->unwritten = true;
    oracle_add_markup(&msg, "body", "8", "<!-- -->8");
    ck_assert_int_eq(oracle_text(&msg, "k", &text), 0);
    ck_assert_str_eq(buf_cstr(&text), "body=8&hidden=x&total_fee=88&key=k");
    ck_assert_int_eq(oracle_write(&msg, NULL, &xml), 0);
    ck_assert_str_eq(buf_cstr(&xml), "<xml><total_fee>1</total_fee>\n<total_fee>88</total_fee>\n"
                                     "<body><!-- -->8</body>\n</xml>");
    ck_assert_int_eq(oracle_read(buf_view(&xml), &back, &reading), 0);
    ck_assert_str_eq(reading.doubled, "total_fee");
    buf_release(&xml);
    buf_release(&text);
    oracle_release(&msg);
    oracle_release(&back);
}
END_TEST

START_TEST(the_strict_reader_names_each_oddity)
{
    static const struct {
        const char *xml;
        bool parsed, doctype, entities, nested, stray, utf8;
    } rows[] = {
        { "<xml><a>1</a></xml>", true, false, false, false, false, true },
        { "<xml><a>1</a>", false, false, false, false, false, true },
        { "<xml><a>1</a></xml><xml/>", false, false, false, false, false, true },
        { "a=1&b=2", false, false, false, false, false, true },
        { "<!DOCTYPE xml><xml><a>1</a></xml>", true, true, false, false, false, true },
        { "<!DOCTYPE xml [<!ENTITY e \"1\">]><xml><a>&e;</a></xml>", true, true, true, false, false,
          true },
        { "<xml><a><b>1</b></a></xml>", true, false, false, true, false, true },
        { "<xml><a t=\"1\">1</a></xml>", true, false, false, true, false, true },
        { "<xml>hello<a>1</a></xml>", true, false, false, false, true, true },
        { "<xml><a>\xC3\x28</a></xml>", false, false, false, false, false, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct oracle_msg msg = {};
        struct oracle_reading seen;

        ck_assert_int_eq(oracle_read(view_str(rows[i].xml), &msg, &seen), 0);
        ck_assert_msg(seen.parsed == rows[i].parsed && seen.doctype == rows[i].doctype &&
                          seen.entities == rows[i].entities && seen.nested == rows[i].nested &&
                          seen.stray_text == rows[i].stray && seen.utf8 == rows[i].utf8,
                      "row %zu: %s", i, rows[i].xml);
        oracle_release(&msg);
    }
}
END_TEST

/* The decision table of V2 6.3. */
START_TEST(an_answer_is_worth_what_the_table_says)
{
    static const struct {
        int status;
        const char *body;
        enum oracle_ack ack;
    } rows[] = {
        { 200,
          "<xml>\n  <return_code><![CDATA[SUCCESS]]></return_code>\n"
          "  <return_msg><![CDATA[OK]]></return_msg>\n</xml>",
          ORACLE_ACK },
        { 200, "<xml><return_code>SUCCESS</return_code></xml>", ORACLE_ACK },
        { 200, "<xml><return_code>SUCCESS</return_code></xml>\n", ORACLE_ACK },
        { 200, "<?xml version=\"1.0\"?><xml><return_code>SUCCESS</return_code></xml>",
          ORACLE_ACK_DECLARATION },
        { 200, "\n<xml><return_code>SUCCESS</return_code></xml>", ORACLE_ACK_LEADING },
        { 200, "\xEF\xBB\xBF<xml><return_code>SUCCESS</return_code></xml>", ORACLE_ACK_LEADING },
        { 200, "<xml><return_code> SUCCESS </return_code></xml>", ORACLE_NACK_BLANKS },
        { 200, "<xml><return_code>success</return_code></xml>", ORACLE_NACK_CASE },
        { 200, "<xml><return_code>FAIL</return_code></xml>", ORACLE_NACK_FAIL },
        { 200, "success", ORACLE_NACK_TEXT },
        { 200, "{\"code\":\"SUCCESS\"}", ORACLE_NACK_TEXT },
        { 200, "", ORACLE_NACK_TEXT },
        { 204, "", ORACLE_NACK_TEXT },
        { 200, "<html><xml><return_code>SUCCESS</return_code></xml></html>", ORACLE_NACK_AROUND },
        { 200, "debug: 1\n<xml><return_code>SUCCESS</return_code></xml>", ORACLE_NACK_AROUND },
        { 201, "<xml><return_code>SUCCESS</return_code></xml>", ORACLE_NACK_STATUS },
        { 302, "<xml><return_code>SUCCESS</return_code></xml>", ORACLE_NACK_STATUS },
        { 200, "</xml><xml>", ORACLE_NACK_TEXT },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum oracle_ack ack = oracle_ack(rows[i].status, view_str(rows[i].body));
        ck_assert_msg(ack == rows[i].ack, "row %zu: %s", i, oracle_ack_text(ack));
    }
}
END_TEST

/* Digits, one E, digits: what strtod() and every loosely typed language read as infinity. */
START_TEST(a_digest_that_reads_as_a_number_is_found)
{
    struct oracle_msg msg = {};
    char sign[ORACLE_SIGN_LEN + 1], *end;

    oracle_add(&msg, "total_fee", "88");
    ck_assert_int_eq(oracle_hunt_numeric(&msg, KEY), ERR_NOT_FOUND);
    oracle_add(&msg, "transaction_id", "4200000001202611230000000000");
    ck_assert_int_eq(oracle_hunt_numeric(&msg, KEY), 0);
    ck_assert_int_eq(oracle_sign(&msg, ORACLE_MD5, KEY, sign), 0);
    ck_assert_uint_eq(strspn(sign, "0123456789E"), 32);
    ck_assert(strtod(sign, &end) == strtod("9E9999", NULL));
    ck_assert_str_eq(end, "");
    oracle_release(&msg);
}
END_TEST

START_TEST(without_memory_nothing_is_lost_and_the_error_comes_out)
{
    for (int64_t n = 1;; n++) {
        struct oracle_msg msg = {};
        struct buf xml = BUF_INIT(1 << 16);
        int64_t live = mem_live();

        mem_fail_at(n);
        s3(&msg, "MD5");
        int err = oracle_seal(&msg, ORACLE_MD5, KEY);
        if (!err)
            err = oracle_write(&msg, NULL, &xml);
        bool refused = mem_refused();
        mem_fail_at(0);
        buf_release(&xml);
        oracle_release(&msg);
        ck_assert_int_eq(mem_live(), live);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        if (!refused)
            break;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle");
    TCase *all = tcase_create("all");

    tcase_add_test(all, every_vector_of_the_spec_is_signed_to_its_digest);
    tcase_add_test(all, a_right_signature_is_right_and_each_wrong_one_is_explained);
    tcase_add_test(all, what_is_written_is_read_back_whatever_the_shape);
    tcase_add_test(all, a_forger_can_sign_one_thing_and_write_another);
    tcase_add_test(all, the_strict_reader_names_each_oddity);
    tcase_add_test(all, an_answer_is_worth_what_the_table_says);
    tcase_add_test(all, a_digest_that_reads_as_a_number_is_found);
    tcase_add_test(all, without_memory_nothing_is_lost_and_the_error_comes_out);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
