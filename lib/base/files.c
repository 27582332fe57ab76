#include "base/files.h"

#include <sys/resource.h>

size_t files_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t before = limit.rlim_cur, wanted = FILES_ENOUGH;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted)
        wanted = limit.rlim_max;
    if (before == RLIM_INFINITY || before >= wanted)
        return before < FILES_ENOUGH ? (size_t)before : FILES_ENOUGH;
    limit.rlim_cur = wanted;
    return (size_t)(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? wanted : before);
}
