#include "turn.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox.h"

#include <assert.h>

#define SERVERS_MAX 4

struct turn {
    struct sandbox *sandbox;  /* borrowed */
    uv_prepare_t before_poll; /* commits what timers and closing handles wrote */
    uv_check_t after_poll;    /* commits what requests wrote */
    int open_handles;
    struct turn_answer *first, **last;
    struct http_server *server[SERVERS_MAX]; /* borrowed */
    size_t server_count;
    void (*on_stopped)(void *owner);
    void *owner;
};

static void answer_all(struct turn *turn, bool committed)
{
    struct turn_answer *answer = turn->first;
    turn->first = NULL;
    turn->last = &turn->first;
    while (answer) {
        struct turn_answer *next = answer->next; /* send() frees the answer */
        if (committed)
            answer->send(answer);
        else
            answer->failed(answer);
        answer = next;
    }
}

static void commit_and_answer(struct turn *turn)
{
    struct store *store = turn->sandbox->store;
    bool committed = true;
    if (turn->sandbox->notify)
        notify_pump(turn->sandbox->notify);
    if (store_in_transaction(store)) {
        int err = store_commit(store);
        if (err) {
            committed = false;
            log_line(LOG_ERROR, "turn", "commit failed: %s", store_trouble(store));
            store_rollback(store);
            err = accounts_reload(turn->sandbox->accounts);
            if (err)
                log_line(LOG_ERROR, "turn", "accounts not reloaded: %s", err_text(err));
            if (turn->sandbox->notify)
                notify_rolled_back(turn->sandbox->notify);
        }
    }
    if (turn->first)
        answer_all(turn, committed);
}

/*
 * What was answered must be true: commit, then speak. Answering completes exchanges, and whoever
 * hears of those may have an answer of its own; the poll that follows could block before it.
 */
static void turn_end(struct turn *turn)
{
    do
        commit_and_answer(turn);
    while (turn->first);
    for (size_t i = 0; i < turn->server_count; i++)
        http_server_flush(turn->server[i]);
}

static void on_before_poll(uv_prepare_t *handle)
{
    turn_end(container_of(handle, struct turn, before_poll));
}

static void on_after_poll(uv_check_t *handle)
{
    turn_end(container_of(handle, struct turn, after_poll));
}

int turn_new(struct turn **out, struct sandbox *sandbox)
{
    struct turn *turn = mem_new(struct turn);
    if (!turn)
        return ERR_NOMEM;
    turn->sandbox = sandbox;
    turn->last = &turn->first;
    /* neither init nor start can fail on a valid loop (libuv, prepare.rst) */
    uv_prepare_init(sandbox->loop, &turn->before_poll);
    uv_check_init(sandbox->loop, &turn->after_poll);
    uv_prepare_start(&turn->before_poll, on_before_poll);
    uv_check_start(&turn->after_poll, on_after_poll);
    uv_unref((uv_handle_t *)&turn->before_poll);
    uv_unref((uv_handle_t *)&turn->after_poll);
    turn->open_handles = 2;
    *out = turn;
    return 0;
}

static void handle_closed(struct turn *turn)
{
    if (--turn->open_handles == 0)
        turn->on_stopped(turn->owner);
}

static void on_prepare_closed(uv_handle_t *handle)
{
    handle_closed(container_of(handle, struct turn, before_poll));
}

static void on_check_closed(uv_handle_t *handle)
{
    handle_closed(container_of(handle, struct turn, after_poll));
}

void turn_stop(struct turn *turn, void (*on_stopped)(void *owner), void *owner)
{
    turn_end(turn);
    turn->on_stopped = on_stopped;
    turn->owner = owner;
    uv_close((uv_handle_t *)&turn->before_poll, on_prepare_closed);
    uv_close((uv_handle_t *)&turn->after_poll, on_check_closed);
}

void turn_free(struct turn *turn)
{
    assert(!turn || turn->open_handles == 0);
    mem_free(turn);
}

void turn_add_server(struct turn *turn, struct http_server *server)
{
    assert(turn->server_count < SERVERS_MAX);
    http_server_hold_writes(server, true);
    turn->server[turn->server_count++] = server;
}

void turn_remove_server(struct turn *turn, struct http_server *server)
{
    for (size_t i = 0; i < turn->server_count; i++) {
        if (turn->server[i] != server)
            continue;
        http_server_flush(server);
        http_server_hold_writes(server, false);
        turn->server[i] = turn->server[--turn->server_count];
        return;
    }
}

int turn_open(struct turn *turn)
{
    return store_begin(turn->sandbox->store);
}

void turn_answer(struct turn *turn, struct turn_answer *answer)
{
    assert(answer->send && answer->failed);
    answer->next = NULL;
    *turn->last = answer;
    turn->last = &answer->next;
}
