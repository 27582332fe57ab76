#include "routes.h"

#include "api/v2/api_v2.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/payer.h"
#include "gate_v2.h"
#include "reply_send.h"
#include "reply_v2.h"
#include "routes_v3.h"

#define V2            "POST", NULL
#define NOT_BUILT_YET NULL, 0, NULL, V2

/* The manual's endpoint list (V2 3.0), in its order. */
static const struct route routes[] = {
    { "/pay/unifiedorder", "unifiedorder", "9_1", v2_unifiedorder_fields, V2_UNIFIEDORDER_FIELDS,
      v2_unifiedorder, V2 },
    { "/pay/orderquery", "orderquery", "9_2", v2_orderquery_fields, V2_ORDERQUERY_FIELDS,
      v2_orderquery, V2 },
    { "/pay/closeorder", "closeorder", "9_3", v2_closeorder_fields, V2_CLOSEORDER_FIELDS,
      v2_closeorder, V2 },
    { "/secapi/pay/refund", "refund", "9_4", v2_refund_fields, V2_REFUND_FIELDS, v2_refund, V2 },
    { "/pay/refundquery", "refundquery", "9_5", v2_refundquery_fields, V2_REFUNDQUERY_FIELDS,
      v2_refundquery, V2 },
    { "/pay/micropay", "micropay", "9_10", NOT_BUILT_YET },
    { "/pay/downloadbill", "downloadbill", "9_6", v2_downloadbill_fields, V2_DOWNLOADBILL_FIELDS,
      v2_downloadbill, V2 },
    { "/pay/downloadfundflow", "downloadfundflow", "9_18", v2_downloadfundflow_fields,
      V2_FUNDFLOW_FIELDS, v2_downloadfundflow, V2 },
    { "/payitil/report", "report", "9_8", NOT_BUILT_YET },
    { "/tools/shorturl", "shorturl", "9_9", NOT_BUILT_YET },
    { "/secapi/pay/reverse", "reverse", "9_11", NOT_BUILT_YET },
    { "/tools/authcodetoopenid", "authcodetoopenid", "9_13", NOT_BUILT_YET },
    { "/sandboxnew/pay/getsignkey", "getsignkey", "23_1", NOT_BUILT_YET },
    { "/xdc/apiv2getsignkey/sign/getsignkey", "getsignkey", "23_1", NOT_BUILT_YET },
    { "/billcommentsp/batchquerycomment", "batchquerycomment", "9_17", NOT_BUILT_YET },
    { "/mmpaymkttransfers/promotion/transfers", "transfers", "14_2", NOT_BUILT_YET },
    { "/mmpaymkttransfers/gettransferinfo", "gettransferinfo", "14_3", NOT_BUILT_YET },
    { "/mmpaymkttransfers/sendredpack", "sendredpack", "13_4", NOT_BUILT_YET },
    { "/mmpaymkttransfers/gethbinfo", "gethbinfo", "13_6", NOT_BUILT_YET },
    { "/secapi/pay/profitsharing", "profitsharing", "27_1", NOT_BUILT_YET },
    { "/pay/profitsharingquery", "profitsharingquery", "27_2", NOT_BUILT_YET },
    { "/secapi/pay/refundv2", "refundv2", "9_4", NOT_BUILT_YET },
    { "/pay/refundqueryv2", "refundqueryv2", "9_5", NOT_BUILT_YET },
    { "/risk/getpublickey", "getpublickey", "24_7", NOT_BUILT_YET },
};

const struct route *route_at(size_t index)
{
    return index < COUNT(routes) ? &routes[index] : NULL;
}

const struct route *route_find(struct view path)
{
    for (size_t i = 0; i < COUNT(routes); i++)
        if (view_is(path, routes[i].path))
            return &routes[i];
    return NULL;
}

/* Nobody home: the front end sends the caller to its 404 page (V2 1.2). */
static void reply_unknown_path(struct call *call)
{
    struct http_header to = { VIEW("Location"), VIEW("https://wx.gtimg.com/core/404.html") };
    exchange_check(call->exchange, "path", "V2 1.2", false, "the manual has no such path");
    reply_plain(call, 302, &to, (struct view){});
}

/* The order of a known refund. */
static int find_refunds_order(struct call *call, const struct refund_name *name,
                              struct order_row *out)
{
    struct store *store = call->sandbox->store;
    struct refund_row refund = {};
    int err = name->refund_id.len
                  ? refund_get_by_own(store, call->account->id, name->refund_id, &refund)
                  : refund_get_by_number(store, call->account->id, name->out_refund_no, &refund);
    if (!err)
        err = order_get(store, refund.order_id, out);
    refund_row_release(&refund);
    return err;
}

/* A query by another number belongs to its order, for records and faults as well. */
static void name_order(struct call *call)
{
    struct view transaction_id = v2_msg_get(&call->in, "transaction_id");
    struct refund_name name = { v2_msg_get(&call->in, "refund_id"),
                                v2_msg_get(&call->in, "out_refund_no") };
    struct order_row order = {};
    int err = ERR_NOT_FOUND;
    if (transaction_id.len)
        err = order_get_by_transaction(call->sandbox->store, call->account->id, transaction_id,
                                       &order);
    else if (!call->exchange->out_trade_no[0] && (name.refund_id.len || name.out_refund_no.len))
        err = find_refunds_order(call, &name, &order);
    if (!err)
        v2_name_order(call, &order);
    order_row_release(&order);
}

void routes_take_fault(struct call *call)
{
    call->fault = faults_take(call->sandbox->accounts, call->account, FAULT_DOOR_API,
                              view_str(call->route->api), view_str(call->exchange->out_trade_no));
}

static void on_first_delivery(void *owner, const struct delivery_row *)
{
    reply_delivered(owner);
}

/*
 * Fault before_answer: a payer faster than the answer (V2 5.5 race 5). The order is paid at once
 * and the answer waits for the first delivery's end.
 */
void routes_pay_before_answer(struct call *call, payer_find_fn *find)
{
    struct sandbox *sandbox = call->sandbox;
    struct fault *fault = faults_take(sandbox->accounts, call->account, FAULT_DOOR_NOTIFICATION,
                                      VIEW("unifiedorder"), view_str(call->exchange->out_trade_no));
    if (!fault)
        return;
    struct scan scan = {};
    struct paid paid = {};
    struct pay_spec spec = { .outcome = PAY_PAID };
    find(&sandbox->engine, call->account, view_str(call->exchange->out_trade_no), &scan);
    if (payer_pay(&sandbox->engine, &scan, &spec, &paid) == PHONE_DONE &&
        notify_resend(sandbox->notify, call->account, paid.notice.id, on_first_delivery, call) == 0)
        call->waits = true;
    call->exchange->fault = fault_kind_name(fault->kind);
    scan_release(&scan);
    faults_done(call->account, fault);
}

static void serve(struct call *call)
{
    const struct route *route = call->route;
    if (!route->handler) {
        reply_v2(call, call_refuse(call, REFUSE(NOT_BUILT), view_str(route->chapter),
                                   "the manual has it (chapter %s), this sandbox not yet",
                                   route->chapter));
        return;
    }
    const struct refusal *no = gate_v2(call);
    if (!no && turn_open(call->sandbox->turn))
        no = REFUSE(SYSTEM_ERROR);
    if (no) {
        reply_v2(call, no);
        return;
    }
    name_order(call);
    routes_take_fault(call);
    if (reply_fault_before(call))
        return;
    no = route->handler(call);
    if (!no && route->handler == v2_unifiedorder)
        routes_pay_before_answer(call, payer_find);
    if (!no && call->fault && call->fault->kind == FAULT_SYSTEM_ERROR)
        no = REFUSE(SYSTEM_ERROR); /* done, and told as not done */
    reply_v2(call, no);
}

void routes_on_call(struct http_call *http, void *owner)
{
    struct sandbox *sandbox = owner;
    struct call *call = call_new(sandbox, http);
    if (!call || exchange_begin(sandbox->exchanges, EXCHANGE_API, &call->exchange)) {
        http_call_cut(http); /* without memory there is no honest answer */
        if (call)
            call_free(call);
        return;
    }
    reply_watch(call);
    const struct http_request *request = http_call_request(http);
    struct exchange *exchange = call->exchange;
    exchange_raw(exchange, &exchange->request_head, request->head);
    exchange_raw(exchange, &exchange->request_body, request->body);
    struct view peer = http_call_peer(http);
    (void)view_copy(peer, exchange->peer, sizeof(exchange->peer));
    if (view_starts(request->path, VIEW("/v3/"))) {
        routes_v3_serve(call);
        return;
    }
    call->route = route_find(request->path);
    if (!call->route) {
        reply_unknown_path(call);
        return;
    }
    (void)view_copy(view_str(call->route->api), exchange->api, sizeof(exchange->api));
    serve(call);
}
