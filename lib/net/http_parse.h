/*
 * http_parse.h — the bytes of one connection into messages. Knows no sockets.
 *
 *   http_parse_space()  where the next bytes go
 *   http_parse_step()   MORE   everything was used up, more is needed
 *                       DONE   one message is whole: look at it, take what you keep, step again
 *                              with 0 bytes; what follows it may be the next message already
 *                       BAD    refused: @status and @why; nothing more can be read here
 *
 * A message lies in one piece in one block (http_block.h): it is parsed where it was read, views
 * point at it, and only a message that outgrows its block is moved. A chunked body is joined in
 * place. What is refused does not depend on how the bytes were cut.
 *
 * llhttp reads the grammar. Here, on top of it: the bounds, the line ends (CR LF only, no folded
 * lines) and the rules against smuggling (RFC 9112 6.1, 6.3).
 */
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include "net/http_block.h"
#include "net/http_msg.h"

#include <llhttp.h>

struct http_limits {
    size_t head_max; /* bytes of start line and headers */
    size_t body_max;
};

enum http_parsed { HTTP_PARSE_MORE, HTTP_PARSE_DONE, HTTP_PARSE_BAD };

struct http_parse {
    /* the message being read; all but the last three are empty between messages */
    struct view target;           /* of a request */
    struct view head, body;       /* head is empty until it is whole */
    struct http_headers *headers; /* borrowed from the caller of http_parse_step() */
    bool keep_alive;              /* after DONE: may another message follow? */
    bool expects_continue;        /* the head is whole and asked for "100 Continue" */
    int status;                   /* after BAD: how a server should answer */
    bool too_long;                /* after BAD: a bound was reached, the grammar was kept */
    const char *why;              /* after BAD: static text */

    /* private */
    llhttp_t llhttp;
    const struct http_limits *limits; /* borrowed */
    struct http_blocks *blocks;       /* borrowed */
    struct http_block *block;         /* one reference, or NULL */
    size_t used, parsed;              /* bytes that came; of these, seen by llhttp */
    char *start;                      /* first byte of the message; NULL: none has begun */
    const char *line_end;             /* the CR of the start line, once known */
    size_t framing;                   /* bytes of chunk sizes, extensions, trailers */
    bool in_value, no_body;
};

void http_parse_init(struct http_parse *parse, llhttp_type_t type, struct http_blocks *blocks,
                     const struct http_limits *limits);
void http_parse_release(struct http_parse *parse);

/* Room for at least one byte. ERR_NOMEM. */
[[nodiscard]] int http_parse_space(struct http_parse *parse, char **ptr, size_t *len);

/*
 * @got bytes were written to the space. @headers is filled; it must be the same object until the
 * message is done, and is rebased when the message moves.
 */
[[nodiscard]] enum http_parsed http_parse_step(struct http_parse *parse, size_t got,
                                               struct http_headers *headers);

/* A response without length ends with the connection: DONE, BAD (cut), or MORE (none had begun). */
[[nodiscard]] enum http_parsed http_parse_eof(struct http_parse *parse);

/* The next response has no body whatever its head says: it answers HEAD. */
void http_parse_no_body(struct http_parse *parse);

/* Has the first byte of a message come, and not yet its last? */
static inline bool http_parse_begun(const struct http_parse *parse)
{
    return parse->start != NULL;
}

/* What came of the message under way: for records of what was refused. */
struct view http_parse_seen(const struct http_parse *parse);

/*
 * After DONE: the message as a request, and a reference to the block its views lie in. The parser
 * is then ready for the next one.
 */
struct http_block *http_parse_take(struct http_parse *parse, struct http_request *request);

/* The same for a response. */
struct http_block *http_parse_take_response(struct http_parse *parse,
                                            struct http_response *response);

/* http_grammar.c: what llhttp calls; the rules that a message is held to. */
extern const llhttp_settings_t http_grammar;

/* Stop here, with this answer. Returns what a callback of llhttp must return. */
int http_parse_refuse(struct http_parse *parse, int status, const char *why);

#endif
