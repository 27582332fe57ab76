/*
 * client.h — one call to the control door of a running sandbox, over libcurl.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/cli.h"

#include <jansson.h>

struct client_call {
    const char *method;
    struct buf path; /* owned; begun by client_path() */
    json_t *body;    /* owned; NULL: none */
    int err;         /* while the call is put together; client_run() reports it */
    int64_t wait_ms; /* how long the door may hold the answer back */
};

/* "/v1/accounts/%s/orders/%s": each %s is the next text, percent-encoded. */
void client_begin(struct client_call *call, const char *method, const char *path, ...);

/* A query parameter; nothing when @value is NULL. */
void client_query(struct client_call *call, const char *name, const char *value);
void client_query_int(struct client_call *call, const char *name, int64_t value);

/* A member of the body; nothing when @value is NULL. Takes @value of client_json(). */
void client_text(struct client_call *call, const char *name, const char *value);
void client_int(struct client_call *call, const char *name, int64_t value);
void client_json(struct client_call *call, const char *name, json_t *value);

/*
 * Ask, and show the answer: with --json as it came, else by @show (NULL: nothing). A refusal is
 * told on stderr; 408 with "met" is shown. The exit code is CLI_REFUSED for a refusal, else
 * client_verdict()'s. Releases @call in any case.
 */
int client_run(struct cli *cli, struct client_call *call, void (*show)(const json_t *answer));

/* A call that will not be asked after all. */
void client_drop(struct client_call *call);

/*
 * The same for a body that does not end: each piece goes to @on_bytes, which returns false to
 * stop.
 */
int client_stream(struct cli *cli, struct client_call *call,
                  bool (*on_bytes)(void *owner, struct view bytes), void *owner);

/*
 * What an answer means to a script: CLI_REFUSED when it says "met": false, "result": "refused",
 * "payable": false or "ok": false of a call-up, else CLI_OK.
 */
int client_verdict(const json_t *answer);

/* The member at a path of names, NULL when absent. */
const json_t *member_at(const json_t *value, const char *path);
/* Text of the member at a path of names ("payment.openid"); NULL when absent or no text. */
const char *member_text(const json_t *value, const char *path);
int64_t member_int(const json_t *value, const char *path);

#endif
