/* The judge's client against a listener of our own: cookies stay, nothing is left behind. */
#include "base/mem.h"
#include "http.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define VISITS_MAX 8

/* Takes @visits connections, one request each, and answers the n-th with the cookie visit=n. */
struct counter {
    pthread_t thread;
    int listener;
    char url[64];
    size_t visits;
    char asked[VISITS_MAX][2048];
};

static void *count_visits(void *owner)
{
    struct counter *counter = owner;
    for (size_t i = 0; i < counter->visits; i++) {
        char answer[200];
        struct pollfd ready = { counter->listener, POLLIN, 0 };
        if (poll(&ready, 1, 10'000) != 1)
            return NULL;
        int fd = accept(counter->listener, NULL, NULL);
        ssize_t got = recv(fd, counter->asked[i], sizeof(counter->asked[i]) - 1, 0);
        int len = snprintf(answer, sizeof(answer),
                           "HTTP/1.1 200 OK\r\nSet-Cookie: visit=%zu\r\nContent-Length: 2\r\n"
                           "Connection: close\r\n\r\nok",
                           i + 1);
        if (got > 0)
            got = send(fd, answer, (size_t)len, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static void counter_start(struct counter *counter, size_t visits)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);

    *counter = (struct counter){ .visits = visits };
    counter->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(counter->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(counter->listener, VISITS_MAX), 0);
    ck_assert_int_eq(getsockname(counter->listener, (struct sockaddr *)&at, &len), 0);
    snprintf(counter->url, sizeof(counter->url), "http://127.0.0.1:%u/", ntohs(at.sin_port));
    ck_assert_int_eq(pthread_create(&counter->thread, NULL, count_visits, counter), 0);
}

static void counter_stop(struct counter *counter)
{
    pthread_join(counter->thread, NULL);
    close(counter->listener);
}

/* The leak checker watches: a jar asked often once left a list behind each time. */
START_TEST(a_jar_keeps_its_cookies_from_one_request_to_the_next)
{
    struct counter counter;
    struct http_jar *jar;

    counter_start(&counter, 4);
    ck_assert_int_eq(http_jar_new(&jar), 0);
    for (size_t i = 0; i < counter.visits; i++) {
        struct http_ask ask = { .method = "GET", .url = counter.url };
        struct http_answer answer;
        ck_assert_int_eq(http_do(jar, &ask, &answer), 0);
        ck_assert_int_eq(answer.status, 200);
        http_answer_release(&answer);
    }
    http_jar_free(jar);
    counter_stop(&counter);
    ck_assert_ptr_null(strstr(counter.asked[0], "Cookie:"));
    ck_assert_ptr_nonnull(strstr(counter.asked[1], "Cookie: visit=1\r\n"));
    ck_assert_ptr_nonnull(strstr(counter.asked[3], "Cookie: visit=3\r\n"));
}
END_TEST

START_TEST(two_jars_and_nobody_know_nothing_of_each_other)
{
    struct counter counter;
    struct http_jar *jars[3] = {}; /* the last is nobody's */

    counter_start(&counter, 6);
    ck_assert_int_eq(http_jar_new(&jars[0]), 0);
    ck_assert_int_eq(http_jar_new(&jars[1]), 0);
    for (size_t i = 0; i < counter.visits; i++) {
        struct http_ask ask = { .method = "GET", .url = counter.url };
        struct http_answer answer;
        ck_assert_int_eq(http_do(jars[i % 3], &ask, &answer), 0);
        http_answer_release(&answer);
    }
    http_jar_free(jars[0]);
    http_jar_free(jars[1]);
    counter_stop(&counter);
    ck_assert_ptr_nonnull(strstr(counter.asked[3], "Cookie: visit=1\r\n"));
    ck_assert_ptr_nonnull(strstr(counter.asked[4], "Cookie: visit=2\r\n"));
    for (size_t i = 2; i < counter.visits; i += 3)
        ck_assert_ptr_null(strstr(counter.asked[i], "Cookie:"));
}
END_TEST

START_TEST(many_at_once_carry_the_cookies_of_the_jar)
{
    struct counter counter;
    struct http_jar *jar;

    counter_start(&counter, 4);
    ck_assert_int_eq(http_jar_new(&jar), 0);
    struct http_ask ask = { .method = "GET", .url = counter.url };
    struct http_ask asks[] = { ask, ask, ask };
    struct http_answer first, answers[COUNT(asks)];
    ck_assert_int_eq(http_do(jar, &ask, &first), 0);
    ck_assert_int_eq(http_do_all(jar, asks, COUNT(asks), answers), 0);
    http_answer_release(&first);
    for (size_t i = 0; i < COUNT(asks); i++) {
        ck_assert_int_eq(answers[i].status, 200);
        http_answer_release(&answers[i]);
    }
    http_jar_free(jar);
    counter_stop(&counter);
    for (size_t i = 1; i < counter.visits; i++)
        ck_assert_ptr_nonnull(strstr(counter.asked[i], "Cookie: visit=1\r\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *tc = tcase_create("jar");

    tcase_add_test(tc, a_jar_keeps_its_cookies_from_one_request_to_the_next);
    tcase_add_test(tc, two_jars_and_nobody_know_nothing_of_each_other);
    tcase_add_test(tc, many_at_once_carry_the_cookies_of_the_jar);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
