/*
 * v3/forged_content.c — rightly signed and sealed notifications that speak of something else.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

/* What a forgery changes in the plain text of a notification that is otherwise right. */
typedef void change_fn(struct bench *bench, const struct order *order, json_t *plain);

static void send_changed(struct bench *bench, const char *what, change_fn *const *changes,
                         size_t count)
{
    static const struct note_how how = { .label = "forged" };
    struct order *order = victim(bench, NULL);
    int err = order ? 0 : -1;

    if (!err)
        bench_note(bench, order, "what", what);
    for (size_t i = 0; i < count && !err; i++) {
        json_t *plain = note_plain(bench, order);
        if (plain)
            changes[i](bench, order, plain);
        err = note_send(bench, order, plain, &how);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
}

static void set_amount(json_t *plain, const char *name, int64_t fen)
{
    json_object_set_new(json_object_get(plain, "amount"), name, json_integer((json_int_t)fen));
}

static void amount_less(struct bench *, const struct order *order, json_t *plain)
{
    int64_t fen = order->total_fen > 1 ? order->total_fen - 1 : 2;
    set_amount(plain, "total", fen);
    set_amount(plain, "payer_total", fen);
}

static void amount_more(struct bench *, const struct order *order, json_t *plain)
{
    set_amount(plain, "total", order->total_fen * 100);
    set_amount(plain, "payer_total", order->total_fen * 100);
}

/* Somebody who compares payer_total is content with this one. */
static void amount_payer_only(struct bench *, const struct order *order, json_t *plain)
{
    set_amount(plain, "total", order->total_fen + 100);
}

static void amount_run(struct bench *bench)
{
    static change_fn *const changes[] = { amount_less, amount_more, amount_payer_only };
    send_changed(bench, "a rightly signed notification over another amount", changes,
                 COUNT(changes));
}

static void in_yen(struct bench *, const struct order *, json_t *plain)
{
    json_object_set_new(json_object_get(plain, "amount"), "currency", json_string("JPY"));
    json_object_set_new(json_object_get(plain, "amount"), "payer_currency", json_string("JPY"));
}

static void currency_run(struct bench *bench)
{
    static change_fn *const changes[] = { in_yen };
    send_changed(bench, "a rightly signed notification in yen", changes, COUNT(changes));
}

static void other_mchid(struct bench *, const struct order *, json_t *plain)
{
    json_object_set_new(plain, "mchid", json_string("1900009999"));
}

static void other_appid(struct bench *, const struct order *, json_t *plain)
{
    json_object_set_new(plain, "appid", json_string("wx9999999999999999"));
}

static void mchid_run(struct bench *bench)
{
    static change_fn *const changes[] = { other_mchid };
    send_changed(bench, "a rightly signed notification for another mchid", changes, COUNT(changes));
}

static void appid_run(struct bench *bench)
{
    static change_fn *const changes[] = { other_appid };
    send_changed(bench, "a rightly signed notification for another appid", changes, COUNT(changes));
}

/* Within the envelope of a payment the state is the platform's word. */
static void not_paid(struct bench *, const struct order *, json_t *plain)
{
    json_object_set_new(plain, "trade_state", json_string("NOTPAY"));
}

static void user_paying(struct bench *, const struct order *, json_t *plain)
{
    json_object_set_new(plain, "trade_state", json_string("USERPAYING"));
}

static void state_run(struct bench *bench)
{
    static change_fn *const changes[] = { not_paid, user_paying };
    send_changed(bench, "a rightly signed notification whose trade_state is not SUCCESS", changes,
                 COUNT(changes));
}

static void stranger(struct bench *bench, const struct order *, json_t *plain)
{
    char number[25];

    bench_random(bench, number, 24);
    json_object_set_new(plain, "out_trade_no", json_string(number));
}

static void unknown_run(struct bench *bench)
{
    static change_fn *const changes[] = { stranger };
    send_changed(bench, "a rightly signed notification for an order that never was", changes,
                 COUNT(changes));
}

static void unknown_decide(const struct story *story, struct ruling *ruling)
{
    if (decide_alive(story, ruling, "WX3-044"))
        decide_unsettled(story, ruling, "WX3-044", "a notification for an order that never was");
}

/* ---- other events ---------------------------------------------------------------------------- */

/* Its resource is made to look like a payment of this order: only the envelope tells. */
static void event_run(struct bench *bench)
{
    static const struct note_how ways[] = {
        { .event_type = "PROFITSHARING", .original_type = "profitsharing", .aad = "profitsharing" },
        { .event_type = "MCHTRANSFER.BILL.FINISHED",
          .original_type = "mch_payment",
          .aad = "mch_payment" },
        { .event_type = "REFUND.SUCCESS", .original_type = "refund", .aad = "refund" },
    };
    note_forge(bench, "an event of another kind", ways, COUNT(ways));
}

static void event_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    if (!decide_alive(story, ruling, "WX3-045"))
        return;
    decide_unsettled(story, ruling, "WX3-045", "an event of another kind");
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", "o1", "forged"));) {
        /* a refund is no unknown event: what a shop makes of one it never asked for is its own */
        bool refund = strstr(fact_str(f, "/request/body"), "\"REFUND.SUCCESS\"") != NULL;
        last = f;
        if (!refund && answered(f) && !note_taken(f))
            rule_broken(ruling, "WX3-045", f, "an event the shop does not know was answered %lld",
                        (long long)fact_int(f, "/answer/status", 0));
    }
    rule_evidence(ruling, "WX3-045", last);
}

#define SIGNED_BUT(name, run_, experiment_, rule_, expected_)                                      \
    {                                                                                              \
        .id = "v3/forged/" name, .experiment = experiment_, .claims = { { rule_, expected_ } },    \
        .needs = NEED_STATUS, .run = run_, .decide = decide_note_forged                            \
    }

static const struct case_def cases[] = {
    SIGNED_BUT("amount", amount_run,
               "Rightly signed notifications over less and more than the order, and over more with "
               "the order's payer_total.",
               "WX3-043", "an order is settled only over its own total"),
    SIGNED_BUT("currency", currency_run,
               "A rightly signed notification over the right number of another currency.",
               "WX3-043", "an order is settled only in its own currency"),
    SIGNED_BUT("mchid", mchid_run, "A rightly signed notification for another mchid.", "WX3-043",
               "the order stays unpaid"),
    SIGNED_BUT("appid", appid_run, "A rightly signed notification for another appid.", "WX3-043",
               "the order stays unpaid"),
    SIGNED_BUT("state", state_run,
               "Rightly signed payment notifications whose trade_state is NOTPAY and USERPAYING.",
               "WX3-034", "the order stays unpaid"),
    { .id = "v3/forged/unknown-order",
      .experiment = "A rightly signed notification for an order that never was.",
      .claims = { { "WX3-044", "the merchant lives on and no other order changes" } },
      .needs = NEED_STATUS,
      .run = unknown_run,
      .decide = unknown_decide },
    { .id = "v3/forged/other-event",
      .experiment = "Rightly signed events of other kinds, whose content looks like a payment.",
      .claims = { { "WX3-045", "the order stays unpaid; unknown events are answered 2xx" } },
      .needs = NEED_STATUS,
      .run = event_run,
      .decide = event_decide },
};

const struct chapter chapter_v3_forged_content = { cases, COUNT(cases), API_V3 };
