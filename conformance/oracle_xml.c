#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "oracle.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

/* ---- writing -------------------------------------------------------------------------------- */

static int write_escaped(struct buf *out, struct view value)
{
    int err = 0;

    for (size_t i = 0; i < value.len && !err; i++) {
        char c = value.ptr[i];
        err = c == '&'   ? buf_str(out, "&amp;")
              : c == '<' ? buf_str(out, "&lt;")
              : c == '>' ? buf_str(out, "&gt;")
                         : buf_byte(out, c);
    }
    return err;
}

/* ]]> inside a value ends one section and begins the next. */
static int write_cdata(struct buf *out, struct view value)
{
    int err = buf_str(out, "<![CDATA[");

    for (size_t i = 0; i < value.len && !err; i++) {
        if (i >= 2 && value.ptr[i] == '>' && value.ptr[i - 1] == ']' && value.ptr[i - 2] == ']')
            err = buf_str(out, "]]><![CDATA[");
        if (!err)
            err = buf_byte(out, value.ptr[i]);
    }
    return err ? err : buf_str(out, "]]>");
}

static bool is_integer(struct view value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return false;
    return value.len > 0;
}

static int write_field(struct buf *out, const struct oracle_field *field,
                       const struct oracle_shape *shape)
{
    struct view value = view_str(field->value);
    bool bare = shape->all_bare || (!shape->all_cdata && is_integer(value) && value.len < 10);
    int err = buf_fmt(out, "<%s>", field->name);

    if (!err && field->markup)
        err = buf_str(out, field->markup);
    else if (!err)
        err = bare ? write_escaped(out, value) : write_cdata(out, value);
    if (!err)
        err = buf_fmt(out, "</%s>", field->name);
    if (!err && shape->spaced)
        err = buf_str(out, " \n\t ");
    else if (!err && !shape->one_line)
        err = buf_byte(out, '\n');
    return err;
}

int oracle_write(const struct oracle_msg *msg, const struct oracle_shape *shape, struct buf *out)
{
    static const struct oracle_shape as_the_platform = {};
    int err = msg->err;

    if (!shape)
        shape = &as_the_platform;
    if (!err && shape->before)
        err = buf_str(out, shape->before);
    if (!err)
        err = buf_str(out, shape->spaced ? "<xml>\n  " : "<xml>");
    for (size_t i = 0; i < msg->count && !err; i++)
        if (!msg->field[i].unwritten)
            err = write_field(out, &msg->field[i], shape);
    if (!err)
        err = buf_str(out, "</xml>");
    if (!err && shape->after)
        err = buf_str(out, shape->after);
    return err;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void note_name(char *out, size_t size, const xmlChar *name)
{
    struct view text = view_str((const char *)name);

    if (text.len >= size)
        text.len = size - 1;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
}

/* Text of a field; what is no text is told in @reading. */
static int field_text(const xmlNode *field, struct oracle_reading *reading, struct buf *out)
{
    int err = 0;

    for (const xmlNode *n = field->children; n && !err; n = n->next) {
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
            err = buf_str(out, n->content ? (const char *)n->content : "");
        else if (n->type == XML_ENTITY_REF_NODE)
            reading->entities = true;
        else if (n->type == XML_ELEMENT_NODE)
            reading->nested = true;
    }
    return err;
}

static int read_field(const xmlNode *node, struct oracle_msg *msg, struct oracle_reading *reading)
{
    struct buf text = BUF_INIT(ORACLE_XML_MAX);
    const char *name = (const char *)node->name;
    int err = field_text(node, reading, &text);

    if (node->properties || node->ns)
        reading->nested = true;
    if (!err && oracle_get(msg, name) && !reading->doubled[0])
        note_name(reading->doubled, sizeof(reading->doubled), node->name);
    if (!err && msg->count < ORACLE_FIELDS_MAX)
        oracle_add(msg, name, buf_cstr(&text));
    buf_release(&text);
    return err ? err : msg->err;
}

static bool only_blanks(const xmlChar *text)
{
    return !text || view_trim(view_str((const char *)text)).len == 0;
}

static int read_fields(const xmlNode *root, struct oracle_msg *msg, struct oracle_reading *reading)
{
    int err = 0;

    note_name(reading->root, sizeof(reading->root), root->name);
    if (root->properties || root->nsDef)
        reading->nested = true;
    for (const xmlNode *n = root->children; n && !err; n = n->next) {
        if (n->type == XML_ELEMENT_NODE)
            err = read_field(n, msg, reading);
        else if (n->type == XML_ENTITY_REF_NODE)
            reading->entities = true;
        else if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
            reading->stray_text |= !only_blanks(n->content);
    }
    return err;
}

int oracle_read(struct view body, struct oracle_msg *msg, struct oracle_reading *reading)
{
    /* No DTD, no network, no entity, no huge documents: the judge meets hostile bytes as well. */
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;

    oracle_release(msg);
    *reading = (struct oracle_reading){
        .utf8 = utf8_broken_at(body) == SIZE_MAX,
        .declaration = view_starts(body, VIEW("<?xml")),
    };
    if (body.len > ORACLE_XML_MAX)
        return ERR_TOO_LONG;
    if (!body.len)
        return 0;
    xmlDoc *doc = xmlReadMemory(body.ptr, (int)body.len, NULL, NULL, options);
    if (!doc)
        return 0;
    reading->parsed = true;
    reading->doctype = doc->intSubset != NULL;
    if (reading->declaration && doc->encoding)
        note_name(reading->encoding, sizeof(reading->encoding), doc->encoding);
    const xmlNode *root = xmlDocGetRootElement(doc);
    int err = root ? read_fields(root, msg, reading) : 0;
    xmlFreeDoc(doc);
    return err;
}

/* ---- the merchant's answer ------------------------------------------------------------------ */

/* From the first <xml to the last </xml>; empty when there is none. */
static struct view xml_inside(struct view body)
{
    size_t from = view_find(body, VIEW("<xml"));
    size_t end = SIZE_MAX;

    for (size_t at = body.len; at-- > 0 && end == SIZE_MAX;)
        if (view_starts((struct view){ body.ptr + at, body.len - at }, VIEW("</xml>")))
            end = at + 6;
    if (from == SIZE_MAX || end == SIZE_MAX || end < from)
        return (struct view){};
    return (struct view){ body.ptr + from, end - from };
}

/* What stands before the XML decides between a remark and no acknowledgement at all. */
static enum oracle_ack judge_around(struct view body, struct view xml)
{
    struct view before = { body.ptr, (size_t)(xml.ptr - body.ptr) };
    struct view after = { xml.ptr + xml.len, body.len - before.len - xml.len };
    bool declaration = false;

    if (view_trim(after).len)
        return ORACLE_NACK_AROUND;
    if (!before.len)
        return ORACLE_ACK;
    if (view_starts(before, VIEW("<?xml "))) {
        size_t end = view_find(before, VIEW("?>"));
        if (end == SIZE_MAX)
            return ORACLE_NACK_AROUND;
        before = (struct view){ before.ptr + end + 2, before.len - end - 2 };
        declaration = true;
    }
    if (!declaration && view_starts(before, VIEW("\xEF\xBB\xBF")))
        before = (struct view){ before.ptr + 3, before.len - 3 };
    if (view_trim(before).len)
        return ORACLE_NACK_AROUND;
    return declaration ? ORACLE_ACK_DECLARATION : ORACLE_ACK_LEADING;
}

static enum oracle_ack judge_code(struct view code)
{
    struct view bare = view_trim(code);

    if (view_is(code, "SUCCESS"))
        return ORACLE_ACK;
    if (view_is(bare, "SUCCESS"))
        return ORACLE_NACK_BLANKS;
    if (view_eq_nocase(bare, VIEW("SUCCESS")))
        return ORACLE_NACK_CASE;
    return ORACLE_NACK_FAIL;
}

enum oracle_ack oracle_ack(int status, struct view body)
{
    struct oracle_msg msg = {};
    struct oracle_reading reading;
    struct view xml = xml_inside(body);
    enum oracle_ack ack = ORACLE_NACK_TEXT;

    if (!xml.len || oracle_read(xml, &msg, &reading) || !reading.parsed)
        goto out;
    const char *code = oracle_get(&msg, "return_code");
    if (!code || reading.doubled[0])
        goto out;
    ack = judge_code(view_str(code));
    if (ack == ORACLE_ACK)
        ack = judge_around(body, xml);
    if (oracle_ack_counts(ack) && status != 200)
        ack = ORACLE_NACK_STATUS;
out:
    oracle_release(&msg);
    return ack;
}

const char *oracle_ack_text(enum oracle_ack ack)
{
    static const char *const texts[] = {
        [ORACLE_ACK] = "the acknowledgement, exactly",
        [ORACLE_ACK_DECLARATION] = "an acknowledgement with an XML declaration in front",
        [ORACLE_ACK_LEADING] = "an acknowledgement with white space or a byte order mark in front",
        [ORACLE_NACK_STATUS] = "the acknowledgement under another status than 200",
        [ORACLE_NACK_BLANKS] = "SUCCESS with blanks around it",
        [ORACLE_NACK_CASE] = "SUCCESS in other letters",
        [ORACLE_NACK_AROUND] = "an acknowledgement with text around it",
        [ORACLE_NACK_FAIL] = "a refusal in XML",
        [ORACLE_NACK_TEXT] = "something that is no acknowledgement",
    };
    return texts[ack];
}
