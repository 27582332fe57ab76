#include "base/err.h"
#include "store/sql.h"

#define SPEC_MAX (1024 * 1024)

int fault_insert(struct store *store, struct fault_row *row)
{
    struct sql sql = sql_start(store, SQL_FAULT_INSERT);
    sql_put_int(&sql, store->last_id[ID_FAULT] + 1);
    sql_put_int(&sql, row->account_id);
    sql_put_view(&sql, buf_view(&row->spec));
    sql_put_int(&sql, row->left);
    sql_put_int(&sql, row->skip);
    int err = sql_run(&sql);
    if (!err)
        row->id = ++store->last_id[ID_FAULT];
    return err;
}

int fault_set_counts(struct store *store, const struct fault_row *row)
{
    struct sql sql = sql_start(store, SQL_FAULT_SET_COUNTS);
    sql_put_int(&sql, row->left);
    sql_put_int(&sql, row->skip);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int fault_delete(struct store *store, int64_t id)
{
    int err = id == store->last_id[ID_FAULT] ? store_keep_ids(store) : 0;
    if (err)
        return err;
    struct sql sql = sql_start(store, SQL_FAULT_DELETE);
    sql_put_int(&sql, id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int fault_each(struct store *store, int64_t account_id,
               int (*visit)(void *ctx, const struct fault_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_FAULT_EACH);
    struct fault_row row = {};
    int err;
    sql_put_int(&sql, account_id);
    while ((err = sql_next(&sql)) == 1) {
        row.id = sql_get_int(&sql);
        row.account_id = sql_get_int(&sql);
        sql_get_buf(&sql, &row.spec, SPEC_MAX);
        row.left = sql_get_int(&sql);
        row.skip = sql_get_int(&sql);
        err = sql.err ? sql.err : visit(ctx, &row);
        if (err) {
            err = sql_end(&sql, err);
            break;
        }
    }
    buf_release(&row.spec);
    return err;
}
