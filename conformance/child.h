/*
 * child.h — a program the judge starts: the sandbox, the merchant, a command step.
 *
 * Each is the leader of a process group of its own, so that killing it takes its helpers along, and
 * on Linux it dies with the judge.
 */
#ifndef CONFORMANCE_CHILD_H
#define CONFORMANCE_CHILD_H

#include "base/buf.h"

#include <sys/types.h>

struct child {
    pid_t pid;  /* 0: none */
    int out;    /* its stdout when asked for, else -1 */
    int status; /* of waitpid, once it has ended */
};

#define CHILD_NONE ((struct child){ .out = -1 })

struct child_start {
    char *const *argv; /* NULL-terminated; looked up beside the judge first, then on PATH */
    char *const *env;  /* "NAME=value" beside the judge's own environment; or NULL */
    const char
        *log_path;     /* stderr, and stdout unless piped, are appended here; NULL: thrown away */
    bool pipe_out;     /* stdout comes to child->out */
    struct view input; /* stdin; empty: /dev/null. At most 60 KiB (a pipe's room) */
};

/* -errno when it cannot be started. */
[[nodiscard]] int child_spawn(struct child *child, const struct child_start *start);

/* Still there? Collects its status when not. */
bool child_alive(struct child *child);

/* "exited with 3", "killed by signal 9 (Killed)". */
void child_fate(const struct child *child, char *out, size_t size);

/* SIGTERM, and SIGKILL after @grace_ms; 0: at once. Waits for its end. NULL-safe, none-safe. */
void child_stop(struct child *child, unsigned grace_ms);

/* One line of stdout without its line feed. ERR_TIMEOUT, ERR_CLOSED, ERR_TOO_LONG. */
[[nodiscard]] int child_read_line(struct child *child, struct buf *line, unsigned timeout_ms);

/* Everything until end of file; then the child is waited for. ERR_TIMEOUT kills it. */
[[nodiscard]] int child_read_all(struct child *child, struct buf *out, unsigned timeout_ms);

/* The directory the judge's own program lies in; "" when unknown. Static. */
const char *child_own_directory(void);

/* A free port on loopback. */
[[nodiscard]] int free_port(unsigned *port);

/* The last @max bytes of a file as text, "" when there is none. */
void file_tail(const char *path, struct buf *out, size_t max);

#endif
