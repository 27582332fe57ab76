/*
 * shape.c — genuine notifications in shapes the platform uses or may use tomorrow.
 *
 * They are true payments, changed and signed by the sandbox on their way, so that a merchant which
 * asks the platform about each one finds the same.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

#include <stdio.h>

#define ALTER "{\"door\":\"notification\",\"kind\":\"alter\",\"count\":1,\"sign\":\"valid\","

static void altered(struct bench *bench, const char *fault)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_blind_query(bench, order) || pay_and_look(bench, order, NULL, fault))
        return;
}

static void new_field_run(struct bench *bench)
{
    altered(bench, ALTER "\"set\":{\"future_field\":\"x1\",\"Zeta\":\"二\"}}");
}

static void reordered_run(struct bench *bench)
{
    altered(bench, ALTER "\"order\":\"reversed\"}");
}

static void bare_run(struct bench *bench)
{
    altered(bench, ALTER "\"quote\":\"bare\"}");
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
    altered(bench, ALTER "\"spaces\":true}");
}

static void empty_run(struct bench *bench)
{
    altered(bench, ALTER "\"set\":{\"device_info\":\"\",\"sub_mch_id\":\"\"}}");
}

static void blanks_run(struct bench *bench)
{
    altered(bench, ALTER "\"set\":{\"device_info\":\" lead and trail \"}}");
}

static void accepted_decide(const struct story *story, struct ruling *ruling)
{
    decide_accepted(story, ruling, ruling->findings[0].rule, story_delivery(story, NULL, "o1"),
                    "the changed, rightly signed notification");
}

static void new_kinds_run(struct bench *bench)
{
    altered(bench, ALTER "\"set\":{\"bank_type\":\"MARSBANK_DEBIT\",\"trade_type\":\"PALMPAY\"}}");
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

/* ---- hostile text --------------------------------------------------------------------------- */

#define SCRIPT "<script>alert(7)</script>"

/* The first is as odd as the second, but for the quotes: if only the second fails, they do it. */
static void hostile_run(struct bench *bench)
{
    static const struct {
        const char *label, *fault;
    } kinds[] = {
        { "odd", ALTER "\"set\":{\"openid\":\"o-brien\",\"bank_type\":\"-;DROP TABLE x--\"}}" },
        { "quoted", ALTER "\"set\":{\"openid\":\"o'brien\",\"bank_type\":\"';DROP TABLE x--\"}}" },
        { "script",
          ALTER "\"set\":{\"openid\":\"" SCRIPT "\",\"bank_type\":\"../../etc/passwd\"}}" },
    };
    static const struct order_wish any = {};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct order *order = bench_create(bench, &any);
        if (!order || bench_blind_query(bench, order) ||
            bench_fault(bench, order, kinds[i].fault) || bench_pay(bench, order, NULL) ||
            bench_await_deliveries(bench, order, 1, 0) || bench_alive(bench, "after") ||
            bench_await_state(bench, order, ORDER_PAID, 1000) ||
            bench_status(bench, order, kinds[i].label))
            return;
    }
    if (bench_barrier(bench))
        return;
}

/* HTML with the script as it came. JSON may hold it: nobody runs that. */
static bool runs_script(const struct fact *fact)
{
    const char *type = fact_header(fact, "/answer", "Content-Type");

    return type && view_find(view_str(type), VIEW("html")) != SIZE_MAX &&
           view_find(view_str(fact_str(fact, "/answer/body")), VIEW(SCRIPT)) != SIZE_MAX;
}

static void hostile_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *odd = story_first(story, "status", NULL, "odd");
    const struct fact *quoted = story_first(story, "status", NULL, "quoted");
    const struct fact *script = story_first(story, "status", NULL, "script");

    for (const struct fact *f = NULL; (f = story_delivery(story, f, NULL));)
        if (fact_int(f, "/answer/status", 0) >= 500)
            rule_broken(ruling, "WX2-114", f,
                        "hostile text in a signed notification made it fail "
                        "with status %lld",
                        (long long)fact_int(f, "/answer/status", 0));
    if (status_settled(odd) && quoted && !status_settled(quoted))
        rule_broken(ruling, "WX2-114", quoted,
                    "with quotes in openid and bank_type the payment was lost, without it was not");
    if (runs_script(script))
        rule_broken(ruling, "WX2-114", script, "the payer's text is in the page as it came");
    if (script && decide_alive(story, ruling, "WX2-114"))
        rule_holds(ruling, "WX2-114", script,
                   "SQL, HTML and path text in signed fields did nothing");
}

/* ---- markup on pages ------------------------------------------------------------------------ */

static void page_markup_run(struct bench *bench)
{
    static const struct order_wish wish = { .markup = true };
    struct order *order = bench_create(bench, &wish);

    if (!order || bench_status(bench, order, "page"))
        return;
}

/* The first <…> of the goods' name as the platform got it; "" when it has none. */
static void tag_of(const struct story *story, char *out, size_t size)
{
    char body[256];
    const char *open, *close;

    out[0] = '\0';
    exchange_field(story_call(story, NULL, "unifiedorder", "o1"), "/request", "body", body,
                   sizeof(body));
    open = strchr(body, '<');
    close = open ? strchr(open, '>') : NULL;
    if (close && view_copy((struct view){ open, (size_t)(close - open) + 1 }, out, size))
        out[0] = '\0';
}

/* 1: an HTML answer shows the tag as it is; 0: an HTML answer does not; -1: it is no HTML. */
static int page_shows(const json_t *answer, const char *tag)
{
    const json_t *headers = json_object_get(answer, "headers");
    const char *body = json_string_value(json_object_get(answer, "body"));

    for (size_t i = 0; body && i < json_array_size(headers); i++) {
        const char *name = json_string_value(json_array_get(json_array_get(headers, i), 0));
        const char *value = json_string_value(json_array_get(json_array_get(headers, i), 1));
        if (name && value && view_eq_nocase(view_str(name), VIEW("Content-Type")) &&
            view_find(view_str(value), VIEW("html")) != SIZE_MAX)
            return view_find(view_str(body), view_str(tag)) != SIZE_MAX;
    }
    return -1;
}

static void page_markup_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *made = story_first(story, "create", "o1", NULL);
    const struct fact *page = story_first(story, "status", "o1", "page");
    size_t pages = 0, steps = json_array_size(fact_get(made, "/steps"));
    char tag[64];

    if (!page)
        return;
    tag_of(story, tag, sizeof(tag));
    if (!tag[0]) {
        rule_skipped(ruling, "WX2-114", made, "the goods' name reached the platform without a tag");
        return;
    }
    for (size_t i = 0; i <= steps; i++) {
        const json_t *answer =
            i < steps ? json_pointer(json_array_get(fact_get(made, "/steps"), i), "/answer")
                      : fact_get(page, "/answer");
        int shows = page_shows(answer, tag);
        pages += shows >= 0;
        if (shows > 0)
            rule_broken(ruling, "WX2-114", i < steps ? made : page,
                        "a page holds \"%s\" of the goods' name as it is", tag);
    }
    if (pages)
        rule_holds(ruling, "WX2-114", made, "%zu pages held the name, escaped", pages);
    else
        rule_skipped(ruling, "WX2-114", made, "the profile names no page, only data");
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
    { .id = "shape/hostile-text",
      .experiment = "Genuine notifications hold SQL, HTML and paths in openid and bank_type.",
      .claims = { { "WX2-114", "the text is data: nothing fails, nothing is run" } },
      .needs = NEED_STATUS,
      .run = hostile_run,
      .decide = hostile_decide },
    { .id = "shape/markup-on-page",
      .experiment = "Goods are ordered whose name holds a tag; the pages of the profile are read.",
      .claims = { { "WX2-114", "the name is escaped on every page" } },
      .needs = NEED_STATUS,
      .run = page_markup_run,
      .decide = page_markup_decide },
};

const struct chapter chapter_shape = { cases, COUNT(cases) };
