#include "base/err.h"
#include "base/mem.h"
#include "store/sql.h"

#define SETTINGS_MAX (1024 * 1024)

int account_insert(struct store *store, struct account_row *row)
{
    struct sql sql = sql_start(store, SQL_ACCOUNT_INSERT);
    sql_put_int(&sql, store->last_id[ID_ACCOUNT] + 1);
    sql_put_text(&sql, row->mch_id);
    sql_put_text(&sql, row->api_key);
    sql_put_text(&sql, row->name);
    sql_put_view(&sql, buf_view(&row->settings));
    int err = sql_change(&sql, ERR_EXISTS);
    if (!err)
        row->id = ++store->last_id[ID_ACCOUNT];
    return err;
}

int account_update(struct store *store, const struct account_row *row)
{
    struct sql sql = sql_start(store, SQL_ACCOUNT_UPDATE);
    sql_put_text(&sql, row->mch_id);
    sql_put_text(&sql, row->api_key);
    sql_put_text(&sql, row->name);
    sql_put_view(&sql, buf_view(&row->settings));
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int account_each(struct store *store, int (*visit)(void *ctx, const struct account_row *row),
                 void *ctx)
{
    struct sql sql = sql_start(store, SQL_ACCOUNT_EACH);
    struct account_row row = {};
    int err;
    while ((err = sql_next(&sql)) == 1) {
        row.id = sql_get_int(&sql);
        sql_get_text(&sql, row.mch_id, sizeof(row.mch_id));
        sql_get_text(&sql, row.api_key, sizeof(row.api_key));
        sql_get_text(&sql, row.name, sizeof(row.name));
        sql_get_buf(&sql, &row.settings, SETTINGS_MAX);
        err = sql.err ? sql.err : visit(ctx, &row);
        if (err) {
            err = sql_end(&sql, err);
            break;
        }
    }
    buf_release(&row.settings);
    return err;
}

static int run_with(struct store *store, enum sql_id id, int64_t account_id)
{
    struct sql sql = sql_start(store, id);
    sql_put_int(&sql, account_id);
    return sql_run(&sql);
}

int account_clear(struct store *store, int64_t account_id)
{
    /* children first: each finds its rows through its parent */
    static const enum sql_id of_one[] = { SQL_CLEAR_COMBINED_DELIVERIES,
                                          SQL_CLEAR_COMBINED_NOTICES,
                                          SQL_CLEAR_COMBINED_PAYMENTS,
                                          SQL_CLEAR_COMBINED_REFUNDS,
                                          SQL_CLEAR_COMBINES,
                                          SQL_CLEAR_COMBINED_ORDERS,
                                          SQL_CLEAR_DELIVERIES,
                                          SQL_CLEAR_NOTICES,
                                          SQL_CLEAR_PAYMENTS,
                                          SQL_CLEAR_REFUNDS,
                                          SQL_CLEAR_FAULTS,
                                          SQL_CLEAR_MONEY,
                                          SQL_CLEAR_TOLD,
                                          SQL_CLEAR_ORDERS };
    static const enum sql_id of_all[] = { SQL_CLEAR_ALL_DELIVERIES, SQL_CLEAR_ALL_NOTICES,
                                          SQL_CLEAR_ALL_PAYMENTS,   SQL_CLEAR_ALL_REFUNDS,
                                          SQL_CLEAR_ALL_FAULTS,     SQL_CLEAR_ALL_ORDERS,
                                          SQL_CLEAR_ALL_COMBINES,   SQL_CLEAR_ALL_MONEY,
                                          SQL_CLEAR_ALL_TOLD };
    int err = store_keep_ids(store);
    for (size_t i = 0; !err && account_id && i < COUNT(of_one); i++)
        err = run_with(store, of_one[i], account_id);
    for (size_t i = 0; !err && !account_id && i < COUNT(of_all); i++)
        err = sql_do(store, of_all[i]);
    return err;
}

int account_delete(struct store *store, int64_t id)
{
    int err = account_clear(store, id);
    if (err)
        return err;
    struct sql sql = sql_start(store, SQL_ACCOUNT_DELETE);
    sql_put_int(&sql, id);
    return sql_change(&sql, ERR_NOT_FOUND);
}
