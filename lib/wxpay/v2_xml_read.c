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
    struct v2_field field; /* being read; its bytes lie in the message's room */
    char *at, *end;        /* what is left of that room */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static int start_failed;
static _Thread_local struct reader *kept;

/* ---- faults ---------------------------------------------------------------------------------- */

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
    v2_fault_set(&reader->fault, kind, line_now(reader), rule, name);
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
    assert(name.len + 2 <= (size_t)(reader->end - reader->at));
    memcpy(reader->at, name.ptr, name.len + 1);
    reader->field = (struct v2_field){ .name = { reader->at, name.len } };
    reader->at += name.len + 1;
    reader->field.value.ptr = reader->at;
}

static void on_open(void *user, const xmlChar *local, const xmlChar *prefix, const xmlChar *,
                    int spaces, const xmlChar **, int attributes, int, const xmlChar **)
{
    struct reader *reader = user;
    struct view name = { (const char *)local, 0 };
    bool colon = false;
    if (reader->fault.kind)
        return;
    for (; local[name.len]; name.len++)
        colon |= local[name.len] == ':';
    if (prefix || spaces || colon)
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
    reader->field.value.len = (size_t)(reader->at - reader->field.value.ptr);
    *reader->at++ = '\0';
    v2_msg_push(reader->msg, reader->field);
}

static void add_text(struct reader *reader, const xmlChar *text, size_t len)
{
    assert(len < (size_t)(reader->end - reader->at));
    memcpy(reader->at, text, len);
    reader->at += len;
}

static void on_text(void *user, const xmlChar *text, int len)
{
    struct reader *reader = user;
    if (reader->fault.kind || len <= 0)
        return;
    if (reader->depth == 2)
        add_text(reader, text, (size_t)len);
    else if (!v2_is_blank((const char *)text, (size_t)len))
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

static void on_error(void *user, xmlErrorPtr error)
{
    struct reader *reader = user;
    if (reader->fault.kind || error->level < XML_ERR_FATAL)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        v2_fault_set(&reader->fault, V2_FAULT_NOMEM, 0, "out of memory", (struct view){});
        return;
    }
    struct view text = view_trim(view_str(error->message));
    unsigned line = error->line > 0 ? (unsigned)error->line : 0;
    v2_fault_set(&reader->fault, V2_FAULT_MALFORMED, line, "not well formed", (struct view){});
    size_t used = strlen(reader->fault.rule);
    char *rest = reader->fault.rule + used;
    size_t room = sizeof(reader->fault.rule) - used;
    if (text.len && room > 3) {
        memcpy(rest, ": ", 2);
        v2_rule_text(rest + 2, room - 2, text);
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
    reader->at = room;
    reader->end = room + xml.len + 1;

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
    v2_text_keep(msg, (size_t)(reader->at - room));
    if (!reader->fault.kind && !reader->xml->wellFormed)
        v2_fault_set(&reader->fault, V2_FAULT_MALFORMED, 0, "not well formed", (struct view){});
    return 0;
}

int v2_msg_read(struct v2_msg *msg, struct view xml, struct v2_shape *shape, struct v2_fault *fault)
{
    struct v2_fault found = {};
    struct view body;
    struct v2_shape seen = v2_look_at(xml, &body);

    v2_msg_clear(msg);
    if (v2_check_bytes(xml, body, &found)) {
        struct reader *reader = reader_get();
        int err = reader ? parse(reader, msg, xml) : ERR_NOMEM;
        if (err)
            v2_fault_set(&found, V2_FAULT_NOMEM, 0, "out of memory", (struct view){});
        else
            found = reader->fault;
        if (!err) {
            seen.root_is_root = reader->root_is_root;
            seen.cdata = reader->cdata;
        }
    }
    if (shape) {
        seen.entities = xml.len && memchr(xml.ptr, '&', xml.len) && v2_has_reference(xml);
        *shape = seen;
    }
    if (fault)
        *fault = found;
    if (!found.kind)
        return 0;
    v2_msg_clear(msg);
    return found.kind == V2_FAULT_NOMEM ? ERR_NOMEM : ERR_SYNTAX;
}
