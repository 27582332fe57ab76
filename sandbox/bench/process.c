#include "bench/process.h"

#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec at;
    if (clock_gettime(clock, &at))
        return 0;
    return (int64_t)at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t process_cpu_ns(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) ? 0 : clock_ns(clock);
}
