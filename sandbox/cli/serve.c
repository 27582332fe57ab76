#include "base/err.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/ready.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* A sandbox until SIGTERM or SIGINT. */
struct serve {
    uv_loop_t loop;
    struct sandbox sandbox;
    uv_signal_t term, interrupt;
    bool stopping;
};

static void close_signals(struct sandbox *sandbox)
{
    struct serve *serve = container_of(sandbox, struct serve, sandbox);

    uv_close((uv_handle_t *)&serve->term, NULL);
    uv_close((uv_handle_t *)&serve->interrupt, NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct serve *serve = signal->data;

    if (serve->stopping)
        return;
    serve->stopping = true;
    log_line(LOG_INFO, "serve", "%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
    sandbox_stop(&serve->sandbox, close_signals);
}

static int watch(struct serve *serve, uv_signal_t *signal, int number)
{
    int err = uv_signal_init(&serve->loop, signal);

    signal->data = serve;
    return err ? err : uv_signal_start(signal, on_signal, number);
}

/* All of it, also into a pipe that is full for a moment. */
static int write_all(int fd, struct view bytes)
{
    while (bytes.len) {
        ssize_t wrote = write(fd, bytes.ptr, bytes.len);
        if (wrote < 0)
            return ERR_IO;
        bytes = (struct view){ bytes.ptr + wrote, bytes.len - (size_t)wrote };
    }
    return 0;
}

static int announce(struct serve *serve, const struct options *options)
{
    struct buf line = BUF_INIT(2048);
    int err = ready_line(&serve->sandbox, &line);

    if (!err)
        err = write_all(STDOUT_FILENO, buf_view(&line));
    if (!err && options_given(options, "ready-fd")) {
        err = write_all((int)options->ready_fd, buf_view(&line));
        close((int)options->ready_fd); /* the reader sees the end of the file */
    }
    buf_release(&line);
    return err;
}

int run_serve(struct cli *cli)
{
    struct serve serve = {};
    struct sandbox_options options;
    char token[READY_TOKEN_LEN + 1];
    int err;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk, not a death */
    log_set_level((enum log_level)cli->options.log_level);
    size_t files = files_raise();
    log_line(LOG_DEBUG, "serve", "%zu files and connections may be open", files);
    ready_options(&cli->options, token, &options);
    err = uv_loop_init(&serve.loop);
    if (err)
        return CLI_REFUSED;
    err = sandbox_start(&serve.sandbox, &serve.loop, &options);
    if (!err) {
        err = watch(&serve, &serve.term, SIGTERM);
        if (!err)
            err = watch(&serve, &serve.interrupt, SIGINT);
        if (!err)
            err = announce(&serve, &cli->options);
        if (err) {
            log_line(LOG_ERROR, "serve", "not announced: %s", err_text(err));
            serve.stopping = true;
            sandbox_stop(&serve.sandbox, close_signals);
        }
        uv_run(&serve.loop, UV_RUN_DEFAULT);
    } else if (err == UV_EADDRINUSE) {
        fprintf(stderr,
                "wxpay-sandbox serve: port %u or %u is taken; --port 0 and "
                "--control-port 0 find free ones\n",
                options.port, options.control_port);
    }
    uv_loop_close(&serve.loop);
    return err ? CLI_REFUSED : CLI_OK;
}
