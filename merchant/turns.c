#include "turns.h"

#include "base/err.h"
#include "base/mem.h"
#include "refunds.h"
#include "steps.h"
#include "trust.h"
#include "turn.h"

#include <assert.h>

#define PENDING_SOON_MS 30'000 /* after a start: until every open order is asked about */

/* Somebody who waits for the end of a turn. */
struct waiter {
    struct waiter *next;
    char id[ORDER_ID_LEN + 1];
    enum turn_want want;
    bool ready; /* the turn that counts for it has begun */
    void (*on_end)(void *owner, int err);
    void *owner;
};

struct turns {
    struct shop *shop;
    struct turn *running;
    size_t count;
    struct waiter *waiters;
    uv_timer_t timer;
    bool stopping;
    struct {
        bool on;
        int64_t until_ms;
        void (*on_done)(void *owner);
        void *owner;
    } advance;
};

static void on_due(uv_timer_t *timer);

static struct turn *turn_of(struct turns *turns, const char *id)
{
    struct turn *turn = turns->running;
    while (turn && strcmp(turn->order.id, id) != 0)
        turn = turn->next;
    return turn;
}

static void wake_ms(struct turns *turns, uint64_t ms)
{
    if (!turns->stopping)
        uv_timer_start(&turns->timer, on_due, ms, 0);
}

void turns_wake(struct shop *shop)
{
    wake_ms(shop->turns, 0);
}

static void tell_waiters(struct turns *turns, const char *id, int err)
{
    struct waiter *told = NULL;
    for (struct waiter **at = &turns->waiters; *at;) {
        struct waiter *waiter = *at;
        if ((id && strcmp(waiter->id, id) != 0) || (!waiter->ready && id)) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->next = told;
        told = waiter;
    }
    while (told) { /* they may wait again at once: that is a new entry */
        struct waiter *waiter = told;
        told = waiter->next;
        waiter->on_end(waiter->owner, err);
        mem_free(waiter);
    }
}

void turns_began(struct turn *turn)
{
    struct turns *turns = turn->shop->turns;
    turn->next = turns->running;
    turns->running = turn;
    turns->count++;
    for (struct waiter *waiter = turns->waiters; waiter; waiter = waiter->next) {
        if (strcmp(waiter->id, turn->order.id) == 0)
            waiter->ready = true;
    }
}

void turns_ended(struct turn *turn)
{
    struct turns *turns = turn->shop->turns;
    for (struct turn **at = &turns->running; *at; at = &(*at)->next) {
        if (*at == turn) {
            *at = turn->next;
            break;
        }
    }
    turns->count--;
    tell_waiters(turns, turn->order.id, turns->stopping ? UV_ECANCELED : 0);
    wake_ms(turns, 0);
}

bool turns_stopping(const struct shop *shop)
{
    return shop->turns->stopping;
}

/* --- who begins --------------------------------------------------------------------------------- */

/* The strongest wish for this order that no turn has taken up. */
static bool wanted(const struct turns *turns, const char *id, enum turn_want *want)
{
    bool found = false;
    *want = WANT_END;
    for (const struct waiter *waiter = turns->waiters; waiter; waiter = waiter->next) {
        if (strcmp(waiter->id, id) == 0 && !waiter->ready && waiter->want != WANT_END) {
            found = true;
            if (waiter->want > *want)
                *want = waiter->want;
        }
    }
    return found;
}

static void begin_wanted(struct shop *shop)
{
    struct turns *turns = shop->turns;
    for (struct waiter *waiter = turns->waiters; waiter && turns->count < TURNS_MAX;
         waiter = waiter->next) {
        enum turn_want want;
        struct order order;
        if (waiter->ready || turn_of(turns, waiter->id) || !wanted(turns, waiter->id, &want))
            continue;
        if (ledger_get(shop->ledger, view_str(waiter->id), &order) ||
            turn_begin(shop, &order, want, want == WANT_CREATE))
            wake_ms(turns, 100);
    }
}

static void begin_due(struct shop *shop)
{
    trust_tend(shop);
    refunds_tend(shop);
    struct turns *turns = shop->turns;
    struct order order;
    while (turns->count < TURNS_MAX && ledger_due(shop->ledger, shop_now_ms(shop), &order) == 0) {
        if (order.state == ORDER_PAID && !order.held) {
            turn_ship(shop, &order); /* needs nobody's answer: not even a turn */
            if (order.state == ORDER_SHIPPED) {
                tell_waiters(turns, order.id, 0);
                continue;
            }
            order.fails++;
            order.due_ms = shop_now_ms(shop) + shop->steps->retry_gap_s(shop, &order) * 1000;
        } else if (turn_of(turns, order.id)) {
            order.due_ms = shop_now_ms(shop) + TURN_LEASE_MS; /* its turn reads the order anew */
        } else {
            if (turn_begin(shop, &order, WANT_END, true))
                break;
            continue;
        }
        if (ledger_schedule(shop->ledger, &order))
            break;
    }
}

/* The first thing to do, an order's or the download of certificates; 0: nothing. */
static int64_t next_due(const struct shop *shop)
{
    int64_t due = 0, trust = trust_due_ms(shop);
    if (ledger_next_due(shop->ledger, &due))
        due = 0;
    return trust && !trust_is_busy(shop) && (!due || trust < due) ? trust : due;
}

/* One step of an advance: true when its end is reached. */
static bool advance_step(struct shop *shop)
{
    struct turns *turns = shop->turns;
    if (turns->count || trust_is_busy(shop) || refunds_are_busy(shop))
        return false; /* its end wakes us */
    int64_t due = next_due(shop), now = shop_now_ms(shop), until = turns->advance.until_ms;
    if (due && due <= until) {
        if (due > now)
            vclock_set(&shop->clock, due);
        return false;
    }
    if (now < until)
        vclock_set(&shop->clock, until);
    turns->advance.on = false;
    turns->advance.on_done(turns->advance.owner);
    return true;
}

static void on_due(uv_timer_t *timer)
{
    struct turns *turns = container_of(timer, struct turns, timer);
    struct shop *shop = turns->shop;
    begin_wanted(shop);
    begin_due(shop);
    if (turns->advance.on && !advance_step(shop) && turns->count == 0 && !trust_is_busy(shop) &&
        !refunds_are_busy(shop))
        wake_ms(turns, 0);
    if (uv_is_active((uv_handle_t *)timer))
        return;

    int64_t due = next_due(shop);
    if (!due || turns->count >= TURNS_MAX)
        return; /* the end of a turn wakes us */
    int64_t in_ms = due - shop_now_ms(shop);
    wake_ms(turns, in_ms > 0 ? (uint64_t)in_ms + 1 : 100);
}

/* --- doors ----------------------------------------------------------------------------------------- */

int turns_start(struct shop *shop)
{
    shop->turns = mem_new(struct turns);
    if (!shop->turns)
        return ERR_NOMEM;
    uv_timer_init(shop->loop, &shop->turns->timer);
    shop->turns->shop = shop;
    int64_t now = shop_now_ms(shop);
    int err = ledger_resume(shop->ledger, now, now + PENDING_SOON_MS);
    if (!err)
        turns_wake(shop);
    return err;
}

void turns_stop(struct shop *shop)
{
    struct turns *turns = shop->turns;
    if (!turns || turns->stopping)
        return;
    turns->stopping = true;
    uv_close((uv_handle_t *)&turns->timer, NULL);
    if (turns->advance.on) {
        turns->advance.on = false;
        turns->advance.on_done(turns->advance.owner);
    }
    tell_waiters(turns, NULL, UV_ECANCELED);
}

void turns_release(struct shop *shop)
{
    mem_free(shop->turns);
    shop->turns = NULL;
}

int turns_want(struct shop *shop, const char *id, enum turn_want want,
               void (*on_end)(void *owner, int err), void *owner)
{
    struct turns *turns = shop->turns;
    if (turns->stopping)
        return ERR_CLOSED;
    struct waiter *waiter = mem_new(struct waiter);
    if (!waiter)
        return ERR_NOMEM;
    int err = view_copy(view_str(id), waiter->id, sizeof(waiter->id));
    assert(!err);
    (void)err;
    waiter->want = want;
    waiter->ready = want == WANT_END;
    waiter->on_end = on_end;
    waiter->owner = owner;
    waiter->next = turns->waiters;
    turns->waiters = waiter;
    turns_wake(shop);
    return 0;
}

int turns_advance(struct shop *shop, int64_t by_ms, void (*on_done)(void *owner), void *owner)
{
    struct turns *turns = shop->turns;
    if (turns->advance.on)
        return ERR_EXISTS;
    if (turns->stopping)
        return ERR_CLOSED;
    int64_t now = shop_now_ms(shop);
    if (by_ms < 0)
        vclock_set(&shop->clock, now + by_ms);
    turns->advance.on = true;
    turns->advance.until_ms = now + by_ms;
    turns->advance.on_done = on_done;
    turns->advance.owner = owner;
    turns_wake(shop);
    return 0;
}
