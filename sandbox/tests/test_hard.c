/* Bad input on the API door of the real program; after each abuse a good order is answered. */
#include "hard_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct platform platform;

static void setup(void)
{
    platform_start(&platform, NULL, NULL);
}

static void stop(void)
{
    platform_stop(&platform);
}

static void go_on(void)
{
    good_order(&platform);
}

/* ---- heads ---- */

#define TO  "POST /pay/unifiedorder HTTP/1.1\r\nHost: a\r\n"
#define END "\r\n\r\n"

/* 0 among the statuses: closed without a word. */
static const struct {
    struct view bytes;
    int status[2];
} heads[] = {
    { VIEW("\0\1\2\3 what \xff is this\r\n\r\n"), { 400, 400 } },
    { VIEW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), { 400, 400 } }, /* TLS */
    { VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), { 400, 505 } },
    { VIEW("GET /\r\n\r\n"), { 400, 505 } }, /* HTTP/0.9 */
    { VIEW("POST /pay/unifiedorder HTTP/9.9\r\nHost: a" END), { 505, 400 } },
    { VIEW("POST /pay/uni fiedorder HTTP/1.1\r\nHost: a" END), { 400, 400 } },
    { VIEW("POST /pay/unifiedorder HTTP/1.1\r\nContent-Length: 0" END), { 400, 400 } },
    { VIEW(TO "Host: b\r\nContent-Length: 0" END), { 400, 400 } },
    /* who decides where the body ends? Nobody gets to choose (RFC 9112 6.3) */
    { VIEW(TO "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), { 400, 400 } },
    { VIEW(TO "Content-Length: 5, 6\r\n\r\nhello!"), { 400, 400 } },
    { VIEW(TO "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), { 400, 400 } },
    { VIEW(TO "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"), { 400, 400 } },
    { VIEW(TO "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), { 400, 501 } },
    { VIEW(TO "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), { 400, 501 } },
    { VIEW(TO "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx"), { 400, 501 } },
    { VIEW(TO "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), { 400, 400 } },
    { VIEW(TO "Transfer-Encoding:\x0b"
              "chunked\r\n\r\n0\r\n\r\n"),
      { 400, 501 } },
    { VIEW(TO "Content-Length : 0" END), { 400, 400 } },
    { VIEW(TO "Content-Length: +5\r\n\r\nhello"), { 400, 400 } },
    { VIEW(TO "Content-Length: -1" END), { 400, 400 } },
    { VIEW(TO "Content-Length: 0x5\r\n\r\nhello"), { 400, 400 } },
    { VIEW(TO "Content-Length: 5 5\r\n\r\nhello"), { 400, 400 } },
    { VIEW(TO "Content-Length: 99999999999999999999" END), { 400, 413 } },
    { VIEW(TO "Content-Length: 200000" END), { 413, 413 } },
    { VIEW(TO "X: a\r\n b: folded\r\nContent-Length: 0" END), { 400, 400 } },
    { VIEW(TO "X: a\0b\r\nContent-Length: 0" END), { 400, 400 } },
    { VIEW(TO "X: a\rContent-Length: 0" END), { 400, 400 } },
    { VIEW(TO "no colon in here\r\nContent-Length: 0" END), { 400, 400 } },
    { VIEW(TO "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"), { 400, 413 } },
    { VIEW(TO "Transfer-Encoding: chunked\r\n\r\n-1\r\n"), { 400, 400 } },
    { VIEW(TO "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n"), { 400, 400 } },
    { VIEW(TO "Expect: 200-maybe\r\nContent-Length: 1" END), { 417, 417 } },
};

static void send_head(size_t i)
{
    struct reply reply;
    int fd = dial(platform.api);
    ck_assert(put(fd, heads[i].bytes));
    get_reply(fd, &reply);
    ck_assert_msg(reply.status == heads[i].status[0] || reply.status == heads[i].status[1],
                  "head %zu was answered with %d", i, reply.status);
    ck_assert(ends(fd));
    reply_release(&reply);
    close(fd);
}

START_TEST(a_head_that_is_none_is_refused_and_the_connection_ended)
{
    for (size_t i = 0; i < COUNT(heads); i++) {
        send_head(i);
        good_order(&platform);
    }
}
END_TEST

/* A second request hidden in what the first one's length leaves over must never be answered. */
START_TEST(what_follows_a_refused_request_is_not_a_request)
{
    static const char hidden[] = TO "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    struct reply reply;
    int fd = dial(platform.api);
    put_str(fd, hidden);
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, 400);
    reply_release(&reply);
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, 0);
    reply_release(&reply);
    close(fd);
}
END_TEST

static void add_times(struct buf *out, const char *text, size_t times)
{
    while (times--)
        ck_assert_int_eq(buf_str(out, text), 0);
}

static const struct {
    const char *front, *again, *back;
    size_t times;
    int status;
} large[] = {
    { "GET /", "a", " HTTP/1.1\r\nHost: a" END, 20000, 414 },
    { TO "X: ", "a", END, 20000, 431 },
    { TO, "X: a\r\n", "\r\n", 101, 431 },
    { TO, "X-long-name-of-a-header: a long value of a header\r\n", "\r\n", 1000, 431 },
    { TO "Transfer-Encoding: chunked\r\n\r\n30000\r\n", "x", "", 0x20001, 413 },
    { TO "Transfer-Encoding: chunked" END, "1000;extension=of-this-chunk\r\n", "", 1, 0 },
    { TO "Transfer-Encoding: chunked\r\n\r\n1;", "x", "\r\n", 200000, 400 },
    { TO "Transfer-Encoding: chunked\r\n\r\n0\r\n", "Trailer: x\r\n", "\r\n", 20000, 400 },
};

static void send_large(size_t i)
{
    struct buf bytes = BUF_INIT(1 << 20);
    struct reply reply;
    int fd = dial(platform.api);
    ck_assert_int_eq(buf_str(&bytes, large[i].front), 0);
    add_times(&bytes, large[i].again, large[i].times);
    ck_assert_int_eq(buf_str(&bytes, large[i].back), 0);
    (void)put(fd, buf_view(&bytes));
    if (large[i].status == 0) /* not whole yet: dropped in the middle */
        shutdown(fd, SHUT_WR);
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, large[i].status ? large[i].status : 400);
    ck_assert(ends(fd));
    reply_release(&reply);
    buf_release(&bytes);
    close(fd);
}

START_TEST(what_is_too_large_is_refused)
{
    for (size_t i = 0; i < COUNT(large); i++) {
        send_large(i);
        good_order(&platform);
    }
}
END_TEST

/* ---- documents ---- */

static void expect_fail(int fd, struct view body, const char *msg)
{
    struct buf request = BUF_INIT(1 << 20);
    struct reply reply;
    api_request(&request, "/pay/unifiedorder", body);
    ck_assert(put(fd, buf_view(&request)));
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_msg(strstr(buf_cstr(&reply.bytes), msg) != NULL, "%.*s: %s",
                  body.len < 60 ? (int)body.len : 60, body.ptr, buf_cstr(&reply.bytes));
    reply_release(&reply);
    buf_release(&request);
}

#define FORMAT "XML格式错误"
#define CODING "编码格式错误"

static const struct {
    struct view front;
    const char *again;
    size_t times;
    struct view back;
    const char *msg;
} documents[] = {
    { VIEW("<xml>"), "<a>", 10000, VIEW(""), FORMAT },
    { VIEW("<xml><a>"), "x", 100000, VIEW("</a></xml>"), FORMAT },
    { VIEW("<xml>"), "<a>1</a>", 2, VIEW("</xml>"), FORMAT },
    { VIEW("<xml><total_fee>1</total_fee>"), "<total_fee>2</total_fee>", 1, VIEW("</xml>"),
      FORMAT },
    { VIEW("<!DOCTYPE xml SYSTEM \"http://127.0.0.1:1/x.dtd\"><xml>"), "", 0, VIEW("</xml>"),
      FORMAT },
    { VIEW("<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\">]><xml><c>"), "&b;", 100,
      VIEW("</c></xml>"), FORMAT },
    { VIEW("<xml><a>&lol;</a></xml>"), "", 0, VIEW(""), FORMAT },
    { VIEW("<xml><a><![CDATA["), "x", 10, VIEW("</a></xml>"), FORMAT },
    { VIEW("<xml a=\""), "x", 10, VIEW("\"/>"), NULL },
    { VIEW("<xml><a>\xff\xfe</a></xml>"), "", 0, VIEW(""), CODING },
    { VIEW("<xml><a>\xed\xa0\x80</a></xml>"), "", 0, VIEW(""), CODING },     /* a surrogate */
    { VIEW("<xml><a>\xc0\xaf</a></xml>"), "", 0, VIEW(""), CODING },         /* overlong */
    { VIEW("<xml><a>\xd6\xd0\xb9\xfa</a></xml>"), "", 0, VIEW(""), CODING }, /* GBK */
    { VIEW("\xff\xfe<\0x\0m\0l\0>\0"), "", 0, VIEW(""), CODING },            /* UTF-16 */
    { VIEW("<?xml version=\"1.0\" encoding=\"UTF-16\"?><xml></xml>"), "", 0, VIEW(""), NULL },
    { VIEW("<xml><a>1\0</a></xml>"), "", 0, VIEW(""), FORMAT },
    { VIEW("<xml></xml><xml></xml>"), "", 0, VIEW(""), FORMAT },
    { VIEW("<xml>"), "<!-- a comment -->", 3000, VIEW("</xml>"), NULL },
    { VIEW("<xml>"), "<?php echo 1; ?>", 1000, VIEW("</xml>"), NULL },
    { VIEW("appid=wx8888888888888888&"), "mch_id=1900000109&", 1, VIEW(""), FORMAT },
    { VIEW("{\"appid\":\"wx8888888888888888\"}"), "", 0, VIEW(""), FORMAT },
    { VIEW("<html><body>"), "<p>", 100, VIEW("</body></html>"), FORMAT },
};

static void send_document(size_t i)
{
    struct buf body = BUF_INIT(1 << 20);
    int fd = dial(platform.api);
    ck_assert_int_eq(buf_view_add(&body, documents[i].front), 0);
    add_times(&body, documents[i].again, documents[i].times);
    ck_assert_int_eq(buf_view_add(&body, documents[i].back), 0);
    const char *msg = documents[i].msg ? documents[i].msg : "<return_code><![CDATA[FAIL]]>";
    expect_fail(fd, buf_view(&body), msg);
    expect_fail(fd, VIEW("<xml></xml>"), "缺少参数"); /* on the same connection */
    buf_release(&body);
    close(fd);
}

START_TEST(a_document_that_is_none_is_refused)
{
    for (size_t i = 0; i < COUNT(documents); i++) {
        send_document(i);
        good_order(&platform);
    }
}
END_TEST

START_TEST(ten_thousand_fields_are_too_many)
{
    struct buf body = BUF_INIT(1 << 20);
    int fd = dial(platform.api);
    ck_assert_int_eq(buf_str(&body, "<xml>"), 0);
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(buf_fmt(&body, "<a%d>1</a%d>", i, i), 0);
    ck_assert_int_eq(buf_str(&body, "</xml>"), 0);
    expect_fail(fd, buf_view(&body), FORMAT);
    buf_release(&body);
    close(fd);
}
END_TEST

static struct view body_of(const struct buf *request)
{
    size_t at = view_find(buf_view(request), VIEW("\r\n\r\n")) + 4;
    return (struct view){ request->ptr + at, request->len - at };
}

/* Everything is signed, so one changed or missing byte is never an order. */
START_TEST(a_broken_order_is_refused_wherever_it_broke) /* 0: one byte changed, 1: cut short */
{
    struct buf request = BUF_INIT(1 << 16), body = BUF_INIT(1 << 16);
    struct rng rng;
    rng_seed(&rng, 20261124);
    int fd = dial(platform.api);
    good_request(&request);
    for (int i = 0; i < 300; i++) {
        struct view whole = body_of(&request);
        size_t at = (size_t)(rng_u64(&rng) % whole.len);
        buf_clear(&body);
        ck_assert_int_eq(buf_view_add(&body, whole), 0);
        if (_i == 0)
            body.ptr[at] = (char)(body.ptr[at] ^ (1 << (rng_u64(&rng) % 8)));
        else
            body.len = at;
        expect_fail(fd, buf_view(&body), "<return_code><![CDATA[FAIL]]>");
    }
    buf_release(&body);
    buf_release(&request);
    close(fd);
}
END_TEST

/* ---- methods and paths ---- */

static const char *const methods[] = { "GET",  "PUT",     "DELETE", "PATCH",
                                       "HEAD", "OPTIONS", "TRACE",  "PROPFIND" };

static void send_method(size_t i)
{
    struct buf request = BUF_INIT(4096);
    struct reply reply;
    int fd = dial(platform.api);
    ck_assert_int_eq(buf_fmt(&request,
                             "%s /pay/unifiedorder HTTP/1.1\r\nHost: a\r\n"
                             "Connection: close\r\n\r\n",
                             methods[i]),
                     0);
    ck_assert(put(fd, buf_view(&request)));
    if (strcmp(methods[i], "HEAD") != 0) {
        get_reply(fd, &reply);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "require POST method"));
        reply_release(&reply);
    }
    ck_assert(ends(fd));
    buf_release(&request);
    close(fd);
}

START_TEST(a_wrong_method_is_told_so)
{
    for (size_t i = 0; i < COUNT(methods); i++) {
        send_method(i);
        good_order(&platform);
    }
}
END_TEST

/* ---- many requests on one connection ---- */

START_TEST(good_and_bad_ones_in_one_pipeline_are_answered_in_their_order)
{
    static const char *const marks[] = { "weixin://", FORMAT, "缺少参数", "weixin://" };
    struct buf request = BUF_INIT(1 << 20);
    struct reply reply;
    int fd = dial(platform.api);
    for (int round = 0; round < 20; round++) {
        good_request(&request);
        api_request(&request, "/pay/unifiedorder", VIEW("<xml>"));
        api_request(&request, "/pay/orderquery", VIEW("<xml></xml>"));
        good_request(&request);
    }
    ck_assert_int_eq(buf_str(&request, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 0);
    good_request(&request); /* behind what ends the connection: never looked at */
    (void)put(fd, buf_view(&request));
    for (int i = 0; i < 80; i++) {
        get_reply(fd, &reply);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), marks[i % 4]));
        reply_release(&reply);
    }
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, 400);
    reply_release(&reply);
    ck_assert(ends(fd));
    buf_release(&request);
    close(fd);
}
END_TEST

/* The body of a good order in chunks of one byte each. */
START_TEST(a_chunked_order_is_an_order)
{
    struct buf request = BUF_INIT(1 << 16), chunked = BUF_INIT(1 << 18);
    struct reply reply;
    int fd = dial(platform.api);
    good_request(&request);
    struct view body = body_of(&request);
    ck_assert_int_eq(buf_str(&chunked, TO "Transfer-Encoding: chunked" END), 0);
    for (size_t i = 0; i < body.len; i++)
        ck_assert_int_eq(buf_fmt(&chunked, "1;a=\"b\"\r\n%c\r\n", body.ptr[i]), 0);
    ck_assert_int_eq(buf_str(&chunked, "0\r\nX: trailer\r\n\r\n"), 0);
    ck_assert(put(fd, buf_view(&chunked)));
    get_reply(fd, &reply);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://"));
    reply_release(&reply);
    buf_release(&chunked);
    buf_release(&request);
    close(fd);
}
END_TEST

/* ---- many connections ---- */

/* @fds senders stop in the middle; others are answered; then they go on and are answered too. */
START_TEST(slow_senders_keep_nobody_waiting)
{
    enum { SLOW = 300 };
    struct buf request[SLOW];
    struct reply reply;
    int fd[SLOW];
    for (int i = 0; i < SLOW; i++) {
        fd[i] = dial(platform.api);
        request[i] = BUF_INIT(1 << 16);
        good_request(&request[i]);
        size_t some = (size_t)i * 7 % request[i].len;
        ck_assert(put(fd[i], (struct view){ request[i].ptr, some }));
    }
    for (int i = 0; i < 20; i++)
        good_order(&platform);
    for (int i = 0; i < SLOW; i++) {
        size_t some = (size_t)i * 7 % request[i].len;
        ck_assert(put(fd[i], (struct view){ request[i].ptr + some, request[i].len - some }));
    }
    for (int i = 0; i < SLOW; i++) {
        get_reply(fd[i], &reply);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://"));
        reply_release(&reply);
        buf_release(&request[i]);
        close(fd[i]);
    }
}
END_TEST

static void reset_by_peer(int fd)
{
    struct linger at_once = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

/* 0: half closed after the request, 1: reset after it, 2: reset in its middle, 3: closed at once */
START_TEST(peers_that_leave_are_let_go)
{
    struct buf request = BUF_INIT(1 << 16);
    struct reply reply;
    for (int i = 0; i < 300; i++) {
        int fd = dial(platform.api);
        buf_clear(&request);
        good_request(&request);
        struct view bytes = buf_view(&request);
        if (_i == 2)
            bytes.len = (size_t)i * 11 % bytes.len;
        if (_i < 3)
            ck_assert(put(fd, bytes));
        if (_i == 0) {
            shutdown(fd, SHUT_WR);
            get_reply(fd, &reply);
            ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://"));
            reply_release(&reply);
            ck_assert(ends(fd));
        }
        if (_i == 1 || _i == 2)
            reset_by_peer(fd);
        else
            close(fd);
    }
    buf_release(&request);
}
END_TEST

START_TEST(a_peer_that_never_reads_its_answers_costs_nobody_else)
{
    struct buf request = BUF_INIT(1 << 20);
    int fd = dial(platform.api);
    for (int i = 0; i < 64; i++)
        api_request(&request, "/pay/orderquery", VIEW("<xml></xml>"));
    int64_t sent = 0;
    for (;;) { /* until nothing is taken any more */
        ssize_t got = send(fd, request.ptr, request.len, MSG_NOSIGNAL);
        if (got > 0)
            sent += got;
        else if (sent > 0)
            break;
        if (sent > 200'000'000)
            break;
    }
    good_order(&platform);
    close(fd);
    buf_release(&request);
}
END_TEST

enum { CROWD = 10000 };

/* As many a shell starts it: the program has to ask for more by itself. */
static void allow_few(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(126);
    limit.rlim_cur = 256;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(126);
}

START_TEST(ten_thousand_connections_are_held_and_served)
{
    static int fd[CROWD];
    struct buf request = BUF_INIT(1 << 16);
    struct reply reply;
    if (!may_open(CROWD + 200))
        return;
    platform_start(&platform, NULL, allow_few);
    for (int i = 0; i < CROWD; i++)
        fd[i] = dial(platform.api);
    for (int i = 0; i < CROWD; i += 50) {
        buf_clear(&request);
        good_request(&request);
        ck_assert(put(fd[i], buf_view(&request)));
    }
    for (int i = 0; i < CROWD; i += 50) {
        get_reply(fd[i], &reply);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://"));
        reply_release(&reply);
    }
    for (int i = 0; i < CROWD; i++) /* and none was closed to make room for another */
        ck_assert(recv(fd[i], &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) == -1 && errno == EAGAIN);
    good_order(&platform);
    /* half of them stay open into the stop */
    for (int i = 0; i < CROWD / 2; i++)
        close(fd[i]);
    good_order(&platform);
    stop();
    buf_release(&request);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hard");
    TCase *tc = tcase_create("api door");
    tcase_add_unchecked_fixture(tc, setup, stop); /* one program for all of them */
    tcase_add_checked_fixture(tc, NULL, go_on);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_head_that_is_none_is_refused_and_the_connection_ended);
    tcase_add_test(tc, what_follows_a_refused_request_is_not_a_request);
    tcase_add_test(tc, what_is_too_large_is_refused);
    tcase_add_test(tc, a_document_that_is_none_is_refused);
    tcase_add_test(tc, ten_thousand_fields_are_too_many);
    tcase_add_loop_test(tc, a_broken_order_is_refused_wherever_it_broke, 0, 2);
    tcase_add_test(tc, a_wrong_method_is_told_so);
    tcase_add_test(tc, good_and_bad_ones_in_one_pipeline_are_answered_in_their_order);
    tcase_add_test(tc, a_chunked_order_is_an_order);
    tcase_add_test(tc, slow_senders_keep_nobody_waiting);
    tcase_add_loop_test(tc, peers_that_leave_are_let_go, 0, 4);
    tcase_add_test(tc, a_peer_that_never_reads_its_answers_costs_nobody_else);
    suite_add_tcase(suite, tc);
    tc = tcase_create("crowd");
    tcase_set_timeout(tc, 180);
    tcase_add_test(tc, ten_thousand_connections_are_held_and_served);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
