/*
 * bench_start — from the start of a sandbox to its first signed answer.
 *
 *   bench_start PROGRAM ROUNDS
 *
 * Prints the medians in ms: start to ready line, start to answer, and the time of the processor
 * that the sandbox used until then.
 */
#include "base/err.h"
#include "base/mem.h"
#include "bench/process.h"
#include "bench/request.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_MAX 101
#define LIFETIME_S 120

struct sample {
    double ready_ms, answer_ms, cpu_ms;
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* A sandbox on free ports; *out reads its standard output. */
static pid_t start(const char *program, int *out)
{
    int ends[2];
    if (pipe(ends))
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "serve", "--port", "0", "--control-port", "0", "--log-level",
              "warn", NULL);
        die(program);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* The port that the ready line names. */
static uint16_t read_port(int from)
{
    char line[1024];
    size_t got = 0;
    while (got < sizeof(line) && (!got || line[got - 1] != '\n')) {
        ssize_t more = read(from, line + got, sizeof(line) - got);
        if (more <= 0)
            die("no ready line");
        got += (size_t)more;
    }
    struct view before = VIEW("\"api_url\":\"http://127.0.0.1:");
    size_t at = view_find((struct view){ line, got }, before);
    if (at == SIZE_MAX)
        die("no api_url in the ready line");
    return (uint16_t)strtoul(line + at + before.len, NULL, 10);
}

static void ask_once(struct maker *maker, struct view request, uint16_t port)
{
    char answer[4096];
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
        send(fd, request.ptr, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
        die("send");
    ssize_t got = recv(fd, answer, sizeof(answer), 0);
    struct view text = { answer, got > 0 ? (size_t)got : 0 };
    size_t body = view_find(text, VIEW("<xml>"));
    if (body == SIZE_MAX || !maker_holds(maker, (struct view){ answer, body },
                                         (struct view){ answer + body, text.len - body }, true))
        die("the first answer is not right");
    close(fd);
}

static struct sample measure(const char *program, struct maker *maker, struct view request)
{
    struct sample sample;
    int out;
    int64_t began_ns = now_ns();
    pid_t pid = start(program, &out);
    uint16_t port = read_port(out);
    sample.ready_ms = (double)(now_ns() - began_ns) / 1e6;
    ask_once(maker, request, port);
    sample.answer_ms = (double)(now_ns() - began_ns) / 1e6;
    sample.cpu_ms = (double)process_cpu_ns(pid) / 1e6;
    kill(pid, SIGTERM);
    if (waitpid(pid, NULL, 0) != pid)
        die("waitpid");
    close(out);
    return sample;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *value, size_t count)
{
    qsort(value, count, sizeof(*value), by_value);
    return value[count / 2];
}

int main(int argc, char **argv)
{
    double ready[ROUNDS_MAX], answer[ROUNDS_MAX], cpu[ROUNDS_MAX];
    int64_t rounds;
    struct maker maker;
    struct buf request = BUF_INIT(8192);
    if (argc != 3 || view_to_i64(view_str(argv[2]), ROUNDS_MAX, &rounds) || rounds < 1) {
        fprintf(stderr, "usage: bench_start PROGRAM ROUNDS\n");
        return EXIT_FAILURE;
    }
    alarm(LIFETIME_S);
    if (maker_init(&maker, bench_case_find("unifiedorder-md5")))
        die("key");
    maker.prefix = "start";
    maker.notify_url = "https://merchant.example/wxpay/notify";
    if (maker_write(&maker, 1, &request))
        die("prepare");
    for (int64_t i = 0; i < rounds; i++) {
        struct sample sample = measure(argv[1], &maker, buf_view(&request));
        ready[i] = sample.ready_ms;
        answer[i] = sample.answer_ms;
        cpu[i] = sample.cpu_ms;
    }
    printf("%.2f %.2f %.2f\n", median(ready, (size_t)rounds), median(answer, (size_t)rounds),
           median(cpu, (size_t)rounds));
    buf_release(&request);
    maker_release(&maker);
    return EXIT_SUCCESS;
}
