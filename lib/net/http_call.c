#include "net/http_conn.h"
#include "net/http_status.h"

#include "base/err.h"

#include <assert.h>
#include <stdio.h>

#define SPARE_CALLS_MAX 256
#define HEAD_MAX        128 /* status line and our own headers, without the owner's */

struct http_call *http_call_new(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    struct net_link *link = net_list_shift(&server->spare_calls);
    struct http_call *call =
        link ? container_of(link, struct http_call, link) : mem_alloc(sizeof(*call));
    if (!call)
        return NULL;
    if (link)
        server->spare_call_count--;
    /* all but the headers: clearing three KiB per request would be the dearest line here */
    memset(call, 0, offsetof(struct http_call, headers));
    call->headers.count = 0;
    net_link_init(&call->link);
    call->conn = conn;
    call->answer = BUF_INIT(SIZE_MAX / 4);
    return call;
}

void http_call_free(struct http_call *call)
{
    struct http_server *server = call->conn->server;
    net_link_drop(&call->link);
    http_block_unref(call->block);
    buf_release(&call->answer);
    if (server->spare_call_count == SPARE_CALLS_MAX) {
        mem_free(call);
        return;
    }
    net_list_add(&server->spare_calls, &call->link);
    server->spare_call_count++;
}

void http_spare_calls_release(struct http_server *server)
{
    struct net_link *link;
    while ((link = net_list_shift(&server->spare_calls)))
        mem_free(container_of(link, struct http_call, link));
    server->spare_call_count = 0;
}

const struct http_request *http_call_request(const struct http_call *call)
{
    return &call->request;
}

struct view http_call_peer(const struct http_call *call)
{
    return (struct view){ call->conn->peer, call->conn->peer_len };
}

void http_call_set_data(struct http_call *call, void *data)
{
    call->data = data;
}

void *http_call_data(const struct http_call *call)
{
    return call->data;
}

void http_call_on_gone(struct http_call *call, void (*on_gone)(struct http_call *call))
{
    call->on_gone = on_gone;
    if (on_gone && call->told_gone < http_conn_gone(call->conn))
        http_conn_wake(call->conn); /* it has gone already: told in the next turn */
}

static bool is_first(const struct http_call *call)
{
    return call->conn->calls.next == &call->link;
}

static bool is_gone(const struct http_call *call)
{
    return call->conn->state >= CONN_SEALED;
}

bool http_call_is_lost(const struct http_call *call)
{
    return is_gone(call);
}

/* Where the answer goes: to the wire's buffer when it is this call's turn. */
static struct buf *answer_of(struct http_call *call)
{
    return is_first(call) ? http_conn_out(call->conn) : &call->answer;
}

/* The calls at the head that are answered leave; the next one may be answered or stream already. */
static void advance(struct http_conn *conn)
{
    while (conn->state < CONN_SEALED && !net_link_alone(&conn->calls)) {
        struct http_call *call = container_of(conn->calls.next, struct http_call, link);
        if (call->answer.len) {
            if (buf_view_add(http_conn_out(conn), buf_view(&call->answer))) {
                http_conn_close(conn);
                return;
            }
            buf_release(&call->answer);
        }
        if (call->state != CALL_ANSWERED)
            return;
        enum http_call_after after = call->after;
        conn->call_count--;
        http_call_free(call);
        if (after == AFTER_CUT)
            conn->stray = false; /* nothing was promised, so nothing needs to arrive */
        if (after != AFTER_KEEP)
            http_conn_seal(conn);
    }
}

/* The answer is complete. Last line of every way to answer: the call is gone afterwards. */
static void answered(struct http_call *call, enum http_call_after after)
{
    struct http_conn *conn = call->conn;
    assert(call->state != CALL_ANSWERED && "a call is answered once");
    call->state = CALL_ANSWERED;
    call->after = after;
    if (is_gone(call)) {
        conn->call_count--;
        http_call_free(call);
        http_conn_maybe_free(conn);
        return;
    }
    advance(conn);
    http_conn_dirty(conn);
}

static char *put(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return to + len;
}

/* A CR or LF in a header would let its author write headers of his own. */
static char *put_line_text(char *to, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        assert(c != '\r' && c != '\n' && c != '\0');
        *to++ = c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    }
    return to;
}

static char *put_number(char *to, size_t number)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *to++ = digits[--count];
    return to;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static char *put_status_line(char *to, int status)
{
    assert(status >= 100 && status <= 999);
    const char *phrase = http_status_phrase(status);
    to = PUT(to, "HTTP/1.1 ");
    to = put_number(to, (size_t)status);
    *to++ = ' ';
    to = put(to, phrase, strlen(phrase));
    return PUT(to, "\r\n");
}

enum framing { BY_LENGTH, BY_CHUNKS, BY_END, NO_BODY };

/* Head and body are written in one go into room that was reserved once. */
struct answer {
    int status;
    const struct http_header *headers;
    size_t count;
    enum framing framing;
    size_t length; /* announced */
    struct view body;
};

static char *put_head(char *to, struct http_call *call, const struct answer *answer)
{
    struct view date = http_server_date(call->conn->server);
    to = put_status_line(to, answer->status);
    to = put(to, date.ptr, date.len);
    if (answer->framing == BY_LENGTH) {
        to = PUT(to, "Content-Length: ");
        to = put_number(to, answer->length);
        to = PUT(to, "\r\n");
    } else if (answer->framing == BY_CHUNKS) {
        to = PUT(to, "Transfer-Encoding: chunked\r\n");
    }
    if (!call->keep_alive)
        to = PUT(to, "Connection: close\r\n");
    else if (call->is_1_0)
        to = PUT(to, "Connection: keep-alive\r\n");
    for (size_t i = 0; i < answer->count; i++) {
        to = put_line_text(to, answer->headers[i].name);
        to = PUT(to, ": ");
        to = put_line_text(to, answer->headers[i].value);
        to = PUT(to, "\r\n");
    }
    return PUT(to, "\r\n");
}

static int write_answer(struct http_call *call, const struct answer *answer)
{
    struct buf *out = answer_of(call);
    size_t room = HEAD_MAX + sizeof(call->conn->server->date) + answer->body.len;
    for (size_t i = 0; i < answer->count; i++)
        room += answer->headers[i].name.len + answer->headers[i].value.len + 4;
    int err = buf_reserve(out, room);
    if (err)
        return err;
    char *end = put_head(out->ptr + out->len, call, answer);
    if (answer->body.len)
        end = put(end, answer->body.ptr, answer->body.len);
    *end = '\0';
    out->len = (size_t)(end - out->ptr);
    return 0;
}

/* No memory for an answer: the peer shall not wait for it. */
static void give_up(struct http_call *call)
{
    http_conn_close(call->conn);
    answered(call, AFTER_CUT);
}

void http_call_reply(struct http_call *call, int status, const struct http_header *headers,
                     size_t count, struct view body)
{
    assert(call->state == CALL_OPEN);
    struct answer answer = { .status = status, .headers = headers, .count = count, .body = body };
    answer.length = body.len;
    bool bare = status < 200 || status == 204 || status == 304;
    answer.framing = bare ? NO_BODY : BY_LENGTH;
    if (bare || call->is_head)
        answer.body.len = 0;
    if (!is_gone(call) && write_answer(call, &answer))
        give_up(call);
    else
        answered(call, call->keep_alive ? AFTER_KEEP : AFTER_CLOSE);
}

void http_call_reply_raw(struct http_call *call, struct view bytes, bool close)
{
    assert(call->state == CALL_OPEN);
    if (!is_gone(call) && buf_view_add(answer_of(call), bytes))
        give_up(call);
    else
        answered(call, close || !call->keep_alive ? AFTER_CLOSE : AFTER_KEEP);
}

void http_call_cut(struct http_call *call)
{
    assert(call->state == CALL_OPEN);
    answered(call, AFTER_CUT);
}

void http_call_refuse(struct http_call *call, int status, const char *why)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "%d %s: %s\n", status, http_status_phrase(status), why);
    size_t shown = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    struct http_header type = { VIEW("Content-Type"), VIEW("text/plain; charset=utf-8") };
    call->keep_alive = false;
    http_call_reply(call, status, &type, 1, (struct view){ text, shown });
}

/* An event must not wait for the end of the turn, unless held answers stand before it. */
static void flush_stream(struct http_call *call)
{
    struct http_conn *conn = call->conn;
    if (!is_first(call))
        return;
    if (conn->server->hold && !net_link_alone(&conn->dirty))
        return;
    http_conn_flush(conn);
}

void http_call_stream(struct http_call *call, int status, const struct http_header *headers,
                      size_t count)
{
    assert(call->state == CALL_OPEN);
    struct answer answer = { .status = status, .headers = headers, .count = count };
    answer.framing = call->is_1_0 ? BY_END : BY_CHUNKS;
    if (call->is_1_0)
        call->keep_alive = false;
    call->state = CALL_STREAM;
    if (is_gone(call))
        return;
    if (write_answer(call, &answer))
        http_conn_close(call->conn);
    else
        flush_stream(call);
}

static int add_chunk(struct http_call *call, struct view bytes)
{
    struct buf *out = answer_of(call);
    if (call->is_1_0)
        return buf_view_add(out, bytes);
    int err = buf_reserve(out, bytes.len + 24); /* all of it or none */
    if (!err)
        err = buf_fmt(out, "%zx\r\n", bytes.len);
    if (!err)
        err = buf_view_add(out, bytes);
    return err ? err : buf_str(out, "\r\n");
}

int http_call_write(struct http_call *call, struct view bytes)
{
    assert(call->state == CALL_STREAM);
    struct http_conn *conn = call->conn;
    if (is_gone(call) || conn->eof)
        return ERR_CLOSED;
    if (http_conn_unsent(conn) + call->answer.len + bytes.len > UNSENT_MAX)
        return ERR_LIMIT;
    if (bytes.len == 0 || call->is_head)
        return 0; /* an empty chunk would end the body */
    int err = add_chunk(call, bytes);
    if (!err)
        flush_stream(call);
    return err;
}

void http_call_end(struct http_call *call)
{
    assert(call->state == CALL_STREAM);
    bool chunked = !call->is_1_0 && !call->is_head;
    if (!is_gone(call) && chunked && buf_str(answer_of(call), "0\r\n\r\n"))
        give_up(call);
    else
        answered(call, call->keep_alive ? AFTER_KEEP : AFTER_CLOSE);
}
