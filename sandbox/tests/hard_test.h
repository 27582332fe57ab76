/*
 * hard_test.h — the real `wxpay-sandbox serve` as a child, and raw sockets against it.
 *
 * Everything here is bounded by the clock and fails the test when it is not done in time; nothing
 * sleeps. A child built with sanitizers that does wrong, or leaks, does not exit with 0.
 */
#ifndef HARD_TEST_H
#define HARD_TEST_H

#include "door_test.h"

#include <sys/types.h>

#define WAIT_MS   20000
#define REPLY_MAX (16 * 1024 * 1024)

struct platform {
    pid_t pid;
    uint16_t api, control;
};

/* @args end with NULL. In the child @prepare (may be NULL) runs before the program. */
void platform_start(struct platform *platform, const char *const *args, void (*prepare)(void));
/* SIGTERM; demands exit code 0 in time. */
void platform_stop(struct platform *platform);
/* SIGKILL. */
void platform_kill(struct platform *platform);
/* It must refuse to start: the exit code; what it said on stderr in @said. */
int platform_refused(const char *const *args, void (*prepare)(void), struct buf *said);

/* Raise the limit of open files, also of children. False: it cannot be that high; said so. */
bool may_open(size_t files);

int dial(uint16_t port);
/* All of it. False: the peer does not take it any more. */
bool put(int fd, struct view bytes);
void put_str(int fd, const char *text);
/* Closed by the peer, also by a reset, whatever came before. */
bool ends(int fd);

struct reply {
    int status; /* 0: closed without an answer */
    struct buf bytes;
    struct view body; /* into bytes */
};
void reply_release(struct reply *reply);
/* The next answer on @fd; what follows it stays in the socket. */
void get_reply(int fd, struct reply *out);

/* An API request: head and @body, kept alive. */
void api_request(struct buf *out, const char *path, struct view body);
/* A signed unified order with a number of its own, as a whole request. */
void good_request(struct buf *out);
/* Is it answered with SUCCESS? On a connection of its own. */
void good_order(const struct platform *platform);

/* One call of the control door; the status. @out may be NULL; its body is appended. */
int control_call(const struct platform *platform, const char *method, const char *path,
                 const char *json, struct buf *out);
/* Its answer must have @status. */
void control_must(const struct platform *platform, int status, const char *method, const char *path,
                  const char *json);

#endif
