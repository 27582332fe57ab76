/* Chapter "answer": which answers of the platform are believed. See steps.h for the table. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"

static enum step doubt(struct answer *a, const char *why)
{
    a->why = why;
    return STEP_REFUSE;
}

enum step step_answer_known(struct answer *a)
{
    if (a->err)
        return doubt(a, err_text(a->err));
    if (a->status != 200)
        return doubt(a, "the status is not 200");
    if (v2_msg_read(&a->message.v2, a->body, NULL, NULL))
        return doubt(a, "this is no XML message");
    return STEP_GO;
}

enum step step_answer_return_code(struct answer *a)
{
    if (!view_is(v2_msg_get(&a->message.v2, "return_code"), "SUCCESS"))
        return doubt(a, "return_code is not SUCCESS");
    return STEP_GO;
}

enum step step_answer_verify(struct answer *a)
{
    if (v2_verify(&a->message.v2, a->shop->options->sign_type, a->shop->key))
        return doubt(a, "the signature does not hold");
    return STEP_GO;
}

enum step step_answer_identity(struct answer *a)
{
    if (!view_is(v2_msg_get(&a->message.v2, "appid"), a->shop->options->appid) ||
        !view_is(v2_msg_get(&a->message.v2, "mch_id"), a->shop->options->mch_id))
        return doubt(a, "appid or mch_id is not ours");
    return STEP_GO;
}

enum step step_answer_result_code(struct answer *a)
{
    struct view result = v2_msg_get(&a->message.v2, "result_code");
    if (view_is(result, "SUCCESS")) {
        a->outcome = ANSWER_OK;
        return STEP_DONE;
    }
    if (!view_is(result, "FAIL"))
        return doubt(a, "result_code is neither SUCCESS nor FAIL");
    a->outcome = ANSWER_ERROR;
    struct view code = v2_msg_get(&a->message.v2, "err_code");
    a->error = a->api >= API_REFUND ? a->shop->steps->refund_error(a, code)
                                    : a->shop->steps->answer_error(a, code);
    return STEP_DONE;
}

enum refusal step_answer_error(struct answer *, struct view err_code)
{
    static const struct {
        const char *code;
        enum refusal error;
    } table[] = {
        { "ORDERPAID", REFUSAL_PAID },
        { "ORDERCLOSED", REFUSAL_CLOSED },
        { "ORDERREVERSED", REFUSAL_CLOSED },
        { "ORDERNOTEXIST", REFUSAL_NOT_EXIST },
        { "ORDER_NOT_EXIST", REFUSAL_NOT_EXIST },
        { "OUT_TRADE_NO_USED", REFUSAL_FINAL },
        { "INVALID_REQUEST", REFUSAL_FINAL },
        { "PARAM_ERROR", REFUSAL_FINAL },
        { "LACK_PARAMS", REFUSAL_FINAL },
        { "APPID_NOT_EXIST", REFUSAL_FINAL },
        { "MCHID_NOT_EXIST", REFUSAL_FINAL },
        { "APPID_MCHID_NOT_MATCH", REFUSAL_FINAL },
        { "NOAUTH", REFUSAL_FINAL },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(err_code, table[i].code))
            return table[i].error;
    }
    return REFUSAL_AGAIN;
}
