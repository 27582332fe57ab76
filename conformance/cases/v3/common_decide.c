/*
 * common_decide.c — the second half of v3/common.h.
 */
#include "cases/v3/common.h"

bool note_acked(const struct fact *fact)
{
    int64_t status = fact_int(fact, "/answer/status", 0);
    return status == 200 || status == 204;
}

bool note_taken(const struct fact *fact)
{
    int64_t status = fact_int(fact, "/answer/status", 0);
    return status >= 200 && status <= 299;
}

void decide_not_taken(const struct story *story, struct ruling *ruling, const char *rule,
                      const char *label, const char *what)
{
    const struct fact *seen = NULL;

    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", NULL, label));) {
        int64_t status = fact_int(f, "/answer/status", 0);
        seen = f;
        if (note_taken(f))
            rule_broken(ruling, rule, f, "%s was answered %lld", what, (long long)status);
        else if (status >= 300 && status < 400)
            rule_broken(ruling, rule, f, "%s was answered %lld, which is no 4xx or 5xx", what,
                        (long long)status);
    }
    if (!seen)
        return;
    if (answered(seen))
        rule_holds(ruling, rule, seen, "%s was answered %lld", what,
                   (long long)fact_int(seen, "/answer/status", 0));
    else
        rule_undecided(ruling, rule, seen, "%s was answered with silence (%s)", what,
                       fact_str(seen, "/error"));
}

void decide_note_forged(const struct story *story, struct ruling *ruling)
{
    const char *what = fact_str(story_first(story, "note", "o1", "what"), "/value");

    for (size_t i = 0; i < ruling->count; i++) {
        const char *rule = ruling->findings[i].rule;
        /* a refusal is 4xx or 5xx: the probe's rule and 040 say so in as many words */
        if (strcmp(rule, "WX3-038") == 0 || strcmp(rule, "WX3-040") == 0)
            decide_not_taken(story, ruling, rule, "forged", what);
        if (strcmp(rule, "WX3-040") != 0)
            decide_unsettled(story, ruling, rule, what);
    }
}

void decide_genuine(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *what)
{
    const struct fact *last = NULL;
    bool blind = fact_true(story_first(story, "setup", NULL, NULL), "/expect/status_asks_platform");

    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", NULL, "genuine"));) {
        const struct fact *after = story_last(story, "status", f->order, "after");
        last = f;
        if (!answered(f))
            rule_undecided(ruling, rule, f, "%s was not answered (%s)", what,
                           fact_str(f, "/error"));
        else if (!note_acked(f) && blind)
            rule_undecided(ruling, rule, f,
                           "%s was answered %lld by a merchant that was kept from the truth", what,
                           (long long)fact_int(f, "/answer/status", 0));
        else if (!note_acked(f))
            rule_broken(ruling, rule, f, "%s was answered %lld", what,
                        (long long)fact_int(f, "/answer/status", 0));
        else if (after && !status_settled(after))
            rule_broken(ruling, rule, after,
                        "after %s, which was acknowledged, the order is \"%s\"", what,
                        status_shown(after));
    }
    if (last)
        rule_holds(ruling, rule, last, "%s was acknowledged and its order settled", what);
}

json_t *fact_json(const struct fact *exchange, const char *message)
{
    struct buf body = BUF_INIT(ORACLE3_TEXT_MAX);
    json_t *json = NULL;

    if (exchange && !fact_body(exchange, message, &body))
        json = json_loadb(buf_cstr(&body), body.len, 0, NULL);
    buf_release(&body);
    return json;
}

void fact_json_text(const struct fact *exchange, const char *message, const char *pointer,
                    char *out, size_t size)
{
    json_t *json = fact_json(exchange, message);
    const char *text = json_string_value(json_pointer(json, pointer));

    if (!text || view_copy(view_str(text), out, size))
        out[0] = '\0';
    json_decref(json);
}

bool truth_was_told(const struct story *story, struct ruling *ruling, const char *rule)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/query", "o1"));) {
        char state[32];
        fact_json_text(f, "/answer", "/trade_state", state, sizeof(state));
        if (!met_fault(f) && strcmp(state, "SUCCESS") == 0) {
            rule_undecided(ruling, rule, f,
                           "the merchant also heard the truth, which the experiment was to hide");
            return true;
        }
    }
    return false;
}

bool met_fault(const struct fact *exchange)
{
    return fact_str(exchange, "/fault")[0] != '\0';
}

const struct fact *faulty_call(const struct story *story, struct ruling *ruling, const char *rule,
                               const char *api)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, api, "o1"));)
        if (met_fault(f))
            return f;
    rule_undecided(ruling, rule, NULL, "the merchant made no call that could meet the fault");
    return NULL;
}
