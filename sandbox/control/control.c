#include "control/control.h"

#include "base/err.h"
#include "base/log.h"
#include "control/door.h"
#include "control/guard.h"
#include "control/router.h"

/*
 * Whoever happens to be told may end its hold, which takes it out of the list; nobody ends another
 * one's. So the next one is read before.
 */
#define TELL(control, event, ...)                                                                  \
    for (struct hold *hold = (control)->holds, *after; hold; hold = after) {                       \
        after = hold->next;                                                                        \
        if (hold->kind->event)                                                                     \
            hold->kind->event(hold, __VA_ARGS__);                                                  \
    }

static void on_order(void *owner, const struct account *account, const struct order_row *order)
{
    struct sandbox *sandbox = owner; /* the engine's owner */
    struct control *control = sandbox->control;

    events_order(control, account, order);
    TELL(control, on_order, account, order);
}

static void on_delivery(void *owner, const struct account *account, const struct notice_row *notice,
                        const struct delivery_row *delivery)
{
    struct control *control = owner;

    events_delivery(control, account, notice, delivery);
    TELL(control, on_delivery, account, notice, delivery);
}

static void on_exchange(void *owner, const struct exchange *exchange)
{
    struct control *control = owner;

    events_exchange(control, exchange);
    TELL(control, on_exchange, exchange);
}

static void on_account_leaves(void *owner, struct account *account)
{
    holds_forget(owner, account);
}

/* What never became a call was answered by the server; it is only told. */
static void on_bad(struct view peer, int status, const char *why, struct view, void *)
{
    log_line(LOG_WARN, "control", "bad request from %.*s answered with %d: %s", VIEW_ARG(peer),
             status, why);
}

int control_start(struct control **out, struct sandbox *sandbox)
{
    struct control *control;
    int err;

    if (!guard_is_loopback(sandbox->options.control_host) && !sandbox->options.control_token) {
        log_line(LOG_ERROR, "control", "a control door that is not on loopback wants a token");
        return ERR_USAGE;
    }
    control = mem_new(struct control);
    if (!control)
        return ERR_NOMEM;
    control->sandbox = sandbox;
    control->started_us = clock_mono_us();
    err = http_server_start(&control->server, sandbox->loop,
                            &(struct http_server_options){
                                .host = sandbox->options.control_host,
                                .port = sandbox->options.control_port,
                                .body_max = CONTROL_BODY_MAX,
                                .on_call = router_on_call,
                                .on_bad = on_bad,
                                .owner = control,
                            });
    if (err) {
        mem_free(control);
        return err;
    }
    turn_add_server(sandbox->turn, control->server);
    sandbox->engine.on_order = on_order;
    notify_listen(sandbox->notify, on_delivery, control);
    exchange_log_listen(sandbox->exchanges, on_exchange, control);
    accounts_listen(sandbox->accounts, on_account_leaves, control);
    *out = control;
    return 0;
}

static void on_server_stopped(void *owner)
{
    struct control *control = owner;
    void (*on_stopped)(void *) = control->on_stopped;
    void *stopped_owner = control->stopped_owner;

    mem_free(control);
    on_stopped(stopped_owner);
}

/*
 * The refusals of what waits and the last bytes of the streams leave with this turn's commit;
 * only then the server may go.
 */
static void on_refusals_left(struct turn_answer *answer)
{
    struct control *control = container_of(answer, struct control, farewell);
    turn_remove_server(control->sandbox->turn, control->server);
    http_server_stop(control->server, on_server_stopped);
}

void control_stop(struct control *control, void (*on_stopped)(void *owner), void *owner)
{
    struct sandbox *sandbox = control->sandbox;

    control->stopping = true;
    control->on_stopped = on_stopped;
    control->stopped_owner = owner;
    sandbox->engine.on_order = NULL;
    notify_listen(sandbox->notify, NULL, NULL);
    exchange_log_listen(sandbox->exchanges, NULL, NULL);
    accounts_listen(sandbox->accounts, NULL, NULL);
    holds_stop(control);
    events_stop(control);
    control->farewell.send = on_refusals_left;
    control->farewell.failed = on_refusals_left;
    turn_answer(sandbox->turn, &control->farewell);
}

uint16_t control_port(const struct control *control)
{
    return http_server_port(control->server);
}
