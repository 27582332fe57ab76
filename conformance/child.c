#include "child.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

const char *child_own_directory(void)
{
    static char directory[1024];
    if (directory[0])
        return directory;
    ssize_t len = readlink("/proc/self/exe", directory, sizeof(directory) - 1);
    if (len <= 0)
        return "";
    directory[len] = '\0';
    char *slash = strrchr(directory, '/');
    if (slash)
        *slash = '\0';
    return directory;
}

/* argv[0] with a directory: itself; else beside the judge if it lies there; else for PATH. */
static int program_path(const char *name, struct buf *out)
{
    int err = 0;
    if (!strchr(name, '/') && child_own_directory()[0]) {
        err = buf_fmt(out, "%s/%s", child_own_directory(), name);
        if (!err && access(buf_cstr(out), X_OK) == 0)
            return 0;
        buf_clear(out);
    }
    return err ? err : buf_str(out, name);
}

/* The child's side, between fork and exec: nothing but system calls. */
static _Noreturn void become(const struct child_start *start, const char *program, char **env,
                             const int fds[3])
{
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    for (int i = 0; i < 3; i++)
        dup2(fds[i], i);
    long max = sysconf(_SC_OPEN_MAX);
    if (max < 0 || max > 4096)
        max = 4096;
    for (int fd = 3; fd < max; fd++)
        close(fd);
    signal(SIGPIPE, SIG_DFL);
    environ = env;
    execvp(program, start->argv);
    _exit(127);
}

static bool same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len + 1) == 0;
}

/* The judge's environment with @extra over it. Strings stay where they are. */
static char **merged_env(char *const *extra)
{
    size_t count = 0, extras = 0, out = 0;
    while (environ[count])
        count++;
    while (extra && extra[extras])
        extras++;
    char **merged = mem_zalloc(count + extras + 1, sizeof(*merged));
    for (size_t i = 0; merged && i < count; i++) {
        bool hidden = false;
        for (size_t j = 0; j < extras; j++)
            hidden = hidden || same_name(environ[i], extra[j]);
        if (!hidden)
            merged[out++] = environ[i];
    }
    for (size_t j = 0; merged && j < extras; j++)
        merged[out++] = extra[j];
    return merged;
}

static int open_input(struct view input)
{
    int ends[2];

    if (!input.len)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input.len > (size_t)60 * 1024 || pipe2(ends, O_CLOEXEC))
        return -1;
    ssize_t done = write(ends[1], input.ptr, input.len); /* fits into an empty pipe */
    close(ends[1]);
    if (done == (ssize_t)input.len)
        return ends[0];
    close(ends[0]);
    return -1;
}

static int open_log(const char *path)
{
    if (!path)
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

int child_spawn(struct child *child, const struct child_start *start)
{
    struct buf program = BUF_INIT(4096);
    int out[2] = { -1, -1 };
    int err = program_path(start->argv[0], &program);
    char **env = merged_env(start->env);
    int in = open_input(start->input);
    int log = open_log(start->log_path);

    *child = CHILD_NONE;
    if (!err && !env)
        err = ERR_NOMEM;
    if (!err && (in < 0 || log < 0 || (start->pipe_out && pipe2(out, O_CLOEXEC))))
        err = errno ? -errno : ERR_IO;
    if (!err) {
        int fds[3] = { in, start->pipe_out ? out[1] : log, log };
        pid_t pid = fork();
        if (pid == 0)
            become(start, buf_cstr(&program), env, fds);
        if (pid < 0)
            err = -errno;
        else
            setpgid(pid, pid); /* both sides, whoever comes first */
        child->pid = pid > 0 ? pid : 0;
    }
    close_if(in);
    close_if(log);
    close_if(out[1]);
    if (err)
        close_if(out[0]);
    else
        child->out = out[0];
    mem_free(env);
    buf_release(&program);
    return err;
}

bool child_alive(struct child *child)
{
    if (!child->pid)
        return false;
    pid_t done = waitpid(child->pid, &child->status, WNOHANG);
    if (done == 0 || (done < 0 && errno == EINTR))
        return true;
    kill(-child->pid, SIGKILL); /* what it left behind */
    child->pid = 0;
    return false;
}

void child_fate(const struct child *child, char *out, size_t size)
{
    if (WIFSIGNALED(child->status))
        snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(child->status),
                 strsignal(WTERMSIG(child->status)));
    else if (WIFEXITED(child->status) && WEXITSTATUS(child->status) == 127)
        snprintf(out, size, "cannot be started: no such program");
    else
        snprintf(out, size, "exited with %d", WEXITSTATUS(child->status));
}

static void nap_ms(unsigned ms)
{
    struct timespec nap = { ms / 1000, (long)(ms % 1000) * 1'000'000 };
    nanosleep(&nap, NULL);
}

void child_stop(struct child *child, unsigned grace_ms)
{
    if (!child)
        return;
    if (child->pid && grace_ms) {
        int64_t end_us = clock_mono_us() + (int64_t)grace_ms * 1000;
        kill(child->pid, SIGTERM);
        for (unsigned nap = 1; child_alive(child) && clock_mono_us() < end_us; nap = nap * 2 % 31)
            nap_ms(nap);
    }
    if (child->pid) {
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
            continue;
        child->pid = 0;
    }
    close_if(child->out);
    child->out = -1;
}

/* Waits until stdout can be read. */
static int wait_readable(int fd, int64_t end_us)
{
    for (;;) {
        int64_t left_ms = (end_us - clock_mono_us()) / 1000;
        if (left_ms < 0)
            return ERR_TIMEOUT;
        struct pollfd poll_fd = { fd, POLLIN, 0 };
        int ready = poll(&poll_fd, 1, (int)left_ms + 1);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

int child_read_line(struct child *child, struct buf *line, unsigned timeout_ms)
{
    int64_t end_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        char byte;
        int err = wait_readable(child->out, end_us);
        if (err)
            return err;
        ssize_t got = read(child->out, &byte, 1);
        if (got == 0)
            return ERR_CLOSED;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (byte == '\n')
            return 0;
        err = buf_byte(line, byte);
        if (err)
            return err;
    }
}

int child_read_all(struct child *child, struct buf *out, unsigned timeout_ms)
{
    int64_t end_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    int err = 0;

    for (;;) {
        char block[4096];
        err = wait_readable(child->out, end_us);
        if (err)
            break;
        ssize_t got = read(child->out, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        err = buf_add(out, block, (size_t)got);
        if (err)
            break;
    }
    while (!err && child_alive(child)) {
        if (clock_mono_us() > end_us)
            err = ERR_TIMEOUT;
        else
            nap_ms(1);
    }
    child_stop(child, 0);
    return err;
}

int free_port(unsigned *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int err = 0;

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        err = -errno;
    *port = ntohs(at.sin_port);
    close(fd);
    return err;
}

void file_tail(const char *path, struct buf *out, size_t max)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    char block[1024];

    if (!file)
        return;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        long from = size > (long)max ? size - (long)max : 0;
        if (fseek(file, from, SEEK_SET) == 0) {
            size_t got;
            while ((got = fread(block, 1, sizeof(block), file)) > 0 &&
                   buf_add(out, block, got) == 0)
                continue;
        }
    }
    fclose(file);
}
