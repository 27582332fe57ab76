/* What the phone makes of a merchant's call-up parameters (V3 4.13). */
#include "control/handlers.h"
#include "control/show.h"

static size_t differs_at(struct view computed, struct view seen)
{
    size_t at = 0;

    while (at < computed.len && at < seen.len && computed.ptr[at] == seen.ptr[at])
        at++;
    return at;
}

static void show_signature(struct json_out *out, const struct callup_check *check)
{
    struct view computed = buf_view(&check->sign_text), seen = buf_view(&check->signed_text);

    out_str(out, "cause", check->cause ? check->cause->id : NULL);
    out_str(out, "hint", check->hint.len ? buf_cstr(&check->hint) : NULL);
    if (!check->cause) {
        out_null(out, "sign_text");
        out_null(out, "signed_text");
        out_null(out, "differs_at");
        return;
    }
    out_text(out, "sign_text", computed);
    if (!seen.len || view_eq(computed, seen)) {
        out_str(out, "signed_text", seen.len ? buf_cstr(&check->signed_text) : NULL);
        out_null(out, "differs_at");
        return;
    }
    out_text(out, "signed_text", seen);
    out_int(out, "differs_at", (int64_t)differs_at(computed, seen));
}

void show_callup(struct json_out *out, const char *key, const struct callup_check *check)
{
    out_open(out, key, '{');
    out_bool(out, "ok", check->fits);
    out_str(out, "why", check->fits ? NULL : check->why);
    show_signature(out, check);
    out_open(out, "remarks", '[');
    for (size_t i = 0; i < check->remark_count; i++) {
        out_open(out, NULL, '{');
        out_str(out, "id", check->remark[i].id);
        out_str(out, "text", check->remark[i].text);
        out_close(out, '}');
    }
    out_close(out, ']');
    out_close(out, '}');
}

struct callup_in {
    json_t *callup;
};

static const struct member members[] = {
    MEMBER(MAP, struct callup_in, callup, .max = CALLUP_MEMBERS_MAX, .must = true),
};

int do_callup(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct callup_in in = {};
    struct callup_check check;
    int err;

    if (!ask_read(ask, members, COUNT(members), &in))
        return 0;
    err = turn_open(sandbox->turn); /* looking may find that time closed it */
    if (err)
        return err;
    callup_check(&sandbox->engine, in.callup, &check);
    out_open(&ask->out, NULL, '{');
    show_scan(&ask->out, "shown", &check.scan);
    show_callup(&ask->out, "callup", &check);
    out_close(&ask->out, '}');
    callup_check_release(&check);
    return ask_reply(ask, 200);
}
