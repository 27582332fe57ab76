#include "qr/scan/limits.h"

#include "base/view.h"

#include <errno.h>
#include <iconv.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDOUT_MAX     (1u << 20)
#define INHERITED_MAX  1024
#define SANITIZER_PACE 8 /* sanitizers cost a factor of time */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Never above what is in force already. The soft limit, which warns, lies @gap below the hard one. */
static int limit(int resource, rlim_t hard, rlim_t gap)
{
    struct rlimit now;

    if (getrlimit(resource, &now))
        return -errno;
    if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max)
        hard = now.rlim_max;
    rlim_t soft = hard > gap ? hard - gap : hard;
    return setrlimit(resource, &(struct rlimit){ soft, hard }) ? -errno : 0;
}

/* Only what a signal handler may call. */
static void on_out_of_time(int)
{
    static const char answer[] =
        "{\"ok\":false,\"error\":\"limit\",\"detail\":\"out of processor time\"}\n";

    if (write(STDOUT_FILENO, answer, sizeof answer - 1) < 0)
        _exit(1);
    _exit(LIMIT_EXIT_CODE);
}

static bool stdout_is_file(void)
{
    struct stat about;

    return fstat(STDOUT_FILENO, &about) == 0 && S_ISREG(about.st_mode);
}

int limits_set(void)
{
    rlim_t cpu_s = SANITIZED ? LIMIT_CPU_S * SANITIZER_PACE : LIMIT_CPU_S;
    rlim_t written = stdout_is_file() ? STDOUT_MAX : 0;

    for (int fd = STDERR_FILENO + 1; fd < INHERITED_MAX; fd++)
        close(fd);
    signal(SIGXFSZ, SIG_IGN); /* a warning to a stderr that is a file must not kill us */
    signal(SIGXCPU, on_out_of_time);
    int err = limit(RLIMIT_CPU, cpu_s + 1, 1);
    if (!err)
        err = limit(RLIMIT_CORE, 0, 0);
    if (!err)
        err = limit(RLIMIT_FSIZE, written, 0);
#ifdef RLIMIT_AS
    if (!err && !SANITIZED)
        err = limit(RLIMIT_AS, LIMIT_MEMORY, 0);
#endif
    return err;
}

/*
 * zbar converts codes that name their character set; the C library loads its tables from files.
 * Opened once and never closed, they stay loaded.
 */
static void load_tables(void)
{
    static const char *const sets[] = { "ISO8859-1", "SJIS" };

    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        (void)iconv_open("UTF-8", sets[i]);
}

int limits_seal(void)
{
    load_tables();
    return limit(RLIMIT_NOFILE, 0, 0);
}
