/* Chapter "notify": the notification endpoint, V2 6.8 in its order. See steps.h for the table. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "settle.h"
#include "steps.h"
#include "wxpay/v3_seal.h"

/* Real notifications stay below 8 KiB; V3 promises more (V3 6.1). */
void step_door_limits(struct shop *shop, struct http_server_options *options)
{
    options->body_max = shop->options->api == WIRE_V3 ? V3_SEAL_MAX + 4096 : V2_XML_MAX;
    options->request_ms = 10'000;
    options->conns_max = 2'000;
}

enum step step_notify_door(struct claim *)
{
    return STEP_GO; /* what proves a notification is inside it */
}

enum step step_notify_parse(struct claim *c)
{
    struct v2_fault fault;
    if (v2_msg_read(&c->msg->v2, http_call_request(c->call)->body, NULL, &fault)) {
        log_event(LOG_WARN, "notify", "unreadable", "rule", view_str(fault.rule), NULL);
        return claim_stop(c, STEP_REFUSE, "not a readable message");
    }
    return STEP_GO;
}

enum step step_notify_return_code(struct claim *c)
{
    if (!view_is(v2_msg_get(&c->msg->v2, "return_code"), "SUCCESS"))
        return claim_stop(c, STEP_REFUSE, "return_code is not SUCCESS");
    return STEP_GO;
}

enum step step_notify_verify(struct claim *c)
{
    struct view said = v2_msg_get(&c->msg->v2, "sign_type");
    enum v2_sign_type ours = c->shop->options->sign_type;
    if (said.len && !view_is(said, v2_sign_type_name(ours)))
        return claim_stop(c, STEP_REFUSE, "sign_type is not the one we order with");
    if (v2_verify(&c->msg->v2, ours, c->shop->key))
        return claim_stop(c, STEP_REFUSE, "the signature does not hold");
    return STEP_GO;
}

enum step step_notify_identity(struct claim *c)
{
    const struct options *own = c->shop->options;
    if (!view_is(v2_msg_get(&c->msg->v2, "appid"), own->appid) ||
        !view_is(v2_msg_get(&c->msg->v2, "mch_id"), own->mch_id))
        return claim_stop(c, STEP_REFUSE, "appid or mch_id is not ours");
    if (v2_msg_filled(&c->msg->v2, "sub_mch_id") || v2_msg_filled(&c->msg->v2, "sub_appid"))
        return claim_stop(c, STEP_REFUSE, "we have no sub-merchants");
    return STEP_GO;
}

enum step step_notify_result_code(struct claim *c)
{
    if (!view_is(v2_msg_get(&c->msg->v2, "result_code"), "SUCCESS"))
        return claim_stop(c, STEP_REFUSE, "result_code is not SUCCESS");
    return STEP_GO;
}

enum step step_notify_read(struct claim *c)
{
    return settle_read(c);
}

enum step step_notify_find_order(struct claim *c)
{
    int err = ledger_find(c->shop->ledger, c->payment.out_trade_no, &c->order);
    if (err == ERR_NOT_FOUND)
        return claim_stop(c, STEP_REFUSE, "we have no such out_trade_no");
    if (err)
        return claim_stop(c, STEP_REFUSE, "the orders cannot be read");
    return STEP_GO;
}

enum step step_notify_amount(struct claim *c)
{
    return settle_compare_amount(c);
}

enum step step_notify_currency(struct claim *c)
{
    return settle_compare_currency(c);
}

void step_notify_ack(struct claim *c)
{
    static const struct http_header xml = { VIEW("Content-Type"), VIEW("text/xml") };
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    http_call_reply(c->call, 200, &xml, 1,
                    ok ? VIEW("<xml><return_code><![CDATA[SUCCESS]]></return_code>"
                              "<return_msg><![CDATA[OK]]></return_msg></xml>")
                       : VIEW("<xml><return_code><![CDATA[FAIL]]></return_code>"
                              "<return_msg><![CDATA[REFUSED]]></return_msg></xml>"));
}
