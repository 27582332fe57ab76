/* POST /pay/closeorder — V2 3.3 */
#include "api/v2/api_v2.h"

const struct field v2_closeorder_fields[V2_CLOSEORDER_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.3 out_trade_no", "out_trade_no", FIELD_REQUIRED, 32, false, NULL },
};

const struct refusal *v2_closeorder(struct call *call)
{
    bool early = false;
    const struct refusal *no = order_close(&call->sandbox->engine, call->account,
                                           v2_msg_get(&call->in, "out_trade_no"), &early);
    if (early)
        exchange_remark(call->exchange, "early-close", "V2 3.3",
                        "closeorder came before 5 minutes were over (WX2-063)");
    if (no)
        return call_refuse(call, no, VIEW("out_trade_no"), "%s: %s", no->clause, no->code);
    return v2_msg_add_str(&call->out, "result_msg", "OK") ? REFUSE(SYSTEM_ERROR) : NULL;
}
