#include "api/v3/partner.h"

#include "base/err.h"
#include "engine/openid.h"
#include "engine/partner.h"
#include "routes.h"

#define FRONT VIEW("/v3/pay/partner/")

bool v3_is_partner(const struct call *call)
{
    return view_starts(view_str(call->route->path), FRONT);
}

const struct refusal *v3_check_sub(struct call *call, struct view sub_mchid)
{
    const struct account *account = call->account;
    if (!sub_mchid.len && !account->sub_count && !v3_is_partner(call))
        return NULL;
    if (!sub_mchid.len)
        return call_refuse(call, REFUSE(V3_SUB_MISSING), VIEW("sub_mchid"),
                           "V3 4.8: %s is a service provider here: it has sub-merchants, and acts "
                           "for one of them",
                           account->mch_id);
    if (view_is(sub_mchid, account->mch_id))
        return call_refuse(call, REFUSE(V3_SUB_SELF), VIEW("sub_mchid"),
                           "V3 4.8: sub_mchid is the provider's own number");
    if (account_sub(account, sub_mchid))
        return NULL;
    return call_refuse(call, REFUSE(V3_SUB_UNRELATED), VIEW("sub_mchid"),
                       "V3 4.8: %.*s is no sub-merchant of %s; name it on the control door, "
                       "sub_merchants",
                       VIEW_ARG(sub_mchid), account->mch_id);
}

const struct refusal *v3_check_sub_appid(struct call *call, struct view sub_mchid,
                                         struct view sub_appid)
{
    const struct sub_merchant *sub = account_sub(call->account, sub_mchid);
    if (!sub_appid.len || (sub && sub_has_appid(sub, sub_appid)))
        return NULL;
    return call_refuse(call, REFUSE(V3_SUB_APPID), VIEW("sub_appid"),
                       "V3 4.8: the appid %.*s is not bound to the sub-merchant %.*s",
                       VIEW_ARG(sub_appid), VIEW_ARG(sub_mchid));
}

const struct refusal *v3_check_sub_order(struct call *call, struct view sub_mchid,
                                         struct view transaction_id, struct view number)
{
    struct order_row order = {};
    struct store *store = call->sandbox->store;
    int err = transaction_id.len
                  ? order_get_by_transaction(store, call->account->id, transaction_id, &order)
                  : order_get_by_number(store, call->account->id, number, &order);
    /* a number closed before anybody ordered it belongs to nobody */
    bool fits = err || !order.total_fen || view_eq(order_field(&order, "sub_mch_id"), sub_mchid);
    order_row_release(&order);
    if (err && err != ERR_NOT_FOUND)
        return REFUSE(SYSTEM_ERROR);
    if (fits)
        return NULL;
    return call_refuse(call, REFUSE(V3_SUB_ORDER), VIEW("sub_mchid"),
                       "V3 4.8: the order is another sub-merchant's, or the provider's own");
}

/* ---- telling ------------------------------------------------------------------------------------ */

static int put(json_t *json, const char *name, struct view text)
{
    return json_object_set_new(json, name, json_stringn(text.ptr ? text.ptr : "", text.len)) == 0
               ? 0
               : ERR_NOMEM;
}

/* The payer under both appids; the one for the sub-merchant's is what its order named, if it did. */
static int tell_payer(json_t *json, const struct order_row *order,
                      const struct payment_row *payment)
{
    struct view sub_appid = order_field(order, "sub_appid");
    struct view sub_openid = order_field(order, "sub_openid");
    char made[OPENID_MAX + 1];
    json_t *payer = json_object();
    int err = payer ? put(payer, "sp_openid", view_str(payment->openid)) : ERR_NOMEM;
    if (!err && sub_appid.len && !sub_openid.len) {
        openid_of(sub_appid, made);
        sub_openid = view_str(made);
    }
    if (!err && sub_appid.len)
        err = put(payer, "sub_openid", sub_openid);
    if (err) {
        json_decref(payer);
        return err;
    }
    return json_object_set_new(json, "payer", payer) == 0 ? 0 : ERR_NOMEM;
}

int v3_tell_partner(json_t *json, const struct account *account, const struct order_row *order,
                    const struct payment_row *payment)
{
    struct view sub = order_field(order, "sub_mch_id"), sub_appid = order_field(order, "sub_appid");
    bool has_appid = json_object_get(json, "appid") != NULL; /* a refund's notification has none */
    if (!sub.len)
        return 0;
    json_object_del(json, "mchid");
    json_object_del(json, "appid");
    int err = put(json, "sp_mchid", view_str(account->mch_id));
    if (!err)
        err = put(json, "sub_mchid", sub);
    if (!err && has_appid)
        err = put(json, "sp_appid", order_field(order, "appid"));
    if (!err && has_appid && sub_appid.len)
        err = put(json, "sub_appid", sub_appid);
    if (!err && payment && json_object_get(json, "payer"))
        err = tell_payer(json, order, payment);
    return err;
}
