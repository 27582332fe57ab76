/*
 * selftest.c — runs every mutant of the kill table and prints what became of it.
 *
 * A mutant is run in a process of its own against the cases its row names and the rest of that
 * chapter (--named: only those, --full: all). It is killed when every case of its row turns to FAIL or WARN. The test is
 * red when a mutant survives, has no row, or a case has no mutant.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "child.h"
#include "killtable.h"
#include "run.h"
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE       6 /* they wait more than they work */
#define TURNED_MAX    ((size_t)64 * 1024)
#define PROGRAM       "wxpay-merchant-mutant"
#define PATH_BYTES    1200
#define MUTANT_MAX_MS 240'000

/* One mutant, before, while and after it ran. */
struct trial {
    const struct kill_row *row;
    pid_t pid; /* 0: not running */
    int fd;
    struct buf turned; /* "case VERDICT\n" of every case that was run */
    bool done;
    int64_t start_us, took_ms;
};

struct selftest {
    const struct options *options;
    struct trial *trials;
    size_t count, next, done;
    unsigned at_once;
    uint64_t seed;
    size_t red; /* things that make the test red */
};

/* ---- the mutant's side: a run, and one line per case ------------------------------------------------ */

/* "wxpay-merchant …" becomes "wxpay-merchant-mutant --mutant NAME …". */
static int become_mutant(struct profile *profile, const char *mutant)
{
    size_t count = 0;
    while (profile->start && profile->start[count])
        count++;
    if (!count)
        return ERR_USAGE;
    char **argv = mem_zalloc(count + 3, sizeof(*argv));
    if (!argv)
        return ERR_NOMEM;
    mem_free(profile->start[0]);
    argv[0] = mem_strdup(PROGRAM);
    argv[1] = mem_strdup("--mutant");
    argv[2] = mem_strdup(mutant);
    for (size_t i = 1; i < count; i++)
        argv[i + 2] = profile->start[i];
    mem_free(profile->start);
    profile->start = argv;
    return argv[0] && argv[1] && argv[2] ? 0 : ERR_NOMEM;
}

/* The cases of the row, then their chapters unless only the named ones are wanted. */
static int cases_for(const struct kill_row *row, const struct options *options, struct buf *only)
{
    int err = 0;
    if (options->only)
        return buf_str(only, options->only);
    for (size_t i = 0; !err && i < KILL_CASES_MAX && row->cases[i]; i++) {
        const char *id = row->cases[i];
        err = buf_fmt(only, "%s%s", i ? "," : "", id);
        if (!err && !options->full && !options->named)
            err = buf_fmt(only, ",%.*s/*", (int)(strrchr(id, '/') - id), id);
    }
    return err;
}

static void tell(int fd, const struct results *results)
{
    for (size_t i = 0; i < results->case_count; i++)
        dprintf(fd, "%s %s\n", results->cases[i].def->id,
                verdict_name(case_verdict(&results->cases[i])));
}

/* The profile of the reference merchant that the row is about, or --profile. */
static bool find_profile(const struct options *options, const char *name, char path[PATH_BYTES])
{
    static const char *const places[] = {
        "/../share/wxpay-sandbox/profiles/",
        "/../../../fixtures/profiles/", /* from the build tree */
    };
    if (options->profile)
        return view_copy(view_str(options->profile), path, PATH_BYTES) == 0;
    for (size_t i = 0; i < COUNT(places); i++) {
        snprintf(path, PATH_BYTES, "%.1000s%s%s", child_own_directory(), places[i], name);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static int try_mutant(const struct selftest *test, const struct kill_row *row, int fd)
{
    char path[PATH_BYTES];
    struct profile profile = {};
    struct profile_error error = {};
    struct selection selection = {};
    struct results results = {};
    struct run run = {};
    struct buf only = BUF_INIT((size_t)4096);
    char why[300] = "", today[11];
    struct run_options options = { .seed = test->seed,
                                   .jobs = 1,
                                   .quiet = true,
                                   .sandbox = test->options->sandbox,
                                   .scanner = test->options->scanner };
    today_text(today);
    int err = find_profile(test->options, row->profile, path) ? profile_load(&profile, path, &error)
                                                              : ERR_NOT_FOUND;
    if (!err)
        err = become_mutant(&profile, row->mutant);
    if (!err)
        err = cases_for(row, test->options, &only);
    if (!err)
        err = select_cases(
            &selection,
            &(struct select_wish){ .api = profile.api,
                                   .only = test->options->full ? NULL : buf_cstr(&only) },
            why, sizeof(why));
    if (!err)
        err = run_cases(&run, &options, &profile, &selection);
    if (!err) {
        struct results_input input = { .api = profile.api,
                                       .cases = selection.cases,
                                       .case_count = selection.count,
                                       .transcript = &run.transcript,
                                       .today = today };
        err = results_decide(&results, &input);
    }
    if (err)
        dprintf(fd, "! %s %s\n", err_text(err), why[0] ? why : error.text);
    else
        tell(fd, &results);
    results_release(&results);
    if (run.options)
        run_release(&run);
    selection_release(&selection);
    profile_release(&profile);
    buf_release(&only);
    return err;
}

/* ---- side by side -------------------------------------------------------------------------------------- */

static int start_trial(struct selftest *test, struct trial *trial)
{
    int ends[2];
    if (pipe(ends))
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        int err = try_mutant(test, trial->row, ends[1]);
        close(ends[1]);
        _exit(err ? 1 : 0);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -errno;
    }
    trial->pid = pid;
    trial->fd = ends[0];
    trial->start_us = clock_mono_us();
    return 0;
}

static enum verdict verdict_in(const struct trial *trial, const char *case_id)
{
    struct view rest = buf_view(&trial->turned);
    while (rest.len) {
        struct view next;
        struct view word;
        struct view line = view_cut(rest, '\n', &next);
        rest = next;
        if (view_is(view_cut(line, ' ', &word), case_id)) {
            char name[24];
            return view_copy(word, name, sizeof(name)) ? VERDICT_NONE : verdict_parse(name);
        }
    }
    return VERDICT_NONE;
}

static bool is_turned(enum verdict verdict)
{
    return verdict == VERDICT_FAIL || verdict == VERDICT_WARN;
}

/* Every other case that turned too, for people. */
static void print_others(const struct trial *trial)
{
    struct view rest = buf_view(&trial->turned);
    while (rest.len) {
        struct view next, word;
        char id[128];
        struct view line = view_cut(rest, '\n', &next);
        struct view name = view_cut(line, ' ', &word);
        bool named = false;
        rest = next;
        for (size_t i = 0; i < KILL_CASES_MAX && trial->row->cases[i]; i++)
            named = named || view_is(name, trial->row->cases[i]);
        if (!named && view_copy(name, id, sizeof(id)) == 0 &&
            (view_is(word, "FAIL") || view_is(word, "WARN")))
            printf("%42s also %s (%.*s)\n", "", id, VIEW_ARG(word));
    }
}

static void print_trial(struct selftest *test, const struct trial *trial)
{
    const struct kill_row *row = trial->row;
    bool killed = row->cases[0] != NULL;

    for (size_t i = 0; i < KILL_CASES_MAX && row->cases[i]; i++)
        killed = killed && is_turned(verdict_in(trial, row->cases[i]));
    printf("%-28s %-8s %5.1f s", row->mutant,
           killed     ? "killed"
           : row->why ? "unseen"
                      : "survived",
           (double)trial->took_ms / 1000);
    for (size_t i = 0; i < KILL_CASES_MAX && row->cases[i]; i++)
        printf("  %s %s", row->cases[i], verdict_name(verdict_in(trial, row->cases[i])));
    if (row->why)
        printf("  %s", row->why);
    putchar('\n');
    if (view_starts(buf_view(&trial->turned), VIEW("!")))
        printf("%42s %.200s", "", buf_cstr(&trial->turned));
    if (test->options->verbose)
        print_others(trial);
    if (!killed && !row->why)
        test->red++;
    fflush(stdout);
}

static void finish_trial(struct selftest *test, struct trial *trial)
{
    while (waitpid(trial->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(trial->fd);
    trial->pid = 0;
    trial->done = true;
    trial->took_ms = (clock_mono_us() - trial->start_us) / 1000;
    test->done++;
    print_trial(test, trial);
}

static void read_trial(struct selftest *test, struct trial *trial)
{
    char block[4096];
    ssize_t got = read(trial->fd, block, sizeof(block));

    if (got > 0 && buf_add(&trial->turned, block, (size_t)got) == 0)
        return;
    if (got < 0 && errno == EINTR)
        return;
    if (got > 0)
        kill(trial->pid, SIGKILL);
    finish_trial(test, trial);
}

static void start_more(struct selftest *test, unsigned running)
{
    for (; running < test->at_once && test->next < test->count; test->next++) {
        struct trial *trial = &test->trials[test->next];
        if (!trial->row->cases[0] && !test->options->only && !test->options->full) {
            trial->done = true;
            test->done++;
            print_trial(test, trial); /* nothing can be expected of it: see why */
            continue;
        }
        if (start_trial(test, trial)) {
            trial->done = true;
            test->done++;
            test->red++;
        } else {
            running++;
        }
    }
}

static void run_all(struct selftest *test)
{
    unsigned running = 0;
    while (test->done < test->count) {
        struct pollfd fds[16];
        struct trial *of[16];
        nfds_t count = 0;
        start_more(test, running);
        for (size_t i = 0; i < test->next; i++) {
            if (!test->trials[i].pid)
                continue;
            fds[count] = (struct pollfd){ test->trials[i].fd, POLLIN, 0 };
            of[count++] = &test->trials[i];
        }
        if (count)
            poll(fds, count, 500);
        running = 0;
        for (nfds_t i = 0; i < count; i++) {
            if (fds[i].revents)
                read_trial(test, of[i]);
            else if (clock_mono_us() - of[i]->start_us > MUTANT_MAX_MS * 1000LL)
                kill(of[i]->pid, SIGKILL); /* its end is read in the next turn */
            running += of[i]->pid != 0;
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

static bool wanted(const struct options *options, const char *mutant)
{
    struct view rest = view_str(options->mutants);
    while (rest.len) {
        struct view next;
        if (view_is(view_trim(view_cut(rest, ',', &next)), mutant))
            return true;
        rest = next;
    }
    return !options->mutants;
}

/* --api narrows it to one dialect. */
static bool wanted_api(const struct options *options, enum api api)
{
    return !options->api || strcmp(options->api, api_name(api)) == 0;
}

static bool has_row(const char *mutant, enum api api)
{
    const struct kill_row *row;

    for (size_t i = 0; (row = kill_row_at(i)); i++) {
        if (row->api == api && strcmp(row->mutant, mutant) == 0)
            return true;
    }
    return false;
}

/* Every mutant that the program knows must have a row, and every row a mutant. */
static void check_names(struct selftest *test, enum api api)
{
    char program[] = PROGRAM, list[] = "--list-mutants", name_of_api[8];
    char *argv[] = { program, list, name_of_api, NULL };
    struct child child = CHILD_NONE;
    struct buf text = BUF_INIT((size_t)1024 * 1024);
    struct child_start start = { .argv = argv, .pipe_out = true };
    json_t *known = NULL;
    size_t i;
    json_t *mutant;

    snprintf(name_of_api, sizeof(name_of_api), "%s", api_name(api));
    if (api == API_V2)
        argv[2] = NULL; /* its list is the one without a word */
    if (child_spawn(&child, &start) == 0 && child_read_all(&child, &text, 10'000) == 0)
        known = json_loadb(buf_cstr(&text), text.len, 0, NULL);
    const json_t *mutants = json_object_get(known, "mutants");
    if (!json_array_size(mutants)) {
        printf("%-30s error: --list-mutants gave no list\n", PROGRAM);
        test->red++;
    }
    json_array_foreach(mutants, i, mutant)
    {
        const char *name = json_string_value(json_object_get(mutant, "name"));
        if (name && !has_row(name, api)) {
            printf("%-30s missed: this mutant has no row\n", name);
            test->red++;
        }
    }
    json_decref(known);
    buf_release(&text);
}

static void check_cases(struct selftest *test)
{
    for (size_t i = 0; i < case_count(); i++) {
        if (wanted_api(test->options, case_api(case_at(i))) &&
            !kill_table_has_case(case_at(i)->id)) {
            printf("%-30s missed: this case has no mutant\n", case_at(i)->id);
            test->red++;
        }
    }
}

static int prepare(struct selftest *test)
{
    int64_t jobs = AT_ONCE, seed = 1;
    char path[PATH_BYTES];
    enum api api;
    const struct kill_row *row;

    if (options_number("jobs", test->options->jobs, 16, &jobs) ||
        options_number("seed", test->options->seed, INT64_MAX, &seed))
        return ERR_USAGE;
    if (test->options->api && !api_parse(test->options->api, &api)) {
        fprintf(stderr, "wxpay-conformance: --api: v2 or v3 is expected\n");
        return ERR_USAGE;
    }
    test->at_once = jobs ? (unsigned)jobs : AT_ONCE;
    test->seed = (uint64_t)seed;
    if (!find_profile(test->options, kill_row_at(0)->profile, path)) {
        fprintf(stderr, "wxpay-conformance: %s is not found; --profile FILE\n",
                kill_row_at(0)->profile);
        return ERR_USAGE;
    }
    test->trials = mem_zalloc(kill_table_v2_count + kill_table_v3_count + 1, sizeof(*test->trials));
    if (!test->trials)
        return ERR_NOMEM;
    for (size_t i = 0; (row = kill_row_at(i)); i++) {
        if (wanted(test->options, row->mutant) && wanted_api(test->options, row->api))
            test->trials[test->count++] =
                (struct trial){ .row = row, .turned = BUF_INIT(TURNED_MAX) };
    }
    return 0;
}

int go_selftest(const struct options *options)
{
    struct selftest test = { .options = options };
    int64_t start_us = clock_mono_us();
    size_t cases = 0;

    if (prepare(&test))
        return 2;
    run_all(&test);
    if (!options->mutants) {
        for (enum api api = API_V2; api < APIS; api++)
            if (wanted_api(options, api))
                check_names(&test, api);
        check_cases(&test);
    }
    for (size_t i = 0; i < case_count(); i++)
        cases += wanted_api(options, case_api(case_at(i)));
    printf("\n%zu mutants, %zu cases: %s (%zu red), %.1f s\n", test.count, cases,
           test.red ? "red" : "every mutant was caught", test.red,
           (double)(clock_mono_us() - start_us) / 1e6);
    for (size_t i = 0; i < test.count; i++)
        buf_release(&test.trials[i].turned);
    mem_free(test.trials);
    return test.red ? 1 : 0;
}
