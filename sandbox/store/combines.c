#include "base/err.h"
#include "store/sql.h"

void combine_row_release(struct combine_row *row)
{
    buf_release(&row->request);
}

/* Columns in the order of COMBINE_COLUMNS. */
static int read_combine(struct sql *sql, struct combine_row *out)
{
    out->id = sql_get_int(sql);
    out->account_id = sql_get_int(sql);
    out->state = (enum trade_state)sql_get_int(sql);
    out->trade_type = (enum trade_type)sql_get_int(sql);
    out->created_ms = sql_get_int(sql);
    out->expire_ms = sql_get_int(sql);
    out->closed_ms = sql_get_int(sql);
    out->paid_ms = sql_get_int(sql);
    sql_get_text(sql, out->out_trade_no, sizeof(out->out_trade_no));
    sql_get_text(sql, out->transaction_id, sizeof(out->transaction_id));
    sql_get_buf(sql, &out->request, REQUEST_BLOB_MAX);
    return sql->err;
}

static int get_combine(struct sql *sql, struct combine_row *out)
{
    *out = (struct combine_row){};
    int rows = sql_next(sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    int err = sql_end(sql, read_combine(sql, out));
    if (err) {
        combine_row_release(out);
        *out = (struct combine_row){};
    }
    return err;
}

int combine_insert(struct store *store, struct combine_row *row)
{
    struct sql sql = sql_start(store, SQL_COMBINE_INSERT);
    sql_put_int(&sql, store->last_id[ID_COMBINE] + 1);
    sql_put_int(&sql, row->account_id);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->trade_type);
    sql_put_int(&sql, row->created_ms);
    sql_put_int(&sql, row->expire_ms);
    sql_put_int(&sql, row->closed_ms);
    sql_put_int(&sql, row->paid_ms);
    sql_put_text(&sql, row->out_trade_no);
    sql_put_text(&sql, row->transaction_id);
    sql_put_blob(&sql, &row->request);
    int err = sql_change(&sql, ERR_EXISTS);
    if (!err)
        row->id = ++store->last_id[ID_COMBINE];
    return err;
}

int combine_set_state(struct store *store, const struct combine_row *row)
{
    struct sql sql = sql_start(store, SQL_COMBINE_SET_STATE);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->closed_ms);
    sql_put_int(&sql, row->paid_ms);
    sql_put_text(&sql, row->transaction_id);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int combine_get(struct store *store, int64_t id, struct combine_row *out)
{
    struct sql sql = sql_start(store, SQL_COMBINE_GET);
    sql_put_int(&sql, id);
    return get_combine(&sql, out);
}

int combine_get_by_number(struct store *store, int64_t account_id, struct view number,
                          struct combine_row *out)
{
    struct sql sql = sql_start(store, SQL_COMBINE_BY_NUMBER);
    sql_put_int(&sql, account_id);
    sql_put_view(&sql, number);
    return get_combine(&sql, out);
}

int combine_each(struct store *store, int64_t account_id, int64_t after_id,
                 int (*visit)(void *ctx, const struct combine_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_COMBINE_EACH);
    struct combine_row row = {};
    int err;
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, after_id);
    while ((err = sql_next(&sql)) == 1) {
        err = read_combine(&sql, &row);
        if (!err)
            err = visit(ctx, &row);
        if (err) {
            err = sql_end(&sql, err);
            break;
        }
    }
    combine_row_release(&row);
    return err;
}

int combine_first_unpaid(struct store *store, int64_t account_id, enum unpaid_by by, int64_t *id,
                         int64_t *at_ms)
{
    static const enum sql_id of[] = {
        [UNPAID_BY_CREATED_PLAIN] = SQL_COMBINE_UNPAID_PLAIN,
        [UNPAID_BY_CREATED_EXPIRING] = SQL_COMBINE_UNPAID_EXPIRING,
        [UNPAID_BY_EXPIRY] = SQL_COMBINE_UNPAID_EXPIRY,
    };
    struct sql sql = sql_start(store, of[by]);
    sql_put_int(&sql, account_id);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    *id = sql_get_int(&sql);
    *at_ms = sql_get_int(&sql);
    return sql_end(&sql, 0);
}
