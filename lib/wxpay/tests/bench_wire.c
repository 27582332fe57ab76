/*
 * bench_wire.c — nanoseconds per call of the wire, on one core; a tool, not a test.
 *
 *   bench_wire [ROUNDS [ROW]]     default 200000 rounds, all rows
 */
#include "base/clock.h"
#include "base/mem.h"
#include "wxpay/v2_sign.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (what)                                                                                  \
            exit(EXIT_FAILURE);                                                                    \
    } while (0)

/* A unifiedorder, as SDKs send it. */
static const char order[] =
    "<xml><appid>wx8888888888888888</appid><attach><![CDATA[]]></attach>"
    "<body><![CDATA[腾讯充值中心-QQ会员充值]]></body><device_info></device_info>"
    "<mch_id>1900000109</mch_id><nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str>"
    "<notify_url><![CDATA[https://merchant.example/wxpay/notify]]></notify_url>"
    "<out_trade_no>20150806125346</out_trade_no><product_id>12235413214070356458058</product_id>"
    "<sign>6ED405E70CC27E6608DB7891497BE304</sign><sign_type>MD5</sign_type>"
    "<spbill_create_ip>123.12.12.123</spbill_create_ip><total_fee>88</total_fee>"
    "<trade_type>NATIVE</trade_type></xml>";

struct bench {
    struct v2_msg msg, built;
    struct v2_key *key;
    struct buf out;
};

static void read_order(struct bench *bench)
{
    MUST(v2_msg_read(&bench->msg, view_str(order), NULL, NULL));
}

static void sign_md5(struct bench *bench)
{
    char sign[V2_SIGN_MAX + 1];
    MUST(v2_sign(&bench->msg, V2_MD5, bench->key, sign));
}

static void sign_hmac(struct bench *bench)
{
    char sign[V2_SIGN_MAX + 1];
    MUST(v2_sign(&bench->msg, V2_HMAC_SHA256, bench->key, sign));
}

static void build_answer(struct bench *bench)
{
    static const char *const field[][2] = {
        { "return_code", "SUCCESS" },
        { "return_msg", "OK" },
        { "appid", "wx8888888888888888" },
        { "mch_id", "1900000109" },
        { "nonce_str", "IITRi8Iabbblz1Jc" },
        { "sign", "" },
        { "result_code", "SUCCESS" },
        { "prepay_id", "wx201411101639507cbf6ffd8b0779950874" },
        { "trade_type", "NATIVE" },
        { "code_url", "weixin://wxpay/bizpayurl?pr=abcdefghi" },
    };
    v2_msg_clear(&bench->built);
    for (size_t i = 0; i < COUNT(field); i++)
        MUST(v2_msg_add_str(&bench->built, field[i][0], field[i][1]));
}

static void write_answer(struct bench *bench)
{
    buf_clear(&bench->out);
    MUST(v2_msg_write(&bench->built, V2_QUOTE_CDATA, &bench->out));
}

static void look_up(struct bench *bench)
{
    static const char *const name[] = { "appid", "mch_id", "total_fee", "trade_type", "openid" };
    size_t len = 0;
    for (size_t i = 0; i < COUNT(name); i++)
        len += v2_msg_get(&bench->msg, name[i]).len;
    MUST(len != 36);
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench);
} row[] = {
    { "v2_msg_read, a unifiedorder", read_order }, { "v2_sign, MD5", sign_md5 },
    { "v2_sign, HMAC-SHA256", sign_hmac },         { "v2_msg_add, ten fields", build_answer },
    { "v2_msg_write, ten fields", write_answer },  { "v2_msg_get, five names", look_up },
};

int main(int argc, char **argv)
{
    struct bench bench = { .key = v2_key_new(VIEW("192006250b4c09247ec02edce69f6a2d")),
                           .out = BUF_INIT(8192) };
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 200000;
    MUST(!bench.key || rounds < 1);
    printf("body of %zu bytes, %ld rounds, best of 5\n", sizeof(order) - 1, rounds);
    for (size_t i = 0; i < COUNT(row); i++) {
        if (argc > 2 && i != strtoul(argv[2], NULL, 10))
            continue;
        int64_t best = INT64_MAX;
        for (int again = 0; again < 5; again++) {
            int64_t from = clock_mono_us();
            for (long n = 0; n < rounds; n++)
                row[i].run(&bench);
            int64_t took = clock_mono_us() - from;
            best = took < best ? took : best;
        }
        printf("%-32s %7.0f ns\n", row[i].name, (double)best * 1000.0 / (double)rounds);
    }
    v2_msg_release(&bench.msg);
    v2_msg_release(&bench.built);
    v2_key_free(bench.key);
    buf_release(&bench.out);
    return EXIT_SUCCESS;
}
