/*
 * create.c — orders under numbers and over amounts of their own.
 */
#include "base/mem.h"
#include "cases/common.h"

/* ---- numbers -------------------------------------------------------------------------------- */

#define AT_ONCE 10

static void unique_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };
    struct order *orders[AT_ONCE];

    if (bench_create_many(bench, &wish, AT_ONCE, orders) || !bench_create(bench, &wish) ||
        !bench_create(bench, &wish))
        return;
}

/* Both rounds begin with a start, so that a counter begins again too. */
static void restart_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    for (int round = 0; round < 2; round++) {
        if (bench_kill_restart(bench))
            return;
        for (int i = 0; i < 3; i++)
            if (!bench_create(bench, &wish))
                return;
    }
}

/* Every unified order, those under numbers of earlier cases too: that is what is looked for. */
static const struct fact *next_create(const struct story *story, const struct fact *after)
{
    while ((after = story_next(story, after, "exchange", NULL, NULL)))
        if (fact_is(after, "/door", "api") && fact_is(after, "/api", "unifiedorder"))
            return after;
    return NULL;
}

/* The first call of this case under the same number, or NULL. */
static const struct fact *first_under(const struct story *story, const struct fact *call,
                                      const char *number)
{
    char other[64];

    for (const struct fact *f = NULL; (f = next_create(story, f)) != call;) {
        exchange_field(f, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) == 0)
            return f;
    }
    return NULL;
}

/* Other goods or another amount: no repetition, whatever else is the same. */
static bool other_purchase(const struct fact *a, const struct fact *b)
{
    static const char *const names[] = { "body", "total_fee", "product_id" };
    char x[300], y[300];

    for (size_t i = 0; i < COUNT(names); i++) {
        exchange_field(a, "/request", names[i], x, sizeof(x));
        exchange_field(b, "/request", names[i], y, sizeof(y));
        if (strcmp(x, y) != 0)
            return true;
    }
    return false;
}

/* As many numbers as orders: no fault is at work, so no call is a repetition. */
static void unique_decide(const struct story *story, struct ruling *ruling)
{
    size_t orders = story_times(story, "create", NULL, NULL), numbers = 0;
    const struct fact *last = NULL, *again = NULL;

    for (const struct fact *f = NULL; (f = next_create(story, f)); last = f) {
        char number[64];
        exchange_field(f, "/request", "out_trade_no", number, sizeof(number));
        const struct fact *first = first_under(story, f, number);
        if (first && other_purchase(first, f)) {
            rule_broken(ruling, "WX2-031", f, "two purchases were placed under the number %s",
                        number);
            rule_evidence(ruling, "WX2-031", first);
        }
        if (first || fact_true(f, "/earlier"))
            again = f;
        else
            numbers++;
    }
    if (!last || !orders)
        return;
    if (fact_true(story_first(story, "setup", NULL, NULL), "/expect/reuses_open_orders"))
        rule_skipped(ruling, "WX2-031", last, "the merchant gives out open orders again by design");
    else if (again && numbers < orders)
        rule_broken(ruling, "WX2-031", again, "%zu orders were placed under %zu new numbers",
                    orders, numbers);
    else if (numbers < orders)
        rule_undecided(ruling, "WX2-031", last, "only %zu of %zu orders reached the platform",
                       numbers, orders);
    else
        rule_holds(ruling, "WX2-031", last, "%zu orders had %zu numbers", orders, numbers);
}

/* ---- amounts -------------------------------------------------------------------------------- */

static void prices_run(struct bench *bench)
{
    static const int64_t odd_fen[] = { 7, 29, 57, 110, 115, 1999, 100'001 };
    const struct profile *profile = bench_profile(bench);
    bool list = profile->price == PRICE_SKUS;
    size_t count = list ? profile->sku_count : COUNT(odd_fen);

    for (size_t i = 0; i < count && i < 8; i++) {
        const struct order_wish wish = {
            .amount_fen = list ? profile->skus[i].price_fen : odd_fen[i],
            .may_fail = true,
        };
        if (!bench_create(bench, &wish))
            return;
    }
}

static void prices_decide(const struct story *story, struct ruling *ruling)
{
    size_t seen = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL));) {
        char total[64];
        int64_t fen = 0;
        exchange_field(f, "/request", "total_fee", total, sizeof(total));
        if (view_to_i64(view_str(total), INT64_MAX, &fen) || fen < 1)
            rule_broken(ruling, "WX2-032", f, "total_fee is \"%s\"", total);
    }
    for (const struct fact *f = NULL; (f = story_next(story, f, "create", NULL, NULL));) {
        const struct fact *call = story_call(story, NULL, "unifiedorder", f->order);
        int64_t asked = fact_int(f, "/amount_fen", 0), fen = 0;
        char total[64];
        if (!call || !f->order[0])
            continue;
        exchange_field(call, "/request", "total_fee", total, sizeof(total));
        last = call;
        seen++;
        if (!view_to_i64(view_str(total), INT64_MAX, &fen) && fen != asked)
            rule_broken(ruling, "WX2-032", call, "total_fee is %lld for a price of %lld fen",
                        (long long)fen, (long long)asked);
    }
    if (seen)
        rule_holds(ruling, "WX2-032", last, "%zu prices arrived as whole fen, none lost a fen",
                   seen);
}

static void server_price_run(struct bench *bench)
{
    const struct order_wish wish = { .tamper_fen = 1, .may_fail = true };
    struct profile const *profile = bench_profile(bench);
    struct order_wish dear = wish;

    for (size_t i = 0; i < profile->sku_count; i++)
        if (profile->skus[i].price_fen > dear.amount_fen)
            dear.amount_fen = profile->skus[i].price_fen;
    if (bench_create(bench, &dear))
        return;
}

static void server_price_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *order = story_first(story, "create", NULL, NULL);
    const struct fact *call = NULL;
    int64_t price = fact_int(order, "/amount_fen", 0);

    if (!order)
        return;
    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); call = f) {
        char total[64];
        int64_t fen = 0;
        exchange_field(f, "/request", "total_fee", total, sizeof(total));
        if (view_to_i64(view_str(total), INT64_MAX, &fen) || fen != price)
            rule_broken(ruling, "WX2-033", f,
                        "the client wrote 1 fen, and total_fee became %s "
                        "instead of %lld",
                        total, (long long)price);
    }
    if (call)
        rule_holds(ruling, "WX2-033", call, "the price stayed %lld fen", (long long)price);
    else
        rule_holds(ruling, "WX2-033", order, "the request was refused");
}

static const struct case_def cases[] = {
    { .id = "create/unique",
      .experiment = "Ten orders are placed at once, and two right after each other.",
      .claims = { { "WX2-031", "each has a number of its own" } },
      .run = unique_run,
      .decide = unique_decide },
    { .id = "create/unique-restart",
      .experiment = "Orders are placed after each of two starts of the merchant.",
      .claims = { { "WX2-031", "each has a number of its own" } },
      .needs = NEED_START,
      .run = restart_run,
      .decide = unique_decide },
    { .id = "create/prices",
      .experiment = "Goods are ordered at prices that binary fractions cannot hold.",
      .claims = { { "WX2-032", "total_fee is the price in whole fen" } },
      .run = prices_run,
      .decide = prices_decide },
    { .id = "create/server-price",
      .experiment = "The order request carries a price of one fen beside the goods.",
      .claims = { { "WX2-033", "the price is the server's, or the request is refused" } },
      .needs = NEED_SKUS,
      .run = server_price_run,
      .decide = server_price_decide },
};

const struct chapter chapter_create = { cases, COUNT(cases), API_V2 };
