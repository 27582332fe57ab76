#include "platform.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "steps.h"

struct asking {
    struct answer answer;
    void (*on_answer)(struct answer *answer, void *owner);
    void *owner;
    char out_trade_no[ORDER_NUMBER_MAX + 1]; /* for the log */
};

const char *api_name(enum api api)
{
    static const char *const names[] = { [API_UNIFIEDORDER] = "unifiedorder",
                                         [API_ORDERQUERY] = "orderquery",
                                         [API_CLOSEORDER] = "closeorder" };
    return names[api];
}

void answer_judge(struct answer *answer)
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
    answer->outcome = ANSWER_UNKNOWN;
    answer->why = "";
    for (size_t i = 0; i < COUNT(order); i++) {
        answer->step = order[i].name;
        if (order[i].run(answer) != STEP_GO)
            return;
    }
}

static void asking_free(struct asking *asking)
{
    v2_msg_release(&asking->answer.msg);
    mem_free(asking);
}

static void log_answer(const struct asking *asking)
{
    const struct answer *a = &asking->answer;
    static const char *const outcomes[] = {
        [ANSWER_UNKNOWN] = "unknown", [ANSWER_OK] = "success", [ANSWER_ERROR] = "refused"
    };
    log_event(a->outcome == ANSWER_OK ? LOG_INFO : LOG_WARN, "platform", api_name(a->api), "number",
              view_str(asking->out_trade_no), "outcome", view_str(outcomes[a->outcome]), "err_code",
              v2_msg_get(&a->msg, "err_code"), "state", v2_msg_get(&a->msg, "trade_state"), "step",
              view_str(a->step), "why", view_str(a->why), NULL);
}

static void on_done(void *owner, int err, const struct http_response *response)
{
    struct asking *asking = owner;
    struct answer *answer = &asking->answer;
    answer->err = err;
    answer->status = response ? response->status : 0;
    answer->body = response ? response->body : (struct view){};
    answer_judge(answer);
    log_answer(asking);
    asking->on_answer(answer, asking->owner);
    asking_free(asking);
}

/* The two that only name the order. */
static int name_fields(struct shop *shop, const struct order *order, struct v2_msg *msg)
{
    int err = v2_msg_add_str(msg, "appid", shop->options->appid);
    if (!err)
        err = v2_msg_add_str(msg, "mch_id", shop->options->mch_id);
    return err ? err : v2_msg_add_str(msg, "out_trade_no", order->out_trade_no);
}

/* The signed document. */
static int write_request(struct shop *shop, const struct platform_ask *ask, struct buf *body)
{
    struct v2_msg msg = {};
    int err = ask->api == API_UNIFIEDORDER ? shop->steps->create_fields(shop, ask->order, &msg)
                                           : name_fields(shop, ask->order, &msg);
    if (!err)
        err = shop->steps->request_sign(shop, &msg);
    if (!err)
        err = shop->steps->request_write(shop, &msg, body);
    v2_msg_release(&msg);
    return err;
}

int platform_send(struct shop *shop, const struct platform_ask *ask)
{
    struct buf body = BUF_INIT(V2_XML_MAX), url = BUF_INIT(512);
    struct asking *asking = mem_new(struct asking);
    if (!asking)
        return ERR_NOMEM;
    asking->answer.shop = shop;
    asking->answer.api = ask->api;
    asking->on_answer = ask->on_answer;
    asking->owner = ask->owner;
    memcpy(asking->out_trade_no, ask->order->out_trade_no, sizeof(asking->out_trade_no));

    int err = write_request(shop, ask, &body);
    if (!err)
        err = buf_fmt(&url, "%s/pay/%s", shop->options->platform_url, api_name(ask->api));
    if (!err) {
        struct http_send send = {
            .url = buf_view(&url), .body = buf_view(&body), .on_done = on_done, .owner = asking
        };
        err = shop->steps->request_send(shop, &send);
    }
    if (err) {
        log_line(LOG_ERROR, "platform", "%s of %s was not sent: %s", api_name(ask->api),
                 ask->order->out_trade_no, err_text(err));
        asking_free(asking);
    }
    buf_release(&body);
    buf_release(&url);
    return err;
}
