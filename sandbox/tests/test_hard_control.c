/* Bad input on the control door of the real program, and merchants that are hostile. */
#include "hard_test.h"

#include "base/base64.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct platform platform;

#define ACCOUNT "/v1/accounts/1900000109"

static void setup(void)
{
    ck_assert(may_open(4096));
    platform_start(&platform, NULL, NULL);
    /* a merchant that is slow is left early */
    control_must(&platform, 200, "PATCH", ACCOUNT, "{\"switches\":{\"ack_timeout\":\"2s\"}}");
}

static void stop(void)
{
    platform_stop(&platform);
}

static void go_on(void)
{
    good_order(&platform);
    control_must(&platform, 200, "GET", "/v1/health", "");
}

/* ---- who may come in ---- */

static const struct {
    const char *head; /* between the request line and Content-Length */
    int status;
} visitors[] = {
    { "Host: 127.0.0.1\r\nContent-Type: application/json\r\n", 200 },
    { "Host: localhost:1\r\nContent-Type: application/json; charset=utf-8\r\n", 200 },
    { "Host: evil.example\r\nContent-Type: application/json\r\n", 403 },
    { "Host: 127.0.0.1.evil.example\r\nContent-Type: application/json\r\n", 403 },
    { "Host: localhost.evil.example\r\nContent-Type: application/json\r\n", 403 },
    { "Host: 169.254.169.254\r\nContent-Type: application/json\r\n", 403 },
    { "Host:\r\nContent-Type: application/json\r\n", 403 },
    { "Host: 127.0.0.1\r\nOrigin: https://evil.example\r\nContent-Type: application/json\r\n",
      403 },
    { "Host: 127.0.0.1\r\nOrigin: null\r\nContent-Type: application/json\r\n", 403 },
    { "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:1\r\nContent-Type: application/json\r\n", 403 },
    { "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: application/json\r\n", 200 },
    { "Host: 127.0.0.1\r\nContent-Type: text/plain\r\n", 415 },
    { "Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n", 415 },
    { "Host: 127.0.0.1\r\n", 415 },
};

START_TEST(a_web_page_cannot_drive_the_door)
{
    for (size_t i = 0; i < COUNT(visitors); i++) {
        struct buf request = BUF_INIT(4096);
        struct reply reply;
        int fd = dial(platform.control);
        ck_assert_int_eq(buf_fmt(&request,
                                 "POST /v1/clock/real HTTP/1.1\r\n%sContent-Length: 2\r\n\r\n{}",
                                 visitors[i].head),
                         0);
        ck_assert(put(fd, buf_view(&request)));
        get_reply(fd, &reply);
        ck_assert_msg(reply.status == visitors[i].status, "visitor %zu: %d", i, reply.status);
        reply_release(&reply);
        buf_release(&request);
        close(fd);
    }
}
END_TEST

/* ---- what is asked for ---- */

static const struct {
    const char *method, *path, *json;
    int status;
} asks[] = {
    { "GET", "/", "", 404 },
    { "GET", "/v1/accounts/../version", "", 404 },
    { "GET", "/v1/accounts/%zz", "", 400 },
    { "GET", "/v1/accounts/%00", "", 400 },
    { "GET", "/v1/accounts/1900000109/orders/%ff%fe", "", 404 },
    { "GET", "/v1/accounts/1900000110", "", 404 },
    { "GET", "/v1/health?x=1", "", 400 },
    { "GET", "/v1/health", "{}", 400 },
    { "PATCH", "/v1/health", "", 405 },
    { "GET", ACCOUNT "/orders?limit=0", "", 400 },
    { "GET", ACCOUNT "/orders?limit=99999999999999999999", "", 400 },
    { "GET", ACCOUNT "/orders?limit=1&limit=2", "", 400 },
    { "GET", ACCOUNT "/orders?after=-1", "", 400 },
    { "GET", ACCOUNT "/orders?state=PAID", "", 400 },
    { "GET", "/v1/exchanges/0", "", 404 },
    { "GET", "/v1/exchanges/9223372036854775808", "", 404 },
    { "GET", "/v1/exchanges/1e3/explain", "", 404 },
    { "POST", "/v1/accounts", "[]", 400 },
    { "POST", "/v1/accounts", "{", 400 },
    { "POST", "/v1/accounts", "{\"name\":\"a\",\"name\":\"b\"}", 400 },
    { "POST", "/v1/accounts", "{\"name\":\"\\u0000\"}", 400 },
    { "POST", "/v1/accounts", "{\"name\":\"\xff\"}", 400 },
    { "POST", "/v1/accounts", "{\"nmae\":\"a\"}", 400 },
    { "POST", "/v1/accounts", "{\"mch_id\":\"19000001091\"}", 400 },
    { "POST", "/v1/accounts", "{\"mch_id\":1900000111}", 400 },
    { "POST", "/v1/accounts", "{\"api_key\":\"short\"}", 400 },
    { "POST", "/v1/accounts", "{\"switches\":{\"ack_mode\":\"loose\"}}", 400 },
    { "POST", "/v1/accounts", "{\"switches\":{\"\":\"\"}}", 400 },
    { "POST", "/v1/accounts", "{\"appids\":[]}", 400 },
    { "PUT", ACCOUNT "/origins", "{\"https://a\":\"file:///etc/passwd\"}", 400 },
    { "PUT", ACCOUNT "/origins", "{\"https://a\":\"http://u:p@b\"}", 400 },
    { "PUT", ACCOUNT "/origins", "{\"https://a/path\":\"http://b\"}", 400 },
    { "DELETE", ACCOUNT, "", 409 },
    { "POST", "/v1/scan", "{}", 400 },
    { "POST", "/v1/scan", "{\"code_url\":\"x\",\"picture_base64\":\"aGVsbG8=\"}", 400 },
    { "POST", "/v1/scan", "{\"picture_base64\":\"&&&&\"}", 422 },
    { "POST", "/v1/scan", "{\"picture_base64\":\"aGVsbG8=\"}", 422 },
    { "POST", "/v1/scan", "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=\"}", 200 },
    { "POST", "/v1/scan", "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=zzzzzzz\"}", 200 },
    { "POST", "/v1/pay", "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"nobody's\"}", 404 },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"outcome\":\"free\"}", 400 },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"coupons\":[{\"fee_fen\":-1}]}", 400 },
    { "POST", "/v1/pay", "{\"code_url\":\"x\",\"wait_ms\":600001}", 400 },
    { "POST", ACCOUNT "/clock/advance", "{\"ms\":9223372036854775807}", 400 },
    { "POST", ACCOUNT "/clock/advance", "{\"ms\":1.5}", 400 },
    { "POST", ACCOUNT "/clock/advance", "{\"ms\":1e400}", 400 },
    { "POST", ACCOUNT "/clock/freeze", "{\"at_ms\":0}", 400 },
    { "POST", ACCOUNT "/wait", "{\"for\":\"ever\"}", 400 },
    { "POST", ACCOUNT "/wait", "{\"for\":\"calls\",\"api\":\"*\",\"timeout_ms\":1,\"count\":1e9}",
      400 },
    { "POST", ACCOUNT "/faults", "{\"kind\":\"explode\"}", 400 },
    { "POST", ACCOUNT "/faults", "{\"kind\":\"delay\",\"delay_ms\":999999999}", 400 },
    { "POST", ACCOUNT "/faults", "{\"kind\":\"raw\",\"content_type\":\"a\\r\\nX: b\"}", 400 },
    { "POST", ACCOUNT "/faults", "{\"kind\":\"alter\",\"set\":{\"a><b\":\"c\"}}", 400 },
    { "DELETE", ACCOUNT "/faults/999", "", 404 },
    { "POST", "/v1/notifications/7/resend", "{}", 404 },
    { "POST", "/v1/reset", "{\"mch_id\":\"1900000110\"}", 404 },
};

START_TEST(what_makes_no_sense_is_refused_and_changes_nothing)
{
    for (size_t i = 0; i < COUNT(asks); i++)
        control_must(&platform, asks[i].status, asks[i].method, asks[i].path, asks[i].json);
}
END_TEST

static void again(struct buf *out, const char *text, size_t times)
{
    while (times--)
        ck_assert_int_eq(buf_str(out, text), 0);
}

START_TEST(deep_and_huge_json_is_refused)
{
    static char filler[4097];
    struct buf json = BUF_INIT(16 << 20);
    memset(filler, 'x', sizeof(filler) - 1);
    again(&json, "[", 100000);
    control_must(&platform, 400, "POST", "/v1/accounts", buf_cstr(&json));
    buf_clear(&json);
    again(&json, "{\"a\":", 40000);
    control_must(&platform, 400, "POST", "/v1/accounts", buf_cstr(&json));
    buf_clear(&json);
    again(&json, "{\"name\":\"", 1);
    again(&json, filler, 80);
    control_must(&platform, 413, "POST", "/v1/accounts", buf_cstr(&json));
    buf_clear(&json);
    again(&json, filler, 2048);
    control_must(&platform, 413, "POST", "/v1/scan", buf_cstr(&json));
    buf_release(&json);
}
END_TEST

/* ---- pictures ---- */

/* A PNG that says it is 60000 by 60000; its data is a few bytes. */
static const unsigned char png_bomb[] = {
    0x89, 'P', 'N',  'G',  '\r', '\n', 0x1a, '\n', 0,   0,    0,    13,   'I',  'H',  'D',  'R',
    0,    0,   0xea, 0x60, 0,    0,    0xea, 0x60, 8,   2,    0,    0,    0,    0x5e, 0x6d, 0x5a,
    0x1d, 0,   0,    0,    4,    'I',  'D',  'A',  'T', 0x78, 0x9c, 0x63, 0x00, 0,    0,    0,
    0,    0,   0,    0,    0,    'I',  'E',  'N',  'D', 0xae, 0x42, 0x60, 0x82,
};

/* A GIF of 65535 by 65535. */
static const unsigned char gif_bomb[] = {
    'G',  'I', 'F', '8', '9', 'a', 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0,   0, 0, 0xff, 0xff,
    0xff, ',', 0,   0,   0,   0,   0xff, 0xff, 0xff, 0xff, 0,    2, 2, 'D', 1, 0, ';',
};

static const char svg_laughs[] =
    "<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaa\">"
    "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">]>"
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" "
    "height=\"10\"><text>&e;&e;</text></svg>";
static const char svg_huge[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1000000000\" "
                               "height=\"1000000000\"><rect width=\"9\" height=\"9\"/></svg>";
static const char svg_outside[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
    "width=\"9\" height=\"9\"><image xlink:href=\"file:///etc/passwd\" width=\"9\" height=\"9\"/>"
    "</svg>";

START_TEST(a_picture_that_is_a_bomb_is_unreadable)
{
    const struct view pictures[] = {
        { (const char *)png_bomb, sizeof(png_bomb) },
        { (const char *)gif_bomb, sizeof(gif_bomb) },
        view_str(svg_laughs),
        view_str(svg_huge),
        view_str(svg_outside),
    };
    for (size_t i = 0; i < COUNT(pictures); i++) {
        struct buf json = BUF_INIT(1 << 16);
        ck_assert_int_eq(buf_str(&json, "{\"picture_base64\":\""), 0);
        ck_assert_int_eq(base64_encode(pictures[i], &json), 0);
        ck_assert_int_eq(buf_str(&json, "\"}"), 0);
        control_must(&platform, 422, "POST", "/v1/scan", buf_cstr(&json));
        buf_release(&json);
    }
}
END_TEST

/* ---- streams and waits ---- */

/* @quiet: of an account that nothing happens to. */
static int open_stream(bool quiet, int *status)
{
    static const char request[] = "GET /v1/events%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char text[128];
    struct reply reply;
    int small = 4096, fd = dial(platform.control);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    snprintf(text, sizeof(text), request, quiet ? "?mch_id=1900000555" : "");
    put_str(fd, text);
    get_reply(fd, &reply);
    *status = reply.status;
    reply_release(&reply);
    return fd;
}

static int begin_wait(void)
{
    static const char body[] =
        "{\"for\":\"order_state\",\"out_trade_no\":\"never\",\"state\":\"SUCCESS\","
        "\"timeout_ms\":600000}";
    char request[512];
    int fd = dial(platform.control);
    snprintf(request, sizeof(request),
             "POST " ACCOUNT "/wait HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             sizeof(body) - 1, body);
    put_str(fd, request);
    return fd;
}

START_TEST(too_many_waits_are_refused_and_left_ones_make_room)
{
    enum { MOST = 1024 };
    static int fd[MOST];
    struct reply reply;
    for (int i = 0; i < MOST; i++)
        fd[i] = begin_wait();
    int more = begin_wait();
    get_reply(more, &reply);
    ck_assert_int_eq(reply.status, 503);
    reply_release(&reply);
    close(more);
    for (int i = 0; i < MOST; i++)
        close(fd[i]);
    do { /* the door hears of it in its own time; a wait without time ends at once */
        more = control_call(&platform, "POST", ACCOUNT "/wait",
                            "{\"for\":\"acknowledged\",\"out_trade_no\":\"x\",\"timeout_ms\":0}",
                            NULL);
    } while (more == 503);
    ck_assert_int_eq(more, 408);
}
END_TEST

/* ---- hostile notify_url values ---- */

/* An order with that notify_url, paid: its number in @number. False: refused. */
static bool pay_to(const char *notify_url, char number[33])
{
    static unsigned serial;
    struct params params = {};
    struct buf xml = BUF_INIT(1 << 16), request = BUF_INIT(1 << 16);
    struct reply reply;
    char json[256];
    snprintf(number, 33, "url-%d-%u", getpid(), ++serial);
    params_order(&params, number);
    params_set(&params, "notify_url", notify_url);
    params_sign(&params, DEFAULT_API_KEY, &xml);
    api_request(&request, "/pay/unifiedorder", buf_view(&xml));
    int fd = dial(platform.api);
    ck_assert(put(fd, buf_view(&request)));
    get_reply(fd, &reply);
    bool made = strstr(buf_cstr(&reply.bytes), "code_url") != NULL;
    snprintf(json, sizeof(json),
             "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"%s\",\"wait_ms\":20000}", number);
    if (made)
        control_must(&platform, 200, "POST", "/v1/pay", json);
    reply_release(&reply);
    buf_release(&request);
    buf_release(&xml);
    params_release(&params);
    close(fd);
    return made;
}

/* Part of what the order's notification looks like now. */
static void must_say(const char *number, const char *text)
{
    struct buf body = BUF_INIT(REPLY_MAX);
    char path[128];
    snprintf(path, sizeof(path), ACCOUNT "/notifications?out_trade_no=%s", number);
    ck_assert_int_eq(control_call(&platform, "GET", path, "", &body), 200);
    ck_assert_msg(strstr(buf_cstr(&body), text) != NULL, "%s: %s", text, buf_cstr(&body));
    buf_release(&body);
}

/* A reader that does not read loses its stream; who comes after it finds a place. */
START_TEST(a_stream_nobody_reads_is_ended)
{
    enum { STREAMS = 64 };
    int fd[STREAMS], one_more, status;
    struct buf body = BUF_INIT(REPLY_MAX);
    char number[33], path[128];
    control_must(&platform, 201, "POST", "/v1/accounts", "{\"mch_id\":\"1900000555\"}");
    for (int i = 0; i < STREAMS; i++) {
        fd[i] = open_stream(i > 0, &status);
        ck_assert_int_eq(status, 200);
    }
    one_more = open_stream(true, &status);
    ck_assert_int_eq(status, 409);
    close(one_more);

    ck_assert(pay_to("http://127.0.0.1:1/", number));
    snprintf(path, sizeof(path), ACCOUNT "/notifications?out_trade_no=%s", number);
    ck_assert_int_eq(control_call(&platform, "GET", path, "", &body), 200);
    long id = strtol(strstr(buf_cstr(&body), "\"id\":") + 5, NULL, 10);
    snprintf(path, sizeof(path), "/v1/notifications/%ld/resend", id);
    for (int i = 0; i < 1000 && status == 409; i++) { /* each tells of all that were before it */
        control_must(&platform, 200, "POST", path, "{\"wait_ms\":20000}");
        one_more = open_stream(true, &status);
        close(one_more);
    }
    ck_assert_int_eq(status, 200);
    for (int i = 0; i < STREAMS; i++)
        close(fd[i]);
    control_must(&platform, 204, "DELETE", "/v1/accounts/1900000555", "");
    buf_release(&body);
}
END_TEST

static const char *const forbidden[] = {
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
};

START_TEST(metadata_addresses_are_never_asked)
{
    char number[33];
    for (size_t i = 0; i < COUNT(forbidden); i++)
        if (pay_to(forbidden[i], number))
            must_say(number, "\"row\":\"no-answer\"");
}
END_TEST

static const char *const malformed[] = {
    "http://user:secret@127.0.0.1:1/",
    "http://127.0.0.1:1/#fragment",
    "http://127.0.0.1:99999/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://",
    "http:///path",
    "javascript:alert(1)",
    "http://127.0.0.1:1/a b",
    "http://127.0.0.1:1/\xff",
    "//127.0.0.1:1/",
    "http://127.0.0.1:0/",
};

START_TEST(a_notify_url_that_is_none_is_refused_or_leads_nowhere)
{
    char number[33];
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (pay_to(malformed[i], number))
            must_say(number, "\"acknowledged\":false");
}
END_TEST

/* ---- hostile merchants, each a process of its own ---- */

static int listen_somewhere(char url[64])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, 64, "http://127.0.0.1:%u/notify", ntohs(address.sin_port));
    return fd;
}

static void say_endlessly(int fd, const char *text)
{
    while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
        ;
}

/* A byte now and then, as long as anybody listens. */
static void say_slowly(int fd)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<xml>";
    for (size_t i = 0; send(fd, text + i % (sizeof(text) - 1), 1, MSG_NOSIGNAL) == 1; i++) {
        struct pollfd hung = { .fd = fd, .events = POLLRDHUP };
        if (poll(&hung, 1, 200) == 1)
            return;
    }
}

enum manner { SILENT, HEADERS, BODY, CHUNKS, SLOW, HANG_UP, REDIRECT, MANNERS };

static void serve(int listener, enum manner manner, const char *elsewhere)
{
    char answer[256];
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             elsewhere);
    for (;;) {
        char some[65536];
        int fd = accept(listener, NULL, NULL);
        struct pollfd gone = { .fd = fd, .events = POLLRDHUP };
        ssize_t got = recv(fd, some, sizeof(some), 0);
        const char *head = "HTTP/1.1 200 OK\r\n";
        if (manner == HEADERS)
            send(fd, head, strlen(head), MSG_NOSIGNAL), say_endlessly(fd, "X: y\r\n");
        if (manner == BODY)
            say_endlessly(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nxxxxxxxxxx");
        if (manner == CHUNKS) {
            head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            send(fd, head, strlen(head), MSG_NOSIGNAL), say_endlessly(fd, "4\r\nabcd\r\n");
        }
        if (manner == SLOW)
            say_slowly(fd);
        if (manner == REDIRECT)
            send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        if (manner != HANG_UP && got > 0)
            poll(&gone, 1, 30000);
        close(fd);
    }
}

START_TEST(a_hostile_merchant_is_left_and_gets_no_acknowledgement) /* looped over manners */
{
    char url[64], elsewhere[64], number[33];
    int listener = listen_somewhere(url), other = listen_somewhere(elsewhere);
    pid_t merchant = fork();
    if (merchant == 0)
        serve(listener, (enum manner)_i, elsewhere);
    ck_assert(pay_to(url, number));
    must_say(number, "\"acknowledged\":false");
    must_say(number, "\"state\":\"waiting\"");
    struct pollfd followed = { .fd = other, .events = POLLIN };
    ck_assert_int_eq(poll(&followed, 1, 0), 0);
    kill(merchant, SIGKILL);
    waitpid(merchant, NULL, 0);
    close(listener);
    close(other);
}
END_TEST

/* ---- explanations ---- */

START_TEST(an_explanation_shows_both_texts_and_where_they_part)
{
    struct params params = {};
    struct buf xml = BUF_INIT(1 << 16), sent = BUF_INIT(1 << 16), request = BUF_INIT(1 << 16);
    struct buf body = BUF_INIT(REPLY_MAX);
    struct reply reply;
    char number[33], path[128];
    snprintf(number, sizeof(number), "explain-%d", getpid());
    params_order(&params, number);
    params_set(&params, "body", "tea and cake"); /* signed trimmed, sent as it is */
    params_sign(&params, DEFAULT_API_KEY, &xml);
    size_t at = view_find(buf_view(&xml), VIEW("tea and cake")) + 12;
    ck_assert_int_eq(buf_fmt(&sent, "%.*s  %s", (int)at, xml.ptr, xml.ptr + at), 0);
    api_request(&request, "/pay/unifiedorder", buf_view(&sent));
    int fd = dial(platform.api);
    ck_assert(put(fd, buf_view(&request)));
    get_reply(fd, &reply);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "签名错误"));
    snprintf(path, sizeof(path), ACCOUNT "/exchanges?out_trade_no=%s", number);
    ck_assert_int_eq(control_call(&platform, "GET", path, "", &body), 200);
    long id = strtol(strstr(buf_cstr(&body), "\"id\":") + 5, NULL, 10);
    ck_assert_ptr_nonnull(strstr(
        buf_cstr(&body), "\"signed_text\":\"appid=wx8888888888888888&body=tea and cake&mch_id="));
    snprintf(path, sizeof(path), "/v1/exchanges/%ld/explain", id);
    buf_clear(&body);
    ck_assert_int_eq(control_call(&platform, "GET", path, "", &body), 200);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "&body=tea and cake>>>  &mch_id=1900000109&"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "&body=tea and cake>>>&mch_id=1900000109&"));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "\"differs_at\":42}"));
    reply_release(&reply);
    buf_release(&body);
    buf_release(&request);
    buf_release(&sent);
    buf_release(&xml);
    params_release(&params);
    close(fd);
}
END_TEST

/* ---- and then it is told to stop ---- */

START_TEST(it_stops_in_the_middle_of_all_that)
{
    enum { EACH = 50 };
    struct platform busy;
    char url[64], number[33];
    int status, fd[4 * EACH], listener = listen_somewhere(url); /* nobody accepts */
    struct buf request = BUF_INIT(1 << 16);
    platform_start(&busy, NULL, NULL);
    struct platform shared = platform;
    platform = busy;
    for (int i = 0; i < EACH; i++) {
        buf_clear(&request);
        good_request(&request);
        fd[4 * i] = begin_wait();
        fd[4 * i + 1] = open_stream(false, &status);
        fd[4 * i + 2] = dial(busy.api);
        ck_assert(put(fd[4 * i + 2], (struct view){ request.ptr, request.len / 2 }));
        fd[4 * i + 3] = dial(busy.control);
    }
    control_must(&busy, 201, "POST", ACCOUNT "/faults",
                 "{\"door\":\"notification\",\"kind\":\"copies\",\"copies\":50}");
    control_must(&busy, 200, "PUT", ACCOUNT "/notifications/mode", "{\"mode\":\"hold\"}");
    ck_assert(pay_to(url, number));
    control_must(&busy, 200, "POST", ACCOUNT "/notifications/release", "{}");
    control_must(&busy, 201, "POST", ACCOUNT "/faults",
                 "{\"door\":\"api\",\"kind\":\"delay\",\"delay_ms\":600000,\"count\":10}");
    control_must(&busy, 201, "POST", ACCOUNT "/faults",
                 "{\"door\":\"api\",\"kind\":\"no_answer\",\"count\":10}");
    int held[20];
    for (int i = 0; i < 20; i++) {
        buf_clear(&request);
        good_request(&request);
        held[i] = dial(busy.api);
        ck_assert(put(held[i], buf_view(&request)));
        if (i % 2)
            shutdown(held[i], SHUT_WR);
    }
    platform_stop(&busy);
    platform = shared;
    for (int i = 0; i < 4 * EACH; i++)
        close(fd[i]);
    for (int i = 0; i < 20; i++)
        close(held[i]);
    close(listener);
    buf_release(&request);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hard control");
    TCase *tc = tcase_create("control door");
    tcase_add_unchecked_fixture(tc, setup, stop); /* one program for all of them */
    tcase_add_checked_fixture(tc, NULL, go_on);
    tcase_set_timeout(tc, 180);
    tcase_add_test(tc, a_web_page_cannot_drive_the_door);
    tcase_add_test(tc, what_makes_no_sense_is_refused_and_changes_nothing);
    tcase_add_test(tc, deep_and_huge_json_is_refused);
    tcase_add_test(tc, a_picture_that_is_a_bomb_is_unreadable);
    tcase_add_test(tc, a_stream_nobody_reads_is_ended);
    tcase_add_test(tc, too_many_waits_are_refused_and_left_ones_make_room);
    tcase_add_test(tc, metadata_addresses_are_never_asked);
    tcase_add_test(tc, a_notify_url_that_is_none_is_refused_or_leads_nowhere);
    tcase_add_loop_test(tc, a_hostile_merchant_is_left_and_gets_no_acknowledgement, 0, MANNERS);
    tcase_add_test(tc, an_explanation_shows_both_texts_and_where_they_part);
    tcase_add_test(tc, it_stops_in_the_middle_of_all_that);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
