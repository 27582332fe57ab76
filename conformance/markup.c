#include "markup.h"

#include "base/err.h"
#include "base/mem.h"

#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>
#include <stdio.h>

#define XPATH_STEPS 500000 /* of one expression: more than a page needs, soon at its end */

/* A parsed page and the outcome of one expression. */
struct look {
    xmlDocPtr doc;
    xmlXPathContextPtr context;
    xmlXPathObjectPtr found;
};

static void be_silent(void *, const char *, ...)
{
}

static void look_release(struct look *look)
{
    xmlXPathFreeObject(look->found);
    xmlXPathFreeContext(look->context);
    if (look->doc)
        xmlFreeDoc(look->doc);
}

bool markup_xpath_ok(const char *expression)
{
    xmlSetGenericErrorFunc(NULL, be_silent);
    xmlXPathContextPtr context = xmlXPathNewContext(NULL);
    if (context)
        context->opLimit = XPATH_STEPS;
    xmlXPathCompExprPtr compiled =
        context ? xmlXPathCtxtCompile(context, (const xmlChar *)expression) : NULL;
    bool ok = compiled != NULL;
    xmlXPathFreeCompExpr(compiled);
    xmlXPathFreeContext(context);
    return ok;
}

static xmlDocPtr read_page(struct view page)
{
    struct view text = view_trim(page);
    /* an XML reader first: it knows case and namespaces; a page that is none falls back to HTML */
    if (view_starts(text, VIEW("<?xml")) || view_starts(text, VIEW("<xml"))) {
        xmlDocPtr doc = xmlReadMemory(text.ptr, (int)text.len, NULL, NULL,
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        if (doc)
            return doc;
    }
    return htmlReadMemory(page.ptr ? page.ptr : "", (int)page.len, NULL, "UTF-8",
                          HTML_PARSE_NONET | HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                              HTML_PARSE_NOWARNING);
}

static int look_at(struct look *look, struct view page, const char *expression)
{
    *look = (struct look){};
    xmlSetGenericErrorFunc(NULL, be_silent);
    if (page.len > INT32_MAX)
        return ERR_TOO_LONG;
    look->doc = read_page(page);
    if (!look->doc)
        return ERR_SYNTAX;
    look->context = xmlXPathNewContext(look->doc);
    if (!look->context)
        return ERR_NOMEM;
    look->context->error = NULL;
    look->context->opLimit = XPATH_STEPS;
    look->found = xmlXPathEvalExpression((const xmlChar *)expression, look->context);
    return look->found ? 0 : ERR_SYNTAX;
}

static xmlNodePtr first_node(const struct look *look)
{
    const xmlXPathObject *found = look->found;
    if (found->type != XPATH_NODESET || !found->nodesetval || !found->nodesetval->nodeNr)
        return NULL;
    return found->nodesetval->nodeTab[0];
}

static int add_xml_text(xmlChar *text, struct buf *out)
{
    int err = text ? buf_str(out, (const char *)text) : ERR_NOMEM;
    if (text)
        xmlFree(text);
    return err;
}

int markup_text(struct view page, const char *expression, struct buf *out, char *why,
                size_t why_size)
{
    struct look look;
    int err = look_at(&look, page, expression);

    if (err) {
        snprintf(why, why_size, "the answer is no page, or XPath takes too many steps on it");
    } else if (look.found->type == XPATH_NODESET && !first_node(&look)) {
        snprintf(why, why_size, "no node at %.120s", expression);
        err = ERR_NOT_FOUND;
    } else {
        /* of a set of nodes this is the text of the first one */
        err = add_xml_text(xmlXPathCastToString(look.found), out);
    }
    look_release(&look);
    return err;
}

/* An HTML parser writes all names in lower case; SVG means some of them with capitals. */
static void restore_svg_case(xmlNodePtr svg)
{
    static const struct {
        const char *low, *right;
    } names[] = { { "viewbox", "viewBox" }, { "preserveaspectratio", "preserveAspectRatio" } };

    for (xmlAttrPtr attr = svg->properties; attr; attr = attr->next) {
        for (size_t i = 0; i < COUNT(names); i++) {
            if (xmlStrEqual(attr->name, (const xmlChar *)names[i].low))
                xmlNodeSetName((xmlNodePtr)attr, (const xmlChar *)names[i].right);
        }
    }
}

static int add_node(const struct look *look, xmlNodePtr node, struct buf *out)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    int err = ERR_NOMEM;

    restore_svg_case(node);
    /* an HTML parser knows no namespaces: an SVG reader wants this one */
    if (!xmlHasProp(node, (const xmlChar *)"xmlns"))
        xmlNewProp(node, (const xmlChar *)"xmlns", (const xmlChar *)"http://www.w3.org/2000/svg");
    if (buffer && xmlNodeDump(buffer, look->doc, node, 0, 0) >= 0)
        err = buf_str(out, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return err;
}

int markup_picture(struct view page, const char *expression, struct buf *out, char *why,
                   size_t why_size)
{
    struct look look;
    int err = look_at(&look, page, expression);
    xmlNodePtr node = err ? NULL : first_node(&look);

    if (err) {
        snprintf(why, why_size, "the answer is no page, or XPath takes too many steps on it");
    } else if (!node) {
        snprintf(why, why_size, "no picture at %.120s", expression);
        err = ERR_NOT_FOUND;
    } else if (node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, (const xmlChar *)"svg")) {
        err = add_node(&look, node, out);
    } else if (node->type == XML_ELEMENT_NODE && xmlHasProp(node, (const xmlChar *)"src")) {
        err = add_xml_text(xmlGetProp(node, (const xmlChar *)"src"), out);
    } else {
        err = add_xml_text(xmlNodeGetContent(node), out);
    }
    look_release(&look);
    return err;
}
