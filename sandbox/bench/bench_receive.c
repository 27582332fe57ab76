/*
 * bench_receive — a bare receiver of notifications that acknowledges everything.
 *
 *   bench_receive COUNT PID
 *
 * Prints its port, then after every COUNT notifications one line as bench_drive does: how many
 * followed the first, in how many seconds, and the seconds of processor that PID used meanwhile.
 */
#include "bench/bare.h"
#include "bench/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct receiver {
    int64_t wanted, seen, began_ns, began_cpu_ns;
    pid_t pid;
};

static void on_notification(void *owner)
{
    struct receiver *receiver = owner;
    if (receiver->seen++ == 0) {
        receiver->began_ns = now_ns();
        receiver->began_cpu_ns = process_cpu_ns(receiver->pid);
    }
    if (receiver->seen < receiver->wanted)
        return;
    printf("%" PRId64 " %.6f %.6f\n", receiver->seen - 1,
           (double)(now_ns() - receiver->began_ns) / 1e9,
           (double)(process_cpu_ns(receiver->pid) - receiver->began_cpu_ns) / 1e9);
    fflush(stdout);
    receiver->seen = 0;
}

int main(int argc, char **argv)
{
    struct receiver receiver = { .wanted = argc == 3 ? strtoll(argv[1], NULL, 10) : 0,
                                 .pid = argc == 3 ? (pid_t)strtol(argv[2], NULL, 10) : 0 };
    if (receiver.wanted < 2 || receiver.pid < 1) {
        fprintf(stderr, "usage: bench_receive COUNT PID\n");
        return EXIT_FAILURE;
    }
    struct buf answer = BUF_INIT(1024);
    int err = bare_answer(&answer, "text/xml",
                          VIEW("<xml>\n  <return_code><![CDATA[SUCCESS]]></return_code>\n"
                               "  <return_msg><![CDATA[OK]]></return_msg>\n</xml>"));
    struct bare bare = { .answer = buf_view(&answer),
                         .on_request = on_notification,
                         .owner = &receiver };
    if (!err)
        err = bare_run(&bare);
    buf_release(&answer);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
