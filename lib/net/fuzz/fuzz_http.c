/*
 * Bytes from the wire: requests and responses, whole and in pieces, which must say the same; URLs;
 * query and form fields. The first byte chooses among them, the second the pieces.
 */
#include "net/http_parse.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static const struct http_limits limits = { .head_max = 512, .body_max = 128 };
static struct http_blocks blocks;

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void say(struct buf *out, struct view text)
{
    MUST(buf_fmt(out, "%zu:", text.len) == 0);
    MUST(buf_view_add(out, text) == 0);
}

/* The same for a view that must lie in the block that came with the message. */
static void say_in(struct buf *out, const struct http_block *block, struct view text)
{
    MUST(text.ptr >= block->bytes && text.ptr + text.len <= block->bytes + block->cap);
    say(out, text);
}

static void say_headers(struct buf *out, const struct http_block *block,
                        const struct http_headers *headers)
{
    MUST(headers->count <= HTTP_HEADERS_MAX);
    for (size_t i = 0; i < headers->count; i++) {
        say_in(out, block, headers->item[i].name);
        say_in(out, block, headers->item[i].value);
    }
}

/* Everything the message under way says; it ends here. */
static void say_message(struct buf *out, struct http_parse *parse, llhttp_type_t type)
{
    struct http_request request = {};
    struct http_response response = {};
    struct http_block *block;
    if (type == HTTP_REQUEST) {
        block = http_parse_take(parse, &request);
        MUST(request.head.len <= limits.head_max && request.body.len <= limits.body_max);
        MUST(view_starts(request.head, request.method));
        say_in(out, block, request.method);
        say_in(out, block, request.target);
        say(out, request.path);
        say(out, request.query);
        say_headers(out, block, request.headers);
        say_in(out, block, request.head);
        say_in(out, block, request.body);
    } else {
        block = http_parse_take_response(parse, &response);
        MUST(response.status >= 100 && response.status <= 999);
        say_headers(out, block, response.headers);
        say_in(out, block, response.head);
        say_in(out, block, response.body);
    }
    http_block_unref(block);
}

/* Reads @bytes in pieces of 1 … @most, as @seed chooses; @most 0: as large as can be. */
static void read_all(struct buf *out, struct view bytes, llhttp_type_t type, uint32_t seed)
{
    struct http_parse parse;
    struct http_headers headers;
    enum http_parsed parsed = HTTP_PARSE_MORE;
    http_parse_init(&parse, type, &blocks, &limits);
    while (bytes.len && parsed != HTTP_PARSE_BAD) {
        char *to;
        size_t len;
        MUST(http_parse_space(&parse, &to, &len) == 0);
        if (seed) {
            seed = seed * 1664525 + 1013904223;
            size_t piece = 1 + (seed >> 24) % 17;
            len = len < piece ? len : piece;
        }
        len = len < bytes.len ? len : bytes.len;
        memcpy(to, bytes.ptr, len);
        bytes = (struct view){ bytes.ptr + len, bytes.len - len };
        while ((parsed = http_parse_step(&parse, len, &headers)) == HTTP_PARSE_DONE) {
            say_message(out, &parse, type);
            len = 0;
        }
    }
    if (parsed != HTTP_PARSE_BAD)
        parsed = http_parse_eof(&parse);
    if (parsed == HTTP_PARSE_DONE)
        say_message(out, &parse, type);
    if (parsed == HTTP_PARSE_BAD)
        MUST(parse.why && parse.status >= 400 && buf_fmt(out, "%d", parse.status) == 0);
    http_parse_release(&parse);
}

static void messages(struct view bytes, llhttp_type_t type, uint8_t seed)
{
    struct buf whole = BUF_INIT(SIZE_MAX / 4), cut = BUF_INIT(SIZE_MAX / 4);
    read_all(&whole, bytes, type, 0);
    read_all(&cut, bytes, type, seed + 1u);
    MUST(view_eq(buf_view(&whole), buf_view(&cut)));
    buf_release(&whole);
    buf_release(&cut);
    http_blocks_release(&blocks);
}

static void url(struct view bytes)
{
    struct http_url parts;
    if (http_url_parse(bytes, &parts))
        return;
    MUST(parts.host.len > 0 && parts.port > 0);
    MUST(view_starts(bytes, parts.origin));
    MUST(parts.target.len <= bytes.len && parts.query.len <= parts.target.len);
    MUST(view_find(bytes, parts.host) != SIZE_MAX);
}

static void form(struct view bytes)
{
    struct buf value = BUF_INIT(4096), again = BUF_INIT(3 * 4096), back = BUF_INIT(4096);
    if (http_form_get(bytes, "a b", &value) == 0) {
        MUST(value.len <= bytes.len);
        MUST(http_percent_encode(&again, buf_view(&value)) == 0);
        MUST(http_percent_decode(&back, buf_view(&again), true) == 0);
        MUST(view_eq(buf_view(&back), buf_view(&value)));
    }
    buf_release(&value);
    buf_release(&again);
    buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 16384)
        return 0;
    int64_t live = mem_live();
    struct view bytes = { (const char *)data + 2, size - 2 };
    switch (data[0] % 4) {
    case 0: messages(bytes, HTTP_REQUEST, data[1]); break;
    case 1: messages(bytes, HTTP_RESPONSE, data[1]); break;
    case 2: url(bytes); break;
    default: form(bytes);
    }
    MUST(mem_live() == live);
    return 0;
}
