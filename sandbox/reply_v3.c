#include "reply_v3.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "edit_v3.h"
#include "engine/json_write.h"
#include "engine/refusal_v3.h"
#include "engine/traffic.h"
#include "reply_send.h"
#include "routes.h"

#include <stdio.h>

/* ---- the body ----------------------------------------------------------------------------------- */

static const struct refusal_v3 *row_of(const struct call *call, const struct refusal *no)
{
    return refusal_v3_of(no->id, call_chose(call, SWITCH_strict_docs, "documentation"));
}

static bool is_combine(const struct call *call)
{
    return view_starts(view_str(call->route->path), VIEW("/v3/combine-transactions/"));
}

/* This family spells codes as V2 did (V3 4.7). */
static const char *old_spelling(const char *code)
{
    static const char *const spelt[][2] = {
        { "NO_AUTH", "NOAUTH" },
        { "RULE_LIMIT", "RULELIMIT" },
        { "SYSTEM_ERROR", "SYSTEMERROR" },
        { "ORDER_NOT_EXIST", "ORDERNOTEXIST" },
    };
    for (size_t i = 0; i < COUNT(spelt); i++)
        if (strcmp(code, spelt[i][0]) == 0)
            return spelt[i][1];
    return code;
}

static const char *code_of(const struct call *call, const struct refusal_v3 *row)
{
    bool other = call_chose(call, SWITCH_paid_code, "ORDER_PAID");
    if (other && strcmp(row->code, "ORDERPAID") == 0)
        return "ORDER_PAID";
    return is_combine(call) ? old_spelling(row->code) : row->code;
}

static json_t *message_of(const struct call *call, const struct refusal_v3 *row)
{
    const char *hole = strstr(row->text, "%s");
    if (call->v3->text[0])
        return json_string(call->v3->text);
    if (!hole)
        return json_string(row->text);
    return json_sprintf("%.*s%s%s", (int)(hole - row->text), row->text, call->where, hole + 2);
}

/* Keys as the wire has them: code, detail, message (V3 1.5). */
static json_t *error_body(struct call *call, const struct refusal *no)
{
    const struct refusal_v3 *row = row_of(call, no);
    json_t *body = json_pack("{s:s}", "code", code_of(call, row));
    json_t *message = message_of(call, row);
    int failed = !body;
    if (call->v3->detail)
        failed |= json_object_set(body, "detail", call->v3->detail);
    failed |= json_object_set_new(body, "message", message);
    if (!failed)
        return body;
    json_decref(body);
    return NULL;
}

static int alter(struct call *call, json_t *body)
{
    struct buf *before = &call->v3->dress.before;
    *before = BUF_INIT(CALL_BODY_MAX);
    int err = call->fault->sign == FAULT_SIGN_STALE ? json_write(body, before) : 0;
    return err ? err : edit_v3(body, call->fault);
}

/* The bytes change hands; the call's own buffer is too small for a bill. */
static int write_file(struct call *call)
{
    struct call_v3 *v3 = call->v3;
    buf_release(&call->body);
    call->body = buf_take(&v3->file);
    v3->headers[1].value = view_str(v3->file_type);
    v3->proven = false;
    call->status = 200;
    return 0;
}

static int write_body(struct call *call, const struct refusal *no)
{
    if (!no && call->v3->file_type)
        return write_file(call);
    json_t *body = no ? error_body(call, no) : json_incref(call->v3->out);
    call->status = no ? row_of(call, no)->status : call->v3->out ? 200 : 204;
    int err = no && !body ? ERR_NOMEM : 0;
    if (!err && body && call->fault && call->fault->kind == FAULT_ALTER)
        err = alter(call, body);
    if (!err && body)
        err = json_write(body, &call->body);
    json_decref(body);
    return err;
}

/* ---- the head ----------------------------------------------------------------------------------- */

static void add_header(struct call_v3 *v3, struct view name, struct view value)
{
    if (v3->header_count < COUNT(v3->headers))
        v3->headers[v3->header_count++] = (struct http_header){ name, value };
}

/* Upper-case hex, a hyphen, the result's number (V3 1.6). */
static void make_request_id(struct call *call, const struct refusal *no)
{
    struct call_v3 *v3 = call->v3;
    char hex[41];
    rng_hex(&call->sandbox->rng, hex, sizeof(hex) - 1);
    for (char *at = hex; *at; at++)
        *at = (char)(*at >= 'a' ? *at - 'a' + 'A' : *at);
    long number = no ? row_of(call, no)->number : 0;
    if (no && !number)
        number = 268435461; /* no number is known for this one */
    snprintf(v3->request_id, sizeof(v3->request_id), "08%s-%ld", hex, number);
}

/* The captured block (V3 1.6); the signature's part is added behind it, when it is made. */
static void make_head(struct call *call, const struct refusal *no)
{
    struct call_v3 *v3 = call->v3;
    bool anonymous = no && (no->id == REFUSE_V3_UNPROVEN || no->id == REFUSE_V3_UNKNOWN_MERCHANT) &&
                     view_starts(view_str(call->route->path), VIEW("/v3/pay/"));
    make_request_id(call, no);
    add_header(v3, VIEW("Server"), VIEW("nginx"));
    add_header(v3, VIEW("Content-Type"), VIEW("application/json; charset=utf-8"));
    add_header(v3, VIEW("Keep-Alive"), VIEW("timeout=8"));
    add_header(v3, VIEW("Cache-Control"), VIEW("no-cache, must-revalidate"));
    add_header(v3, VIEW("X-Content-Type-Options"), VIEW("nosniff"));
    if (!anonymous)
        add_header(v3, VIEW("Request-ID"), view_str(v3->request_id));
    add_header(v3, VIEW("Content-Language"), VIEW("zh-CN"));
}

/* A probe by its rate, where no fault is ordered; the stamp by the account's clock. */
static void by_switches(struct call *call)
{
    struct dress_v3 *dress = &call->v3->dress;
    int share = switch_per_mille(&call->account->switches, SWITCH_probe_responses);
    dress_v3_clock(dress, call->account);
    if (!share || call->fault ||
        !traffic_probe(call->account, share, (int)rng_below(&call->sandbox->rng, 1000)))
        return;
    dress->probe = true;
    call->exchange->fault = fault_kind_name(FAULT_PROBE);
}

/* V3 2.6, 2.10. */
static int choose_signer(struct call *call, const struct refusal *no)
{
    struct call_v3 *v3 = call->v3;
    int err = 0;
    if (!v3->proven || (no && call_chose(call, SWITCH_sign_errors, "unsigned")))
        return 0;
    const struct keys *keys = account_keys(call->account, &err);
    if (err)
        return err;
    struct view asked = http_header_get(http_call_request(call->http)->headers, "wechatpay-serial");
    err = dress_v3_begin(&v3->dress, keys_signer_of_response(keys, asked), &call->sandbox->rng,
                         call->fault);
    if (!err)
        by_switches(call);
    return err;
}

/* ---- the signature, and out --------------------------------------------------------------------- */

static void leave_now(struct call *call)
{
    struct call_v3 *v3 = call->v3;
    if (v3->dress.err) {
        log_line(LOG_ERROR, "api", "no signature could be made: %s", err_text(v3->dress.err));
        call->status = 500;
        buf_clear(&call->body);
    } else {
        struct http_header made[DRESS_V3_HEADERS];
        size_t count = dress_v3_headers(&v3->dress, made);
        for (size_t i = 0; i < count; i++)
            add_header(v3, made[i].name, made[i].value);
    }
    call->headers = v3->headers;
    call->header_count = v3->header_count;
    reply_send_now(call); /* last: frees the call */
}

static void sign(uv_work_t *work)
{
    struct call_v3 *v3 = container_of(work, struct call_v3, work);
    dress_v3_sign(&v3->dress, buf_view(&v3->call->body));
}

static void on_signed(uv_work_t *work, int)
{
    leave_now(container_of(work, struct call_v3, work)->call);
}

/* reply_send.c's last step: everything else about this answer is decided. */
static void seal(struct call *call)
{
    struct call_v3 *v3 = call->v3;
    if (call->spoilt)
        dress_v3_release(&v3->dress);
    if (v3->dress.key && uv_queue_work(call->sandbox->loop, &v3->work, sign, on_signed) == 0)
        return;
    dress_v3_sign(&v3->dress, buf_view(&call->body));
    leave_now(call);
}

static void note_refusal(struct call *call, const struct refusal *no)
{
    struct exchange *exchange = call->exchange;
    exchange->refusal = no->name;
    snprintf(exchange->refusal_where, sizeof(exchange->refusal_where), "%s", call->where);
    snprintf(exchange->refusal_why, sizeof(exchange->refusal_why), "%s", call->why);
    exchange_check(exchange, no->name, row_of(call, no)->clause, false, "%s", call->why);
    log_event(LOG_INFO, "api", "refused", "api", view_str(call->route->api), "reason",
              view_str(no->name), "mch_id", view_str(exchange->mch_id), "out_trade_no",
              view_str(exchange->out_trade_no), "why", view_str(call->why),
              exchange->hint_id ? "hint" : NULL, view_str(exchange->hint_id), NULL);
}

/* The bytes as ordered; signed, so that only what they say is wrong. */
static int write_raw(struct call *call)
{
    const struct fault *fault = call->fault;
    call->status = fault->status ? fault->status : 200;
    if (fault->content_type.len &&
        view_copy(fault->content_type, call->header_text, sizeof(call->header_text)) == 0)
        call->v3->headers[1].value = view_str(call->header_text);
    return buf_view_add(&call->body, fault->body);
}

static void cut_short(struct call *call)
{
    size_t keep = call->fault->keep_bytes ? call->fault->keep_bytes : call->body.len / 2;
    if (keep < call->body.len) {
        call->body.len = keep;
        call->body.ptr[keep] = '\0';
    }
}

void reply_v3(struct call *call, const struct refusal *no)
{
    if (no)
        note_refusal(call, no);
    make_head(call, no);
    int err =
        call->fault && call->fault->kind == FAULT_RAW ? write_raw(call) : write_body(call, no);
    if (!err)
        err = choose_signer(call, no);
    if (!err && call->fault && call->fault->kind == FAULT_TRUNCATED)
        cut_short(call);
    call->seal = seal;
    if (err) {
        log_line(LOG_ERROR, "api", "no answer could be made: %s", err_text(err));
        reply_trouble(call);
    }
    reply_leave(call);
}

void reply_v3_bare(struct call *call, int status)
{
    struct call_v3 *v3 = call->v3;
    call->status = status;
    call->seal = seal;
    add_header(v3, VIEW("Server"), VIEW("nginx"));
    add_header(v3, VIEW("Keep-Alive"), VIEW("timeout=8"));
    reply_leave(call);
}

/* What the gateway in front says: unsigned, and no JSON but for 429 (V3 1.4, 2.6). */
static void reply_http_status(struct call *call)
{
    static const char too_fast[] =
        "{\"code\":\"FREQUENCY_LIMITED\",\"message\":\"请求频率超过限制\"}";
    int status = call->fault->status;
    if (status == 429 && buf_str(&call->body, too_fast) == 0)
        add_header(call->v3, VIEW("Content-Type"), VIEW("application/json; charset=utf-8"));
    reply_v3_bare(call, status);
}

bool reply_v3_fault_before(struct call *call)
{
    const struct fault *fault = call->fault;
    if (!fault)
        return false;
    if (fault->kind == FAULT_CUT_BEFORE)
        reply_v3_bare(call, 500);
    else if (fault->kind == FAULT_HTTP_STATUS)
        reply_http_status(call);
    else if (fault->kind == FAULT_SYSTEM_ERROR && !fault->processed)
        reply_v3(call, REFUSE(SYSTEM_ERROR));
    else if (fault->kind == FAULT_REFUSE)
        reply_v3(call, call_refuse(call, refusal_of(fault->refusal), (struct view){},
                                   "a fault was ordered: nothing was processed"));
    else
        return false;
    return true;
}
