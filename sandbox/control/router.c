#include "control/router.h"

#include "base/err.h"
#include "base/log.h"
#include "control/guard.h"
#include "control/handlers.h"

#include <stdio.h>

static const struct control_route routes[] = {
    { "GET", "/v1/health", do_health, NOTHING },
    { "GET", "/v1/version", do_version, NOTHING },
    { "GET", "/v1/switches", do_switches, NOTHING },
    { "POST", "/v1/reset", do_reset, NOTHING },
    { "GET", "/v1/accounts", do_accounts, NOTHING },
    { "POST", "/v1/accounts", do_account_new, NOTHING },
    { "GET", "/v1/accounts/{mch_id}", do_account, NOTHING },
    { "PATCH", "/v1/accounts/{mch_id}", do_account_change, NOTHING },
    { "DELETE", "/v1/accounts/{mch_id}", do_account_delete, NOTHING },
    { "PUT", "/v1/accounts/{mch_id}/origins", do_origins, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/v3", do_keys, NOTHING },
    { "PATCH", "/v1/accounts/{mch_id}/v3", do_keys_change, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/v3/platform", do_keys_platform, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/orders", do_orders, QUERY },
    { "GET", "/v1/accounts/{mch_id}/orders/{out_trade_no}", do_order, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/combines", do_combines, QUERY },
    { "GET", "/v1/accounts/{mch_id}/combines/{combine_out_trade_no}", do_combine, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/refunds", do_refunds, QUERY },
    { "GET", "/v1/accounts/{mch_id}/refunds/{out_refund_no}", do_refund, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/refunds/{out_refund_no}/end", do_refund_end, NOTHING },
    { "POST", "/v1/scan", do_scan, PICTURE },
    { "POST", "/v1/pay", do_pay, PICTURE },
    { "POST", "/v1/callup", do_callup, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/clock", do_clock, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/clock/freeze", do_clock_freeze, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/clock/advance", do_clock_advance, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/clock/real", do_clock_real, NOTHING },
    { "GET", "/v1/clock", do_clock, NOTHING },
    { "POST", "/v1/clock/freeze", do_clock_freeze, NOTHING },
    { "POST", "/v1/clock/advance", do_clock_advance, NOTHING },
    { "POST", "/v1/clock/real", do_clock_real, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/notifications", do_notifications, QUERY },
    { "PUT", "/v1/accounts/{mch_id}/notifications/mode", do_notice_mode, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/notifications/release", do_release, NOTHING },
    { "POST", "/v1/notifications/{id}/resend", do_resend, NOTHING },
    { "GET", "/v1/accounts/{any}/exchanges", do_exchanges, QUERY },
    { "GET", "/v1/exchanges/{id}", do_exchange, NOTHING },
    { "GET", "/v1/exchanges/{id}/explain", do_explain, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/wait", do_wait, NOTHING },
    { "GET", "/v1/accounts/{mch_id}/faults", do_faults, NOTHING },
    { "POST", "/v1/accounts/{mch_id}/faults", do_fault_new, NOTHING },
    { "DELETE", "/v1/accounts/{mch_id}/faults", do_faults_clear, NOTHING },
    { "DELETE", "/v1/accounts/{mch_id}/faults/{id}", do_fault_delete, NOTHING },
    { "GET", "/v1/events", do_events, QUERY },
};

const struct control_route *control_route_at(size_t index)
{
    return index < COUNT(routes) ? &routes[index] : NULL;
}

/* Takes "/segment" off the front of @path, which begins with a slash. */
static struct view take_segment(struct view *path)
{
    struct view rest = { path->ptr + 1, path->len - 1 };
    size_t at = view_find(rest, VIEW("/"));
    struct view segment = { rest.ptr, at == SIZE_MAX ? rest.len : at };

    *path = (struct view){ rest.ptr + segment.len, rest.len - segment.len };
    return segment;
}

/* What stands for "{…}" is put into @params, still encoded. */
static bool path_fits(struct view pattern, struct view path, struct view params[PARAMS_MAX])
{
    size_t count = 0;

    while (pattern.len && path.len && path.ptr[0] == '/') {
        struct view want = take_segment(&pattern), have = take_segment(&path);
        if (want.len && want.ptr[0] == '{') {
            if (have.len == 0)
                return false;
            params[count++] = have;
        } else if (!view_eq(want, have)) {
            return false;
        }
    }
    return pattern.len == 0 && path.len == 0;
}

/*
 * The row for a request. NULL: *allow tells which methods the path has, "" when there is no such
 * path.
 */
static const struct control_route *find_route(const struct http_request *request,
                                              struct view params[PARAMS_MAX], char allow[64])
{
    size_t len = 0;

    allow[0] = '\0';
    for (size_t i = 0; i < COUNT(routes); i++) {
        memset(params, 0, PARAMS_MAX * sizeof(params[0]));
        if (!path_fits(view_str(routes[i].path), request->path, params))
            continue;
        if (view_is(request->method, routes[i].method))
            return &routes[i];
        len += (size_t)snprintf(allow + len, 64 - len, "%s%s", len ? ", " : "", routes[i].method);
    }
    return NULL;
}

static int decode_params(struct ask *ask)
{
    size_t at[PARAMS_MAX] = {};
    int err = 0;

    for (size_t i = 0; i < PARAMS_MAX && !err; i++) {
        at[i] = ask->param_text.len;
        err = http_percent_decode(&ask->param_text, ask->param[i], false);
        ask->param[i].len = ask->param_text.len - at[i];
    }
    for (size_t i = 0; i < PARAMS_MAX; i++) /* only now the buffer stands still */
        ask->param[i].ptr = buf_cstr(&ask->param_text) + at[i];
    return err;
}

/* Body and query as JSON. False: refused. */
static bool parse(struct ask *ask, const struct http_request *request)
{
    json_error_t error;
    json_t *pretty;

    if (json_in_query(request->query, &ask->query, &ask->trouble)) {
        ask_refuse(ask, 400, "BAD_QUERY", "?", "%s", ask->trouble.message);
        return false;
    }
    pretty = json_object_get(ask->query, "pretty");
    ask->pretty = pretty && strcmp(json_string_value(pretty), "1") == 0;
    json_object_del(ask->query, "pretty");
    if (request->body.len == 0)
        return true;
    ask->body = json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, &error);
    if (!ask->body)
        ask_refuse(ask, 400, "BAD_JSON", "", "line %d, column %d: %s", error.line, error.column,
                   error.text);
    return ask->body != NULL;
}

/* Everything between "which call?" and its handler. */
static int enter(struct ask *ask, const struct control_route *route)
{
    const struct http_request *request = http_call_request(ask->http);
    size_t body_max = route->traits & PICTURE ? CONTROL_BODY_MAX : CONTROL_JSON_MAX;

    if (request->body.len && (route->method[0] == 'G' || route->method[0] == 'D'))
        return ask_refuse(ask, 400, "BAD_BODY", "", "%s takes no body", route->method);
    if (request->body.len > body_max)
        return ask_refuse(ask, 413, "TOO_LONG", "", "the body may have %zu bytes", body_max);
    if (decode_params(ask))
        return ask_refuse(ask, 400, "BAD_PATH", "", "the path holds a broken escape");
    if (!parse(ask, request))
        return 0;
    if (view_find(view_str(route->path), VIEW("{mch_id}")) != SIZE_MAX) {
        ask->account = accounts_find(ask->control->sandbox->accounts, ask->param[0]);
        if (!ask->account)
            return ask_unknown(ask, "account", ask->param[0]);
    }
    if (!(route->traits & QUERY) && !ask_query(ask, NULL, 0, NULL))
        return 0;
    return route->handler(ask);
}

static int dispatch(struct ask *ask)
{
    const struct http_request *request = http_call_request(ask->http);
    const struct sandbox_options *options = &ask->control->sandbox->options;
    const struct guard guard = { options->control_host, options->control_token };
    const struct guard_no *no = guard_check(&guard, request);
    const struct control_route *route;
    char allow[64];

    if (no)
        return ask_refuse(ask, no->status, no->code, "", "%s", no->message);
    route = find_route(request, ask->param, allow);
    if (!route && allow[0])
        return ask_refuse(ask, 405, "METHOD_NOT_ALLOWED", "", "this path takes %s", allow);
    if (!route)
        return ask_unknown(ask, "call", request->path);
    return enter(ask, route);
}

void router_on_call(struct http_call *http, void *owner)
{
    struct control *control = owner;
    struct ask *ask;
    int err;

    if (control->stopping) {
        http_call_cut(http);
        return;
    }
    ask = mem_new(struct ask);
    if (!ask) {
        http_call_reply(http, 503, NULL, 0, VIEW(""));
        return;
    }
    ask->control = control;
    ask->http = http;
    ask->out = JSON_OUT_INIT(CONTROL_ANSWER_MAX);
    ask->param_text = BUF_INIT(1024);
    err = dispatch(ask);
    if (err == ERR_LIMIT) {
        ask_refuse(ask, 503, "BUSY", "", "%d calls are waiting already", CONTROL_HOLDS_MAX);
    } else if (err) {
        log_event(LOG_ERROR, "control", "trouble", "path", http_call_request(http)->path, "error",
                  view_str(err_name(err)), NULL);
        ask_refuse(ask, 500, "TROUBLE", "", "%s: %s", err_name(err), err_text(err));
    }
}
