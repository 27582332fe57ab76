#include "cases/common.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- for run -------------------------------------------------------------------------------- */

enum oracle_algorithm notice_algorithm(const struct order *order)
{
    return strcmp(order->sign_type, "HMAC-SHA256") == 0 ? ORACLE_HMAC_SHA256 : ORACLE_MD5;
}

/* A number of the platform's look: 10 digits of a channel, the day, 10 digits. */
static void new_transaction(struct bench *bench, const char *day, char out[29])
{
    snprintf(out, 29, "4200000001%.8s%010llu", day,
             (unsigned long long)bench_random_below(bench, 10'000'000'000));
}

void notice_fields(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    char time_end[CN_TIME_LEN + 1], transaction[29], nonce[33];
    const char *attach = bench_ordered(order, "attach");

    cn_time_14(bench_now_ms(bench), time_end);
    new_transaction(bench, time_end, transaction);
    bench_random(bench, nonce, 32);
    oracle_add(msg, "appid", order->appid);
    if (attach[0])
        oracle_add(msg, "attach", attach);
    oracle_add(msg, "bank_type", order->bank_type[0] ? order->bank_type : "OTHERS");
    oracle_add_i64(msg, "cash_fee", order->total_fen);
    oracle_add(msg, "fee_type", "CNY");
    oracle_add(msg, "is_subscribe", "N");
    oracle_add(msg, "mch_id", bench_account(bench)->mch_id);
    oracle_add(msg, "nonce_str", nonce);
    oracle_add(msg, "openid", order->openid[0] ? order->openid : "oUpF8uMEb4qRXf22hE3X68TekukE");
    oracle_add(msg, "out_trade_no", order->out_trade_no);
    oracle_add(msg, "result_code", "SUCCESS");
    oracle_add(msg, "return_code", "SUCCESS");
    if (notice_algorithm(order) == ORACLE_HMAC_SHA256)
        oracle_add(msg, "sign_type", "HMAC-SHA256");
    oracle_add(msg, "time_end", order->time_end[0] ? order->time_end : time_end);
    oracle_add_i64(msg, "total_fee", order->total_fen);
    oracle_add(msg, "trade_type", "NATIVE");
    oracle_add(msg, "transaction_id",
               order->transaction_id[0] ? order->transaction_id : transaction);
}

int notice_seal(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return oracle_seal(msg, notice_algorithm(order), bench_account(bench)->api_key);
}

int notice_send(struct bench *bench, const struct order *order, const struct oracle_msg *msg,
                const struct oracle_shape *shape, const char *label)
{
    struct buf body = BUF_INIT(ORACLE_XML_MAX);
    int err = oracle_write(msg, shape, &body);

    if (!err) {
        const struct sending sending = { .label = label, .body = buf_view(&body) };
        err = bench_send(bench, order, &sending);
    }
    buf_release(&body);
    return err;
}

struct order *victim(struct bench *bench, const struct order_wish *wish)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, wish ? wish : &any);

    if (!order || bench_blind_query(bench, order) || bench_status(bench, order, "before"))
        return NULL;
    return order;
}

int look_after(struct bench *bench, struct order *order)
{
    int err = bench_alive(bench, "after");

    if (!err)
        err = bench_barrier(bench);
    return err ? err : bench_status(bench, order, "after");
}

void forge_each(struct bench *bench, const char *what, forge_fn *const *changes, size_t count)
{
    struct order *order = victim(bench, NULL);
    int err = order ? 0 : ERR_NOT_FOUND;

    if (!err)
        bench_note(bench, order, "what", what);
    for (size_t i = 0; i < count && !err; i++) {
        struct oracle_msg msg = {};
        notice_fields(bench, order, &msg);
        err = changes[i](bench, order, &msg);
        if (!err)
            err = notice_send(bench, order, &msg, NULL, "forged");
        oracle_release(&msg);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* what went wrong is recorded, and leaves the claims open */
}

void forge(struct bench *bench, const char *what, forge_fn *change)
{
    forge_each(bench, what, &change, 1);
}

int pay_and_look(struct bench *bench, struct order *order, const struct payment *payment,
                 const char *fault)
{
    int err = fault ? bench_fault(bench, order, fault) : 0;

    if (!err)
        err = bench_pay(bench, order, payment);
    if (!err)
        err = bench_await_deliveries(bench, order, 1, 0);
    if (!err)
        err = bench_await_state(bench, order, ORDER_PAID, 0);
    if (!err)
        err = bench_status(bench, order, "after");
    return err;
}

int make_it_ask(struct bench *bench, struct order *order, const char *label)
{
    const struct profile *profile = bench_profile(bench);

    if (profile->refresh.line)
        return bench_refresh(bench, order, label);
    if (profile->status_asks_platform)
        return bench_status(bench, order, label);
    if (!profile->query_fallback_within_ms) {
        bench_skip(bench, "the profile has no refresh and the merchant never asks by itself");
        return ERR_NOT_FOUND;
    }
    bench_mark(bench);
    int err = bench_pass_time(bench, (profile->query_fallback_within_ms + 999) / 1000);
    return err ? err : bench_await_calls(bench, order, "orderquery", 1);
}

static int order_fault(struct bench *bench, const struct order *order, json_t *fault)
{
    char *text = fault ? json_dumps(fault, JSON_COMPACT) : NULL;
    int err = text ? bench_fault(bench, order, text) : ERR_NOMEM;

    free(text); /* jansson's allocator, not ours */
    json_decref(fault);
    return err;
}

int query_says_paid(struct bench *bench, const struct order *order, const char *sign,
                    const char *extra)
{
    char time_end[CN_TIME_LEN + 1], transaction[29], total[24];
    json_t *more = extra ? json_loads(extra, 0, NULL) : NULL;

    cn_time_14(bench_now_ms(bench), time_end);
    new_transaction(bench, time_end, transaction);
    snprintf(total, sizeof(total), "%lld", (long long)order->total_fen);
    json_t *set =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "return_code", "SUCCESS",
                  "result_code", "SUCCESS", "trade_state", "SUCCESS", "trade_type", "NATIVE",
                  "total_fee", total, "cash_fee", total, "fee_type", "CNY", "openid",
                  "oUpF8uMEb4qRXf22hE3X68TekukE", "is_subscribe", "N", "bank_type", "OTHERS",
                  "transaction_id", transaction, "time_end", time_end);
    int err = set && (!extra || (more && !json_object_update(set, more))) ? 0 : ERR_NOMEM;
    json_decref(more);
    if (err) {
        json_decref(set);
        return err;
    }
    return order_fault(bench, order,
                       json_pack("{s:s,s:s,s:s,s:i,s:s,s:o}", "door", "api", "api", "orderquery",
                                 "kind", "alter", "count", 0, "sign", sign, "set", set));
}

int query_says_notpay(struct bench *bench, const struct order *order)
{
    return order_fault(bench, order,
                       json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:s,s:s},s:[s,s,s,s,s,s,s]}", "door",
                                 "api", "api", "orderquery", "kind", "alter", "count", 0, "sign",
                                 "valid", "set", "trade_state", "NOTPAY", "trade_state_desc",
                                 "订单未支付", "drop", "transaction_id", "time_end", "openid",
                                 "is_subscribe", "bank_type", "cash_fee", "fee_type"));
}

/* ---- for decide ----------------------------------------------------------------------------- */

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
