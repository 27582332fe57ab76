#include "net/http_parse.h"

#include "base/mem.h"

static struct http_parse *parse_of(llhttp_t *llhttp)
{
    return container_of(llhttp, struct http_parse, llhttp);
}

int http_parse_refuse(struct http_parse *parse, int status, const char *why)
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
        return http_parse_refuse(parse, 400, "a line of the head does not end with CR LF");
    if (parse->headers->count == HTTP_HEADERS_MAX)
        return http_parse_refuse(parse, 431, "too many headers");
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
        return http_parse_refuse(parse, 400, "a header is continued on the next line");
    header->value = (struct view){ at, len };
    return 0;
}

/* RFC 9112 6.1: "chunked", once and alone, is all we take. */
static int check_coding(struct http_parse *parse, struct view coding, size_t times)
{
    bool is_request = parse->llhttp.type == HTTP_REQUEST;
    if (parse->llhttp.http_minor == 0)
        return http_parse_refuse(parse, 400, "Transfer-Encoding in HTTP/1.0");
    if (parse->llhttp.flags & F_CONTENT_LENGTH)
        return http_parse_refuse(parse, 400, "both Transfer-Encoding and Content-Length");
    if (times > 1 || !view_eq_nocase(coding, VIEW("chunked")))
        return http_parse_refuse(parse, is_request ? 501 : 400,
                                 "a Transfer-Encoding other than chunked");
    return 0;
}

static int check_request_line(struct http_parse *parse)
{
    const char *after = parse->target.ptr + parse->target.len;
    size_t left = (size_t)(parse->line_end - after);
    if (left != strlen(" HTTP/1.1") || memcmp(after, " HTTP/1.", 8) != 0)
        return http_parse_refuse(parse, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (parse->llhttp.method == HTTP_CONNECT)
        return http_parse_refuse(parse, 501, "CONNECT is not served");
    const char *blank = memchr(parse->start, ' ', (size_t)(after - parse->start));
    if (!blank || blank + 1 != parse->target.ptr)
        return http_parse_refuse(parse, 400, "more than one blank in the request line");
    parse->llhttp.upgrade = 0; /* an offer to upgrade may be ignored (RFC 9110 7.8) */
    return 0;
}

static int check_status_line(struct http_parse *parse)
{
    int status = parse->llhttp.status_code;
    if (status < 100)
        return http_parse_refuse(parse, 400, "the status has fewer than three digits");
    if (status == 101)
        return http_parse_refuse(parse, 501, "an upgrade that nobody asked for");
    return 0;
}

static int check_headers(struct http_parse *parse)
{
    struct view coding = {}, expect = {};
    size_t codings = 0, hosts = 0;
    for (size_t i = 0; i < parse->headers->count; i++) {
        const struct http_header *header = &parse->headers->item[i];
        if (header->name.len == 0)
            return http_parse_refuse(parse, 400, "a header without a name");
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
        return http_parse_refuse(parse, 400, "exactly one Host header is needed");
    if (expect.ptr && !is_1_0) {
        if (!view_eq_nocase(expect, VIEW("100-continue")))
            return http_parse_refuse(parse, 417, "an Expect other than 100-continue");
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
        return http_parse_refuse(parse, 400, "a line of the head does not end with CR LF");
    int err = llhttp->type == HTTP_REQUEST ? check_request_line(parse) : check_status_line(parse);
    if (!err && llhttp->http_major != 1)
        err = http_parse_refuse(parse, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (!err)
        err = check_headers(parse);
    if (err)
        return err;
    if ((llhttp->flags & F_CONTENT_LENGTH) && llhttp->content_length > parse->limits->body_max)
        return http_parse_refuse(parse, 413, "the body is longer than allowed");
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
        return http_parse_refuse(parse, 413, "the body is longer than allowed");
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

const llhttp_settings_t http_grammar = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};
