/*
 * bench_bare — the yardstick: a bare libuv and llhttp server with a fixed answer of 500 bytes.
 * Prints its port, then answers until it is killed.
 */
#include "bench/bare.h"

#include <stdlib.h>

#define BODY_LEN 500

int main(void)
{
    char body[BODY_LEN];
    struct buf answer = BUF_INIT(1024);
    memset(body, 'x', sizeof(body));
    int err = bare_answer(&answer, "text/plain", (struct view){ body, sizeof(body) });
    struct bare bare = { .answer = buf_view(&answer) };
    if (!err)
        err = bare_run(&bare);
    buf_release(&answer);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
