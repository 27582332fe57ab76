/* The server on real sockets: order, ends, deadlines, streams, many connections. */
#include "net/http_server.h"
#include "net_test.h"

#include "base/err.h"

#include <sys/resource.h>
#include <unistd.h>

#define H "Host: a\r\n"

/* A server whose owner keeps the calls until the test answers them. */
static struct {
    struct http_server *server;
    struct http_call *calls[256]; /* in the order they came; NULL once answered */
    size_t count;
    size_t gone;
    bool answer_now; /* with the path as body */
    bool ask_late;   /* do not ask to be told when the peer goes */
    bool awaited;    /* @count has reached @wanted */
    size_t wanted;
    int bad_status;
    size_t bads;
    bool stopped;
} app;

static void answer(struct http_call *call)
{
    http_call_reply(call, 200, NULL, 0, http_call_request(call)->path);
}

static void on_gone(struct http_call *)
{
    app.gone++;
}

static void on_call(struct http_call *call, void *)
{
    if (app.answer_now) {
        answer(call);
        app.count++;
    } else {
        ck_assert_uint_lt(app.count, COUNT(app.calls));
        if (!app.ask_late)
            http_call_on_gone(call, on_gone);
        app.calls[app.count++] = call;
    }
    app.awaited = app.count >= app.wanted;
}

static void on_bad(struct view, int status, const char *, struct view, void *)
{
    app.bad_status = status;
    app.bads++;
}

static void on_stopped(void *)
{
    app.stopped = true;
}

static void start(struct http_server_options options)
{
    memset(&app, 0, sizeof(app));
    options.on_call = on_call;
    options.on_bad = on_bad;
    ck_assert_int_eq(http_server_start(&app.server, &net_loop, &options), 0);
}

static void stop(void)
{
    http_server_stop(app.server, on_stopped);
    run_until(&net_loop, &app.stopped);
}

static void until_calls(size_t wanted)
{
    app.wanted = wanted;
    app.awaited = app.count >= wanted;
    run_until(&net_loop, &app.awaited);
}

static void open_and_send(struct peer *peer, struct view bytes)
{
    peer_open(peer, http_server_port(app.server));
    peer_send(peer, bytes, 0);
}

START_TEST(one_connection_serves_many_requests)
{
    struct peer peer;
    start((struct http_server_options){});
    app.answer_now = true;
    peer_open(&peer, http_server_port(app.server));
    for (size_t i = 1; i <= 5; i++) {
        peer_send(&peer, VIEW("GET /five HTTP/1.1\r\n" H "\r\n"), 0);
        peer_until(&peer, "\r\n\r\n/five", i);
    }
    ck_assert_uint_eq(http_server_conns(app.server), 1);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "HTTP/1.1 200 OK\r\nDate: "), 5);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "GMT\r\nContent-Length: 5\r\n"), 5);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "Connection"), 0);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_their_order_whatever_the_owners_order)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\n" H
                              "\r\nGET /3 HTTP/1.1\r\n" H "\r\n"));
    until_calls(3);
    answer(app.calls[2]);
    answer(app.calls[1]);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(peer.got.len, 0);
    answer(app.calls[0]);
    peer_until(&peer, "/3", 1);
    size_t one = view_find(buf_view(&peer.got), VIEW("\r\n\r\n/1"));
    size_t two = view_find(buf_view(&peer.got), VIEW("\r\n\r\n/2"));
    size_t three = view_find(buf_view(&peer.got), VIEW("\r\n\r\n/3"));
    ck_assert_uint_lt(one, two);
    ck_assert_uint_lt(two, three);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_full_pipeline_waits_and_goes_on)
{
    struct peer peer;
    start((struct http_server_options){ .pipeline_max = 2 });
    peer_open(&peer, http_server_port(app.server));
    for (int i = 0; i < 7; i++)
        peer_send(&peer, VIEW("GET /x HTTP/1.1\r\n" H "\r\n"), 0);
    for (size_t done = 0; done < 7; done++) {
        until_calls(done + 1);
        run_turns(&net_loop, 10);
        ck_assert_uint_le(app.count, done + 2);
        answer(app.calls[done]);
    }
    peer_until(&peer, "\r\n\r\n/x", 7);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(held_answers_leave_with_the_flush_and_not_before)
{
    struct peer peer;
    start((struct http_server_options){});
    http_server_hold_writes(app.server, true);
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    answer(app.calls[0]);
    run_turns(&net_loop, 20);
    ck_assert_uint_eq(peer.got.len, 0);
    http_server_flush(app.server);
    peer_until(&peer, "\r\n\r\n/1", 1);
    peer_close(&peer);
    stop();
}
END_TEST

/* what the server does with the connection after one answer */
static const struct {
    const char *request;
    bool keeps;
    const char *says;
} ends[] = {
    { "GET /e HTTP/1.1\r\n" H "\r\n", true, "\r\n\r\n/e" },
    { "GET /e HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false, "Connection: close\r\n" },
    { "GET /e HTTP/1.1\r\n" H "Connection: foo, close\r\n\r\n", false, "Connection: close\r\n" },
    { "GET /e HTTP/1.0\r\n\r\n", false, "Connection: close\r\n" },
    { "GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, "Connection: keep-alive\r\n" },
    { "HEAD /e HTTP/1.1\r\n" H "\r\n", true, "Content-Length: 2\r\n\r\n" },
    { "GET /e HTTP/1.1\r\n" H "Connection: close\r\n\r\nGET /never HTTP/1.1\r\n" H "\r\n", false,
      "\r\n\r\n/e" },
};

START_TEST(the_request_decides_whether_the_connection_stays) /* looped over ends */
{
    struct peer peer;
    start((struct http_server_options){});
    app.answer_now = true;
    open_and_send(&peer, view_str(ends[_i].request));
    peer_until(&peer, ends[_i].says, 1);
    if (ends[_i].keeps) {
        peer.got.len = 0;
        peer_send(&peer, VIEW("GET /again HTTP/1.1\r\n" H "\r\n"), 0);
        peer_until(&peer, "\r\n\r\n/again", 1);
    } else {
        peer_until_eof(&peer);
        ck_assert(!peer.failed);
    }
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "/never"), 0);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(an_answer_to_head_has_no_body)
{
    struct peer peer;
    start((struct http_server_options){});
    app.answer_now = true;
    open_and_send(&peer, VIEW("HEAD /h HTTP/1.1\r\n" H "\r\nGET /g HTTP/1.1\r\n" H "\r\n"));
    peer_until(&peer, "\r\n\r\n/g", 1);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "/h"), 0);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "Content-Length: 2\r\n"), 2);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_client_that_waits_for_leave_gets_it)
{
    struct peer peer;
    start((struct http_server_options){});
    app.answer_now = true;
    open_and_send(
        &peer, VIEW("POST /c HTTP/1.1\r\n" H "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
    peer_until(&peer, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    ck_assert_uint_eq(app.count, 0);
    peer_send(&peer, VIEW("abc"), 0);
    peer_until(&peer, "\r\n\r\n/c", 1);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "100 Continue"), 1);
    peer_close(&peer);
    stop();
}
END_TEST

/* a refusal is an answer, reported once, and ends the connection */
static const struct {
    const char *request;
    int status;
    size_t piece;
} refused[] = {
    { "nonsense\r\n\r\n", 501, 0 },
    { "\x80\x01\r\n\r\n", 400, 0 },
    { "GET / HTTP/1.1\r\n\r\n", 400, 1 },
    { "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400, 1 },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\n", 413, 0 },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", 413, 0 },
    { "GET / HTTP/3.0\r\n" H "\r\n", 505, 3 },
};

START_TEST(a_bad_request_is_answered_and_the_connection_ended) /* looped over refused */
{
    struct peer peer;
    char line[32];
    start((struct http_server_options){ .body_max = 64 });
    peer_open(&peer, http_server_port(app.server));
    peer_send(&peer, view_str(refused[_i].request), refused[_i].piece);
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", refused[_i].status);
    peer_until(&peer, line, 1);
    peer_until_eof(&peer);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), line), 1);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "Connection: close\r\n"), 1);
    ck_assert_int_eq(app.bad_status, refused[_i].status);
    ck_assert_uint_eq(app.bads, 1);
    ck_assert_uint_eq(app.count, 0);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_refusal_waits_for_the_answers_before_it)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\nnonsense\r\n\r\n"));
    until_calls(1);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(peer.got.len, 0);
    answer(app.calls[0]);
    peer_until_eof(&peer);
    size_t one = view_find(buf_view(&peer.got), VIEW("\r\n\r\n/1"));
    size_t bad = view_find(buf_view(&peer.got), VIEW("HTTP/1.1 501 "));
    ck_assert_uint_lt(one, bad);
    ck_assert_uint_lt(bad, peer.got.len);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_refusal_arrives_though_the_peer_goes_on_sending)
{
    struct peer peer;
    struct buf body = BUF_INIT((size_t)8 * 1024 * 1024);
    start((struct http_server_options){ .body_max = 64 });
    ck_assert_int_eq(buf_str(&body, "POST / HTTP/1.1\r\n" H "Content-Length: 4194304\r\n\r\n"), 0);
    ck_assert_int_eq(buf_reserve(&body, 4194304), 0);
    memset(body.ptr + body.len, 'x', 4194304);
    body.len += 4194304;
    open_and_send(&peer, buf_view(&body));
    peer_until(&peer, "HTTP/1.1 413 ", 1);
    peer_until_eof(&peer);
    ck_assert(!peer.failed);
    peer_close(&peer);
    buf_release(&body);
    stop();
}
END_TEST

START_TEST(a_request_that_never_ends_is_answered_with_408)
{
    struct peer peer;
    start((struct http_server_options){ .request_ms = 30 });
    open_and_send(&peer, VIEW("GET / HTTP/1.1\r\nHos"));
    peer_until(&peer, "HTTP/1.1 408 Request Timeout\r\n", 1);
    peer_until_eof(&peer);
    ck_assert_int_eq(app.bad_status, 408);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(an_idle_connection_is_closed_without_a_word) /* also one that sends blank lines */
{
    struct peer peer;
    start((struct http_server_options){ .idle_ms = 30 });
    peer_open(&peer, http_server_port(app.server));
    if (_i)
        peer_send(&peer, VIEW("\r\n\r\n\r\n"), 2);
    peer_until_eof(&peer);
    ck_assert_uint_eq(peer.got.len, 0);
    ck_assert_uint_eq(app.bads, 0);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(an_open_call_is_never_idle)
{
    struct peer peer;
    start((struct http_server_options){ .idle_ms = 500, .request_ms = 500 });
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    uint64_t start_ms = uv_now(&net_loop);
    while (uv_now(&net_loop) < start_ms + 1200) /* twice the bounds */
        uv_run(&net_loop, UV_RUN_NOWAIT);
    ck_assert(!peer.eof);
    answer(app.calls[0]);
    peer_until(&peer, "\r\n\r\n/1", 1);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_peer_that_does_not_read_its_answer_is_dropped)
{
    struct peer peer;
    size_t len = (size_t)16 * 1024 * 1024;
    char *large = mem_alloc(len);
    memset(large, 'x', len);
    start((struct http_server_options){ .write_ms = 30 });
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    uv_read_stop((uv_stream_t *)&peer.tcp);
    http_call_reply(app.calls[0], 200, NULL, 0, (struct view){ large, len });
    while (http_server_conns(app.server))
        uv_run(&net_loop, UV_RUN_ONCE);
    peer_close(&peer);
    mem_free(large);
    stop();
}
END_TEST

START_TEST(a_large_answer_arrives_whole)
{
    struct peer peer;
    size_t len = (size_t)4 * 1024 * 1024;
    char *large = mem_alloc(len);
    memset(large, 'x', len);
    memcpy(large + len - 3, "end", 3);
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "Connection: close\r\n\r\n"));
    until_calls(1);
    http_call_reply(app.calls[0], 200, NULL, 0, (struct view){ large, len });
    peer_until_eof(&peer);
    size_t head = view_find(buf_view(&peer.got), VIEW("\r\n\r\n")) + 4;
    ck_assert_uint_eq(peer.got.len - head, len);
    ck_assert(view_ends(buf_view(&peer.got), VIEW("xxxend")));
    peer_close(&peer);
    mem_free(large);
    stop();
}
END_TEST

START_TEST(a_request_keeps_its_bytes_while_later_ones_come)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("POST /first HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"));
    until_calls(1);
    for (size_t i = 2; i < 40; i++) {
        peer_send(&peer, VIEW("POST /later HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nworld"), 0);
        until_calls(i);
    }
    const struct http_request *first = http_call_request(app.calls[0]);
    ck_assert(view_is(first->path, "/first"));
    ck_assert(view_is(first->body, "hello"));
    ck_assert(view_is(http_header_get(first->headers, "content-length"), "5"));
    for (size_t i = 0; i < app.count; i++)
        answer(app.calls[i]);
    peer_until(&peer, "\r\n\r\n/later", 38);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_cut_call_ends_the_connection_after_the_answers_before_it)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\n" H
                              "\r\nGET /3 HTTP/1.1\r\n" H "\r\n"));
    until_calls(3);
    http_call_cut(app.calls[1]);
    answer(app.calls[0]);
    peer_until_eof(&peer);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "HTTP/1.1 200"), 1);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(app.gone, 1);
    answer(app.calls[2]); /* thrown away */
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(raw_bytes_go_out_as_they_are)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    http_call_reply_raw(app.calls[0], VIEW("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut"),
                        true);
    peer_until_eof(&peer);
    ck_assert_str_eq(buf_cstr(&peer.got), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut");
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(an_open_call_hears_that_its_peer_has_gone)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    peer_close(&peer);
    while (!app.gone)
        uv_run(&net_loop, UV_RUN_ONCE);
    ck_assert(view_is(http_call_request(app.calls[0])->path, "/1"));
    ck_assert(view_starts(http_call_peer(app.calls[0]), VIEW("127.0.0.1:")));
    answer(app.calls[0]);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(app.gone, 1);
    stop();
}
END_TEST

START_TEST(an_answer_before_its_turn_ends_with_its_connection)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\n" H "\r\n"));
    until_calls(2);
    answer(app.calls[1]);
    uv_tcp_close_reset(&peer.tcp, peer_on_closed);
    run_until(&net_loop, &peer.closed);
    while (http_server_conns(app.server))
        uv_run(&net_loop, UV_RUN_ONCE);
    ck_assert_uint_eq(app.gone, 1);
    answer(app.calls[0]);
    stop(); /* waits for ever if anything of the connection is left */
}
END_TEST

START_TEST(a_peer_that_shuts_only_its_half_gets_its_answer)
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    peer_shut(&peer);
    while (!app.gone)
        uv_run(&net_loop, UV_RUN_ONCE);
    answer(app.calls[0]);
    peer_until_eof(&peer);
    ck_assert_uint_eq(count_of(buf_view(&peer.got), "\r\n\r\n/1"), 1);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(asking_late_is_told_all_the_same) /* 0: half shut, 1: closed */
{
    struct peer peer;
    start((struct http_server_options){});
    app.ask_late = true;
    open_and_send(&peer, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    if (_i) {
        uv_tcp_close_reset(&peer.tcp, peer_on_closed);
        run_until(&net_loop, &peer.closed);
        while (http_server_conns(app.server))
            uv_run(&net_loop, UV_RUN_ONCE);
    } else {
        peer_shut(&peer);
        run_turns(&net_loop, 50);
    }
    http_call_on_gone(app.calls[0], on_gone);
    ck_assert_uint_eq(app.gone, 0);
    run_turns(&net_loop, 5);
    ck_assert_uint_eq(app.gone, 1);
    answer(app.calls[0]);
    if (!_i) {
        peer_until(&peer, "\r\n\r\n/1", 1);
        peer_close(&peer);
    }
    run_turns(&net_loop, 5);
    ck_assert_uint_eq(app.gone, 1);
    stop();
}
END_TEST

/* No descriptor can be had above those in use. */
static struct rlimit use_up_descriptors(void)
{
    struct rlimit before, none;
    int lowest_free = dup(STDERR_FILENO);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)lowest_free;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    close(lowest_free);
    return before;
}

START_TEST(without_descriptors_a_connection_is_lost_and_the_server_goes_on)
{
    struct peer lost, served;
    start((struct http_server_options){});
    app.answer_now = true;
    peer_open(&lost, http_server_port(app.server));
    struct rlimit before = use_up_descriptors();
    peer_until_eof(&lost);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    peer_close(&lost);
    open_and_send(&served, VIEW("GET /s HTTP/1.1\r\n" H "\r\n"));
    peer_until(&served, "\r\n\r\n/s", 1);
    peer_close(&served);
    stop();
}
END_TEST

START_TEST(without_even_a_spare_descriptor_the_oldest_idle_connections_make_room)
{
    struct peer oldest, newer, newest;
    start((struct http_server_options){});
    app.answer_now = true;
    open_and_send(&oldest, VIEW("GET /o HTTP/1.1\r\n" H "\r\n"));
    peer_until(&oldest, "\r\n\r\n/o", 1);
    open_and_send(&newer, VIEW("GET /o HTTP/1.1\r\n" H "\r\n"));
    peer_until(&newer, "\r\n\r\n/o", 1);
    open_and_send(&newest, VIEW("GET /n HTTP/1.1\r\n" H "\r\n"));
    int spare = net_loop.emfile_fd; /* libuv's; somebody else has it now */
    ck_assert_int_ge(spare, 0);
    net_loop.emfile_fd = -1;
    struct rlimit before = use_up_descriptors();
    peer_until(&newest, "\r\n\r\n/n", 1);
    peer_until_eof(&oldest);
    /* the newer one may go as well: accept() wants a descriptor even to find that nobody waits */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(spare);
    peer_close(&oldest);
    peer_close(&newer);
    peer_close(&newest);
    stop();
}
END_TEST

START_TEST(a_connection_that_met_no_memory_is_taken_later)
{
    struct peer peer;
    start((struct http_server_options){});
    app.answer_now = true;
    peer_open(&peer, http_server_port(app.server));
    mem_fail_at(1);
    while (!mem_refused())
        uv_run(&net_loop, UV_RUN_ONCE);
    peer_send(&peer, VIEW("GET /m HTTP/1.1\r\n" H "\r\n"), 0);
    peer_until(&peer, "\r\n\r\n/m", 1);
    peer_close(&peer);
    stop();
}
END_TEST

/* Plain sockets on the far side: twenty thousand handles would test libuv more than us. */
START_TEST(ten_thousand_connections_are_open_at_once)
{
    static const char request[] = "GET /t HTTP/1.1\r\n" H "\r\n";
    static int fds[10000];
    struct rlimit limit;
    struct sockaddr_in address;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t many = limit.rlim_max > 20100 ? 10000 : (limit.rlim_max - 100) / 2;
    start((struct http_server_options){});
    app.answer_now = true;
    uv_ip4_addr("127.0.0.1", http_server_port(app.server), &address);
    bool fine = true;
    for (size_t i = 0; i < many && fine; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        fine = fds[i] >= 0 &&
               connect(fds[i], (const struct sockaddr *)&address, sizeof(address)) == 0 &&
               send(fds[i], request, sizeof(request) - 1, 0) == (ssize_t)(sizeof(request) - 1);
        if (i % 64 == 0)
            run_turns(&net_loop, 1); /* the backlog is bounded */
    }
    ck_assert(fine);
    until_calls(many);
    run_turns(&net_loop, 1);
    ck_assert_uint_eq(http_server_conns(app.server), many);
    for (size_t i = 0; i < many; i++) {
        char bytes[256];
        ssize_t got = recv(fds[i], bytes, sizeof(bytes), 0);
        fine =
            fine && got > 0 && view_ends((struct view){ bytes, (size_t)got }, VIEW("\r\n\r\n/t"));
        close(fds[i]);
    }
    ck_assert(fine);
    while (http_server_conns(app.server))
        uv_run(&net_loop, UV_RUN_ONCE);
    stop();
}
END_TEST

START_TEST(a_stream_sends_each_event_at_once)
{
    struct peer peer;
    struct http_header type = { VIEW("Content-Type"), VIEW("text/event-stream") };
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /s HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    http_call_stream(app.calls[0], 200, &type, 1);
    peer_until(&peer, "Content-Type: text/event-stream\r\n\r\n", 1);
    ck_assert_int_eq(http_call_write(app.calls[0], VIEW("data: 1\n\n")), 0);
    peer_until(&peer, "\r\n\r\n9\r\ndata: 1\n\n\r\n", 1);
    ck_assert_int_eq(http_call_write(app.calls[0], VIEW("data: twenty-two\n\n")), 0);
    peer_until(&peer, "12\r\ndata: twenty-two\n\n\r\n", 1);
    http_call_end(app.calls[0]);
    peer_until(&peer, "\r\n0\r\n\r\n", 1);
    peer_send(&peer, VIEW("GET /next HTTP/1.1\r\n" H "\r\n"), 0);
    until_calls(2);
    answer(app.calls[1]);
    peer_until(&peer, "\r\n\r\n/next", 1);
    peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_stream_whose_peer_has_gone_or_does_not_read_says_so) /* 0: gone, 1: does not read */
{
    struct peer peer;
    start((struct http_server_options){});
    open_and_send(&peer, VIEW("GET /s HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    http_call_stream(app.calls[0], 200, NULL, 0);
    peer_until(&peer, "chunked\r\n\r\n", 1);
    if (_i)
        uv_read_stop((uv_stream_t *)&peer.tcp);
    else
        peer_close(&peer);
    char event[1024];
    memset(event, 'e', sizeof(event));
    int err = 0;
    for (int i = 0; !err && i < 100000; i++) {
        err = http_call_write(app.calls[0], (struct view){ event, sizeof(event) });
        uv_run(&net_loop, UV_RUN_NOWAIT);
    }
    ck_assert_int_eq(err, _i ? ERR_LIMIT : ERR_CLOSED);
    http_call_end(app.calls[0]);
    if (_i)
        peer_close(&peer);
    stop();
}
END_TEST

START_TEST(a_thousand_connections_are_served_at_once)
{
    enum { MANY = 1000 };
    struct peer *peers = mem_zalloc(MANY, sizeof(*peers));
    start((struct http_server_options){});
    app.answer_now = true;
    for (size_t i = 0; i < MANY; i++)
        open_and_send(&peers[i], VIEW("GET /m HTTP/1.1\r\n" H "\r\n"));
    for (size_t i = 0; i < MANY; i++)
        peer_until(&peers[i], "\r\n\r\n/m", 1);
    ck_assert_uint_eq(http_server_conns(app.server), MANY);
    for (size_t i = 0; i < MANY; i++)
        peer_close(&peers[i]);
    mem_free(peers);
    stop();
}
END_TEST

START_TEST(connections_beyond_the_bound_wait_for_a_place)
{
    struct peer peers[5];
    start((struct http_server_options){ .conns_max = 2 });
    app.answer_now = true;
    for (size_t i = 0; i < COUNT(peers); i++)
        open_and_send(&peers[i], VIEW("GET /w HTTP/1.1\r\n" H "\r\n"));
    for (size_t i = 0; i < COUNT(peers); i++) {
        peer_until(&peers[i], "\r\n\r\n/w", 1);
        ck_assert_uint_le(http_server_conns(app.server), 2);
        peer_close(&peers[i]);
    }
    stop();
}
END_TEST

START_TEST(stopping_tells_open_calls_and_delivers_what_was_answered)
{
    struct peer one, two;
    start((struct http_server_options){});
    open_and_send(&one, VIEW("GET /1 HTTP/1.1\r\n" H "\r\n"));
    until_calls(1);
    open_and_send(&two, VIEW("GET /2 HTTP/1.1\r\n" H "\r\n"));
    until_calls(2);
    answer(app.calls[0]);
    http_server_stop(app.server, on_stopped);
    peer_until_eof(&one);
    ck_assert_uint_eq(count_of(buf_view(&one.got), "\r\n\r\n/1"), 1);
    peer_until_eof(&two);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(app.gone, 1);
    ck_assert(!app.stopped); /* the owner still holds a call */
    answer(app.calls[1]);
    run_until(&net_loop, &app.stopped);
    peer_close(&one);
    peer_close(&two);
}
END_TEST

START_TEST(an_address_in_use_is_an_error_and_leaves_nothing)
{
    struct http_server *second;
    start((struct http_server_options){});
    struct http_server_options same = { .port = http_server_port(app.server), .on_call = on_call };
    ck_assert_int_eq(http_server_start(&second, &net_loop, &same), UV_EADDRINUSE);
    same = (struct http_server_options){ .host = "not-numeric", .on_call = on_call };
    ck_assert_int_eq(http_server_start(&second, &net_loop, &same), UV_EINVAL);
    stop();
}
END_TEST

START_TEST(running_out_of_memory_costs_a_connection_and_nothing_else)
{
    for (int64_t n = 1;; n++) {
        struct peer peer, next;
        start((struct http_server_options){});
        app.answer_now = true;
        peer_open(&peer, http_server_port(app.server));
        while (!peer.connected)
            uv_run(&net_loop, UV_RUN_ONCE);
        run_turns(&net_loop, 5);
        uv_buf_t bytes = { .base = (char *)(uintptr_t) "GET /n HTTP/1.1\r\n" H "\r\n", .len = 28 };
        ck_assert_int_eq(uv_try_write((uv_stream_t *)&peer.tcp, &bytes, 1), 28);
        mem_fail_at(n);
        for (int turn = 0; turn < 20 && !app.count; turn++)
            uv_run(&net_loop, UV_RUN_NOWAIT);
        bool refused_one = mem_refused();
        mem_fail_at(0);
        if (refused_one)
            peer_until_eof(&peer);
        else
            peer_until(&peer, "\r\n\r\n/n", 1);
        open_and_send(&next, VIEW("GET /n HTTP/1.1\r\n" H "\r\n"));
        peer_until(&next, "\r\n\r\n/n", 1);
        peer_close(&peer);
        peer_close(&next);
        stop();
        if (!refused_one)
            break;
        ck_assert_int_lt(n, 50);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_server");
    TCase *all = tcase_create("server");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, net_setup, net_teardown);
    tcase_add_test(all, one_connection_serves_many_requests);
    tcase_add_test(all, pipelined_requests_are_answered_in_their_order_whatever_the_owners_order);
    tcase_add_test(all, a_full_pipeline_waits_and_goes_on);
    tcase_add_test(all, held_answers_leave_with_the_flush_and_not_before);
    tcase_add_loop_test(all, the_request_decides_whether_the_connection_stays, 0, COUNT(ends));
    tcase_add_test(all, an_answer_to_head_has_no_body);
    tcase_add_test(all, a_client_that_waits_for_leave_gets_it);
    tcase_add_loop_test(all, a_bad_request_is_answered_and_the_connection_ended, 0, COUNT(refused));
    tcase_add_test(all, a_refusal_waits_for_the_answers_before_it);
    tcase_add_test(all, a_refusal_arrives_though_the_peer_goes_on_sending);
    tcase_add_test(all, a_request_that_never_ends_is_answered_with_408);
    tcase_add_loop_test(all, an_idle_connection_is_closed_without_a_word, 0, 2);
    tcase_add_test(all, an_open_call_is_never_idle);
    tcase_add_test(all, a_peer_that_does_not_read_its_answer_is_dropped);
    tcase_add_test(all, a_large_answer_arrives_whole);
    tcase_add_test(all, a_request_keeps_its_bytes_while_later_ones_come);
    tcase_add_test(all, a_cut_call_ends_the_connection_after_the_answers_before_it);
    tcase_add_test(all, raw_bytes_go_out_as_they_are);
    tcase_add_test(all, an_open_call_hears_that_its_peer_has_gone);
    tcase_add_test(all, an_answer_before_its_turn_ends_with_its_connection);
    tcase_add_test(all, a_peer_that_shuts_only_its_half_gets_its_answer);
    tcase_add_loop_test(all, asking_late_is_told_all_the_same, 0, 2);
    tcase_add_test(all, without_descriptors_a_connection_is_lost_and_the_server_goes_on);
    tcase_add_test(all, without_even_a_spare_descriptor_the_oldest_idle_connections_make_room);
    tcase_add_test(all, a_connection_that_met_no_memory_is_taken_later);
    tcase_add_test(all, ten_thousand_connections_are_open_at_once);
    tcase_add_test(all, a_stream_sends_each_event_at_once);
    tcase_add_loop_test(all, a_stream_whose_peer_has_gone_or_does_not_read_says_so, 0, 2);
    tcase_add_test(all, a_thousand_connections_are_served_at_once);
    tcase_add_test(all, connections_beyond_the_bound_wait_for_a_place);
    tcase_add_test(all, stopping_tells_open_calls_and_delivers_what_was_answered);
    tcase_add_test(all, an_address_in_use_is_an_error_and_leaves_nothing);
    tcase_add_test(all, running_out_of_memory_costs_a_connection_and_nothing_else);
    suite_add_tcase(suite, all);
    return run_suite(suite, false);
}
