#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#define NOBODY "-" /* calls of unknown merchants */

struct exchanges_in {
    int64_t after, limit;
    struct view api, out_trade_no;
};

static const struct member exchanges_query[] = {
    MEMBER(INT, struct exchanges_in, after, .max = INT64_MAX),
    MEMBER(INT, struct exchanges_in, limit, .min = 1, .max = 1000),
    MEMBER(TEXT, struct exchanges_in, api, .min = 1, .max = 23),
    MEMBER(TEXT, struct exchanges_in, out_trade_no, .min = 1, .max = OUT_TRADE_NO_MAX),
};

struct listing {
    struct json_out *out;
    int64_t last;
};

/* One record is bounded by EXCHANGE_RAW_MAX per part; escapes can make six bytes of one. */
#define RECORD_MAX (8 * 1024 * 1024)

static void add_exchange(void *ctx, const struct exchange *exchange)
{
    struct listing *listing = ctx;
    struct buf text = BUF_INIT(RECORD_MAX);
    int err = exchange_json(exchange, &text);

    if (err && !listing->out->err)
        listing->out->err = err;
    out_raw(listing->out, NULL, buf_view(&text));
    listing->last = exchange->id;
    buf_release(&text);
}

int do_exchanges(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct exchanges_in in = { .limit = 100 };
    struct listing listing = { .out = &ask->out };
    struct exchange_filter filter = { .mch_id = ask->param[0] };
    size_t lost;

    if (!view_is(ask->param[0], NOBODY) && !accounts_find(sandbox->accounts, ask->param[0]))
        return ask_unknown(ask, "account", ask->param[0]);
    if (!ask_query(ask, exchanges_query, COUNT(exchanges_query), &in))
        return 0;
    filter.api = in.api;
    filter.out_trade_no = in.out_trade_no;
    filter.after_id = in.after;
    filter.limit = (size_t)in.limit;
    listing.last = in.after;
    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "exchanges", '[');
    lost = exchange_each(sandbox->exchanges, &filter, add_exchange, &listing);
    out_close(&ask->out, ']');
    out_int(&ask->out, "next", listing.last);
    out_int(&ask->out, "lost", (int64_t)lost);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

/* The record of {id}, or NULL when the call was refused. */
static const struct exchange *find_exchange(struct ask *ask)
{
    const struct exchange *exchange = NULL;
    int64_t id;

    if (view_to_i64(ask->param[0], INT64_MAX, &id) == 0)
        exchange = exchange_get(ask->control->sandbox->exchanges, id);
    if (!exchange)
        ask_unknown(ask, "exchange (the oldest are forgotten first)", ask->param[0]);
    return exchange;
}

int do_exchange(struct ask *ask)
{
    const struct exchange *exchange = find_exchange(ask);

    if (!exchange)
        return 0;
    add_exchange(&(struct listing){ .out = &ask->out }, exchange);
    return ask_reply(ask, 200);
}

#define MARK_BEFORE 24 /* bytes shown around the place where two texts part */
#define MARK_AFTER  40

/* Does the byte at @at begin a character? */
static bool is_cut(struct view text, size_t at)
{
    return at >= text.len || ((unsigned char)text.ptr[at] & 0xc0) != 0x80;
}

/* On one line: the ends of V3's lines are what often differs. */
static int add_shown(struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        if (text.ptr[i] == '\n' || text.ptr[i] == '\r')
            err = buf_str(out, text.ptr[i] == '\n' ? "\\n" : "\\r");
        else
            err = buf_byte(out, text.ptr[i]);
    }
    return err;
}

/* "…before>>>after…", whole characters only. */
static int mark(struct view text, size_t at, struct buf *out)
{
    size_t from = at > MARK_BEFORE ? at - MARK_BEFORE : 0;
    size_t to = at + MARK_AFTER < text.len ? at + MARK_AFTER : text.len;
    while (!is_cut(text, from))
        from--;
    while (!is_cut(text, to))
        to++;
    int err = buf_str(out, from ? "…" : "");
    if (!err)
        err = add_shown((struct view){ text.ptr + from, at - from }, out);
    if (!err)
        err = buf_str(out, ">>>");
    if (!err)
        err = add_shown((struct view){ text.ptr + at, to - at }, out);
    return err ? err : buf_str(out, to < text.len ? "…\n" : "\n");
}

/* What was to be signed beside what seems to have been signed, at the first difference. */
static int explain_texts(const struct exchange *exchange, struct buf *out)
{
    struct view ours = buf_view(&exchange->sign_text), theirs = buf_view(&exchange->signed_text);
    size_t at = exchange_sign_differs_at(exchange);
    if (at == SIZE_MAX)
        return 0;
    if (at == ours.len && at == theirs.len)
        return buf_str(out, "The text that was signed is the same: it is the way of signing.\n");
    int err = buf_fmt(out, "The texts part at byte %zu, marked >>>.\n  to be signed: ", at);
    if (!err)
        err = mark(ours, at, out);
    if (!err)
        err = buf_str(out, "  was signed:   ");
    return err ? err : mark(theirs, at, out);
}

/* One sentence per line: what was asked, what was answered, and what the sandbox makes of it. */
static int explain(const struct exchange *exchange, struct buf *out)
{
    int err;

    if (exchange->door == EXCHANGE_API)
        err = buf_fmt(out, "Call %s of merchant %s%s%s was answered with HTTP %d.\n", exchange->api,
                      exchange->mch_id, exchange->out_trade_no[0] ? " for order " : "",
                      exchange->out_trade_no, exchange->status);
    else
        err =
            buf_fmt(out, "Delivery %d of notification %lld for order %s ended with HTTP %d%s%s.\n",
                    exchange->attempt, (long long)exchange->notice_id, exchange->out_trade_no,
                    exchange->status, exchange->error ? ", " : "",
                    exchange->error ? err_text(exchange->error) : "");
    if (!err && exchange->door == EXCHANGE_NOTIFICATION)
        err = buf_fmt(out, "It %s an acknowledgement (%s): %s.\n",
                      exchange->ack_ok ? "was" : "was not",
                      exchange->ack_row ? exchange->ack_row : "no answer",
                      exchange->ack_why ? exchange->ack_why : "nothing came back");
    if (!err && exchange->refusal)
        err = buf_fmt(out, "It was refused as %s%s%s%s%s.\n", exchange->refusal,
                      exchange->refusal_where[0] ? " at " : "", exchange->refusal_where,
                      exchange->refusal_why[0] ? ": " : "", exchange->refusal_why);
    for (size_t i = 0; i < exchange->check_count && !err; i++) {
        const struct check_mark *mark = &exchange->check[i];
        if (!mark->ok)
            err = buf_fmt(out, "The check \"%s\" (%s) did not hold%s%s.\n", mark->check,
                          mark->clause, mark->why[0] ? ": " : "", mark->why);
    }
    for (size_t i = 0; i < exchange->remark_count && !err; i++)
        err = buf_fmt(out, "Accepted, but worth knowing (%s): %s\n", exchange->remark[i].clause,
                      exchange->remark[i].text);
    if (!err && exchange->fault)
        err = buf_fmt(out, "The fault \"%s\" was ordered for it.\n", exchange->fault);
    if (!err && exchange->hint.len)
        err = buf_fmt(out, "%s\n", buf_cstr(&exchange->hint));
    return err ? err : explain_texts(exchange, out);
}

static void show_text(struct json_out *out, const char *key, const struct buf *text)
{
    if (text->len)
        out_text(out, key, buf_view(text));
    else
        out_null(out, key);
}

int do_explain(struct ask *ask)
{
    const struct exchange *exchange = find_exchange(ask);
    struct buf text = BUF_INIT(256 * 1024);
    int err;

    if (!exchange)
        return 0;
    err = explain(exchange, &text);
    if (!err) {
        out_open(&ask->out, NULL, '{');
        out_int(&ask->out, "id", exchange->id);
        out_text(&ask->out, "text", buf_view(&text));
        out_str(&ask->out, "refusal", exchange->refusal);
        out_str(&ask->out, "cause", exchange->hint_id);
        show_text(&ask->out, "sign_text", &exchange->sign_text);
        show_text(&ask->out, "signed_text", &exchange->signed_text);
        if (exchange_sign_differs_at(exchange) == SIZE_MAX)
            out_null(&ask->out, "differs_at");
        else
            out_int(&ask->out, "differs_at", (int64_t)exchange_sign_differs_at(exchange));
        out_close(&ask->out, '}');
        err = ask_reply(ask, 200);
    }
    buf_release(&text);
    return err;
}
