/* Stepping a virtual clock through what is due — architecture, decision 3 */
#include "notify_priv.h"

#include "base/err.h"
#include "base/log.h"

/*
 * Moments and closed orders within one look; the rest follows in the next turn. More of them, and
 * who calls the sandbox meanwhile would wait too long.
 */
#define LOOK_MAX 256

struct advance {
    struct advance *next;
    struct notify *notify;
    int64_t account_id, until_ms;
    bool wait, over; /* over: wait_ms has passed */
    size_t ended;    /* deliveries since the start */
    uv_timer_t timer;
    void (*on_done)(void *owner, size_t ended, size_t open);
    void *owner;
};

static void on_advance_closed(uv_handle_t *handle)
{
    mem_free(container_of(handle, struct advance, timer));
}

static void finish(struct advance *advance, size_t open)
{
    struct advance **link = &advance->notify->advances;
    while (*link != advance)
        link = &(*link)->next;
    *link = advance->next;
    advance->on_done(advance->owner, advance->ended, open);
    uv_close((uv_handle_t *)&advance->timer, on_advance_closed);
}

static void on_wait_over(uv_timer_t *timer)
{
    struct advance *advance = container_of(timer, struct advance, timer);
    advance->over = true; /* the turn's pump goes on with it */
}

static int64_t next_due(struct notify *notify, struct account *account)
{
    struct sandbox *sandbox = notify->sandbox;
    struct notice_row notice;
    int64_t due = order_next_due(&sandbox->engine, account);
    if (notice_next(sandbox->store, account->id, &notice) == 0 && notice.due_ms < due)
        due = notice.due_ms;
    return due;
}

/* The clock shows @at_ms, or goes on if it is later already: it never steps back. */
static void move_clock(struct account *account, int64_t at_ms)
{
    if (at_ms > account_now_ms(account))
        vclock_set(&account->clock, at_ms);
}

/* True: nothing more to wait for before @until. */
static bool run_due(struct advance *advance, struct account *account)
{
    struct notify *notify = advance->notify;
    size_t budget = LOOK_MAX;
    while (budget) {
        if (advance->wait && !advance->over && account->open_deliveries)
            return false;
        int64_t due = next_due(notify, account);
        if (due > advance->until_ms)
            return true;
        move_clock(account, due);
        budget--;
        int err = order_settle_time(&notify->sandbox->engine, account, &budget);
        size_t started = notify_pump_account(notify, account);
        if (!budget && !err)
            break;
        if (err || (!started && next_due(notify, account) <= due))
            return account->open_deliveries == 0 || !advance->wait || advance->over;
    }
    notify_soon(notify);
    return false;
}

static void step(struct advance *advance)
{
    struct notify *notify = advance->notify;
    struct sandbox *sandbox = notify->sandbox;
    struct account *account = accounts_by_id(sandbox->accounts, advance->account_id);
    if (!account) {
        finish(advance, 0);
        return;
    }
    if (turn_open(sandbox->turn) || !run_due(advance, account))
        return;
    move_clock(account, advance->until_ms);
    int err = account_save(sandbox->accounts, account);
    if (err)
        log_line(LOG_ERROR, "clock", "not stored: %s", err_text(err));
    notify_arm(notify, account);
    finish(advance, account->open_deliveries);
}

void notify_step_advances(struct notify *notify)
{
    struct advance *next;
    for (struct advance *advance = notify->advances; advance; advance = next) {
        next = advance->next; /* step() may end it */
        step(advance);
    }
}

void notify_count_advances(struct notify *notify, int64_t account_id)
{
    for (struct advance *advance = notify->advances; advance; advance = advance->next)
        if (advance->account_id == account_id)
            advance->ended++;
}

void notify_end_advances(struct notify *notify)
{
    while (notify->advances)
        finish(notify->advances, 0);
}

int notify_advance(struct notify *notify, struct account *account, int64_t until_ms,
                   int64_t wait_ms, void (*on_done)(void *owner, size_t ended, size_t open),
                   void *owner)
{
    if (notify->stopping)
        return ERR_CLOSED;
    struct advance *advance = mem_new(struct advance);
    if (!advance)
        return ERR_NOMEM;
    advance->notify = notify;
    advance->account_id = account->id;
    advance->until_ms = until_ms;
    advance->wait = wait_ms > 0;
    advance->on_done = on_done;
    advance->owner = owner;
    uv_timer_init(notify->sandbox->loop, &advance->timer);
    if (wait_ms > 0)
        uv_timer_start(&advance->timer, on_wait_over, (uint64_t)wait_ms, 0);
    advance->next = notify->advances;
    notify->advances = advance;
    return 0; /* the turn's pump begins it */
}
