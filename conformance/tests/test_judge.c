/*
 * The program from outside: exit codes, files, and merchants that do nothing right. Needs the
 * programs of the build tree.
 */
#include "base/err.h"
#include "base/mem.h"
#include "child.h"
#include "files.h"
#include "transcript.h"

#include <arpa/inet.h>
#include <check.h>
#include <libxml/parser.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM   BIN_DIR "/wxpay-conformance"
#define REFERENCE FIXTURES_DIR "/profiles/reference-v2.yaml"
#define SCHEMA    FIXTURES_DIR "/../docs/report.schema.json"

static char directory[] = "/tmp/wxpay-conformance-test-XXXXXX";

static void setup(void)
{
    memcpy(strrchr(directory, '-'), "-XXXXXX", sizeof("-XXXXXX"));
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
    files_remove_tree(directory);
}

/* Runs the judge; its stdout into @out. */
static int judge(struct buf *out, const char *const *words)
{
    char *argv[20] = { (char *)(uintptr_t)PROGRAM };
    struct child child;
    size_t count = 1;

    for (; words[count - 1]; count++)
        argv[count] = (char *)(uintptr_t)words[count - 1];
    struct child_start start = { .argv = argv, .pipe_out = true };
    ck_assert_int_eq(child_spawn(&child, &start), 0);
    ck_assert_int_eq(child_read_all(&child, out, 100'000), 0);
    return WIFEXITED(child.status) ? WEXITSTATUS(child.status) : -1;
}

#define JUDGE(out, ...) judge(out, (const char *const[]){ __VA_ARGS__, NULL })

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const struct {
    const char *words[6];
    int code;
} usages[] = {
    { { "--help" }, 0 },
    { { "--version" }, 0 },
    { { "run", "--help" }, 0 },
    { { "frobnicate" }, 2 },
    { { "run" }, 2 },
    { { "run", "/nowhere/profile.yaml" }, 2 },
    { { "run", "/nowhere/profile.yaml", "second" }, 2 },
    { { "run", "--no-such-flag", REFERENCE }, 2 },
    { { "run", "--only", "no/such-case", REFERENCE }, 2 },
    { { "run", "--only", "WX2-007", REFERENCE }, 2 }, /* a rule without a case */
    { { "run", "--level", "may", REFERENCE }, 2 },
    { { "run", "--seed", "1x", REFERENCE }, 2 },
    { { "list" }, 0 },
    { { "list", "--api", "v3" }, 0 },
    { { "list", "--api", "v4" }, 2 },
    { { "explain", "WX2-056" }, 0 },
    { { "explain", "WX2-999" }, 2 },
    { { "explain" }, 2 },
    { { "verify", "/nowhere/report.json" }, 2 },
    { { "verify", SCHEMA }, 2 }, /* JSON, but no report */
};

START_TEST(a_usage_has_its_exit_code) /* looped over the table */
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    int code = judge(&out, usages[_i].words);
    ck_assert_msg(code == usages[_i].code, "row %d: %d instead of %d", _i, code, usages[_i].code);
    buf_release(&out);
}
END_TEST

START_TEST(the_list_is_the_table_of_rules)
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    ck_assert_int_eq(JUDGE(&out, "list", "--json"), 0);
    json_t *all = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(all, "rules");
    size_t i;
    json_t *rule;

    ck_assert_uint_eq(json_array_size(list), 120 + 73);
    json_array_foreach(list, i, rule)
    {
        ck_assert_ptr_nonnull(json_string_value(json_object_get(rule, "sentence")));
        bool tested = json_array_size(json_object_get(rule, "cases")) > 0;
        /* never both, never neither */
        ck_assert_int_eq(tested, json_object_get(rule, "not_tested") == NULL);
    }
    json_decref(all);
    buf_release(&out);
}
END_TEST

/* ---- merchants that do nothing right ---------------------------------------------------------------- */

static const struct {
    const char *name, *merchant;
    int code;
    const char *says;
} hopeless[] = {
    { "ends at once", "start: ['false']", 3, "exited with 1" },
    { "is no program", "start: ['./no-such-program']", 3, "no such program" },
    { "is never ready", "start: ['sleep', '30']", 3, "was not ready within 200 ms" },
    { "is killed", "start: ['sh', '-c', 'kill -9 $$']", 3, "killed by signal 9" },
    { "is not there", "notify_hosts: {}", 3, "was not ready within 200 ms" },
};

static void write_profile(char *path, size_t size, const char *merchant, unsigned port)
{
    char text[2000];
    snprintf(path, size, "%s/profile.yaml", directory);
    snprintf(text, sizeof(text),
             "profile: 1\nname: hopeless\napi: v2\nmerchant:\n  %s\n"
             "  base_url: http://127.0.0.1:%u\n  ready: GET /health\n  ready_timeout: 200ms\n"
             "order:\n  create:\n    - request: POST /orders\n      form: { n: '${amount_fen}' }\n"
             "      capture: { id: json /id, code_url: json /code_url }\n"
             "  status: { request: 'GET /orders/${id}', state: json /s, paid: paid }\n",
             merchant, port);
    write_text(path, text);
}

START_TEST(a_hopeless_merchant_is_inconclusive_never_an_error) /* looped over the table */
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    char path[200];

    write_profile(path, sizeof(path), hopeless[_i].merchant, 1);
    int code = JUDGE(&out, "run", path, "--only", "notify/paid,forged/digit,notify/duplicate");
    ck_assert_msg(code == hopeless[_i].code, "%s: exit %d\n%s", hopeless[_i].name, code,
                  buf_cstr(&out));
    ck_assert_msg(strstr(buf_cstr(&out), hopeless[_i].says) != NULL, "%s", buf_cstr(&out));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), " 0 ERROR;"));
    buf_release(&out);
}
END_TEST

START_TEST(without_its_sandbox_the_judge_says_error)
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    ck_assert_int_eq(
        JUDGE(&out, "run", REFERENCE, "--only", "notify/paid", "--sandbox", "/nowhere/sandbox"), 4);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "ERROR"));
    buf_release(&out);
}
END_TEST

/* A merchant that is healthy and then answers every order with @answer; "" cuts the connection. */
struct fake {
    pthread_t thread;
    int listener, wake[2];
    unsigned port;
    const char *answer;
};

static void serve(struct fake *fake, int fd)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof(bytes) - 1, 0);
    const char *answer = fake->answer;

    bytes[got > 0 ? got : 0] = '\0';
    if (strncmp(bytes, "GET /health", strlen("GET /health")) == 0)
        answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (answer[0])
        ck_assert_int_ge(send(fd, answer, strlen(answer), MSG_NOSIGNAL), 0);
    close(fd);
}

static void *serve_all(void *owner)
{
    struct fake *fake = owner;
    for (;;) {
        struct pollfd fds[2] = { { fake->listener, POLLIN, 0 }, { fake->wake[0], POLLIN, 0 } };
        poll(fds, 2, -1);
        if (fds[1].revents)
            return NULL;
        int fd = accept(fake->listener, NULL, NULL);
        if (fd >= 0)
            serve(fake, fd);
    }
}

static void fake_start(struct fake *fake, const char *answer)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);

    fake->answer = answer;
    fake->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fake->listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(fake->listener, 16), 0);
    ck_assert_int_eq(getsockname(fake->listener, (struct sockaddr *)&at, &len), 0);
    fake->port = ntohs(at.sin_port);
    ck_assert_int_eq(pipe(fake->wake), 0);
    ck_assert_int_eq(pthread_create(&fake->thread, NULL, serve_all, fake), 0);
}

static void fake_stop(struct fake *fake)
{
    ck_assert_int_eq(write(fake->wake[1], "", 1), 1);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
    close(fake->wake[0]);
    close(fake->wake[1]);
}

static const struct {
    const char *answer, *says;
} nonsense[] = {
    { "", "connection closed without an answer" },
    { "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops", "answered 500" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n%$#", "is not JSON" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"id\":null}",
      "nothing at /id" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nConnection: close\r\n\r\n{", "answered 200:" },
    { "SMTP ready\r\n\r\n", "what came is no HTTP" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 34\r\nConnection: close\r\n\r\n"
      "{\"id\":\"1\",\"code_url\":\"weixin://x\"}",
      "no create call at the platform could be linked" },
};

START_TEST(a_merchant_that_talks_nonsense_is_inconclusive) /* looped over the table */
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    struct fake fake;
    char path[200];

    fake_start(&fake, nonsense[_i].answer);
    write_profile(path, sizeof(path), "notify_hosts: {}", fake.port);
    int code = JUDGE(&out, "run", path, "--only", "notify/paid");
    fake_stop(&fake);
    ck_assert_msg(code == 3, "row %d: exit %d\n%s", _i, code, buf_cstr(&out));
    ck_assert_msg(strstr(buf_cstr(&out), nonsense[_i].says) != NULL, "row %d: %s", _i,
                  buf_cstr(&out));
    buf_release(&out);
}
END_TEST

/* ---- what a run leaves --------------------------------------------------------------------------------- */

/* Every name that the schema requires, at the top and in every row of the arrays. */
static void check_required(const json_t *schema, const json_t *value, const json_t *root)
{
    const json_t *reference = json_object_get(schema, "$ref");
    size_t i;
    json_t *name;

    if (reference) /* "#/$defs/…" */
        schema = json_pointer(root, json_string_value(reference) + 1);
    json_array_foreach(json_object_get(schema, "required"), i, name)
        ck_assert_msg(json_object_get(value, json_string_value(name)) != NULL, "%s is missing",
                      json_string_value(name));
    const char *key;
    json_t *property;
    json_object_foreach(json_object_get(schema, "properties"), key, property)
    {
        const json_t *member = json_object_get(value, key);
        if (json_is_object(member))
            check_required(property, member, root);
        for (size_t at = 0; json_is_array(member) && at < json_array_size(member); at++)
            check_required(json_object_get(property, "items"), json_array_get(member, at), root);
    }
}

static void check_json(const char *path)
{
    json_t *report = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    json_t *schema = json_load_file(SCHEMA, 0, NULL);
    ck_assert_ptr_nonnull(report);
    ck_assert_ptr_nonnull(schema);
    check_required(schema, report, schema);
    /* nothing is left out silently: every rule is either judged or named as not tested */
    ck_assert_uint_eq(json_array_size(json_object_get(report, "rules")) +
                          json_array_size(json_object_get(report, "not_tested")),
                      120);
    ck_assert_uint_gt(json_array_size(json_object_get(report, "pictures")), 0);
    json_decref(report);
    json_decref(schema);
}

static void check_junit(const char *path)
{
    xmlDocPtr doc = xmlReadFile(path, NULL, XML_PARSE_NONET);
    ck_assert_ptr_nonnull(doc);
    ck_assert_str_eq((const char *)xmlDocGetRootElement(doc)->name, "testsuites");
    xmlFreeDoc(doc);
}

static void check_html(const char *path)
{
    struct buf page = BUF_INIT((size_t)64 * 1024 * 1024);
    ck_assert_int_eq(files_read(path, &page), 0);
    /* one file that opens offline, and says what it is not */
    static const char *const never[] = { "src=\"", "href=\"", "@import", "url(" };
    for (size_t i = 0; i < COUNT(never); i++)
        ck_assert_msg(!strstr(buf_cstr(&page), never[i]), "it holds %s", never[i]);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&page), "not a security audit"));
    buf_release(&page);
}

static void damage(const char *path)
{
    struct buf text = BUF_INIT((size_t)64 * 1024 * 1024);
    ck_assert_int_eq(files_read(path, &text), 0);
    char *at = strstr(text.ptr, "\"state\":\"paid\"");
    ck_assert_ptr_nonnull(at);
    memcpy(at, "\"state\":\"pain\"", strlen("\"state\":\"pain\""));
    write_text(path, text.ptr);
    buf_release(&text);
}

START_TEST(a_run_leaves_its_files_and_they_can_be_verified)
{
    struct buf out = BUF_INIT((size_t)1024 * 1024);
    char dir[200], json[240], junit[240], html[240], lines[240];

    snprintf(dir, sizeof(dir), "%s/out/deep", directory);
    snprintf(json, sizeof(json), "%s/report.json", dir);
    snprintf(junit, sizeof(junit), "%s/junit.xml", dir);
    snprintf(html, sizeof(html), "%s/report.html", dir);
    snprintf(lines, sizeof(lines), "%s/transcript.jsonl", dir);
    int code = JUDGE(&out, "run", REFERENCE, "--only", "notify/paid,qr/content,forged/digit",
                     "--seed", "7", "--out", dir);
    ck_assert_msg(code == 0, "%s", buf_cstr(&out));
    check_json(json);
    check_junit(junit);
    check_html(html);
    buf_clear(&out);
    ck_assert_msg(JUDGE(&out, "verify", json) == 0, "%s", buf_cstr(&out));
    damage(lines);
    buf_clear(&out);
    ck_assert_int_eq(JUDGE(&out, "verify", json), 1);
    /* the checksum, and the verdict that no longer follows */
    ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "DIFFERS  transcript.jsonl"));
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judge");
    TCase *tcase = tcase_create("judge");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_usage_has_its_exit_code, 0, COUNT(usages));
    tcase_add_test(tcase, the_list_is_the_table_of_rules);
    tcase_add_loop_test(tcase, a_hopeless_merchant_is_inconclusive_never_an_error, 0,
                        COUNT(hopeless));
    tcase_add_test(tcase, without_its_sandbox_the_judge_says_error);
    tcase_add_loop_test(tcase, a_merchant_that_talks_nonsense_is_inconclusive, 0, COUNT(nonsense));
    tcase_add_test(tcase, a_run_leaves_its_files_and_they_can_be_verified);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
