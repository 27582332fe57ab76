/*
 * platform.h — the judge's own sandbox: started, asked through its control door, stopped.
 *
 * The control door is ours: an answer that is not the documented one is the judge's trouble, never
 * the merchant's.
 */
#ifndef CONFORMANCE_PLATFORM_H
#define CONFORMANCE_PLATFORM_H

#include "bench.h"
#include "child.h"

struct platform_options {
    const char *program;         /* NULL: wxpay-sandbox beside the judge, else on PATH */
    unsigned port, control_port; /* 0: free ones */
    uint64_t seed;
    const char *log_path;
    bool own_account; /* make one; else the sandbox's built-in one is used */
    unsigned number;  /* of the account: sandboxes side by side have different ones */
};

struct platform {
    struct child child;
    struct http_jar *jar; /* owned: one kept connection to the control door */
    char api_url[128], control_url[128];
    struct account account;
    char why[300]; /* the last trouble, one sentence */
};

/* Starts it, reads the ready line, makes the account. On failure platform->why says what. */
[[nodiscard]] int platform_start(struct platform *platform, const struct platform_options *options);
void platform_stop(struct platform *platform);

/*
 * One call of the control door. @path may hold "{mch_id}". @body NULL: none; it is taken. *answer is
 * the parsed JSON (owned by the caller, NULL when there is none), *status the HTTP status.
 * Negative only when the door does not answer; platform->why says so.
 */
struct control_call {
    const char *method, *path;
    json_t *body;
    unsigned timeout_ms; /* 0: 15 000 */
};
[[nodiscard]] int platform_call(struct platform *platform, const struct control_call *call,
                                int *status, json_t **answer);

/* The same, but anything but 2xx is an error too (ERR_PROTOCOL). */
[[nodiscard]] int platform_do(struct platform *platform, const struct control_call *call,
                              json_t **answer);

#endif
