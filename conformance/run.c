#include "run.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "files.h"
#include "profile.h"
#include "workers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOBS_AT_ONCE  4 /* they wait more than they work */
#define CASE_LIMIT_MS 100'000
#define LINES_MAX     ((size_t)256 * 1024 * 1024)

void today_text(char out[11])
{
    char digits[CN_TIME_LEN + 1];
    cn_time_14(clock_real_ms(), digits);
    snprintf(out, 11, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
}

/* ---- progress ---------------------------------------------------------------------------------- */

/* The verdict of a case that has just ended; NONE when it cannot be told. */
static enum verdict verdict_now(const struct case_def *def, struct view lines)
{
    struct transcript transcript = {};
    struct story story = {};
    struct ruling ruling = {};
    enum verdict worst = VERDICT_NONE;
    int err = 0;

    while (!err && lines.len) {
        struct view rest;
        struct view line = view_cut(lines, '\n', &rest);
        err = line.len ? transcript_add_line(&transcript, line) : 0;
        lines = rest;
    }
    if (!err && story_of(&story, &transcript, def->id) == 0) {
        decide_case(def, &story, &ruling);
        for (size_t i = 0; i < ruling.count; i++)
            worst = ruling.findings[i].verdict > worst ? ruling.findings[i].verdict : worst;
    }
    story_release(&story);
    transcript_release(&transcript);
    return worst;
}

static void show_progress(const struct run *run, size_t index, struct view lines)
{
    const struct case_def *def = run->selection->cases[index];
    size_t total = run->selection->count;

    if (run->options->quiet)
        return;
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K[%zu/%zu] %s", run->done, total, def->id);
        if (run->done == run->case_count)
            fprintf(stderr, "\r\033[K");
        fflush(stderr);
    } else {
        fprintf(stderr, "[%zu/%zu] %-12s %s\n", run->done, total,
                verdict_name(verdict_now(def, lines)), def->id);
    }
}

static void on_case(void *owner, size_t index, struct view lines)
{
    struct run *run = owner;

    if (buf_view_add(&run->lines[index], lines))
        buf_clear(&run->lines[index]); /* a case without its end is ERROR */
    run->done++;
    show_progress(run, index, lines);
}

/* ---- running ------------------------------------------------------------------------------------ */

static int make_work_dir(struct run *run)
{
    const char *base = getenv("TMPDIR");
    int len = snprintf(run->work_dir, sizeof(run->work_dir), "%s/wxpay-conformance-XXXXXX",
                       base && base[0] ? base : "/tmp");
    if (len < 0 || (size_t)len >= sizeof(run->work_dir))
        return ERR_TOO_LONG;
    if (!mkdtemp(run->work_dir)) {
        run->work_dir[0] = '\0';
        return ERR_IO;
    }
    return 0;
}

/*
 * Merchants side by side share nothing only if each has a port and a directory of its own, which
 * the profile shows by using both names.
 */
static unsigned jobs_for(const struct run_options *options, const struct profile *profile)
{
    bool apart = profile->start && profile_uses(profile, "merchant_port") &&
                 profile_uses(profile, "out_dir");
    if (!apart)
        return 1;
    return options->jobs ? options->jobs : JOBS_AT_ONCE;
}

static int gather(struct run *run)
{
    int err = 0;
    for (size_t i = 0; !err && i < run->case_count; i++) {
        struct view lines = buf_view(&run->lines[i]);
        while (!err && lines.len) {
            struct view rest;
            struct view line = view_cut(lines, '\n', &rest);
            err = line.len ? transcript_add_line(&run->transcript, line) : 0;
            lines = rest;
        }
    }
    return err;
}

static int work(struct run *run, const struct profile *profile)
{
    const struct run_options *options = run->options;
    char pictures[700] = "";

    if (options->out_dir) {
        snprintf(pictures, sizeof(pictures), "%s/pictures", options->out_dir);
        files_clear_pictures(pictures); /* of an earlier run */
        mkdir(pictures, 0755);
    }
    struct workers_options workers = {
        .bench = { .profile = profile,
                   .seed = options->seed,
                   .picture_dir = pictures[0] ? pictures : NULL,
                   .sandbox = options->sandbox,
                   .scanner = options->scanner,
                   .port = options->port,
                   .control_port = options->control_port },
        .work_dir = run->work_dir,
        .jobs = jobs_for(options, profile),
        .case_limit_ms =
            CASE_LIMIT_MS + (profile->clock.line ? 0 : 2 * (unsigned)profile->max_wait_ms),
        .on_case = on_case,
        .owner = run,
    };
    return workers_run(&workers, run->selection->cases, run->case_count);
}

int run_cases(struct run *run, const struct run_options *options, const struct profile *profile,
              const struct selection *selection)
{
    *run = (struct run){ .selection = selection, .options = options };
    run->started_ms = clock_real_ms();
    run->lines = mem_zalloc(selection->count + 1, sizeof(*run->lines));
    if (!run->lines)
        return ERR_NOMEM;
    for (size_t i = 0; i < selection->count; i++)
        run->lines[i] = BUF_INIT(LINES_MAX);
    /* those that watch all come last and are not run */
    while (run->case_count < selection->count &&
           !(selection->cases[run->case_count]->flags & CASE_WATCHES_ALL))
        run->case_count++;
    int64_t start_us = clock_mono_us();
    int err = make_work_dir(run);
    if (!err && run->case_count)
        err = work(run, profile);
    if (!err)
        err = gather(run);
    run->took_ms = (clock_mono_us() - start_us) / 1000;
    return err;
}

void run_release(struct run *run)
{
    transcript_release(&run->transcript);
    for (size_t i = 0; run->lines && run->selection && i < run->selection->count; i++)
        buf_release(&run->lines[i]);
    mem_free(run->lines);
    if (run->work_dir[0] && !run->options->keep)
        files_remove_tree(run->work_dir);
    *run = (struct run){};
}

/* ---- the verb -------------------------------------------------------------------------------------- */

static void print_text(const struct report *report, const struct run_options *options)
{
    struct buf text = BUF_INIT(REPORT_MAX);
    struct text_style style = { .colour = isatty(STDOUT_FILENO), .verbose = options->verbose };

    if (report_text(report, &style, &text) == 0)
        fwrite(text.ptr, 1, text.len, stdout);
    buf_release(&text);
}

static int conclude(struct run *run, const struct profile *profile)
{
    char today[11];
    struct results results = {};
    const struct run_options *options = run->options;

    today_text(today);
    struct results_input input = { .api = profile->api,
                                   .cases = run->selection->cases,
                                   .case_count = run->selection->count,
                                   .transcript = &run->transcript,
                                   .waivers = profile->waivers,
                                   .waiver_count = profile->waiver_count,
                                   .today = today };
    int err = results_decide(&results, &input);
    struct report report = { .results = &results,
                             .transcript = &run->transcript,
                             .profile_name = profile->name,
                             .profile_path = profile->path,
                             .profile_sha256 = profile->sha256,
                             .api = api_name(profile->api),
                             .version = WXPAY_VERSION,
                             .today = today,
                             .seed = options->seed,
                             .started_ms = run->started_ms,
                             .took_ms = run->took_ms,
                             .waivers = profile->waivers,
                             .waiver_count = profile->waiver_count,
                             .only = options->only,
                             .out_dir = options->out_dir };
    if (!err && options->out_dir)
        err = files_write_all(&report, run->lines, run->case_count);
    if (!err && !options->quiet)
        print_text(&report, options);
    if (err)
        fprintf(stderr, "wxpay-conformance: the report cannot be written: %s\n", err_text(err));
    int code = err ? 4 : results.exit_code;
    results_release(&results);
    return code;
}

static int start_run(const struct run_options *options, const struct profile *profile,
                     const struct selection *selection)
{
    struct run run = {};
    int code = 4;

    if (options->out_dir && files_make_dirs(options->out_dir)) {
        fprintf(stderr, "wxpay-conformance: %s cannot be made\n", options->out_dir);
        return 2;
    }
    int err = run_cases(&run, options, profile, selection);
    if (err)
        fprintf(stderr, "wxpay-conformance: the run broke off: %s\n", err_text(err));
    else
        code = conclude(&run, profile);
    if (options->keep && run.work_dir[0])
        fprintf(stderr, "kept: %s\n", run.work_dir);
    run_release(&run);
    return code;
}

int verb_run(const struct run_options *options)
{
    struct profile profile = {};
    struct profile_error error = {};
    struct selection selection = {};
    char why[300] = "";
    int code = 2;

    int err = profile_load(&profile, options->profile_path, &error);
    if (err) {
        fprintf(stderr, "%s\n", error.text[0] ? error.text : err_text(err));
    } else if (select_cases(&selection,
                            &(struct select_wish){ profile.api, options->only, options->must }, why,
                            sizeof(why))) {
        fprintf(stderr, "wxpay-conformance: --only: %s\n", why);
    } else {
        code = start_run(options, &profile, &selection);
    }
    selection_release(&selection);
    profile_release(&profile);
    return code;
}
