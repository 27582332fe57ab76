/*
 * shape.c — genuine notifications in shapes the platform uses or may use tomorrow.
 *
 * They are true payments, changed and signed by the sandbox on their way, so that a merchant which
 * asks the platform about each one finds the same.
 */
#include "base/mem.h"
#include "cases/common.h"

#include <stdio.h>

static void altered(struct bench *bench, const char *fault)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_blind_query(bench, order) || pay_and_look(bench, order, NULL, fault))
        return;
}

static void new_field_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"set\":{\"future_field\":\"x1\",\"Zeta\":\"二\"}}");
}

static void reordered_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"order\":\"reversed\"}");
}

static void bare_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"quote\":\"bare\"}");
}

/* The platform leaves integers bare, so this true payment is told by the judge. */
static void cdata_run(struct bench *bench)
{
    static const struct oracle_shape shape = { .all_cdata = true };
    static const struct order_wish any = {};
    struct oracle_msg msg = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL))
        return;
    notice_fields(bench, order, &msg);
    int err = notice_seal(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, &shape, "cdata");
    oracle_release(&msg);
    if (err || bench_await_state(bench, order, ORDER_PAID, 0) ||
        bench_status(bench, order, "after"))
        return;
}

static void cdata_decide(const struct story *story, struct ruling *ruling)
{
    decide_accepted(story, ruling, "WX2-050", story_first(story, "sent", "o1", "cdata"),
                    "a notification with its integers in CDATA");
}

static void spaced_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"spaces\":true}");
}

static void empty_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"set\":{\"device_info\":\"\",\"sub_mch_id\":\"\"}}");
}

static void blanks_run(struct bench *bench)
{
    altered(bench, ALTER_NOTICE "\"set\":{\"device_info\":\" lead and trail \"}}");
}

static void accepted_decide(const struct story *story, struct ruling *ruling)
{
    decide_accepted(story, ruling, ruling->findings[0].rule, story_delivery(story, NULL, "o1"),
                    "the changed, rightly signed notification");
}

static void new_kinds_run(struct bench *bench)
{
    altered(bench,
            ALTER_NOTICE "\"set\":{\"bank_type\":\"MARSBANK_DEBIT\",\"trade_type\":\"PALMPAY\"}}");
}

/* ---- coupons -------------------------------------------------------------------------------- */

/* The dearest goods, so that a coupon leaves something. */
static int64_t great_amount(const struct profile *profile)
{
    int64_t fen = 0;

    if (profile->price != PRICE_SKUS)
        return 1000;
    for (size_t i = 0; i < profile->sku_count; i++)
        if (profile->skus[i].price_fen > fen)
            fen = profile->skus[i].price_fen;
    return fen;
}

static void pay_with_coupons(struct bench *bench, const char *type, int64_t covered_of_hundred)
{
    const struct order_wish wish = { .amount_fen = great_amount(bench_profile(bench)) };
    struct order *order = bench_create(bench, &wish);
    char coupons[200];

    if (!order || bench_blind_query(bench, order))
        return;
    int64_t fen = order->total_fen * covered_of_hundred / 100;
    if (fen < 2) {
        bench_skip(bench, "no goods are dear enough for a coupon");
        return;
    }
    snprintf(coupons, sizeof(coupons),
             "[{\"type\":\"%s\",\"fee_fen\":%lld,\"id\":\"10001\"},"
             "{\"type\":\"%s\",\"fee_fen\":%lld,\"id\":\"10002\"}]",
             type, (long long)fen / 2, type, (long long)(fen - fen / 2));
    const struct payment payment = { .coupons = coupons };
    if (pay_and_look(bench, order, &payment, NULL))
        return;
}

static void cash_coupon_run(struct bench *bench)
{
    pay_with_coupons(bench, "CASH", 40);
}

static void other_coupon_run(struct bench *bench)
{
    pay_with_coupons(bench, "NO_CASH", 40);
}

static void full_coupon_run(struct bench *bench)
{
    pay_with_coupons(bench, "CASH", 100);
}

static void coupon_decide(const struct story *story, struct ruling *ruling)
{
    decide_accepted(story, ruling, "WX2-053", story_delivery(story, NULL, "o1"),
                    "the notification of a payment with coupons");
}

/* ---- numbers that are none ------------------------------------------------------------------ */

static int with_total(struct bench *bench, const struct order *order, struct oracle_msg *msg,
                      const char *around[2])
{
    char text[64];

    snprintf(text, sizeof(text), "%s%lld%s", around[0], (long long)order->total_fen, around[1]);
    oracle_set(msg, "total_fee", text);
    oracle_set(msg, "cash_fee", text);
    return notice_seal(bench, order, msg);
}

static int total_point(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return with_total(bench, order, msg, (const char *[]){ "", ".0" });
}

static int total_plus(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return with_total(bench, order, msg, (const char *[]){ "+", "" });
}

static int total_blank(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return with_total(bench, order, msg, (const char *[]){ " ", "" });
}

static int total_exponent(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return with_total(bench, order, msg, (const char *[]){ "", "e0" });
}

static int total_letters(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return with_total(bench, order, msg, (const char *[]){ "", "fen" });
}

/* 2^32 + n and 2^64 + n are n in a careless machine. */
static int total_32(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set_i64(msg, "total_fee", order->total_fen + (1LL << 32));
    return notice_seal(bench, order, msg);
}

static int total_64(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    char text[32];

    /* 18446744073709551616 + n, for n below 10^9 */
    snprintf(text, sizeof(text), "18446744074%09lld",
             (long long)(709551616 + order->total_fen) % 1'000'000'000);
    if (709551616 + order->total_fen < 1'000'000'000)
        memcpy(text, "18446744073", 11);
    oracle_set(msg, "total_fee", text);
    return notice_seal(bench, order, msg);
}

static void integers_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { total_point,   total_plus, total_blank, total_exponent,
                                       total_letters, total_32,   total_64 };

    forge_each(bench, "signed amounts such as 88.0, +88, 88e0, 2^32+88 and 2^64+88", kinds,
               COUNT(kinds));
}

#define SHAPE(name, run_, experiment_)                                                             \
    {                                                                                              \
        .id = "shape/" name, .experiment = experiment_,                                            \
        .claims = { { "WX2-050", "the notification is accepted and the order settled" } },         \
        .needs = NEED_STATUS, .run = run_, .decide = accepted_decide                               \
    }

static const struct case_def cases[] = {
    SHAPE("new-field", new_field_run, "A notification holds signed fields that nobody knows yet."),
    SHAPE("reordered", reordered_run, "A notification's fields come in reverse order."),
    SHAPE("bare", bare_run, "A notification's values are bare text, escaped."),
    { .id = "shape/cdata",
      .experiment = "A true notification's values, integers too, are in CDATA.",
      .claims = { { "WX2-050", "the notification is accepted and the order settled" } },
      .needs = NEED_STATUS,
      .run = cdata_run,
      .decide = cdata_decide },
    SHAPE("spaced", spaced_run, "White space stands between a notification's fields."),
    SHAPE("empty-fields", empty_run, "A notification holds empty fields, which are not signed."),
    SHAPE("blank-edges", blanks_run,
          "A notification holds a signed value with blanks at both ends."),
    { .id = "shape/new-kinds",
      .experiment = "A notification names a bank and a trade type that nobody knows yet.",
      .claims = { { "WX2-116", "the notification is accepted and the order settled" } },
      .needs = NEED_STATUS,
      .run = new_kinds_run,
      .decide = accepted_decide },
    { .id = "shape/coupon-cash",
      .experiment = "A payment of which coupons of type CASH cover a part.",
      .claims = { { "WX2-053", "the order is settled" } },
      .needs = NEED_STATUS,
      .run = cash_coupon_run,
      .decide = coupon_decide },
    { .id = "shape/coupon-no-cash",
      .experiment = "A payment of which coupons of type NO_CASH cover a part: settlement_total_fee "
                    "differs from total_fee.",
      .claims = { { "WX2-053", "the order is settled" } },
      .needs = NEED_STATUS,
      .run = other_coupon_run,
      .decide = coupon_decide },
    { .id = "shape/coupon-all",
      .experiment = "A payment that coupons cover whole: cash_fee is 0.",
      .claims = { { "WX2-053", "the order is settled" } },
      .needs = NEED_STATUS,
      .run = full_coupon_run,
      .decide = coupon_decide },
    { .id = "shape/strict-integers",
      .experiment = "Rightly signed notifications whose total_fee equals the amount only to a "
                    "careless parser.",
      .claims = { { "WX2-115", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = integers_run,
      .decide = decide_forged },
};

const struct chapter chapter_shape = { cases, COUNT(cases), API_V2 };
