#include "notify_priv.h"

#include "base/err.h"
#include "base/log.h"

#define RETRY_LOOK_MS 1000 /* when the store or memory refused, look again */

/* ---- queues of accounts -------------------------------------------------------------------- */

static int queue_add(struct id_queue *queue, int64_t id)
{
    if (queue->first && queue->first + queue->count == queue->cap) {
        memmove(queue->id, queue->id + queue->first, queue->count * sizeof(*queue->id));
        queue->first = 0;
    }
    if (queue->count == queue->cap) {
        size_t cap = queue->cap ? queue->cap * 2 : 64;
        int64_t *grown = mem_realloc(queue->id, cap * sizeof(*grown));
        if (!grown)
            return ERR_NOMEM;
        queue->id = grown;
        queue->cap = cap;
    }
    queue->id[queue->first + queue->count++] = id;
    return 0;
}

/* The account that stood longest, if it still exists; NULL: the queue is empty. */
static struct account *queue_take(struct id_queue *queue, struct accounts *accounts)
{
    struct account *account = NULL;
    while (queue->count && !account) {
        account = accounts_by_id(accounts, queue->id[queue->first++]);
        queue->count--;
    }
    if (!queue->count)
        queue->first = 0;
    return account;
}

/* ---- when to look again ------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

static void set_timer(struct notify *notify, int64_t at_ms)
{
    if (at_ms >= notify->timer_ms || notify->stopping)
        return;
    int64_t in_ms = at_ms - clock_real_ms();
    notify->timer_ms = at_ms;
    uv_timer_start(&notify->timer, on_timer, in_ms > 0 ? (uint64_t)in_ms : 0, 0);
}

void notify_soon(struct notify *notify)
{
    set_timer(notify, clock_real_ms());
}

/* Something is due and over a limit: the end of a delivery, its own or another's, looks again. */
static bool stands_in_line(struct notify *notify, struct account *account)
{
    if (account->open_deliveries >= OPEN_MAX_ACCOUNT || account->crowded)
        return true;
    if (notify->open_count < OPEN_MAX_ALL || queue_add(&notify->crowd, account->id))
        return false;
    account->crowded = true;
    return true;
}

void notify_arm(struct notify *notify, struct account *account)
{
    struct notice_row next;
    account->wake_ms = 0;
    int err = notice_next(notify->sandbox->store, account->id, &next);
    if (err == ERR_NOT_FOUND)
        return;
    if (err) {
        account->wake_ms = clock_real_ms() + RETRY_LOOK_MS;
    } else {
        int64_t in_ms = next.due_ms - account_now_ms(account);
        if (account->clock.frozen && in_ms > 0)
            return; /* only an advance can make it due */
        if (in_ms <= 0 && stands_in_line(notify, account))
            return;
        account->wake_ms = clock_real_ms() + (in_ms > 0 ? in_ms : RETRY_LOOK_MS);
    }
    set_timer(notify, account->wake_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct notify *notify = container_of(timer, struct notify, timer);
    struct accounts *accounts = notify->sandbox->accounts;
    int64_t now = clock_real_ms(), next = INT64_MAX;
    notify->timer_ms = INT64_MAX;
    notify->recovers = notify->stale;
    struct account *account;
    for (size_t i = 0; (account = accounts_at(accounts, i)); i++) {
        if (account->wake_ms && account->wake_ms <= now)
            notify_wake(notify, account);
        else if (account->wake_ms && account->wake_ms < next)
            next = account->wake_ms;
    }
    if (next != INT64_MAX)
        set_timer(notify, next);
}

void notify_wake(struct notify *notify, struct account *account)
{
    if (notify->stopping || notify->woken_all || (account && account->woken))
        return;
    if (account && queue_add(&notify->woken, account->id) == 0)
        account->woken = true;
    else
        notify->woken_all = true; /* asked for, or no memory for the list */
}

void notify_next(struct notify *notify, struct account *account)
{
    struct account *longest = queue_take(&notify->crowd, notify->sandbox->accounts);
    if (longest) { /* before the account whose place became free: it has had its turn */
        longest->crowded = false;
        notify_wake(notify, longest);
    }
    if (account)
        notify_wake(notify, account);
}

void notify_rolled_back(struct notify *notify)
{
    notify->stale = true;
    set_timer(notify, clock_real_ms() + RETRY_LOOK_MS);
}

/* ---- what is due ------------------------------------------------------------------------- */

static bool room(const struct notify *notify, const struct account *account)
{
    return !notify->stopping && notify->open_count < OPEN_MAX_ALL &&
           account->open_deliveries < OPEN_MAX_ACCOUNT;
}

/*
 * A row that cannot even be begun (no memory, store full) must not block the others for ever. V3
 * without an APIv3 key is never sent at all (V3 6.5).
 */
static bool postpone(struct notify *notify, struct account *account, struct notice_row *notice,
                     int why)
{
    if (why == ERR_RANGE) {
        log_event(LOG_WARN, "notify", "not sent: no APIv3 key", "mch_id", view_str(account->mch_id),
                  NULL);
        notice->state = NOTICE_SUPPRESSED;
        return notice_update(notify->sandbox->store, notice) == 0;
    }
    log_line(LOG_ERROR, "notify", "delivery %lld not begun: %s", (long long)notice->id,
             err_text(why));
    notice->due_ms = account_now_ms(account) + RETRY_LOOK_MS;
    return notice_update(notify->sandbox->store, notice) == 0;
}

size_t notify_pump_account(struct notify *notify, struct account *account)
{
    struct store *store = notify->sandbox->store;
    struct notice_row notice;
    size_t started = 0;
    while (room(notify, account) && notice_next(store, account->id, &notice) == 0 &&
           notice.due_ms <= account_now_ms(account)) {
        struct delivery_plan plan = { .account = account, .notice = notice };
        int err = delivery_begin(notify, &plan);
        if (!err)
            started++;
        else if (!postpone(notify, account, &notice, err))
            break;
    }
    notify_arm(notify, account);
    return started;
}

static void pump_all(struct notify *notify)
{
    struct account *account;
    notify->woken_all = false;
    for (size_t i = 0; (account = accounts_at(notify->sandbox->accounts, i)); i++) {
        account->woken = false;
        notify_pump_account(notify, account);
    }
    notify->woken.first = notify->woken.count = 0;
}

/*
 * Rows left SENDING by an end that was not committed become WAITING, as after a crash; those that
 * are under way indeed stay what they are.
 */
static int recover(struct notify *notify)
{
    struct store *store = notify->sandbox->store;
    int err = turn_open(notify->sandbox->turn);
    if (!err)
        err = notice_recover(store);
    for (struct delivery *d = notify->open; d && !err; d = d->next) {
        if (d->shadow || d->notice.state != NOTICE_SENDING)
            continue;
        err = notice_update(store, &d->notice);
        if (err == ERR_NOT_FOUND)
            err = 0; /* cleared meanwhile */
    }
    return err;
}

static void recover_or_retry(struct notify *notify)
{
    notify->recovers = false;
    notify->stale = recover(notify) != 0;
    if (notify->stale)
        set_timer(notify, clock_real_ms() + RETRY_LOOK_MS);
    else
        notify_wake(notify, NULL);
}

void notify_pump(struct notify *notify)
{
    struct account *account;
    if (notify->stopping)
        return;
    if (notify->recovers)
        recover_or_retry(notify);
    if (notify->woken_all)
        pump_all(notify);
    while ((account = queue_take(&notify->woken, notify->sandbox->accounts))) {
        account->woken = false;
        notify_pump_account(notify, account);
    }
    notify_step_advances(notify);
}

size_t notify_open(const struct notify *notify, int64_t account_id)
{
    if (!account_id)
        return notify->open_count;
    size_t count = 0;
    for (const struct delivery *d = notify->open; d; d = d->next)
        count += d->account_id == account_id;
    return count;
}

int notify_resend(struct notify *notify, struct account *account, int64_t notice_id,
                  void (*on_end)(void *owner, const struct delivery_row *delivery), void *owner)
{
    struct delivery_plan plan = { .account = account, .on_end = on_end, .owner = owner };
    if (notify->stopping)
        return ERR_CLOSED;
    if (notify->open_count >= OPEN_MAX_ALL)
        return ERR_LIMIT;
    int err = notice_get(notify->sandbox->store, notice_id, &plan.notice);
    if (!err && plan.notice.account_id != account->id)
        err = ERR_NOT_FOUND;
    if (err)
        return err;
    plan.shadow = plan.notice.state == NOTICE_SENDING;
    return delivery_begin(notify, &plan);
}

struct release {
    struct store *store;
    int64_t now_ms;
};

static int release_one(void *ctx, const struct notice_row *row)
{
    struct release *release = ctx;
    if (row->state != NOTICE_HELD)
        return 0;
    struct notice_row now = *row;
    now.state = NOTICE_WAITING;
    if (now.due_ms < release->now_ms)
        now.due_ms = release->now_ms; /* else it is of a refund that has not ended */
    return notice_update(release->store, &now);
}

int notify_release(struct notify *notify, struct account *account)
{
    struct release release = { notify->sandbox->store, account_now_ms(account) };
    int err = turn_open(notify->sandbox->turn);
    if (!err)
        err = notice_each(release.store, account->id, 0, release_one, &release);
    notify_wake(notify, account);
    return err;
}

void notify_listen(struct notify *notify,
                   void (*on_delivery)(void *owner, const struct account *account,
                                       const struct notice_row *notice,
                                       const struct delivery_row *delivery),
                   void *owner)
{
    notify->on_delivery = on_delivery;
    notify->listener = owner;
}

/* ---- birth and end ----------------------------------------------------------------------- */

int notify_start(struct notify **out, struct sandbox *sandbox)
{
    struct notify *notify = mem_new(struct notify);
    if (!notify)
        return ERR_NOMEM;
    int err = store_begin(sandbox->store);
    if (!err)
        err = notice_recover(sandbox->store);
    if (err) {
        mem_free(notify);
        return err;
    }
    notify->sandbox = sandbox;
    notify->timer_ms = INT64_MAX;
    uv_timer_init(sandbox->loop, &notify->timer);
    notify_wake(notify, NULL);
    *out = notify;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct notify *notify = container_of(handle, struct notify, timer);
    void (*on_stopped)(void *) = notify->on_stopped;
    void *owner = notify->owner;
    v2_msg_release(&notify->message);
    mem_free(notify->woken.id);
    mem_free(notify->crowd.id);
    mem_free(notify);
    on_stopped(owner);
}

void notify_maybe_stopped(struct notify *notify)
{
    if (notify->stopping && notify->open_count == 0 &&
        !uv_is_closing((uv_handle_t *)&notify->timer))
        uv_close((uv_handle_t *)&notify->timer, on_timer_closed);
}

void notify_stop(struct notify *notify, void (*on_stopped)(void *owner), void *owner)
{
    notify->on_stopped = on_stopped;
    notify->owner = owner;
    notify_end_advances(notify);
    notify->stopping = true;
    delivery_cancel_all(notify);
    notify_maybe_stopped(notify);
}
