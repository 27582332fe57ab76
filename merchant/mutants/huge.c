/* The mutant that reads and verifies a notification of any size. */
#include "mutants/huge.h"

#include "base/err.h"
#include "base/mem.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>

#define HUGE_MAX   ((size_t)128 << 20)
#define FIELDS_MAX 256
#define SMALL_MAX  4096 /* what the rest of the shop gets to see */

struct pair {
    const char *name, *value;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static const char *text_of(xmlNodePtr node)
{
    return node->children && node->children->content ? (const char *)node->children->content : "";
}

static size_t pairs_of(xmlDocPtr doc, struct pair *pairs)
{
    size_t count = 0;
    xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
    for (xmlNodePtr node = root ? root->children : NULL; node && count < FIELDS_MAX;
         node = node->next) {
        if (node->type == XML_ELEMENT_NODE)
            pairs[count++] = (struct pair){ (const char *)node->name, text_of(node) };
    }
    qsort(pairs, count, sizeof(pairs[0]), by_name);
    return count;
}

/* Sorted text and key, as V2 2.1 says, without any bound that matters. */
static int verify(const struct shop *shop, const struct pair *pairs, size_t count)
{
    struct buf text = BUF_INIT(HUGE_MAX);
    const char *sign = "";
    char right[V2_SIGN_MAX + 1] = "";
    int err = 0;
    for (size_t i = 0; !err && i < count; i++) {
        if (strcmp(pairs[i].name, "sign") == 0)
            sign = pairs[i].value;
        else if (pairs[i].value[0])
            err = buf_fmt(&text, "%s=%s&", pairs[i].name, pairs[i].value);
    }
    if (!err)
        err = buf_fmt(&text, "key=%s", shop->options->api_key);
    if (!err)
        err = v2_digest(buf_view(&text), shop->options->sign_type, shop->key, right);
    buf_release(&text);
    return !err && strcmp(right, sign) != 0 ? ERR_SIGNATURE : err;
}

void huge_limits(struct shop *shop, struct http_server_options *options)
{
    step_door_limits(shop, options);
    options->body_max = HUGE_MAX;
}

static bool is_huge(const struct claim *c)
{
    return http_call_request(c->call)->body.len > V2_XML_MAX;
}

enum step huge_parse(struct claim *c)
{
    struct view body = http_call_request(c->call)->body;
    struct pair pairs[FIELDS_MAX];
    if (!is_huge(c))
        return step_notify_parse(c);
    xmlDocPtr doc = xmlReadMemory(body.ptr, (int)body.len, NULL, NULL,
                                  XML_PARSE_HUGE | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
                                      XML_PARSE_NOWARNING | XML_PARSE_NONET);
    size_t count = pairs_of(doc, pairs);
    int err = count ? verify(c->shop, pairs, count) : ERR_SYNTAX;
    for (size_t i = 0; !err && i < count; i++) {
        if (strlen(pairs[i].value) <= SMALL_MAX)
            err = v2_msg_add_str(&c->msg->v2, pairs[i].name, pairs[i].value);
    }
    xmlFreeDoc(doc);
    return err ? claim_stop(c, STEP_REFUSE, "not a message that our key signed") : STEP_GO;
}

enum step huge_verify(struct claim *c)
{
    return is_huge(c) ? STEP_GO : step_notify_verify(c);
}
