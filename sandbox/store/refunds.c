#include "base/err.h"
#include "store/sql.h"

/* Columns in the order of REFUND_COLUMNS. */
static int read_refund(struct sql *sql, struct refund_row *out)
{
    *out = (struct refund_row){};
    out->id = sql_get_int(sql);
    out->account_id = sql_get_int(sql);
    out->order_id = sql_get_int(sql);
    out->dialect = (enum dialect)sql_get_int(sql);
    out->state = (enum refund_state)sql_get_int(sql);
    out->becomes = (enum refund_state)sql_get_int(sql);
    out->refund_fen = sql_get_int(sql);
    out->before_fen = sql_get_int(sql);
    out->created_ms = sql_get_int(sql);
    out->due_ms = sql_get_int(sql);
    out->ended_ms = sql_get_int(sql);
    sql_get_text(sql, out->out_refund_no, sizeof(out->out_refund_no));
    sql_get_text(sql, out->refund_id, sizeof(out->refund_id));
    sql_get_text(sql, out->funds_account, sizeof(out->funds_account));
    sql_get_buf(sql, &out->notify_url, REFUND_TEXT_MAX);
    sql_get_buf(sql, &out->reason, REFUND_TEXT_MAX);
    return sql->err;
}

static int get_refund(struct sql *sql, struct refund_row *out)
{
    *out = (struct refund_row){};
    int rows = sql_next(sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    return sql_end(sql, read_refund(sql, out));
}

void refund_row_release(struct refund_row *row)
{
    buf_release(&row->notify_url);
    buf_release(&row->reason);
}

int refund_insert(struct store *store, struct refund_row *row)
{
    struct sql sql = sql_start(store, SQL_REFUND_INSERT);
    sql_put_int(&sql, store->last_id[ID_REFUND] + 1);
    sql_put_int(&sql, row->account_id);
    sql_put_int(&sql, row->order_id);
    sql_put_int(&sql, row->dialect);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->becomes);
    sql_put_int(&sql, row->refund_fen);
    sql_put_int(&sql, row->before_fen);
    sql_put_int(&sql, row->created_ms);
    sql_put_int(&sql, row->due_ms);
    sql_put_int(&sql, row->ended_ms);
    sql_put_text(&sql, row->out_refund_no);
    sql_put_text(&sql, row->refund_id);
    sql_put_text(&sql, row->funds_account);
    sql_put_view(&sql, buf_view(&row->notify_url));
    sql_put_view(&sql, buf_view(&row->reason));
    int err = sql_change(&sql, ERR_EXISTS);
    if (!err)
        row->id = ++store->last_id[ID_REFUND];
    return err;
}

int refund_set_state(struct store *store, const struct refund_row *row)
{
    struct sql sql = sql_start(store, SQL_REFUND_SET_STATE);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->becomes);
    sql_put_int(&sql, row->due_ms);
    sql_put_int(&sql, row->ended_ms);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int refund_get(struct store *store, int64_t id, struct refund_row *out)
{
    struct sql sql = sql_start(store, SQL_REFUND_GET);
    sql_put_int(&sql, id);
    return get_refund(&sql, out);
}

int refund_get_by_number(struct store *store, int64_t account_id, struct view out_refund_no,
                         struct refund_row *out)
{
    struct sql sql = sql_start(store, SQL_REFUND_BY_NUMBER);
    sql_put_int(&sql, account_id);
    sql_put_view(&sql, out_refund_no);
    return get_refund(&sql, out);
}

int refund_get_by_own(struct store *store, int64_t account_id, struct view refund_id,
                      struct refund_row *out)
{
    struct sql sql = sql_start(store, SQL_REFUND_BY_OWN);
    sql_put_view(&sql, refund_id);
    sql_put_int(&sql, account_id);
    return get_refund(&sql, out);
}

int refund_sum_of(struct store *store, int64_t order_id, int64_t now_ms, struct refund_sum *out)
{
    struct sql sql = sql_start(store, SQL_REFUND_SUM);
    sql_put_int(&sql, order_id);
    sql_put_int(&sql, now_ms);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows ? rows : ERR_STORE;
    out->count = (size_t)sql_get_int(&sql);
    out->fen = sql_get_int(&sql);
    return sql_end(&sql, sql.err);
}

/* The rows of a statement that is bound. */
static int visit_all(struct sql *sql, int (*visit)(void *ctx, const struct refund_row *row),
                     void *ctx)
{
    int err;
    while ((err = sql_next(sql)) == 1) {
        struct refund_row row;
        err = read_refund(sql, &row);
        if (!err)
            err = visit(ctx, &row);
        refund_row_release(&row);
        if (err)
            return sql_end(sql, err);
    }
    return err;
}

int refund_between(struct store *store, int64_t account_id, int64_t from_ms, int64_t until_ms,
                   int (*visit)(void *ctx, const struct refund_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_REFUND_BETWEEN);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, from_ms);
    sql_put_int(&sql, until_ms);
    return visit_all(&sql, visit, ctx);
}

int refund_closed_between(struct store *store, int64_t account_id, int64_t from_ms,
                          int64_t until_ms, int (*visit)(void *ctx, const struct refund_row *row),
                          void *ctx)
{
    struct sql sql = sql_start(store, SQL_REFUND_CLOSED_BETWEEN);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, from_ms);
    sql_put_int(&sql, until_ms);
    return visit_all(&sql, visit, ctx);
}

int refund_of_order(struct store *store, int64_t order_id,
                    int (*visit)(void *ctx, const struct refund_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_REFUND_OF_ORDER);
    sql_put_int(&sql, order_id);
    return visit_all(&sql, visit, ctx);
}

int refund_each(struct store *store, int64_t account_id, int64_t after_id,
                int (*visit)(void *ctx, const struct refund_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_REFUND_EACH);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, after_id);
    return visit_all(&sql, visit, ctx);
}
