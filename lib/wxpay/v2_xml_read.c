/*
 * The reader: libxml2's SAX2 with a context kept per thread, and a rule for everything that is not
 * a flat list of texts (V2 1.3, 9.1, 9.2, 9.9).
 *
 *   depth 0 --<xml>--> 1 --<name>--> 2 --</name>--> 1 --</xml>--> 0
 *
 * The callbacks only fill the message or note the first fault; after a fault they do nothing.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v2_msg_priv.h"

#include <assert.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <stdio.h>

/* NONET, no DTD, no substitution; the encoding was checked before libxml2 sees a byte. */
#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_IGNORE_ENC)

/*
 * libxml2 keeps every name it has seen in the context's dictionary. A stranger could fill it with
 * made-up names for ever, so a context with too many is thrown away.
 */
#define DICT_NAMES_MAX 2048

struct reader {
    xmlParserCtxtPtr xml; /* owned, kept from document to document */
    char *copy;           /* owned: the document with a NUL behind it, as libxml2 wants it */
    size_t copy_cap;
    /* of the document being read: */
    struct v2_msg *msg; /* borrowed */
    struct v2_fault fault;
    unsigned depth;
    bool root_is_root, cdata;
    struct view name; /* of the field being read; its bytes lie in the message */
    char *value;      /* grows in the message's last room */
    size_t value_len;
    char *room_end;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static int start_failed;
static _Thread_local struct reader *kept;

/* ---- faults ---------------------------------------------------------------------------------- */

/* Hostile text for people: no control bytes, cut between characters. */
static void rule_text(char *out, size_t size, struct view text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i];
    out[len] = '\0';
}

/* "<rule>: <name>" — the name is the wire's and may be anything. */
static void fault_set(struct v2_fault *fault, enum v2_fault_kind kind, unsigned line,
                      const char *rule, struct view name)
{
    char whole[sizeof(fault->rule) * 2];
    int len = name.len ? snprintf(whole, sizeof(whole), "%s: <%.*s>", rule, VIEW_ARG(name))
                       : snprintf(whole, sizeof(whole), "%s", rule);
    size_t shown = (size_t)len < sizeof(whole) ? (size_t)len : sizeof(whole) - 1;
    fault->kind = kind;
    fault->line = line;
    rule_text(fault->rule, sizeof(fault->rule), (struct view){ whole, shown });
}

static unsigned line_now(const struct reader *reader)
{
    const xmlParserInputPtr input = reader->xml->input;
    return input && input->line > 0 ? (unsigned)input->line : 0;
}

/* Note the first fault and end the parse. */
static void refuse(struct reader *reader, enum v2_fault_kind kind, const char *rule,
                   struct view name)
{
    if (reader->fault.kind)
        return;
    fault_set(&reader->fault, kind, line_now(reader), rule, name);
    xmlStopParser(reader->xml);
}

/* ---- what libxml2 tells ---------------------------------------------------------------------- */

static void open_root(struct reader *reader, struct view name)
{
    if (view_eq(name, VIEW("root")))
        reader->root_is_root = true;
    else if (!view_eq(name, VIEW("xml")))
        refuse(reader, V2_FAULT_ROOT, "the root must be <xml> or <root>", name);
}

static void open_field(struct reader *reader, struct view name)
{
    struct v2_msg *msg = reader->msg;
    if (name.len > V2_NAME_MAX) {
        refuse(reader, V2_FAULT_LIMIT, "a name may have 64 bytes at most", name);
        return;
    }
    if (v2_msg_find(msg, name)) {
        refuse(reader, V2_FAULT_DUPLICATE, "an element occurs twice", name);
        return;
    }
    int err = v2_msg_grow(msg);
    if (err == ERR_LIMIT)
        refuse(reader, V2_FAULT_LIMIT, "more than 256 elements", name);
    else if (err)
        refuse(reader, V2_FAULT_NOMEM, "out of memory", (struct view){});
    if (err)
        return;
    /* Tags alone take more bytes of the document than name, value and two NULs take here. */
    char *at = v2_text_room(msg, name.len + 2);
    assert(at && at + name.len + 2 <= reader->room_end);
    memcpy(at, name.ptr, name.len);
    at[name.len] = '\0';
    v2_text_keep(msg, name.len + 1);
    reader->name = (struct view){ at, name.len };
    reader->value = at + name.len + 1;
    reader->value_len = 0;
}

static void on_open(void *user, const xmlChar *local, const xmlChar *prefix, const xmlChar *,
                    int spaces, const xmlChar **, int attributes, int, const xmlChar **)
{
    struct reader *reader = user;
    struct view name = view_str((const char *)local);
    if (reader->fault.kind)
        return;
    if (prefix || spaces || memchr(name.ptr, ':', name.len))
        refuse(reader, V2_FAULT_ATTRIBUTE, "name spaces are not part of a message", name);
    else if (attributes)
        refuse(reader, V2_FAULT_ATTRIBUTE, "an element may have no attributes", name);
    else if (reader->depth == 0)
        open_root(reader, name);
    else if (reader->depth == 1)
        open_field(reader, name);
    else
        refuse(reader, V2_FAULT_NESTED, "an element inside a field", name);
    reader->depth++;
}

static void on_close(void *user, const xmlChar *, const xmlChar *, const xmlChar *)
{
    struct reader *reader = user;
    if (reader->fault.kind)
        return;
    if (--reader->depth != 1)
        return;
    reader->value[reader->value_len] = '\0';
    v2_text_keep(reader->msg, reader->value_len + 1);
    struct view value = { reader->value, reader->value_len };
    v2_msg_push(reader->msg, (struct v2_field){ .name = reader->name, .value = value });
}

static void add_text(struct reader *reader, const xmlChar *text, size_t len)
{
    char *at = reader->value + reader->value_len;
    assert(len < (size_t)(reader->room_end - at));
    memcpy(at, text, len);
    reader->value_len += len;
}

static bool is_blank(const xmlChar *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            return false;
    return true;
}

static void on_text(void *user, const xmlChar *text, int len)
{
    struct reader *reader = user;
    if (reader->fault.kind || len <= 0)
        return;
    if (reader->depth == 2)
        add_text(reader, text, (size_t)len);
    else if (!is_blank(text, (size_t)len))
        refuse(reader, V2_FAULT_NESTED, "text between the fields", (struct view){});
}

static void on_cdata(void *user, const xmlChar *text, int len)
{
    struct reader *reader = user;
    if (reader->fault.kind)
        return;
    reader->cdata = true;
    if (reader->depth != 2)
        refuse(reader, V2_FAULT_NESTED, "a CDATA section between the fields", (struct view){});
    else if (len > 0)
        add_text(reader, text, (size_t)len);
}

static void on_comment(void *user, const xmlChar *)
{
    struct reader *reader = user;
    if (reader->depth)
        refuse(reader, V2_FAULT_ATTRIBUTE, "a comment inside the root", (struct view){});
}

static void on_instruction(void *user, const xmlChar *, const xmlChar *)
{
    struct reader *reader = user;
    if (reader->depth)
        refuse(reader, V2_FAULT_ATTRIBUTE, "a processing instruction inside the root",
               (struct view){});
}

static void on_doctype(void *user, const xmlChar *name, const xmlChar *, const xmlChar *)
{
    refuse(user, V2_FAULT_DOCTYPE, "a DOCTYPE is refused, whatever it declares",
           view_str((const char *)name));
}

/* Entities other than the five; libxml2 calls this for one that nobody declared. */
static void on_reference(void *user, const xmlChar *name)
{
    refuse(user, V2_FAULT_MALFORMED, "an entity that XML does not know",
           view_str((const char *)name));
}

static void on_error(void *user, xmlErrorPtr error)
{
    struct reader *reader = user;
    if (reader->fault.kind || error->level < XML_ERR_FATAL)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        fault_set(&reader->fault, V2_FAULT_NOMEM, 0, "out of memory", (struct view){});
        return;
    }
    struct view text = view_trim(view_str(error->message));
    unsigned line = error->line > 0 ? (unsigned)error->line : 0;
    fault_set(&reader->fault, V2_FAULT_MALFORMED, line, "not well formed", (struct view){});
    size_t used = strlen(reader->fault.rule);
    char *rest = reader->fault.rule + used;
    size_t room = sizeof(reader->fault.rule) - used;
    if (text.len && room > 3) {
        memcpy(rest, ": ", 2);
        rule_text(rest + 2, room - 2, text);
    }
}

/* ---- the kept context ------------------------------------------------------------------------ */

static void reader_free(void *block)
{
    struct reader *reader = block;
    if (!reader)
        return;
    xmlFreeParserCtxt(reader->xml);
    mem_free(reader->copy);
    mem_free(reader);
}

static void library_start(void)
{
    xmlInitParser();
    start_failed = pthread_key_create(&at_thread_end, reader_free);
}

static xmlParserCtxtPtr context_new(void)
{
    xmlParserCtxtPtr xml = xmlNewParserCtxt();
    if (!xml)
        return NULL;
    *xml->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_open,
        .endElementNs = on_close,
        .characters = on_text,
        .ignorableWhitespace = on_text, /* the same, or libxml2 guesses which blanks matter */
        .cdataBlock = on_cdata,
        .comment = on_comment,
        .processingInstruction = on_instruction,
        .internalSubset = on_doctype,
        .reference = on_reference,
        .serror = on_error, /* and nothing is printed */
    };
    return xml;
}

/* This thread's reader with a usable context, or NULL without memory. */
static struct reader *reader_get(void)
{
    pthread_once(&once, library_start);
    if (start_failed)
        return NULL;
    if (!kept) {
        struct reader *fresh = mem_new(struct reader);
        if (!fresh)
            return NULL;
        if (pthread_setspecific(at_thread_end, fresh)) {
            mem_free(fresh);
            return NULL;
        }
        kept = fresh;
    }
    if (kept->xml && xmlDictSize(kept->xml->dict) > DICT_NAMES_MAX) {
        xmlFreeParserCtxt(kept->xml);
        kept->xml = NULL;
    }
    if (!kept->xml)
        kept->xml = context_new();
    return kept->xml ? kept : NULL;
}

/* A copy of the document that ends in a NUL; kept and grown, bounded by V2_XML_MAX. */
static int copy_document(struct reader *reader, struct view xml)
{
    if (reader->copy_cap <= xml.len) {
        size_t cap = xml.len < 4096 ? 4096 : xml.len + 1;
        char *grown = mem_realloc(reader->copy, cap);
        if (!grown)
            return ERR_NOMEM;
        reader->copy = grown;
        reader->copy_cap = cap;
    }
    memcpy(reader->copy, xml.ptr, xml.len);
    reader->copy[xml.len] = '\0';
    return 0;
}

static int parse(struct reader *reader, struct v2_msg *msg, struct view xml)
{
    char *room = v2_text_room(msg, xml.len + 1);
    int err = room ? copy_document(reader, xml) : ERR_NOMEM;
    if (err)
        return err;
    reader->msg = msg;
    reader->fault = (struct v2_fault){};
    reader->depth = 0;
    reader->root_is_root = reader->cdata = false;
    reader->room_end = room + xml.len + 1;

    xmlCtxtReset(reader->xml);
    xmlCtxtUseOptions(reader->xml, PARSE_OPTIONS);
    reader->xml->userData = reader;
    xmlParserInputPtr input = xmlNewStringInputStream(reader->xml, (xmlChar *)reader->copy);
    if (!input)
        return ERR_NOMEM;
    if (inputPush(reader->xml, input) < 0) {
        xmlFreeInputStream(input);
        return ERR_NOMEM;
    }
    xmlParseDocument(reader->xml);
    if (!reader->fault.kind && !reader->xml->wellFormed)
        fault_set(&reader->fault, V2_FAULT_MALFORMED, 0, "not well formed", (struct view){});
    return 0;
}

/* ---- before the parser ----------------------------------------------------------------------- */

static unsigned line_of(struct view xml, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at; i++)
        line += xml.ptr[i] == '\n';
    return line;
}

/* "<?xml …?>" at the front of @xml, or empty. */
static struct view declaration_of(struct view xml)
{
    if (!view_starts(xml, VIEW("<?xml")) || xml.len < 6 ||
        !is_blank((const xmlChar *)xml.ptr + 5, 1))
        return (struct view){};
    size_t end = view_find(xml, VIEW("?>"));
    return end == SIZE_MAX ? (struct view){} : (struct view){ xml.ptr, end };
}

/* The value of encoding="…" in a declaration; empty when it says none. */
static struct view declared_encoding(struct view declaration)
{
    size_t at = view_find(declaration, VIEW("encoding"));
    if (at == SIZE_MAX)
        return (struct view){};
    at += strlen("encoding");
    struct view rest = view_trim((struct view){ declaration.ptr + at, declaration.len - at });
    if (!view_starts(rest, VIEW("=")))
        return (struct view){};
    rest = view_trim((struct view){ rest.ptr + 1, rest.len - 1 });
    if (rest.len < 2 || (rest.ptr[0] != '"' && rest.ptr[0] != '\''))
        return (struct view){};
    struct view behind;
    return view_cut((struct view){ rest.ptr + 1, rest.len - 1 }, rest.ptr[0], &behind);
}

/* A reference outside CDATA; only asked when there is an "&" at all. */
static bool has_reference(struct view xml)
{
    while (xml.len) {
        size_t amp = view_find(xml, VIEW("&"));
        size_t open = view_find(xml, VIEW("<![CDATA["));
        if (amp == SIZE_MAX || amp < open)
            return amp != SIZE_MAX;
        struct view rest = { xml.ptr + open, xml.len - open };
        size_t close = view_find(rest, VIEW("]]>"));
        if (close == SIZE_MAX)
            return false;
        xml = (struct view){ rest.ptr + close, rest.len - close };
    }
    return false;
}

/* What the raw bytes show. @body becomes the document without a byte order mark. */
static struct v2_shape look_at(struct view xml, struct view *body)
{
    struct v2_shape shape = { .bom = view_starts(xml, VIEW("\xef\xbb\xbf")) };
    *body = shape.bom ? (struct view){ xml.ptr + 3, xml.len - 3 } : xml;
    shape.leading_space = body->len && is_blank((const xmlChar *)body->ptr, 1);
    shape.declaration = declaration_of(*body).len > 0;
    shape.carriage_return = xml.len && memchr(xml.ptr, '\r', xml.len);
    return shape;
}

/* Size, emptiness, encoding: what must be settled before libxml2 sees a byte. True to go on. */
static bool check_bytes(struct view xml, struct view body, struct v2_fault *fault)
{
    struct view none = {};
    if (!view_trim(body).len) {
        fault_set(fault, V2_FAULT_EMPTY, 0, "the document is empty", none);
        return false;
    }
    if (xml.len > V2_XML_MAX) {
        fault_set(fault, V2_FAULT_LIMIT, 0, "a document may have 65536 bytes at most", none);
        return false;
    }
    size_t broken = utf8_broken_at(xml);
    if (broken != SIZE_MAX) {
        fault_set(fault, V2_FAULT_ENCODING, line_of(xml, broken), "not UTF-8", none);
        return false;
    }
    struct view encoding = declared_encoding(declaration_of(body));
    if (encoding.len && !view_eq_nocase(encoding, VIEW("utf-8"))) {
        fault_set(fault, V2_FAULT_ENCODING, 1, "another encoding than UTF-8 declared", none);
        return false;
    }
    const char *nul = memchr(xml.ptr, '\0', xml.len);
    if (nul) {
        unsigned line = line_of(xml, (size_t)(nul - xml.ptr));
        fault_set(fault, V2_FAULT_MALFORMED, line, "a NUL byte", none);
        return false;
    }
    return true;
}

int v2_msg_read(struct v2_msg *msg, struct view xml, struct v2_shape *shape, struct v2_fault *fault)
{
    struct v2_fault found = {};
    struct view body;
    struct v2_shape seen = look_at(xml, &body);

    v2_msg_clear(msg);
    if (check_bytes(xml, body, &found)) {
        struct reader *reader = reader_get();
        int err = reader ? parse(reader, msg, xml) : ERR_NOMEM;
        if (err)
            fault_set(&found, V2_FAULT_NOMEM, 0, "out of memory", (struct view){});
        else
            found = reader->fault;
        if (!err) {
            seen.root_is_root = reader->root_is_root;
            seen.cdata = reader->cdata;
        }
    }
    if (shape) {
        seen.entities = xml.len && memchr(xml.ptr, '&', xml.len) && has_reference(xml);
        *shape = seen;
    }
    if (fault)
        *fault = found;
    if (!found.kind)
        return 0;
    v2_msg_clear(msg);
    return found.kind == V2_FAULT_NOMEM ? ERR_NOMEM : ERR_SYNTAX;
}
