#include "workers.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define JOBS_MAX        16
#define RESTARTS_MAX    10
#define STORY_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define NO_CASE         SIZE_MAX

/* A process and the case it is at. */
struct worker {
    pid_t pid;         /* 0: none */
    int orders, facts; /* pipes: case numbers to it, lines from it */
    size_t at;         /* index of the case, or NO_CASE */
    int64_t end_us;    /* when the case must be over */
    struct buf lines;  /* of the case so far; the last one may be incomplete */
};

struct pool {
    const struct workers_options *options;
    const struct case_def *const *cases;
    size_t count, next, done;
    struct worker worker[JOBS_MAX];
    unsigned jobs, restarts, started;
};

/* ---- the worker's side ------------------------------------------------------------------------------ */

/* Next case number from the parent, or NO_CASE when there is no more. */
static size_t read_order(int fd)
{
    uint32_t index;
    ssize_t got;
    do {
        got = read(fd, &index, sizeof(index));
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(index) ? index : NO_CASE;
}

static _Noreturn void work(const struct pool *pool, unsigned number, int orders, int facts)
{
    struct bench_options options = pool->options->bench;
    struct bench *bench = NULL;
    char directory[1100];

#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    snprintf(directory, sizeof(directory), "%s/w%u", pool->options->work_dir, number);
    mkdir(directory, 0700);
    options.facts_fd = facts;
    options.number = number;
    options.work_dir = directory;
    int err = bench_open(&bench, &options);
    for (size_t at; !err && (at = read_order(orders)) != NO_CASE && at < pool->count;) {
        if (!bench_run_case(bench, pool->cases[at]))
            err = ERR_IO;
    }
    bench_close_all(bench);
    fflush(NULL);
    _exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- the parent's side --------------------------------------------------------------------------------- */

static void close_worker(struct worker *worker)
{
    if (worker->orders >= 0)
        close(worker->orders);
    if (worker->facts >= 0)
        close(worker->facts);
    worker->orders = worker->facts = -1;
}

/* Closes what the parent holds of the other workers, so that their pipes can end. */
static void close_others(struct pool *pool)
{
    for (unsigned i = 0; i < pool->jobs; i++)
        close_worker(&pool->worker[i]);
}

static int start_worker(struct pool *pool, struct worker *worker)
{
    int orders[2], facts[2];

    if (pipe2(orders, O_CLOEXEC))
        return -errno;
    if (pipe2(facts, O_CLOEXEC)) {
        close(orders[0]);
        close(orders[1]);
        return -errno;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close_others(pool);
        close(orders[1]);
        close(facts[0]);
        work(pool, pool->started, orders[0], facts[1]);
    }
    close(orders[0]);
    close(facts[1]);
    if (pid < 0) {
        close(orders[1]);
        close(facts[0]);
        return -errno;
    }
    pool->started++;
    worker->pid = pid;
    worker->orders = orders[1];
    worker->facts = facts[0];
    worker->at = NO_CASE;
    return 0;
}

static void send_case(struct pool *pool, struct worker *worker)
{
    if (pool->next == pool->count || !worker->pid)
        return;
    uint32_t index = (uint32_t)pool->next++;
    worker->at = index;
    worker->end_us = clock_mono_us() + (int64_t)pool->options->case_limit_ms * 1000;
    buf_clear(&worker->lines);
    ssize_t sent = write(worker->orders, &index, sizeof(index));
    (void)sent; /* a dead worker is seen at its facts' end */
}

static void finish_case(struct pool *pool, struct worker *worker)
{
    pool->options->on_case(pool->options->owner, worker->at, buf_view(&worker->lines));
    pool->done++;
    worker->at = NO_CASE;
    buf_clear(&worker->lines);
}

/* The worker will not end its case itself: what is there is kept, and why it ends. */
static void break_case(struct pool *pool, struct worker *worker, const char *why)
{
    const char *id = pool->cases[worker->at]->id;
    size_t keep = worker->lines.len;

    while (keep && worker->lines.ptr[keep - 1] != '\n')
        keep--; /* an incomplete line */
    worker->lines.len = keep;
    int err = buf_fmt(
        &worker->lines,
        "{\"case\":\"%s\",\"seq\":900001,\"kind\":\"trouble\",\"order\":\"\",\"label\":\"\","
        "\"at_ms\":%lld,\"data\":{\"whose\":\"judge\",\"why\":\"%s\",\"during\":\"the "
        "whole case\"}}\n",
        id, (long long)clock_real_ms(), why);
    if (!err)
        err = buf_fmt(
            &worker->lines,
            "{\"case\":\"%s\",\"seq\":900002,\"kind\":\"end\",\"order\":\"\",\"label\":\"\","
            "\"at_ms\":%lld,\"data\":{\"took_ms\":0,\"lost\":0}}\n",
            id, (long long)clock_real_ms());
    (void)err; /* without its end the case is ERROR all the same */
    finish_case(pool, worker);
}

static void reap(struct worker *worker, bool kill_it)
{
    if (!worker->pid)
        return;
    if (kill_it)
        kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    worker->pid = 0;
    close_worker(worker);
}

static void replace(struct pool *pool, struct worker *worker, const char *why)
{
    reap(worker, true);
    if (worker->at != NO_CASE)
        break_case(pool, worker, why);
    if (pool->next < pool->count && pool->restarts++ < RESTARTS_MAX &&
        start_worker(pool, worker) == 0)
        send_case(pool, worker);
}

static bool case_ended(const struct buf *lines)
{
    struct view text = buf_view(lines);
    size_t start = text.len;

    if (!text.len || text.ptr[text.len - 1] != '\n')
        return false;
    for (start = text.len - 1; start && text.ptr[start - 1] != '\n'; start--)
        continue;
    struct view last = { text.ptr + start, text.len - start };
    size_t kind = view_find(last, VIEW("\"kind\":\"end\""));
    /* before the data, where a body could say the same */
    return kind != SIZE_MAX && kind < view_find(last, VIEW("\"data\":"));
}

static void read_facts(struct pool *pool, struct worker *worker)
{
    char block[64 * 1024];
    ssize_t got = read(worker->facts, block, sizeof(block));

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        replace(pool, worker, "the judge's own worker process ended");
        return;
    }
    if (buf_add(&worker->lines, block, (size_t)got)) {
        replace(pool, worker, "the record of the case became too large");
        return;
    }
    if (worker->at != NO_CASE && case_ended(&worker->lines)) {
        finish_case(pool, worker);
        send_case(pool, worker);
    }
}

static void end_overdue(struct pool *pool)
{
    int64_t now_us = clock_mono_us();
    for (unsigned i = 0; i < pool->jobs; i++) {
        struct worker *worker = &pool->worker[i];
        if (worker->pid && worker->at != NO_CASE && now_us > worker->end_us)
            replace(pool, worker, "the case took longer than its bound");
    }
}

static unsigned watch(struct pool *pool, struct pollfd *fds, struct worker **of)
{
    unsigned count = 0;
    for (unsigned i = 0; i < pool->jobs; i++) {
        if (!pool->worker[i].pid || pool->worker[i].at == NO_CASE)
            continue;
        fds[count] = (struct pollfd){ pool->worker[i].facts, POLLIN, 0 };
        of[count++] = &pool->worker[i];
    }
    return count;
}

static int turn(struct pool *pool)
{
    while (pool->done < pool->count) {
        struct pollfd fds[JOBS_MAX];
        struct worker *of[JOBS_MAX];
        unsigned count = watch(pool, fds, of);
        if (!count)
            return ERR_LIMIT; /* no worker can be started any more */
        if (poll(fds, count, 200) < 0 && errno != EINTR)
            return -errno;
        for (unsigned i = 0; i < count; i++) {
            if (fds[i].revents)
                read_facts(pool, of[i]);
        }
        end_overdue(pool);
    }
    return 0;
}

int workers_run(const struct workers_options *options, const struct case_def *const *cases,
                size_t count)
{
    struct pool pool = { .options = options, .cases = cases, .count = count };
    int err = 0;

    pool.jobs = options->jobs < 1 ? 1 : options->jobs > JOBS_MAX ? JOBS_MAX : options->jobs;
    if (pool.jobs > count)
        pool.jobs = (unsigned)count;
    for (unsigned i = 0; i < pool.jobs; i++)
        pool.worker[i] = (struct worker){
            .orders = -1, .facts = -1, .at = NO_CASE, .lines = BUF_INIT(STORY_BYTES_MAX)
        };
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; !err && i < pool.jobs; i++) {
        err = start_worker(&pool, &pool.worker[i]);
        if (!err)
            send_case(&pool, &pool.worker[i]);
    }
    if (!err)
        err = turn(&pool);
    /* the end of their orders ends them; then each stops its sandbox and its merchant */
    for (unsigned i = 0; i < pool.jobs; i++) {
        if (pool.worker[i].orders >= 0)
            close(pool.worker[i].orders);
        pool.worker[i].orders = -1;
    }
    for (unsigned i = 0; i < pool.jobs; i++) {
        reap(&pool.worker[i], err != 0);
        buf_release(&pool.worker[i].lines);
    }
    signal(SIGPIPE, old);
    return err;
}
