/* POST /v3/pay/[partner/]transactions/out-trade-no/{out_trade_no}/close — V3 4.3, 4.6 */
#include "api/v3/partner.h"

static const struct v3_field number_field = {
    "V3 4.3 out_trade_no", "out_trade_no", "商户订单号", V3_TEXT, true, 6, 32,
    &v3_number_pattern,    NULL,           V3_PATH
};

/* A missing mchid is blamed on the path, although it belongs in the body (V3 1.5). */
const struct v3_field v3_close_fields[] = {
    { "V3 4.3 mchid", "mchid", "直连商户号", V3_TEXT, true, 1, 32, NULL, NULL, V3_PATH },
    { 0 },
};

const struct v3_field v3_partner_close_fields[] = {
    { "V3 4.8 sp_mchid", "sp_mchid", "服务商户号", V3_TEXT, true, 1, 32, NULL, NULL, V3_PATH },
    { "V3 4.8 sub_mchid", "sub_mchid", "子商户号", V3_TEXT, false, 1, 32, NULL, NULL, V3_PATH },
    { 0 },
};

static const struct refusal *check_whose(struct call *call, struct view number)
{
    struct view sub = v3_is_partner(call) ? v3_body_text(call, "sub_mchid") : (struct view){};
    const struct refusal *no = v3_check_sub(call, sub);
    return no ? no : v3_check_sub_order(call, sub, (struct view){}, number);
}

const struct refusal *v3_close(struct call *call)
{
    struct view number = view_str(call->v3->param[0]);
    bool early = false;
    const struct refusal *no = v3_text_check(call, &number_field, number);
    if (!no)
        no = check_whose(call, number);
    if (no)
        return no;
    no = order_close(&call->sandbox->engine, call->account, number, &early);
    if (!no || no->id == REFUSE_ORDER_CLOSED)
        return NULL; /* closing again is 204 again */
    if (no->id == REFUSE_CLOSE_UNKNOWN) {
        exchange_remark(call->exchange, "ghost-closed", "V3 4.3",
                        "nobody ordered this number; nobody can order it from now on");
        return order_bury(&call->sandbox->engine, call->account, number);
    }
    return call_refuse(call, no, VIEW("out_trade_no"), "V3 4.3: %s", no->code);
}
