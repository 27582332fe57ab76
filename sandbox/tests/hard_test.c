#include "hard_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM  BIN_DIR "/wxpay-sandbox"
#define ARGS_MAX 16

/* ---- time ---- */

static int64_t now_ms(void)
{
    return clock_mono_us() / 1000;
}

/* False: not in time. */
static bool ready_for(int fd, short events, int64_t end_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = events };
    int64_t left = end_ms - now_ms();
    return left > 0 && poll(&poll_fd, 1, (int)left) == 1;
}

/* ---- the child ---- */

static pid_t start(const char *const *args, void (*prepare)(void), int out[2], int err[2])
{
    const char *argv[ARGS_MAX] = { PROGRAM,          "serve", "--port",      "0",
                                   "--control-port", "0",     "--log-level", "error" };
    for (size_t i = 0, n = 8; args && args[i]; i++) {
        ck_assert_uint_lt(n, ARGS_MAX - 1);
        argv[n++] = args[i];
    }
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid)
        return pid;
    dup2(out[1], STDOUT_FILENO);
    if (err)
        dup2(err[1], STDERR_FILENO);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    signal(SIGPIPE, SIG_DFL);
    if (prepare)
        prepare();
    execv(PROGRAM, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int exit_of(pid_t pid)
{
    int64_t end_ms = now_ms() + 60000;
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < end_ms)
        poll(NULL, 0, 5);
    if (got == 0)
        kill(pid, SIGABRT); /* a core tells more than a test that hangs */
    ck_assert_msg(got == pid, "the program did not end in time");
    ck_assert_msg(WIFEXITED(status), "the program died of signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void read_line(int fd, char *line, size_t size)
{
    int64_t end_ms = now_ms() + WAIT_MS;
    size_t len = 0;
    while (len + 1 < size && (len == 0 || line[len - 1] != '\n')) {
        ck_assert_msg(ready_for(fd, POLLIN, end_ms), "no ready line");
        ck_assert_int_eq(read(fd, line + len, 1), 1);
        len++;
    }
    line[len] = '\0';
}

static uint16_t port_in(const char *line, const char *member)
{
    const char *at = strstr(line, member);
    ck_assert_ptr_nonnull(at);
    at = strstr(at, "127.0.0.1:");
    ck_assert_ptr_nonnull(at);
    return (uint16_t)strtoul(at + 10, NULL, 10);
}

void platform_start(struct platform *platform, const char *const *args, void (*prepare)(void))
{
    char line[2048];
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    platform->pid = start(args, prepare, out, NULL);
    close(out[1]);
    read_line(out[0], line, sizeof(line));
    close(out[0]);
    platform->api = port_in(line, "\"api_url\"");
    platform->control = port_in(line, "\"control_url\"");
}

void platform_stop(struct platform *platform)
{
    ck_assert_int_eq(kill(platform->pid, SIGTERM), 0);
    ck_assert_int_eq(exit_of(platform->pid), 0);
}

void platform_kill(struct platform *platform)
{
    ck_assert_int_eq(kill(platform->pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(platform->pid, NULL, 0), platform->pid);
}

int platform_refused(const char *const *args, void (*prepare)(void), struct buf *said)
{
    int out[2], err[2];
    char some[512];
    ssize_t got;
    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(err), 0);
    pid_t pid = start(args, prepare, out, err);
    close(out[1]);
    close(err[1]);
    int64_t end_ms = now_ms() + WAIT_MS;
    while (ready_for(err[0], POLLIN, end_ms) && (got = read(err[0], some, sizeof(some))) > 0)
        ck_assert_int_eq(buf_add(said, some, (size_t)got), 0);
    int code = exit_of(pid);
    ck_assert_int_eq(read(out[0], some, sizeof(some)), 0); /* no ready line */
    close(out[0]);
    close(err[0]);
    return code;
}

bool may_open(size_t files)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < files) {
        fprintf(stderr, "left out: needs %zu open files, the limit is %llu (ulimit -Hn)\n", files,
                (unsigned long long)limit.rlim_max);
        return false;
    }
    if (limit.rlim_cur < files)
        limit.rlim_cur = files;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return true;
}

/* ---- sockets ---- */

int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

bool put(int fd, struct view bytes)
{
    int64_t end_ms = now_ms() + WAIT_MS;
    while (bytes.len) {
        ck_assert_msg(ready_for(fd, POLLOUT, end_ms), "the peer does not read");
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent > 0)
            bytes = (struct view){ bytes.ptr + sent, bytes.len - (size_t)sent };
    }
    return true;
}

void put_str(int fd, const char *text)
{
    ck_assert(put(fd, view_str(text)));
}

bool ends(int fd)
{
    int64_t end_ms = now_ms() + WAIT_MS;
    char some[4096];
    while (ready_for(fd, POLLIN, end_ms)) {
        ssize_t got = recv(fd, some, sizeof(some), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return true;
    }
    return false;
}

void reply_release(struct reply *reply)
{
    buf_release(&reply->bytes);
}

/* How many more bytes belong to this answer; 1 while its head is not complete. */
static size_t missing(const struct reply *reply)
{
    static const char length[] = "\r\nContent-Length: ";
    struct view bytes = buf_view(&reply->bytes);
    size_t head = view_find(bytes, VIEW("\r\n\r\n"));
    if (head == SIZE_MAX)
        return 1;
    size_t at = view_find((struct view){ bytes.ptr, head }, view_str(length));
    size_t body = at == SIZE_MAX ? 0 : strtoul(bytes.ptr + at + sizeof(length) - 1, NULL, 10);
    return head + 4 + body - bytes.len;
}

void get_reply(int fd, struct reply *out)
{
    int64_t end_ms = now_ms() + WAIT_MS;
    char some[4096];
    size_t want;
    *out = (struct reply){ .bytes = BUF_INIT(REPLY_MAX) };
    while ((want = missing(out))) {
        ck_assert_msg(ready_for(fd, POLLIN, end_ms), "no answer: %s", buf_cstr(&out->bytes));
        ssize_t got = recv(fd, some, want < sizeof(some) ? want : sizeof(some), 0);
        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            return;
        ck_assert_int_eq(buf_add(&out->bytes, some, (size_t)got), 0);
    }
    struct view bytes = buf_view(&out->bytes);
    size_t head = view_find(bytes, VIEW("\r\n\r\n")) + 4;
    ck_assert(view_starts(bytes, VIEW("HTTP/1.1 ")));
    out->status = (int)strtol(bytes.ptr + 9, NULL, 10);
    out->body = (struct view){ bytes.ptr + head, bytes.len - head };
}

/* ---- messages ---- */

void api_request(struct buf *out, const char *path, struct view body)
{
    ck_assert_int_eq(buf_fmt(out,
                             "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             path, body.len),
                     0);
    ck_assert_int_eq(buf_view_add(out, body), 0);
}

void good_request(struct buf *out)
{
    static unsigned serial;
    char number[OUT_TRADE_NO_MAX + 1];
    struct params params = {};
    struct buf xml = BUF_INIT(1 << 16);
    snprintf(number, sizeof(number), "good-%d-%u", getpid(), ++serial);
    params_order(&params, number);
    params_sign(&params, DEFAULT_API_KEY, &xml);
    api_request(out, "/pay/unifiedorder", buf_view(&xml));
    buf_release(&xml);
    params_release(&params);
}

void good_order(const struct platform *platform)
{
    struct buf request = BUF_INIT(1 << 16);
    struct reply reply;
    int fd = dial(platform->api);
    good_request(&request);
    ck_assert(put(fd, buf_view(&request)));
    get_reply(fd, &reply);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://wxpay/bizpayurl?pr="));
    reply_release(&reply);
    buf_release(&request);
    close(fd);
}

int control_call(const struct platform *platform, const char *method, const char *path,
                 const char *json, struct buf *out)
{
    struct buf request = BUF_INIT(16 * 1024 * 1024);
    struct reply reply;
    int fd = dial(platform->control);
    ck_assert_int_eq(buf_fmt(&request,
                             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json"
                             "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                             method, path, strlen(json)),
                     0);
    ck_assert_int_eq(buf_str(&request, json), 0);
    (void)put(fd, buf_view(&request)); /* what is too long is refused before it is read */
    get_reply(fd, &reply);
    if (out)
        ck_assert_int_eq(buf_view_add(out, reply.body), 0);
    int status = reply.status;
    reply_release(&reply);
    buf_release(&request);
    close(fd);
    return status;
}

void control_must(const struct platform *platform, int status, const char *method, const char *path,
                  const char *json)
{
    struct buf body = BUF_INIT(REPLY_MAX);
    int got = control_call(platform, method, path, json, &body);
    ck_assert_msg(got == status, "%s %s %.80s: %d and not %d: %.200s", method, path, json, got,
                  status, buf_cstr(&body));
    buf_release(&body);
}
