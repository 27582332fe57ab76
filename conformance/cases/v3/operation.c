/*
 * v3/operation.c — what must never leave the merchant.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

/* What gives the keys away: the APIv3 key, and a line from the middle of the private key's PEM. */
struct secret_lines {
    char apiv3_key[40], key_line[80];
};

static void lines_of(const struct fact *setup, struct secret_lines *out)
{
    struct view rest = view_str(fact_str(setup, "/v3/merchant/private_key"));

    *out = (struct secret_lines){};
    if (view_copy(view_str(fact_str(setup, "/v3/apiv3_key")), out->apiv3_key,
                  sizeof(out->apiv3_key)))
        out->apiv3_key[0] = '\0';
    for (int i = 0; i < 6 && rest.len; i++) { /* the sixth line is none of a certificate's */
        struct view line = view_cut(rest, '\n', &rest);
        if (i == 5 && view_copy(view_trim(line), out->key_line, sizeof(out->key_line)))
            out->key_line[0] = '\0';
    }
}

static const char *found_in(struct view text, const struct secret_lines *secrets)
{
    if (secrets->apiv3_key[0] && view_find(text, view_str(secrets->apiv3_key)) != SIZE_MAX)
        return "the APIv3 key";
    if (secrets->key_line[0] && view_find(text, view_str(secrets->key_line)) != SIZE_MAX)
        return "the private key";
    return NULL;
}

static const char *leak_in(const struct fact *fact, const char *message,
                           const struct secret_lines *secrets)
{
    struct buf body = BUF_INIT(ORACLE3_TEXT_MAX);
    const json_t *headers = json_object_get(fact_get(fact, message), "headers");
    const char *what = fact_body(fact, message, &body) ? NULL : found_in(buf_view(&body), secrets);

    for (size_t i = 0; !what && i < json_array_size(headers); i++) {
        const char *value = json_string_value(json_array_get(json_array_get(headers, i), 1));
        what = value ? found_in(view_str(value), secrets) : NULL;
    }
    buf_release(&body);
    return what;
}

/* What the merchant said in this fact: an answer of its own, or a call to the platform. */
static const char *leak_of(const struct fact *fact, const struct secret_lines *secrets)
{
    static const char *const spoken[] = { "status", "qr",   "refresh", "close",
                                          "fetch",  "sent", "alive" };

    if (strcmp(fact->kind, "exchange") == 0)
        return leak_in(fact, fact_is(fact, "/door", "api") ? "/request" : "/answer", secrets);
    if (strcmp(fact->kind, "create") == 0) {
        for (size_t i = 0; i < json_array_size(fact_get(fact, "/steps")); i++) {
            const json_t *step = json_array_get(fact_get(fact, "/steps"), i);
            const char *body = json_string_value(json_pointer(step, "/answer/body"));
            const char *what = body ? found_in(view_str(body), secrets) : NULL;
            if (what)
                return what;
        }
        return NULL;
    }
    for (size_t i = 0; i < COUNT(spoken); i++)
        if (strcmp(fact->kind, spoken[i]) == 0)
            return leak_in(fact, "/answer", secrets);
    return NULL;
}

static void leak_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_next(story, f, NULL, NULL, NULL)); last = f) {
        struct secret_lines secrets;
        lines_of(story_setup(story, f), &secrets);
        const char *what = leak_of(f, &secrets);
        if (what)
            rule_broken(ruling, "WX3-070", f, "%s is in what the merchant said", what);
    }
    if (last)
        rule_holds(ruling, "WX3-070", last,
                   "no key was in its answers, pages and calls; scripts and error pages that were "
                   "not seen were not searched");
}

/* ---- provoked -------------------------------------------------------------------------------- */

/* Errors are where keys slip out: odd notifications and pages that are not there. */
static void provoked_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .spoil = NOTE_NO_BASE64 },
                                            { .spoil = NOTE_WRONG_KEY },
                                            { .sign = NOTE_FLIPPED },
                                            { .drop = "*" } };
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? 0 : -1;

    for (size_t i = 0; i < COUNT(ways) && !err; i++)
        err = note_send(bench, order, note_plain(bench, order), &ways[i]);
    if (!err)
        err = bench_fetch(bench, NULL, "GET /", "page");
    if (!err)
        err = bench_fetch(bench, NULL, "GET /no/such/page", "page");
    (void)err; /* recorded */
}

static const struct case_def cases[] = {
    { .id = "v3/operation/provoked",
      .experiment = "Broken notifications and pages that are not there provoke errors.",
      .claims = { { "WX3-070", "no key is in the answers" } },
      .run = provoked_run,
      .decide = leak_decide },
    { .id = "v3/operation/key-leak",
      .experiment = "Everything the merchant said in the run is searched for its keys.",
      .claims = { { "WX3-070", "no key is in it" } },
      .flags = CASE_WATCHES_ALL,
      .decide = leak_decide },
};

const struct chapter chapter_v3_operation = { cases, COUNT(cases), API_V3 };
