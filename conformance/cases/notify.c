/*
 * notify.c — genuine notifications: reached, acknowledged, handled once, and kept.
 */
#include "base/mem.h"
#include "cases/common.h"

#define HOUR_S 3600
#define CROWD  20

/* Paid, notified by the sandbox, acknowledged and shipped: "first" is how it looks then. */
static struct order *settled_order(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_blind_query(bench, order) || bench_pay(bench, order, NULL) ||
        bench_await_ack(bench, order, 0) || bench_await_state(bench, order, ORDER_PAID, 0) ||
        bench_await_shipped(bench, order, 1, 0) || bench_status(bench, order, "first"))
        return NULL;
    return order;
}

/* ---- the plain purchase --------------------------------------------------------------------- */

static void paid_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_pay(bench, order, NULL) || bench_await_deliveries(bench, order, 1, 0))
        return;
    if (bench_profile(bench)->status.step.line && !bench_await_state(bench, order, ORDER_PAID, 0) &&
        bench_status(bench, order, "after"))
        return;
}

static void decide_reached(struct ruling *ruling, const struct fact *delivery)
{
    int64_t status = fact_int(delivery, "/answer/status", 0);

    if (!status)
        rule_undecided(ruling, "WX2-041", delivery,
                       "%s did not answer (%s): is notify_hosts of the profile right?",
                       fact_str(delivery, "/real_url"), fact_str(delivery, "/error"));
    else if (status >= 300 && status < 500)
        rule_broken(ruling, "WX2-041", delivery, "a genuine notification was answered with %lld",
                    (long long)status);
    else if (status >= 500)
        rule_undecided(ruling, "WX2-041", delivery, "the endpoint was reached, and answered %lld",
                       (long long)status);
    else
        rule_holds(ruling, "WX2-041", delivery, "an anonymous POST was answered with %lld",
                   (long long)status);
}

static void decide_answer(struct ruling *ruling, const struct fact *delivery)
{
    enum oracle_ack ack = answer_ack(delivery);
    const char *text = oracle_ack_text(ack);

    if (!answered(delivery))
        return;
    if (oracle_ack_counts(ack))
        rule_holds(ruling, "WX2-045", delivery, "the answer is %s", text);
    else
        rule_broken(ruling, "WX2-045", delivery,
                    "a genuine notification was answered with status %lld and %s",
                    (long long)fact_int(delivery, "/answer/status", 0), text);
    if (ack == ORACLE_ACK || ack == ORACLE_NACK_STATUS || ack == ORACLE_NACK_CASE ||
        ack == ORACLE_NACK_FAIL)
        rule_holds(ruling, "WX2-046", delivery, "nothing stands around the XML and its values");
    else if (ack == ORACLE_ACK_DECLARATION)
        rule_departs(ruling, "WX2-046", delivery,
                     "an XML declaration stands in front; users have "
                     "reported endless repeats");
    else
        rule_broken(ruling, "WX2-046", delivery, "the answer is %s", text);
}

static void paid_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *delivery = story_delivery(story, NULL, "o1");

    if (!delivery)
        return;
    decide_reached(ruling, delivery);
    decide_answer(ruling, delivery);
}

/* ---- content types -------------------------------------------------------------------------- */

static void content_type_run(struct bench *bench)
{
    static const char *const types[] = { "text/plain", "application/xml", "text/xml; charset=utf-8",
                                         "" };
    static const struct order_wish any = {};
    struct oracle_msg msg = {};
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") || bench_pay(bench, order, NULL))
        return;
    notice_fields(bench, order, &msg);
    int err = notice_seal(bench, order, &msg);
    if (!err)
        err = oracle_write(&msg, NULL, &body);
    for (size_t i = 0; i < COUNT(types) && !err; i++) {
        const struct sending sending = { .label = "typed",
                                         .body = buf_view(&body),
                                         .content_type = types[i] };
        err = bench_send(bench, order, &sending);
    }
    (void)err; /* recorded */
    buf_release(&body);
    oracle_release(&msg);
}

static void content_type_decide(const struct story *story, struct ruling *ruling)
{
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", NULL, "typed"));) {
        const char *type = fact_header(f, "/request", "Content-Type");
        if (oracle_ack_counts(answer_ack(f)))
            rule_holds(ruling, "WX2-044", f, "accepted with every Content-Type, and without one");
        else
            rule_broken(
                ruling, "WX2-044", f, "with Content-Type %s it was answered with status %lld, %s",
                type && type[0] ? type : "(none)", (long long)fact_int(f, "/answer/status", 0),
                oracle_ack_text(answer_ack(f)));
    }
}

/* ---- duplicates ----------------------------------------------------------------------------- */

static void send_again(struct bench *bench, struct order *order, int times)
{
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    int err = bench_delivered(bench, order, &body);

    for (int i = 0; i < times && !err; i++) {
        const struct sending copy = { .label = "copy", .body = buf_view(&body) };
        err = bench_send(bench, order, &copy);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
    buf_release(&body);
}

/* Nothing more went out between "first" and "after". */
static void decide_shipped_once(const struct story *story, struct ruling *ruling, const char *rule,
                                const char *what)
{
    const struct fact *first = story_first(story, "status", "o1", "first");
    const struct fact *after = story_last(story, "status", "o1", "after");
    int64_t was = fact_int(first, "/shipped", 0), is = fact_int(after, "/shipped", -1);

    if (!after)
        return;
    if (is < 0)
        rule_undecided(ruling, rule, after, "the profile does not show how often goods went out");
    else if (is > 1 && is > was)
        rule_broken(ruling, rule, after, "goods went out %lld times after %s", (long long)is, what);
    else if (is == 0)
        rule_undecided(ruling, rule, after, "nothing was shipped at all");
    else
        rule_holds(ruling, rule, after, "goods went out once, also after %s", what);
}

/* Copies of what was settled are answered SUCCESS. */
static void decide_copies_acked(const struct story *story, struct ruling *ruling, const char *rule)
{
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", NULL, "copy"));)
        if (answered(f) && !oracle_ack_counts(answer_ack(f)))
            rule_broken(ruling, rule, f, "a copy was answered with status %lld, %s",
                        (long long)fact_int(f, "/answer/status", 0),
                        oracle_ack_text(answer_ack(f)));
}

static void duplicate_run(struct bench *bench)
{
    struct order *order = settled_order(bench);

    if (order)
        send_again(bench, order, 3);
}

static void duplicate_decide(const struct story *story, struct ruling *ruling)
{
    decide_shipped_once(story, ruling, "WX2-056", "three copies of the notification");
    decide_copies_acked(story, ruling, "WX2-056");
}

static void parallel_run(struct bench *bench)
{
    for (int round = 0; round < 2; round++) {
        static const struct order_wish any = {};
        struct order *order = bench_create(bench, &any);

        if (!order || bench_blind_query(bench, order) ||
            bench_fault(bench, order,
                        "{\"door\":\"notification\",\"kind\":\"copies\",\"copies\":20}") ||
            bench_pay(bench, order, NULL) || bench_await_deliveries(bench, order, CROWD, 0) ||
            bench_await_state(bench, order, ORDER_PAID, 0) ||
            bench_await_shipped(bench, order, 1, 0) || bench_barrier(bench) ||
            bench_status(bench, order, "after"))
            return;
    }
}

static void parallel_decide(const struct story *story, struct ruling *ruling)
{
    for (const struct fact *f = NULL; (f = story_next(story, f, "status", NULL, "after"));) {
        int64_t shipped = fact_int(f, "/shipped", -1);
        if (shipped > 1)
            rule_broken(ruling, "WX2-057", f, "goods went out %lld times after 20 copies at once",
                        (long long)shipped);
        else if (shipped < 1)
            rule_undecided(ruling, "WX2-057", f, "how often goods went out is not shown");
        else
            rule_holds(ruling, "WX2-057", f, "goods went out once after 20 copies at once");
    }
}

static void new_nonce_run(struct bench *bench)
{
    struct order *order = settled_order(bench);

    for (int i = 0; order && i < 2; i++)
        if (bench_resend(bench, order))
            return;
    if (order && look_after(bench, order))
        return;
}

static void new_nonce_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    decide_shipped_once(story, ruling, "WX2-058", "copies with another nonce and sign");
    for (const struct fact *f = NULL; (f = story_delivery(story, f, "o1"));)
        last = f;
    if (answered(last) && !oracle_ack_counts(answer_ack(last)))
        rule_broken(ruling, "WX2-058", last, "the copy was answered with status %lld, %s",
                    (long long)fact_int(last, "/answer/status", 0),
                    oracle_ack_text(answer_ack(last)));
}

static void second_payment_run(struct bench *bench)
{
    struct oracle_msg msg = {};
    struct order *order = settled_order(bench);

    if (!order)
        return;
    notice_fields(bench, order, &msg);
    oracle_set(&msg, "transaction_id", "4200000002202611230000000002");
    int err = notice_seal(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, NULL, "second");
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
    oracle_release(&msg);
}

static void second_payment_decide(const struct story *story, struct ruling *ruling)
{
    decide_shipped_once(story, ruling, "WX2-056", "a second payment of the same order");
}

static void replay_run(struct bench *bench)
{
    struct order *order = settled_order(bench);

    if (order && !bench_pass_time(bench, 26 * HOUR_S))
        send_again(bench, order, 1);
}

static void replay_decide(const struct story *story, struct ruling *ruling)
{
    decide_shipped_once(story, ruling, "WX2-112", "its notification was replayed a day later");
}

static const struct case_def cases[] = {
    { .id = "notify/paid",
      .experiment = "An order is paid; the platform notifies the merchant.",
      .claims = { { "WX2-041", "an anonymous POST reaches the handler: no redirect, no login" },
                  { "WX2-045", "status 200 and the XML with return_code SUCCESS" },
                  { "WX2-046", "nothing before or after the XML, no blanks in its values" } },
      .run = paid_run,
      .decide = paid_decide },
    { .id = "notify/content-type",
      .experiment = "The genuine notification of a paid order comes with several Content-Types and "
                    "with none.",
      .claims = { { "WX2-044", "each is acknowledged" } },
      .run = content_type_run,
      .decide = content_type_decide },
    { .id = "notify/duplicate",
      .experiment = "A settled order's notification is sent three more times, byte for byte.",
      .claims = { { "WX2-056", "goods go out once and each copy is answered SUCCESS" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = duplicate_run,
      .decide = duplicate_decide },
    { .id = "notify/duplicate-parallel",
      .experiment = "Twenty copies of an order's first notification arrive at once, twice.",
      .claims = { { "WX2-057", "goods go out once" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = parallel_run,
      .decide = parallel_decide },
    { .id = "notify/duplicate-new-nonce",
      .experiment = "A settled order's notification is repeated with another nonce and sign.",
      .claims = { { "WX2-058", "goods go out once and the copies are answered SUCCESS" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = new_nonce_run,
      .decide = new_nonce_decide },
    { .id = "notify/second-payment",
      .experiment = "A settled order is notified again with another transaction_id.",
      .claims = { { "WX2-056", "nothing more goes out" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = second_payment_run,
      .decide = second_payment_decide },
    { .id = "notify/replay",
      .experiment = "A day later the notification of a settled order is sent again.",
      .claims = { { "WX2-112", "nothing more goes out" } },
      .needs = NEED_STATUS | NEED_SHIPPED,
      .run = replay_run,
      .decide = replay_decide },
};

const struct chapter chapter_notify = { cases, COUNT(cases), API_V2 };
