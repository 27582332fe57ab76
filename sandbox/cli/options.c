#include "cli/options.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/options_priv.h"

#include <ctype.h>
#include <inttypes.h>
#include <popt.h>
#include <stdlib.h>

static void *place_of(struct options *options, const struct option_row *row)
{
    return (char *)options + row->offset;
}

void options_init(struct options *options)
{
    *options = (struct options){
        .port = 18080,
        .control_port = 18081,
        .log_level = 1, /* info */
        .limit = 100,
        .count = 1,
        .timeout_ms = 10'000,
    };
}

static void clear_list(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->item[i]);
    list->count = 0;
}

void options_release(struct options *options)
{
    for (size_t i = 0; option_at(i); i++) {
        void *place = place_of(options, option_at(i));
        if (option_at(i)->kind == OPTION_TEXT)
            mem_free(*(char **)place);
        else if (option_at(i)->kind == OPTION_LIST)
            clear_list(place);
    }
    for (size_t i = 0; i < options->arg_count; i++)
        mem_free(options->arg[i]);
    *options = (struct options){};
}

int option_complain(struct option_reader *reader, const char *message, ...)
{
    va_list args;

    fprintf(reader->errors, "%s: %s%s", reader->usage->program, reader->source,
            reader->source[0] ? ": " : "");
    va_start(args, message);
    vfprintf(reader->errors, message, args);
    va_end(args);
    fprintf(reader->errors, "\n");
    return ERR_USAGE;
}

static int set_text(char **place, const char *text)
{
    char *copy = mem_strdup(text);

    if (!copy)
        return ERR_NOMEM;
    mem_free(*place);
    *place = copy;
    return 0;
}

/* The first item of a layer throws away what a lower layer has given. */
static int add_item(struct option_reader *reader, const struct option_row *row, const char *text)
{
    struct option_list *list = place_of(reader->options, row);
    uint64_t bit = (uint64_t)1 << option_index(row);

    if (!(reader->touched & bit))
        clear_list(list);
    reader->touched |= bit;
    if (list->count == OPTION_LIST_MAX)
        return option_complain(reader, "may be given %d times at most", OPTION_LIST_MAX);
    list->item[list->count] = mem_strdup(text);
    return list->item[list->count] ? (list->count++, 0) : ERR_NOMEM;
}

static int set_choice(struct option_reader *reader, const struct option_row *row, const char *text)
{
    for (int i = 0; row->choices[i]; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            *(int *)place_of(reader->options, row) = i;
            return 0;
        }
    }
    return option_complain(reader, "\"%.60s\" is not one of %s", text, row->arg);
}

static int set_flag(struct option_reader *reader, const struct option_row *row, const char *text)
{
    bool yes = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "0") != 0 && strcmp(text, "false") != 0)
        return option_complain(reader, "must be true or false");
    *(bool *)place_of(reader->options, row) = yes;
    return 0;
}

int option_set(struct option_reader *reader, const struct option_row *row, const char *text)
{
    int err = 0;

    if (strlen(text) > OPTION_VALUE_MAX)
        return option_complain(reader, "is longer than %d bytes", OPTION_VALUE_MAX);
    switch (row->kind) {
    case OPTION_TEXT: err = set_text(place_of(reader->options, row), text); break;
    case OPTION_LIST: err = add_item(reader, row, text); break;
    case OPTION_CHOICE: err = set_choice(reader, row, text); break;
    case OPTION_FLAG: err = set_flag(reader, row, text); break;
    case OPTION_NUMBER:
        if (view_to_i64(view_str(text), row->max, place_of(reader->options, row)))
            err = option_complain(reader, "must be a number from 0 to %" PRId64, row->max);
        break;
    }
    if (!err)
        reader->options->given |= (uint64_t)1 << option_index(row);
    return err;
}

int options_read_environment(struct option_reader *reader)
{
    int err = 0;

    reader->touched = 0;
    for (size_t i = 0; option_at(i) && !err; i++) {
        const struct option_row *row = option_at(i);
        const char *value;
        if (!option_is_taken(reader->usage, row))
            continue;
        snprintf(reader->source, sizeof(reader->source), "WXPAY_SANDBOX_%s", row->name);
        for (char *at = reader->source; *at; at++)
            *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
        value = getenv(reader->source);
        if (value && *value)
            err = option_set(reader, row, value);
    }
    return err;
}

/* ---- the command line ------------------------------------------------------------------------ */

static void on_flag(poptContext, enum poptCallbackReason, const struct poptOption *option,
                    const char *text, const void *data)
{
    /* popt hands our reader through as the callback's "description" */
    struct option_reader *reader = (struct option_reader *)(uintptr_t)data;
    const struct option_row *row = option_at((size_t)option->val - 1);

    if (reader->err)
        return;
    snprintf(reader->source, sizeof(reader->source), "--%s", row->name);
    reader->err = option_set(reader, row, row->kind == OPTION_FLAG ? "1" : text);
}

static int keep_args(struct option_reader *reader, const char **args)
{
    struct options *options = reader->options;

    for (size_t i = 0; args && args[i]; i++) {
        if (options->arg_count == OPTION_ARGS_MAX)
            return option_complain(reader, "more than %d arguments", OPTION_ARGS_MAX);
        options->arg[options->arg_count] = mem_strdup(args[i]);
        if (!options->arg[options->arg_count])
            return ERR_NOMEM;
        options->arg_count++;
    }
    return 0;
}

static int run_popt(struct option_reader *reader, int argc, char **argv,
                    const struct poptOption *table)
{
    unsigned flags = reader->usage->command ? POPT_CONTEXT_POSIXMEHARDER : 0;
    poptContext popt =
        poptGetContext(reader->usage->program, argc, (const char **)(void *)argv, table, flags);
    int code;

    if (!popt)
        return ERR_NOMEM;
    poptSetOtherOptionHelp(popt, reader->usage->args);
    code = poptGetNextOpt(popt); /* the callback has seen them all when it comes back */
    if (!reader->err && code < -1) {
        snprintf(reader->source, sizeof(reader->source), "%s", poptBadOption(popt, 0));
        reader->err = option_complain(reader, "%s", poptStrerror(code));
    }
    reader->source[0] = '\0';
    if (!reader->err)
        reader->err = keep_args(reader, poptGetArgs(popt));
    poptFreeContext(popt);
    return reader->err;
}

int options_read_flags(struct option_reader *reader, int argc, char **argv)
{
    struct poptOption table[64 + 3] = { { NULL, '\0', POPT_ARG_CALLBACK, (void *)(uintptr_t)on_flag,
                                          0, (const char *)reader, NULL } };
    size_t count = 1;

    reader->touched = 0;
    for (size_t i = 0; option_at(i); i++) {
        const struct option_row *row = option_at(i);
        if (option_is_taken(reader->usage, row))
            table[count++] = (struct poptOption){
                .longName = row->name,
                .shortName = row->letter,
                .argInfo = row->kind == OPTION_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
                .val = (int)i + 1,
                .descrip = row->help,
                .argDescrip = row->arg,
            };
    }
    table[count++] = (struct poptOption){ .argInfo = POPT_ARG_INCLUDE_TABLE,
                                          .arg = poptHelpOptions,
                                          .descrip = "Help options:" };
    table[count] = (struct poptOption)POPT_TABLEEND;
    return run_popt(reader, argc, argv, table);
}

/*
 * The flags are read first, because one of them names the file; the layers below are read into
 * options of their own and fill what no flag has given.
 */
static int read_below(struct option_reader *flags)
{
    struct options below;
    struct option_reader reader = { .options = &below,
                                    .usage = flags->usage,
                                    .errors = flags->errors };
    const char *path =
        flags->options->config ? flags->options->config : getenv("WXPAY_SANDBOX_CONFIG");
    int err = 0;

    options_init(&below);
    if (path && *path)
        err = options_read_file(&reader, path);
    if (!err)
        err = options_read_environment(&reader);
    for (size_t i = 0; option_at(i) && !err; i++) {
        const struct option_row *row = option_at(i);
        size_t size = row->kind == OPTION_LIST     ? sizeof(struct option_list)
                      : row->kind == OPTION_TEXT   ? sizeof(char *)
                      : row->kind == OPTION_NUMBER ? sizeof(int64_t)
                      : row->kind == OPTION_CHOICE ? sizeof(int)
                                                   : sizeof(bool);
        uint64_t bit = (uint64_t)1 << i;
        if (!(below.given & bit) || (flags->options->given & bit))
            continue;
        memcpy(place_of(flags->options, row), place_of(&below, row), size);
        memset(place_of(&below, row), 0, size); /* texts have moved */
        flags->options->given |= bit;
    }
    options_release(&below);
    return err;
}

int options_read(struct options *options, const struct options_usage *usage, int argc, char **argv,
                 FILE *errors)
{
    struct option_reader reader = { .options = options, .usage = usage, .errors = errors };
    int err = options_read_flags(&reader, argc, argv);

    return err ? err : read_below(&reader);
}
