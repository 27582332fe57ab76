#include "store/sql.h"

#include "base/err.h"

#include <assert.h>
#include <stdio.h>

static const char *const sql_text[SQL_COUNT] = {
#define X(id, text) [SQL_##id] = (text),
    SQL_MAP(X)
#undef X
};

static int prepare(struct store *store, enum sql_id id)
{
    int rc = sqlite3_prepare_v3(store->db, sql_text[id], -1, SQLITE_PREPARE_PERSISTENT,
                                &store->stmt[id], NULL);
    return rc == SQLITE_OK ? 0 : store_fail(store, rc);
}

int sql_prepare_control(struct store *store)
{
    int err = 0;
    for (size_t i = 0; !err && i <= SQL_CONTROL_LAST; i++)
        err = prepare(store, (enum sql_id)i);
    return err;
}

void sql_finalize_all(struct store *store)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(store->stmt[i]);
        store->stmt[i] = NULL;
    }
}

struct sql sql_start(struct store *store, enum sql_id id)
{
    struct sql sql = { .store = store };
    if (!store->stmt[id])
        sql.err = prepare(store, id);
    sql.stmt = store->stmt[id];
    assert(!(sql.stmt && sqlite3_stmt_busy(sql.stmt)) && "a list does not nest in itself");
    return sql;
}

static void note(struct sql *sql, int rc)
{
    if (rc != SQLITE_OK && !sql->err)
        sql->err = store_fail(sql->store, rc);
}

void sql_put_int(struct sql *sql, int64_t value)
{
    note(sql, sqlite3_bind_int64(sql->stmt, ++sql->column, value));
}

void sql_put_view(struct sql *sql, struct view text)
{
    /* a NULL pointer would bind NULL, which no column here takes */
    const char *ptr = text.ptr ? text.ptr : "";
    note(sql,
         sqlite3_bind_text64(sql->stmt, ++sql->column, ptr, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_put_text(struct sql *sql, const char *text)
{
    sql_put_view(sql, view_str(text));
}

void sql_put_blob(struct sql *sql, const struct buf *bytes)
{
    const char *ptr = bytes->ptr ? bytes->ptr : "";
    note(sql, sqlite3_bind_blob64(sql->stmt, ++sql->column, ptr, bytes->len, SQLITE_STATIC));
}

int sql_next(struct sql *sql)
{
    sql->column = 0;
    if (sql->err)
        return sql_end(sql, 0);
    int rc = sqlite3_step(sql->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        sql->err = store_fail(sql->store, rc);
    return sql_end(sql, 0);
}

int64_t sql_get_int(struct sql *sql)
{
    return sqlite3_column_int64(sql->stmt, sql->column++);
}

/* What does not fit was not written by this program. */
static void bad_column(struct sql *sql, int err)
{
    if (sql->err)
        return;
    sql->err = err == ERR_TOO_LONG ? ERR_STORE : err;
    snprintf(sql->store->trouble, sizeof(sql->store->trouble), "column %s: %s",
             sqlite3_column_name(sql->stmt, sql->column - 1), err_text(err));
}

void sql_get_text(struct sql *sql, char *out, size_t size)
{
    const void *text = sqlite3_column_text(sql->stmt, sql->column);
    size_t len = (size_t)sqlite3_column_bytes(sql->stmt, sql->column++);
    out[0] = '\0';
    if (!text)
        return bad_column(sql, ERR_NOMEM); /* columns are NOT NULL: only memory can be missing */
    int err = view_copy((struct view){ text, len }, out, size);
    if (err)
        bad_column(sql, err);
}

void sql_get_buf(struct sql *sql, struct buf *out, size_t max)
{
    const void *bytes = sqlite3_column_blob(sql->stmt, sql->column);
    size_t len = (size_t)sqlite3_column_bytes(sql->stmt, sql->column++);
    out->max = max;
    buf_clear(out);
    int err = len ? buf_add(out, bytes, len) : 0;
    if (err)
        bad_column(sql, err);
}

int sql_end(struct sql *sql, int err)
{
    sqlite3_reset(sql->stmt); /* its code repeats what sqlite3_step() said */
    return err ? err : sql->err;
}

int sql_run(struct sql *sql)
{
    int rows = sql_next(sql);
    assert(rows <= 0);
    return rows;
}

int sql_do(struct store *store, enum sql_id id)
{
    struct sql sql = sql_start(store, id);
    return sql_run(&sql);
}

int sql_change(struct sql *sql, int none)
{
    int err = sql_run(sql);
    if (err)
        return err;
    return sqlite3_changes(sql->store->db) ? 0 : none;
}
