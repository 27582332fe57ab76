/*
 * forged_content.c — rightly signed notifications that speak of something else.
 *
 * The order is unpaid at the platform, so that a shop which asks there before it believes anything
 * is told the truth and passes.
 */
#include "base/mem.h"
#include "cases/forged.h"

static int amount_less(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    int64_t fen = order->total_fen > 1 ? order->total_fen - 1 : 2;

    oracle_set_i64(msg, "total_fee", fen);
    oracle_set_i64(msg, "cash_fee", fen);
    return notice_seal(bench, order, msg);
}

static int amount_more(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set_i64(msg, "total_fee", order->total_fen * 100);
    oracle_set_i64(msg, "cash_fee", order->total_fen * 100);
    return notice_seal(bench, order, msg);
}

/* Somebody who compares cash_fee is content with this one. */
static int amount_cash_only(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set_i64(msg, "total_fee", order->total_fen + 100);
    oracle_add(msg, "coupon_count", "1");
    oracle_add(msg, "coupon_fee", "100");
    oracle_add(msg, "coupon_fee_0", "100");
    oracle_add(msg, "coupon_id_0", "10000");
    oracle_add(msg, "coupon_type_0", "CASH");
    return notice_seal(bench, order, msg);
}

static void amount_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { amount_less, amount_more, amount_cash_only };

    forge_each(bench, "rightly signed notifications over another total_fee", kinds, COUNT(kinds));
}

static int currency(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "fee_type", "JPY");
    return notice_seal(bench, order, msg);
}

static void currency_run(struct bench *bench)
{
    forge(bench, "a rightly signed notification in yen", currency);
}

static int result_fail(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "result_code", "FAIL");
    oracle_add(msg, "err_code", "SYSTEMERROR");
    oracle_add(msg, "err_code_des", "系统错误");
    return notice_seal(bench, order, msg);
}

static void result_code_run(struct bench *bench)
{
    forge(bench, "a rightly signed notification with result_code FAIL", result_fail);
}

static int return_fail(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "return_code", "FAIL");
    return notice_seal(bench, order, msg);
}

static int return_other(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "return_code", "SYSTEMERROR");
    return notice_seal(bench, order, msg);
}

static void return_code_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { return_fail, return_other };

    forge_each(bench, "rightly signed notifications whose return_code is not SUCCESS", kinds,
               COUNT(kinds));
}

static int foreign_mch(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "mch_id", "1900009999");
    return notice_seal(bench, order, msg);
}

static int foreign_appid(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "appid", "wx9999999999999999");
    return notice_seal(bench, order, msg);
}

static int nobody(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_drop(msg, "appid");
    oracle_drop(msg, "mch_id");
    return notice_seal(bench, order, msg);
}

static void foreign_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { foreign_mch, foreign_appid, nobody };

    forge_each(bench, "notifications signed with the own key for another mch_id or appid, or none",
               kinds, COUNT(kinds));
}

static int stranger(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    char number[25];

    bench_random(bench, number, 24);
    oracle_set(msg, "out_trade_no", number);
    return notice_seal(bench, order, msg);
}

static void unknown_run(struct bench *bench)
{
    forge(bench, "a rightly signed notification for an order that never was", stranger);
}

static void unknown_decide(const struct story *story, struct ruling *ruling)
{
    if (decide_alive(story, ruling, "WX2-055"))
        decide_unsettled(story, ruling, "WX2-055", "a notification for an order that never was");
}

static const struct case_def cases[] = {
    FORGED("wrong-amount", amount_run,
           "Rightly signed notifications over less and more than the order, and over more with the "
           "order's cash_fee.",
           { "WX2-052", "an order is settled only over its own total_fee" }),
    FORGED("wrong-currency", currency_run,
           "A rightly signed notification over the right number of another currency.",
           { "WX2-052", "an order is settled only in its own currency" }),
    FORGED("result-code", result_code_run, "A rightly signed notification with result_code FAIL.",
           { "WX2-051", FORGED_EXPECTED }),
    FORGED("return-code", return_code_run,
           "Rightly signed notifications whose return_code is FAIL or SYSTEMERROR.",
           { "WX2-025", FORGED_EXPECTED }),
    FORGED("other-merchant", foreign_run,
           "Notifications signed with the merchant's key, for another mch_id and another appid.",
           { "WX2-054", FORGED_EXPECTED }),
    { .id = "forged/unknown-order",
      .experiment = "A rightly signed notification for an order that never was.",
      .claims = { { "WX2-055", "the merchant lives on and no other order changes" } },
      .needs = NEED_STATUS,
      .run = unknown_run,
      .decide = unknown_decide },
};

const struct chapter chapter_forged_content = { cases, COUNT(cases), API_V2 };
