#include "gate_v3.h"

#include "api/v3/fields.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/traffic.h"
#include "routes.h"
#include "wxpay/v3_hint.h"

#include <stdio.h>
#include <stdlib.h>

#define SIGN_TEXT_MAX  (V3_BODY_MAX + 64 * 1024) /* body and head */
#define TRUNCATED_BODY 8 /* bytes of the body that a diagnosis shows (V3 2.4) */

static bool is_transaction(const struct call *call)
{
    return view_starts(view_str(call->route->path), VIEW("/v3/pay/transactions/"));
}

static struct view header(const struct call *call, const char *name)
{
    return http_header_get(http_call_request(call->http)->headers, name);
}

/* ---- the header --------------------------------------------------------------------------------- */

static const struct refusal *check_agent(struct call *call)
{
    if (header(call, "user-agent").len && header(call, "accept").len)
        return NULL;
    if (!is_transaction(call))
        return call_refuse(call, REFUSE(V3_NO_AGENT), VIEW("User-Agent"),
                           "V3 1.3: this path wants the headers Accept and User-Agent");
    exchange_remark(call->exchange, "no-agent", "V3 1.2",
                    "Accept or User-Agent is missing; other V3 paths refuse that");
    return NULL;
}

/* Whose record it is, whether or not the rest holds. */
static void name_exchange(struct call *call)
{
    struct exchange *exchange = call->exchange;
    struct view mchid = call->v3->auth.mchid;
    call->account = accounts_find(call->sandbox->accounts, mchid);
    if (call->account)
        (void)view_copy(mchid, exchange->mch_id, sizeof(exchange->mch_id));
    call->now_ms = call->account ? account_now_ms(call->account) : clock_real_ms();
    exchange->virtual_ms = call->now_ms;
}

/* V3 1.3: transaction paths have a shorter text for what is no Authorization at all. */
static const struct refusal *no_authorization(const struct call *call)
{
    bool family = view_starts(view_str(call->route->path), VIEW("/v3/pay/transactions/")) ||
                  view_starts(view_str(call->route->path), VIEW("/v3/combine-transactions/"));
    return family ? REFUSE(V3_UNPROVEN) : REFUSE(V3_AUTH_FORM);
}

static const struct refusal *check_authorization(struct call *call)
{
    struct view where, value = header(call, "authorization");
    struct v3_auth *auth = &call->v3->auth;
    /* read kindly first, because only the account can say whether it is to be read strictly */
    enum v3_auth_fault fault = v3_auth_read(auth, value, true, &where);
    if (fault == V3_AUTH_FINE) {
        name_exchange(call);
        if (!call_chose(call, SWITCH_auth_spaces, "accepted"))
            fault = v3_auth_read(auth, value, false, &where);
    }
    switch (fault) {
    case V3_AUTH_FINE: break;
    case V3_AUTH_ABSENT:
        return call_refuse(call, no_authorization(call), VIEW("Authorization"),
                           "V3 2.2: there is no Authorization header");
    case V3_AUTH_SCHEME:
        return call_refuse(
            call, is_transaction(call) ? no_authorization(call) : REFUSE(V3_AUTH_SCHEME),
            VIEW("Authorization"), "V3 2.2: the scheme is %.*s, not " V3_SCHEME, VIEW_ARG(where));
    case V3_AUTH_FORM:
        return call_refuse(call, no_authorization(call), VIEW("Authorization"),
                           "V3 2.2: five pairs key=\"value\" with commas between; broken at "
                           "\"%.*s\"",
                           (int)(where.len < 40 ? where.len : 40), where.len ? where.ptr : "");
    }
    exchange_check(call->exchange, "authorization", "V3 2.2", true, "%s", "");
    return NULL;
}

/* Real time on both sides, unless told otherwise (V3 12). */
static const struct refusal *check_time(struct call *call)
{
    bool virtual = call->account && call_chose(call, SWITCH_stamp_clock, "virtual");
    int64_t stamp_s, now_s = (virtual ? call->now_ms : clock_real_ms()) / 1000;
    int err = view_to_i64(call->v3->auth.timestamp, INT64_MAX / 2, &stamp_s);
    if (!err && llabs(stamp_s - now_s) <= V3_SKEW_S) {
        exchange_check(call->exchange, "timestamp", "V3 2.3", true, "%s", "");
        return NULL;
    }
    return call_refuse(call, REFUSE(V3_STALE), VIEW("timestamp"),
                       "V3 2.3: timestamp %.*s is not within 5 minutes of %lld%s",
                       VIEW_ARG(call->v3->auth.timestamp), (long long)now_s,
                       !err && stamp_s > now_s * 100 ? " (milliseconds?)" : "");
}

/* ---- who, and is it signed? --------------------------------------------------------------------- */

static const struct refusal *check_merchant(struct call *call, const struct keys **keys)
{
    const struct v3_auth *auth = &call->v3->auth;
    int err = 0;
    *keys = call->account ? account_keys(call->account, &err) : NULL;
    if (!call->account)
        return call_refuse(call, REFUSE(V3_UNKNOWN_MERCHANT), VIEW("mchid"),
                           "V3 2.3: no account %.*s; make it on the control door",
                           VIEW_ARG(auth->mchid));
    if (err == ERR_NOT_FOUND)
        return call_refuse(call, REFUSE(V3_NO_CERTIFICATE), VIEW("mchid"),
                           "V3 2.3: this account has no V3 keys yet; GET "
                           "/v1/accounts/%s/v3 on the control door makes them",
                           call->account->mch_id);
    if (!*keys)
        return REFUSE(SYSTEM_ERROR);
    if (!(*keys)->apiv3_key[0])
        return call_refuse(call, REFUSE(V3_NO_APIV3_KEY), VIEW("mchid"),
                           "V3 2.3: this account has no APIv3 key");
    struct view serial = view_str((*keys)->merchant.serial);
    if (!view_eq_nocase(auth->serial, serial))
        return call_refuse(call, REFUSE(V3_SERIAL), VIEW("serial_no"),
                           "V3 2.3: serial_no is %.*s, the account's certificate is %s%s",
                           VIEW_ARG(auth->serial), (*keys)->merchant.serial,
                           keys_platform(*keys, auth->serial) ? " (that is the platform's)" : "");
    if (!view_eq(auth->serial, serial)) /* wechatpay-node-v3 writes it so, and is in wide use */
        exchange_remark(call->exchange, "serial-case", "V3 1.7",
                        "serial_no is in lower case; documents show upper case");
    exchange_check(call->exchange, "merchant", "V3 2.3", true, "%s", "");
    return NULL;
}

static struct v3_request request_of(const struct call *call)
{
    const struct http_request *request = http_call_request(call->http);
    return (struct v3_request){ .method = request->method,
                                .target = request->target,
                                .timestamp = call->v3->auth.timestamp,
                                .nonce = call->v3->auth.nonce,
                                .body = request->body };
}

/* The body cut to its first bytes, at a character's border; the last line feed kept (V3 2.4). */
static json_t *truncated(const struct v3_request *request)
{
    struct v3_request shown = *request;
    struct buf text = BUF_INIT(64 * 1024);
    if (shown.body.len > TRUNCATED_BODY)
        shown.body.len = TRUNCATED_BODY;
    while (shown.body.len < request->body.len && shown.body.len &&
           ((unsigned char)shown.body.ptr[shown.body.len] & 0xc0) == 0x80)
        shown.body.len--;
    json_t *json = v3_request_text(&shown, &text) ? NULL : json_stringn(text.ptr, text.len);
    buf_release(&text);
    return json ? json : json_string("");
}

static json_t *diagnosis(const struct v3_request *request, size_t length)
{
    return json_pack("{s:{s:s}, s:s, s:s, s:{s:s%, s:I, s:o, s:s%}}", "detail", "issue",
                     "sign not match", "field", "signature", "location", "authorization",
                     "sign_information", "method", request->method.ptr, request->method.len,
                     "sign_message_length", (json_int_t)length, "truncated_sign_message",
                     truncated(request), "url", request->target.ptr, request->target.len);
}

/* Which account is looked at next for another key. */
struct look {
    struct call *call;
    size_t next;
};

/* Asked from 0 on. Only keys that were made: a look for a cause makes none. */
static const struct v3_public *other_key(void *owner, size_t index, struct v3_hint_key *whose)
{
    struct look *look = owner;
    struct account *account;
    if (index == 0)
        look->next = 0;
    while ((account = accounts_at(look->call->sandbox->accounts, look->next++))) {
        int err;
        const struct keys *keys = account_keys(account, &err);
        if (!keys)
            continue;
        *whose = (struct v3_hint_key){ .mchid = view_str(account->mch_id),
                                       .serial = view_str(keys->merchant.serial),
                                       .own = account == look->call->account };
        return keys->merchant.public;
    }
    return NULL;
}

/* Why it does not hold, in plain words: for the record, the log and `explain`. */
static void explain_sign(struct call *call, const struct keys *keys,
                         const struct v3_request *request)
{
    struct exchange *exchange = call->exchange;
    struct buf detail = BUF_INIT(1024);
    struct look look = { call, 0 };
    struct v3_hint_input input = { .request = *request,
                                   .signature = call->v3->auth.signature,
                                   .host = header(call, "host"),
                                   .key = keys->merchant.public,
                                   .platform_key = keys->platform[keys->signing].public,
                                   .other_key = other_key,
                                   .owner = &look,
                                   .api_key = v2_key_text(call->account->v2_key),
                                   .apiv3_key = view_str(keys->apiv3_key),
                                   .signed_text = &exchange->signed_text };
    buf_clear(&exchange->sign_text);
    const struct v3_cause *cause = v3_hint_find(&input, &exchange->sign_text, &detail);
    if (cause) {
        exchange->hint_id = cause->id;
        if (buf_fmt(&exchange->hint, "%s%s%.*s. Repair: %s.", cause->what, detail.len ? ": " : "",
                    VIEW_ARG(buf_view(&detail)), cause->repair))
            buf_clear(&exchange->hint); /* a courtesy: without memory there is none */
    }
    buf_release(&detail);
}

static const struct refusal *check_signature(struct call *call, const struct keys *keys)
{
    struct v3_request request = request_of(call);
    struct buf *text = &call->exchange->sign_text;
    text->max = call->exchange->signed_text.max = SIGN_TEXT_MAX;
    int err = v3_request_text(&request, text);
    if (!err)
        err = v3_verify(keys->merchant.public, buf_view(text), call->v3->auth.signature);
    if (err == 0) {
        buf_clear(text); /* shown only where it is asked for */
        call->v3->proven = true;
        exchange_check(call->exchange, "sign", "V3 2.1", true, "%s", "");
        return NULL;
    }
    if (err != ERR_SIGNATURE)
        return REFUSE(SYSTEM_ERROR);
    call->v3->detail = diagnosis(&request, text->len);
    explain_sign(call, keys, &request);
    return call_refuse(call, REFUSE(V3_BAD_SIGN), VIEW("signature"),
                       "V3 2.1: the signature does not hold");
}

/* Of proven callers only, so that nobody uses up another's. */
static const struct refusal *check_nonce(struct call *call)
{
    if (!call_chose(call, SWITCH_reject_nonce_replay, "refused"))
        return NULL;
    int err = traffic_use_nonce(call->account, call->v3->auth.nonce);
    if (err == ERR_EXISTS)
        return call_refuse(call, REFUSE(V3_NONCE_USED), VIEW("nonce_str"),
                           "V3 2.3: nonce_str %.*s was used before, and this account refuses that",
                           VIEW_ARG(call->v3->auth.nonce));
    if (err)
        return REFUSE(SYSTEM_ERROR);
    exchange_check(call->exchange, "nonce", "V3 2.3", true, "%s", "");
    return NULL;
}

/* ---- the body ----------------------------------------------------------------------------------- */

static const struct refusal *check_body(struct call *call)
{
    const struct http_request *request = http_call_request(call->http);
    json_error_t error;
    if (!call->route->v3_fields) {
        if (request->body.len)
            exchange_remark(call->exchange, "body", "V3 2.1", "%s has a body", call->route->method);
        return NULL;
    }
    struct view type = header(call, "content-type");
    if (!view_starts(type, VIEW("application/json")))
        exchange_remark(call->exchange, "content-type", "V3 1.2", "Content-Type is %.*s",
                        VIEW_ARG(type));
    call->v3->in = json_loadb(request->body.len ? request->body.ptr : "", request->body.len,
                              JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(call->v3->in))
        return call_refuse(call, REFUSE(V3_BAD_JSON), VIEW("body"), "V3 12: line %d, column %d: %s",
                           error.line, error.column, call->v3->in ? "not an object" : error.text);
    exchange_check(call->exchange, "json", "V3 12", true, "%s", "");
    return NULL;
}

/* Whatever the endpoint calls the one who calls: it is who has signed. */
static const struct refusal *check_caller(struct call *call)
{
    static const char *const names[] = { "mchid", "sp_mchid", "combine_mchid" };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct view mchid = v3_body_text(call, names[i]);
        if (mchid.len && !view_eq(mchid, call->v3->auth.mchid))
            return call_refuse(call, REFUSE(V3_MCHID_DIFFERS), view_str(names[i]),
                               "V3 1.5: the body says %.*s, Authorization %.*s", VIEW_ARG(mchid),
                               VIEW_ARG(call->v3->auth.mchid));
    }
    return NULL;
}

static const struct refusal *check_fields(struct call *call)
{
    if (!call->route->v3_fields)
        return NULL;
    const struct refusal *no = v3_fields_check(call, call->route->v3_fields);
    struct view number = v3_body_text(call, "combine_out_trade_no");
    if (!number.len)
        number = v3_body_text(call, "out_trade_no");
    if (number.len) /* else it is the path's */
        (void)view_copy(number, call->exchange->out_trade_no, sizeof(call->exchange->out_trade_no));
    if (no)
        return no;
    exchange_check(call->exchange, "fields", "V3 1.5", true, "%s", "");
    return check_caller(call);
}

const struct refusal *gate_v3(struct call *call)
{
    const struct keys *keys = NULL;
    const struct refusal *no = check_agent(call);
    if (!no)
        no = check_authorization(call);
    if (!no)
        no = check_time(call);
    if (!no)
        no = check_merchant(call, &keys);
    if (!no)
        no = keys ? check_signature(call, keys) : REFUSE(SYSTEM_ERROR);
    if (!no)
        no = check_nonce(call);
    if (!no)
        no = check_body(call);
    return no ? no : check_fields(call);
}
