/*
 * create.c — what the merchant asks the platform for: the unified order and its retries.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "cases/common.h"
#include "net/http_msg.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- every unified order of the run --------------------------------------------------------- */

/* V2 3.1 and 1.6: bytes at most; required or not. */
static const struct limit {
    const char *name;
    size_t max;
    bool required;
} limits[] = {
    { "appid", 32, true },        { "mch_id", 32, true },
    { "nonce_str", 32, true },    { "sign", 64, true },
    { "body", 128, true },        { "out_trade_no", 32, true },
    { "total_fee", 19, true },    { "spbill_create_ip", 64, true },
    { "notify_url", 256, true },  { "trade_type", 16, true },
    { "sign_type", 32, false },   { "detail", 6144, false },
    { "attach", 128, false },     { "fee_type", 16, false },
    { "time_start", 14, false },  { "time_expire", 14, false },
    { "goods_tag", 32, false },   { "product_id", 32, false },
    { "openid", 128, false },     { "device_info", 32, false },
    { "limit_pay", 32, false },   { "receipt", 8, false },
    { "scene_info", 256, false },
};

static void decide_fields(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    for (size_t i = 0; i < COUNT(limits); i++) {
        const char *value = oracle_get(msg, limits[i].name);
        if (limits[i].required && (!value || !value[0]))
            rule_broken(r, "WX2-029", call, "%s is missing or empty", limits[i].name);
        else if (value && strlen(value) > limits[i].max)
            rule_broken(r, "WX2-029", call, "%s has %zu bytes, at most %zu are allowed",
                        limits[i].name, strlen(value), limits[i].max);
    }
    const char *product = oracle_get(msg, "product_id");
    if (!product || !product[0])
        rule_departs(r, "WX2-029", call,
                     "product_id is missing; documented as required for NATIVE, production takes "
                     "the order without it");
}

static void decide_number(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *number = oracle_get(msg, "out_trade_no");
    size_t len = number ? strlen(number) : 0;

    if (!len)
        return; /* WX2-029 says so */
    if (number[strspn(number,
                      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*")])
        rule_broken(r, "WX2-030", call, "out_trade_no \"%s\" holds other characters", number);
    else if (len > 32 || len < 3)
        rule_broken(r, "WX2-030", call, "out_trade_no \"%s\" has %zu characters", number, len);
    else if (len < 6)
        rule_departs(r, "WX2-030", call,
                     "out_trade_no \"%s\" has %zu characters; six are documented, production takes "
                     "three",
                     number, len);
}

static void fields_decide(const struct story *story, struct ruling *ruling)
{
    size_t calls = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        struct oracle_msg msg = {};
        struct oracle_reading reading;
        if (!exchange_read(f, "/request", &msg, &reading) && reading.parsed) {
            decide_fields(ruling, f, &msg);
            decide_number(ruling, f, &msg);
            calls++;
        }
        oracle_release(&msg);
    }
    if (!calls)
        return;
    rule_holds(ruling, "WX2-029", last, "all fields were there and short enough in %zu orders",
               calls);
    rule_holds(ruling, "WX2-030", last, "every number of %zu orders was of the documented form",
               calls);
}

static void decide_expiry(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *expire = oracle_get(msg, "time_expire");
    int64_t now = fact_int(call, "/virtual_ms", 0), end = 0;

    if (!expire || !expire[0])
        rule_broken(r, "WX2-037", call, "time_expire is not set");
    else if (cn_time_parse_14(expire, (int64_t)strlen(expire), &end))
        rule_broken(r, "WX2-037", call, "time_expire \"%s\" is no time of 14 digits", expire);
    else if (end < now - 7 * 3'600'000LL)
        rule_broken(r, "WX2-037", call, "time_expire %s lies hours back: is it UTC?", expire);
    else if (end < now + 60'000)
        rule_broken(r, "WX2-037", call, "time_expire is only %lld s after creation",
                    (long long)(end - now) / 1000);
}

static void decide_address(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *ip = oracle_get(msg, "spbill_create_ip");
    unsigned char bytes[16];

    if (!ip || !ip[0])
        rule_broken(r, "WX2-038", call, "spbill_create_ip is not set");
    else if (inet_pton(AF_INET, ip, bytes) != 1 && inet_pton(AF_INET6, ip, bytes) != 1)
        rule_broken(r, "WX2-038", call, "spbill_create_ip \"%s\" is no single address", ip);
    else if (strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 || strcmp(ip, "0.0.0.0") == 0)
        rule_broken(r, "WX2-038", call, "spbill_create_ip is %s, which is nobody's address", ip);
}

static void decide_text(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *body = oracle_get(msg, "body");

    for (const char *c = body ? body : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            rule_broken(r, "WX2-039", call, "body holds the control character 0x%02x",
                        (unsigned)(unsigned char)*c);
            return;
        }
}

static void advice_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        struct oracle_msg msg = {};
        struct oracle_reading reading;
        if (!exchange_read(f, "/request", &msg, &reading) && reading.parsed) {
            decide_expiry(ruling, f, &msg);
            decide_address(ruling, f, &msg);
            decide_text(ruling, f, &msg);
        }
        oracle_release(&msg);
    }
    if (!last)
        return;
    rule_holds(ruling, "WX2-037", last, "time_expire was set at least a minute ahead");
    rule_holds(ruling, "WX2-038", last, "spbill_create_ip was a real address");
    rule_holds(ruling, "WX2-039", last, "body held no control characters");
}

/* ---- notify_url ----------------------------------------------------------------------------- */

static void url_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        char text[512];
        struct http_url url;
        exchange_field(f, "/request", "notify_url", text, sizeof(text));
        if (http_url_parse(view_str(text), &url))
            rule_broken(ruling, "WX2-042", f, "notify_url \"%s\" is no absolute http URL", text);
        else if (strlen(text) > 256)
            rule_broken(ruling, "WX2-042", f, "notify_url has %zu bytes", strlen(text));
        else if (url.has_query)
            rule_broken(ruling, "WX2-042", f, "notify_url has a query string: %s", text);
        else if (url.has_userinfo || url.has_fragment)
            rule_broken(ruling, "WX2-042", f, "notify_url carries more than a path: %s", text);
    }
    if (last)
        rule_holds(ruling, "WX2-042", last,
                   "every notify_url was absolute, short and without query");
}

/* Nothing on the internet can reach these. */
static bool is_local(struct view host)
{
    char text[256];
    unsigned char v4[4], v6[16];

    if (view_copy(host, text, sizeof(text)))
        return false;
    if (inet_pton(AF_INET, text, v4) == 1)
        return v4[0] == 127 || v4[0] == 10 || v4[0] == 0 || (v4[0] == 192 && v4[1] == 168) ||
               (v4[0] == 172 && v4[1] >= 16 && v4[1] < 32) || (v4[0] == 169 && v4[1] == 254);
    if (inet_pton(AF_INET6, text, v6) == 1)
        return strcmp(text, "::1") == 0 || (v6[0] & 0xfe) == 0xfc ||
               (v6[0] == 0xfe && v6[1] >= 0x80);
    return !strchr(text, '.') || view_ends(host, VIEW(".local")) ||
           view_ends(host, VIEW(".localhost")) || view_ends(host, VIEW(".internal"));
}

static void host_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        char text[512];
        struct http_url url;
        exchange_field(f, "/request", "notify_url", text, sizeof(text));
        if (http_url_parse(view_str(text), &url))
            continue; /* create/notify-url says so */
        if (is_local(url.host))
            rule_broken(ruling, "WX2-042", f, "nobody outside can reach %s", text);
        if (!url.tls)
            rule_broken(ruling, "WX2-043", f, "%s is not https", text);
    }
    if (last) {
        rule_holds(ruling, "WX2-042", last, "every announced host is a public name");
        rule_holds(ruling, "WX2-043", last,
                   "every announced URL is https; its certificate was not "
                   "looked at");
    }
}

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

/* Over the whole run, by the links between the merchant's orders and the platform's. */
static void unique_in_run_decide(const struct story *story, struct ruling *ruling)
{
    size_t orders = 0;
    const struct fact *last = NULL;

    if (fact_true(story_first(story, "setup", NULL, NULL), "/expect/reuses_open_orders")) {
        rule_skipped(ruling, "WX2-031", NULL, "the merchant gives out open orders again by design");
        return;
    }
    for (const struct fact *f = NULL; (f = story_next(story, f, "create", NULL, NULL)); last = f) {
        const char *number = fact_str(f, "/out_trade_no");
        if (!number[0])
            continue;
        orders++;
        for (const struct fact *g = f; (g = story_next(story, g, "create", NULL, NULL));)
            if (strcmp(number, fact_str(g, "/out_trade_no")) == 0) {
                rule_broken(ruling, "WX2-031", g, "two orders were placed under the number %s",
                            number);
                rule_evidence(ruling, "WX2-031", f);
            }
    }
    if (orders > 1)
        rule_holds(ruling, "WX2-031", last, "%zu orders had %zu numbers", orders, orders);
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

/* ---- retries -------------------------------------------------------------------------------- */

/* Time for a merchant that repeats by itself; one that has no clock door is watched as it is. */
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
    retry_after(bench, "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_after\"}");
}

static void retry_error_run(struct bench *bench)
{
    retry_after(bench, "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"system_error\"}");
}

/* What may differ between tries, V2 5.3. */
static bool may_differ(const char *name)
{
    static const char *const names[] = { "nonce_str", "sign", "sign_type", "spbill_create_ip",
                                         "time_start" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The first name whose value differs, NULL when they are the same order. */
static const char *first_difference(const struct oracle_msg *a, const struct oracle_msg *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *other = oracle_get(b, a->field[i].name);
        if (!may_differ(a->field[i].name) && strcmp(a->field[i].value, other ? other : "") != 0)
            return a->field[i].name;
    }
    return NULL;
}

static void compare_retry(struct ruling *ruling, const struct fact *first, const struct fact *again)
{
    struct oracle_msg a = {}, b = {};
    struct oracle_reading reading;

    if (!exchange_read(first, "/request", &a, &reading) &&
        !exchange_read(again, "/request", &b, &reading)) {
        const char *name = first_difference(&a, &b);
        if (!name)
            name = first_difference(&b, &a);
        if (name && strcmp(name, "out_trade_no") == 0)
            rule_broken(ruling, "WX2-034", again, "the retry took another out_trade_no");
        else if (name)
            rule_broken(ruling, "WX2-034", again, "the retry changed %s", name);
        else
            rule_holds(ruling, "WX2-034", again, "the retry was the same order again");
        rule_evidence(ruling, "WX2-034", first);
    }
    oracle_release(&a);
    oracle_release(&b);
}

static void retry_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *again = first;

    if (!first)
        return;
    while ((again = story_call(story, again, "unifiedorder", NULL)))
        compare_retry(ruling, first, again);
    if (story_call(story, first, "unifiedorder", NULL) == NULL)
        rule_skipped(ruling, "WX2-034", first, "the merchant did not repeat the call by itself");
}

/* ---- final answers -------------------------------------------------------------------------- */

static void closed_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (bench_fault(
            bench, NULL,
            "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"alter\",\"sign\":\"valid\","
            "\"set\":{\"result_code\":\"FAIL\",\"err_code\":\"ORDERCLOSED\","
            "\"err_code_des\":\"订单已关闭\"},\"drop\":[\"prepay_id\",\"code_url\"]}") ||
        !bench_create(bench, &wish) || let_it_retry(bench))
        return;
}

static void closed_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *again = first;
    char number[64], other[64];

    if (!first)
        return;
    exchange_field(first, "/request", "out_trade_no", number, sizeof(number));
    while ((again = story_call(story, again, "unifiedorder", NULL))) {
        exchange_field(again, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) == 0)
            rule_broken(ruling, "WX2-035", again, "%s was used again after ORDERCLOSED", number);
    }
    rule_holds(ruling, "WX2-035", first, "%s was not used again after ORDERCLOSED", number);
}

static void order_paid_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };
    struct order *order;

    /* However often it tries at once, no answer comes until the buyer has paid. */
    if (bench_notify_mode(bench, NULL, "suppress") ||
        bench_fault(
            bench, NULL,
            "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"cut_after\",\"count\":0}"))
        return;
    order = bench_create(bench, &wish);
    if (!order || bench_link(bench, order) || bench_pay(bench, order, NULL) ||
        bench_faults_off(bench))
        return;
    if (let_it_retry(bench) || bench_pass_time(bench, 90) || bench_collect(bench))
        return;
}

static bool says(const struct fact *call, const char *code)
{
    char text[64];

    exchange_field(call, "/answer", "err_code", text, sizeof(text));
    return strcmp(text, code) == 0;
}

static void order_paid_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *first = story_call(story, NULL, "unifiedorder", NULL), *paid = NULL;
    char number[64], other[64];

    exchange_field(first, "/request", "out_trade_no", number, sizeof(number));
    for (const struct fact *f = first; (f = story_call(story, f, "unifiedorder", NULL));) {
        exchange_field(f, "/request", "out_trade_no", other, sizeof(other));
        if (strcmp(number, other) != 0)
            rule_broken(ruling, "WX2-036", f, "a second order %s was placed for the paid %s", other,
                        number);
        else if (says(f, "ORDERPAID"))
            paid = f;
    }
    if (!first)
        return;
    if (!paid) {
        rule_skipped(ruling, "WX2-036", first, "the merchant did not meet ORDERPAID");
        return;
    }
    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", NULL));)
        if (fact_before(paid, f)) {
            rule_holds(ruling, "WX2-036", f, "ORDERPAID was followed by a query of %s", number);
            return;
        }
    rule_broken(ruling, "WX2-036", paid, "ORDERPAID was not followed by a query of %s", number);
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
    { .id = "create/retry-after-cut",
      .experiment = "The platform makes the order and cuts the connection before answering.",
      .claims = { { "WX2-034", "a retry has the same number and the same parameters" } },
      .run = retry_cut_run,
      .decide = retry_decide },
    { .id = "create/retry-after-error",
      .experiment = "The platform answers the unified order with SYSTEMERROR.",
      .claims = { { "WX2-034", "a retry has the same number and the same parameters" } },
      .run = retry_error_run,
      .decide = retry_decide },
    { .id = "create/order-closed",
      .experiment = "The platform answers the unified order with ORDERCLOSED.",
      .claims = { { "WX2-035", "the number is not used again" } },
      .run = closed_run,
      .decide = closed_decide },
    { .id = "create/order-paid",
      .experiment = "The answer of the unified order is lost, the order is paid unnoticed, and the "
                    "merchant tries again.",
      .claims = { { "WX2-036", "ORDERPAID is followed by a query, not by another order" } },
      .needs = NEED_CLOCK,
      .run = order_paid_run,
      .decide = order_paid_decide },
    { .id = "create/fields",
      .experiment = "Every unified order of the run is read.",
      .claims = { { "WX2-029", "the required fields are there, none is too long" },
                  { "WX2-030", "out_trade_no has 6 to 32 characters of the allowed set" } },
      .flags = CASE_WATCHES_ALL,
      .decide = fields_decide },
    { .id = "create/advice",
      .experiment = "Every unified order of the run is read.",
      .claims = { { "WX2-037", "time_expire is at least a minute ahead, in Beijing time" },
                  { "WX2-038", "spbill_create_ip is one real address" },
                  { "WX2-039", "body holds no control characters" } },
      .flags = CASE_WATCHES_ALL,
      .decide = advice_decide },
    { .id = "create/notify-url",
      .experiment = "Every notify_url of the run is read.",
      .claims = { { "WX2-042", "it is absolute, at most 256 bytes, without query string" } },
      .flags = CASE_WATCHES_ALL,
      .decide = url_decide },
    { .id = "create/notify-host",
      .experiment = "Every announced notify_url of the run is read.",
      .claims = { { "WX2-042", "its host can be reached from outside" },
                  { "WX2-043", "it is https" } },
      .needs = NEED_ANNOUNCED,
      .flags = CASE_WATCHES_ALL,
      .decide = host_decide },
    { .id = "create/unique-in-run",
      .experiment = "The numbers of all orders of the run are compared, over restarts too.",
      .claims = { { "WX2-031", "no number was used for two orders" } },
      .flags = CASE_WATCHES_ALL,
      .decide = unique_in_run_decide },
};

const struct chapter chapter_create = { cases, COUNT(cases) };
