/*
 * profile_reader.h — the machine under profile_schema.c: a table of keys is read into a struct,
 * and every complaint names file, line, column and key.
 */
#ifndef CONFORMANCE_PROFILE_READER_H
#define CONFORMANCE_PROFILE_READER_H

#include "profile.h"
#include "profile_yaml.h"

struct reader {
    struct profile *profile;
    struct profile_error *error;
    char key[120]; /* dotted path of the node being read */
};

enum key_flags { KEY_REQUIRED = 1, KEY_LATER = 2 };

/* One key of a map. */
struct key {
    const char *name;
    int (*read)(struct reader *reader, const struct yaml_node *node, void *field);
    size_t offset; /* of the field in the struct the table describes */
    const struct keys *sub;
    unsigned flags;
    const char *later; /* KEY_LATER: what it will be for */
};

struct keys {
    const struct key *item;
    size_t count;
    const struct keys *also; /* further keys of the same map … */
    size_t also_offset;      /* … whose struct lies here in ours */
};

/* Reads a map by its table into @base. Unknown, later and missing keys are errors. */
[[nodiscard]] int read_keys(struct reader *reader, const struct yaml_node *node,
                            const struct keys *keys, void *base);

/* The whole file (profile_schema.c), read into a struct profile. */
extern const struct keys profile_keys;
/* What no single key can say. */
[[nodiscard]] int check_whole(struct reader *reader, const struct yaml_node *root);

/* "FILE:LINE:COL: KEY: SENTENCE"; returns ERR_SYNTAX. */
[[nodiscard]] int complain(struct reader *reader, const struct yaml_node *node, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));

/* Push a part on the dotted path; give the result back to key_pop(). */
size_t key_push(struct reader *reader, const char *part);
void key_pop(struct reader *reader, size_t mark);

/* Complains unless the node is of @kind. */
[[nodiscard]] int want(struct reader *reader, const struct yaml_node *node, enum yaml_kind kind);

/* Field readers: the field is a char *, bool, int64_t of milliseconds, struct pairs, char **. */
int read_text(struct reader *reader, const struct yaml_node *node, void *field);
int read_bool(struct reader *reader, const struct yaml_node *node, void *field);
int read_duration(struct reader *reader, const struct yaml_node *node, void *field);
int read_pairs(struct reader *reader, const struct yaml_node *node, void *field);
int read_argv(struct reader *reader, const struct yaml_node *node, void *field);
/* A json_t *: maps, lists, and scalars typed as YAML's core schema does when they are plain. */
int read_json(struct reader *reader, const struct yaml_node *node, void *field);

/*
 * Every ${name} of the profile is known where it stands (profile_names.c): the judge's own, those
 * of an order, those captured in an earlier step. Fills profile->used and profile->secrets.
 */
[[nodiscard]] int check_names(struct reader *reader, const struct yaml_node *root);

/* Closest of @names within two edits, or NULL. */
const char *closest(const char *word, const char *const *names, size_t count);

#endif
