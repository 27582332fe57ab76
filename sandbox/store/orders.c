#include "base/err.h"
#include "store/sql.h"

#include <stdio.h>

void order_row_release(struct order_row *row)
{
    buf_release(&row->request);
}

/* Columns in the order of ORDER_COLUMNS. */
static int read_order(struct sql *sql, struct order_row *out)
{
    out->id = sql_get_int(sql);
    out->account_id = sql_get_int(sql);
    out->dialect = (enum dialect)sql_get_int(sql);
    out->state = (enum trade_state)sql_get_int(sql);
    out->trade_type = (enum trade_type)sql_get_int(sql);
    out->sign_type = (int)sql_get_int(sql);
    out->total_fen = sql_get_int(sql);
    out->created_ms = sql_get_int(sql);
    out->expire_ms = sql_get_int(sql);
    out->closed_ms = sql_get_int(sql);
    out->prepay_ms = sql_get_int(sql);
    sql_get_text(sql, out->out_trade_no, sizeof(out->out_trade_no));
    sql_get_text(sql, out->prepay_id, sizeof(out->prepay_id));
    sql_get_text(sql, out->code, sizeof(out->code));
    out->code_form = (unsigned char)sql_get_int(sql);
    out->combine_id = sql_get_int(sql);
    sql_get_buf(sql, &out->request, REQUEST_BLOB_MAX);
    return sql->err;
}

/* The one row of a lookup. */
static int get_order(struct sql *sql, struct order_row *out)
{
    *out = (struct order_row){};
    int rows = sql_next(sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    int err = sql_end(sql, read_order(sql, out));
    if (err)
        order_row_release(out);
    return err;
}

int64_t order_next_id(const struct store *store)
{
    return store->last_id[ID_ORDER] + 1;
}

int order_insert(struct store *store, struct order_row *row)
{
    struct sql sql = sql_start(store, SQL_ORDER_INSERT);
    sql_put_int(&sql, order_next_id(store));
    sql_put_int(&sql, row->account_id);
    sql_put_int(&sql, row->dialect);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->trade_type);
    sql_put_int(&sql, row->sign_type);
    sql_put_int(&sql, row->total_fen);
    sql_put_int(&sql, row->created_ms);
    sql_put_int(&sql, row->expire_ms);
    sql_put_int(&sql, row->closed_ms);
    sql_put_int(&sql, row->prepay_ms);
    sql_put_text(&sql, row->out_trade_no);
    sql_put_text(&sql, row->prepay_id);
    sql_put_text(&sql, row->code);
    sql_put_int(&sql, row->code_form);
    sql_put_int(&sql, row->combine_id);
    sql_put_blob(&sql, &row->request);
    int err = sql_change(&sql, ERR_EXISTS);
    if (!err)
        row->id = ++store->last_id[ID_ORDER];
    return err;
}

int order_set_state(struct store *store, const struct order_row *row)
{
    struct sql sql = sql_start(store, SQL_ORDER_SET_STATE);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->closed_ms);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int order_set_prepay(struct store *store, const struct order_row *row)
{
    struct sql sql = sql_start(store, SQL_ORDER_SET_PREPAY);
    sql_put_int(&sql, row->prepay_ms);
    sql_put_text(&sql, row->prepay_id);
    sql_put_text(&sql, row->code);
    sql_put_int(&sql, row->code_form);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int order_get(struct store *store, int64_t id, struct order_row *out)
{
    struct sql sql = sql_start(store, SQL_ORDER_GET);
    sql_put_int(&sql, id);
    return get_order(&sql, out);
}

int order_get_by_number(struct store *store, int64_t account_id, struct view number,
                        struct order_row *out)
{
    struct sql sql = sql_start(store, SQL_ORDER_BY_NUMBER);
    sql_put_int(&sql, account_id);
    sql_put_view(&sql, number);
    return get_order(&sql, out);
}

int order_get_by_transaction(struct store *store, int64_t account_id, struct view transaction_id,
                             struct order_row *out)
{
    struct sql sql = sql_start(store, SQL_ORDER_BY_TRANSACTION);
    sql_put_int(&sql, account_id);
    sql_put_view(&sql, transaction_id);
    return get_order(&sql, out);
}

int order_each(struct store *store, const struct order_filter *filter,
               int (*visit)(void *ctx, const struct order_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_ORDER_EACH);
    struct order_row row = {};
    size_t seen = 0;
    int err;
    sql_put_int(&sql, filter->account_id);
    sql_put_int(&sql, filter->after_id);
    while ((err = sql_next(&sql)) == 1) {
        bool wanted = true;
        err = read_order(&sql, &row);
        if (!err && filter->state)
            wanted = row.state == filter->state;
        if (!err && wanted)
            err = visit(ctx, &row);
        if (err || (wanted && ++seen == filter->limit)) {
            err = sql_end(&sql, err);
            break;
        }
    }
    order_row_release(&row);
    return err;
}

int order_each_combined(struct store *store, int64_t combine_id,
                        int (*visit)(void *ctx, const struct order_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_ORDER_COMBINED);
    struct order_row row = {};
    int err;
    sql_put_int(&sql, combine_id);
    while ((err = sql_next(&sql)) == 1) {
        err = read_order(&sql, &row);
        if (!err)
            err = visit(ctx, &row);
        if (err) {
            err = sql_end(&sql, err);
            break;
        }
    }
    order_row_release(&row);
    return err;
}

int order_first_unpaid(struct store *store, int64_t account_id, enum unpaid_by by, int64_t *id,
                       int64_t *at_ms)
{
    static const enum sql_id of[] = {
        [UNPAID_BY_CREATED_PLAIN] = SQL_UNPAID_PLAIN,
        [UNPAID_BY_CREATED_EXPIRING] = SQL_UNPAID_EXPIRING,
        [UNPAID_BY_EXPIRY] = SQL_UNPAID_EXPIRY,
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
