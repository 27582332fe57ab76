/*
 * v3/create.c — orders under numbers and over amounts of their own; what becomes of lost ones.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

#define AT_ONCE     10
#define CODE_LIFE_S 7200

/* ---- numbers --------------------------------------------------------------------------------- */

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

/* Every create call, those under numbers of earlier cases too: that is what is looked for. */
static const struct fact *next_create(const struct story *story, const struct fact *after)
{
    while ((after = story_next(story, after, "exchange", NULL, NULL)))
        if (fact_is(after, "/door", "api") && fact_is(after, "/api", "v3/native"))
            return after;
    return NULL;
}

static void number_of(const struct fact *call, char out[64])
{
    fact_json_text(call, "/request", "/out_trade_no", out, 64);
}

/* The first call of this case under the same number, or NULL. */
static const struct fact *first_under(const struct story *story, const struct fact *call,
                                      const char *number)
{
    char other[64];

    for (const struct fact *f = NULL; (f = next_create(story, f)) != call;) {
        number_of(f, other);
        if (strcmp(number, other) == 0)
            return f;
    }
    return NULL;
}

/* The bodies as values: whatever order their members have. */
static bool same_values(const struct fact *a, const struct fact *b)
{
    json_t *x = fact_json(a, "/request"), *y = fact_json(b, "/request");
    bool same = x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

/* As many numbers as orders: no fault is at work, so no call is a repetition. */
static void unique_decide(const struct story *story, struct ruling *ruling)
{
    size_t orders = story_times(story, "create", NULL, NULL), numbers = 0;
    const struct fact *last = NULL, *again = NULL;

    for (const struct fact *f = NULL; (f = next_create(story, f)); last = f) {
        char number[64];
        number_of(f, number);
        const struct fact *first = first_under(story, f, number);
        if (first && !same_values(first, f)) {
            rule_broken(ruling, "WX3-025", f, "two purchases were placed under the number %s",
                        number);
            rule_evidence(ruling, "WX3-025", first);
        }
        if (first || fact_true(f, "/earlier"))
            again = f;
        else
            numbers++;
    }
    if (!last || !orders)
        return;
    if (fact_true(story_first(story, "setup", NULL, NULL), "/expect/reuses_open_orders"))
        rule_skipped(ruling, "WX3-025", last, "the merchant gives out open orders again by design");
    else if (again && numbers < orders)
        rule_broken(ruling, "WX3-025", again, "%zu orders were placed under %zu new numbers",
                    orders, numbers);
    else if (numbers < orders)
        rule_undecided(ruling, "WX3-025", last, "only %zu of %zu orders reached the platform",
                       numbers, orders);
    else
        rule_holds(ruling, "WX3-025", last, "%zu orders had %zu numbers", orders, numbers);
}

/* ---- amounts --------------------------------------------------------------------------------- */

static int64_t total_of(const struct fact *call)
{
    json_t *body = fact_json(call, "/request");
    const json_t *total = json_pointer(body, "/amount/total");
    int64_t fen = json_is_integer(total) ? json_integer_value(total) : -1;
    json_decref(body);
    return fen;
}

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

    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/native", NULL));)
        if (total_of(f) < 1)
            rule_broken(ruling, "WX3-026", f, "amount.total is no integer of at least one fen");
    for (const struct fact *f = NULL; (f = story_next(story, f, "create", NULL, NULL));) {
        const struct fact *call = story_call(story, NULL, "v3/native", f->order);
        int64_t asked = fact_int(f, "/amount_fen", 0);
        if (!call || !f->order[0])
            continue;
        last = call;
        seen++;
        if (total_of(call) != asked)
            rule_broken(ruling, "WX3-026", call, "amount.total is %lld for a price of %lld fen",
                        (long long)total_of(call), (long long)asked);
    }
    if (seen)
        rule_holds(ruling, "WX3-026", last, "%zu prices arrived as whole fen, none lost a fen",
                   seen);
}

static void server_price_run(struct bench *bench)
{
    struct order_wish dear = { .tamper_fen = 1, .may_fail = true };
    struct profile const *profile = bench_profile(bench);

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
    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/native", NULL)); call = f)
        if (total_of(f) != price)
            rule_broken(ruling, "WX3-027", f,
                        "the client wrote 1 fen, and amount.total became %lld instead of %lld",
                        (long long)total_of(f), (long long)price);
    if (call)
        rule_holds(ruling, "WX3-027", call, "the price stayed %lld fen", (long long)price);
    else
        rule_holds(ruling, "WX3-027", order, "the request was refused");
}

/* ---- lost answers ---------------------------------------------------------------------------- */

static int let_it_retry(struct bench *bench)
{
    for (int i = 0; i < 4; i++)
        if (bench_profile(bench)->clock.line && bench_pass_time(bench, 30))
            return -1;
    return bench_collect(bench);
}

static void retry_after(struct bench *bench, const char *fault)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(bench, NULL, fault) || !bench_create(bench, &wish) || let_it_retry(bench))
        return;
}

static void retry_cut_run(struct bench *bench)
{
    retry_after(bench, "{\"door\":\"api\",\"api\":\"v3/native\",\"kind\":\"cut_after\"}");
}

static void retry_error_run(struct bench *bench)
{
    retry_after(bench, "{\"door\":\"api\",\"api\":\"v3/native\",\"kind\":\"system_error\"}");
}

/* Was @number asked about or closed between the two? Then a new number is no second order. */
static bool looked_after(const struct story *story, const struct fact *first,
                         const struct fact *until, const char *number)
{
    for (const struct fact *f = first; (f = story_call(story, f, NULL, NULL)) && f != until;) {
        bool about = fact_is(f, "/out_trade_no", number);
        if (about && (fact_is(f, "/api", "v3/query") || fact_is(f, "/api", "v3/close")))
            return true;
    }
    return false;
}

static void retry_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "v3/native", NULL), *again = first;
    char number[64], other[64];
    bool repeated = false;

    if (!first)
        return;
    number_of(first, number);
    while ((again = story_call(story, again, "v3/native", NULL))) {
        number_of(again, other);
        if (strcmp(number, other) != 0) {
            if (!looked_after(story, first, again, number))
                rule_broken(ruling, "WX3-031", again,
                            "%s was given up for %s, and nobody asked what became of it", number,
                            other);
            continue;
        }
        repeated = true;
        if (same_values(first, again))
            rule_holds(ruling, "WX3-030", again, "the retry was the same request again");
        else
            rule_broken(ruling, "WX3-030", again, "the retry of %s had other parameters", number);
        rule_evidence(ruling, "WX3-030", first);
    }
    if (!repeated)
        rule_skipped(ruling, "WX3-030", first, "the merchant did not repeat the call by itself");
    again = story_call(story, first, NULL, NULL);
    if (repeated || looked_after(story, first, NULL, number))
        rule_holds(ruling, "WX3-031", again, "%s was asked about or tried again", number);
    else if (!story_times(story, "advance", NULL, NULL))
        rule_undecided(ruling, "WX3-031", first, "no call about %s came at once", number);
    else
        rule_broken(ruling, "WX3-031", first, "no call about %s came in two minutes", number);
}

/* ---- too fast -------------------------------------------------------------------------------- */

/* The same twice: an error that it may meet with another try, and 429. */
static void busy_run(struct bench *bench)
{
    static const char *const faults[] = {
        "{\"door\":\"api\",\"api\":\"v3/native\",\"count\":1,\"kind\":\"system_error\"}",
        "{\"door\":\"api\",\"api\":\"v3/native\",\"count\":1,\"kind\":\"http_status\",\"status\":"
        "429}",
    };
    static const struct order_wish wish = { .may_fail = true };

    for (size_t i = 0; i < COUNT(faults); i++)
        if (bench_fault(bench, NULL, faults[i]) || !bench_create(bench, &wish) ||
            let_it_retry(bench) || bench_faults_off(bench))
            return;
}

/* The call that met this fault, and the next one under its number. */
static const struct fact *met_at(const struct story *story, const char *fault,
                                 const struct fact **again)
{
    const struct fact *met = NULL;
    char number[64], other[64];

    *again = NULL;
    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/native", NULL));) {
        number_of(f, other);
        if (!met && fact_is(f, "/fault", fault)) {
            met = f;
            memcpy(number, other, sizeof(number));
        } else if (met && !*again && strcmp(number, other) == 0) {
            *again = f;
        }
    }
    return met;
}

static void busy_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after_error, *after_busy;
    const struct fact *error = met_at(story, "system_error", &after_error);
    const struct fact *busy = met_at(story, "http_status", &after_busy);

    for (size_t i = 0; i < ruling->count && error && busy; i++) {
        const char *rule = ruling->findings[i].rule;
        if (after_busy)
            rule_holds(ruling, rule, after_busy, "after 429 the same order was tried again");
        else if (after_error)
            rule_broken(ruling, rule, busy,
                        "SYSTEM_ERROR was followed by another try, an unsigned 429 was not");
        else
            rule_skipped(ruling, rule, busy, "the merchant never repeats a create call by itself");
        rule_evidence(ruling, rule, busy);
    }
}

/* ---- too old --------------------------------------------------------------------------------- */

static void expired_run(struct bench *bench)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_qr(bench, order, "fresh") || bench_pass_time(bench, CODE_LIFE_S + 600) ||
        bench_status(bench, order, "after") || bench_qr(bench, order, "old") ||
        bench_collect(bench))
        return;
}

static void expired_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *fresh = story_first(story, "qr", "o1", "fresh");
    const struct fact *old = story_first(story, "qr", "o1", "old");
    const char *was = fact_str(fresh, "/content"), *is = fact_str(old, "/content");

    if (!old)
        return;
    if (!was[0])
        rule_undecided(ruling, "WX3-032", fresh, "the fresh picture could not be read");
    else if (!is[0])
        rule_holds(ruling, "WX3-032", old, "the code is withdrawn once it has expired");
    else if (strcmp(was, is) == 0)
        rule_broken(ruling, "WX3-032", old, "after more than two hours the dead code is shown");
    else
        rule_holds(ruling, "WX3-032", old, "the code was renewed");
}

/* ---- given up -------------------------------------------------------------------------------- */

static void gives_up_run(struct bench *bench)
{
    static const struct order_wish any = {};
    static const struct order_wish later = { .may_fail = true };
    struct order *order = bench_create(bench, &any);

    if (!order || bench_close(bench, order, "give-up") || bench_barrier(bench))
        return;
    if (bench_profile(bench)->clock.line && bench_pass_time(bench, 330))
        return;
    /* life goes on, by whichever clock */
    if (bench_status(bench, order, "after") || !bench_create(bench, &later) || bench_collect(bench))
        return;
}

static void gives_up_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *made = story_call(story, NULL, "v3/native", "o1");
    const struct fact *close = story_call(story, NULL, "v3/close", "o1");
    const struct fact *after = story_last(story, "status", "o1", "after");
    char expire[64];

    if (!made || !after)
        return;
    fact_json_text(made, "/request", "/time_expire", expire, sizeof(expire));
    if (!expire[0])
        rule_broken(ruling, "WX3-029", made, "the create call has no time_expire");
    if (close)
        rule_holds(ruling, "WX3-029", close, "time_expire is %s, and the order was closed", expire);
    else if (!story_times(story, "advance", NULL, NULL))
        rule_skipped(ruling, "WX3-029", after, "the merchant has no clock door");
    else
        rule_broken(ruling, "WX3-029", after,
                    "the order was given up and is \"%s\", and no close came in five minutes",
                    status_shown(after));
}

static const struct case_def cases[] = {
    { .id = "v3/create/unique",
      .experiment = "Ten orders are placed at once, and two right after each other.",
      .claims = { { "WX3-025", "each has a number of its own" } },
      .run = unique_run,
      .decide = unique_decide },
    { .id = "v3/create/unique-restart",
      .experiment = "Orders are placed after each of two starts of the merchant.",
      .claims = { { "WX3-025", "each has a number of its own" } },
      .needs = NEED_START,
      .run = restart_run,
      .decide = unique_decide },
    { .id = "v3/create/prices",
      .experiment = "Goods are ordered at prices that binary fractions cannot hold.",
      .claims = { { "WX3-026", "amount.total is the price in whole fen" } },
      .run = prices_run,
      .decide = prices_decide },
    { .id = "v3/create/server-price",
      .experiment = "The order request carries a price of one fen beside the goods.",
      .claims = { { "WX3-027", "the price is the server's, or the request is refused" } },
      .needs = NEED_SKUS,
      .run = server_price_run,
      .decide = server_price_decide },
    { .id = "v3/create/retry-after-cut",
      .experiment = "The platform makes the order and cuts the connection before answering.",
      .claims = { { "WX3-030", "a retry has the same parameters" },
                  { "WX3-031", "the order is queried or tried again under its number" } },
      .run = retry_cut_run,
      .decide = retry_decide },
    { .id = "v3/create/retry-after-error",
      .experiment = "The platform answers the create call with SYSTEM_ERROR.",
      .claims = { { "WX3-030", "a retry has the same parameters" },
                  { "WX3-031", "the order is queried or tried again under its number" } },
      .run = retry_error_run,
      .decide = retry_decide },
    { .id = "v3/create/busy",
      .experiment = "One create call is answered SYSTEM_ERROR, another an unsigned 429.",
      .claims = { { "WX3-060", "429 is tried again, as other passing errors are" },
                  { "WX3-017", "it needs no signature to be understood" } },
      .run = busy_run,
      .decide = busy_decide },
    { .id = "v3/create/expired",
      .experiment = "The picture is fetched again after two hours and ten minutes.",
      .claims = { { "WX3-032", "the code is withdrawn or renewed" } },
      .needs = NEED_QR | NEED_CLOCK,
      .run = expired_run,
      .decide = expired_decide },
    { .id = "v3/create/gives-up",
      .experiment = "An order is given up by its buyer; then five minutes pass.",
      .claims = { { "WX3-029", "it had time_expire, and is closed at the platform" } },
      .needs = NEED_STATUS | NEED_CLOSE,
      .run = gives_up_run,
      .decide = gives_up_decide },
};

const struct chapter chapter_v3_create = { cases, COUNT(cases), API_V3 };
