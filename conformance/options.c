#include "options.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "files.h"
#include "profile.h"
#include "profile_yaml.h"

#include <popt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIG_MAX ((size_t)64 * 1024)

static const struct row {
    const char *flag;
    unsigned verbs;
    size_t offset;
    bool is_switch;
    const char *help, *argument;
} rows[] = {
#define TEXT(member)   offsetof(struct options, member), false
#define SWITCH(member) offsetof(struct options, member), true
    { "only", VERB_RUN | VERB_SELFTEST, TEXT(only),
      "rule ids, case ids or patterns of them, with commas", "LIST" },
    { "level", VERB_RUN, TEXT(level), "must: only what is a MUST; should: everything (usual)",
      "LEVEL" },
    { "seed", VERB_RUN | VERB_SELFTEST, TEXT(seed), "repeat a run's choices", "N" },
    { "out", VERB_RUN, TEXT(out), "write report.html, report.json, junit.xml and the transcript",
      "DIR" },
    { "keep", VERB_RUN, SWITCH(keep), "keep the working directories and logs", NULL },
    { "verbose", VERB_RUN | VERB_SELFTEST, SWITCH(verbose), "every verdict in detail", NULL },
    { "sandbox", VERB_RUN | VERB_SELFTEST, TEXT(sandbox),
      "the wxpay-sandbox to start (beside this program, else on PATH)", "FILE" },
    { "scanner", VERB_RUN | VERB_SELFTEST, TEXT(scanner), "the wxpay-qrscan to start", "FILE" },
    { "jobs", VERB_RUN | VERB_SELFTEST, TEXT(jobs), "merchants side by side, where they can be",
      "N" },
    { "port", VERB_RUN, TEXT(port), "API port of the judge's sandbox (a free one)", "PORT" },
    { "control-port", VERB_RUN, TEXT(control_port), "its control port (a free one)", "PORT" },
    { "profile", VERB_SELFTEST, TEXT(profile), "profile of the reference merchant", "FILE" },
    { "mutants", VERB_SELFTEST, TEXT(mutants), "only these mutants, with commas", "LIST" },
    { "named", VERB_SELFTEST, SWITCH(named), "only the cases that a mutant's row names", NULL },
    { "full", VERB_SELFTEST, SWITCH(full), "every case on every mutant", NULL },
    { "api", VERB_LIST | VERB_SELFTEST, TEXT(api), "only v2, or only v3", "API" },
    { "json", VERB_LIST, SWITCH(json), "for programs", NULL },
    { "markdown", VERB_LIST, SWITCH(markdown), "docs/rules.md", NULL },
    { "config", VERB_RUN | VERB_SELFTEST, TEXT(config), "YAML file with the same names", "FILE" },
#undef TEXT
#undef SWITCH
};

static const struct verb_row {
    enum verb verb;
    const char *name, *argument;
} verb_rows[] = {
    { VERB_RUN, "run", "PROFILE" },      { VERB_LIST, "list", NULL },
    { VERB_EXPLAIN, "explain", "RULE" }, { VERB_VERIFY, "verify", "REPORT.json" },
    { VERB_SELFTEST, "selftest", NULL },
};

static char **text_at(struct options *options, const struct row *row)
{
    return (char **)(void *)((char *)options + row->offset);
}

static int *switch_at(struct options *options, const struct row *row)
{
    return (int *)(void *)((char *)options + row->offset);
}

static int usage(const char *what, const char *which)
{
    fprintf(stderr, "wxpay-conformance: %s%s%s\n", what, which ? ": " : "", which ? which : "");
    return ERR_USAGE;
}

static const struct verb_row *verb_of(enum verb verb)
{
    for (size_t i = 0; i < COUNT(verb_rows); i++) {
        if (verb_rows[i].verb == verb)
            return &verb_rows[i];
    }
    return NULL;
}

static int read_argument(struct options *options, const struct verb_row *verb, poptContext context)
{
    const char *argument = poptGetArg(context);

    if (verb->argument && !argument)
        return usage("missing", verb->argument);
    if (!verb->argument && argument)
        return usage("takes no argument", argument);
    if (poptPeekArg(context))
        return usage("too many arguments", poptPeekArg(context));
    if (argument && !(options->argument = mem_strdup(argument)))
        return ERR_NOMEM;
    return 0;
}

static int read_flags(struct options *options, const struct verb_row *verb, int argc, char **argv)
{
    struct poptOption table[COUNT(rows) + 2] = {};
    char *said[COUNT(rows)] = {}; /* popt's own blocks */
    char name[64], line[80];
    size_t count = 0;
    int code, err = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!(rows[i].verbs & verb->verb))
            continue;
        table[count++] =
            (struct poptOption){ rows[i].flag,
                                 '\0',
                                 rows[i].is_switch ? POPT_ARG_NONE : POPT_ARG_STRING,
                                 rows[i].is_switch ? (void *)switch_at(options, &rows[i])
                                                   : (void *)&said[i],
                                 0,
                                 rows[i].help,
                                 rows[i].argument };
    }
    struct poptOption help[] = { POPT_AUTOHELP };
    table[count] = help[0];
    snprintf(name, sizeof(name), "wxpay-conformance %s", verb->name);
    snprintf(line, sizeof(line), "[OPTION...] %s", verb->argument ? verb->argument : "");
    poptContext context = poptGetContext(name, argc, (const char **)(void *)argv, table, 0);
    poptSetOtherOptionHelp(context, line);
    while ((code = poptGetNextOpt(context)) > 0)
        continue;
    if (code < -1) {
        fprintf(stderr, "wxpay-conformance %s: %s: %s\n", verb->name,
                poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(code));
        err = ERR_USAGE;
    }
    if (!err)
        err = read_argument(options, verb, context);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!err && said[i] && !(*text_at(options, &rows[i]) = mem_strdup(said[i])))
            err = ERR_NOMEM;
        free(said[i]); /* popt's own block */
    }
    poptFreeContext(context);
    return err;
}

/* What is still open, from one more source. */
static int fill(struct options *options, const struct row *row, const char *value,
                const char *source)
{
    if (row->is_switch) {
        bool on = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        if (!on && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
            return usage("true or false is expected", source);
        if (on)
            *switch_at(options, row) = 1;
        return 0;
    }
    if (*text_at(options, row))
        return 0;
    *text_at(options, row) = mem_strdup(value);
    return *text_at(options, row) ? 0 : ERR_NOMEM;
}

/* control-port: WXPAY_CONFORMANCE_CONTROL_PORT in the environment, control_port in a file. */
static void other_name(const char *flag, const char *prefix, bool upper, char *out, size_t size)
{
    snprintf(out, size, "%s%s", prefix, flag);
    for (char *at = out + strlen(prefix); *at; at++) {
        if (*at == '-')
            *at = '_';
        else if (upper && *at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    }
}

static int read_environment(struct options *options, enum verb verb)
{
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(rows); i++) {
        char name[80];
        other_name(rows[i].flag, "WXPAY_CONFORMANCE_", true, name, sizeof(name));
        const char *value = getenv(name);
        if (value && (rows[i].verbs & verb))
            err = fill(options, &rows[i], value, name);
    }
    return err;
}

static const struct row *row_named(const char *name)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char known[40];
        other_name(rows[i].flag, "", false, known, sizeof(known));
        if (strcmp(known, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static int read_config(struct options *options, enum verb verb)
{
    struct buf text = BUF_INIT(CONFIG_MAX);
    struct yaml_node *root = NULL;
    struct profile_error error = {};

    if (!options->config)
        return 0;
    int err = files_read(options->config, &text);
    if (!err)
        err = tree_read(buf_view(&text), &root, &error);
    if (err)
        fprintf(stderr, "%s:%u:%u: %s\n", options->config, error.line, error.column,
                error.text[0] ? error.text : err_text(err));
    for (size_t i = 0; !err && root && i < root->count; i++) {
        const struct yaml_member *member = &root->member[i];
        const struct row *row = member->name ? row_named(member->name) : NULL;
        if (!row || member->value->kind != YAML_SCALAR) {
            fprintf(stderr, "%s:%u:%u: unknown key or no value: %s\n", options->config,
                    member->line, member->column, member->name ? member->name : "(a list)");
            err = ERR_USAGE;
        } else if (row->verbs & verb) {
            err = fill(options, row, member->value->text, member->name);
        }
    }
    tree_free(root);
    buf_release(&text);
    return err == 0 || err == ERR_NOMEM ? err : ERR_USAGE;
}

int options_read(struct options *options, enum verb verb, int argc, char **argv)
{
    *options = (struct options){};
    int err = read_flags(options, verb_of(verb), argc, argv);
    if (!err)
        err = read_environment(options, verb);
    if (!err)
        err = read_config(options, verb);
    return err;
}

void options_release(struct options *options)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!rows[i].is_switch)
            mem_free(*text_at(options, &rows[i]));
    }
    mem_free(options->argument);
    *options = (struct options){};
}

int options_number(const char *flag, const char *text, int64_t max, int64_t *out)
{
    if (!text || view_to_i64(view_str(text), max, out) == 0)
        return 0;
    fprintf(stderr, "wxpay-conformance: --%s: a number up to %lld is expected, not \"%s\"\n", flag,
            (long long)max, text);
    return ERR_USAGE;
}
