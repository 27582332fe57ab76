#include "refunds.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "order_json.h"
#include "platform.h"
#include "reply.h"
#include "steps.h"
#include "turns.h"

#include <assert.h>

#define AT_ONCE_MAX 8       /* refunds asked about at a time */
#define LEASE_MS    120'000 /* while one is asked about it is due again only after this */
#define HURRY_MS    1'000 /* however often somebody asks us, the platform is asked once a second */

/* One question about one refund, from the asking to the answer. */
struct errand {
    struct errand *next;
    struct shop *shop;
    struct order order;
    struct refund refund;
    enum api api;
};

/* A refresh that waits until the order's refunds were asked about. */
struct watch {
    struct watch *next;
    struct http_call *call;
    char id[ORDER_ID_LEN + 1];
    int64_t until_ms; /* what is due by then counts */
};

struct refunds {
    struct errand *running;
    size_t count;
    struct watch *watches;
    bool stopping;
};

/* --- who watches ---------------------------------------------------------------------------- */

struct pending {
    const struct watch *watch;
    bool found;
};

static void look(void *owner, const struct refund *refund)
{
    struct pending *pending = owner;
    if (refund->due_ms > 0 && refund->due_ms <= pending->watch->until_ms)
        pending->found = true;
}

static bool still_pending(struct shop *shop, const struct watch *watch)
{
    struct pending pending = { .watch = watch };
    for (const struct errand *errand = shop->refunds->running; errand; errand = errand->next) {
        if (strcmp(errand->order.id, watch->id) == 0)
            return true;
    }
    return ledger_refunds(shop->ledger, watch->id, look, &pending) == 0 && pending.found;
}

static void answer_watch(struct shop *shop, struct watch *watch)
{
    struct order order;
    int err = shop->refunds->stopping ? ERR_CLOSED
                                      : ledger_get(shop->ledger, view_str(watch->id), &order);
    if (err)
        reply_error(shop, watch->call, 503, "NOT_NOW", err_text(err), NULL);
    else
        reply_json(watch->call, 200, order_json(shop, &order));
    mem_free(watch);
}

static void answer_watches(struct shop *shop)
{
    struct watch **at = &shop->refunds->watches;
    while (*at) {
        struct watch *watch = *at;
        if (!shop->refunds->stopping && still_pending(shop, watch)) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        answer_watch(shop, watch);
    }
}

/* --- the answer ----------------------------------------------------------------------------- */

/* The row as it is now; what this errand counted is kept. */
static int read_anew(struct errand *errand)
{
    struct refund before = errand->refund;
    int err =
        ledger_get_refund(errand->shop->ledger, view_str(before.out_refund_no), &errand->refund);
    if (!err)
        err = ledger_get(errand->shop->ledger, view_str(before.order_id), &errand->order);
    errand->refund.doubt = before.doubt;
    errand->refund.tries = before.tries;
    errand->refund.fails = before.fails;
    errand->refund.asked_ms = before.asked_ms;
    return err;
}

static void accepted(struct errand *errand, struct answer *answer)
{
    struct refund *refund = &errand->refund;
    enum refund_state next = errand->shop->steps->refund_accepted(errand->shop, refund, answer);
    refund->doubt = false;
    refund->fails = 0;
    int err = ledger_move_refund(errand->shop->ledger, refund, next);
    if (err && err != ERR_EXISTS) /* EXISTS: a notification was faster */
        log_line(LOG_ERROR, "refund", "%s did not move: %s", refund->out_refund_no, err_text(err));
}

/* A proven answer to a query: what it says is this refund's, and is written down. */
static const char *settle(struct errand *errand, const struct answer *answer)
{
    struct shop *shop = errand->shop;
    struct refund_facts facts = {};
    const enum refund_state before = errand->refund.state;
    const char *why = shop->options->api == WIRE_V3
                          ? shop->steps->v3_refund_told(shop, answer, &facts)
                          : shop->steps->refund_told(shop, answer, &facts);
    if (!why)
        why = shop->steps->refund_match(shop, &errand->order, &errand->refund, &facts);
    if (why)
        return why;
    int err = ledger_begin(shop->ledger);
    if (err)
        return err_text(err);
    err = shop->steps->refund_settle(shop, &errand->order, &errand->refund, &facts);
    if (err)
        ledger_rollback(shop->ledger);
    else
        err = ledger_commit(shop->ledger);
    if (err)
        errand->refund.state = before; /* as the file says, so that it is asked about again */
    return err ? err_text(err) : NULL;
}

static void react(struct errand *errand, struct answer *answer)
{
    struct refund *refund = &errand->refund;
    if (answer->outcome == ANSWER_OK && errand->api == API_REFUND) {
        accepted(errand, answer);
        return;
    }
    if (answer->outcome == ANSWER_OK) {
        const char *why = settle(errand, answer);
        if (!why) {
            refund->doubt = false;
            refund->fails = 0;
            refund->tries++;
            return;
        }
        log_event(LOG_WARN, "refund", "not believed", "number", view_str(refund->out_refund_no),
                  "why", view_str(why), NULL);
        answer->outcome = ANSWER_UNKNOWN;
    }
    errand->shop->steps->refund_failed(errand->shop, refund, answer);
}

static void schedule(struct errand *errand, enum refusal why)
{
    struct shop *shop = errand->shop;
    struct refund *refund = &errand->refund;
    bool waits = refund_is_open(refund->state) || refund->state == REFUND_ABNORMAL;
    refund->due_ms =
        waits ? shop_now_ms(shop) + shop->steps->refund_gap_s(shop, refund, why) * 1000 : 0;
    if (ledger_schedule_refund(shop->ledger, refund))
        log_line(LOG_ERROR, "refund", "%s keeps its old due time", refund->out_refund_no);
}

/* The errand's last: it is off the list and freed. */
static void finish(struct errand *errand)
{
    struct shop *shop = errand->shop;
    struct refunds *refunds = shop->refunds;
    for (struct errand **at = &refunds->running; *at; at = &(*at)->next) {
        if (*at == errand) {
            *at = errand->next;
            break;
        }
    }
    refunds->count--;
    mem_free(errand);
    answer_watches(shop);
    turns_wake(shop);
}

static void on_answer(struct answer *answer, void *owner)
{
    struct errand *errand = owner;
    if (!errand->shop->refunds->stopping) { /* else the file says: in doubt */
        if (read_anew(errand) == 0)
            react(errand, answer);
        schedule(errand, answer->outcome == ANSWER_ERROR ? answer->error : REFUSAL_AGAIN);
    }
    finish(errand);
}

/* --- the agenda ----------------------------------------------------------------------------- */

/* Before the question leaves, the file says that it may have: a killed shop queries first. */
static int begin(struct shop *shop, const struct refund *refund)
{
    struct errand *errand = mem_new(struct errand);
    if (!errand)
        return ERR_NOMEM;
    *errand = (struct errand){ .shop = shop, .refund = *refund };
    errand->api = shop->steps->refund_ask(shop, refund);
    errand->refund.asked_ms = shop_now_ms(shop);
    errand->refund.due_ms = errand->refund.asked_ms + LEASE_MS;
    errand->refund.doubt = refund->doubt || errand->api == API_REFUND;
    int err = ledger_get(shop->ledger, view_str(refund->order_id), &errand->order);
    if (!err)
        err = ledger_schedule_refund(shop->ledger, &errand->refund);
    if (err) {
        mem_free(errand);
        return err;
    }
    errand->next = shop->refunds->running;
    shop->refunds->running = errand;
    shop->refunds->count++;
    struct platform_ask ask = { .api = errand->api,
                                .order = &errand->order,
                                .refund = &errand->refund,
                                .on_answer = on_answer,
                                .owner = errand };
    if (platform_send(shop, &ask)) {
        errand->refund.fails++;
        schedule(errand, REFUSAL_AGAIN);
        finish(errand);
    }
    return 0;
}

static bool is_running(const struct shop *shop, const struct refund *refund)
{
    const struct errand *errand = shop->refunds->running;
    while (errand && strcmp(errand->refund.out_refund_no, refund->out_refund_no) != 0)
        errand = errand->next;
    return errand != NULL;
}

void refunds_tend(struct shop *shop)
{
    struct refunds *refunds = shop->refunds;
    struct refund refund;
    while (!refunds->stopping && refunds->count < AT_ONCE_MAX &&
           ledger_due_refund(shop->ledger, shop_now_ms(shop), &refund) == 0) {
        if (!is_running(shop, &refund)) {
            if (begin(shop, &refund))
                return;
            continue;
        }
        refund.due_ms = shop_now_ms(shop) + LEASE_MS; /* its errand reads the row anew */
        if (ledger_schedule_refund(shop->ledger, &refund))
            return;
    }
}

bool refunds_are_busy(const struct shop *shop)
{
    return shop->refunds && shop->refunds->count > 0;
}

int refunds_start(struct shop *shop)
{
    shop->refunds = mem_new(struct refunds);
    return shop->refunds ? 0 : ERR_NOMEM;
}

void refunds_stop(struct shop *shop)
{
    if (!shop->refunds)
        return;
    shop->refunds->stopping = true;
    answer_watches(shop);
}

void refunds_release(struct shop *shop)
{
    assert(!refunds_are_busy(shop));
    mem_free(shop->refunds);
    shop->refunds = NULL;
}

/* --- a refresh ------------------------------------------------------------------------------- */

void refunds_refresh(struct shop *shop, struct http_call *call, struct order *order)
{
    struct watch *watch = mem_new(struct watch);
    int64_t now = shop_now_ms(shop);
    int err = watch ? ledger_hurry_refunds(shop->ledger, order->id, now, HURRY_MS) : ERR_NOMEM;
    if (err) {
        reply_error(shop, call, 503, "NOT_NOW", err_text(err), NULL);
        mem_free(watch);
        return;
    }
    *watch =
        (struct watch){ .next = shop->refunds->watches, .call = call, .until_ms = now + HURRY_MS };
    memcpy(watch->id, order->id, sizeof(watch->id));
    shop->refunds->watches = watch;
    answer_watches(shop); /* when there is none to ask about, at once */
    turns_wake(shop);
}
