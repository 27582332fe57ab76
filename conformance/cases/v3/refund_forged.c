/*
 * v3/refund_forged.c — notifications of refunds that nobody at the platform sent, or that speak of
 * something else.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cases/refund_common.h"
#include "cases/v3/common.h"

/* What the notification of the refund's success would say (V3 7). New reference. */
static json_t *refund_plain(struct bench *bench, const struct order *order,
                            const struct refund_known *known)
{
    char success[CN_TIME_RFC_LEN + 1];

    cn_time_rfc3339(bench_now_ms(bench), success);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I}}", "mchid",
                     bench_account(bench)->mch_id, "transaction_id", order->transaction_id,
                     "out_trade_no", order->out_trade_no, "refund_id", known->refund_id,
                     "out_refund_no", known->number, "refund_status", "SUCCESS", "success_time",
                     success, "user_received_account", "支付用户零钱", "amount", "total",
                     (json_int_t)order->total_fen, "refund", (json_int_t)known->fen, "payer_total",
                     (json_int_t)order->total_fen, "payer_refund", (json_int_t)known->fen);
}

/* A refund that stays under way; the judge writes to where its notification would go. */
static struct order *victim_of_refund(struct bench *bench, struct refund_known *known)
{
    struct order *order = refunding(bench);

    if (!order || bench_last_refund(bench, order, known))
        return NULL;
    if (!known->notify_url[0]) {
        bench_skip(bench, "the merchant asks for refunds without a notify_url");
        return NULL;
    }
    memcpy(order->notify_url, known->notify_url, sizeof(order->notify_url));
    return order;
}

#define REFUND_NOTE .event_type = "REFUND.SUCCESS", .original_type = "refund", .aad = "refund"

static void forged_run(struct bench *bench)
{
    static const struct note_how ways[] = {
        { REFUND_NOTE, .label = "forged", .drop = "*" },
        { REFUND_NOTE, .label = "forged", .sign = NOTE_OTHER_KEY },
        { REFUND_NOTE, .label = "forged", .sign = NOTE_BODY_CHANGED },
    };
    struct refund_known known;
    struct order *order = victim_of_refund(bench, &known);
    int err = order ? 0 : ERR_NOT_FOUND;

    for (size_t i = 0; i < COUNT(ways) && !err; i++)
        err = note_send(bench, order, refund_plain(bench, order, &known), &ways[i]);
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
}

static void forged_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX3-035", "notifications that the platform never signed");
}

/* Rightly signed and sealed, but not this refund's. */
static void other_run(struct bench *bench)
{
    static const struct note_how how = { REFUND_NOTE, .label = "other" };
    struct refund_known known;
    struct order *order = victim_of_refund(bench, &known);
    int err = order ? 0 : ERR_NOT_FOUND;

    for (int i = 0; i < 3 && !err; i++) {
        json_t *plain = refund_plain(bench, order, &known);
        json_t *amount = json_object_get(plain, "amount");
        if (i == 0)
            json_object_set_new(amount, "refund", json_integer((json_int_t)known.fen - 1));
        else if (i == 1)
            json_object_set_new(amount, "total", json_integer((json_int_t)order->total_fen + 1));
        else
            json_object_set_new(plain, "mchid", json_string("1900000110"));
        err = note_send(bench, order, plain, &how);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
}

static void other_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX3-043",
                        "notifications with another amount, total or mchid");
}

static const struct case_def cases[] = {
    { .id = "v3/refund/forged",
      .experiment = "Notifications that a refund under way has succeeded: without a signature, "
                    "with another key's, with a changed body.",
      .claims = { { "WX3-035", "the order is not refunded" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = forged_run,
      .decide = forged_decide },
    { .id = "v3/refund/other",
      .experiment =
          "Rightly signed notifications of the refund with another amount, another total, "
          "another mchid.",
      .claims = { { "WX3-043", "the order is not refunded" } },
      .needs = NEED_REFUND | NEED_STATUS | NEED_REFUNDED,
      .run = other_run,
      .decide = other_decide },
};

const struct chapter chapter_v3_refund_forged = { cases, COUNT(cases), API_V3 };
