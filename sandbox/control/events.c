#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"

#include <inttypes.h>

#define PENDING_MAX (1024 * 1024)

/* One reader of GET /v1/events. */
struct stream {
    struct stream *next;
    struct control *control; /* borrowed */
    struct http_call *http;
    char mch_id[MCH_ID_MAX + 1]; /* empty: of every account */
    struct buf pending;          /* what this turn has told, until its commit */
    bool over;                   /* the peer has gone or reads too slowly */
};

struct events_in {
    struct view mch_id;
};

static const struct member events_query[] = {
    MEMBER(TEXT, struct events_in, mch_id, .min = 1, .max = MCH_ID_MAX),
};

static void end_stream(struct control *control, struct stream *stream)
{
    struct stream **link = &control->streams;

    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    control->stream_count--;
    http_call_set_data(stream->http, NULL);
    http_call_end(stream->http);
    buf_release(&stream->pending);
    mem_free(stream);
}

static void on_committed(struct turn_answer *answer)
{
    struct control *control = container_of(answer, struct control, flush);
    struct stream *next;

    control->flush_asked = false;
    for (struct stream *stream = control->streams; stream; stream = next) {
        next = stream->next;
        if (!stream->over && stream->pending.len)
            stream->over = http_call_write(stream->http, buf_view(&stream->pending)) != 0;
        buf_clear(&stream->pending);
        if (stream->over)
            end_stream(control, stream);
    }
}

/* Nothing of it has happened. */
static void on_commit_failed(struct turn_answer *answer)
{
    struct control *control = container_of(answer, struct control, flush);

    for (struct stream *stream = control->streams; stream; stream = stream->next)
        buf_clear(&stream->pending);
    on_committed(answer);
}

static void ask_flush(struct control *control)
{
    if (control->flush_asked)
        return;
    control->flush_asked = true;
    control->flush.send = on_committed;
    control->flush.failed = on_commit_failed;
    turn_answer(control->sandbox->turn, &control->flush);
}

/* @data is one JSON object, on one line. */
static void tell(struct control *control, const char *event, struct view mch_id,
                 const struct json_out *data)
{
    int64_t id = ++control->last_event;

    for (struct stream *stream = control->streams; stream; stream = stream->next) {
        if (stream->mch_id[0] && !view_is(mch_id, stream->mch_id))
            continue;
        if (data->err || buf_fmt(&stream->pending, "id: %" PRId64 "\nevent: %s\ndata: %.*s\n\n", id,
                                 event, VIEW_ARG(buf_view(&data->text))))
            stream->over = true;
    }
    ask_flush(control);
}

void events_order(struct control *control, const struct account *account,
                  const struct order_row *order)
{
    struct json_out out = JSON_OUT_INIT(PENDING_MAX);

    if (!control->streams)
        return;
    show_order(&out, NULL, control->sandbox, order);
    tell(control, "order", view_str(account->mch_id), &out);
    json_out_release(&out);
}

void events_delivery(struct control *control, const struct account *account,
                     const struct notice_row *notice, const struct delivery_row *delivery)
{
    struct json_out out = JSON_OUT_INIT(PENDING_MAX);

    if (!control->streams)
        return;
    out_open(&out, NULL, '{');
    out_str(&out, "mch_id", account->mch_id);
    show_notice(&out, "notification", control->sandbox, notice);
    show_delivery(&out, "delivery", delivery);
    out_close(&out, '}');
    tell(control, "notification", view_str(account->mch_id), &out);
    json_out_release(&out);
}

/* The outline only: raw bytes are fetched by id. */
void events_exchange(struct control *control, const struct exchange *exchange)
{
    struct json_out out = JSON_OUT_INIT(PENDING_MAX);

    if (!control->streams)
        return;
    out_open(&out, NULL, '{');
    out_int(&out, "id", exchange->id);
    out_str(&out, "mch_id", exchange->mch_id);
    out_str(&out, "door", exchange->door == EXCHANGE_API ? "api" : "notification");
    out_str(&out, "api", exchange->api);
    out_str(&out, "out_trade_no", exchange->out_trade_no);
    out_moment(&out, "real", exchange->real_ms);
    out_int(&out, "duration_us", exchange->duration_us);
    out_int(&out, "status", exchange->status);
    out_str(&out, "refusal", exchange->refusal);
    out_str(&out, "hint", exchange->hint_id);
    out_str(&out, "fault", exchange->fault);
    out_close(&out, '}');
    tell(control, "exchange", view_str(exchange->mch_id), &out);
    json_out_release(&out);
}

void events_clock(struct control *control, struct view mch_id, const struct vclock *clock)
{
    struct json_out out = JSON_OUT_INIT(4096);

    if (!control->streams)
        return;
    out_open(&out, NULL, '{');
    if (mch_id.len)
        out_text(&out, "mch_id", mch_id);
    else
        out_null(&out, "mch_id");
    show_clock(&out, "clock", clock);
    out_close(&out, '}');
    tell(control, "clock", mch_id, &out);
    json_out_release(&out);
}

void events_stop(struct control *control)
{
    for (struct stream *stream = control->streams; stream; stream = stream->next)
        stream->over = true;
    ask_flush(control);
}

/* Ended with the next flush: not from inside the server's callback. */
static void on_gone(struct http_call *http)
{
    struct stream *stream = http_call_data(http);

    if (stream) {
        stream->over = true;
        ask_flush(stream->control);
    }
}

int do_events(struct ask *ask)
{
    static const struct http_header headers[] = {
        { .name = VIEW("Content-Type"), .value = VIEW("text/event-stream") },
        { .name = VIEW("Cache-Control"), .value = VIEW("no-store") },
    };
    struct control *control = ask->control;
    struct events_in in = {};
    struct stream *stream;

    if (!ask_query(ask, events_query, COUNT(events_query), &in))
        return 0;
    if (in.mch_id.ptr && !accounts_find(control->sandbox->accounts, in.mch_id))
        return ask_unknown(ask, "account", in.mch_id);
    if (control->stream_count >= CONTROL_STREAMS_MAX)
        return ask_refuse(ask, 409, "CONFLICT", "", "%d streams are the most", CONTROL_STREAMS_MAX);
    stream = mem_new(struct stream);
    if (!stream)
        return ERR_NOMEM;
    stream->control = control;
    stream->http = ask->http;
    stream->pending = BUF_INIT(PENDING_MAX);
    if (in.mch_id.ptr)
        memcpy(stream->mch_id, in.mch_id.ptr, in.mch_id.len); /* fits by the table */
    stream->next = control->streams;
    control->streams = stream;
    control->stream_count++;
    http_call_set_data(ask->http, stream);
    http_call_on_gone(ask->http, on_gone);
    http_call_stream(ask->http, 200, headers, COUNT(headers));
    stream->over = http_call_write(ask->http, VIEW(": events of wxpay-sandbox\n\n")) != 0;
    if (stream->over)
        ask_flush(control);
    ask_free(ask);
    return 0;
}
