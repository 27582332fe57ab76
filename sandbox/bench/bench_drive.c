/*
 * bench_drive — sends prepared requests over kept connections, one under way on each, and checks
 * every answer.
 *
 *   bench_drive CASE PORT PID COUNT PREFIX NOTIFY_URL [RATE]
 *
 * Without RATE every connection sends its next request as soon as it has an answer. With it, so many
 * are sent per second, evenly, whether or not the server keeps up; a request that has to wait for a
 * connection has been waiting since its time had come. "begins" on standard error says that the
 * requests are made and the first one is about to go.
 *
 * Prints one line: answers, seconds, seconds of processor that PID used meanwhile, the slowest
 * answer in ms, (case "pauses") the most processor time in ms that PID used between two looks of
 * ours, so while it answered nobody; then median, 90th and 99th percentile of the answers in ms. Ends
 * with an error at the first answer that is not right.
 */
#include "base/err.h"
#include "base/mem.h"
#include "bench/process.h"
#include "bench/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS        64
#define COUNT_MAX    100'000 /* prepared requests lie in memory */
#define ANSWER_MAX   8192
#define VERIFY_EVERY 16
#define LIFETIME_S   300
#define RATE_MAX     1'000'000
#define SECOND_NS    1'000'000'000

struct conn {
    int64_t due_ns; /* when its request was to be sent; 0: none is under way */
    size_t got;
    char answer[ANSWER_MAX];
};

struct drive {
    struct maker maker;
    struct buf bytes; /* owned: all requests, one after the other */
    size_t *end;      /* owned: where each of them ends */
    int64_t *took_ns; /* owned: of each answer, as they came */
    int64_t count, sent, answered;
    int64_t rate; /* requests per second; 0: as fast as answers come */
    int64_t began_ns;
    pid_t pid;
    int64_t worst_cpu_ns;
    struct conn conn[CONNS];
    struct pollfd poll[CONNS];
};

_Noreturn static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_drive: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void must(int err, const char *what)
{
    if (err)
        die(what, err_text(err));
}

static void prepare(struct drive *drive)
{
    drive->bytes = BUF_INIT(SIZE_MAX / 4);
    drive->end = mem_zalloc((size_t)drive->count, sizeof(*drive->end));
    drive->took_ns = mem_zalloc((size_t)drive->count, sizeof(*drive->took_ns));
    must(drive->end && drive->took_ns ? 0 : ERR_NOMEM, "prepare");
    for (int64_t i = 0; i < drive->count; i++) {
        must(maker_write(&drive->maker, i, &drive->bytes), "prepare");
        drive->end[i] = drive->bytes.len;
    }
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
        die("connect", strerrordesc_np(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

/* When the next request is to be sent; INT64_MAX: there is none any more. */
static int64_t next_due_ns(const struct drive *drive, int64_t now)
{
    if (drive->sent == drive->count)
        return INT64_MAX;
    return drive->rate ? drive->began_ns + drive->sent * SECOND_NS / drive->rate : now;
}

static void send_next(struct drive *drive, size_t i, int64_t due_ns)
{
    size_t from = drive->sent ? drive->end[drive->sent - 1] : 0;
    size_t len = drive->end[drive->sent++] - from;
    drive->conn[i].got = 0;
    drive->conn[i].due_ns = due_ns;
    drive->poll[i].events = POLLIN;
    if (send(drive->poll[i].fd, drive->bytes.ptr + from, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("send", strerrordesc_np(errno));
}

/* On every idle connection what is due by now. How long until the next one is, in ns; -1: it needs a
 * connection first, or there is none. */
static int64_t send_due(struct drive *drive)
{
    int64_t now = now_ns(), due_ns = next_due_ns(drive, now);
    size_t i = 0;
    for (; i < CONNS && due_ns <= now; i++)
        if (!drive->conn[i].due_ns) {
            send_next(drive, i, due_ns);
            due_ns = next_due_ns(drive, now);
        }
    return due_ns == INT64_MAX || due_ns <= now ? -1 : due_ns - now;
}

/* The body once it is whole; ptr NULL until then. */
static struct view body_of(const struct conn *conn)
{
    struct view answer = { conn->answer, conn->got }, digits;
    size_t head = view_find(answer, VIEW("\r\n\r\n"));
    size_t length = view_find(answer, VIEW("\r\nContent-Length: "));
    int64_t len;
    if (head == SIZE_MAX)
        return (struct view){};
    if (!view_starts(answer, VIEW("HTTP/1.1 200 ")) || length >= head)
        die("answer", answer.ptr);
    digits = (struct view){ answer.ptr + length + 18, head - length - 18 };
    if (view_to_i64(view_cut(digits, '\r', &digits), ANSWER_MAX, &len))
        die("answer", answer.ptr);
    if (conn->got < head + 4 + (size_t)len)
        return (struct view){};
    return (struct view){ answer.ptr + head + 4, (size_t)len };
}

static void take_answer(struct drive *drive, size_t i)
{
    struct conn *conn = &drive->conn[i];
    ssize_t got = recv(drive->poll[i].fd, conn->answer + conn->got, ANSWER_MAX - 1 - conn->got, 0);
    if (got <= 0)
        die("recv", got ? strerrordesc_np(errno) : "the server hung up");
    conn->got += (size_t)got;
    conn->answer[conn->got] = '\0';
    struct view body = body_of(conn);
    if (!body.ptr)
        return;
    struct view head = { conn->answer, (size_t)(body.ptr - conn->answer) };
    if (!maker_holds(&drive->maker, head, body, drive->answered % VERIFY_EVERY == 0))
        die("this is not the right answer", conn->answer);
    drive->took_ns[drive->answered++] = now_ns() - conn->due_ns;
    conn->due_ns = 0;
    drive->poll[i].events = 0;
    if (!drive->rate && drive->sent < drive->count)
        send_next(drive, i, now_ns());
}

/* What the server computed since the last look. */
static void watch(struct drive *drive, int64_t *before_ns)
{
    int64_t cpu_ns = process_cpu_ns(drive->pid);
    if (cpu_ns - *before_ns > drive->worst_cpu_ns)
        drive->worst_cpu_ns = cpu_ns - *before_ns;
    *before_ns = cpu_ns;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* In ms, after sorting. */
static double percentile(const struct drive *drive, int percent)
{
    return (double)drive->took_ns[(drive->count - 1) * percent / 100] / 1e6;
}

static void run(struct drive *drive)
{
    int64_t cpu_ns = process_cpu_ns(drive->pid), looked_ns = cpu_ns;
    if (drive->rate)
        fprintf(stderr, "begins\n");
    drive->began_ns = now_ns();
    while (drive->answered < drive->count) {
        int64_t wait_ns = send_due(drive);
        struct timespec wait = { wait_ns / SECOND_NS, wait_ns % SECOND_NS };
        if (ppoll(drive->poll, CONNS, wait_ns < 0 ? NULL : &wait, NULL) < 0)
            die("poll", strerrordesc_np(errno));
        if (drive->maker.what->watch)
            watch(drive, &looked_ns);
        for (size_t i = 0; i < CONNS; i++)
            if (drive->poll[i].revents)
                take_answer(drive, i);
    }
    double seconds = (double)(now_ns() - drive->began_ns) / 1e9;
    double cpu = (double)(process_cpu_ns(drive->pid) - cpu_ns) / 1e9;
    qsort(drive->took_ns, (size_t)drive->count, sizeof(*drive->took_ns), by_size);
    printf("%" PRId64 " %.6f %.6f %.3f %.3f %.3f %.3f %.3f\n", drive->answered, seconds, cpu,
           percentile(drive, 100), (double)drive->worst_cpu_ns / 1e6, percentile(drive, 50),
           percentile(drive, 90), percentile(drive, 99));
}

_Noreturn static void usage(void)
{
    fprintf(
        stderr,
        "usage: bench_drive CASE PORT PID COUNT PREFIX NOTIFY_URL [RATE], where CASE is one of");
    for (size_t i = 0; bench_case_name(i); i++)
        fprintf(stderr, " %s", bench_case_name(i));
    fprintf(stderr, "\n");
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    static struct drive drive;
    int64_t port, pid;
    const struct bench_case *what = argc == 7 || argc == 8 ? bench_case_find(argv[1]) : NULL;
    if (!what || view_to_i64(view_str(argv[2]), UINT16_MAX, &port) ||
        view_to_i64(view_str(argv[3]), INT32_MAX, &pid) ||
        view_to_i64(view_str(argv[4]), COUNT_MAX, &drive.count) || drive.count < CONNS ||
        (argc == 8 && view_to_i64(view_str(argv[7]), RATE_MAX, &drive.rate)))
        usage();
    prctl(PR_SET_TIMERSLACK, 1UL); /* so that ppoll() wakes us in time */
    alarm(LIFETIME_S);
    drive.pid = (pid_t)pid;
    must(maker_init(&drive.maker, what), "key");
    drive.maker.prefix = argv[5];
    drive.maker.notify_url = argv[6];
    drive.maker.count = drive.count;
    prepare(&drive);
    for (size_t i = 0; i < CONNS; i++)
        drive.poll[i] = (struct pollfd){ .fd = dial((uint16_t)port) };
    run(&drive);
    for (size_t i = 0; i < CONNS; i++)
        close(drive.poll[i].fd);
    buf_release(&drive.bytes);
    mem_free(drive.end);
    mem_free(drive.took_ns);
    maker_release(&drive.maker);
    return EXIT_SUCCESS;
}
