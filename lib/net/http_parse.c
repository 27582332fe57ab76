#include "net/http_parse.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>

/* The smallest room worth a read, unless the message needs less. */
#define ROOM_MIN 512

void http_parse_init(struct http_parse *parse, llhttp_type_t type, struct http_blocks *blocks,
                     const struct http_limits *limits)
{
    *parse = (struct http_parse){ .blocks = blocks, .limits = limits };
    llhttp_init(&parse->llhttp, type, &http_grammar);
}

void http_parse_release(struct http_parse *parse)
{
    http_block_unref(parse->block);
    parse->block = NULL;
}

static const char *moved(const char *ptr, const char *from, const char *to)
{
    return ptr ? to + (ptr - from) : NULL;
}

/* The message and what was read behind it go to a larger block, all views with them. */
static int move_message(struct http_parse *parse)
{
    const char *from = parse->start ? parse->start : parse->block->bytes + parse->parsed;
    size_t skipped = (size_t)(from - parse->block->bytes);
    size_t kept = parse->used - skipped;
    struct http_block *block = http_block_new(parse->blocks, kept + kept / 2 + ROOM_MIN);
    if (!block)
        return ERR_NOMEM;
    char *to = block->bytes;
    memcpy(to, from, kept);
    if (parse->start) {
        parse->target.ptr = moved(parse->target.ptr, from, to);
        parse->head.ptr = moved(parse->head.ptr, from, to);
        parse->body.ptr = moved(parse->body.ptr, from, to);
        parse->line_end = moved(parse->line_end, from, to);
        parse->start = to;
        for (size_t i = 0; i < parse->headers->count; i++) {
            struct http_header *header = &parse->headers->item[i];
            header->name.ptr = moved(header->name.ptr, from, to);
            header->value.ptr = moved(header->value.ptr, from, to);
        }
    }
    http_block_unref(parse->block);
    parse->block = block;
    parse->used = kept;
    parse->parsed -= skipped;
    return 0;
}

int http_parse_space(struct http_parse *parse, char **ptr, size_t *len)
{
    if (!parse->block) {
        parse->block = http_block_new(parse->blocks, HTTP_BLOCK_SIZE);
        if (!parse->block)
            return ERR_NOMEM;
        parse->used = parse->parsed = 0;
    } else if (parse->block->cap - parse->used < ROOM_MIN) {
        int err = move_message(parse);
        if (err)
            return err;
    }
    *ptr = parse->block->bytes + parse->used;
    *len = parse->block->cap - parse->used;
    return 0;
}

static enum http_parsed bad(struct http_parse *parse, int status, const char *why)
{
    (void)http_parse_refuse(parse, status, why);
    return HTTP_PARSE_BAD;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* A method we do not know is 501, what cannot be a method is 400. @at is the byte llhttp fell over. */
static enum http_parsed bad_method(struct http_parse *parse, const char *at)
{
    for (const char *c = parse->start; c <= at; c++)
        if (!is_token_char(*c))
            return bad(parse, 400, "the request line is malformed");
    return bad(parse, 501, "unknown method");
}

static enum http_parsed failed(struct http_parse *parse, llhttp_errno_t err, const char *at)
{
    switch (err) {
    case HPE_USER:
    case HPE_CB_HEADERS_COMPLETE: return HTTP_PARSE_BAD; /* the grammar has said why */
    case HPE_INVALID_METHOD: return bad_method(parse, at);
    case HPE_INVALID_VERSION:
    case HPE_PAUSED_H2_UPGRADE:
        return bad(parse, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    case HPE_STRICT:
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED: return bad(parse, 400, "a line does not end with CR LF");
    case HPE_INVALID_URL: return bad(parse, 400, "the target holds a byte that must be escaped");
    case HPE_INVALID_HEADER_TOKEN: return bad(parse, 400, "a header holds a forbidden byte");
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
        return bad(parse, 400, "Content-Length is malformed, doubled or forbidden here");
    case HPE_INVALID_CHUNK_SIZE: return bad(parse, 400, "a chunk size is malformed");
    case HPE_INVALID_TRANSFER_ENCODING: return bad(parse, 400, "Transfer-Encoding is malformed");
    default: return bad(parse, 400, "not HTTP");
    }
}

/* Nothing has begun: blank lines before a message are skipped (RFC 9112 2.2). */
static void skip_blank_lines(struct http_parse *parse)
{
    char *bytes = parse->block->bytes;
    while (parse->parsed < parse->used &&
           (bytes[parse->parsed] == '\r' || bytes[parse->parsed] == '\n'))
        parse->parsed++;
    if (parse->parsed < parse->used)
        parse->start = bytes + parse->parsed;
}

/* The bytes so far are all parsed: is the message within its bounds? */
static enum http_parsed check_bounds(struct http_parse *parse)
{
    const struct http_limits *limits = parse->limits;
    size_t seen = (size_t)(parse->block->bytes + parse->parsed - parse->start);
    if (!parse->head.ptr && seen >= limits->head_max) {
        bool in_line = !memchr(parse->start, '\n', seen);
        return in_line ? bad(parse, 414, "the request line is longer than allowed")
                       : bad(parse, 431, "the head is longer than allowed");
    }
    if (parse->framing > limits->head_max + limits->body_max)
        return bad(parse, 400, "too much chunk framing");
    return HTTP_PARSE_MORE;
}

/* A chunked body: the next bytes may overwrite size lines that have been read. */
static void forget_framing(struct http_parse *parse)
{
    if (parse->head.ptr && parse->parsed == parse->used)
        parse->used = parse->parsed =
            (size_t)(parse->body.ptr + parse->body.len - parse->block->bytes);
}

/* Give llhttp what is there, of a head no more than its bound. */
static enum http_parsed feed(struct http_parse *parse)
{
    const char *from = parse->block->bytes + parse->parsed;
    size_t len = parse->used - parse->parsed;
    size_t body_before = parse->body.len;
    bool in_head = !parse->head.ptr;
    if (in_head) {
        size_t left = parse->limits->head_max - (size_t)(from - parse->start);
        len = len < left ? len : left;
    }
    llhttp_errno_t err = llhttp_execute(&parse->llhttp, from, len);
    const char *at = err == HPE_OK ? from + len : llhttp_get_error_pos(&parse->llhttp);
    size_t eaten = (size_t)(at - from);
    parse->parsed += eaten;
    if (err != HPE_OK && err != HPE_PAUSED)
        return failed(parse, err, at);
    if (parse->head.ptr) {
        size_t of_head = in_head ? (size_t)(parse->head.ptr + parse->head.len - from) : 0;
        parse->framing += eaten - of_head - (parse->body.len - body_before);
    }
    enum http_parsed within = check_bounds(parse);
    if (within == HTTP_PARSE_BAD || err == HPE_OK)
        return within;
    llhttp_resume(&parse->llhttp);
    return HTTP_PARSE_DONE;
}

enum http_parsed http_parse_step(struct http_parse *parse, size_t got, struct http_headers *headers)
{
    parse->headers = headers;
    if (!parse->block)
        return HTTP_PARSE_MORE;
    parse->used += got;
    if (!parse->start) {
        headers->count = 0;
        skip_blank_lines(parse);
    }
    while (parse->start && parse->parsed < parse->used) {
        enum http_parsed result = feed(parse);
        if (result != HTTP_PARSE_MORE)
            return result;
    }
    if (parse->start)
        forget_framing(parse);
    else
        http_parse_release(parse); /* a waiting connection holds no memory for bytes */
    return HTTP_PARSE_MORE;
}

enum http_parsed http_parse_eof(struct http_parse *parse)
{
    if (!parse->start)
        return HTTP_PARSE_MORE;
    llhttp_errno_t err = llhttp_finish(&parse->llhttp);
    if (err == HPE_PAUSED) { /* on_message_complete() has seen the end */
        llhttp_resume(&parse->llhttp);
        parse->keep_alive = false;
        return HTTP_PARSE_DONE;
    }
    return bad(parse, 400, "the connection ended in the middle of a message");
}

void http_parse_no_body(struct http_parse *parse)
{
    parse->no_body = true;
}

struct view http_parse_seen(const struct http_parse *parse)
{
    if (!parse->start || !parse->block)
        return (struct view){};
    return (struct view){ parse->start,
                          (size_t)(parse->block->bytes + parse->used - parse->start) };
}

/* The message is somebody else's now. */
static struct http_block *end_message(struct http_parse *parse)
{
    struct http_block *block = http_block_ref(parse->block);
    parse->target = parse->head = parse->body = (struct view){};
    parse->start = NULL;
    parse->headers = NULL;
    parse->line_end = NULL;
    parse->framing = 0;
    parse->in_value = parse->no_body = parse->expects_continue = false;
    return block;
}

/* RFC 9112 3.2.2: a target with scheme and authority must be accepted; the path follows them. */
static struct view path_and_query(struct view target)
{
    if (target.len && target.ptr[0] == '/')
        return target;
    size_t at = view_find(target, VIEW("://"));
    if (at == SIZE_MAX)
        return target;
    struct view rest = { target.ptr + at + 3, target.len - at - 3 };
    const char *slash = memchr(rest.ptr, '/', rest.len);
    return slash ? (struct view){ slash, (size_t)(rest.ptr + rest.len - slash) } : VIEW("/");
}

struct http_block *http_parse_take(struct http_parse *parse, struct http_request *request)
{
    const char *blank = memchr(parse->start, ' ', parse->head.len);
    assert(blank && "checked in on_headers_complete()");
    request->method = (struct view){ parse->start, (size_t)(blank - parse->start) };
    request->target = parse->target;
    request->path = view_cut(path_and_query(parse->target), '?', &request->query);
    request->headers = parse->headers;
    request->body = parse->body;
    request->head = parse->head;
    return end_message(parse);
}

struct http_block *http_parse_take_response(struct http_parse *parse,
                                            struct http_response *response)
{
    response->status = parse->llhttp.status_code;
    response->headers = parse->headers;
    response->body = parse->body;
    response->head = parse->head;
    return end_message(parse);
}
