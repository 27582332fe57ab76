#include "options_file.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

static int complain(const char *path, size_t line, const char *what)
{
    fprintf(stderr, "wxpay-merchant: %s:%zu: %s\n", path, line + 1, what);
    return ERR_USAGE;
}

static bool is_text(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE &&
           strlen((const char *)node->data.scalar.value) == node->data.scalar.length;
}

static int take_pairs(const char *path, yaml_document_t *document,
                      int (*take)(void *owner, const char *name, const char *value), void *owner)
{
    yaml_node_t *root = yaml_document_get_root_node(document);
    if (!root)
        return 0; /* an empty file says nothing */
    if (root->type != YAML_MAPPING_NODE)
        return complain(path, root->start_mark.line, "lines of \"name: value\" are expected");
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        yaml_node_t *name = yaml_document_get_node(document, pair->key);
        yaml_node_t *value = yaml_document_get_node(document, pair->value);
        if (!is_text(name) || !is_text(value))
            return complain(path, name ? name->start_mark.line : 0, "a plain value is expected");
        int err = take(owner, (const char *)name->data.scalar.value,
                       (const char *)value->data.scalar.value);
        if (err == ERR_NOT_FOUND)
            return complain(path, name->start_mark.line, "no such name; --help lists them");
        if (err)
            return err;
    }
    return 0;
}

int options_file_read(const char *path,
                      int (*take)(void *owner, const char *name, const char *value), void *owner)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "wxpay-merchant: %s cannot be read\n", path);
        return ERR_USAGE;
    }
    yaml_parser_t parser;
    yaml_document_t document;
    int err = yaml_parser_initialize(&parser) ? 0 : ERR_NOMEM;
    if (!err) {
        yaml_parser_set_input_file(&parser, file);
        if (yaml_parser_load(&parser, &document)) {
            err = take_pairs(path, &document, take, owner);
            yaml_document_delete(&document);
        } else {
            err = complain(path, parser.problem_mark.line,
                           parser.problem ? parser.problem : "not YAML");
        }
        yaml_parser_delete(&parser);
    }
    fclose(file);
    return err;
}
