/* The client of API V2: signed XML documents to /pay/… and /secapi/pay/… */
#include "base/mem.h"
#include "platform_client.h"
#include "steps.h"

static void judge(struct answer *answer)
{
    const struct steps *steps = answer->shop->steps;
    const struct {
        const char *name;
        enum step (*run)(struct answer *answer);
    } order[] = {
        { "answer_known", steps->answer_known },
        { "answer_return_code", steps->answer_return_code },
        { "answer_verify", steps->answer_verify },
        { "answer_identity", steps->answer_identity },
        { "answer_result_code", steps->answer_result_code },
    };
    enum step said = STEP_GO;
    for (size_t i = 0; said == STEP_GO && i < COUNT(order); i++) {
        answer->step = order[i].name;
        said = order[i].run(answer);
    }
    const struct v2_msg *msg = &answer->message.v2;
    answer->told.code_url = v2_msg_get(msg, "code_url");
    answer->told.state = v2_msg_get(msg, "trade_state");
    answer->told.err_code = v2_msg_get(msg, "err_code");
}

static void on_done(void *owner, int err, const struct http_response *response)
{
    platform_answered(owner, err, response ? response->status : 0,
                      response ? response->body : (struct view){});
}

/* The two that only name the order. */
static int name_fields(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    int err = v2_msg_add_str(msg, "appid", shop->options->appid);
    if (!err)
        err = v2_msg_add_str(msg, "mch_id", shop->options->mch_id);
    return err ? err : v2_msg_add_str(msg, "out_trade_no", order->out_trade_no);
}

/* Asked by our own number. */
static int refund_name(struct shop *shop, const struct refund *refund, struct v2_msg *msg)
{
    int err = v2_msg_add_str(msg, "appid", shop->options->appid);
    if (!err)
        err = v2_msg_add_str(msg, "mch_id", shop->options->mch_id);
    return err ? err : v2_msg_add_str(msg, "out_refund_no", refund->out_refund_no);
}

static int add_fields(struct asking *asking, struct v2_msg *msg)
{
    struct shop *shop = asking->answer.shop;
    switch (asking->answer.api) {
    case API_CREATE: return shop->steps->create_fields(shop, &asking->order, msg);
    case API_REFUND: return shop->steps->refund_fields(shop, &asking->order, &asking->refund, msg);
    case API_REFUND_QUERY: return refund_name(shop, &asking->refund, msg);
    default: return name_fields(shop, &asking->order, msg);
    }
}

/* The signed document. */
static int write_request(struct asking *asking, struct buf *body)
{
    struct shop *shop = asking->answer.shop;
    struct v2_msg msg = {};
    int err = add_fields(asking, &msg);
    if (!err)
        err = shop->steps->request_sign(shop, &msg);
    if (!err)
        err = shop->steps->request_write(shop, &msg, body);
    v2_msg_release(&msg);
    return err;
}

static int send_xml(struct asking *asking)
{
    struct shop *shop = asking->answer.shop;
    struct buf body = BUF_INIT(V2_XML_MAX), url = BUF_INIT(512);
    int err = write_request(asking, &body);
    if (!err)
        err = buf_fmt(&url, "%s%s/%s", shop->options->platform_url,
                      asking->answer.api == API_REFUND ? "/secapi/pay" : "/pay",
                      platform_v2.names[asking->answer.api]);
    if (!err) {
        struct http_send send = {
            .url = buf_view(&url), .body = buf_view(&body), .on_done = on_done, .owner = asking
        };
        err = shop->steps->request_send(shop, &send);
    }
    buf_release(&body);
    buf_release(&url);
    return err;
}

const struct platform_client platform_v2 = {
    .names = { [API_CREATE] = "unifiedorder",
               [API_QUERY] = "orderquery",
               [API_CLOSE] = "closeorder",
               [API_REFUND] = "refund",
               [API_REFUND_QUERY] = "refundquery" },
    .send = send_xml,
    .judge = judge,
};
