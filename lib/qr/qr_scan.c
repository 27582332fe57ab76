#include "qr/qr_scan.h"

#include "base/err.h"
#include "base/mem.h"
#include "qr/qr_answer.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES 4096

/*
 *   RUNNING --exited, and its answer read to the end--> CLOSING --all closed--> on_end, gone
 *      +------failed (too long, deadline, stopped): killed, exited-----^
 *
 * A scan that cannot start is CLOSING at once. The first failure is kept. The handles are closed
 * one after the other, so that the last callback knows it is the last.
 */
struct qr_scan {
    bool too_large; /* not even started */
    bool spawned;   /* there is a scanner */
    bool exited;    /* it has ended */
    bool drained;   /* its answer was read to the end */
    bool closing;
    int err; /* the first failure */
    int64_t exit_status;
    int exit_signal;
    uv_process_t process; /* initialised when @tried */
    bool tried;
    uv_pipe_t input, output;
    uv_timer_t deadline;
    uv_write_t sending;
    uv_shutdown_t shutting;
    char chunk[16 << 10];
    struct buf picture; /* owned; on its way into the scanner */
    struct buf answer;  /* owned; what came out so far */
    struct buf program; /* owned */
    bool repair;
    qr_scan_fn *on_end;
    void *owner; /* borrowed */
};

void qr_scan_result_release(struct qr_scan_result *result)
{
    for (size_t i = 0; i < result->symbol_count; i++)
        buf_release(&result->symbols[i]);
    *result = (struct qr_scan_result){};
}

int qr_scan_find_program(struct buf *out)
{
    char path[PATH_BYTES];
    size_t len = sizeof path;

    if (uv_exepath(path, &len) == 0) {
        char *slash = memrchr(path, '/', len);
        size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
        if (dir && dir + sizeof QR_SCAN_PROGRAM <= sizeof path) {
            memcpy(path + dir, QR_SCAN_PROGRAM, sizeof QR_SCAN_PROGRAM);
            if (access(path, X_OK) == 0)
                return buf_str(out, path);
        }
    }
    return buf_str(out, QR_SCAN_PROGRAM); /* uv_spawn() searches $PATH */
}

static const char *word_of(const struct qr_scan *scan)
{
    static const struct {
        int err;
        const char *word;
    } words[] = {
        { ERR_TIMEOUT, "timeout" },   { ERR_CLOSED, "crashed" },    { ERR_PROTOCOL, "protocol" },
        { ERR_TOO_LONG, "protocol" }, { UV_ECANCELED, "canceled" }, { ERR_NOMEM, "no-memory" },
    };

    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].err == scan->err)
            return words[i].word;
    return "no-program";
}

/* Why there is no answer: a word for programs, a phrase for people. */
static void explain(const struct qr_scan *scan, struct qr_scan_result *result)
{
    qr_scan_result_release(result); /* a half-read answer is none */
    result->err = scan->err;
    snprintf(result->error, sizeof result->error, "%s", word_of(scan));
    if (scan->err == ERR_CLOSED)
        snprintf(result->detail, sizeof result->detail,
                 "the scanner ended without an answer, exit code %lld, signal %d",
                 (long long)scan->exit_status, scan->exit_signal);
    else
        snprintf(result->detail, sizeof result->detail, "%.160s: %s", buf_cstr(&scan->program),
                 err_text(scan->err));
}

static void read_answer(struct qr_scan *scan, struct qr_scan_result *result)
{
    if (scan->too_large) {
        snprintf(result->error, sizeof result->error, "too-large");
        snprintf(result->detail, sizeof result->detail, "the picture has more than 8 MiB");
        return;
    }
    if (!scan->err)
        scan->err = scan->answer.len ? qr_answer_read(buf_view(&scan->answer), result) : ERR_CLOSED;
    if (scan->err)
        explain(scan, result);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    struct qr_scan *scan = container_of(handle, struct qr_scan, deadline);
    struct qr_scan_result result = {};

    read_answer(scan, &result);
    scan->on_end(scan->owner, &result);
    qr_scan_result_release(&result);
    buf_release(&scan->picture);
    buf_release(&scan->answer);
    buf_release(&scan->program);
    mem_free(scan);
}

static void on_output_closed(uv_handle_t *handle)
{
    struct qr_scan *scan = container_of(handle, struct qr_scan, output);

    uv_close((uv_handle_t *)&scan->deadline, on_deadline_closed);
}

static void on_input_closed(uv_handle_t *handle)
{
    struct qr_scan *scan = container_of(handle, struct qr_scan, input);

    uv_close((uv_handle_t *)&scan->output, on_output_closed);
}

static void on_process_closed(uv_handle_t *handle)
{
    struct qr_scan *scan = container_of(handle, struct qr_scan, process);

    uv_close((uv_handle_t *)&scan->input, on_input_closed);
}

/*
 * After a failure the end of the answer is not waited for: something the scanner started may hold
 * the pipe open.
 */
static void step(struct qr_scan *scan)
{
    bool over = !scan->spawned || (scan->exited && (scan->drained || scan->err));

    if (!over || scan->closing)
        return;
    scan->closing = true;
    uv_timer_stop(&scan->deadline);
    if (scan->tried)
        uv_close((uv_handle_t *)&scan->process, on_process_closed);
    else
        uv_close((uv_handle_t *)&scan->input, on_input_closed);
}

static void fail(struct qr_scan *scan, int err)
{
    if (!scan->err)
        scan->err = err;
    if (scan->spawned && !scan->exited)
        (void)uv_process_kill(&scan->process, SIGKILL); /* gone already: its exit is on its way */
    step(scan);
}

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct qr_scan *scan = container_of(process, struct qr_scan, process);

    scan->exited = true;
    scan->exit_status = status;
    scan->exit_signal = signal;
    step(scan);
}

static void on_deadline(uv_timer_t *timer)
{
    fail(container_of(timer, struct qr_scan, deadline), ERR_TIMEOUT);
}

static void on_chunk(uv_handle_t *handle, size_t, uv_buf_t *out)
{
    struct qr_scan *scan = container_of(handle, struct qr_scan, output);

    *out = uv_buf_init(scan->chunk, sizeof scan->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *)
{
    struct qr_scan *scan = container_of(stream, struct qr_scan, output);

    if (got > 0) {
        int err = buf_add(&scan->answer, scan->chunk, (size_t)got);
        if (err)
            fail(scan, err);
    } else if (got < 0) {
        scan->drained = true; /* what is missing of the answer shows when it is parsed */
        uv_read_stop(stream);
        step(scan);
    }
}

static void on_shut(uv_shutdown_t *, int)
{
}

/* A scanner that did not want all of it may still have answered: the status says nothing. */
static void on_sent(uv_write_t *sending, int)
{
    struct qr_scan *scan = container_of(sending, struct qr_scan, sending);

    if (!scan->closing)
        (void)uv_shutdown(&scan->shutting, (uv_stream_t *)&scan->input, on_shut);
}

static char *entry_of(const char *name)
{
    for (char **entry = environ; *entry; entry++)
        if (strncmp(*entry, name, strlen(name)) == 0)
            return *entry;
    return NULL;
}

/* Whatever secrets the environment holds are not for a process that reads strangers' pictures. */
static void pick_environment(char *out[3])
{
    static const char *const kept[] = { "PATH=", "LD_LIBRARY_PATH=" };
    size_t len = 0;

    for (size_t i = 0; i < COUNT(kept); i++)
        if (entry_of(kept[i]))
            out[len++] = entry_of(kept[i]);
    out[len] = NULL;
}

static int spawn(struct qr_scan *scan, uv_loop_t *loop)
{
    char repair[] = "--repair";
    char *args[] = { scan->program.ptr, scan->repair ? repair : NULL, NULL };
    char *environment[3];
    uv_stdio_container_t pipes[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&scan->input },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&scan->output },
        { .flags = UV_IGNORE },
    };
    uv_process_options_t options = {
        .file = scan->program.ptr,
        .args = args,
        .env = environment,
        .stdio = pipes,
        .stdio_count = COUNT(pipes),
        .exit_cb = on_exit,
    };

    pick_environment(environment);
    scan->tried = true; /* libuv wants the handle closed even when it could not start it */
    int err = uv_spawn(loop, &scan->process, &options);
    scan->spawned = err == 0;
    return err;
}

static int begin(struct qr_scan *scan, uv_loop_t *loop, unsigned timeout_ms)
{
    int err = spawn(scan, loop);
    if (err)
        return err;
    err = uv_read_start((uv_stream_t *)&scan->output, on_chunk, on_read);
    if (err)
        return err;
    err = uv_timer_start(&scan->deadline, on_deadline, timeout_ms, 0);
    if (err)
        return err;
    if (!scan->picture.len) {
        on_sent(&scan->sending, 0);
        return 0;
    }
    uv_buf_t bytes = uv_buf_init(scan->picture.ptr, (unsigned)scan->picture.len);
    return uv_write(&scan->sending, (uv_stream_t *)&scan->input, &bytes, 1, on_sent);
}

static int prepare(struct qr_scan *scan, struct view picture, const struct qr_scan_options *options)
{
    scan->picture = BUF_INIT(QR_SCAN_PICTURE_MAX);
    scan->answer = BUF_INIT(QR_SCAN_ANSWER_MAX);
    scan->program = BUF_INIT(PATH_BYTES);
    scan->repair = options->repair;
    scan->too_large = picture.len > QR_SCAN_PICTURE_MAX;

    int err = options->program ? buf_str(&scan->program, options->program)
                               : qr_scan_find_program(&scan->program);
    if (!err && !scan->too_large)
        err = buf_view_add(&scan->picture, picture);
    return err;
}

struct qr_scan *qr_scan_start(uv_loop_t *loop, struct view picture,
                              const struct qr_scan_options *options, qr_scan_fn *on_end,
                              void *owner)
{
    static const struct qr_scan_options usual = {};
    struct qr_scan *scan = mem_new(struct qr_scan);

    if (!scan)
        return NULL;
    if (!options)
        options = &usual;
    scan->on_end = on_end;
    scan->owner = owner;
    uv_timer_init(loop, &scan->deadline);
    uv_pipe_init(loop, &scan->input, 0); /* none of the three can fail without IPC */
    uv_pipe_init(loop, &scan->output, 0);

    int err = prepare(scan, picture, options);
    if (!err && !scan->too_large)
        err = begin(scan, loop, options->timeout_ms ? options->timeout_ms : QR_SCAN_TIMEOUT_MS);
    if (err)
        fail(scan, err);
    else
        step(scan);
    return scan;
}

void qr_scan_stop(struct qr_scan *scan)
{
    fail(scan, UV_ECANCELED);
}

static void on_run_end(void *owner, struct qr_scan_result *result)
{
    struct qr_scan_result *out = owner;

    *out = qr_scan_result_take(result);
}

int qr_scan_run(const char *program, struct view picture, bool repair,
                struct qr_scan_result *result)
{
    struct qr_scan_options options = { .program = program, .repair = repair };
    uv_loop_t loop;

    *result = (struct qr_scan_result){};
    int err = uv_loop_init(&loop);
    if (!err) {
        if (!qr_scan_start(&loop, picture, &options, on_run_end, result))
            err = ERR_NOMEM;
        uv_run(&loop, UV_RUN_DEFAULT);
        int open = uv_loop_close(&loop);
        assert(!open && "a scan leaves no handle behind");
        (void)open;
    }
    if (err) {
        result->err = err;
        snprintf(result->error, sizeof result->error, "no-memory");
        snprintf(result->detail, sizeof result->detail, "%s", err_text(err));
    }
    return result->err;
}
