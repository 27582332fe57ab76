#include "base/err.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/ready.h"
#include "control/control.h"
#include "engine/keys.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* As shells do, so that a script cannot tell the difference. */
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

static const int forwarded[] = { SIGTERM, SIGINT, SIGHUP };

/* One command with a sandbox around it: the sandbox starts before and stops after. */
struct exec {
    uv_loop_t loop;
    struct sandbox sandbox;
    uv_process_t process;
    uv_signal_t signal[COUNT(forwarded)];
    bool running;
    int code;
};

static void on_forward(uv_signal_t *signal, int number)
{
    struct exec *exec = signal->data;

    /* a terminal has sent it to the command itself; twice would mean "at once!" to many */
    if (number == SIGINT && isatty(STDIN_FILENO))
        return;
    if (exec->running)
        uv_process_kill(&exec->process, number);
}

static void on_stopped(struct sandbox *)
{
}

static void stop(struct exec *exec)
{
    for (size_t i = 0; i < COUNT(forwarded); i++)
        uv_close((uv_handle_t *)&exec->signal[i], NULL);
    sandbox_stop(&exec->sandbox, on_stopped);
}

static void on_exit(uv_process_t *process, int64_t code, int signal)
{
    struct exec *exec = container_of(process, struct exec, process);

    exec->running = false;
    exec->code = signal ? EXIT_SIGNAL + signal : (int)code;
    uv_close((uv_handle_t *)process, NULL);
    stop(exec);
}

/* What V3 needs beyond that: keys as PEM, which environments hold as well as files do. */
static int set_v3_names(struct account *account)
{
    int err;
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    const struct keys *keys = account_keys(account, &err);
    if (keys)
        err = v3_private_pem(keys->merchant.private, &pem);
    const struct {
        const char *name, *value;
    } names[] = {
        { "WXPAY_APIV3_KEY", keys ? keys->apiv3_key : "" },
        { "WXPAY_MCH_SERIAL", keys ? keys->merchant.serial : "" },
        { "WXPAY_MCH_KEY", buf_cstr(&pem) },
        { "WXPAY_PLATFORM_SERIAL", keys ? keys->platform[keys->signing].serial : "" },
        { "WXPAY_PLATFORM_CERT", keys ? buf_cstr(&keys->platform[keys->signing].certificate) : "" },
    };
    for (size_t i = 0; i < COUNT(names) && !err; i++)
        err = uv_os_setenv(names[i].name, names[i].value);
    if (pem.ptr)
        mem_wipe(pem.ptr, pem.cap);
    buf_release(&pem);
    return err;
}

/* The names a merchant's tests find the sandbox by. */
static int set_names(const struct sandbox *sandbox)
{
    struct account *account = accounts_find(sandbox->accounts, VIEW(DEFAULT_MCH_ID));
    struct buf api = BUF_INIT(128), control = BUF_INIT(128);
    int err = ready_url(sandbox->options.host, http_server_port(sandbox->api), &api);

    if (!err)
        err = ready_url(sandbox->options.control_host, control_port(sandbox->control), &control);
    const struct {
        const char *name, *value;
    } names[] = {
        { "WXPAY_BASE_URL", buf_cstr(&api) },
        { "WXPAY_MCH_ID", account->mch_id },
        { "WXPAY_APPID", account->appid[0] },
        { "WXPAY_API_KEY", v2_key_text(account->v2_key).ptr },
        { "WXPAY_SANDBOX_API_URL", buf_cstr(&api) },
        { "WXPAY_SANDBOX_CONTROL_URL", buf_cstr(&control) },
        { "WXPAY_SANDBOX_CONTROL_TOKEN", sandbox->options.control_token },
    };
    for (size_t i = 0; i < COUNT(names) && !err; i++) {
        if (names[i].value)
            err = uv_os_setenv(names[i].name, names[i].value);
    }
    if (!err)
        err = set_v3_names(account);
    buf_release(&api);
    buf_release(&control);
    return err;
}

static int spawn(struct exec *exec, char **command)
{
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = {
        .exit_cb = on_exit,
        .file = command[0],
        .args = command,
        .stdio_count = 3,
        .stdio = stdio,
    };
    int err;

    for (int i = 0; i < 3; i++) {
        stdio[i].flags = UV_INHERIT_FD;
        stdio[i].data.fd = i;
    }
    err = uv_spawn(&exec->loop, &exec->process, &options);
    if (err) {
        fprintf(stderr, "wxpay-sandbox exec: %s: %s\n", command[0], err_text(err));
        exec->code = err == UV_ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
        uv_close((uv_handle_t *)&exec->process, NULL);
        return err;
    }
    exec->running = true;
    return 0;
}

/* Signals first: one that comes while the command starts must not kill us before it. */
static int watch(struct exec *exec)
{
    int err = 0;

    for (size_t i = 0; i < COUNT(forwarded); i++) {
        int init = uv_signal_init(&exec->loop, &exec->signal[i]);
        exec->signal[i].data = exec;
        if (!err)
            err = init ? init : uv_signal_start(&exec->signal[i], on_forward, forwarded[i]);
    }
    return err;
}

int run_exec(struct cli *cli)
{
    struct exec exec = { .code = CLI_REFUSED };
    struct options *given = &cli->options;
    struct sandbox_options options;
    char token[READY_TOKEN_LEN + 1];
    char *command[OPTION_ARGS_MAX + 1] = {};
    int err;

    signal(SIGPIPE, SIG_IGN);
    log_set_level(options_given(given, "log-level") ? (enum log_level)given->log_level : LOG_WARN);
    ready_options(given, token, &options);
    if (!options_given(given, "port"))
        options.port = 0; /* beside a sandbox that runs already */
    if (!options_given(given, "control-port"))
        options.control_port = 0;
    memcpy(command, given->arg, given->arg_count * sizeof(command[0]));
    if (uv_loop_init(&exec.loop))
        return CLI_REFUSED;
    err = sandbox_start(&exec.sandbox, &exec.loop, &options);
    if (!err) {
        err = watch(&exec);
        if (!err)
            err = set_names(&exec.sandbox);
        if (!err)
            err = spawn(&exec, command);
        if (err)
            stop(&exec);
        else
            files_raise(); /* now: the command keeps the limit it was given */
        uv_run(&exec.loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&exec.loop);
    return exec.code;
}
