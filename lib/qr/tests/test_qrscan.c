/* wxpay-qrscan as a process: what it may not do, and what it says when its limits are hit. */
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "qr/qr_scan.h"
#include "qr/scan/limits.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCANNER  BIN_DIR "/" QR_SCAN_PROGRAM
#define CODE_URL "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"
#define UP_PNG   FIXTURES_DIR "/qr/up.png"

static struct buf file_bytes(FILE *file)
{
    struct buf bytes = BUF_INIT(1 << 20);
    char chunk[4096];
    size_t got;

    while ((got = fread(chunk, 1, sizeof chunk, file)))
        ck_assert_int_eq(buf_add(&bytes, chunk, got), 0);
    fclose(file);
    return bytes;
}

static struct buf up_png(void)
{
    FILE *file = fopen(UP_PNG, "rb");
    ck_assert_ptr_nonnull(file);
    return file_bytes(file);
}

#define OPTIONS_MAX 5
typedef const char *arguments[OPTIONS_MAX];

/* Runs the scanner on @input, followed by @padding zero bytes; its exit code, or -signal. */
static int run(const arguments given, struct view input, off_t padding, struct buf *output)
{
    char *argv[OPTIONS_MAX + 2] = { (char[]){ QR_SCAN_PROGRAM } };
    FILE *in = tmpfile(), *out = tmpfile();
    int status;

    ck_assert(in && out);
    for (size_t i = 0; i < OPTIONS_MAX; i++)
        argv[i + 1] = (char *)(uintptr_t)given[i]; /* execv() knows no const, and changes nothing */
    ck_assert_uint_eq(fwrite(input.ptr, 1, input.len, in), input.len);
    ck_assert_int_eq(fflush(in), 0);
    ck_assert_int_eq(ftruncate(fileno(in), (off_t)input.len + padding), 0);
    rewind(in);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(fileno(in), STDIN_FILENO);
        dup2(fileno(out), STDOUT_FILENO);
        execv(SCANNER, argv);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    fclose(in);
    rewind(out);
    *output = file_bytes(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const arguments none = {};

static struct qr_scan_result ask(struct view picture, bool repair)
{
    struct qr_scan_result result;

    ck_assert_msg(qr_scan_run(NULL, picture, repair, &result) == 0, "%s: %s", result.error,
                  result.detail);
    return result;
}

static void expect_error(struct view picture, const char *error)
{
    struct qr_scan_result result = ask(picture, false);

    ck_assert_msg(strcmp(result.error, error) == 0, "expected %s, got %s: %s", error, result.error,
                  result.detail);
    qr_scan_result_release(&result);
}

START_TEST(a_code_is_read_through_the_process)
{
    struct buf picture = up_png();
    struct qr_scan_result result = ask(buf_view(&picture), false);

    ck_assert_str_eq(result.error, "");
    ck_assert_str_eq(result.format, "png");
    ck_assert_str_eq(result.repair, "none");
    ck_assert_uint_eq(result.width, 111);
    ck_assert_uint_eq(result.height, 111);
    ck_assert_uint_eq(result.symbol_count, 1);
    ck_assert_str_eq(buf_cstr(&result.symbols[0]), CODE_URL);
    qr_scan_result_release(&result);
    buf_release(&picture);
}
END_TEST

/* An SVG that shows the picture at @href. */
static struct buf svg_showing(const char *href)
{
    struct buf svg = BUF_INIT(1 << 20);

    ck_assert_int_eq(buf_fmt(&svg,
                             "<svg xmlns='http://www.w3.org/2000/svg' "
                             "xmlns:xlink='http://www.w3.org/1999/xlink' width='444' height='444'>"
                             "<image width='444' height='444' href='%s' xlink:href='%s'/></svg>",
                             href, href),
                     0);
    return svg;
}

/* The control of the next test: the same picture inside the SVG is drawn and read. */
START_TEST(a_picture_inside_an_svg_is_read)
{
    struct buf png = up_png(), href = BUF_INIT(1 << 20);

    ck_assert_int_eq(buf_str(&href, "data:image/png;base64,"), 0);
    ck_assert_int_eq(base64_encode(buf_view(&png), &href), 0);
    struct buf svg = svg_showing(href.ptr);
    struct qr_scan_result result = ask(buf_view(&svg), false);
    ck_assert_str_eq(result.error, "");
    ck_assert_str_eq(buf_cstr(&result.symbols[0]), CODE_URL);
    qr_scan_result_release(&result);
    buf_release(&svg);
    buf_release(&href);
    buf_release(&png);
}
END_TEST

START_TEST(an_svg_loads_no_file)
{
    static const char *const hrefs[] = { "file://" UP_PNG, UP_PNG, "up.png", "./up.png",
                                         "file:///etc/hostname" };
    /* were files read, it would be found from there */
    ck_assert_int_eq(chdir(FIXTURES_DIR "/qr"), 0);
    for (size_t i = 0; i < COUNT(hrefs); i++) {
        struct buf svg = svg_showing(hrefs[i]);
        expect_error(buf_view(&svg), "no-code");
        buf_release(&svg);
    }
}
END_TEST

START_TEST(an_svg_includes_no_file)
{
    static const char *const contents[] = {
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file://" FIXTURES_DIR
        "/qr/s.svg'/>",
        "<style>@import url('file:///etc/hostname');</style>",
        "<use href='file://" FIXTURES_DIR "/qr/s.svg#QRcode'/>",
    };

    for (size_t i = 0; i < COUNT(contents); i++) {
        struct buf svg = BUF_INIT(4096);
        ck_assert_int_eq(buf_fmt(&svg,
                                 "<svg xmlns='http://www.w3.org/2000/svg' width='528' "
                                 "height='528'>%s</svg>",
                                 contents[i]),
                         0);
        struct qr_scan_result result = ask(buf_view(&svg), false);
        ck_assert_uint_eq(result.symbol_count, 0);
        qr_scan_result_release(&result);
        buf_release(&svg);
    }
    expect_error(VIEW("<!DOCTYPE svg [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>"
                      "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"
                      "<text>&e;</text></svg>"),
                 "broken");
}
END_TEST

START_TEST(an_svg_reaches_no_network)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof here;
    struct buf href = BUF_INIT(100);
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(door, 0);
    ck_assert_int_eq(bind(door, (struct sockaddr *)&here, sizeof here), 0);
    ck_assert_int_eq(listen(door, 1), 0);
    ck_assert_int_eq(getsockname(door, (struct sockaddr *)&here, &len), 0);
    ck_assert_int_eq(buf_fmt(&href, "http://127.0.0.1:%d/up.png", ntohs(here.sin_port)), 0);
    struct buf svg = svg_showing(href.ptr);
    expect_error(buf_view(&svg), "no-code");
    ck_assert_int_eq(accept(door, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    close(door);
    buf_release(&svg);
    buf_release(&href);
}
END_TEST

/* One bit per thing that could still be done. */
static int openable(void)
{
    int ends[2], can = 0;

    can |= (open("/dev/null", O_RDONLY) >= 0) << 0;
    can |= (socket(AF_INET, SOCK_STREAM, 0) >= 0) << 1;
    can |= (pipe(ends) == 0) << 2;
    can |= (dup(STDOUT_FILENO) >= 0) << 3;
    return can;
}

START_TEST(a_sealed_process_can_open_nothing)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool before = openable() == 15;
        _exit(before && limits_set() == 0 && limits_seal() == 0 ? openable() : 99);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static const struct {
    struct view picture;
    const char *error;
} bombs[] = {
    { VIEW(""), "not-a-picture" },
    { VIEW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x86\xa0\0\1\x86\xa0\1\0\0\0\0\0\0\0\0"),
      "too-large" },
    { VIEW("GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\2\1\4\0;"),
      "too-large" },
    /* entities that unfold to gigabytes */
    { VIEW("<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
           "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
           "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;'>"
           "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'><!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;&g;'>"
           "]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>&h;</text></svg>"),
      "broken" },
};

START_TEST(a_bomb_is_refused)
{
    expect_error(bombs[_i].picture, bombs[_i].error);
}
END_TEST

/* Each level shows the one below ten times: 10^14 rectangles. */
static struct buf unfolding_svg(void)
{
    struct buf svg = BUF_INIT(1 << 16);

    ck_assert_int_eq(buf_str(&svg, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"
                                   "<defs><g id='a0'><rect width='1' height='1'/></g>"),
                     0);
    for (int i = 1; i < 15; i++) {
        ck_assert_int_eq(buf_fmt(&svg, "<g id='a%d'>", i), 0);
        for (int j = 0; j < 10; j++)
            ck_assert_int_eq(buf_fmt(&svg, "<use href='#a%d'/>", i - 1), 0);
        ck_assert_int_eq(buf_str(&svg, "</g>"), 0);
    }
    ck_assert_int_eq(buf_str(&svg, "</defs><use href='#a14'/></svg>"), 0);
    return svg;
}

START_TEST(when_the_time_is_used_up_it_says_so)
{
    struct buf svg = unfolding_svg(), output;

    /* the scanner keeps the stricter limit it inherits, and warns itself a second before it */
    ck_assert_int_eq(setrlimit(RLIMIT_CPU, &(struct rlimit){ 2, 2 }), 0);
    ck_assert_int_eq(run(none, buf_view(&svg), 0, &output), LIMIT_EXIT_CODE);
    ck_assert_str_eq(buf_cstr(&output),
                     "{\"ok\":false,\"error\":\"limit\",\"detail\":\"out of processor time\"}\n");
    buf_release(&output);
    buf_release(&svg);
}
END_TEST

START_TEST(more_than_the_input_bound_is_too_large)
{
    struct buf picture = up_png(), output;

    /* zeros behind the end of a PNG do no harm, up to the bound */
    ck_assert_int_eq(
        run(none, buf_view(&picture), QR_SCAN_PICTURE_MAX - (off_t)picture.len, &output), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&output), "{\"ok\":true"));
    buf_release(&output);
    ck_assert_int_eq(
        run(none, buf_view(&picture), QR_SCAN_PICTURE_MAX - (off_t)picture.len + 1, &output), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&output), "{\"ok\":false,\"error\":\"too-large\""));
    buf_release(&output);
    buf_release(&picture);
}
END_TEST

START_TEST(wrong_usage_is_told_by_exit_code_2)
{
    static const arguments wrong[] = {
        { "--scale", "9" }, { "--scale", "two" }, { "--shrink", "-1" }, { "--quiet-zone", "1001" },
        { "--quiet-zone" }, { "--nonsense" },     { "picture.png" },
    };

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct buf output;
        ck_assert_int_eq(run(wrong[i], VIEW(""), 0, &output), 2);
        ck_assert_uint_eq(output.len, 0);
        buf_release(&output);
    }
}
END_TEST

START_TEST(options_reach_the_picture)
{
    static const arguments harmless = { "--scale=3", "--shrink=3", "--quiet-zone=20" };
    static const arguments inverting = { "--invert" }, repairing = { "--invert", "--repair" };
    struct buf picture = up_png(), output;

    ck_assert_int_eq(run(harmless, buf_view(&picture), 0, &output), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&output), CODE_URL));
    buf_release(&output);
    ck_assert_int_eq(run(inverting, buf_view(&picture), 0, &output), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&output), "\"no-code\""));
    buf_release(&output);
    ck_assert_int_eq(run(repairing, buf_view(&picture), 0, &output), 0);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&output), "\"repair\":\"inverted\""));
    buf_release(&output);
    buf_release(&picture);
}
END_TEST

static TCase *process(void)
{
    TCase *process = tcase_create("process");

    tcase_set_timeout(process, 60);
    tcase_add_test(process, a_code_is_read_through_the_process);
    tcase_add_test(process, a_picture_inside_an_svg_is_read);
    tcase_add_test(process, an_svg_loads_no_file);
    tcase_add_test(process, an_svg_includes_no_file);
    tcase_add_test(process, an_svg_reaches_no_network);
    tcase_add_test(process, a_sealed_process_can_open_nothing);
    tcase_add_loop_test(process, a_bomb_is_refused, 0, (int)COUNT(bombs));
    tcase_add_test(process, when_the_time_is_used_up_it_says_so);
    tcase_add_test(process, more_than_the_input_bound_is_too_large);
    tcase_add_test(process, wrong_usage_is_told_by_exit_code_2);
    tcase_add_test(process, options_reach_the_picture);
    return process;
}

int main(void)
{
    Suite *suite = suite_create("qrscan");

    signal(SIGPIPE, SIG_IGN);
    suite_add_tcase(suite, process());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
