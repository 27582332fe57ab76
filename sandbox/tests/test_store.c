#include "tests/store_test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- transactions ---------------------------------------------------------------------------- */

START_TEST(savepoints_nest_and_undo_only_what_is_inside)
{
    static const char *const numbers[] = { "1", "2", "3", "4" };
    for (size_t i = 0; i < SAVES_MAX; i++) {
        ck_assert_int_eq(store_save(store), 0);
        put_order(store, 1, numbers[i]);
    }
    store_undo(store);                      /* 4 */
    ck_assert_int_eq(store_keep(store), 0); /* 3 is 2's now */
    ck_assert(has_order(store, 1, "3") && !has_order(store, 1, "4"));
    store_undo(store); /* 2, and 3 with it */
    ck_assert_int_eq(store_keep(store), 0);
    ck_assert(has_order(store, 1, "1"));
    ck_assert(!has_order(store, 1, "2") && !has_order(store, 1, "3"));
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert(has_order(store, 1, "1"));
}
END_TEST

START_TEST(a_rollback_forgets_the_whole_turn)
{
    put_order(store, 1, "A");
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert(!store_in_transaction(store));
    ck_assert_int_eq(store_begin(store), 0);
    ck_assert_int_eq(store_begin(store), 0); /* cheap when one is open */
    put_order(store, 1, "B");
    store_rollback(store);
    ck_assert(!store_in_transaction(store));
    ck_assert(has_order(store, 1, "A") && !has_order(store, 1, "B"));
}
END_TEST

START_TEST(a_transaction_given_up_is_never_committed) /* 0: by SQLite, 1: by us */
{
    put_order(store, 1, "A");
    if (_i)
        store_spoil(store);
    else /* as SQLite does by itself when a disk fails */
        ck_assert_int_eq(sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert(store_in_transaction(store));
    ck_assert_int_eq(store_begin(store), ERR_STORE);
    ck_assert_int_eq(store_save(store), ERR_STORE);
    ck_assert_int_eq(store_commit(store), ERR_STORE);
    ck_assert_str_ne(store_trouble(store), "");
    ck_assert(!store_in_transaction(store));
    ck_assert_int_eq(store_begin(store), 0);
    put_order(store, 1, "B");
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert(!has_order(store, 1, "A") && has_order(store, 1, "B"));
}
END_TEST

START_TEST(a_full_store_loses_the_turn_and_says_so)
{
    char number[33];
    int err = 0, count = 0;
    put_order(store, 1, "EARLIER");
    ck_assert_int_eq(store_commit(store), 0);
    sqlite3_exec(store->db, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
    ck_assert_int_eq(store_begin(store), 0);
    ck_assert_int_eq(store_save(store), 0);
    while (!err && count < 10000) {
        struct order_row row = { .account_id = 1, .state = TRADE_NOTPAY };
        snprintf(number, sizeof(number), "%032d", count++);
        memcpy(row.out_trade_no, number, sizeof(number));
        err = order_insert(store, &row);
    }
    ck_assert_int_eq(err, ERR_STORE);
    ck_assert_str_eq(store_trouble(store), "database or disk is full");
    store_undo(store); /* SQLite has rolled back all of it */
    ck_assert_int_eq(store_begin(store), ERR_STORE);
    ck_assert_int_eq(store_commit(store), ERR_STORE);
    ck_assert(has_order(store, 1, "EARLIER"));
    snprintf(number, sizeof(number), "%032d", 0);
    ck_assert(!has_order(store, 1, number));
    ck_assert_int_eq(store_begin(store), 0);
    store_rollback(store);
}
END_TEST

/* ---- a folder -------------------------------------------------------------------------------- */

static char dir[64];

static void setup_dir(void)
{
    memcpy(dir, "/tmp/test_store_XXXXXX", 23);
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static const char *file_in_dir(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void teardown_dir(void)
{
    unlink(file_in_dir("sandbox.db"));
    unlink(file_in_dir("sandbox.db-wal"));
    unlink(file_in_dir("sandbox.db-shm"));
    rmdir(dir);
    ck_assert_int_eq(mem_live(), 0);
}

START_TEST(a_restart_finds_everything_and_ids_go_on)
{
    int64_t value;
    store = open_in(dir);
    ck_assert_int_eq(store_begin(store), 0);
    put_order(store, 1, "A");
    ck_assert_int_eq(store_next(store, "x", 1, &value), 0);
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert_int_eq(store_begin(store), 0);
    put_order(store, 1, "LOST");
    store_close(store); /* rolls back */

    store = open_in(dir);
    ck_assert(has_order(store, 1, "A") && !has_order(store, 1, "LOST"));
    ck_assert_int_eq(store_begin(store), 0);
    ck_assert_int_eq(put_order(store, 1, "B"), 2);
    ck_assert_int_eq(store_next(store, "x", 1, &value), 0);
    ck_assert_int_eq(value, 2);
    store_close(store);
}
END_TEST

/* A child that commits "A", leaves "B" open, and waits to be killed. */
static pid_t hold_open(void)
{
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct store *held = open_in(dir);
        if (store_begin(held) == 0)
            put_order(held, 1, "A");
        if (store_commit(held) == 0 && store_begin(held) == 0)
            put_order(held, 1, "B");
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

START_TEST(a_second_process_is_refused_and_kill_9_loses_nothing_committed)
{
    pid_t pid = hold_open();
    struct store_options options = { .dir = dir };
    ck_assert_int_eq(store_open(&store, &options), ERR_STORE);
    ck_assert_ptr_null(store);
    ck_assert_ptr_nonnull(strstr(store_trouble(NULL), "another process uses this folder"));
    ck_assert_ptr_nonnull(strstr(store_trouble(NULL), dir));

    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    store = open_in(dir);
    ck_assert(has_order(store, 1, "A") && !has_order(store, 1, "B"));
    store_close(store);
}
END_TEST

static void expect_sound(const char *number, bool there)
{
    store = open_in(dir);
    sqlite3_stmt *stmt;
    ck_assert_int_eq(sqlite3_prepare_v2(store->db, "PRAGMA integrity_check", -1, &stmt, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    ck_assert_int_eq(has_order(store, 1, number), there);
    store_close(store);
}

/* @count orders of some kilobytes in one turn: far more than is kept before it is written. */
static int64_t put_fault(struct store *into)
{
    struct fault_row row = { .account_id = 1, .left = 1 };
    ck_assert_int_eq(fault_insert(into, &row), 0);
    return row.id;
}

/* A code_url is made of an order's id: an old one must never lead to a new order. */
START_TEST(ids_of_what_was_deleted_are_not_used_again_after_a_restart) /* 0: all, 1: of one */
{
    store = open_in(dir);
    ck_assert_int_eq(store_begin(store), 0);
    put_order(store, 1, "A");
    int64_t order = put_order(store, 1, "B"), fault = put_fault(store);
    ck_assert_int_eq(fault_delete(store, fault), 0);
    ck_assert_int_eq(account_clear(store, _i), 0);
    ck_assert_int_eq(store_commit(store), 0);
    store_close(store);

    store = open_in(dir);
    ck_assert_int_eq(store_begin(store), 0);
    ck_assert_int_gt(put_order(store, 1, "C"), order);
    ck_assert_int_gt(put_fault(store), fault);
    store_close(store); /* what is rolled back was told to nobody */

    store = open_in(dir);
    ck_assert_int_eq(store_begin(store), 0);
    ck_assert_int_eq(put_order(store, 1, "C"), order + 1);
    ck_assert_int_eq(put_order(store, 1, "D"), order + 2);
    ck_assert_int_eq(store_commit(store), 0);
    store_close(store);

    store = open_in(dir);
    ck_assert_int_eq(order_next_id(store), order + 3);
    store_close(store);
}
END_TEST

static int put_many(struct store *into, int from, int count)
{
    int err = 0;
    for (int i = from; !err && i < from + count; i++) {
        struct order_row row = { .account_id = 1,
                                 .state = TRADE_NOTPAY,
                                 .request = BUF_INIT(REQUEST_BLOB_MAX) };
        snprintf(row.out_trade_no, sizeof(row.out_trade_no), "%d", i * 7919 % 100003);
        for (int k = 0; !err && k < 400; k++)
            err = buf_str(&row.request, "0123456789");
        if (!err)
            err = order_insert(into, &row);
        order_row_release(&row);
    }
    return err;
}

START_TEST(turns_of_any_size_are_whole_in_the_file)
{
    static const int sizes[] = { 1, 30, 1, 1000, 2, 300 };
    int from = 1;
    store = open_in(dir);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ck_assert_int_eq(store_begin(store), 0);
        ck_assert_int_eq(put_many(store, 50000, sizes[i]), 0);
        store_rollback(store);
        ck_assert_int_eq(store_begin(store), 0);
        ck_assert_int_eq(put_many(store, from, sizes[i]), 0);
        ck_assert_int_eq(store_commit(store), 0);
        from += sizes[i];
    }
    store_close(store);
    expect_sound("7919", true);
    expect_sound("38123", false); /* 50000 * 7919 % 100003 */
}
END_TEST

START_TEST(a_turn_that_finds_no_room_in_its_file_fails_and_harms_nothing)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = { 400 * 1024, 400 * 1024 };
        signal(SIGXFSZ, SIG_IGN);
        struct store *held = open_in(dir);
        int err = store_begin(held);
        err = err ? err : put_many(held, 1, 10);
        err = err ? err : store_commit(held);
        if (err || setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(1);
        for (int from = 100; !err && from < 5000; from += 10) {
            err = store_begin(held);
            err = err ? err : put_many(held, from, 10);
            err = err ? err : store_commit(held);
        }
        _exit(err == ERR_STORE && has_order(held, 1, "7919") ? 0 : 2);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_sound("7919", true);
}
END_TEST

static void expect_trouble(const char *words)
{
    struct store_options options = { .dir = dir };
    ck_assert_int_eq(store_open(&store, &options), ERR_STORE);
    ck_assert_msg(strstr(store_trouble(NULL), words), "%s", store_trouble(NULL));
}

static void sql_on_file(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(file_in_dir("sandbox.db"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(a_file_that_is_not_ours_is_refused_with_the_reason)
{
    FILE *file = fopen(file_in_dir("sandbox.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database, but the diary of a shop\n", file);
    fclose(file);
    expect_trouble("is not a database");
    unlink(file_in_dir("sandbox.db"));

    sql_on_file("CREATE TABLE diary (day TEXT)");
    expect_trouble("was not made by wxpay-sandbox");
    unlink(file_in_dir("sandbox.db"));

    store_close(open_in(dir));
    sql_on_file("PRAGMA user_version = 999");
    expect_trouble("newer wxpay-sandbox (schema 999");
    sql_on_file("PRAGMA user_version = 5; DROP TABLE notice");
    expect_trouble("no such table: notice");
}
END_TEST

/* As the third version left them: payments without an account, nothing for bills. */
#define TO_VERSION_3                                                                               \
    "DROP INDEX refund_own; DROP TABLE money; DROP TABLE told; DROP INDEX payment_day; DROP "      \
    "INDEX refund_day;"                                                                            \
    "DROP INDEX refund_closed; ALTER TABLE payment DROP COLUMN account_id;"                        \
    "PRAGMA user_version = 3;"
/* As the second version left them: nothing combined, notices about an order or its refund. */
#define TO_VERSION_2                                                                               \
    TO_VERSION_3 "DROP TABLE combine; DROP INDEX orders_combined; DROP INDEX orders_unpaid_plain;" \
                 "DROP INDEX orders_unpaid_expiring; DROP INDEX orders_unpaid_expiry;"             \
                 "ALTER TABLE orders DROP COLUMN combine_id;"                                      \
                 "CREATE INDEX orders_unpaid_plain ON orders (account_id, created_ms)"             \
                 " WHERE state = 1 AND expire_ms = 0;"                                             \
                 "CREATE INDEX orders_unpaid_expiring ON orders (account_id, created_ms)"          \
                 " WHERE state = 1 AND expire_ms > 0;"                                             \
                 "CREATE INDEX orders_unpaid_expiry ON orders (account_id, expire_ms)"             \
                 " WHERE state = 1 AND expire_ms > 0;"                                             \
                 "DROP INDEX notice_order; DROP INDEX notice_about;"                               \
                 "ALTER TABLE notice RENAME COLUMN about_id TO refund_id;"                         \
                 "CREATE UNIQUE INDEX notice_order ON notice (order_id, kind, refund_id);"         \
                 "CREATE INDEX notice_refund ON notice (refund_id) WHERE refund_id > 0;"           \
                 "PRAGMA user_version = 2;"
/* And the first: no refunds, one notification per order and kind. */
#define TO_VERSION_1                                                                               \
    TO_VERSION_2 "DROP TABLE refund; DROP INDEX notice_order; DROP INDEX notice_refund;"           \
                 "ALTER TABLE notice DROP COLUMN refund_id;"                                       \
                 "CREATE UNIQUE INDEX notice_order ON notice (order_id, kind);"                    \
                 "PRAGMA user_version = 1"

START_TEST(a_file_of_an_older_version_is_brought_up_to_date)
{
    struct notice_row notice = {
        .account_id = 7, .order_id = 1, .kind = NOTICE_PAYMENT, .state = NOTICE_HELD
    };
    struct refund_row refund = { .account_id = 7, .order_id = 1, .state = REFUND_PROCESSING };
    struct combine_row combine = { .account_id = 7, .state = TRADE_NOTPAY, .out_trade_no = "C" };
    struct payment_row payment = { .account_id = 9, .transaction_id = "42", .paid_ms = 5 };
    struct order_row order;
    struct store *old = open_in(dir);
    ck_assert_int_eq(store_begin(old), 0);
    int64_t order_id = put_order(old, 7, "A");
    payment.order_id = order_id;
    ck_assert_int_eq(payment_insert(old, &payment), 0);
    ck_assert_int_eq(notice_insert(old, &notice), 0);
    ck_assert_int_eq(store_commit(old), 0);
    store_close(old);
    sql_on_file(_i == 1 ? TO_VERSION_1 : _i == 2 ? TO_VERSION_2 : TO_VERSION_3);

    struct store *now = open_in(dir);
    ck_assert_int_eq(store_begin(now), 0);
    ck_assert_int_eq(notice_get(now, notice.id, &notice), 0);
    ck_assert(notice.state == NOTICE_HELD && notice.about_id == 0);
    ck_assert_int_eq(order_get(now, order_id, &order), 0);
    ck_assert_int_eq(order.combine_id, 0);
    order_row_release(&order);
    ck_assert_int_eq(payment_get(now, order_id, &payment), 0);
    ck_assert_int_eq(payment.account_id, 7); /* the order's */
    ck_assert_int_eq(refund_insert(now, &refund), 0);
    for (int i = 0; i < 2; i++) {
        struct notice_row told = { .account_id = 7,
                                   .order_id = 1,
                                   .kind = NOTICE_REFUND,
                                   .state = NOTICE_HELD,
                                   .about_id = refund.id + i };
        ck_assert_int_eq(notice_insert(now, &told), 0);
    }
    ck_assert_int_eq(notice_get_about(now, NOTICE_REFUND, refund.id, &notice), 0);
    ck_assert_int_eq(notice.about_id, refund.id);
    ck_assert_int_eq(combine_insert(now, &combine), 0);
    int64_t found, at;
    ck_assert_int_eq(order_first_unpaid(now, 7, UNPAID_BY_CREATED_PLAIN, &found, &at), 0);
    ck_assert_int_eq(found, order_id);
    ck_assert_int_eq(store_commit(now), 0);
    store_close(now);
    store_close(open_in(dir)); /* and is left alone from then on */
}
END_TEST

START_TEST(a_folder_is_made_for_its_owner_only)
{
    struct store_options options = { .dir = file_in_dir("a/b") };
    ck_assert_int_eq(store_open(&store, &options), 0);
    store_close(store);
    ck_assert_int_eq(access(file_in_dir("a/b/sandbox.db"), R_OK), 0);
    unlink(file_in_dir("a/b/sandbox.db"));
    rmdir(file_in_dir("a/b"));
    rmdir(file_in_dir("a"));
    options.dir = "/proc/nothing/here";
    ck_assert_int_eq(store_open(&store, &options), ERR_STORE);
    ck_assert_ptr_nonnull(strstr(store_trouble(NULL), "/proc/nothing/here"));
    options.dir = "";
    ck_assert_int_eq(store_open(&store, &options), ERR_STORE);
}
END_TEST

START_TEST(every_statement_can_be_prepared) /* they are only when they are first used */
{
    for (int id = 0; id < SQL_COUNT; id++) {
        struct sql sql = sql_start(store, (enum sql_id)id);
        ck_assert_msg(sql_end(&sql, 0) == 0, "statement %d: %s", id, store_trouble(store));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *turns = tcase_create("transactions");
    tcase_add_checked_fixture(turns, setup, teardown);
    tcase_add_test(turns, savepoints_nest_and_undo_only_what_is_inside);
    tcase_add_test(turns, a_rollback_forgets_the_whole_turn);
    tcase_add_loop_test(turns, a_transaction_given_up_is_never_committed, 0, 2);
    tcase_add_test(turns, a_full_store_loses_the_turn_and_says_so);
    tcase_add_test(turns, every_statement_can_be_prepared);
    suite_add_tcase(suite, turns);
    TCase *folder = tcase_create("folder");
    tcase_add_checked_fixture(folder, setup_dir, teardown_dir);
    tcase_add_test(folder, a_restart_finds_everything_and_ids_go_on);
    tcase_add_loop_test(folder, ids_of_what_was_deleted_are_not_used_again_after_a_restart, 0, 2);
    tcase_add_test(folder, a_second_process_is_refused_and_kill_9_loses_nothing_committed);
    tcase_add_test(folder, turns_of_any_size_are_whole_in_the_file);
    tcase_add_test(folder, a_turn_that_finds_no_room_in_its_file_fails_and_harms_nothing);
    tcase_add_test(folder, a_file_that_is_not_ours_is_refused_with_the_reason);
    tcase_add_loop_test(folder, a_file_of_an_older_version_is_brought_up_to_date, 1, 4);
    tcase_add_test(folder, a_folder_is_made_for_its_owner_only);
    suite_add_tcase(suite, folder);
    return run_suite(suite);
}
