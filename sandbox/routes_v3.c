#include "routes_v3.h"

#include "api/v3/api_v3.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/traffic.h"
#include "gate_v3.h"
#include "reply_send.h"
#include "reply_v3.h"
#include "routes.h"

#define T "/v3/pay/transactions/"
#define C "/v3/combine-transactions/"
#define S "/v3/pay/partner/transactions/"
#define R "/v3/refund/domestic/refunds"

#define GET(path, api, section, handler)                                                           \
    {                                                                                              \
        (path), (api), (section), NULL, 0, (handler), "GET", NULL                                  \
    }
#define POST(path, api, section, fields, handler)                                                  \
    {                                                                                              \
        (path), (api), (section), NULL, 0, (handler), "POST", (fields)                             \
    }
#define NOT_BUILT(method, path, api, section)                                                      \
    {                                                                                              \
        (path), (api), (section), NULL, 0, NULL, (method), NULL                                    \
    }

/* Literal segments come before parameters that would take them too. */
static const struct route routes[] = {
    POST(T "native", "v3/native", "V3 4.1", v3_native_fields, v3_native),
    POST(T "jsapi", "v3/jsapi", "V3 4.1", v3_jsapi_fields, v3_jsapi),
    POST(T "app", "v3/app", "V3 4.1", v3_app_fields, v3_app),
    POST(T "h5", "v3/h5", "V3 4.1", v3_h5_fields, v3_h5),
    NOT_BUILT("POST", T "codepay", "v3/codepay", "V3 4.10"),
    GET(T "id/{transaction_id}", "v3/query_id", "V3 4.2", v3_query_id),
    GET(T "out-trade-no/{out_trade_no}", "v3/query", "V3 4.2", v3_query),
    POST(T "out-trade-no/{out_trade_no}/close", "v3/close", "V3 4.3", v3_close_fields, v3_close),
    NOT_BUILT("POST", T "out-trade-no/{out_trade_no}/reverse", "v3/reverse", "V3 4.10"),
    GET("/v3/certificates", "v3/certificates", "V3 4.9", v3_certificates),
    POST(R, "v3/refund", "V3 4.4", v3_refund_fields, v3_refund),
    GET(R "/{out_refund_no}", "v3/refundquery", "V3 4.4", v3_refund_query),
    POST(R "/{refund_id}/apply-abnormal-refund", "v3/abnormalrefund", "V3 4.4",
         v3_refund_mend_fields, v3_refund_mend),
    GET("/v3/bill/tradebill", "v3/tradebill", "V3 4.5", v3_trade_bill),
    GET("/v3/bill/fundflowbill", "v3/fundflowbill", "V3 4.5", v3_fund_bill),
    GET("/v3/billdownload/file", "v3/billdownload", "V3 4.5", v3_bill_file),
    POST("/v3/security/echo", "v3/echo", "V3 4.14", v3_echo_fields, v3_echo),
    POST(C "native", "v3/combine_native", "V3 4.7", v3_combine_native_fields, v3_combine_native),
    POST(C "jsapi", "v3/combine_jsapi", "V3 4.7", v3_combine_jsapi_fields, v3_combine_jsapi),
    POST(C "app", "v3/combine_app", "V3 4.7", v3_combine_app_fields, v3_combine_app),
    POST(C "h5", "v3/combine_h5", "V3 4.7", v3_combine_h5_fields, v3_combine_h5),
    GET(C "out-trade-no/{combine_out_trade_no}", "v3/combine_query", "V3 4.7", v3_combine_query),
    POST(C "out-trade-no/{combine_out_trade_no}/close", "v3/combine_close", "V3 4.7",
         v3_combine_close_fields, v3_combine_close),
    POST(S "native", "v3/partner_native", "V3 4.8", v3_partner_native_fields, v3_native),
    POST(S "jsapi", "v3/partner_jsapi", "V3 4.8", v3_partner_jsapi_fields, v3_jsapi),
    POST(S "app", "v3/partner_app", "V3 4.8", v3_partner_app_fields, v3_app),
    POST(S "h5", "v3/partner_h5", "V3 4.8", v3_partner_h5_fields, v3_h5),
    GET(S "id/{transaction_id}", "v3/partner_query_id", "V3 4.8", v3_query_id),
    GET(S "out-trade-no/{out_trade_no}", "v3/partner_query", "V3 4.8", v3_query),
    POST(S "out-trade-no/{out_trade_no}/close", "v3/partner_close", "V3 4.8",
         v3_partner_close_fields, v3_close),
};

const struct route *route_v3_at(size_t index)
{
    return index < COUNT(routes) ? &routes[index] : NULL;
}

/* ---- which row? --------------------------------------------------------------------------------- */

/* Each "{…}" of @pattern stands for one segment that is not empty; these go to @params. */
static bool path_fits(const char *pattern, struct view path, struct view params[V3_PARAMS_MAX])
{
    size_t count = 0, at = 0;
    while (*pattern && at < path.len) {
        if (*pattern != '{') {
            if (*pattern++ != path.ptr[at++])
                return false;
            continue;
        }
        size_t from = at;
        while (at < path.len && path.ptr[at] != '/')
            at++;
        if (at == from || count == V3_PARAMS_MAX)
            return false;
        params[count++] = (struct view){ path.ptr + from, at - from };
        pattern = strchr(pattern, '}') + 1;
    }
    return !*pattern && at == path.len;
}

/* NULL: *status says why, 404 or 405. */
static const struct route *find(const struct http_request *request,
                                struct view params[V3_PARAMS_MAX], int *status)
{
    *status = 404;
    for (size_t i = 0; i < COUNT(routes); i++) {
        memset(params, 0, V3_PARAMS_MAX * sizeof(params[0]));
        if (!path_fits(routes[i].path, request->path, params))
            continue;
        if (view_is(request->method, routes[i].method))
            return &routes[i];
        *status = 405;
    }
    return NULL;
}

static int decode_params(struct call *call, const struct view params[V3_PARAMS_MAX])
{
    int err = 0;
    for (size_t i = 0; !err && i < V3_PARAMS_MAX; i++) {
        struct buf text = BUF_INIT(4 * V3_PARAM_MAX);
        err = http_percent_decode(&text, params[i], false);
        if (!err)
            err = view_copy(buf_view(&text), call->v3->param[i], V3_PARAM_MAX + 1);
        buf_release(&text);
    }
    return err;
}

/* ---- serving ------------------------------------------------------------------------------------ */

/* Also of a call that is refused: that is when its record is looked for. */
static void name_order(struct call *call)
{
    struct exchange *exchange = call->exchange;
    if (view_find(view_str(call->route->path), VIEW("out_trade_no}")) != SIZE_MAX)
        (void)view_copy(view_str(call->v3->param[0]), exchange->out_trade_no,
                        sizeof(exchange->out_trade_no));
}

static void name_transaction(struct call *call)
{
    struct exchange *exchange = call->exchange;
    if (call->route->handler != v3_query_id)
        return;
    struct order_row order = {};
    if (order_get_by_transaction(call->sandbox->store, call->account->id,
                                 view_str(call->v3->param[0]), &order) == 0)
        (void)view_copy(view_str(order.out_trade_no), exchange->out_trade_no,
                        sizeof(exchange->out_trade_no));
    order_row_release(&order);
}

/* What a payer can pay after this call; NULL: nothing. */
static payer_find_fn *payable(const struct route *route)
{
    static const struct refusal *(*const creates[])(struct call *) = {
        v3_native,         v3_jsapi,         v3_app,         v3_h5,
        v3_combine_native, v3_combine_jsapi, v3_combine_app, v3_combine_h5,
    };
    for (size_t i = 0; i < COUNT(creates); i++)
        if (route->handler == creates[i])
            return i < 4 ? payer_find : payer_find_combined;
    return NULL;
}

/* What the gateway says, so unsigned (V3 2.6). */
static const struct refusal *check_rate(struct call *call)
{
    if (!call_chose(call, SWITCH_rate_limits, "on") ||
        traffic_may_call(call->account, view_str(call->route->api), call->began_us))
        return NULL;
    call->v3->proven = false;
    return call_refuse(call, REFUSE(V3_TOO_FAST), view_str(call->route->api),
                       "V3 5.4: more calls of %s within a second than its public number",
                       call->route->api);
}

static const struct refusal *run_handler(struct call *call)
{
    const struct refusal *no = call->route->handler(call);
    if (no && call_chose(call, SWITCH_rate_limits, "on"))
        traffic_failed(call->account, view_str(call->route->api), call->began_us);
    return no;
}

static void handle(struct call *call)
{
    routes_take_fault(call);
    if (reply_v3_fault_before(call))
        return;
    const struct refusal *no = run_handler(call);
    payer_find_fn *find_payable = payable(call->route);
    if (!no && find_payable)
        routes_pay_before_answer(call, find_payable);
    if (!no && call->fault && call->fault->kind == FAULT_SYSTEM_ERROR)
        no = REFUSE(SYSTEM_ERROR); /* done, and told as not done */
    reply_v3(call, no);
}

static void serve(struct call *call)
{
    if (!call->route->handler) {
        reply_v3(call,
                 call_refuse(call, REFUSE(NOT_BUILT), view_str(call->route->chapter),
                             "the manual has it (%s), this sandbox not yet", call->route->chapter));
        return;
    }
    name_order(call);
    const struct refusal *no = gate_v3(call);
    if (!no)
        name_transaction(call);
    if (!no)
        no = check_rate(call);
    if (!no && turn_open(call->sandbox->turn))
        no = REFUSE(SYSTEM_ERROR);
    if (no)
        reply_v3(call, no);
    else
        handle(call);
}

static void refuse_path(struct call *call, int status, const char *why)
{
    exchange_check(call->exchange, "path", "V3 1.3", false, "%s", why);
    reply_v3_bare(call, status);
}

void routes_v3_serve(struct call *call)
{
    const struct http_request *request = http_call_request(call->http);
    struct view params[V3_PARAMS_MAX];
    int status;
    if (call_v3_new(call)) {
        http_call_cut(call->http); /* without memory there is no honest answer */
        exchange_drop(call->sandbox->exchanges, call->exchange);
        call_free(call);
        return;
    }
    call->route = find(request, params, &status);
    if (!call->route) {
        refuse_path(call, status,
                    status == 405 ? "this path takes another method"
                                  : "the manual has no such path");
        return;
    }
    (void)view_copy(view_str(call->route->api), call->exchange->api, sizeof(call->exchange->api));
    if (request->body.len > V3_BODY_MAX)
        refuse_path(call, 413, "the body is longer than 64 KiB");
    else if (decode_params(call, params))
        refuse_path(call, 404, "the path cannot be decoded, or a part of it is too long");
    else
        serve(call);
}
