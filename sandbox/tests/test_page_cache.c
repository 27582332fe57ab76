/* SQLite's own integrity check and a sum over all rows say whether a page was lost or mixed up. */
#include "base/mem.h"
#include "store/page_cache.h"

#include <check.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROWS 4000

static sqlite3 *db;

static void run(const char *sql)
{
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
}

static void ask(const char *sql, char out[64])
{
    sqlite3_stmt *stmt;
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    snprintf(out, 64, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

static void must_say(const char *sql, const char *wanted)
{
    char said[64];
    ask(sql, said);
    ck_assert_str_eq(said, wanted);
}

/* In no order, so that pages are split everywhere and renumbered. */
static void fill(void)
{
    run("BEGIN");
    for (int i = 0; i < ROWS; i++) {
        char sql[160];
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, printf('%%0*d', %d, %d))",
                 i * 7919 % ROWS, 20 + i % 700, i);
        run(sql);
        if (i % 64 == 63)
            run("COMMIT; BEGIN");
    }
    run("COMMIT");
}

static void must_be_whole(const char *rows, const char *sum)
{
    must_say("PRAGMA integrity_check", "ok");
    must_say("SELECT count(*) FROM t", rows);
    must_say("SELECT sum(k) FROM t", sum);
    must_say("SELECT count(*) FROM t WHERE k NOT IN (SELECT k FROM t INDEXED BY t_v)", "0");
}

/* Pages are split, merged, given away by a rollback and cut off behind a smaller end. */
static void live_through_it(void)
{
    run("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT); CREATE INDEX t_v ON t (v)");
    fill();
    must_be_whole("4000", "7998000");
    run("BEGIN; SAVEPOINT s; UPDATE t SET v = 'x' || k; ROLLBACK TO s; DELETE FROM t WHERE k > "
        "5000;"
        "ROLLBACK");
    must_be_whole("4000", "7998000");
    run("DELETE FROM t WHERE k % 4 != 0");
    must_be_whole("1000", "1998000");
    run("VACUUM");
    must_be_whole("1000", "1998000");
    run("DELETE FROM t");
    fill();
    must_be_whole("4000", "7998000");
}

START_TEST(a_database_in_memory_keeps_every_row)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    live_through_it();
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

START_TEST(a_file_larger_than_its_cache_keeps_every_row)
{
    static const char *const sizes[] = { "PRAGMA cache_size = 10", "PRAGMA cache_size = 200" };
    char dir[] = "/tmp/wxpay-cache-XXXXXX", path[64], said[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/db", dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    run("PRAGMA locking_mode = EXCLUSIVE");
    ask(_i % 2 ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = MEMORY", said);
    run("PRAGMA synchronous = OFF");
    run(sizes[_i / 2]);
    live_through_it();
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(without_memory_nothing_is_half_done)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    run("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT); CREATE INDEX t_v ON t (v)");
    bool refused = true;
    for (int64_t n = 1; refused; n++) {
        mem_fail_at(n);
        int rc = sqlite3_exec(db,
                              "BEGIN; WITH RECURSIVE c (i) AS (VALUES (1) UNION ALL"
                              " SELECT i + 1 FROM c WHERE i < 1500)"
                              " INSERT INTO t SELECT i, hex(zeroblob(300 + i % 50)) FROM c;"
                              " ROLLBACK",
                              NULL, NULL, NULL);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert(rc == SQLITE_OK || (refused && rc == SQLITE_NOMEM));
        if (!sqlite3_get_autocommit(db))
            run("ROLLBACK");
        must_say("SELECT count(*) FROM t", "0");
    }
    fill();
    must_be_whole("4000", "7998000");
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

static void install(void)
{
    page_cache_install();
}

static void nothing_is_left(void)
{
    ck_assert_int_eq(mem_live(), 0);
}

int main(void)
{
    Suite *suite = suite_create("page cache");
    TCase *tests = tcase_create("page cache");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, install, nothing_is_left);
    tcase_add_test(tests, a_database_in_memory_keeps_every_row);
    tcase_add_loop_test(tests, a_file_larger_than_its_cache_keeps_every_row, 0, 4);
    tcase_add_test(tests, without_memory_nothing_is_half_done);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
