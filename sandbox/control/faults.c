#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"
#include "engine/fault.h"

/* One description holds a body of up to FAULT_BODY_MAX, escaped. */
#define DESCRIPTION_MAX (8 * FAULT_BODY_MAX)

static void add_fault(struct json_out *out, const struct fault *fault)
{
    struct buf text = BUF_INIT(DESCRIPTION_MAX);
    int err = fault_describe(fault, &text);

    if (err && !out->err)
        out->err = err;
    out_raw(out, NULL, buf_view(&text));
    buf_release(&text);
}

int do_faults(struct ask *ask)
{
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "faults", '[');
    for (size_t i = 0; i < faults_count(ask->account); i++)
        add_fault(&ask->out, faults_at(ask->account, i));
    out_close(&ask->out, ']');
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

static const struct fault *find_fault(const struct account *account, int64_t id)
{
    for (size_t i = 0; i < faults_count(account); i++) {
        if (faults_at(account, i)->id == id)
            return faults_at(account, i);
    }
    return NULL;
}

/* The engine reads it: it has the table of kinds, and their rows come back through it. */
int do_fault_new(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct view body = http_call_request(ask->http)->body;
    struct fault_error trouble = {};
    int64_t id;
    int err;

    if (!ask->body)
        body = VIEW("{}");
    err = ask_begin(ask);
    if (err)
        return err;
    err = ask_end(ask, faults_add(sandbox->accounts, ask->account, body, &id, &trouble));
    if (err == ERR_SYNTAX)
        return ask_refuse(ask, 400, "BAD_MEMBER", trouble.where, "%s", trouble.message);
    if (err == ERR_LIMIT)
        return ask_refuse(ask, 409, "CONFLICT", "", "%d faults per account are the most",
                          FAULTS_MAX);
    if (err)
        return err;
    add_fault(&ask->out, find_fault(ask->account, id));
    return ask_reply(ask, 201);
}

int do_faults_clear(struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    int err = ask_begin(ask);

    if (err)
        return err;
    err = ask_end(ask, faults_clear(accounts, ask->account));
    return err ? err : ask_reply_nothing(ask);
}

int do_fault_delete(struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    int64_t id;
    int err;

    if (view_to_i64(ask->param[1], INT64_MAX, &id) || !find_fault(ask->account, id))
        return ask_unknown(ask, "fault", ask->param[1]);
    err = ask_begin(ask);
    if (err)
        return err;
    err = ask_end(ask, faults_remove(accounts, ask->account, id));
    return err ? err : ask_reply_nothing(ask);
}
