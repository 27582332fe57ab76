/*
 * transport.c — how requests travel, and what the merchant makes of answers in odd shapes.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

/* ---- every request of the run --------------------------------------------------------------- */

static void decide_document(struct ruling *r, const struct fact *call)
{
    struct oracle_msg msg = {};
    struct oracle_reading seen;

    if (exchange_read(call, "/request", &msg, &seen))
        return;
    if (!seen.utf8)
        rule_broken(r, "WX2-003", call, "the body is not UTF-8");
    else if (seen.encoding[0] && !view_eq_nocase(view_str(seen.encoding), VIEW("UTF-8")))
        rule_broken(r, "WX2-003", call, "the body declares %s", seen.encoding);
    if (!seen.parsed && seen.utf8)
        rule_broken(r, "WX2-002", call, "the body is not one well-formed XML document");
    else if (seen.parsed && strcmp(seen.root, "root") == 0)
        rule_departs(r, "WX2-002", call,
                     "the root is <root>: documented otherwise, accepted in "
                     "production");
    else if (seen.parsed && strcmp(seen.root, "xml") != 0)
        rule_broken(r, "WX2-002", call, "the root is <%s>", seen.root);
    if (seen.doctype || seen.entities)
        rule_broken(r, "WX2-005", call, "the body has a document type or an entity");
    if (seen.doubled[0])
        rule_broken(r, "WX2-006", call, "%s occurs twice", seen.doubled);
    if (seen.nested || seen.stray_text)
        rule_broken(r, "WX2-006", call, "the fields are not flat text");
    oracle_release(&msg);
}

static void requests_decide(const struct story *story, struct ruling *ruling)
{
    static const char *const rules[] = { "WX2-001", "WX2-002", "WX2-003", "WX2-005", "WX2-006" };
    const struct fact *last = NULL;
    size_t calls = 0;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL)); last = f, calls++) {
        if (!fact_is(f, "/request/method", "POST"))
            rule_broken(ruling, "WX2-001", f, "%s %s", fact_str(f, "/request/method"),
                        fact_str(f, "/request/target"));
        else if (!fact_true(f, "/request/cut"))
            decide_document(ruling, f);
    }
    for (size_t i = 0; i < COUNT(rules) && last; i++)
        rule_holds(ruling, rules[i], last, "so it was in all %zu calls", calls);
}

static void headers_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL)); last = f) {
        const char *expect = fact_header(f, "/request", "Expect");
        const char *coding = fact_header(f, "/request", "Transfer-Encoding");
        if (expect)
            rule_broken(ruling, "WX2-014", f, "a call carried Expect: %s", expect);
        if (coding)
            rule_broken(ruling, "WX2-014", f, "a call carried Transfer-Encoding: %s", coding);
    }
    if (last)
        rule_holds(ruling, "WX2-014", last, "every call named its length and waited for nothing");
}

/* ---- markup in names ------------------------------------------------------------------------ */

static void markup_run(struct bench *bench)
{
    static const struct order_wish wish = { .markup = true, .may_fail = true };

    if (!bench_create(bench, &wish))
        return;
}

static void markup_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *call = story_call(story, NULL, "unifiedorder", NULL);
    struct oracle_msg msg = {};
    struct oracle_reading seen;

    if (call && !exchange_read(call, "/request", &msg, &seen)) {
        const char *body = oracle_get(&msg, "body");
        if (!seen.parsed || seen.nested || seen.stray_text)
            rule_broken(ruling, "WX2-004", call, "the name's markup broke the document");
        else if (body && strpbrk(body, "&<>"))
            rule_holds(ruling, "WX2-004", call, "the name arrived as \"%.100s\"", body);
        else
            rule_holds(ruling, "WX2-004", call, "the name arrived without its markup: \"%.100s\"",
                       body ? body : "");
    }
    oracle_release(&msg);
}

/* ---- answers in other layouts --------------------------------------------------------------- */

#define LAYOUT(more) "\"count\":0,\"kind\":\"alter\",\"sign\":\"valid\"," more "}"

static const char *const layouts[] = {
    LAYOUT("\"order\":\"reversed\""),
    LAYOUT("\"order\":\"sorted\",\"quote\":\"bare\""),
    LAYOUT("\"spaces\":true"),
    LAYOUT("\"set\":{\"device_info\":\"\",\"sub_mch_id\":\"\"}"),
};

static int layout_fault(struct bench *bench, const char *api, const char *layout)
{
    struct buf json = BUF_INIT(4096);
    int err = buf_fmt(&json, "{\"door\":\"api\",\"api\":\"%s\",%s", api, layout);

    if (!err)
        err = bench_fault(bench, NULL, buf_cstr(&json));
    buf_release(&json);
    return err;
}

static void layouts_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true };

    if (!bench_create(bench, &wish))
        return;
    for (size_t i = 0; i < COUNT(layouts); i++)
        if (layout_fault(bench, "unifiedorder", layouts[i]) || !bench_create(bench, &wish) ||
            bench_faults_off(bench))
            return;
}

static void layouts_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *plain = story_first(story, "create", "o1", NULL);

    if (!plain)
        return;
    if (!fact_true(plain, "/created")) {
        rule_undecided(ruling, "WX2-012", plain, "no order could be made at all");
        return;
    }
    for (const struct fact *f = plain; (f = story_next(story, f, "create", NULL, NULL));) {
        if (fact_true(f, "/created"))
            rule_holds(ruling, "WX2-012", f, "orders were made from each layout");
        else
            rule_broken(ruling, "WX2-012", f,
                        "an answer in another layout, rightly signed, was not understood");
        rule_evidence(ruling, "WX2-012", story_call(story, NULL, "unifiedorder", f->order));
    }
}

static void query_layouts_run(struct bench *bench)
{
    static const struct order_wish any = {};

    for (size_t i = 0; i < COUNT(layouts); i++) {
        struct order *order = bench_create(bench, &any);
        if (!order || bench_notify_mode(bench, order, "suppress") ||
            bench_pay(bench, order, NULL) || layout_fault(bench, "orderquery", layouts[i]) ||
            make_it_ask(bench, order, "ask") || bench_await_state(bench, order, ORDER_PAID, 3000) ||
            bench_status(bench, order, "after") || bench_faults_off(bench))
            return;
    }
}

static void query_layouts_decide(const struct story *story, struct ruling *ruling)
{
    for (const struct fact *f = NULL; (f = story_next(story, f, "status", NULL, "after"));) {
        const struct fact *call = story_call(story, NULL, "orderquery", f->order);
        if (!call)
            rule_undecided(ruling, "WX2-012", f, "the merchant did not query the order");
        else if (status_settled(f))
            rule_holds(ruling, "WX2-012", f, "payments were read from each layout");
        else
            rule_broken(ruling, "WX2-012", call,
                        "a query's answer in another layout was not understood: \"%s\"",
                        status_shown(f));
    }
}

/* ---- answers that are no XML ---------------------------------------------------------------- */

static void garbage_run(struct bench *bench)
{
    static const char *const faults[] = {
        "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"raw\",\"status\":200,"
        "\"content_type\":\"text/html\",\"body\":\"<html><body>404 SUCCESS</body></html>\"}",
        "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"raw\",\"status\":200,"
        "\"content_type\":\"text/plain\",\"body\":\"\"}",
        "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"truncated\"}",
        "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"http_status\",\"status\":502}",
    };
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_notify_mode(bench, order, "suppress") : ERR_NOT_FOUND;

    for (size_t i = 0; i < COUNT(faults) && !err; i++) {
        err = bench_fault(bench, order, faults[i]);
        if (!err)
            err = make_it_ask(bench, order, "ask");
        if (!err)
            err = bench_faults_off(bench);
    }
    if (err || bench_barrier(bench) || bench_status(bench, order, "puzzled") ||
        bench_pay(bench, order, NULL) || make_it_ask(bench, order, "truth") ||
        bench_await_state(bench, order, ORDER_PAID, 3000) || bench_status(bench, order, "after"))
        return;
}

static void garbage_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *puzzled = story_last(story, "status", "o1", "puzzled");
    const struct fact *after = story_last(story, "status", "o1", "after");
    bool moved = story_times(story, "advance", NULL, NULL) > 0;

    if (!puzzled)
        return;
    if (!story_call(story, NULL, "orderquery", "o1"))
        rule_undecided(ruling, "WX2-013", puzzled, "the merchant did not query the order");
    else if (status_settled(puzzled))
        rule_broken(ruling, "WX2-013", puzzled, "an answer that is no XML settled the order");
    else if (fact_is(puzzled, "/state", "closed") && moved)
        rule_undecided(ruling, "WX2-013", puzzled, "the order is closed; its time may be over");
    else if (fact_is(puzzled, "/state", "closed"))
        rule_broken(ruling, "WX2-013", puzzled, "an answer that is no XML closed the order: \"%s\"",
                    status_shown(puzzled));
    else if (status_settled(after))
        rule_holds(ruling, "WX2-013", after, "the order waited as \"%s\", then became \"%s\"",
                   status_shown(puzzled), status_shown(after));
    else if (after)
        rule_broken(ruling, "WX2-013", after,
                    "after answers that are no XML the payment was not found any more: \"%s\"",
                    status_shown(after));
}

/* ---- patience ------------------------------------------------------------------------------- */

#define PATIENCE_MS 30'000

static void timeout_run(struct bench *bench)
{
    static const struct order_wish wish = { .may_fail = true, .timeout_ms = PATIENCE_MS };

    if (bench_fault(bench, NULL,
                    "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"no_answer\"}") ||
        !bench_create(bench, &wish) || bench_collect(bench))
        return;
}

static void timeout_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *made = story_first(story, "create", "o1", NULL);
    const struct fact *call = story_call(story, NULL, "unifiedorder", NULL);
    long long waited = fact_int(made, "/steps/0/answer/took_ms", 0);

    if (!made)
        return;
    if (fact_int(made, "/steps/0/answer/status", 0) > 0)
        rule_holds(ruling, "WX2-010", made,
                   "a call that was never answered was given up; the buyer "
                   "heard so after %lld ms",
                   waited);
    else if (waited >= PATIENCE_MS - 1000)
        rule_broken(
            ruling, "WX2-010", made,
            "%lld ms after a call that was not answered it still waited, and its buyer with "
            "it",
            waited);
    else
        rule_undecided(ruling, "WX2-010", made, "the merchant did not answer: %s",
                       fact_str(made, "/steps/0/answer/error"));
    rule_evidence(ruling, "WX2-010", call);
}

static const struct case_def cases[] = {
    { .id = "transport/markup",
      .experiment = "Goods are ordered whose name holds & < > and quotes.",
      .claims = { { "WX2-004", "the document stays well-formed and the name arrives" } },
      .run = markup_run,
      .decide = markup_decide },
    { .id = "transport/layouts",
      .experiment =
          "The unified order is answered in other orders, bare, spaced, with empty fields.",
      .claims = { { "WX2-012", "the order is made each time" } },
      .run = layouts_run,
      .decide = layouts_decide },
    { .id = "transport/query-layouts",
      .experiment = "Queries of paid orders are answered in other orders, bare, spaced, with empty "
                    "fields.",
      .claims = { { "WX2-012", "the payment is found each time" } },
      .needs = NEED_STATUS,
      .run = query_layouts_run,
      .decide = query_layouts_decide },
    { .id = "transport/non-xml-answer",
      .experiment = "Queries are answered with HTML, nothing, half a document and 502, then truly.",
      .claims = { { "WX2-013", "the order waits, and is paid when the truth comes" } },
      .needs = NEED_STATUS,
      .run = garbage_run,
      .decide = garbage_decide },
    { .id = "transport/timeout",
      .experiment = "A unified order is never answered.",
      .claims = { { "WX2-010", "the merchant gives up within seconds" } },
      .run = timeout_run,
      .decide = timeout_decide },
    { .id = "transport/requests",
      .experiment = "Every request of the run is read by a strict reader.",
      .claims = { { "WX2-001", "the method is POST" },
                  { "WX2-002", "the body is one XML document with root xml" },
                  { "WX2-003", "the body is UTF-8" },
                  { "WX2-005", "no document type, no entity" },
                  { "WX2-006", "each field once, flat" } },
      .flags = CASE_WATCHES_ALL,
      .decide = requests_decide },
    { .id = "transport/headers",
      .experiment = "The headers of every request of the run are read.",
      .claims = { { "WX2-014", "no Expect, no chunks" } },
      .flags = CASE_WATCHES_ALL,
      .decide = headers_decide },
};

const struct chapter chapter_transport = { cases, COUNT(cases), API_V2 };
