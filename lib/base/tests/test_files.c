#include "base/files.h"

#include "base_test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Soft and hard limit before; what the soft one must be behind it. */
static const struct {
    rlim_t soft, hard, raised;
} rows[] = {
    { 64, 500, 500 },
    { 500, 500, 500 },
    { 500, 100'000, FILES_ENOUGH },
    { 80'000, 100'000, 80'000 },
};

/* Limits cannot be raised again, so each row has a process of its own. */
static int in_child(int row)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    if (limit.rlim_max < rows[row].hard)
        return 0; /* the machine allows less: another row has to show it */
    limit = (struct rlimit){ rows[row].soft, rows[row].hard };
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 2;
    size_t told = files_raise();
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur != rows[row].raised ||
        limit.rlim_max != rows[row].hard)
        return 3;
    return told == (rows[row].raised < FILES_ENOUGH ? rows[row].raised : FILES_ENOUGH) ? 0 : 4;
}

START_TEST(open_files_are_raised_to_what_is_allowed_and_never_lowered)
{
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid)
        _exit(in_child(_i));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

TCase *files_tests(void)
{
    TCase *part = tcase_create("files");
    tcase_add_loop_test(part, open_files_are_raised_to_what_is_allowed_and_never_lowered, 0,
                        COUNT(rows));
    return part;
}
