/*
 * What goes wrong inside: commits that fail, peers and accounts that leave while something waits
 * for them, and a machine that is full.
 */
#include "door_test.h"

#include "base/err.h"
#include "control/control.h"
#include "store/sql.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SILENT_MAX 1100

static struct door door;
static char folder[64];

/* A merchant that keeps its calls until the test answers them. */
static struct {
    struct http_server *server;
    struct http_call *call[SILENT_MAX];
    char number[SILENT_MAX][OUT_TRADE_NO_MAX + 1];
    size_t count;
    bool answers, stopped;
} merchant;

static void on_gone(struct http_call *call)
{
    for (size_t i = 0; i < merchant.count; i++)
        if (merchant.call[i] == call)
            merchant.call[i] = NULL;
    http_call_cut(call);
}

static void on_notification(struct http_call *call, void *)
{
    static const char tag[] = "<out_trade_no><![CDATA[";
    struct view body = http_call_request(call)->body, rest;
    size_t at = view_find(body, view_str(tag)) + sizeof(tag) - 1;
    struct view number = view_cut((struct view){ body.ptr + at, body.len - at }, ']', &rest);
    ck_assert_uint_lt(merchant.count, SILENT_MAX);
    ck_assert_int_eq(view_copy(number, merchant.number[merchant.count], sizeof(merchant.number[0])),
                     0);
    if (merchant.answers) {
        merchant.call[merchant.count++] = NULL;
        http_call_reply(call, 200, NULL, 0, VIEW("<xml><return_code>SUCCESS</return_code></xml>"));
        return;
    }
    http_call_on_gone(call, on_gone);
    merchant.call[merchant.count++] = call;
}

static void answer_merchant_call(size_t index, const char *body)
{
    http_call_reply(merchant.call[index], 200, NULL, 0, view_str(body));
    merchant.call[index] = NULL;
}

static void lead_to_merchant(struct account *account)
{
    account->origin_count = 1;
    snprintf(account->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(account->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(account_save(door.sandbox.accounts, account), 0);
}

static void open_on(const char *data_dir)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, data_dir);
    memset(&merchant, 0, sizeof(merchant));
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    lead_to_merchant(door_account(&door));
}

static void on_merchant_stopped(void *)
{
    merchant.stopped = true;
}

static void setup(void)
{
    open_on(NULL);
}

static void setup_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/wxpay-trouble-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    signal(SIGXFSZ, SIG_IGN);
    open_on(folder);
}

static void teardown(void)
{
    http_server_stop(merchant.server, on_merchant_stopped);
    door_until(&door, &merchant.stopped);
    door_close(&door);
}

static void teardown_folder(void)
{
    char path[96];
    teardown();
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/sandbox.db%s", folder,
                 i == 0   ? ""
                 : i == 1 ? "-wal"
                          : "-journal");
        unlink(path);
    }
    rmdir(folder);
}

static void turn(int times)
{
    while (times--)
        uv_run(&door.loop, UV_RUN_NOWAIT);
}

/* Turns until @count notifications came, bounded by the clock of the loop. */
static void until_told(size_t count)
{
    uint64_t end = uv_hrtime() + 20'000'000'000;
    while (merchant.count < count && uv_hrtime() < end)
        uv_run(&door.loop, UV_RUN_ONCE);
    ck_assert_uint_ge(merchant.count, count);
}

static struct account *add_account(const char *mch_id)
{
    struct account_spec spec = { .mch_id = view_str(mch_id), .api_key = VIEW(DEFAULT_API_KEY) };
    struct account *account;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(accounts_add(door.sandbox.accounts, &spec, &account), 0);
    lead_to_merchant(account);
    return account;
}

static void order_fault(struct account *account, const char *json)
{
    int64_t id;
    struct fault_error error;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_msg(faults_add(door.sandbox.accounts, account, view_str(json), &id, &error) == 0,
                  "%s: %s", error.where, error.message);
}

/* An order of @account, made and paid in the engine. */
static void pay_new(struct account *account, const char *number)
{
    struct v2_msg request = {};
    struct order_spec spec = { .out_trade_no = view_str(number),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .sign_type = V2_MD5,
                               .total_fen = 88,
                               .request = &request };
    struct pay_spec pay = { .outcome = PAY_PAID };
    struct engine *engine = &door.sandbox.engine;
    char code_url[CODE_URL_MAX + 1];
    struct order_row order = {};
    struct scan scan = {};
    struct paid paid = {};
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(v2_msg_add_str(&request, "appid", account->appid[0]), 0);
    ck_assert_int_eq(
        v2_msg_add_str(&request, "notify_url", "https://merchant.example/wxpay/notify"), 0);
    ck_assert_ptr_null(order_open(engine, account, &spec, &order, NULL));
    order_code_url(&order, code_url);
    payer_scan(engine, view_str(code_url), &scan);
    ck_assert_int_eq(payer_pay(engine, &scan, &pay, &paid), PHONE_DONE);
    scan_release(&scan);
    order_row_release(&order);
    v2_msg_release(&request);
}

static struct notice_row notice_of(struct account *account, const char *number)
{
    struct order_row order = {};
    struct notice_row notice = {};
    struct store *store = door.sandbox.store;
    ck_assert_int_eq(order_get_by_number(store, account->id, view_str(number), &order), 0);
    ck_assert_int_eq(notice_get_by_order(store, order.id, NOTICE_PAYMENT, &notice), 0);
    order_row_release(&order);
    return notice;
}

static void signed_order(struct account *account, const char *number, struct buf *xml)
{
    struct params params = {};
    params_order(&params, number);
    params_set(&params, "mch_id", account->mch_id);
    params_set(&params, "appid", account->appid[0]);
    params_sign(&params, DEFAULT_API_KEY, xml);
    params_release(&params);
}

/* ---- who leaves while something waits ---- */

static const char *const holding[] = {
    "{\"door\":\"api\",\"kind\":\"delay\",\"delay_ms\":50}",
    "{\"door\":\"notification\",\"kind\":\"before_answer\"}",
};

START_TEST(an_answer_outlives_its_account) /* looped over holding */
{
    struct account *account = add_account("1900000777");
    struct buf xml = BUF_INIT(1 << 16);
    struct answer answer;
    order_fault(account, holding[_i]);
    signed_order(account, "orphan-01", &xml);
    door_begin(&door, NULL, "/pay/unifiedorder", buf_view(&xml), &answer);
    turn(50);
    ck_assert(!answer.done);
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    if (_i == 1) /* the control door refuses to delete while a delivery is under way */
        answer_merchant_call(0, "<xml><return_code>FAIL</return_code></xml>");
    else
        ck_assert_int_eq(accounts_remove(door.sandbox.accounts, account), 0);
    door_until(&door, &answer.done);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    buf_release(&xml);
}
END_TEST

/* Connected, written to and half closed before the loop has turned once. */
static int send_and_shut(struct view bytes)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(http_server_port(door.sandbox.api)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    ck_assert_int_eq(send(fd, bytes.ptr, bytes.len, 0), (ssize_t)bytes.len);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    return fd;
}

static int shut_order(const char *fault, const char *number)
{
    struct buf xml = BUF_INIT(1 << 16), request = BUF_INIT(1 << 17);
    order_fault(door_account(&door), fault);
    signed_order(door_account(&door), number, &xml);
    ck_assert_int_eq(buf_fmt(&request,
                             "POST /pay/unifiedorder HTTP/1.1\r\nHost: a\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             xml.len, buf_cstr(&xml)),
                     0);
    int fd = send_and_shut(buf_view(&request));
    buf_release(&xml);
    buf_release(&request);
    return fd;
}

/* The end of input is read in the same turn as the request: before anything is held. */
START_TEST(a_peer_that_left_at_once_holds_nobody_up)
{
    int fd = shut_order("{\"door\":\"api\",\"kind\":\"no_answer\"}", "left-01");
    uint64_t began = uv_hrtime();
    while (http_server_conns(door.sandbox.api) == 0)
        turn(1);
    for (int i = 0; i < 1000 && http_server_conns(door.sandbox.api); i++)
        turn(1);
    ck_assert_uint_eq(http_server_conns(door.sandbox.api), 0);
    ck_assert_uint_lt(uv_hrtime() - began, 60'000'000'000); /* 120 s is how long it is withheld */
    close(fd);
}
END_TEST

/* As `nc -N` and some proxies do: the request, the end of the input, and then they read. */
START_TEST(a_delayed_answer_is_sent_to_who_shut_only_its_half)
{
    char bytes[4096] = "";
    ssize_t got = -1;
    int fd = shut_order("{\"door\":\"api\",\"kind\":\"delay\",\"delay_ms\":50}", "half-01");
    uint64_t end = uv_hrtime() + 20'000'000'000;
    while (got < 0 && uv_hrtime() < end) {
        uv_run(&door.loop, UV_RUN_NOWAIT);
        got = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
    }
    ck_assert_msg(strstr(bytes, "weixin://"), "%zd bytes: %s", got, bytes);
    close(fd);
}
END_TEST

/* The delay is longer than the test may take: a stop must not wait for it. */
START_TEST(a_stop_ends_a_delay_whose_peer_shut_its_half)
{
    int fd = shut_order("{\"door\":\"api\",\"kind\":\"delay\",\"delay_ms\":600000}", "half-02");
    while (http_server_conns(door.sandbox.api) == 0)
        turn(1);
    turn(20);
    ck_assert_uint_eq(http_server_conns(door.sandbox.api), 1); /* it waits */
    close(fd);                                                 /* and the teardown stops it */
}
END_TEST

START_TEST(stopping_sends_nothing_that_was_still_delayed)
{
    order_fault(door_account(&door),
                "{\"door\":\"notification\",\"kind\":\"delay\",\"delay_ms\":600000}");
    pay_new(door_account(&door), "delayed-01");
    turn(20);
    ck_assert_uint_eq(notify_open(door.sandbox.notify, 0), 1);
    /* teardown stops it, and demands a clean loop */
}
END_TEST

START_TEST(a_resend_of_a_suppressed_one_leaves_it_suppressed) /* 0: no ack, 1: ack */
{
    struct account *account = door_account(&door);
    account->notice_mode = NOTICE_MODE_SUPPRESS;
    pay_new(account, "suppressed-01");
    turn(5);
    int64_t id = notice_of(account, "suppressed-01").id;
    ck_assert_int_eq(notify_resend(door.sandbox.notify, account, id, NULL, NULL), 0);
    until_told(1);
    /* a crash now must not make it one that is sent by itself */
    ck_assert_int_eq(notice_of(account, "suppressed-01").state, NOTICE_SUPPRESSED);
    answer_merchant_call(0, _i ? "<xml><return_code>SUCCESS</return_code></xml>" : "no");
    while (notify_open(door.sandbox.notify, 0))
        uv_run(&door.loop, UV_RUN_ONCE);
    ck_assert_int_eq(notice_of(account, "suppressed-01").state,
                     _i ? NOTICE_DONE : NOTICE_SUPPRESSED);
}
END_TEST

/* ---- a machine that is full ---- */

START_TEST(the_place_that_becomes_free_goes_to_who_stood_longest)
{
    char number[OUT_TRADE_NO_MAX + 1], mch_id[16];
    for (int a = 0; a < 4; a++) {
        snprintf(mch_id, sizeof(mch_id), "190000080%d", a);
        struct account *account = add_account(mch_id);
        for (int i = 0; i < 300; i++) {
            snprintf(number, sizeof(number), "crowd-%d-%d", a, i);
            pay_new(account, number);
        }
    }
    until_told(1024);
    pay_new(door_account(&door), "patient-01");
    turn(50);
    ck_assert_uint_eq(merchant.count, 1024);
    answer_merchant_call(7, "<xml><return_code>SUCCESS</return_code></xml>");
    until_told(1025);
    ck_assert_str_eq(merchant.number[1024], "patient-01");
}
END_TEST

/* ---- a commit that fails ---- */

/* What lies in the folder may not grow any more, or may again. */
static void let_grow(bool may)
{
    char path[96];
    struct stat wal;
    struct rlimit limit;
    snprintf(path, sizeof(path), "%s/sandbox.db-wal", folder);
    ck_assert_int_eq(stat(path, &wal), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = may ? limit.rlim_max : (rlim_t)wal.st_size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(without_a_commit_every_answer_of_the_turn_is_system_error)
{
    struct params params = {};
    struct answer answer;
    char code_url[CODE_URL_MAX + 1];
    door_order(&door, "before-01", code_url);
    let_grow(false);
    params_order(&params, "lost-01");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(xml_text(&answer, "return_code"), "FAIL");
    ck_assert_str_eq(xml_text(&answer, "return_msg"), "SYSTEMERROR");
    answer_release(&answer);
    let_grow(true);

    params_set(&params, "body", "another one: so it must be new");
    door_call(&door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    answer_release(&answer);
    door_order(&door, "before-01", code_url); /* and what was kept is still there */
    params_release(&params);
}
END_TEST

START_TEST(an_end_that_was_not_committed_is_delivered_again)
{
    struct account *account = door_account(&door);
    pay_new(account, "twice-01");
    until_told(1);
    let_grow(false);
    answer_merchant_call(0, "<xml><return_code>SUCCESS</return_code></xml>");
    while (notify_open(door.sandbox.notify, 0))
        uv_run(&door.loop, UV_RUN_ONCE);
    turn(3);
    ck_assert_int_eq(notice_of(account, "twice-01").state, NOTICE_SENDING);
    let_grow(true);
    merchant.answers = true;
    until_told(2);
    while (notify_open(door.sandbox.notify, 0))
        uv_run(&door.loop, UV_RUN_ONCE);
    ck_assert_str_eq(merchant.number[1], "twice-01");
    ck_assert_int_eq(notice_of(account, "twice-01").state, NOTICE_DONE);
}
END_TEST

START_TEST(a_beginning_that_was_not_committed_is_tried_again)
{
    struct account *account = door_account(&door);
    merchant.answers = true;
    account->notice_mode = NOTICE_MODE_HOLD;
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(account_save(door.sandbox.accounts, account), 0);
    pay_new(account, "again-01");
    turn(3);
    let_grow(false);
    ck_assert_int_eq(notify_release(door.sandbox.notify, account), 0);
    turn(10);
    ck_assert_uint_eq(merchant.count, 0); /* what was not written is not sent */
    ck_assert_uint_eq(notify_open(door.sandbox.notify, 0), 0);
    let_grow(true);
    ck_assert_int_eq(notice_of(account, "again-01").state, NOTICE_HELD);
    ck_assert_int_eq(notify_release(door.sandbox.notify, account), 0);
    until_told(1);
}
END_TEST

static void run_sql(const char *text)
{
    ck_assert_int_eq(sqlite3_exec(door.sandbox.store->db, text, NULL, NULL, NULL), SQLITE_OK);
}

START_TEST(a_beginning_that_was_half_written_is_taken_back) /* 0: by the outbox, 1: a resend */
{
    struct account *account = door_account(&door);
    merchant.answers = true;
    run_sql("CREATE TEMP TRIGGER full BEFORE INSERT ON delivery"
            " BEGIN SELECT RAISE(ABORT, 'full'); END");
    pay_new(account, "half-01");
    turn(10);
    struct notice_row notice = notice_of(account, "half-01");
    if (_i)
        ck_assert_int_ne(notify_resend(door.sandbox.notify, account, notice.id, NULL, NULL), 0);
    notice = notice_of(account, "half-01");
    ck_assert_uint_eq(merchant.count, 0);
    ck_assert_uint_eq(account->open_deliveries, 0);
    ck_assert_int_eq(notice.state, NOTICE_WAITING);
    ck_assert_int_eq(notice.attempts, 0);
    run_sql("DROP TRIGGER full");
    ck_assert_int_eq(notify_resend(door.sandbox.notify, account, notice.id, NULL, NULL), 0);
    until_told(1);
}
END_TEST

START_TEST(stopping_with_a_commit_that_fails_ends_all_the_same)
{
    pay_new(door_account(&door), "stop-01");
    until_told(1);
    pay_new(door_account(&door), "stop-02"); /* begins in the turn that will not be committed */
    let_grow(false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trouble");
    TCase *tc = tcase_create("waiting");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, an_answer_outlives_its_account, 0, COUNT(holding));
    tcase_add_test(tc, a_peer_that_left_at_once_holds_nobody_up);
    tcase_add_test(tc, a_delayed_answer_is_sent_to_who_shut_only_its_half);
    tcase_add_test(tc, a_stop_ends_a_delay_whose_peer_shut_its_half);
    tcase_add_test(tc, stopping_sends_nothing_that_was_still_delayed);
    tcase_add_loop_test(tc, a_resend_of_a_suppressed_one_leaves_it_suppressed, 0, 2);
    tcase_add_test(tc, the_place_that_becomes_free_goes_to_who_stood_longest);
    tcase_add_loop_test(tc, a_beginning_that_was_half_written_is_taken_back, 0, 2);
    suite_add_tcase(suite, tc);
    tc = tcase_create("commit");
    tcase_add_checked_fixture(tc, setup_folder, teardown_folder);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, without_a_commit_every_answer_of_the_turn_is_system_error);
    tcase_add_test(tc, an_end_that_was_not_committed_is_delivered_again);
    tcase_add_test(tc, a_beginning_that_was_not_committed_is_tried_again);
    tcase_add_test(tc, stopping_with_a_commit_that_fails_ends_all_the_same);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
