#include "base/err.h"
#include "base/log.h"
#include "control/door.h"

#include <stdio.h>

#define JSON_TYPE                                                                                  \
    {                                                                                              \
        .name = VIEW("Content-Type"), .value = VIEW("application/json")                            \
    }

void ask_free(struct ask *ask)
{
    buf_release(&ask->param_text);
    json_decref(ask->body);
    json_decref(ask->query);
    json_out_release(&ask->out);
    mem_free(ask);
}

static void send_bytes(struct ask *ask, int status, struct view body)
{
    static const struct http_header headers[] = {
        JSON_TYPE,
        { .name = VIEW("Cache-Control"), .value = VIEW("no-store") },
    };
    http_call_reply(ask->http, status, headers, COUNT(headers), body);
    ask_free(ask);
}

static void on_send(struct turn_answer *answer)
{
    struct ask *ask = container_of(answer, struct ask, answer);
    struct buf pretty = BUF_INIT(2 * CONTROL_ANSWER_MAX);
    struct view body = buf_view(&ask->out.text);

    if (ask->pretty && json_pretty(body, &pretty) == 0)
        body = buf_view(&pretty);
    send_bytes(ask, ask->status, body);
    buf_release(&pretty);
}

static void on_commit_failed(struct turn_answer *answer)
{
    send_bytes(container_of(answer, struct ask, answer), 503,
               VIEW("{\"error\":{\"code\":\"NOT_COMMITTED\",\"where\":\"\",\"message\":"
                    "\"the store did not commit; nothing of this call happened\"}}\n"));
}

static int leave(struct ask *ask)
{
    ask->answer.send = on_send;
    ask->answer.failed = on_commit_failed;
    turn_answer(ask->control->sandbox->turn, &ask->answer);
    return 0;
}

int ask_reply(struct ask *ask, int status)
{
    if (!ask->out.err)
        ask->out.err = buf_byte(&ask->out.text, '\n'); /* for the reader at a terminal */
    if (ask->out.err) {
        int err = ask->out.err;
        ask->out.err = 0;
        return ask_refuse(ask, 500, "TROUBLE", "", "the answer could not be written: %s",
                          err_text(err));
    }
    ask->status = status;
    return leave(ask);
}

int ask_reply_nothing(struct ask *ask)
{
    buf_clear(&ask->out.text);
    ask->pretty = false;
    ask->status = 204;
    return leave(ask);
}

int ask_refuse(struct ask *ask, int status, const char *code, const char *where,
               const char *message, ...)
{
    char text[400];
    va_list args;

    va_start(args, message);
    vsnprintf(text, sizeof(text), message, args);
    va_end(args);
    buf_clear(&ask->out.text);
    ask->out.err = 0; /* of what was written so far and is thrown away */
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "error", '{');
    out_str(&ask->out, "code", code);
    out_str(&ask->out, "where", where);
    out_str(&ask->out, "message", text);
    out_close(&ask->out, '}');
    out_close(&ask->out, '}');
    if (!ask->out.err)
        ask->out.err = buf_byte(&ask->out.text, '\n');
    ask->out.err = 0; /* without memory the body is cut, the status still tells */
    ask->status = status;
    return leave(ask);
}

int ask_blame(struct ask *ask)
{
    return ask_refuse(ask, 400, "BAD_MEMBER", ask->trouble.where, "%s", ask->trouble.message);
}

int ask_unknown(struct ask *ask, const char *what, struct view name)
{
    return ask_refuse(ask, 404, "NOT_FOUND", "", "there is no %s \"%.*s\"", what,
                      name.len < 80 ? (int)name.len : 80, name.ptr ? name.ptr : "");
}

bool ask_read(struct ask *ask, const struct member *table, size_t count, void *out)
{
    if (!ask->body)
        ask->body = json_object();
    if (json_in_read(ask->body, table, count, out, &ask->trouble) == 0)
        return true;
    ask_blame(ask);
    return false;
}

bool ask_query(struct ask *ask, const struct member *table, size_t count, void *out)
{
    int err;

    ask->trouble.query = true;
    err = json_in_read(ask->query, table, count, out, &ask->trouble);
    ask->trouble.query = false;
    if (err == 0)
        return true;
    ask_refuse(ask, 400, "BAD_QUERY", ask->trouble.where, "%s", ask->trouble.message);
    return false;
}

int ask_begin(struct ask *ask)
{
    int err = turn_open(ask->control->sandbox->turn);
    return err ? err : store_save(ask->control->sandbox->store);
}

int ask_end(struct ask *ask, int err)
{
    struct sandbox *sandbox = ask->control->sandbox;

    if (!err)
        err = store_keep(sandbox->store);
    if (!err)
        return 0;
    store_undo(sandbox->store);
    if (accounts_reload(sandbox->accounts))
        log_event(LOG_ERROR, "control", "accounts not reloaded", NULL);
    return err;
}
