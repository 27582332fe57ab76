#include "platform.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "platform_client.h"

static const struct platform_client *client_of(const struct shop *shop)
{
    return shop->options->api == WIRE_V3 ? &platform_v3 : &platform_v2;
}

static void asking_free(struct asking *asking)
{
    message_release(&asking->answer.message);
    buf_release(&asking->kept);
    mem_free(asking);
}

static void log_answer(const struct asking *asking)
{
    const struct answer *a = &asking->answer;
    static const char *const outcomes[] = {
        [ANSWER_UNKNOWN] = "unknown", [ANSWER_OK] = "success", [ANSWER_ERROR] = "refused"
    };
    log_event(
        a->outcome == ANSWER_OK ? LOG_INFO : LOG_WARN, "platform",
        client_of(a->shop)->names[a->api], "number",
        view_str(a->api < API_REFUND ? asking->order.out_trade_no : asking->refund.out_refund_no),
        "outcome", view_str(outcomes[a->outcome]), "err_code", a->told.err_code, "state",
        a->told.state, "step", view_str(a->step), "why", view_str(a->why), NULL);
}

void platform_answered(struct asking *asking, int err, int status, struct view body)
{
    struct answer *answer = &asking->answer;
    answer->err = err;
    answer->status = status;
    answer->body = body;
    answer->outcome = ANSWER_UNKNOWN;
    answer->step = answer->why = "";
    client_of(answer->shop)->judge(answer);
    log_answer(asking);
    asking->on_answer(answer, asking->owner);
    asking_free(asking);
}

int platform_send(struct shop *shop, const struct platform_ask *ask)
{
    struct asking *asking = mem_new(struct asking);
    if (!asking)
        return ERR_NOMEM;
    asking->answer.shop = shop;
    asking->answer.api = ask->api;
    asking->order = *ask->order;
    if (ask->refund)
        asking->refund = *ask->refund;
    asking->on_answer = ask->on_answer;
    asking->owner = ask->owner;
    asking->kept = BUF_INIT(PLATFORM_ANSWER_MAX);
    int err = client_of(shop)->send(asking);
    if (err) {
        log_line(LOG_ERROR, "platform", "%s of %s was not sent: %s",
                 client_of(shop)->names[ask->api], ask->order->out_trade_no, err_text(err));
        asking_free(asking);
    }
    return err;
}
