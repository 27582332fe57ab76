#include "base/err.h"
#include "control/door.h"

#include <assert.h>

static void unlink_hold(struct hold *hold)
{
    struct hold **link = &hold->control->holds;

    while (*link != hold)
        link = &(*link)->next;
    *link = hold->next;
    hold->control->hold_count--;
}

void hold_ref(struct hold *hold)
{
    hold->refs++;
}

void hold_unref(struct hold *hold)
{
    if (--hold->refs == 0)
        hold->kind->free(hold);
}

static void on_timer_closed(uv_handle_t *timer)
{
    hold_unref(container_of(timer, struct hold, timer));
}

static void on_timeout(uv_timer_t *timer)
{
    hold_end(container_of(timer, struct hold, timer), HOLD_TIMEOUT);
}

/* The peer gave up; the answer is thrown away below us, but the wait must not go on. */
static void on_gone(struct http_call *http)
{
    struct hold *hold = http_call_data(http);

    if (hold)
        hold_end(hold, HOLD_GONE);
}

int hold_start(struct hold *hold, struct ask *ask, const struct hold_kind *kind, int64_t timeout_ms)
{
    struct control *control = ask->control;
    int err;

    if (control->hold_count >= CONTROL_HOLDS_MAX)
        return ERR_LIMIT;
    err = uv_timer_init(control->sandbox->loop, &hold->timer);
    if (err)
        return err;
    hold->kind = kind;
    hold->control = control;
    hold->ask = ask;
    hold->refs = 1;
    hold->next = control->holds;
    control->holds = hold;
    control->hold_count++;
    hold_again(hold, timeout_ms);
    http_call_set_data(ask->http, hold);
    http_call_on_gone(ask->http, on_gone);
    return 0;
}

void hold_again(struct hold *hold, int64_t timeout_ms)
{
    int err = uv_timer_start(&hold->timer, on_timeout, (uint64_t)timeout_ms, 0);
    assert(!err && "the handle is open and the callback set");
    (void)err;
}

void hold_end(struct hold *hold, enum hold_end why)
{
    struct ask *ask = hold->ask;

    if (!ask)
        return;
    unlink_hold(hold);
    http_call_set_data(ask->http, NULL);
    switch (why) {
    case HOLD_MET:
    case HOLD_TIMEOUT: hold->kind->answer(hold, why); break;
    case HOLD_GONE: ask_refuse(ask, 408, "TIMEOUT", "", "the caller has gone"); break;
    case HOLD_DELETED: ask_refuse(ask, 404, "NOT_FOUND", "", "the account was deleted"); break;
    case HOLD_STOPPING: ask_refuse(ask, 503, "STOPPING", "", "the sandbox is stopping"); break;
    }
    hold->ask = NULL;
    uv_close((uv_handle_t *)&hold->timer, on_timer_closed); /* last: it drops a reference */
}

void holds_stop(struct control *control)
{
    while (control->holds)
        hold_end(control->holds, HOLD_STOPPING);
}

void holds_forget(struct control *control, const struct account *account)
{
    struct hold *next;

    for (struct hold *hold = control->holds; hold; hold = next) {
        next = hold->next;
        if (hold->ask->account == account)
            hold_end(hold, HOLD_DELETED);
    }
}
