/*
 * Each usual mistake is planted and must be named. The planted sign is the digest of a text written
 * by hand below, taken by OpenSSL directly: nothing of the hint's own machinery makes it.
 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v2_hint.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define K     "192006250b4c09247ec02edce69f6a2d"
#define K_UP  "192006250B4C09247EC02EDCE69F6A2D"
#define OTHER "2ab9071b06b9f739b950ddb41db2690d"
#define MASK  "<API key of 1900000109>"

#define HEAD                                                                                       \
    "<xml><out_trade_no>A-1</out_trade_no><appid>wx8888888888888888</appid>"                       \
    "<mch_id>1900000109</mch_id><attach></attach><mchid>x</mchid><Zeta>z</Zeta>"                   \
    "<total_fee>88</total_fee><nonce_str>abc</nonce_str>"
#define TAIL   "<sign>%s</sign></xml>"
#define PLAIN  HEAD TAIL
#define TYPED  HEAD "<sign_type>MD5</sign_type>" TAIL
#define HMACED HEAD "<sign_type>HMAC-SHA256</sign_type>" TAIL

/* The right text of PLAIN up to the key, and with a sign_type. */
#define TEXT                                                                                       \
    "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"     \
    "&total_fee=88"
#define TEXT_TYPED(type)                                                                           \
    "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"     \
    "&sign_type=" type "&total_fee=88"

#define BODY(inner)      "<xml><mch_id>1900000109</mch_id><body>" inner "</body>" TAIL
#define BODY_TEXT(value) "body=" value "&mch_id=1900000109&key=" K

enum how { MD5, HMAC256, SHA };

/* @text ends in the key as it was used; the HMAC takes @hmac_key, or K. */
static const struct plant {
    const char *cause, *xml, *text;
    enum v2_sign_type says;
    enum how how;
    const char *detail, *hmac_key;
    bool lower; /* the digest written in lower case */
} plants[] = {
    { .cause = "lower-case-hex", PLAIN, TEXT "&key=" K, V2_MD5, MD5, "", NULL, true },
    { .cause = "lower-case-hex",
      HMACED,
      TEXT_TYPED("HMAC-SHA256") "&key=" K,
      V2_HMAC_SHA256,
      HMAC256,
      "",
      NULL,
      true },
    { .cause = "sign-has-blanks",
      HEAD "<sign>\n%s </sign></xml>",
      TEXT "&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "md5-for-hmac",
      HMACED,
      TEXT_TYPED("HMAC-SHA256") "&key=" K,
      V2_HMAC_SHA256,
      MD5,
      "" },
    { .cause = "hmac-for-md5", TYPED, TEXT_TYPED("MD5") "&key=" K, V2_MD5, HMAC256, "" },
    { .cause = "hmac-for-md5", PLAIN, TEXT "&key=" K, V2_MD5, HMAC256, "" },
    { .cause = "empty-values-included",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&attach=&mch_id=1900000109&mchid=x&nonce_str=abc"
      "&out_trade_no=A-1&total_fee=88&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "empty-values-included",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&attach=&mch_id=1900000109&mchid=x&nonce_str=abc"
      "&out_trade_no=A-1&total_fee=88&key=" K,
      V2_MD5,
      MD5,
      "the sign is in lower-case hex besides",
      NULL,
      true },
    { .cause = "empty-values-included",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&attach=&mch_id=1900000109&mchid=x&nonce_str=abc"
      "&out_trade_no=A-1&total_fee=88&key=" K,
      V2_MD5,
      HMAC256,
      "signed with HMAC-SHA256 besides" },
    { .cause = "sorted-without-case",
      PLAIN,
      "appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"
      "&total_fee=88&Zeta=z&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "sorted-without-case",
      PLAIN,
      "appid=wx8888888888888888&mchid=x&mch_id=1900000109&nonce_str=abc&out_trade_no=A-1"
      "&total_fee=88&Zeta=z&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "not-sorted",
      PLAIN,
      "out_trade_no=A-1&appid=wx8888888888888888&mch_id=1900000109&mchid=x&Zeta=z&total_fee=88"
      "&nonce_str=abc&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "not-sorted",
      PLAIN,
      "out_trade_no=A-1&appid=wx8888888888888888&mch_id=1900000109&attach=&mchid=x&Zeta=z"
      "&total_fee=88&nonce_str=abc&key=" K,
      V2_MD5,
      MD5,
      "empty values were included too" },
    { .cause = "sign-type-left-out", TYPED, TEXT "&key=" K, V2_MD5, MD5, "" },
    { .cause = "sign-type-left-out", HMACED, TEXT "&key=" K, V2_HMAC_SHA256, HMAC256, "" },
    { .cause = "sign-type-left-out",
      HMACED,
      TEXT "&key=" K,
      V2_HMAC_SHA256,
      MD5,
      "signed with MD5 besides" },
    { .cause = "sign-type-not-sent", PLAIN, TEXT_TYPED("MD5") "&key=" K, V2_MD5, MD5, "" },
    { .cause = "sign-type-not-sent",
      PLAIN,
      TEXT_TYPED("HMAC-SHA256") "&key=" K,
      V2_MD5,
      HMAC256,
      "signed with HMAC-SHA256 besides" },
    { .cause = "key-missing", PLAIN, TEXT, V2_MD5, MD5, "" },
    { .cause = "hmac-without-key-suffix",
      HMACED,
      TEXT_TYPED("HMAC-SHA256"),
      V2_HMAC_SHA256,
      HMAC256,
      "" },
    { .cause = "key-empty", PLAIN, TEXT "&key=", V2_MD5, MD5, "" },
    { .cause = "key-in-front", PLAIN, "key=" K "&" TEXT, V2_MD5, MD5, "" },
    { .cause = "key-sorted-in",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&key=" K
      "&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1&total_fee=88",
      V2_MD5,
      MD5,
      "" },
    { .cause = "ampersand-missing", PLAIN, TEXT "key=" K, V2_MD5, MD5, "" },
    { .cause = "ampersand-twice", PLAIN, TEXT "&&key=" K, V2_MD5, MD5, "" },
    { .cause = "key-without-name", PLAIN, TEXT "&" K, V2_MD5, MD5, "" },
    { .cause = "key-without-name", PLAIN, TEXT K, V2_MD5, MD5, "" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key=" K "\n",
      V2_MD5,
      MD5,
      "a line feed behind the key" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key=" K "\r\n",
      V2_MD5,
      MD5,
      "CR LF behind the key" },
    { .cause = "key-has-blanks", PLAIN, TEXT "&key=" K "\r", V2_MD5, MD5, "a CR behind the key" },
    { .cause = "key-has-blanks", PLAIN, TEXT "&key=" K " ", V2_MD5, MD5, "a blank behind the key" },
    { .cause = "key-has-blanks", PLAIN, TEXT "&key=" K "\t", V2_MD5, MD5, "a tab behind the key" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key= " K,
      V2_MD5,
      MD5,
      "a blank in front of the key" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key=\"" K "\"",
      V2_MD5,
      MD5,
      "quotation marks around the key" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key='" K "'",
      V2_MD5,
      MD5,
      "apostrophes around the key" },
    { .cause = "key-has-blanks",
      PLAIN,
      TEXT "&key=\xef\xbb\xbf" K,
      V2_MD5,
      MD5,
      "a byte order mark in front of the key" },
    { .cause = "key-has-blanks",
      HMACED,
      TEXT_TYPED("HMAC-SHA256") "&key=" K "\n",
      V2_HMAC_SHA256,
      HMAC256,
      "a line feed behind the key",
      K "\n" },
    { .cause = "key-in-other-case", PLAIN, TEXT "&key=" K_UP, V2_MD5, MD5, "upper case" },
    { .cause = "text-in-other-case",
      PLAIN,
      "zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=a-1"
      "&total_fee=88&key=" K,
      V2_MD5,
      MD5,
      "lower case" },
    { .cause = "text-in-other-case",
      PLAIN,
      "ZETA=Z&APPID=WX8888888888888888&MCH_ID=1900000109&MCHID=X&NONCE_STR=ABC&OUT_TRADE_NO=A-1"
      "&TOTAL_FEE=88&KEY=" K_UP,
      V2_MD5,
      MD5,
      "upper case" },
    { .cause = "sign-included",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"
      "&sign=&total_fee=88&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "sign-included",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&attach=&mch_id=1900000109&mchid=x&nonce_str=abc"
      "&out_trade_no=A-1&sign=&total_fee=88&key=" K,
      V2_MD5,
      MD5,
      "empty values were included too" },
    { .cause = "sha256-without-hmac",
      HMACED,
      TEXT_TYPED("HMAC-SHA256") "&key=" K,
      V2_HMAC_SHA256,
      SHA,
      "" },
    { .cause = "other-accounts-key", PLAIN, TEXT "&key=" OTHER, V2_MD5, MD5, "1999000001" },
    { .cause = "other-accounts-key",
      HMACED,
      TEXT_TYPED("HMAC-SHA256") "&key=" OTHER,
      V2_HMAC_SHA256,
      HMAC256,
      "1999000001",
      OTHER },
    { .cause = "field-not-signed",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&out_trade_no=A-1&total_fee=88"
      "&key=" K,
      V2_MD5,
      MD5,
      "nonce_str" },
    { .cause = "field-not-signed",
      HMACED,
      "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"
      "&sign_type=HMAC-SHA256&key=" K,
      V2_HMAC_SHA256,
      HMAC256,
      "total_fee" },
    { .cause = "amount-spelled-otherwise",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"
      "&total_fee=0.88&key=" K,
      V2_MD5,
      MD5,
      "yuan with two places" },
    { .cause = "amount-spelled-otherwise",
      PLAIN,
      "Zeta=z&appid=wx8888888888888888&mch_id=1900000109&mchid=x&nonce_str=abc&out_trade_no=A-1"
      "&total_fee=88.0&key=" K,
      V2_MD5,
      MD5,
      "fen as a floating-point number" },
    { .cause = "amount-spelled-otherwise",
      "<xml><total_fee>250</total_fee>" TAIL,
      "total_fee=2.5&key=" K,
      V2_MD5,
      MD5,
      "yuan" },
    { .cause = "amount-spelled-otherwise",
      "<xml><total_fee>300</total_fee>" TAIL,
      "total_fee=3&key=" K,
      V2_MD5,
      MD5,
      "yuan" },

    { .cause = "values-trimmed", BODY(" two  blanks "), BODY_TEXT("two  blanks"), V2_MD5, MD5, "" },
    { .cause = "values-trimmed", "<xml><a> </a><b>1</b>" TAIL, "b=1&key=" K, V2_MD5, MD5, "" },
    { .cause = "values-url-encoded",
      BODY("腾讯 a/b~'"),
      BODY_TEXT("%E8%85%BE%E8%AE%AF%20a%2Fb~%27"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-url-encoded",
      BODY("腾讯 a/b~'"),
      BODY_TEXT("%E8%85%BE%E8%AE%AF+a%2Fb%7E%27"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-url-encoded",
      BODY("腾讯 a/b~'"),
      BODY_TEXT("%E8%85%BE%E8%AE%AF%20a%2Fb~'"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-url-encoded",
      BODY("腾讯 a/b!"),
      BODY_TEXT("%e8%85%be%e8%ae%af+a%2fb!"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "xml-escaped-text-signed",
      BODY("A&amp;B&lt;C&gt;\""),
      BODY_TEXT("A&amp;B&lt;C&gt;\""),
      V2_MD5,
      MD5,
      "" },
    { .cause = "xml-escaped-text-signed",
      BODY("A&amp;B \"'"),
      BODY_TEXT("A&amp;B &quot;'"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "xml-escaped-text-signed",
      BODY("A&amp;B '"),
      BODY_TEXT("A&amp;B &apos;"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "xml-escaped-text-signed",
      BODY("A&amp;B '"),
      BODY_TEXT("A&amp;B &#39;"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "xml-escaped-text-signed",
      BODY("A&amp;B '"),
      BODY_TEXT("A&amp;B &#039;"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "markup-signed",
      BODY("<![CDATA[A&B]]>"),
      "body=<![CDATA[A&B]]>&mch_id=<![CDATA[1900000109]]>&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "markup-signed",
      BODY("<![CDATA[A&B]]>"),
      BODY_TEXT("<![CDATA[A&B]]>"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "markup-signed", BODY("&#x817e;"), BODY_TEXT("&#x817e;"), V2_MD5, MD5, "" },
    { .cause = "values-json-escaped",
      BODY("{\"a\":\"b\\c/\"}"),
      BODY_TEXT("{\\\"a\\\":\\\"b\\\\c/\\\"}"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-json-escaped",
      BODY("https://m.example/n"),
      BODY_TEXT("https:\\/\\/m.example\\/n"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-json-escaped",
      BODY("腾讯/😀"),
      BODY_TEXT("\\u817e\\u8baf/\\ud83d\\ude00"),
      V2_MD5,
      MD5,
      "" },
    { .cause = "values-json-escaped", BODY("腾/"), BODY_TEXT("\\u817e\\/"), V2_MD5, MD5, "" },
    { .cause = "values-quoted",
      BODY("x"),
      "body=\"x\"&mch_id=\"1900000109\"&key=" K,
      V2_MD5,
      MD5,
      "" },
    { .cause = "crlf-signed", BODY("one\r\ntwo"), BODY_TEXT("one\r\ntwo"), V2_MD5, MD5, "" },
    { .cause = "gbk-signed", BODY("腾讯"), BODY_TEXT("\xcc\xda\xd1\xb6"), V2_MD5, MD5, "" },
    { .cause = "question-marks-signed", BODY("QQ会员"), BODY_TEXT("QQ??"), V2_MD5, MD5, "" },
};

/* A sign that is no digest of anything. */
static const struct {
    const char *cause, *sign;
} odd[] = {
    { "sign-absent", "" },
    { "sign-absent", " \n" },
    { "not-a-digest", "9A0A8659F005D698" },
    { "not-a-digest", "x0A8659F005D6984697E2CA0A9CF3B7x" },
    { "not-a-digest", "3q2+7w==" },
    { NULL, "9A0A8659F005D6984697E2CA0A9CF3B7" },
};

static void hex_of(const unsigned char *sum, size_t len, bool lower, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, lower ? "%02x" : "%02X", sum[i]);
}

static void plant_sign(const struct plant *plant, char *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    size_t len = 0;
    const char *key = plant->hmac_key ? plant->hmac_key : K;
    if (plant->how == HMAC256) {
        ck_assert_ptr_nonnull(HMAC(EVP_sha256(), key, (int)strlen(key),
                                   (const unsigned char *)plant->text, strlen(plant->text), sum,
                                   &mac_len));
        len = mac_len;
    } else {
        const char *name = plant->how == MD5 ? "MD5" : "SHA256";
        ck_assert_int_eq(
            EVP_Q_digest(NULL, name, NULL, plant->text, strlen(plant->text), sum, &len), 1);
    }
    hex_of(sum, len, plant->lower, out);
}

static const struct v2_key *two_accounts(void *owner, size_t index, struct view *mch_id)
{
    struct v2_key **key = owner;
    if (index > 1)
        return NULL;
    *mch_id = index ? VIEW("1999000001") : VIEW("1900000109");
    return key[index];
}

/* A message with its sign in place, and keys: what every test below needs. */
struct stage {
    char xml[2048];
    struct v2_msg msg;
    struct v2_key *key[2];
    struct buf text, detail, signed_text;
    struct v2_hint_input in;
    int asked; /* keys of other accounts */
};

static void stage_init(struct stage *stage, const char *xml, const char *sign)
{
    const char *gap = strstr(xml, "%s");
    snprintf(stage->xml, sizeof(stage->xml), "%.*s%s%s", (int)(gap - xml), xml, sign, gap + 2);
    stage->msg = (struct v2_msg){};
    stage->asked = 0;
    stage->key[0] = v2_key_new(VIEW(K));
    stage->key[1] = v2_key_new(VIEW(OTHER));
    stage->text = stage->detail = stage->signed_text = BUF_INIT(4096);
    ck_assert_int_eq(v2_msg_read(&stage->msg, view_str(stage->xml), NULL, NULL), 0);
    stage->in = (struct v2_hint_input){ .msg = &stage->msg,
                                        .raw = view_str(stage->xml),
                                        .key = stage->key[0],
                                        .other_key = two_accounts,
                                        .owner = stage->key,
                                        .signed_text = &stage->signed_text };
}

static void stage_release(struct stage *stage)
{
    v2_msg_release(&stage->msg);
    v2_key_free(stage->key[0]);
    v2_key_free(stage->key[1]);
    buf_release(&stage->text);
    buf_release(&stage->detail);
    buf_release(&stage->signed_text);
}

START_TEST(a_planted_mistake_is_named)
{
    const struct plant *plant = &plants[_i];
    struct stage stage;
    char sign[2 * EVP_MAX_MD_SIZE + 1];
    plant_sign(plant, sign);
    stage_init(&stage, plant->xml, sign);
    stage.in.type = plant->says;
    ck_assert_int_eq(v2_verify(&stage.msg, plant->says, stage.key[0]), ERR_SIGNATURE);
    const struct v2_cause *cause = v2_hint_find(&stage.in, &stage.text, &stage.detail);
    ck_assert_msg(cause != NULL, "%s: not found", plant->cause);
    ck_assert_str_eq(cause->id, plant->cause);
    ck_assert_str_eq(buf_cstr(&stage.detail), plant->detail);
    /* no key is shown, neither ours nor theirs */
    ck_assert_ptr_null(strstr(buf_cstr(&stage.text), K));
    ck_assert_ptr_null(strstr(buf_cstr(&stage.signed_text), K));
    ck_assert_ptr_null(strstr(buf_cstr(&stage.signed_text), OTHER));
    stage_release(&stage);
}
END_TEST

START_TEST(an_odd_sign_is_called_what_it_is)
{
    struct stage stage;
    stage_init(&stage, PLAIN, odd[_i].sign);
    const struct v2_cause *cause = v2_hint_find(&stage.in, &stage.text, &stage.detail);
    ck_assert_pstr_eq(cause ? cause->id : NULL, odd[_i].cause);
    ck_assert_str_eq(buf_cstr(&stage.text), TEXT "&key=" MASK);
    ck_assert_str_eq(buf_cstr(&stage.detail), "");
    stage_release(&stage);
}
END_TEST

START_TEST(a_message_without_sign_is_said_to_have_none)
{
    struct stage stage;
    stage_init(&stage, "<xml><a>1</a></xml><!--%s-->", "");
    const struct v2_cause *cause = v2_hint_find(&stage.in, &stage.text, NULL);
    ck_assert_str_eq(cause->id, "sign-absent");
    ck_assert_str_eq(buf_cstr(&stage.text), "a=1&key=<API key>");
    stage_release(&stage);
}
END_TEST

START_TEST(a_sign_that_holds_needs_no_hint)
{
    struct plant right = { NULL, PLAIN, TEXT "&key=" K, V2_MD5, MD5, "", NULL, false };
    struct stage stage;
    char sign[2 * EVP_MAX_MD_SIZE + 1];
    plant_sign(&right, sign);
    stage_init(&stage, right.xml, sign);
    ck_assert_ptr_null(v2_hint_find(&stage.in, &stage.text, &stage.detail));
    ck_assert_str_eq(buf_cstr(&stage.text), TEXT "&key=" MASK);
    stage_release(&stage);
}
END_TEST

START_TEST(both_texts_are_shown_with_the_key_masked)
{
    struct plant plant = { NULL, TYPED, TEXT "&&key=" K, V2_MD5, MD5, "", NULL, false };
    struct stage stage;
    char sign[2 * EVP_MAX_MD_SIZE + 1];
    plant.xml = PLAIN;
    plant_sign(&plant, sign);
    stage_init(&stage, plant.xml, sign);
    ck_assert_ptr_nonnull(v2_hint_find(&stage.in, &stage.text, NULL));
    ck_assert_str_eq(buf_cstr(&stage.text), TEXT "&key=" MASK);
    ck_assert_str_eq(buf_cstr(&stage.signed_text), TEXT "&&key=" MASK);
    stage_release(&stage);
}
END_TEST

/* A cause that no plant names would be a cause nobody tested. */
START_TEST(every_cause_is_planted)
{
    size_t count;
    const struct v2_cause *cause = v2_causes(&count);
    ck_assert_uint_ge(count, 14);
    for (size_t i = 0; i < count; i++) {
        bool planted = false;
        for (size_t k = 0; k < COUNT(plants); k++)
            planted |= strcmp(plants[k].cause, cause[i].id) == 0;
        for (size_t k = 0; k < COUNT(odd); k++)
            planted |= odd[k].cause && strcmp(odd[k].cause, cause[i].id) == 0;
        ck_assert_msg(planted, "%s", cause[i].id);
        ck_assert(strlen(cause[i].what) > 10 && strlen(cause[i].repair) > 10);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(cause[k].id, cause[i].id);
    }
}
END_TEST

START_TEST(without_memory_there_is_no_hint_and_no_leak)
{
    const struct plant *plant = &plants[0];
    struct stage stage;
    char sign[2 * EVP_MAX_MD_SIZE + 1];
    for (size_t i = 0; i < COUNT(plants); i++)
        if (strcmp(plants[i].cause, "field-not-signed") == 0)
            plant = &plants[i]; /* the longest way */
    plant_sign(plant, sign);
    stage_init(&stage, plant->xml, sign);
    stage.in.type = plant->says;
    /* what a key keeps for its next use is there already */
    ck_assert_int_eq(v2_verify(&stage.msg, plant->says, stage.key[0]), ERR_SIGNATURE);
    int64_t step = 1;
    for (int64_t n = 1;; n += step) {
        int64_t before = mem_live();
        struct buf text = BUF_INIT(4096), detail = BUF_INIT(4096);
        mem_fail_at(n);
        const struct v2_cause *cause = v2_hint_find(&stage.in, &text, &detail);
        int refused = mem_refused();
        mem_fail_at(0);
        ck_assert(refused || cause != NULL);
        buf_release(&text);
        buf_release(&detail);
        buf_release(&stage.signed_text);
        ck_assert_int_eq(mem_live(), before);
        if (!refused)
            break;
        step = n < 40 ? 1 : 53; /* the attempts are all alike */
    }
    stage_release(&stage);
}
END_TEST

static const struct v2_key *count_calls(void *owner, size_t index, struct view *mch_id)
{
    struct stage *stage = owner;
    stage->asked++;
    *mch_id = VIEW("1999000001");
    return index < 1000 ? stage->key[1] : NULL;
}

/* The most hostile message costs no more than its budget, which ends before the keys' turn. */
START_TEST(the_largest_message_is_given_up)
{
    struct stage stage;
    static char value[40000];
    struct v2_msg big = {};
    memset(value, '&', sizeof(value));
    stage_init(&stage, PLAIN, "9A0A8659F005D6984697E2CA0A9CF3B7");
    ck_assert_int_eq(v2_msg_add(&big, VIEW("detail"), (struct view){ value, sizeof(value) }), 0);
    ck_assert_int_eq(v2_msg_add_str(&big, "sign", "9A0A8659F005D6984697E2CA0A9CF3B7"), 0);
    stage.in.msg = &big;
    stage.in.other_key = count_calls;
    stage.in.owner = &stage;
    struct buf text = BUF_INIT(V2_XML_MAX);
    ck_assert_ptr_null(v2_hint_find(&stage.in, &text, &stage.detail));
    ck_assert_uint_gt(text.len, sizeof(value));
    ck_assert_int_eq(stage.asked, 0);
    stage.in.msg = &stage.msg; /* a usual message leaves enough for them */
    ck_assert_ptr_null(v2_hint_find(&stage.in, &text, &stage.detail));
    ck_assert_int_gt(stage.asked, 1000);
    buf_release(&text);
    v2_msg_release(&big);
    stage_release(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v2_hint");
    TCase *hint = tcase_create("hint");
    tcase_add_loop_test(hint, a_planted_mistake_is_named, 0, COUNT(plants));
    tcase_add_loop_test(hint, an_odd_sign_is_called_what_it_is, 0, COUNT(odd));
    tcase_add_test(hint, a_message_without_sign_is_said_to_have_none);
    tcase_add_test(hint, a_sign_that_holds_needs_no_hint);
    tcase_add_test(hint, both_texts_are_shown_with_the_key_masked);
    tcase_add_test(hint, every_cause_is_planted);
    tcase_add_test(hint, without_memory_there_is_no_hint_and_no_leak);
    tcase_add_test(hint, the_largest_message_is_given_up);
    suite_add_tcase(suite, hint);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner,
                            CK_NOFORK); /* hundreds of forks of a sanitized program are slow */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
