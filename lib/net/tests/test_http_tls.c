/* https, against the openssl command: it makes the certificate and plays the server. */
#include "net/http_client.h"
#include "net_test.h"

#include "base/err.h"

#include <stdio.h>
#include <unistd.h>

static char dir[] = "/tmp/wxpay-tls-XXXXXX", key[64], cert[64];

/* The openssl command, and what it says. */
struct tool {
    uv_process_t process;
    uv_pipe_t in; /* kept open: at the end of its input s_server leaves */
    uv_pipe_t out;
    struct buf said;
    const char *awaited;
    bool heard, exited, out_closed;
    int64_t status;
};

static void tool_alloc(uv_handle_t *, size_t, uv_buf_t *out)
{
    static char space[4096];
    *out = uv_buf_init(space, sizeof(space));
}

static void tool_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct tool *tool = container_of((uv_pipe_t *)stream, struct tool, out);
    if (got > 0)
        ck_assert_int_eq(buf_add(&tool->said, bytes->base, (size_t)got), 0);
    if (got < 0)
        uv_read_stop(stream);
    tool->heard = tool->awaited && count_of(buf_view(&tool->said), tool->awaited);
}

static void tool_on_exit(uv_process_t *process, int64_t status, int)
{
    struct tool *tool = container_of(process, struct tool, process);
    tool->status = status;
    tool->exited = true;
}

static void tool_start(struct tool *tool, const char *const *args)
{
    *tool = (struct tool){ .said = BUF_INIT(1 << 20) };
    ck_assert_int_eq(uv_pipe_init(&net_loop, &tool->in, 0), 0);
    ck_assert_int_eq(uv_pipe_init(&net_loop, &tool->out, 0), 0);
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&tool->in },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&tool->out },
        { .flags = UV_IGNORE },
    };
    uv_process_options_t options = { .file = args[0],
                                     .args = (char **)(uintptr_t)args,
                                     .stdio = stdio,
                                     .stdio_count = 3,
                                     .exit_cb = tool_on_exit };
    ck_assert_int_eq(uv_spawn(&net_loop, &tool->process, &options), 0);
    ck_assert_int_eq(uv_read_start((uv_stream_t *)&tool->out, tool_alloc, tool_on_read), 0);
}

static void tool_until(struct tool *tool, const char *text)
{
    tool->awaited = text;
    tool->heard = count_of(buf_view(&tool->said), text) > 0;
    run_until(&net_loop, &tool->heard);
}

static void tool_end(struct tool *tool)
{
    if (!tool->exited)
        uv_process_kill(&tool->process, SIGTERM);
    run_until(&net_loop, &tool->exited);
    uv_close((uv_handle_t *)&tool->process, NULL);
    uv_close((uv_handle_t *)&tool->in, NULL);
    uv_close((uv_handle_t *)&tool->out, NULL);
    buf_release(&tool->said);
    run_turns(&net_loop, 5);
}

/* Once for the whole program: a key and a certificate for "localhost", signed by itself. */
static void make_certificate(void)
{
    struct tool tool;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(key, sizeof(key), "%s/key.pem", dir);
    snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
    const char *const args[] = { "openssl",
                                 "req",
                                 "-x509",
                                 "-newkey",
                                 "ec",
                                 "-pkeyopt",
                                 "ec_paramgen_curve:P-256",
                                 "-nodes",
                                 "-keyout",
                                 key,
                                 "-out",
                                 cert,
                                 "-days",
                                 "2",
                                 "-subj",
                                 "/CN=test",
                                 "-addext",
                                 "subjectAltName=DNS:localhost",
                                 NULL };
    ck_assert_int_eq(uv_loop_init(&net_loop), 0);
    tool_start(&tool, args);
    run_until(&net_loop, &tool.exited);
    ck_assert_int_eq(tool.status, 0);
    tool_end(&tool);
    ck_assert_int_eq(uv_loop_close(&net_loop), 0);
}

static void remove_certificate(void)
{
    unlink(key);
    unlink(cert);
    rmdir(dir);
}

/* The server says where it listens: "ACCEPT 127.0.0.1:53211". */
static unsigned server_start(struct tool *tool, bool answers)
{
    const char *const args[] = { "openssl", "s_server", "-accept", "127.0.0.1:0",           "-key",
                                 key,       "-cert",    cert,      answers ? "-www" : NULL, NULL };
    unsigned port = 0;
    tool_start(tool, args);
    tool_until(tool, "\n");
    while (!count_of(buf_view(&tool->said), "ACCEPT ") ||
           !view_ends(buf_view(&tool->said), VIEW("\n"))) {
        uv_run(&net_loop, UV_RUN_ONCE);
    }
    const char *at = strstr(buf_cstr(&tool->said), "ACCEPT 127.0.0.1:");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "ACCEPT 127.0.0.1:%u", &port), 1);
    return port;
}

static struct {
    struct http_client *client;
    struct http_exchange *exchange;
    bool done, stopped;
    int err, status;
    struct buf body, sent;
    bool stop_when_done;
} app;

static void on_stopped(void *)
{
    app.stopped = true;
}

static void on_done(void *, int err, const struct http_response *response)
{
    app.err = err;
    app.done = true;
    ck_assert_int_eq(buf_view_add(&app.sent, http_exchange_sent(app.exchange)), 0);
    if (app.stop_when_done)
        http_client_stop(app.client, on_stopped, NULL);
    if (!response)
        return;
    app.status = response->status;
    ck_assert_int_eq(buf_view_add(&app.body, response->body), 0);
    ck_assert(view_starts(response->head, VIEW("HTTP/1.0 200 ok\r\n")));
    ck_assert(view_is(http_header_get(response->headers, "content-type"), "text/html"));
}

static void start(const char *ca_file)
{
    struct http_client_options options = { .ca_file = ca_file };
    memset(&app, 0, sizeof(app));
    app.body = app.sent = BUF_INIT(1 << 20);
    ck_assert_int_eq(http_client_start(&app.client, &net_loop, &options), 0);
}

static void stop(void)
{
    http_client_stop(app.client, on_stopped, NULL);
    run_until(&net_loop, &app.stopped);
    buf_release(&app.body);
    buf_release(&app.sent);
}

static void request(const char *host, unsigned port, struct http_send send)
{
    char url[64];
    snprintf(url, sizeof(url), "https://%s:%u/path?q", host, port);
    send.method = send.method ? send.method : "GET";
    send.url = view_str(url);
    send.timeout_ms = send.timeout_ms ? send.timeout_ms : 60000;
    send.on_done = on_done;
    app.done = false;
    ck_assert_int_eq(http_client_send(app.client, &send, &app.exchange), 0);
}

START_TEST(
    a_certificate_that_we_trust_is_accepted) /* 1: and no proxy of the environment is asked */
{
    struct tool server;
    unsigned port = server_start(&server, true);
    if (_i) {
        setenv("https_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    }
    start(cert);
    for (int i = 0; i < 3; i++) {
        request("localhost", port, (struct http_send){});
        run_until(&net_loop, &app.done);
        ck_assert_msg(app.err == 0, "%s", err_name(app.err));
        ck_assert_int_eq(app.status, 200);
    }
    ck_assert_uint_eq(count_of(buf_view(&app.body), "<HTML>"), 3);
    stop();
    tool_end(&server);
}
END_TEST

START_TEST(a_certificate_of_nobody_or_for_another_name_is_refused) /* 0: unknown issuer, 1: name */
{
    struct tool server;
    unsigned port = server_start(&server, true);
    start(_i ? cert : NULL);
    request(_i ? "127.0.0.1" : "localhost", port, (struct http_send){});
    run_until(&net_loop, &app.done);
    ck_assert_msg(app.err == ERR_CRYPTO, "%s", err_name(app.err));
    stop();
    tool_end(&server);
}
END_TEST

START_TEST(what_goes_over_tls_is_what_the_record_says)
{
    struct tool server;
    struct http_header headers[] = { { VIEW("Content-Type"), VIEW("text/xml") },
                                     { VIEW("X-Empty"), VIEW("") } };
    struct buf seen = BUF_INIT(4096);
    unsigned port = server_start(&server, false);
    start(cert);
    request("localhost", port,
            (struct http_send){ .method = "POST",
                                .headers = headers,
                                .header_count = 2,
                                .body = VIEW("<xml>1</xml>\n") });
    tool_until(&server, "</xml>\n");
    http_exchange_cancel(app.exchange);
    run_until(&net_loop, &app.done);
    ck_assert_int_eq(app.err, UV_ECANCELED);
    size_t at = view_find(buf_view(&server.said), VIEW("POST /path?q HTTP/1.1"));
    ck_assert_uint_ne(at, SIZE_MAX);
    ck_assert_int_eq(buf_str(&seen, server.said.ptr + at), 0);
    ck_assert(view_starts(buf_view(&seen), VIEW("POST /path?q HTTP/1.1\r\nHost: localhost:")));
    const char *lines[] = { "Content-Type: text/xml\r\n", "X-Empty:", "Content-Length: 13\r\n",
                            "Host: localhost:", "\r\n\r\n<xml>1</xml>\n" };
    for (size_t i = 0; i < COUNT(lines); i++) {
        ck_assert_msg(count_of(buf_view(&seen), lines[i]) == 1, "%s", buf_cstr(&seen));
        ck_assert_uint_eq(count_of(buf_view(&app.sent), lines[i]), 1);
    }
    ck_assert_uint_eq(count_of(buf_view(&seen), "\r\n"), count_of(buf_view(&app.sent), "\r\n"));
    buf_release(&seen);
    stop();
    tool_end(&server);
}
END_TEST

START_TEST(a_silent_server_is_left_at_the_deadline_and_by_a_stop) /* 0: deadline, 1: stop */
{
    struct tool server;
    unsigned port = server_start(&server, false);
    start(cert);
    request(
        "localhost", port,
        (struct http_send){ .method = "POST", .body = VIEW("<a/>\n"), .timeout_ms = _i ? 0 : 500 });
    if (_i)
        tool_until(&server, "<a/>");
    else
        run_until(&net_loop, &app.done);
    stop();
    ck_assert(app.done);
    ck_assert_int_eq(app.err, _i ? UV_ECANCELED : ERR_TIMEOUT);
    tool_end(&server);
}
END_TEST

START_TEST(the_client_may_be_stopped_from_its_own_callback)
{
    struct tool server;
    unsigned port = server_start(&server, true);
    start(cert);
    app.stop_when_done = true;
    request("localhost", port, (struct http_send){});
    run_until(&net_loop, &app.stopped);
    ck_assert_int_eq(app.err, 0);
    buf_release(&app.body);
    buf_release(&app.sent);
    tool_end(&server);
}
END_TEST

START_TEST(nobody_listening_is_connection_refused)
{
    start(cert);
    request("127.0.0.1", 1, (struct http_send){});
    run_until(&net_loop, &app.done);
    ck_assert_msg(app.err == UV_ECONNREFUSED, "%s", err_name(app.err));
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_tls");
    TCase *all = tcase_create("tls");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, make_certificate, remove_certificate);
    tcase_add_checked_fixture(all, net_setup, net_teardown);
    tcase_add_loop_test(all, a_certificate_that_we_trust_is_accepted, 0, 2);
    tcase_add_loop_test(all, a_certificate_of_nobody_or_for_another_name_is_refused, 0, 2);
    tcase_add_test(all, what_goes_over_tls_is_what_the_record_says);
    tcase_add_loop_test(all, a_silent_server_is_left_at_the_deadline_and_by_a_stop, 0, 2);
    tcase_add_test(all, the_client_may_be_stopped_from_its_own_callback);
    tcase_add_test(all, nobody_listening_is_connection_refused);
    suite_add_tcase(suite, all);
    return run_suite(suite, false);
}
