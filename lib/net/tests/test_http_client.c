/* The client against raw peers: every byte of an answer is the test's. */
#include "net/http_client.h"
#include "net_test.h"

#include "base/err.h"

/* A listener that takes what comes and says what the test tells it to. */
struct far_conn {
    uv_tcp_t tcp;
    struct buf got;
    bool open, eof;
};

static struct {
    uv_tcp_t listener;
    uint16_t port;
    struct far_conn conns[16];
    size_t accepted;
    size_t requests; /* heads seen, over all connections */
    bool awaited;
    size_t wanted;
    size_t closed;
    const char *reply; /* said at once to each request, if set */
    bool close_after;  /* and closed then */
} far;

static struct {
    struct http_client *client;
    size_t done;
    bool awaited;
    size_t wanted;
    int err;
    int status;
    struct buf body, sent;
    bool stopped;
    struct http_exchange *exchange;
    void (*then)(void); /* called once, from inside on_done */
} app;

static void far_alloc(uv_handle_t *, size_t, uv_buf_t *out)
{
    static char space[65536];
    *out = uv_buf_init(space, sizeof(space));
}

static void far_on_closed(uv_handle_t *)
{
    far.closed++;
}

static void far_close(size_t i)
{
    if (far.conns[i].open)
        uv_close((uv_handle_t *)&far.conns[i].tcp, far_on_closed);
    far.conns[i].open = false;
}

static void far_say(size_t i, const char *text)
{
    uv_buf_t out = { .base = (char *)(uintptr_t)text, .len = strlen(text) };
    ck_assert_int_eq(uv_try_write((uv_stream_t *)&far.conns[i].tcp, &out, 1), (int)out.len);
}

static void far_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct far_conn *conn = container_of((uv_tcp_t *)stream, struct far_conn, tcp);
    if (got < 0) {
        conn->eof = true;
        uv_read_stop(stream);
        return;
    }
    size_t before = count_of(buf_view(&conn->got), "\r\n\r\n");
    ck_assert_int_eq(buf_add(&conn->got, bytes->base, (size_t)got), 0);
    size_t fresh = count_of(buf_view(&conn->got), "\r\n\r\n") - before;
    far.requests += fresh;
    far.awaited = far.requests >= far.wanted;
    if (fresh && far.reply) {
        far_say((size_t)(conn - far.conns), far.reply);
        if (far.close_after)
            far_close((size_t)(conn - far.conns));
    }
}

static void far_on_connection(uv_stream_t *listener, int status)
{
    ck_assert_int_eq(status, 0);
    ck_assert_uint_lt(far.accepted, COUNT(far.conns));
    struct far_conn *conn = &far.conns[far.accepted++];
    conn->got = BUF_INIT(SIZE_MAX / 2);
    conn->open = true;
    ck_assert_int_eq(uv_tcp_init(&net_loop, &conn->tcp), 0);
    ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)&conn->tcp), 0);
    ck_assert_int_eq(uv_read_start((uv_stream_t *)&conn->tcp, far_alloc, far_on_read), 0);
}

static void start(struct http_client_options options)
{
    struct sockaddr_in address;
    int len = sizeof(address);
    memset(&far, 0, sizeof(far));
    memset(&app, 0, sizeof(app));
    app.body = app.sent = BUF_INIT(SIZE_MAX / 2);
    uv_ip4_addr("127.0.0.1", 0, &address);
    ck_assert_int_eq(uv_tcp_init(&net_loop, &far.listener), 0);
    ck_assert_int_eq(uv_tcp_bind(&far.listener, (const struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&far.listener, 16, far_on_connection), 0);
    uv_tcp_getsockname(&far.listener, (struct sockaddr *)&address, &len);
    far.port = ntohs(address.sin_port);
    ck_assert_int_eq(http_client_start(&app.client, &net_loop, &options), 0);
}

static void on_stopped(void *)
{
    app.stopped = true;
}

static void stop(void)
{
    http_client_stop(app.client, on_stopped, NULL);
    run_until(&net_loop, &app.stopped);
    for (size_t i = 0; i < far.accepted; i++) {
        far_close(i);
        buf_release(&far.conns[i].got);
    }
    uv_close((uv_handle_t *)&far.listener, NULL);
    buf_release(&app.body);
    buf_release(&app.sent);
    run_turns(&net_loop, 10);
}

static void on_done(void *, int err, const struct http_response *response)
{
    ck_assert(!err == !!response);
    app.err = err;
    app.status = response ? response->status : 0;
    buf_clear(&app.body);
    if (response)
        ck_assert_int_eq(buf_view_add(&app.body, response->body), 0);
    if (app.exchange) {
        buf_clear(&app.sent);
        ck_assert_int_eq(buf_view_add(&app.sent, http_exchange_sent(app.exchange)), 0);
    }
    app.exchange = NULL;
    app.done++;
    app.awaited = app.done >= app.wanted;
    void (*then)(void) = app.then;
    app.then = NULL;
    if (then)
        then();
}

/* "%P" of @url is our listener's port. */
static int send_to(const char *url, struct http_send send)
{
    char text[256];
    const char *at = strstr(url, "%P");
    if (at)
        snprintf(text, sizeof(text), "%.*s%u%s", (int)(at - url), url, far.port, at + 2);
    else
        snprintf(text, sizeof(text), "%s", url);
    send.method = send.method ? send.method : "POST";
    send.url = view_str(text);
    send.timeout_ms = send.timeout_ms ? send.timeout_ms : 60000;
    send.on_done = on_done;
    size_t done = app.done;
    int err = http_client_send(app.client, &send, &app.exchange);
    ck_assert_uint_eq(app.done, done); /* never from inside */
    return err;
}

static void until_done(size_t wanted)
{
    app.wanted = wanted;
    app.awaited = app.done >= wanted;
    run_until(&net_loop, &app.awaited);
}

static void until_requests(size_t wanted)
{
    far.wanted = wanted;
    far.awaited = far.requests >= wanted;
    run_until(&net_loop, &far.awaited);
}

#define OK3 "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"

START_TEST(a_request_goes_out_as_written_and_its_answer_comes_back)
{
    struct http_header header = { VIEW("X-A"), VIEW("b") };
    char expected[128];
    start((struct http_client_options){});
    far.reply = OK3;
    ck_assert_int_eq(
        send_to("http://127.0.0.1:%P/n?q=1#frag",
                (struct http_send){ .headers = &header, .header_count = 1, .body = VIEW("body") }),
        0);
    until_done(1);
    ck_assert_int_eq(app.err, 0);
    ck_assert_int_eq(app.status, 200);
    ck_assert_str_eq(buf_cstr(&app.body), "yes");
    snprintf(expected, sizeof(expected),
             "POST /n?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-A: b\r\n"
             "Content-Length: 4\r\n\r\nbody",
             far.port);
    ck_assert_str_eq(buf_cstr(&far.conns[0].got), expected);
    ck_assert_str_eq(buf_cstr(&app.sent), expected);
    stop();
}
END_TEST

START_TEST(a_kept_connection_is_used_again)
{
    start((struct http_client_options){});
    far.reply = OK3;
    for (size_t i = 1; i <= 5; i++) {
        ck_assert_int_eq(send_to("http://127.0.0.1:%P", (struct http_send){ .method = "GET" }), 0);
        until_done(i);
        ck_assert_int_eq(app.err, 0);
    }
    ck_assert_uint_eq(far.accepted, 1);
    ck_assert_uint_eq(count_of(buf_view(&far.conns[0].got), "GET / HTTP/1.1\r\nHost: "), 5);
    stop();
}
END_TEST

/* an answer after which the connection must not be used again */
static const char *const last_words[] = {
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nyes",
    "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes",
    OK3 "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
};

START_TEST(a_connection_that_ended_or_said_too_much_is_not_used_again) /* looped */
{
    start((struct http_client_options){});
    far.reply = last_words[_i];
    for (size_t i = 1; i <= 2; i++) {
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
        until_done(i);
        ck_assert_int_eq(app.err, 0);
        ck_assert_str_eq(buf_cstr(&app.body), "yes");
    }
    ck_assert_uint_eq(far.accepted, 2);
    stop();
}
END_TEST

static void close_and_send_again(void)
{
    far_close(0);
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
}

START_TEST(a_request_lost_with_a_kept_connection_is_sent_once_more)
{
    start((struct http_client_options){});
    far.reply = OK3;
    app.then = close_and_send_again; /* in the very turn: nobody can have read the end */
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    until_done(2);
    ck_assert_int_eq(app.err, 0);
    ck_assert_uint_eq(far.accepted, 2);
    ck_assert_uint_eq(far.requests, 2);
    stop();
}
END_TEST

START_TEST(a_connection_closed_while_it_was_kept_costs_nothing) /* 1: only one half is shut */
{
    start((struct http_client_options){});
    far.reply = OK3;
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    until_done(1);
    /* from here the client does not turn the loop, so it cannot have read the end */
    if (_i) {
        uv_os_fd_t fd;
        ck_assert_int_eq(uv_fileno((uv_handle_t *)&far.conns[0].tcp, &fd), 0);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    } else {
        far_close(0);
    }
    for (uint64_t now_ms = uv_now(&net_loop); uv_now(&net_loop) == now_ms;)
        uv_update_time(&net_loop);
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    until_done(2);
    ck_assert_int_eq(app.err, 0);
    ck_assert_uint_eq(far.accepted, 2);
    ck_assert_uint_eq(far.requests, 2);
    stop();
}
END_TEST

START_TEST(a_request_that_was_read_is_never_sent_twice) /* 0: fresh, 1: kept connection */
{
    start((struct http_client_options){});
    if (_i) {
        far.reply = OK3;
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
        until_done(1);
    }
    far.reply = "";
    far.close_after = true;
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){ .body = VIEW("x") }), 0);
    until_done((size_t)_i + 1);
    ck_assert_int_eq(app.err, ERR_CLOSED);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(far.requests, (size_t)_i + 1);
    ck_assert_uint_eq(far.accepted, 1);
    stop();
}
END_TEST

/* answers of all kinds; err 0: accepted */
static const struct {
    const char *method, *reply;
    bool closes;
    int err, status;
    const char *body;
} answers[] = {
    { "POST", OK3, false, 0, 200, "yes" },
    { "POST", "HTTP/1.1 204 No Content\r\n\r\n", false, 0, 204, "" },
    { "POST", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 0, 304, "" },
    { "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false, 0, 200, "" },
    { "POST", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", false, 0, 500, "" },
    { "POST", "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", false,
      0, 302, "" },
    { "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" OK3, false, 0, 200,
      "yes" },
    { "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nye\r\n1\r\ns\r\n0\r\n\r\n",
      false, 0, 200, "yes" },
    { "POST", "HTTP/1.1 200 OK\r\n\r\nuntil the end", true, 0, 200, "until the end" },
    { "POST", "HTTP/1.0 200 OK\r\n\r\n", true, 0, 200, "" },
    { "POST", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 0, 200, "" },
    { "POST", "", true, ERR_CLOSED, 0, "" },
    { "POST", "HTTP/1.1 200 OK\r\nContent-Le", true, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", true, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nye\r\n", true,
      ERR_PROTOCOL, 0, "" },
    { "POST", "SSH-2.0-OpenSSH_9.2\r\n", false, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/2.0 200 OK\r\n\r\n", false, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 20 OK\r\n\r\n", false, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", false, ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", false,
      ERR_PROTOCOL, 0, "" },
    { "POST", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", false, ERR_TOO_LONG, 0, "" },
    { "POST",
      "HTTP/1.1 200 OK\r\nA: "
      "0123456789012345678901234567890123456789012345678901234567890123456789\r\n"
      "B: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n",
      false, ERR_TOO_LONG, 0, "" },
    { "POST",
      "HTTP/1.1 200 OK\r\nContent-Length: 80\r\nA: 01234567890123456789\r\n\r\n"
      "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
      false, ERR_TOO_LONG, 0, "" },
    { "POST", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      false, ERR_PROTOCOL, 0, "" },
};

START_TEST(an_answer_is_taken_or_refused_for_what_it_is) /* looped over answers */
{
    start((struct http_client_options){ .answer_max = 128 });
    far.reply = answers[_i].reply;
    far.close_after = answers[_i].closes;
    struct http_send send = { .method = answers[_i].method };
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", send), 0);
    until_done(1);
    ck_assert_msg(app.err == answers[_i].err, "%s: %s", answers[_i].reply, err_name(app.err));
    ck_assert_int_eq(app.status, answers[_i].status);
    ck_assert_str_eq(buf_cstr(&app.body), answers[_i].body);
    run_turns(&net_loop, 10);
    ck_assert_uint_eq(far.requests, 1); /* no redirect followed, nothing repeated */
    ck_assert_uint_eq(app.done, 1);
    stop();
}
END_TEST

START_TEST(a_peer_that_is_silent_is_left_at_the_deadline)
{
    start((struct http_client_options){});
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){ .timeout_ms = 30 }), 0);
    until_done(1);
    ck_assert_int_eq(app.err, ERR_TIMEOUT);
    stop();
}
END_TEST

START_TEST(a_closed_port_refuses)
{
    start((struct http_client_options){});
    ck_assert_int_eq(send_to("http://127.0.0.1:1/", (struct http_send){}), 0);
    until_done(1);
    ck_assert_int_eq(app.err, UV_ECONNREFUSED);
    stop();
}
END_TEST

START_TEST(a_name_with_several_addresses_is_tried_at_each)
{
    start((struct http_client_options){});
    far.reply = OK3;
    /* where localhost is ::1 first, nobody listens there */
    ck_assert_int_eq(send_to("http://localhost:%P/", (struct http_send){}), 0);
    until_done(1);
    ck_assert_int_eq(app.err, 0);
    stop();
}
END_TEST

/* nothing may leave for these; "localhost" spelled as a number is fine */
static const char *const forbidden[] = {
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[::169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://2852039166/", /* 169.254.169.254 as one number */
    "http://0xa9fea9fe/",
    "https://169.254.169.254/",
    "https://[::ffff:169.254.169.254]/",
};

START_TEST(forbidden_addresses_are_refused) /* looped */
{
    start((struct http_client_options){});
    ck_assert_int_eq(send_to(forbidden[_i], (struct http_send){}), 0);
    until_done(1);
    ck_assert_msg(app.err == ERR_ADDRESS, "%s: %s", forbidden[_i], err_name(app.err));
    stop();
}
END_TEST

START_TEST(what_cannot_be_a_request_is_refused_at_once)
{
    struct http_header broken = { VIEW("A"), VIEW("b\r\nC: d") };
    struct http_header nameless = { VIEW(""), VIEW("b") };
    start((struct http_client_options){});
    ck_assert_int_eq(send_to("ftp://127.0.0.1/", (struct http_send){}), ERR_SYNTAX);
    ck_assert_int_eq(send_to("http://u:p@127.0.0.1/", (struct http_send){}), ERR_SYNTAX);
    ck_assert_int_eq(send_to("http://127.0.0.1/a b", (struct http_send){}), ERR_SYNTAX);
    ck_assert_int_eq(send_to("http://127.0.0.1/", (struct http_send){ .method = "GET /x" }),
                     ERR_SYNTAX);
    ck_assert_int_eq(
        send_to("http://127.0.0.1/", (struct http_send){ .headers = &broken, .header_count = 1 }),
        ERR_SYNTAX);
    ck_assert_int_eq(
        send_to("http://127.0.0.1/", (struct http_send){ .headers = &nameless, .header_count = 1 }),
        ERR_SYNTAX);
    stop();
}
END_TEST

START_TEST(cancelling_ends_with_one_callback) /* 0: waiting, 1: resolving, 2: sent, 3: kept */
{
    start((struct http_client_options){ .open_max = 1 });
    if (_i == 0 || _i == 2) {
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
        until_requests(1);
    }
    if (_i == 3) {
        far.reply = OK3;
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
        until_done(1);
        far.reply = NULL;
    }
    if (_i != 2)
        ck_assert_int_eq(send_to(_i == 1 ? "http://localhost:%P/" : "http://127.0.0.1:%P/",
                                 (struct http_send){}),
                         0);
    size_t done = app.done;
    http_exchange_cancel(app.exchange);
    http_exchange_cancel(app.exchange); /* harmless */
    ck_assert_uint_eq(app.done, done);
    until_done(done + 1);
    ck_assert_int_eq(app.err, UV_ECANCELED);
    stop();
    ck_assert_uint_le(app.done, done + 2); /* in case 0 the first one ends with the client */
}
END_TEST

START_TEST(requests_beyond_the_bound_wait_in_order)
{
    start((struct http_client_options){ .open_max = 2 });
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    until_requests(2);
    run_turns(&net_loop, 20);
    ck_assert_uint_eq(far.requests, 2);
    far.reply = OK3;
    far_say(0, OK3);
    far_say(1, OK3);
    until_done(5);
    ck_assert_uint_eq(far.accepted, 2);
    stop();
}
END_TEST

START_TEST(stopping_cancels_what_is_under_way_and_what_waits)
{
    start((struct http_client_options){ .open_max = 2 });
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    app.exchange = NULL;
    until_requests(1);
    stop();
    ck_assert_uint_eq(app.done, 5);
    ck_assert_int_eq(app.err, UV_ECANCELED);
}
END_TEST

START_TEST(a_large_request_is_written_whole)
{
    struct buf body = BUF_INIT((size_t)16 * 1024 * 1024);
    size_t len = (size_t)8 * 1024 * 1024;
    start((struct http_client_options){});
    ck_assert_int_eq(buf_reserve(&body, len), 0);
    memset(body.ptr, 'x', len);
    body.len = len;
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){ .body = buf_view(&body) }),
                     0);
    until_requests(1);
    while (far.conns[0].got.len < len)
        uv_run(&net_loop, UV_RUN_ONCE);
    far_say(0, OK3);
    until_done(1);
    ck_assert_int_eq(app.err, 0);
    buf_release(&body);
    stop();
}
END_TEST

START_TEST(an_idle_connection_is_let_go)
{
    start((struct http_client_options){ .idle_ms = 20 });
    far.reply = OK3;
    ck_assert_int_eq(send_to("http://127.0.0.1:%P/", (struct http_send){}), 0);
    until_done(1);
    run_until(&net_loop, &far.conns[0].eof);
    stop();
}
END_TEST

START_TEST(running_out_of_memory_is_an_error_once)
{
    for (int64_t n = 1;; n++) {
        start((struct http_client_options){});
        far.reply = OK3;
        mem_fail_at(n);
        int err = send_to("http://127.0.0.1:%P/", (struct http_send){ .body = VIEW("x") });
        /* up to here only the client allocates; the far side shares the counter */
        bool refused = mem_refused();
        mem_fail_at(0);
        if (!err) {
            until_done(1);
            err = app.err;
        }
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        stop();
        if (!refused)
            break;
        ck_assert_int_lt(n, 50);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_client");
    TCase *all = tcase_create("client");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, net_setup, net_teardown);
    tcase_add_test(all, a_request_goes_out_as_written_and_its_answer_comes_back);
    tcase_add_test(all, a_kept_connection_is_used_again);
    tcase_add_loop_test(all, a_connection_that_ended_or_said_too_much_is_not_used_again, 0,
                        COUNT(last_words));
    tcase_add_test(all, a_request_lost_with_a_kept_connection_is_sent_once_more);
    tcase_add_loop_test(all, a_connection_closed_while_it_was_kept_costs_nothing, 0, 2);
    tcase_add_loop_test(all, a_request_that_was_read_is_never_sent_twice, 0, 2);
    tcase_add_loop_test(all, an_answer_is_taken_or_refused_for_what_it_is, 0, COUNT(answers));
    tcase_add_test(all, a_peer_that_is_silent_is_left_at_the_deadline);
    tcase_add_test(all, a_closed_port_refuses);
    tcase_add_test(all, a_name_with_several_addresses_is_tried_at_each);
    tcase_add_loop_test(all, forbidden_addresses_are_refused, 0, COUNT(forbidden));
    tcase_add_test(all, what_cannot_be_a_request_is_refused_at_once);
    tcase_add_loop_test(all, cancelling_ends_with_one_callback, 0, 4);
    tcase_add_test(all, requests_beyond_the_bound_wait_in_order);
    tcase_add_test(all, stopping_cancels_what_is_under_way_and_what_waits);
    tcase_add_test(all, a_large_request_is_written_whole);
    tcase_add_test(all, an_idle_connection_is_let_go);
    tcase_add_test(all, running_out_of_memory_is_an_error_once);
    suite_add_tcase(suite, all);
    return run_suite(suite, false);
}
