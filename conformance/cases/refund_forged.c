/*
 * refund_forged.c — notifications of refunds over V2: by somebody who has not the key, about
 * something else, and twice.
 */
#include "cases/refund_common.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

/* What is wrong with a notification; all zero: nothing. */
struct info_how {
    const char *label, *key, *mch_id, *number;
    int64_t more_fen; /* added to refund_fee */
    bool plain;       /* req_info is the document in base64, sealed by nobody */
};

static int write_plain(struct bench *bench, const struct order *order,
                       const struct refund_known *known, const struct info_how *how,
                       struct buf *out)
{
    char iso[CN_TIME_RFC_LEN + 1];
    long long fen = (long long)(known->fen + how->more_fen), total = (long long)order->total_fen;

    cn_time_rfc3339(bench_now_ms(bench), iso);
    return buf_fmt(
        out,
        "<root>\n<out_refund_no><![CDATA[%s]]></out_refund_no>\n"
        "<out_trade_no><![CDATA[%s]]></out_trade_no>\n"
        "<refund_account><![CDATA[REFUND_SOURCE_RECHARGE_FUNDS]]></refund_account>\n"
        "<refund_fee><![CDATA[%lld]]></refund_fee>\n<refund_id><![CDATA[%s]]></refund_id>\n"
        "<refund_recv_accout><![CDATA[支付用户零钱]]></refund_recv_accout>\n"
        "<refund_request_source><![CDATA[API]]></refund_request_source>\n"
        "<refund_status><![CDATA[SUCCESS]]></refund_status>\n"
        "<settlement_refund_fee><![CDATA[%lld]]></settlement_refund_fee>\n"
        "<settlement_total_fee><![CDATA[%lld]]></settlement_total_fee>\n"
        "<success_time><![CDATA[%.10s %.8s]]></success_time>\n"
        "<total_fee><![CDATA[%lld]]></total_fee>\n"
        "<transaction_id><![CDATA[%s]]></transaction_id>\n</root>",
        how->number ? how->number : known->number, order->out_trade_no, fen, known->refund_id, fen,
        total, iso, iso + 11, total, order->transaction_id);
}

static int info_send(struct bench *bench, const struct order *order,
                     const struct refund_known *known, const struct info_how *how)
{
    const struct account *account = bench_account(bench);
    struct buf plain = BUF_INIT((size_t)8192), info = BUF_INIT((size_t)16384),
               body = BUF_INIT((size_t)32768);
    char nonce[33];
    int err = write_plain(bench, order, known, how, &plain);

    bench_random(bench, nonce, 32);
    if (!err && how->plain)
        err = base64_encode(buf_view(&plain), &info);
    else if (!err)
        err = oracle_seal_info(how->key ? how->key : account->api_key, buf_view(&plain), &info);
    if (!err)
        err = buf_fmt(&body,
                      "<xml><return_code>SUCCESS</return_code><appid><![CDATA[%s]]></appid>"
                      "<mch_id><![CDATA[%s]]></mch_id><nonce_str><![CDATA[%s]]></nonce_str>"
                      "<req_info><![CDATA[%s]]></req_info></xml>",
                      account->appid, how->mch_id ? how->mch_id : account->mch_id, nonce,
                      buf_cstr(&info));
    if (!err)
        err = bench_send(bench, order,
                         &(struct sending){ .label = how->label, .body = buf_view(&body) });
    buf_release(&plain);
    buf_release(&info);
    buf_release(&body);
    return err;
}

/* A refund that stays under way; the judge writes to where its notification would go. */
static void send_and_look(struct bench *bench, const struct info_how *ways, size_t count)
{
    struct refund_known known;
    struct order *order = refunding(bench);
    int err = order ? bench_last_refund(bench, order, &known) : ERR_NOT_FOUND;

    if (!err && !known.notify_url[0]) {
        bench_skip(bench, "the merchant asks for refunds without a notify_url");
        err = ERR_NOT_FOUND;
    }
    if (!err)
        memcpy(order->notify_url, known.notify_url, sizeof(order->notify_url));
    for (size_t i = 0; i < count && !err; i++)
        err = info_send(bench, order, &known, &ways[i]);
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
}

static void forged_run(struct bench *bench)
{
    static const struct info_how ways[] = {
        { .label = "forged", .key = "00000000000000000000000000000000" },
        { .label = "forged", .plain = true },
    };
    send_and_look(bench, ways, COUNT(ways));
}

static void forged_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX2-083", "notifications that nobody sealed with the key");
}

static void other_run(struct bench *bench)
{
    static const struct info_how ways[] = {
        { .label = "other", .more_fen = -1 },
        { .label = "other", .number = "R20261124000000other" },
    };
    send_and_look(bench, ways, COUNT(ways));
}

static void foreign_run(struct bench *bench)
{
    static const struct info_how ways[] = { { .label = "other", .mch_id = "1900000110" } };
    send_and_look(bench, ways, COUNT(ways));
}

static void other_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX2-085",
                        "notifications with another refund_fee or out_refund_no");
}

static void foreign_decide(const struct story *story, struct ruling *ruling)
{
    decide_not_refunded(story, ruling, "WX2-085", "a notification with another mch_id");
}

/* ---- twice ----------------------------------------------------------------------------------- */

static void again_run(struct bench *bench)
{
    struct refund_known known;
    struct order *order = refunding(bench);

    if (!order || bench_refund_end(bench, order, "SUCCESS", true) ||
        bench_await_state(bench, order, ORDER_REFUNDED, 0) ||
        bench_last_refund(bench, order, &known))
        return;
    if (!known.notify_url[0]) {
        bench_skip(bench, "the merchant asks for refunds without a notify_url");
        return;
    }
    memcpy(order->notify_url, known.notify_url, sizeof(order->notify_url));
    for (int i = 0; i < 3; i++) {
        if (info_send(bench, order, &known, &(struct info_how){ .label = "copy" }))
            return;
    }
    if (look_after(bench, order))
        return;
}

static void again_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", "o1", "copy"));) {
        if (!answered(f))
            rule_undecided(ruling, "WX2-084", f, "a repeat was not answered");
        else if (answer_ack(f) > ORACLE_ACK_LEADING)
            rule_broken(ruling, "WX2-084", f, "a repeat was not acknowledged: %lld",
                        (long long)fact_int(f, "/answer/status", 0));
    }
    if (after && fact_is(after, "/state", "refunded"))
        rule_holds(ruling, "WX2-084", after, "repeats were acknowledged, the order is \"%s\"",
                   status_shown(after));
    else if (after)
        rule_undecided(ruling, "WX2-084", after, "the order is \"%s\"", status_shown(after));
}

#define SEEN (NEED_REFUND | NEED_STATUS | NEED_REFUNDED)

static const struct case_def cases[] = {
    { .id = "refund/forged",
      .experiment = "Notifications that a refund under way has succeeded: sealed with another key, "
                    "and not sealed at all.",
      .claims = { { "WX2-083", "the order is not refunded" } },
      .needs = SEEN,
      .run = forged_run,
      .decide = forged_decide },
    { .id = "refund/other",
      .experiment = "Rightly sealed notifications with another amount and another out_refund_no.",
      .claims = { { "WX2-085", "the order is not refunded" } },
      .needs = SEEN,
      .run = other_run,
      .decide = other_decide },
    { .id = "refund/foreign",
      .experiment = "A rightly sealed notification under another mch_id.",
      .claims = { { "WX2-085", "the order is not refunded" } },
      .needs = SEEN,
      .run = foreign_run,
      .decide = foreign_decide },
    { .id = "refund/again",
      .experiment = "A refund that has succeeded is notified three more times.",
      .claims = { { "WX2-084", "each is acknowledged, and the order stays refunded" } },
      .needs = SEEN,
      .run = again_run,
      .decide = again_decide },
};

const struct chapter chapter_refund_forged = { cases, COUNT(cases), API_V2 };
