/*
 * operation.c — what must never leave the merchant.
 */
#include "base/mem.h"
#include "cases/common.h"

/* The key as it is, and the end of a text to be signed, which gives it away. */
static bool holds_key(struct view text, const char *key)
{
    return view_find(text, view_str(key)) != SIZE_MAX;
}

static bool message_holds_key(const struct fact *fact, const char *message, const char *key)
{
    struct buf body = BUF_INIT((size_t)1 << 20);
    bool found = !fact_body(fact, message, &body) && holds_key(buf_view(&body), key);
    const json_t *headers = fact_get(fact, message);

    for (size_t i = 0; !found && i < json_array_size(json_object_get(headers, "headers")); i++) {
        const json_t *pair = json_array_get(json_object_get(headers, "headers"), i);
        const char *value = json_string_value(json_array_get(pair, 1));
        found = value && holds_key(view_str(value), key);
    }
    buf_release(&body);
    return found;
}

/* What the merchant said in this fact: an answer of its own, or a call to the platform. */
static bool fact_leaks(const struct fact *fact, const char *key)
{
    static const char *const spoken[] = { "status", "qr",   "refresh", "close",
                                          "fetch",  "sent", "alive" };

    if (strcmp(fact->kind, "exchange") == 0)
        return message_holds_key(fact, fact_is(fact, "/door", "api") ? "/request" : "/answer", key);
    if (strcmp(fact->kind, "create") == 0) {
        for (size_t i = 0; i < json_array_size(fact_get(fact, "/steps")); i++) {
            const json_t *step = json_array_get(fact_get(fact, "/steps"), i);
            const char *body = json_string_value(json_pointer(step, "/answer/body"));
            if (body && holds_key(view_str(body), key))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < COUNT(spoken); i++)
        if (strcmp(fact->kind, spoken[i]) == 0)
            return message_holds_key(fact, "/answer", key);
    return false;
}

static void leak_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_next(story, f, NULL, NULL, NULL)); last = f) {
        const char *key = fact_str(story_setup(story, f), "/account/api_key");
        if (key[0] && fact_leaks(f, key))
            rule_broken(ruling, "WX2-111", f, "the API key is in what the merchant said");
    }
    if (last)
        rule_holds(ruling, "WX2-111", last,
                   "the key was in none of its answers, pages and calls; scripts and error pages "
                   "that were not seen were not searched");
}

static int add_wrong(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    int err = notice_seal(bench, order, msg);

    oracle_set(msg, "sign", "00000000000000000000000000000000");
    return err ? err : msg->err;
}

/* Everything that makes a careless merchant talk: a forgery, garbage, an answer it cannot verify. */
static void provoked_run(struct bench *bench)
{
    static const struct order_wish any = {}, wish = { .may_fail = true };
    struct oracle_msg msg = {};
    struct order *order = bench_create(bench, &any);

    if (!order)
        return;
    notice_fields(bench, order, &msg);
    int err = add_wrong(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, NULL, "provoked");
    oracle_release(&msg);
    if (!err) {
        const struct sending garbage = { .label = "provoked", .body = VIEW("<xml><sign>1</sign>") };
        err = bench_send(bench, order, &garbage);
    }
    if (!err)
        err = bench_fetch(bench, order, "GET /", "home");
    if (!err)
        err = bench_fetch(bench, order, "GET /no-such-page", "nowhere");
    if (!err)
        err = bench_fault(bench, NULL,
                          "{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"wrong_sign\","
                          "\"count\":0}");
    if (err || !bench_create(bench, &wish))
        return;
}

static const struct case_def cases[] = {
    { .id = "operation/provoked",
      .experiment = "A forgery, garbage, unknown pages, and an answer with a wrong sign make the "
                    "merchant complain; what it says is searched for its API key.",
      .claims = { { "WX2-111", "the key is nowhere" } },
      .run = provoked_run,
      .decide = leak_decide },
    { .id = "operation/key-leak",
      .experiment = "Everything that the merchant said in the run is searched for its API key.",
      .claims = { { "WX2-111", "the key is nowhere" } },
      .flags = CASE_WATCHES_ALL,
      .decide = leak_decide },
};

const struct chapter chapter_operation = { cases, COUNT(cases) };
