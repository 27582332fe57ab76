#include "gate_v2.h"

#include "api/v2/fields.h"
#include "base/err.h"
#include "routes.h"
#include "wxpay/v2_hint.h"

static const struct refusal *xml_refusal(enum v2_fault_kind kind)
{
    switch (kind) {
    case V2_FAULT_EMPTY: return REFUSE(EMPTY_BODY);
    case V2_FAULT_ENCODING: return REFUSE(NOT_UTF8);
    case V2_FAULT_NOMEM: return REFUSE(SYSTEM_ERROR);
    default: return REFUSE(XML_FORMAT);
    }
}

/* Whose record this is, whether or not the rest holds. */
static void name_exchange(struct call *call)
{
    struct exchange *exchange = call->exchange;
    struct view mch_id = v2_msg_get(&call->in, "mch_id");
    call->account = accounts_find(call->sandbox->accounts, mch_id);
    if (call->account)
        (void)view_copy(mch_id, exchange->mch_id, sizeof(exchange->mch_id));
    (void)view_copy(v2_msg_get(&call->in, "out_trade_no"), exchange->out_trade_no,
                    sizeof(exchange->out_trade_no));
    call->now_ms = call->account ? account_now_ms(call->account) : clock_real_ms();
    exchange->virtual_ms = call->now_ms;
}

static void remark_shape(struct call *call, const struct v2_shape *shape)
{
    struct exchange *exchange = call->exchange;
    if (shape->root_is_root)
        exchange_remark(exchange, "root-element", "interop", "the root is <root>, not <xml>");
    if (shape->bom)
        exchange_remark(exchange, "byte-order-mark", "V2 1.3", "a byte order mark comes first");
    if (shape->leading_space)
        exchange_remark(exchange, "leading-space", "V2 1.3", "white space in front of the XML");
    if (shape->carriage_return)
        exchange_remark(exchange, "carriage-return", "V2 2.2",
                        "carriage returns in the body: an XML parser turns CRLF into LF");
    struct view type = http_header_get(http_call_request(call->http)->headers, "content-type");
    if (view_find(type, VIEW("form")) != SIZE_MAX)
        exchange_remark(exchange, "content-type", "interop", "Content-Type is %.*s",
                        VIEW_ARG(type));
}

/* Steps 1 to 4: one well-formed document by POST. */
static const struct refusal *check_document(struct call *call)
{
    const struct http_request *request = http_call_request(call->http);
    if (!view_is(request->method, "POST"))
        return call_refuse(call, REFUSE(NOT_POST), (struct view){}, "V2 1.2: the method is %.*s",
                           VIEW_ARG(request->method));
    struct v2_shape shape = {};
    struct v2_fault fault = {};
    int err = v2_msg_read(&call->in, request->body, &shape, &fault);
    if (err)
        return call_refuse(call, xml_refusal(fault.kind), (struct view){}, "line %u: %s",
                           fault.line, fault.rule);
    exchange_check(call->exchange, "xml", "V2 1.8.4", true, "%s", "");
    name_exchange(call);
    remark_shape(call, &shape);
    return NULL;
}

/* Step 6: appid exists, mch_id exists, pair bound. */
static const struct refusal *check_caller(struct call *call)
{
    struct view appid = v2_msg_get(&call->in, "appid");
    if (call->account && account_has_appid(call->account, appid))
        return NULL; /* before the walk over all accounts that tells unknown from unbound */
    if (!accounts_knows_appid(call->sandbox->accounts, appid))
        return call_refuse(call, REFUSE(APPID_UNKNOWN), VIEW("appid"),
                           "V2 1.8.6: no account has the appid %.*s", VIEW_ARG(appid));
    if (!call->account)
        return call_refuse(call, REFUSE(MCHID_UNKNOWN), VIEW("mch_id"),
                           "V2 1.8.6: no account %.*s; make it on the control door",
                           VIEW_ARG(v2_msg_get(&call->in, "mch_id")));
    return call_refuse(call, REFUSE(NOT_BOUND), VIEW("appid"),
                       "V2 1.8.6: the appid belongs to another account");
}

static int add_trimmed(struct v2_msg *out, const struct v2_msg *in)
{
    int err = 0;
    for (size_t i = 0; !err && i < in->count; i++)
        err = v2_msg_add(out, in->field[i].name, view_trim(in->field[i].value));
    return err;
}

/* Also in the other case of letters, where the account accepts that. */
static int verify_case(struct call *call, const struct v2_msg *msg)
{
    char wanted[V2_SIGN_MAX + 1];
    int err = v2_verify(msg, call->sign_type, call->account->v2_key);
    if (err != ERR_SIGNATURE || !call_chose(call, SWITCH_sign_case, "accepted"))
        return err;
    err = v2_sign(msg, call->sign_type, call->account->v2_key, wanted);
    if (err)
        return err;
    return view_eq_nocase(v2_msg_get(msg, "sign"), view_str(wanted)) ? 0 : ERR_SIGNATURE;
}

/* The signature as it is, or as the account's switches forgive it (V2 2.2, 12). */
static int verify(struct call *call)
{
    int err = verify_case(call, &call->in);
    if (err == ERR_SIGNATURE && call_chose(call, SWITCH_blanks, "trimmed")) {
        struct v2_msg trimmed = {};
        err = add_trimmed(&trimmed, &call->in);
        if (!err)
            err = verify_case(call, &trimmed);
        v2_msg_release(&trimmed);
    }
    return err;
}

static const struct v2_key *other_key(void *owner, size_t index, struct view *mch_id)
{
    struct account *account = accounts_at(owner, index);
    if (!account)
        return NULL;
    *mch_id = view_str(account->mch_id);
    return account->v2_key;
}

/* Why it does not hold, in plain words: for the record, the log and `explain`. */
static void explain_sign(struct call *call)
{
    struct exchange *exchange = call->exchange;
    struct buf detail = BUF_INIT(512);
    struct v2_hint_input input = { .msg = &call->in,
                                   .raw = http_call_request(call->http)->body,
                                   .type = call->sign_type,
                                   .key = call->account->v2_key,
                                   .other_key = other_key,
                                   .owner = call->sandbox->accounts,
                                   .signed_text = &exchange->signed_text };
    const struct v2_cause *cause = v2_hint_find(&input, &exchange->sign_text, &detail);
    int err = 0;
    if (cause) {
        exchange->hint_id = cause->id;
        err = buf_fmt(&exchange->hint, "%s%s%.*s. Repair: %s.", cause->what, detail.len ? ": " : "",
                      VIEW_ARG(buf_view(&detail)), cause->repair);
    } else {
        err = buf_fmt(&exchange->hint,
                      "None of the usual mistakes explains this signature; compare the text to be "
                      "signed with your own, byte by byte, and check the API key.");
    }
    if (err)
        buf_clear(&exchange->hint); /* a hint is a courtesy: without memory there is none */
    buf_release(&detail);
}

/* Step 7. */
static const struct refusal *check_sign(struct call *call)
{
    int err = verify(call);
    if (err == 0) {
        exchange_check(call->exchange, "sign", "V2 2.1", true, "%s", "");
        return NULL;
    }
    if (err != ERR_SIGNATURE)
        return REFUSE(SYSTEM_ERROR);
    explain_sign(call);
    return call_refuse(call, REFUSE(BAD_SIGN), VIEW("sign"), "V2 2.1: the signature does not hold");
}

const struct refusal *gate_v2(struct call *call)
{
    const struct refusal *no = check_document(call);
    if (!no)
        no = fields_check(call, call->route->fields, call->route->field_count);
    if (!no) {
        exchange_check(call->exchange, "fields", "V2 1.8.5", true, "%s", "");
        no = check_caller(call);
    }
    if (!no) {
        exchange_check(call->exchange, "caller", "V2 1.8.6", true, "%s", "");
        no = check_sign(call);
    }
    return no;
}
