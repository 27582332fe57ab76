/*
 * signing_requests.c — the signature and the nonce of every request of the run.
 */
#include "base/mem.h"
#include "cases/common.h"

/* ---- every request of the run --------------------------------------------------------------- */

static void blame(struct ruling *r, const struct fact *call, const struct oracle_signature *seen)
{
    const char *why = seen->cause ? seen->cause : "no usual mistake explains it";

    if (seen->lower_case) {
        rule_broken(r, "WX2-018", call, "sign is not in upper case");
        return; /* the digest itself is right */
    }
    rule_broken(r, "WX2-015", call, "the signature does not hold: %s", why);
    if (seen->empty_signed)
        rule_broken(r, "WX2-016", call, "the signature counts empty values in");
    if (seen->type_unsigned || seen->other_algorithm)
        rule_broken(r, "WX2-017", call, "%s", why);
    if (seen->trimmed || seen->encoded)
        rule_broken(r, "WX2-019", call, "%s", why);
}

static void requests_decide(const struct story *story, struct ruling *ruling)
{
    static const char *const rules[] = { "WX2-015", "WX2-016", "WX2-017", "WX2-018", "WX2-019" };
    const struct fact *last = NULL;
    size_t checked = 0, with_empty = 0;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL));) {
        struct oracle_msg msg = {};
        struct oracle_reading reading;
        struct oracle_signature seen;
        const char *key = fact_str(story_setup(story, f), "/account/api_key");
        if (!fact_true(f, "/request/cut") && !exchange_read(f, "/request", &msg, &reading) &&
            reading.parsed && !oracle_verify(&msg, key, &seen)) {
            checked++;
            with_empty += seen.empty_fields;
            last = f;
            if (!seen.right)
                blame(ruling, f, &seen);
        }
        oracle_release(&msg);
    }
    for (size_t i = 0; i < COUNT(rules) && checked; i++)
        rule_holds(ruling, rules[i], last,
                   "%zu requests were signed right, %zu of them with empty "
                   "values",
                   checked, with_empty);
}

/* ---- nonces --------------------------------------------------------------------------------- */

#define NONCES_MAX 4000

struct nonces {
    struct {
        char text[64];
        const struct fact *call;
    } item[NONCES_MAX];
    size_t count;
};

static bool all_digits(const char *text)
{
    return text[0] && !text[strspn(text, "0123456789")];
}

/* A client library may send the same bytes again when a connection breaks: not the merchant's doing. */
static bool same_bytes(const struct fact *a, const struct fact *b)
{
    return strcmp(fact_str(a, "/request/body"), fact_str(b, "/request/body")) == 0 &&
           !fact_is(a, "/outcome", "answered");
}

static void decide_repeats(struct ruling *r, const struct nonces *n)
{
    for (size_t i = 1; i < n->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(n->item[i].text, n->item[k].text) == 0 &&
                !same_bytes(n->item[k].call, n->item[i].call)) {
                rule_broken(r, "WX2-020", n->item[i].call, "nonce_str \"%s\" was used twice",
                            n->item[i].text);
                rule_evidence(r, "WX2-020", n->item[k].call);
                return;
            }
}

/* The number that the digits make, leading zeros and all; false when it is none or too long. */
static bool counts_as(const char *text, int64_t *out)
{
    *out = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || *out > (INT64_MAX - 9) / 10)
            return false;
        *out = *out * 10 + (*c - '0');
    }
    return text[0] != '\0';
}

/* Five in a row, each a little greater than the one before: the next one can be told. */
static void decide_counter(struct ruling *r, const struct nonces *n)
{
    int in_a_row = 0;

    for (size_t i = 1; i < n->count && in_a_row < 4; i++) {
        int64_t now = 0, was = 0;
        bool near = counts_as(n->item[i].text, &now) && counts_as(n->item[i - 1].text, &was) &&
                    now > was && now - was < 1000;
        in_a_row = near ? in_a_row + 1 : 0;
    }
    if (in_a_row >= 4)
        rule_broken(r, "WX2-020", n->item[n->count - 1].call, "nonce_str counts up: %s, %s",
                    n->item[n->count - 2].text, n->item[n->count - 1].text);
}

static void collect_nonces(const struct story *story, struct ruling *r, struct nonces *n)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL));) {
        char *text = n->item[n->count].text;
        if (n->count == NONCES_MAX - 1)
            return;
        exchange_field(f, "/request", "nonce_str", text, sizeof(n->item[0].text));
        size_t len = strlen(text);
        if (!len)
            continue; /* missing or above 63 characters: create/fields says so */
        if (len > 32)
            rule_broken(r, "WX2-020", f, "nonce_str has %zu characters", len);
        if (all_digits(text) && (len == 10 || len == 13) && text[0] == '1')
            rule_departs(r, "WX2-020", f,
                         "nonce_str %s is the time: it can be told, though "
                         "production takes it",
                         text);
        n->item[n->count++].call = f;
    }
}

static void nonces_decide(const struct story *story, struct ruling *ruling)
{
    struct nonces *n = mem_new(struct nonces);

    if (!n)
        return; /* left open */
    collect_nonces(story, ruling, n);
    decide_repeats(ruling, n);
    decide_counter(ruling, n);
    if (n->count > 1)
        rule_holds(ruling, "WX2-020", n->item[n->count - 1].call,
                   "%zu requests had %zu nonces without a pattern", n->count, n->count);
    mem_free(n);
}

static const struct case_def cases[] = {
    { .id = "signing/requests",
      .experiment = "The signature of every request of the run is computed again from its bytes.",
      .claims = { { "WX2-015", "it is right for the values sent" },
                  { "WX2-016", "empty values are not part of it" },
                  { "WX2-017", "sign_type is part of it and names its algorithm" },
                  { "WX2-018", "it is in upper case" },
                  { "WX2-019", "what was signed is what was sent" } },
      .flags = CASE_WATCHES_ALL,
      .decide = requests_decide },
    { .id = "signing/nonces",
      .experiment = "The nonces of every request of the run are compared.",
      .claims = { { "WX2-020", "each is new, at most 32 characters, and cannot be told" } },
      .flags = CASE_WATCHES_ALL,
      .decide = nonces_decide },
};

const struct chapter chapter_signing_requests = { cases, COUNT(cases), API_V2 };
