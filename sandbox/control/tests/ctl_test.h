/*
 * ctl_test.h — a client of the control door on the loop of a real sandbox, and a merchant that
 * answers its notifications.
 */
#ifndef CTL_TEST_H
#define CTL_TEST_H

#include "control/door.h"
#include "tests/door_test.h"

#define BUILT_IN "/v1/accounts/1900000109"

/* What is sent; NULL members as a proper client has them. */
struct ctl_send {
    const char *method, *path, *body;
    const char *type, *origin, *host, *token;
};

struct ctl_reply {
    bool done;
    int err, status;
    json_t *json; /* owned; NULL: no body, or none that is JSON */
};
void ctl_release(struct ctl_reply *reply);

/* Sends only; wait with door_until(door, &reply->done). */
void ctl_begin(struct door *door, const struct ctl_send *send, struct ctl_reply *reply);
/* Sends, waits, and demands @status. The JSON is borrowed, until the next call. */
json_t *ctl_ask(struct door *door, int status, const char *method, const char *path,
                const char *body);

/* Members at a path of names and indices ("notifications.0.state"); fails when absent. */
const char *text_at(const json_t *json, const char *path);
int64_t int_at(const json_t *json, const char *path);
bool is_null_at(const json_t *json, const char *path);

/* A merchant on the same loop: counts notifications, and acknowledges them unless told not to. */
struct shop {
    struct http_server *server;
    size_t seen;
    bool deaf; /* answers 500 */
    bool slow; /* keeps the next call in @kept; the test answers it */
    struct http_call *kept;
    bool stopped;
};
/* Its address becomes the real origin of https://merchant.example for the built-in account. */
void shop_open(struct shop *shop, struct door *door);
void shop_close(struct shop *shop, struct door *door);

/* A bare connection to the control door, for what a proper client hides. */
struct raw {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    const char *request;
    struct buf seen; /* all that came */
    bool ended, closed;
    char chunk[4096];
};
void raw_open(struct raw *raw, struct door *door, const char *request);
void raw_close(struct raw *raw, struct door *door);
/* Turns the loop until @text has come. */
void raw_until(struct raw *raw, struct door *door, const char *text);

/* Turns the loop until @control holds @count calls. */
void holds_until(struct door *door, size_t count);

#endif
