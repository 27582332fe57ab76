#include "reply_v2.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "dress_v2.h"
#include "reply_send.h"
#include "routes.h"

#include <stdio.h>

#define NONCE_LEN        16 /* V2 1.6: fresh, 16 or 32 characters */
#define ERR_CODE_DES_MAX 128

/* ---- the message ------------------------------------------------------------------------- */

/* The refusal's wire text, with the field's name in place of "%s". */
static int refusal_text(const struct call *call, const struct refusal *no, struct buf *out)
{
    struct view text = view_str(no->text);
    size_t hole = view_find(text, VIEW("%s"));
    if (hole == SIZE_MAX)
        return buf_view_add(out, text);
    int err = buf_add(out, text.ptr, hole);
    if (!err)
        err = buf_str(out, call->where);
    return err ? err : buf_add(out, text.ptr + hole + 2, text.len - hole - 2);
}

static int add_text(struct v2_msg *msg, const char *name, struct view value)
{
    return v2_msg_add(msg, view_str(name), value);
}

/* return_code=FAIL: two fields, no signature (V2 1.7). */
static int compose_protocol(struct call *call, const struct refusal *no)
{
    struct buf text = BUF_INIT(1024);
    int err = refusal_text(call, no, &text);
    if (!err)
        err = v2_msg_add_str(&call->message, "return_code", "FAIL");
    if (!err)
        err = add_text(&call->message, "return_msg", buf_view(&text));
    buf_release(&text);
    return err;
}

static int add_result(struct call *call, const struct refusal *no)
{
    struct v2_msg *msg = &call->message;
    int err = v2_msg_add_str(msg, "result_code", no ? "FAIL" : "SUCCESS");
    if (err || !no)
        return err;
    struct buf text = BUF_INIT(1024);
    err = v2_msg_add_str(msg, "err_code", no->code);
    if (!err)
        err = refusal_text(call, no, &text);
    if (!err)
        err = add_text(msg, "err_code_des", buf_view(&text));
    buf_release(&text);
    return err;
}

static int add_seal(struct call *call)
{
    char nonce[NONCE_LEN + 1];
    rng_alnum(&call->sandbox->rng, nonce, NONCE_LEN);
    int err = v2_msg_add_str(&call->message, "nonce_str", nonce);
    return err ? err : v2_msg_add_str(&call->message, "sign", ""); /* its place in the layout */
}

static int add_caller(struct call *call, bool mch_first)
{
    const char *order[2] = { mch_first ? "mch_id" : "appid", mch_first ? "appid" : "mch_id" };
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(order); i++)
        err = add_text(&call->message, order[i], v2_msg_get(&call->in, order[i]));
    return err;
}

/* Echoed in front of the nonce by unifiedorder; orderquery has its own place for it (V2 1.4). */
static int add_device(struct call *call)
{
    struct view device = v2_msg_get(&call->in, "device_info");
    bool echo = device.len && !v2_msg_has(&call->out, "device_info");
    return echo ? add_text(&call->message, "device_info", device) : 0;
}

static int add_business(struct call *call)
{
    int err = 0;
    for (size_t i = 0; !err && i < call->out.count; i++) {
        err = v2_msg_add(&call->message, call->out.field[i].name, call->out.field[i].value);
        if (!err)
            call->message.field[call->message.count - 1].bare = call->out.field[i].bare;
    }
    return err;
}

/* Layout A: codes, who, [device], nonce, sign, result, business fields. */
static int compose_classic(struct call *call, const struct refusal *no)
{
    struct v2_msg *msg = &call->message;
    int err = v2_msg_add_str(msg, "return_code", "SUCCESS");
    if (!err)
        err = v2_msg_add_str(msg, "return_msg", "OK");
    if (!err)
        err = add_caller(call, false);
    if (!err)
        err = add_device(call);
    if (!err)
        err = add_seal(call);
    if (!err)
        err = add_result(call, no);
    return err || no ? err : add_business(call);
}

/* The order seen in orderquery answers of 2023 (V2 3.2): result first, nonce and sign last. */
static int compose_newer(struct call *call, const struct refusal *no)
{
    struct v2_msg *msg = &call->message;
    int err = v2_msg_add_str(msg, "return_code", "SUCCESS");
    if (!err)
        err = v2_msg_add_str(msg, "return_msg", "OK");
    if (!err)
        err = add_result(call, no);
    if (!err)
        err = add_caller(call, true);
    if (!err && !no)
        err = add_business(call);
    return err ? err : add_seal(call);
}

/* A real SYSTEMERROR of closeorder names nobody and is sorted (V2 3.3). */
static int compose_close_trouble(struct call *call, const struct refusal *no)
{
    struct v2_msg *msg = &call->message;
    int err = v2_msg_add_str(msg, "return_code", "SUCCESS");
    if (!err)
        err = v2_msg_add_str(msg, "return_msg", "OK");
    if (!err)
        err = add_seal(call);
    if (!err)
        err = add_result(call, no);
    if (!err)
        err = v2_msg_set(msg, "err_code_des", VIEW("system error"));
    if (!err)
        v2_msg_sort(msg);
    return err;
}

static bool is_protocol(const struct call *call, const struct refusal *no)
{
    if (!no || no->layer != REFUSAL_PROTOCOL)
        return false;
    /* the documented shape needs somebody whose key can sign it (V2 1.7) */
    return !call->account || call_chose(call, SWITCH_error_layer, "real") ||
           no->id == REFUSE_NOT_BUILT;
}

/* Why there is no bill: never signed; the numbers but 20002 are guesses (V2 3.7). */
static int compose_bill(struct call *call, const struct refusal *no)
{
    static const struct {
        enum refusal_id id;
        const char *text, *number;
    } rows[] = {
        { REFUSE_BILL_NONE, "No Bill Exist", "20002" },
        { REFUSE_BILL_EARLY, "Bill Creating", "20000" },
        { REFUSE_SYSTEM_ERROR, "SYSTEMERROR", "20000" },
        { REFUSE_BAD_SIGN, "SIGN ERROR", "20001" },
        { REFUSE_BAD_SIGN_TYPE, "SIGN ERROR", "20001" },
        { REFUSE_LACK_PARAMS, "missing parameter", "20001" },
        { REFUSE_BAD_BILL_TYPE, "invalid bill_type", "20001" },
        { REFUSE_BAD_FIELD, "data format error", "20001" },
        { REFUSE_BAD_LENGTH, "data format error", "20001" },
        { REFUSE_XML_FORMAT, "data format error", "20001" },
    };
    size_t i = 0;
    while (i < COUNT(rows) && rows[i].id != no->id)
        i++;
    int err = v2_msg_add_str(&call->message, "return_code", "FAIL");
    if (!err)
        err =
            v2_msg_add_str(&call->message, "return_msg", i < COUNT(rows) ? rows[i].text : no->text);
    return err ? err
               : v2_msg_add_str(&call->message, "error_code",
                                i < COUNT(rows) ? rows[i].number : "20001");
}

/* The fund flow's says it in the usual names, and has no sign either (V2 3.8). */
static int compose_flow(struct call *call, const struct refusal *no)
{
    int err = v2_msg_add_str(&call->message, "return_code", "SUCCESS");
    if (!err)
        err = v2_msg_add_str(&call->message, "return_msg", "OK");
    return err ? err : add_result(call, no);
}

static int compose(struct call *call, const struct refusal *no)
{
    bool flow = view_is(view_str(call->route->api), "downloadfundflow");
    if (no && no->id != REFUSE_NOT_BUILT && view_is(view_str(call->route->api), "downloadbill"))
        return compose_bill(call, no);
    if (flow && no && !is_protocol(call, no))
        return compose_flow(call, no);
    bool query = view_is(view_str(call->route->api), "orderquery");
    bool refunds = view_is(view_str(call->route->api), "refundquery"); /* layout B */
    bool close = view_is(view_str(call->route->api), "closeorder");
    if (is_protocol(call, no))
        return compose_protocol(call, no);
    if (!call->account)
        return compose_protocol(call, REFUSE(SYSTEM_ERROR));
    if (close && no && view_is(view_str(no->code), "SYSTEMERROR"))
        return compose_close_trouble(call, no);
    if (query && call_chose(call, SWITCH_query_layout, "newer"))
        return compose_newer(call, no);
    int err = compose_classic(call, no);
    if (!err && refunds)
        v2_msg_sort(&call->message);
    return err;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void note_refusal(struct call *call, const struct refusal *no)
{
    struct exchange *exchange = call->exchange;
    exchange->refusal = no->name;
    snprintf(exchange->refusal_where, sizeof(exchange->refusal_where), "%s", call->where);
    snprintf(exchange->refusal_why, sizeof(exchange->refusal_why), "%s", call->why);
    exchange_check(exchange, no->name, no->clause, false, "%s", call->why);
    log_event(LOG_INFO, "api", "refused", "api", view_str(call->route->api), "reason",
              view_str(no->name), "mch_id", view_str(exchange->mch_id), "out_trade_no",
              view_str(exchange->out_trade_no), "why", view_str(call->why),
              exchange->hint_id ? "hint" : NULL, view_str(exchange->hint_id), NULL);
}

static int fault_raw(struct call *call)
{
    const struct fault *fault = call->fault;
    buf_clear(&call->body);
    call->header[0] = call->header[1] = (struct http_header){};
    call->status = fault->status ? fault->status : 200;
    /* copied: the fault may be gone when the answer leaves */
    if (fault->content_type.len &&
        view_copy(fault->content_type, call->header_text, sizeof(call->header_text)) == 0)
        call->header[0] = (struct http_header){ VIEW("Content-Type"), view_str(call->header_text) };
    return buf_view_add(&call->body, fault->body);
}

static int write_message(struct call *call, const struct refusal *no)
{
    struct dress_v2 how = { .sign_type = call->sign_type,
                            .key = call->account ? call->account->v2_key : NULL,
                            .fault = call->fault };
    int err = compose(call, no);
    if (!v2_msg_has(&call->message, "sign"))
        how.key = NULL;
    return err ? err : dress_v2(&call->message, &how, &call->body);
}

void reply_v2(struct call *call, const struct refusal *no)
{
    if (no) {
        note_refusal(call, no);
        buf_clear(&call->body); /* of a bill that was made and is told as not made */
        call->header[0] = call->header[1] = (struct http_header){};
    }
    bool file = !no && call->body.len; /* a bill: no message, no signature */
    int err = 0;
    if (call->fault && call->fault->kind == FAULT_RAW)
        err = fault_raw(call);
    else if (!file)
        err = write_message(call, no);
    else if (call->fault && call->fault->kind == FAULT_TRUNCATED)
        dress_v2_cut(call->fault, 0, &call->body);
    if (err) {
        log_line(LOG_ERROR, "api", "no answer could be made: %s", err_text(err));
        reply_trouble(call);
    }
    reply_leave(call);
}

void reply_plain(struct call *call, int status, const struct http_header *header, struct view body)
{
    call->status = status;
    call->header[0] = *header;
    if (buf_view_add(&call->body, body))
        call->status = 500;
    reply_leave(call);
}

/* What nginx in front of the platform would print. */
static void reply_http_error(struct call *call, int status)
{
    char page[256];
    int len = snprintf(page, sizeof(page),
                       "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1>"
                       "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
                       status, status);
    struct http_header type = { VIEW("Content-Type"), VIEW("text/html") };
    reply_plain(call, status, &type, (struct view){ page, (size_t)len });
}

bool reply_fault_before(struct call *call)
{
    const struct fault *fault = call->fault;
    if (!fault)
        return false;
    if (fault->kind == FAULT_CUT_BEFORE)
        reply_leave(call);
    else if (fault->kind == FAULT_HTTP_STATUS)
        reply_http_error(call, fault->status);
    else if (fault->kind == FAULT_SYSTEM_ERROR && !fault->processed)
        reply_v2(call, REFUSE(SYSTEM_ERROR));
    else if (fault->kind == FAULT_REFUSE)
        reply_v2(call, call_refuse(call, refusal_of(fault->refusal), (struct view){},
                                   "a fault was ordered: nothing was processed"));
    else
        return false;
    return true;
}
