#include "profile_yaml.h"

#include "base/err.h"
#include "base/mem.h"
#include "profile.h"

#include <stdio.h>
#include <yaml.h>

#define DEPTH_MAX 20
#define NODES_MAX 20'000

struct reader {
    yaml_parser_t parser;
    struct profile_error *error;
    size_t nodes;
    int depth;
};

void tree_free(struct yaml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        mem_free(node->member[i].name);
        tree_free(node->member[i].value);
    }
    mem_free(node->member);
    mem_free(node->text);
    mem_free(node);
}

const struct yaml_node *tree_get(const struct yaml_node *map, const char *name)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        if (strcmp(map->member[i].name, name) == 0)
            return map->member[i].value;
    }
    return NULL;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = { "a value", "a map", "a list" };
    return names[kind];
}

static int wrong(struct reader *reader, yaml_mark_t at, const char *what, const char *which)
{
    reader->error->line = (unsigned)at.line + 1;
    reader->error->column = (unsigned)at.column + 1;
    snprintf(reader->error->text, sizeof(reader->error->text), "%s%s", what, which);
    return ERR_SYNTAX;
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return 0;
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return ERR_NOMEM;
    /* a reader error (bytes that are no UTF-8) has an offset instead of a mark */
    yaml_mark_t at = parser->problem_mark.line || parser->problem_mark.column ? parser->problem_mark
                                                                              : parser->mark;
    return wrong(reader, at, parser->problem ? parser->problem : "not YAML", "");
}

static int refuse_decorations(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return wrong(reader, event->start_mark, "aliases are not allowed: *",
                     (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor)
        return wrong(reader, event->start_mark, "anchors are not allowed: &", (const char *)anchor);
    if (tag)
        return wrong(reader, event->start_mark, "tags are not allowed: ", (const char *)tag);
    return 0;
}

static int new_node(struct reader *reader, const yaml_event_t *event, struct yaml_node **out)
{
    if (++reader->nodes > NODES_MAX)
        return wrong(reader, event->start_mark, "too many values in one file", "");
    struct yaml_node *node = mem_new(struct yaml_node);
    if (!node)
        return ERR_NOMEM;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    *out = node;
    return 0;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, struct yaml_node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;

    if (memchr(text, '\0', len))
        return wrong(reader, event->start_mark, "a value may not hold a NUL", "");
    node->kind = YAML_SCALAR;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = mem_strndup(text, len);
    return node->text ? 0 : ERR_NOMEM;
}

static int grow(struct yaml_node *node)
{
    struct yaml_member *grown = mem_realloc(node->member, (node->count + 1) * sizeof(*grown));
    if (!grown)
        return ERR_NOMEM;
    node->member = grown;
    node->member[node->count++] = (struct yaml_member){};
    return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct yaml_node **out);

/* The key of the next member; *end when the map is over. */
static int read_key(struct reader *reader, struct yaml_node *node, bool *end)
{
    yaml_event_t event;
    int err = next_event(reader, &event);
    if (err)
        return err;
    *end = event.type == YAML_MAPPING_END_EVENT;
    if (!*end) {
        err = refuse_decorations(reader, &event);
        const char *name = (const char *)event.data.scalar.value;
        if (!err && event.type != YAML_SCALAR_EVENT)
            err = wrong(reader, event.start_mark, "a key must be a plain text", "");
        if (!err && tree_get(node, name))
            err = wrong(reader, event.start_mark, "duplicate key: ", name);
        if (!err)
            err = grow(node);
        if (!err) {
            struct yaml_member *member = &node->member[node->count - 1];
            member->line = (unsigned)event.start_mark.line + 1;
            member->column = (unsigned)event.start_mark.column + 1;
            member->name = mem_strdup(name);
            err = member->name ? 0 : ERR_NOMEM;
        }
    }
    yaml_event_delete(&event);
    return err;
}

static int read_map(struct reader *reader, struct yaml_node *node)
{
    node->kind = YAML_MAP;
    for (;;) {
        bool end;
        yaml_event_t event;
        int err = read_key(reader, node, &end);
        if (err || end)
            return err;
        err = next_event(reader, &event);
        if (err)
            return err;
        err = read_node(reader, &event, &node->member[node->count - 1].value);
        yaml_event_delete(&event);
        if (err)
            return err;
    }
}

static int read_list(struct reader *reader, struct yaml_node *node)
{
    node->kind = YAML_LIST;
    for (;;) {
        yaml_event_t event;
        int err = next_event(reader, &event);
        if (err)
            return err;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end) {
            err = grow(node);
            if (!err)
                err = read_node(reader, &event, &node->member[node->count - 1].value);
        }
        yaml_event_delete(&event);
        if (err || end)
            return err;
    }
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct yaml_node **out)
{
    int err = refuse_decorations(reader, event);
    if (!err && reader->depth == DEPTH_MAX)
        err = wrong(reader, event->start_mark, "nested too deep", "");
    if (!err)
        err = new_node(reader, event, out);
    if (err)
        return err;
    reader->depth++;
    switch (event->type) {
    case YAML_SCALAR_EVENT: err = read_scalar(reader, event, *out); break;
    case YAML_MAPPING_START_EVENT: err = read_map(reader, *out); break;
    case YAML_SEQUENCE_START_EVENT: err = read_list(reader, *out); break;
    default: err = wrong(reader, event->start_mark, "a value is missing", ""); break;
    }
    reader->depth--;
    return err;
}

/* STREAM-START DOCUMENT-START node DOCUMENT-END STREAM-END */
static int read_document(struct reader *reader, struct yaml_node **out)
{
    for (bool end = false, first = true; !end;) {
        yaml_event_t event;
        int err = next_event(reader, &event);
        if (err)
            return err;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_DOCUMENT_START_EVENT:
            if (!first)
                err = wrong(reader, event.start_mark, "a second document in the file", "");
            first = false;
            break;
        case YAML_STREAM_END_EVENT: end = true; break;
        default: err = read_node(reader, &event, out); break;
        }
        yaml_event_delete(&event);
        if (err)
            return err;
    }
    return 0;
}

int tree_read(struct view text, struct yaml_node **out, struct profile_error *error)
{
    struct reader reader = { .error = error };

    *out = NULL;
    if (!yaml_parser_initialize(&reader.parser))
        return ERR_NOMEM;
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.len ? text.ptr : ""),
                                 text.len);
    int err = read_document(&reader, out);
    yaml_parser_delete(&reader.parser);
    if (err) {
        tree_free(*out);
        *out = NULL;
    }
    return err;
}
