#include "exchange.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/utf8.h"
#include "wxpay/v2_msg.h"

#include <stdio.h>

/* The first error stays; what is written after it is not read by anybody. */
struct writer {
    struct buf *out;
    int err;
};

static void put(struct writer *w, const char *text)
{
    if (!w->err)
        w->err = buf_str(w->out, text);
}

static void put_plain(struct writer *w, struct view text)
{
    if (!w->err)
        w->err = buf_view_add(w->out, text);
}

static void put_escape(struct writer *w, unsigned char byte)
{
    if (w->err)
        return;
    if (byte == '"' || byte == '\\')
        w->err = buf_fmt(w->out, "\\%c", byte);
    else if (byte == '\n')
        w->err = buf_str(w->out, "\\n");
    else
        w->err = buf_fmt(w->out, "\\u%04x", byte);
}

/* @text is valid UTF-8. */
static void put_escaped(struct writer *w, struct view text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte >= ' ' && byte != '"' && byte != '\\' && byte != 127)
            continue;
        put_plain(w, (struct view){ text.ptr + from, i - from });
        put_escape(w, byte);
        from = i + 1;
    }
    put_plain(w, (struct view){ text.ptr + from, text.len - from });
}

/* A text in quotes; bytes that are not UTF-8 become U+FFFD. */
static void put_text(struct writer *w, struct view text)
{
    put(w, "\"");
    while (text.len) {
        size_t broken = utf8_broken_at(text);
        struct view good = { text.ptr, broken < text.len ? broken : text.len };
        put_escaped(w, good);
        text = (struct view){ text.ptr + good.len, text.len - good.len };
        if (!text.len)
            break;
        put(w, "\\ufffd");
        text = (struct view){ text.ptr + 1, text.len - 1 };
    }
    put(w, "\"");
}

static void put_text_or_null(struct writer *w, const char *text)
{
    if (text)
        put_text(w, view_str(text));
    else
        put(w, "null");
}

/* "name": with a comma in front unless it is the first of its object. */
static void name(struct writer *w, const char *text)
{
    size_t len = w->out->len;
    if (len && w->out->ptr[len - 1] != '{')
        put(w, ",");
    put(w, "\"");
    put(w, text);
    put(w, "\":");
}

static void put_int(struct writer *w, const char *member, int64_t value)
{
    name(w, member);
    if (!w->err)
        w->err = buf_fmt(w->out, "%lld", (long long)value);
}

static void put_bool(struct writer *w, const char *member, bool value)
{
    name(w, member);
    put(w, value ? "true" : "false");
}

static void put_member(struct writer *w, const char *member, const char *text)
{
    name(w, member);
    put_text_or_null(w, text);
}

static void put_moment(struct writer *w, const char *member, int64_t ms)
{
    char text[32], iso[CN_TIME_ISO_LEN + 1];
    snprintf(text, sizeof(text), "%s_ms", member);
    put_int(w, text, ms);
    cn_time_iso(ms, iso);
    snprintf(text, sizeof(text), "%s_at", member);
    put_member(w, text, iso);
}

/* ---- raw parts ------------------------------------------------------------------------------- */

/* Take one line off @head, without its line end. */
static struct view take_line(struct view *head)
{
    struct view line = view_cut(*head, '\n', head);
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void put_headers(struct writer *w, struct view head)
{
    bool first = true;
    name(w, "headers");
    put(w, "[");
    while (head.len) {
        struct view line = take_line(&head), value;
        struct view header = view_cut(line, ':', &value);
        if (!header.len)
            continue;
        put(w, first ? "[" : ",[");
        put_text(w, header);
        put(w, ",");
        put_text(w, view_trim(value));
        put(w, "]");
        first = false;
    }
    put(w, "]");
}

static void put_body(struct writer *w, const struct buf *body)
{
    struct view bytes = buf_view(body);
    name(w, "body");
    if (utf8_broken_at(bytes) == SIZE_MAX) {
        put_text(w, bytes);
        return;
    }
    put(w, "null");
    name(w, "body_base64");
    put(w, "\"");
    if (!w->err)
        w->err = base64_encode(bytes, w->out);
    put(w, "\"");
}

static void put_request(struct writer *w, const struct exchange *exchange)
{
    struct view head = buf_view(&exchange->request_head), target;
    struct view method = view_cut(take_line(&head), ' ', &target);
    name(w, "request");
    put(w, "{");
    name(w, "method");
    put_text(w, method);
    name(w, "target");
    put_text(w, view_cut(target, ' ', &target));
    put_headers(w, head);
    put_body(w, &exchange->request_body);
    put_bool(w, "cut", exchange->cut);
    put(w, "}");
}

static void put_answer(struct writer *w, const struct exchange *exchange)
{
    struct view head = buf_view(&exchange->answer_head);
    name(w, "answer");
    if (!exchange->status) {
        put(w, "null");
        return;
    }
    take_line(&head);
    put(w, "{");
    put_int(w, "status", exchange->status);
    put_headers(w, head);
    put_body(w, &exchange->answer_body);
    put(w, "}");
}

/* The message as both sides must understand it; null when it is none. */
static void put_fields(struct writer *w, const struct exchange *exchange)
{
    struct v2_msg msg = {};
    int err = v2_msg_read(&msg, buf_view(&exchange->request_body), NULL, NULL);
    name(w, "fields");
    put(w, err ? "null" : "{");
    for (size_t i = 0; i < msg.count; i++) {
        put(w, i ? "," : "");
        put_text(w, msg.field[i].name);
        put(w, ":");
        put_text(w, msg.field[i].value);
    }
    put(w, err ? "" : "}");
    v2_msg_release(&msg);
    if (err == ERR_NOMEM && !w->err)
        w->err = err;
}

/* ---- what the sandbox made of it ------------------------------------------------------------- */

static void put_checks(struct writer *w, const struct exchange *exchange)
{
    name(w, "checks");
    put(w, "[");
    for (size_t i = 0; i < exchange->check_count; i++) {
        const struct check_mark *mark = &exchange->check[i];
        put(w, i ? ",{" : "{");
        put_member(w, "check", mark->check);
        put_bool(w, "ok", mark->ok);
        put_member(w, "clause", mark->clause);
        put_member(w, "why", mark->why);
        put(w, "}");
    }
    put(w, "]");
}

static void put_remarks(struct writer *w, const struct exchange *exchange)
{
    name(w, "remarks");
    put(w, "[");
    for (size_t i = 0; i < exchange->remark_count; i++) {
        const struct remark *remark = &exchange->remark[i];
        put(w, i ? ",{" : "{");
        put_member(w, "id", remark->id);
        put_member(w, "clause", remark->clause);
        put_member(w, "text", remark->text);
        put(w, "}");
    }
    put(w, "]");
}

static void put_refusal(struct writer *w, const struct exchange *exchange)
{
    name(w, "refusal");
    if (!exchange->refusal) {
        put(w, "null");
        return;
    }
    put(w, "{");
    put_member(w, "name", exchange->refusal);
    put_member(w, "where", exchange->refusal_where);
    put_member(w, "why", exchange->refusal_why);
    put(w, "}");
}

static void put_hint(struct writer *w, const struct exchange *exchange)
{
    name(w, "hint");
    if (!exchange->hint.len) {
        put(w, "null");
        return;
    }
    put(w, "{");
    put_member(w, "cause", exchange->hint_id);
    name(w, "text");
    put_text(w, buf_view(&exchange->hint));
    name(w, "sign_text");
    put_text(w, buf_view(&exchange->sign_text));
    name(w, "signed_text");
    if (exchange->signed_text.len)
        put_text(w, buf_view(&exchange->signed_text));
    else
        put(w, "null");
    put(w, "}");
}

static void put_delivery(struct writer *w, const struct exchange *exchange)
{
    put_int(w, "notification_id", exchange->notice_id);
    put_int(w, "attempt", exchange->attempt);
    name(w, "url");
    put_text(w, buf_view(&exchange->url));
    name(w, "real_url");
    put_text(w, buf_view(&exchange->real_url));
    name(w, "ack");
    if (exchange->ack_row) {
        put(w, "{");
        put_bool(w, "ok", exchange->ack_ok);
        put_member(w, "row", exchange->ack_row);
        put_member(w, "why", exchange->ack_why);
        put_member(w, "warn", exchange->ack_warn);
        put(w, "}");
    } else {
        put(w, "null");
    }
    put_member(w, "error", exchange->error ? err_name(exchange->error) : NULL);
}

int exchange_json(const struct exchange *exchange, struct buf *out)
{
    static const char *const outcomes[] = {
        [EXCHANGE_PENDING] = "pending",
        [EXCHANGE_ANSWERED] = "answered",
        [EXCHANGE_CUT] = "cut",
        [EXCHANGE_WITHHELD] = "withheld",
        [EXCHANGE_PEER_GONE] = "peer_gone",
    };
    size_t before = out->len;
    struct writer w = { .out = out };
    put(&w, "{");
    put_int(&w, "id", exchange->id);
    put_member(&w, "mch_id", exchange->mch_id[0] ? exchange->mch_id : "-");
    put_member(&w, "door", exchange->door == EXCHANGE_API ? "api" : "notification");
    put_member(&w, "api", exchange->api);
    put_member(&w, "out_trade_no", exchange->out_trade_no);
    put_moment(&w, "real", exchange->real_ms);
    put_moment(&w, "virtual", exchange->virtual_ms);
    put_int(&w, "duration_us", exchange->duration_us);
    put_member(&w, "peer", exchange->peer);
    put_request(&w, exchange);
    put_fields(&w, exchange);
    put_answer(&w, exchange);
    put_member(&w, "outcome", outcomes[exchange->outcome]);
    put_checks(&w, exchange);
    put_remarks(&w, exchange);
    put_refusal(&w, exchange);
    put_hint(&w, exchange);
    put_member(&w, "fault", exchange->fault);
    if (exchange->door == EXCHANGE_NOTIFICATION)
        put_delivery(&w, exchange);
    put(&w, "}");
    if (w.err && out->ptr) { /* all or nothing */
        out->len = before;
        out->ptr[before] = '\0';
    }
    return w.err;
}
