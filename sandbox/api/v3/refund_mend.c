/* POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund — V3 4.4 */
#include "api/v3/api_v3.h"
#include "api/v3/hidden.h"
#include "api/v3/partner.h"
#include "base/mem.h"
#include "engine/refund.h"

#define P          "V3 4.4 "
#define TO_USER    "USER_BANK_CARD"
#define TO_SHOP    "MERCHANT_BANK_CARD"
#define HIDDEN_MAX 1024

static const struct refusal *rule_type(struct call *call, const struct v3_field *field,
                                       const json_t *value)
{
    const char *text = json_string_value(value);
    if (strcmp(text, TO_USER) == 0 || strcmp(text, TO_SHOP) == 0)
        return NULL;
    return v3_field_refuse(call, field, json_deep_copy(value), "is none of its values",
                           "输入源“/body/%s”映射到值字段“%s”枚举值校验失败，可选值为 "
                           "USER_BANK_CARD、MERCHANT_BANK_CARD",
                           field->path, field->label);
}

enum { SUB_MCHID, OUT_REFUND_NO, TYPE, BANK_TYPE, BANK_ACCOUNT, REAL_NAME };

const struct v3_field v3_refund_mend_fields[] = {
    [SUB_MCHID] = { "V3 4.8 sub_mchid", "sub_mchid", "子商户号", V3_TEXT, false, 1, 32, NULL, NULL,
                    V3_BODY },
    [OUT_REFUND_NO] = { P "out_refund_no", "out_refund_no", "商户退款单号", V3_TEXT, true, 1, 64,
                        NULL, NULL, V3_BODY },
    [TYPE] = { P "type", "type", "异常退款处理方式", V3_TEXT, true, 1, 32, NULL, rule_type,
               V3_BODY },
    [BANK_TYPE] = { P "bank_type", "bank_type", "开户银行", V3_TEXT, false, 1, 16, NULL, NULL,
                    V3_BODY },
    [BANK_ACCOUNT] = { P "bank_account", "bank_account", "收款银行卡号", V3_TEXT, false, 1,
                       HIDDEN_MAX, NULL, NULL, V3_BODY },
    [REAL_NAME] = { P "real_name", "real_name", "收款用户姓名", V3_TEXT, false, 1, HIDDEN_MAX, NULL,
                    NULL, V3_BODY },
    { 0 },
};

/* A card of the payer's has an owner and a number. */
static const struct refusal *check_card(struct call *call)
{
    if (!view_is(v3_body_text(call, "type"), TO_USER))
        return NULL;
    for (size_t i = BANK_ACCOUNT; i <= REAL_NAME; i++) {
        const struct v3_field *field = &v3_refund_mend_fields[i];
        if (!v3_body_text(call, field->path).len)
            return v3_field_refuse(
                call, field, NULL, "is required with USER_BANK_CARD",
                "输入源“/body/%s”映射到字段“%s”必填性规则校验失败，此字段为必填项", field->path,
                field->label);
    }
    return NULL;
}

/* Nobody is paid here: that they can be read is all that matters. */
static const struct refusal *check_hidden(struct call *call)
{
    const struct identity *key;
    const struct refusal *no = v3_hidden_key(call, &key);
    for (size_t i = BANK_ACCOUNT; !no && i <= REAL_NAME; i++) {
        struct buf plain = BUF_INIT(V3_HIDDEN_MAX);
        no = v3_hidden_read(call, key, v3_refund_mend_fields[i].path, &plain);
        if (plain.ptr)
            mem_wipe(plain.ptr, plain.cap);
        buf_release(&plain);
    }
    return no;
}

const struct refusal *v3_refund_mend(struct call *call)
{
    struct refund_row refund = {};
    struct order_row order = {};
    struct payment_row payment = {};
    struct view sub = v3_body_text(call, "sub_mchid");
    const struct refusal *no = v3_check_sub(call, sub);
    if (!no)
        no = check_card(call);
    if (!no)
        no = check_hidden(call);
    if (no)
        return no;
    struct refund_name name = { .out_refund_no = v3_body_text(call, "out_refund_no") };
    no = refund_find(&call->sandbox->engine, call->account, &name, &refund, &order, &payment);
    if (!no && !view_eq(order_field(&order, "sub_mch_id"), sub))
        no = REFUSE(V3_SUB_ORDER);
    if (!no && !view_is(view_str(call->v3->param[0]), refund.refund_id))
        no = REFUSE(REFUND_UNKNOWN); /* the two numbers are not of one refund */
    if (!no)
        no = refund_mend(&call->sandbox->engine, call->account, &refund);
    return v3_refund_answer(call, no, &refund, &order, &payment);
}
