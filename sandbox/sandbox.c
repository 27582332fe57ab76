#include "sandbox.h"

#include "api/v3/bill_shelf.h"
#include "base/err.h"
#include "base/log.h"
#include "call.h"
#include "control/control.h"
#include "routes.h"
#include "turn.h"

#define API_BODY_MAX (128 * 1024) /* V2 documents end at 64 KiB; larger ones get their refusal */

static void on_notice(void *owner, struct account *account, const struct notice_row *notice)
{
    struct sandbox *sandbox = owner;
    if (notice->state == NOTICE_WAITING)
        notify_wake(sandbox->notify, account);
}

/* From the system always: a token must not be guessed from a seed. */
static void make_bill_key(struct sandbox *sandbox)
{
    struct rng rng;
    rng_init(&rng);
    rng_alnum(&rng, sandbox->bill_key, sizeof(sandbox->bill_key) - 1);
}

static int start_state(struct sandbox *sandbox)
{
    const struct sandbox_options *options = &sandbox->options;
    struct store_options store = { .dir = options->data_dir, .full = options->durability_full };
    struct exchange_log_options log = { .ring = options->exchange_ring,
                                        .file = options->exchange_file };
    if (options->seeded)
        rng_seed(&sandbox->rng, options->seed);
    else
        rng_init(&sandbox->rng);
    make_bill_key(sandbox);
    int err = store_open(&sandbox->store, &store);
    if (!err)
        err = accounts_new(&sandbox->accounts, sandbox->store, &sandbox->rng);
    if (!err)
        err = exchange_log_new(&sandbox->exchanges, &log);
    if (!err)
        err = call_pool_new(&sandbox->calls);
    if (!err)
        err = bill_shelf_new(&sandbox->bills);
    sandbox->engine = (struct engine){ .store = sandbox->store,
                                       .accounts = sandbox->accounts,
                                       .rng = &sandbox->rng,
                                       .on_notice = on_notice,
                                       .owner = sandbox };
    return err;
}

static int start_doors(struct sandbox *sandbox)
{
    struct http_client_options client = { .answer_max = 64 * 1024 };
    struct http_server_options api = { .host = sandbox->options.host,
                                       .port = sandbox->options.port,
                                       .body_max = API_BODY_MAX,
                                       .on_call = routes_on_call,
                                       .owner = sandbox };
    int err = http_client_start(&sandbox->client, sandbox->loop, &client);
    if (!err)
        err = turn_new(&sandbox->turn, sandbox);
    if (!err)
        err = notify_start(&sandbox->notify, sandbox);
    if (!err)
        err = http_server_start(&sandbox->api, sandbox->loop, &api);
    if (!err)
        turn_add_server(sandbox->turn, sandbox->api);
    return err ? err : control_start(&sandbox->control, sandbox);
}

/* ---- the way down: each step is begun by the end of the one before -------------------------- */

static void free_state(struct sandbox *sandbox)
{
    turn_free(sandbox->turn);
    bill_shelf_free(sandbox->bills);
    call_pool_free(sandbox->calls);
    exchange_log_free(sandbox->exchanges);
    accounts_free(sandbox->accounts);
    store_close(sandbox->store);
}

static void on_turn_stopped(void *owner)
{
    struct sandbox *sandbox = owner;
    void (*on_stopped)(struct sandbox *) = sandbox->on_stopped;
    free_state(sandbox);
    *sandbox = (struct sandbox){};
    if (on_stopped)
        on_stopped(sandbox);
}

static void stop_turn(void *owner)
{
    struct sandbox *sandbox = owner;
    sandbox->client = NULL;
    if (sandbox->turn)
        turn_stop(sandbox->turn, on_turn_stopped, sandbox);
    else
        on_turn_stopped(sandbox);
}

static void stop_client(void *owner)
{
    struct sandbox *sandbox = owner;
    sandbox->api = NULL;
    if (sandbox->client)
        http_client_stop(sandbox->client, stop_turn, sandbox);
    else
        stop_turn(sandbox);
}

static void stop_api(void *owner)
{
    struct sandbox *sandbox = owner;
    sandbox->notify = NULL;
    if (sandbox->api) {
        turn_remove_server(sandbox->turn, sandbox->api);
        http_server_stop(sandbox->api, stop_client);
    } else {
        stop_client(sandbox);
    }
}

static void stop_notify(void *owner)
{
    struct sandbox *sandbox = owner;
    sandbox->control = NULL;
    if (sandbox->notify)
        notify_stop(sandbox->notify, stop_api, sandbox);
    else
        stop_api(sandbox);
}

void sandbox_stop(struct sandbox *sandbox, void (*on_stopped)(struct sandbox *sandbox))
{
    sandbox->on_stopped = on_stopped;
    if (sandbox->control)
        control_stop(sandbox->control, stop_notify, sandbox);
    else
        stop_notify(sandbox);
}

int sandbox_start(struct sandbox *sandbox, uv_loop_t *loop, const struct sandbox_options *options)
{
    *sandbox = (struct sandbox){ .loop = loop, .options = *options };
    int err = start_state(sandbox);
    if (!err)
        err = start_doors(sandbox);
    if (err) {
        bool store = err == ERR_STORE; /* without a store: why it could not be opened */
        log_line(LOG_ERROR, "sandbox", "not started: %s%s%s", err_text(err), store ? ": " : "",
                 store ? store_trouble(sandbox->store) : "");
        sandbox_stop(sandbox, NULL);
        uv_run(loop, UV_RUN_DEFAULT); /* what was begun ends; nothing else lives on the loop yet */
    }
    return err;
}
