/*
 * process.h — clocks of a measured process. Time of the processor is what a busy machine leaves
 * alone: it does not count while others run.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Never goes back. */
int64_t now_ns(void);

/* Used by @pid so far, in user and kernel mode; 0 when there is no such process. */
int64_t process_cpu_ns(pid_t pid);

#endif
