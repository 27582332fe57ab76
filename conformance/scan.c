#include "scan.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#define ANSWER_MAX ((size_t)256 << 10)
#define TEXT_MAX   ((size_t)16 << 10)
#define WAIT_MS    10'000

void scan_result_release(struct scan_result *result)
{
    for (size_t i = 0; i < SCAN_TEXTS_MAX; i++)
        buf_release(&result->texts[i]);
    result->count = 0;
}

/* ---- the process ---------------------------------------------------------------------------- */

/* One question, asked on a loop of its own; every handle is closed before it dies. */
struct asking {
    uv_loop_t loop;
    uv_process_t process;
    uv_pipe_t input, output;
    uv_timer_t deadline;
    uv_write_t write;
    uv_shutdown_t end_of_input;
    struct view picture; /* borrowed */
    struct buf answer;   /* owned */
    char chunk[16 << 10];
    bool spawned;
    int err; /* the first failure */
};

static void failed(struct asking *a, int err)
{
    if (!a->err)
        a->err = err;
    if (a->spawned)
        uv_process_kill(&a->process, SIGKILL);
}

static void close_once(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_exit_of_scanner(uv_process_t *process, int64_t status, int signal)
{
    struct asking *a = container_of(process, struct asking, process);

    if (status || signal)
        failed(a, ERR_CLOSED);
    a->spawned = false;
    close_once((uv_handle_t *)&a->deadline);
    close_once((uv_handle_t *)&a->input);
    close_once((uv_handle_t *)process);
}

static void on_deadline(uv_timer_t *timer)
{
    failed(container_of(timer, struct asking, deadline), ERR_TIMEOUT);
}

static void on_room(uv_handle_t *handle, size_t, uv_buf_t *room)
{
    struct asking *a = container_of(handle, struct asking, output);
    *room = uv_buf_init(a->chunk, sizeof(a->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *)
{
    struct asking *a = container_of(stream, struct asking, output);

    if (len > 0) {
        int err = buf_add(&a->answer, a->chunk, (size_t)len);
        if (err)
            failed(a, err);
    } else if (len < 0) {
        close_once((uv_handle_t *)stream);
    }
}

static void on_input_ended(uv_shutdown_t *end, int)
{
    struct asking *a = container_of(end, struct asking, end_of_input);
    close_once((uv_handle_t *)&a->input);
}

/* A scanner that refuses a picture early closes its input: no failure, its answer says why. */
static void on_written(uv_write_t *write, int status)
{
    struct asking *a = container_of(write, struct asking, write);

    if (uv_is_closing((uv_handle_t *)&a->input))
        return;
    if (status || uv_shutdown(&a->end_of_input, (uv_stream_t *)&a->input, on_input_ended))
        close_once((uv_handle_t *)&a->input);
}

static int spawn(struct asking *a, char *program)
{
    static char repair[] = "--repair";
    char *args[] = { program, repair, NULL };
    uv_stdio_container_t stdio[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&a->input },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&a->output },
        { .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
    };
    const uv_process_options_t options = {
        .file = program,
        .args = args,
        .stdio = stdio,
        .stdio_count = COUNT(stdio),
        .exit_cb = on_exit_of_scanner,
    };
    return uv_spawn(&a->loop, &a->process, &options);
}

static void start(struct asking *a, char *program)
{
    uv_buf_t picture = uv_buf_init((char *)(uintptr_t)a->picture.ptr, (unsigned)a->picture.len);

    uv_pipe_init(&a->loop, &a->input, 0);
    uv_pipe_init(&a->loop, &a->output, 0);
    uv_timer_init(&a->loop, &a->deadline);
    int err = spawn(a, program);
    if (err) {
        failed(a, err);
        close_once((uv_handle_t *)&a->process);
        close_once((uv_handle_t *)&a->deadline);
        close_once((uv_handle_t *)&a->input);
        close_once((uv_handle_t *)&a->output);
        return;
    }
    a->spawned = true;
    err = uv_timer_start(&a->deadline, on_deadline, WAIT_MS, 0);
    if (!err)
        err = uv_read_start((uv_stream_t *)&a->output, on_room, on_read);
    if (!err)
        err = uv_write(&a->write, (uv_stream_t *)&a->input, &picture, 1, on_written);
    if (err)
        failed(a, err);
}

/* Beside the running program when there is such a file, else the bare name, for PATH. */
static int find_program(struct buf *out)
{
    char self[4096];
    size_t size = sizeof(self);

    if (uv_exepath(self, &size) == 0) {
        char *slash = strrchr(self, '/');
        int err = slash ? buf_add(out, self, (size_t)(slash - self) + 1) : 0;
        if (!err)
            err = buf_str(out, "wxpay-qrscan");
        if (err || (slash && access(buf_cstr(out), X_OK) == 0))
            return err;
    }
    buf_clear(out);
    return buf_str(out, "wxpay-qrscan");
}

static int ask(const char *program, struct view picture, struct buf *answer)
{
    struct asking *a = mem_new(struct asking);
    struct buf path = BUF_INIT(8192);
    int err = a ? 0 : ERR_NOMEM;

    if (!err)
        err = program ? buf_str(&path, program) : find_program(&path);
    if (!err)
        err = uv_loop_init(&a->loop);
    if (err)
        goto out;
    a->picture = picture;
    a->answer = BUF_INIT(ANSWER_MAX);
    start(a, path.ptr);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    err = uv_loop_close(&a->loop);
    if (a->err)
        err = a->err;
    *answer = buf_take(&a->answer);
out:
    buf_release(&path);
    mem_free(a);
    return err;
}

/* ---- its answer ----------------------------------------------------------------------------- */

static void copy_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (text && view_copy(view_str(text), out, size))
        out[0] = '\0';
}

static int read_texts(const json_t *symbols, struct scan_result *result)
{
    for (size_t i = 0; i < json_array_size(symbols) && i < SCAN_TEXTS_MAX; i++) {
        const json_t *text = json_object_get(json_array_get(symbols, i), "text_base64");
        if (!json_is_string(text))
            return ERR_PROTOCOL;
        struct buf *bytes = &result->texts[result->count++];
        *bytes = BUF_INIT(TEXT_MAX);
        int err = base64_decode(view_str(json_string_value(text)), bytes);
        if (err)
            return err == ERR_NOMEM ? err : ERR_PROTOCOL;
    }
    return result->count ? 0 : ERR_PROTOCOL;
}

static int read_answer(const struct buf *answer, struct scan_result *result)
{
    json_t *object = json_loadb(buf_cstr(answer), answer->len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *ok = json_object_get(object, "ok");
    int err = json_is_boolean(ok) ? 0 : ERR_PROTOCOL;

    if (!err) {
        copy_text(object, "format", result->format, sizeof(result->format));
        copy_text(object, "repair", result->repair, sizeof(result->repair));
        copy_text(object, "error", result->error, sizeof(result->error));
        copy_text(object, "detail", result->detail, sizeof(result->detail));
        if (json_is_true(ok))
            err = read_texts(json_object_get(object, "symbols"), result);
        else if (!result->error[0])
            err = ERR_PROTOCOL;
    }
    json_decref(object);
    return err;
}

int scan_picture(const char *program, struct view picture, struct scan_result *result)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    int err = 0;

    *result = (struct scan_result){};
    if (!picture.len)
        (void)view_copy(VIEW("not-a-picture"), result->error, sizeof(result->error));
    else if (picture.len > SCAN_PICTURE_MAX)
        (void)view_copy(VIEW("too-large"), result->error, sizeof(result->error));
    else
        err = ask(program, picture, &answer);
    if (!err && !result->error[0])
        err = read_answer(&answer, result);
    buf_release(&answer);
    return err;
}
