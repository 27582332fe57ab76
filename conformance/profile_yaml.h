/*
 * profile_yaml.h — YAML text as a tree in which every node knows its place.
 *
 * Names begin with tree_: libyaml owns yaml_.
 *
 * Refused: anchors, aliases, tags, duplicate keys, keys that are no scalars, a second document,
 * more than 20 levels or 20 000 nodes. Scalars stay text; `plain` tells whether they were quoted.
 */
#ifndef CONFORMANCE_PROFILE_YAML_H
#define CONFORMANCE_PROFILE_YAML_H

#include "base/view.h"

struct profile_error;

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml_node {
    enum yaml_kind kind;
    unsigned line, column; /* from 1 */
    char *text;            /* SCALAR; owned */
    bool plain;            /* SCALAR: not quoted, not a block */
    struct yaml_member {
        char *name; /* MAP; NULL in a LIST */
        unsigned line, column;
        struct yaml_node *value;
    } * member; /* of MAP and LIST */
    size_t count;
};

/* *out is NULL for an empty file. 0, ERR_SYNTAX with *error filled, ERR_NOMEM. */
[[nodiscard]] int tree_read(struct view text, struct yaml_node **out, struct profile_error *error);
void tree_free(struct yaml_node *node);

/* The member of that name, or NULL. */
const struct yaml_node *tree_get(const struct yaml_node *map, const char *name);

/* "a value", "a map", "a list". */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
