/* Refunds over API V2: fields, and how a query and a notification are read. See steps_refund.h. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"
#include "wxpay/v2_seal.h"

int step_refund_fields(struct shop *shop, const struct order *order, const struct refund *refund,
                       struct v2_msg *msg)
{
    const struct {
        const char *name, *value;
    } fields[] = {
        { "appid", shop->options->appid },       { "mch_id", shop->options->mch_id },
        { "notify_url", refund->notify_url },    { "out_refund_no", refund->out_refund_no },
        { "out_trade_no", order->out_trade_no },
    };
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(fields); i++)
        err = v2_msg_add_str(msg, fields[i].name, fields[i].value);
    if (!err)
        err = v2_msg_add_int(msg, "refund_fee", refund->fen);
    return err ? err : v2_msg_add_int(msg, "total_fee", order->total_fen);
}

static const char *read_fen(const struct v2_msg *msg, const char *refund,
                            struct refund_facts *facts)
{
    if (view_to_i64(v2_msg_get(msg, refund), INT64_MAX, &facts->fen) ||
        view_to_i64(v2_msg_get(msg, "total_fee"), INT64_MAX, &facts->total_fen))
        return "an amount is not plain digits";
    return facts->out_refund_no.len ? NULL : "out_refund_no is missing";
}

/* Asked by our number: one refund, the group 0. */
const char *step_refund_told(struct shop *, const struct answer *a, struct refund_facts *facts)
{
    const struct v2_msg *msg = &a->message.v2;
    *facts = (struct refund_facts){ .out_refund_no = v2_msg_get(msg, "out_refund_no_0"),
                                    .refund_id = v2_msg_get(msg, "refund_id_0"),
                                    .out_trade_no = v2_msg_get(msg, "out_trade_no"),
                                    .transaction_id = v2_msg_get(msg, "transaction_id"),
                                    .state = v2_msg_get(msg, "refund_status_0") };
    return read_fen(msg, "refund_fee_0", facts);
}

enum step step_refund_identity(struct claim *c)
{
    const struct options *own = c->shop->options;
    if (!view_is(v2_msg_get(&c->msg->v2, "appid"), own->appid) ||
        !view_is(v2_msg_get(&c->msg->v2, "mch_id"), own->mch_id))
        return claim_stop(c, STEP_REFUSE, "appid or mch_id is not ours");
    return STEP_GO;
}

enum step step_refund_open(struct claim *c)
{
    struct buf plain = BUF_INIT(V2_XML_MAX);
    int err = v2_unseal(c->shop->key, v2_msg_get(&c->msg->v2, "req_info"), &plain);
    if (!err)
        err = v2_msg_read(&c->opened, buf_view(&plain), NULL, NULL);
    buf_release(&plain);
    if (err)
        return claim_stop(c, STEP_REFUSE, "req_info cannot be opened with our key");
    c->proven = true;
    return STEP_GO;
}

enum step step_refund_read(struct claim *c)
{
    const struct v2_msg *msg = &c->opened;
    c->facts = (struct refund_facts){ .out_refund_no = v2_msg_get(msg, "out_refund_no"),
                                      .refund_id = v2_msg_get(msg, "refund_id"),
                                      .out_trade_no = v2_msg_get(msg, "out_trade_no"),
                                      .transaction_id = v2_msg_get(msg, "transaction_id"),
                                      .state = v2_msg_get(msg, "refund_status") };
    const char *why = read_fen(msg, "refund_fee", &c->facts);
    return why ? claim_stop(c, STEP_REFUSE, why) : STEP_GO;
}
