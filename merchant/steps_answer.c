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
    if (v2_msg_read(&a->msg, a->body, NULL, NULL))
        return doubt(a, "this is no XML message");
    return STEP_GO;
}

enum step step_answer_return_code(struct answer *a)
{
    if (!view_is(v2_msg_get(&a->msg, "return_code"), "SUCCESS"))
        return doubt(a, "return_code is not SUCCESS");
    return STEP_GO;
}

enum step step_answer_verify(struct answer *a)
{
    if (v2_verify(&a->msg, a->shop->options->sign_type, a->shop->key))
        return doubt(a, "the signature does not hold");
    return STEP_GO;
}

enum step step_answer_identity(struct answer *a)
{
    if (!view_is(v2_msg_get(&a->msg, "appid"), a->shop->options->appid) ||
        !view_is(v2_msg_get(&a->msg, "mch_id"), a->shop->options->mch_id))
        return doubt(a, "appid or mch_id is not ours");
    return STEP_GO;
}

enum step step_answer_result_code(struct answer *a)
{
    struct view result = v2_msg_get(&a->msg, "result_code");
    if (view_is(result, "SUCCESS")) {
        a->outcome = ANSWER_OK;
        return STEP_DONE;
    }
    if (!view_is(result, "FAIL"))
        return doubt(a, "result_code is neither SUCCESS nor FAIL");
    a->outcome = ANSWER_ERROR;
    a->error = a->shop->steps->answer_error(a, v2_msg_get(&a->msg, "err_code"));
    return STEP_DONE;
}

enum v2_error step_answer_error(struct answer *, struct view err_code)
{
    static const struct {
        const char *code;
        enum v2_error error;
    } table[] = {
        { "ORDERPAID", V2_ERROR_PAID },
        { "ORDERCLOSED", V2_ERROR_CLOSED },
        { "ORDERREVERSED", V2_ERROR_CLOSED },
        { "ORDERNOTEXIST", V2_ERROR_NOT_EXIST },
        { "ORDER_NOT_EXIST", V2_ERROR_NOT_EXIST },
        { "OUT_TRADE_NO_USED", V2_ERROR_FINAL },
        { "INVALID_REQUEST", V2_ERROR_FINAL },
        { "PARAM_ERROR", V2_ERROR_FINAL },
        { "LACK_PARAMS", V2_ERROR_FINAL },
        { "APPID_NOT_EXIST", V2_ERROR_FINAL },
        { "MCHID_NOT_EXIST", V2_ERROR_FINAL },
        { "APPID_MCHID_NOT_MATCH", V2_ERROR_FINAL },
        { "NOAUTH", V2_ERROR_FINAL },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(err_code, table[i].code))
            return table[i].error;
    }
    return V2_ERROR_AGAIN;
}
