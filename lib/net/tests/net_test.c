#include "net_test.h"

#include "base/clock.h"
#include "base/log.h"

#define PATIENCE_US (20 * 1000 * 1000)

uv_loop_t net_loop;
static int64_t live_before;

void net_setup(void)
{
    log_set_level(LOG_NONE);
    live_before = mem_live();
    ck_assert_int_eq(uv_loop_init(&net_loop), 0);
}

static void name_handle(uv_handle_t *handle, void *)
{
    fprintf(stderr, "  still open: %s%s\n", uv_handle_type_name(handle->type),
            uv_is_active(handle) ? ", active" : "");
}

void net_teardown(void)
{
    run_turns(&net_loop, 20);
    uv_walk(&net_loop, name_handle, NULL);
    ck_assert_int_eq(uv_loop_close(&net_loop), 0);
    ck_assert_int_eq(mem_live(), live_before);
}

static void on_guard(uv_timer_t *)
{
    /* wakes a loop that has nothing to do, so that patience can run out */
}

static void turn_until(uv_loop_t *loop, const bool *done)
{
    uv_timer_t guard;
    bool closed = false;
    guard.data = &closed;
    uv_timer_init(loop, &guard);
    uv_timer_start(&guard, on_guard, 20, 20);
    int64_t start_us = clock_mono_us();
    while (!*done && clock_mono_us() - start_us < PATIENCE_US)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&guard, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

void run_until(uv_loop_t *loop, const bool *done)
{
    turn_until(loop, done);
    if (*done)
        return;
    uv_walk(loop, name_handle, NULL);
    ck_abort_msg("the loop ran for %d s and what was awaited did not happen",
                 PATIENCE_US / 1000000);
}

void run_turns(uv_loop_t *loop, size_t turns)
{
    while (turns--)
        uv_run(loop, UV_RUN_NOWAIT);
}

size_t count_of(struct view in, const char *text)
{
    size_t count = 0, at;
    struct view needle = view_str(text);
    while ((at = view_find(in, needle)) != SIZE_MAX) {
        count++;
        in = (struct view){ in.ptr + at + needle.len, in.len - at - needle.len };
    }
    return count;
}

static void peer_alloc(uv_handle_t *, size_t, uv_buf_t *out)
{
    static char space[65536];
    *out = uv_buf_init(space, sizeof(space));
}

static void peer_check(struct peer *peer)
{
    peer->answered = peer->eof || (peer->awaited && count_of(buf_view(&peer->got), peer->awaited) >=
                                                        peer->awaited_count);
}

static void peer_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
    struct peer *peer = container_of(stream, struct peer, tcp);
    if (got < 0) {
        peer->eof = true;
        peer->failed = peer->failed || got != UV_EOF;
        uv_read_stop(stream);
    } else {
        ck_assert_int_eq(buf_add(&peer->got, bytes->base, (size_t)got), 0);
    }
    peer_check(peer);
}

struct peer_write {
    uv_write_t uv;
    struct peer *peer;
    struct buf bytes;
};

static void peer_send_more(struct peer *peer);

static void peer_on_written(uv_write_t *uv, int status)
{
    struct peer_write *write = container_of(uv, struct peer_write, uv);
    struct peer *peer = write->peer;
    buf_release(&write->bytes);
    mem_free(write);
    peer->failed = peer->failed || (status < 0 && status != UV_ECANCELED);
    if (status == 0)
        peer_send_more(peer);
}

static void peer_send_more(struct peer *peer)
{
    size_t left = peer->to_send.len - peer->sent;
    if (!peer->connected || !left)
        return;
    size_t len = peer->piece && peer->piece < left ? peer->piece : left;
    struct peer_write *write = mem_new(struct peer_write);
    ck_assert_ptr_nonnull(write);
    write->peer = peer;
    write->bytes = BUF_INIT(SIZE_MAX / 2);
    ck_assert_int_eq(buf_add(&write->bytes, peer->to_send.ptr + peer->sent, len), 0);
    peer->sent += len;
    uv_buf_t out = uv_buf_init(write->bytes.ptr, (unsigned)write->bytes.len);
    ck_assert_int_eq(uv_write(&write->uv, (uv_stream_t *)&peer->tcp, &out, 1, peer_on_written), 0);
}

static void peer_on_connect(uv_connect_t *connect, int status)
{
    struct peer *peer = container_of(connect, struct peer, connect);
    if (status == UV_ECANCELED)
        return;
    ck_assert_int_eq(status, 0);
    peer->connected = true;
    uv_tcp_nodelay(&peer->tcp, 1);
    ck_assert_int_eq(uv_read_start((uv_stream_t *)&peer->tcp, peer_alloc, peer_on_read), 0);
    peer_send_more(peer);
}

void peer_open(struct peer *peer, uint16_t port)
{
    struct sockaddr_in address;
    *peer = (struct peer){ .got = BUF_INIT(SIZE_MAX / 2), .to_send = BUF_INIT(SIZE_MAX / 2) };
    uv_ip4_addr("127.0.0.1", port, &address);
    ck_assert_int_eq(uv_tcp_init(&net_loop, &peer->tcp), 0);
    ck_assert_int_eq(uv_tcp_connect(&peer->connect, &peer->tcp, (const struct sockaddr *)&address,
                                    peer_on_connect),
                     0);
}

void peer_send(struct peer *peer, struct view bytes, size_t piece)
{
    bool busy = peer->sent < peer->to_send.len;
    peer->piece = piece;
    ck_assert_int_eq(buf_view_add(&peer->to_send, bytes), 0);
    if (!busy)
        peer_send_more(peer);
}

static void peer_on_shut(uv_shutdown_t *, int)
{
}

void peer_shut(struct peer *peer)
{
    ck_assert_int_eq(uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->tcp, peer_on_shut), 0);
}

void peer_until(struct peer *peer, const char *awaited, size_t count)
{
    peer->awaited = awaited;
    peer->awaited_count = count;
    peer_check(peer);
    turn_until(&net_loop, &peer->answered);
    size_t seen = count_of(buf_view(&peer->got), awaited);
    ck_assert_msg(seen >= count, "wanted %zu times \"%s\", got: %s", count, awaited,
                  buf_cstr(&peer->got));
    peer->awaited = NULL;
}

void peer_until_eof(struct peer *peer)
{
    turn_until(&net_loop, &peer->eof);
    ck_assert_msg(peer->eof, "the server did not close; got: %s", buf_cstr(&peer->got));
}

void peer_on_closed(uv_handle_t *handle)
{
    struct peer *peer = container_of(handle, struct peer, tcp);
    buf_release(&peer->got);
    buf_release(&peer->to_send);
    peer->closed = true;
}

void peer_close(struct peer *peer)
{
    uv_close((uv_handle_t *)&peer->tcp, peer_on_closed);
    run_until(&net_loop, &peer->closed);
}

int run_suite(Suite *suite, bool pure)
{
    SRunner *runner = srunner_create(suite);
    if (pure && !getenv("CK_FORK"))
        srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
