/*
 * common_decide.c — what several experiments share when they are judged: the second half of common.h.
 */
#include "cases/common.h"

bool status_settled(const struct fact *status)
{
    return fact_is(status, "/state", "paid") || fact_int(status, "/shipped", 0) > 0;
}

const char *status_shown(const struct fact *status)
{
    const char *shown = fact_str(status, "/shown");

    if (!status)
        return "nothing";
    return shown[0] ? shown : fact_str(status, "/state");
}

bool answered(const struct fact *fact)
{
    return fact_int(fact, "/answer/status", 0) > 0;
}

enum oracle_ack answer_ack(const struct fact *fact)
{
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    enum oracle_ack ack = ORACLE_NACK_TEXT;

    if (answered(fact) && !fact_body(fact, "/answer", &body))
        ack = oracle_ack((int)fact_int(fact, "/answer/status", 0), buf_view(&body));
    buf_release(&body);
    return ack;
}

void decide_unsettled(const struct story *story, struct ruling *ruling, const char *rule,
                      const char *what)
{
    const struct fact *before = story_first(story, "status", "o1", "before");
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(before))
        rule_undecided(ruling, rule, before, "the order was \"%s\" before the experiment began",
                       status_shown(before));
    else if (status_settled(after))
        rule_broken(ruling, rule, after, "the order was \"%s\" (shipped %lld) after %s",
                    status_shown(after), (long long)fact_int(after, "/shipped", -1), what);
    else if (fact_is(after, "/state", "unreadable"))
        rule_undecided(ruling, rule, after, "the order page could not be read after %s", what);
    else
        rule_holds(ruling, rule, after, "the order stayed \"%s\" after %s", status_shown(after),
                   what);
    rule_evidence(ruling, rule, story_last(story, "sent", "o1", NULL));
}

void decide_settled(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *what)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (!after)
        return;
    if (status_settled(after))
        rule_holds(ruling, rule, after, "the order became \"%s\" %s", status_shown(after), what);
    else if (fact_is(after, "/state", "unreadable"))
        rule_undecided(ruling, rule, after, "the order page could not be read");
    else
        rule_broken(ruling, rule, after, "the order was \"%s\" %s", status_shown(after), what);
}

void decide_no_forged_code(const struct story *story, struct ruling *ruling, const char *rule,
                           const char *what)
{
    const struct fact *made = story_first(story, "create", "o1", NULL);
    const struct fact *qr = story_last(story, "qr", "o1", NULL);

    if (!made)
        return;
    if (fact_is(made, "/captured/code_url", FORGED_CODE_URL))
        rule_broken(ruling, rule, made, "the merchant handed out the code of %s", what);
    else if (fact_is(qr, "/content", FORGED_CODE_URL))
        rule_broken(ruling, rule, qr, "the merchant drew the code of %s", what);
    else
        rule_holds(ruling, rule, made, "the code of %s was not shown", what);
}

void decide_refused(const struct story *story, struct ruling *ruling, const char *rule,
                    const char *label, const char *what)
{
    const struct fact *seen = NULL;

    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", NULL, label));) {
        seen = f;
        if (oracle_ack_counts(answer_ack(f)))
            rule_broken(ruling, rule, f, "%s was answered SUCCESS", what);
    }
    if (!seen)
        return;
    if (answered(seen))
        rule_holds(ruling, rule, seen, "%s was answered with status %lld, %s", what,
                   (long long)fact_int(seen, "/answer/status", 0),
                   oracle_ack_text(answer_ack(seen)));
    else
        rule_holds(ruling, rule, seen, "%s was answered with silence, which is safe too", what);
}

void decide_forged(const struct story *story, struct ruling *ruling)
{
    const char *what = fact_str(story_first(story, "note", NULL, "what"), "/value");

    for (size_t i = 0; i < ruling->count; i++) {
        const char *rule = ruling->findings[i].rule;
        if (strcmp(rule, "WX2-049") == 0)
            decide_refused(story, ruling, rule, "forged", what);
        else
            decide_unsettled(story, ruling, rule, what);
    }
}

/* Did the merchant ask the platform about o1 while it answered this delivery? */
static const struct fact *asked_meanwhile(const struct story *story, const struct fact *delivery)
{
    int64_t from = fact_int(delivery, "/real_ms", 0);
    int64_t until = from + fact_int(delivery, "/duration_us", 0) / 1000 + 1;

    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", "o1"));) {
        int64_t at = fact_int(f, "/real_ms", 0);
        if (at >= from && at <= until)
            return f;
    }
    return NULL;
}

void decide_accepted(const struct story *story, struct ruling *ruling, const char *rule,
                     const struct fact *delivery, const char *what)
{
    const struct fact *after = story_last(story, "status", "o1", "after");
    enum oracle_ack ack = answer_ack(delivery);
    bool blind = fact_true(story_first(story, "setup", NULL, NULL), "/expect/status_asks_platform");
    bool settled = status_settled(after);

    if (!delivery || !after)
        return;
    if (settled && ack != ORACLE_NACK_FAIL && fact_int(delivery, "/answer/status", 0) == 200)
        rule_holds(ruling, rule, after, "%s was answered with %s and the order became \"%s\"", what,
                   oracle_ack_text(ack), status_shown(after));
    else if (blind && asked_meanwhile(story, delivery))
        rule_undecided(ruling, rule, asked_meanwhile(story, delivery),
                       "the merchant asked the platform about %s and was kept from the truth by "
                       "the experiment",
                       what);
    else if (settled)
        rule_broken(ruling, rule, delivery, "%s was refused (status %lld, %s)", what,
                    (long long)fact_int(delivery, "/answer/status", 0), oracle_ack_text(ack));
    else
        rule_broken(ruling, rule, after, "after %s (answered with %s) the order was \"%s\"", what,
                    oracle_ack_text(ack), status_shown(after));
    rule_evidence(ruling, rule, delivery);
}

bool decide_alive(const struct story *story, struct ruling *ruling, const char *rule)
{
    const struct fact *alive = story_last(story, "alive", NULL, NULL);

    for (const struct fact *f = NULL; (f = story_next(story, f, "merchant", NULL, NULL));)
        if (fact_is(f, "/event", "exited") && story_first(story, "sent", NULL, NULL) &&
            fact_before(story_first(story, "sent", NULL, NULL), f)) {
            rule_broken(ruling, rule, f, "the merchant's process ended: %.200s",
                        fact_str(f, "/why"));
            return false;
        }
    if (!alive || fact_true(alive, "/ok"))
        return true;
    rule_broken(ruling, rule, alive, "the merchant did not answer its own page afterwards");
    return false;
}

int exchange_read(const struct fact *exchange, const char *message, struct oracle_msg *msg,
                  struct oracle_reading *reading)
{
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    int err = fact_body(exchange, message, &body);

    if (!err)
        err = oracle_read(buf_view(&body), msg, reading);
    buf_release(&body);
    return err;
}

void exchange_field(const struct fact *exchange, const char *message, const char *name, char *out,
                    size_t size)
{
    struct oracle_msg msg = {};
    struct oracle_reading reading;
    const char *value = NULL;

    out[0] = '\0';
    if (exchange && !exchange_read(exchange, message, &msg, &reading))
        value = oracle_get(&msg, name);
    if (value && view_copy(view_str(value), out, size))
        out[0] = '\0';
    oracle_release(&msg);
}

const struct fact *told_by_query(const struct story *story, const struct fact *until)
{
    for (const struct fact *f = NULL; (f = story_call(story, f, "orderquery", "o1"));) {
        char state[32];
        if (until && !fact_before(f, until))
            return NULL;
        exchange_field(f, "/answer", "trade_state", state, sizeof(state));
        if (strcmp(state, "SUCCESS") == 0)
            return f;
    }
    return NULL;
}

const char *story_key(const struct story *story)
{
    return fact_str(story_first(story, "setup", NULL, NULL), "/account/api_key");
}

bool query_was_asked(const struct story *story, struct ruling *ruling, const char *rule)
{
    if (story_call(story, NULL, "orderquery", "o1"))
        return true;
    rule_undecided(ruling, rule, NULL, "the merchant did not query the order");
    return false;
}
