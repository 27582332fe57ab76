#include "trap.h"

#include "base/err.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLERS_MAX 32
#define BYTES_MAX   ((size_t)2048)
#define READ_MS     300

struct trap {
    pthread_t thread;
    pthread_mutex_t lock; /* guards callers, count, taken */
    int listener, wake[2];
    unsigned port;
    struct buf answer;
    struct buf callers[CALLERS_MAX];
    size_t count, taken;
};

static void remember(struct trap *trap, struct view bytes)
{
    pthread_mutex_lock(&trap->lock);
    if (trap->count < CALLERS_MAX) {
        struct buf *caller = &trap->callers[trap->count];
        *caller = BUF_INIT(BYTES_MAX);
        if (buf_view_add(caller, bytes) == 0)
            trap->count++;
    }
    pthread_mutex_unlock(&trap->lock);
}

/* A caller that says nothing is a caller too. */
static void serve(struct trap *trap, int fd)
{
    char bytes[BYTES_MAX];
    struct pollfd ready = { fd, POLLIN, 0 };
    ssize_t got = poll(&ready, 1, READ_MS) > 0 ? recv(fd, bytes, sizeof(bytes), 0) : 0;

    remember(trap, (struct view){ bytes, got > 0 ? (size_t)got : 0 });
    ssize_t sent = send(fd, trap->answer.ptr, trap->answer.len, MSG_NOSIGNAL);
    (void)sent; /* who does not wait for the answer has been seen all the same */
    close(fd);
}

static void *watch(void *owner)
{
    struct trap *trap = owner;

    for (;;) {
        struct pollfd fds[2] = { { trap->listener, POLLIN, 0 }, { trap->wake[0], POLLIN, 0 } };
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents)
            return NULL;
        int fd = fds[0].revents ? accept4(trap->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            serve(trap, fd);
    }
}

static int listen_on_loopback(struct trap *trap)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);

    trap->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (trap->listener < 0 || bind(trap->listener, (struct sockaddr *)&at, sizeof(at)) ||
        listen(trap->listener, 16) || getsockname(trap->listener, (struct sockaddr *)&at, &len))
        return -errno;
    trap->port = ntohs(at.sin_port);
    return pipe2(trap->wake, O_CLOEXEC) ? -errno : 0;
}

static void trap_free(struct trap *trap)
{
    int fds[] = { trap->listener, trap->wake[0], trap->wake[1] };
    for (size_t i = 0; i < COUNT(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    for (size_t i = 0; i < trap->count; i++)
        buf_release(&trap->callers[i]);
    buf_release(&trap->answer);
    pthread_mutex_destroy(&trap->lock);
    mem_free(trap);
}

int trap_start(struct trap **out, const char *body, unsigned *port)
{
    struct trap *trap = mem_new(struct trap);
    if (!trap)
        return ERR_NOMEM;
    trap->listener = trap->wake[0] = trap->wake[1] = -1;
    trap->answer = BUF_INIT((size_t)64 * 1024);
    pthread_mutex_init(&trap->lock, NULL);
    int err = buf_fmt(&trap->answer,
                      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                      "Connection: close\r\n\r\n%s",
                      strlen(body), body);
    if (!err)
        err = listen_on_loopback(trap);
    if (!err && pthread_create(&trap->thread, NULL, watch, trap))
        err = ERR_LIMIT;
    if (err) {
        trap_free(trap);
        return err;
    }
    *port = trap->port;
    *out = trap;
    return 0;
}

void trap_stop(struct trap *trap)
{
    if (!trap)
        return;
    ssize_t done = write(trap->wake[1], "", 1);
    (void)done; /* a pipe that was never written has room */
    pthread_join(trap->thread, NULL);
    trap_free(trap);
}

unsigned trap_port(const struct trap *trap)
{
    return trap->port;
}

bool trap_take(struct trap *trap, struct buf *out)
{
    bool some;
    pthread_mutex_lock(&trap->lock);
    some =
        trap->taken < trap->count && buf_view_add(out, buf_view(&trap->callers[trap->taken])) == 0;
    trap->taken += some;
    pthread_mutex_unlock(&trap->lock);
    return some;
}
