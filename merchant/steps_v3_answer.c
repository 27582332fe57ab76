/* Chapter "v3_answer": which answers of the platform are believed. See steps_v3.h for the table. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"

static enum step doubt(struct answer *a, const char *why)
{
    a->why = why;
    return STEP_REFUSE;
}

enum step step_v3_answer_known(struct answer *a)
{
    if (a->err)
        return doubt(a, err_text(a->err));
    return STEP_GO;
}

enum step step_v3_answer_status(struct answer *a)
{
    if (a->status == 200 || a->status == 204)
        return STEP_GO;
    if (a->status < 400)
        return doubt(a, "the status says neither done nor refused");
    a->message.v3 = json_loadb(a->body.ptr ? a->body.ptr : "", a->body.len, 0, NULL);
    a->told.err_code = view_str(json_string_value(json_object_get(a->message.v3, "code")));
    a->outcome = ANSWER_ERROR;
    a->error = a->api >= API_REFUND ? a->shop->steps->refund_error(a, a->told.err_code)
                                    : a->shop->steps->v3_answer_error(a, a->told.err_code);
    return STEP_DONE;
}

enum refusal step_v3_answer_error(struct answer *a, struct view code)
{
    static const struct {
        const char *code;
        enum refusal error;
    } table[] = {
        { "ORDERPAID", REFUSAL_PAID },
        { "ORDER_PAID", REFUSAL_PAID },
        { "ORDER_CLOSED", REFUSAL_CLOSED },
        { "ORDER_NOT_EXIST", REFUSAL_NOT_EXIST },
        { "ORDERNOTEXIST", REFUSAL_NOT_EXIST },
        { "OUT_TRADE_NO_USED", REFUSAL_FINAL },
        { "INVALID_REQUEST", REFUSAL_FINAL },
        { "PARAM_ERROR", REFUSAL_FINAL },
        { "APPID_MCHID_NOT_MATCH", REFUSAL_FINAL },
        { "MCH_NOT_EXISTS", REFUSAL_FINAL },
        { "NO_AUTH", REFUSAL_FINAL },
        { "RULE_LIMIT", REFUSAL_FINAL },
    };
    if (a->status == 429 || a->status >= 500)
        return REFUSAL_AGAIN; /* whatever the body says */
    for (size_t i = 0; i < COUNT(table); i++) {
        if (view_is(code, table[i].code))
            return table[i].error;
    }
    return REFUSAL_AGAIN;
}

enum step step_v3_answer_headers(struct answer *a)
{
    return a->proof.fault ? doubt(a, a->proof.fault) : STEP_GO;
}

enum step step_v3_answer_fresh(struct answer *a)
{
    if (v3_proof_age_s(&a->proof, clock_real_ms()) > V3_SKEW_S)
        return doubt(a, "the stamp is more than five minutes away");
    return STEP_GO;
}

enum step step_v3_answer_verify(struct answer *a)
{
    const struct v3_public *key =
        a->shop->steps->v3_keys_choose(a->shop, view_str(a->proof.serial));
    if (!key)
        return doubt(a, "nobody we trust has this serial");
    if (v3_proof_verify(&a->proof, key, a->body))
        return doubt(a, "the signature does not hold");
    return STEP_GO;
}

enum step step_v3_answer_parse(struct answer *a)
{
    if (a->status == 204) {
        if (a->api != API_CLOSE || a->body.len)
            return doubt(a, "204 is no answer to this");
        return STEP_GO;
    }
    a->message.v3 =
        json_loadb(a->body.ptr ? a->body.ptr : "", a->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(a->message.v3))
        return doubt(a, "this is no JSON object");
    return STEP_GO;
}

enum step step_v3_answer_identity(struct answer *a)
{
    const json_t *said = a->message.v3;
    const struct options *own = a->shop->options;
    if (a->api != API_QUERY)
        return STEP_GO;
    if (!view_is(view_str(json_string_value(json_object_get(said, "appid"))), own->appid) ||
        !view_is(view_str(json_string_value(json_object_get(said, "mchid"))), own->mch_id))
        return doubt(a, "appid or mchid is not ours");
    return STEP_GO;
}
