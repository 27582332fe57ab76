/* --data DIR of the real program: folders that are wrong, full, or were left in the middle. */
#include "hard_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNT "/v1/accounts/1900000109"

static char folder[64], file[96];
static const char *args[] = { "--data", folder, NULL };

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/wxpay-hard-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/sandbox.db", folder);
}

static void teardown(void)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char path[128];
    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", file, ends[i]);
        unlink(path);
    }
    chmod(folder, 0700);
    rmdir(folder);
}

static void write_file(const char *path, struct view bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

/* It must say the folder's name and @why, and exit with 1. */
static void must_refuse(const char *const *with, void (*prepare)(void), const char *why)
{
    struct buf said = BUF_INIT(1 << 16);
    ck_assert_int_eq(platform_refused(with, prepare, &said), 1);
    ck_assert_msg(strstr(buf_cstr(&said), with[1]) && strstr(buf_cstr(&said), why), "%s",
                  buf_cstr(&said));
    ck_assert_msg(strstr(buf_cstr(&said), "Sanitizer") == NULL, "%s", buf_cstr(&said));
    buf_release(&said);
}

/* ---- folders that are wrong ---- */

START_TEST(what_is_no_database_is_refused)
{
    write_file(file, VIEW("this is a text and no database, and it is long enough to be one maybe, "
                          "so that the header of a database would fit into it easily enough"));
    must_refuse(args, NULL, "not a database");
}
END_TEST

START_TEST(somebody_elses_database_is_refused_and_stays_as_it_is)
{
    struct platform platform;
    struct stat before, after;
    char bytes[100];
    platform_start(&platform, args, NULL);
    platform_stop(&platform);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(pwrite(fd, "none", 4, 68), 4); /* the application id of SQLite's header */
    close(fd);
    ck_assert_int_eq(stat(file, &before), 0);
    must_refuse(args, NULL, "not made by wxpay-sandbox");
    ck_assert_int_eq(stat(file, &after), 0);
    ck_assert_int_eq(before.st_size, after.st_size);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
    close(fd);
    ck_assert_int_eq(memcmp(bytes + 68, "none", 4), 0);
}
END_TEST

/* Every page behind the first one is noise. */
START_TEST(a_corrupt_database_is_refused)
{
    struct platform platform;
    struct stat stat_file;
    char noise[4096];
    memset(noise, 0xa5, sizeof(noise));
    platform_start(&platform, args, NULL);
    good_order(&platform);
    platform_stop(&platform);
    ck_assert_int_eq(stat(file, &stat_file), 0);
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    for (off_t at = 4096; at < stat_file.st_size; at += 4096)
        ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
    close(fd);
    must_refuse(args, NULL, "malformed");
}
END_TEST

START_TEST(a_place_that_is_no_folder_is_refused)
{
    static const char *below[] = { "--data", NULL, NULL };
    static char path[128];
    write_file(file, VIEW("x"));
    snprintf(path, sizeof(path), "%s/deeper", file);
    below[1] = path;
    must_refuse(below, NULL, "Not a directory");
}
END_TEST

/* Root may write anywhere, so it becomes somebody else first. */
static void be_nobody(void)
{
    if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
        _exit(126);
}

/* A clone below /root is nobody's to enter. */
static bool others_may_enter(const char *path)
{
    char parent[512];
    struct stat found;
    for (size_t i = 1; path[i]; i++) {
        if (path[i] != '/')
            continue;
        snprintf(parent, sizeof(parent), "%.*s", (int)i, path);
        if (stat(parent, &found) || !(found.st_mode & S_IXOTH))
            return false;
    }
    return true;
}

START_TEST(a_folder_that_may_only_be_read_is_refused)
{
    if (geteuid() == 0 && !others_may_enter(BIN_DIR "/"))
        return;
    ck_assert_int_eq(chmod(folder, 0555), 0);
    must_refuse(args, be_nobody, "unable to open");
}
END_TEST

START_TEST(a_second_program_on_a_folder_is_refused)
{
    struct platform first;
    platform_start(&first, args, NULL);
    must_refuse(args, NULL, "another process");
    good_order(&first);
    platform_stop(&first);
}
END_TEST

/* ---- a disk that is full ---- */

static void no_room(void)
{
    struct rlimit none = { 4096, 4096 };
    setrlimit(RLIMIT_FSIZE, &none);
}

START_TEST(a_full_disk_at_the_start_is_refused)
{
    must_refuse(args, no_room, "");
}
END_TEST

static void some_room(void)
{
    struct rlimit some = { 512 * 1024, 512 * 1024 };
    setrlimit(RLIMIT_FSIZE, &some);
}

/* Orders until the disk is full: then SYSTEMERROR, still alive, and nothing answered is lost. */
START_TEST(a_disk_that_fills_up_is_system_error)
{
    struct platform platform;
    struct buf request = BUF_INIT(1 << 16), body = BUF_INIT(REPLY_MAX);
    struct reply reply;
    int made = 0;
    bool full = false;
    platform_start(&platform, args, some_room);
    int fd = dial(platform.api);
    for (int i = 0; i < 5000 && !full; i++) {
        buf_clear(&request);
        good_request(&request);
        ck_assert(put(fd, buf_view(&request)));
        get_reply(fd, &reply);
        ck_assert_int_eq(reply.status, 200);
        full = strstr(buf_cstr(&reply.bytes), "SYSTEMERROR") != NULL;
        made += strstr(buf_cstr(&reply.bytes), "weixin://") != NULL;
        reply_release(&reply);
    }
    ck_assert(full);
    control_must(&platform, 200, "GET", "/v1/health", "");
    platform_stop(&platform);
    close(fd);

    platform_start(&platform, args, NULL);
    ck_assert_int_eq(control_call(&platform, "GET", ACCOUNT "/orders?limit=1000", "", &body), 200);
    int kept = 0;
    for (const char *at = buf_cstr(&body); (at = strstr(at, "\"out_trade_no\"")); at++)
        kept++;
    ck_assert_int_eq(kept, made < 1000 ? made : 1000);
    good_order(&platform);
    platform_stop(&platform);
    buf_release(&body);
    buf_release(&request);
}
END_TEST

/* ---- killed in the middle ---- */

static int listen_somewhere(char url[64])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, 64, "http://127.0.0.1:%u/notify", ntohs(address.sin_port));
    return fd;
}

/* The notification that comes next is acknowledged; it must be @number's. */
static void acknowledge(int listener, const char *number)
{
    static const char ack[] = "HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n"
                              "<xml><return_code>SUCCESS</return_code></xml>\n";
    struct buf came = BUF_INIT(1 << 16);
    struct pollfd wait = { .fd = listener, .events = POLLIN };
    char some[4096];
    ck_assert_int_eq(poll(&wait, 1, WAIT_MS), 1);
    int fd = accept(listener, NULL, NULL);
    wait.fd = fd;
    while (!strstr(buf_cstr(&came), "</xml>")) {
        ck_assert_int_eq(poll(&wait, 1, WAIT_MS), 1);
        ssize_t got = recv(fd, some, sizeof(some), 0);
        ck_assert_int_gt(got, 0);
        ck_assert_int_eq(buf_add(&came, some, (size_t)got), 0);
    }
    ck_assert_ptr_nonnull(strstr(buf_cstr(&came), number));
    put_str(fd, ack);
    buf_release(&came);
    close(fd);
}

static void order_to(const struct platform *platform, const char *number, const char *url)
{
    struct params params = {};
    struct buf xml = BUF_INIT(1 << 16), request = BUF_INIT(1 << 16);
    struct reply reply;
    params_order(&params, number);
    params_set(&params, "notify_url", url);
    params_sign(&params, DEFAULT_API_KEY, &xml);
    api_request(&request, "/pay/unifiedorder", buf_view(&xml));
    int fd = dial(platform->api);
    ck_assert(put(fd, buf_view(&request)));
    get_reply(fd, &reply);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&reply.bytes), "weixin://"));
    reply_release(&reply);
    buf_release(&request);
    buf_release(&xml);
    params_release(&params);
    close(fd);
}

/* Killed while the delivery is under way: the order is paid, and the outbox goes on. */
START_TEST(what_was_answered_outlives_a_kill_and_the_outbox_goes_on)
{
    struct platform platform;
    struct buf body = BUF_INIT(REPLY_MAX);
    struct pollfd wait = { .events = POLLIN };
    char url[64];
    int listener = wait.fd = listen_somewhere(url);
    platform_start(&platform, args, NULL);
    order_to(&platform, "unpaid-01", url);
    order_to(&platform, "killed-01", url);
    control_must(&platform, 200, "POST", "/v1/pay",
                 "{\"mch_id\":\"1900000109\",\"out_trade_no\":\"killed-01\"}");
    ck_assert_int_eq(poll(&wait, 1, WAIT_MS), 1);
    platform_kill(&platform);
    close(accept(listener, NULL, NULL)); /* what it had begun */

    platform_start(&platform, args, NULL);
    acknowledge(listener, "killed-01");
    control_must(&platform, 200, "POST", ACCOUNT "/wait",
                 "{\"for\":\"acknowledged\",\"out_trade_no\":\"killed-01\"}");
    ck_assert_int_eq(control_call(&platform, "GET", ACCOUNT "/orders/unpaid-01", "", &body), 200);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&body), "\"state\":\"NOTPAY\""));
    good_order(&platform);
    platform_stop(&platform);
    buf_release(&body);
    close(listener);
}
END_TEST

/* Ten times: orders, kill, count. Every order that was answered is there. */
START_TEST(no_answered_order_is_ever_lost)
{
    struct platform platform;
    struct buf body = BUF_INIT(REPLY_MAX);
    for (int round = 1; round <= 5; round++) {
        platform_start(&platform, args, NULL);
        for (int i = 0; i < 10; i++)
            good_order(&platform);
        platform_kill(&platform);
        platform_start(&platform, args, NULL);
        buf_clear(&body);
        ck_assert_int_eq(control_call(&platform, "GET", ACCOUNT "/orders?limit=1000", "", &body),
                         200);
        int kept = 0;
        for (const char *at = buf_cstr(&body); (at = strstr(at, "\"out_trade_no\"")); at++)
            kept++;
        ck_assert_int_eq(kept, 10 * round);
        platform_kill(&platform);
    }
    buf_release(&body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hard data");
    TCase *tc = tcase_create("folders");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, what_is_no_database_is_refused);
    tcase_add_test(tc, somebody_elses_database_is_refused_and_stays_as_it_is);
    tcase_add_test(tc, a_corrupt_database_is_refused);
    tcase_add_test(tc, a_place_that_is_no_folder_is_refused);
    tcase_add_test(tc, a_folder_that_may_only_be_read_is_refused);
    tcase_add_test(tc, a_second_program_on_a_folder_is_refused);
    tcase_add_test(tc, a_full_disk_at_the_start_is_refused);
    tcase_add_test(tc, a_disk_that_fills_up_is_system_error);
    tcase_add_test(tc, what_was_answered_outlives_a_kill_and_the_outbox_goes_on);
    tcase_add_test(tc, no_answered_order_is_ever_lost);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
