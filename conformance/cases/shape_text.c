/*
 * shape_text.c — text of others that would be code elsewhere: in notifications, and on pages.
 */
#include "base/mem.h"
#include "cases/common.h"

/* ---- hostile text --------------------------------------------------------------------------- */

#define SCRIPT "<script>alert(7)</script>"

/* The first is as odd as the second, but for the quotes: if only the second fails, they do it. */
static void hostile_run(struct bench *bench)
{
    static const struct {
        const char *label, *fault;
    } kinds[] = {
        { "odd",
          ALTER_NOTICE "\"set\":{\"openid\":\"o-brien\",\"bank_type\":\"-;DROP TABLE x--\"}}" },
        { "quoted",
          ALTER_NOTICE "\"set\":{\"openid\":\"o'brien\",\"bank_type\":\"';DROP TABLE x--\"}}" },
        { "script",
          ALTER_NOTICE "\"set\":{\"openid\":\"" SCRIPT "\",\"bank_type\":\"../../etc/passwd\"}}" },
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

static const struct case_def cases[] = {
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

const struct chapter chapter_shape_text = { cases, COUNT(cases), API_V2 };
