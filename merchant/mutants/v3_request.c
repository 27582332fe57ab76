/* Mutants of the chapter "v3_request": how the platform is asked over API V3. */
#include "mutants/mutant.h"

#include "base/err.h"

#include <stdio.h>

#define TEXT_MAX (V3_BODY_MAX + 4096)

/* --- the text to be signed: right, and one mistake --------------------------------------------- */

static int no_last_line_feed(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    int err = step_v3_request_text(shop, request, out);
    if (!err)
        out->ptr[--out->len] = '\0';
    return err;
}

static int with_host(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct buf target = BUF_INIT(1024);
    struct v3_request wrong = *request;
    int err = buf_fmt(&target, "%s%.*s", shop->options->platform_url, VIEW_ARG(request->target));
    wrong.target = buf_view(&target);
    if (!err)
        err = step_v3_request_text(shop, &wrong, out);
    buf_release(&target);
    return err;
}

static int bare_path(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct v3_request wrong = *request;
    struct view rest;
    wrong.target = view_cut(request->target, '?', &rest);
    return step_v3_request_text(shop, &wrong, out);
}

static int no_body(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct v3_request wrong = *request;
    wrong.body = VIEW("");
    return step_v3_request_text(shop, &wrong, out);
}

static int lower_method(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct v3_request wrong = *request;
    wrong.method = view_is(request->method, "GET") ? VIEW("get") : VIEW("post");
    return step_v3_request_text(shop, &wrong, out);
}

static int add_part(const char *bytes, size_t len, void *out)
{
    return buf_add(out, bytes, len);
}

/* What is signed is another writing of the same JSON. */
static int written_again(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct buf body = BUF_INIT(V3_BODY_MAX);
    struct v3_request wrong = *request;
    json_t *value =
        json_loadb(request->body.ptr ? request->body.ptr : "", request->body.len, 0, NULL);
    int err = value && json_dump_callback(value, add_part, &body, JSON_SORT_KEYS) ? ERR_NOMEM : 0;
    wrong.body = buf_view(&body);
    if (!err)
        err = step_v3_request_text(shop, &wrong, out);
    json_decref(value);
    buf_release(&body);
    return err;
}

static int windows_lines(struct shop *shop, const struct v3_request *request, struct buf *out)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    int err = step_v3_request_text(shop, request, &text);
    for (size_t i = 0; !err && i < text.len; i++) {
        if (text.ptr[i] == '\n')
            err = buf_byte(out, '\r');
        if (!err)
            err = buf_byte(out, text.ptr[i]);
    }
    buf_release(&text);
    return err;
}

/* --- the stamp ------------------------------------------------------------------------------------ */

static int64_t milliseconds(struct shop *)
{
    return clock_real_ms();
}

static int64_t beijing(struct shop *shop)
{
    return step_v3_request_time(shop) + 8 * 3600;
}

static int64_t own_clock(struct shop *shop)
{
    return shop_now_ms(shop) / 1000;
}

static void eight_letters(struct shop *shop, char *out, size_t)
{
    rng_alnum(&shop->rng, out, 8);
}

/* --- the Authorization header ---------------------------------------------------------------------- */

/* The right one with @from replaced by @to, everywhere. */
static int edited(struct shop *shop, struct v3_call *call, const char *from, const char *to)
{
    struct buf out = BUF_INIT(4096);
    int err = step_v3_request_sign(shop, call);
    struct view rest = buf_view(&call->authorization);
    for (size_t at; !err && (at = view_find(rest, view_str(from))) != SIZE_MAX;) {
        err = buf_add(&out, rest.ptr, at);
        if (!err)
            err = buf_str(&out, to);
        rest.ptr += at + strlen(from);
        rest.len -= at + strlen(from);
    }
    if (!err)
        err = buf_view_add(&out, rest);
    buf_release(&call->authorization);
    call->authorization = out;
    return err;
}

static int unquoted(struct shop *shop, struct v3_call *call)
{
    return edited(shop, call, "\"", "");
}

static int single_quotes(struct shop *shop, struct v3_call *call)
{
    return edited(shop, call, "\"", "'");
}

static int semicolons(struct shop *shop, struct v3_call *call)
{
    return edited(shop, call, "\",", "\";");
}

static int old_scheme(struct shop *shop, struct v3_call *call)
{
    return edited(shop, call, V3_SCHEME, "WECHATPAY2-RSA2048-SHA256");
}

static int without_serial(struct shop *shop, struct v3_call *call)
{
    char pair[V3_SERIAL_MAX + 16];
    snprintf(pair, sizeof(pair), ",serial_no=\"%s\"", shop->options->mch_serial);
    return edited(shop, call, pair, "");
}

static int lower_serial(struct shop *shop, struct v3_call *call)
{
    char lower[V3_SERIAL_MAX + 1];
    size_t i = 0;
    for (const char *c = shop->options->mch_serial; *c && i < V3_SERIAL_MAX; c++)
        lower[i++] = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
    lower[i] = '\0';
    return edited(shop, call, shop->options->mch_serial, lower);
}

/* The download of certificates is right, so that the shop lives: F5. */
static int platform_serial(struct shop *shop, struct v3_call *call)
{
    if (!shop->trust->list.count)
        return step_v3_request_sign(shop, call);
    return edited(shop, call, shop->options->mch_serial, shop->trust->list.item[0].serial);
}

static int url_safe(struct shop *shop, struct v3_call *call)
{
    int err = step_v3_request_sign(shop, call);
    for (size_t i = 0; !err && i < call->authorization.len; i++) {
        char *c = &call->authorization.ptr[i];
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    return err;
}

/* --- headers ------------------------------------------------------------------------------------------ */

static void drop(struct v3_call *call, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < call->header_count; i++) {
        if (!view_is(call->headers[i].name, name))
            call->headers[kept++] = call->headers[i];
    }
    call->header_count = kept;
}

static void no_user_agent(struct shop *shop, struct v3_call *call)
{
    step_v3_request_headers(shop, call);
    drop(call, "User-Agent");
}

static void no_accept(struct shop *shop, struct v3_call *call)
{
    step_v3_request_headers(shop, call);
    drop(call, "Accept");
}

static void form_type(struct shop *shop, struct v3_call *call)
{
    step_v3_request_headers(shop, call);
    drop(call, "Content-Type");
    if (call->body.len)
        v3_call_header(call, VIEW("Content-Type"), VIEW("application/x-www-form-urlencoded"));
}

static void no_key_id(struct shop *shop, struct v3_call *call)
{
    step_v3_request_headers(shop, call);
    drop(call, "Wechatpay-Serial");
}

/* --- the body ------------------------------------------------------------------------------------------- */

static int byte_order_mark(struct shop *shop, const json_t *value, struct buf *out)
{
    int err = buf_str(out, "\xEF\xBB\xBF");
    return err ? err : step_v3_request_write(shop, value, out);
}

static json_t *with(struct shop *shop, const struct order *order, const char *name, json_t *value)
{
    json_t *fields = step_v3_create_fields(shop, order);
    json_object_set_new(fields, name, value);
    return fields;
}

static json_t *with_total(struct shop *shop, const struct order *order, json_t *total)
{
    json_t *fields = step_v3_create_fields(shop, order);
    json_object_set_new(json_object_get(fields, "amount"), "total", total);
    return fields;
}

static json_t *in_yuan(struct shop *shop, const struct order *order)
{
    return with_total(shop, order, json_real((double)order->total_fen / 100));
}

static json_t *as_text(struct shop *shop, const struct order *order)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)order->total_fen);
    return with_total(shop, order, json_string(text));
}

static json_t *no_expire(struct shop *shop, const struct order *order)
{
    json_t *fields = step_v3_create_fields(shop, order);
    json_object_del(fields, "time_expire");
    return fields;
}

static json_t *plain_expire(struct shop *shop, const struct order *order)
{
    char time[CN_TIME_LEN + 1];
    cn_time_14(order->expire_ms, time);
    return with(shop, order, "time_expire", json_string(time));
}

static json_t *new_expire(struct shop *shop, const struct order *order)
{
    static int64_t count;
    char time[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(order->expire_ms + 1000 * count++, time);
    return with(shop, order, "time_expire", json_string(time));
}

static json_t *new_text(struct shop *shop, const struct order *order)
{
    static unsigned count;
    char text[64];
    snprintf(text, sizeof(text), "attempt %u", ++count);
    return with(shop, order, "description", json_string(text));
}

static json_t *null_attach(struct shop *shop, const struct order *order)
{
    return with(shop, order, "detail", json_null());
}

/* clang-format off */
const struct mutant mutants_v3_request[] = {
    MUTANT("v3-no-last-line-feed", "WX3-002", "The signed text lacks its last line feed.",
      .v3_request_text = no_last_line_feed),
    MUTANT("v3-host-signed", "WX3-002", "The signed target has scheme and host.",
      .v3_request_text = with_host),
    MUTANT("v3-method-lower-case", "WX3-002", "The method is signed in lower case.",
      .v3_request_text = lower_method),
    MUTANT("v3-windows-lines", "WX3-002", "The signed lines end with CR LF.",
      .v3_request_text = windows_lines),
    MUTANT("v3-url-safe-base64", "WX3-002", "The signature is in URL-safe base64.",
      .v3_request_sign = url_safe),
    MUTANT("v3-body-unsigned", "WX3-003", "An empty body is signed, whatever is sent.",
      .v3_request_text = no_body),
    MUTANT("v3-body-written-again", "WX3-003", "Signed is another writing of the JSON that is sent.",
      .v3_request_text = written_again),
    MUTANT("v3-query-unsigned", "WX3-004", "The query string is not signed.",
      .v3_request_text = bare_path),
    MUTANT("v3-stamp-milliseconds", "WX3-005", "The stamp counts milliseconds.",
      .v3_request_time = milliseconds),
    MUTANT("v3-stamp-beijing", "WX3-005", "The stamp is eight hours ahead.",
      .v3_request_time = beijing),
    MUTANT("v3-stamp-own-clock", "WX3-005", "The stamp is of a clock that may be wrong.",
      .v3_request_time = own_clock),
    MUTANT("v3-short-nonce", "WX3-006", "nonce_str has eight characters.",
      .request_nonce = eight_letters),
    MUTANT("v3-unquoted", "WX3-001", "The pairs of Authorization are not quoted.",
      .v3_request_sign = unquoted),
    MUTANT("v3-single-quotes", "WX3-001", "The pairs of Authorization have single quotes.",
      .v3_request_sign = single_quotes),
    MUTANT("v3-semicolons", "WX3-001", "Semicolons stand between the pairs of Authorization.",
      .v3_request_sign = semicolons),
    MUTANT("v3-wrong-scheme", "WX3-001", "The scheme is misspelt.",
      .v3_request_sign = old_scheme),
    MUTANT("v3-no-serial", "WX3-001", "serial_no is left out.",
      .v3_request_sign = without_serial),
    MUTANT("v3-serial-lower-case", "WX3-007", "serial_no is in lower case.",
      .v3_request_sign = lower_serial),
    MUTANT("v3-serial-of-platform", "WX3-007", "serial_no is the platform's.",
      .v3_request_sign = platform_serial),
    MUTANT("v3-no-user-agent", "WX3-008", "User-Agent is not sent.",
      .v3_request_headers = no_user_agent),
    MUTANT("v3-no-accept", "WX3-008", "Accept is not sent.",
      .v3_request_headers = no_accept),
    MUTANT("v3-form-type", "WX3-009", "JSON is sent as a form.",
      .v3_request_headers = form_type),
    MUTANT("v3-byte-order-mark", "WX3-009", "A byte order mark stands before the JSON.",
      .v3_request_write = byte_order_mark),
    MUTANT("v3-no-key-id", "WX3-023", "In key mode Wechatpay-Serial is not sent.",
      .v3_request_headers = no_key_id),
    MUTANT("v3-amount-in-yuan", "WX3-026", "amount.total has a decimal point.",
      .v3_create_fields = in_yuan),
    MUTANT("v3-amount-text", "WX3-026", "amount.total is a string.",
      .v3_create_fields = as_text),
    MUTANT("v3-no-time-expire", "WX3-029", "time_expire is left out.",
      .v3_create_fields = no_expire),
    MUTANT("v3-bad-time-expire", "WX3-029", "time_expire has 14 digits, as in V2.",
      .v3_create_fields = plain_expire),
    MUTANT("v3-retry-new-expire", "WX3-030", "A repeated creation has another time_expire.",
      .v3_create_fields = new_expire),
    MUTANT("v3-retry-new-text", "WX3-030", "A repeated creation has another description.",
      .v3_create_fields = new_text),
    MUTANT("v3-null-member", "WX3-009", "A member that is not wanted is sent as null.",
      .v3_create_fields = null_attach),
    { .name = NULL },
};
