#include "profile_reader.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NAMES_MAX 64

size_t key_push(struct reader *reader, const char *part)
{
    size_t mark = strlen(reader->key);
    snprintf(reader->key + mark, sizeof(reader->key) - mark, "%s%s",
             mark && part[0] != '[' ? "." : "", part);
    return mark;
}

void key_pop(struct reader *reader, size_t mark)
{
    reader->key[mark] = '\0';
}

int complain(struct reader *reader, const struct yaml_node *node, const char *format, ...)
{
    struct profile_error *error = reader->error;
    char sentence[260];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    error->line = node->line;
    error->column = node->column;
    snprintf(error->key, sizeof(error->key), "%s", reader->key);
    snprintf(error->text, sizeof(error->text), "%.100s:%u:%u: %s%s%s", reader->profile->path,
             node->line, node->column, reader->key, reader->key[0] ? ": " : "", sentence);
    return ERR_SYNTAX;
}

int want(struct reader *reader, const struct yaml_node *node, enum yaml_kind kind)
{
    if (node->kind == kind)
        return 0;
    return complain(reader, node, "%s is expected here, not %s", yaml_kind_name(kind),
                    yaml_kind_name(node->kind));
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; words above 40 bytes are never close. */
static size_t edits(const char *a, const char *b)
{
    size_t row[41];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > 40 || b_len > 40)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t change = corner + (a[i - 1] != b[j - 1]);
            row[j] = smaller(change, smaller(above, row[j - 1]) + 1);
            corner = above;
        }
    }
    return row[b_len];
}

const char *closest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t least = 3;

    for (size_t i = 0; i < count; i++) {
        size_t distance = edits(word, names[i]);
        if (distance < least && distance < strlen(names[i])) {
            least = distance;
            best = names[i];
        }
    }
    return best;
}

static const struct key *find_key(const struct keys *keys, const char *name, size_t *base_offset)
{
    for (*base_offset = 0; keys; *base_offset += keys->also_offset, keys = keys->also) {
        for (size_t i = 0; i < keys->count; i++) {
            if (strcmp(keys->item[i].name, name) == 0)
                return &keys->item[i];
        }
    }
    return NULL;
}

static int unknown_key(struct reader *reader, const struct yaml_member *member,
                       const struct keys *keys)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    struct yaml_node at = { .line = member->line, .column = member->column };

    for (; keys; keys = keys->also) {
        for (size_t i = 0; i < keys->count && count < NAMES_MAX; i++)
            names[count++] = keys->item[i].name;
    }
    const char *near = closest(member->name, names, count);
    if (near)
        return complain(reader, &at, "unknown key, did you mean \"%s\"?", near);
    return complain(reader, &at, "unknown key");
}

static int read_member(struct reader *reader, const struct yaml_member *member,
                       const struct keys *keys, void *base)
{
    size_t offset;
    const struct key *key = find_key(keys, member->name, &offset);

    if (!key)
        return unknown_key(reader, member, keys);
    if (key->flags & KEY_LATER) {
        struct yaml_node at = { .line = member->line, .column = member->column };
        return complain(reader, &at, "known, not yet available (%s)", key->later);
    }
    void *field = (char *)base + offset + key->offset;
    return key->sub ? read_keys(reader, member->value, key->sub, field)
                    : key->read(reader, member->value, field);
}

static int missing_key(struct reader *reader, const struct yaml_node *node, const struct keys *keys)
{
    for (; keys; keys = keys->also) {
        for (size_t i = 0; i < keys->count; i++) {
            if ((keys->item[i].flags & KEY_REQUIRED) && !tree_get(node, keys->item[i].name))
                return complain(reader, node, "the key \"%s\" is missing", keys->item[i].name);
        }
    }
    return 0;
}

int read_keys(struct reader *reader, const struct yaml_node *node, const struct keys *keys,
              void *base)
{
    int err = want(reader, node, YAML_MAP);
    for (size_t i = 0; !err && i < node->count; i++) {
        size_t mark = key_push(reader, node->member[i].name);
        err = read_member(reader, &node->member[i], keys, base);
        if (!err)
            key_pop(reader, mark);
    }
    return err ? err : missing_key(reader, node, keys);
}

int read_text(struct reader *reader, const struct yaml_node *node, void *field)
{
    char **text = field;
    int err = want(reader, node, YAML_SCALAR);
    if (err)
        return err;
    if (!node->text[0])
        return complain(reader, node, "empty");
    *text = mem_strdup(node->text);
    return *text ? 0 : ERR_NOMEM;
}

int read_bool(struct reader *reader, const struct yaml_node *node, void *field)
{
    bool *flag = field;
    int err = want(reader, node, YAML_SCALAR);
    if (err)
        return err;
    *flag = strcmp(node->text, "true") == 0;
    if (!*flag && strcmp(node->text, "false") != 0)
        return complain(reader, node, "true or false is expected, not \"%.40s\"", node->text);
    return 0;
}

int read_duration(struct reader *reader, const struct yaml_node *node, void *field)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60'000 }, { "h", 3'600'000 } };
    int64_t *ms = field;
    int err = want(reader, node, YAML_SCALAR);
    if (err)
        return err;
    size_t digits = strspn(node->text, "0123456789");
    const char *unit = node->text + digits;
    int64_t number = 0;
    if (view_to_i64((struct view){ node->text, digits }, 1'000'000, &number) == 0) {
        for (size_t i = 0; i < COUNT(units); i++) {
            if (strcmp(unit, units[i].name) == 0 || (number == 0 && !unit[0])) {
                *ms = number * units[i].ms;
                return 0;
            }
        }
    }
    return complain(reader, node, "a time is expected (500ms, 20s, 2m), not \"%.40s\"", node->text);
}

static int add_pair(struct pairs *pairs, const char *name, const char *value)
{
    struct pair *grown = mem_realloc(pairs->item, (pairs->count + 1) * sizeof(*grown));
    if (!grown)
        return ERR_NOMEM;
    pairs->item = grown;
    struct pair *pair = &grown[pairs->count++];
    *pair = (struct pair){ mem_strdup(name), mem_strdup(value) };
    return pair->name && pair->value ? 0 : ERR_NOMEM;
}

int read_pairs(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = want(reader, node, YAML_MAP);
    for (size_t i = 0; !err && i < node->count; i++) {
        size_t mark = key_push(reader, node->member[i].name);
        err = want(reader, node->member[i].value, YAML_SCALAR);
        if (!err)
            err = add_pair(field, node->member[i].name, node->member[i].value->text);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

int read_argv(struct reader *reader, const struct yaml_node *node, void *field)
{
    char ***argv = field;
    int err = want(reader, node, YAML_LIST);
    if (err)
        return err;
    if (!node->count)
        return complain(reader, node, "an empty command");
    *argv = mem_zalloc(node->count + 1, sizeof(**argv));
    if (!*argv)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < node->count; i++) {
        err = want(reader, node->member[i].value, YAML_SCALAR);
        if (!err) {
            (*argv)[i] = mem_strdup(node->member[i].value->text);
            err = (*argv)[i] ? 0 : ERR_NOMEM;
        }
    }
    return err;
}

/* Plain scalars as YAML's core schema types them; quoted ones are text. */
static json_t *json_scalar(const struct yaml_node *node)
{
    const char *text = node->text;
    char *end;

    if (!node->plain)
        return json_string(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || !text[0])
        return json_null();
    if (text[strspn(text, "-0123456789")] == '\0') {
        errno = 0;
        long long number = strtoll(text, &end, 10);
        if (!errno && !*end)
            return json_integer(number);
    } else if (text[strspn(text, "-.0123456789eE+")] == '\0' && strpbrk(text, "0123456789")) {
        double number = strtod(text, &end);
        if (!*end)
            return json_real(number);
    }
    return json_string(text);
}

static json_t *json_of(const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR)
        return json_scalar(node);
    json_t *value = node->kind == YAML_MAP ? json_object() : json_array();
    for (size_t i = 0; value && i < node->count; i++) {
        json_t *member = json_of(node->member[i].value);
        int bad = node->kind == YAML_MAP ? json_object_set_new(value, node->member[i].name, member)
                                         : json_array_append_new(value, member);
        if (bad) {
            json_decref(value);
            return NULL;
        }
    }
    return value;
}

int read_json(struct reader *reader, const struct yaml_node *node, void *field)
{
    json_t **value = field;
    *value = json_of(node);
    return *value ? 0 : complain(reader, node, "cannot be written as JSON");
}
