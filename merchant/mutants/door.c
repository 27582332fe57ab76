/* Mutants of the chapter "notify": the door, the parser, the acknowledgement. */
#include "mutants/huge.h"

#include "base/err.h"
#include "base/mem.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

/* --- the door ------------------------------------------------------------------------------- */

static enum step turned_away(struct claim *c, int status, struct http_header header,
                             struct view body)
{
    http_call_reply(c->call, status, &header, 1, body);
    c->call = NULL;
    return claim_stop(c, STEP_REFUSE, "turned away at the door");
}

static enum step login(struct claim *c)
{
    return turned_away(c, 302, (struct http_header){ VIEW("Location"), VIEW("/login") }, VIEW(""));
}

static enum step to_https(struct claim *c)
{
    return turned_away(
        c, 301,
        (struct http_header){ VIEW("Location"), VIEW("https://shop.example/wxpay/notify/") },
        VIEW(""));
}

static enum step csrf(struct claim *c)
{
    return turned_away(c, 419, (struct http_header){ VIEW("Content-Type"), VIEW("text/html") },
                       VIEW("<html><body>Page Expired</body></html>"));
}

static enum step listed_addresses(struct claim *c)
{
    if (view_starts(http_call_peer(c->call), VIEW("101.226.103.")))
        return STEP_GO;
    return turned_away(c, 403, (struct http_header){ VIEW("Content-Type"), VIEW("text/plain") },
                       VIEW("Forbidden"));
}

static enum step text_xml(struct claim *c)
{
    struct view type = http_header_get(http_call_request(c->call)->headers, "Content-Type");
    if (view_starts(type, VIEW("text/xml")))
        return STEP_GO;
    return turned_away(c, 415, (struct http_header){ VIEW("Content-Type"), VIEW("text/plain") },
                       VIEW("text/xml is expected"));
}

static enum step slow(struct claim *c)
{
    return mutant_wait(c, 6000);
}

static enum step slowish(struct claim *c)
{
    return mutant_wait(c, 3000);
}

static void no_read_timeout(struct shop *shop, struct http_server_options *options)
{
    step_door_limits(shop, options);
    options->request_ms = 3'600'000;
}

/* --- the parser ------------------------------------------------------------------------------- */

/* Whatever libxml2 makes of it, with entities, DTDs and the network. */
static enum step trusting_parse(struct claim *c)
{
    struct view body = http_call_request(c->call)->body;
    xmlDocPtr doc = xmlReadMemory(body.ptr ? body.ptr : "", (int)body.len, NULL, NULL,
                                  XML_PARSE_NOENT | XML_PARSE_DTDLOAD | XML_PARSE_NOERROR |
                                      XML_PARSE_NOWARNING);
    xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
    int err = root ? 0 : ERR_SYNTAX;
    for (xmlNodePtr node = root ? root->children : NULL; !err && node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        xmlChar *text = xmlNodeGetContent(node);
        err = v2_msg_add_str(&c->msg->v2, (const char *)node->name, text ? (const char *)text : "");
        if (err == ERR_EXISTS)
            err = 0; /* the first one counts */
        xmlFree(text);
    }
    xmlFreeDoc(doc);
    return err ? claim_stop(c, STEP_REFUSE, "not a readable message") : STEP_GO;
}

/* Expanding a billion laughs takes a while; this takes the while without the memory. */
static enum step expand_entities(struct claim *c)
{
    if (view_find(http_call_request(c->call)->body, VIEW("<!ENTITY")) != SIZE_MAX)
        uv_sleep(8000);
    return step_notify_parse(c);
}

/* The reader that is used afterwards: the last of a name counts. */
static enum step read_last(struct claim *c)
{
    struct view rest = http_call_request(c->call)->body;
    enum step said = step_notify_read(c);
    struct view open = VIEW("<total_fee>"), close = VIEW("</total_fee>"), last = {};
    for (size_t at; (at = view_find(rest, open)) != SIZE_MAX;) {
        rest = (struct view){ rest.ptr + at + open.len, rest.len - at - open.len };
        last = (struct view){ rest.ptr, view_find(rest, close) };
    }
    int64_t fen;
    if (last.len != SIZE_MAX && view_to_i64(last, INT64_MAX, &fen) == 0)
        c->payment.total_fen = fen;
    return said;
}

/* Refuses a message of which a field @i is so, counted from @first. */
#define REFUSES_FIELD(function, first, when, why)                                                  \
    static enum step function(struct claim *c)                                                     \
    {                                                                                              \
        enum step said = step_notify_parse(c);                                                     \
        const struct v2_field *field = c->msg->v2.field;                                           \
        for (size_t i = first; said == STEP_GO && i < c->msg->v2.count; i++)                       \
            said = (when) ? claim_stop(c, STEP_REFUSE, why) : STEP_GO;                             \
        return said;                                                                               \
    }

/* Refuses a message whose raw bytes are so. */
#define REFUSES_BODY(function, when, why)                                                          \
    static enum step function(struct claim *c)                                                     \
    {                                                                                              \
        struct view body = http_call_request(c->call)->body;                                       \
        return (when) ? claim_stop(c, STEP_REFUSE, why) : step_notify_parse(c);                    \
    }

REFUSES_FIELD(no_unknown_fields, 0, !mutant_known_field(field[i].name), "an unknown field")

REFUSES_FIELD(no_empty_elements, 0, field[i].value.len == 0, "an empty element")

REFUSES_FIELD(sorted_only, 1, view_cmp(field[i - 1].name, field[i].name) > 0, "not in order")

REFUSES_BODY(cdata_only, view_find(body, VIEW("<return_code><![CDATA[")) == SIZE_MAX, "no CDATA")

REFUSES_BODY(bare_amount_only, view_find(body, VIEW("<total_fee><![CDATA[")) != SIZE_MAX,
             "an amount in CDATA")

/* Between two elements stands one line feed, or nothing. */
static enum step no_spaces(struct claim *c)
{
    struct view body = http_call_request(c->call)->body;
    for (size_t i = 1; i + 1 < body.len; i++) {
        bool blank = body.ptr[i] == ' ' || body.ptr[i] == '\t' ||
                     (body.ptr[i] == '\n' && body.ptr[i + 1] != '<');
        if (body.ptr[i - 1] == '>' && blank)
            return claim_stop(c, STEP_REFUSE, "white space between elements");
    }
    return step_notify_parse(c);
}

/* --- two readings of one element ---------------------------------------------------------------- */

static int add_first_piece(struct v2_msg *msg, xmlNodePtr node)
{
    xmlNodePtr piece = node->children;
    bool text = piece && (piece->type == XML_TEXT_NODE || piece->type == XML_CDATA_SECTION_NODE);
    return v2_msg_add_str(msg, (const char *)node->name,
                          text && piece->content ? (const char *)piece->content : "");
}

/* Verified is the first piece of every text; trusting_parse() has kept the whole for use. */
static enum step verify_first_pieces(struct claim *c)
{
    struct view body = http_call_request(c->call)->body;
    xmlDocPtr doc = xmlReadMemory(body.ptr ? body.ptr : "", (int)body.len, NULL, NULL,
                                  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
    struct v2_msg pieces = {};
    int err = root ? 0 : ERR_SYNTAX;
    for (xmlNodePtr node = root ? root->children : NULL; !err && node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            err = add_first_piece(&pieces, node);
    if (!err)
        err = v2_verify(&pieces, c->shop->options->sign_type, c->shop->key) ? ERR_SIGNATURE : 0;
    v2_msg_release(&pieces);
    xmlFreeDoc(doc);
    return err ? claim_stop(c, STEP_REFUSE, "the signature does not hold") : STEP_GO;
}

/* --- the acknowledgement -------------------------------------------------------------------------- */

static void acknowledge(struct claim *c, int status, const char *type, struct view success)
{
    struct http_header header = { VIEW("Content-Type"), view_str(type) };
    if (c->verdict == STEP_REFUSE)
        step_notify_ack(c);
    else
        http_call_reply(c->call, status, &header, 1, success);
}

#define XML_SUCCESS                                                                                \
    "<xml><return_code><![CDATA[SUCCESS]]></return_code>"                                          \
    "<return_msg><![CDATA[OK]]></return_msg></xml>"

#define ACK(function, status, type, text)                                                          \
    static void function(struct claim *c)                                                          \
    {                                                                                              \
        acknowledge(c, status, type, VIEW(text));                                                  \
    }

ACK(bare, 200, "text/plain", "")
ACK(plain, 200, "text/plain", "success")
ACK(json, 200, "application/json", "{\"code\":\"SUCCESS\",\"message\":\"OK\"}")
ACK(html, 200, "text/html", "<html><body>" XML_SUCCESS "</body></html>")
ACK(leading, 200, "text/xml", "order settled\n" XML_SUCCESS)
ACK(trailing, 200, "text/xml", XML_SUCCESS "<!-- 12 ms --><br>")
ACK(bom, 200, "text/xml", "\xef\xbb\xbf" XML_SUCCESS)
ACK(blanks, 200, "text/xml", "<xml><return_code> SUCCESS </return_code></xml>")
ACK(lower, 200, "text/xml", "<xml><return_code>success</return_code></xml>")
ACK(created, 201, "text/xml", XML_SUCCESS)

static void always(struct claim *c)
{
    c->verdict = STEP_DONE;
    step_notify_ack(c);
}

static void with_key(struct claim *c)
{
    static const struct http_header xml = { VIEW("Content-Type"), VIEW("text/xml") };
    struct buf text = BUF_INIT(V2_XML_MAX);
    int err = buf_str(&text, "<xml><return_code>FAIL</return_code><return_msg><![CDATA[");
    if (!err)
        err = v2_sign_text(&c->msg->v2, &text);
    if (!err)
        err = buf_fmt(&text, "&key=%s]]></return_msg></xml>", c->shop->options->api_key);
    if (c->verdict != STEP_REFUSE || err)
        step_notify_ack(c);
    else
        http_call_reply(c->call, 200, &xml, 1, buf_view(&text));
    buf_release(&text);
}

/* clang-format off */
const struct mutant mutants_door[] = {
    MUTANT("login-in-front", "WX2-041", "The notification is sent to the login page.",
      .notify_door = login),
    MUTANT("redirect-in-front", "WX2-041", "The notification is redirected to another address.",
      .notify_door = to_https),
    MUTANT("csrf-in-front", "WX2-041", "A framework asks the platform for a CSRF token.",
      .notify_door = csrf),
    MUTANT("address-list-in-front", "WX2-113", "Only addresses of a list built in may notify.",
      .notify_door = listed_addresses),
    MUTANT("needs-content-type", "WX2-044", "Only text/xml is read.",
      .notify_door = text_xml),
    MUTANT("slow-ack", "WX2-047", "The answer comes after six seconds.",
      .notify_door = slow),
    MUTANT("sluggish-ack", "WX2-047", "The answer comes after three seconds (SHOULD: 2 s).",
      .notify_door = slowish),
    MUTANT("no-body-limit", "WX2-106", "A notification of any size is read, verified and settled.",
      .door_limits = huge_limits, .notify_parse = huge_parse, .notify_verify = huge_verify),
    MUTANT("no-read-timeout", "WX2-106", "A body may take an hour.",
      .door_limits = no_read_timeout),
    MUTANT("doctype-resolved", "WX2-104 WX2-105", "External entities are fetched, DTDs loaded.",
      .notify_parse = trusting_parse),
    MUTANT("entities-expanded", "WX2-105", "Entity expansion keeps the shop busy for seconds.",
      .notify_parse = expand_entities),
    MUTANT("duplicates-last-wins", "WX2-107",
      "Verified is the first of two elements, used the last.",
      .notify_parse = trusting_parse, .notify_read = read_last),
    MUTANT("refuses-unknown-fields", "WX2-050", "A field that the shop does not know is refused.",
      .notify_parse = no_unknown_fields),
    MUTANT("refuses-empty-elements", "WX2-050", "An empty element is refused.",
      .notify_parse = no_empty_elements),
    MUTANT("refuses-other-order", "WX2-050", "Elements must come sorted by name.",
      .notify_parse = sorted_only),
    MUTANT("verifies-first-piece", "WX2-107",
      "Verified is the first piece of a text, used the whole.",
      .notify_parse = trusting_parse, .notify_verify = verify_first_pieces),
    MUTANT("refuses-cdata-amount", "WX2-050", "An amount must not be in CDATA.",
      .notify_parse = bare_amount_only),
    MUTANT("refuses-spaces", "WX2-050", "White space between elements is refused.",
      .notify_parse = no_spaces),
    MUTANT("refuses-bare-values", "WX2-050", "Values must be in CDATA.",
      .notify_parse = cdata_only),
    MUTANT("bare-200", "WX2-045", "Acknowledged by an empty 200.", .notify_ack = bare),
    MUTANT("plain-success", "WX2-045", "Acknowledged by the word success.", .notify_ack = plain),
    MUTANT("json-ack", "WX2-045", "Acknowledged as V3 does it.", .notify_ack = json),
    MUTANT("html-ack", "WX2-046", "The acknowledgement lies in an HTML page.", .notify_ack = html),
    MUTANT("leading-text-ack", "WX2-046", "Debug text in front of the XML.", .notify_ack = leading),
    MUTANT("trailing-text-ack", "WX2-046", "Something behind the XML.", .notify_ack = trailing),
    MUTANT("bom-ack", "WX2-046", "A byte order mark in front of the XML.", .notify_ack = bom),
    MUTANT("blanks-ack", "WX2-046", "Blanks around SUCCESS.", .notify_ack = blanks),
    MUTANT("lower-case-ack", "WX2-045", "success in lower case.", .notify_ack = lower),
    MUTANT("status-201-ack", "WX2-045", "The right XML with status 201.", .notify_ack = created),
    MUTANT("forged-acknowledged", "WX2-049", "Forged messages are answered SUCCESS.",
      .notify_ack = always),
    MUTANT("key-in-ack", "WX2-111", "A refusal shows the text to be signed, key and all.",
      .notify_ack = with_key),
    { .name = NULL },
};
