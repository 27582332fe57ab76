#include "net/http_parse.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>

/* The smallest room worth a read, unless the message needs less. */
#define ROOM_MIN 512

static struct http_parse *parse_of(llhttp_t *llhttp)
{
    return container_of(llhttp, struct http_parse, llhttp);
}

/* From a callback of llhttp: stop here, with this answer. */
static int refuse(struct http_parse *parse, int status, const char *why)
{
    parse->status = status;
    parse->too_long = status == 413 || status == 414 || status == 431;
    parse->why = why;
    return HPE_USER;
}

/* Bytes of one token arrive in one piece or in neighbouring ones, since the block is one piece. */
static bool continues(struct view text, const char *at)
{
    return text.ptr && text.ptr + text.len == at;
}

static struct http_header *last_header(struct http_parse *parse)
{
    return parse->headers->count ? &parse->headers->item[parse->headers->count - 1] : NULL;
}

/*
 * The text of the line read last is over: where does it end? NULL when the start line does not end
 * with CR LF. Blanks behind a value are cut off here.
 */
static const char *text_end(struct http_parse *parse)
{
    struct http_header *header = last_header(parse);
    if (!header) {
        size_t len = (size_t)(parse->block->bytes + parse->used - parse->start);
        const char *lf = memchr(parse->start, '\n', len);
        parse->line_end = lf && lf > parse->start && lf[-1] == '\r' ? lf - 1 : NULL;
        return parse->line_end;
    }
    struct view *value = &header->value;
    if (!value->ptr)
        *value = (struct view){ header->name.ptr + header->name.len + 1, 0 };
    while (value->len && (value->ptr[value->len - 1] == ' ' || value->ptr[value->len - 1] == '\t'))
        value->len--;
    return value->ptr + value->len;
}

/* From @from only blanks, then @ending, and all of it before @limit? Where it ends, or NULL. */
static const char *ends_with(const char *from, const char *limit, struct view ending)
{
    while (from < limit && (*from == ' ' || *from == '\t'))
        from++;
    bool fine = (size_t)(limit - from) >= ending.len && !memcmp(from, ending.ptr, ending.len);
    return fine ? from + ending.len : NULL;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parse *parse = parse_of(llhttp);
    if (continues(parse->target, at))
        parse->target.len += len;
    else
        parse->target = (struct view){ at, len };
    return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parse *parse = parse_of(llhttp);
    if (parse->head.ptr)
        return 0; /* a trailer of a chunked body: bounded as framing, not kept */
    struct http_header *header = last_header(parse);
    if (header && !parse->in_value && continues(header->name, at)) {
        header->name.len += len;
        return 0;
    }
    const char *end = text_end(parse);
    if (!end || ends_with(end, at, VIEW("\r\n")) != at)
        return refuse(parse, 400, "a line of the head does not end with CR LF");
    if (parse->headers->count == HTTP_HEADERS_MAX)
        return refuse(parse, 431, "too many headers");
    parse->headers->item[parse->headers->count++] = (struct http_header){ .name = { at, len } };
    parse->in_value = false;
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parse *parse = parse_of(llhttp);
    struct http_header *header = last_header(parse);
    if (parse->head.ptr || !header)
        return 0;
    parse->in_value = true;
    if (len == 0)
        return 0; /* an empty value; llhttp tells it from behind the line's end */
    if (continues(header->value, at)) {
        header->value.len += len;
        return 0;
    }
    const char *colon = header->name.ptr + header->name.len;
    const char *from = colon + 1;
    while (from < at && (*from == ' ' || *from == '\t'))
        from++;
    /* RFC 9112 5.2: a folded line; what it means depends on who reads it */
    if (header->value.ptr || *colon != ':' || from != at)
        return refuse(parse, 400, "a header is continued on the next line");
    header->value = (struct view){ at, len };
    return 0;
}

/* RFC 9112 6.1: "chunked", once and alone, is all we take. */
static int check_coding(struct http_parse *parse, struct view coding, size_t times)
{
    bool is_request = parse->llhttp.type == HTTP_REQUEST;
    if (parse->llhttp.http_minor == 0)
        return refuse(parse, 400, "Transfer-Encoding in HTTP/1.0");
    if (parse->llhttp.flags & F_CONTENT_LENGTH)
        return refuse(parse, 400, "both Transfer-Encoding and Content-Length");
    if (times > 1 || !view_eq_nocase(coding, VIEW("chunked")))
        return refuse(parse, is_request ? 501 : 400, "a Transfer-Encoding other than chunked");
    return 0;
}

static int check_request_line(struct http_parse *parse)
{
    const char *after = parse->target.ptr + parse->target.len;
    size_t left = (size_t)(parse->line_end - after);
    if (left != strlen(" HTTP/1.1") || memcmp(after, " HTTP/1.", 8) != 0)
        return refuse(parse, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (parse->llhttp.method == HTTP_CONNECT)
        return refuse(parse, 501, "CONNECT is not served");
    const char *blank = memchr(parse->start, ' ', (size_t)(after - parse->start));
    if (!blank || blank + 1 != parse->target.ptr)
        return refuse(parse, 400, "more than one blank in the request line");
    parse->llhttp.upgrade = 0; /* an offer to upgrade may be ignored (RFC 9110 7.8) */
    return 0;
}

static int check_status_line(struct http_parse *parse)
{
    int status = parse->llhttp.status_code;
    if (status < 100)
        return refuse(parse, 400, "the status has fewer than three digits");
    if (status == 101)
        return refuse(parse, 501, "an upgrade that nobody asked for");
    return 0;
}

static int check_headers(struct http_parse *parse)
{
    struct view coding = {}, expect = {};
    size_t codings = 0, hosts = 0;
    for (size_t i = 0; i < parse->headers->count; i++) {
        const struct http_header *header = &parse->headers->item[i];
        if (header->name.len == 0)
            return refuse(parse, 400, "a header without a name");
        if (header->name.len == 4 && view_eq_nocase(header->name, VIEW("host"))) {
            hosts++;
        } else if (header->name.len == 6 && view_eq_nocase(header->name, VIEW("expect"))) {
            expect = header->value;
        } else if (header->name.len == 17 &&
                   view_eq_nocase(header->name, VIEW("transfer-encoding"))) {
            coding = header->value;
            codings++;
        }
    }
    int err = codings ? check_coding(parse, coding, codings) : 0;
    if (err || parse->llhttp.type != HTTP_REQUEST)
        return err;
    bool is_1_0 = parse->llhttp.http_minor == 0;
    if (hosts > 1 || (hosts == 0 && !is_1_0))
        return refuse(parse, 400, "exactly one Host header is needed");
    if (expect.ptr && !is_1_0) {
        if (!view_eq_nocase(expect, VIEW("100-continue")))
            return refuse(parse, 417, "an Expect other than 100-continue");
        parse->expects_continue = true;
    }
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct http_parse *parse = parse_of(llhttp);
    const char *end = text_end(parse);
    if (end)
        end = ends_with(end, parse->block->bytes + parse->used, VIEW("\r\n\r\n"));
    if (!end)
        return refuse(parse, 400, "a line of the head does not end with CR LF");
    int err = llhttp->type == HTTP_REQUEST ? check_request_line(parse) : check_status_line(parse);
    if (!err && llhttp->http_major != 1)
        err = refuse(parse, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (!err)
        err = check_headers(parse);
    if (err)
        return err;
    if ((llhttp->flags & F_CONTENT_LENGTH) && llhttp->content_length > parse->limits->body_max)
        return refuse(parse, 413, "the body is longer than allowed");
    parse->head = (struct view){ parse->start, (size_t)(end - parse->start) };
    parse->body = (struct view){ end, 0 };
    int status = llhttp->status_code;
    bool bare = parse->no_body || status / 100 == 1 || status == 204 || status == 304;
    return llhttp->type == HTTP_RESPONSE && bare ? 1 : 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parse *parse = parse_of(llhttp);
    if (len > parse->limits->body_max - parse->body.len)
        return refuse(parse, 413, "the body is longer than allowed");
    if (!continues(parse->body, at)) {
        char *end = parse->start + parse->head.len + parse->body.len;
        memmove(end, at, len); /* close the gap a chunk's size line left */
    }
    parse->body.len += len;
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct http_parse *parse = parse_of(llhttp);
    parse->keep_alive = llhttp_should_keep_alive(llhttp);
    return HPE_PAUSED; /* one message at a time */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void http_parse_init(struct http_parse *parse, llhttp_type_t type, struct http_blocks *blocks,
                     const struct http_limits *limits)
{
    *parse = (struct http_parse){ .blocks = blocks, .limits = limits };
    llhttp_init(&parse->llhttp, type, &settings);
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
    (void)refuse(parse, status, why);
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
    case HPE_CB_HEADERS_COMPLETE: return HTTP_PARSE_BAD; /* refuse() has said why */
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
