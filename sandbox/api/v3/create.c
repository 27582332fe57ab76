/* POST /v3/pay/[partner/]transactions/{native,jsapi,app,h5} — V3 4.1, 4.8, 5.2, 5.3 */
#include "api/v3/api_v3.h"
#include "api/v3/create_fields.h"
#include "api/v3/partner.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/json_write.h"
#include "engine/openid.h"

#define EXPIRE_LEAST 60000LL           /* V3 5.2: nearer ones are lifted to this */
#define EXPIRE_MOST  (15 * 86400000LL) /* current pages; combined orders have less */

/* What a provider's calls name otherwise (V3 4.8). */
static struct view appid_of(const struct call *call)
{
    return v3_body_text(call, v3_is_partner(call) ? "sp_appid" : "appid");
}

static const struct refusal *check_appid(struct call *call)
{
    struct view appid = appid_of(call);
    if (account_has_appid(call->account, appid))
        return NULL;
    return call_refuse(call, REFUSE(NOT_BOUND), VIEW("appid"),
                       "V3 4.1: the appid %.*s is not bound to this account", VIEW_ARG(appid));
}

static const struct refusal *check_sub(struct call *call)
{
    struct view sub = v3_is_partner(call) ? v3_body_text(call, "sub_mchid") : (struct view){};
    const struct refusal *no = v3_check_sub(call, sub);
    return no || !sub.len ? no : v3_check_sub_appid(call, sub, v3_body_text(call, "sub_appid"));
}

const struct refusal *v3_check_product(struct call *call, enum trade_type type)
{
    if (call->account->products & PRODUCT_OF(type))
        return NULL;
    return call_refuse(call, REFUSE(NO_PERMISSION), view_str(trade_type_name(type)),
                       "V3 4.0: %s is not enabled for this account", trade_type_name(type));
}

const struct refusal *v3_judge_openid(struct call *call, const char *path, struct view appid)
{
    struct view openid = v3_body_text(call, path);
    enum openid_kind kind = openid.len ? openid_judge(openid, appid) : OPENID_FINE;
    if (kind == OPENID_FOREIGN)
        return call_refuse(call, REFUSE(V3_OTHER_OPENID), view_str(path),
                           "V3 4.1: this openid is a payer of another appid than %.*s",
                           VIEW_ARG(appid));
    if (kind == OPENID_FINE || call_chose(call, SWITCH_openid_form, "accepted"))
        return NULL;
    return call_refuse(call, REFUSE(V3_BAD_OPENID), view_str(path),
                       "V3 1.7: an openid has 28 characters, o first; the switch openid_form "
                       "lets others pass");
}

/* V3 4.1, 4.8: who will pay is said by JSAPI alone; to a provider by either appid. */
static const struct refusal *check_openid(struct call *call)
{
    bool partner = v3_is_partner(call);
    const char *own = partner ? "payer/sp_openid" : "payer/openid";
    struct view of_sub = partner ? v3_body_text(call, "payer/sub_openid") : (struct view){};
    struct view sub_appid = v3_body_text(call, "sub_appid");
    if (!v3_body_text(call, own).len && !of_sub.len)
        return call_refuse(call, REFUSE(V3_NO_OPENID), view_str(own), "V3 4.1: JSAPI needs %s",
                           partner ? "payer.sp_openid or payer.sub_openid" : "payer.openid");
    if (of_sub.len && !sub_appid.len)
        return call_refuse(call, REFUSE(V3_SUB_APPID), VIEW("sub_appid"),
                           "V3 4.8: payer.sub_openid needs the sub_appid that it belongs to");
    const struct refusal *no = v3_judge_openid(call, own, appid_of(call));
    return no || !of_sub.len ? no : v3_judge_openid(call, "payer/sub_openid", sub_appid);
}

static bool is_known(struct call *call)
{
    struct order_row known = {};
    int err = order_get_by_number(call->sandbox->store, call->account->id,
                                  v3_body_text(call, "out_trade_no"), &known);
    order_row_release(&known);
    return err == 0;
}

/* V3 5.2; a repeat of a known number is judged by the re-entry table alone. */
const struct refusal *v3_check_expire(struct call *call, bool (*known)(struct call *call),
                                      int64_t most_ms, int64_t *expire_ms)
{
    struct view text = v3_body_text(call, "time_expire");
    if (!text.len)
        return NULL;
    if (time_parse_rfc3339(text.ptr, (int64_t)text.len, expire_ms))
        return REFUSE(BAD_TIME); /* cannot be: the table has checked it */
    if (*expire_ms > call->now_ms + most_ms)
        exchange_remark(call->exchange, "expire-far", "V3 5.2",
                        "time_expire is more than %lld days away", (long long)(most_ms / 86400000));
    if (*expire_ms >= call->now_ms + EXPIRE_LEAST)
        return NULL;
    if (known(call))
        return NULL;
    if (*expire_ms <= call->now_ms)
        return call_refuse(call, REFUSE(BAD_TIME), VIEW("time_expire"),
                           "V3 5.2: time_expire is not in the future");
    *expire_ms = call->now_ms + EXPIRE_LEAST;
    exchange_remark(call->exchange, "expire-raised", "V3 5.2",
                    "time_expire is nearer than a minute and was raised to that");
    return NULL;
}

struct kept {
    const char *name, *path;
};

static int keep(struct call *call, const struct kept *kept, size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++) {
        struct view value = v3_body_text(call, kept[i].path);
        if (value.len)
            err = v2_msg_add(&call->in, view_str(kept[i].name), value);
    }
    return err;
}

/*
 * The order's fields under the names that all of the sandbox knows, and the body itself with its
 * keys sorted: that is what a repeated create is compared by (V3 5.3).
 */
static int fill_request(struct call *call)
{
    static const struct kept common[] = {
        { "body", "description" },
        { "attach", "attach" },
        { "notify_url", "notify_url" },
        { "device_info", "scene_info/device_id" },
    };
    static const struct kept direct[] = { { "appid", "appid" }, { "openid", "payer/openid" } };
    static const struct kept partner[] = {
        { "appid", "sp_appid" },
        { "sub_appid", "sub_appid" },
        { "sub_mch_id", "sub_mchid" },
        { "openid", "payer/sp_openid" },
        { "sub_openid", "payer/sub_openid" },
    };
    int err = v3_is_partner(call) ? keep(call, partner, COUNT(partner))
                                  : keep(call, direct, COUNT(direct));
    if (!err)
        err = keep(call, common, COUNT(common));
    struct buf sorted = BUF_INIT(V3_BODY_MAX);
    if (!err)
        err = json_write_as(call->v3->in, JSON_COMPACT | JSON_SORT_KEYS, &sorted);
    if (!err)
        err = v2_msg_add(&call->in, VIEW("v3_body"), buf_view(&sorted));
    buf_release(&sorted);
    return err;
}

static const struct refusal *explain(struct call *call, const struct refusal *no,
                                     struct view differs)
{
    if (no->id == REFUSE_REENTRY_DIFFERS)
        return call_refuse(call, no, differs, "V3 5.3: the body differs from the first one");
    return call_refuse(call, no, VIEW("out_trade_no"), "V3 5.3: the number is known");
}

int v3_fill_prepay(struct call *call, const struct order_row *order)
{
    char code_url[CODE_URL_MAX + 1], h5_url[H5_URL_MAX + 1];
    json_t **out = &call->v3->out;
    switch (order->trade_type) {
    case TRADE_TYPE_NATIVE:
        order_code_url(order, code_url);
        *out = json_pack("{s:s}", "code_url", code_url);
        break;
    case TRADE_TYPE_MWEB:
        order_h5_url(order, h5_url);
        *out = json_pack("{s:s}", "h5_url", h5_url);
        break;
    default: *out = json_pack("{s:s}", "prepay_id", order->prepay_id);
    }
    return *out ? 0 : ERR_NOMEM;
}

static const struct refusal *create(struct call *call, enum trade_type type)
{
    struct order_spec spec = { .dialect = DIALECT_V3,
                               .out_trade_no = v3_body_text(call, "out_trade_no"),
                               .trade_type = type,
                               .total_fen = json_integer_value(v3_body_at(call, "amount/total")),
                               .request = &call->in };
    const struct refusal *no = check_appid(call);
    if (!no)
        no = v3_check_product(call, type);
    if (!no)
        no = check_sub(call);
    if (!no && type == TRADE_TYPE_JSAPI)
        no = check_openid(call);
    if (!no)
        no = v3_check_expire(call, is_known, EXPIRE_MOST, &spec.expire_ms);
    if (!no && fill_request(call))
        no = REFUSE(SYSTEM_ERROR);
    if (no)
        return no;

    struct order_row order = {};
    struct view differs = {};
    no = order_open(&call->sandbox->engine, call->account, &spec, &order, &differs);
    if (no)
        return explain(call, no, differs);
    int err = v3_fill_prepay(call, &order);
    order_row_release(&order);
    return err ? REFUSE(SYSTEM_ERROR) : NULL;
}

const struct refusal *v3_native(struct call *call)
{
    return create(call, TRADE_TYPE_NATIVE);
}

const struct refusal *v3_jsapi(struct call *call)
{
    return create(call, TRADE_TYPE_JSAPI);
}

const struct refusal *v3_app(struct call *call)
{
    return create(call, TRADE_TYPE_APP);
}

const struct refusal *v3_h5(struct call *call)
{
    return create(call, TRADE_TYPE_MWEB);
}
