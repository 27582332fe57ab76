#include "store/sql.h"

#include "base/err.h"
#include "base/mem.h"
#include "store/page_cache.h"
#include "store/small_mem.h"
#include "store/wal_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define DB_NAME      "sandbox.db"
#define PATH_MAX_LEN 4096

/* Of the last store_open() that failed: then there is no store to ask. */
static char open_trouble[TROUBLE_MAX + 512];

int store_fail(struct store *store, int rc)
{
    if (rc == SQLITE_NOMEM)
        return ERR_NOMEM;
    const char *what = sqlite3_errmsg(store->db);
    if (rc == SQLITE_BUSY)
        what = "another process uses this folder";
    if (rc == SQLITE_NOTADB)
        what = DB_NAME " is not a database";
    snprintf(store->trouble, sizeof(store->trouble), "%s", what);
    return rc == SQLITE_CONSTRAINT ? ERR_EXISTS : ERR_STORE;
}

const char *store_trouble(const struct store *store)
{
    return store ? store->trouble : open_trouble;
}

static int complain(struct store *store, const char *what)
{
    snprintf(store->trouble, sizeof(store->trouble), "%s", what);
    return ERR_STORE;
}

/* mkdir -p, for its owner only: API keys lie in it. */
static int make_dir(struct store *store, const char *dir)
{
    char path[PATH_MAX_LEN];
    int err = view_copy(view_str(dir), path, sizeof(path));
    if (err || !path[0])
        return complain(store, "not the name of a folder");
    for (char *at = path + 1;; at++) {
        char was = *at;
        if (was != '/' && was != '\0')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return complain(store, strerrordesc_np(errno));
        *at = was;
        if (!was)
            return 0;
    }
}

static int open_db(struct store *store, const char *dir)
{
    char path[PATH_MAX_LEN] = ":memory:";
    if (dir) {
        int err = make_dir(store, dir);
        if (err)
            return err;
        int len = snprintf(path, sizeof(path), "%s/" DB_NAME, dir);
        if (len < 0 || (size_t)len >= sizeof(path))
            return complain(store, "too long a name");
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &store->db, flags, dir ? wal_file_vfs() : NULL);
    if (!store->db)
        return ERR_NOMEM;
    if (rc != SQLITE_OK)
        return complain(store, sqlite3_errmsg(store->db));
    return 0;
}

/* Before the first look into the file. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA page_size = 4096;"
                               "PRAGMA cache_size = -65536;" /* KiB, taken as needed */
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA secure_delete = OFF;" /* Debian builds it in */
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

static int configure(struct store *store, const struct store_options *options)
{
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_extended_result_codes(store->db, 0);
    int rc = sqlite3_exec(store->db, settings, NULL, NULL, NULL);
    if (rc == SQLITE_OK && options->dir)
        rc = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL;", NULL, NULL, NULL);
    if (rc == SQLITE_OK && options->dir)
        rc = sqlite3_exec(store->db,
                          options->full ? "PRAGMA synchronous = FULL;"
                                        : "PRAGMA synchronous = NORMAL;",
                          NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_fail(store, rc);
}

/* ---- counters -------------------------------------------------------------------------------- */

/* Two statements: RETURNING would open a table of its own for its one row. */
static int counter_get(struct store *store, const char *name, int64_t *out)
{
    struct sql sql = sql_start(store, SQL_COUNTER_GET);
    sql_put_text(&sql, name);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    *out = sql_get_int(&sql);
    return sql_end(&sql, 0);
}

static int counter_set(struct store *store, const char *name, int64_t value)
{
    struct sql sql = sql_start(store, SQL_COUNTER_SET);
    sql_put_text(&sql, name);
    sql_put_int(&sql, value);
    return sql_change(&sql, ERR_STORE);
}

static const char *const id_counters[ID_TABLES] = {
    [ID_ACCOUNT] = "account id",   [ID_ORDER] = "order id", [ID_NOTICE] = "notice id",
    [ID_DELIVERY] = "delivery id", [ID_FAULT] = "fault id", [ID_REFUND] = "refund id",
    [ID_COMBINE] = "combine id",   [ID_TOLD] = "told id",
};

int store_keep_ids(struct store *store)
{
    int err = 0;
    for (size_t i = 0; !err && i < ID_TABLES; i++)
        err = counter_set(store, id_counters[i], store->last_id[i] + 1);
    return err;
}

/* The last ones of the tables, or of those that were there before the last deletion. */
static int load_ids(struct store *store)
{
    struct sql sql = sql_start(store, SQL_LAST_IDS);
    int rows = sql_next(&sql);
    if (rows < 0)
        return rows;
    assert(rows == 1);
    for (size_t i = 0; i < ID_TABLES; i++)
        store->last_id[i] = sql_get_int(&sql); /* NULL of an empty table reads as 0 */
    int err = sql_end(&sql, 0);
    for (size_t i = 0; !err && i < ID_TABLES; i++) {
        int64_t next = 0;
        err = counter_get(store, id_counters[i], &next);
        if (!err && next - 1 > store->last_id[i])
            store->last_id[i] = next - 1;
        if (err == ERR_NOT_FOUND)
            err = 0; /* nothing was ever deleted */
    }
    return err;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int open_all(struct store *store, const struct store_options *options)
{
    int err = open_db(store, options->dir);
    if (!err)
        err = configure(store, options);
    if (!err)
        err = schema_ensure(store);
    if (!err)
        err = sql_prepare_control(store);
    if (!err)
        err = load_ids(store);
    return err;
}

int store_open(struct store **out, const struct store_options *options)
{
    *out = NULL;
    open_trouble[0] = '\0';
    /* nobody asks for SQLite's counters of memory; too late is no harm */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    small_mem_install();
    page_cache_install();

    struct store *store = mem_new(struct store);
    if (!store)
        return ERR_NOMEM;
    int err = open_all(store, options);
    if (err) {
        snprintf(open_trouble, sizeof(open_trouble), "%.500s: %s",
                 options->dir ? options->dir : "in memory",
                 store->trouble[0] ? store->trouble : err_text(err));
        store_close(store);
        return err;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sql_finalize_all(store);
    int rc = sqlite3_close(store->db); /* an open transaction is rolled back */
    assert(rc == SQLITE_OK);
    (void)rc;
    mem_free(store);
}

/*
 * SQLite itself rolls back when a write fails badly (disk full, input or output error). Nothing of
 * that turn may then be committed: @began stays until the owner has heard of it.
 */
static bool lost(const struct store *store)
{
    return store->began && sqlite3_get_autocommit(store->db);
}

static int tell_lost(struct store *store)
{
    if (!store->trouble[0])
        snprintf(store->trouble, sizeof(store->trouble), "the transaction was rolled back");
    return ERR_STORE;
}

int store_begin(struct store *store)
{
    if (store->began)
        return lost(store) ? tell_lost(store) : 0;
    int err = sql_do(store, SQL_BEGIN);
    store->began = !err;
    return err;
}

bool store_in_transaction(const struct store *store)
{
    return store->began;
}

int store_commit(struct store *store)
{
    assert(store->began && store->saves == 0);
    int err = lost(store) ? tell_lost(store) : sql_do(store, SQL_COMMIT);
    if (err)
        store_rollback(store);
    store->began = false;
    return err;
}

void store_rollback(struct store *store)
{
    if (store->began && !lost(store) && sql_do(store, SQL_ROLLBACK))
        assert(sqlite3_get_autocommit(store->db) && "a rollback cannot leave it open");
    store->began = false;
    store->saves = 0;
}

int store_save(struct store *store)
{
    assert(store->began && store->saves < SAVES_MAX);
    if (lost(store))
        return tell_lost(store);
    int err = sql_do(store, (enum sql_id)(SQL_SAVE_1 + store->saves));
    if (!err)
        store->saves++;
    return err;
}

int store_keep(struct store *store)
{
    assert(store->saves > 0);
    store->saves--;
    if (lost(store))
        return tell_lost(store);
    return sql_do(store, (enum sql_id)(SQL_KEEP_1 + store->saves));
}

void store_undo(struct store *store)
{
    assert(store->saves > 0);
    store->saves--;
    if (lost(store))
        return;
    /* ROLLBACK TO keeps the savepoint; without memory for either, nothing of it may stay */
    if (sql_do(store, (enum sql_id)(SQL_UNDO_1 + store->saves)) ||
        sql_do(store, (enum sql_id)(SQL_KEEP_1 + store->saves)))
        store_spoil(store);
}

void store_spoil(struct store *store)
{
    assert(store->began);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); /* @began stays: see lost() */
}

int store_next(struct store *store, const char *counter, int64_t first, int64_t *out)
{
    int err = counter_get(store, counter, out);
    if (err == ERR_NOT_FOUND) {
        *out = first;
        err = 0;
    }
    return err ? err : counter_set(store, counter, *out + 1);
}

int store_constant(struct store *store, const char *name, int64_t proposal, int64_t *out)
{
    int err = counter_get(store, name, out);
    if (err != ERR_NOT_FOUND)
        return err;
    *out = proposal;
    return counter_set(store, name, proposal);
}
