/*
 * qr.c — what the buyer scans.
 */
#include "base/mem.h"
#include "cases/common.h"
#include "net/http_msg.h"

#define CODE_LIFE_S (2 * 3600)

static void content_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_qr(bench, order, "qr"))
        return;
}

/* Is the picture in @qr the code_url of the order made in @made? */
static void decide_content(struct ruling *ruling, const char *rule, const struct fact *made,
                           const struct fact *qr)
{
    const char *code = fact_str(made, "/code_url"), *read = fact_str(qr, "/content");

    if (!made || !qr)
        return;
    if (!code[0])
        rule_undecided(ruling, rule, made, "the platform's code_url is not known");
    else if (!read[0] && fact_int(qr, "/answer/status", 200) >= 400)
        rule_undecided(ruling, rule, qr, "the picture's address answered %lld",
                       (long long)fact_int(qr, "/answer/status", 0));
    else if (!read[0])
        rule_undecided(ruling, rule, qr,
                       "no code could be read from the picture, not even scaled, with a quiet "
                       "zone or inverted");
    else if (strcmp(code, read) != 0)
        rule_broken(ruling, rule, qr, "the picture says \"%s\", code_url is \"%s\"", read, code);
    else if (!fact_is(qr, "/how", "none"))
        rule_departs(ruling, rule, qr,
                     "the picture says code_url, but could be read only after repair: %s",
                     fact_str(qr, "/how"));
    else
        rule_holds(ruling, rule, qr, "the picture says code_url, byte for byte");
}

static void content_decide(const struct story *story, struct ruling *ruling)
{
    decide_content(ruling, "WX2-089", story_first(story, "create", "o1", NULL),
                   story_first(story, "qr", "o1", NULL));
}

/* ---- the form with an ampersand ------------------------------------------------------------- */

#define AMPERSAND_CODE_URL "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"

static void ampersand_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (!bench_create(bench, &wish) ||
        bench_fault(bench, NULL,
                    "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"alter\",\"count\":0,"
                    "\"sign\":\"valid\",\"set\":{\"code_url\":\"" AMPERSAND_CODE_URL "\"}}"))
        return;
    struct order *order = bench_create(bench, &wish);
    if (order && order->created && bench_profile(bench)->qr.kind != PICTURE_NONE &&
        bench_qr(bench, order, "qr"))
        return;
}

static void ampersand_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *plain = story_first(story, "create", "o1", NULL);
    const struct fact *made = story_first(story, "create", "o2", NULL);
    const struct fact *qr = story_first(story, "qr", "o2", NULL);
    const char *shown = fact_str(made, "/captured/code_url"), *read = fact_str(qr, "/content");

    if (!made)
        return;
    if (!fact_true(plain, "/created"))
        rule_undecided(ruling, "WX2-090", plain, "no order could be made at all");
    else if (!fact_true(made, "/created"))
        rule_broken(ruling, "WX2-090", made, "a code_url of the newer form was not taken");
    else if (shown[0] && strcmp(shown, AMPERSAND_CODE_URL) != 0)
        rule_broken(ruling, "WX2-090", made, "the merchant hands out \"%s\" for \"%s\"", shown,
                    AMPERSAND_CODE_URL);
    else if (shown[0])
        rule_holds(ruling, "WX2-090", made, "the code came back unchanged: \"%s\"", shown);
    if (read[0] && strcmp(read, AMPERSAND_CODE_URL) != 0)
        rule_broken(ruling, "WX2-089", qr, "the picture says \"%s\" for \"%s\"", read,
                    AMPERSAND_CODE_URL);
    else if (read[0])
        rule_holds(ruling, "WX2-089", qr, "the picture says \"%s\"", read);
    else if (qr)
        rule_undecided(ruling, "WX2-089", qr, "no code could be read from the picture");
    else
        rule_skipped(ruling, "WX2-089", made, "the profile shows no picture");
}

/* ---- whose code ----------------------------------------------------------------------------- */

static void own_run(struct bench *bench)
{
    static const struct order_wish first = { .payer = 1 }, second = { .payer = 2 };
    struct order *a = bench_create(bench, &first);
    struct order *b = a ? bench_create(bench, &second) : NULL;

    if (!b || bench_qr(bench, a, "both") || bench_qr(bench, b, "both"))
        return;
}

static void own_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_first(story, "qr", "o1", "both");
    const struct fact *second = story_first(story, "qr", "o2", "both");
    const char *a = fact_str(first, "/content"), *b = fact_str(second, "/content");

    if (!second)
        return;
    if (!a[0] || !b[0])
        rule_undecided(ruling, "WX2-091", a[0] ? second : first, "a picture could not be read");
    else if (strcmp(a, b) == 0)
        rule_broken(ruling, "WX2-091", second, "two buyers' orders show the same code %s", a);
    else
        rule_holds(ruling, "WX2-091", second, "two buyers' orders show two codes");
    rule_evidence(ruling, "WX2-091", first);
}

static void after_payment_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_qr(bench, order, "unpaid") || bench_pay(bench, order, NULL) ||
        bench_await_state(bench, order, ORDER_PAID, 0) || bench_status(bench, order, "after") ||
        bench_qr(bench, order, "paid"))
        return;
}

static void after_payment_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *before = story_first(story, "qr", "o1", "unpaid");
    const struct fact *after = story_first(story, "qr", "o1", "paid");
    const char *was = fact_str(before, "/content"), *is = fact_str(after, "/content");

    if (!after)
        return;
    if (!status_settled(story_last(story, "status", "o1", "after")) || !was[0])
        rule_undecided(ruling, "WX2-091", before, "the order could not be shown and paid first");
    else if (strcmp(was, is) == 0)
        rule_broken(ruling, "WX2-091", after, "the paid order's code is still handed out");
    else
        rule_holds(ruling, "WX2-091", after, "the code is gone once the order is paid");
}

/* ---- too old -------------------------------------------------------------------------------- */

static void expired_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_qr(bench, order, "fresh") || bench_pass_time(bench, CODE_LIFE_S + 600) ||
        bench_status(bench, order, "after") || bench_qr(bench, order, "old") ||
        bench_collect(bench))
        return;
}

/* A new code is right when it is the same number's, or the old number was closed first. */
static bool renewed_rightly(const struct story *story)
{
    char number[64], other[64];
    const struct fact *made = story_call(story, NULL, "unifiedorder", "o1");

    exchange_field(made, "/request", "out_trade_no", number, sizeof(number));
    for (const struct fact *f = made; (f = story_call(story, f, "unifiedorder", NULL));) {
        exchange_field(f, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) == 0)
            return true;
    }
    return story_call(story, NULL, "closeorder", "o1") != NULL;
}

static void expired_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *fresh = story_first(story, "qr", "o1", "fresh");
    const struct fact *old = story_first(story, "qr", "o1", "old");
    const char *was = fact_str(fresh, "/content"), *is = fact_str(old, "/content");

    if (!old)
        return;
    if (!was[0]) {
        rule_undecided(ruling, "WX2-092", fresh, "the fresh picture could not be read");
        rule_undecided(ruling, "WX2-075", fresh, "the fresh picture could not be read");
    } else if (!is[0]) {
        rule_holds(ruling, "WX2-092", old, "the code is withdrawn once it has expired");
        rule_holds(ruling, "WX2-075", old, "the code is withdrawn once it has expired");
    } else if (strcmp(was, is) == 0) {
        rule_broken(ruling, "WX2-092", old, "after more than two hours the dead code is shown");
        rule_broken(ruling, "WX2-075", old, "after more than two hours the dead code is shown");
    } else {
        rule_holds(ruling, "WX2-075", old, "the code was renewed");
        if (renewed_rightly(story))
            rule_holds(ruling, "WX2-092", old, "the code was renewed under the same number");
        else
            rule_broken(ruling, "WX2-092", old,
                        "the code was renewed under another number, and the old one is still open");
    }
}

/* ---- whose hand ----------------------------------------------------------------------------- */

static void third_party_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *qr = story_first(story, "qr", "o1", NULL);
    struct http_url picture, shop;
    const char *url = fact_str(qr, "/request/url");
    const struct fact *made = story_first(story, "create", "o1", NULL);

    if (!qr)
        return;
    if (http_url_parse(view_str(url), &picture) ||
        http_url_parse(view_str(fact_str(made, "/steps/0/request/url")), &shop))
        rule_holds(ruling, "WX2-094", qr, "the picture came with the merchant's own answer");
    else if (!view_eq_nocase(picture.host, shop.host))
        rule_broken(ruling, "WX2-094", qr, "the picture comes from %s", url);
    else
        rule_holds(ruling, "WX2-094", qr, "the picture comes from the merchant itself");
}

/* ---- unpaid stays unpaid -------------------------------------------------------------------- */

static void unpaid_run(struct bench *bench)
{
    static const struct payment cancelled = { .outcome = "cancelled", .may_fail = true };
    static const struct payment poor = { .outcome = "not_enough_money", .may_fail = true };
    static const struct order_wish wish = { .may_fail = true }; /* it may think itself paid */
    struct order *order = bench_create(bench, &wish);

    if (!order || bench_scan(bench, order) || bench_pay(bench, order, &cancelled) ||
        bench_pay(bench, order, &poor))
        return;
    for (int i = 0; i < 3; i++)
        if (bench_status(bench, order, "before"))
            return;
    /* Once before the barrier: a shop that takes every order for paid passes none. */
    if (bench_status(bench, order, "after") || bench_barrier(bench) ||
        bench_status(bench, order, "after"))
        return;
}

static void unpaid_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(after))
        rule_broken(ruling, "WX2-098", after,
                    "nobody paid: scanned, cancelled, not enough money; yet it is \"%s\"",
                    status_shown(after));
    else
        rule_holds(ruling, "WX2-098", after, "scanned, cancelled, not enough money: still \"%s\"",
                   status_shown(after));
}

static const struct case_def cases[] = {
    { .id = "qr/content",
      .experiment = "The picture that the merchant shows is decoded.",
      .claims = { { "WX2-089", "it says code_url, byte for byte" } },
      .needs = NEED_QR,
      .run = content_run,
      .decide = content_decide },
    { .id = "qr/ampersand",
      .experiment = "code_url has the newer form, with & in it.",
      .claims = { { "WX2-089", "the picture says all of it" },
                  { "WX2-090", "text comes back unchanged, however it is escaped on the way" } },
      .needs = NEED_CODE_URL,
      .run = ampersand_run,
      .decide = ampersand_decide },
    { .id = "qr/own-code",
      .experiment = "Two buyers' orders are open at the same time.",
      .claims = { { "WX2-091", "each shows a code of its own" } },
      .needs = NEED_QR,
      .run = own_run,
      .decide = own_decide },
    { .id = "qr/after-payment",
      .experiment = "The picture is fetched again once the order is paid.",
      .claims = { { "WX2-091", "the code is gone" } },
      .needs = NEED_QR | NEED_STATUS,
      .run = after_payment_run,
      .decide = after_payment_decide },
    { .id = "qr/expired",
      .experiment = "The picture is fetched again after two hours and ten minutes.",
      .claims = { { "WX2-092", "the code is withdrawn, or renewed under the same number" },
                  { "WX2-075", "the old code is not shown" } },
      .needs = NEED_QR | NEED_CLOCK,
      .run = expired_run,
      .decide = expired_decide },
    { .id = "qr/own-hand",
      .experiment = "Where the picture comes from is looked at.",
      .claims = { { "WX2-094", "from the merchant itself" } },
      .needs = NEED_QR,
      .run = content_run,
      .decide = third_party_decide },
    { .id = "qr/unpaid-stays-unpaid",
      .experiment = "The code is scanned, the payment cancelled, then refused for want of money.",
      .claims = { { "WX2-098", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = unpaid_run,
      .decide = unpaid_decide },
};

const struct chapter chapter_qr = { cases, COUNT(cases), API_V2 };
