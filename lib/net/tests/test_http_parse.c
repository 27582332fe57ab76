/* What becomes of request bytes: whole, one byte at a time, and cut at random. */
#include "net/http_parse.h"
#include "net_test.h"

#include "base/rng.h"

#define H "Host: a\r\n"

static const struct http_limits limits = { .head_max = 256, .body_max = 64 };

static struct http_blocks blocks;

/* Does every view lie in the block that was handed out with the message? */
static bool is_in(const struct http_block *block, struct view text)
{
    return text.ptr >= block->bytes && text.ptr + text.len <= block->bytes + block->cap;
}

static bool all_in(const struct http_block *block, const struct http_request *request)
{
    bool fine = is_in(block, request->method) && is_in(block, request->target) &&
                is_in(block, request->body) && is_in(block, request->head);
    for (size_t i = 0; i < request->headers->count; i++)
        fine = fine && is_in(block, request->headers->item[i].name) &&
               is_in(block, request->headers->item[i].value);
    return fine;
}

/* Everything a series of requests said, as text, so that two readings can be compared. */
static void describe(struct buf *out, const struct http_request *request)
{
    int err = buf_fmt(out, "%.*s|%.*s|%.*s|%.*s|", VIEW_ARG(request->method),
                      VIEW_ARG(request->target), VIEW_ARG(request->path), VIEW_ARG(request->query));
    for (size_t i = 0; !err && i < request->headers->count; i++)
        err = buf_fmt(out, "%.*s=%.*s;", VIEW_ARG(request->headers->item[i].name),
                      VIEW_ARG(request->headers->item[i].value));
    if (!err)
        err = buf_fmt(out, "|%.*s|%zu\n", VIEW_ARG(request->body), request->head.len);
    ck_assert_int_eq(err, 0);
}

/* Reads @bytes in pieces that @next_len chooses; returns the status of a refusal, or 0. */
static int read_all(struct view bytes, size_t (*next_len)(void), struct buf *out)
{
    struct http_parse parse;
    struct http_headers headers;
    int status = 0;
    http_parse_init(&parse, HTTP_REQUEST, &blocks, &limits);
    while (bytes.len && !status) {
        char *to;
        size_t room;
        ck_assert_int_eq(http_parse_space(&parse, &to, &room), 0);
        size_t len = next_len();
        len = len < room ? len : room;
        len = len < bytes.len ? len : bytes.len;
        memcpy(to, bytes.ptr, len);
        bytes = (struct view){ bytes.ptr + len, bytes.len - len };
        enum http_parsed parsed;
        while ((parsed = http_parse_step(&parse, len, &headers)) == HTTP_PARSE_DONE) {
            struct http_request request;
            struct http_block *block = http_parse_take(&parse, &request);
            ck_assert(all_in(block, &request));
            describe(out, &request);
            http_block_unref(block);
            len = 0;
        }
        if (parsed == HTTP_PARSE_BAD)
            status = parse.status;
    }
    if (!status && http_parse_eof(&parse) == HTTP_PARSE_BAD)
        status = 1;
    if (!status)
        ck_assert_ptr_null(parse.block); /* a waiting connection holds no block */
    http_parse_release(&parse);
    return status;
}

static size_t whole(void)
{
    return SIZE_MAX;
}

static size_t one(void)
{
    return 1;
}

static struct rng rng;

static size_t some(void)
{
    return 1 + (size_t)rng_below(&rng, 9);
}

#define LONG_64  "0123456789012345678901234567890123456789012345678901234567890123"
#define LONG_256 LONG_64 LONG_64 LONG_64 LONG_64

/* status 0: becomes calls, described by @says; 1: incomplete; else refused with it */
static const struct {
    const char *bytes;
    int status;
    const char *says;
} table[] = {
    { "GET / HTTP/1.1\r\n" H "\r\n", 0, "GET|/|/||Host=a;||27\n" },
    { "GET /a?b=c&d HTTP/1.1\r\n" H "X:  y z \t\r\n\r\n", 0,
      "GET|/a?b=c&d|/a|b=c&d|Host=a;X=y z;||45\n" },
    { "GET /?? HTTP/1.1\r\n" H "\r\n", 0, "GET|/??|/|?|Host=a;||29\n" },
    { "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 0, "GET|/|/||Host=a;||27\n" },
    { "GET / HTTP/1.0\r\n\r\n", 0, "GET|/|/||||18\n" },
    { "GET / HTTP/1.1\r\n" H "Empty:\r\nAlso: \r\n\r\n", 0, "GET|/|/||Host=a;Empty=;Also=;||43\n" },
    { "GET http://a.b/c?d HTTP/1.1\r\n" H "\r\n", 0, "GET|http://a.b/c?d|/c|d|Host=a;||40\n" },
    { "GET http://a.b HTTP/1.1\r\n" H "\r\n", 0, "GET|http://a.b|/||Host=a;||36\n" },
    { "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, "OPTIONS|*|*||Host=a;||31\n" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 0,
      "POST|/|/||Host=a;Content-Length=3;|abc|47\n" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 64\r\n\r\n" LONG_64, 0,
      "POST|/|/||Host=a;Content-Length=64;|" LONG_64 "|48\n" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\naGET /b HTTP/1.1\r\n" H "\r\n", 0,
      "POST|/|/||Host=a;Content-Length=1;|a|47\nGET|/b|/b||Host=a;||28\n" },
    { "POST / HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
      0, "POST|/|/||Host=a;Transfer-Encoding=chunked;|abcde|56\n" },
    { "POST / HTTP/1.1\r\n" H
      "Transfer-Encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\nT: r\r\n\r\n"
      "GET / HTTP/1.1\r\n" H "\r\n",
      0, "POST|/|/||Host=a;Transfer-Encoding=CHUNKED;|0123456789|56\nGET|/|/||Host=a;||27\n" },
    { "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 0,
      "GET|/|/||Host=a;Connection=Upgrade;Upgrade=h2c;||62\n" },
    { "", 0, "" },
    { "\r\n", 0, "" },
    /* cut off */
    { "GET", 1, "" },
    { "GET / HTTP/1.1\r\n" H, 1, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nab", 1, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 1, "" },
    /* not HTTP */
    { "\x16\x03\x01\x02", 400, "" },
    { "hello\r\n\r\n", 501, "" },
    { "GET\r\n\r\n", 400, "" },
    { "GET /\r\n\r\n", 505, "" },
    { "BREW / HTTP/1.1\r\n" H "\r\n", 501, "" },
    { "get / HTTP/1.1\r\n" H "\r\n", 501, "" },
    { "CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 501, "" },
    { "GET / HTTP/2.0\r\n" H "\r\n", 505, "" },
    { "GET / HTTP/1.2\r\n" H "\r\n", 505, "" },
    { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "" },
    { "GET / HTP/1.1\r\n" H "\r\n", 400, "" },
    { "DESCRIBE / RTSP/1.0\r\n" H "\r\n", 505, "" },
    { "GET  / HTTP/1.1\r\n" H "\r\n", 400, "" },
    { "GET /a b HTTP/1.1\r\n" H "\r\n", 400, "" },
    { "GET /\t HTTP/1.1\r\n" H "\r\n", 400, "" },
    { "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H H "\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "Expect: coffee\r\n\r\n", 417, "" },
    /* line ends and folding: where readers differ, smugglers live */
    { "GET / HTTP/1.1\n" H "\r\n", 400, "" },
    { "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A:\r\n b\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A: b\r\n \r\nC: d\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A: b\r\n \r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n A: b\r\n" H "\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A: b\rTransfer-Encoding: chunked\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H ": b\r\n\r\n", 400, "" },
    { "GET / HTTP/1.1\r\n" H "A\r\n\r\n", 400, "" },
    /* lengths */
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\na", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 65\r\n\r\n", 413, "" },
    { "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "" },
    { "POST / HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", 501, "" },
    { "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nabc", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n41\r\n" LONG_64 "0\r\n0\r\n\r\n",
      413, "" },
    { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;" LONG_256 LONG_64 "\r\na\r\n",
      400, "" },
    { "GET /" LONG_256 " HTTP/1.1\r\n" H "\r\n", 414, "" },
    { "GET / HTTP/1.1\r\n" H "A: " LONG_256 "\r\n\r\n", 431, "" },
};

static void check_row(size_t row, size_t (*next_len)(void), const char *how)
{
    struct buf said = BUF_INIT(4096);
    int status = read_all(view_str(table[row].bytes), next_len, &said);
    ck_assert_msg(status == table[row].status, "%s, %s: %d instead of %d", how, table[row].bytes,
                  status, table[row].status);
    if (!status)
        ck_assert_msg(view_is(buf_view(&said), table[row].says), "%s, %s: %s", how,
                      table[row].bytes, buf_cstr(&said));
    buf_release(&said);
}

START_TEST(a_request_is_read_the_same_however_it_is_cut) /* looped over the table */
{
    size_t row = (size_t)_i;
    check_row(row, whole, "whole");
    check_row(row, one, "bytewise");
    rng_seed(&rng, 1);
    for (int round = 0; round < 50; round++)
        check_row(row, some, "cut at random");
    http_blocks_release(&blocks);
}
END_TEST

START_TEST(a_nul_is_refused_everywhere_in_the_head) /* looped over the places */
{
    char bytes[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    struct buf said = BUF_INIT(4096);
    bytes[_i] = '\0';
    struct view text = { bytes, sizeof(bytes) - 1 };
    int status = read_all(text, whole, &said);
    ck_assert_msg(status >= 400, "NUL at %d: %d %s", _i, status, buf_cstr(&said));
    ck_assert_int_eq(read_all(text, one, &said), status);
    buf_release(&said);
    http_blocks_release(&blocks);
}
END_TEST

START_TEST(a_hundred_headers_are_read_and_one_more_is_refused)
{
    struct http_limits wide = { .head_max = 8192, .body_max = 0 };
    for (int extra = 0; extra < 2; extra++) {
        struct buf bytes = BUF_INIT(8192);
        ck_assert_int_eq(buf_str(&bytes, "GET / HTTP/1.1\r\n" H), 0);
        for (int i = 1; i < HTTP_HEADERS_MAX + extra; i++)
            ck_assert_int_eq(buf_fmt(&bytes, "h%d: v\r\n", i), 0);
        ck_assert_int_eq(buf_str(&bytes, "\r\n"), 0);

        struct http_parse parse;
        struct http_headers headers;
        char *to;
        size_t room;
        http_parse_init(&parse, HTTP_REQUEST, &blocks, &wide);
        ck_assert_int_eq(http_parse_space(&parse, &to, &room), 0);
        memcpy(to, bytes.ptr, bytes.len);
        enum http_parsed parsed = http_parse_step(&parse, bytes.len, &headers);
        ck_assert_int_eq(parsed, extra ? HTTP_PARSE_BAD : HTTP_PARSE_DONE);
        ck_assert_int_eq(parse.status, extra ? 431 : 0);
        ck_assert_uint_eq(headers.count, HTTP_HEADERS_MAX);
        http_parse_release(&parse);
        buf_release(&bytes);
    }
    http_blocks_release(&blocks);
}
END_TEST

START_TEST(a_body_that_outgrows_its_block_is_moved_with_all_its_views)
{
    struct http_limits wide = { .head_max = 8192, .body_max = (size_t)1024 * 1024 };
    struct http_parse parse;
    struct http_headers headers;
    struct http_request request;
    struct buf bytes = BUF_INIT((size_t)2 * 1024 * 1024);
    size_t body_len = wide.body_max;
    ck_assert_int_eq(
        buf_fmt(&bytes, "POST /x?y HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n", body_len), 0);
    ck_assert_int_eq(buf_reserve(&bytes, body_len), 0);
    for (size_t i = 0; i < body_len; i++)
        bytes.ptr[bytes.len++] = (char)('a' + i % 23);

    http_parse_init(&parse, HTTP_REQUEST, &blocks, &wide);
    enum http_parsed parsed = HTTP_PARSE_MORE;
    struct view left = buf_view(&bytes);
    while (parsed == HTTP_PARSE_MORE && left.len) {
        char *to;
        size_t room;
        ck_assert_int_eq(http_parse_space(&parse, &to, &room), 0);
        room = room < left.len ? room : left.len;
        memcpy(to, left.ptr, room);
        left = (struct view){ left.ptr + room, left.len - room };
        parsed = http_parse_step(&parse, room, &headers);
    }
    ck_assert_int_eq(parsed, HTTP_PARSE_DONE);
    struct http_block *block = http_parse_take(&parse, &request);
    ck_assert(all_in(block, &request));
    ck_assert(view_is(request.method, "POST"));
    ck_assert(view_is(request.path, "/x"));
    ck_assert(view_is(request.query, "y"));
    ck_assert(view_is(http_header_get(&headers, "host"), "a"));
    ck_assert(view_eq(request.body, (struct view){ bytes.ptr + (bytes.len - body_len), body_len }));
    http_block_unref(block);
    http_parse_release(&parse);
    http_blocks_release(&blocks);
    buf_release(&bytes);
}
END_TEST

START_TEST(running_out_of_memory_refuses_space_and_nothing_else)
{
    struct http_parse parse;
    char *to;
    size_t room;
    http_parse_init(&parse, HTTP_REQUEST, &blocks, &limits);
    mem_fail_at(1);
    ck_assert_int_lt(http_parse_space(&parse, &to, &room), 0);
    mem_fail_at(0);
    ck_assert_int_eq(http_parse_space(&parse, &to, &room), 0);
    http_parse_release(&parse);
    http_blocks_release(&blocks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_parse");
    TCase *cuts = tcase_create("cuts");
    tcase_add_checked_fixture(cuts, net_setup, net_teardown);
    tcase_add_loop_test(cuts, a_request_is_read_the_same_however_it_is_cut, 0, COUNT(table));
    tcase_add_loop_test(cuts, a_nul_is_refused_everywhere_in_the_head, 0, 34);
    tcase_add_test(cuts, a_hundred_headers_are_read_and_one_more_is_refused);
    tcase_add_test(cuts, a_body_that_outgrows_its_block_is_moved_with_all_its_views);
    tcase_add_test(cuts, running_out_of_memory_refuses_space_and_nothing_else);
    suite_add_tcase(suite, cuts);
    return run_suite(suite, true);
}
