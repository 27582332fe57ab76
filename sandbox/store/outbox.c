#include "base/err.h"
#include "store/sql.h"

const char *notice_kind_name(enum notice_kind kind)
{
    static const char *const names[] = { [NOTICE_PAYMENT] = "payment",
                                         [NOTICE_REFUND] = "refund",
                                         [NOTICE_COMBINE] = "combine",
                                         [NOTICE_ECHO] = "echo" };
    return names[kind];
}

/* Columns in the order of NOTICE_COLUMNS. */
static int read_notice(struct sql *sql, struct notice_row *out)
{
    out->id = sql_get_int(sql);
    out->account_id = sql_get_int(sql);
    out->order_id = sql_get_int(sql);
    out->kind = (enum notice_kind)sql_get_int(sql);
    out->state = (enum notice_state)sql_get_int(sql);
    out->attempts = (int)sql_get_int(sql);
    out->created_ms = sql_get_int(sql);
    out->due_ms = sql_get_int(sql);
    out->about_id = sql_get_int(sql);
    return sql->err;
}

static int get_notice(struct sql *sql, struct notice_row *out)
{
    int rows = sql_next(sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    return sql_end(sql, read_notice(sql, out));
}

int notice_insert(struct store *store, struct notice_row *row)
{
    struct sql sql = sql_start(store, SQL_NOTICE_INSERT);
    sql_put_int(&sql, store->last_id[ID_NOTICE] + 1);
    sql_put_int(&sql, row->account_id);
    sql_put_int(&sql, row->order_id);
    sql_put_int(&sql, row->kind);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->attempts);
    sql_put_int(&sql, row->created_ms);
    sql_put_int(&sql, row->due_ms);
    sql_put_int(&sql, row->about_id);
    int err = sql_change(&sql, ERR_EXISTS);
    if (!err)
        row->id = ++store->last_id[ID_NOTICE];
    return err;
}

int notice_update(struct store *store, const struct notice_row *row)
{
    struct sql sql = sql_start(store, SQL_NOTICE_UPDATE);
    sql_put_int(&sql, row->state);
    sql_put_int(&sql, row->attempts);
    sql_put_int(&sql, row->due_ms);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

int notice_get(struct store *store, int64_t id, struct notice_row *out)
{
    struct sql sql = sql_start(store, SQL_NOTICE_GET);
    sql_put_int(&sql, id);
    return get_notice(&sql, out);
}

int notice_get_by_order(struct store *store, int64_t order_id, enum notice_kind kind,
                        struct notice_row *out)
{
    struct sql sql = sql_start(store, SQL_NOTICE_BY_ORDER);
    sql_put_int(&sql, order_id);
    sql_put_int(&sql, kind);
    return get_notice(&sql, out);
}

int notice_get_about(struct store *store, enum notice_kind kind, int64_t about_id,
                     struct notice_row *out)
{
    struct sql sql = sql_start(store, SQL_NOTICE_ABOUT);
    sql_put_int(&sql, about_id);
    sql_put_int(&sql, kind);
    return get_notice(&sql, out);
}

int notice_next(struct store *store, int64_t account_id, struct notice_row *out)
{
    struct sql sql = sql_start(store, SQL_NOTICE_NEXT);
    sql_put_int(&sql, account_id);
    return get_notice(&sql, out);
}

int notice_each(struct store *store, int64_t account_id, int64_t after_id,
                int (*visit)(void *ctx, const struct notice_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_NOTICE_EACH);
    struct notice_row row;
    int err;
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, after_id);
    while ((err = sql_next(&sql)) == 1) {
        err = read_notice(&sql, &row);
        if (!err)
            err = visit(ctx, &row);
        if (err)
            return sql_end(&sql, err);
    }
    return err;
}

void told_row_release(struct told_row *row)
{
    buf_release(&row->url);
    buf_release(&row->body);
}

int told_insert(struct store *store, struct told_row *row)
{
    struct sql sql = sql_start(store, SQL_TOLD_INSERT);
    sql_put_int(&sql, store->last_id[ID_TOLD] + 1);
    sql_put_int(&sql, row->account_id);
    sql_put_view(&sql, buf_view(&row->url));
    sql_put_view(&sql, buf_view(&row->body));
    int err = sql_run(&sql);
    if (!err)
        row->id = ++store->last_id[ID_TOLD];
    return err;
}

int told_get(struct store *store, int64_t id, struct told_row *out)
{
    *out = (struct told_row){};
    struct sql sql = sql_start(store, SQL_TOLD_GET);
    sql_put_int(&sql, id);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    out->id = sql_get_int(&sql);
    out->account_id = sql_get_int(&sql);
    sql_get_buf(&sql, &out->url, TOLD_URL_MAX);
    sql_get_buf(&sql, &out->body, TOLD_BODY_MAX);
    return sql_end(&sql, 0);
}

int notice_recover(struct store *store)
{
    return sql_do(store, SQL_NOTICE_RECOVER);
}

int delivery_insert(struct store *store, struct delivery_row *row)
{
    struct sql sql = sql_start(store, SQL_DELIVERY_INSERT);
    sql_put_int(&sql, store->last_id[ID_DELIVERY] + 1);
    sql_put_int(&sql, row->notice_id);
    sql_put_int(&sql, row->attempt);
    sql_put_int(&sql, row->sent_ms);
    sql_put_int(&sql, row->ended_ms);
    sql_put_int(&sql, row->status);
    sql_put_int(&sql, row->error);
    sql_put_int(&sql, row->acknowledged);
    sql_put_text(&sql, row->row);
    int err = sql_run(&sql);
    if (!err)
        row->id = ++store->last_id[ID_DELIVERY];
    return err;
}

int delivery_update(struct store *store, const struct delivery_row *row)
{
    struct sql sql = sql_start(store, SQL_DELIVERY_UPDATE);
    sql_put_int(&sql, row->ended_ms);
    sql_put_int(&sql, row->status);
    sql_put_int(&sql, row->error);
    sql_put_int(&sql, row->acknowledged);
    sql_put_text(&sql, row->row);
    sql_put_int(&sql, row->id);
    return sql_change(&sql, ERR_NOT_FOUND);
}

/* Columns in the order of DELIVERY_COLUMNS. */
static int read_delivery(struct sql *sql, struct delivery_row *out)
{
    out->id = sql_get_int(sql);
    out->notice_id = sql_get_int(sql);
    out->attempt = (int)sql_get_int(sql);
    out->sent_ms = sql_get_int(sql);
    out->ended_ms = sql_get_int(sql);
    out->status = (int)sql_get_int(sql);
    out->error = (int)sql_get_int(sql);
    out->acknowledged = sql_get_int(sql) != 0;
    sql_get_text(sql, out->row, sizeof(out->row));
    return sql->err;
}

int delivery_each(struct store *store, int64_t notice_id,
                  int (*visit)(void *ctx, const struct delivery_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_DELIVERY_EACH);
    struct delivery_row row;
    int err;
    sql_put_int(&sql, notice_id);
    while ((err = sql_next(&sql)) == 1) {
        err = read_delivery(&sql, &row);
        if (!err)
            err = visit(ctx, &row);
        if (err)
            return sql_end(&sql, err);
    }
    return err;
}
