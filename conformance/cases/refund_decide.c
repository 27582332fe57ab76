/*
 * refund_decide.c — the second half of refund_common.h: what it means.
 */
#include "cases/refund_common.h"

#include "base/mem.h"

static bool is_v3(const struct ruling *ruling)
{
    return view_starts(view_str(ruling->findings[0].rule), VIEW("WX3-"));
}

const struct fact *refund_call(const struct story *story, const struct fact *after,
                               const struct ruling *ruling)
{
    return story_call(story, after, is_v3(ruling) ? "v3/refund" : "refund", "o1");
}

const struct fact *refund_query(const struct story *story, const struct fact *after,
                                const struct ruling *ruling)
{
    return story_call(story, after, is_v3(ruling) ? "v3/refundquery" : "refundquery", "o1");
}

/* ---- reading --------------------------------------------------------------------------------- */

static void keep(const char *value, char *out, size_t size)
{
    if (!value || view_copy(view_str(value), out, size))
        out[0] = '\0';
}

static int64_t whole(const json_t *value)
{
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static void read_json(const struct fact *call, struct refund_asked *out)
{
    struct buf body = BUF_INIT(FACT_BODY_MAX);
    json_t *json =
        fact_body(call, "/request", &body) ? NULL : json_loadb(buf_cstr(&body), body.len, 0, NULL);

    keep(json_string_value(json_object_get(json, "out_refund_no")), out->number,
         sizeof(out->number));
    keep(json_string_value(json_object_get(json, "notify_url")), out->notify_url,
         sizeof(out->notify_url));
    out->fen = whole(json_pointer(json, "/amount/refund"));
    out->total_fen = whole(json_pointer(json, "/amount/total"));
    json_decref(json);
    buf_release(&body);
}

static int64_t digits(const struct fact *call, const char *name)
{
    char text[24];
    int64_t value;

    exchange_field(call, "/request", name, text, sizeof(text));
    return view_to_i64(view_str(text), INT64_MAX, &value) ? -1 : value;
}

void refund_read(const struct fact *call, struct refund_asked *out)
{
    *out = (struct refund_asked){};
    if (view_starts(view_str(fact_str(call, "/api")), VIEW("v3/"))) {
        read_json(call, out);
        return;
    }
    exchange_field(call, "/request", "out_refund_no", out->number, sizeof(out->number));
    exchange_field(call, "/request", "notify_url", out->notify_url, sizeof(out->notify_url));
    out->fen = digits(call, "refund_fee");
    out->total_fen = digits(call, "total_fee");
}

/* The first call, or NULL: then @rule is undecided. */
static const struct fact *first_call(const struct story *story, struct ruling *ruling,
                                     const char *rule)
{
    const struct fact *call = refund_call(story, NULL, ruling);
    if (!call)
        rule_undecided(ruling, rule, story_first(story, "refund", "o1", NULL),
                       "the merchant asked the platform for no refund");
    return call;
}

static bool is_back(const struct fact *status)
{
    return fact_is(status, "/state", "refunded");
}

/* ---- how it ends ----------------------------------------------------------------------------- */

void decide_refund_accepted(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *accepted = story_first(story, "status", "o1", "accepted");
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!accepted || !first_call(story, ruling, rule))
        return;
    if (is_back(accepted))
        rule_broken(ruling, rule, accepted,
                    "the platform had only accepted the refund, and the order was \"%s\"",
                    status_shown(accepted));
    else if (is_back(after))
        rule_holds(ruling, rule, after, "\"%s\" while it was under way, \"%s\" when it had ended",
                   status_shown(accepted), status_shown(after));
    else if (after)
        rule_undecided(ruling, rule, after, "the order was never shown as refunded: \"%s\"",
                       status_shown(after));
}

/* The delivery of the refund that ended last; NULL when nobody was told. */
static const struct fact *told(const struct story *story)
{
    const struct fact *last = NULL;
    for (const struct fact *f = NULL; (f = story_delivery(story, f, "o1"));) {
        if (fact_is(f, "/api", "refund"))
            last = f;
    }
    return last;
}

void decide_refund_told(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *delivery = told(story);

    if (!after || !first_call(story, ruling, rule))
        return;
    if (!delivery)
        rule_skipped(ruling, rule, NULL, "the merchant asks for refunds without a notify_url");
    else if (is_back(after))
        rule_holds(ruling, rule, after, "the order became \"%s\" by the notification alone",
                   status_shown(after));
    else if (refund_query(story, NULL, ruling))
        rule_undecided(ruling, rule, after,
                       "the merchant asked the platform, which the experiment kept silent");
    else if (!answered(delivery))
        rule_undecided(ruling, rule, delivery, "no answer came (%s)", fact_str(delivery, "/error"));
    else
        rule_broken(ruling, rule, delivery,
                    "a genuine notification said SUCCESS, was answered %lld, and the order is "
                    "\"%s\"",
                    (long long)fact_int(delivery, "/answer/status", 0), status_shown(after));
}

void decide_refund_found(const struct story *story, struct ruling *ruling, const char *rule,
                         bool advice)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *query = refund_query(story, NULL, ruling);

    if (!after || !first_call(story, ruling, rule))
        return;
    if (is_back(after) || query)
        rule_holds(ruling, rule, query ? query : after, "the merchant asked; the order is \"%s\"",
                   status_shown(after));
    else if (advice)
        rule_departs(ruling, rule, after,
                     "no notification came, nobody asked, and the order stayed \"%s\"",
                     status_shown(after));
    else
        rule_broken(ruling, rule, after,
                    "no notification came, nobody asked, and the order stayed \"%s\"",
                    status_shown(after));
}

static bool says_success(const struct fact *query)
{
    struct buf body = BUF_INIT(FACT_BODY_MAX);
    char word[32];
    bool yes = false;

    if (!view_starts(view_str(fact_str(query, "/api")), VIEW("v3/"))) {
        exchange_field(query, "/answer", "refund_status_0", word, sizeof(word));
        return strcmp(word, "SUCCESS") == 0;
    }
    if (!fact_body(query, "/answer", &body)) {
        json_t *json = json_loadb(buf_cstr(&body), body.len, 0, NULL);
        const char *status = json_string_value(json_object_get(json, "status"));
        yes = status && strcmp(status, "SUCCESS") == 0;
        json_decref(json);
    }
    buf_release(&body);
    return yes;
}

void decide_refund_answer(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    const struct fact *query = NULL;

    for (const struct fact *f = NULL; (f = refund_query(story, f, ruling));) {
        if (after && fact_before(f, after) && says_success(f))
            query = f; /* what it was told later, the page could not show */
    }
    if (!after || !first_call(story, ruling, rule))
        return;
    if (!query)
        rule_skipped(ruling, rule, NULL, "no query of the merchant was told that it is back");
    else if (is_back(after))
        rule_holds(ruling, rule, query, "its query said SUCCESS, the order is \"%s\"",
                   status_shown(after));
    else
        rule_broken(ruling, rule, query, "its query said SUCCESS, and the order is \"%s\"",
                    status_shown(after));
}

void decide_not_refunded(const struct story *story, struct ruling *ruling, const char *rule,
                         const char *what)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after || !first_call(story, ruling, rule))
        return;
    if (is_back(after))
        rule_broken(ruling, rule, after, "after %s the order is \"%s\"", what, status_shown(after));
    else
        rule_holds(ruling, rule, after, "after %s the order is \"%s\"", what, status_shown(after));
}

void decide_refund_renewed(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *ended = story_first(story, "refund-end", "o1", NULL);
    const struct fact *first = refund_call(story, NULL, ruling), *again = NULL;
    struct refund_asked one, two;

    const struct fact *wish = story_first(story, "refund", "o1", "renewed");

    if (!ended || !first || !wish)
        return;
    /* not a retry of the first one from before it was closed */
    for (const struct fact *f = first; (f = refund_call(story, f, ruling));)
        if (fact_before(wish, f))
            again = f;
    if (!again)
        return; /* the merchant gives nothing back twice: nothing to compare */
    refund_read(first, &one);
    refund_read(again, &two);
    if (strcmp(one.number, two.number) == 0)
        rule_broken(ruling, rule, again, "%s was closed, and asked for again under its number",
                    one.number);
    else
        rule_holds(ruling, rule, again, "%s was closed, the renewed wish is %s", one.number,
                   two.number);
}

/* ---- how much -------------------------------------------------------------------------------- */

#define NUMBERS_MAX 64

void decide_refund_sum(const struct story *story, struct ruling *ruling, const char *rule)
{
    static const size_t longest = sizeof(((struct refund_asked *)0)->number);
    char seen[NUMBERS_MAX][130];
    int64_t total = fact_int(story_first(story, "create", "o1", NULL), "/total_fen", 0), sum = 0;
    size_t count = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = refund_call(story, f, ruling)) && count < NUMBERS_MAX;) {
        struct refund_asked asked;
        size_t i = 0;
        refund_read(f, &asked);
        while (i < count && strcmp(seen[i], asked.number) != 0)
            i++;
        if (i < count)
            continue;
        memcpy(seen[count++], asked.number, longest);
        sum += asked.fen > 0 ? asked.fen : 0;
        last = f;
        if (sum > total) {
            rule_broken(ruling, rule, f, "%lld fen were paid, and %lld were asked back in all",
                        (long long)total, (long long)sum);
            return;
        }
    }
    if (!last)
        rule_undecided(ruling, rule, NULL, "the merchant asked the platform for no refund");
    else
        rule_holds(ruling, rule, last, "%lld fen were paid, %lld asked back in %zu refunds",
                   (long long)total, (long long)sum, count);
}

/* ---- what is asked --------------------------------------------------------------------------- */

void decide_refund_number(const struct story *story, struct ruling *ruling, const char *rule)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*@";
    const struct fact *call = first_call(story, ruling, rule);
    struct refund_asked asked;

    if (!call)
        return;
    refund_read(call, &asked);
    size_t len = strlen(asked.number);
    if (!len || len > 64 || strspn(asked.number, set) != len)
        rule_broken(ruling, rule, call, "out_refund_no is \"%.80s\"", asked.number);
    else
        rule_holds(ruling, rule, call, "out_refund_no is %s", asked.number);
}

void decide_refund_total(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *call = first_call(story, ruling, rule);
    int64_t total = fact_int(story_first(story, "create", "o1", NULL), "/total_fen", 0);
    struct refund_asked asked;

    if (!call)
        return;
    refund_read(call, &asked);
    if (asked.total_fen == total)
        rule_holds(ruling, rule, call, "%lld of %lld fen were asked back", (long long)asked.fen,
                   (long long)total);
    else
        rule_broken(ruling, rule, call, "the order is over %lld fen, its refund says %lld",
                    (long long)total, (long long)asked.total_fen);
}

void decide_refund_same(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *first = first_call(story, ruling, rule), *last = first;
    struct refund_asked one, next;
    size_t count = 1;

    if (!first)
        return;
    refund_read(first, &one);
    for (const struct fact *f = first; (f = refund_call(story, f, ruling)); count++) {
        refund_read(f, &next);
        last = f;
        if (strcmp(one.number, next.number) != 0 || one.fen != next.fen ||
            one.total_fen != next.total_fen) {
            rule_broken(ruling, rule, f,
                        "%s over %lld fen was not answered well, and %s over %lld came instead",
                        one.number, (long long)one.fen, next.number, (long long)next.fen);
            return;
        }
    }
    if (count == 1 && !refund_query(story, NULL, ruling))
        rule_undecided(ruling, rule, first, "the merchant did not try again");
    else
        rule_holds(ruling, rule, last, "%zu calls for %s, all alike", count, one.number);
}

/* More than ten within one second of real time are a loop without a pause. */
void decide_refund_pauses(const struct story *story, struct ruling *ruling, const char *rule)
{
    int64_t times[NUMBERS_MAX];
    size_t count = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = refund_call(story, f, ruling)) && count < NUMBERS_MAX;) {
        times[count++] = fact_int(f, "/real_ms", 0);
        last = f;
        if (count > 10 && times[count - 1] - times[count - 11] < 1000) {
            rule_broken(ruling, rule, f, "eleven calls for a refund within a second");
            return;
        }
    }
    if (!last)
        rule_undecided(ruling, rule, NULL, "the merchant asked the platform for no refund");
    else
        rule_holds(ruling, rule, last, "%zu calls while the platform answered so", count);
}
