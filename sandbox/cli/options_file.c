/*
 * options_file.c — the configuration file: one flat map of settings. Anything YAML could do beyond
 * that is refused with its line.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cli/options_priv.h"

#include <yaml.h>

#define FILE_MAX (64 * 1024)

struct config {
    struct option_reader *reader;
    const char *path;
    yaml_parser_t parser;
    uint64_t seen;
};

static void at_line(struct config *config, size_t line, const char *key)
{
    snprintf(config->reader->source, sizeof(config->reader->source), "%.160s:%zu%s%.60s",
             config->path, line + 1, key ? ": " : "", key ? key : "");
}

/* The next event of the wanted kind; the caller deletes it on success. */
static int expect(struct config *config, yaml_event_type_t want, const char *what,
                  yaml_event_t *event)
{
    if (!yaml_parser_parse(&config->parser, event)) {
        at_line(config, config->parser.problem_mark.line, NULL);
        return option_complain(config->reader, "%s",
                               config->parser.problem ? config->parser.problem : "is not YAML");
    }
    if (event->type == want)
        return 0;
    at_line(config, event->start_mark.line, NULL);
    yaml_event_delete(event);
    return option_complain(config->reader, "%s is expected here", what);
}

static int skip(struct config *config, yaml_event_type_t want, const char *what)
{
    yaml_event_t event;
    int err = expect(config, want, what, &event);

    if (!err)
        yaml_event_delete(&event);
    return err;
}

static int check_plain(struct config *config, const yaml_event_t *event)
{
    at_line(config, event->start_mark.line, NULL);
    if (event->data.scalar.anchor)
        return option_complain(config->reader, "anchors are refused");
    if (event->data.scalar.tag)
        return option_complain(config->reader, "tags are refused");
    if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
        return option_complain(config->reader, "a value may not hold a NUL");
    return 0;
}

/* "control_port" in the file is "control-port" in the table. */
static const struct option_row *row_of(const char *key)
{
    char name[64];

    if (view_copy(view_str(key), name, sizeof(name)) || strchr(key, '-'))
        return NULL;
    for (char *at = name; *at; at++)
        *at = *at == '_' ? '-' : *at;
    return strcmp(name, "config") == 0 ? NULL : option_find(name);
}

/* A list option takes one value or a list of them. */
static int read_items(struct config *config, const struct option_row *row)
{
    yaml_event_t event;
    int err = 0;

    for (;;) {
        if (!yaml_parser_parse(&config->parser, &event))
            return option_complain(config->reader, "%s", config->parser.problem);
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end && event.type != YAML_SCALAR_EVENT)
            err = option_complain(config->reader, "the elements of the list must be plain values");
        else if (!end)
            err = check_plain(config, &event);
        if (!err && !end) {
            at_line(config, event.start_mark.line, row->name);
            err = option_set(config->reader, row, (const char *)event.data.scalar.value);
        }
        yaml_event_delete(&event);
        if (err || end)
            return err;
    }
}

static int read_value(struct config *config, const struct option_row *row)
{
    /* a setting of another verb is not wrong, it is just not wanted now */
    bool taken = option_is_taken(config->reader->usage, row);
    struct option_reader *reader = config->reader;
    struct options ignored;
    struct option_reader nowhere = { .options = &ignored,
                                     .usage = reader->usage,
                                     .errors = reader->errors };
    yaml_event_t event;
    int err = 0;

    if (!yaml_parser_parse(&config->parser, &event))
        return option_complain(reader, "%s", config->parser.problem);
    options_init(&ignored);
    if (!taken) {
        memcpy(nowhere.source, reader->source, sizeof(nowhere.source));
        config->reader = &nowhere;
    }
    if (event.type == YAML_SEQUENCE_START_EVENT && row->kind == OPTION_LIST)
        err = read_items(config, row);
    else if (event.type != YAML_SCALAR_EVENT)
        err = option_complain(config->reader, "a plain value is expected here");
    else
        err = check_plain(config, &event);
    if (!err && event.type == YAML_SCALAR_EVENT) {
        at_line(config, event.start_mark.line, row->name);
        err = option_set(config->reader, row, (const char *)event.data.scalar.value);
    }
    config->reader = reader;
    yaml_event_delete(&event);
    options_release(&ignored);
    return err;
}

static int read_member(struct config *config, const yaml_event_t *key)
{
    const char *name = (const char *)key->data.scalar.value;
    const struct option_row *row;
    int err = check_plain(config, key);

    if (err)
        return err;
    row = row_of(name);
    if (!row)
        return option_complain(config->reader, "there is no setting \"%.60s\"", name);
    if (config->seen & (uint64_t)1 << option_index(row))
        return option_complain(config->reader, "\"%s\" is given twice", name);
    config->seen |= (uint64_t)1 << option_index(row);
    return read_value(config, row);
}

static int read_map(struct config *config)
{
    yaml_event_t event;
    int err = expect(config, YAML_MAPPING_START_EVENT, "a map of settings", &event);

    if (err)
        return err;
    if (event.data.mapping_start.anchor || event.data.mapping_start.tag)
        err = option_complain(config->reader, "anchors and tags are refused");
    yaml_event_delete(&event);
    while (!err) {
        if (!yaml_parser_parse(&config->parser, &event)) {
            at_line(config, config->parser.problem_mark.line, NULL);
            return option_complain(config->reader, "%s", config->parser.problem);
        }
        bool end = event.type == YAML_MAPPING_END_EVENT;
        at_line(config, event.start_mark.line, NULL);
        if (!end && event.type != YAML_SCALAR_EVENT)
            err = option_complain(config->reader, "the name of a setting is expected here");
        else if (!end)
            err = read_member(config, &event);
        yaml_event_delete(&event);
        if (end)
            break;
    }
    return err;
}

static int read_text(struct config *config, struct view text)
{
    int err;

    if (!yaml_parser_initialize(&config->parser))
        return ERR_NOMEM;
    yaml_parser_set_input_string(&config->parser, (const unsigned char *)text.ptr, text.len);
    err = skip(config, YAML_STREAM_START_EVENT, "YAML");
    if (!err)
        err = skip(config, YAML_DOCUMENT_START_EVENT, "a map of settings");
    if (!err)
        err = read_map(config);
    if (!err)
        err = skip(config, YAML_DOCUMENT_END_EVENT, "the end of the file");
    if (!err)
        err = skip(config, YAML_STREAM_END_EVENT, "the end of the file");
    yaml_parser_delete(&config->parser);
    return err;
}

int options_read_file(struct option_reader *reader, const char *path)
{
    struct config config = { .reader = reader, .path = path };
    struct buf text = BUF_INIT(FILE_MAX);
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "rb");
    int err = 0;

    snprintf(reader->source, sizeof(reader->source), "%.200s", path);
    if (!file)
        return option_complain(reader, "the configuration file cannot be opened");
    while (!err && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        err = buf_add(&text, chunk, got);
    if (err == ERR_TOO_LONG)
        err = option_complain(reader, "a configuration file has %d bytes at most", FILE_MAX);
    else if (!err && ferror(file))
        err = option_complain(reader, "the configuration file cannot be read");
    fclose(file);
    reader->touched = 0;
    if (!err && text.len)
        err = read_text(&config, buf_view(&text));
    buf_release(&text);
    return err;
}
