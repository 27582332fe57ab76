/*
 * bench_order.c — an order at the merchant, made by the profile's steps and linked to the create
 * call that the sandbox saw meanwhile.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define TOGETHER_MAX 20

/* Amounts that floating point gets wrong are the ones worth asking for. */
static const int64_t usual_fen[] = { 1, 7, 29, 58, 110, 115, 990, 1001, 1999, 4999 };

struct slot *bench_new_slot(struct bench *bench)
{
    if (bench->slot_count == ORDERS_MAX)
        return NULL;
    struct slot *slot = mem_new(struct slot);
    if (!slot)
        return NULL;
    bench->slots[bench->slot_count++] = slot;
    snprintf(slot->order.name, sizeof(slot->order.name), "o%zu", bench->slot_count);
    slot->shipped = -1;
    return slot;
}

int bench_login(struct bench *bench, int payer)
{
    json_t *traces = json_array();
    int err = shop_login(&bench->shop, payer, traces);

    if (json_array_size(traces))
        bench_fact(bench, "fetch", NULL, "session", json_pack("{s:O}", "steps", traces));
    json_decref(traces);
    if (err)
        bench_trouble(bench, "merchant", "session", "%s",
                      bench->shop.why[0] ? bench->shop.why : err_text(err));
    return err;
}

/* ---- what to order ---------------------------------------------------------------------------------- */

static bool has_markup(const char *text)
{
    return strpbrk(text, "&<>\"'") != NULL;
}

/* Of the price list: the wished price, else markup if wished, else any. */
static const struct sku *choose_sku(struct bench *bench, const struct order_wish *wish)
{
    const struct profile *profile = bench->profile;
    const struct sku *fitting[64];
    size_t count = 0;

    for (size_t i = 0; i < profile->sku_count && count < COUNT(fitting); i++) {
        const struct sku *sku = &profile->skus[i];
        if (wish->amount_fen && sku->price_fen != wish->amount_fen)
            continue;
        if (wish->markup && !has_markup(sku->name))
            continue;
        fitting[count++] = sku;
    }
    return count ? fitting[rng_below(&bench->rng, count)] : NULL;
}

static int set_amount(struct slot *slot, int64_t fen)
{
    char yuan[32];
    snprintf(yuan, sizeof(yuan), "%lld.%02lld", (long long)(fen / 100), (long long)(fen % 100));
    slot->order.amount_fen = fen;
    int err = scope_set_i64(&slot->scope, "amount_fen", fen);
    return err ? err : scope_set(&slot->scope, "amount_yuan", yuan, NAME_YUAN);
}

static int set_texts(struct bench *bench, struct slot *slot, const struct order_wish *wish)
{
    char nonce[17], text[120];

    rng_alnum(&bench->rng, nonce, 16);
    int err = scope_set(&slot->scope, "nonce", nonce, NAME_TEXT);
    snprintf(text, sizeof(text), "judge-%s", nonce);
    if (!err)
        err = scope_set(&slot->scope, "attach", text, NAME_TEXT);
    /* 测试商品: a name that is wrong in every encoding but UTF-8 */
    snprintf(text, sizeof(text), "\xE6\xB5\x8B\xE8\xAF\x95\xE5\x95\x86\xE5\x93\x81 %.6s%s", nonce,
             wish->markup ? " A&B <C> \"D\" 'E' ]]>" : "");
    if (!err)
        err = scope_set(&slot->scope, "description", text, NAME_TEXT);
    return err;
}

/* Names of the order. ERR_NOT_FOUND when the price list has no such thing (recorded as skip). */
static int furnish(struct bench *bench, struct slot *slot, const struct order_wish *wish)
{
    int payer = wish->payer ? wish->payer : 1;
    int64_t fen = wish->amount_fen;

    slot->order.payer = payer;
    slot->scope.outer = &bench->shop.payers[payer].scope;
    if (bench->profile->price == PRICE_SKUS) {
        const struct sku *sku = choose_sku(bench, wish);
        if (!sku) {
            bench_skip(bench, "the price list has no goods %s",
                       wish->markup ? "with & or < in their name" : "of the wanted price");
            return ERR_NOT_FOUND;
        }
        fen = sku->price_fen;
        int err = scope_set(&slot->scope, "sku", sku->name, NAME_TEXT);
        if (err)
            return err;
    } else {
        int err = scope_set(&slot->scope, "sku", "", NAME_TEXT);
        if (err)
            return err;
        if (!fen)
            fen = usual_fen[rng_below(&bench->rng, COUNT(usual_fen))];
    }
    int err = set_amount(slot, fen);
    return err ? err : set_texts(bench, slot, wish);
}

/* ---- making ------------------------------------------------------------------------------------------- */

static bool step_ok(const struct http_answer *answer)
{
    return answer->status >= 200 && answer->status <= 399 && !answer->error[0];
}

/* One step's answer: captures, or why it failed. */
static void digest(struct bench *bench, struct slot *slot, const struct step *step,
                   struct visit *visit)
{
    struct shop *shop = &bench->shop;

    if (!step_ok(&visit->answer)) {
        slot->order.created = false;
        snprintf(shop->why, sizeof(shop->why), "the step of line %u answered %d%s%.200s",
                 step->line, visit->answer.status, visit->answer.error[0] ? ": " : "",
                 visit->answer.error);
    } else if (shop_capture(shop, step, &visit->answer, &slot->scope)) {
        slot->order.created = false;
    }
    http_answer_release(&slot->last);
    slot->last = visit->answer;
    visit->answer = (struct http_answer){};
    if (slot->last.status)
        bench->hangs = 0;
    else if (strncmp(slot->last.error, "no complete", strlen("no complete")) == 0)
        bench->hangs++;
}

static int walk_steps(struct bench *bench, struct slot *slot, const struct order_wish *wish,
                      json_t *traces)
{
    const struct steps *create = &bench->profile->create;
    int err = 0;

    slot->order.created = true;
    for (size_t i = 0; !err && slot->order.created && i < create->count; i++) {
        struct visit visit = {};
        struct errand errand = { .step = &create->item[i],
                                 .scope = &slot->scope,
                                 .payer = slot->order.payer,
                                 .timeout_ms = bench_patience_ms(bench, wish->timeout_ms),
                                 .tamper_fen = wish->tamper_fen };
        err = shop_do(&bench->shop, &errand, &visit);
        if (err)
            break;
        json_array_append(traces, visit.trace);
        digest(bench, slot, &create->item[i], &visit);
        visit_release(&visit);
    }
    return err;
}

static json_t *captured_fact(const struct slot *slot)
{
    json_t *fact = json_object();
    for (size_t i = 0; i < slot->scope.count; i++) {
        const struct scope_name *name = &slot->scope.item[i];
        json_object_set_new(fact, name->name, json_string(name->value));
    }
    return fact;
}

static void record_create(struct bench *bench, struct slot *slot, const struct order_wish *wish,
                          json_t *traces, const char *linked)
{
    const struct order *order = &slot->order;
    const struct scope_name *sku = scope_get(&slot->scope, VIEW("sku"));
    json_t *data = json_pack(
        "{s:I, s:s?, s:s, s:i, s:o, s:O, s:b, s:s, s:o, s:s, s:s, s:s, s:I, s:s, s:s?}",
        "amount_fen", (json_int_t)order->amount_fen, "sku", sku ? sku->value : NULL, "description",
        scope_get(&slot->scope, VIEW("description"))->value, "payer", order->payer, "tampered",
        wish->tamper_fen ? json_integer((json_int_t)wish->tamper_fen) : json_null(), "steps",
        traces, "created", order->created, "why", order->created ? "" : bench->shop.why, "captured",
        captured_fact(slot), "out_trade_no", order->out_trade_no, "notify_url", order->notify_url,
        "code_url", order->code_url, "total_fen", (json_int_t)order->total_fen, "sign_type",
        order->sign_type, "linked", linked);
    bench_fact(bench, "create", order, wish->label, data);
}

/* After the steps: link, record, complain. */
static int conclude(struct bench *bench, struct slot *slot, const struct order_wish *wish,
                    json_t *traces)
{
    const char *linked = NULL;
    char why[400];

    snprintf(why, sizeof(why), "%s", bench->shop.why);
    int err = bench_find_call(bench, slot, &linked);
    snprintf(bench->shop.why, sizeof(bench->shop.why), "%s", why);
    record_create(bench, slot, wish, traces, linked);
    if (err || wish->may_fail)
        return err;
    if (!slot->order.created)
        return bench_trouble(bench, "merchant", "create", "the order could not be made: %s", why);
    if (!linked)
        return bench_trouble(bench, "merchant", "create",
                             "no create call at the platform could be linked to the order");
    return 0;
}

struct order *bench_create(struct bench *bench, const struct order_wish *wish)
{
    static const struct order_wish any;
    json_t *traces;

    if (!wish)
        wish = &any;
    if (bench_go(bench) || bench_login(bench, wish->payer ? wish->payer : 1))
        return NULL;
    struct slot *slot = bench_new_slot(bench);
    if (!slot) {
        bench_trouble(bench, "judge", "create", "%s", err_text(ERR_NOMEM));
        return NULL;
    }
    if (bench_pull(bench))
        return NULL;
    slot->after = bench->cursor;
    int err = furnish(bench, slot, wish);
    if (err == ERR_NOT_FOUND)
        return NULL; /* a skip */
    traces = json_array();
    if (!err)
        err = walk_steps(bench, slot, wish, traces);
    if (err)
        bench_errand_trouble(bench, "create", err);
    else
        err = conclude(bench, slot, wish, traces);
    json_decref(traces);
    return err ? NULL : &slot->order;
}

/* One step of all orders at once; one that failed in an earlier step goes no further. */
static int walk_together(struct bench *bench, const struct order_wish *wish, size_t step_index,
                         struct slot **slots, size_t count, json_t **traces)
{
    const struct step *step = &bench->profile->create.item[step_index];
    const struct scope *scopes[TOGETHER_MAX];
    size_t at[TOGETHER_MAX], live = 0;
    struct visit visits[TOGETHER_MAX];
    struct errand errand = { .step = step,
                             .payer = slots[0]->order.payer,
                             .timeout_ms = bench_patience_ms(bench, wish->timeout_ms) };

    for (size_t i = 0; i < count; i++) {
        if (!slots[i]->order.created)
            continue;
        scopes[live] = &slots[i]->scope;
        at[live++] = i;
    }
    int err = live ? shop_do_all(&bench->shop, &errand, scopes, live, visits) : 0;
    for (size_t i = 0; !err && i < live; i++) {
        json_array_append(traces[at[i]], visits[i].trace);
        digest(bench, slots[at[i]], step, &visits[i]);
        visit_release(&visits[i]);
    }
    return err;
}

int bench_create_many(struct bench *bench, const struct order_wish *wish, size_t count,
                      struct order **out)
{
    static const struct order_wish any;
    struct slot *slots[TOGETHER_MAX];
    json_t *traces[TOGETHER_MAX] = {};
    int err = bench_go(bench);

    if (!wish)
        wish = &any;
    if (!err && (count < 2 || count > TOGETHER_MAX))
        err = bench_trouble(bench, "judge", "create", "%zu orders at once", count);
    if (!err)
        err = bench_login(bench, wish->payer ? wish->payer : 1);
    if (!err)
        err = bench_pull(bench);
    for (size_t i = 0; !err && i < count; i++) {
        slots[i] = bench_new_slot(bench);
        traces[i] = json_array();
        if (!slots[i])
            err = bench_trouble(bench, "judge", "create", "%s", err_text(ERR_NOMEM));
        if (!err)
            err = furnish(bench, slots[i], wish);
        if (!err) {
            slots[i]->after = bench->cursor;
            slots[i]->order.created = true;
        }
    }
    for (size_t step = 0; !err && step < bench->profile->create.count; step++) {
        if (bench->profile->create.item[step].command)
            err = ERR_USAGE;
        else
            err = walk_together(bench, wish, step, slots, count, traces);
    }
    if (err == ERR_USAGE)
        bench_skip(bench, "orders made by a command cannot be made at the same time");
    for (size_t i = 0; !err && i < count; i++) {
        err = conclude(bench, slots[i], wish, traces[i]);
        out[i] = &slots[i]->order;
    }
    for (size_t i = 0; i < count && i < TOGETHER_MAX; i++)
        json_decref(traces[i]);
    return err;
}
